"""Tables of words: contentless FTS5, which finds rows by their words and holds none of their texts.

A row can only be taken out with the very texts that were put in. What a text gives to the index is decided by the
language; a text of `MATCH` is only ever made by `promptlib.query`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.errors import StoreError
from promptlib.query import FIELDS, Language

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from promptlib.query import Document

#: Their names begin so, those too that SQLite keeps behind them.
PREFIX = "text_"
_COLUMNS = ", ".join(FIELDS)
_MARKS = ", ".join("?" * len(FIELDS))
#: What a word counts by the field that it stands in. Heavier names and descriptions find no more of what is meant: they
#: were measured, and moved hits by less than chance does. A commit message tells of a change, not of the prompt.
WEIGHTS = {"name": 1.0, "title": 1.0, "description": 1.0, "tags": 1.0, "inputs": 1.0, "body": 1.0, "message": 0.5}
#: The same as SQL, for `bm25(table, …)`.
WEIGHED = ", ".join(str(WEIGHTS[field]) for field in FIELDS)
_HAS_FTS5 = "SELECT count(*) FROM pragma_module_list WHERE name='fts5'"
#: Marks belong to the words that they stand on; accents and case are gone by then.
_UNICODE = "unicode61 remove_diacritics 0 categories 'L* N* M*'"
#: Bytes that are gathered before they are written: a first build then writes few and large pieces.
_GATHERED, _USUALLY_GATHERED = 64 << 20, 1 << 20


def make(connection: sqlite3.Connection, table: str, language: Language) -> None:
    """Make *table* anew, empty; raises `StoreError` where SQLite has no FTS5."""
    if not connection.execute(_HAS_FTS5).fetchone()[0]:
        raise StoreError(
            "search needs SQLite's full text, FTS5, and the SQLite of this Python was built without it",
            hint="use a Python whose sqlite3 has it, such as those of python.org, Debian or Homebrew",
        )
    tokenizer = f"porter {_UNICODE}" if language.by_sqlite else _UNICODE
    connection.execute(f"DROP TABLE IF EXISTS {table}")
    connection.execute(f"CREATE VIRTUAL TABLE {table} USING fts5({_COLUMNS}, content='', tokenize=\"{tokenizer}\")")


def gather(connection: sqlite3.Connection, table: str, *, much: bool) -> None:
    """Gather *much* before it is written, or as much as usual."""
    size = _GATHERED if much else _USUALLY_GATHERED
    connection.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('hashsize', ?)", (size,))  # noqa: S608 - ours


def optimise(connection: sqlite3.Connection, table: str) -> None:
    """Write all pieces of *table* as one: smaller, and quicker to search."""
    connection.execute(f"INSERT INTO {table} ({table}) VALUES ('optimize')")  # noqa: S608 - ours


def put(
    connection: sqlite3.Connection, table: str, documents: Iterable[tuple[int, Document]], language: Language
) -> None:
    """Put *documents*, each with its id, into *table*."""
    rows = ((row, *map(language.indexed, document)) for row, document in documents)
    connection.executemany(f"INSERT INTO {table} (rowid, {_COLUMNS}) VALUES (?, {_MARKS})", rows)  # noqa: S608 - ours


def take(
    connection: sqlite3.Connection, table: str, documents: Iterable[tuple[int, Document]], language: Language
) -> None:
    """Take *documents* out of *table*, which were put in under these ids."""
    rows = ((row, *map(language.indexed, document)) for row, document in documents)
    connection.executemany(
        f"INSERT INTO {table} ({table}, rowid, {_COLUMNS}) VALUES ('delete', ?, {_MARKS})",  # noqa: S608 - ours
        rows,
    )
