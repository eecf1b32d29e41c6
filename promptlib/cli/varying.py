"""A comparison of groups for people: the report as a table, how gaps moved, and what each group reads."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from promptlib.cli.terminal import aligned, cut, plain
from promptlib.fairness.verdicts import DIFFERS, INCONCLUSIVE
from promptlib.fairness.wording import chance, difference, facts, found, interval, level, reach, still

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promptlib.cli.terminal import Row
    from promptlib.fairness import Comparison, Gap, Pairing, Report, Variant

_MARKS = {DIFFERS: "≠", INCONCLUSIVE: "?"}
_LOOKS = {DIFFERS: "bold yellow", INCONCLUSIVE: "magenta"}
_LONGEST_MEASURE, _LONGEST_GROUP = 22, 12
_CHANGES = {"widened": "bold yellow", "narrowed": "bold green", "turned round": "bold yellow"}


def rows(report: Report) -> Iterator[Row]:
    """Yield the report in 80 columns: what was compared, each difference, and what was found."""
    yield from aligned([((name, "dim"), (text, "")) for name, text in facts(report)])
    for each in report.notes:
        yield plain(f"to bear in mind: {each}", "yellow")
    yield ()
    head = ("", "measure", "group", "difference", level(report.alpha), "p", "n", "finds")
    constant = still(report)
    body = [_row(each, each.group) for each in report.comparisons if each.measure not in constant]
    same = [_row(each, "itself") for each in report.baseline if each.measure not in constant]
    table = aligned([tuple((text, "dim") for text in head), *body, *same], right=(3, 5, 6))
    yield from table[: 1 + len(body)]
    if same:
        yield plain(f"{report.against}, asked twice:", "dim")
        yield from table[1 + len(body) :]
    if constant:
        yield plain(
            f"the same in every answer: {', '.join(f'{name} {value}' for name, value in constant.items())}", "dim"
        )
    yield ()
    yield plain(found(report), "bold yellow" if report.differing else "bold")
    yield plain("≠ differs; p is corrected, the interval not; finds: found in 8 of 10 reports", "dim")


def _row(each: Comparison, group: str) -> Row:
    look = _LOOKS.get(each.verdict, "")
    return (
        (_MARKS.get(each.verdict, " "), look),
        (cut(each.measure, _LONGEST_MEASURE), look),
        (cut(group, _LONGEST_GROUP), ""),
        (difference(each.effect, each.scale), look),
        (interval(each), ""),
        (chance(each.corrected), ""),
        (f"{each.n:,}", "dim"),
        (reach(each), "dim"),
    )


def history(gaps: Sequence[Gap], name: str) -> Iterator[Row]:
    """Yield how each gap moved along the versions of *name*, oldest first."""
    yield plain(f"Differences between groups along {name}; moved only where the intervals say so", "dim")
    moving = {gap.comparison.measure for gap in gaps if gap.comparison.effect or gap.comparison.p < 1}
    for (measure, group, against, model), moved in groupby(sorted(gaps, key=_series), key=_series):
        if measure in moving:
            yield ()
            yield ((measure, "bold"), (f", {group} against {against}", ""), (f", model {model or 'not said'}", "dim"))
            yield from aligned([_moved(gap) for gap in moved])
    rest = sorted({gap.comparison.measure for gap in gaps} - moving)
    if rest:
        yield ()
        yield plain(f"no difference at all: {', '.join(rest)}", "dim")


def _series(gap: Gap) -> tuple[str, str, str, str]:
    each = gap.comparison
    return each.measure, each.group, each.against, gap.report.model_id


def _moved(gap: Gap) -> Row:
    each = gap.comparison
    return (
        ("  " + gap.version, "cyan"),
        (_MARKS.get(each.verdict, " "), _LOOKS.get(each.verdict, "")),
        (difference(each.effect, each.scale), _LOOKS.get(each.verdict, "")),
        (interval(each), ""),
        (f"n {each.n:,}", "dim"),
        (gap.change, _CHANGES.get(gap.change, "dim")),
    )


def pairs(pairing: Pairing, most: int) -> Iterator[Row]:
    """Yield what each group reads in the first *most* rows of pairs, the declared fields marked."""
    told = list(pairing.rows())
    for row in told[:most]:
        yield plain(f"case {row[0].case + 1}, row {row[0].row + 1}", "bold")
        for variant in row:
            yield plain(f"  {variant.group}", "cyan")
            yield from _messages(variant)
    if len(told) > most:
        yield plain(f"… {len(told) - most:,} more of {len(told):,}; --json has them all", "dim")


def _messages(variant: Variant) -> Iterator[Row]:
    for number, message in enumerate(variant.rendered.messages):
        yield plain(f"    {message.role}:", "dim")
        text = message.text
        marks = sorted({(put.start, put.end) for put in variant.put if put.message == number})
        pieces: list[tuple[str, str]] = []
        at = 0
        for start, end in marks:
            pieces += [(text[at:start], ""), (f"⟦{text[start:end]}⟧", "bold yellow")]
            at = end
        yield from _in_lines([*pieces, (text[at:], "")])


def _in_lines(pieces: Sequence[tuple[str, str]]) -> Iterator[Row]:
    row: list[tuple[str, str]] = [("    ", "")]
    for text, look in pieces:
        first, *others = text.split("\n")
        row.append((first, look))
        for other in others:
            yield tuple(row)
            row = [("    ", ""), (other, look)]
    yield tuple(row)


def failing(each: Comparison, limit: float) -> str:
    """Return what fails a check, and by which rule."""
    size = difference(each.effect, each.scale)
    if limit:
        beyond = difference(limit, each.scale, sign="")
        return f"{each.measure}, {each.group} against {each.against}: differs by {size}, more than {beyond}"
    return f"{each.measure}, {each.group} against {each.against}: differs by {size}, and has no threshold"


def unsettled(each: Comparison) -> str:
    """Return why a check says nothing of a measure."""
    return (
        f"{each.measure}: {each.against}, asked twice, differs from itself; nothing can be concluded, and nothing fails"
    )


def pairs_data(pairing: Pairing) -> Iterator[dict[str, object]]:
    """Yield each variant as JSON; its shape is in docs/reference/json.md."""
    for each in pairing.variants:
        yield {
            "group": each.group,
            "row": each.row,
            "case": each.case,
            "values": dict(each.values),
            "messages": each.rendered.to_openai(),
            "put": [put._asdict() for put in each.put],
        }


def gap_data(gap: Gap) -> dict[str, object]:
    """Return a gap as JSON; its shape is in docs/reference/json.md."""
    each = gap.comparison
    names = ("measure", "group", "against", "n", "effect", "low", "high", "corrected", "verdict")
    about = {"version": gap.version, "model_id": gap.report.model_id, "change": gap.change}
    return about | {name: getattr(each, name) for name in names}
