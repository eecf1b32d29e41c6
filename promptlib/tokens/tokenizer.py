"""Counting with a tokenizer of the package `tokenizers`, which is never imported here."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

from promptlib.tokens.vocabulary import utf8_length

if TYPE_CHECKING:
    from collections.abc import Sized

    from promptlib.tokens.counts import Exactness

SHOWN_DIGITS = 8


@runtime_checkable
class Tokenizer(Protocol):
    """What we need of a `tokenizers.Tokenizer`."""

    encode_special_tokens: bool

    def encode(self, sequence: str, /, *, add_special_tokens: bool = ...) -> Sized:
        """Return the tokens of *sequence*."""

    def to_str(self) -> str:
        """Return all of the tokenizer as JSON."""

    def from_str(self, json: str, /) -> Self:
        """Return a tokenizer of that JSON."""

    def no_truncation(self) -> None:
        """Cut nothing."""

    def no_padding(self) -> None:
        """Add nothing."""


@dataclass(frozen=True, slots=True)
class TokenizerCounter:
    """A counter over a `tokenizers.Tokenizer` such as `Tokenizer.from_file(path)` makes; exact for text.

    It counts with a copy: what is set on the tokenizer later changes nothing, and truncation and padding that its file
    configures do not count. Nothing is added to the text, and special-token text in it is ordinary text. Without a
    `name` it is called by its content: `tokenizer-9f86d081`. Making one takes as long as reading the file; make it
    once. It is safe to share between threads, and is pickled with its whole vocabulary.
    """

    tokenizer: Tokenizer = field(repr=False, compare=False)
    name: str = ""
    sha256: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Take a copy, and its name."""
        own = self.tokenizer.from_str(self.tokenizer.to_str())
        own.no_truncation()
        own.no_padding()
        digest = sha256(own.to_str().encode()).hexdigest()
        own.encode_special_tokens = True
        object.__setattr__(self, "tokenizer", own)
        object.__setattr__(self, "sha256", digest)
        object.__setattr__(self, "name", self.name or f"tokenizer-{digest[:SHOWN_DIGITS]}")

    @property
    def exactness(self) -> Exactness:
        """A tokenizer counts text as its models do."""
        return "exact"

    def count(self, text: str, /) -> int:
        """Return the number of tokens of *text*; `InvalidInputs` when it is no Unicode."""
        utf8_length(text)
        return len(self.tokenizer.encode(text, add_special_tokens=False))

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle what makes it: the package's own pickling forgets how special-token text is taken."""
        return TokenizerCounter, (self.tokenizer, self.name)
