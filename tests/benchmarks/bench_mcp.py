"""Answers to clients of the Model Context Protocol, over a server of the same SDK that has them ready."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio.from_thread
from mcp import Client
from mcp.server import Server
from mcp_types import PromptReference
from pydantic import BaseModel

from promptlib import Prompt, Store, system, user
from promptlib.mcp_server import server

from .measure import Figure, figure, paired

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from anyio.from_thread import BlockingPortal

PROMPTS = int(os.environ.get("PROMPTLIB_PROMPTS", "10000"))
#: Long enough that no look at the store falls into a turn.
NEVER = 3_600.0
NAME = "many/p00042"


class Reply(BaseModel):
    """What each prompt takes."""

    ticket: str
    times: int = 1


def figures() -> Iterator[Figure]:
    """Yield what this module measures."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        store = stack.enter_context(Store.init(Path(folder) / "prompts.git", bare=True))
        with store.transaction("Many") as transaction:
            for at in range(PROMPTS):
                text = f"You answer as number {at}, {{{{ times }}}} times. " + "Be kind to whoever asks. " * 40
                prompt = Prompt.define(Reply, system(text), user("{{ ticket }}"), description=f"The {at}th")
                transaction.save(f"many/p{at:05}", prompt)
        store.label(NAME, "production", "v1")
        portal = stack.enter_context(anyio.from_thread.start_blocking_portal())
        ours = stack.enter_context(portal.wrap_async_context_manager(_client(server(store, every=NEVER))))
        for what, reach, ask in _asked():
            ready = stack.enter_context(portal.wrap_async_context_manager(_client(_ready(portal, ours, ask))))
            floor = "a server of the SDK that has it ready"
            yield figure(what, floor, reach, paired(partial(portal.call, ask, ours), partial(portal.call, ask, ready)))


def _asked() -> Iterator[tuple[str, float, Callable[[Client], Any]]]:
    given = {"ticket": "My parcel is late. " * 20, "times": "3"}
    version = {"name": "_version", "value": ""}
    yield f"MCP: one of {PROMPTS:,} prompts, filled in", 6, lambda client: client.get_prompt(NAME, given)
    yield "MCP: a page of 250 of them", 12, lambda client: client.list_prompts()
    yield "MCP: the versions of one", 6, lambda client: client.complete(PromptReference(name=NAME), version)


def _client(served: Server[Any]) -> Client:
    return Client(served, cache=None)


def _ready(portal: BlockingPortal, ours: Client, ask: Callable[[Client], Any]) -> Server[Any]:
    """Return a server whose one answer is what *ours* says to *ask*."""
    answer = portal.call(ask, ours)

    async def say(*_: object) -> Any:
        return answer

    return Server("ready", on_get_prompt=say, on_list_prompts=say, on_completion=say)
