"""Which versions of a graph a ref, a version or a node means."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from promptlib.errors import NotFound
from promptlib.lineage.nodes import Node
from promptlib.refs import Ref, missing_name
from promptlib.version import Version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: How a version is asked for.
Which: TypeAlias = Node | Version | Ref | str

MOST_SHOWN = 8


class Finder:
    """Finds the versions that somebody means among *nodes*."""

    __slots__ = ("_named", "_nodes")

    def __init__(self, nodes: Mapping[int, Node]) -> None:
        """Look at *nodes*, the older ones first."""
        self._nodes = nodes
        self._named: dict[str, list[int]] = {}
        for key, node in nodes.items():
            self._named.setdefault(node.name, []).append(key)

    def one(self, which: Which) -> int:
        """Return the key of the node that *which* means, of several alike the last; raises `NotFound`."""
        return self._of_value(which) if isinstance(which, Node | Version) else self._of_ref(Ref.parse(which))

    def every(self, which: Which) -> list[int]:
        """Return the keys of all versions of a bare name, or else all of the name and content that *which* means."""
        if not isinstance(which, Node | Version):
            ref = Ref.parse(which)
            if ref == Ref(ref.name):
                return self._versions(ref)
        return self.alike(self.one(which))

    def alike(self, key: int) -> list[int]:
        """Return the keys of the versions with the same name and digest as that of *key*."""
        node = self._nodes[key]
        return [at for at in self._named[node.name] if self._nodes[at].digest == node.digest]

    def _versions(self, ref: Ref) -> list[int]:
        found = [key for key in self._named.get(ref.name, ()) if _stored(self._nodes[key])]
        if found:
            return found
        known = sorted(name for name, keys in self._named.items() if any(_stored(self._nodes[key]) for key in keys))
        raise NotFound(f"no prompt {ref.name!r} in this graph", hint=missing_name(ref.name, known))

    def _of_ref(self, ref: Ref) -> int:
        versions = self._versions(ref)
        fitting: Sequence[int] = [key for key in versions if _fits(self._nodes[key], ref)]
        if not (ref.label or ref.number or ref.prefix):
            fitting = [key for key in versions if self._nodes[key].current] or versions
        if fitting:
            return fitting[-1]
        shown = ", ".join(_listed(self._nodes[key]) for key in versions[-MOST_SHOWN:])
        newest = ", the newest" if len(versions) > MOST_SHOWN else ""
        raise NotFound(f"{ref} is not in this graph", hint=f"{len(versions)} versions are there{newest}: {shown}")

    def _of_value(self, which: Node | Version) -> int:
        """Return the key of a node or version: its labels, say, may have changed since it was made."""
        keys = self._named.get(which.name, ())
        alike = [key for key in keys if self._nodes[key].digest == which.digest]
        if not alike:
            raise NotFound(
                f"{which} is not in this graph",
                hint="it belongs to another store, or to a line of commits that is no longer reached",
            )
        return next((key for key in reversed(alike) if self._nodes[key].commit == which.commit), alike[-1])


def _stored(node: Node) -> bool:
    return not node.missing and not node.run


def _fits(node: Node, ref: Ref) -> bool:
    return (
        (not ref.label or ref.label in node.labels)
        and (ref.number is None or node.number == ref.number)
        and node.digest.startswith(f"sha256:{ref.prefix}")
    )


def _listed(node: Node) -> str:
    return f"#{node.short}" if node.number is None else f"v{node.number} {node.short}"
