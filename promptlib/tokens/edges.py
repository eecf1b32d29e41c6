"""Where a text may be cut: at the edges of characters as people see them, words, sentences, lines and paragraphs."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING
from unicodedata import category

from promptlib.segments import FINE_TO_COARSE

if TYPE_CHECKING:
    from promptlib.segments import Boundary

# Longer runs of letters are no words but data, or a script without spaces; they may be cut.
LONGEST_WORD = 256
LONGEST_CHARACTER = 64
NEAR = 2_000

LINE = ("\n",)
PARAGRAPH = ("\n\n", "\n\r\n")
# One closing mark at a time, no repetition without limit: the search stays linear on a megabyte of dots.
SENTENCE_END = re.compile(
    r"[.!?…][\"'”’»)\]]{0,3}(?=\s)"  # noqa: RUF001 - the quotation mark is meant
    r"|[。！？｡][”’」』）》]{0,3}"  # noqa: RUF001 - Chinese punctuation is meant
)
NO_BREAK = re.compile(r"[^\r\n]")
NO_SPACE = re.compile(r"\S")
APOSTROPHES = "'’"  # noqa: RUF001 - the typographic apostrophe is meant
JOINER = "\u200d"
JOINED_TO_THE_LEFT = ("\u200c", JOINER, "\uff9e", "\uff9f")


def head_edge(text: str, position: int, boundary: Boundary) -> int:
    """Return the last edge of *boundary* that is not after *position*; with nothing before it, a finer one."""
    if position >= len(text):
        return len(text)
    for kind in _and_finer(boundary):
        edge = _whole_character(text, _head_edge(text, position, kind), step=-1)
        if edge > 0:
            return edge
    return 0


def tail_edge(text: str, position: int, boundary: Boundary) -> int:
    """Return the first edge of *boundary* that is not before *position*; with nothing after it, a finer one."""
    if position <= 0:
        return 0
    for kind in _and_finer(boundary):
        edge = _whole_character(text, _tail_edge(text, position, kind), step=1)
        if edge < len(text):
            return edge
    return len(text)


def _and_finer(boundary: Boundary) -> tuple[Boundary, ...]:
    return FINE_TO_COARSE[FINE_TO_COARSE.index(boundary) :: -1]


def _head_edge(text: str, position: int, kind: Boundary) -> int:
    if kind == "paragraph":
        return _after_last(text, PARAGRAPH, position)
    if kind == "line":
        return _after_last(text, LINE, position)
    if kind == "sentence":
        return _sentence_end(text, position)
    if kind == "word":
        return len(text[: _outside_word(text, position, step=-1)].rstrip())
    return position


def _tail_edge(text: str, position: int, kind: Boundary) -> int:
    if kind == "paragraph":
        return _after_breaks(text, _after_first(text, PARAGRAPH, position))
    if kind == "line":
        return _after_first(text, LINE, position)
    if kind == "sentence":
        return _sentence_start(text, position)
    if kind == "word":
        return _after_space(text, _outside_word(text, position, step=1))
    return position


def _after_last(text: str, ends: tuple[str, ...], position: int) -> int:
    return max((at + len(end) for end in ends if (at := text.rfind(end, 0, position)) >= 0), default=0)


def _after_first(text: str, ends: tuple[str, ...], position: int) -> int:
    found = ((text.find(end, max(0, position - len(end))), end) for end in ends)
    return min((at + len(end) for at, end in found if at >= 0), default=len(text))


def _after_breaks(text: str, at: int) -> int:
    found = NO_BREAK.search(text, at)
    return found.start() if found else len(text)


def _after_space(text: str, at: int) -> int:
    found = NO_SPACE.search(text, at)
    return found.start() if found else len(text)


def _sentence_end(text: str, position: int) -> int:
    """Return the last end of a sentence; a paragraph's end is one as well."""
    paragraph = len(text[: _after_last(text, PARAGRAPH, position)].rstrip())
    for low in (max(0, position - NEAR), 0):
        # One character more than may be kept: a sentence ends only before a space.
        ends = [found.end() for found in SENTENCE_END.finditer(text, low, position + 1) if found.end() <= position]
        if ends:
            return max(paragraph, ends[-1])
    return paragraph


def _sentence_start(text: str, position: int) -> int:
    """Return the first start of a sentence; a paragraph's start is one as well."""
    paragraph = _after_space(text, _after_first(text, PARAGRAPH, position))
    for found in SENTENCE_END.finditer(text, max(0, position - NEAR), paragraph):
        start = _after_space(text, found.end())
        if start >= position:
            return start
    return paragraph


def _outside_word(text: str, position: int, *, step: int) -> int:
    """Return the nearest place outside a word, from *position* on; the end of the text if the word is too long."""
    for at in range(position, position + step * LONGEST_WORD, step):
        if not 0 < at < len(text) or not _inside_word(text, at):
            return at
    return 0 if step < 0 else len(text)


def _inside_word(text: str, at: int) -> bool:
    before, after = text[at - 1], text[at]
    if after in APOSTROPHES:
        return _is_word(before) and _is_word(text[at + 1 : at + 2])
    if before in APOSTROPHES:
        return _is_word(after) and _is_word(text[max(0, at - 2) : at - 1])
    return _is_word(before) and _is_word(after) and not (_is_ideograph(before) or _is_ideograph(after))


def _is_word(char: str) -> bool:
    return bool(char) and (char.isalnum() or char == "_" or char in JOINED_TO_THE_LEFT or category(char)[0] == "M")


def _is_ideograph(char: str) -> bool:
    """Tell whether *char* is Chinese or Japanese, where words stand without spaces."""
    return (
        "\u2e80" <= char <= "\u30ff"
        or "\u3400" <= char <= "\u9fff"
        or "\uf900" <= char <= "\ufaff"
        or char >= "\U00020000"
    )


def _whole_character(text: str, position: int, *, step: int) -> int:
    """Return the nearest edge of a character as people see it, from *position* on; *position* if none is near."""
    for at in range(position, position + step * LONGEST_CHARACTER, step):
        if not 0 < at < len(text) or not _joined(text, at):
            return at
    return position


def _joined(text: str, at: int) -> bool:
    """Tell whether the two characters beside *at* are seen as one: marks, joined emoji, flags, syllables, CRLF."""
    before, after = text[at - 1], text[at]
    if after < "\u0300":
        return before == "\r" and after == "\n"
    if before in "\r\n":
        return False
    kind = category(after)
    if kind[0] == "M" or after in JOINED_TO_THE_LEFT or "\U0001f3fb" <= after <= "\U0001f3ff" or _is_tag(after):
        return True
    if before == JOINER:
        return kind in {"So", "Cn"}
    if _is_flag_letter(before) and _is_flag_letter(after):
        # Flags are pairs: with an odd number of letters before, this place is inside one.
        return sum(1 for _ in takewhile(_is_flag_letter, reversed(text[max(0, at - LONGEST_CHARACTER) : at]))) % 2 == 1
    return _is_syllable(before, after)


def _is_tag(char: str) -> bool:
    return "\U000e0020" <= char <= "\U000e007f"


def _is_flag_letter(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _is_syllable(before: str, after: str) -> bool:
    """Tell whether two Korean letters are written as one syllable."""
    if "\u1100" <= before <= "\u115f":
        return "\u1100" <= after <= "\u11a7" or "\uac00" <= after <= "\ud7a3"
    return ("\u1160" <= before <= "\u11ff" or "\uac00" <= before <= "\ud7a3") and "\u1160" <= after <= "\u11ff"
