"""How text stands in the columns of a terminal, where nothing in it is obeyed."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A piece of a line and how it looks: the name of a style, or an empty text.
Span: TypeAlias = "tuple[str, str]"
Row: TypeAlias = "tuple[Span, ...]"

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
#: Joiners make up emoji and scripts; what they do is to be seen.
_JOINERS = "\u200c\u200d"
#: Marks take no column of their own, whether they sit above, around or, as variation selectors, nowhere.
_ATTACHED = frozenset({"Mn", "Me"})
#: Columns from one place for tabs to the next.
TAB = 4


def safe(text: str) -> str:
    """Return *text* with control, direction and other invisible characters made visible; only tabs stay.

    A prompt may hold escape sequences that would take over the terminal: they are shown, never obeyed.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join([char if char == "\t" or harmless(char) else _visible(char) for char in text])


def harmless(char: str) -> bool:
    """Say whether a terminal shows *char* as it is."""
    return unicodedata.category(char) not in _HIDDEN or char in _JOINERS


def _visible(char: str) -> str:
    code = ord(char)
    if code < 0x20:  # noqa: PLR2004 - the C0 controls, which Unicode has pictures for
        return chr(0x2400 + code)
    return f"<U+{code:04X}>"


def wide(text: str) -> int:
    """Return how many columns of a terminal *text* takes: wide characters two, what joins another none."""
    shown = safe(text)
    if shown.isascii():
        return len(shown)
    return sum(_cell(char) for char in shown)


def _cell(char: str) -> int:
    if char in _JOINERS or unicodedata.category(char) in _ATTACHED or "\u1160" <= char <= "\u11ff":
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1


def untabbed(text: str) -> str:
    """Return *text* with blanks for its tabs, which reach to every fourth column."""
    head, *rest = text.split("\t")
    pieces, column = [head], wide(head)
    for each in rest:
        blanks = TAB - column % TAB
        pieces.append(" " * blanks + each)
        column += blanks + wide(each)
    return "".join(pieces)


def wrapped(row: Row, columns: int, indent: str = "") -> Iterator[Row]:
    """Yield *row* in rows of at most *columns*, broken at blanks where there are any; *indent* begins all but one."""
    kept: list[Span] = []
    room, begun, broken = columns, False, False
    for text, style in row:
        rest = untabbed(safe(text))
        at = 0
        while (end := _fitting(rest, at, room)) < len(rest):
            end = _broken(rest, at, end, begun=begun)
            yield (*kept, (rest[at:end].rstrip(" "), style))
            broken = True
            kept, room, begun = [(indent, "")] if indent else [], columns - len(indent), False
            at = next((place for place in range(end, len(rest)) if rest[place] != " "), len(rest))
        kept.append((rest[at:], style))
        room -= wide(rest[at:])
        begun = begun or at < len(rest)
    if begun or not broken:
        yield tuple(kept)


def _fitting(text: str, at: int, room: int) -> int:
    """Return up to where *text* from *at* on fits into *room* columns."""
    for end in range(at, len(text)):
        room -= _cell(text[end])
        if room < 0:
            return end
    return len(text)


def _broken(text: str, at: int, end: int, *, begun: bool) -> int:
    """Return where to break *text* at or before *end*, up to which it fits: at a blank if it can be."""
    if text[end] == " ":
        return end
    blank = text.rfind(" ", at, end)
    if blank > at:
        return blank + 1
    return at if begun else max(at + 1, end)
