"""`promptlib review`: what a branch changes about prompts, for a pull request."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from promptlib.cli.exits import DIFFERENT
from promptlib.cli.options import Json
from promptlib.cli.terminal import print_json, write_exactly

LONGEST = 65_000


def review(
    commits: Annotated[
        str,
        typer.Argument(
            metavar="BASE..HEAD",
            help="Two commits, branches or tags; BASE...HEAD is what HEAD changed since it left BASE: a pull request.",
        ),
    ],
    *,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write to FILE instead of stdout.")
    ] = None,
    limit: Annotated[
        int, typer.Option(metavar="N", min=0, help="At most so many characters, as forges ask; 0 for all of it.")
    ] = LONGEST,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="End with 1 when anything about prompts changes, as git does.")
    ] = False,
    fail_on: Annotated[
        Literal["breaking"] | None,
        typer.Option("--fail-on", metavar="breaking", help="End with 1 when code that uses a prompt can fail."),
    ] = None,
    json: Json = False,
) -> None:
    """Print what commits change about prompts as Markdown for a pull request.

    What breaks callers or readers comes first; then the labels that move with the words that go live, each prompt with
    its changed words, tokens and who uses it, and the lineage as a picture. Only what is committed is looked at.
    """
    from promptlib import Store  # noqa: PLC0415 - help needs no store
    from promptlib.review import review as reviewed  # noqa: PLC0415 - beside it

    if json and output:
        raise typer.BadParameter("--json prints on stdout", param_hint="--output")
    with Store.open() as store:
        found = reviewed(store, commits)
    if json:
        print_json("review", {**found.to_dict(), "any": bool(found)})
    else:
        data = found.markdown(limit or None).encode()
        if output is None:
            write_exactly(data)
        else:
            output.write_bytes(data)
    if (exit_code and found) or (fail_on == "breaking" and found.breaking):
        raise typer.Exit(DIFFERENT)
