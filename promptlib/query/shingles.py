"""Near-duplicates of a whole shelf: texts that share most of their sequences of words.

A text is the set of its shingles, the sequences of five words that stand in it; two texts are as similar as the share
of all their shingles that both have (Jaccard). Of two sets that similar, the rarest shingles of one must be among the
rarest of the other (the prefix filter of Chaudhuri, Ganti and Kaushik, "A primitive operator for similarity joins",
2006): only those that share one are compared, so that no pair is missed and few are looked at.
"""

from __future__ import annotations

from array import array
from math import ceil
from typing import TYPE_CHECKING

from promptlib.query.hits import Duplicate
from promptlib.query.words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Words of a shingle; a text of fewer words is one shingle.
SIZE = 5
THRESHOLD = 0.8
#: Places of the table that counts how rare a shingle is, a prime; those that fall together count together, which costs
#: time only.
_PLACES = 1_048_573
_ROUNDING = 1e-9
#: Bits of a word's number: more different words than a shelf has.
_WIDE = 26
_NO_WORD = (1 << _WIDE) - 1


class Shingles:
    """Cuts texts into shingles, told by numbers: the same number for the same words, and for no others."""

    def __init__(self) -> None:
        """Know no word yet."""
        self._words: dict[str, int] = {}

    def of(self, text: str) -> frozenset[int]:
        """Return the shingles of *text*; none for a text without words."""
        known = self._words
        numbers = [known.setdefault(word, len(known)) for _, _, word in words_of(text)]
        if not numbers:
            return frozenset()
        numbers += [_NO_WORD] * (SIZE - len(numbers))
        runs = zip(*(numbers[at:] for at in range(SIZE)), strict=False)
        return frozenset([(((a << _WIDE | b) << _WIDE | c) << _WIDE | d) << _WIDE | e for a, b, c, d, e in runs])


def similarity(one: frozenset[int], other: frozenset[int]) -> float:
    """Return the share of all shingles that both have; 0 where there are none."""
    both = len(one & other)
    return both / (len(one) + len(other) - both) if both else 0.0


def duplicates(texts: Iterable[tuple[str, str]], threshold: float = THRESHOLD) -> tuple[Duplicate, ...]:
    """Return all pairs of *texts*, (name, text), that are at least *threshold* similar: the most similar first."""
    cut = Shingles()
    sets = [(name, shingles) for name, text in sorted(texts) if (shingles := cut.of(text))]
    alike = [
        Duplicate(min(sets[one][0], sets[other][0]), max(sets[one][0], sets[other][0]), share)
        for one, other, share in _pairs([shingles for _, shingles in sets], threshold)
    ]
    return tuple(sorted(alike, key=lambda each: (-each.similarity, each.a, each.b)))


def _pairs(sets: list[frozenset[int]], threshold: float) -> Iterator[tuple[int, int, float]]:
    counts = array("L", bytes(array("L").itemsize * _PLACES))
    for each in sets:
        for shingle in each:
            counts[shingle % _PLACES] += 1
    by_shingle: dict[int, list[int]] = {}
    # Small sets first: of those that were seen, only ones that are large enough can be similar to the next.
    for at in sorted(range(len(sets)), key=lambda at: (len(sets[at]), at)):
        here = sets[at]
        rarest = sorted(here, key=lambda shingle: (counts[shingle % _PLACES], shingle))
        least = threshold * len(here) - _ROUNDING
        near: set[int] = set()
        for shingle in rarest[: len(here) - ceil(least) + 1]:
            seen = by_shingle.setdefault(shingle, [])
            near.update(seen)
            seen.append(at)
        for other in sorted(near):
            if len(sets[other]) >= least:
                share = similarity(here, sets[other])
                if share >= threshold:
                    yield at, other, share
