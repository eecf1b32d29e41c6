"""What the file of the index still tells when git cannot: read only, and nothing is brought up to date."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from promptlib._index import fulltext, searching, walking
from promptlib._index.contents import is_blob
from promptlib._index.database import APPLICATION, FAILURES, FORMAT, is_damage, state
from promptlib._index.rows import ROW_COLUMNS, blob_column, blob_of, opened

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Answer = TypeVar("Answer")

_COMMITS = (
    "SELECT c.position, c.id, coalesce(p.id, ''), c.author, c.email, c.seconds, c.zone, c.committed, c.message "
    "FROM commits c LEFT JOIN commits p ON p.position=c.parent WHERE c.author IS NOT NULL ORDER BY c.position"
)
_CHANGES = (
    "SELECT position, name, '' AS label, nullif(lower(hex(blob)), '') FROM events "
    "UNION ALL SELECT position, name, label, nullif(lower(hex(blob)), '') FROM labels ORDER BY position"
)


class Told(NamedTuple):
    """A commit as the index has it: its first parent, and (name, label or empty, blob or None) of what it changed."""

    commit: str
    parent: str
    author: str
    email: str
    seconds: int
    zone: str
    committed: int
    message: str
    changes: tuple[tuple[str, str, str | None], ...]


class Remembered:
    """The file of an index, whatever has become of it: what cannot be read is not told."""

    def __init__(self, path: Path) -> None:
        """Read *path* when asked."""
        self._path = path

    def problem(self) -> str:
        """Return what is wrong with the file, or an empty text; that there is none is no problem."""
        try:
            mode = self._path.lstat().st_mode
        except FileNotFoundError:
            return ""
        except OSError as error:
            return f"it cannot be read: {error.strerror}"
        if not stat.S_ISREG(mode):
            return f"it is {_what(mode)}, not a file"
        try:
            with closing(self._connection()) as connection:
                return _wrong(connection)
        except (*FAILURES, TypeError, ValueError) as error:
            return f"it is damaged: {error}" if is_damage(error) else ""

    def tip(self) -> str:
        """Return the commit that the index was last brought to, or an empty text."""
        return self._ask(lambda connection: state(connection).tip, "")

    def text(self, blob: str) -> bytes | None:
        """Return the kept text of *blob*, if it is just that."""

        def ask(connection: sqlite3.Connection) -> bytes | None:
            row = connection.execute("SELECT data FROM texts WHERE blob=?", (blob_column(blob),)).fetchone()
            return row[0] if row and isinstance(row[0], bytes) and is_blob(blob, row[0]) else None

        return self._ask(ask, None)

    def commits(self) -> list[Told]:
        """Return the commits that changed a prompt or a label, parents before children, unverified."""

        def ask(connection: sqlite3.Connection) -> list[Told]:
            changed: dict[int, list[tuple[str, str, str | None]]] = {}
            for position, *change in connection.execute(_CHANGES):
                changed.setdefault(position, []).append(tuple(change))
            rows = connection.execute(_COMMITS)
            return [Told._make((*fields, tuple(changed.get(position, ())))) for position, *fields in rows]

        return self._ask(ask, [])

    def _connection(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True)

    def _ask(self, question: Callable[[sqlite3.Connection], Answer], otherwise: Answer) -> Answer:
        try:
            if not stat.S_ISREG(self._path.lstat().st_mode):
                return otherwise
            with closing(self._connection()) as connection:
                return question(connection)
        except (OSError, *FAILURES):
            return otherwise


def _what(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a link" if stat.S_ISLNK(mode) else "a pipe or device"


def _wrong(connection: sqlite3.Connection) -> str:
    """Look at every page and every row; a file of another format of ours, or an empty one, is only out of date."""
    ask = connection.execute
    application, found = (ask(f"PRAGMA {number}").fetchone()[0] for number in ("application_id", "user_version"))
    tables = [name for (name,) in ask("SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'")]
    if application != APPLICATION:
        return "it is no index of ours" if tables else ""
    told = [row[0] for row in ask("PRAGMA quick_check(1)")]
    if told != ["ok"]:
        return f"it is damaged: {told[0]}"
    if found != FORMAT:
        return ""
    for table in sorted({*tables} - {"events", "texts", "nodes", "edges"}):
        if table.startswith(fulltext.PREFIX):
            continue
        rows = ask(f'SELECT * FROM "{table}"')  # noqa: S608 - one of our tables, or one that has no seal
        seal = [column[0] for column in rows.description].index("seal") + 1
        for row in rows:
            opened(row[:seal])
    for row in ask(f"SELECT {ROW_COLUMNS} FROM events e JOIN commits c ON c.position=e.position"):  # noqa: S608 - ours
        opened(row)
    walking.check(connection)
    searching.check(connection)
    if not all(is_blob(blob_of(blob), data) for blob, data in ask("SELECT blob, data FROM texts")):
        return "it is damaged: a text is not what its id says"
    return ""
