"""Full text in memory, for prompts that no index holds: those of a folder or of one file."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

from promptlib._index import fulltext

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from promptlib.query import Document, Language

# With the plus SQLite does not begin a search of its own for each of the numbers.
_FOUND = (
    f"SELECT rowid, -bm25(shelf, {fulltext.WEIGHED}) AS score FROM shelf "  # noqa: S608 - ours
    "WHERE shelf MATCH ? AND +rowid IN (SELECT value FROM json_each(?)) ORDER BY score DESC"
)


class Shelf:
    """Documents by their numbers, in memory. One thread at a time asks it."""

    def __init__(self, documents: Iterable[tuple[int, Document]], language: Language) -> None:
        """Hold *documents*; raises `StoreError` where SQLite has no FTS5."""
        self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self.language = language
        fulltext.make(self._connection, "shelf", language)
        fulltext.put(self._connection, "shelf", documents, language)

    def found(self, match: str, among: Collection[int]) -> list[tuple[int, float]]:
        """Return the numbers of those *among* the documents that *match*, with their scores, best first."""
        if not match:
            return []
        return self._connection.execute(_FOUND, (match, json.dumps(list(among)))).fetchall()

    def between(self, ranges: Iterable[tuple[str, str]]) -> list[tuple[str, int]]:
        """Return the words in *ranges*, (from, to before), each with how many documents have it."""
        ask = self._connection.execute
        ask("CREATE VIRTUAL TABLE IF NOT EXISTS vocabulary USING fts5vocab(shelf, row)")
        return [
            (word, count)
            for low, high in ranges
            for word, count in ask("SELECT term, doc FROM vocabulary WHERE term>=? AND term<?", (low, high))
        ]
