"""The rule of fitting, written down without a thought for speed, and messages to try it on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hypothesis import strategies as st

from promptlib.messages import Message, Text
from promptlib.segments import Segment, Stretch
from promptlib.tokens import encoding
from promptlib.tokens.edges import head_edge, tail_edge
from tests.tokens.texts import texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promptlib.messages import Role

NAME = "o200k_base"


@dataclass(frozen=True)
class Piece:
    text: str
    segment: Segment | None = None


Chat = tuple[tuple["Role", tuple[Piece, ...]], ...]


@st.composite
def segments(draw: st.DrawFn, least: st.SearchStrategy[int] = st.integers(0, 8)) -> Segment:  # noqa: B008 - a strategy is immutable
    truncate: Literal["end", "start", "middle", "drop"] = draw(st.sampled_from(["end", "start", "middle", "drop"]))
    at_least = draw(least) if truncate != "drop" else 0
    most = draw(st.none() | st.integers(max(1, at_least), 60))
    marker = draw(st.sampled_from(["", "", "…", " [cut] "])) if truncate != "drop" else ""
    return Segment(
        priority=draw(st.integers(-1, 2)), truncate=truncate, min_tokens=at_least, max_tokens=most, marker=marker
    )


@st.composite
def chats(
    draw: st.DrawFn,
    policies: st.SearchStrategy[Segment],
    pieces: int = 5,
    written: st.SearchStrategy[str] = texts(2),  # noqa: B008 - a strategy is immutable
) -> Chat:
    """Return messages of pieces, some of them segments."""
    piece = st.builds(Piece, written, st.none() | policies)
    roles: st.SearchStrategy[Role] = st.sampled_from(["system", "user", "assistant"])
    return tuple(
        (draw(roles), tuple(draw(st.lists(piece, min_size=1, max_size=pieces)))) for _ in range(draw(st.integers(1, 3)))
    )


def messages_of(chat: Chat) -> tuple[tuple[Message, ...], tuple[Stretch, ...]]:
    """Return *chat* as rendering gives it."""
    messages, stretches = [], []
    for number, (role, pieces) in enumerate(chat):
        at = 0
        for index, piece in enumerate(pieces):
            if piece.segment is not None and piece.text:
                stretches.append(Stretch(f"s{index}", piece.segment, number, at, at + len(piece.text)))
            at += len(piece.text)
        messages.append(Message(role, (Text("".join(piece.text for piece in pieces)),), literal=True))
    return tuple(messages), tuple(stretches)


def count(text: str) -> int:
    return len(encoding(NAME).encoding.encode_ordinary(text))


def total(messages: Sequence[Message]) -> int:
    """What tiktoken itself says, with the overhead of the cookbook."""
    return 3 + sum(3 + count(message.role) + count(message.text) for message in messages)


def cuts(text: str, segment: Segment, room: int) -> Iterator[str]:
    """Yield what may stay of *text*, from all of it down; beside others a cut may take 3 tokens less than alone."""
    by = encoding(NAME).encoding
    tokens = by.encode_ordinary(text)
    if segment.max_tokens is None or len(tokens) <= segment.max_tokens:
        yield text
    if segment.truncate == "drop":
        yield ""
        return
    if room <= 0:
        yield ""
        return
    most = room + 3 if segment.max_tokens is None else min(room + 3, segment.max_tokens)
    for share in range(min(len(tokens), most - count(segment.marker)), 0, -1):
        at_start = {"end": share, "start": 0, "middle": share - share // 2}[str(segment.truncate)]
        at_end = {"end": 0, "start": share, "middle": share // 2}[str(segment.truncate)]
        head = len(by.decode_bytes(tokens[:at_start]).decode(errors="ignore"))
        tail = len(text) - len(by.decode_bytes(tokens[len(tokens) - at_end :]).decode(errors="ignore"))
        head = head_edge(text, head, "token")
        tail = max(head, tail_edge(text, tail, "token"))
        kept = text[:head] + segment.marker + text[tail:]
        fits = segment.max_tokens is None or count(kept) <= segment.max_tokens
        if fits and (head or tail < len(text)) and count(kept) >= segment.min_tokens:
            yield kept
    if not segment.min_tokens:
        yield ""


def shown(chat: Chat, chosen: dict[tuple[int, int], str]) -> tuple[Message, ...]:
    """Return the messages of *chat* with what was chosen for its segments."""
    hollow = [
        all(piece.segment is not None and piece.text for piece in pieces if piece.text.strip())
        and any(piece.segment is not None and piece.text for piece in pieces)
        for _, pieces in chat
    ]
    found = []
    for number, (role, pieces) in enumerate(chat):
        parts = [
            chosen[number, at] if piece.segment is not None and piece.text else piece.text
            for at, piece in enumerate(pieces)
        ]
        empty = not any(chosen.get((number, at)) for at in range(len(pieces)))
        first = all(hollow) and number == hollow.index(True)
        if not (hollow[number] and empty) or first:
            found.append(Message(role, (Text("".join(parts)),), literal=True))
    return tuple(found)


@dataclass(frozen=True)
class Scene:
    """Messages with segments of all kinds, as rendering gives them, and a budget's limit."""

    messages: tuple[Message, ...]
    stretches: tuple[Stretch, ...]

    def text(self, stretch: Stretch) -> str:
        return self.messages[stretch.message].text[stretch.start : stretch.end]


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    messages: list[Message] = []
    stretches: list[Stretch] = []
    for block in range(draw(st.integers(1, 4))):
        if draw(st.integers(0, 3)) == 0:
            thread = draw(st.lists(_turns(), min_size=1, max_size=6).map(lambda turns: [*_flat(turns)]))
            policy = Segment(
                priority=draw(st.integers(-1, 2)),
                truncate=draw(st.sampled_from(["oldest", "drop"])),
                max_tokens=draw(st.none() | st.integers(1, 80)),
            )
            stretches.append(Stretch(f"t{block}", policy, len(messages), messages=len(thread)))
            messages += thread
            continue
        text = ""
        for index in range(draw(st.integers(1, 4))):
            begin = len(text)
            kind = draw(st.integers(0, 3))
            if kind == 0:
                text += draw(texts(1))
            elif kind == 1:
                items = [begin]
                for item in draw(st.lists(texts(1), min_size=1, max_size=5)):
                    text += item
                    items.append(len(text))
                marker = draw(st.sampled_from(["", " and more"]))
                policy = Segment(priority=draw(st.integers(-1, 2)), truncate="items", marker=marker)
                if len(text) > begin:
                    stretches.append(Stretch(f"i{index}", policy, len(messages), begin, len(text), tuple(items)))
            else:
                text += draw(texts(2))
                if len(text) > begin:
                    policy = draw(segments())
                    if draw(st.booleans()) and not policy.min_tokens:
                        policy = Segment(priority=0, truncate=policy.truncate, marker=policy.marker, group="g")
                    stretches.append(Stretch(f"s{index}", policy, len(messages), begin, len(text)))
        messages.append(Message(draw(_ROLES), (Text(text),), literal=True))
    return Scene(tuple(messages), tuple(stretches))


_ROLES: st.SearchStrategy[Role] = st.sampled_from(["system", "user", "assistant"])


def _turns() -> st.SearchStrategy[Message]:
    return st.builds(lambda role, text: Message(role, (Text(text),), literal=True), _ROLES, texts(1))


def _flat(turns: list[Message]) -> Iterator[Message]:
    yield from turns
