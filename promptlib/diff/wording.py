"""Which words of a text were removed and which were added."""

from __future__ import annotations

import re
from itertools import pairwise
from math import isqrt
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from promptlib.diff.rows import Stretch

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

    from promptlib.diff.rows import Edit

T = TypeVar("T", bound="Hashable")

#: Past so many differing lines or words, what lies between the first and the last of them counts as replaced.
MOST_EDITS = 600
FEWEST_EDITS = 20
#: Past so many characters that differ, lines are compared only.
MOST_CHARACTERS = 200_000

# A placeholder such as {{ ticket }} is one word; so is each character of scripts that are written without spaces.
_UNSPACED = "\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af"
_MARKS = r"!-/:-@\[-\^`{-~\u2010-\u205e"
_WORD = re.compile(rf"\{{\{{[^{{}}\n]{{1,80}}\}}\}}|\n|[^\S\n]+|[^\s{_MARKS}{_UNSPACED}]+|.", re.DOTALL)


def words_of(text: str) -> list[str]:
    """Return *text* cut into words, marks, blanks and line ends; joined they are the text again."""
    return _WORD.findall(text)


def compare_words(before: str, after: str) -> tuple[Stretch, ...]:
    """Return the stretches that turn *before* into *after*: lines are compared first, then the words of changed lines.

    The time is bounded for any two texts: what differs in more than a few hundred places counts as replaced.
    """
    blocks = [_cut_down(old, new) for old, new in _runs(_lines(before), _lines(after))]
    changed = [block for block in blocks if block.old != block.new]
    by_word = sum(len(block.old) + len(block.new) for block in changed) <= MOST_CHARACTERS
    # The work grows with the square of the edits: many changed places share what one may take.
    most = max(FEWEST_EDITS, MOST_EDITS // max(1, isqrt(len(changed))))
    stretches: list[Stretch] = []
    for head, old, new, tail in blocks:
        inner = _changed(old, new, most) if by_word and old and new and old != new else _replaced(old, new)
        stretches += (Stretch("same", head), *inner, Stretch("same", tail))
    return tuple(_joined(stretches))


class _Block(NamedTuple):
    """Lines that differ, and what they begin and end with alike, as far as words go."""

    head: str
    old: str
    new: str
    tail: str


def _cut_down(before: list[str], after: list[str]) -> _Block:
    """Return a replaced stretch without its equal ends: what is left of a line of a megabyte is short as a rule."""
    old, new = "".join(before), "".join(after)
    if len(old) + len(new) <= MOST_CHARACTERS or old == new:
        return _Block("", old, new, "")
    head = _at_blank(old, _alike(old, new))
    old, new, head_text = old[head:], new[head:], old[:head]
    tail = _alike(old[::-1], new[::-1])
    blank = old.find(" ", len(old) - tail)
    tail = len(old) - blank if tail and blank >= 0 else 0
    return _Block(head_text, old[: len(old) - tail], new[: len(new) - tail], old[len(old) - tail :])


def _at_blank(text: str, end: int) -> int:
    """Return where the last word before *end* begins."""
    return text.rfind(" ", 0, end) + 1


def _alike(one: str, other: str) -> int:
    """Return how many characters both begin with alike."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    return low


def matches(before: Sequence[T], after: Sequence[T], most: int = MOST_EDITS) -> list[tuple[int, int]]:
    """Return the pairs of equal items in a shortest edit of at most *most* steps, in order (Myers)."""
    shorter = min(len(before), len(after))
    head = next((at for at in range(shorter) if before[at] != after[at]), shorter)
    left = shorter - head
    tail = next((at for at in range(left) if before[-1 - at] != after[-1 - at]), left)
    middle = _middle(before[head : len(before) - tail], after[head : len(after) - tail], most)
    return [
        *((at, at) for at in range(head)),
        *((head + old, head + new) for old, new in middle),
        *((len(before) - at, len(after) - at) for at in range(tail, 0, -1)),
    ]


def _middle(before: Sequence[T], after: Sequence[T], most: int) -> list[tuple[int, int]]:
    if not before or not after or not set(before) & set(after):
        return []
    furthest = {1: 0}
    trace: list[dict[int, int]] = []
    for cost in range(min(most, len(before) + len(after)) + 1):
        trace.append(furthest.copy())
        for diagonal in range(-cost, cost + 1, 2):
            came_from = _came_from(furthest, cost, diagonal)
            old = furthest[came_from] + (came_from < diagonal)
            new = old - diagonal
            while old < len(before) and new < len(after) and before[old] == after[new]:
                old, new = old + 1, new + 1
            furthest[diagonal] = old
            if old >= len(before) and new >= len(after):
                return _walked_back(trace, old, new)
    return []


def _came_from(furthest: dict[int, int], cost: int, diagonal: int) -> int:
    insertion = diagonal == -cost or (diagonal != cost and furthest[diagonal - 1] < furthest[diagonal + 1])
    return diagonal + 1 if insertion else diagonal - 1


def _walked_back(trace: list[dict[int, int]], old: int, new: int) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    for cost in range(len(trace) - 1, -1, -1):
        came_from = _came_from(trace[cost], cost, old - new)
        start = trace[cost][came_from]
        while old > start and new > start - came_from:
            old, new = old - 1, new - 1
            pairs.append((old, new))
        old, new = start, start - came_from
    return pairs[::-1]


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return [*(line + "\n" for line in lines[:-1]), lines[-1]]


def _runs(before: list[str], after: list[str], most: int = MOST_EDITS) -> Iterator[tuple[list[str], list[str]]]:
    """Yield equal items one by one, and between them what was replaced by what."""
    stops = [(-1, -1), *matches(before, after, most), (len(before), len(after))]
    for (old, new), (next_old, next_new) in pairwise(stops):
        removed, added = before[old + 1 : next_old], after[new + 1 : next_new]
        if removed or added:
            yield removed, added
        if next_old < len(before) and next_new < len(after):
            yield [before[next_old]], [after[next_new]]


def _replaced(old: str, new: str) -> tuple[Stretch, ...]:
    return (Stretch("same", old),) if old == new else (Stretch("removed", old), Stretch("added", new))


def _changed(before: str, after: str, most: int) -> list[Stretch]:
    runs = _runs(words_of(before), words_of(after), most)
    found = (stretch for old, new in runs for stretch in _replaced("".join(old), "".join(new)))
    return _at_line_ends(_without_islands(list(_joined(found))))


def _without_islands(stretches: list[Stretch]) -> list[Stretch]:
    """Take the blank between two replaced words into the replacement: people read phrases, not alternating words."""
    kept: list[Stretch] = []
    for at, stretch in enumerate(stretches):
        around = [each.edit for each in (*stretches[max(0, at - 2) : at], *stretches[at + 1 : at + 3])]
        replaced = around == ["removed", "added", "removed", "added"]
        if stretch.edit == "same" and replaced and stretch.text.isspace() and "\n" not in stretch.text:
            kept += [Stretch("removed", stretch.text), Stretch("added", stretch.text)]
        else:
            kept.append(stretch)
    return kept


def _at_line_ends(stretches: list[Stretch]) -> list[Stretch]:
    """Shift lines that came or went to where they begin: `a.` and `b.` read better than `a` and `.b.` put in."""
    kept = list(stretches)
    for at in range(1, len(kept) - 1):
        before, middle, after = kept[at - 1 : at + 2]
        alone = (before.edit, after.edit) == ("same", "same") and middle.edit != "same"
        if alone and "\n" in middle.text and not _whole_lines(before.text, middle.text):
            kept[at - 1 : at + 2] = _shifted(before, middle, after)
    return [stretch for stretch in kept if stretch.text]


def _whole_lines(before: str, text: str) -> bool:
    return text.startswith("\n") or (before[-1:] in ("", "\n") and text.endswith("\n"))


def _shifted(before: Stretch, middle: Stretch, after: Stretch) -> tuple[Stretch, Stretch, Stretch]:
    """Return the three with the one in the middle moved to a line's begin, where the texts around it allow that."""
    text = before.text + middle.text + after.text
    start, size = len(before.text), len(middle.text)
    for place in (text.find("\n", start, start + size), text.rfind("\n", 0, start)):
        low, high = min(place, start), max(place, start)
        if place >= 0 and text[low:high] == text[low + size : high + size]:
            start = place
            break
    return (
        Stretch("same", text[:start]),
        Stretch(middle.edit, text[start : start + size]),
        Stretch("same", text[start + size :]),
    )


def _joined(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    """Yield neighbours of one edit as one stretch, what was removed before what was added."""
    pending: dict[Edit, list[str]] = {"same": [], "removed": [], "added": []}
    for stretch in stretches:
        if not stretch.text:
            continue
        if (stretch.edit == "same") != (not pending["removed"] and not pending["added"]):
            yield from _flushed(pending)
        pending[stretch.edit].append(stretch.text)
    yield from _flushed(pending)


def _flushed(pending: dict[Edit, list[str]]) -> Iterator[Stretch]:
    for edit, texts in pending.items():
        if texts:
            yield Stretch(edit, "".join(texts))
        pending[edit] = []
