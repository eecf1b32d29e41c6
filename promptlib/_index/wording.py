"""Asking for versions by their words, once the tables of full text are where the index is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from promptlib._index import searching
from promptlib._index.contents import known
from promptlib._index.database import state
from promptlib._index.finding import find, matching, standing, told, vocabulary
from promptlib._index.growing import line_of_names, rows_of
from promptlib._index.labelling import labels_of
from promptlib._index.rows import Story
from promptlib.errors import StoreDamaged

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping

    from promptlib._index.contents import Contents
    from promptlib._index.finding import Match, Matches, Question, Standing
    from promptlib._index.rows import Row
    from promptlib._index.session import Asked
    from promptlib.query import Language

Answer = TypeVar("Answer")

#: How often other processes may move the index on between describing and searching.
_PATIENT = 8


class Findings(NamedTuple):
    """The best versions; how many names have one; and what is to be told of these versions.

    `older` counts by the id of a version the older ones of its name that match too. `labels` are the digests by name
    and label; the files of labels in `undescribed` are not known yet, nor are the versions before these in `lacking`.
    """

    best: tuple[Match, ...]
    total: int
    older: dict[int, int]
    story: Story
    labels: dict[str, dict[str, str]]
    undescribed: tuple[str, ...]
    lacking: tuple[str, ...]


class Words:
    """The words of the versions that one index knows. Raises `StoreError` where SQLite has no full text."""

    def __init__(self, session: Asked, contents: Contents) -> None:
        """Ask *session*, and *contents* for the texts of what is new."""
        self._session = session
        self._contents = contents
        #: The language and the tip that the tables have, and when that was looked up.
        self._known: tuple[object, tuple[str, str]] = (None, ("", ""))
        #: What stood when that was last asked, by which question.
        self._stood: tuple[object, tuple[Question, str], Standing] | None = None

    def search(self, question: Question, language: Language) -> Findings:
        """Return the versions that answer *question*; what cannot be read just now is not found."""
        return self._told(
            lambda connection: _findings(connection, find(connection, question), question.match), language
        )

    def matching(self, question: Question, language: Language) -> Matches:
        """Return the versions that answer *question*, without what else is told of them."""
        return self._ask(lambda connection: find(connection, question), language)

    def standing(self, question: Question, language: Language) -> Standing:
        """Return all versions that *question* asks for, whatever their words: the same object while nothing changes."""
        wanted = question._replace(match="", limit=0), language.name

        def ask(connection: sqlite3.Connection) -> Standing:
            moment = self._session.moment
            stood = self._stood
            if stood is None or stood[0] is not moment or stood[1] != wanted:
                stood = self._stood = moment, wanted, standing(connection, question)
            return stood[2]

        return self._ask(ask, language)

    def told(self, scores: Mapping[int, float], language: Language, match: str = "") -> Findings:
        """Return the versions of these events, in this order and with these *scores*, as `search` would."""
        return self._told(lambda connection: _findings(connection, told(connection, scores), match), language)

    def _told(self, question: Callable[[sqlite3.Connection], Findings], language: Language) -> Findings:
        found = self._ask(question, language)
        if found.undescribed or found.lacking:
            self._contents.descriptions(found.undescribed, labels=True)
            self._contents.descriptions(found.lacking)
            found = self._ask(question, language)
        return found

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


def _findings(connection: sqlite3.Connection, matches: Matches, match: str) -> Findings:
    rows = {each.row.id: each.row for each in matches.best}
    lives = {row.id: _older_ids(connection, row) for row in rows.values() if row.number != 1}
    older = matching(connection, match, (event for ids in lives.values() for event in ids))
    counts = {event: sum(each in older for each in ids) for event, ids in lives.items()}
    before = rows_of(connection, (parent for row in rows.values() for parent in row.parents if parent not in rows))
    said = {each.row.blob or "": each.told for each in matches.best if each.told is not None}
    said |= known(connection, [row.blob for row in before.values() if row.blob and row.blob not in said])
    names = dict.fromkeys(row.name for row in rows.values()) if state(connection).labels else ()
    entries = [each for name in names for each in labels_of(connection, name)]
    files = known(connection, [each.blob for each in entries])
    labels: dict[str, dict[str, str]] = {}
    for each in entries:
        labels.setdefault(each.name, {})[each.label] = files[each.blob].digest if each.blob in files else ""
    undescribed = tuple(each.blob for each in entries if each.blob not in files)
    lacking = tuple(row.blob for row in before.values() if row.blob and row.blob not in said)
    return Findings(matches.best, matches.total, counts, Story(rows | before, said, {}), labels, undescribed, lacking)


def _older_ids(connection: sqlite3.Connection, row: Row) -> list[int]:
    """Return the ids of the versions before *row* of its name, those under old names included."""
    names, _ = line_of_names(connection, row.name, row.id)
    found = (
        connection.execute("SELECT id FROM events WHERE name=? AND id<? AND blob IS NOT NULL", each) for each in names
    )
    return [event for rows in found for (event,) in rows]
