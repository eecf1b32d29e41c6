"""The third step: what the files pin becomes edges between versions, when a lineage is first asked for.

It follows the tip as the rest does: new versions are joined to those that are there, and what a cut takes away is taken
out of those that stay.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from promptlib._index.contents import UNDESCRIBED, blobs_in, known
from promptlib._index.database import state
from promptlib._index.labelling import labels_of, line_of, renames
from promptlib._index.nodes import (
    DERIVED,
    INCLUDES,
    MERGED,
    PARENT,
    PUT_NODE,
    RENAMED,
    STEP,
    Link,
    NodeRow,
    linked,
    links_of,
    node_row,
    packed,
)
from promptlib._index.rows import DESCRIPTION_COLUMNS, ROW_COLUMNS, Damaged, Description, opened, row_of, seal

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from promptlib._index.rows import Label, Row

_TELLINGS = (
    f"SELECT e.id, e.name, e.parents, e.came_from, {DESCRIPTION_COLUMNS} FROM events e "  # noqa: S608 - ours
    "JOIN descriptions d ON d.blob=e.blob WHERE e.id{} ORDER BY e.id"
)
_ROWS = (
    f"SELECT {ROW_COLUMNS} FROM events e JOIN commits c ON c.position=e.position "  # noqa: S608 - ours
    "WHERE e.id>? AND e.blob IS NOT NULL ORDER BY e.id"
)
_NEWEST = (
    "SELECT max(n.id) FROM nodes n JOIN events e ON e.id=n.id WHERE n.digest=?1 AND n.id<=?3 AND (?2='' OR e.name=?2)"
)
#: A digest that the search tree does not find is looked for in every row.
_ANYWHERE = (
    "SELECT n.digest, e.name, n.id FROM nodes n NOT INDEXED JOIN events e ON e.id=n.id WHERE n.id<=? ORDER BY n.id"
)
#: The kind of what has steps.
CHAIN = "chain"
_BEFORE = "SELECT max(id) FROM events WHERE name=? AND id<? AND blob IS NOT NULL"
_PINNING = "SELECT source, kind FROM edges WHERE target=? AND kind>=?"
_CURRENT = "SELECT name, versions, continues, since, current, seal FROM names"


class Lacking(NamedTuple):
    """Blobs of prompts and of labels that must be described before versions can be joined."""

    prompts: list[str]
    labels: list[str]


def done(connection: sqlite3.Connection) -> tuple[str, dict[int, list[str]]]:
    """Return the tip at which all versions are joined, or an empty text, and the labels that floating steps follow.

    These are `name@label`, by the id of the version of a chain.
    """
    found = connection.execute("SELECT what, data, seal FROM joined WHERE what IN ('tip', 'follows')").fetchall()
    told = dict(map(opened, found))
    if len(told) < len(("tip", "follows")):
        raise Damaged("joined")
    return told["tip"], _by_id(told["follows"])


def _by_id(told: str) -> dict[int, list[str]]:
    return {int(at): labels for at, labels in json.loads(told).items()}


def join(connection: sqlite3.Connection, tip: str) -> Lacking:
    """Join what is not yet joined, unless something is lacking; the caller holds the write transaction."""
    joining = _Joining(connection)
    lacking = joining.lacking()
    if not any(lacking):
        joining.run()
        _tell(connection, "tip", tip)
    return lacking


def touch(connection: sqlite3.Connection, names: Iterable[str]) -> None:
    """Remember that labels or the current version of *names* may be others now."""
    if int(_told(connection, "events")):
        stale = json.loads(_told(connection, "stale"))
        _tell(connection, "stale", json.dumps(list(dict.fromkeys([*stale, *names]))))
    _tell(connection, "tip", "")


def cut(connection: sqlite3.Connection, last: int) -> None:
    """Take away every version after *last*, before its event goes."""
    if int(_told(connection, "events")) > last:
        _Cutting(connection, last).run()
    _tell(connection, "tip", "")


def _told(connection: sqlite3.Connection, what: str) -> str:
    found = connection.execute("SELECT what, data, seal FROM joined WHERE what=?", (what,)).fetchone()
    if found is None:
        raise Damaged(what)
    data: str = opened(found)[1]
    return data


def _tell(connection: sqlite3.Connection, what: str, data: str) -> None:
    connection.execute("INSERT OR REPLACE INTO joined VALUES (?, ?, ?)", (what, data, seal((what, data))))


class _About(NamedTuple):
    """What is kept of a new version while it is joined."""

    digest: str
    trust: str
    vouched: str
    derived_from: str


class _Joining:
    """One pass over the versions that are new since the last one."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._ask = connection.execute
        self._held = int(_told(connection, "events"))
        #: The names whose labels and current versions may have changed; None for all.
        self._stale: list[str] | None = json.loads(_told(connection, "stale")) if self._held else None
        self._renames = renames(connection)
        if self._stale:
            self._stale = self._whole_lives(self._stale)
        self._unmet: dict[str, list[str]] = json.loads(_told(connection, "unmet"))
        self._follows = _by_id(_told(connection, "follows"))
        self._names: dict[int, str] = {}
        self._about: dict[int, _About] = {}
        self._links: dict[int, list[Link]] = {}
        self._pins: dict[int, list[tuple[int, str]]] = {}
        self._newest: dict[tuple[str, str], int] = {}
        self._latest: dict[tuple[str, str], int] = {}
        self._gained: Counter[tuple[int, int]] = Counter()
        self._old: dict[int, NodeRow] = {}

    def _whole_lives(self, names: list[str]) -> list[str]:
        """Return *names* with what they were called before and since: a label carries versions of all that."""
        later: dict[str, list[str]] = {}
        for name, (old, _) in self._renames.items():
            later.setdefault(old, []).append(name)
        found = dict.fromkeys(old for name in names for old, _ in line_of(name, self._renames))
        ahead = list(found)
        for name in ahead:  # it grows as it is walked
            ahead += [new for new in later.get(name, ()) if new not in found]
            found |= dict.fromkeys(later.get(name, ()))
        return ahead

    def lacking(self) -> Lacking:
        """Return what is to be described first."""
        prompts = blobs_in(self._ask(f"{UNDESCRIBED} AND e.id>? ORDER BY e.name, e.id", (self._held,)))
        blobs = list(dict.fromkeys(entry.blob for entry in self._labels()))
        described = known(self._connection, blobs)
        return Lacking(prompts, [blob for blob in blobs if blob not in described])

    def _labels(self) -> Iterator[Label]:
        if self._stale is None:
            yield from labels_of(self._connection, "")
        for name in self._stale or ():
            yield from labels_of(self._connection, name)

    def run(self) -> None:
        """Join."""
        self._read()
        self._resolve()
        if self._held:
            self._repoint()
            self._meet()
        self._write()
        self._mark()
        self._connection.executemany(PUT_NODE, [row.put(at) for at, row in self._old.items()])
        _tell(self._connection, "events", str(state(self._connection).events))
        _tell(self._connection, "stale", "[]")
        _tell(self._connection, "unmet", json.dumps(self._unmet))
        _tell(self._connection, "follows", json.dumps(self._follows))

    def _read(self) -> None:
        """Read the new versions: their parents are known, their pins are to be found."""
        for at, name, parents, came_from, *told in self._ask(_TELLINGS.format(">?"), (self._held,)):
            about = Description.of(opened(tuple(told))[1:])
            self._names[at] = name
            self._about[at] = _About(about.digest, about.trust, about.vouched, about.derived_from)
            if about.digest:
                self._latest[name, about.digest] = at
            if about.follows:
                self._follows[at] = list(about.follows)
            line = [Link(MERGED, int(parent)) for parent in parents.split()]
            if line:
                line[0] = line[0]._replace(kind=RENAMED if came_from else PARENT)
            self._links[at] = line
            if about.derived_from or about.includes or (about.renamed_from and not line):
                self._pins[at] = list(self._told_pins(at, about, [link.end for link in line]))

    def _told_pins(self, at: int, about: Description, parents: list[int | str]) -> Iterator[tuple[int, str]]:
        if about.renamed_from and not parents:
            old = self._ask(_BEFORE, (about.renamed_from, at)).fetchone()[0]
            self._links[at] += [Link(RENAMED, old)] if old is not None else []
        # The file goes on saying what it was once derived from: the edge belongs to the version that said it first.
        if about.derived_from and about.derived_from not in {self._derivation(int(parent)) for parent in parents}:
            yield DERIVED, about.derived_from
        yield from ((STEP if about.kind == CHAIN else INCLUDES, pin) for pin in about.includes)

    def _derivation(self, version: int) -> str:
        if version in self._about:
            return self._about[version].derived_from
        _, _, _, _, *told = self._ask(_TELLINGS.format("=?"), (version,)).fetchone() or (None,) * 4
        return Description.of(opened(tuple(told))[1:]).derived_from if told else ""

    def _resolve(self) -> None:
        """Find the versions that the new pins mean: the newest with that content."""
        wanted = {pin.partition("#")[2] for pins in self._pins.values() for _, pin in pins}
        wanted.update(pin.partition("#")[2] for pins in self._unmet.values() for pin in pins)
        digests = {f"sha256:{word}" for word in wanted}
        self._newest = self._among_the_old([pin for pins in self._pins.values() for _, pin in pins])
        for at, about in self._about.items():
            if about.digest in digests:
                self._newest[self._names[at], about.digest] = self._newest["", about.digest] = at
        for at, pins in self._pins.items():
            links = [self._link(kind, pin) for kind, pin in pins]
            self._links[at] += links
            unmet = [str(link.end) for link in links if isinstance(link.end, str)]
            if unmet:
                self._unmet[str(at)] = unmet

    def _link(self, kind: int, pin: str) -> Link:
        name, _, word = pin.partition("#")
        return Link(kind, self._newest.get((name, f"sha256:{word}"), pin), nameless=not name)

    def _among_the_old(self, pins: list[str]) -> dict[tuple[str, str], int]:
        if not self._held:
            return {}
        wanted = {(name, f"sha256:{word}") for name, _, word in (pin.partition("#") for pin in pins)}
        found = {}
        for name, digest in wanted:
            newest = self._ask(_NEWEST, (digest, name, self._held)).fetchone()[0]
            if newest is not None:
                found[name, digest] = newest
        lost = wanted - found.keys()
        if lost:
            for digest, name, at in self._ask(_ANYWHERE, (self._held,)):
                found |= {pin: at for pin in ((name, digest), ("", digest)) if pin in lost}
        return found

    def _repoint(self) -> None:
        """Let pins of older versions lead to a new version, where that has the content which they pin."""
        new: dict[str, dict[str, int]] = {}
        for (name, digest), at in self._latest.items():
            new.setdefault(digest, {})[name] = at
        for digest, named in new.items():
            for (old,) in self._ask("SELECT id FROM nodes WHERE digest=?", (digest,)).fetchall():
                row = self._row(old)
                pinning = self._ask(_PINNING, (old, DERIVED)).fetchall()
                if len(pinning) != row.derived + row.users:
                    raise Damaged(f"node {old}")
                for source, kind in pinning:
                    self._move(source, Link(kind, old), named.get(row.name, old), max(named.values()))
                if row.name in named:
                    self._old[old] = self._row(old)._replace(newer=named[row.name])

    def _move(self, source: int, old: Link, new: int, newest: int) -> None:
        """Let the pins of *source* that are *old* lead to *new*, and those without a name to *newest*."""
        self._relink(
            source,
            [
                link._replace(end=newest if link.nameless else new) if link[:2] == old[:2] else link
                for link in links_of(self._row(source))
            ],
        )

    def _relink(self, source: int, links: list[Link]) -> None:
        row = self._row(source)
        before = links_of(row)
        if links != before:
            self._old[source] = linked(row, links)
            self._count(source, before, -1)
            self._count(source, links, 1)

    def _meet(self) -> None:
        """Let pins that nothing met lead to a new version, where that has the content."""
        for source, pins in list(self._unmet.items()):
            met = [pin for pin in pins if not isinstance(self._link(INCLUDES, pin).end, str)]
            if not met or int(source) > self._held:
                continue
            links = links_of(self._row(int(source)))
            self._relink(
                int(source),
                [self._link(link.kind, str(link.end)) if link.end in met else link for link in links],
            )
            left = [pin for pin in pins if pin not in met]
            if left:
                self._unmet[source] = left
            else:
                del self._unmet[source]

    def _count(self, source: int, links: list[Link], sign: int) -> None:
        """Write the edges of *source*, or take them away, and count them where they end."""
        edges = list(dict.fromkeys((source, link.kind, link.end) for link in links if isinstance(link.end, int)))
        if sign > 0:
            self._connection.executemany("INSERT INTO edges VALUES (?, ?, ?)", edges)
        else:
            self._connection.executemany("DELETE FROM edges WHERE source=? AND kind=? AND target=?", edges)
        for _, kind, target in edges:
            self._gained[target, max(kind, MERGED)] += sign

    def _row(self, node: int) -> NodeRow:
        """Return a version that was joined earlier, as it is to be written at the end."""
        if node not in self._old:
            self._old[node] = node_row(self._connection, node)
        return self._old[node]

    def _write(self) -> None:
        """Write the new versions, and what older ones gained."""
        edges = []
        for at, links in self._links.items():
            ends = {(link.kind, link.end) for link in links if isinstance(link.end, int)}
            edges += [(at, kind, end) for kind, end in ends]
            for kind, end in ends:
                self._gained[end, max(kind, MERGED)] += 1
        self._connection.executemany("INSERT INTO edges VALUES (?, ?, ?)", sorted(edges))
        marks = self._marks()
        rows = (self._new_row(row_of(row), marks) for row in self._ask(_ROWS, (self._held,)))
        self._connection.executemany(PUT_NODE, rows)
        for target in {target for (target, _), many in self._gained.items() if many and target <= self._held}:
            row = self._row(target)
            heirs, derived, users = self._gains(target)
            self._old[target] = row._replace(
                heirs=row.heirs + heirs, derived=row.derived + derived, users=row.users + users
            )

    def _gains(self, target: int) -> tuple[int, int, int]:
        gained = self._gained
        return gained[target, MERGED], gained[target, DERIVED], gained[target, INCLUDES] + gained[target, STEP]

    def _new_row(self, row: Row, marks: _Marks) -> tuple[object, ...]:
        about = self._about[row.id]
        newest = self._latest.get((row.name, about.digest), row.id)
        back, nameless, unmet = packed(self._links[row.id])
        carried, current = marks.of(row.name, row.id, about.digest)
        counts = (*self._gains(row.id), newest if newest != row.id else 0)
        line = NodeRow(*counts, back, row.name, row.number or 0, row.commit, row.author, row.seconds, row.zone)
        told = line._replace(
            digest=about.digest,
            trust=about.trust,
            vouched=about.vouched,
            labels=carried,
            current=current,
            nameless=nameless,
            unmet=unmet,
            message=row.message.rstrip("\n"),
        )
        return told.put(row.id)

    def _mark(self) -> None:
        """Let the older versions of the names that were touched know their labels, and which of them is current."""
        marks = self._marks()
        for name in self._stale or ():
            versions = "SELECT id FROM events WHERE name=? AND id<=? AND blob IS NOT NULL"
            for (at,) in self._ask(versions, (name, self._held)).fetchall():
                row = self._row(at)
                found, current = marks.of(name, at, row.digest)
                self._old[at] = row._replace(labels=found, current=current)

    def _marks(self) -> _Marks:
        entries = list(self._labels())
        told = known(self._connection, list(dict.fromkeys(entry.blob for entry in entries)))
        carried: dict[tuple[str, str], list[tuple[str, int]]] = {}
        for entry in entries:
            if digest := told[entry.blob].digest:  # that of a label which cannot be read is empty
                for old, until in line_of(entry.name, self._renames):
                    carried.setdefault((old, digest), []).append((entry.label, until))
        if self._stale is None:
            names = self._ask(_CURRENT).fetchall()
        else:
            names = [row for name in self._stale for row in self._ask(f"{_CURRENT} WHERE name=?", (name,))]
        return _Marks({found[0]: found[4] for found in map(opened, names)}, carried)


