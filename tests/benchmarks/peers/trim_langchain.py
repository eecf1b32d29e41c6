"""LangChain's `trim_messages`, with the counter of its guide and with its own estimate, and its splitter by tokens."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, ToolMessage, convert_to_messages, trim_messages
from langchain_text_splitters import TokenTextSplitter

from .trimming import ENCODING, Cutter, Trimmer, Watched

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.messages import BaseMessage

    from .histories import Turn
    from .trimming import Kept


class Conversation:
    """A list of messages, cut anew at each turn."""

    def __init__(self, turns: list[Turn], limit: int, watched: Watched, **words: Any) -> None:
        """Hold *turns* as messages of LangChain, which keep their numbers."""
        self._messages: list[BaseMessage] = []
        for turn in turns:
            self.add(turn)
        counter = {"token_counter": partial(counted, watched)}
        self._words = {"max_tokens": limit, "strategy": "last", "include_system": True, **counter, **words}

    def kept(self) -> Kept:
        """Return what of it is sent."""
        return [(int(message.id), message.content) for message in trim_messages(self._messages, **self._words)]

    def add(self, turn: Turn) -> None:
        """Go on with one more message."""
        (message,) = convert_to_messages([{**turn, "id": str(len(self._messages))}])
        message.id = str(len(self._messages))
        self._messages.append(message)


def counted(by: Watched, messages: Sequence[BaseMessage]) -> int:
    """Return the tokens of *messages* as the guide counts them: 3 for the reply, 3 around each, role and content.

    Every role is one token, and is not encoded here. Calls and their ids, which the guide leaves out, are counted as
    the judge does.
    """
    tokens = 3
    for message in messages:
        tokens += 3 + 1 + by.count(str(message.content))
        if isinstance(message, ToolMessage):
            tokens += by.count(message.tool_call_id)
        if isinstance(message, AIMessage):
            for call in message.tool_calls:
                tokens += sum(map(by.count, (str(call["id"]), call["name"], json.dumps(call["args"]))))
    return tokens


def first_chunk(text: str, limit: int) -> str:
    """Return the first chunk of *text*."""
    chunks: list[str] = TokenTextSplitter(encoding_name=ENCODING, chunk_size=limit, chunk_overlap=0).split_text(text)
    return chunks[0]


#: As the reference advises, so that the history is one that most models accept.
VALID: dict[str, Any] = {"start_on": "human", "end_on": ("human", "tool")}
ESTIMATE: dict[str, Any] = {"token_counter": "approximate", **VALID}
TRIMMERS = (
    Trimmer("langchain-core", "langchain-core", partial(Conversation, **VALID)),
    Trimmer("langchain-core, any start", "langchain-core", Conversation),
    Trimmer("langchain-core, partial", "langchain-core", partial(Conversation, allow_partial=True)),
    Trimmer("langchain-core, approximate", "langchain-core", partial(Conversation, **ESTIMATE)),
)
CUTTERS = (Cutter("langchain-text-splitters", "langchain-text-splitters", first_chunk),)
