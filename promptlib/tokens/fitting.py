"""Fitting messages into a budget: what has the highest priority first, and one real count at the end."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, NamedTuple

from promptlib.messages import Text
from promptlib.tokens.board import Board, Place
from promptlib.tokens.candidates import GroupCandidate, ItemsCandidate, TextCandidate
from promptlib.tokens.chat import chat_count
from promptlib.tokens.report import SegmentTokens
from promptlib.tokens.threads import ThreadCandidate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from promptlib.messages import Message
    from promptlib.segments import Stretch
    from promptlib.tokens.candidates import Candidate, Member
    from promptlib.tokens.chat import ChatCount
    from promptlib.tokens.memo import Counts
    from promptlib.tokens.profiles import ChatProfile
    from promptlib.tokens.turns import Steady


#: Room beyond any guess at how much more parts take than the whole.
FREE = 1 << 40


class Rules(NamedTuple):
    """What counts, by which profile, and how steady a thread is cut."""

    counts: Counts
    profile: ChatProfile
    steady: Steady


@dataclass(frozen=True, slots=True)
class Packed:
    """Messages that were fitted, and what became of each."""

    messages: tuple[Message, ...]
    #: The number that each had among those that were given.
    numbers: tuple[int, ...]
    #: Which of them hold less than was given.
    shortened: frozenset[int]
    count: ChatCount
    stretches: Sequence[Stretch]
    #: The way that was gone; for what fitted at once it is gone when somebody asks.
    packing: Callable[[], Packing]

    def segments(self) -> tuple[SegmentTokens, ...]:
        """Return what became of each segment, in the order of the prompt."""
        return self.packing().accounts()

    def stable(self) -> int:
        """Return the tokens at the beginning that were the same one turn ago."""
        packing = self.packing()
        if packing.thread is None:
            return 0
        leading = packing.leading
        return sum(self.count.contents[:leading]) + sum(self.count.arounds[:leading]) + packing.thread.stable()


class Packing:
    """One way through all segments, high priority first."""

    def __init__(self, messages: Sequence[Message], stretches: Sequence[Stretch], rules: Rules) -> None:
        """Put what must stay: text outside of segments, and the least of each segment."""
        self._rules = rules
        self._messages = messages
        self._stretches = stretches
        texts, threads, self._uncut = _sorted(messages, stretches)
        absent = (at for each in threads for at in range(each.message, each.message + each.messages))
        self._board = board = Board(messages, absent, rules.counts, rules.profile, rules.steady)
        bodies, members = _taken_apart(board, texts)
        board.settle(bodies)
        found = [ThreadCandidate(board, each) for each in threads]
        self.thread = found[0] if found else None
        self._candidates: list[Candidate] = sorted(
            [*_together(board, members), *found], key=lambda each: (-each.segment.priority, each.position)
        )
        for candidate in self._candidates:
            candidate.begin()
        if board.is_empty and found:
            found[-1].keep_newest()

    @property
    def tokens(self) -> int:
        """What the messages take; between parts whose seams cannot be counted a good guess."""
        return self._board.tokens

    @property
    def leading(self) -> int:
        """How many messages are sent before the thread."""
        return sum(at < self.thread.stretch.message for at in self._board.sent()) if self.thread else 0

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        sent = self._board.sent()
        return len(sent) == len(self._messages) and all(self._board.message(at) is self._messages[at] for at in sent)

    def fill(self, limit: int) -> None:
        """Put what fits into *limit* tokens."""
        for candidate in self._candidates:
            candidate.fill(limit - self._board.tokens)

    def packed(self) -> Packed:
        """Return the messages, with their real count."""
        sent = self._board.sent()
        messages = tuple(self._board.message(at) for at in sent)
        shortened = frozenset(new for new, at in enumerate(sent) if messages[new] is not self._messages[at])
        count = chat_count(messages, self._rules.counts.by, self._rules.profile)
        return Packed(messages, tuple(sent), shortened, count, self._stretches, lambda: self)

    def accounts(self) -> tuple[SegmentTokens, ...]:
        """Return what became of each segment, in the order of the prompt."""
        placed = [account for each in self._candidates for account in each.accounts()]
        placed += [((each.message, each.start), self._kept(each)) for each in self._uncut]
        return tuple(account for _, account in sorted(placed, key=lambda each: each[0]))

    def _kept(self, stretch: Stretch) -> SegmentTokens:
        tokens = self._rules.counts.count(self._messages[stretch.message].text[stretch.start : stretch.end])
        why = "it holds an image or a file, and is not cut"
        return SegmentTokens(
            name=stretch.name, priority=stretch.segment.priority, asked=tokens, given=tokens, outcome="kept", why=why
        )


def _sorted(
    messages: Sequence[Message], stretches: Sequence[Stretch]
) -> tuple[dict[int, list[Stretch]], list[Stretch], list[Stretch]]:
    """Return the texts by message, the threads, and what cannot be cut: texts around an image or a file."""
    texts: dict[int, list[Stretch]] = {}
    threads, uncut = [], []
    for each in stretches:
        if each.messages:
            threads.append(each)
        elif _part_of(messages[each.message], each.start) == _part_of(messages[each.message], each.end - 1):
            texts.setdefault(each.message, []).append(each)
        else:
            uncut.append(each)
    return texts, threads, uncut


def _part_of(message: Message, offset: int) -> int:
    """Return the number of the part that holds the character at *offset* of the joined text."""
    if len(message.parts) == 1:
        return 0
    ends = accumulate(len(part.text) if isinstance(part, Text) else 0 for part in message.parts)
    return next(at for at, end in enumerate(ends) if offset < end)


def _taken_apart(
    board: Board, texts: dict[int, list[Stretch]]
) -> tuple[dict[int, list[Place]], list[TextCandidate | ItemsCandidate]]:
    """Return the places of each message that holds segments, and what stands at them."""
    bodies: dict[int, list[Place]] = {}
    members: list[TextCandidate | ItemsCandidate] = []
    for number, stretches in texts.items():
        message = board.messages[number]
        places = bodies.setdefault(number, [])
        at = 0
        for each in sorted(stretches, key=lambda each: each.start):
            places.extend(_required(message, at, each.start))
            member: TextCandidate | ItemsCandidate
            if each.segment.truncate == "items" and each.items:
                member = ItemsCandidate(board, each, len(places))
                places.extend([Place(_part_of(message, each.start), "", required=False)] * member.places)
            else:
                member = TextCandidate(board, each, len(places))
                places.append(Place(_part_of(message, each.start), "", required=False))
            members.append(member)
            at = each.end
        places.extend(_required(message, at, len(message.text)))
    return bodies, members


def _required(message: Message, start: int, end: int) -> Iterator[Place]:
    """Yield the text from *start* to *end*, apart where an image or a file stands inside."""
    ends = accumulate(len(part.text) if isinstance(part, Text) else 0 for part in message.parts)
    edges = sorted({start, end, *(edge for edge in ends if start < edge < end)})
    for low, high in pairwise(edges):
        yield Place(_part_of(message, low), message.text[low:high], required=True)


def _together(board: Board, members: Sequence[TextCandidate | ItemsCandidate]) -> Iterator[Candidate]:
    groups: dict[str, list[Member]] = {}
    for member in members:
        if member.segment.group:
            groups.setdefault(member.segment.group, []).append(member)
        else:
            yield member
    for group in groups.values():
        yield GroupCandidate(board, group)


def unshortened(messages: Sequence[Message], stretches: Sequence[Stretch], rules: Rules) -> Packed:
    """Return *messages* as they are, with their real count."""

    def packing() -> Packing:
        whole = Packing(messages, stretches, rules)
        whole.fill(int(count.total) + FREE)
        return whole

    count = chat_count(messages, rules.counts.by, rules.profile)
    return Packed(tuple(messages), tuple(range(len(messages))), frozenset(), count, stretches, packing)


def pack(messages: Sequence[Message], stretches: Sequence[Stretch], rules: Rules, limit: int) -> Packed:
    """Return *messages* shortened to *limit* tokens: the best there is, or the least there may be when that is more.

    The count is real: over parts whose seams cannot be counted it may turn out to be too much or too little, and then
    it is done again, with less room until it fits, and once with the room that was left.
    """
    room = limit
    best: Packed | None = None
    while True:
        packing = Packing(messages, stretches, rules)
        if packing.tokens > room:
            return best or packing.packed()
        packing.fill(room)
        found = packing.packed()
        over = int(found.count.total) - limit
        if over > 0:
            if best is not None:
                return best
            room -= over
            continue
        spare = packing.tokens - int(found.count.total)
        if best is not None or spare <= 0 or packing.complete or room < limit:
            return found
        best, room = found, limit + spare
