"""Commits and their times: which of them stood when."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptlib._index.rows import Damaged, opened
from promptlib.history import MAIN, Place

if TYPE_CHECKING:
    import sqlite3

LAST = 2**62  # past every position
COMMIT = "SELECT position, id, line, parent, committed, seal FROM commits"
_STANDING = f"{COMMIT} WHERE line=? AND committed<=? AND position<=? ORDER BY position DESC LIMIT 1"
_NEXT = f"{COMMIT} WHERE line=? AND position>? AND position<=? ORDER BY position LIMIT 1"
_FIRST = f"{COMMIT} WHERE line=? ORDER BY position LIMIT 1"
_LIKE = f"{COMMIT} WHERE id>=? AND id<? AND position<=? LIMIT 4"
#: Ids of events go up with their positions: the last one of a position is found by halves.
_LAST_EVENT = """
WITH RECURSIVE halves (low, high) AS (
    SELECT 0, (SELECT coalesce(max(id), 0) FROM events)
    UNION ALL
    SELECT CASE WHEN (SELECT position FROM events WHERE id=(low+high+1)/2) <= ?1 THEN (low+high+1)/2 ELSE low END,
           CASE WHEN (SELECT position FROM events WHERE id=(low+high+1)/2) <= ?1 THEN high ELSE (low+high+1)/2-1 END
    FROM halves WHERE low < high
)
SELECT low FROM halves WHERE low >= high
"""


class Committed(NamedTuple):
    """A commit, where it stands, and when it was committed, in seconds since 1970."""

    id: str
    place: Place
    seconds: int


def committed_of(row: tuple[object, ...]) -> Committed:
    """Return the commit that `COMMIT` selected; raises `Damaged` when its checksum does not fit."""
    position, commit, line, _, seconds = opened(row)
    return Committed(commit, Place(position, line), seconds)


def standing_at(connection: sqlite3.Connection, seconds: int, end: int = LAST) -> Committed | None:
    """Return the newest commit of the main line, up to position *end*, that was committed at *seconds* or before."""
    row = connection.execute(_STANDING, (MAIN, seconds, end)).fetchone()
    found = committed_of(row) if row else None
    # A time that was damaged would make another commit the answer, or the one before it.
    after = connection.execute(_NEXT, (MAIN, found.place.position if found else -1, end)).fetchone()
    if after and committed_of(after).seconds <= seconds:
        raise Damaged(seconds)
    return found


def first(connection: sqlite3.Connection) -> Committed | None:
    """Return the commit that the main line begins with."""
    row = connection.execute(_FIRST, (MAIN,)).fetchone()
    return committed_of(row) if row else None


def commits_of(connection: sqlite3.Connection, prefix: str, end: int = LAST) -> list[Committed]:
    """Return the first few commits, up to position *end*, whose id begins with *prefix*."""
    return [committed_of(row) for row in connection.execute(_LIKE, (prefix, f"{prefix}g", end))]


def last_event(connection: sqlite3.Connection, position: int) -> int:
    """Return the highest id of an event up to *position*, 0 for none."""
    last: int = connection.execute(_LAST_EVENT, (position,)).fetchone()[0]
    return last