class _Marks(NamedTuple):
    """What moves without a version: which one is current, and the labels of each content."""

    current: dict[str, int | None]
    carried: dict[tuple[str, str], list[tuple[str, int]]]

    def of(self, name: str, node: int, digest: str) -> tuple[str, int]:
        """Return the labels of a version, and 1 if it is the current one of its name."""
        found = {label for label, until in self.carried.get((name, digest), ()) if node < until}
        return " ".join(sorted(found)), int(self.current.get(name) == node)


class _Cutting:
    """Takes versions away, and their edges out of those that stay."""

    def __init__(self, connection: sqlite3.Connection, last: int) -> None:
        self._connection = connection
        self._ask = connection.execute
        self._last = last

    def run(self) -> None:
        """Cut."""
        unmet: dict[str, list[str]] = json.loads(_told(self._connection, "unmet"))
        self._lose_heirs()
        self._turn_back(unmet)
        self._be_newest()
        self._ask("DELETE FROM edges WHERE source>?", (self._last,))
        self._ask("DELETE FROM nodes WHERE id>?", (self._last,))
        left = {source: pins for source, pins in unmet.items() if int(source) <= self._last}
        _tell(self._connection, "unmet", json.dumps(left))
        follows = {at: labels for at, labels in _by_id(_told(self._connection, "follows")).items() if at <= self._last}
        _tell(self._connection, "follows", json.dumps(follows))
        _tell(self._connection, "events", str(self._last))

    def _lose_heirs(self) -> None:
        """Count no more what led from the versions that go."""
        lost: Counter[tuple[int, int]] = Counter()
        edges = "SELECT target, kind FROM edges WHERE source>? AND target<=?"
        for target, kind in self._ask(edges, (self._last, self._last)):
            lost[target, max(kind, MERGED)] += 1
        for target in {target for target, _ in lost}:
            users = lost[target, INCLUDES] + lost[target, STEP]
            self._change(target, heirs=-lost[target, MERGED], derived=-lost[target, DERIVED], users=-users)

    def _turn_back(self, unmet: dict[str, list[str]]) -> None:
        """Let pins that lead to a version which goes lead to the one before it with that content."""
        edges = "SELECT DISTINCT source FROM edges WHERE target>? AND source<=?"
        for (source,) in self._ask(edges, (self._last, self._last)).fetchall():
            row = node_row(self._connection, source)
            links = links_of(row)
            turned = [self._turned(link) for link in links]
            self._put(source, linked(row, turned))
            self._ask("DELETE FROM edges WHERE source=? AND target>?", (source, self._last))
            held = {(link.kind, link.end) for link in links}
            for kind, end in dict.fromkeys((link.kind, link.end) for link in turned):
                if isinstance(end, str):
                    unmet[str(source)] = list(dict.fromkeys([*unmet.get(str(source), []), end]))
                elif (kind, end) not in held:
                    self._ask("INSERT INTO edges VALUES (?, ?, ?)", (source, kind, end))
                    self._change(end, **{"derived" if kind == DERIVED else "users": 1})

    def _be_newest(self) -> None:
        """Let versions of which a later one had the same content be the newest of it again."""
        alike = "SELECT id FROM nodes WHERE id<=? AND digest IN (SELECT digest FROM nodes WHERE id>?)"
        for (at,) in self._ask(alike, (self._last, self._last)).fetchall():
            row = node_row(self._connection, at)
            newest = self._ask(_NEWEST, (row.digest, row.name, self._last)).fetchone()[0]
            self._put(at, row._replace(newer=newest if newest != at else 0))

    def _turned(self, link: Link) -> Link:
        if isinstance(link.end, str) or link.end <= self._last:
            return link
        row = node_row(self._connection, link.end)
        name = "" if link.nameless else row.name
        before = self._ask(_NEWEST, (row.digest, name, self._last)).fetchone()[0]
        return link._replace(end=f"{name}#{row.digest.removeprefix('sha256:')}" if before is None else before)

    def _change(self, node: int, *, heirs: int = 0, derived: int = 0, users: int = 0) -> None:
        row = node_row(self._connection, node)
        self._put(node, row._replace(heirs=row.heirs + heirs, derived=row.derived + derived, users=row.users + users))

    def _put(self, node: int, row: NodeRow) -> None:
        self._ask(PUT_NODE, row.put(node))
