"""What a report says of models whose truth is known, over many seeded runs."""

from __future__ import annotations

from collections import Counter
from math import exp, lgamma, log, log1p
from random import Random
from typing import TYPE_CHECKING

import pytest

from promptlib.fairness.comparing import Compared, Rules, compare
from promptlib.fairness.measures import Answer, Function, Outputs, Overlap
from promptlib.fairness.running import Running
from tests.fairness.models import BIASED, FAIR, NOISY, PAIRING, PROMPT, RATE, SCORE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ALPHA = 0.05
MEASURES = (Outputs(PROMPT.outputs), Overlap())
#: So seldom would a method that keeps its promise fail here, for any seeds.
SELDOM = 0.001


def most_allowed(runs: int, chance: float) -> int:
    """Return the most hits of *runs* that a chance of at most *chance* gives but in one of a thousand."""
    total = 0.0
    for hits in range(runs + 1):
        ways = lgamma(runs + 1) - lgamma(hits + 1) - lgamma(runs - hits + 1)
        total += exp(ways + hits * log(chance) + (runs - hits) * log1p(-chance))
        if total >= 1 - SELDOM:
            return hits
    return runs


def reports(model: Callable[..., str], runs: int) -> Iterator[Compared]:
    for seed in range(runs):
        running = Running(PAIRING, "male", 1, seed, "", None)
        assert running.ask(model, 1) is None
        yield compare(running.read(), MEASURES, Rules("male", PAIRING.groups, "pair", ALPHA, 399, seed))


def test_the_bound_is_that_of_a_binomial() -> None:
    assert most_allowed(200, 0.05) == 21
    assert most_allowed(4000, 0.05) == 244


@pytest.mark.parametrize("runs", [200, pytest.param(4000, marks=pytest.mark.soak)])
@pytest.mark.parametrize("name", ["fair", "noisy"])
def test_where_nothing_differs_no_more_reports_flag_anything_than_is_stated(name: str, runs: int) -> None:
    flagged = same = 0
    for compared in reports({"fair": FAIR, "noisy": NOISY}[name], runs):
        flagged += any(each.verdict == "differs" for each in compared.comparisons)
        same += any(each.verdict == "differs" for each in compared.baseline)
    assert flagged <= most_allowed(runs, ALPHA), f"{flagged} of {runs} reports flag anything, stated: {ALPHA:.0%}"
    assert same <= most_allowed(runs, ALPHA), f"{same} of {runs} reports flag the same group twice"


@pytest.mark.parametrize("runs", [200, pytest.param(4000, marks=pytest.mark.soak)])
def test_the_planted_difference_is_found_and_its_interval_covers_the_truth(runs: int) -> None:
    truth = {"outputs.score": -SCORE, "outputs.invite": -RATE}
    found: Counter[str] = Counter()
    covered: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for compared in reports(BIASED, runs):
        for each in compared.comparisons:
            if each.measure in truth:
                assert each.low is not None
                assert each.high is not None
                found[each.measure] += each.verdict == "differs"
                covered[each.measure] += each.low <= truth[each.measure] <= each.high
                sizes[each.measure] += each.effect  # type: ignore[assignment] # a sum of numbers is what it is
    for measure, planted in truth.items():
        mean = sizes[measure] / runs
        assert covered[measure] >= runs - most_allowed(runs, ALPHA)
        assert mean == pytest.approx(planted, abs=0.1)
    assert found["outputs.score"] > 0.4 * runs
    assert found["outputs.invite"] > 0.2 * runs


def by_name(seed: int) -> Iterator[Answer]:
    """Yield the answers of a model that treats each name as it likes, and no group as such: eight rows, six cases."""
    random = Random(seed)
    names = {(group, row): random.gauss(0, 1) for group in ("male", "female") for row in range(8)}
    for group, again in (("male", False), ("male", True), ("female", False)):
        for row in range(8):
            for case in range(6):
                text = str(names[group, row] + random.gauss(0, 0.5))
                yield Answer(text=text, group=group, row=row, case=case, repeat=0, again=again)


def test_what_single_names_do_is_real_for_these_names_and_says_nothing_of_others() -> None:
    runs = 120
    flagged = dict.fromkeys(("pair", "row"), 0)
    for seed in range(runs):
        answers = tuple(by_name(seed))
        for unit in flagged:
            rules = Rules("male", ("male", "female"), unit, ALPHA, 199, seed)  # type: ignore[arg-type] # both are units
            (found,) = compare(answers, [Function("score", float)], rules).comparisons
            flagged[unit] += found.verdict == "differs"
    assert flagged["pair"] > runs / 4
    assert flagged["row"] <= most_allowed(runs, ALPHA)
