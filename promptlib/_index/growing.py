"""Bringing the index to a tip: what is new is appended, what is no longer reached is cut off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from promptlib._index import joining, searching
from promptlib._index.database import (
    LATER,
    NOTHING,
    OF_THE_TIP,
    State,
    counted,
    not_joined,
    not_searched,
    set_state,
    state,
)
from promptlib._index.labelling import ALWAYS
from promptlib._index.moments import COMMIT, committed_of
from promptlib._index.rows import ROW_COLUMNS, Damaged, blob_column, blob_of, opened, row_of, seal
from promptlib.errors import BadRef, StoreError, raise_if_passing
from promptlib.history import MAIN, Entry, Growth, Life, Nothing, Place, Step, advance, meeting
from promptlib.refs import check_label, check_name

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator

    from promptlib._index.rows import Commit, Repository, Row

SUFFIX = ".prompty"
LABELS = ".labels/"
LABEL_SUFFIX = ".label"

ENTRIES = (
    f"SELECT c.line, {ROW_COLUMNS} FROM events e JOIN commits c ON c.position=e.position "  # noqa: S608 - ours
    "WHERE e.name=? AND e.position<=? ORDER BY e.id DESC"
)
_OF_AN_ID = f"SELECT {ROW_COLUMNS} FROM events e JOIN commits c ON c.position=e.position WHERE e.id=?"  # noqa: S608 - ours
_NUMBERED = "SELECT id FROM events WHERE name=? AND number=?"
_LATER = f"{_NUMBERED} AND {LATER}"
_HIGHEST = (
    f"SELECT coalesce((SELECT max(number) FROM events WHERE name=?1 AND {LATER}), "  # noqa: S608 - ours
    "(SELECT max(number) FROM events WHERE name=?1))"
)
TAKEN = (
    "SELECT c.line, t.name, t.position, t.version, t.blob, t.seal "
    "FROM taken t JOIN commits c ON c.position=t.position WHERE t.name=? AND t.position<=? ORDER BY t.position DESC"
)


class Paths:
    """Which path below the root is which name's or label's file; each path is looked at once."""

    def __init__(self, root: str) -> None:
        """Read paths below *root*."""
        self._root = f"{root}/" if root else ""
        self._names: dict[str, str] = {}
        self._labels: dict[str, tuple[str, str] | None] = {}

    def name(self, path: str) -> str:
        """Return the name whose file *path* is, or an empty text."""
        found = self._names.get(path)
        if found is None:
            found = self._names[path] = self._read_name(path)
        return found

    def label(self, path: str) -> tuple[str, str] | None:
        """Return the name and label whose file *path* is, or None."""
        if path not in self._labels:
            self._labels[path] = self._read_label(path)
        return self._labels[path]

    def _read_name(self, path: str) -> str:
        name = path.removeprefix(self._root).removesuffix(SUFFIX)
        if len(name) + len(self._root) + len(SUFFIX) != len(path):
            return ""
        try:
            return check_name(name)
        except BadRef:
            return ""

    def _read_label(self, path: str) -> tuple[str, str] | None:
        head = self._root + LABELS
        if not path.startswith(head) or not path.endswith(LABEL_SUFFIX):
            return None
        label, _, name = path[len(head) : -len(LABEL_SUFFIX)].partition("/")
        try:
            return check_name(name), check_label(label)
        except BadRef:
            return None


class Credit(NamedTuple):
    """Who made a commit, when and why."""

    author: str
    email: str
    seconds: int
    zone: str
    committed: int
    message: str


NOBODY = Credit("", "", 0, "+0000", 0, "")


@dataclass(slots=True)
class Reading:
    """A log, reduced to what the index needs."""

    steps: dict[str, Step]
    credits: dict[str, Credit]
    labels: dict[str, list[tuple[str, str, str | None]]]


def read_log(commits: Iterable[Commit], paths: Paths) -> Reading:
    """Gather *commits*; those that change neither a prompt nor a label keep only their place in graph and time."""
    reading = Reading({}, {}, {})
    for commit in commits:
        changes, labels = [], []
        for change in commit.changes:
            if name := paths.name(change.path):
                changes.append((name, change.blob))
            elif label := paths.label(change.path):
                labels.append((*label, change.blob))
        reading.steps[commit.id] = Step(commit.id, commit.parents, tuple(changes))
        if labels:
            reading.labels[commit.id] = labels
        reading.credits[commit.id] = NOBODY._replace(committed=commit.committed)
        if changes or labels:
            author = commit.author
            reading.credits[commit.id] = Credit(
                author.name, author.email, commit.time, commit.zone, commit.committed, commit.message
            )
    return reading


class SoFar:
    """The `Past` that the tables hold."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Read from *connection*, inside a transaction."""
        self._connection = connection
        self._ask = connection.execute

    @property
    def commits(self) -> int:
        """How many commits have a position."""
        return state(self._connection).commits

    @property
    def events(self) -> int:
        """The highest id of an event."""
        return state(self._connection).events

    def place(self, commit: str) -> Place:
        """Return where *commit* stands; a parent of a new commit is new or known, or a row is lost."""
        place = self.find(commit)
        if place is None:
            raise Damaged(commit)
        return place

    def find(self, commit: str) -> Place | None:
        """Return where *commit* stands, or None for one that the tip does not reach."""
        rows = self._ask(f"{COMMIT} WHERE id=?", (commit,)).fetchall()
        return _place(rows[0]) if rows else None

    def fork(self, line: int) -> Place | None:
        """Return where *line* branched off: at the first parent of its first commit."""
        parent = self.parent(line)
        return self.at(parent) if parent is not None else None

    def at(self, position: int) -> Place:
        """Return the place of the commit at *position*."""
        return _place(self._commit(position))

    def parent(self, position: int) -> int | None:
        """Return the position of the first parent of the commit at *position*."""
        parent: int | None = opened(self._commit(position))[3]
        return parent

    def _commit(self, position: int) -> tuple[object, ...]:
        row = self._ask(f"{COMMIT} WHERE position=?", (position,)).fetchone()
        if row is None:
            raise Damaged(f"commit at {position}")
        return row  # type: ignore[no-any-return] # sqlite3 types rows as Any

    def id(self, position: int) -> str:
        """Return the commit at *position*."""
        return str(opened(self._commit(position))[1])

    def main(self, commit: str) -> Place | None:
        """Return the first place on the main line that *commit* comes to by first parents."""
        place = self.find(commit)
        while place and place.line != MAIN:
            place = self.fork(place.line)
        return place

    def life(self, name: str) -> Life:
        """Return what is known of *name*."""
        row = self._ask("SELECT name, versions, continues, since, current, seal FROM names WHERE name=?", (name,))
        known = row.fetchone()
        if known is None:
            return Life()
        return Life._make(opened(known)[1:4])

    def entry(self, name: str, place: Place) -> Entry | None:
        """Return the last entry of *name* on the line of *place*, up to there."""
        return max(filter(None, (self._event_entry(name, place), self._taken_entry(name, place))), default=None)

    def _event_entry(self, name: str, place: Place) -> Entry | None:
        rows = self._ask(ENTRIES, (name, place.position))
        for line, *row in rows:
            if line == place.line:
                rows.close()
                event = row_of(tuple(row))
                version = event.id if event.number is not None else event.parents[0]
                return Entry(event.position, version, event.blob)
        return None

    def _taken_entry(self, name: str, place: Place) -> Entry | None:
        rows = self._ask(TAKEN, (name, place.position))
        for line, *row in rows:
            if line == place.line:
                rows.close()
                _, position, version, blob = opened(tuple(row))
                return Entry(position, version, None if blob is None else blob_of(blob))
        return None


