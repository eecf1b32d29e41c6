"""The tokens of a text from one of its ends, encoded only as far as they are asked for.

A text is encoded in chunks. Between chunks lie safe cuts: places where the patterns of the bundled encodings always
begin a new piece, so that the tokens of the chunks, one after the other, are the tokens of the whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING
from unicodedata import category, ucd_3_2_0

from promptlib.tokens.vocabulary import LONGEST_BLANK_RUN, blank_run, utf8_length

if TYPE_CHECKING:
    from promptlib.tokens.vocabulary import EncodingCounter

# In characters per token, until the first chunk has told; low, so that Chinese is not encoded four times over.
FIRST_RATIO = 2.0
# In tokens. A small first chunk learns the ratio; a limited one keeps a change of language in mid-text cheap.
FIRST_CHUNK = 256
LARGEST_CHUNK = 1_024
SMALL = 64
# A window without safe cuts is this much longer than the ratio says, since a second one costs as much again.
SURPLUS = 1.05
# In characters: how far to look for a safe cut, and how far at first, where nearly always there is one.
NEAR = 64
FAR = 4_096
# Places that look like a safe cut and are none: with so many, the text has marks on every letter.
TRIED = 64

SURROGATE = re.compile("[\ud800-\udfff]")
# A place before a space, after a letter, digit or line break, or between the two; `is_safe_cut` decides.
CANDIDATE = re.compile(r"(?<=\S)(?= )|(?<=\w)(?=[^\w'])|(?<=\d)(?=[^\W\d])|(?<=[^\W\d])(?=\d)|(?<=[\r\n])(?=[^\s/])")


def is_safe_cut(before: str, after: str) -> bool:
    """Tell whether a piece always ends between these two characters, under the patterns of all bundled encodings.

    No pattern looks behind itself, and none has a piece that goes on from
    a character that is no whitespace to a space, from a letter to anything but a letter, mark or apostrophe,
    from a digit to anything but a digit, or from a line break to anything but whitespace or a slash. Where tables of
    Unicode may differ, the answer is no.
    """
    if after == " ":
        return not before.isspace()
    left, right = _settled_category(before), _settled_category(after)
    if not right:
        return False
    if before in "\r\n":
        return right in {"L", "N", "P", "S"} and after != "/"
    if left == "L":
        return right not in {"L", "M"} and after != "'"
    return left == "N" and right not in {"N", "M"}


def _settled_category(char: str) -> str:
    """Return the letter of *char*'s category if it has been the same since Unicode 3.2, else nothing.

    The engine's tables may be older or newer than ours.
    """
    oldest, current = ucd_3_2_0.category(char), category(char)
    return current[0] if oldest[0] == current[0] and current not in {"Cn", "Cs"} else ""


def safe_cut(text: str, low: int, high: int) -> int | None:
    """Return the first safe cut in *text* from *low* to *high*, or None; it gives up on texts that have hardly any."""
    for found in islice(CANDIDATE.finditer(text, max(1, low), min(high, len(text) - 1) + 1), TRIED):
        if is_safe_cut(text[found.start() - 1], text[found.start()]):
            return found.start()
    return None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of the text and its tokens."""

    start: int
    end: int
    tokens: list[int]


