"""A client of the official SDK, asked in one call: connect to a server in this process, do something, be gone."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import PromptReference

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mcp_types import Completion, GetPromptResult, ListPromptsResult

    from promptlib.store import View

T = TypeVar("T")

#: How clients talk: the revision of 2026, and the handshake of those before it.
MODES = ("auto", "legacy")


def ask(store: View, work: Callable[[Client], Awaitable[T]], *, mode: str = "auto", **options: Any) -> T:
    """Return what *work* returns, given a client of a server over *store*."""
    from promptlib.mcp_server import server

    async def main() -> T:
        # What the server does not expect would be raised here, and not be told to the client.
        async with Client(server(store, **options), mode=mode, raise_exceptions=True) as client:
            return await work(client)

    logging.getLogger("mcp").setLevel(logging.CRITICAL)
    return anyio.run(main)


def listed(store: View, **options: Any) -> ListPromptsResult:
    """Return the first page of the list."""
    return ask(store, lambda client: client.list_prompts(), **options)


def got(store: View, name: str, given: dict[str, str] | None = None, **options: Any) -> GetPromptResult:
    """Return what a client gets for the prompt *name* with the arguments *given*."""
    return ask(store, lambda client: client.get_prompt(name, given), **options)


def refused(store: View, name: str, given: dict[str, str] | None = None, **options: Any) -> MCPError:
    """Return the error that a client gets for the prompt *name*."""

    async def work(client: Client) -> MCPError:
        with pytest.raises(MCPError) as caught:
            await client.get_prompt(name, given)
        return caught.value

    return ask(store, work, **options)


def completed(
    store: View, name: str, argument: str, value: str = "", context: dict[str, str] | None = None, **options: Any
) -> Completion:
    """Return what *argument* of *name* can be."""

    async def work(client: Client) -> Completion:
        reference = PromptReference(name=name)
        found = await client.complete(reference, {"name": argument, "value": value}, context_arguments=context)
        return found.completion

    return ask(store, work, **options)


def texts(result: GetPromptResult) -> list[tuple[str, str]]:
    """Return role and text of each message."""
    return [
        (message.role, getattr(message.content, "text", f"<{message.content.type}>")) for message in result.messages
    ]
