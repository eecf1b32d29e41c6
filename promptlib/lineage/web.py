"""Walks over versions that stand for numbers: what all questions about a lineage come down to.

The numbers grow with the order in which versions were made. An arc is the number at its other end, times eight, and the
place of its kind in `KINDS`: a walk over very many holds nothing but numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.lineage.nodes import KINDS, LINE, ORIGINS, USES, Edge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from promptlib.lineage.nodes import Node

BITS, KIND = 3, 7
_ORIGINS = frozenset(KINDS.index(kind) for kind in ORIGINS)
_LINE = frozenset(KINDS.index(kind) for kind in LINE)
_USES = frozenset(KINDS.index(kind) for kind in USES)
_PRODUCED = KINDS.index("produced")


class Web:
    """Some versions, and what each of them follows from or uses; an arc to a version that is not among them is none.

    `back` has an entry for each version, and `nodes` tells what a version is.
    """

    __slots__ = ("_forth", "back", "nodes", "starts", "texts")

    def __init__(
        self,
        nodes: Mapping[int, Node],
        back: Mapping[int, Sequence[int]],
        forth: Mapping[int, Sequence[int]] | None = None,
        *,
        texts: Mapping[int, str] | None = None,
        starts: Sequence[int] = (),
    ) -> None:
        """Hold *nodes*, and of each the arcs to what it follows from or uses, in the order of their kinds.

        *forth*, if known already, holds the arcs from the other end, by kind and then by age. Where there is one of
        *texts*, name and digest of a version stand in it word for word: to look there makes no node. *starts* are the
        versions from which it was walked, as far as that is of use.
        """
        self.texts = texts or {}
        self.starts = starts
        self.nodes = nodes
        self.back = back
        self._forth = forth

    @property
    def forth(self) -> Mapping[int, Sequence[int]]:
        """Of each version the arcs from what follows from it or uses it: by kind, then by age."""
        if self._forth is None:
            forth: dict[int, list[int]] = {key: [] for key in self.back}
            for source in sorted(self.back):
                for arc in self.back[source]:
                    if arc >> BITS in forth:
                        forth[arc >> BITS].append(source << BITS | arc & KIND)
            for arcs in forth.values():
                arcs.sort(key=KIND.__and__)
            self._forth = forth
        return self._forth

    def before(self, starts: Iterable[int], *, origins: bool = False) -> list[int]:
        """Return *starts* and all that they came from or, unless only *origins* are wanted, include, nearest first."""
        back, seen = self.back, dict.fromkeys(starts)
        reached = list(seen)
        for key in reached:  # it grows as it is walked
            for arc in back.get(key, ()):
                target = arc >> BITS
                if target not in seen and target in back and not (origins and arc & KIND not in _ORIGINS):
                    seen[target] = None
                    reached.append(target)
        return reached

    def after(self, starts: Iterable[int]) -> list[int]:
        """Return *starts* and all that came of them or includes them, nearest first."""
        forth, seen = self.forth, dict.fromkeys(starts)
        reached = list(seen)
        for key in reached:  # it grows as it is walked
            for arc in forth.get(key, ()):
                source = arc >> BITS
                if source not in seen:
                    seen[source] = None
                    reached.append(source)
        return reached

    def common_ancestor(self, one: int, other: int) -> int | None:
        """Return the nearest version that both came from, or None; see `Lineage.common_ancestor`."""
        theirs = set(self.before([other], origins=True))
        common = [key for key in self.before([one], origins=True) if key in theirs]
        origins = [arc >> BITS for key in common for arc in self.back[key] if arc & KIND in _ORIGINS]
        further = set(self.before((key for key in origins if key in self.back), origins=True))
        return next((key for key in common if key not in further), common[0] if common else None)

    def path_between(self, one: int, other: int) -> list[tuple[int, int, int]] | None:
        """Return the (kind, source, target) of each edge between both; see `Lineage.path_between`."""
        left, right = self._steps_back(one), self._steps_back(other)
        lengths = {key: steps[0] + right[key][0] for key, steps in left.items() if key in right}
        if not lengths:
            return None
        shortest = min(lengths.values())
        # Of several ways that are as short, the straight one: what derives from another may include the same as that.
        meeting = min(
            (key for key, length in lengths.items() if length == shortest),
            key=lambda key: (key not in (one, other), left[key][0], -key),
        )
        return [*_followed(left, meeting)[::-1], *_followed(right, meeting)]

    def _steps_back(self, start: int) -> dict[int, tuple[int, int, int]]:
        """Return how far away each version before *start* is, and by which kind of edge of which version."""
        back, found = self.back, {start: (0, -1, 0)}
        ahead = [start]
        for key in ahead:  # it grows as it is walked
            away = found[key][0] + 1
            for arc in back.get(key, ()):
                target = arc >> BITS
                if target not in found and target in back:
                    found[target] = (away, arc & KIND, key)
                    ahead.append(target)
        return found

    def touched(self, starts: Iterable[int]) -> dict[int, int]:
        """Return what uses *starts*, nearest first, each with the arc by which it was reached.

        A version that includes or derives from another one uses it, and so on; what came of a derived version in its
        own line goes on being derived, while a later version includes no more than its own file says.
        """
        begun = dict.fromkeys(starts)
        found: dict[int, int] = {}
        derived: set[int] = set()
        forth = self.forth
        ahead = [(key, False) for key in begun]
        for key, goes_on in ahead:  # it grows as it is walked
            for arc in forth.get(key, ()):
                kind, source = arc & KIND, arc >> BITS
                if kind == _PRODUCED or (kind in _LINE and not goes_on):
                    continue
                deeper = kind not in _USES and source not in derived
                if source in begun or (source in found and not deeper):
                    continue
                found.setdefault(source, key << BITS | kind)
                if kind not in _USES:
                    derived.add(source)
                ahead.append((source, kind not in _USES))
        return found

    def edge(self, kind: int, source: int, target: int) -> Edge:
        """Return an edge as a value."""
        return Edge(KINDS[kind], self.nodes[source], self.nodes[target])

    def edges_back(self, key: int) -> Iterator[Edge]:
        """Yield the edges from a version to what it follows from or uses."""
        for arc in self.back.get(key, ()):
            if arc >> BITS in self.back:
                yield self.edge(arc & KIND, key, arc >> BITS)

    def edges_forth(self, key: int) -> Iterator[Edge]:
        """Yield the edges to a version from what follows from it or uses it."""
        for arc in self.forth.get(key, ()):
            yield self.edge(arc & KIND, arc >> BITS, key)


def _followed(steps: Mapping[int, tuple[int, int, int]], end: int) -> list[tuple[int, int, int]]:
    """Return the edges from *end* back to where *steps* began."""
    edges = []
    while steps[end][0]:
        _, kind, source = steps[end]
        edges.append((kind, source, end))
        end = source
    return edges
