"""Counting tokens and keeping budgets; importing this loads neither tiktoken nor a vocabulary."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from promptlib.tokens.budget import Budget, Fit
    from promptlib.tokens.chat import count_messages
    from promptlib.tokens.conversations import Fitted, fit
    from promptlib.tokens.counting import count_tokens, counter
    from promptlib.tokens.counts import Exactness, MessageCounter, TokenCount, TokenCounter
    from promptlib.tokens.estimates import EstimatingCounter
    from promptlib.tokens.memo import count_many
    from promptlib.tokens.models import MODELS, Model, counter_for, model
    from promptlib.tokens.profiles import PROFILES, ChatProfile
    from promptlib.tokens.report import BudgetReport, Explanation, MessageTokens, SegmentTokens
    from promptlib.tokens.tokenizer import TokenizerCounter
    from promptlib.tokens.truncation import truncate
    from promptlib.tokens.vocabulary import BUNDLED, EncodingCounter, encoding
    from promptlib.tokens.worst import Share, Unbounded, WorstCase

__all__ = [
    "BUNDLED",
    "MODELS",
    "PROFILES",
    "Budget",
    "BudgetReport",
    "ChatProfile",
    "EncodingCounter",
    "EstimatingCounter",
    "Exactness",
    "Explanation",
    "Fit",
    "Fitted",
    "MessageCounter",
    "MessageTokens",
    "Model",
    "SegmentTokens",
    "Share",
    "TokenCount",
    "TokenCounter",
    "TokenizerCounter",
    "Unbounded",
    "WorstCase",
    "count_many",
    "count_messages",
    "count_tokens",
    "counter",
    "counter_for",
    "encoding",
    "fit",
    "model",
    "truncate",
]

#: Each name's room is opened when it is first asked for: who counts a text needs nothing of what fits a prompt.
_HOMES = {
    "BUNDLED": "vocabulary",
    "Budget": "budget",
    "BudgetReport": "report",
    "ChatProfile": "profiles",
    "EncodingCounter": "vocabulary",
    "EstimatingCounter": "estimates",
    "Exactness": "counts",
    "Explanation": "report",
    "Fit": "budget",
    "Fitted": "conversations",
    "MODELS": "models",
    "MessageCounter": "counts",
    "MessageTokens": "report",
    "Model": "models",
    "PROFILES": "profiles",
    "SegmentTokens": "report",
    "Share": "worst",
    "TokenCount": "counts",
    "TokenCounter": "counts",
    "TokenizerCounter": "tokenizer",
    "Unbounded": "worst",
    "WorstCase": "worst",
    "count_many": "memo",
    "count_messages": "chat",
    "count_tokens": "counting",
    "counter": "counting",
    "counter_for": "models",
    "encoding": "vocabulary",
    "fit": "conversations",
    "model": "models",
    "truncate": "truncation",
}


def __getattr__(name: str) -> object:
    """Import the room of *name* and keep what it gives."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
