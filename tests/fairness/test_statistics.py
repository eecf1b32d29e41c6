"""The test against every swap written out, its interval against every shift, other figures against their sources."""

from __future__ import annotations

from itertools import product
from math import inf, isinf
from random import Random
from statistics import NormalDist, stdev
from typing import TYPE_CHECKING

import pytest

from promptlib.fairness.permuting import Outcome, least_p, sign_flip_test
from promptlib.fairness.statistics import (
    cliffs_delta,
    holm,
    noise,
    rate_interval,
    smallest_difference,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


def by_hand(differences: Sequence[float], shift: float = 0.0) -> float:
    """Return p of the exact test, from every way of swapping."""
    moved = [each - shift for each in differences]
    total = abs(sum(moved))
    sums = [abs(sum(sign * each for sign, each in zip(signs, moved, strict=True))) for signs in _signs(len(moved))]
    return sum(each >= total - 1e-9 for each in sums) / len(sums)


def _signs(count: int) -> list[tuple[int, ...]]:
    return list(product((1, -1), repeat=count))


def outcome(differences: Sequence[float], permutations: int = 9_999, seed: int = 1) -> Outcome:
    return sign_flip_test(differences, alpha=0.05, permutations=permutations, seed=seed)


@pytest.mark.parametrize("pairs", range(1, 11))
def test_few_pairs_are_tested_exactly(pairs: int) -> None:
    random = Random(pairs)
    differences = [round(random.gauss(0.5, 1), 2) for _ in range(pairs)]
    assert outcome(differences).p == pytest.approx(by_hand(differences))


@pytest.mark.parametrize("pairs", [6, 8, 9])
def test_the_interval_holds_the_shifts_that_the_test_does_not_refuse(pairs: int) -> None:
    random = Random(pairs)
    differences = [random.gauss(0.5, 1) for _ in range(pairs)]
    found = outcome(differences)
    for end, outwards in ((found.low, -1e-6), (found.high, 1e-6)):
        assert by_hand(differences, end - outwards) > 0.05
        assert by_hand(differences, end + outwards) <= 0.05


@pytest.mark.parametrize("pairs", range(6))
def test_too_few_pairs_can_refuse_nothing(pairs: int) -> None:
    found = outcome([1.0] * pairs)
    assert (found.low, found.high) == (-inf, inf)
    assert found.p == least_p(pairs, 9_999) > 0.05


def test_a_sample_of_swaps_agrees_with_all_of_them_and_never_says_impossible() -> None:
    random = Random(3)
    differences = [random.gauss(0.4, 1) for _ in range(12)]
    exact = outcome(differences)
    sampled = outcome(differences, permutations=1_999)
    assert exact.p == pytest.approx(by_hand(differences))
    assert sampled.p == pytest.approx(exact.p, abs=0.02)
    assert sampled.low == pytest.approx(exact.low, abs=0.1)
    assert outcome([1.0] * 40, permutations=99).p == 1 / 100
    assert outcome(differences, 1_999, seed=1) == outcome(differences, 1_999, seed=1)
    assert outcome(differences, 1_999, seed=1) != outcome(differences, 1_999, seed=2)


def test_interval_and_test_never_contradict_each_other() -> None:
    random = Random(7)
    for _ in range(150):
        found = outcome([random.gauss(0.3, 1) for _ in range(30)], permutations=199)
        assert (found.p <= 0.05) == (not found.low <= 0 <= found.high)


def test_no_difference_at_all_is_no_difference() -> None:
    assert outcome([0.0] * 30) == Outcome(1.0, 0.0, 0.0)
    assert outcome([0.0] * 3) == Outcome(1.0, -inf, inf)


def test_sums_that_only_rounding_tells_apart_are_the_same() -> None:
    assert outcome([0.1, 0.2, -0.3, 0.1, 0.2, -0.3]).p == 1.0


def test_a_bound_of_permutations_below_what_alpha_asks_for_leaves_the_ends_open() -> None:
    found = sign_flip_test([1.0, 2.0] * 20, alpha=0.05, permutations=9, seed=1)
    assert isinf(found.high)


def test_cliffs_delta_counts_who_is_above_whom() -> None:
    assert cliffs_delta([3, 4], [1, 2]) == 1.0
    assert cliffs_delta([1, 2], [3, 4]) == -1.0
    assert cliffs_delta([1, 2], [1, 2]) == 0.0
    assert cliffs_delta([1, 1, 0, 0], [1, 0, 0, 0]) == 0.25  # of rates it is their difference


def test_holm_against_its_worked_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([]) == ()
    assert holm([0.9, 0.8]) == (1.0, 1.0)


def test_a_rate_of_none_in_thirty_is_no_proof_of_none() -> None:
    low, high = rate_interval([0.0] * 30, 0.05)
    assert low == -high
    assert 0.05 < high < 0.1  # the rule of three says 0.1 of one side
    assert noise([0.0] * 30, rate=True) > 0
    assert rate_interval([1.0] * 3, 0.05)[1] == 1.0


def test_seldom_rates_are_covered_where_flipping_signs_alone_would_not() -> None:
    random = Random(2)
    runs, pairs, rates = 300, 24, (0.02, 0.05)
    alone = together = 0
    for _ in range(runs):
        differences = [float((random.random() < rates[1]) - (random.random() < rates[0])) for _ in range(pairs)]
        flipped, least = outcome(differences, 199), rate_interval(differences, 0.05)
        alone += flipped.low <= rates[1] - rates[0] <= flipped.high
        together += min(flipped.low, least[0]) <= rates[1] - rates[0] <= max(flipped.high, least[1])
    assert alone < 0.8 * runs
    assert together >= 0.95 * runs


def test_noise_is_the_standard_deviation() -> None:
    values = [1.0, 2.0, 4.0, 8.0]
    assert noise(values, rate=False) == pytest.approx(stdev(values))
    assert noise([1.0], rate=False) == 0.0


def test_the_smallest_difference_of_many_pairs_is_the_textbooks() -> None:
    normal = NormalDist()
    known = (normal.inv_cdf(0.975) + normal.inv_cdf(0.8)) * 2 / 100
    assert smallest_difference(2, 10_000, alpha=0.05, tests=1, permutations=9_999) == pytest.approx(known, rel=1e-3)


def test_few_pairs_nothing_that_scatters_and_many_comparisons_find_nothing_that_can_be_told() -> None:
    assert smallest_difference(2, 5, alpha=0.05, tests=1, permutations=9_999) is None
    assert smallest_difference(0, 50, alpha=0.05, tests=1, permutations=9_999) is None
    assert smallest_difference(2, 50, alpha=0.05, tests=10, permutations=99) is None
    assert smallest_difference(2, 6, alpha=0.05, tests=1, permutations=9_999) is not None


def test_the_smallest_difference_is_found_in_eight_of_ten() -> None:
    """As stated, and not by much more: the difference is neither promised too small nor told too large."""
    random = Random(11)
    size = smallest_difference(1.0, 20, alpha=0.05, tests=1, permutations=199)
    assert size is not None
    runs = 300
    found = sum(outcome([random.gauss(size, 1) for _ in range(20)], 199).p <= 0.05 for _ in range(runs))
    assert 0.72 * runs < found < 0.88 * runs
