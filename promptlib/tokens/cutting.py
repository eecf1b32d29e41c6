"""Cutting one segment: the longest part of its text that still fits where it stands, and the shortest that may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptlib.segments import FINE_TO_COARSE
from promptlib.tokens.seams import Composition
from promptlib.tokens.truncation import Keep, cutter_of, places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from promptlib.segments import Boundary, Segment
    from promptlib.tokens.memo import Counts
    from promptlib.tokens.truncation import Cutter

#: What stays, by what goes.
KEEPS: dict[str, Keep] = {"end": "start", "start": "end", "middle": "middle"}
# In tokens: a text that is put beside others may take fewer than alone, so that a little more of it fits.
SLACK = 3


class Cut(NamedTuple):
    """What is put in the place of a text: its parts, and by how much they change the tokens there."""

    texts: tuple[str, ...]
    change: int


class Cutting:
    """All cuts of one text by one policy."""

    __slots__ = ("_change", "_counts", "_segment", "_text")

    def __init__(self, text: str, segment: Segment, counts: Counts, change: Callable[[tuple[str, ...]], int]) -> None:
        """Cut *text* as *segment* says; *change* tells what texts in its place change."""
        self._text = text
        self._segment = segment
        self._counts = counts
        self._change = change

    def whole(self) -> Cut:
        """Return all of the text."""
        return self._put((self._text,))

    def longest(self, room: int, held: int = 0) -> Cut | None:
        """Return the longest cut that changes the tokens by *room* or less; None when nothing of the text would stay.

        It may turn out that all of the text fits. *held* are the tokens that stand in its place now. A boundary finer
        than that of the segment is used only to reach its least tokens.
        """
        if room <= 0:
            return None  # beside others a crumb may cost nothing, and each of ten thousand texts would be read for one
        most = room + held + (SLACK if self._counts.bundled else 0)
        if self._segment.max_tokens is not None:
            most = min(most, self._segment.max_tokens)
        cutter = cutter_of(self._counts.by, self._text, most, KEEPS[self._segment.truncate or "end"])
        if cutter.fits():
            self._counts.learn(self._text, cutter.known)
            whole = self.whole()
            if whole.change <= room:
                return whole
        # Else each try costs a count of all that is kept: one that very likely fits comes first.
        slack = SLACK if cutter.cheap else -1 if self._counts.bundled else 0
        for boundary in self._boundaries():
            found = self._fitting(cutter, boundary, room, min(most, room + held + slack), slack)
            if found is not None and (not self._segment.min_tokens or self.alone(found) >= self._segment.min_tokens):
                return found
        return None

    def shortest(self, tokens: int) -> Cut:
        """Return the shortest cut that has *tokens* or more, at any character; all of the text when it has fewer."""
        most = max(tokens, self._marker + 1)
        while self._counts.at_most(self._text, most) is None:
            cutter = cutter_of(self._counts.by, self._text, most, KEEPS[self._segment.truncate or "end"])
            cutter.fits()  # a counter that knows no tokens finds out here where to look
            found = self._made(cutter, *places(self._text, cutter, most - self._marker, "token"))
            missing = tokens - self.alone(found)
            if missing <= 0:
                return found
            most += missing
        return self.whole()

    def alone(self, cut: Cut) -> int:
        """Return the tokens of what is kept when it stands alone."""
        return Composition(self._counts, [cut.texts]).tokens

    @property
    def _marker(self) -> int:
        return self._counts.count(self._segment.marker)

    def _boundaries(self) -> Iterator[Boundary]:
        yield self._segment.boundary
        if self._segment.min_tokens:
            yield from FINE_TO_COARSE[: FINE_TO_COARSE.index(self._segment.boundary)][::-1]

    def _fitting(self, cutter: Cutter, boundary: Boundary, room: int, most: int, slack: int) -> Cut | None:
        """Return the longest cut that fits: from what nearly fits down."""
        left = most - self._marker
        seen: tuple[int, int] | None = None
        over = 0
        while left > 0:
            head, tail = places(self._text, cutter, left, boundary)
            if head == 0 and tail == len(self._text):
                return None
            if (head, tail) != seen:
                seen = head, tail
                found = self._made(cutter, head, tail)
                over = max(found.change - room, self._above_its_limit(found))
                if over <= 0:
                    return found
                if boundary != "token" and self._segment.truncate != "middle":
                    left = min(left, self.alone(found) - self._marker)  # any more would end at the same edge
            # One token less may be a whole character less, which is many: to jump by all that is over could be too far.
            left -= 1 if slack > 0 else over
        return None

    def _above_its_limit(self, cut: Cut) -> int:
        return 0 if self._segment.max_tokens is None else self.alone(cut) - self._segment.max_tokens

    def _made(self, cutter: Cutter, head: int, tail: int) -> Cut:
        return self._put(cutter.parts(head, tail, self._segment.marker, self._counts.learn))

    def _put(self, texts: tuple[str, ...]) -> Cut:
        return Cut(texts, self._change(texts))
