"""Arguments and options that several verbs share."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

from promptlib.cli import completing

SETTINGS = {"help_option_names": ["-h", "--help"]}
REF_HELP = "A prompt and which version: name, name@v3, name@production, name@latest, name#3f9c2a1b."

Name: TypeAlias = Annotated[
    str, typer.Argument(metavar="NAME", help="Such as support/triage.", autocompletion=completing.names)
]
Names: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME",
        help="The prompts; without any, all of the store.",
        autocompletion=completing.names,
        show_default=False,
    ),
]
Ref: TypeAlias = Annotated[str, typer.Argument(metavar="REF", help=REF_HELP, autocompletion=completing.refs)]
Message: TypeAlias = Annotated[
    str, typer.Option("-m", "--message", metavar="MESSAGE", help="Why: what the history will say.", show_default=False)
]
At: TypeAlias = Annotated[
    str,
    typer.Option(
        "--at",
        metavar="WHEN",
        help="As it was then: a time with its zone (2026-05-03 14:00+02:00), a commit, a tag or a branch.",
        autocompletion=completing.moments,
        show_default=False,
    ),
]
Since: TypeAlias = Annotated[
    str,
    typer.Option(
        "--since",
        metavar="WHEN",
        help="What REF was then is the older side.",
        autocompletion=completing.moments,
        show_default=False,
    ),
]
Tags: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--tag",
        metavar="TAG",
        help="Only prompts with this tag; may be given again.",
        show_default=False,
        autocompletion=completing.tags,
    ),
]
Inputs: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        metavar="NAME[:TYPE]",
        help="Only prompts with this input: ticket, ticket:string, or :image for any of that type; may be given again.",
        show_default=False,
    ),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
