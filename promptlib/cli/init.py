"""`promptlib init`: a new store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from promptlib.cli.terminal import emit, plain


def init(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="An application's repository, or a new folder.")
    ] = Path(),
    *,
    bare: Annotated[bool, typer.Option("--bare", help="A store that stands alone, without a work tree.")] = False,
) -> None:
    """Make a store: prompts/ in an application's repository, or with --bare a repository of its own."""
    from promptlib import Store  # noqa: PLC0415 - help needs no store

    with Store.init(path, bare=bare) as store:
        there = "" if path == Path() else f" -C {path}"
        emit(
            [
                plain(f"{'bare store' if bare else 'store'} at {store.path.absolute()}"),
                plain(f"next: promptlib{there} save support/triage FILE.prompty -m 'First cut'", "dim"),
            ]
        )
