"""In which order things stand that two sides moved, took out and put in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptlib.merge.hunks import aligned

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Past so many things two orders are not put together: they contradict each other.
MOST_MOVED = 1_000


class Gap(NamedTuple):
    """What each side put behind one thing of the base, in its order."""

    ours: tuple[str, ...]
    theirs: tuple[str, ...]


def merged_order(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> list[str] | None:
    """Return all of *base* in the order that both sides want; None when they contradict each other.

    *ours* and *theirs* hold what is left of *base* on each side, in their order.
    """
    mine, yours = _moved(base, ours), _moved(base, theirs)
    if not mine or not yours:
        return _filled(base, ours if mine else theirs if yours else base)
    if len(base) > MOST_MOVED:
        return None
    one, other = _with_moves(base, theirs, ours), _with_moves(base, ours, theirs)
    return one if one == other else None


def _moved(base: Sequence[str], side: Sequence[str]) -> bool:
    left = set(side)
    return [each for each in base if each in left] != list(side)


def _filled(base: Sequence[str], side: Sequence[str]) -> list[str]:
    """Return *side* with what it lacks of *base*, each behind what it follows there."""
    follows: dict[str, list[str]] = {}
    known, before = set(side), ""
    for each in base:
        if each in known:
            before = each
        else:
            follows.setdefault(before, []).append(each)
    return [*follows.get("", ()), *(found for each in side for found in (each, *follows.get(each, ())))]


def _with_moves(base: Sequence[str], onto: Sequence[str], side: Sequence[str]) -> list[str]:
    """Return all of *base* in the order of *onto*, with what *side* moved put where *side* has it."""
    full, target = _filled(base, onto), _filled(base, side)
    stayed = {target[new] for _, new in aligned(base, target)}
    left = [each for each in full if each in stayed]
    before = ""
    for each in target:
        if each not in stayed:
            left.insert(left.index(before) + 1 if before else 0, each)
        before = each
    return left


def gaps(order: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> dict[str, Gap]:
    """Return what is new on each side, by the thing of *order* behind which it stands; first by an empty text.

    What stands last on its side stays last, also when the other side moved things behind what it follows.
    """
    mine, yours = _new(order, ours), _new(order, theirs)
    return {each: Gap(mine.get(each, ()), yours.get(each, ())) for each in {**mine, **yours}}


def _new(order: Sequence[str], side: Sequence[str]) -> dict[str, tuple[str, ...]]:
    known, before = set(order), ""
    found: dict[str, list[str]] = {}
    for each in side:
        if each in known:
            before = each
        else:
            found.setdefault(before, []).append(each)
    if before in found and side[-1] not in known:
        left = set(side)
        last = next((each for each in reversed(order) if each in left), "")
        if last != before:
            found[order[-1]] = found.pop(before)
    return {each: tuple(new) for each, new in found.items()}


def merged_names(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> list[str]:
    """Return every name once, for things whose order says little: what is new stands where its side put it.

    Where both sides put something behind one thing, the names are sorted; where both moved things differently, the
    order of the base holds.
    """
    kept, left, right = set(base), set(ours), set(theirs)
    order = merged_order(base, [each for each in ours if each in kept], [each for each in theirs if each in kept])
    order = list(base) if order is None else order
    found = gaps(order, ours, theirs)
    names: dict[str, None] = {}
    for each in ("", *order):
        if each:
            names[each] = None
        mine, yours = found.get(each, Gap((), ()))
        names.update(
            dict.fromkeys(mine if not yours or mine == yours else yours if not mine else sorted({*mine, *yours}))
        )
    return [each for each in names if each not in kept or each in left or each in right]
