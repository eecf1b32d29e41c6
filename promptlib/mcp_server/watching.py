"""Telling clients that the store has moved."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, PromptsListChanged

from promptlib.errors import PromptLibError
from promptlib.mcp_server.refusals import LOG

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mcp.server.session import ServerSession

#: Seconds between two looks at the store.
EVERY = 2.0
#: A look that takes long, because there are very many files, is followed by so many times as long a rest.
_REST = 50


@dataclass(slots=True)
class Watch:
    """Who is told when the list of prompts has changed.

    Clients of the revision of 2026 subscribe; those before it are told unasked, once they have said that they are
    ready.
    """

    bus: InMemorySubscriptionBus = field(default_factory=InMemorySubscriptionBus)
    sessions: list[ServerSession] = field(default_factory=list)

    def listening(self) -> ListenHandler:
        """Return what serves the subscriptions."""
        return ListenHandler(self.bus)

    async def tell(self) -> None:
        """Say to all that the list has changed."""
        await self.bus.publish(PromptsListChanged())
        for session in self.sessions:
            await session.send_prompt_list_changed()  # dropped in silence where the client is gone

    async def look(self, state: Callable[[], Awaitable[str]], every: float) -> None:
        """Ask for the *state* of the store again and again, for ever, and tell when it is another one."""
        known = await _asked(state)
        took = 0.0
        while True:
            await anyio.sleep(max(every, took * _REST))
            begun = anyio.current_time()
            found = await _asked(state)
            took = anyio.current_time() - begun
            if found != known:
                known = found
                await self.tell()


async def _asked(state: Callable[[], Awaitable[str]]) -> str:
    try:
        return await state()
    except PromptLibError as error:
        # The next request is told what is wrong; the server goes on, for the store may be mended.
        LOG.warning("the store cannot be read now: %s", error.what)
        return error.what
