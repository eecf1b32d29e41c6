"""`promptlib save`: a file becomes the newest version of a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from promptlib.cli import describing
from promptlib.cli.options import Json, Message, Name
from promptlib.cli.terminal import emit, plain, print_json
from promptlib.cli.versions import described, heading, number, signed, source_tokens

if TYPE_CHECKING:
    from promptlib import Store
    from promptlib.chain import Stored


def save(
    name: Name,
    file: Annotated[
        str | None, typer.Argument(metavar="FILE|-", help="A .prompty file, or - for standard input.")
    ] = None,
    *,
    message: Message = "",
    description: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="What the prompt is for, in one line that finds it.", show_default=False),
    ] = None,
    expect: Annotated[
        str, typer.Option(metavar="VERSION", help="Save only when this is the newest version.", show_default=False)
    ] = "",
    json: Json = False,
) -> None:
    """Save a file as the newest version of NAME; without FILE, the edited file of an application's repository.

    A prompt without a description is saved, and told; at a terminal you are asked for one when the name is new.
    """
    from promptlib import Store  # noqa: PLC0415 - help needs no store

    with Store.open() as store:
        prompt, given = _given(file) if file is not None else (store.load_stored(name), store.file(name))
        before = _newest(store, name)
        prompt, data = describing.described(
            name, prompt, given, description, ask=not json and before is None and file != "-"
        )
        with describing.on_disk(store.file_path(name) if file is None else None, given, data):
            version = store.save(name, prompt, message=message, expect=expect or None, file=data)
        now = _newest(store, name) or prompt  # a chain's steps are at hand when it is loaded
        change = source_tokens(now) - (source_tokens(before) if before else 0)
        if json:
            told = {
                "outcome": version.outcome,
                "token_change": change,
                "described": describing.is_described(name, prompt),
            }
            print_json("save", {**told, "version": described(version)})
        elif version.outcome == "unchanged":
            emit([plain(f"no change since {number(version)} ({version.short})")])
        else:
            emit([(*heading(version), (f"  {signed(change)} tokens", ""))])
        if not json:
            describing.tell(name, prompt)


def _given(file: str) -> tuple[Stored, bytes]:
    from promptlib import codec  # noqa: PLC0415 - help needs no codec
    from promptlib.cli import files  # noqa: PLC0415 - beside it

    data, source = files.given(file)
    return codec.read_stored(data, source=source), data


def _newest(store: Store, name: str) -> Stored | None:
    from promptlib.errors import PromptLibError, raise_if_passing  # noqa: PLC0415 - help needs no store

    try:
        return store.load_stored(f"{name}@latest")
    except PromptLibError as error:
        raise_if_passing(error)
        return None  # a new name, or a newest version that cannot be read: there is nothing to compare with
