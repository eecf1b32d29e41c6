"""`promptlib ls`: the names that there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from promptlib.cli.asking import asked, moment
from promptlib.cli.options import At, Json
from promptlib.cli.terminal import aligned, on_terminal, paged, plain, print_json
from promptlib.cli.versions import age, described, number, short

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptlib import Version
    from promptlib.cli.terminal import Row
    from promptlib.store import View


def names(
    prefix: Annotated[str, typer.Argument(metavar="PREFIX", help="Only names that begin so.", show_default=False)] = "",
    *,
    at: At = "",
    json: Json = False,
) -> None:
    """List the names: with versions, labels and age for people, bare in a pipe."""
    with asked(at) as store:
        found = store.names(prefix)
        if json:
            told = [{"name": name, "version": _described(store, name)} for name in found]
            print_json("names", {"names": told, **moment(store)})
        elif on_terminal():
            paged(table(store, found))
        else:
            paged(plain(name) for name in found)


def table(store: View, found: Iterable[str]) -> list[Row]:
    """Return a row for each name: its newest version, labels and age."""
    return aligned([_row(name, _version(store, name)) for name in found])


def _row(name: str, version: Version | None) -> Row:
    if version is None:
        return ((name, "bold"),)
    return (
        (name, "bold"),
        (number(version), "bold yellow"),
        (short(version), "cyan"),
        (", ".join(version.labels), "bold green"),
        (age(version.time), "dim"),
    )


def _described(store: View, name: str) -> dict[str, object] | None:
    version = _version(store, name)
    return described(version) if version else None


def _version(store: View, name: str) -> Version | None:
    from promptlib import PromptLibError  # noqa: PLC0415 - help needs no store

    try:
        return store.version(name)
    except PromptLibError:
        return None  # a folder without history, or a file that no commit holds
