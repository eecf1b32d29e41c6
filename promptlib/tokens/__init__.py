"""Counting tokens and keeping budgets; importing this loads neither tiktoken nor a vocabulary."""

from __future__ import annotations

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
