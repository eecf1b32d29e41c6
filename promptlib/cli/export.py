"""`promptlib export`: a prompt as a file for other tools, or a store as one file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from promptlib.cli.options import SETTINGS, Json, Names, Ref
from promptlib.cli.terminal import emit, plain, print_json, write_exactly


class Formats(TyperGroup):
    """`export REF` is short for `export prompty REF`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's own signature
        """Put the format in where none is named."""
        if args and args[0] not in {*self.commands, *SETTINGS["help_option_names"]}:
            args = ["prompty", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="export",
    cls=Formats,
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings=SETTINGS,
)


@app.callback()
def formats() -> None:
    """Write a prompt as a file for other tools, or a store as one file; `export REF` is `export prompty REF`."""


@app.command("prompty")
def prompty(
    ref: Ref,
    *,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write to FILE instead of stdout.")
    ] = None,
    json: Json = False,
) -> None:
    """Write a prompt as a file that other tools of Prompty read: without segments, and what it includes in place.

    Each thing that such a file cannot say is told on stderr, one line for each.
    """
    from promptlib import Store  # noqa: PLC0415 - help needs no store
    from promptlib.formats.prompty import portable  # noqa: PLC0415 - beside it

    with Store.open() as store:
        data, losses = portable(store.load(ref))
    if output is not None:
        output.write_bytes(data)
    if json:
        print_json("export", {"file": data.decode(), "losses": list(losses)})
        return
    emit([plain(f"lost: {loss}") for loss in losses], stream=sys.stderr)
    if output is None:
        write_exactly(data)


@app.command("bundle")
def bundle(
    names: Names = None,
    *,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The bundle, such as prompts.bundle.")],
    labels_only: Annotated[
        bool, typer.Option("--labels-only", help="Only what is labelled: the words that are live.")
    ] = False,
    versions: Annotated[
        bool, typer.Option("--versions", help="Tell from which versions it was made, as name@v3#digest.")
    ] = False,
    json: Json = False,
) -> None:
    """Write current files and labels, with all they include, as one file that loads without git.

    The same content gives the same bytes on every machine. Store.open(FILE) reads it, and so does promptlib -C FILE.
    """
    from promptlib import Store  # noqa: PLC0415 - help needs no store

    with Store.open() as store:
        made = store.export_bundle(output, *(names or ()), labels_only=labels_only, versions=versions)
    if json:
        print_json("bundle", made.to_dict())
        return
    counts = (("prompt", made.lock.prompts), ("label", made.lock.labels), ("include", made.lock.includes))
    held = ", ".join(f"{len(each):,} {word}{'' if len(each) == 1 else 's'}" for word, each in counts)
    emit([((str(output), "bold"), (f": {held}, {made.size:,} bytes", "")), plain(made.digest, "cyan")])
