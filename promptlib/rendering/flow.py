"""What a template puts out, stretch by stretch in the order of the text, told without its syntax tree."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from jinja2 import nodes

from promptlib.messages import Message, Placeholder
from promptlib.rendering.analysis import Analysis
from promptlib.rendering.parsing import opened, parse
from promptlib.rendering.positions import Spans
from promptlib.rendering.shapes import TURN, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptlib.inputs import Input, InputType, Kind
    from promptlib.messages import Piece
    from promptlib.rendering.positions import Span
    from promptlib.rendering.shapes import Shape, Use

#: A template that was compiled before is read again, however many signs it holds.
_ANY_NUMBER = sys.maxsize


class Drawn(NamedTuple):
    """An input that a value is made from, the path into it (`[]` is each item), and the type there if it is known."""

    name: str
    path: tuple[str, ...]
    type: InputType | None


@dataclass(frozen=True, slots=True)
class Strand:
    """A stretch of a message: literal text, a value, an include, or the place of a thread.

    `start` and `end` are offsets into the text of the piece with the number `piece`, delimiters included. `text` is
    the literal text, the expression, the alias or the name. `drawn` are the inputs behind a value, `kind` is the kind
    of what is put out where that is known, `filters` the filters on it, the last one first. `certain` is False inside
    of conditions and loops; `captured` is True inside of what is put out elsewhere, such as a macro.
    """

    put: Literal["text", "value", "include", "thread"]
    piece: int
    start: int
    end: int
    text: str
    drawn: tuple[Drawn, ...] = ()
    kind: Kind | None = None
    filters: tuple[str, ...] = ()
    certain: bool = True
    captured: bool = False


def flow(pieces: tuple[Piece, ...], inputs: Iterable[Input]) -> tuple[Strand, ...]:
    """Return the strands of *pieces*, which were compiled before, over the declared *inputs*."""
    spans = Spans(pieces)
    tree = parse(spans, most=_ANY_NUMBER)
    walk = _Walk(tree, {each.name: each.type for each in inputs}, spans)
    return tuple(walk.strands)


class _Walk(Analysis):
    """Writes down what each statement puts out."""

    def __init__(self, tree: nodes.Template, declared: dict[str, InputType], spans: Spans) -> None:
        self.strands: list[Strand] = []
        self._pieces = spans.pieces
        self._depth = 0
        self._tested: dict[int, Use] = {}
        super().__init__(tree, declared, spans)

    def shape(self, node: nodes.Node) -> Shape:
        """Take the test of `a if test else b` for what it is: nothing of it is put out."""
        if not isinstance(node, nodes.CondExpr):
            return super().shape(node)
        before = len(self.uses)
        self.shape(node.test)
        self._tested |= {id(use): use for use in self.uses[before:]}
        for each in (node.expr1, node.expr2):
            if each is not None:
                self.shape(each)
        return UNKNOWN

    def _body(self, body: Iterable[nodes.Node]) -> None:
        for node in body:
            number = opened(node)
            if number is not None and isinstance(piece := self._pieces[number], Placeholder):
                kind = self._declared.get(piece.name)
                self._add(Strand("thread", number, 0, 0, piece.name, (Drawn(piece.name, (), kind),), "thread"))
            super()._body((node,))

    def _output(self, node: nodes.Output) -> None:
        for child in node.nodes:
            span = self.span(child)
            if isinstance(child, nodes.TemplateData):
                self._literal(span)
            else:
                self._value(child)

    def _literal(self, span: Span) -> None:
        if not isinstance(self._pieces[span.piece], Message):
            return
        # The line breaks around statements are data of their own, with the span of the whole text.
        last = self.strands[-1] if self.strands else None
        if last and (last.put, last.piece, last.start, last.end) == ("text", *span):
            return
        text = self._pieces[span.piece].text[span.start : span.end]
        self._add(Strand("text", *span, text))

    def _value(self, node: nodes.Expr) -> None:
        before = len(self.uses)
        shape = self.shape(node)
        used = [use for use in self.uses[before:] if id(use) not in self._tested]
        drawn = tuple(dict.fromkeys(Drawn(use.name, use.path, self._type_of(use.name, use.path)) for use in used))
        piece, start, end = self._spans.tag(node.lineno)
        text = self._pieces[piece].text
        begin, close = text.rfind("{{", 0, start), text.find("}}", end)
        self._add(
            Strand(
                "value",
                piece,
                begin if begin >= 0 else start,
                close + 2 if close >= 0 else end,
                text[start:end],
                drawn,
                shape.type.kind if shape.type else None,
                tuple(_filters(node)),
            )
        )

    def _include(self, node: nodes.Include) -> None:
        super()._include(node)
        alias = node.template.value if isinstance(node.template, nodes.Const) else ""
        piece, start, end = self._spans.tag(node.lineno)
        self._add(Strand("include", piece, start, end, str(alias)))

    def _add(self, strand: Strand) -> None:
        certain, captured = not self._depth, self._captured > 0
        self.strands.append(replace(strand, certain=False, captured=captured) if captured or not certain else strand)

    def _for(self, node: nodes.For) -> None:
        self._depth += 1
        super()._for(node)
        self._depth -= 1

    def _if(self, node: nodes.If) -> None:
        self._depth += 1
        super()._if(node)
        self._depth -= 1

    def _type_of(self, name: str, path: tuple[str, ...]) -> InputType | None:
        found = self._declared.get(name)
        for part in path:
            found = None if found is None else _inside(found, part)
        return found


def _inside(kind_of: InputType, part: str) -> InputType | None:
    if part == "[]":
        return TURN if kind_of.kind == "thread" else kind_of.items
    if kind_of.kind == "map":
        return kind_of.items
    return next((each.type for each in kind_of.properties if each.name == part), None)


def _filters(node: nodes.Node | None) -> Iterable[str]:
    while isinstance(node, nodes.Filter):
        yield node.name
        node = node.node
