"""What counts tokens in the shell: an encoding, a model's own, or the tokenizer in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeAlias

import typer

if TYPE_CHECKING:
    from promptlib.tokens.counting import Counting

DEFAULT = "o200k_base"

Encoding: TypeAlias = Annotated[str, typer.Option(metavar="NAME", help="What counts: o200k_base or cl100k_base.")]
Model: TypeAlias = Annotated[
    str, typer.Option(metavar="NAME", help="Count as this model does, such as gpt-4o.", show_default=False)
]
Tokenizer: TypeAlias = Annotated[
    str,
    typer.Option(metavar="FILE", help="Count by a tokenizer.json of the package tokenizers.", show_default=False),
]


class Chosen(NamedTuple):
    """What counts, and what a chat adds around its messages."""

    counter: Counting
    profile: str


def chosen(encoding: str, model: str, tokenizer: str) -> Chosen:
    """Return what was asked for; at most one of the three may be said."""
    from promptlib.tokens.profiles import DEFAULT_PROFILE  # noqa: PLC0415 - help needs no tokens

    if (encoding != DEFAULT) + bool(model) + bool(tokenizer) > 1:
        raise typer.BadParameter("give one of --encoding, --model and --tokenizer")
    if tokenizer:
        return Chosen(_from_file(tokenizer), DEFAULT_PROFILE)
    if model:
        from promptlib.tokens import model as known  # noqa: PLC0415 - help needs no models

        found = known(model)
        return Chosen(found.encoding or found.counter, found.profile or DEFAULT_PROFILE)
    return Chosen(encoding, DEFAULT_PROFILE)


def _from_file(path: str) -> Counting:
    from promptlib.tokens import TokenizerCounter  # noqa: PLC0415 - help needs no tokens

    try:
        from tokenizers import Tokenizer  # noqa: PLC0415 - only who has such a file needs the package
    except ImportError as error:
        raise typer.BadParameter(
            "this needs the package tokenizers: pip install tokenizers", param_hint="--tokenizer"
        ) from error
    try:
        return TokenizerCounter(Tokenizer.from_file(path))
    except Exception as error:
        raise typer.BadParameter(f"{path} is no tokenizer file: {error}", param_hint="--tokenizer") from error
