"""Questions to the tables of full text: which versions meet a need, and how well."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from promptlib._index import fulltext
from promptlib._index.contents import checked
from promptlib._index.rows import DESCRIPTION_COLUMNS, ROW_COLUMNS, Damaged, Description, Row, blob_of, opened, row_of
from promptlib._index.searching import BEFORE, NOW

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_OF_A_ROW = "EXISTS (SELECT 1 FROM events e JOIN commits c ON c.position=e.position {} WHERE e.id=w.rowid{})"
_DESCRIBED = "JOIN descriptions d ON d.blob=e.blob"
_TAG = " AND EXISTS (SELECT 1 FROM json_each(nullif(d.tags, '')) WHERE value=?)"
_INPUT = " AND EXISTS (SELECT 1 FROM json_each(nullif(d.inputs, '')) WHERE {})"
#: By the form in which an input is asked for.
_NAMED, _TYPED, _EXACT = "substr(value, 1, length(?1)+1)=?1 || ':'", "substr(value, -length(?1))=?1", "value=?1"
_FOUND = (
    f"SELECT b.score, t.data, {ROW_COLUMNS}, {DESCRIPTION_COLUMNS} FROM best b LEFT JOIN events e ON e.id=b.id "  # noqa: S608 - ours
    "LEFT JOIN commits c ON c.position=e.position LEFT JOIN descriptions d ON d.blob=e.blob "
    "LEFT JOIN texts t ON t.blob=e.blob ORDER BY b.place, b.score DESC"
)
_COLUMNS = ROW_COLUMNS.count(",") + 1
_BEST = (
    f"SELECT w.rowid AS id, -bm25(w.{NOW}, {fulltext.WEIGHED}) AS score, 0 AS place "  # noqa: S608 - ours
    f"FROM {NOW} w WHERE w.{NOW} MATCH ?"
)
_COUNT = f"SELECT count(*) FROM {NOW} w WHERE w.{NOW} MATCH ?"  # noqa: S608 - ours
#: Of rowids alone full text tells nothing: those of its table of sizes are all that it holds.
_STANDING = "SELECT w.rowid, e.name, e.blob FROM {}_docsize w CROSS JOIN events e ON e.id=w.rowid WHERE 1"
_GIVEN = "SELECT value->>0 AS id, value->>1 AS score, key AS place FROM json_each(?)"
_OF_NAMES = (
    "SELECT e.name, w.rowid, -bm25(w.{0}, {1}) AS score FROM {0} w CROSS JOIN events e ON e.id=w.rowid "
    "WHERE w.{0} MATCH ?"
)
# A plus before `rowid`, here and below: without it SQLite would begin a search of its own for each of the numbers.


class Question(NamedTuple):
    """What is looked for: `match` is a text that `promptlib.query` made.

    A version has all `tags` and `inputs` (`name`, `name:type` or `:type`), was made by `author` (a part of name or
    address) not before `since` (seconds), and is one of the `events` where these are given. With `before` versions are
    found that do not stand any more.
    """

    match: str
    limit: int = 10
    tags: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    author: str = ""
    since: int | None = None
    events: tuple[int, ...] | None = None
    before: bool = False


class Match(NamedTuple):
    """A version that was found, how well it meets the need (higher is better), and its text where that is kept."""

    row: Row
    score: float
    told: Description | None
    text: bytes | None


class Matches(NamedTuple):
    """The best versions, the best first, at most one of each name; and how many names have one."""

    best: tuple[Match, ...] = ()
    total: int = 0


def find(connection: sqlite3.Connection, question: Question) -> Matches:
    """Return what answers *question*, each row of it checked."""
    if not question.match:
        return Matches()
    where, values = _filters(connection, question)
    if question.before:
        return _of_all_versions(connection, question, where, values)
    # Told the weights here SQLite keeps the best few; by its hidden column `rank` it would sort all of them.
    best = f"{_BEST}{where} ORDER BY score DESC LIMIT ?"
    found = _found(connection, best, (question.match, *values, question.limit))
    total = len(found)
    if total == question.limit:
        total = connection.execute(f"{_COUNT}{where}", (question.match, *values)).fetchone()[0]
    return Matches(found, total)


class Standing(NamedTuple):
    """Versions that may be found: their events, the names that they stand under, and their files."""

    events: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    blobs: tuple[str, ...] = ()


def standing(connection: sqlite3.Connection, question: Question) -> Standing:
    """Return the versions that *question* asks for but for its words: those that stand now, or its `events`."""
    where, values = _filters(connection, question)
    found: list[tuple[int, str, bytes]] = []
    for table in (NOW,) if question.events is None else (NOW, BEFORE):
        found += connection.execute(f"{_STANDING.format(table)}{where}", values).fetchall()
    events, names, blobs = zip(*found, strict=True) if found else ((), (), ())
    return Standing(events, names, tuple(map(blob_of, blobs)))


def told(connection: sqlite3.Connection, scores: Mapping[int, float]) -> Matches:
    """Return the versions of these events, in this order and with these *scores*."""
    return Matches(_found(connection, _GIVEN, (json.dumps(list(scores.items())),)), len(scores))


def _of_all_versions(
    connection: sqlite3.Connection, question: Question, where: str, values: Sequence[object]
) -> Matches:
    best: dict[str, tuple[float, int]] = {}
    for table in (NOW, BEFORE):
        asked = _OF_NAMES.format(table, fulltext.WEIGHED) + where
        for name, event, score in connection.execute(asked, (question.match, *values)):
            # Of versions that meet a need equally well the newest is told.
            if (score, event) > best.get(name, (0.0, 0)):
                best[name] = score, event
    chosen = sorted(best.values(), key=lambda each: (-each[0], each[1]))[: question.limit]
    return told(connection, {event: score for score, event in chosen})._replace(total=len(best))


def _found(connection: sqlite3.Connection, best: str, values: Sequence[object]) -> tuple[Match, ...]:
    """Return the versions whose `id`, `score` and `place` the statement *best* tells, each row of them checked."""
    return tuple(
        _match(*columns) for columns in connection.execute(f"WITH best AS MATERIALIZED ({best}) {_FOUND}", values)
    )


def _match(score: float, text: object, *columns: object) -> Match:
    if columns[0] is None:
        raise Damaged("words of no version")
    row, said = row_of(columns[:_COLUMNS]), columns[_COLUMNS:]
    described = Description.of(opened(said)[1:]) if said[0] is not None else None
    return Match(row, score, described, checked(row.blob, text))


def _filters(connection: sqlite3.Connection, question: Question) -> tuple[str, list[object]]:
    """Return conditions of a row `w` of a table of full text, and the values that they are asked with."""
    conditions = ""
    values: list[object] = []
    for tag in question.tags:
        conditions += _TAG
        values.append(tag)
    for each in question.inputs:
        form = _NAMED if ":" not in each else _TYPED if each.startswith(":") else _EXACT
        conditions += _INPUT.format(form.replace("?1", "?"))
        values += [each] * form.count("?1")
    described = bool(conditions)
    if question.since is not None:
        conditions += " AND c.seconds>=?"
        values.append(question.since)
    if question.author:
        connection.create_function("has_author", 3, _has_author, deterministic=True)
        conditions += " AND has_author(c.author, c.email, ?)"
        values.append(question.author)
    where = f" AND {_OF_A_ROW.format(_DESCRIBED if described else '', conditions)}" if conditions else ""
    if question.events is not None:
        where = f" AND +w.rowid IN (SELECT value FROM json_each(?)){where}"  # noqa: S608 - ours
        values.insert(0, json.dumps(question.events))
    return where, values


def _has_author(name: str, address: str, wanted: str) -> bool:
    return wanted.casefold() in f"{name} <{address}>".casefold()


def matching(connection: sqlite3.Connection, match: str, events: Iterable[int]) -> set[int]:
    """Return those of *events*, versions that do not stand any more, that *match*."""
    wanted = json.dumps(list(events))
    if not match or wanted == "[]":
        return set()
    found = connection.execute(
        f"SELECT rowid FROM {BEFORE} WHERE {BEFORE} MATCH ? AND +rowid IN (SELECT value FROM json_each(?))",  # noqa: S608 - ours
        (match, wanted),
    )
    return {event for (event,) in found}


def vocabulary(connection: sqlite3.Connection, low: str, high: str) -> Iterator[tuple[str, int]]:
    """Yield the words from *low* to before *high* of what stands now, each with how many versions have it."""
    connection.execute(f"CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab(main, {NOW}, row)")
    yield from connection.execute("SELECT term, doc FROM temp.vocabulary WHERE term>=? AND term<?", (low, high))
