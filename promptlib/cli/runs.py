"""`promptlib runs`: what was rendered and sent, from the log that an application writes."""

from __future__ import annotations

import sys
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from promptlib.cli import completing
from promptlib.cli.options import Json
from promptlib.cli.terminal import WIDE, aligned, emit, on_terminal, paged, plain, print_json, width
from promptlib.cli.versions import described, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promptlib import Store
    from promptlib.cli.terminal import Row
    from promptlib.runs import Run, Runs, Skipped, UsedVersion

SHOWN = 50
MOST_SKIPPED = 5
#: For a content that the history does not hold, as in a lineage.
GONE = "not here"


class Asked(NamedTuple):
    """The runs that are asked for, and those among them that were of the ref itself, not only with it."""

    runs: Runs
    own: Runs | None


def runs(  # noqa: PLR0913 - one option for each condition
    ref: Annotated[
        str, typer.Argument(metavar="REF", help="Name or ref.", autocompletion=completing.refs, show_default=False)
    ] = "",
    *,
    output: Annotated[
        str, typer.Option(metavar="FILE|-", help="Only runs that answered with exactly this text.", show_default=False)
    ] = "",
    since: Annotated[
        str, typer.Option(metavar="TIME", help="Only runs from this time on, with its zone (2026-05-03 14:00+02:00).")
    ] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="Only runs before this time.")] = "",
    versions: Annotated[bool, typer.Option("--versions", help="Show which versions ran, not each run.")] = False,
    texts: Annotated[bool, typer.Option("--texts", help="With --json: texts too, where they were logged.")] = False,
    most: Annotated[int, typer.Option("-n", metavar="N", help="Show at most N; 0 shows all.", min=0)] = SHOWN,
    file: Annotated[
        str, typer.Option(metavar="LOG", help="Another log, such as one that was moved away.", show_default=False)
    ] = "",
    json: Json = False,
) -> None:
    """Show what was rendered and sent, newest first, from the log that an application writes with `store.runs`.

    A version counts as used when it ran and when what ran included it; a label when it was asked for, whatever it
    pointed at then.
    """
    skipped: list[Skipped] = []
    store = _store(file)
    try:
        asked = _asked(store, file, ref)
        if output:
            asked = asked._replace(runs=asked.runs.producing(*_given(output)))
        asked = asked._replace(runs=asked.runs.between(since or None, until or None))
        if versions:
            _show_versions(asked.runs, skipped, json=json)
        else:
            _show(asked, most, skipped, json=json, texts=texts)
    finally:
        if store is not None:
            store.close()
    if not json:
        _tell(skipped)


def _show(asked: Asked, most: int, skipped: list[Skipped], *, json: bool, texts: bool) -> None:
    newest: deque[Run] = deque(maxlen=most or None)
    count = 0
    for run in asked.runs.read(skipped.append):
        newest.append(run)
        count += 1
    shown = list(reversed(newest))
    if json:
        document = {"file": str(asked.runs.path), "count": count, "runs": [_as_json(run, texts=texts) for run in shown]}
        print_json("runs", document | _skipped_json(skipped))
    else:
        paged(rows(shown, count, asked))


def _store(file: str) -> Store | None:
    """Return the store here; a log that is named by its file can be read without one."""
    from promptlib import Store  # noqa: PLC0415 - help needs no store
    from promptlib.errors import NotAStore  # noqa: PLC0415 - beside it

    try:
        return Store.open()
    except NotAStore:
        if not file:
            raise
        return None


def _asked(store: Store | None, file: str, ref: str) -> Asked:
    from promptlib.refs import Ref  # noqa: PLC0415 - help needs no refs
    from promptlib.runs import RunLog  # noqa: PLC0415 - beside it

    log: Runs = RunLog(file) if store is None else store.runs.in_file(file) if file else store.runs
    if not ref:
        return Asked(log, None)
    if not ref.startswith("sha256:") and Ref.parse(ref).label:
        return Asked(log.of(ref), None)
    return Asked(log.with_version(ref), log.of(ref))


def _given(output: str) -> tuple[bytes, ...]:
    """An editor ends a file with a newline, which the model did not say."""
    from promptlib.cli import files  # noqa: PLC0415 - help needs no files

    data, _ = files.given(output)
    return data, data.removesuffix(b"\n")


