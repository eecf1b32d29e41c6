"""Where a tree puts out what a budget may shorten: found and told to its nodes, once it is parsed."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

from jinja2 import nodes

from promptlib.errors import InvalidPrompt
from promptlib.messages import Placeholder
from promptlib.rendering.parsing import opened
from promptlib.rendering.positions import where
from promptlib.rendering.segmenting import SEGMENT, stated
from promptlib.segments import CUTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptlib.rendering.positions import Place, Spans
    from promptlib.rendering.segmenting import Statement
    from promptlib.segments import Segment

#: Filters whose text falls into items, and whose text lies inside of another.
JOIN, FENCE = "join", "delimited"
#: What says how much there is of a value puts out nothing of it.
_MEASURES = frozenset({"count", "length", "wordcount"})
_ONE_LIST = 'write one loop, or one {{ list | join("…") }}, directly inside of it'
_INSIDE = (
    'declare the segment for the input, which is cut inside of its fence, or write truncate="drop" or "items" here'
)
_TOLD = "told"


def told(node: nodes.Node) -> str | None:
    """Return what *node* was told, or None when it was told nothing.

    Something that is put out is told the marked input that it is, or nothing but that its items count in the segment
    around it; `break` and `continue` are told that they leave a segment.
    """
    found: str | None = vars(node).get(_TOLD)
    return found


def is_join(node: nodes.Node | None) -> TypeGuard[nodes.Filter]:
    """Say whether *node* puts the items of a list together."""
    return isinstance(node, nodes.Filter) and node.name == JOIN


def is_fence(node: nodes.Node | None) -> TypeGuard[nodes.Filter]:
    """Say whether *node* puts a text between tags."""
    return isinstance(node, nodes.Filter) and node.name == FENCE


class Marking:
    """The segments that a tree states, and the marked inputs that it puts out by themselves.

    That is where nothing around them is one text already: a macro, a block, a stated segment, a loop over another one.
    """

    def __init__(self, tree: nodes.Template, spans: Spans, places: tuple[Place, ...], marked: frozenset[str]) -> None:
        """Tell the nodes of *tree*; raises `InvalidPrompt` for segments that do not fit what is in them."""
        threads = {piece.name for piece in spans.pieces if isinstance(piece, Placeholder)}
        self.segments: dict[str, Segment] = {}
        self.markable = marked & threads
        self.fenced: frozenset[str] = frozenset()
        self._texts = marked - threads
        self._spans = spans
        self._places = places
        self._bound: list[set[str]] = [set()]
        if marked or any(SEGMENT in piece.text for piece in spans.pieces):
            self._walk(tree.body)

    @property
    def told(self) -> bool:
        """Whether there is any node that a mark belongs to."""
        return bool(self.segments or self.markable & self._texts)

    def _walk(self, body: Iterable[nodes.Node]) -> None:
        for node in body:
            statement = stated(node)
            if statement is not None:
                self._stated(node, statement)
            elif isinstance(node, nodes.Output):
                self._output(node)
            elif isinstance(node, nodes.For):
                self._for(node)
            elif isinstance(node, nodes.If):
                for branch in (node.body, *(each.body for each in node.elif_), node.else_):
                    self._walk(branch)
            elif isinstance(node, nodes.With):
                self._scoped(node.body, _names(node.targets))
            elif isinstance(node, nodes.Macro):
                self._bound[-1].add(node.name)
            elif isinstance(node, nodes.Assign | nodes.AssignBlock):
                self._bound[-1].update(_names([node.target]))

    def _scoped(self, body: Iterable[nodes.Node], names: Iterable[str]) -> None:
        self._bound.append(set(names))
        self._walk(body)
        self._bound.pop()

    def _stated(self, node: nodes.Node, statement: Statement) -> None:
        name, segment = statement.name, statement.segment
        if self.segments.setdefault(name, segment) != segment:
            what = f"the segment {name!r} is stated twice, and not alike"
            raise self._error(node, what, "say the same both times, or give the one another name")
        body: list[nodes.Node] = vars(node)["body"]
        if segment.truncate == "items":
            found = list(_lists(body))
            if len(found) != 1:
                many = "more than one list" if found else "no list"
                what = f"the segment {name!r} is cut by items, and holds {many}"
                raise self._error(found[1] if found else node, what, _ONE_LIST)
            _tell(found[0], "")
        elif segment.truncate in CUTS:
            self._refuse_fence(name, node)
        _tell_leaving(body)

    def _refuse_fence(self, name: str, node: nodes.Node) -> None:
        """A text that is fenced off must keep its end: what it holds would read as the prompt's own words."""
        fence = next(_fences(node), None)
        if fence is not None:
            what = f"the segment {name!r} may be cut inside, and would lose the end of the fence in it"
            raise self._error(fence, what, _INSIDE)

    def _output(self, node: nodes.Output) -> None:
        for child in node.nodes:
            self._mark(child, self._input(child))

    def _for(self, node: nodes.For) -> None:
        if node.recursive:
            return
        name = self._input(node.iter) if isinstance(node.iter, nodes.Name) else ""
        if name and not any(map(_cuts, node.body)):
            self._mark(node, name)
            self.fenced |= {name} if next(_fences(node), None) else set()
        else:
            self._scoped(node.body, ["loop", *_names([node.target])])
        self._scoped(node.else_, ())

    def _input(self, node: nodes.Node) -> str:
        """Return the marked input that *node* puts out, through filters or as it is, or an empty text."""
        node = node.node if is_fence(node) and node.node is not None else node
        # A fence that another filter works on would be cut with the rest.
        while isinstance(node, nodes.Filter) and node.node is not None and node.name not in (*_MEASURES, FENCE):
            node = node.node
        if not isinstance(node, nodes.Name) or any(node.name in names for names in self._bound):
            return ""
        return node.name if node.name in self._texts else ""

    def _mark(self, node: nodes.Node, name: str) -> None:
        if name:
            _tell(node, name)
            self.markable |= {name}

    def _error(self, node: nodes.Node, what: str, hint: str) -> InvalidPrompt:
        place = where(self._spans.pieces, self._spans[node.lineno], self._places)
        return InvalidPrompt(what, where=place, hint=hint)


