"""The index as it was at an earlier commit, while it goes on to stand at the tip.

The order of a commit is the beginning of the order of every commit that has it on its first-parent line. So what a
commit of the main line saw is the beginning of what is here, up to its position and the id of its last event, and
neither ever changes. A commit off the main line has an order of its own: a copy in memory is brought to it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from promptlib._index.growing import SoFar, line_of_names
from promptlib._index.index import (
    EVENTS,
    Index,
    events_of,
    everything,
    of_a_digest,
    version_of,
)
from promptlib._index.labelling import labels_of, renames
from promptlib._index.moments import commits_of, last_event, standing_at
from promptlib._index.rows import Damaged, blob_column, row_of
from promptlib._index.shelving import STOOD, Standing
from promptlib.history import MAIN, Place

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from promptlib._index.moments import Committed
    from promptlib._index.rows import Label, Repository, Row
    from promptlib._index.session import Asked, Session
    from promptlib._index.wording import Words

Answer = TypeVar("Answer")

_NEXT = f"{EVENTS} WHERE e.name=? AND e.id>=? AND e.number IS NOT NULL ORDER BY e.id LIMIT 1"
_ALIKE = f"{EVENTS} WHERE e.name=? AND e.blob=? AND e.id<? ORDER BY e.id DESC LIMIT 1"
_REMOVAL = f"{EVENTS} WHERE e.name=? AND e.number IS NULL AND e.id<? ORDER BY e.id DESC LIMIT 1"
_STANDING = """
SELECT name, blob FROM (
    SELECT e.name AS name, e.position AS position, e.blob AS blob
    FROM events e JOIN commits c ON c.position=e.position WHERE c.line=?1 AND e.id<?2
    UNION ALL
    SELECT t.name, t.position, t.blob FROM taken t JOIN commits c ON c.position=t.position
    WHERE c.line=?1 AND t.position<=?3
) ORDER BY position
"""


class Bound(NamedTuple):
    """Where what a commit saw ends: its position, and the id of the first event that it did not see."""

    position: int
    end: int


class _OffTheLine(Exception):
    """The commit is not on the main line of what the index holds."""


class Seen:
    """Asks the index where it holds a commit on its main line, and else a copy in memory that is brought there."""

    def __init__(self, session: Asked, commit: str, tip: Callable[[], str | None]) -> None:
        """Ask *session*, brought to what *tip* then returns, about *commit*."""
        self._session = session
        self._newest = tip
        self._apart: Session | None = None
        self.tip = commit

    @property
    def moment(self) -> object:
        """Another object than before, where the tables may hold something else."""
        return (self._apart or self._session).moment

    def ask(self, question: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """Return the answer to *question*."""
        if self._apart is None:
            self._session.tip = self._newest() or ""
            try:
                return self._session.ask(partial(self._on_the_line, question))
            except _OffTheLine:
                return self.apart().ask(question)
        return self._apart.ask(question)

    def apart(self) -> Session:
        """Return the copy in memory, which stands at the commit; it is asked from now on."""
        if self._apart is None:
            apart = self._session.copied()
            apart.tip = self.tip
            self._apart = apart
        return self._apart

    def _on_the_line(self, question: Callable[[sqlite3.Connection], Answer], connection: sqlite3.Connection) -> Answer:
        place = SoFar(connection).find(self.tip)
        if place is None or place.line != MAIN:
            raise _OffTheLine
        return question(connection)

    def change(self, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """Change what is held of the tip, where that is this commit."""
        return (self._apart or self._session).change(work)

    def keep(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Write what is true whatever the tip."""
        self._session.keep(statement, rows)

    def write(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Let *work* write what is true whatever the tip."""
        self._session.write(work)

    def compact(self) -> None:
        """Leave the file to those whose it is."""

    def size(self) -> int:
        """Return the bytes of the file."""
        return self._session.size()

    def copied(self, repository: Repository | None = None) -> Session:
        """Return a session in memory that begins with all that is known here, and goes on with *repository*."""
        return (self._apart or self._session).copied(repository)

    def close(self) -> None:
        """Let go of the copy."""
        if self._apart is not None:
            self._apart.close()


class Earlier(Index):
    """An index that answers as it would at one commit, wherever its tip is by now."""

    def __init__(self, index: Index, commit: str, tip: Callable[[], str | None]) -> None:
        """Answer for *commit*, from *index* brought to what *tip* returns; nothing is cut off for it."""
        self._seen = Seen(index.session, commit, tip)
        super().__init__(self._seen, index.contents)
        self._joined: Index | None = None
        self._commit = commit
        self._known: Bound | None = None

    def at(self, tip: str | None) -> None:
        """Stay where it is."""

    def _ask(self, question: Callable[[sqlite3.Connection, Bound], Answer]) -> Answer:
        return self.session.ask(lambda connection: question(connection, self._bound(connection)))

    def _bound(self, connection: sqlite3.Connection) -> Bound:
        if self._known is None:
            place = SoFar(connection).place(self._commit)
            self._known = Bound(place.position, last_event(connection, place.position) + 1)
        return self._known

    def names(self) -> tuple[str, ...]:
        """Return the names that stood, in order."""
        standing = self._standing_names()
        return tuple(sorted(name for name, blob in standing.items() if blob is not None))

    def removed_names(self) -> tuple[str, ...]:
        """Return the names that had versions and did not stand, in order."""
        standing = self._standing_names()
        return tuple(sorted(name for name, blob in standing.items() if blob is None))

    def _standing_names(self) -> dict[str, bytes | None]:
        def ask(connection: sqlite3.Connection, bound: Bound) -> dict[str, bytes | None]:
            return dict(connection.execute(_STANDING, (MAIN, bound.end, bound.position)))

        return self._ask(ask)

    def current_text(self, name: str) -> tuple[Row, bytes | None] | None:
        """Return the version of *name* that stood, of several alike the newest; its text is not looked up."""
        row = self._ask(partial(_current, name=name))
        return (row, None) if row else None

    def events(self, name: str) -> list[Row]:
        """Return versions and removals of *name*, oldest first."""

        def ask(connection: sqlite3.Connection, bound: Bound) -> list[Row]:
            names, _ = line_of_names(connection, name, bound.end)
            return events_of(connection, name, names, _count(connection, bound, name))

        return self._ask(ask)

    def version(self, name: str, number: int) -> Row | None:
        """Return version *number* of *name*."""

        def ask(connection: sqlite3.Connection, bound: Bound) -> Row | None:
            return version_of(connection, name, number) if 0 < number <= _count(connection, bound, name) else None

        return self._ask(ask)

    def newest(self, name: str) -> Row | None:
        """Return the version of *name* with the highest number."""
        return self._ask(lambda connection, bound: _newest(connection, bound, name))

    def deleted(self, name: str) -> Row | None:
        """Return the last removal of a *name* that did not stand any more."""

        def ask(connection: sqlite3.Connection, bound: Bound) -> Row | None:
            standing = SoFar(connection).entry(name, Place(bound.position, MAIN))
            if standing is not None and standing.blob is not None:
                return None
            row = connection.execute(_REMOVAL, (name, bound.end)).fetchone()
            return row_of(row) if row else None

        return self._ask(ask)

    def everything(self) -> list[Row]:
        """Return all versions and removals of all names, in first-parent order."""
        return self._ask(lambda connection, bound: everything(connection, bound.end))

    def commits(self, prefix: str) -> list[Committed]:
        """Return the first few commits that this one reaches and whose id begins with *prefix*."""
        return self._ask(lambda connection, bound: commits_of(connection, prefix, bound.position))

    def standing_at(self, seconds: int) -> Committed | None:
        """Return the newest commit of the line to here that was committed at *seconds* or before."""
        return self._ask(lambda connection, bound: standing_at(connection, seconds, bound.position))

    def walk(self, question: Callable[[sqlite3.Connection], Answer]) -> tuple[Answer, dict[int, list[str]]] | None:
        """Return the answer to a *question* of `walking`: who leads where is joined anew, in a copy of the index."""
        return self._standing_there().walk(question)

    @property
    def words(self) -> Words:
        """The words of the versions of then, in a copy of the index."""
        return self._standing_there().words

    def _standing_there(self) -> Index:
        if self._joined is None:
            session = self._seen.apart()
            self._joined = Index(session, self.contents.beside(session))
        return self._joined

    def _standing(self, connection: sqlite3.Connection) -> Standing:
        bound = self._bound(connection)
        return Standing(STOOD, (MAIN, bound.end, bound.position), bound.position)

    def _renames(self) -> dict[str, tuple[str, int]]:
        return self._ask(_renames)

    def _of_a_digest(self, *, name: str, low: str, undescribed_too: bool = False) -> list[tuple[Row, str]] | None:
        def ask(connection: sqlite3.Connection, bound: Bound) -> list[tuple[Row, str]] | None:
            return of_a_digest(connection, name=name, low=low, undescribed_too=undescribed_too, end=bound.end)

        return self._ask(ask)

    def _labels(self, connection: sqlite3.Connection, name: str) -> list[Label]:
        return labels_of(connection, name, self._bound(connection).position)


def _renames(connection: sqlite3.Connection, bound: Bound) -> dict[str, tuple[str, int]]:
    return {name: told for name, told in renames(connection).items() if told[1] < bound.end}


def _count(connection: sqlite3.Connection, bound: Bound, name: str) -> int:
    """Return how many versions *name* had: one less than the number of the first that came later."""
    life = SoFar(connection).life(name)
    if life.continues and life.since >= bound.end:
        return 0  # it has got the numbers of its old name since
    later = connection.execute(_NEXT, (name, bound.end)).fetchone()
    return (row_of(later).number or 0) - 1 if later else life.versions


def _newest(connection: sqlite3.Connection, bound: Bound, name: str) -> Row | None:
    return version_of(connection, name, _count(connection, bound, name))


def _current(connection: sqlite3.Connection, bound: Bound, name: str) -> Row | None:
    standing = SoFar(connection).entry(name, Place(bound.position, MAIN))
    if standing is None or standing.blob is None:
        return None
    row = connection.execute(_ALIKE, (name, blob_column(standing.blob), bound.end)).fetchone()
    if row is None:
        raise Damaged(name)
    return row_of(row)
