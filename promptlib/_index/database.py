"""The file of the index: opened with care, left alone when it cannot be written, set aside when it is no index."""

from __future__ import annotations

import os
import sqlite3
import stat
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from promptlib._index.rows import Damaged, opened, seal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

APPLICATION = 0x70726D70
FORMAT = 11
PATIENCE = 30.0  # seconds to wait for another process that brings the index up to date
#: How reading a file that is no sound index can end.
FAILURES = (sqlite3.Error, Damaged, UnicodeError)
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT})

#: Ids of blobs and digests lie there as bytes, see `rows.blob_column` and `rows.digest_column`. Most names have one
#: version, the first of their events: by its number only a later one is looked up, with `LATER` said.
TABLES = """
CREATE TABLE state (
    root TEXT, tip TEXT, commits INTEGER, events INTEGER, names INTEGER, labels INTEGER, seal INTEGER
);
CREATE TABLE commits (
    position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, line INTEGER NOT NULL, parent INTEGER, committed INTEGER,
    seal INTEGER, author TEXT, email TEXT, seconds INTEGER, zone TEXT, message TEXT
);
CREATE TABLE events (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, number INTEGER, blob BLOB, parents TEXT NOT NULL,
    came_from TEXT NOT NULL, became TEXT NOT NULL, position INTEGER NOT NULL, seal INTEGER
);
CREATE INDEX events_of_a_name ON events (name);
CREATE INDEX versions_of_a_name ON events (name, number) WHERE number<>1;
CREATE TABLE taken (
    name TEXT, position INTEGER, version INTEGER, blob BLOB, seal INTEGER, PRIMARY KEY (name, position)
) WITHOUT ROWID;
CREATE TABLE names (
    name TEXT PRIMARY KEY, versions INTEGER, continues TEXT, since INTEGER, current INTEGER, seal INTEGER
) WITHOUT ROWID;
CREATE TABLE labels (
    name TEXT, label TEXT, blob BLOB, position INTEGER, commit_id TEXT, seal INTEGER,
    PRIMARY KEY (name, label, position)
) WITHOUT ROWID;
CREATE TABLE moves (name TEXT PRIMARY KEY, labels INTEGER, seal INTEGER) WITHOUT ROWID;
CREATE TABLE descriptions (
    blob BLOB PRIMARY KEY, digest BLOB, derived_from TEXT, renamed_from TEXT, includes TEXT, description TEXT,
    tags TEXT, trust TEXT, vouched TEXT, problem TEXT, kind TEXT, title TEXT, inputs TEXT, words TEXT, weight INTEGER,
    seal INTEGER
) WITHOUT ROWID;
CREATE TABLE words (id INTEGER PRIMARY KEY, facet TEXT NOT NULL, value TEXT NOT NULL, seal INTEGER);
CREATE UNIQUE INDEX words_of_a_facet ON words (facet, value);
CREATE INDEX blobs_of_a_digest ON descriptions (substr(digest, 1, 4));
CREATE TABLE weights (digest TEXT PRIMARY KEY, tokens INTEGER, seal INTEGER) WITHOUT ROWID;
CREATE TABLE texts (blob BLOB PRIMARY KEY, data BLOB);
CREATE TABLE nodes (id INTEGER PRIMARY KEY, digest TEXT, told BLOB, seal INTEGER);
CREATE INDEX nodes_of_a_digest ON nodes (digest);
CREATE TABLE edges (source INTEGER, kind INTEGER, target INTEGER, PRIMARY KEY (source, kind, target)) WITHOUT ROWID;
CREATE INDEX edges_to_a_target ON edges (target, kind, source);
CREATE TABLE joined (what TEXT PRIMARY KEY, data TEXT, seal INTEGER) WITHOUT ROWID;
CREATE TABLE searched (language TEXT, tip TEXT, events INTEGER, current INTEGER, older INTEGER, pieces INTEGER,
    seal INTEGER
);
CREATE TABLE unsearched (name TEXT PRIMARY KEY, event INTEGER, seal INTEGER) WITHOUT ROWID;
CREATE TABLE unread (event INTEGER PRIMARY KEY, seal INTEGER);
"""
#: Without these words SQLite does not use `versions_of_a_name`; with `number>1` it would use that as a range.
LATER = "number<>1"
#: What depends on the tip; descriptions and texts are found by blob and stay true.
OF_THE_TIP = ("commits", "events", "taken", "names", "labels", "moves", "nodes", "edges")
#: No version is in the tables of full text.
NOT_SEARCHED = ("", "", 0, 0, 0, 0)
_NOT_JOINED = (("tip", ""), ("events", "0"), ("stale", "[]"), ("unmet", "{}"), ("follows", "{}"))


