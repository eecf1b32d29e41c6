"""Counts that a counter has already made, remembered by text."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Literal, TypeAlias

from promptlib.errors import InvalidInputs
from promptlib.tokens.counting import Counting, counted, counter
from promptlib.tokens.counts import TokenCount
from promptlib.tokens.streaming import Stream
from promptlib.tokens.vocabulary import DEFAULT, LONGEST_TOKEN, EncodingCounter, utf8_length

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptlib.tokens.counts import TokenCounter

Key: TypeAlias = "str | tuple[int, bytes]"

#: Texts that are remembered for each counter: room for a prompt of ten thousand segments, in a few megabytes.
MOST = 60_000
#: Counters that are remembered; each knows its own texts only.
MOST_COUNTERS = 8
# Longer texts are remembered by their hash, so that no document is kept alive.
SHORT = 64
# In characters: a longer text is not counted just to tell in an account how much it asked for.
LONGEST_TOLD = 1 << 16
# In bytes for each token of a limit: up to here encoding all is as cheap as encoding until the limit is passed.
ALL_AT_ONCE = 4
# In bytes: a smaller text is always encoded in one go.
SMALL = 512
# In characters for each token of a limit: how far words are counted before anything is encoded.
WORDS_READ = 12
# Each such place is a safe cut (`streaming.is_safe_cut`), so that there is one token more on its other side.
WORD_BEGINS = re.compile(r" (?<=[!-~] )")
# A stretch that ends anywhere may have more tokens than the text that it is part of has there; a few, not many.
DOUBTFUL = 8


class Counts:
    """The counts of one counter, each made once: bounded, and safe to share between threads."""

    __slots__ = ("_older", "_young", "by")

    def __init__(self, by: TokenCounter) -> None:
        """Begin with nothing."""
        self.by = by
        # Two generations instead of an order of use: what is asked for again moves to the young one.
        self._young: dict[Key, int] = {}
        self._older: dict[Key, int] = {}

    def count(self, text: str) -> int:
        """Return the number of tokens of *text*."""
        if not text:
            return 0
        key = _key(text)
        known = self._known(key)
        return self._keep(key, counted(self.by.count(text), self.by)) if known is None or known < 0 else known

    def at_most(self, text: str, limit: int, *, small: int = SMALL) -> int | None:
        """Return the number of tokens of *text* if it is *limit* or less, else None.

        Under an encoding of ours the work grows with the limit, not with the text; up to *small* bytes it is encoded
        in one go.
        """
        if not text:
            return 0 if limit >= 0 else None
        if limit < 1 or (self.bundled and len(text) > limit * LONGEST_TOKEN):
            return None  # and nothing is remembered: to know so much again costs nothing
        key = _key(text)
        known = self._known(key)
        if known is None or (known < 0 and -known <= limit):
            known = self._weighed(key, text, limit, small)
        return known if 0 <= known <= limit else None

    def learn_parts(self, text: str, cut: int, *, short: Literal["before", "behind"]) -> None:
        """Remember the longer part of *text* too, whose tokens are known, when *cut* is a safe cut in it."""
        known = self._known(_key(text)) if len(text) > SMALL else None
        if known is not None and known >= 0:
            before, behind = text[:cut], text[cut:]
            long, rest = (behind, before) if short == "before" else (before, behind)
            self.learn(long, known - self.count(rest))

    def told(self, text: str) -> tuple[int, bool]:
        """Return the tokens of *text*, and whether that is all of them.

        What was not counted yet is counted now by a counter that is at hand, unless it is long; else it is what is
        known without counting.
        """
        if len(text) > LONGEST_TOLD:
            by_size = -(-utf8_length(text) // LONGEST_TOKEN) if self.bundled else 0
            return max(by_size, 1), False
        if self.by.exactness == "exact":
            return self.count(text), True
        known = self._known(_key(text)) if text else 0
        return (known, True) if known is not None and known >= 0 else (max(1, -(known or 0)), False)

    def learn(self, text: str, tokens: int) -> None:
        """Remember what was found out about *text* in another way."""
        if text:
            self._keep(_key(text), tokens)

    @property
    def bundled(self) -> bool:
        """Whether safe cuts are proven for this counter, and no token is longer than `LONGEST_TOKEN` bytes."""
        return isinstance(self.by, EncodingCounter) and self.by.bundled

    def _weighed(self, key: Key, text: str, limit: int, small: int) -> int:
        """Return the number of tokens, or how many there are at least, more than *limit*, as a negative number."""
        if not (isinstance(self.by, EncodingCounter) and self.by.bundled):
            return self._keep(key, counted(self.by.count(text), self.by))
        size = utf8_length(text)
        if size > limit * LONGEST_TOKEN or (len(text) >= 2 * limit and _words(text, limit) >= limit):
            return self._keep(key, -(limit + 1))
        if size <= max(limit * ALL_AT_ONCE, small):
            return self._keep(key, counted(self.by.count(text), self.by))
        stream = Stream(self.by, text)
        stream.read(limit + 1)
        if stream.done:
            return self._keep(key, stream.total)
        if stream.total > limit or stream.known > limit + DOUBTFUL:
            return self._keep(key, -(limit + 1))
        return self._keep(key, counted(self.by.count(text), self.by))

    def _known(self, key: Key) -> int | None:
        known = self._young.get(key)
        if known is None:
            known = self._older.get(key)
            if known is not None:
                self._keep(key, known)
        return known

    def _keep(self, key: Key, tokens: int) -> int:
        if len(self._young) >= MOST // 2:
            self._older, self._young = self._young, {}
        self._young[key] = tokens
        return tokens


def _key(text: str) -> Key:
    if len(text) <= SHORT:
        return text
    return len(text), sha256(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).digest()


def _words(text: str, limit: int) -> int:
    """Return how many words of the beginning of *text* have another one behind them: each is a token at least."""
    return sum(1 for _ in WORD_BEGINS.finditer(text, 0, (limit + 2) * WORDS_READ))


_counters: dict[TokenCounter, Counts] = {}


def counts_of(by: TokenCounter) -> Counts:
    """Return the counts of *by* in this process; new ones for a counter that has no hash to find it by."""
    try:
        found = _counters.pop(by, None)
    except TypeError:
        return Counts(by)
    # What is asked for again goes to the end, and the first is the one that goes.
    _counters[by] = found = found or Counts(by)
    if len(_counters) > MOST_COUNTERS:
        _counters.pop(next(iter(_counters)), None)
    return found


def _text(text: object) -> str:
    if not isinstance(text, str):
        raise InvalidInputs(f"tokens are counted in a text, not in a {type(text).__name__}")
    return text


def count_many(texts: Iterable[str], *, encoding: Counting = DEFAULT) -> list[TokenCount]:
    """Return the number of tokens of each of *texts*, in their order: what `count_tokens` says of each.

    A text that was counted before in this process is not counted again.
    """
    by = counter(encoding)
    counts = counts_of(by)
    return [TokenCount(counts.count(_text(text)), exactness=by.exactness, engine=by.name) for text in texts]
