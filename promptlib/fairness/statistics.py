"""What a report says beside the test: sizes of effects, corrections, and what n could have found.

Pure Python over plain numbers; nothing here draws random numbers.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from math import sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

from promptlib.fairness.permuting import least_p

if TYPE_CHECKING:
    from collections.abc import Sequence

#: A difference that is there is found so often, where it is as large as the smallest that could have been found.
POWER = 0.8


def mean(values: Sequence[float]) -> float:
    """Return the mean of *values*, of which there is at least one."""
    return sum(values) / len(values)


def cliffs_delta(values: Sequence[float], others: Sequence[float]) -> float:
    """Return how much more often one of *values* is above one of *others* than below it, from -1 to 1.

    Cliff 1993, "Dominance statistics: ordinal analyses to answer ordinal questions". 0 is no tendency; of rates it is
    the difference. It asks for no unit and no bell curve. Both hold at least one number.
    """
    ordered = sorted(others)
    over = sum(bisect_left(ordered, each) - len(ordered) + bisect_right(ordered, each) for each in values)
    return over / (len(values) * len(ordered))


def holm(values: Sequence[float]) -> tuple[float, ...]:
    """Return each p of *values* corrected for all of them (Holm 1979): what is still at most alpha differs.

    The chance that any of them is flagged where nothing differs is then at most alpha, however they hang together.
    """
    corrected = [0.0] * len(values)
    largest = 0.0
    for at, index in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        largest = max(largest, min(1.0, values[index] * (len(values) - at)))
        corrected[index] = largest
    return tuple(corrected)


def rate_interval(differences: Sequence[float], alpha: float) -> tuple[float, float]:
    """Return the interval of a mean difference of rates by Agresti and Min (2005), which adds two pairs of its own.

    A rate of none in thirty is no proof of none at all: where nothing was seen the sign-flip interval has no width, and
    this one has.
    """
    center, spread = _with_two_more(differences)
    reach = NormalDist().inv_cdf(1 - alpha / 2) * sqrt(spread / (len(differences) + 2))
    return max(-1.0, center - reach), min(1.0, center + reach)


def noise(differences: Sequence[float], *, rate: bool) -> float:
    """Return the standard deviation of *differences*; that of rates is never nothing, for the same reason."""
    if rate:
        return sqrt(_with_two_more(differences)[1])
    if len(differences) <= 1:
        return 0.0
    center = mean(differences)
    return sqrt(sum((each - center) ** 2 for each in differences) / (len(differences) - 1))


def smallest_difference(deviation: float, pairs: int, *, alpha: float, tests: int, permutations: int) -> float | None:
    """Return the smallest true difference that so many *pairs* find in eight of ten reports; None where it is unknown.

    (t(1 - alpha / 2 tests) + t(0.8)) * deviation / sqrt(pairs), Bloom 1995, "Minimum detectable effects", with the
    strictest of the corrected levels. *deviation* is that of the differences within pairs: without any, nothing can be
    said of what other answers would have scattered. Too few pairs could have found nothing, however large.
    """
    level = alpha / max(1, tests)
    if not deviation or pairs <= 1 or least_p(pairs, permutations) > level:
        return None
    return (_student(1 - level / 2, pairs - 1) + _student(POWER, pairs - 1)) * deviation / sqrt(pairs)


def _with_two_more(differences: Sequence[float]) -> tuple[float, float]:
    """Return mean and variance with half a pair for each way in which two answers can come out."""
    count = len(differences) + 2
    center = sum(differences) / count
    return center, (sum(each * each for each in differences) + 1) / count - center * center


def _student(level: float, freedom: int) -> float:
    """Return the quantile of Student's t by the expansion of Fisher and Cornish (1960), good from five pairs on."""
    z = NormalDist().inv_cdf(level)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return float(z + sum(term / freedom ** (at + 1) for at, term in enumerate(terms)))
