"""`promptlib rename`: another name for the same history."""

from __future__ import annotations

from typing import Annotated

import typer

from promptlib.cli.options import Json, Message, Name
from promptlib.cli.terminal import emit, print_json
from promptlib.cli.versions import described, heading


def rename(
    name: Name,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The new name.")],
    *,
    message: Message = "",
    json: Json = False,
) -> None:
    """Give the prompt NAME the name NEW, with its labels; its history counts on."""
    from promptlib import Store  # noqa: PLC0415 - help needs no store

    with Store.open() as store:
        version = store.rename(name, new, message=message)
        if json:
            print_json("rename", {"old": name, "version": described(version)})
        else:
            emit([((f"{name} is now ", ""), *heading(version))])