class Stream:
    """The tokens of `text[low:high]`, both safe cuts, read from the start or, with *from_end*, from the end.

    `total` counts what was read between safe cuts: these are tokens of the whole. Where the text has no safe cut for
    longer than was asked for, the last stretch is `loose`: tokens of a window that ends somewhere, nearly always those
    of the whole, and so to be verified.
    """

    __slots__ = ("_by", "_from_end", "_ratio", "_text", "chunks", "high", "loose", "low", "total")

    def __init__(self, by: EncodingCounter, text: str, *, from_end: bool = False, low: int = 0) -> None:
        """Read nothing yet."""
        self._by = by
        self._text = text
        self._from_end = from_end
        self._ratio = FIRST_RATIO
        self.low = low
        self.high = len(text)
        self.chunks: list[Chunk] = []
        self.loose: Chunk | None = None
        self.total = 0

    @property
    def known(self) -> int:
        """The tokens that were read, those of the loose stretch included."""
        return self.total + (len(self.loose.tokens) if self.loose else 0)

    @property
    def edge(self) -> int:
        """How far in the text was read, the loose stretch included."""
        if self._from_end:
            return self.loose.start if self.loose else self.high
        return self.loose.end if self.loose else self.low

    @property
    def done(self) -> bool:
        """Whether all is read, so that `total` is the number of all tokens."""
        return self.low == self.high

    def read(self, wanted: int) -> None:
        """Read on until *wanted* tokens are known, or all."""
        while self.total < wanted and not (self.done or self.loose):
            need = wanted - self.total
            chunk, settled = self._window(self._chunk_size(need))
            if settled:
                self._take(self._encoded(*chunk))
            else:
                self._read_unbroken(need)

    def _chunk_size(self, need: int) -> int:
        """Return the characters of the next chunk: less than is needed while much is, so that little is too much."""
        tokens = need + SMALL // 8 if need <= SMALL else max(SMALL, min(need * 3 // 4, LARGEST_CHUNK))
        return max(1, int((tokens if self.chunks else min(tokens, FIRST_CHUNK)) * self._ratio))

    def _read_unbroken(self, need: int) -> None:
        """Read a stretch without safe cuts in one go, long enough that its last tokens are not needed."""
        enough = need + need // 64 + 16
        size = self._chunk_size(need) if self._ratio == FIRST_RATIO else int(enough * self._ratio * SURPLUS)
        while True:
            place, settled = self._window(size)
            possible = self._without_blank_run(*place)
            chunk = self._encoded(*possible)
            if settled and possible == place:
                self._take(chunk)
                return
            if len(chunk.tokens) >= enough or possible != place:
                self.loose = chunk
                return
            size = max(size + size // 8, int(enough * self._ratio * SURPLUS))

    def _without_blank_run(self, start: int, end: int) -> tuple[int, int]:
        """Return the stretch, shortened to the first part of a run of whitespace that no engine encodes."""
        place = blank_run(self._text[start:end])
        if place is None:
            return start, end
        if self._from_end:
            return max(start, end - LONGEST_BLANK_RUN + 1), end
        return start, start + place + LONGEST_BLANK_RUN - 1

    def _window(self, size: int) -> tuple[tuple[int, int], bool]:
        """Return the next stretch, of *size* characters or some more, and whether it ends at a safe cut."""
        if size >= self.high - self.low:
            return (self.low, self.high), True
        reach = min(size, FAR)
        if self._from_end:
            place = self.high - size
            cut = self._cut(place - NEAR, place) or self._cut(place - reach, place)
            return (place if cut is None else cut, self.high), cut is not None
        place = self.low + size
        cut = self._cut(place, place + reach)
        return (self.low, place if cut is None else cut), cut is not None

    def _cut(self, low: int, high: int) -> int | None:
        if not self._by.bundled:
            return None
        return safe_cut(self._text, max(low, self.low + 1), min(high, self.high - 1))

    def _encoded(self, start: int, end: int) -> Chunk:
        text = self._text[start:end]
        if SURROGATE.search(text):
            utf8_length(self._text)  # tells the place in the whole text
        tokens = self._by.encode(text)
        self._ratio = (end - start) / len(tokens)
        return Chunk(start, end, tokens)

    def _take(self, chunk: Chunk) -> None:
        self.chunks.append(chunk)
        self.total += len(chunk.tokens)
        if self._from_end:
            self.high = chunk.start
        else:
            self.low = chunk.end

    def settled_at(self, position: int) -> tuple[int, int]:
        """Return the last safe cut that was read before *position*, seen from this end, and the tokens up to there."""
        place, tokens = (len(self._text) if self._from_end else 0), 0
        for chunk in self.chunks:
            if chunk.start < position if self._from_end else chunk.end > position:
                break
            place = chunk.start if self._from_end else chunk.end
            tokens += len(chunk.tokens)
        return place, tokens

    def settled(self, place: int) -> list[tuple[str, int]]:
        """Return what was read up to *place*, one of the safe cuts, from this end, and the tokens of it.

        It is in two: the first chunk, beside which another text may stand, and the others.
        """
        chunks = [chunk for chunk in self.chunks if (chunk.start >= place if self._from_end else chunk.end <= place)]
        found = []
        for some in filter(None, (chunks[:1], chunks[1:])):
            first, last = sorted((some[0], some[-1]), key=lambda chunk: chunk.start)
            found.append((self._text[first.start : last.end], sum(len(chunk.tokens) for chunk in some)))
        return found

    def position(self, tokens: int) -> int:
        """Return the place in the text after the first *tokens*, from this end, that were read.

        A character that the last of them cuts in two is left out.
        """
        place = len(self._text) if self._from_end else 0
        for chunk in [*self.chunks, *filter(None, [self.loose])]:
            if tokens < len(chunk.tokens):
                return self._inside(chunk, tokens)
            tokens -= len(chunk.tokens)
            place = chunk.start if self._from_end else chunk.end
        return place

    def _inside(self, chunk: Chunk, tokens: int) -> int:
        edge = len(chunk.tokens) - tokens if self._from_end else tokens
        if 2 * edge <= len(chunk.tokens):
            before = self._by.decode_bytes(chunk.tokens[:edge])
            # The bytes are those of a text up to the edge, so that only a cut character is ignored.
            text = before.decode(errors="ignore")
            place = chunk.start + len(text)
            return place + (self._from_end and len(text.encode()) < len(before))
        behind = self._by.decode_bytes(chunk.tokens[edge:])
        text = behind.decode(errors="ignore")
        place = chunk.end - len(text)
        return place - (not self._from_end and len(text.encode()) < len(behind))