def _place(row: tuple[object, ...]) -> Place:
    return committed_of(row).place


def line_of_names(connection: sqlite3.Connection, name: str, end: int = ALWAYS) -> tuple[list[tuple[str, int]], int]:
    """Return *name* and the old names that it continues, each with the id before which its events belong here.

    With them comes how many versions *name* has by now. Events from id *end* on are left out.
    """
    past, found, until = SoFar(connection), [(name, end)], end
    life: Life = past.life(name)
    versions = life.versions
    while life.continues and life.since < until:
        until = life.since
        found.append((life.continues, until))
        life = past.life(life.continues)
    return found, versions


def rows_of(connection: sqlite3.Connection, ids: Iterable[int]) -> dict[int, Row]:
    found = (connection.execute(_OF_AN_ID, (row,)).fetchone() for row in ids)
    return {row.id: row for row in map(row_of, filter(None, found))}


class Growing:
    """Brings the tables behind one connection to a tip; the caller holds the write transaction."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        repository: Repository,
        root: str,
        renamed_from: Callable[[str], str],
    ) -> None:
        """Write to *connection* what *repository* holds below *root*; *renamed_from* reads a blob."""
        self._connection = connection
        self._ask = connection.execute
        self._repository = repository
        self._root = root
        self._paths = Paths(root)
        self._renamed_from = renamed_from

    def to(self, tip: str) -> None:
        """Bring the tables to *tip*: append, after cutting back to where the first-parent lines meet."""
        reading = self._since_the_old_tip(tip)
        if reading is None:
            self._empty()
            reading = self._read(tip, ())
        held = state(self._connection)
        past = SoFar(self._connection) if held.commits else Nothing()
        growth = advance(reading.steps, tip, past=past, renamed_from=self._renamed_from)
        names, labels = self._write(growth, reading)
        set_state(
            self._connection,
            State(
                self._root,
                tip,
                held.commits + len(growth.commits),
                growth.events[-1].id if growth.events else past.events,
                held.names + names,
                held.labels + labels,
            ),
        )

    def _read(self, tip: str, stop: tuple[str, ...]) -> Reading:
        return read_log(self._repository.log(tip, stop=stop, prefix=self._root), self._paths)

    def _since_the_old_tip(self, tip: str) -> Reading | None:
        """Return what is new, with the tables cut back to where it begins; None when they are of no use."""
        held = state(self._connection)
        if not held.commits:
            return None
        back = SoFar(self._connection).main(tip)
        if back is not None:
            base = SoFar(self._connection).id(back.position)
            self._cut(back.position)
            return read_log(iter(()), self._paths) if base == tip else self._read(tip, (base,))
        try:
            reading = self._read(tip, (held.tip,))
        except StoreError:
            return None  # the old tip may be gone; when git itself fails, the whole log will say so
        past = SoFar(self._connection)
        met = meeting(reading.steps, tip)
        fork = past.main(met) if met else None
        if fork is None:
            return None
        if fork.position < held.commits - 1:
            base = past.id(fork.position)
            self._cut(fork.position)
            reading = self._read(tip, (base,))
        return reading

    def _empty(self) -> None:
        for table in OF_THE_TIP:
            self._ask(f"DELETE FROM {table}")  # noqa: S608 - the names are ours
        not_joined(self._connection)
        not_searched(self._connection)
        set_state(self._connection, State(self._root, *NOTHING))

    def _cut(self, position: int) -> None:
        """Take away everything after *position*."""
        row = self._ask("SELECT id FROM events WHERE position<=? ORDER BY id DESC LIMIT 1", (position,)).fetchone()
        last = row[0] if row else 0
        names = self._ask(
            "SELECT name FROM events WHERE id>? UNION SELECT name FROM taken WHERE position>?", (last, position)
        ).fetchall()
        labelled = self._ask("SELECT DISTINCT name FROM labels WHERE position>?", (position,)).fetchall()
        joining.cut(self._connection, last)
        searching.cut(self._connection, last, self._read_blobs)
        searching.touch(self._connection, (name for (name,) in names))
        joining.touch(self._connection, (name for (name,) in (*names, *labelled)))
        self._ask("DELETE FROM events WHERE id>?", (last,))
        for table in ("commits", "taken", "labels"):
            self._ask(f"DELETE FROM {table} WHERE position>?", (position,))  # noqa: S608 - the names are ours
        tip = SoFar(self._connection).id(position)
        # Where a name stands is asked with the new end in place.
        set_state(self._connection, State(self._root, tip, position + 1, last, 0, 0))
        for (name,) in names:
            self._refresh(name)
        self._count_moves(name for (name,) in labelled)
        set_state(self._connection, State(self._root, tip, position + 1, last, *counted(self._connection)))

    def _read_blobs(self, blobs: list[str]) -> Iterator[tuple[str, bytes | StoreError]]:
        for blob in blobs:
            try:
                yield blob, self._repository.read(blob)
            except StoreError as error:
                raise_if_passing(error)
                yield blob, error

    def _refresh(self, name: str) -> None:
        """Write the row of a name whose latest events were cut off."""
        number = self._ask(_HIGHEST, (name,)).fetchone()[0]
        if number is None:
            self._ask("DELETE FROM names WHERE name=?", (name,))
            return
        past = SoFar(self._connection)
        self._put_name(name, past.life(name)._replace(versions=number), past.entry(name, Place(past.commits, MAIN)))

    def _put_name(self, name: str, life: Life, standing: Entry | None) -> bool:
        """Write the row of *name*, and return whether it is a new one.

        Its current version is the newest one with the content that stands at the tip.
        """
        current = None
        if standing is not None and standing.blob is not None:
            newest = self._ask(_LATER if life.versions > 1 else _NUMBERED, (name, life.versions)).fetchone()[0]
            if newest == standing.version:
                current = newest
            else:
                alike = "SELECT max(id) FROM events WHERE name=? AND blob=?"
                current = self._ask(alike, (name, blob_column(standing.blob))).fetchone()[0]
        fields = (name, *life, current)
        changed = "UPDATE names SET versions=?2, continues=?3, since=?4, current=?5, seal=?6 WHERE name=?1"
        if self._ask(changed, (*fields, seal(fields))).rowcount:
            return False
        self._ask("INSERT INTO names VALUES (?, ?, ?, ?, ?, ?)", (*fields, seal(fields)))
        return True

    def _count_moves(self, names: Iterable[str]) -> None:
        """Write down how many rows of labels a name has, so that one that is missing is missed."""
        for name in names:
            fields = (name, self._ask("SELECT count(*) FROM labels WHERE name=?", (name,)).fetchone()[0])
            self._ask("INSERT OR REPLACE INTO moves VALUES (?, ?, ?)", (*fields, seal(fields)))

    def _write(self, growth: Growth, reading: Reading) -> tuple[int, int]:
        """Append *growth*, and return how many names and moves of labels came with it."""
        many = self._connection.executemany
        many("INSERT INTO commits VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _commit_rows(growth, reading))
        many("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", _event_rows(growth, reading))
        taken = ((name, entry.position, entry.version, _column(entry.blob)) for name, entry in growth.taken)
        many("INSERT INTO taken VALUES (?, ?, ?, ?, ?)", ((*row, seal(row)) for row in taken))
        labels = list(_label_rows(growth, reading))
        many("INSERT INTO labels VALUES (?, ?, ?, ?, ?, ?)", labels)
        self._count_moves(dict.fromkeys(name for name, *_ in labels))
        searching.touch(self._connection, growth.lives)
        joining.touch(self._connection, (*growth.lives, *(name for name, *_ in labels)))
        new = [self._put_name(name, life, standing) for name, (life, standing) in growth.lives.items()]
        return sum(new), len(labels)


def _column(blob: str | None) -> bytes | None:
    return None if blob is None else blob_column(blob)


def _commit_rows(growth: Growth, reading: Reading) -> Iterator[tuple[object, ...]]:
    for commit in growth.commits:
        author, email, seconds, zone, committed, message = reading.credits.get(commit.id, NOBODY)
        fields = (commit.place.position, commit.id, commit.place.line, commit.parent, committed)
        yield (*fields, seal(fields), author, email, seconds, zone, message)


def _event_rows(growth: Growth, reading: Reading) -> Iterator[tuple[object, ...]]:
    """Yield rows whose checksum covers the commit's columns too: a version is always read with them."""
    ids = {commit.place.position: commit.id for commit in growth.commits}
    for event in growth.events:
        parents = " ".join(map(str, event.parents))
        fields = (
            *(event.id, event.name, event.number, _column(event.blob), parents),
            *(event.came_from, event.became, event.position),
        )
        commit = ids[event.position]
        yield (*fields, seal((*fields, commit, *reading.credits[commit])))


def _label_rows(growth: Growth, reading: Reading) -> Iterator[tuple[str, str, bytes | None, int, str, int]]:
    """Yield moves of labels on the main line: against first parents, these alone make the labels of the tip."""
    for commit in growth.commits:
        if commit.place.line == MAIN and commit.id in reading.labels:
            for name, label, blob in reading.labels[commit.id]:
                fields = (name, label, _column(blob), commit.place.position, commit.id)
                yield (*fields, seal(fields))
