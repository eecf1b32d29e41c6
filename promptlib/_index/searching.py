"""The fourth step: which words stand in which version, for those who look for a prompt by what it says.

Two tables of full text hold the versions by the ids of their events: `text_now` those that stand under their names at
the tip, `text_before` all others. They follow the tip as the rest does. A save puts the new version into the first,
takes the one before it out, and puts that into the second: three rows, whatever the shelf holds. What is taken out is
put together again from the version, so that no text is held here.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from promptlib import query
from promptlib._index import fulltext
from promptlib._index.contents import checked, is_blob, known
from promptlib._index.database import not_searched, state
from promptlib._index.rows import ROW_COLUMNS, Damaged, Row, blob_column, opened, row_of, seal

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator

    from promptlib._index.rows import Description
    from promptlib.errors import StoreError
    from promptlib.query import Document, Language

    Read = Callable[[list[str]], Iterable[tuple[str, bytes | StoreError]]]

NOW, BEFORE = "text_now", "text_before"
_ROWS = f"SELECT {ROW_COLUMNS} FROM events e JOIN commits c ON c.position=e.position WHERE "  # noqa: S608 - ours
_NAME = "SELECT name, versions, continues, since, current, seal FROM names"
#: Texts that are held at a time, and rows from which on a table is written anew as one piece.
_AT_ONCE, _MANY = 500, 2_000


class Searched(NamedTuple):
    """What the tables of full text hold: versions up to the event `events` in one language, as they stood at `tip`.

    `current` and `older` count the rows of the two, and `pieces` is a checksum of where SQLite keeps what of them.
    """

    language: str
    tip: str
    events: int
    current: int
    older: int
    pieces: int


class Change(NamedTuple):
    """A version that is put into a table, or taken out of it."""

    table: str
    event: int
    put: bool


def searched(connection: sqlite3.Connection) -> Searched:
    """Return what the tables of full text hold."""
    rows = connection.execute("SELECT language, tip, events, current, older, pieces, seal FROM searched").fetchall()
    if len(rows) != 1:
        raise Damaged("searched")
    return Searched._make(opened(rows[0]))


def check(connection: sqlite3.Connection) -> None:
    """Raise `Damaged` when a row of the tables of full text is gone, or one too many, or a piece of them."""
    held = searched(connection)
    if held.language:
        found = *(_count(connection, table) for table in (NOW, BEFORE)), _pieces(connection)
        if found != (held.current, held.older, held.pieces):
            raise Damaged("words")


def _pieces(connection: sqlite3.Connection) -> int:
    """Return a checksum of what SQLite writes down of all pieces: their averages (1) and their places (10)."""
    told = b""
    for table in (NOW, BEFORE):
        for (block,) in connection.execute(f"SELECT block FROM {table}_data WHERE id IN (1, 10) ORDER BY id"):  # noqa: S608 - ours
            if not isinstance(block, bytes):
                raise Damaged(table)
            told += block
    return crc32(told)


def _count(connection: sqlite3.Connection, table: str) -> int:
    found: int = connection.execute(f"SELECT count(*) FROM {table}_docsize").fetchone()[0]  # noqa: S608 - ours
    return found


def touch(connection: sqlite3.Connection, names: Iterable[str]) -> None:
    """Remember which version of *names* the tables of full text hold as the current one, before it may be another."""
    if searched(connection).language:
        for name in names:
            _remember(connection, name, _current(connection, name))


def cut(connection: sqlite3.Connection, last: int, read: Read) -> None:
    """Take every version after the event *last* out of the tables of full text, before the events go."""
    held = searched(connection)
    if not held.language or held.events <= last:
        return
    rows = _rows_between(connection, last, held.events)
    told = known(connection, [row.blob or "" for row in rows])
    if len(rows) > _MANY or any(row.blob not in told for row in rows):
        not_searched(connection)
        return
    names = dict.fromkeys(row.name for row in rows)
    touch(connection, names)
    standing = {name: _standing(connection, name) for name in names}
    changes = [Change(NOW if standing[row.name] == row.id else BEFORE, row.id, put=False) for row in rows]
    work = _Work(connection, query.language(held.language), read)
    if not work.done(changes, {row.id: row for row in rows}, told):
        not_searched(connection)
        return
    for name, event in standing.items():
        if event > last:
            connection.execute("DELETE FROM unsearched WHERE name=?", (name,))
            _remember(connection, name, 0)
    _write(connection, work.held._replace(events=last, tip=""))


def bring(connection: sqlite3.Connection, language: Language, read: Read, *, patient: bool) -> list[str]:
    """Bring the tables of full text to the tip; return the blobs that must be described before that can be.

    Without *patience* what is not described is left out, as what cannot be read: it is tried again at the next tip.
    The caller holds the write transaction.
    """
    held = searched(connection)
    anew = held.language != language.name
    changes = _all(connection) if anew else _since(connection, held)
    if anew or len(changes) > _MANY:
        rows = {row.id: row for row in _rows_between(connection, 0, state(connection).events)}
    else:
        rows = {row.id: row for each in changes for row in _rows_between(connection, each.event - 1, each.event)}
    told = known(connection, list(dict.fromkeys(rows[each.event].blob or "" for each in changes)))
    lacking = [blob for each in changes if (blob := rows[each.event].blob or "") not in told]
    if lacking and patient:
        return list(dict.fromkeys(lacking))
    if anew:
        not_searched(connection)
        for table in (NOW, BEFORE):
            fulltext.make(connection, table, language)
    work = _Work(connection, language, read)
    if not work.done(changes, rows, told):
        not_searched(connection)
        return bring(connection, language, read, patient=False)
    connection.execute("DELETE FROM unsearched")
    here = state(connection)
    _write(connection, work.held._replace(language=language.name, tip=here.tip, events=here.events))
    return []


def _all(connection: sqlite3.Connection) -> list[Change]:
    """Return what fills empty tables."""
    standing = {row[4] for row in map(opened, connection.execute(_NAME))}
    events = connection.execute("SELECT id FROM events WHERE blob IS NOT NULL ORDER BY id").fetchall()
    return [Change(NOW if event in standing else BEFORE, event, put=True) for (event,) in events]


def _since(connection: sqlite3.Connection, held: Searched) -> list[Change]:
    """Return what has changed since the tables were at the tip that they were last brought to."""
    changes: list[Change] = []
    now = set()
    for name, was in map(opened, connection.execute("SELECT name, event, seal FROM unsearched ORDER BY name")):
        event = _current(connection, name)
        now.add(event)
        if event != was and was:
            changes += [Change(NOW, was, put=False), Change(BEFORE, was, put=True)]
        if event != was and event:
            changes += [Change(BEFORE, event, put=False)] if event <= held.events else []
            changes += [Change(NOW, event, put=True)]
    new = connection.execute("SELECT id FROM events WHERE id>? AND blob IS NOT NULL ORDER BY id", (held.events,))
    changes += [Change(BEFORE, event, put=True) for (event,) in new if event not in now]
    again = [event for (event,) in map(opened, connection.execute("SELECT event, seal FROM unread"))]
    return changes + [each for event in again for each in _again(connection, event, changes)]


def _again(connection: sqlite3.Connection, event: int, changes: list[Change]) -> Iterator[Change]:
    """Yield the change that tries a version once more which could not be read."""
    if any(each.event == event for each in changes):
        return  # it moves, and is tried there
    for row in _rows_between(connection, event - 1, event):
        yield Change(NOW if _current(connection, row.name) == event else BEFORE, event, put=False)
        yield Change(NOW if _current(connection, row.name) == event else BEFORE, event, put=True)


def _current(connection: sqlite3.Connection, name: str) -> int:
    """Return the event that *name* stands at, 0 for none."""
    found = connection.execute(f"{_NAME} WHERE name=?", (name,)).fetchone()
    return (opened(found)[4] or 0) if found else 0


def _standing(connection: sqlite3.Connection, name: str) -> int:
    """Return the event of *name* that the tables hold as its current one, 0 for none."""
    found = connection.execute("SELECT name, event, seal FROM unsearched WHERE name=?", (name,)).fetchone()
    return int(opened(found)[1]) if found else _current(connection, name)


def _remember(connection: sqlite3.Connection, name: str, event: int) -> None:
    connection.execute("INSERT OR IGNORE INTO unsearched VALUES (?, ?, ?)", (name, event, seal((name, event))))


def _write(connection: sqlite3.Connection, held: Searched) -> None:
    # SQLite gathers full text until the end of the transaction; a savepoint lets it be written now.
    connection.execute("SAVEPOINT gathered")
    connection.execute("RELEASE gathered")
    written = held._replace(pieces=_pieces(connection))
    connection.execute(
        "UPDATE searched SET language=?, tip=?, events=?, current=?, older=?, pieces=?, seal=?",
        (*written, seal(tuple(written))),
    )


def _rows_between(connection: sqlite3.Connection, low: int, high: int) -> list[Row]:
    """Return the versions after the event *low* up to *high*."""
    found = connection.execute(f"{_ROWS} e.id>? AND e.id<=? AND e.blob IS NOT NULL ORDER BY e.id", (low, high))
    return [row_of(row) for row in found]


class _Work:
    """Puts versions into the tables of full text and takes them out, and counts what is left."""

    def __init__(self, connection: sqlite3.Connection, language: Language, read: Read) -> None:
        self._connection = connection
        self._language = language
        self._read = read
        self.held = searched(connection)

    def done(self, changes: list[Change], rows: dict[int, Row], told: dict[str, Description]) -> bool:
        """Make *changes*; return False when what is to be taken out cannot be put together any more."""
        many = len(changes) > _MANY
        for table in (NOW, BEFORE) if many else ():
            fulltext.gather(self._connection, table, much=True)
        rest = iter(changes)
        while some := list(islice(rest, _AT_ONCE)):
            if not self._some(some, rows, told):
                return False
        for table in (NOW, BEFORE) if many else ():
            fulltext.optimise(self._connection, table)
            fulltext.gather(self._connection, table, much=False)
        return True

    def _some(self, changes: list[Change], rows: dict[int, Row], told: dict[str, Description]) -> bool:
        wanted = dict.fromkeys(rows[each.event].blob or "" for each in changes)
        texts = self._texts([blob for blob in wanted if blob in told])
        for each in changes:
            row = rows[each.event]
            data = texts.get(row.blob or "")
            if each.put or self._left_out(each.event):
                continue
            if not isinstance(data, bytes):
                return False
            fulltext.take(self._connection, each.table, [(row.id, document(row, told, data))], self._language)
            self._count(each.table, -1)
            if each.table == NOW:
                self._connection.execute("DELETE FROM texts WHERE blob=?", (blob_column(row.blob or ""),))
        for table in (NOW, BEFORE):
            self._put(table, [rows[each.event] for each in changes if each.put and each.table == table], told, texts)
        return True

    def _texts(self, blobs: list[str]) -> dict[str, bytes | StoreError]:
        held: dict[str, bytes | StoreError] = {}
        for blob in blobs:
            found = self._connection.execute("SELECT data FROM texts WHERE blob=?", (blob_column(blob),)).fetchone()
            if found is not None and (data := checked(blob, found[0])) is not None:
                held[blob] = data
        return held | dict(self._read([blob for blob in blobs if blob not in held]))

    def _put(
        self, table: str, rows: list[Row], told: dict[str, Description], texts: dict[str, bytes | StoreError]
    ) -> None:
        readable = [(row, data) for row in rows if isinstance(data := texts.get(row.blob or ""), bytes)]
        documents = ((row.id, document(row, told, data)) for row, data in readable)
        fulltext.put(self._connection, table, documents, self._language)
        self._count(table, len(readable))
        if table == NOW:
            # A hit shows a piece of its text, and is asked for often: no git is needed for it.
            kept = ((blob_column(blob), data) for row, data in readable if is_blob(blob := row.blob or "", data))
            self._connection.executemany("INSERT OR REPLACE INTO texts VALUES (?, ?)", kept)
        unread = {row.id for row in rows} - {row.id for row, _ in readable}
        self._connection.executemany(
            "INSERT OR REPLACE INTO unread VALUES (?, ?)", ((event, seal((event,))) for event in sorted(unread))
        )

    def _left_out(self, event: int) -> bool:
        """Return whether *event* could not be read when it was to be put in; from now on it is not left out."""
        return self._connection.execute("DELETE FROM unread WHERE event=?", (event,)).rowcount > 0

    def _count(self, table: str, more: int) -> None:
        held = self.held
        if table == NOW:
            self.held = held._replace(current=held.current + more)
        else:
            self.held = held._replace(older=held.older + more)


def document(row: Row, told: dict[str, Description], data: bytes) -> Document:
    """Return what is searched of the version *row*, whose file is *data*."""
    return query.document(row.name, told[row.blob or ""], data, row.message)
