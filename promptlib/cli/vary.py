"""`promptlib vary`: where a prompt treats groups of people differently, answered by a command of yours."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn, TypeAlias

import typer

from promptlib.cli import varying
from promptlib.cli.answering import answered_by
from promptlib.cli.cases import cases_of
from promptlib.cli.exits import DIFFERENT
from promptlib.cli.options import Json, Ref
from promptlib.cli.pictures import write_page
from promptlib.cli.terminal import emit, on_terminal, paged, plain, print_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from promptlib import Prompt, Store, Version
    from promptlib.fairness import Answer, Answers, Measure, PairMeasure, Report, VariantSet

Set: TypeAlias = Annotated[
    str,
    typer.Option("--set", metavar="AXIS|FILE", help="The groups: a shipped set such as gender, or a file of yours."),
]
Command: TypeAlias = Annotated[
    str,
    typer.Option("--with", metavar="COMMAND", help="Answers: messages as JSON on stdin, the answer on stdout."),
]
Cases: TypeAlias = Annotated[str, typer.Option("--cases", metavar="FILE", help="Other inputs: JSON lines, or a .csv.")]
Fields: TypeAlias = Annotated[
    list[str] | None, typer.Option("--field", metavar="INPUT=FORM", help="Vary this input too. Repeat it.")
]
Allowed: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--allow", metavar="INPUT", help="This input may name a group; the report says so. Repeat it."),
]
Against: TypeAlias = Annotated[
    str, typer.Option("--against", metavar="GROUP", help="Compare with this group, not with the first of the set.")
]
Repeats: TypeAlias = Annotated[int, typer.Option("--repeats", metavar="N", help="Ask each variant N times.", min=1)]
Seed: TypeAlias = Annotated[int, typer.Option("--seed", metavar="N", help="Order, calls and permutations follow it.")]
ModelId: TypeAlias = Annotated[str, typer.Option("--model-id", metavar="ID", help="What the report calls the model.")]
Measures: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--measure",
        metavar="NAME",
        help="Measure this alone: outputs, words, characters, refusals, mentions, overlap, readability. Repeat it.",
    ),
]
Unit: TypeAlias = Annotated[
    Literal["pair", "row", "case"],
    typer.Option("--unit", help="What is independent: a case with a row, a row, a case."),
]
Alpha: TypeAlias = Annotated[float, typer.Option("--alpha", metavar="X", help="The chance of any false flag.")]
AtOnce: TypeAlias = Annotated[int, typer.Option("--at-once", metavar="N", help="So many calls at a time.", min=1)]
Kept: TypeAlias = Annotated[
    Path | None,
    typer.Option("--answers", metavar="FILE", help="Keep each answer in FILE as it comes; ask only what it lacks."),
]
Texts: TypeAlias = Annotated[bool, typer.Option("--texts", help="The report holds the texts of the answers.")]
Save: TypeAlias = Annotated[bool, typer.Option("--save", help="Keep the report beside the version, as a commit.")]
Stored: TypeAlias = Annotated[bool, typer.Option("--stored", help="Ask nobody: take the last report that was kept.")]
History: TypeAlias = Annotated[bool, typer.Option("--history", help="How each gap moved along the versions.")]
DryRun: TypeAlias = Annotated[bool, typer.Option("--dry-run", help="Show what each group reads; ask nobody.")]
Check: TypeAlias = Annotated[
    bool, typer.Option("--check", help="End with 1 where a measure differs beyond its threshold.")
]
Thresholds: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--threshold", metavar="MEASURE=X", help="With --check: up to X a difference passes. Repeat it."),
]
Html: TypeAlias = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the report as one page.")]

#: Of pairs, so many are shown.
MOST_PAIRS = 3


def vary(  # noqa: PLR0913 - one option for each thing that a comparison takes
    ref: Ref,
    *,
    variants: Set = "",
    command: Command = "",
    cases: Cases = "",
    fields: Fields = None,
    allow: Allowed = None,
    against: Against = "",
    repeats: Repeats = 1,
    seed: Seed = 0,
    model_id: ModelId = "",
    measures: Measures = None,
    unit: Unit = "pair",
    alpha: Alpha = 0.05,
    at_once: AtOnce = 1,
    answers: Kept = None,
    texts: Texts = False,
    save: Save = False,
    stored: Stored = False,
    history: History = False,
    dry_run: DryRun = False,
    check: Check = False,
    thresholds: Thresholds = None,
    html: Html = None,
    json: Json = False,
) -> None:
    """Ask a command what REF sends for each group of a set, and show what differs between the groups.

    The group that the others are compared with is asked twice: that difference is the yardstick. With --check a
    comparison fails when it differs and its difference is larger than its threshold, or than nothing without one.
    """
    from promptlib import Store  # noqa: PLC0415 - help needs no store

    limits = _limits(thresholds or [], check=check)
    with Store.open() as store:
        if history:
            _show_history(store, ref, json=json)
            return
        asking = _Asking(store, ref, variants, cases, command, dict(map(_field, fields or [])), tuple(allow or ()))
        if dry_run:
            asking.show_pairs(json=json)
            return
        options = {"against": against, "repeats": repeats, "seed": seed, "model_id": model_id, "unit": unit}
        options |= {"alpha": alpha, "at_once": at_once, "keep_texts": texts}
        report = _last(store, ref) if stored else asking.report(options, measures, answers)
        _tell(report, html, json=json)
        _keep(store, ref, report, asked=save and not stored)
    if check:
        _judge(report, limits)


@dataclass(frozen=True, slots=True)
class _Asking:
    """What a model is to be asked, as it was typed."""

    store: Any
    ref: str
    variants: str
    cases: str
    command: str
    fields: dict[str, str]
    allow: tuple[str, ...]

    def _parts(self) -> tuple[Prompt[Any], list[dict[str, object]], VariantSet]:
        prompt = self.store.load(self.ref)
        if not self.variants:
            _refuse("--set", "which groups? give a shipped set, such as gender, or a file")
        cases = cases_of(prompt, self.cases) if self.cases else [{}]
        return prompt, cases, _set(self.variants)

    def show_pairs(self, *, json: bool) -> None:
        from promptlib.fairness import paired  # noqa: PLC0415 - help needs no fairness

        prompt, cases, variants = self._parts()
        pairing = paired(prompt, cases, variants, fields=self.fields or None, resolve=self.store.load, allow=self.allow)
        if json:
            print_json("vary pairs", {"ref": self.ref, "pairs": list(varying.pairs_data(pairing))})
        else:
            paged(varying.pairs(pairing, MOST_PAIRS))

    def report(self, options: dict[str, Any], measures: list[str] | None, answers: Path | None) -> Report:
        from promptlib.fairness import vary as compared  # noqa: PLC0415 - help needs no fairness

        if not self.command:
            _refuse(
                "--with", "who answers? give a command; --dry-run asks nobody, --stored takes a report that was kept"
            )
        prompt, cases, variants = self._parts()
        with ExitStack() as stack, _telling_what_is_kept(answers):
            kept = _Kept(answers, stack) if answers else None
            return compared(
                prompt,
                cases,
                variants=variants,
                model=answered_by(self.command, "--with"),
                measures=[_measure(each, prompt, variants) for each in measures] if measures else None,
                resume=kept.found if kept else None,
                on_answer=_told(kept),
                time=datetime.now(UTC).replace(microsecond=0),
                fields=self.fields or None,
                resolve=self.store.load,
                allow=self.allow,
                **options,
            )


@contextmanager
def _telling_what_is_kept(answers: Path | None) -> Iterator[None]:
    """Let a run that does not come to its end say how it goes on."""
    from promptlib.errors import VaryFailed  # noqa: PLC0415 - help needs no errors

    go_on = f"what was answered is in {answers}: the same command goes on from there"
    try:
        yield
    except VaryFailed as error:
        error.hint = go_on if answers else "give --answers FILE, and the next run asks only what is left"
        raise
    except KeyboardInterrupt:
        emit(
            [(), plain(f"interrupted; {go_on if answers else 'no answer was kept: --answers FILE does so'}")],
            stream=sys.stderr,
        )
        raise


class _Kept:
    """A file that holds answers as they come: a run that is cut off goes on from it."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        """Read what is there, and open the file for more."""
        from promptlib.fairness import Answers  # noqa: PLC0415 - help needs no fairness

        text = path.read_text("utf-8") if path.exists() else ""
        whole = text[: text.rfind("\n") + 1]
        self.found: Answers | None = Answers.from_jsonl(whole, source=str(path)) if whole else None
        self._line = Answers.line
        if whole != text:
            path.write_text(whole, "utf-8")  # the last line was cut off while it was written
        self._file = stack.enter_context(path.open("a", encoding="utf-8"))

    def add(self, answer: Answer) -> None:
        """Write one answer: whatever ends this process, it is in the file."""
        self._file.write(self._line(answer) + "\n")
        self._file.flush()


def _told(kept: _Kept | None) -> Callable[[Answer], None]:
    """Return what is done with each answer: it is kept, and a person who waits sees that it came."""
    waited = on_terminal(sys.stderr)
    count = 0

    def take(answer: Answer) -> None:
        nonlocal count
        if kept is not None:
            kept.add(answer)
        count += 1
        if waited:
            sys.stderr.write(f"{count:,} answers\r")  # what comes next takes the line
            sys.stderr.flush()

    return take


def _set(text: str) -> VariantSet:
    """Return the set in the file that *text* names, or the shipped one of an axis: `gender`, or `gender.de`."""
    from promptlib.fairness import VariantSet  # noqa: PLC0415 - help needs no fairness

    if Path(text).suffix in (".toml", ".json"):
        return VariantSet.read(text)
    axis, _, language = text.partition(".")
    return VariantSet.shipped(axis, language=language or "en")


def _measure(name: str, prompt: Prompt[Any], variants: VariantSet) -> Measure | PairMeasure:
    from promptlib import fairness  # noqa: PLC0415 - help needs no fairness

    if name == "outputs" and not prompt.outputs:
        _refuse("--measure", f"{prompt.name} declares no outputs to measure")
    found: dict[str, Callable[[], Measure | PairMeasure]] = {
        "outputs": lambda: fairness.Outputs(prompt.outputs),
        "words": fairness.Words,
        "characters": fairness.Characters,
        "refusals": lambda: fairness.Refusals(variants.language),
        "mentions": lambda: fairness.Mentions(variants.axis, variants.language),
        "overlap": fairness.Overlap,
        "readability": fairness.Readability,
    }
    if name not in found:
        _refuse("--measure", f"no measure {name!r}; measures: {', '.join(found)}")
    return found[name]()


def _field(pair: str) -> tuple[str, str]:
    name, mark, form = pair.partition("=")
    if not mark:
        _refuse("--field", f"{pair!r} has no =: write {pair}=FORM, a form of the set")
    return name, form


def _limits(thresholds: list[str], *, check: bool) -> dict[str, float]:
    if thresholds and not check:
        _refuse("--threshold", "a threshold is a part of --check: give both")
    return dict(map(_limit, thresholds))


def _limit(pair: str) -> tuple[str, float]:
    name, mark, most = pair.rpartition("=")
    try:
        limit = float(most)
    except ValueError:
        limit = -1.0
    if not mark or not 0 <= limit < float("inf"):
        _refuse("--threshold", f"{pair!r} is no threshold: write MEASURE=X, such as outputs.score=0.5; a rate as 0.1")
    return name, limit


def _refuse(option: str, what: str) -> NoReturn:
    raise typer.BadParameter(what, param_hint=option)


def _reports(store: Store, ref: str | Version) -> Iterator[Report]:
    from promptlib.fairness import Report  # noqa: PLC0415 - help needs no fairness

    for kept in store.reports(ref):
        yield Report.from_dict(kept.data, source=kept.path)


def _last(store: Store, ref: str) -> Report:
    from promptlib.errors import NotFound  # noqa: PLC0415 - help needs no errors

    found = list(_reports(store, ref))
    if not found:
        raise NotFound(
            f"{ref} has no report", hint=f"make one and keep it: promptlib vary {ref} --set … --with … --save"
        )
    return found[-1]


def _keep(store: Store, ref: str, report: Report, *, asked: bool) -> None:
    if not asked:
        return
    kept = store.keep_report(ref, report)
    emit([plain(f"Kept beside {report.ref}: {kept.path}", "dim")], stream=sys.stderr)


def _show_history(store: Store, name: str, *, json: bool) -> None:
    from promptlib.fairness import gaps  # noqa: PLC0415 - help needs no fairness

    measured = store.measured()
    told = [each for each in store.history(name) if each.digest in measured]
    found = gaps([(f"v{each.number}", report) for each in told for report in _reports(store, each)])
    if json:
        print_json("vary history", {"name": name, "gaps": [varying.gap_data(gap) for gap in found]})
    elif not found:
        emit([plain(f"no version of {name} has a report; vary … --save keeps one")], stream=sys.stderr)
    else:
        paged(varying.history(found, name))


def _tell(report: Report, html: Path | None, *, json: bool) -> None:
    if html is not None:
        write_page(html, report.to_html())
    if json:
        print_json("vary", {"report": report.to_dict()})
    elif html is None or str(html) != "-":
        emit(varying.rows(report))


def _judge(report: Report, limits: dict[str, float]) -> None:
    """Say what fails the check, and end with 1 for it; what nobody can conclude from fails nothing, and is told."""
    over = report.over(limits)
    for each in over:
        limit = limits.get(each.measure, 0.0)
        emit([plain(f"check: {varying.failing(each, limit)}", "bold red")], stream=sys.stderr)
    for each in report.unsettled:
        emit([plain(f"check: {varying.unsettled(each)}", "bold magenta")], stream=sys.stderr)
    if over:
        raise typer.Exit(DIFFERENT)
