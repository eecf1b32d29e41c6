"""A whole store's versions and edges, immutable, and the view from one version."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Protocol, TypeAlias

from promptlib.lineage import drawing
from promptlib.lineage.finding import Finder, Which
from promptlib.lineage.impact import impacts
from promptlib.lineage.nodes import KINDS, Edge, Node
from promptlib.lineage.web import BITS, Web

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from promptlib.diff import PromptDiff
    from promptlib.lineage.impact import Impact

#: What compares two versions, the first of them None for all of the second; None where prompts are not at hand.
Compare: TypeAlias = "Callable[[Node | None, Node], PromptDiff | None]"


class Source(Protocol):
    """Where a lineage learns what is around its version: a graph in memory, or the index of a store."""

    def key(self, which: Which) -> int:
        """Return the number of a version; raises `NotFound`."""

    def node(self, key: int) -> Node:
        """Return the version itself."""

    def alike(self, key: int) -> Sequence[int]:
        """Return the versions of the same name with the same digest."""

    def before(self, keys: Sequence[int], *, origins: bool = False) -> Web:
        """Return all that *keys* came from and, unless only *origins* are wanted, include."""

    def after(self, keys: Sequence[int]) -> Web:
        """Return all that came of *keys* or includes them."""

    def using(self, keys: Sequence[int]) -> Web:
        """Return all that includes or derives from *keys*, transitively."""

    def compare(self, before: Node | None, after: Node) -> PromptDiff | None:
        """Return the difference of two versions, or None where the prompts are not at hand."""


class Graph:
    """All versions and edges of a store, immutable.

    A version is asked for by a ref (`name`, `name@v3`, `name@production`, `name#3f9c2a1b`), a `Version` or a `Node`.
    """

    __slots__ = ("_compare", "_edges", "_finder", "_keys", "_nodes", "_web")

    def __init__(self, nodes: Iterable[Node] = (), edges: Iterable[Edge] = (), compare: Compare | None = None) -> None:
        """Hold *nodes* and *edges*; an edge's ends belong to the graph too. *compare* makes the diffs of a page."""
        held = sorted(dict.fromkeys(edges), key=lambda edge: KINDS.index(edge.kind))
        ends = chain.from_iterable((edge.source, edge.target) for edge in held)
        keys = {node: at for at, node in enumerate(dict.fromkeys(chain(nodes, ends)))}
        back: dict[int, list[int]] = {at: [] for at in keys.values()}
        for edge in held:
            back[keys[edge.source]].append(keys[edge.target] << BITS | KINDS.index(edge.kind))
        self._web = Web({at: node for node, at in keys.items()}, back)
        self._compare = compare
        self._nodes: tuple[Node, ...] | None = None
        self._edges: tuple[Edge, ...] | None = None
        self._keys: dict[Node, int] | None = None
        self._finder: Finder | None = None

    @classmethod
    def of_web(cls, web: Web, compare: Compare | None = None) -> Graph:
        """Return the graph that *web* is."""
        graph = cls(compare=compare)
        graph._web = web
        return graph

    def __repr__(self) -> str:
        """Return how large it is."""
        return f"<Graph: {len(self._web.back)} versions, {sum(map(len, self._web.back.values()))} edges>"

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Every version, in the order in which they were made; then what is pinned and not here."""
        if self._nodes is None:
            self._nodes = tuple([self._web.nodes[key] for key in self._web.back])
        return self._nodes

    @property
    def edges(self) -> tuple[Edge, ...]:
        """Every edge, by kind."""
        if self._edges is None:
            edges = [edge for key in self._web.back for edge in self._web.edges_back(key)]
            self._edges = tuple(sorted(edges, key=lambda edge: KINDS.index(edge.kind)))
        return self._edges

    def of(self, which: Which) -> Lineage:
        """Return where a version came from and what came of it; raises `NotFound`."""
        return Lineage(self.key(which), self)

    def find(self, name: str, digest: str) -> Node | None:
        """Return the last node of *name* with *digest*."""
        return next((node for node in reversed(self.nodes) if (node.name, node.digest) == (name, digest)), None)

    def back(self, which: Which) -> list[Edge]:
        """Return the edges from a version to what it follows from or uses."""
        return list(self._web.edges_back(self.key(which)))

    def forth(self, which: Which) -> list[Edge]:
        """Return the edges to a version from what follows from it or uses it."""
        return list(self._web.edges_forth(self.key(which)))

    def ancestors(self, which: Which) -> tuple[Node, ...]:
        """Return everything that a version came from or includes, nearest first."""
        return self.of(which).ancestors()

    def descendants(self, which: Which) -> tuple[Node, ...]:
        """Return everything that came of a version or includes it, nearest first."""
        return self.of(which).descendants()

    def common_ancestor(self, one: Which, other: Which) -> Node | None:
        """Return the nearest version that both came from, as `Lineage.common_ancestor` does."""
        return self.of(one).common_ancestor(other)

    def path_between(self, one: Which, other: Which) -> tuple[Edge, ...] | None:
        """Return the edges that link both, as `Lineage.path_between` does."""
        return self.of(one).path_between(other)

    def impact(self, which: Which) -> tuple[Impact, ...]:
        """Return every version that includes, runs or derives from this one, transitively, nearest first.

        A bare name means any version of it. Everything else means one content: all its versions of that name.
        """
        return impacts(self._web, self._found().every(which))

    def mermaid(self) -> str:
        """Return a Mermaid flowchart, origins at the bottom; no name or message can be read as Mermaid's own words."""
        return drawing.mermaid(self.nodes, self.edges)

    def to_dict(self) -> dict[str, object]:
        """Return `{"nodes": [{"id", "ref", "name", …}], "edges": [{"kind", "source", "target"}]}`."""
        return drawing.to_dict(self.nodes, self.edges)

    def html(self, *, diffs: int = drawing.MOST_DIFFS) -> str:
        """Return one page without any other file: pan, zoom, and the difference that each version made.

        Of at most *diffs* versions, the newest, the difference is in the page.
        """
        from promptlib.lineage.page import page  # noqa: PLC0415 - walks need no page

        return page(self.nodes, self.edges, self.compare, diffs=diffs)

    def _repr_html_(self) -> str:
        """Return the page in a frame of its own, for a notebook."""
        from promptlib.lineage.page import framed  # noqa: PLC0415 - walks need no page

        return framed(self.html(diffs=drawing.FEW_DIFFS))

    def key(self, which: Which) -> int:
        """Return the number that a version has in this graph; raises `NotFound`."""
        if isinstance(which, Node):
            if self._keys is None:
                self._keys = dict(zip(self.nodes, self._web.back, strict=True))
            if which in self._keys:
                return self._keys[which]
        return self._found().one(which)

    def node(self, key: int) -> Node:
        """Return the version with number *key*."""
        return self._web.nodes[key]

    def alike(self, key: int) -> Sequence[int]:
        """Return the versions of the same name with the same digest."""
        return self._found().alike(key)

    def before(self, keys: Sequence[int], *, origins: bool = False) -> Web:  # noqa: ARG002 - the shape of Source
        """Return all there is."""
        return self._web

    def after(self, keys: Sequence[int]) -> Web:  # noqa: ARG002 - the shape of Source
        """Return all there is."""
        return self._web

    def using(self, keys: Sequence[int]) -> Web:  # noqa: ARG002 - the shape of Source
        """Return all there is."""
        return self._web

    def _found(self) -> Finder:
        if self._finder is None:
            self._finder = Finder(dict(zip(self._web.back, self.nodes, strict=True)))
        return self._finder

    def compare(self, before: Node | None, after: Node) -> PromptDiff | None:
        """Return the difference of two versions, or None where the prompts are not at hand."""
        return self._compare(before, after) if self._compare else None


