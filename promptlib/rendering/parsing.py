"""Numbered tokens as one syntax tree, with a node where each message opens."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.lexer import TokenStream
from jinja2.parser import Parser

from promptlib.errors import InvalidPrompt, nearest
from promptlib.rendering.environment import ENVIRONMENT
from promptlib.rendering.lexing import MOST_SIGNS, OPENING, Source
from promptlib.rendering.positions import where
from promptlib.rendering.repairs import STATEMENTS as OTHERS
from promptlib.rendering.repairs import syntax_hint
from promptlib.rendering.segmenting import SEGMENT, parse_segment
from promptlib.rendering.words import UNKNOWN_STATEMENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jinja2.environment import Environment
    from jinja2.lexer import Token

    from promptlib.rendering.positions import Place, Spans

_KNOWN = "write {{ name }} for a value; statements are those of Jinja"
STATEMENTS = (
    *("for", "if", "set", "macro", "call", "filter", "with", "include", "block", "raw", "break", "continue"),
    SEGMENT,
)


def opened(node: nodes.Node) -> int | None:
    """Return the number of the piece that opens at *node*, or None for any other node."""
    # Node types cannot be added to Jinja, and no template here can write an expression statement.
    if isinstance(node, nodes.ExprStmt) and isinstance(node.node, nodes.Const):
        number: int = node.node.value
        return number
    return None


def parse(spans: Spans, places: tuple[Place, ...] = (), *, most: int = MOST_SIGNS) -> nodes.Template:
    """Return the tree of the pieces that *spans* knows; raises `InvalidPrompt` at the line and column.

    *most* is how many words and signs the tags may hold.
    """
    parser = PieceParser(ENVIRONMENT, Source(ENVIRONMENT.lexer, spans, places, most).tokens())
    try:
        return parser.parse()
    except TemplateSyntaxError as error:
        raise _translated(error, spans, places) from error
    except RecursionError as error:
        place = where(spans.pieces, spans[parser.stream.current.lineno], places)
        hint = "take it apart with macros or {% set %}"
        raise InvalidPrompt("the template is nested too deeply", where=place, hint=hint) from error


class PieceParser(Parser):
    """Jinja's parser over a token stream of ours."""

    def __init__(self, environment: Environment, tokens: Iterator[Token]) -> None:
        """Read from *tokens* instead of a source text."""
        super().__init__(environment, "")
        self.stream = TokenStream(tokens, None, None)
        self._opened: list[Token] = []
        self.extensions = {
            OPENING: _opening,
            SEGMENT: parse_segment,
            "break": lambda parser: nodes.Break(lineno=next(parser.stream).lineno),
            "continue": lambda parser: nodes.Continue(lineno=next(parser.stream).lineno),
        }

    def parse_statement(self) -> nodes.Node | list[nodes.Node]:
        """Parse one statement; those that need other templates are refused here."""
        token = self.stream.current
        if token.value in UNKNOWN_STATEMENTS:
            self.fail(f"a prompt has no {{% {token.value} %}}\n{UNKNOWN_STATEMENTS[token.value]}", token.lineno)
        self._opened.append(token)
        node = super().parse_statement()
        # Only reached without an error: what fails leaves its opening here, for the error to name.
        self._opened.pop()
        return node

    def fail_eof(
        self,
        end_tokens: tuple[str, ...] | None = None,  # noqa: ARG002 - Jinja's signature
        lineno: int | None = None,
    ) -> NoReturn:
        """Blame the statement that is open, not the end of the text."""
        token = self._opened[-1]
        later = (
            "; a later message of the same prompt may hold that" if token.value != SEGMENT else " in the same message"
        )
        close = f"close it with {{% end{token.value} %}}{later}"
        self.fail(f"{{% {token.value} %}} is never closed\n{close}", lineno or token.lineno)

    def fail_unknown_tag(self, name: str, lineno: int | None = None) -> NoReturn:
        """Tell a misplaced end from a word that is no statement."""
        outer = self._opened[:-1]
        if name in OTHERS or (not name.startswith("end") and name not in ("else", "elif")):
            self.fail(f"no statement {name!r}\n{OTHERS.get(name) or nearest(name, STATEMENTS) or _KNOWN}", lineno)
        if not outer:
            self.fail(f"{{% {name} %}} has nothing to close\ntake it out, or open the statement before it", lineno)
        word = outer[-1].value
        self.fail(
            f"{{% {name} %}} inside of {{% {word} %}}\nclose {{% {word} %}} first, with {{% end{word} %}}", lineno
        )

    def parse_block(self) -> nodes.With:  # type: ignore[override]  # without inheritance a block is a scope
        """Parse a block as what it is where nothing can override it: a stretch with a scope of its own."""
        block = super().parse_block()
        return nodes.With([], [], block.body, lineno=block.lineno)


def _opening(parser: Parser) -> nodes.Node:
    token = next(parser.stream)
    return nodes.ExprStmt(nodes.Const(parser.stream.expect("integer").value), lineno=token.lineno)


def _translated(error: TemplateSyntaxError, spans: Spans, places: tuple[Place, ...]) -> InvalidPrompt:
    what, _, hint = (error.message or "").partition("\n")
    for words, sign in _SIGNS.items():
        what = what.replace(words, sign)
    span = spans[error.lineno]
    place = where(spans.pieces, span, places)
    if hint:
        return InvalidPrompt(what, where=place, hint=hint)
    return InvalidPrompt(f"broken template: {what}", where=place, hint=syntax_hint(what))


#: How Jinja calls the delimiters, and what people see.
_SIGNS = {
    "end of print statement": "}}",
    "begin of print statement": "{{",
    "end of statement block": "%}",
    "begin of statement block": "{%",
}
