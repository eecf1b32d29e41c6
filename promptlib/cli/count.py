"""`promptlib count`: tokens, offline and exact."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from promptlib.cli import completing
from promptlib.cli.options import Json
from promptlib.cli.terminal import aligned, emit, print_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptlib import TokenCount
    from promptlib.cli.terminal import Row


def count(
    what: Annotated[
        str,
        typer.Argument(
            metavar="REF|FILE|-",
            help="A prompt of the store, any file, or - for standard input.",
            autocompletion=completing.refs,
        ),
    ] = "-",
    *,
    encoding: Annotated[str, typer.Option(metavar="NAME", help="o200k_base or cl100k_base.")] = "o200k_base",
    json: Json = False,
) -> None:
    """Count tokens: of a prompt's messages as they are written, values apart, or of a text."""
    from promptlib import count_tokens  # noqa: PLC0415 - help needs no vocabulary

    counts = [(role, count_tokens(text, encoding=encoding)) for role, text in _texts(what)]
    total = sum((number for _, number in counts[1:]), counts[0][1])
    if json:
        print_json("count", _as_json(what, counts, total))
    elif len(counts) == 1:
        emit([_total(total)])
    else:
        emit([*aligned([_row(role, number) for role, number in counts], right=(1,)), _total(total)])


def _texts(what: str) -> list[tuple[str, str]]:
    """Return (role, text) of each message of a prompt, or the one text of a file."""
    from promptlib import Store  # noqa: PLC0415 - a file needs no store
    from promptlib.cli import files  # noqa: PLC0415 - beside it
    from promptlib.cli.show import role_of  # noqa: PLC0415 - beside it

    if what == files.STANDARD_INPUT or Path(what).is_file():
        data, source = files.given(what)
        try:
            return [("", data.decode())]
        except UnicodeDecodeError as error:
            raise typer.BadParameter(f"{source} is no UTF-8 text: byte {error.start}") from error
    with Store.open() as store:
        return [(" ".join(filter(None, role_of(piece))), piece.text) for piece in store.load(what).messages]


def _row(role: str, number: TokenCount) -> Row:
    return ((f"  {role}", "magenta"), (f"{number:,}", ""))


def _total(total: TokenCount) -> Row:
    return ((f"{total:,} tokens", "bold"), (f" ({total.exactness}, {total.engine})", "dim"))


def _as_json(what: str, counts: Iterable[tuple[str, TokenCount]], total: TokenCount) -> dict[str, object]:
    return {
        "of": what,
        "total": int(total),
        "exactness": total.exactness,
        "engine": total.engine,
        "messages": [{"role": role, "tokens": int(number)} for role, number in counts if role],
    }