def rows(shown: Sequence[Run], count: int, asked: Asked) -> Iterator[Row]:
    """Yield a row for each run; behind it what it included, when that is why it is here."""
    if not shown:
        yield plain(f"no runs in {asked.runs.path}" if not count else f"{count:,} runs", "dim")
        return
    facts, more = [_facts(run, asked.runs) for run in shown], [_more(run, asked.own) for run in shown]
    if not on_terminal() or width() >= WIDE:
        whole = zip(facts, more, shown, strict=True)
        yield from aligned([(*fact, *rest, (run.id, "dim")) for fact, rest, run in whole], right=(4,))
    else:
        for row, rest in zip(aligned(facts), more, strict=True):
            yield row
            if told := "  ".join(text for text, _ in rest if text):
                yield plain(f"  {told}", "dim")
    if count > len(shown):
        yield plain(f"… {count - len(shown):,} earlier; -n 0 shows all", "dim")


def _facts(run: Run, log: Runs) -> Row:
    which = _which(run, log)
    return (
        (moment(run.time), "dim"),
        (run.name or "(not stored)", "bold"),
        (f"{which} ({run.digest[7:15]})", "bold red" if which == GONE else "yellow"),
        (run.label, "bold green"),
    )


def _more(run: Run, own: Runs | None) -> Row:
    """Return what stands in a row of its own where there is not much room."""
    return (
        ("" if run.tokens is None else f"{run.tokens:,} tokens", ""),
        (run.model, ""),
        (", ".join(_met(run, own)) if own is not None else "", "magenta"),
    )


def _met(run: Run, own: Runs) -> Iterator[str]:
    """Yield `with support/style` for each included content that is the one asked for, unless the run's own is."""
    if run in own:
        return
    for pin in run.included():
        # A run of the included content alone, to ask whether that is what was asked for.
        if replace(run, name=pin.name, digest=pin.digest, includes=()) in own:
            yield f"with {pin.name or pin.digest[7:15]}"


def _which(run: Run, log: Runs) -> str:
    """Return the number as the history has it now; without one, as it was logged."""
    if run.edited:
        return "edited"
    if not log.numbered or not run.name:
        return "v?" if run.number is None else f"v{run.number}"
    version = log.version(run)
    return number(version) if version else GONE


def moment(time: datetime) -> str:
    """Return *time* as people read it: UTC, to the second."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def _show_versions(chosen: Runs, skipped: list[Skipped], *, json: bool) -> None:
    used = chosen.versions(skipped.append)
    if json:
        document = {"file": str(chosen.path), "versions": [_version_json(each) for each in reversed(used)]}
        print_json("run-versions", document | _skipped_json(skipped))
        return
    gone = GONE if chosen.numbered else "v?"
    found: list[Row] = [
        (
            (each.name or "(not stored)", "bold"),
            (
                number(each.version) if each.version else gone if each.name else "",
                "yellow" if each.version else "bold red",
            ),
            (f"({each.digest[7:15]})", "cyan"),
            (", ".join(each.version.labels) if each.version else "", "bold green"),
            (f"{each.runs:,} run{'' if each.runs == 1 else 's'}", ""),
            (" to ".join(dict.fromkeys((moment(each.first), moment(each.last)))), "dim"),
        )
        for each in reversed(used)
    ]
    paged(aligned(found, right=(4,)) if found else [plain(f"no runs in {chosen.path}", "dim")])


def _version_json(used: UsedVersion) -> dict[str, object]:
    return {
        "name": used.name,
        "digest": used.digest,
        "runs": used.runs,
        "first": used.first.isoformat(),
        "last": used.last.isoformat(),
        "version": described(used.version) if used.version else None,
    }


def _as_json(run: Run, *, texts: bool) -> dict[str, object]:
    told = run.to_dict()
    return {key: value for key, value in told.items() if texts or key not in {"messages", "output"}}


def _skipped_json(skipped: list[Skipped]) -> dict[str, object]:
    return {"skipped": [{"line": each.line, "why": each.why} for each in skipped]}


def _tell(skipped: list[Skipped]) -> None:
    """Name the lines that are no runs, beside the table."""
    if skipped:
        more = f"; and {len(skipped) - MOST_SKIPPED:,} more" if len(skipped) > MOST_SKIPPED else ""
        told = "; ".join(map(str, skipped[:MOST_SKIPPED]))
        emit([plain(f"skipped {told}{more}", "yellow")], stream=sys.stderr)
