"""Asking for versions by their words, once the tables of full text are where the index is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

from promptlib._index import searching
from promptlib._index.finding import find, matching, vocabulary
from promptlib._index.growing import line_of_names
from promptlib.errors import StoreDamaged

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence

    from promptlib._index.contents import Contents
    from promptlib._index.finding import Matches, Question
    from promptlib._index.rows import Row
    from promptlib._index.session import Asked
    from promptlib.query import Language

Answer = TypeVar("Answer")

#: How often other processes may move the index on between describing and searching.
_PATIENT = 8


class Words:
    """The words of the versions that one index knows. Raises `StoreError` where SQLite has no full text."""

    def __init__(self, session: Asked, contents: Contents) -> None:
        """Ask *session*, and *contents* for the texts of what is new."""
        self._session = session
        self._contents = contents
        #: The language and the tip that the tables have, and when that was looked up.
        self._known: tuple[object, tuple[str, str]] = (None, ("", ""))

    def search(self, question: Question, language: Language) -> Matches:
        """Return the versions that answer *question*; what cannot be read just now is not found."""
        return self._ask(lambda connection: find(connection, question), language)

    def older(self, rows: Sequence[Row], match: str, language: Language) -> dict[int, int]:
        """Return of each of *rows* how many older versions of its name *match*, by its id."""

        def ask(connection: sqlite3.Connection) -> dict[int, int]:
            lives = {row.id: _older_ids(connection, row) for row in rows if row.number != 1}
            found = matching(connection, match, (event for ids in lives.values() for event in ids))
            return {event: sum(each in found for each in ids) for event, ids in lives.items()}

        return self._ask(ask, language)

    def between(self, ranges: Iterable[tuple[str, str]], language: Language) -> list[tuple[str, int]]:
        """Return the words of what stands now in *ranges*, (from, to before), each with how many prompts have it."""

        def ask(connection: sqlite3.Connection) -> list[tuple[str, int]]:
            return [each for low, high in ranges for each in vocabulary(connection, low, high)]

        return self._ask(ask, language)

    def _ask(self, question: Callable[[sqlite3.Connection], Answer], language: Language) -> Answer:
        def ask(connection: sqlite3.Connection) -> tuple[Answer] | None:
            moment = self._session.moment
            if self._known[0] is not moment:
                held = searching.searched(connection)
                searching.check(connection)
                self._known = moment, (held.language, held.tip)
            ready = self._known[1] == (language.name, self._session.tip)
            return (question(connection),) if ready else None

        patient = True
        for _ in range(_PATIENT):
            found = self._session.ask(ask)
            if found is not None:
                return found[0]
            bring = partial(searching.bring, language=language, read=self._contents.read, patient=patient)
            lacking = self._session.change(bring)
            self._contents.descriptions(lacking)
            patient = not lacking
        raise StoreDamaged("the words of this store cannot be indexed", hint="promptlib fsck names what is damaged")


def _older_ids(connection: sqlite3.Connection, row: Row) -> list[int]:
    """Return the ids of the versions before *row* of its name, those under old names included."""
    names, _ = line_of_names(connection, row.name, row.id)
    found = (
        connection.execute("SELECT id FROM events WHERE name=? AND id<? AND blob IS NOT NULL", each) for each in names
    )
    return [event for rows in found for (event,) in rows]
