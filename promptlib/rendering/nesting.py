"""How deep a template may be nested: refused before anything that recurses over it, Python's compiler included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import nodes

from promptlib.errors import InvalidPrompt
from promptlib.rendering.positions import where

if TYPE_CHECKING:
    from promptlib.rendering.positions import Place, Spans

#: Statements and expressions inside of each other; far beyond what anybody reads.
DEEPEST = 60
#: Python allows twenty, and needs some for itself.
DEEPEST_LOOP = 16
#: Each `elif` is one more level for Python.
MOST_BRANCHES = 500


def check_nesting(tree: nodes.Template, spans: Spans, places: tuple[Place, ...]) -> None:
    """Raise `InvalidPrompt` where *tree* is nested past the limits."""
    waiting: list[tuple[nodes.Node, int, int]] = [(tree, 0, 0)]
    while waiting:
        node, depth, loops = waiting.pop()
        loops += isinstance(node, nodes.For)
        if depth > DEEPEST or loops > DEEPEST_LOOP:
            limit = f"{DEEPEST_LOOP} loops" if loops > DEEPEST_LOOP else f"{DEEPEST} levels"
            raise InvalidPrompt(
                f"the template is nested deeper than {limit}",
                where=where(spans.pieces, spans[node.lineno], places),
                hint="take it apart with macros or {% set %}",
            )
        if isinstance(node, nodes.If) and len(node.elif_) > MOST_BRANCHES:
            raise InvalidPrompt(
                f"a condition has more than {MOST_BRANCHES} branches",
                where=where(spans.pieces, spans[node.elif_[MOST_BRANCHES].lineno], places),
                hint="give the choice as an input, or look it up: {{ {'a': 'one', 'b': 'two'}[key] }}",
            )
        waiting.extend((child, depth + 1, loops) for child in node.iter_child_nodes())
