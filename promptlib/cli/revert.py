"""`promptlib revert`: an older version becomes the newest again."""

from __future__ import annotations

from typing import Annotated

import typer

from promptlib.cli.options import Json, Message, Name
from promptlib.cli.terminal import emit, plain, print_json
from promptlib.cli.versions import described, heading, number


def revert(
    name: Name,
    version: Annotated[str, typer.Argument(metavar="VERSION", help="v3, a digest or a label.")],
    *,
    message: Message = "",
    json: Json = False,
) -> None:
    """Make an older version of NAME the newest again, byte for byte, as a new version on top."""
    from promptlib import Store  # noqa: PLC0415 - help needs no store

    with Store.open() as store:
        made = store.revert(name, version, message=message)
        if json:
            print_json("save", {"outcome": made.outcome, "version": described(made)})
        elif made.outcome == "unchanged":
            emit([plain(f"no change since {number(made)} ({made.short})")])
        else:
            emit([heading(made)])
