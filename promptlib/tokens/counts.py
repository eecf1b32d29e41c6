"""What a number of tokens is, and what can tell one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NoReturn, Protocol, Self, SupportsInt, get_args, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptlib.messages import Message

#: `exact`: the model's own encoding counted the text. `provider`: the provider told the number. `estimate`: a guess.
Exactness = Literal["exact", "provider", "estimate"]
STRONGEST_FIRST: tuple[Exactness, ...] = get_args(Exactness)


class TokenCount(int):
    """A number of tokens that says how sure it is, which engine made it, and with which chat profile.

    It is an int in all else. A sum is as exact as its weakest part and names every engine; a plain int that is added
    counts as exact.
    """

    exactness: Exactness
    engine: str
    profile: str

    def __new__(cls, value: SupportsInt, *, exactness: Exactness, engine: str, profile: str = "") -> Self:
        """Return *value* with its origin."""
        count = super().__new__(cls, value)
        count.__dict__.update(exactness=exactness, engine=engine, profile=profile)
        return count

    def __add__(self, other: object) -> TokenCount:
        """Return the sum, as exact as the weaker of the two."""
        if not isinstance(other, int):
            return NotImplemented
        if not isinstance(other, TokenCount):
            return TokenCount(int(self) + other, exactness=self.exactness, engine=self.engine, profile=self.profile)
        return TokenCount(
            int(self) + int(other),
            exactness=max(self.exactness, other.exactness, key=STRONGEST_FIRST.index),
            engine=_both(self.engine, other.engine),
            profile=_both(self.profile, other.profile),
        )

    def __radd__(self, other: object) -> TokenCount:
        """Return the sum with a plain int: `sum(counts)` begins with 0."""
        return self + other

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse: a count is a value."""
        message = f"TokenCount is immutable: cannot set {name!r}"
        raise AttributeError(message)

    def __delattr__(self, name: str) -> NoReturn:
        """Refuse: a count is a value."""
        message = f"TokenCount is immutable: cannot delete {name!r}"
        raise AttributeError(message)

    def __getnewargs_ex__(self) -> tuple[tuple[int], dict[str, str]]:
        """Pickle and copy with the origin."""
        return (int(self),), self.__dict__

    def __str__(self) -> str:
        """Return the digits alone, as any int does."""
        return int.__repr__(self)

    def __repr__(self) -> str:
        """Return the number with its origin: `TokenCount(42, exact by o200k_base)`."""
        chat = f" as {self.profile}" if self.profile else ""
        return f"TokenCount({int(self)}, {self.exactness} by {self.engine}{chat})"


def _both(one: str, other: str) -> str:
    """Return the names of both, each once, in an order that does not depend on the sum's."""
    return "+".join(sorted({*one.split("+"), *other.split("+")} - {""}))


@runtime_checkable
class TokenCounter(Protocol):
    """What counts the tokens of a text. Any object of this shape serves wherever an encoding's name does."""

    @property
    def name(self) -> str:
        """Name the engine in every number that it makes."""

    @property
    def exactness(self) -> Exactness:
        """Tell how far its numbers can be trusted."""

    def count(self, text: str, /) -> int:
        """Return the number of tokens of *text*; special-token text is ordinary text."""


@runtime_checkable
class MessageCounter(TokenCounter, Protocol):
    """A counter that also knows what a whole request costs, roles and overhead included."""

    def count_messages(self, messages: Sequence[Message], /) -> int:
        """Return the number of input tokens of *messages* sent as one request."""
