"""Whom a change touches, and the versions around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptlib.lineage import Edge, Graph

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promptlib.lineage import Node
    from promptlib.review.findings import PromptReview
    from promptlib.store import View

_USES = ("includes", "derived_from")


@dataclass(frozen=True, slots=True)
class Touched:
    """A version in use that includes a prompt or derives from it, maybe through others.

    `newest` says that it is what stands under its name, `labels` which labels carry it; `uses` is the version that it
    includes or derives from, `bumped` whether that is the newest one.
    """

    ref: str
    name: str
    kind: str
    labels: tuple[str, ...]
    newest: bool
    uses: str
    bumped: bool

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON data."""
        return {
            "ref": self.ref,
            "name": self.name,
            "kind": self.kind,
            "labels": list(self.labels),
            "newest": self.newest,
            "uses": self.uses,
            "bumped": self.bumped,
        }


class Tracing:
    """The versions of a store at one commit, and who uses whom."""

    def __init__(self, view: View) -> None:
        """Ask *view*; nothing is read before the first question."""
        self._view = view
        self._graph: Graph | None = None
        self._newest: set[tuple[str, str]] = set()

    @property
    def graph(self) -> Graph:
        """Every version, read once."""
        if self._graph is None:
            self._graph = self._view.graph()
            last: dict[str, Node] = {}
            for node in self._graph.nodes:
                last[node.name] = node
            now = set(self._view.names())
            self._newest = {(node.name, node.commit) for node in last.values() if node.name in now}
        return self._graph

    def touched(self, name: str) -> tuple[Touched, ...]:
        """Return the versions in use that include *name*, then those that derive from it; the nearest first."""
        ahead = [node for node in self.graph.nodes if node.name == name]
        seen, found = set(ahead), []
        for node in ahead:
            for edge in self.graph.forth(node):
                if edge.kind in _USES and edge.source not in seen and edge.source.name != name:
                    seen.add(edge.source)
                    ahead.append(edge.source)
                    found.append(self._told(edge))
        in_use = (each for each in found if each.newest or each.labels)
        return tuple(sorted(in_use, key=lambda each: each.kind != "includes"))

    def _told(self, edge: Edge) -> Touched:
        node, used = edge.source, edge.target
        return Touched(
            ref=_ref(node),
            name=node.name,
            kind=edge.kind,
            labels=node.labels,
            newest=(node.name, node.commit) in self._newest,
            uses=_ref(used),
            bumped=(used.name, used.commit) in self._newest,
        )

    def around(self, prompts: Sequence[PromptReview]) -> Graph:
        """Return the versions that were made, what they came from and include, and who uses them now."""
        made = {(version.name, version.commit) for each in prompts for version in each.versions}
        names = {each.name for each in prompts}
        nodes = [node for node in self.graph.nodes if (node.name, node.commit) in made]
        back = (edge for node in nodes for edge in self.graph.back(node))
        uses = (edge for node in self.graph.nodes if node.name in names for edge in self._in_use(node))
        return Graph(nodes, [*back, *uses])

    def _in_use(self, node: Node) -> Iterator[Edge]:
        for edge in self.graph.forth(node):
            if edge.kind in _USES and ((edge.source.name, edge.source.commit) in self._newest or edge.source.labels):
                yield edge


def _ref(node: Node) -> str:
    number = f"@v{node.number}" if node.number is not None else ""
    return f"{node.name}{number}#{node.digest.removeprefix('sha256:')[:8]}"
