"""One order of commits beside another: copies of the index in memory, each brought to a tip of its own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from promptlib._index.database import state
from promptlib._index.growing import SoFar
from promptlib._index.index import Index
from promptlib._index.moments import COMMIT, committed_of
from promptlib._index.rows import Damaged
from promptlib.history import MAIN

if TYPE_CHECKING:
    import sqlite3

    from promptlib._index.rows import Repository

_COMMITS = f"{COMMIT} ORDER BY position"
_NEXT_ON_MAIN = f"{COMMIT} WHERE position>=? AND line=? ORDER BY position LIMIT 1"


class Order(Index):
    """An index in memory that begins with what another holds, to be asked about another tip."""

    def __init__(self, index: Index, repository: Repository | None = None) -> None:
        """Begin with all that *index* holds; *repository* may hold commits that its own does not."""
        super().__init__(index.session.copied(repository), index.contents)


def order(index: Index) -> list[str]:
    """Return all commits in first-parent order."""
    return index.session.ask(_order)


def bringer(index: Index, commit: str) -> str | None:
    """Return the commit of the main line that brought *commit*: itself, or the merge; None where none has."""
    return index.session.ask(partial(_bringer, commit=commit))


def touched(index: Index, position: int) -> tuple[str, ...]:
    """Return the names that have a version or removal from *position* on, in order."""
    return tuple(sorted({row.name for row in index.everything() if row.position >= position}))


def _order(connection: sqlite3.Connection) -> list[str]:
    found = [committed_of(row) for row in connection.execute(_COMMITS)]
    if [each.place.position for each in found] != list(range(state(connection).commits)):
        raise Damaged("commits")
    return [each.id for each in found]


def _bringer(connection: sqlite3.Connection, commit: str) -> str | None:
    """What a merge brought stands right before it, after the commit before it on the main line."""
    place = SoFar(connection).find(commit)
    if place is None:
        return None
    row = connection.execute(_NEXT_ON_MAIN, (place.position, MAIN)).fetchone()
    if row is None:
        raise Damaged(commit)
    return committed_of(row).id
