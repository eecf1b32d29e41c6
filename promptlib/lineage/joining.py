"""A graph out of what is known of each version: ids, pins and old names become edges."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptlib.lineage.graph import Graph
from promptlib.lineage.nodes import KINDS, Kind, Node
from promptlib.lineage.web import BITS, KIND, Web

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from promptlib.lineage.graph import Compare
    from promptlib.refs import Pin


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
    #: The digests that the labels of a chain's floating steps point at now, by pin; None for a prompt.
    follows: tuple[Pin, ...] | None = None


def joined(versions: Iterable[Told], compare: Compare | None = None) -> Graph:
    """Return the graph of *versions*, oldest first; a pin that none of them meets leads to a `missing` node."""
    return Graph.of_web(web_of(versions), compare)


def web_of(versions: Iterable[Told]) -> Web:
    """Return the same by the ids of *versions*; what is missing has negative ones."""
    told = list(versions)
    joining = _Joining(told)
    back: dict[int, list[int]] = {}
    for each in told:
        back[each.id] = sorted(dict.fromkeys(joining.arcs(each)), key=KIND.__and__)
    back |= {key: [] for key in joining.missing}
    return Web({each.id: each.node for each in told} | joining.missing, back)


class _Joining:
    """Finds the versions that ids, pins and old names mean."""

    def __init__(self, told: list[Told]) -> None:
        self._by_id: Mapping[int, Told] = {each.id: each for each in told}
        # Later versions win: a pinned digest means the newest version with that content.
        self._by_pin = {(each.node.name, each.node.digest): each.id for each in told}
        self._by_digest = {each.node.digest: each.id for each in told}
        self._newest: dict[str, int] = {}
        self._unmet: dict[Pin, int] = {}
        self.missing: dict[int, Node] = {}

    def arcs(self, each: Told) -> Iterator[int]:
        """Yield the arcs of a version; asked of each version in the order of their making."""
        for kind, target in self._ends(each):
            yield target << BITS | KINDS.index(kind)

    def _ends(self, each: Told) -> Iterator[tuple[Kind, int]]:
        parents = [self._by_id[parent] for parent in each.parents if parent in self._by_id]
        for at, parent in enumerate(parents):
            yield _kind(at, each), parent.id
        if not parents and (old := self._newest.get(each.renamed_from)):
            yield "renamed_from", old
        # The file goes on saying what it was once derived from: the edge belongs to the version that said it first.
        if each.derived_from and all(parent.derived_from != each.derived_from for parent in parents):
            yield "derived_from", self._pinned(each.derived_from)
        for pin in each.includes:
            yield "includes" if each.follows is None else "step", self._pinned(pin)
        for pin in each.follows or ():
            yield "floating_step", self._pinned(pin)
        self._newest[each.node.name] = each.id

    def _pinned(self, pin: Pin) -> int:
        found = self._by_pin.get((pin.name, pin.digest)) if pin.name else self._by_digest.get(pin.digest)
        if found is None:
            found = self._unmet.setdefault(pin, -len(self._unmet) - 1)
            self.missing[found] = Node(pin.name, pin.digest, missing=True)
        return found


def _kind(at: int, told: Told) -> Kind:
    if at:
        return "merged_from"
    return "renamed_from" if told.came_from else "parent"
