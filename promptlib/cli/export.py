"""`promptlib export`: a prompt as a file for other tools."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from promptlib.cli.options import Json, Ref
from promptlib.cli.terminal import emit, plain, print_json, write_exactly


def export(
    ref: Ref,
    *,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write to FILE instead of stdout.")
    ] = None,
    json: Json = False,
) -> None:
    """Write a prompt as a file that other tools of Prompty read: without segments, and what it includes in place.

    Each thing that such a file cannot say is told on stderr, one line for each.
    """
    from promptlib import Store  # noqa: PLC0415 - help needs no store
    from promptlib.formats.prompty import portable  # noqa: PLC0415 - beside it

    with Store.open() as store:
        data, losses = portable(store.load(ref))
    if output is not None:
        output.write_bytes(data)
    if json:
        print_json("export", {"file": data.decode(), "losses": list(losses)})
        return
    emit([plain(f"lost: {loss}") for loss in losses], stream=sys.stderr)
    if output is None:
        write_exactly(data)
