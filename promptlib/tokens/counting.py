"""Counting the tokens of a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from promptlib.errors import InvalidInputs
from promptlib.tokens.counts import STRONGEST_FIRST, Exactness, TokenCount, TokenCounter
from promptlib.tokens.tokenizer import Tokenizer, TokenizerCounter
from promptlib.tokens.vocabulary import DEFAULT, Encoding, EncodingCounter, encoding

if TYPE_CHECKING:
    from collections.abc import Callable

#: Whatever can be made a counter of: a bundled encoding's name, a counter, tiktoken's or tokenizers' own object, a
#: function.
Counting: TypeAlias = "str | TokenCounter | Encoding | Tokenizer | Callable[[str], int]"


@dataclass(frozen=True, slots=True)
class FunctionCounter:
    """A function from text to a number, such as a call of a provider's endpoint; what it raises goes through."""

    name: str
    function: Callable[[str], int]

    @property
    def exactness(self) -> Exactness:
        """A function's numbers are the provider's."""
        return "provider"

    def count(self, text: str, /) -> int:
        """Return what the function says."""
        return self.function(text)


def counter(given: Counting) -> TokenCounter:
    """Return *given* as a counter.

    It is a bundled encoding's name, a counter, a `tiktoken.Encoding`, a `tokenizers.Tokenizer` (which is copied: make
    its counter once) or a function, whose numbers are labelled `provider`. Raises `UnknownEncoding` for a name that is
    not bundled and `InvalidInputs` for anything that cannot count.
    """
    if isinstance(given, str):
        return encoding(given)
    if not isinstance(given, type):
        if isinstance(given, TokenCounter):
            return _with_known_exactness(given)
        if isinstance(given, Encoding):
            return EncodingCounter(given.name, given)
        if isinstance(given, Tokenizer):
            return TokenizerCounter(given)
        if callable(given):
            return FunctionCounter(getattr(given, "__qualname__", type(given).__name__), given)
    raise InvalidInputs(
        f"{given!r:.80} cannot count tokens",
        hint="give an encoding's name, a TokenCounter (name, exactness, count), a tiktoken.Encoding, a "
        "tokenizers.Tokenizer, or a function from text to int",
    )


def _with_known_exactness(given: TokenCounter) -> TokenCounter:
    if given.exactness not in STRONGEST_FIRST:
        raise InvalidInputs(
            f"the counter {given.name} has the exactness {given.exactness!r}",
            hint=f"an exactness is one of {', '.join(STRONGEST_FIRST)}",
        )
    return given


def counted(found: object, by: TokenCounter) -> int:
    """Return what the counter *by* found as an int; `InvalidInputs` when it is no number of tokens."""
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise InvalidInputs(f"the counter {by.name} found {found!r:.80} tokens", hint="a count is an int, 0 or more")
    return int(found)


def count_tokens(text: str, *, encoding: Counting = DEFAULT) -> TokenCount:
    """Return the number of tokens of *text*, with its exactness and engine.

    *encoding* is the name of a bundled encoding, or whatever `counter` takes. Special-token text such as
    `<|endoftext|>` counts as the ordinary text it is. Nothing is ever downloaded. The work grows with the text: on an
    event loop count long texts in a thread.
    """
    by = counter(encoding)
    return TokenCount(counted(by.count(text), by), exactness=by.exactness, engine=by.name)
