"""Versions and the typed edges between them, and walks over these."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, get_args

from promptlib.lineage import drawing
from promptlib.trust import OWN, Trust
from promptlib.version import SHORT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from promptlib.refs import Pin

#: How a version follows from another; in the order in which edges of one version are told.
Kind: TypeAlias = Literal["parent", "renamed_from", "merged_from", "derived_from", "includes"]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: The kinds that say where a content came from; an included prompt stays a prompt of its own.
ORIGINS: frozenset[Kind] = frozenset(KINDS) - {"includes"}


@dataclass(frozen=True, slots=True)
class Node:
    """A version in the graph; `missing` when a file pins it and this store does not hold it.

    `trust` and `vouched` are as the version has them.
    """

    name: str
    digest: str
    number: int | None = None
    commit: str = ""
    time: datetime | None = None
    author: str = ""
    message: str = ""
    labels: tuple[str, ...] = ()
    missing: bool = False
    trust: Trust = OWN
    vouched: str = ""

    def __str__(self) -> str:
        """Return `support/triage v3 (3f9c2a1b)`."""
        which = "not here" if self.missing else "v?" if self.number is None else f"v{self.number}"
        return f"{self.name or '?'} {which} ({self.digest.removeprefix('sha256:')[:SHORT]})"


class Edge(NamedTuple):
    """`source` follows from `target`, or uses it: its parent, what it was merged or derived from, what it includes."""

    kind: Kind
    source: Node
    target: Node


class Told(NamedTuple):
    """What is known of one stored version before it is joined with others.

    `parents` are ids of other versions, along the commits; `came_from` is the old name when this version renamed it,
    `renamed_from` the one that the file tells.
    """

    id: int
    node: Node
    parents: tuple[int, ...] = ()
    came_from: str = ""
    renamed_from: str = ""
    derived_from: Pin | None = None
    includes: tuple[Pin, ...] = ()


class Graph:
    """All versions and edges of a store, immutable."""

    __slots__ = ("_from", "_to", "edges", "nodes")

    def __init__(self, nodes: Iterable[Node], edges: Iterable[Edge] = ()) -> None:
        """Hold *nodes* and *edges*; an edge's ends belong to the graph too."""
        self.edges = tuple(sorted(dict.fromkeys(edges), key=lambda edge: KINDS.index(edge.kind)))
        ends = chain.from_iterable((edge.source, edge.target) for edge in self.edges)
        self.nodes = tuple(dict.fromkeys(chain(nodes, ends)))
        self._to: dict[Node, list[Edge]] = {}
        self._from: dict[Node, list[Edge]] = {}
        for edge in self.edges:
            self._to.setdefault(edge.source, []).append(edge)
            self._from.setdefault(edge.target, []).append(edge)

    def of(self, node: Node) -> Lineage:
        """Return where *node* came from and what came of it."""
        return Lineage(node, self)

    def find(self, name: str, digest: str) -> Node | None:
        """Return the last node of *name* with *digest*."""
        return next((node for node in reversed(self.nodes) if (node.name, node.digest) == (name, digest)), None)

    def back(self, node: Node) -> list[Edge]:
        """Return the edges from *node* to what it follows from or uses."""
        return self._to.get(node, [])

    def forth(self, node: Node) -> list[Edge]:
        """Return the edges to *node* from what follows from it or uses it."""
        return self._from.get(node, [])


