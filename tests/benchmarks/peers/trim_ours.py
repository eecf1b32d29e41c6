"""promptlib's `fit`, of a process that knows no text yet, and `truncate`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from promptlib import Budget, truncate
from promptlib.tokens import EncodingCounter, fit, memo

from .trimming import ENCODING, Cutter, Trimmer, Watched

if TYPE_CHECKING:
    from .histories import Turn
    from .trimming import Kept

ENCODE = EncodingCounter.encode


class Conversation:
    """A list of messages, cut anew at each turn."""

    def __init__(self, turns: list[Turn], limit: int, watched: Watched, **words: Any) -> None:
        """Hold *turns*, and forget all counts of other conversations."""
        memo._counters.clear()
        self._turns = list(turns)
        self._watched = watched
        # With tool calls the number is an estimate, and a budget without margin is none.
        margin = int(any("tool_calls" in turn for turn in turns))
        self._budget = Budget(limit, margin=margin, **words)

    def kept(self) -> Kept:
        """Return what of it is sent."""

        def encode(counter: EncodingCounter, text: str, /) -> list[int]:
            self._watched.note(text)
            return ENCODE(counter, text)

        EncodingCounter.encode = encode  # type: ignore[method-assign] # what is encoded is what is measured
        try:
            kept = fit(self._turns, self._budget).messages
        finally:
            EncodingCounter.encode = ENCODE  # type: ignore[method-assign] # as it was
        places = {id(turn): number for number, turn in enumerate(self._turns)}
        return [(places[id(turn)], turn["content"]) for turn in kept]

    def add(self, turn: Turn) -> None:
        """Go on with one more message."""
        self._turns.append(turn)


TRIMMERS = (
    Trimmer("promptlib, fit", "promptlib", Conversation),
    Trimmer("promptlib, low water at 3/4", "promptlib", partial(Conversation, low_water=0.75)),
)
CUTTERS = (Cutter("promptlib, truncate", "promptlib", partial(truncate, encoding=ENCODING)),)
