"""Counting tokens and keeping budgets; importing this loads neither tiktoken nor a vocabulary."""

from __future__ import annotations

from promptlib.tokens.budget import Budget, BudgetReport, MessageTokens
from promptlib.tokens.chat import PROFILES, ChatProfile, count_messages
from promptlib.tokens.counting import count_tokens, counter
from promptlib.tokens.counts import Exactness, MessageCounter, TokenCount, TokenCounter
from promptlib.tokens.truncation import truncate
from promptlib.tokens.vocabulary import BUNDLED, EncodingCounter, encoding

__all__ = [
    "BUNDLED",
    "PROFILES",
    "Budget",
    "BudgetReport",
    "ChatProfile",
    "EncodingCounter",
    "Exactness",
    "MessageCounter",
    "MessageTokens",
    "TokenCount",
    "TokenCounter",
    "count_messages",
    "count_tokens",
    "counter",
    "encoding",
    "truncate",
]
