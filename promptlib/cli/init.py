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
    refuse_secrets: Annotated[
        bool, typer.Option("--refuse-secrets", help="With --bare: never store a key or token of a known shape.")
    ] = False,
) -> None:
    """Make a store: prompts/ in an application's repository, or with --bare a repository of its own."""
    from promptlib import Store  # noqa: PLC0415 - help needs no store

    if refuse_secrets and not bare:
        raise typer.BadParameter(
            "in an application's repository pyproject.toml says it: [tool.promptlib] refuse_secrets = true",
            param_hint="--refuse-secrets",
        )
    with Store.init(path, bare=bare, refuse_secrets=refuse_secrets or None) as store:
        there = "" if path == Path() else f" -C {path}"
        emit(
            [
                plain(f"{'bare store' if bare else 'store'} at {store.path.absolute()}"),
                plain(f"next: promptlib{there} save support/triage FILE.prompty -m 'First cut'", "dim"),
            ]
        )
