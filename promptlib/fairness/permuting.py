"""The sign-flip test of paired differences, and the interval of the differences that it does not refuse.

Where both sides of a pair are answered alike, which answer came from which side is chance: every way of swapping them
is as likely as the one that was seen. The test counts the swaps that differ as much. It is exact for few pairs, else a
seeded sample of swaps is counted by the rule (b + 1) / (m + 1), which never says that something is impossible (Phipson
and Smyth 2010, "Permutation p-values should never be zero"). The interval inverts the test: its ends are means of the
swapped pairs, the "typical values" of Hartigan (1969), so that interval and test never contradict each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import inf
from operator import add
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Pairs whose swaps are looked up together.
_TOGETHER = 8
#: Sums that differ by less of their size are the same sum, added in another order.
_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the test says of a mean difference: `p`, and the interval; an end that cannot be told is infinite."""

    p: float
    low: float
    high: float


def sign_flip_test(differences: Sequence[float], *, alpha: float, permutations: int, seed: int) -> Outcome:
    """Test whether the mean of *differences*, one a pair, is more than chance, and return p and the interval.

    The interval holds every shift that the test at level *alpha* does not refuse. With so few pairs that no
    outcome could be refused (fewer than six at 0.05), its ends are infinite. Swaps are all enumerated where there are
    no more than *permutations* of them.
    """
    pairs = len(differences)
    if not pairs:
        return Outcome(1.0, -inf, inf)
    if not any(differences):  # every swap is as large as what was seen, and every shift but none is refused
        told = int(alpha / least_p(pairs, permutations) + _SAME) >= 1
        return Outcome(1.0, 0.0, 0.0) if told else Outcome(1.0, -inf, inf)
    swaps = _swaps(pairs, permutations, seed)
    total = sum(differences)
    slack = _SAME * sum(map(abs, differences))
    swapped = _sums(differences, swaps)
    # A swap of what sums up to `each` leaves total - 2 * each, which is to be compared with the total.
    low, high = (total - abs(total) + slack) / 2, (total + abs(total) - slack) / 2
    as_large = len(swapped) - len([each for each in swapped if low < each < high])
    # Each swap stands for its opposite as well, which has the same sum with the other sign.
    ways = len(swapped) + 1
    low, high = _interval(total, swapped, swaps, int(alpha * ways + _SAME))
    least = slack / pairs
    return Outcome((as_large + 1) / ways, 0.0 if abs(low) <= least else low, 0.0 if abs(high) <= least else high)


def least_p(pairs: int, permutations: int) -> float:
    """Return the smallest p that the test can come to with so many *pairs*."""
    if not pairs:
        return 1.0
    return 1 / (_ways_of(pairs) if _is_exact(pairs, permutations) else permutations + 1)


def _interval(total: float, swapped: Sequence[float], swaps: _Swaps, rank: int) -> tuple[float, float]:
    """Return the means of swapped pairs at *rank* from both ends."""
    if rank < 1:
        return -inf, inf
    pairs = swaps.pairs
    means = [each / count for each, count in zip(swapped, swaps.counts, strict=True) if count]
    means += [
        (total - each) / (pairs - count) for each, count in zip(swapped, swaps.counts, strict=True) if count < pairs
    ]
    means.append(total / pairs)
    means.sort()
    # A swap of no pair at all is as large as what was seen, whatever the shift.
    whole = swaps.counts.count(0) + swaps.counts.count(pairs)
    rank -= whole
    return (means[rank - 1], means[-rank]) if rank >= 1 else (-inf, inf)


@dataclass(frozen=True, slots=True)
class _Swaps:
    """Ways of swapping: for each eight pairs a column of bytes whose bits say which of them are swapped."""

    pairs: int
    columns: tuple[bytes, ...]
    counts: tuple[int, ...]


def _is_exact(pairs: int, permutations: int) -> bool:
    return pairs <= permutations.bit_length() + 1 and _ways_of(pairs) <= permutations + 1


def _ways_of(pairs: int) -> int:
    """Half of all: each way and its opposite count as one."""
    return 1 << (pairs - 1)


@lru_cache(maxsize=16)
def _swaps(pairs: int, permutations: int, seed: int) -> _Swaps:
    """Return the ways beside the one that was seen; all comparisons with so many pairs share them."""
    widths = [min(_TOGETHER, pairs - at) for at in range(0, pairs, _TOGETHER)]
    if _is_exact(pairs, permutations):
        masks = range(1, _ways_of(pairs))
        columns = [bytes([mask >> at & 0xFF for mask in masks]) for at in range(0, pairs, _TOGETHER)]
    else:
        random = Random(f"swaps {seed} {pairs}")  # noqa: S311 - a test that can be repeated, no secret
        columns = [random.randbytes(permutations).translate(_KEEP[width]) for width in widths]
    counts = [0] * len(columns[0])
    for column in columns:
        counts = list(map(add, counts, map(int.bit_count, column)))
    return _Swaps(pairs, tuple(columns), tuple(counts))


#: By how many pairs are left: what keeps of a random byte only their bits.
_KEEP = [bytes([byte & ((1 << width) - 1) for byte in range(256)]) for width in range(_TOGETHER + 1)]


def _sums(differences: Sequence[float], swaps: _Swaps) -> list[float]:
    """Return the sum of the swapped differences, for each way: a look-up and an addition for eight pairs."""
    sums = [0.0] * len(swaps.counts)
    for at, column in enumerate(swaps.columns):
        table = [0.0]
        for each in differences[at * _TOGETHER : (at + 1) * _TOGETHER]:
            table += [known + each for known in table]
        sums = list(map(add, sums, map(table.__getitem__, column)))
    return sums
