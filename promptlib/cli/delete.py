"""`promptlib delete`: a prompt goes, its history stays."""

from __future__ import annotations

from promptlib.cli.options import Json, Message, Name
from promptlib.cli.terminal import emit, plain, print_json


def delete(name: Name, *, message: Message = "", json: Json = False) -> None:
    """Take the prompt NAME and its labels away; its versions stay in the history."""
    from promptlib import Store  # noqa: PLC0415 - help needs no store

    with Store.open() as store:
        newest = store.version(name)
        store.delete(name, message=message)
        if json:
            print_json("delete", {"name": name, "last": newest.ref})
            return
        emit([plain(f"{name} is deleted; its versions stay: promptlib log {name}")])
        emit([plain(f"bring it back: promptlib revert {name} v{newest.number}", "dim")])
