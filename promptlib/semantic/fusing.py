"""Two orders made one: by meaning, and by words."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

ItemT = TypeVar("ItemT", bound="Hashable")

#: Reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009): an item counts 1 / (RANK + its place) in each
#: order. Their 60 is for many orders of long runs; of two orders over a shelf, the first places must outweigh the rest.
#: Measured on the half of the needs that is for development: 60 gave hit@5 of 0.74, anything from 1 to 8 gave 0.84.
RANK = 3
#: What a place in the order by words counts of one by meaning. Below 1, so that meaning decides between equal places.
WORDS = 0.8


def fused(meaning: Iterable[ItemT], words: Iterable[ItemT]) -> list[tuple[ItemT, float]]:
    """Return what stands in either order, each once, with its score, best first."""
    scores: dict[ItemT, float] = {}
    for weight, order in ((1.0, meaning), (WORDS, words)):
        for place, item in enumerate(order, 1):
            scores[item] = scores.get(item, 0.0) + weight / (RANK + place)
    return sorted(scores.items(), key=lambda scored: -scored[1])
