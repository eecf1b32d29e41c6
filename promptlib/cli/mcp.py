"""`promptlib mcp`: the store for clients of the Model Context Protocol, over standard input and output."""

from __future__ import annotations

import logging
import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from promptlib.cli import completing, counters
from promptlib.cli.terminal import emit, on_terminal, plain

if TYPE_CHECKING:
    from promptlib import Budget, Store


def mcp(
    *,
    label: Annotated[
        list[str] | None,
        typer.Option(
            "--label",
            metavar="LABEL",
            help="A bare name means the version with this label; latest is the newest. Repeat it for the next best.",
            show_default=False,
        ),
    ] = None,
    only: Annotated[
        str,
        typer.Option(
            metavar="PREFIX",
            help="Serve only names that begin so.",
            autocompletion=completing.names,
            show_default=False,
        ),
    ] = "",
    max_tokens: Annotated[
        int | None, typer.Option(metavar="N", help="Never answer with more than N tokens.", min=1)
    ] = None,
    margin: Annotated[
        int, typer.Option(metavar="N", help="Tokens that stay free because the count is an estimate.", min=0)
    ] = 0,
    encoding: counters.Encoding = counters.DEFAULT,
    model: counters.Model = "",
) -> None:
    """Serve the store to MCP clients over stdin and stdout: prompts, completion, search; nothing is written."""
    from promptlib import Store  # noqa: PLC0415 - help needs no store
    from promptlib.mcp_server import serve  # noqa: PLC0415 - help needs no server

    if (margin or model or encoding != counters.DEFAULT) and not max_tokens:
        raise typer.BadParameter("--margin, --encoding and --model say how --max-tokens counts: give it too")
    budget = _budget(max_tokens, margin, encoding, model) if max_tokens else None
    with Store.open() as store:
        _tell(store, only)
        logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="promptlib: %(message)s")
        # A thread waits for the client's next line, and only the system's own way to end interrupts it.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        serve(store, labels=label or (), only=only, budget=budget)


def _budget(max_tokens: int, margin: int, encoding: str, model: str) -> Budget:
    from promptlib import Budget  # noqa: PLC0415 - help needs no budget

    if model and encoding != counters.DEFAULT:
        raise typer.BadParameter("give one of --encoding and --model")
    if model:
        return Budget.for_model(model, max_tokens, margin=margin)
    return Budget(max_tokens, margin=margin, encoding=encoding)


def _tell(store: Store, only: str) -> None:
    """Say to a person who started it by hand what it waits for."""
    if not on_terminal(sys.stdin):
        return
    count = len(store.names(only))
    words = f"{count} prompt{'' if count == 1 else 's'} for an MCP client, which starts this command by itself."
    emit([plain(words, "dim"), plain("This terminal is no client: Ctrl-C ends it.", "dim")], stream=sys.stderr)
