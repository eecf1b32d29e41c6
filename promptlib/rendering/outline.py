"""Where messages may open and text may stand, checked once on the syntax tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import nodes

from promptlib.errors import InvalidPrompt
from promptlib.messages import Message, Prelude
from promptlib.rendering.parsing import opened
from promptlib.rendering.positions import where
from promptlib.rendering.segmenting import stated

if TYPE_CHECKING:
    from promptlib.rendering.positions import Place, Spans

_CAPTURING: dict[type[nodes.Node], str] = {
    nodes.Macro: "a macro",
    nodes.CallBlock: "a call block",
    nodes.FilterBlock: "a filter block",
    nodes.AssignBlock: "a set block",
}
_SEGMENT = "the segment"
#: Statements that put text into the message that is open.
_PLACED = (nodes.Include, nodes.CallBlock, nodes.FilterBlock, nodes.Scope)


class Outline:
    """The statements of a tree that put text into messages, and those that capture it.

    Blanks between pieces are taken out of the tree: they would end up in whichever message is open.
    """

    def __init__(self, tree: nodes.Template, spans: Spans, places: tuple[Place, ...]) -> None:
        """Walk through *tree*; raises `InvalidPrompt` at the first thing that cannot be."""
        self._spans = spans
        self._places = places
        self._walk(tree.body, "", loop=False)

    def _walk(self, body: list[nodes.Node], capture: str, *, loop: bool) -> None:
        for node in body:
            if isinstance(node, nodes.Break | nodes.Continue) and not loop:
                raise self._outside_of_loops(node)
            number = opened(node)
            if number is not None and capture:
                raise self._opened_inside(node.lineno, number, capture)
            segment = stated(node)
            if segment is not None and capture:
                raise self._segment_inside(node.lineno, segment.name, capture)
            if isinstance(node, nodes.Output) and not capture:
                self._check_text(node)
            elif isinstance(node, _PLACED) and not capture:
                self._check_place(node)
            inside = f"{_SEGMENT} {segment.name!r}" if segment else _CAPTURING.get(type(node), capture)
            if isinstance(node, nodes.For) and node.recursive:
                inside = "a recursive loop"
            # A macro runs where it is called, outside of the loop that it is written in.
            within = isinstance(node, nodes.For) or (loop and not isinstance(node, nodes.Macro | nodes.CallBlock))
            self._walk(getattr(node, "body", []), inside, loop=within)
            self._walk(getattr(node, "elif_", []), inside, loop=loop)
            self._walk(getattr(node, "else_", []), inside, loop=loop)

    def _outside_of_loops(self, node: nodes.Node) -> InvalidPrompt:
        word = "break" if isinstance(node, nodes.Break) else "continue"
        place = where(self._spans.pieces, self._spans[node.lineno], self._places)
        return InvalidPrompt(
            f"{{% {word} %}} outside of a loop", where=place, hint="only {% for %} can be left with it"
        )

    def _opened_inside(self, token: int, number: int, capture: str) -> InvalidPrompt:
        pieces = self._spans.pieces
        piece = pieces[number]
        what = f"a {piece.role} message" if isinstance(piece, Message) else "a placeholder"
        return InvalidPrompt(
            f"{what} opens inside {capture}",
            where=where(pieces, self._spans[token], self._places),
            hint=f"{capture} makes a text, which cannot hold messages: close it before, or use a loop or a condition",
        )

    def _segment_inside(self, token: int, name: str, capture: str) -> InvalidPrompt:
        return InvalidPrompt(
            f"the segment {name!r} opens inside {capture}",
            where=where(self._spans.pieces, self._spans[token], self._places),
            hint="close it before" if capture.startswith(_SEGMENT) else "write the segment where that text is put out",
        )

    def _check_text(self, node: nodes.Output) -> None:
        kept = []
        for child in node.nodes:
            blank = isinstance(child, nodes.TemplateData) and not child.data.strip()
            if isinstance(self._spans.pieces[self._spans[child.lineno].piece], Message):
                kept.append(child)
            elif not blank:
                self._check_place(child)
        node.nodes = kept

    def _check_place(self, node: nodes.Node) -> None:
        span = self._spans[node.lineno]
        piece = self._spans.pieces[span.piece]
        if isinstance(piece, Message):
            return
        before = "before the first message" if isinstance(piece, Prelude) else f"after the placeholder {piece.name!r}"
        raise InvalidPrompt(
            f"text {before}, outside of every message",
            where=where(self._spans.pieces, span, self._places),
            hint="only statements can stand here; put the text into a message",
        )
