"""promptlib's `fit`, of a process that knows no text yet, and `truncate`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from promptlib import Budget, truncate
from promptlib.messages import Message
from promptlib.tokens import EncodingCounter, fit, memo

from .trimming import ENCODING, Cutter, Trimmer, Watched

if TYPE_CHECKING:
    from .histories import Turn
    from .trimming import Kept

ENCODE = EncodingCounter.encode


class Conversation:
    """A list of messages, cut anew at each turn."""

    def __init__(self, turns: list[Turn], limit: int, watched: Watched) -> None:
        """Hold *turns* as messages of ours, and forget all counts of other conversations."""
        memo._counters.clear()
        self._messages = [Message.of(turn) for turn in turns]
        self._watched = watched
        # With tool calls the number is an estimate, and a budget without margin is none.
        margin = int(any("tool_calls" in turn for turn in turns))
        self._budget = Budget(limit, margin=margin)

    def kept(self) -> Kept:
        """Return what of it is sent."""

        def encode(counter: EncodingCounter, text: str, /) -> list[int]:
            self._watched.note(text)
            return ENCODE(counter, text)

        EncodingCounter.encode = encode  # type: ignore[method-assign] # what is encoded is what is measured
        try:
            kept = fit(self._messages, self._budget).messages
        finally:
            EncodingCounter.encode = ENCODE  # type: ignore[method-assign] # as it was
        numbers = {id(message): number for number, message in enumerate(self._messages)}
        return [(numbers[id(message)], message.text) for message in kept]

    def add(self, turn: Turn) -> None:
        """Go on with one more message."""
        self._messages.append(Message.of(turn))


TRIMMERS = (Trimmer("promptlib", "promptlib", Conversation),)
CUTTERS = (Cutter("promptlib", "promptlib", partial(truncate, encoding=ENCODING)),)
