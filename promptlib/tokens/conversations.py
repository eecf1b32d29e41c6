"""Fitting a conversation into a budget, without a prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from promptlib.errors import InvalidInputs
from promptlib.messages import Message, to_plain
from promptlib.segments import CUTS, Segment, Stretch, segment_of
from promptlib.tokens.turns import units

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from promptlib.tokens.budget import Budget
    from promptlib.tokens.counts import TokenCount
    from promptlib.tokens.report import BudgetReport, Explanation

MessageT = TypeVar("MessageT", bound="Message | Mapping[str, Any]")

LEADING = ("system", "developer")
HISTORY = Segment(truncate="oldest")


@dataclass(frozen=True, slots=True)
class Fitted(Generic[MessageT]):
    """A conversation that fits: the very messages that were given, without those that had to go, and the account.

    It can be looped over, measured with `len` and indexed as its messages are.
    """

    messages: tuple[MessageT, ...]
    report: BudgetReport

    def __iter__(self) -> Iterator[MessageT]:
        """Loop over the messages."""
        return iter(self.messages)

    def __len__(self) -> int:
        """Return how many messages there are."""
        return len(self.messages)

    def __getitem__(self, at: int) -> MessageT:
        """Return one message."""
        return self.messages[at]

    @property
    def tokens(self) -> TokenCount:
        """How many tokens the messages take, the chat's overhead counted in."""
        return self.report.total

    @property
    def stable_prefix_tokens(self) -> int:
        """The tokens at the beginning that were the same one turn ago: see `BudgetReport.stable_prefix_tokens`."""
        return self.report.stable_prefix_tokens

    def explain(self) -> Explanation:
        """Return the account as a table and a bar; a notebook shows it as HTML."""
        return self.report.explain()


def fit(
    messages: Iterable[MessageT], budget: Budget, *, segments: Mapping[int, Segment | Mapping[str, Any]] | None = None
) -> Fitted[MessageT]:
    """Return *messages* without the oldest ones, so that they fit *budget*; all of them where they fit.

    They are `Message` objects or mappings as chat APIs take them, and come back as they were given. What stands before
    the conversation (system and developer messages) and its last message stay; a tool call and its results are kept or
    dropped together. *segments* says by the number of a message that stays (from 0, or -1 for the last) how its text
    may be cut: `{-1: Segment(truncate="middle", marker=" […] ")}`; a message that was cut is a new one.

    Raises `BudgetExceeded`, with the arithmetic, when what must stay does not fit, and `InvalidInputs` for what is no
    message.
    """
    given = tuple(messages)
    read = tuple(map(Message.of, given))
    history = _history(read)
    stretches = list(_texts(read, history, segments or {}))
    if history:
        stretches.append(Stretch("history", HISTORY, history.start, messages=len(history)))
    fitted = budget.fit(read, stretches)
    kept = zip(fitted.numbers, fitted.messages, strict=True)
    back = tuple(given[at] if message is read[at] else _like(given[at], message) for at, message in kept)
    return Fitted(back, fitted.report)


def _history(messages: Sequence[Message]) -> range:
    """Return the messages that may go: behind the leading ones, before the last one and what belongs to it."""
    first = next((at for at, message in enumerate(messages) if message.role not in LEADING), len(messages))
    conversation = units(messages[first:])
    return range(first, first + conversation[-1].start) if conversation else range(0)


def _texts(
    messages: Sequence[Message], history: range, segments: Mapping[int, Segment | Mapping[str, Any]]
) -> Iterator[Stretch]:
    """Yield the texts that may be cut."""
    for number, words in segments.items():
        segment = segment_of(words, f"the segment of message {number}")
        if number not in range(-len(messages), len(messages)):
            raise InvalidInputs(
                f"no message {number} among {len(messages)}", hint="they are counted from 0, or from -1"
            )
        at = number % len(messages)
        if at in history:
            raise InvalidInputs(
                f"message {at} is part of the history, and stays whole or goes",
                hint="leading system messages and the last message can be cut",
            )
        if segment.truncate not in (None, "drop", *CUTS):
            raise InvalidInputs(
                f"message {at} is a text, and cannot be cut by {segment.truncate!r}",
                hint='write truncate="end", "start", "middle" or "drop"',
            )
        text = messages[at].text
        if text:
            yield Stretch(f"message {at}", replace(segment, truncate=segment.truncate or "end"), at, 0, len(text))


def _like(given: MessageT, message: Message) -> MessageT:
    if isinstance(given, Mapping):
        return cast("MessageT", {**given, "content": to_plain(message)["content"]})
    return cast("MessageT", message)
