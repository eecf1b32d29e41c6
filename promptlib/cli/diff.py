"""`promptlib diff`: what changed between two versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptlib.cli import completing
from promptlib.cli.exits import DIFFERENT
from promptlib.cli.options import Json
from promptlib.cli.terminal import paged, print_json

if TYPE_CHECKING:
    from promptlib import Prompt, Store


def diff(
    before: Annotated[str, typer.Argument(metavar="REF", help="Name or ref.", autocompletion=completing.refs)],
    after: Annotated[
        str | None, typer.Argument(metavar="REF", help="The newer one.", autocompletion=completing.refs)
    ] = None,
    *,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="End with 1 when there are differences, as git does.")
    ] = False,
    json: Json = False,
) -> None:
    """Show what changed: metadata, inputs (and what breaks callers), settings, and the words of each message.

    With one REF, its file on disk is compared with the newest version when it was edited; else the version with the
    one before it.
    """
    from promptlib import Store  # noqa: PLC0415 - help needs no store
    from promptlib.cli import differences  # noqa: PLC0415 - beside it
    from promptlib.diff import diff as compare  # noqa: PLC0415 - beside it

    with Store.open() as store:
        old, new = (store.load(before), store.load(after)) if after else _last_two(store, before)
        found = compare(old, new)
    if json:
        print_json("diff", {**found.to_dict(), "any": bool(found)})
    else:
        paged(differences.rows(found))
    if exit_code and found:
        raise typer.Exit(DIFFERENT)


def _last_two(store: Store, ref: str) -> tuple[Prompt[Any] | None, Prompt[Any]]:
    """Return the prompt that *ref* names and the one before it; None before the first."""
    new = store.load(ref)
    origin = new.origin
    if origin is None or origin.edited or not origin.commit:
        return _committed(store, new), new
    versions = store.history(new.name)
    at = max((at for at, each in enumerate(versions) if each.commit == origin.commit), default=len(versions) - 1)
    if at == 0:
        return None, new
    before = versions[at - 1]
    which = f"@v{before.number}" if before.number is not None else f"#{before.digest.removeprefix('sha256:')}"
    return store.load(f"{new.name}{which}"), new


def _committed(store: Store, prompt: Prompt[Any]) -> Prompt[Any] | None:
    from promptlib.errors import NotFound  # noqa: PLC0415 - help needs no errors

    try:
        return store.load(f"{prompt.name}@latest")
    except NotFound:
        return None  # a file that no commit holds: everything in it is new