@dataclass(frozen=True, slots=True)
class Lineage:
    """One version among those it came from and those that came of it."""

    node: Node
    graph: Graph = field(repr=False)

    def ancestors(self) -> tuple[Node, ...]:
        """Return everything that this version came from or includes, nearest first."""
        return tuple(_walk([self.node], partial(_targets, self.graph)))[1:]

    def descendants(self) -> tuple[Node, ...]:
        """Return everything that came of this version or includes it, nearest first."""
        return tuple(_walk([self.node], partial(_sources, self.graph)))[1:]

    def common_ancestor(self, other: Lineage | Node) -> Node | None:
        """Return the nearest version that this one and *other* both came from (either may be it), or None.

        Of several candidates that do not come from each other, it is the one nearest to this version. What both
        include is no origin of theirs.
        """
        origins = partial(_origins, self.graph)
        theirs = set(_walk([other.node if isinstance(other, Lineage) else other], origins))
        common = [node for node in _walk([self.node], origins) if node in theirs]
        further = set(_walk(chain.from_iterable(map(origins, common)), origins))
        return next((node for node in common if node not in further), common[0] if common else None)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """This version, its ancestors, then its descendants."""
        return tuple(dict.fromkeys((self.node, *self.ancestors(), *self.descendants())))

    @property
    def edges(self) -> tuple[Edge, ...]:
        """The edges that were walked: back from this version, and forth."""
        back = chain.from_iterable(map(self.graph.back, (self.node, *self.ancestors())))
        forth = chain.from_iterable(map(self.graph.forth, (self.node, *self.descendants())))
        return tuple(dict.fromkeys(chain(back, forth)))

    def tree(self) -> str:
        """Return a text for a terminal: this version and its parents in a column, other origins set in below each."""
        return drawing.tree(self)

    def mermaid(self) -> str:
        """Return a Mermaid flowchart, origins at the bottom; no name or message can be read as Mermaid's own words."""
        return drawing.mermaid(self)

    def to_dict(self) -> dict[str, object]:
        """Return `{"node": id, "nodes": [{"id", "ref", "name", …}], "edges": [{"kind", "source", "target"}]}`."""
        return drawing.to_dict(self)


def _targets(graph: Graph, node: Node) -> Iterator[Node]:
    return (edge.target for edge in graph.back(node))


def _sources(graph: Graph, node: Node) -> Iterator[Node]:
    return (edge.source for edge in graph.forth(node))


def _origins(graph: Graph, node: Node) -> Iterator[Node]:
    return (edge.target for edge in graph.back(node) if edge.kind in ORIGINS)


def _walk(starts: Iterable[Node], follow: Callable[[Node], Iterator[Node]]) -> Iterator[Node]:
    """Yield *starts* and all that can be reached from them, nearest first, each once."""
    seen = dict.fromkeys(starts)
    ahead = deque(seen)
    while ahead:
        node = ahead.popleft()
        yield node
        for found in follow(node):
            if found not in seen:
                seen[found] = None
                ahead.append(found)


def joined(versions: Iterable[Told]) -> Graph:
    """Return the graph of *versions*, oldest first; a pin that none of them meets leads to a `missing` node."""
    told = list(versions)
    return Graph((each.node for each in told), _Joining(told).edges())


class _Joining:
    """Finds the nodes that ids, pins and old names mean."""

    def __init__(self, told: list[Told]) -> None:
        self._told = told
        self._by_id: Mapping[int, Told] = {each.id: each for each in told}
        # Later versions win: a pinned digest means the newest version with that content.
        self._by_pin = {(each.node.name, each.node.digest): each.node for each in told}
        self._by_digest = {each.node.digest: each.node for each in told}

    def edges(self) -> Iterator[Edge]:
        """Yield the edges of all versions."""
        newest: dict[str, Node] = {}
        for each in self._told:
            parents = [self._by_id[parent] for parent in each.parents if parent in self._by_id]
            for at, parent in enumerate(parents):
                yield Edge(_kind(at, each), each.node, parent.node)
            if not parents and (old := newest.get(each.renamed_from)):
                yield Edge("renamed_from", each.node, old)
            # The file goes on saying what it was once derived from: the edge belongs to the version that said it first.
            if each.derived_from and all(parent.derived_from != each.derived_from for parent in parents):
                yield Edge("derived_from", each.node, self._pinned(each.derived_from))
            for pin in each.includes:
                yield Edge("includes", each.node, self._pinned(pin))
            newest[each.node.name] = each.node

    def _pinned(self, pin: Pin) -> Node:
        found = self._by_pin.get((pin.name, pin.digest)) if pin.name else self._by_digest.get(pin.digest)
        return found or Node(pin.name, pin.digest, missing=True)


def _kind(at: int, told: Told) -> Kind:
    if at:
        return "merged_from"
    return "renamed_from" if told.came_from else "parent"
