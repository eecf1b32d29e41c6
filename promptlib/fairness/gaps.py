"""How a difference between groups moved from one version to the next: said only where the intervals say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptlib.fairness.report import Comparison, Report

Change: TypeAlias = Literal["first", "widened", "narrowed", "turned round", "not told apart"]


@dataclass(frozen=True, slots=True)
class Gap:
    """One comparison of one version, and how it moved from the version before that was measured alike.

    `widened` and `narrowed` say that the intervals of both sizes do not touch, `turned round` that they lie on the two
    sides of zero, `not told apart` that these reports cannot say. `first` has nothing before it.
    """

    version: str
    report: Report
    comparison: Comparison
    change: Change


def gaps(measured: Iterable[tuple[str, Report]]) -> tuple[Gap, ...]:
    """Return each comparison of the reports in *measured*, versions with their reports, oldest first.

    Only what was measured alike is compared: the same measure, groups, set, model id and unit. Of several reports of
    one version the last one counts.
    """
    before: dict[object, tuple[str, Comparison]] = {}
    earlier: dict[object, tuple[str, Comparison] | None] = {}
    found: dict[tuple[str, object], Gap] = {}
    for version, report in measured:
        for each in report.comparisons:
            key = (each.measure, each.group, each.against, report.variants_digest, report.model_id, report.unit)
            if (version, key) not in found:
                earlier[key] = before.get(key)
            then = earlier[key]
            change = "first" if then is None else change_of(then[1], each)
            found[version, key] = Gap(version, report, each, change)
            before[key] = version, each
    return tuple(found.values())


def change_of(before: Comparison, now: Comparison) -> Change:
    """Return how the difference *now* moved from *before*."""
    if before.low is None or before.high is None or now.low is None or now.high is None:
        return "not told apart"
    old, new = _size(before.low, before.high), _size(now.low, now.high)
    if new[0] > old[1]:
        return "widened"
    if new[1] < old[0]:
        return "narrowed"
    apart = now.low > before.high or now.high < before.low
    return "turned round" if apart and before.effect * now.effect < 0 else "not told apart"


def _size(low: float, high: float) -> tuple[float, float]:
    """Return the interval of the size of a difference, whichever its side."""
    ends = sorted((abs(low), abs(high)))
    return (0.0 if low <= 0 <= high else ends[0], ends[1])
