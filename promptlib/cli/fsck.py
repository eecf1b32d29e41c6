"""`promptlib fsck`: is what is stored what was stored?"""

from __future__ import annotations

import typer

from promptlib.cli.exits import DAMAGED
from promptlib.cli.options import Json
from promptlib.cli.terminal import aligned, emit, plain, print_json


def fsck(*, json: Json = False) -> None:
    """Verify objects, prompts, labels, includes and the index; exit code 5 when something is damaged."""
    from promptlib import Store  # noqa: PLC0415 - help needs no store

    with Store.open() as store:
        report = store.fsck()
    if json:
        print_json("fsck", report.to_dict())
    else:
        emit(aligned([((each.kind, "bold red"), (each.place, "bold"), (each.what, "")) for each in report.problems]))
        counts = f"{report.prompts} prompts, {report.labels} labels, {report.versions} versions"
        state = "all is well" if report.ok else f"{len(report.problems)} damaged"
        emit([plain(f"{counts}: {state}", "green" if report.ok else "bold red")])
    if not report.ok:
        raise typer.Exit(DAMAGED)
