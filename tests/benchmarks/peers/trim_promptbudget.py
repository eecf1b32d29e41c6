"""promptbudget's `pack_chat`, which drops the oldest messages, and its own cut of a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptbudget import Message, pack_chat
from promptbudget.tokenizers import TiktokenTokenizer

from .trimming import ENCODING, Cutter, Trimmer, Watched

if TYPE_CHECKING:
    from .histories import Turn
    from .trimming import Kept

#: What a chat puts around a message, and at its end.
PER_MESSAGE, REPLY = 4, 3


class Conversation:
    """A list of messages, cut anew at each turn."""

    def __init__(self, turns: list[Turn], limit: int, watched: Watched) -> None:
        """Hold *turns*; calls have no place in its messages."""
        self._system, self._limit, self._watched = turns[0]["content"], limit, watched
        self._history: list[Message] = []
        for turn in turns[1:]:
            self.add(turn)

    def kept(self) -> Kept:
        """Return what of it is sent."""
        found = pack_chat(
            self._history,
            budget=self._limit,
            reserved_output=REPLY,
            system=self._system,
            tokenizer=self._watched.count,
            tokens_per_message=PER_MESSAGE,
        )
        return [(each.metadata.get("number", 0), each.content) for each in found.messages]

    def add(self, turn: Turn) -> None:
        """Go on with one more message."""
        number = {"number": len(self._history) + 1}
        self._history.append(Message(turn["role"], turn["content"], metadata=number))


TRIMMERS = (Trimmer("promptbudget", "promptbudget", Conversation, tools=False),)
CUTTERS = (Cutter("promptbudget", "promptbudget", TiktokenTokenizer(encoding_name=ENCODING).truncate),)
