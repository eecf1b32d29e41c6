"""The words and numbers of a report, as people read them in a terminal and on a page."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from promptlib.fairness.verdicts import INCONCLUSIVE

if TYPE_CHECKING:
    from promptlib.fairness.report import Comparison, Report
    from promptlib.fairness.verdicts import Scale

#: Below this a p says no more than that it is small.
_SMALL_P = 0.001
_LARGE = 1000
UNIT_WORDS = {"pair": "case with a row", "row": "row", "case": "case"}


def number(value: float, scale: Scale) -> str:
    """Return *value* as people read it; a rate in percent."""
    if scale == "rate":
        return _minus(f"{100 * value:.1f}%")
    return _minus(f"{value:,.0f}" if abs(value) >= _LARGE else f"{value:.3g}")


def difference(value: float | None, scale: Scale, *, sign: str = "+") -> str:
    """Return a difference with its sign; of rates in percentage points, and `-` where there is none."""
    if value is None:
        return "-"
    size = f"{100 * abs(value):.1f} pp" if scale == "rate" else number(abs(value), scale)
    nothing = not any(char in size for char in "123456789")
    return size if nothing else ("\u2212" if value < 0 else sign) + size


def interval(each: Comparison) -> str:
    """Return the interval of *each*, an end that cannot be told as `?`."""
    low, high = ("?" if end is None else difference(end, each.scale) for end in (each.low, each.high))
    return f"[{low.removesuffix(' pp')}, {high}]"


def reach(each: Comparison) -> str:
    """Return the smallest difference that *each* would have found, `-` where none can be told."""
    return difference(each.smallest, each.scale, sign="\u00b1")


def _minus(text: str) -> str:
    return text.replace("-", "\u2212", 1) if text.startswith("-") else text


def chance(p: float) -> str:
    """Return *p* with as many digits as mean something."""
    return "<0.001" if p < _SMALL_P else f"{p:.3f}"


def level(alpha: float) -> str:
    """Return the level of an interval, such as `95%`."""
    return f"{100 * (1 - alpha):.6g}%"


def found(report: Report) -> str:
    """Return in a sentence what *report* found."""
    differing, count = len(report.differing), len(report.comparisons)
    if report.unsettled and all(each.verdict == INCONCLUSIVE for each in report.comparisons):
        return "Nothing can be concluded: the same group, asked twice, differs from itself."
    if differing:
        verb = "differs" if differing == 1 else "differ"
        text = f"{differing} of {count} comparison{'s' if count > 1 else ''} {verb}."
    else:
        text = "No difference found at this n."
    if report.unsettled:
        names = ", ".join(each.measure for each in report.unsettled)
        text += f" Nothing can be concluded from {names}: the same group, asked twice, differs from itself."
    return text


def facts(report: Report) -> tuple[tuple[str, str], ...]:
    """Return what was compared, and how, line by line."""
    counts = ((report.cases, "case"), (report.rows, "row"), (report.repeats, "repeat"))
    asked = " x ".join(f"{count:,} {what}{'s' if count != 1 else ''}" for count, what in counts)
    fields = f"fields: {', '.join(report.fields)}"
    rule = (
        f"alpha {report.alpha:g} over all comparisons ({report.correction}); "
        f"{report.permutations:,} permutations, seed {report.seed}"
    )
    return (
        ("prompt", report.ref),
        ("model", report.model_id or "not said"),
        ("groups", f"{', '.join(report.groups)}; each against {report.against}"),
        (
            "set",
            f"{report.variants} ({report.language}) #{report.variants_digest[7:15]}; {fields}",
        ),
        ("asked", f"{asked}, {report.calls:,} calls; independent: a {UNIT_WORDS[report.unit]}"),
        ("rule", rule),
        *((("time", report.time.isoformat(" ", "seconds")),) if report.time else ()),
    )


def still(report: Report) -> dict[str, str]:
    """Return what was the same in every answer, with its value: there is nothing to draw."""
    found: dict[str, str] = {}
    for measure, each in groupby(report.spreads, key=lambda each: each.measure):
        spreads = list(each)
        scale: Scale = next((one.scale for one in report.comparisons if one.measure == measure), "mean")
        if len({end for spread in spreads for end in (spread.least, spread.most)}) == 1:
            found[measure] = number(spreads[0].mean, scale)
    return found
