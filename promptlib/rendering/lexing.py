"""Template text as numbered tokens, each message lexed by itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from jinja2.exceptions import TemplateSyntaxError
from jinja2.lexer import Token

from promptlib.errors import InvalidPrompt
from promptlib.messages import Message
from promptlib.rendering.collecting import Soft
from promptlib.rendering.positions import NEWLINE, Span, where
from promptlib.rendering.repairs import syntax_hint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jinja2.lexer import Lexer

    from promptlib.rendering.positions import Place, Spans

#: Words and signs in all tags of a prompt together. Each costs time in every pass, and nobody reads so many.
MOST_SIGNS = 30_000
#: The word of the statement that opens a message or placeholder. No template can write it: it is no identifier.
OPENING = "<message>"

_STATEMENT_BEGINS = frozenset({"block_begin", "comment_begin"})
_STATEMENT_ENDS = frozenset({"block_end", "comment_end"})
#: What opens a stretch that has to end in the same text: how people call it, and what closes it.
_OPENED = {
    "variable_begin": ("'{{'", "}}"),
    "block_begin": ("'{%'", "%}"),
    "comment_begin": ("this comment", "#}"),
    "raw_begin": ("this raw block", "{% endraw %}"),
}
_UNCOUNTED = frozenset({"data", "whitespace"})
_LAYOUT = " \t\r\n"


class _Raw(NamedTuple):
    kind: str
    value: str
    start: int
    end: int


class Source:
    """The token stream of one template: all pieces, each behind the statement that opens it."""

    def __init__(self, lexer: Lexer, spans: Spans, places: tuple[Place, ...], most: int = MOST_SIGNS) -> None:
        """Read the pieces that *spans* knows, and number their tokens there; refuse *most* signs and more."""
        self._most = most
        self._lexer = lexer
        self._spans = spans
        self._places = places
        self._signs = 0

    def tokens(self) -> Iterator[Token]:
        """Yield the tokens; raises `InvalidPrompt` at the line and column of what cannot be read."""
        for number, piece in enumerate(self._spans.pieces):
            opening = self._spans.add(number, 0, 0)
            yield Token(opening, "block_begin", "{%")
            yield Token(opening, "name", OPENING)
            yield Token(opening, "integer", number)  # type: ignore[arg-type]  # the lexer itself puts an int here
            yield Token(opening, "block_end", "%}")
            if isinstance(piece, Message) and piece.literal:
                yield Token(self._spans.add(number, 0, len(piece.text)), "data", piece.text)
            else:
                yield from self._lexed(number, piece.text)

    def _lexed(self, piece: int, text: str) -> Iterator[Token]:
        raw = self._raw(piece, text)
        for at, (kind, value, start, end) in enumerate(raw):
            number = self._spans.add(piece, start, end)
            if kind == "data":
                after = at > 0 and raw[at - 1].kind in _STATEMENT_ENDS
                before = at + 1 < len(raw) and raw[at + 1].kind in _STATEMENT_BEGINS
                # A break at the very edge of a message was meant: the codec leaves none there that belong to the file.
                whole = at in (0, len(raw) - 1) and not (after and before)
                yield from _data(number, value, after=after, before=before, edge=whole)
            else:
                yield from self._token(number, kind, value)

    def _token(self, number: int, kind: str, value: str) -> Iterator[Token]:
        try:
            yield from self._lexer.wrap(((number, kind, value),))
        except ValueError as error:  # Python refuses numbers of thousands of digits
            raise self.error("this number is too long", self._spans[number], "write it as a text") from error

    def _raw(self, piece: int, text: str) -> list[_Raw]:
        """Return the lexer's tokens with their offsets; it tells only lines, and joins all kinds of line break."""
        lexed = NEWLINE.sub("\n", text)
        offsets = _offsets(text) if "\r" in text else None
        found: list[_Raw] = []
        at = 0
        try:
            for _, kind, value in self._lexer.tokeniter(lexed, None):
                # Only white space that a `-` has cut can lie between two tokens.
                at = lexed.index(value, at)
                start, at = at, at + len(value)
                begin, end = (start, at) if offsets is None else (offsets[start], offsets[at])
                # Data keeps the line breaks that it was written with.
                found.append(_Raw(kind, text[begin:end] if kind == "data" else value, begin, end))
                if kind not in _UNCOUNTED:
                    self._count(Span(piece, begin, end))
        except TemplateSyntaxError as error:
            at = at if offsets is None else offsets[at]
            raise self._unreadable(piece, error.message or "", found, at) from error
        self._check_closed(piece, found)
        return found

    def _count(self, span: Span) -> None:
        self._signs += 1
        if self._signs > self._most:
            what = f"the tags of this prompt hold more than {self._most:,} words and signs"
            raise self.error(what, span, "give data as an input, and take a long template apart with {% include %}")

    def _unreadable(self, piece: int, message: str, found: list[_Raw], at: int) -> InvalidPrompt:
        if message.startswith("Missing end of"):
            return self._never_closed(piece, found[-1])
        message = re.sub(r" at \d+$", "", message)
        return self.error(f"broken template: {message}", Span(piece, at, at + 1), syntax_hint(message))

    def _check_closed(self, piece: int, found: list[_Raw]) -> None:
        # The lexer ends in silence when a text ends inside a tag; the parser would blame the next message.
        begun: _Raw | None = None
        for token in found:
            if token.kind in _OPENED:
                begun = token
            elif token.kind.endswith("_end"):
                begun = None
        if begun is not None:
            raise self._never_closed(piece, begun)

    def _never_closed(self, piece: int, begun: _Raw) -> InvalidPrompt:
        word, closer = _OPENED[begun.kind]
        # The token of a raw block is its whole tag; those of the others may carry a sign that cuts blanks.
        end = begun.end if begun.kind == "raw_begin" else begun.start + 2
        hint = f"close it with {closer} in the same message"
        return self.error(f"{word} is never closed", Span(piece, begun.start, end), hint)

    def error(self, what: str, span: Span, hint: str) -> InvalidPrompt:
        """Return an error at *span*."""
        return InvalidPrompt(what, where=where(self._spans.pieces, span, self._places), hint=hint)


def _offsets(text: str) -> list[int]:
    """Return, for each offset after all line breaks became one character, the offset in *text*."""
    offsets, at = [], 0
    while at < len(text):
        offsets.append(at)
        at += 2 if text.startswith("\r\n", at) else 1
    return [*offsets, at]


def _lines_after(value: str) -> int:
    """Return where the line breaks end, and the blanks before each, that *value* begins with."""
    solid = len(value) - len(value.lstrip(_LAYOUT))
    return max(value.rfind("\n", 0, solid), value.rfind("\r", 0, solid)) + 1


def _lines_before(value: str, head: int) -> int:
    """Return where the line breaks and blanks begin that *value* ends in, from a break on."""
    solid = max(head, len(value.rstrip(_LAYOUT)))
    return min((at for at in (value.find("\n", solid), value.find("\r", solid)) if at >= 0), default=len(value))


def _data(number: int, value: str, *, after: bool, before: bool, edge: bool) -> Iterator[Token]:
    """Yield literal text with its line breaks *after* and *before* statements set apart; none that is all *edge*."""
    head = _lines_after(value) if after else 0
    tail = _lines_before(value, head) if before else len(value)
    if edge and (head == len(value) or tail == 0):
        head, tail = 0, len(value)
    if head:
        yield Token(number, "data", Soft(value[:head]))
    if head < tail:
        yield Token(number, "data", value[head:tail])
    if tail < len(value):
        yield Token(number, "data", Soft(value[tail:]))
