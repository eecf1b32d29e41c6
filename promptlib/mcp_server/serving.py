"""The server: which request is answered by what."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.to_thread
from mcp.server import NotificationOptions, Server
from mcp.server.caching import CacheHint
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    CompleteRequestParams,
    CompleteResult,
    GetPromptRequestParams,
    GetPromptResult,
    ListPromptsResult,
    ListToolsResult,
    NotificationParams,
    PaginatedRequestParams,
    PromptReference,
)

from promptlib.mcp_server import tools
from promptlib.mcp_server.answering import Answers
from promptlib.mcp_server.completing import completion
from promptlib.mcp_server.refusals import LOG, refusal
from promptlib.mcp_server.shelf import LATEST, Shelf
from promptlib.mcp_server.watching import EVERY, Watch
from promptlib.refs import check_label

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from mcp.server.context import ServerRequestContext

    from promptlib.store import View
    from promptlib.tokens import Budget

T = TypeVar("T")

_INSTRUCTIONS = (
    "Prompts of a versioned store. Each prompt is listed with its arguments; a version of it is asked for by "
    "name@v3, name@production or name@latest, or by the argument _version. To find one by what it is for, call "
    "search_prompts; to fill one in, get it as a prompt or call render_prompt. System and developer texts are put "
    "before the first text of the user, because a prompt of this protocol has no such roles; render_prompt keeps them."
)
_HOUR = 3_600_000


def serve(store: View, *, labels: Iterable[str] = (), only: str = "", budget: Budget | None = None) -> None:
    """Serve *store* over standard input and output until the client closes them; see `server`.

    While it runs nothing but the protocol is written to standard output.
    """
    served = server(store, labels=labels, only=only, budget=budget)
    try:
        anyio.run(_over_stdio, served)
    except* BrokenPipeError:
        LOG.debug("the client has gone without a word")


async def _over_stdio(served: Server[Turns]) -> None:
    async with stdio_server() as (reading, writing):
        options = served.create_initialization_options(NotificationOptions(prompts_changed=True))
        await served.run(reading, writing, options)


def server(
    store: View, *, labels: Iterable[str] = (), only: str = "", budget: Budget | None = None, every: float = EVERY
) -> Server[Any]:
    """Return a server of the official SDK over *store*, for any of its transports.

    A bare name means the version of the first of *labels* that it has, where `latest` is the newest; prompts without
    any are not listed. Without labels it means what `store.load` makes of it. Names that do not begin with *only* are
    not served. Every rendering keeps *budget*. *every* so many seconds the store is looked at, and clients are told
    when it has moved. Raises `BadRef` for what can be no label.
    """
    shelf = Shelf(store, tuple(each if each == LATEST else check_label(each) for each in labels), only, budget)
    return _Handlers(Answers(shelf), Watch(), every).server()


@dataclass(frozen=True, slots=True)
class Turns:
    """Requests of all clients, one at a time in a thread: the event loop is free, and git's children are few."""

    limiter: anyio.CapacityLimiter
    shelf: Shelf

    async def take(self, work: Callable[[], T]) -> T:
        """Return what *work* returns of the store at one moment; what it raises is told as the protocol does."""
        try:
            return await self.run(partial(self.shelf.at_one_moment, work))
        except MCPError:
            raise
        except Exception as error:
            raise refusal(error, self.shelf.hidden()) from error

    async def run(self, work: Callable[[], T]) -> T:
        """Return what *work* returns, in its turn."""
        return await anyio.to_thread.run_sync(work, limiter=self.limiter)


@dataclass(frozen=True, slots=True)
class _Handlers:
    answers: Answers
    watch: Watch
    every: float

    def server(self) -> Server[Turns]:
        found = Server(
            "promptlib",
            version=_installed(),
            title="Prompts",
            instructions=_INSTRUCTIONS,
            cache_hints={"tools/list": CacheHint(_HOUR, "public")},
            lifespan=self._lifespan,
            on_list_prompts=self._list_prompts,
            on_get_prompt=self._get_prompt,
            on_completion=self._complete,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_subscriptions_listen=self.watch.listening(),
        )
        found.add_notification_handler("notifications/initialized", NotificationParams, self._initialized)
        return found

    @asynccontextmanager
    async def _lifespan(self, _: Server[Turns]) -> AsyncIterator[Turns]:
        turns = Turns(anyio.CapacityLimiter(1), self.answers.shelf)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.watch.look, partial(turns.run, self.answers.shelf.store.state), self.every)
            yield turns
            tasks.cancel_scope.cancel()

    async def _initialized(self, context: ServerRequestContext[Turns, Any], _: NotificationParams) -> None:
        self.watch.sessions.append(context.session)

    async def _list_prompts(
        self, context: ServerRequestContext[Turns, Any], asked: PaginatedRequestParams | None
    ) -> ListPromptsResult:
        cursor = asked.cursor if asked else None
        return await context.lifespan_context.take(partial(self.answers.page, cursor))

    async def _get_prompt(
        self, context: ServerRequestContext[Turns, Any], asked: GetPromptRequestParams
    ) -> GetPromptResult:
        given = asked.arguments or {}
        work = partial(self.answers.prompt, asked.name, given, context.protocol_version)
        return await context.lifespan_context.take(work)

    async def _complete(
        self, context: ServerRequestContext[Turns, Any], asked: CompleteRequestParams
    ) -> CompleteResult:
        if not isinstance(asked.ref, PromptReference):
            raise MCPError(INVALID_PARAMS, "this server has prompts and no resources: complete with ref/prompt")
        given = (asked.context.arguments if asked.context else None) or {}
        work = partial(completion, self.answers.shelf, asked.ref.name, asked.argument.name, asked.argument.value, given)
        return CompleteResult(completion=await context.lifespan_context.take(work))

    async def _list_tools(self, *_: object) -> ListToolsResult:
        return ListToolsResult(tools=list(tools.TOOLS))

    async def _call_tool(
        self, context: ServerRequestContext[Turns, Any], asked: CallToolRequestParams
    ) -> CallToolResult:
        work = partial(tools.call, self.answers, asked.name, asked.arguments or {})
        return await context.lifespan_context.take(work)


def _installed() -> str:
    try:
        return version("promptlib")
    except PackageNotFoundError:
        return "from a checkout"
