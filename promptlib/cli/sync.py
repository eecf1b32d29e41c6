"""`promptlib sync`: this store and a remote come to the same commit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from promptlib.cli.deciding import Edit, Ours, Theirs, deciding
from promptlib.cli.merge import listed
from promptlib.cli.options import Json, Message
from promptlib.cli.terminal import emit, plain, print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.cli.terminal import Row
    from promptlib.store.merging.syncing import SyncResult


def sync(
    remote: Annotated[
        str | None,
        typer.Argument(
            metavar="REMOTE",
            help="Its name; else where this branch is published, or origin. STORE: is fetched, as fetch does.",
            show_default=False,
        ),
    ] = None,
    *,
    ours: Ours = False,
    theirs: Theirs = False,
    edit: Edit = False,
    message: Message = "",
    json: Json = False,
) -> None:
    """Fetch, merge and push, never by force: afterwards this store and the remote hold the same."""
    from promptlib import Store  # noqa: PLC0415 - help needs no store

    if remote is not None and remote.endswith(":"):
        from promptlib.cli.fetch import fetch  # noqa: PLC0415 - its names are completed by walking

        fetch([remote], everything=False, json=json)
        return
    with (
        Store.open() as store,
        deciding(store, ours=ours, theirs=theirs, edit=edit, kind="sync", json=json) as resolve,
    ):
        result = store.sync(remote, resolve=resolve, message=message)
    if json:
        print_json("sync", result.to_dict())
    else:
        emit(_rows(result))


def _rows(result: SyncResult) -> Iterator[Row]:
    place = f"{result.remote}/{result.branch}"
    if not result.fetched and not result.pushed:
        yield plain(f"nothing new, here or in {place}")
        return
    yield ((f"{place}: ", ""), (f"{_commits(result.fetched)} came, {_commits(result.pushed)} sent", "bold"))
    yield from listed("came in", result.theirs)
    yield from listed("went out", result.ours)
    yield from listed("decided", result.resolved)
    if result.commit:
        yield (("  merged in: ", "dim"), (result.commit[:12], "cyan"))


def _commits(count: int) -> str:
    return f"{count} commit{'' if count == 1 else 's'}"
