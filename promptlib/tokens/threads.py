"""Threads on the board: the newest messages stay, and the place of the cut lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptlib.tokens.candidates import decided, told
from promptlib.tokens.turns import before_last_turn, units

if TYPE_CHECKING:
    from promptlib.segments import Stretch
    from promptlib.tokens.board import Board
    from promptlib.tokens.candidates import Account
    from promptlib.tokens.report import Outcome


class Reach(NamedTuple):
    """How far back a thread fits: the first unit that does, and what the units take from each one on to the end."""

    first: int
    taken: tuple[int, ...]  # the last unit first, and before it nothing at all
    capped: bool


class ThreadCandidate:
    """A thread of messages: the newest are kept, each whole and a tool call with its results; or all, or none."""

    __slots__ = ("_board", "_first", "_reached", "_room", "_start", "_units", "segment", "stretch")

    def __init__(self, board: Board, stretch: Stretch) -> None:
        """Stand, absent, on *board*."""
        self.stretch = stretch
        self.segment = stretch.segment
        self._board = board
        self._first = stretch.message
        thread = board.messages[self._first : self._first + stretch.messages]
        together = units(thread) if stretch.segment.truncate != "drop" else [range(stretch.messages)]
        self._units = [range(self._first + each.start, self._first + each.stop) for each in together]
        self._start = len(self._units)
        self._reached: Reach | None = None
        self._room: int | None = None

    @property
    def position(self) -> tuple[int, int]:
        """Where it stands: the message, and the offset in it."""
        return self._first, 0

    @property
    def begins(self) -> int:
        """The number of the first message that is kept."""
        return self._units[self._start].start if self._start < len(self._units) else self._first + self.stretch.messages

    def begin(self) -> None:
        """Put what must stay, whatever it takes."""
        contents = 0
        while self._start and contents < self.segment.min_tokens:
            contents += self._keep(self._start - 1)

    def keep_newest(self) -> None:
        """Put the newest of it, so that something is there."""
        self._keep(self._start - 1)

    def fill(self, room: int) -> None:
        """Put as much as changes the tokens of the board by *room* or less; what was begun with stays."""
        self._room = room
        begun = self._start
        held = range(self.begins, self._first + self.stretch.messages)
        self._reached = self._reach(begun, room, sum(map(self._board.content, held)))
        for unit in range(begun - 1, self._chosen(begun, self._reached, room) - 1, -1):
            self._keep(unit)

    def stable(self) -> int:
        """Return the tokens of the messages that stood here at the same place one turn ago."""
        thread = self._board.messages[self._first : self._first + self.stretch.messages]
        before = self._first + before_last_turn(thread)
        if self._start:
            end = sum(each.stop <= before for each in self._units)
            room = self._room or 0
            if self._start >= end or self._chosen(end, self._reach(end, room), room) != self._start:
                return 0
        return sum(self._board.whole(at) for at in range(self.begins, before))

    def accounts(self) -> list[Account]:
        """Return what was asked and given."""
        kept = range(self.begins, self._first + self.stretch.messages)
        gone = range(self._first, self.begins)
        given = sum(map(self._board.content, kept))
        known = list(map(self._board.told, gone))
        outcome: Outcome = "kept" if not gone else "truncated" if kept else "dropped"
        capped = self._reached is not None and self._reached.capped
        why = decided(self.segment, outcome, self._room, capped=capped)
        why = f"{len(kept):,} of {len(kept) + len(gone):,} messages: {why}" if gone else why
        return [(self.position, told(self.stretch, outcome, given, known, why))]

    def _keep(self, unit: int) -> int:
        self._start = unit
        return sum(map(self._board.keep, self._units[unit]))

    def _reach(self, end: int, room: int, contents: int = 0) -> Reach:
        """Return how far back the units before number *end* fit into *room*, behind so many *contents*."""
        limit = self.segment.max_tokens
        taken, at = [0], end
        while at:
            weight = self._board.weigh(self._units[at - 1], room - taken[-1])
            if weight is None:
                return Reach(at, tuple(taken), capped=False)
            contents += weight.content
            if limit is not None and contents > limit:
                return Reach(at, tuple(taken), capped=True)
            at -= 1
            taken.append(taken[-1] + weight.tokens)
        return Reach(0, tuple(taken), capped=False)

    def _chosen(self, end: int, reach: Reach, room: int) -> int:
        """Return the unit to begin with: the first that fits, or one that will still be there in some turns' time."""
        if not 0 < reach.first < end:
            return reach.first
        # What is short of room by its own limit is cut down from there.
        low = self._board.steady.low(reach.taken[-1] if reach.capped else room)
        enough = next((count for count, tokens in enumerate(reach.taken) if tokens >= low), end - reach.first)
        return self._board.steady.begin(reach.first, end - enough)
