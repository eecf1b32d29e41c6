"""What two sides did to one sequence of texts: hunks, and where the hunks of both meet."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from itertools import islice, pairwise, takewhile
from math import isqrt
from typing import TYPE_CHECKING, NamedTuple

from promptlib.diff.wording import FEWEST_EDITS, MOST_EDITS, matches

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

#: Where single items occur again and again, runs of 4, 16, 64 are looked for until so many occur once.
DOUBLED = 6
FEWEST_ANCHORS = 8
#: So many items a deletion is moved at most.
MOST_SLIDES = 100


class Hunk(NamedTuple):
    """In the place of `base[start:end]` one side has `new`."""

    start: int
    end: int
    new: tuple[str, ...]


class Region(NamedTuple):
    """A stretch of the base that is changed: by one side, the other's hunks being empty, or by both."""

    start: int
    end: int
    ours: tuple[Hunk, ...]
    theirs: tuple[Hunk, ...]

    def side(self, base: Sequence[str], hunks: tuple[Hunk, ...]) -> list[str]:
        """Return what one side has here: the base with that side's *hunks*."""
        made: list[str] = []
        at = self.start
        for hunk in hunks:
            made += [*base[at : hunk.start], *hunk.new]
            at = hunk.end
        return [*made, *base[at : self.end]]

    def settled(self, base: Sequence[str]) -> list[str] | None:
        """Return what this becomes if it is not contested: one side's change, the same of both, or all deletions."""
        mine, yours = self.side(base, self.ours), self.side(base, self.theirs)
        if not self.theirs or mine == yours:
            return mine
        if not self.ours:
            return yours
        if any(hunk.new for hunk in (*self.ours, *self.theirs)):
            return None
        gone = {at for hunk in (*self.ours, *self.theirs) for at in range(hunk.start, hunk.end)}
        return [base[at] for at in range(self.start, self.end) if at not in gone]


