"""Threads: what of them goes together, and where to cut them so that a provider's cache survives."""

from __future__ import annotations

from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptlib.messages import Message


def units(messages: Sequence[Message]) -> list[range]:
    """Return the stretches of *messages* that are kept or dropped together: a tool call and all its results are one.

    A result belongs to the last call of its id before it, or to the call or result right before it when it names none
    that is there. Whatever stands between the two goes with them.
    """
    starts: list[int] = []
    callers: dict[str, int] = {}
    for at, message in enumerate(messages):
        starts.append(at)
        if message.role == "tool" or message.tool_call_id:
            owner = callers.get(message.tool_call_id)
            if owner is None and at and (messages[at - 1].role == "tool" or messages[at - 1].tool_calls):
                owner = at - 1
            while owner is not None and starts[-1] > owner:
                starts.pop()
        callers.update({call.id: at for call in message.tool_calls})
    return [range(start, end) for start, end in pairwise([*starts, len(messages)])]


class Steady(NamedTuple):
    """How far a thread is cut below its limit, so that a provider's cache of its beginning survives some turns.

    *share* is how much of what there is room for is kept at least; *grid* the number of units between the lines at
    which a thread is cut. None means that nothing was said of it.
    """

    share: float | None = None
    grid: int | None = None

    def low(self, room: int) -> int:
        """Return how many tokens of *room* are kept at least, where so many are there."""
        if self.share is not None:
            return ceil(room * self.share)
        return room if self.grid is None else room // 2

    def begin(self, first: int, last: int) -> int:
        """Return where from *first*, the first unit that fits, to *last* a thread begins: at the most lasting place.

        Lines are numbered from the beginning of the thread, and the line whose number has the most factors of two is
        taken; without low water the first line. While the thread grows, *first* and *last* move on and the place stays
        until it is passed: then it moves by half of the distance between the two, or more. So it depends on nothing but
        the thread, not on what was cut before.
        """
        grid = self.grid or 1
        lowest, highest = -(-first // grid), last // grid
        if lowest > highest:
            grid, lowest, highest = 1, first, last
        elif self.share is None:
            return lowest * grid
        step = 1
        while highest // (2 * step) * 2 * step >= lowest:
            step *= 2
        return highest // step * step * grid


def before_last_turn(messages: Sequence[Message]) -> int:
    """Return how many of *messages* there were one turn ago: those before the last message of the user."""
    return next((at for at in range(len(messages) - 1, -1, -1) if messages[at].role == "user"), 0)