class Lineage:
    """One version among those it came from and those that came of it, as they were when it was asked for.

    What it tells is looked up when it is first asked, and kept.
    """

    __slots__ = ("_after", "_before", "_key", "_source")

    def __init__(self, key: int, source: Source) -> None:
        """Tell of the version that *source* knows by *key*."""
        self._key = key
        self._source = source
        self._before: Web | None = None
        self._after: Web | None = None

    def __repr__(self) -> str:
        """Return the version that it is of."""
        return f"<Lineage of {self.node}>"

    @property
    def node(self) -> Node:
        """The version itself."""
        known = self._before or self._after
        return known.nodes[self._key] if known else self._source.node(self._key)

    def ancestors(self) -> tuple[Node, ...]:
        """Return everything that this version came from or includes, nearest first."""
        return self._told(self._back(), self._back().before([self._key])[1:])

    def descendants(self) -> tuple[Node, ...]:
        """Return everything that came of this version or includes it, nearest first."""
        return self._told(self._forth(), self._forth().after([self._key])[1:])

    def common_ancestor(self, other: Lineage | Which) -> Node | None:
        """Return the nearest version that this one and *other* both came from (either may be it), or None.

        Of several candidates that do not come from each other, it is the one nearest to this version. What both
        include is no origin of theirs.
        """
        key = self._other(other)
        web = self._source.before((self._key, key), origins=True)
        found = web.common_ancestor(self._key, key)
        return None if found is None else web.nodes[found]

    def path_between(self, other: Lineage | Which) -> tuple[Edge, ...] | None:
        """Return the fewest edges that lead from this version to *other*, by what they came from or include.

        It goes back from one to the other, or from both to something that they share; of several as short, the straight
        one. It is empty when both are the same version, and None when they share nothing; that something else uses both
        makes no path.
        """
        key = self._other(other)
        web = self._source.before((self._key, key))
        found = web.path_between(self._key, key)
        return None if found is None else tuple(web.edge(*edge) for edge in found)

    def impact(self) -> tuple[Impact, ...]:
        """Return every version that includes or derives from this content, transitively, nearest first."""
        keys = self._source.alike(self._key)
        return impacts(self._source.using(keys), keys)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """This version, its ancestors, then its descendants."""
        return tuple(dict.fromkeys((self.node, *self.ancestors(), *self.descendants())))

    @property
    def edges(self) -> tuple[Edge, ...]:
        """The edges that were walked: back from this version, and forth."""
        before, after = self._back(), self._forth()
        back = chain.from_iterable(map(before.edges_back, before.before([self._key])))
        forth = chain.from_iterable(map(after.edges_forth, after.after([self._key])))
        return tuple(dict.fromkeys(chain(back, forth)))

    def tree(self) -> str:
        """Return a text for a terminal: this version and its parents in a column, other origins set in below each."""
        return drawing.tree(self._key, self._back(), self._forth())

    def mermaid(self) -> str:
        """Return a Mermaid flowchart, origins at the bottom; no name or message can be read as Mermaid's own words."""
        return drawing.mermaid(self.nodes, self.edges, self.node)

    def to_dict(self) -> dict[str, object]:
        """Return `{"node": id, "nodes": [{"id", "ref", "name", …}], "edges": [{"kind", "source", "target"}]}`."""
        return drawing.to_dict(self.nodes, self.edges, self.node)

    def html(self, *, diffs: int = drawing.MOST_DIFFS) -> str:
        """Return one page without any other file: pan, zoom, and the difference that each version made.

        Of at most *diffs* versions, the nearest, the difference is in the page.
        """
        from promptlib.lineage.page import page  # noqa: PLC0415 - walks need no page

        return page(self.nodes, self.edges, self._source.compare, node=self.node, diffs=diffs)

    def _repr_html_(self) -> str:
        """Return the page in a frame of its own, for a notebook."""
        from promptlib.lineage.page import framed  # noqa: PLC0415 - walks need no page

        return framed(self.html(diffs=drawing.FEW_DIFFS))

    def _other(self, other: Lineage | Which) -> int:
        if isinstance(other, Lineage):
            return other._key if other._source is self._source else self._source.key(other.node)  # noqa: SLF001 - its own
        return self._source.key(other)

    def _back(self) -> Web:
        if self._before is None:
            self._before = self._source.before((self._key,))
        return self._before

    def _forth(self) -> Web:
        if self._after is None:
            self._after = self._source.after((self._key,))
        return self._after

    def _told(self, web: Web, keys: Sequence[int]) -> tuple[Node, ...]:
        nodes = web.nodes
        return tuple([nodes[key] for key in keys])
