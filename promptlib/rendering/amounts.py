"""How much a text can come to at most: by what it is made of, and why there is no limit where there is none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptlib.errors import Where
    from promptlib.messages import Role
    from promptlib.rendering.positions import Span
    from promptlib.segments import Segment

#: What no input has part in; no name of an input holds blanks.
LITERAL = "text of the prompt"
AROUND = "around the messages"
#: Reasons that are told of one prompt.
MOST_REASONS = 20
#: No memory holds as much: what comes to more is counted as this.
HUGE = 10**19


class Reason(NamedTuple):
    """Why something has no limit: how people call it, what to do, the input that it comes from, and where it stands."""

    name: str
    why: str
    hint: str
    source: str = ""
    place: Span | Where | None = None


@dataclass(frozen=True, slots=True)
class Amount:
    """So much at most, by the inputs that it comes from, when there are no `reasons`; else there is no limit."""

    shares: tuple[tuple[str, int], ...] = ()
    reasons: tuple[Reason, ...] = ()

    @property
    def total(self) -> int:
        """What is known of it; all of it where there are no reasons."""
        return sum([share for _, share in self.shares])

    @property
    def limit(self) -> int | None:
        """The most that it comes to, or None where there is no limit."""
        return None if self.reasons else self.total

    def plus(self, *others: Amount) -> Amount:
        """Return the sum."""
        parts = [each for each in (self, *others) if each != NOTHING]
        if len(parts) < 2:  # noqa: PLR2004 - a sum of two
            return parts[0] if parts else NOTHING
        shares: dict[str, int] = {}
        for part in parts:
            for source, share in part.shares:
                shares[source] = min(HUGE, shares.get(source, 0) + share)
        return Amount(tuple(shares.items()), united(*[part.reasons for part in parts]))

    def times(self, count: Amount) -> Amount:
        """Return this *count* times."""
        if NOTHING in (self, count):
            return NOTHING
        if count.reasons:
            return Amount((), united(self.reasons, count.reasons))
        return self.grown(count.total)

    def grown(self, up: int, down: int = 1) -> Amount:
        """Return *up* for each *down* of it, rounded up."""
        if up == down:
            return self
        grown = tuple([(source, min(HUGE, -(-share * up // down))) for source, share in self.shares])
        return Amount(grown, self.reasons)

    def capped(self, most: int | None) -> Amount:
        """Return this, or *most* where it is more; the input with the largest share is then taken for all of it."""
        if most is None or (not self.reasons and self.total <= most):
            return self
        return amount(most, self.source)

    @property
    def source(self) -> str:
        """The input that most of it comes from."""
        if self.reasons:
            return self.reasons[0].source
        return max(self.shares, key=lambda each: each[1], default=("", 0))[0]

    def at(self, place: Span | Where) -> Amount:
        """Return this with reasons that stand somewhere: at *place*, if nowhere else."""
        if not self.reasons:
            return self
        return replace(
            self, reasons=tuple([each if each.place else each._replace(place=place) for each in self.reasons])
        )

    def placed(self, told: Callable[[Span], Where]) -> Amount:
        """Return this with the places of reasons as people are told them."""
        if not self.reasons:
            return self
        found = [
            each._replace(place=told(each.place)) if isinstance(each.place, tuple) else each for each in self.reasons
        ]
        return replace(self, reasons=tuple(found))


NOTHING = Amount()


def amount(number: int, source: str = "") -> Amount:
    """Return *number* that comes from the input *source*; without one, from the text of the prompt."""
    return Amount(((source or LITERAL, min(HUGE, number)),)) if number > 0 else NOTHING


def endless(reason: Reason) -> Amount:
    """Return what has no limit, for that *reason*."""
    return Amount((), (reason,))


def united(*reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """Return all *reasons*, each thing told once."""
    found = [each for some in reasons for each in some]
    if len(found) < 2:  # noqa: PLR2004 - no two to compare
        return tuple(found)
    return tuple({(each.name, each.why): each for each in reversed(found)}.values())[::-1][:MOST_REASONS]


def larger(*amounts: Amount) -> Amount:
    """Return the largest of *amounts*, which has no limit if one of them has none."""
    if not amounts:
        return NOTHING
    largest = max(amounts, key=lambda each: each.total)
    reasons = united(*[each.reasons for each in amounts])
    return largest if largest.reasons == reasons else replace(largest, reasons=reasons)


def smaller(one: Amount, other: Amount) -> Amount:
    """Return the smaller of two limits of the same thing."""
    if one.reasons or other.reasons:
        return other if one.reasons else one
    return min(one, other, key=lambda each: each.total)


@dataclass(frozen=True, slots=True)
class Size:
    """How large a text can be at most.

    The tokens are what it adds to those of a text that it is put into, whatever stands beside it; so they are never
    more than its bytes, and what is put together adds up. Where images or files can stand in it, their tokens are
    counted in.
    """

    bytes: Amount = NOTHING
    tokens: Amount = NOTHING
    characters: Amount = NOTHING
    pictured: bool = False

    def plus(self, *others: Size) -> Size:
        """Return the size of these texts, one behind the other."""
        parts = [each for each in (self, *others) if each != EMPTY]
        if len(parts) < 2:  # noqa: PLR2004 - a sum of two
            return parts[0] if parts else EMPTY
        return Size(
            NOTHING.plus(*[each.bytes for each in parts]),
            NOTHING.plus(*[each.tokens for each in parts]),
            NOTHING.plus(*[each.characters for each in parts]),
            any(each.pictured for each in parts),
        )

    def times(self, count: Amount) -> Size:
        """Return the size of so many such texts, one behind the other."""
        return Size(self.bytes.times(count), self.tokens.times(count), self.characters.times(count), self.pictured)

    def at(self, place: Span | Where) -> Size:
        """Return this with reasons that stand at *place*, if nowhere else."""
        if not (self.bytes.reasons or self.tokens.reasons or self.characters.reasons):
            return self
        return Size(self.bytes.at(place), self.tokens.at(place), self.characters.at(place), self.pictured)

    def placed(self, told: Callable[[Span], Where]) -> Size:
        """Return this with the places of reasons as people are told them."""
        return Size(self.bytes.placed(told), self.tokens.placed(told), self.characters.placed(told), self.pictured)


EMPTY = Size()


def text_size(in_bytes: Amount, characters: Amount | None = None) -> Size:
    """Return the size of a text of which nothing but its bytes is known: a byte is at most one token."""
    return Size(in_bytes, in_bytes, in_bytes if characters is None else characters)


def largest(*sizes: Size) -> Size:
    """Return a size that none of *sizes* exceeds."""
    if len(sizes) == 1:
        return sizes[0]
    return Size(
        larger(*[each.bytes for each in sizes]),
        larger(*[each.tokens for each in sizes]),
        larger(*[each.characters for each in sizes]),
        any(each.pictured for each in sizes),
    )


class Scale(Protocol):
    """What texts and messages take at most, by the counter of one budget."""

    @property
    def picture(self) -> int:
        """The most tokens of an image."""

    def literal(self, text: str, *, opens: bool, closes: bool) -> int:
        """Return the most tokens that *text* adds; it *opens* and *closes* its message where nothing stands beside."""

    def around(self, role: Role) -> int:
        """Return the tokens around a message of that *role*."""

    def least(self, segment: Segment) -> int:
        """Return how many tokens of *segment* must stay; 0 where all of it can go."""

    def cut(self, segment: Segment, size: int | None) -> int:
        """Return the most tokens that stay of a text of *size* bytes, or of any size, when its least is kept."""

    def items(self, segment: Segment, size: int | None, frame: int, item: int | None) -> int | None:
        """Return the same of a list: whole items are kept, and the *frame* around them; None without a limit."""