def _tell(node: nodes.Node, name: str) -> None:
    vars(node)[_TOLD] = name


def _tell_leaving(body: Iterable[nodes.Node]) -> None:
    """Tell each `break` and `continue` of *body* that would leave it."""
    for node in body:
        if isinstance(node, nodes.Break | nodes.Continue):
            _tell(node, "")
        elif isinstance(node, nodes.For):
            _tell_leaving(node.else_)
        elif not isinstance(node, nodes.Macro | nodes.CallBlock):
            for inner in ("body", "elif_", "else_"):
                _tell_leaving(getattr(node, inner, ()))


def _lists(body: Iterable[nodes.Node]) -> Iterator[nodes.Node]:
    """Yield the loops and the joined lists that stand directly in *body*."""
    for node in body:
        if isinstance(node, nodes.For) and not node.recursive:
            yield node
        elif isinstance(node, nodes.Output):
            yield from (each for each in node.nodes if is_join(each) or (is_fence(each) and is_join(each.node)))


def _fences(node: nodes.Node) -> Iterator[nodes.Node]:
    """Yield what puts a text between tags inside of *node*."""
    for each in node.find_all((nodes.Filter, nodes.FilterBlock)):
        found = each.filter if isinstance(each, nodes.FilterBlock) else each
        if is_fence(found):
            yield found


def _cuts(node: nodes.Node) -> bool:
    """Say whether a message opens or a segment is stated in *node*, so that it is not one stretch."""
    return any(
        opened(each) is not None or stated(each) is not None
        for each in (node, *node.find_all((nodes.ExprStmt, nodes.Scope)))
    )


def _names(targets: Iterable[nodes.Node]) -> Iterator[str]:
    for target in targets:
        if isinstance(target, nodes.Name):
            yield target.name
        yield from (each.name for each in target.find_all(nodes.Name))
