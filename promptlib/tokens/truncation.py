"""Cutting a text to a number of tokens, encoding little more than what is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, get_args

from promptlib.errors import InvalidInputs, nearest
from promptlib.segments import FINE_TO_COARSE
from promptlib.tokens.counting import Counting, counted, counter
from promptlib.tokens.edges import head_edge, tail_edge
from promptlib.tokens.streaming import Stream
from promptlib.tokens.vocabulary import DEFAULT, EncodingCounter, blank_run, utf8_length

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptlib.segments import Boundary
    from promptlib.tokens.counts import TokenCounter

#: What stays: the start, the end, or both of them, cut in the middle.
Keep = Literal["start", "end", "middle"]
# Around the cut, so many times less than the whole is worth a count of its own before the whole is counted.
CHEAP = 4
# In characters: so much may be counted again for each place that is tried.
LITTLE = 1_000
KEEPS: tuple[Keep, ...] = get_args(Keep)


def truncate(
    text: str,
    max_tokens: int,
    *,
    encoding: Counting = DEFAULT,
    keep: Keep = "start",
    boundary: Boundary = "token",
    marker: str = "",
) -> str:
    """Return *text* cut to at most *max_tokens*, its *marker* included; a text that fits is returned as it is.

    *keep* says what stays: the start, the end, or with `middle` both of them, half each, cut in the middle. The
    *marker* stands where the text was cut. *boundary* says what is not cut in two: `token` means characters as people
    see them. Where nothing coarse enough fits, the next finer boundary serves. The result is valid Unicode, was counted
    as a whole, and is the same at every call.

    Under a bundled encoding little more than the kept text is encoded, whatever the length of *text*, and what is kept
    is what encoding all of it would keep; only within unbroken runs of one kind that are longer than the limit it may
    differ by a few characters. A counter of another kind is asked about texts of growing length.

    Raises `InvalidInputs` when the marker alone exceeds the limit of a text that must be cut.
    """
    _check(text, max_tokens, keep, boundary)
    by = counter(encoding)
    # A byte is at most one token.
    if isinstance(by, EncodingCounter) and len(text) <= max_tokens and utf8_length(text) <= max_tokens:
        return text
    cutter = cutter_of(by, text, max_tokens, keep)
    if cutter.fits():
        return text
    room = _room(by, marker, max_tokens)
    while True:
        head, tail = places(text, cutter, room, boundary)
        result = f"{text[:head]}{marker}{text[tail:]}"
        over = max(0, cutter.over_near(head, tail, marker)) or _over(by, result, max_tokens, room)
        if over <= 0:
            return result
        # Joining may cost a token more than its parts. Each round leaves less, and at worst the marker alone.
        room = max(0, room - over)


def cutter_of(by: TokenCounter, text: str, max_tokens: int, keep: Keep) -> Cutter:
    """Return what finds the places to cut *text* for *max_tokens* or less."""
    if isinstance(by, EncodingCounter):
        return _Streamed(by, text, max_tokens, keep)
    return _Searched(by, text, max_tokens, keep)


def places(text: str, cutter: Cutter, room: int, boundary: Boundary) -> tuple[int, int]:
    """Return where the kept start of *text* ends and the kept end begins, for *room* tokens, at edges of *boundary*."""
    # Without room nothing is kept, even what a counter says costs nothing: so rounds of less and less room end.
    head, tail = cutter.cut(room) if room else (0, len(text))
    head = head_edge(text, head, boundary) if head else 0
    return head, max(head, tail_edge(text, tail, boundary) if tail < len(text) else tail)


def _room(by: TokenCounter, marker: str, max_tokens: int) -> int:
    """Return what the marker leaves of the limit."""
    room = max_tokens - counted(by.count(marker), by) if marker else max_tokens
    if room < 0:
        raise InvalidInputs(
            f"the marker {marker!r:.80} alone takes {max_tokens - room} tokens, and the limit is {max_tokens}",
            hint="give a shorter marker, or a higher limit",
        )
    return room


def _over(by: TokenCounter, result: str, max_tokens: int, room: int) -> int:
    """Return by how many tokens *result* exceeds the limit; this is the count that the promise rests on."""
    if isinstance(by, EncodingCounter) and blank_run(result) is not None:
        return (room + 1) // 2  # two halves of blanks that can be counted apart and not together
    return counted(by.count(result), by) - max_tokens if result else 0


def _check(text: object, max_tokens: object, keep: str, boundary: str) -> None:
    if not isinstance(text, str):
        raise InvalidInputs(f"a text is cut to tokens, not a {type(text).__name__}")
    if not isinstance(max_tokens, int) or isinstance(max_tokens, bool) or max_tokens < 0:
        raise InvalidInputs(f"max_tokens is {max_tokens!r:.80}", hint="it is an int, 0 or more")
    for name, given, known in (("keep", keep, KEEPS), ("boundary", boundary, FINE_TO_COARSE)):
        if given not in known:
            raise InvalidInputs(
                f"no {name} {given!r:.80}", hint=f"{nearest(str(given), known)} {name}: {', '.join(known)}".strip()
            )


class Cutter(Protocol):
    """What finds the places to cut a text."""

    @property
    def known(self) -> int:
        """The tokens of the whole, where it fits."""

    @property
    def cheap(self) -> bool:
        """Whether a cut is counted by counting little around it: most of what is kept lies between safe cuts."""

    def fits(self) -> bool:
        """Tell whether nothing needs to be cut."""

    def cut(self, room: int) -> tuple[int, int]:
        """Return where the kept start ends and where the kept end begins, for *room* tokens."""

    def over_near(self, head: int, tail: int, marker: str) -> int:
        """Return the excess over the limit, by counting only around the cut; 0 where that is not cheaper."""

    def parts(self, head: int, tail: int, marker: str, learn: Callable[[str, int], None]) -> tuple[str, ...]:
        """Return what is kept, apart at safe cuts where there are some; *learn* is told the tokens that are known."""


def _shares(amount: int, keep: Keep) -> tuple[int, int]:
    """Return what of *amount* belongs to the start and to the end."""
    if keep == "middle":
        return amount - amount // 2, amount // 2
    return (amount, 0) if keep == "start" else (0, amount)


class _Streamed:
    """Cuts by the tokens of an encoding, read from the ends that are kept."""

    __slots__ = ("_by", "_head", "_keep", "_limit", "_tail", "_text")

    def __init__(self, by: EncodingCounter, text: str, limit: int, keep: Keep) -> None:
        self._by = by
        self._text = text
        self._limit = limit
        self._keep = keep
        self._head = Stream(by, text)
        head, tail = _shares(limit, keep)
        if head:
            # One more than the share: the whole limit, when nothing of the end is kept, must be seen to be exceeded.
            self._head.read(head + 1)
        self._tail = Stream(by, text, from_end=True, low=self._head.low)
        if tail:
            self._tail.read(max(tail, limit + 1 - self._head.known))
            if self._tail.edge < self._head.edge:
                # Windows that overlap prove nothing about the whole: count what is not settled in one piece.
                self._tail = Stream(by, text, from_end=True, low=self._head.low)
                self._tail.read(limit + 1 - self._head.total)
            if self._tail.done:
                # The two have met: the rest of the text, seen from its end, is what was read from its start.
                self._tail.chunks += reversed(self._head.chunks)

    @property
    def known(self) -> int:
        return self._head.total + self._tail.total

    @property
    def cheap(self) -> bool:
        loose = filter(None, (self._head.loose, self._tail.loose))
        return self._by.bundled and sum(chunk.end - chunk.start for chunk in loose) <= LITTLE

    def fits(self) -> bool:
        """Tell whether all was read without passing the limit."""
        return self._tail.done and self.known <= self._limit

    def cut(self, room: int) -> tuple[int, int]:
        head, tail = _shares(room, self._keep)
        return self._head.position(head), self._tail.position(tail)

    def over_near(self, head: int, tail: int, marker: str) -> int:
        start, before = self._head.settled_at(head)
        end, after = self._tail.settled_at(tail)
        near = head - start + end - tail
        if near * CHEAP > head + len(self._text) - tail:
            return 0
        around = self._by.count(self._text[start:head] + marker + self._text[tail:end])
        return before + around + after - self._limit

    def parts(self, head: int, tail: int, marker: str, learn: Callable[[str, int], None]) -> tuple[str, ...]:
        start, end = self._head.settled_at(head)[0], self._tail.settled_at(tail)[0]
        before, behind = self._head.settled(start), self._tail.settled(end)[::-1]
        for text, tokens in (*before, *behind):
            learn(text, tokens)
        around = f"{self._text[start:head]}{marker}{self._text[tail:end]}"
        return (*(text for text, _ in before), around, *(text for text, _ in behind))


class _Searched:
    """Cuts by a counter that knows no tokens: asks it about kept texts of growing length, each length once."""

    __slots__ = ("_by", "_counts", "_keep", "_limit", "_text")

    def __init__(self, by: TokenCounter, text: str, limit: int, keep: Keep) -> None:
        utf8_length(text)
        self._by = by
        self._text = text
        self._limit = limit
        self._keep = keep
        self._counts = {0: 0}

    @property
    def known(self) -> int:
        return self._count(len(self._text))

    @property
    def cheap(self) -> bool:
        return False

    def over_near(self, _head: int, _tail: int, _marker: str) -> int:
        return 0

    def parts(self, head: int, tail: int, marker: str, _learn: Callable[[str, int], None]) -> tuple[str, ...]:
        return (f"{self._text[:head]}{marker}{self._text[tail:]}",)

    def _places(self, length: int) -> tuple[int, int]:
        head, tail = _shares(length, self._keep)
        return head, len(self._text) - tail

    def _count(self, length: int) -> int:
        if length not in self._counts:
            head, tail = self._places(length)
            self._counts[length] = counted(self._by.count(self._text[:head] + self._text[tail:]), self._by)
        return self._counts[length]

    def fits(self) -> bool:
        """Tell whether the whole fits, from texts of growing length that stop at the first that is too long."""
        length = min(len(self._text), 4 * self._limit + 16)
        while self._count(length) <= self._limit:
            if length == len(self._text):
                return True
            length = min(len(self._text), 2 * length)
        return False

    def cut(self, room: int) -> tuple[int, int]:
        """Return the places of the longest text that was seen to fit, found by secant and bisection in turn."""
        low = max(length for length, count in self._counts.items() if count <= room)
        # The longest that was counted is the one that `fits` stopped at, and too long for any room.
        high = min(length for length, count in self._counts.items() if count > room and length > low)
        bisect = False
        while high - low > 1 and self._count(low) < room:
            share = 0.5 if bisect else (room - self._count(low)) / (self._count(high) - self._count(low))
            middle = min(high - 1, max(low + 1, low + int((high - low) * share)))
            if self._count(middle) <= room:
                low = middle
            else:
                high = middle
            bisect = not bisect
        return self._places(low)