class Database:
    """One connection, to a file or to memory; `file` is False for memory."""

    __slots__ = ("_held", "_moment", "connection", "file", "identity", "path", "process")

    #: At the end of a process its modules may be gone before this is.
    _process_now = staticmethod(os.getpid)

    def __init__(self, connection: sqlite3.Connection, path: Path | None, identity: tuple[int, int] | None) -> None:
        """Hold *connection*; *identity* tells the file from another one put in its place."""
        self.connection = connection
        self.path = path
        self.file = path is not None
        self.identity = identity
        self.process = os.getpid()
        self._held: State | None = None
        self._moment = (0, 0)

    def state(self) -> State:
        """Return what the tables hold: the same object as before, unread, while nobody has changed the file.

        Inside a transaction, that stays true to its end.
        """
        # SQLite counts here what other connections commit, and what this one does.
        moment = self.connection.execute("PRAGMA data_version").fetchone()[0], self.connection.total_changes
        if self._held is None or moment != self._moment:
            self._held, self._moment = state(self.connection), moment
        return self._held

    def __del__(self) -> None:
        """Close what nobody closed, in the process that opened it."""
        if self.process == self._process_now():
            self.connection.close()

    def replaced(self) -> bool:
        """Return whether another file now lies at the path."""
        return self.path is not None and _identity(self.path) != self.identity

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def discard(self) -> None:
        """Close, and take the file away unless somebody has put another there."""
        replaced = self.replaced()
        self.close()
        if self.path is None or replaced:
            return
        # The journal first: left alone, it would be played back into the next file of this name.
        for name in (f"{self.path}-journal", self.path):
            try:
                os.unlink(name)  # noqa: PTH108 - a text for the journal, a path for the file
            except FileNotFoundError:
                continue


def is_damage(error: Exception) -> bool:
    """Return whether *error* means that the content is bad, rather than that the file cannot be had just now."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in _DAMAGED
    return True


def open_file(path: Path, root: str) -> Database | None:
    """Return the index at *path*, made where there is none; None where that cannot be."""
    try:
        path.parent.mkdir(mode=0o755, exist_ok=True)
        if path.parent.is_symlink() or not _clear(path):
            return None
        writable = os.access(path if path.exists() else path.parent, os.W_OK)
    except OSError:
        return None
    mode = "rwc" if writable else "ro"
    for _ in range(2):
        try:
            connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={mode}",
                uri=True,
                timeout=PATIENCE,
                isolation_level=None,
                check_same_thread=False,
            )
        except sqlite3.Error:
            return None
        database = Database(connection, path, _identity(path))
        try:
            return _ready(database, root)
        except FAILURES as error:
            if not writable or not is_damage(error):
                database.close()
                return None
            try:
                database.discard()
            except OSError:
                return None
    return None


def open_memory(root: str, source: Database | None = None) -> Database:
    """Return an index in memory, begun with what *source* holds where that is sound."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    # A change that could be neither ended nor undone would be waited for too.
    if source is not None and not source.connection.in_transaction:
        try:
            source.connection.backup(connection, progress=_patience())
            return _ready(Database(connection, None, None), root)
        except FAILURES:
            connection.close()
            connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    return _ready(Database(connection, None, None), root)


def _patience() -> Callable[[int, int, int], None]:
    """Return what ends a copy that others keep waiting: SQLite would wait for ever."""
    end = monotonic() + PATIENCE

    def told(status: int, _remaining: int, _pages: int) -> None:
        if status == sqlite3.SQLITE_BUSY and monotonic() > end:
            raise sqlite3.OperationalError("the index stays locked")

    return told


