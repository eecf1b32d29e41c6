"""Walking the graph: one recursive question for each answer, and nothing that was lost on the way goes unseen."""

from __future__ import annotations

from collections import Counter
from itertools import compress
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from promptlib._index.database import state
from promptlib._index.nodes import BITS, DERIVED, INCLUDES, KIND, NODE, STEP
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
    f"SELECT g.source, g.kind NOT IN ({INCLUDES}, {STEP}) FROM walk CROSS JOIN edges g "
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
    starts: tuple[int, ...] = ()


class _Rows:
    """Rows of nodes as they are read, each with a checksum that fits."""

    __slots__ = ("back", "counts", "missing", "told", "unmet")

    def __init__(self, ids: Sequence[int] = (), data: Sequence[bytes] = (), seals: Sequence[int] = ()) -> None:
        self.told: dict[int, str] = {}
        self.back: dict[int, Sequence[int]] = {}
        self.counts: dict[int, str] = {}
        self.missing: dict[str, int] = {}
        self.unmet: list[int] = []
        if (made := tuple(map(crc32, data, ids))) != tuple(seals):
            raise Damaged(f"node {next(at for at, one, other in zip(ids, made, seals, strict=True) if one != other)}")
        told, back, counts = self.told, self.back, self.counts
        for at, text in zip(ids, map(bytes.decode, data), strict=True):
            counts[at], words, told[at] = text.split("\n", 2)
            if " " not in words:
                back[at] = (int(words),) if words else ()
            elif words.count(" ") == 1:
                one, other = words.split(" ")
                back[at] = (int(one), int(other)) if one != other else (int(one),)
            else:  # it may pin the same by two names
                back[at] = tuple(map(int, dict.fromkeys(words.split(" "))))
            if "-" in words:  # it pins what is not here
                self.unmet.append(at)

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
        return Found(self.told, self.back, forth, missing, tuple(starts))

    def forth(self) -> dict[int, list[int]]:
        """Return the arcs from the other end, by kind and then by age, of the versions that have any."""
        back = self.back
        forth: dict[int, list[int]] = {}
        for source in sorted(back):
            for arc in back[source]:
                target = arc >> BITS
                if target in forth:
                    forth[target].append(source << BITS | arc & KIND)
                elif target in back:
                    forth[target] = [source << BITS | arc & KIND]
        for arcs in forth.values():
            if len(arcs) > 1:
                arcs.sort(key=KIND.__and__)
        return forth

    def check_forth(self, forth: dict[int, list[int]]) -> None:
        """Miss an edge that leads to one of the rows: no row has more of them than are counted in it."""
        if sum(map(len, forth.values())) != _counted(self.counts.values(), slice(3)):
            raise Damaged("edges")


def _counted(counts: Iterable[str], kinds: slice) -> int:
    """Return how many edges of some *kinds* are counted in all: most versions have the same few counts."""
    return sum(many * sum(map(int, told.split()[kinds])) for told, many in Counter(counts).items())


def _asked(connection: sqlite3.Connection, statement: str, starts: Sequence[int]) -> list[tuple[Any, ...]]:
    """Return the columns of the rows that *statement* finds from *starts*, which it takes as JSON."""
    return _columns(connection.execute(statement, (f"[{','.join(map(str, starts))}]",)))


def _columns(found: sqlite3.Cursor) -> list[tuple[Any, ...]]:
    return list(zip(*found.fetchall(), strict=True))


def before(connection: sqlite3.Connection, starts: Sequence[int], *, origins: bool) -> Found:
    """Return *starts* and all that can be reached from them; with *origins*, not by what they include."""
    rows = _Rows(*_asked(connection, ORIGINS if origins else BEFORE, starts))
    back = rows.back
    if {arc >> BITS for arcs in back.values() for arc in arcs} <= back.keys():
        return rows.found(starts)
    for at, arcs in back.items():
        for arc in arcs:
            if arc >> BITS not in back and arc > 0 and not (origins and arc & KIND in (INCLUDES, STEP)):
                raise Damaged(f"edge from {at} to {arc >> BITS}")
    return rows.found(starts)


def after(connection: sqlite3.Connection, starts: Sequence[int]) -> Found:
    """Return *starts* and all from which they can be reached."""
    rows = _Rows(*_asked(connection, AFTER, starts))
    forth = rows.forth()
    rows.check_forth(forth)
    return rows.found(starts, forth=forth)


def using(connection: sqlite3.Connection, starts: Sequence[int]) -> Found:
    """Return *starts* and all that include or derive from them."""
    ids, data, seals, deeper = _asked(connection, USING, starts) or ((), (), (), ())
    deep = set(compress(ids, deeper))
    rows = _Rows(ids, data, seals)
    forth = rows.forth()
    counts = rows.counts
    others = sum(arc & KIND < DERIVED for at in forth.keys() - deep for arc in forth[at])
    held = sum(map(len, forth.values())) - others
    if held != _counted(counts.values(), slice(1, 3)) + _counted((counts[at] for at in deep), slice(1)):
        raise Damaged("edges")
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
    rows = _Rows(*_columns(connection.execute(_EVERYTHING)))
    forth = rows.forth()
    rows.check_forth(forth)
    return rows, forth


def alone(connection: sqlite3.Connection, node: int) -> Found:
    """Return one node, and none of its arcs."""
    rows = _Rows(*_columns(connection.execute(NODE, (node,))))
    found = rows.found([node])
    return found._replace(back={node: ()}, missing={})


def alike(connection: sqlite3.Connection, node: int) -> tuple[int, ...]:
    """Return *node*, and the newest version of its name with the same content, to which pins lead."""
    found = connection.execute(NODE, (node,)).fetchone()
    if found is None or crc32(found[1], node) != found[2]:
        raise Damaged(f"node {node}")
    newer = int(found[1].partition(b"\n")[0].rpartition(b" ")[2])
    return (node, newer) if newer else (node,)
