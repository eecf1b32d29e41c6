"""How gaps move along versions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from promptlib.fairness import Comparison, Report, gaps
from promptlib.fairness.gaps import change_of
from tests.fairness.test_report import REPORT


def comparison(low: float | None, high: float | None) -> Comparison:
    effect = 0.0 if low is None or high is None else (low + high) / 2
    return replace(REPORT.comparisons[1], low=low, high=high, effect=effect)


def report(low: float, high: float, **parts: str) -> Report:
    return replace(REPORT, comparisons=(comparison(low, high),), **parts)  # type: ignore[arg-type] # texts are what is changed


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [
        ((0.1, 0.3), (0.4, 0.6), "widened"),
        ((-0.3, -0.1), (-0.6, -0.4), "widened"),
        ((-0.1, 0.1), (0.2, 0.4), "widened"),
        ((0.4, 0.6), (0.1, 0.3), "narrowed"),
        ((0.4, 0.6), (-0.1, 0.3), "narrowed"),
        ((0.1, 0.3), (0.2, 0.4), "not told apart"),
        ((0.1, 0.3), (-0.3, -0.1), "turned round"),
        ((0.1, 0.3), (-0.9, -0.5), "widened"),
        ((None, None), (0.1, 0.3), "not told apart"),
        ((0.1, 0.3), (None, 0.3), "not told apart"),
    ],
)
def test_a_gap_moves_only_where_the_intervals_say_so(
    before: tuple[float | None, float | None], now: tuple[float | None, float | None], change: str
) -> None:
    assert change_of(comparison(*before), comparison(*now)) == change


def test_only_what_was_measured_alike_is_compared() -> None:
    told = [("v1", report(0.1, 0.3)), ("v2", report(0.5, 0.6, model_id="other")), ("v3", report(0.4, 0.6))]
    assert [(gap.version, gap.change) for gap in gaps(told)] == [("v1", "first"), ("v2", "first"), ("v3", "widened")]


def test_of_several_reports_of_a_version_the_last_one_counts() -> None:
    told = [("v1", report(0.1, 0.3)), ("v2", report(0.1, 0.2)), ("v2", report(0.4, 0.6)), ("v3", report(0.4, 0.6))]
    found = gaps(told)
    assert [(gap.version, gap.change) for gap in found] == [
        ("v1", "first"),
        ("v2", "widened"),
        ("v3", "not told apart"),
    ]
    assert found[1].comparison.low == 0.4
