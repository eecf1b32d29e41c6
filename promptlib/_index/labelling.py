"""Labels: the last move of each, none of the moves lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib._index.contents import checked
from promptlib._index.database import state
from promptlib._index.rows import Damaged, Label, label_of, opened

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping

ALWAYS = 2**62  # past every id and position

_LABEL = (
    "SELECT t.data, l.name, l.label, l.blob, l.position, l.commit_id, l.seal FROM labels l "
    "LEFT JOIN texts t ON t.blob=l.blob "
    "WHERE l.name=? AND l.label=? ORDER BY l.position DESC LIMIT 1"
)
_LABELS = (
    "SELECT l.name, l.label, l.blob, max(l.position), l.commit_id, l.seal FROM labels l "
    "{} GROUP BY l.name, l.label ORDER BY l.name, l.label"
)


def one_label(connection: sqlite3.Connection, name: str, label: str) -> tuple[Label, bytes | None] | None:
    """Return a label of *name*, and the bytes of its file where they are kept."""
    row = connection.execute(_LABEL, (name, label)).fetchone()
    if row is None:
        _check_moves(connection, name)
        return None
    entry = label_of(row[1:])
    return (entry, checked(entry.blob, row[0])) if entry is not None else None


def labels_of(connection: sqlite3.Connection, name: str, position: int = ALWAYS) -> list[Label]:
    """Return the labels of *name*, or all of them where it is empty, as they were at *position* on the main line."""
    if name:
        _check_moves(connection, name)
    elif connection.execute("SELECT count(*) FROM labels").fetchone()[0] != state(connection).labels:
        raise Damaged("labels")
    where, values = (
        ("WHERE l.name=? AND l.position<=?", (name, position)) if name else ("WHERE l.position<=?", (position,))
    )
    entries = [label_of(row) for row in connection.execute(_LABELS.format(where), values)]
    return [entry for entry in entries if entry is not None]


def renames(connection: sqlite3.Connection) -> dict[str, tuple[str, int]]:
    """Return of each name that continues another one that name, and the event since which it does."""
    rows = connection.execute("SELECT name, versions, continues, since, current, seal FROM names WHERE continues<>''")
    return {name: (continues, since) for name, _, continues, since, _ in map(opened, rows)}


def line_of(name: str, continued: Mapping[str, tuple[str, int]]) -> Iterator[tuple[str, int]]:
    """Yield *name* and its old names, each with the event before which its versions belong to *name*."""
    until = ALWAYS
    yield name, until
    while name in continued and continued[name][1] < until:
        name, until = continued[name]
        yield name, until


def _check_moves(connection: sqlite3.Connection, name: str) -> None:
    """Miss a row of a label of *name* that is gone."""
    found = connection.execute("SELECT name, labels, seal FROM moves WHERE name=?", (name,)).fetchone()
    moves = opened(found)[1] if found else 0
    if connection.execute("SELECT count(*) FROM labels WHERE name=?", (name,)).fetchone()[0] != moves:
        raise Damaged(name)
