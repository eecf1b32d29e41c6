"""Walking the graph: one recursive question for each answer, and nothing that was lost on the way goes unseen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from promptlib._index.database import state
from promptlib._index.nodes import BITS, DERIVED, INCLUDES, KIND, NODE, node_row
from promptlib._index.rows import Damaged

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

_WALK = "WITH RECURSIVE walk(id) AS (SELECT value FROM json_each(?) UNION "
_FOUND = ") SELECT n.id, n.told, n.seal FROM walk CROSS JOIN nodes n ON n.id=walk.id"
_BACK = "SELECT g.target FROM walk CROSS JOIN edges g ON g.source=walk.id"
BEFORE = _WALK + _BACK + _FOUND
ORIGINS = f"{_WALK}{_BACK} AND g.kind<={DERIVED}{_FOUND}"
AFTER = f"{_WALK}SELECT g.source FROM walk CROSS JOIN edges g ON g.target=walk.id{_FOUND}"  # noqa: S608 - ours
#: A version is walked on from along its own line only where it was derived: `deep` says so.
USING = (
    "WITH RECURSIVE walk(id, deep) AS (SELECT value, 0 FROM json_each(?) UNION "  # noqa: S608 - ours
    f"SELECT g.source, g.kind<>{INCLUDES} FROM walk CROSS JOIN edges g "
    f"ON g.target=walk.id AND (g.kind>={DERIVED} OR walk.deep)"
    ") SELECT n.id, n.told, n.seal, walk.deep FROM walk CROSS JOIN nodes n ON n.id=walk.id"
)
_EVERYTHING = "SELECT id, told, seal FROM nodes ORDER BY id"

Arcs = "dict[int, Sequence[int]]"


class Found(NamedTuple):
    """Versions by their id: what is told of each, in the words of `nodes.fields_of`, its arcs back and its arcs forth.

    An arc is an id times eight and the place of its kind; negative ids stand for the pins in `missing`. Arcs forth are
    there where these were walked.
    """

    told: dict[int, str]
    back: dict[int, Sequence[int]]
    forth: dict[int, list[int]] | None
    missing: dict[int, str]


class _Rows:
    """Rows of nodes as they are read, each with a checksum that fits."""

    __slots__ = ("back", "counts", "missing", "told", "unmet")

    def __init__(self, rows: Iterable[tuple[int, bytes, int]]) -> None:
        self.told: dict[int, str] = {}
        self.back: dict[int, Sequence[int]] = {}
        self.counts: dict[int, str] = {}
        self.missing: dict[str, int] = {}
        self.unmet: list[int] = []
        for at, data, seal in rows:
            if crc32(data, at) != seal:
                raise Damaged(f"node {at}")
            self.counts[at], words, self.told[at] = data.decode().split("\n", 2)
            if " " in words or "-" in words:
                # One version may pin the same by two names, or pin what is not here.
                self.back[at] = tuple(dict.fromkeys(map(int, words.split())))
                if "-" in words:
                    self.unmet.append(at)
            else:
                self.back[at] = (int(words),) if words else ()

    def found(self, starts: Sequence[int], *, forth: dict[int, list[int]] | None = None) -> Found:
        """Return what was read, all of *starts* among it."""
        for start in starts:
            if start not in self.back:
                raise Damaged(f"node {start}")
        for at in self.unmet:
            pins = self.told[at].split("\n", 13)[12].split()
            arcs = []
            for arc in self.back[at]:
                known = arc
                if arc < 0:
                    pin = pins[-(arc >> BITS) - 1]
                    known = self.missing.setdefault(pin, -len(self.missing) - 1) << BITS | arc & KIND
                arcs.append(known)
            self.back[at] = tuple(dict.fromkeys(arcs))
        missing = {at: pin for pin, at in self.missing.items()}
        self.back |= dict.fromkeys(missing, ())
        return Found(self.told, self.back, forth, missing)

    def forth(self) -> dict[int, list[int]]:
        """Return the arcs from the other end, by kind and then by age."""
        back = self.back
        forth: dict[int, list[int]] = {at: [] for at in back}
        for source in sorted(back):
            for arc in back[source]:
                arcs = forth.get(arc >> BITS)
                if arcs is not None:
                    arcs.append(source << BITS | arc & KIND)
        for arcs in forth.values():
            if len(arcs) > 1:
                arcs.sort(key=KIND.__and__)
        return forth

    def check_forth(self, forth: dict[int, list[int]]) -> None:
        """Miss an edge that leads to one of the rows."""
        sums: dict[str, int] = {}  # most versions have the same few counts
        for at, arcs in forth.items():
            counts = self.counts[at]
            if counts not in sums:
                sums[counts] = sum(map(int, counts.split()[:3]))
            if len(arcs) != sums[counts]:
                raise Damaged(f"edges to {at}")


def before(connection: sqlite3.Connection, starts: Sequence[int], *, origins: bool) -> Found:
    """Return *starts* and all that can be reached from them; with *origins*, not by what they include."""
    rows = _Rows(connection.execute(ORIGINS if origins else BEFORE, (json.dumps(starts),)))
    back = rows.back
    for at, arcs in back.items():
        for arc in arcs:
            if arc >> BITS not in back and arc > 0 and not (origins and arc & KIND == INCLUDES):
                raise Damaged(f"edge from {at} to {arc >> BITS}")
    return rows.found(starts)


def after(connection: sqlite3.Connection, starts: Sequence[int]) -> Found:
    """Return *starts* and all from which they can be reached."""
    rows = _Rows(connection.execute(AFTER, (json.dumps(starts),)))
    forth = rows.forth()
    rows.check_forth(forth)
    return rows.found(starts, forth=forth)


def using(connection: sqlite3.Connection, starts: Sequence[int]) -> Found:
    """Return *starts* and all that include or derive from them."""
    reached = connection.execute(USING, (json.dumps(starts),)).fetchall()
    deep = {row[0] for row in reached if row[3]}
    rows = _Rows(row[:3] for row in reached)
    forth = rows.forth()
    for at, arcs in forth.items():
        heirs, derived, users, _ = map(int, rows.counts[at].split())
        counted = len(arcs) if at in deep else sum(arc & KIND >= DERIVED for arc in arcs)
        if counted != derived + users + (heirs if at in deep else 0):
            raise Damaged(f"edges to {at}")
    return rows.found(starts, forth=forth)


def everything(connection: sqlite3.Connection) -> Found:
    """Return every node."""
    rows, forth = _all(connection)
    versions = connection.execute("SELECT count(*) FROM events WHERE blob IS NOT NULL").fetchone()[0]
    if len(rows.back) != versions or max(rows.back, default=0) > state(connection).events:
        raise Damaged("nodes")
    return rows.found((), forth=forth)


def check(connection: sqlite3.Connection) -> None:
    """Raise `Damaged` where the tables of nodes and edges hold anything else than what was written together."""
    rows, _ = _all(connection)
    told = sorted((at, arc & KIND, arc >> BITS) for at, arcs in rows.back.items() for arc in arcs if arc >= 0)
    held = connection.execute("SELECT source, kind, target FROM edges NOT INDEXED ORDER BY source, kind, target")
    if held.fetchall() != told:
        raise Damaged("edges")


def _all(connection: sqlite3.Connection) -> tuple[_Rows, dict[int, list[int]]]:
    rows = _Rows(connection.execute(_EVERYTHING))
    forth = rows.forth()
    rows.check_forth(forth)
    return rows, forth


def alone(connection: sqlite3.Connection, node: int) -> Found:
    """Return one node, and none of its arcs."""
    rows = _Rows(connection.execute(NODE, (node,)))
    found = rows.found([node])
    return found._replace(back={node: ()}, missing={})


def alike(connection: sqlite3.Connection, node: int) -> tuple[int, ...]:
    """Return *node*, and the newest version of its name with the same content, to which pins lead."""
    newer = node_row(connection, node).newer
    return (node, newer) if newer else (node,)
