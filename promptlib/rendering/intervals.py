"""Whole numbers that an expression can come to, and what they say of slices and ranges."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from promptlib.rendering.amounts import amount
from promptlib.rendering.bounds import (
    MISSING,
    NUMBERS,
    Bound,
    Interval,
    either,
    listing,
    numbers,
    unknown,
    whole,
)

#: Numbers of one `range` in the sandbox.
MOST_OF_RANGE = 100_000
#: Bits of a number that is still computed with.
MOST_BITS = 14_000


def furthest(interval: Interval) -> int | None:
    """Return how far from 0 the numbers can be."""
    if interval.low is None or interval.high is None:
        return None
    return max(abs(interval.low), abs(interval.high))


def positive(interval: Interval) -> bool:
    """Say whether no number of it is below 0."""
    return interval.low is not None and interval.low >= 0


def product(one: Interval, other: Interval, source: str) -> Bound:
    """Return what a number of each come to, multiplied."""
    first, second = furthest(one), furthest(other)
    if first is None or second is None or first.bit_length() + second.bit_length() > MOST_BITS:
        return whole(None, None, source)
    edges = [a * b for a in one if a is not None for b in other if b is not None]
    return whole(min(edges), max(edges), source)


def negative(bound: Bound) -> Bound:
    """Return what stands for a number with the other sign."""
    if bound.anything is not None:
        return unknown(bound.anything)
    found = numbers(bound)
    made = MISSING
    if found is not None:
        low, high = found
        made = whole(None if high is None else -high, None if low is None else -low, bound.source)
        known = bound.known and isinstance(bound.known[0], int)
        made = replace(made, known=(-int(cast("int", bound.known[0])),)) if known else made
    return either(made, Bound(real=True, source=bound.source)) if bound.real else made


def edge(bound: Bound | None) -> Interval | None:
    """Return the numbers at which a slice may begin or end; None where nothing is said."""
    if bound is None or bound.known == (None,):
        return None
    return (None if bound.none else numbers(bound)) or NUMBERS


def slice_length(start: Interval | None, stop: Interval | None) -> int | None:
    """Return the most items from *start* to *stop*, in steps of one; None when that is not known."""
    begin = start or Interval(0, 0)
    if stop is None:
        # From so many before the end.
        return -begin.low if begin.high is not None and begin.high < 0 and begin.low is not None else None
    if stop.low is not None and stop.low >= 0 and stop.high is not None:
        if begin.low is not None and begin.low >= 0:
            return max(0, stop.high - begin.low)
        return stop.high
    if begin.high is not None and begin.high < 0 and begin.low is not None and stop.high is not None and stop.high < 0:
        return max(0, stop.high - begin.low)
    return None


def ranged(arguments: tuple[Bound, ...]) -> Bound:
    """Return the numbers that `range` makes."""
    edges = [Interval(0, 0), *[numbers(each) or NUMBERS for each in arguments]]
    begin, end = edges[1:3] if len(arguments) > 1 else (edges[0], edges[-1])
    most = MOST_OF_RANGE
    lows, highs = [begin.low, end.low], [begin.high, end.high]
    low = None if None in lows else min(each for each in lows if each is not None)
    high = None if None in highs else max(each for each in highs if each is not None)
    if low is not None and high is not None:
        most = min(most, high - low)
    source = next((each.source for each in arguments if each.source), "")
    return listing(amount(most, source), whole(low, high, source))