def _ready(database: Database, root: str) -> Database:
    """Return *database* as an index of *root* in our format, emptied or made if it is not one."""
    ask = database.connection.execute
    # The index can be made again from git: a lost write costs time, a sync at each update would cost every reader.
    ask("PRAGMA synchronous=OFF")
    ask("PRAGMA trusted_schema=OFF")
    # A large update must not lock readers out before it is committed.
    ask("PRAGMA cache_spill=OFF")
    if _is_ours(database, root):
        return database
    ask("BEGIN IMMEDIATE")
    try:
        if not _is_ours(database, root):
            for kind, name in ask("SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").fetchall():
                ask(f'DROP {kind} IF EXISTS "{name.replace(chr(34), chr(34) * 2)}"')
            for statement in TABLES.split(";"):
                ask(statement)
            ask("INSERT INTO state VALUES (?, ?, ?, ?, ?, ?, ?)", _sealed((root, *NOTHING)))
            not_joined(database.connection)
            not_searched(database.connection)
            ask(f"PRAGMA application_id={APPLICATION}")
            ask(f"PRAGMA user_version={FORMAT}")
        ask("COMMIT")
    except BaseException:
        if database.connection.in_transaction:
            ask("ROLLBACK")
        raise
    return database


def _is_ours(database: Database, root: str) -> bool:
    ask = database.connection.execute
    if ask("PRAGMA application_id").fetchone()[0] != APPLICATION or ask("PRAGMA user_version").fetchone()[0] != FORMAT:
        return False
    # A file that came with a repository could bring statements of its own.
    if ask("SELECT count(*) FROM sqlite_master WHERE type IN ('trigger', 'view')").fetchone()[0]:
        return False
    return state(database.connection).root == root


class State(NamedTuple):
    """What the tables hold: for which root and tip, and how much, so that a row that is missing is missed."""

    root: str
    tip: str
    commits: int
    events: int
    names: int
    labels: int


NOTHING = ("", 0, 0, 0, 0)


def state(connection: sqlite3.Connection) -> State:
    """Return what the tables hold."""
    rows = connection.execute("SELECT root, tip, commits, events, names, labels, seal FROM state").fetchall()
    if len(rows) != 1:
        raise Damaged("state")
    return State._make(opened(rows[0]))


def set_state(connection: sqlite3.Connection, held: State) -> None:
    """Write what `state` returns."""
    connection.execute("UPDATE state SET root=?, tip=?, commits=?, events=?, names=?, labels=?, seal=?", _sealed(held))


def not_joined(connection: sqlite3.Connection) -> None:
    """Write that no version is joined to others yet."""
    rows = [_sealed(row) for row in _NOT_JOINED]
    connection.executemany("INSERT OR REPLACE INTO joined VALUES (?, ?, ?)", rows)


def not_searched(connection: sqlite3.Connection) -> None:
    """Write that no version can be searched yet; the tables of full text are made anew when that is first needed."""
    for table in ("searched", "unsearched", "unread"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - the names are ours
    connection.execute("INSERT INTO searched VALUES (?, ?, ?, ?, ?, ?, ?)", _sealed(NOT_SEARCHED))


def counted(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return how many names and moves of labels there are, counted one by one."""
    found = connection.execute("SELECT (SELECT count(*) FROM names), (SELECT count(*) FROM labels)").fetchone()
    return (found[0], found[1])


def _sealed(fields: tuple[object, ...]) -> tuple[object, ...]:
    return (*fields, seal(tuple(fields)))


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino)


def _clear(path: Path) -> bool:
    """Return whether *path* is a file or free; a link or pipe is taken away, a folder is moved aside."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return True
    if stat.S_ISREG(mode):
        return True
    if stat.S_ISDIR(mode):
        aside = path.with_name(f"{path.name}.aside")
        if os.path.lexists(aside):
            return False
        path.rename(aside)
    else:
        path.unlink()
    return True
