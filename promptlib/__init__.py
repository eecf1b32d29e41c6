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
    from promptlib.chain import Chain, ChainRun, Step, constant, step
    from promptlib.rendering import RenderedPrompt
    from promptlib.store import Store
    from promptlib.tokens import Budget, TokenCount, TokenCounter, count_many, count_tokens, fit, truncate

__all__ = [
    "Budget",
    "Chain",
    "ChainRun",
    "File",
    "Image",
    "Message",
    "Pin",
    "Prompt",
    "PromptLibError",
    "Ref",
    "RenderedPrompt",
    "Segment",
    "Step",
    "Store",
    "Thread",
    "TokenCount",
    "TokenCounter",
    "ToolCall",
    "Version",
    "assistant",
    "constant",
    "count_many",
    "count_tokens",
    "developer",
    "fit",
    "placeholder",
    "step",
    "system",
    "tool",
    "truncate",
    "user",
]

#: What needs git, the index or the tokenizer, and what few use, is imported when it is first asked for.
_HOMES = {
    "Budget": "promptlib.tokens",
    "Chain": "promptlib.chain",
    "ChainRun": "promptlib.chain",
    "RenderedPrompt": "promptlib.rendering",
    "Step": "promptlib.chain",
    "Store": "promptlib.store",
    "TokenCount": "promptlib.tokens",
    "TokenCounter": "promptlib.tokens",
    "constant": "promptlib.chain",
    "count_many": "promptlib.tokens",
    "count_tokens": "promptlib.tokens",
    "fit": "promptlib.tokens",
    "step": "promptlib.chain",
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
