"""`promptlib lock`: what every name and label is now, in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from promptlib.cli.options import Json, Names
from promptlib.cli.terminal import emit, plain, print_json


def lock(
    names: Names = None,
    *,
    labels_only: Annotated[
        bool, typer.Option("--labels-only", help="Lock labels alone: files may change until they are labelled.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write to FILE instead of promptlib.lock in the root."),
    ] = None,
    json: Json = False,
) -> None:
    """Write the digest of every name, label and include into promptlib.lock; `check --locked` tells what differs later.

    A lock that says the same already is not touched. A bare store has no folder for it: give -o FILE.
    """
    from promptlib import Store  # noqa: PLC0415 - help needs no store

    with Store.open() as store:
        made = store.lock(*(names or ()), labels_only=labels_only, path=output)
    if json:
        print_json("lock", made.to_dict())
        return
    counts = (("prompt", made.prompts), ("label", made.labels), ("include", made.includes))
    emit(
        [plain(", ".join(f"{len(each):,} {word}{'' if len(each) == 1 else 's'}" for word, each in counts) + " locked")]
    )
