"""`promptlib fetch`: texts that a partial clone has left at its remote, and stores at an address."""

from __future__ import annotations

from typing import Annotated

import typer

from promptlib.cli import completing
from promptlib.cli.options import Json
from promptlib.cli.terminal import emit, plain, print_json


def fetch(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...",
            help="Texts of these names with what they include. STORE: is another store of the settings, STORE:NAME "
            "texts of a name in it. Without any: every text that is missing here.",
            show_default=False,
            autocompletion=completing.fetched,
        ),
    ] = None,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="All texts of STORE: too, not only the current ones.")
    ] = False,
    json: Json = False,
) -> None:
    """Fetch what is left at a remote: missing texts of a partial clone, or another store."""
    from promptlib import Store  # noqa: PLC0415 - help needs no store

    with Store.open() as store:
        found = store.fetch(*(names or ()), texts=everything)
    if json:
        about: dict[str, object] = {"store": found.store or None, "commit": found.commit or None}
        print_json("fetched", {**about, "texts": found.texts, "talks": found.talks})
    else:
        emit([plain(str(found) if found.texts or found.store else "no text is missing")])
