"""How text stands in the columns of a terminal, where nothing in it is obeyed."""

from __future__ import annotations

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
#: Joiners make up emoji and scripts; what they do is to be seen.
_JOINERS = "\u200c\u200d"
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
    if unicodedata.combining(char) or char in _JOINERS:
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1


def untabbed(text: str) -> str:
    """Return *text* with blanks for its tabs, which reach to every fourth column."""
    head, *rest = text.split("\t")
    for each in rest:
        head += " " * (TAB - wide(head) % TAB) + each
    return head
