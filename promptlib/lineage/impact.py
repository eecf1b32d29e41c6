"""What a change touches: who includes or derives from a version, by which path, and whether it is in use now."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptlib.lineage.nodes import LINE
from promptlib.lineage.web import BITS, KIND

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from promptlib.lineage.nodes import Edge, Kind, Node
    from promptlib.lineage.web import Web

_USES: dict[Kind, str] = {
    "derived_from": "derives from",
    "includes": "includes",
    "step": "has as a step",
    "floating_step": "has as a floating step, now",
}


class Trail(NamedTuple):
    """How each version of a web was reached: by which kind of edge, to which version before it."""

    web: Web
    reached: Mapping[int, int]

    def to(self, key: int) -> Iterator[Edge]:
        """Yield the edges from a version back to where the walk began."""
        while key in self.reached:
            arc = self.reached[key]
            yield self.web.edge(arc & KIND, key, arc >> BITS)
            key = arc >> BITS


class Impact:
    """A version that includes, runs or derives from another one, maybe through further ones. Immutable."""

    __slots__ = ("_key", "_trail")

    def __init__(self, key: int, trail: Trail) -> None:
        """Tell of the version with number *key* in the web of *trail*."""
        self._key = key
        self._trail = trail

    @property
    def node(self) -> Node:
        """The version itself."""
        return self._trail.web.nodes[self._key]

    def __eq__(self, other: object) -> bool:
        """Return whether both are of the same version."""
        return self.node == other.node if isinstance(other, Impact) else NotImplemented

    def __hash__(self) -> int:
        """Return what is the same for the same version."""
        return hash(self.node)

    def __repr__(self) -> str:
        """Return the version."""
        return f"Impact(node={self.node!r})"

    @property
    def path(self) -> tuple[Edge, ...]:
        """The edges that lead to it: the first one ends in what was asked about, the last one begins here."""
        return tuple(self._trail.to(self._key))[::-1]

    @property
    def name(self) -> str:
        """Its name."""
        return self.node.name

    @property
    def number(self) -> int | None:
        """Its number; None where history is cut off."""
        return self.node.number

    @property
    def version(self) -> str:
        """`v3`, or an empty text where history is cut off."""
        return f"v{self.number}" if self.number is not None else ""

    @property
    def digest(self) -> str:
        """Its digest."""
        return self.node.digest

    @property
    def ref(self) -> str:
        """`name@v3#3f9c2a1b`: short, and refused should the number ever move."""
        return self.node.ref

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that carry it now."""
        return self.node.labels

    @property
    def newest(self) -> bool:
        """Whether it is what stands under its name now."""
        return self.node.current

    @property
    def current(self) -> bool:
        """Whether it is in use: what stands under its name now, or what a label carries."""
        return self.newest or bool(self.labels)

    @property
    def kind(self) -> Kind:
        """How it, or its line, uses what comes before it on its path: `includes`, `derived_from`, `step`."""
        return next(edge.kind for edge in self._trail.to(self._key) if edge.kind not in LINE)

    def __str__(self) -> str:
        """Return `support/reply v2 (3f9c2a1b) [production], newest: includes support/style v1 (5d41402a)`."""
        labels = f" [{', '.join(self.labels)}]" if self.labels else ""
        newest = ", newest" if self.newest else ""
        return f"{self.node}{labels}{newest}: {self.why}"

    @property
    def why(self) -> str:
        """`includes support/tone v2 (5d41402a), which derives from support/base v1 (7d793037)`: the path, from here."""
        return ", which ".join(self._steps())

    def _steps(self) -> Iterator[str]:
        """Yield how each version on the path uses the next, from this one back; its own line is one step."""
        own: Edge | None = None
        for edge in self._trail.to(self._key):
            if edge.kind not in LINE:
                if own:
                    yield f"comes from {own.target}"
                yield f"{_USES[edge.kind]} {edge.target}"
            own = edge if edge.kind in LINE else None

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON data: `ref`, `name`, `number`, `digest`, `labels`, `newest`, `current`, `kind`, `path`."""
        return {
            "ref": f"{self.name}{f'@{self.version}' if self.version else ''}#{self.digest.removeprefix('sha256:')}",
            "name": self.name,
            "number": self.number,
            "digest": self.digest,
            "labels": list(self.labels),
            "newest": self.newest,
            "current": self.current,
            "kind": self.kind,
            "path": [{"kind": edge.kind, "source": edge.source.ref, "target": edge.target.ref} for edge in self.path],
        }


def impacts(web: Web, starts: Iterable[int]) -> tuple[Impact, ...]:
    """Return what uses *starts* in *web*, nearest first; another version of the same content is none of it."""
    begun = list(starts)
    own = {_content(web.nodes[key]) for key in begun}
    reached = web.touched(begun)
    alike = [key for key in _named(web, reached, {name for name, _ in own}) if _content(web.nodes[key]) in own]
    if alike:
        reached = web.touched([*begun, *alike])
    trail = Trail(web, reached)
    return tuple([Impact(key, trail) for key in reached])


def _content(node: Node) -> tuple[str, str]:
    return node.name, node.digest


def _named(web: Web, keys: Iterable[int], names: Iterable[str]) -> list[int]:
    """Return those of *keys* that may have one of *names*, as far as the texts of *web* tell."""
    text = web.texts.get
    return list(dict.fromkeys(key for name in names for key in keys if name in text(key, name)))
