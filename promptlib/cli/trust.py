"""`promptlib trust`: a foreign prompt becomes one's own, for a reason."""

from __future__ import annotations

from typing import Annotated

import typer

from promptlib.cli.options import Json, Message, Name
from promptlib.cli.terminal import emit, plain, print_json
from promptlib.cli.versions import described, heading, number


def trust(
    name: Name,
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Who has read it, and what was looked at.")],
    expect: Annotated[
        str, typer.Option(metavar="VERSION", help="Only when this is the newest version.", show_default=False)
    ] = "",
    message: Message = "",
    json: Json = False,
) -> None:
    """Vouch for the newest version of NAME: its words were read here, and are no longer foreign."""
    from promptlib import Store  # noqa: PLC0415 - help needs no store

    with Store.open() as store:
        made = store.trust(name, reason=reason, expect=expect or None, message=message)
        if json:
            print_json("save", {"outcome": made.outcome, "version": described(made)})
        elif made.outcome == "unchanged":
            emit([plain(f"{name} is own already: {number(made)} ({made.short})")])
        else:
            emit([heading(made)])
