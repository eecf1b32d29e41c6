"""The statement `{% segment %}`: its words, and the node that it becomes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn

from jinja2 import nodes

from promptlib.errors import InvalidPrompt, nearest
from promptlib.segments import WORDS, Segment, check_segment_name

if TYPE_CHECKING:
    from jinja2.lexer import Token
    from jinja2.parser import Parser

#: The word of the statement.
SEGMENT = "segment"

_EXAMPLE = 'write {% segment "docs" priority=10 %}'
#: Attributes that are whole numbers; the others are texts.
_NUMBERS = frozenset({"priority", "min_tokens", "max_tokens"})
_STATEMENT = "statement"


@dataclass(frozen=True, slots=True)
class Statement:
    """What a template says of one stretch: its name, and how it may be shortened."""

    name: str
    segment: Segment


def stated(node: nodes.Node) -> Statement | None:
    """Return the segment that *node* states, or None for any other node."""
    # Node types cannot be added to Jinja, and nothing else here makes an artificial scope.
    found: Statement | None = vars(node).get(_STATEMENT)
    return found


def parse_segment(parser: Parser) -> nodes.Node:
    """Parse one statement, from its word to its end; fails at the word that is wrong."""
    token = next(parser.stream)
    name = _name(parser)
    given: dict[str, Any] = {}
    while parser.stream.current.type != "block_end":
        parser.stream.skip_if("comma")
        word, value = _attribute(parser, given)
        given[word] = value
    try:
        segment = Segment(**given)
    except InvalidPrompt as error:
        _fail(parser, error.what, error.hint, token)
    node = nodes.Scope(lineno=token.lineno)
    node.body = parser.parse_statements(("name:endsegment",), drop_needle=True)
    vars(node)[_STATEMENT] = Statement(name, replace(segment, truncate=segment.truncate or "end"))
    return node


def _name(parser: Parser) -> str:
    token = parser.stream.current
    if token.type != "string":
        written = f'write {{% segment "{token.value}" %}}' if token.type == "name" else _EXAMPLE
        _fail(parser, "a segment needs a name, a text in quotes", written, token)
    next(parser.stream)
    try:
        return check_segment_name(token.value)
    except InvalidPrompt as error:
        _fail(parser, error.what, error.hint, token)


def _attribute(parser: Parser, given: dict[str, Any]) -> tuple[str, Any]:
    """Return the next word and its value; raises what `Segment` says of the two by themselves."""
    token = parser.stream.current
    if token.type != "name":
        _fail(parser, f"expected an attribute of the segment, got {token.value!r}", _EXAMPLE, token)
    word = token.value
    if word not in WORDS:
        hint = f"{nearest(word, WORDS)} words: {', '.join(WORDS)}".strip()
        _fail(parser, f"a segment has no {word!r}", hint, token)
    if word in given:
        _fail(parser, f"{word} is said twice", "say it once", token)
    next(parser.stream)
    if not parser.stream.skip_if("assign"):
        _fail(parser, f"{word} has no value", _written(word), token)
    token = parser.stream.current
    value = _literal(parser, word)
    if value == "oldest" and word == "truncate":
        hint = 'declare the segment of the thread: placeholder("history", priority=10)'
        _fail(parser, "a text has no messages of which the oldest could go", hint, token)
    alone: dict[str, Any] = {word: value}
    try:
        Segment(**alone)
    except InvalidPrompt as error:
        _fail(parser, error.what, error.hint, token)
    return word, value


def _literal(parser: Parser, word: str) -> str | int:
    """Return the text or whole number that stands there, and nothing computed."""
    first = parser.stream.current
    negative = parser.stream.skip_if("sub")
    token = parser.stream.current
    if token.type != "integer" and (negative or token.type != "string"):
        _fail(parser, f"{word} is no text in quotes and no whole number", _written(word), first)
    next(parser.stream)
    if parser.stream.current.type not in ("name", "comma", "block_end"):
        _fail(parser, f"{word} is computed", _written(word), parser.stream.current)
    value: str | int = token.value
    return -value if isinstance(value, int) and negative else value


def _written(word: str) -> str:
    value = "10" if word in _NUMBERS else '"…"'
    return f"write {word}={value}: the words of a segment are part of the prompt, not of its values"


def _fail(parser: Parser, what: str, hint: str, token: Token) -> NoReturn:
    parser.fail(f"{what}\n{hint}", token.lineno)
