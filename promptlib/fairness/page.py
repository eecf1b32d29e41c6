"""A report as one page that needs no other file: no script runs in it, and every text is shown, never obeyed."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING

from promptlib.diff.page import escaped
from promptlib.fairness.plots import distribution, effects
from promptlib.fairness.verdicts import DIFFERS
from promptlib.fairness.wording import (
    UNIT_WORDS,
    chance,
    difference,
    facts,
    found,
    interval,
    level,
    number,
    reach,
    still,
)
from promptlib.lineage.page import hashed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptlib.fairness.report import Comparison, Report

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '{hash}'; base-uri 'none'; \
form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""
_COLUMNS = (
    *("measure", "group", "against", "n", "left out", "mean", "mean of reference", "difference", "interval"),
    *("Cliff's delta", "p", "corrected p", "could have found", "verdict"),
)
_READING = """\
Both prompts of a pair are the same but for the declared fields. A difference is the mean of the differences within \
pairs; the independent unit is a {unit}, its repeats averaged.
“Differs” means: by a sign-flip permutation test within pairs, p corrected for all {count} comparisons by {correction} \
is at most {alpha}. Where nothing differs at all, a report flags anything with a chance of at most {alpha}. Each \
interval stands for itself, and is not corrected.
The grey band is the same group asked twice: how far the model's own chance reaches. The thin ticks on both sides of \
zero are the smallest difference that this n would have found in eight of ten reports.
No difference found says that none was seen by these measures, with these names and cases, at this n. It does not say \
that there is none."""


def page(report: Report) -> str:
    """Return the page of *report*."""
    style = (files("promptlib.fairness") / "page.css").read_text(encoding="utf-8")
    title = escaped(f"{report.ref}: {report.variants}")
    return _PAGE.format(title=title, hash=hashed(style), style=style, body="\n".join(_body(report, title)))


def framed(report: Report) -> str:
    """Return the page in a frame that runs nothing and reaches nothing, for a notebook."""
    return (
        '<iframe title="Differences between groups" sandbox width="100%" height="640" '
        f'style="border: 1px solid #8886; border-radius: 6px" srcdoc="{escape(page(report))}"></iframe>'
    )


def _body(report: Report, title: str) -> Iterator[str]:
    yield f"<header><h1><bdi>{title}</bdi></h1>"
    yield f'<p class="found">{escaped(found(report))}</p></header><main>'
    yield f"<section><h2>What was compared</h2><dl>{_facts(report)}</dl></section>"
    constant = still(report)
    for measure, compared in groupby(report.comparisons, key=lambda each: each.measure):
        if measure not in constant:
            yield from _measure(report, measure, list(compared))
    if constant:
        values = ", ".join(f"<bdi>{escaped(name)}</bdi> {value}" for name, value in constant.items())
        yield f"<section><h2>The same in every answer</h2><p>{values}</p></section>"
    yield from _numbers(report)
    yield from _reading(report)
    yield from _texts(report)
    yield "</main>"


def _facts(report: Report) -> str:
    of_set = (("source of the set", report.source), ("its licence", report.licence), ("digest", report.digest))
    notes = (("to bear in mind", each) for each in report.notes)
    return "".join(
        f"<dt>{escaped(name)}</dt><dd><bdi>{escaped(text)}</bdi></dd>"
        for name, text in (*facts(report), *of_set, *notes)
    )


def _measure(report: Report, measure: str, compared: list[Comparison]) -> Iterator[str]:
    same = next((each for each in report.baseline if each.measure == measure), None)
    yield f"<section><h2><bdi>{escaped(measure)}</bdi></h2>"
    if same is not None and same.verdict == DIFFERS:
        yield "<p>The same group, asked twice, differs from itself here: nothing can be concluded.</p>"
    yield f"<h3>Difference from <bdi>{escaped(report.against)}</bdi>, with its {level(report.alpha)} interval</h3>"
    yield from effects(compared, same)
    spreads = [each for each in report.spreads if each.measure == measure]
    if spreads:
        yield f"<h3>{'Rate' if compared[0].scale == 'rate' else 'All answers'}, by group</h3>"
        yield from distribution(spreads, compared[0].scale)
    yield "</section>"


def _numbers(report: Report) -> Iterator[str]:
    yield '<section><h2>The numbers</h2><div class="wide" tabindex="0" role="region" aria-label="The numbers"><table>'
    text = ("measure", "group", "against")
    yield (
        "<thead><tr>"
        + "".join(f'<th scope="col" class="{"text" if name in text else "n"}">{name}</th>' for name in _COLUMNS)
        + "</tr></thead><tbody>"
    )
    yield from (_number_row(each, each.group) for each in report.comparisons)
    yield from (_number_row(each, f"{each.group}, second run") for each in report.baseline)
    yield "</tbody></table></div></section>"


def _number_row(each: Comparison, group: str) -> str:
    numbers = (
        *(f"{each.n:,}", f"{each.lacking:,}", number(each.mean, each.scale), number(each.against_mean, each.scale)),
        *(difference(each.effect, each.scale), interval(each), f"{each.size:+.2f}"),
        *(chance(each.p), chance(each.corrected), reach(each)),
    )
    texts = "".join(f'<td class="text"><bdi>{escaped(text)}</bdi></td>' for text in (each.measure, group, each.against))
    last = f'<td class="{"differs" if each.verdict == DIFFERS else "same"}">{each.verdict}</td>'
    figures = "".join(f'<td class="n">{text}</td>' for text in numbers)
    return f"<tr>{texts}{figures}{last}</tr>"


def _reading(report: Report) -> Iterator[str]:
    """Yield how the page is read, in a few sentences."""
    unit, alpha, count = UNIT_WORDS[report.unit], f"{report.alpha:g}", len(report.comparisons)
    sentences = _READING.format(unit=unit, alpha=alpha, count=count, correction=escaped(report.correction)).split("\n")
    said = "".join(f"<p>{text}</p>" for text in sentences)
    yield f"<details open><summary>How to read this</summary>{said}</details>"


def _texts(report: Report) -> Iterator[str]:
    if not report.texts:
        return
    yield f"<details><summary>The {len(report.texts):,} answers</summary>"
    yield from _each_text(report)
    yield "</details>"


def _each_text(report: Report) -> Iterable[str]:
    order = {group: at for at, group in enumerate(report.groups)}
    for each in sorted(
        report.texts, key=lambda one: (one.case, one.row, order.get(one.group, 0), one.again, one.repeat)
    ):
        run = ", second run" if each.again else ""
        yield (
            f"<h3>case {each.case + 1}, row {each.row + 1}, <bdi>{escaped(each.group)}</bdi>{run}, "
            f"repeat {each.repeat + 1}</h3><pre><bdi>{escaped(each.text)}</bdi></pre>"
        )
