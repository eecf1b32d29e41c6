"""The messages while it is decided what of them is kept, and the tokens that they take."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from promptlib.messages import Text
from promptlib.tokens.chat import around, beside_text
from promptlib.tokens.cutting import SLACK
from promptlib.tokens.seams import Composition

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from promptlib.messages import Message, Part
    from promptlib.tokens.memo import Counts
    from promptlib.tokens.profiles import ChatProfile
    from promptlib.tokens.turns import Steady


# In bytes: of a thread only one message is looked at that does not fit, so it may as well be encoded in one go.
ONE_MESSAGE = 8_192


class Weight(NamedTuple):
    """What messages take: all in all, and their contents alone."""

    tokens: int
    content: int


class Place(NamedTuple):
    """A stretch of a message's text: the part that it lies in, its text, and whether it must stay."""

    part: int
    text: str
    required: bool


class Body:
    """One message whose text is put together of places."""

    __slots__ = ("_composition", "_filled", "_fixed", "_hollow", "_message", "_parts")

    def __init__(self, message: Message, places: Sequence[Place], counts: Counts, fixed: int) -> None:
        """Begin with the required places filled; *fixed* is what the message takes besides its text."""
        self._message = message
        self._parts = [place.part for place in places]
        self._fixed = fixed
        self._composition = Composition(counts, [(place.text,) if place.required else () for place in places])
        beside = message.tool_calls or message.tool_call_id or any(not isinstance(part, Text) for part in message.parts)
        # A message of nothing but segments goes with them: no provider takes an empty one.
        self._hollow = not beside and self._composition.is_blank
        self._filled = 0

    @property
    def is_there(self) -> bool:
        """Whether the message is sent."""
        return not self._hollow or self._filled > 0

    @property
    def tokens(self) -> int:
        """What the message takes, all in all."""
        return self._composition.tokens + self._fixed if self.is_there else 0

    def stay(self) -> None:
        """Be sent even with nothing in it."""
        self._hollow = False

    def change(self, place: int, texts: Sequence[str]) -> int:
        """Return by how much the tokens change when *place* holds *texts*."""
        filled = self._filled + bool(any(texts)) - bool(self._composition.held(place))
        if self._hollow and not filled:
            return -self.tokens
        return self._composition.tokens + self._composition.change(place, texts) + self._fixed - self.tokens

    def put(self, place: int, texts: Sequence[str]) -> None:
        """Let *place* hold *texts*."""
        self._filled += bool(any(texts)) - bool(self._composition.held(place))
        self._composition.put(place, texts)

    def message(self) -> Message:
        """Return the message with what its places hold."""
        if self._composition.text == self._message.text:
            return self._message
        texts: dict[int, list[str]] = {}
        for place, number in enumerate(self._parts):
            texts.setdefault(number, []).extend(self._composition.held(place))
        parts: list[Part] = []
        for at, part in enumerate(self._message.parts):
            text = "".join(texts.get(at, ()))
            if not isinstance(part, Text):
                parts.append(part)
            elif text or len(self._message.parts) == 1:
                parts.append(Text(text))
        return replace(self._message, parts=tuple(parts))


class Board:
    """All messages: those that are there, those that may come, and what those that are there take."""

    def __init__(
        self,
        messages: Sequence[Message],
        optional: Iterable[int],
        counts: Counts,
        profile: ChatProfile,
        steady: Steady,
    ) -> None:
        """Begin with all of *messages* there but the *optional* ones."""
        self.messages = messages
        self.counts = counts
        self.steady = steady
        #: What a text may take less beside others than alone.
        self.slack = SLACK if counts.bundled else 0
        self._profile = profile
        self._bodies: dict[int, Body] = {}
        absent = frozenset(optional)
        self._there = [at not in absent for at in range(len(messages))]
        self.tokens = profile.reply

    def settle(self, bodies: dict[int, list[Place]]) -> None:
        """Take apart the messages that hold segments, and count what must be there."""
        for at, places in bodies.items():
            self._bodies[at] = Body(self.messages[at], places, self.counts, self._fixed(at))
        if bodies and all(self._there) and not self.sent():
            self._bodies[min(bodies)].stay()
        whole = (self.whole(at) for at, there in enumerate(self._there) if there and at not in bodies)
        self.tokens += sum(whole) + sum(body.tokens for body in self._bodies.values())

    @property
    def is_empty(self) -> bool:
        """Whether no message is there."""
        return not self.sent()

    def _fixed(self, at: int) -> int:
        message = self.messages[at]
        return around(message, self.counts, self._profile) + beside_text(message, self.counts, self._profile)

    def whole(self, at: int) -> int:
        """Return what message number *at* takes, all in all, as it was given."""
        return self._fixed(at) + self.counts.count(self.messages[at].text)

    def content(self, at: int) -> int:
        """Return what the content of message number *at* takes."""
        message = self.messages[at]
        return self.counts.count(message.text) + beside_text(message, self.counts, self._profile)

    def told(self, at: int) -> tuple[int, bool]:
        """Return what the content of message number *at* takes, and whether that is all of it: see `Counts.told`."""
        tokens, counted = self.counts.told(self.messages[at].text)
        return tokens + beside_text(self.messages[at], self.counts, self._profile), counted

    def weigh(self, unit: Iterable[int], room: int) -> Weight | None:
        """Return what the messages of *unit* take, or None when that is more than *room*."""
        tokens = content = 0
        for at in reversed([*unit]):
            message = self.messages[at]
            beside = beside_text(message, self.counts, self._profile)
            outside = around(message, self.counts, self._profile)
            text = self.counts.at_most(message.text, room - tokens - outside - beside, small=ONE_MESSAGE)
            if text is None:
                return None
            tokens += outside + beside + text
            content += beside + text
        return Weight(tokens, content)

    def keep(self, at: int) -> int:
        """Put message number *at*, whole; return the tokens of its content."""
        self._there[at] = True
        self.tokens += self.whole(at)
        return self.content(at)

    def alone(self, texts: Sequence[str]) -> int:
        """Return what *texts*, one behind the other, take when they stand alone."""
        return Composition(self.counts, [texts]).tokens

    def change(self, at: int, place: int, texts: Sequence[str]) -> int:
        """Return by how much the tokens change when that place of message number *at* holds *texts*."""
        return self._bodies[at].change(place, texts)

    def put(self, at: int, place: int, texts: Sequence[str]) -> None:
        """Let that place of message number *at* hold *texts*."""
        body = self._bodies[at]
        before = body.tokens
        body.put(place, texts)
        self.tokens += body.tokens - before

    def sent(self) -> list[int]:
        """Return the numbers of the messages that are there."""
        return [
            at
            for at, there in enumerate(self._there)
            if there and (at not in self._bodies or self._bodies[at].is_there)
        ]

    def message(self, at: int) -> Message:
        """Return message number *at* with what is kept of it."""
        body = self._bodies.get(at)
        return self.messages[at] if body is None else body.message()
