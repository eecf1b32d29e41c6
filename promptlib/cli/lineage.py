"""`promptlib lineage`: where a version came from, and what came of it."""

from __future__ import annotations

from typing import Annotated

import typer

from promptlib.cli.options import Json, Ref
from promptlib.cli.terminal import lines, paged, print_json


def lineage(
    ref: Ref,
    *,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Print a Mermaid flowchart.")] = False,
    json: Json = False,
) -> None:
    """Show where a version came from and what came of it: parents, renames, derivations, includes."""
    from promptlib import Store  # noqa: PLC0415 - help needs no store

    if mermaid and json:
        raise typer.BadParameter("give one of --mermaid and --json")
    with Store.open() as store:
        found = store.lineage(ref)
        if json:
            print_json("lineage", found.to_dict())
        else:
            paged(lines(found.mermaid() if mermaid else found.tree()))
