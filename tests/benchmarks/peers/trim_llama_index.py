"""LlamaIndex's memory: the buffer, and the class that its documentation names instead; and its splitter by tokens."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from llama_index.core.llms import ChatMessage
from llama_index.core.memory import ChatMemoryBuffer, Memory
from llama_index.core.node_parser import TokenTextSplitter

from .trimming import Cutter, Trimmer, Watched

if TYPE_CHECKING:
    from .histories import Turn
    from .trimming import Kept


class Buffer:
    """The buffer beside a system message, whose tokens it is told, as LlamaIndex's chat engines do."""

    def __init__(self, turns: list[Turn], limit: int, watched: Watched, share: float = 1.0) -> None:
        """Hold *turns*; a *share* of the limit is left to what the buffer does not count."""
        self._system = turns[0]["content"]
        self._numbers: dict[str, int] = {}
        self._begun = watched.count(self._system)
        history = [self._message(turn) for turn in turns[1:]]
        self._memory = ChatMemoryBuffer.from_defaults(
            chat_history=history, token_limit=int(limit * share), tokenizer_fn=watched.encode
        )

    def kept(self) -> Kept:
        """Return what of it is sent."""
        messages = self._memory.get(initial_token_count=self._begun)
        return [(0, self._system), *((self._numbers[each.content], each.content) for each in messages)]

    def add(self, turn: Turn) -> None:
        """Go on with one more message."""
        self._memory.put(self._message(turn))

    def _message(self, turn: Turn) -> ChatMessage:
        self._numbers[turn["content"]] = len(self._numbers) + 1
        return message_of(turn)


class Newer:
    """The memory that takes the buffer's place: all of it is given to the history, beside the system message."""

    def __init__(self, turns: list[Turn], limit: int, watched: Watched) -> None:
        """Hold *turns*, which are taken in when the memory is first asked for."""
        self._system, self._turns = turns[0]["content"], turns[1:]
        self._numbers: dict[str, int] = {}
        left = limit - watched.count(self._system)
        self._memory = Memory.from_defaults(
            session_id="measured", token_limit=left, chat_history_token_ratio=1.0, tokenizer_fn=watched.encode
        )

    def kept(self) -> Kept:
        """Return what of it is sent."""
        start = len(self._numbers) + 1
        self._numbers |= {turn["content"]: start + at for at, turn in enumerate(self._turns)}
        if self._turns:
            self._memory.put_messages([message_of(turn) for turn in self._turns])
        self._turns = []
        messages = self._memory.get()
        return [(0, self._system), *((self._numbers[each.content], each.content) for each in messages)]

    def add(self, turn: Turn) -> None:
        """Go on with one more message."""
        self._turns = [*self._turns, turn]


def message_of(turn: Turn) -> ChatMessage:
    """Return *turn* as a message of LlamaIndex, with calls as its OpenAI client writes them."""
    beside = {name: turn[name] for name in ("tool_calls", "tool_call_id") if name in turn}
    return ChatMessage(role=turn["role"], content=turn["content"], additional_kwargs=beside)


def first_chunk(text: str, limit: int) -> str:
    """Return the first chunk of *text*."""
    encode = Watched().encode
    chunks: list[str] = TokenTextSplitter(chunk_size=limit, chunk_overlap=0, tokenizer=encode).split_text(text)
    return chunks[0]


TRIMMERS = (
    Trimmer("llama-index-core, buffer", "llama-index-core", Buffer),
    Trimmer("llama-index-core, buffer at 95 %", "llama-index-core", partial(Buffer, share=0.95)),
    Trimmer("llama-index-core, Memory", "llama-index-core", Newer),
)
CUTTERS = (Cutter("llama-index-core", "llama-index-core", first_chunk),)
