"""A store served to the clients of the Model Context Protocol: prompts with arguments, and two tools.

Nothing is ever written. What is listed and rendered is read at each request, so a client sees what was saved a moment
ago; each answer is of one moment of the store.
"""

from __future__ import annotations

from promptlib.errors import NotInstalled

try:
    from promptlib.mcp_server.serving import serve, server
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] not in ("mcp", "mcp_types", "anyio"):
        raise
    raise NotInstalled(
        "promptlib.mcp_server needs the package mcp, and it is not installed",
        hint="with promptlib, from its checkout: pip install '.[mcp]'; or beside it: pip install 'mcp>=2.3'",
    ) from error

__all__ = ["serve", "server"]
