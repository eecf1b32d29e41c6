"""Versions and the typed edges between them, as values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, get_args

from promptlib.trust import OWN, Trust
from promptlib.version import SHORT

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

#: How a version follows from another; in the order in which edges of one version are told.
Kind: TypeAlias = Literal[
    "parent", "renamed_from", "merged_from", "derived_from", "includes", "produced", "step", "floating_step"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: The life of one prompt: what its file was before, whatever it was called.
LINE: frozenset[Kind] = frozenset({"parent", "renamed_from", "merged_from"})
#: The kinds that say where a content came from; an included prompt, or one that ran, stays a prompt of its own.
ORIGINS: frozenset[Kind] = LINE | {"derived_from"}
#: One content put to use by another: it stays a prompt of its own.
USES: frozenset[Kind] = frozenset({"includes", "step", "floating_step"})

#: How each is told: what follows from something is its source.
SPOKEN: dict[Kind, str] = {
    "parent": "parent",
    "renamed_from": "renamed from",
    "merged_from": "merged from",
    "derived_from": "derived from",
    "includes": "includes",
    "produced": "run of",
    "step": "step",
    # Where its label stands now; it runs something else when that is moved.
    "floating_step": "floating step, now",
}


class Fields(NamedTuple):
    """What a node tells."""

    name: str
    digest: str
    number: int | None
    commit: str
    time: datetime | None
    author: str
    message: str
    labels: tuple[str, ...]
    missing: bool
    trust: Trust
    vouched: str
    current: bool
    run: str


class Node:
    """A version in the graph; `missing` when a file pins it and this store does not hold it. Immutable.

    `current` says that it is what stands under its name now, `labels` which labels carry it. `trust` and `vouched` are
    as the version has them. With `run`, the id of a run of a prompt, the node is that run; its edge `produced` leads to
    the version that ran.
    """

    __slots__ = ("_held", "_read")

    _held: Fields | str
    _read: Callable[[str], Fields]

    def __init__(  # noqa: PLR0913, PLR0917 - a version is told with all that
        self,
        name: str,
        digest: str,
        number: int | None = None,
        commit: str = "",
        time: datetime | None = None,
        author: str = "",
        message: str = "",
        labels: tuple[str, ...] = (),
        *,
        missing: bool = False,
        trust: Trust = OWN,
        vouched: str = "",
        current: bool = False,
        run: str = "",
    ) -> None:
        """Tell of a version, or of a run."""
        self._held = Fields(
            name, digest, number, commit, time, author, message, labels, missing, trust, vouched, current, run
        )

    @classmethod
    def told(cls, text: str, read: Callable[[str], Fields]) -> Node:
        """Return a node of which *text* tells; *read* takes it apart when it is first looked at: few of a walk are."""
        node = cls.__new__(cls)
        node._held, node._read = text, read  # noqa: SLF001 - its own
        return node

    @property
    def fields(self) -> Fields:
        """All that it tells."""
        held = self._held
        if isinstance(held, str):
            held = self._held = self._read(held)
        return held

    @property
    def name(self) -> str:
        """The name of the prompt; empty where only a digest was pinned, or for a run that does not say."""
        return self.fields.name

    @property
    def digest(self) -> str:
        """The digest of its content."""
        return self.fields.digest

    @property
    def number(self) -> int | None:
        """Its number; None where history is cut off, and for what is not here."""
        return self.fields.number

    @property
    def commit(self) -> str:
        """The commit that made it."""
        return self.fields.commit

    @property
    def time(self) -> datetime | None:
        """When it was made, in its author's zone."""
        return self.fields.time

    @property
    def author(self) -> str:
        """Who made it."""
        return self.fields.author

    @property
    def message(self) -> str:
        """What was said of it."""
        return self.fields.message

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that carry it."""
        return self.fields.labels

    @property
    def missing(self) -> bool:
        """Whether a file pins it and this store does not hold it."""
        return self.fields.missing

    @property
    def trust(self) -> Trust:
        """Whose text it is."""
        return self.fields.trust

    @property
    def vouched(self) -> str:
        """Why a foreign text may be used, as somebody said."""
        return self.fields.vouched

    @property
    def current(self) -> bool:
        """Whether it is what stands under its name now."""
        return self.fields.current

    @property
    def run(self) -> str:
        """The id of the run that it is; empty for a version."""
        return self.fields.run

    def __eq__(self, other: object) -> bool:
        """Return whether both tell the same."""
        if not isinstance(other, Node):
            return NotImplemented
        return self is other or self.fields == other.fields

    def __hash__(self) -> int:
        """Return what is the same for nodes that tell the same."""
        return hash(self.fields)

    def __repr__(self) -> str:
        """Return all that it tells."""
        return f"Node{repr(self.fields).removeprefix('Fields')}"

    def __reduce__(self) -> tuple[Callable[[Fields], Node], tuple[Fields]]:
        """Copy and pickle what it tells."""
        return _node, (self.fields,)

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


def _node(fields: Fields) -> Node:
    node = Node.__new__(Node)
    node._held = fields  # noqa: SLF001 - its own
    return node


class Edge(NamedTuple):
    """`source` follows from `target`, or uses it: its parent, what it was merged or derived from, what it includes.

    A chain uses the prompts of its steps: `step` is pinned, `floating_step` leads to where its label stands now.
    """

    kind: Kind
    source: Node
    target: Node
