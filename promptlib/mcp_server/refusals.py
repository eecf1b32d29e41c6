"""Errors in the words that a client may read: what is wrong and what to do, and nothing about this machine."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS

from promptlib import errors
from promptlib.columns import safe
from promptlib.mcp_server.shelf import IsChain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LOG = logging.getLogger("promptlib.mcp_server")

#: Characters of a text that a client did not ask for: more of it helps nobody.
LONGEST = 4_000
#: What the client can mend by asking otherwise. All else is wrong with the store, or with this program.
_ASKED_WRONG = (
    errors.BadRef,
    errors.NotFound,
    errors.InvalidInputs,
    errors.RenderFailed,
    errors.BudgetExceeded,
    errors.NumberMoved,
    IsChain,
)


def refusal(error: Exception, hidden: Iterable[str]) -> MCPError:
    """Return *error* as the protocol tells it; *hidden* are texts, such as paths, that no client is told."""
    code = INVALID_PARAMS if isinstance(error, _ASKED_WRONG) else INTERNAL_ERROR
    return MCPError(code, readable(error, hidden))


def readable(error: Exception, hidden: Iterable[str]) -> str:
    """Return the text of *error* for a client; what is no error of ours goes to the log, and only its kind is told."""
    if not isinstance(error, errors.PromptLibError):
        LOG.error("a request failed", exc_info=error)
        return f"promptlib failed on this request ({type(error).__name__}); what happened is in the log of the server"
    return shown("\n\n".join(_parts(error)), hidden)


def _parts(error: errors.PromptLibError) -> Iterator[str]:
    """Yield what and what next of *error* and of those found with it; of where only the line, for paths are ours."""
    where = error.where
    place = "" if where is None or where.line is None else f"at line {where.line}, column {where.column}: {where.text}"
    yield "\n".join(filter(None, [error.what, place, error.hint]))
    for other in error.others:
        yield from _parts(other)


def shown(text: str, hidden: Iterable[str] = ()) -> str:
    """Return *text* without the *hidden* parts, short, and with nothing in it that a terminal would obey."""
    for part in sorted(filter(None, hidden), key=len, reverse=True):
        text = text.replace(part, "…")
    cut = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return "\n".join(map(safe, cut.split("\n")))
