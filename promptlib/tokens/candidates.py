"""What a budget can shorten in a message: texts, lists of items, and groups of them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Protocol, TypeAlias

from promptlib.tokens.cutting import KEEPS, Cut, Cutting
from promptlib.tokens.report import SegmentTokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptlib.segments import Segment, Stretch
    from promptlib.tokens.board import Board
    from promptlib.tokens.report import Outcome


#: What became of a segment, and where it stands: the message, and the offset in it.
Account: TypeAlias = "tuple[tuple[int, int], SegmentTokens]"


class Candidate(Protocol):
    """A segment on the board. It begins absent, is given its least part, and then as much as there is room for."""

    @property
    def segment(self) -> Segment:
        """Its policy."""

    @property
    def position(self) -> tuple[int, int]:
        """Where it stands: the message, and the offset in it."""

    def begin(self) -> None:
        """Put what must stay, whatever it takes."""

    def fill(self, room: int) -> None:
        """Put as much as changes the tokens of the board by *room* or less; what was begun with stays."""

    def accounts(self) -> list[Account]:
        """Return what was asked and given."""


class Member(Candidate, Protocol):
    """A candidate that can be part of a group."""

    def shorten(self, tokens: int, room: int | None = None) -> bool:
        """Put the shortest part of *tokens* or more, and tell whether that was tried: never what is above *room*."""

    def clear(self, room: int) -> None:
        """Take everything away again: *room* was not enough for its group."""


def decided(segment: Segment, outcome: Outcome, room: int | None, *, capped: bool) -> str:
    """Return in words what decided the outcome; without *room* nobody asked for more than its least."""
    if outcome == "kept":
        return "it fits"
    if room is None:
        return "its least" if outcome == "truncated" else "what must stay does not fit"
    if capped and segment.max_tokens is not None:
        return f"never more than {segment.max_tokens:,} tokens"
    whom = " for its group" if outcome == "dropped" and segment.group else ""
    return f"{max(0, room):,} tokens were left{whom}"


def told(
    stretch: Stretch, outcome: Outcome, given: int, missing: Sequence[tuple[int, bool]], why: str
) -> SegmentTokens:
    """Return the account of a segment of parts: what was *given*, and the tokens of each part that is *missing*."""
    return SegmentTokens(
        name=stretch.name,
        priority=stretch.segment.priority,
        asked=given + sum(tokens for tokens, _ in missing),
        given=given,
        outcome=outcome,
        why=why,
        at_least=not all(counted for _, counted in missing),
    )


class TextCandidate:
    """A stretch of text at one place: kept whole, cut inside, or dropped."""

    __slots__ = ("_board", "_capped", "_cut", "_cutting", "_room", "_text", "_whole", "place", "segment", "stretch")

    def __init__(self, board: Board, stretch: Stretch, place: int) -> None:
        """Stand, absent, at *place* of its message on *board*."""
        self.stretch = stretch
        self.segment = stretch.segment
        self.place = place
        self._board = board
        self._text = board.messages[stretch.message].text[stretch.start : stretch.end]
        self._cutting = Cutting(self._text, stretch.segment, board.counts, self._change)
        self._cut: Cut | None = None
        self._whole = self._capped = False
        self._room: int | None = None

    @property
    def position(self) -> tuple[int, int]:
        """Where it stands: the message, and the offset in it."""
        return self.stretch.message, self.stretch.start

    def begin(self) -> None:
        """Put what must stay, whatever it takes."""
        if self.segment.min_tokens:
            self.shorten(self.segment.min_tokens)

    def shorten(self, tokens: int, room: int | None = None) -> bool:
        """Put the shortest part of *tokens* or more; tell whether that was tried, with no more than *room*."""
        if self.segment.truncate in KEEPS:
            self._put(self._cutting.shortest(tokens))
            return True
        if room is not None and self._board.counts.at_most(self._text, room + self._board.slack) is None:
            return False
        self._put(self._cutting.whole())
        return True

    def fill(self, room: int) -> None:
        """Put as much as changes the tokens of the board by *room* or less; what was begun with stays."""
        held = self._given()
        self._room = room + held
        if self._whole:
            return
        limit = self.segment.max_tokens
        self._capped = limit is not None and limit <= room + held
        if self._may_fit_whole(room + held):
            whole = self._cutting.whole()
            if whole.change <= room:
                self._put(whole)
                return
        found = self._cutting.longest(room, held) if self.segment.truncate in KEEPS else None
        if found is not None and (self._cut is None or self._cutting.alone(found) > held):
            self._put(found)

    def clear(self, room: int) -> None:
        """Take everything away again: *room* was not enough for its group."""
        self._room = room
        if self._cut is not None:
            self._board.put(self.stretch.message, self.place, ())
        self._cut, self._whole = None, False

    def accounts(self) -> list[Account]:
        """Return what was asked and given."""
        given = self._given()
        outcome: Outcome = "kept" if self._whole else "truncated" if self._cut else "dropped"
        asked, counted = (given, True) if self._whole else self._board.counts.told(self._text)
        account = SegmentTokens(
            name=self.stretch.name,
            priority=self.segment.priority,
            asked=asked if counted else max(asked, given + 1),
            given=given,
            outcome=outcome,
            why=decided(self.segment, outcome, self._room, capped=self._capped),
            at_least=not counted,
        )
        return [(self.position, account)]

    def _change(self, texts: Sequence[str]) -> int:
        return self._board.change(self.stretch.message, self.place, texts)

    def _put(self, cut: Cut) -> None:
        self._cut, self._whole = cut, cut.texts == (self._text,)
        self._board.put(self.stretch.message, self.place, cut.texts)

    def _given(self) -> int:
        return self._cutting.alone(self._cut) if self._cut else 0

    def _may_fit_whole(self, room: int) -> bool:
        """Tell whether the text might fit whole, encoding no more of it than there is room for."""
        counts, limit = self._board.counts, self.segment.max_tokens
        if limit is not None and limit <= room:
            return counts.at_most(self._text, limit) is not None
        # Beside other texts it may take a few tokens less than alone.
        most = room + self._board.slack
        if room > 0 and self.segment.truncate in KEEPS and counts.bundled and len(self._text) > most:
            return False  # cutting finds out, without reading the text twice
        return counts.at_most(self._text, most) is not None


class ItemsCandidate:
    """A list in a text: its first items are kept, each whole, and with them what stands before and behind the list."""

    __slots__ = ("_base", "_board", "_capped", "_count", "_marked", "_room", "_texts", "place", "segment", "stretch")

    #: The places that it needs besides those of its items: before them, the marker, behind them.
    BESIDE = 3

    def __init__(self, board: Board, stretch: Stretch, place: int) -> None:
        """Stand, absent, at *place* and the places behind it: before, each item, the marker, behind."""
        text = board.messages[stretch.message].text
        edges = [stretch.start, *stretch.items, stretch.end]
        *parts, behind = [text[start:end] for start, end in pairwise(edges)]
        self.stretch = stretch
        self.segment = stretch.segment
        self.place = place
        self._board = board
        self._texts = [*parts, stretch.segment.marker, behind]
        self._count = self._base = 0
        self._marked = self._capped = False
        self._room: int | None = None

    @property
    def places(self) -> int:
        """How many places of its message it needs."""
        return len(self._texts)

    @property
    def position(self) -> tuple[int, int]:
        """Where it stands: the message, and the offset in it."""
        return self.stretch.message, self.stretch.start

    def begin(self) -> None:
        """Put what must stay, whatever it takes."""
        if self.segment.min_tokens:
            self.shorten(self.segment.min_tokens)

    def shorten(self, tokens: int, room: int | None = None) -> bool:
        """Put the shortest part of *tokens* or more; tell whether that was tried, with no more than *room*."""
        begun = self._board.tokens
        self._frame(shown=True)
        while self._count < self._items and self._board.tokens - begun < tokens:
            text = self._texts[self._count + 1]
            if room is not None and self._board.counts.at_most(text, room + self._board.slack) is None:
                self.clear(room)
                return False
            self._add()
        self._mark()
        return True

    def fill(self, room: int) -> None:
        """Put as much as changes the tokens of the board by *room* or less; what was begun with stays."""
        least, held = self._count, self._given()
        self._room = room + held
        limit = self._board.tokens + room
        if not least:
            self._frame(shown=True)
        while self._count < self._items and self._next_fits(limit):
            self._add()
        self._mark()
        while self._count > least and (self._board.tokens > limit or self._is_above_its_limit()):
            self._remove()
            self._mark()
        if not self._count:
            self._frame(shown=False)

    def clear(self, room: int) -> None:
        """Take everything away again: *room* was not enough for its group."""
        self._room = room
        while self._count:
            self._remove()
        self._mark()
        self._frame(shown=False)

    def accounts(self) -> list[Account]:
        """Return what was asked and given."""
        missing = self._texts[self._count + 1 : -2]
        known = [self._board.counts.told(text) for text in missing]
        given = self._given()
        outcome: Outcome = "dropped" if not self._count else "truncated" if missing else "kept"
        why = decided(self.segment, outcome, self._room, capped=self._capped)
        why = f"{self._count:,} of {self._items:,} items: {why}" if missing else why
        return [(self.position, told(self.stretch, outcome, given, known, why))]

    @property
    def _items(self) -> int:
        return len(self._texts) - self.BESIDE

    def _put(self, at: int, text: str) -> None:
        self._board.put(self.stretch.message, self.place + at, (text,))

    def _add(self) -> None:
        self._count += 1
        self._put(self._count, self._texts[self._count])

    def _remove(self) -> None:
        self._put(self._count, "")
        self._count -= 1

    def _frame(self, *, shown: bool) -> None:
        """Put, or take away, what stands around the items."""
        self._base = self._board.tokens if shown else 0
        for at in (0, len(self._texts) - 1):
            self._put(at, self._texts[at] if shown else "")

    def _mark(self) -> None:
        """Put the marker where items are missing, and nowhere else."""
        wanted = 0 < self._count < self._items
        if wanted != self._marked:
            self._marked = wanted
            self._put(len(self._texts) - 2, self.segment.marker if wanted else "")

    def _next_fits(self, limit: int) -> bool:
        text = self._texts[self._count + 1]
        left = limit - self._board.tokens
        # A guess, since seams come in; what is too much is taken away again.
        if self.segment.max_tokens is not None and self._board.tokens - self._base > self.segment.max_tokens:
            return False
        if self._board.counts.at_most(text, left + self._board.slack) is None:
            return False
        return self._board.change(self.stretch.message, self.place + self._count + 1, (text,)) <= left

    def _is_above_its_limit(self) -> bool:
        limit = self.segment.max_tokens
        if limit is not None and self._given() > limit:
            self._capped = True
            return True
        return False

    def _given(self) -> int:
        if not self._count:
            return 0
        marker = self.segment.marker if self._marked else ""
        return self._board.alone([*self._texts[: self._count + 1], marker, self._texts[-1]])


class GroupCandidate:
    """Segments that are kept together or not at all: each at least in part, the first ones more."""

    __slots__ = ("_begun", "_board", "_members")

    def __init__(self, board: Board, members: Sequence[Member]) -> None:
        """Hold *members*, in their order."""
        self._board = board
        self._members = tuple(members)
        self._begun = False

    @property
    def segment(self) -> Segment:
        """The policy of its first member."""
        return self._members[0].segment

    @property
    def position(self) -> tuple[int, int]:
        """Where it stands: the message, and the offset in it."""
        return self._members[0].position

    def begin(self) -> None:
        """Put what must stay, whatever it takes."""
        if any(member.segment.min_tokens for member in self._members):
            self._begin(None)

    def fill(self, room: int) -> None:
        """Put as much as changes the tokens of the board by *room* or less; what was begun with stays."""
        limit = self._board.tokens + room
        if not self._begun and (not self._begin(room) or self._board.tokens > limit):
            for member in self._members:
                member.clear(room)
            return
        for member in self._members:
            member.fill(limit - self._board.tokens)

    def accounts(self) -> list[Account]:
        """Return what was asked and given."""
        return [account for member in self._members for account in member.accounts()]

    def _begin(self, room: int | None) -> bool:
        """Put the least of each; tell whether that was tried for all, since what is far too long is not counted."""
        self._begun = True
        self._begun = all(member.shorten(max(1, member.segment.min_tokens), room) for member in self._members)
        return self._begun
