"""Where a template's tokens stand, so that every error shows its line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from promptlib.errors import Where
from promptlib.messages import Message, Placeholder

if TYPE_CHECKING:
    from promptlib.messages import Piece

_BEHIND = re.compile(r"\s*(?:not\s+)?")
NEWLINE = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the text of a message begins in a file: the file's name, the line, and the column (from 1)."""

    source: str
    line: int
    column: int = 1


class Span(NamedTuple):
    """A stretch of one message's text, by offsets."""

    piece: int
    start: int
    end: int


def title(pieces: tuple[Piece, ...], number: int) -> str:
    """Return what people call the piece: `message 2 (user)`, `placeholder 'history'`, `the opening statements`."""
    piece = pieces[number]
    if isinstance(piece, Message):
        counted = sum(isinstance(each, Message) for each in pieces[: number + 1])
        return f"message {counted} ({piece.role})"
    return f"placeholder {piece.name!r}" if isinstance(piece, Placeholder) else "the opening statements"


def where(pieces: tuple[Piece, ...], span: Span, places: tuple[Place, ...] = ()) -> Where:
    """Return the place of *span*, in the file when *places* says where each piece begins there."""
    text = pieces[span.piece].text
    breaks = [0, *(found.end() for found in NEWLINE.finditer(text)), len(text) + 1]
    line = next(at for at in range(len(breaks) - 1) if breaks[at] <= span.start < breaks[at + 1])
    shown = NEWLINE.split(text)[line]
    column = span.start - breaks[line]
    width = max(1, min(span.end, breaks[line] + len(shown)) - span.start)
    source, first, indent = title(pieces, span.piece), 1, 0
    if places:
        place = places[span.piece]
        source, first = place.source, place.line
        indent = place.column - 1 if line == 0 else 0
    return Where(source, first + line, column + indent + 1, " " * indent + shown, width)


class Spans:
    """The tokens of one template, numbered: what Jinja carries as a line number is such a number."""

    def __init__(self, pieces: tuple[Piece, ...]) -> None:
        """Begin with the start of the first piece, for errors without a place."""
        self.pieces = pieces
        self._spans = [Span(0, 0, 0), Span(0, 0, 0)]

    def add(self, piece: int, start: int, end: int) -> int:
        """Return the number of a new token."""
        self._spans.append(Span(piece, start, end))
        return len(self._spans) - 1

    def __getitem__(self, number: int) -> Span:
        """Return the stretch of a token."""
        return self._spans[number]

    def word(self, number: int, word: str) -> Span:
        """Return the stretch of *word* behind a token: a name after its dot, or after `is` and `is not`."""
        piece, start, end = self._spans[number]
        found = _BEHIND.match(self.pieces[piece].text, end)
        at = end if found is None else found.end()
        if self.pieces[piece].text.startswith(word, at):
            return Span(piece, at, at + len(word))
        return Span(piece, start, end)

    def tag(self, number: int) -> Span:
        """Return the inside of the tag or expression that holds a token, without its delimiters."""
        piece, start, end = self._spans[number]
        text = self.pieces[piece].text
        opening = max(text.rfind("{{", 0, start), text.rfind("{%", 0, start))
        # A comparison is known by the token behind it, which may be the end of the tag itself.
        behind = end - 2 if text.endswith(("}}", "%}"), start, end) else end
        closing = min((at for at in (text.find("}}", behind), text.find("%}", behind)) if at >= 0), default=-1)
        if opening < 0 or closing < 0:
            return Span(piece, start, end)
        inside = text[opening + 2 : closing]
        inner = inside.strip("+- \t\r\n")
        begin = opening + 2 + inside.index(inner)
        return Span(piece, begin, begin + len(inner))
