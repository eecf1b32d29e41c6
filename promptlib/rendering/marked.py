"""Code that yields besides where the segments begin and end."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from promptlib.rendering.generating import PieceGenerator
from promptlib.rendering.marking import is_fence, is_join, told
from promptlib.rendering.parting import fenced, joined_items
from promptlib.rendering.segmenting import stated
from promptlib.rendering.stretches import Mark

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jinja2 import Environment, nodes
    from jinja2.compiler import Frame

    from promptlib.rendering.segmenting import Statement

_END = Mark("end")


class MarkedGenerator(PieceGenerator):
    """The code of the same tree, with a mark wherever it states a segment or puts out a marked input by itself.

    Texts and parts come in the same order; the marks stand between them.
    """

    def __init__(self, environment: Environment, name: str | None, filename: str) -> None:
        """Add the functions that know the parts of a text."""
        super().__init__(environment, name, filename)
        self.constants.update(joined_items=joined_items, fenced=fenced)
        self._items: dict[int, Mark] = {}

    def put_mark(self, mark: Mark, node: nodes.Node | None = None) -> None:
        """Write that *mark* is yielded, for *node*."""
        name = f"mark_{len(self.constants)}"
        self.constants[name] = mark
        self.writeline(f"yield {name}", node)

    def visit_Scope(self, node: nodes.Scope, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Put a stated segment between marks."""
        statement = cast("Statement", stated(node))
        self.put_mark(Mark("begin", statement.name, statement.segment), node)
        super().visit_Scope(node, frame)
        self.put_mark(_END)

    def visit_For(self, node: nodes.For, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Mark each round of a loop whose items count, and where the last one ends."""
        name = told(node)
        if name is not None:
            self._items[id(node.body)] = Mark("item", name)
        super().visit_For(node, frame)
        if name is not None:
            self.put_mark(Mark("item"), node)
        if name:
            self.put_mark(_END)

    def blockvisit(self, nodes: Iterable[nodes.Node], frame: Frame) -> None:
        """Write a body; that of such a loop begins with its mark."""
        mark = self._items.get(id(nodes))
        if mark is not None:
            self.put_mark(mark)
        super().blockvisit(nodes, frame)

    def visit_Break(self, node: nodes.Break, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """End the segment that is left."""
        if told(node) is not None:
            self.put_mark(_END)
        super().visit_Break(node, frame)

    def visit_Continue(self, node: nodes.Continue, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """End the segment that is left."""
        if told(node) is not None:
            self.put_mark(_END)
        super().visit_Continue(node, frame)

    def put_value(self, node: nodes.Expr, frame: Frame) -> None:
        """Put out a value, between marks where it is that of a marked input."""
        name = told(node)
        if name:
            self.put_mark(Mark("begin", name), node)
        if name is not None and (is_join(node) or is_fence(node)):
            self.start_write(frame, node)
            self._visit_parts(node, frame)
            self.end_write(frame)
        else:
            super().put_value(node, frame)
        if name:
            self.put_mark(_END)

    def _visit_parts(self, node: nodes.Filter, frame: Frame) -> None:
        """Write a filter that knows the parts of its text."""
        self.write(f"{'joined_items' if is_join(node) else 'fenced'}(context, ")
        inner = cast("nodes.Expr", node.node)
        if is_fence(node) and is_join(inner):
            self._visit_parts(inner, frame)
        else:
            self.visit(inner, frame)
        self.signature(node, frame)
        self.write(")")