def aligned(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
    """Return pairs of equal items, in order: what occurs once in both leads, and shortest edits fill the gaps.

    The work is bounded for any two sequences; where they differ in too many places too few pairs are found, never
    wrong ones.
    """
    shorter = min(len(before), len(after))
    head = next((at for at in range(shorter) if before[at] != after[at]), shorter)
    left = shorter - head
    tail = next((at for at in range(left) if before[-1 - at] != after[-1 - at]), left)
    ends = len(before) - tail, len(after) - tail
    anchors = _anchors(before[head : ends[0]], after[head : ends[1]])
    stops = [(head - 1, head - 1), *((head + old, head + new) for old, new in anchors), ends]
    gaps = [(one, other) for one, other in pairwise(stops) if one[0] + 1 < other[0] and one[1] + 1 < other[1]]
    # The work grows with the square of the edits: many gaps share what one may take.
    most = max(FEWEST_EDITS, MOST_EDITS // max(1, isqrt(len(gaps))))
    found = [(at, at) for at in range(head)]
    for one, other in pairwise(stops):
        if one[0] >= head:
            found.append(one)
        inner = _in_gap(before[one[0] + 1 : other[0]], after[one[1] + 1 : other[1]], most)
        found += [(one[0] + 1 + old, one[1] + 1 + new) for old, new in inner]
    return found + [(ends[0] + at, ends[1] + at) for at in range(tail)]


def _in_gap(before: Sequence[str], after: Sequence[str], most: int) -> list[tuple[int, int]]:
    """Return pairs where next to nothing occurs once: by a shortest edit or, in long texts, by runs that occur once."""
    found = matches(before, after, most)
    if found or min(len(before), len(after)) <= most or set(before).isdisjoint(after):
        return found
    numbers: dict[Hashable, int] = {}
    old_runs, new_runs = ([numbers.setdefault(item, len(numbers)) for item in items] for items in (before, after))
    for doubled in range(DOUBLED):
        old_runs, new_runs = _longer(old_runs, new_runs, 2**doubled)
        anchors = _anchors(old_runs, new_runs) if doubled % 2 else []
        if len(anchors) >= FEWEST_ANCHORS:
            return _around(before, after, anchors)
    return []


def _longer(before: list[int], after: list[int], step: int) -> tuple[list[int], list[int]]:
    """Return numbers for runs twice as long: two runs have one number when all their items are equal."""
    numbers: dict[tuple[int, int], int] = {}
    one, other = (
        [numbers.setdefault(pair, len(numbers)) for pair in zip(runs, runs[step:], strict=False)]
        for runs in (before, after)
    )
    return one, other


def _around(before: Sequence[str], after: Sequence[str], anchors: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return *anchors*, and the pairs of short edits between them."""
    found: list[tuple[int, int]] = []
    for (old, new), (next_old, next_new) in pairwise([(-1, -1), *anchors, (len(before), len(after))]):
        if old >= 0:
            found.append((old, new))
        inner = matches(before[old + 1 : next_old], after[new + 1 : next_new], FEWEST_EDITS)
        found += [(old + 1 + one, new + 1 + other) for one, other in inner]
    return found


def _anchors(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Return the longest run, in the order of both, of items that occur once in each."""
    once = {item for item, count in Counter(before).items() if count == 1}
    places = Counter(after)
    new = {item: at for at, item in enumerate(after) if item in once and places[item] == 1}
    pairs = [(at, new[item]) for at, item in enumerate(before) if item in new]
    ends: list[int] = []
    tops: list[int] = []
    previous: list[int] = []
    for at, (_, target) in enumerate(pairs):
        place = bisect_left(ends, target)
        previous.append(tops[place - 1] if place else -1)
        ends[place : place + 1] = [target]
        tops[place : place + 1] = [at]
    run: list[tuple[int, int]] = []
    last = tops[-1] if tops else -1
    while last >= 0:
        run.append(pairs[last])
        last = previous[last]
    return run[::-1]


def hunks_of(before: Sequence[str], after: Sequence[str], pairs: Iterable[tuple[int, int]]) -> list[Hunk]:
    """Return what turns *before* into *after*, with *pairs* of items that stay."""
    stops = [(-1, -1), *pairs, (len(before), len(after))]
    return [
        Hunk(old + 1, next_old, tuple(after[new + 1 : next_new]))
        for (old, new), (next_old, next_new) in pairwise(stops)
        if old + 1 < next_old or new + 1 < next_new
    ]


def overlap(one: Hunk, other: Hunk) -> bool:
    """Tell whether two hunks change one item, or put something at one place.

    Hunks that only touch do not meet: two sides may change neighbouring lines. What is put in between two items that
    the other side takes out or replaces does meet it.
    """
    if one.start < one.end and other.start < other.end:
        return max(one.start, other.start) < min(one.end, other.end)
    inner, outer = (one, other) if one.start == one.end else (other, one)
    return outer.start < inner.start < outer.end or outer[:2] == inner[:2]


def slid(base: Sequence[str], hunks: list[Hunk], others: list[Hunk]) -> list[Hunk]:
    """Return *hunks* with deletions moved off what the *others* changed, where equal items leave open which ones went.

    Of two blank lines one side takes out one, the other writes something into the other: no comparison can tell that
    these were two lines, but nothing speaks against it.
    """
    starts = [other.start for other in others]

    def is_free(hunk: Hunk) -> bool:
        first = max(0, bisect_left(starts, hunk.start) - 1)
        near = takewhile(lambda other: other.start <= hunk.end, islice(others, first, None))
        return not any(overlap(hunk, other) for other in near if other.new)

    found: list[Hunk] = []
    for at, hunk in enumerate(hunks):
        low = found[-1].end if found else 0
        high = hunks[at + 1].start if at + 1 < len(hunks) else len(base)
        movable = not hunk.new and not is_free(hunk)
        found.append(next(filter(is_free, _slides(base, hunk, low, high)), hunk) if movable else hunk)
    return found


def _slides(base: Sequence[str], hunk: Hunk, low: int, high: int) -> Iterator[Hunk]:
    """Yield deletions of other items that leave the same, between *low* and *high*, the nearest first."""
    up, down = hunk, hunk
    for _ in range(MOST_SLIDES):
        if up.start > low and base[up.start - 1] == base[up.end - 1]:
            up = Hunk(up.start - 1, up.end - 1, ())
            yield up
        if down.end < high and base[down.start] == base[down.end]:
            down = Hunk(down.start + 1, down.end + 1, ())
            yield down


def regions(ours: list[Hunk], theirs: list[Hunk], meets: Callable[[Hunk, Hunk], bool] = overlap) -> Iterator[Region]:
    """Yield the changed stretches in order; hunks of both sides that meet are in one."""
    tagged = sorted([(hunk, True) for hunk in ours] + [(hunk, False) for hunk in theirs], key=lambda each: each[0][:2])
    group: tuple[list[Hunk], list[Hunk]] = ([], [])
    for hunk, is_ours in tagged:
        others = group[is_ours]
        if any(group) and not (others and meets(others[-1], hunk)):
            yield _region(*group)
            group = ([], [])
        group[not is_ours].append(hunk)
    if any(group):
        yield _region(*group)


def _region(ours: list[Hunk], theirs: list[Hunk]) -> Region:
    both = [*ours, *theirs]
    return Region(min(each.start for each in both), max(each.end for each in both), tuple(ours), tuple(theirs))
