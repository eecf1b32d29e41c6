"""What changed from one prompt to another: messages by words, inputs by what callers notice, and all the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.diff.comparison import PromptDiff, Side, diff
from promptlib.diff.layout import Line, visible, word_lines
from promptlib.diff.rows import FieldChange, IncludeChange, InputChange, MessageChange, Stretch
from promptlib.diff.steps import StepChange

if TYPE_CHECKING:
    from promptlib.diff.counts import DiffTokens, TokenChange

__all__ = [
    "DiffTokens",
    "FieldChange",
    "IncludeChange",
    "InputChange",
    "Line",
    "MessageChange",
    "PromptDiff",
    "Side",
    "StepChange",
    "Stretch",
    "TokenChange",
    "diff",
    "visible",
    "word_lines",
]


def __getattr__(name: str) -> object:
    """Import what counts tokens when it is first asked for: to compare two prompts needs no tokenizer."""
    if name not in ("DiffTokens", "TokenChange"):
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from promptlib.diff import counts  # noqa: PLC0415 - see above

    value: object = getattr(counts, name)
    globals()[name] = value
    return value
