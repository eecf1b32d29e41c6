"""What changed from one prompt to another: messages by words, inputs by what callers notice, and all the rest."""

from __future__ import annotations

from promptlib.diff.comparison import PromptDiff, Side, diff
from promptlib.diff.layout import Line, visible, word_lines
from promptlib.diff.rows import FieldChange, InputChange, MessageChange, Stretch

__all__ = [
    "FieldChange",
    "InputChange",
    "Line",
    "MessageChange",
    "PromptDiff",
    "Side",
    "Stretch",
    "diff",
    "visible",
    "word_lines",
]
