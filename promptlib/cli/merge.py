"""`promptlib merge`: another line of commits comes into this one, prompt by prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from promptlib.cli.deciding import Edit, Ours, Theirs, deciding
from promptlib.cli.options import Json, Message
from promptlib.cli.terminal import emit, plain, print_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptlib.cli.terminal import Row
    from promptlib.store.merging.meeting import MergeResult


def merge(  # noqa: PLR0913 - what comes in, and how each kind of conflict is decided
    other: Annotated[
        str, typer.Argument(metavar="REF", help="A branch, a tag, a commit, or a remote's branch: origin/main.")
    ],
    *,
    ours: Ours = False,
    theirs: Theirs = False,
    edit: Edit = False,
    message: Message = "",
    unrelated: Annotated[bool, typer.Option("--unrelated", help="Put two stores together that never met.")] = False,
    json: Json = False,
) -> None:
    """Merge REF into this store: what one side changed is taken, what both changed is merged part by part."""
    from promptlib import Store  # noqa: PLC0415 - help needs no store

    with (
        Store.open() as store,
        deciding(store, ours=ours, theirs=theirs, edit=edit, kind="merge", json=json) as resolve,
    ):
        result = store.merge(other, resolve=resolve, message=message, unrelated=unrelated)
    if json:
        print_json("merge", result.to_dict())
    else:
        emit(_rows(result, other))


def _rows(result: MergeResult, other: str) -> Iterator[Row]:
    if result.outcome == "unchanged":
        yield plain(f"nothing new in {other}")
        return
    how = "went forward to" if result.outcome == "fast-forward" else "merged"
    yield ((f"{how} {other}: ", ""), (result.commit[:12], "cyan"))
    merged = set(result.merged)
    yield from listed("came in", (name for name in (*result.names, *result.labels) if name not in merged))
    yield from listed("put together", result.merged)
    yield from listed("decided", result.resolved)


def listed(what: str, names: Iterable[str]) -> Iterator[Row]:
    """Yield a row with *names* below *what* they are; nothing for none."""
    found = ", ".join(names)
    if found:
        yield ((f"  {what}: ", "dim"), (found, "bold"))
