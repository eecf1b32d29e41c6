"""A version as a node of the graph: all that a lineage tells of it in one text under one checksum.

A walk reads very many of them: a row is one search and one checksum, and most of it is only read when asked for.
The table `edges` says the same of who leads where, for SQLite to walk. What is lost in it is missed: each node names
what it leads to, and counts what leads to it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from promptlib._index.rows import Damaged

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

#: The places of the kinds in `promptlib.lineage.KINDS`.
PARENT, RENAMED, MERGED, DERIVED, INCLUDES = range(5)
#: A chain's pinned step, counted among the users as an include is. What ran (5) is in no index.
STEP = 6
#: An arc is the id at its other end, times eight, and its kind; below 0 it leads to a pin that nothing here meets.
BITS, KIND = 3, 7

NODE = "SELECT id, told, seal FROM nodes WHERE id=?"
PUT_NODE = "INSERT OR REPLACE INTO nodes VALUES (?, ?, ?, ?)"


class NodeRow(NamedTuple):
    """What the index tells of a version in the graph.

    `heirs`, `derived` and `users` count the edges of its own line, of derivations and of includes that lead to it.
    `back` are its arcs in the order of their kinds: those of `nameless` (places in it) come from pins without a name,
    those below 0 lead to the pins in `unmet`. `newer` is the id of its name's newest version with the same
    content, or 0.
    """

    heirs: int
    derived: int
    users: int
    newer: int
    back: tuple[int, ...]
    name: str
    number: int
    commit: str
    author: str
    seconds: int
    zone: str
    digest: str = ""
    trust: str = ""
    vouched: str = ""
    labels: str = ""
    current: int = 0
    nameless: tuple[int, ...] = ()
    unmet: tuple[str, ...] = ()
    message: str = ""

    def put(self, node: int) -> tuple[Any, ...]:
        """Return the row of the table for the version with the id *node*."""
        counts = f"{self.heirs} {self.derived} {self.users} {self.newer}"
        line = (counts, _words(self.back), self.name, self.number, self.commit, self.author, self.seconds, self.zone)
        about = (self.digest, self.trust, json.dumps(self.vouched) if self.vouched else "", self.labels, self.current)
        text = "\n".join([*map(_one_line, (*line, *about)), _words(self.nameless), " ".join(self.unmet), self.message])
        told = text.encode()
        return node, self.digest, told, crc32(told, node)


def _one_line(field: object) -> str:
    return str(field).replace("\n", " ")


def _words(numbers: Iterable[int]) -> str:
    return " ".join(map(str, numbers))


def fields_of(rest: str) -> list[str]:
    """Return the texts of a row from `name` on, without its first two lines."""
    return rest.split("\n", 13)


def read(told: str) -> NodeRow:
    """Return the row that *told* tells."""
    counts, back, rest = told.split("\n", 2)
    name, number, commit, author, seconds, zone, *about = fields_of(rest)
    digest, trust, vouched, labels, current, nameless, unmet, message = about
    heirs, derived, users, newer = map(int, counts.split())
    line = NodeRow(heirs, derived, users, newer, _numbers(back), name, int(number), commit, author, int(seconds), zone)
    return line._replace(
        digest=digest,
        trust=trust,
        vouched=json.loads(vouched) if vouched else "",
        labels=labels,
        current=int(current),
        nameless=_numbers(nameless),
        unmet=tuple(unmet.split()),
        message=message,
    )


def _numbers(words: str) -> tuple[int, ...]:
    return tuple(map(int, words.split()))


def node_row(connection: sqlite3.Connection, node: int) -> NodeRow:
    """Return the row of one node; raises `Damaged` when it is lost or something else."""
    found = connection.execute(NODE, (node,)).fetchone()
    if found is None or crc32(found[1], node) != found[2]:
        raise Damaged(f"node {node}")
    return read(found[1].decode())


class Link(NamedTuple):
    """One arc of a version: `end` is the id of another one, or a pin that is not met."""

    kind: int
    end: int | str
    nameless: bool = False


def links_of(row: NodeRow) -> list[Link]:
    """Return the arcs of *row*."""
    return [
        Link(arc & KIND, arc >> BITS if arc >= 0 else row.unmet[-(arc >> BITS) - 1], at in row.nameless)
        for at, arc in enumerate(row.back)
    ]


def linked(row: NodeRow, links: Iterable[Link]) -> NodeRow:
    """Return *row* with *links* for its arcs."""
    back, nameless, unmet = packed(links)
    return row._replace(back=back, nameless=nameless, unmet=unmet)


def packed(links: Iterable[Link]) -> tuple[tuple[int, ...], tuple[int, ...], tuple[str, ...]]:
    """Return what a row holds of *links*: `back`, `nameless` and `unmet`."""
    back, nameless, unmet = [], [], []
    for at, link in enumerate(links):
        if isinstance(link.end, str):
            unmet.append(link.end)
        back.append((-len(unmet) if isinstance(link.end, str) else link.end) << BITS | link.kind)
        if link.nameless:
            nameless.append(at)
    return tuple(back), tuple(nameless), tuple(unmet)
