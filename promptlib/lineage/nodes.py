"""Versions and the typed edges between them, as values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, get_args

from promptlib.trust import OWN, Trust
from promptlib.version import SHORT

if TYPE_CHECKING:
    from datetime import datetime

#: How a version follows from another; in the order in which edges of one version are told.
Kind: TypeAlias = Literal["parent", "renamed_from", "merged_from", "derived_from", "includes", "produced"]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: The life of one prompt: what its file was before, whatever it was called.
LINE: frozenset[Kind] = frozenset({"parent", "renamed_from", "merged_from"})
#: The kinds that say where a content came from; an included prompt, or one that ran, stays a prompt of its own.
ORIGINS: frozenset[Kind] = LINE | {"derived_from"}

#: How each is told: what follows from something is its source.
SPOKEN: dict[Kind, str] = {
    "parent": "parent",
    "renamed_from": "renamed from",
    "merged_from": "merged from",
    "derived_from": "derived from",
    "includes": "includes",
    "produced": "run of",
}


class Node(NamedTuple):
    """A version in the graph; `missing` when a file pins it and this store does not hold it.

    `current` says that it is what stands under its name now, `labels` which labels carry it. `trust` and `vouched` are
    as the version has them. With `run`, the id of a run of a prompt, the node is that run; its edge `produced` leads to
    the version that ran.
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
    current: bool = False
    run: str = ""

    @property
    def ref(self) -> str:
        """`name@v3#3f9c2a1b`: short, and refused should the number ever move."""
        number = f"@v{self.number}" if self.number is not None else ""
        return f"{self.name}{number}#{self.short}"

    @property
    def short(self) -> str:
        """The first eight characters of the digest."""
        return self.digest.removeprefix("sha256:")[:SHORT]

    def __str__(self) -> str:
        """Return `support/triage v3 (3f9c2a1b)`; for a run, `run 9b1deb4d`."""
        if self.run:
            return f"run {self.run}"
        which = "not here" if self.missing else "v?" if self.number is None else f"v{self.number}"
        return f"{self.name or '?'} {which} ({self.short})"


class Edge(NamedTuple):
    """`source` follows from `target`, or uses it: its parent, what it was merged or derived from, what it includes."""

    kind: Kind
    source: Node
    target: Node
