"""The file of the vectors: what an embedder made of a text, kept beside the index, so that it is made once.

The index is made again in seconds, the vectors of a large model in minutes: so they have a file of their own.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from typing import TYPE_CHECKING

from promptlib._index.database import PATIENCE, is_damage
from promptlib._index.rows import seal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_TABLE = (
    "CREATE TABLE IF NOT EXISTS vectors "
    "(embedder TEXT, key TEXT, vector BLOB, seal INTEGER, PRIMARY KEY (embedder, key)) WITHOUT ROWID"
)


class VectorFile:
    """Vectors by embedder and key, in the file at *path*. It is a cache: what cannot be read or written is left out."""

    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:
        """Remember where; nothing is opened or made before it is needed."""
        self._path = path

    def read(self, embedder: str) -> list[tuple[str, bytes]]:
        """Return the vectors of *embedder* with their keys; those that are not what was written are missing."""
        if not self._is_file():
            return []
        try:
            with closing(self._open("ro")) as connection:
                found = connection.execute("SELECT key, vector, seal FROM vectors WHERE embedder=?", (embedder,))
                return [(key, vector) for key, vector, told in found if told == seal((embedder, key, vector))]
        except sqlite3.Error as error:
            self._set_right(error)
            return []

    def write(self, embedder: str, rows: Sequence[tuple[str, bytes]]) -> None:
        """Keep *rows*, each a key and a vector of *embedder*, or do nothing where nothing can be written."""
        sealed = [(embedder, key, vector, seal((embedder, key, vector))) for key, vector in rows]
        try:
            self._path.parent.mkdir(mode=0o755, exist_ok=True)
            if self._path.parent.is_symlink() or (os.path.lexists(self._path) and not self._is_file()):
                return
            with closing(self._open("rwc")) as connection, connection:
                connection.execute(_TABLE)
                connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?, ?)", sealed)
        except sqlite3.Error as error:
            self._set_right(error)
        except OSError:
            return

    def _open(self, mode: str) -> sqlite3.Connection:
        connection = sqlite3.connect(f"{self._path.absolute().as_uri()}?mode={mode}", uri=True, timeout=PATIENCE)
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA trusted_schema=OFF")
        return connection

    def _is_file(self) -> bool:
        try:
            return stat.S_ISREG(self._path.lstat().st_mode)
        except OSError:
            return False

    def _set_right(self, error: sqlite3.Error) -> None:
        """Take a damaged file away, so that the next one is sound."""
        if is_damage(error) and self._is_file():
            try:
                self._path.unlink()
            except OSError:
                return
