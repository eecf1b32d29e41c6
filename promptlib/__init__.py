"""Prompts as immutable, typed, versioned values."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from promptlib.errors import PromptLibError
from promptlib.messages import (
    File,
    Image,
    Message,
    Thread,
    ToolCall,
    assistant,
    developer,
    placeholder,
    system,
    tool,
    user,
)
from promptlib.prompt import Prompt
from promptlib.refs import Pin, Ref
from promptlib.segments import Segment
from promptlib.version import Version

if TYPE_CHECKING:
    from promptlib.rendering import RenderedPrompt
    from promptlib.store import Store
    from promptlib.tokens import Budget, TokenCount, TokenCounter, count_many, count_tokens, fit, truncate

__all__ = [
    "Budget",
    "File",
    "Image",
    "Message",
    "Pin",
    "Prompt",
    "PromptLibError",
    "Ref",
    "RenderedPrompt",
    "Segment",
    "Store",
    "Thread",
    "TokenCount",
    "TokenCounter",
    "ToolCall",
    "Version",
    "assistant",
    "count_many",
    "count_tokens",
    "developer",
    "fit",
    "placeholder",
    "system",
    "tool",
    "truncate",
    "user",
]

#: What needs git, the index or the tokenizer is imported when it is first asked for.
_HOMES = {
    "Budget": "promptlib.tokens",
    "RenderedPrompt": "promptlib.rendering",
    "Store": "promptlib.store",
    "TokenCount": "promptlib.tokens",
    "TokenCounter": "promptlib.tokens",
    "count_many": "promptlib.tokens",
    "count_tokens": "promptlib.tokens",
    "fit": "promptlib.tokens",
    "truncate": "promptlib.tokens",
}


def __getattr__(name: str) -> object:
    """Import the module of *name* and keep what it gives."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the late names too."""
    return sorted({*globals(), *__all__})
