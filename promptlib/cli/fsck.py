"""`promptlib fsck`: is what is stored what was stored?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from promptlib.cli.exits import DAMAGED
from promptlib.cli.options import Json
from promptlib.cli.terminal import aligned, emit, plain, print_json

if TYPE_CHECKING:
    from promptlib.store import Problem, Report

Repair = Annotated[bool, typer.Option("--repair", help="Mend what can be mended. Nothing is ever deleted.")]


def fsck(*, repair: Repair = False, json: Json = False) -> None:
    """Verify objects, refs, prompts, labels, includes and the index; exit code 5 when something is damaged."""
    report = _report(repair=repair)
    if json:
        print_json("fsck", report.to_dict())
    else:
        _show(report)
    if not report.ok:
        raise typer.Exit(DAMAGED)


def _report(*, repair: bool) -> Report:
    from promptlib import Store  # noqa: PLC0415 - help needs no store
    from promptlib.errors import PromptLibError  # noqa: PLC0415 - help needs no store
    from promptlib.store.checking import examine_closed  # noqa: PLC0415 - help needs no store

    try:
        with Store.open() as store:
            return store.fsck(repair=repair)
    except PromptLibError as error:
        before = examine_closed(None, error, repair=repair)
        if before is None:
            raise
        if before.problems:
            return before
    with Store.open() as store:
        return store.fsck(repair=repair).after(before)


def _show(report: Report) -> None:
    for each in report.mended:
        emit(aligned([(("mended", "green"), (each.kind, ""), (each.place, "bold"), (each.what, ""))]))
    for each in report.problems:
        emit(aligned([((each.kind, "bold red"), (each.place, "bold"), (each.what, ""))]))
        emit([plain(f"    {words}") for words in _more(each)])
    for each in report.remarks:
        emit(aligned([(("note", "yellow"), (each.place, "bold"), (each.what, ""))]))
        emit([plain(f"    {words}") for words in _more(each)])
    counts = ", ".join(
        (_counted(report.prompts, "prompt"), _counted(report.labels, "label"), _counted(report.versions, "version"))
    )
    state = "all is well" if report.ok else f"{len(report.problems)} damaged"
    if report.mended:
        state = (
            f"{len(report.mended)} mended, {'all is well' if report.ok else f'{len(report.problems)} still damaged'}"
        )
    emit([plain(f"{counts}: {state}", "green" if report.ok else "bold red")])


def _more(problem: Problem) -> list[str]:
    rows = []
    if problem.readable:
        rows.append(f"still readable: {', '.join(problem.readable)}")
    if problem.copies:
        rows.append(f"a copy is left: {', '.join(problem.copies)}")
    if problem.remedy:
        rows.append(f"try: {problem.remedy}")
    return rows


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
