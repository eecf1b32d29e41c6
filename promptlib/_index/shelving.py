"""What stands on the shelf, counted and chosen by SQLite: tags, inputs, labels, authors, folders.

Each description names its facets by numbers of the table `words`, as a JSON list, and their sum: SQLite counts without
reading a text, and the sum of all that was counted tells whether a number was lost or changed.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from promptlib._index.database import state
from promptlib._index.rows import (
    DESCRIPTION_COLUMNS,
    ROW_COLUMNS,
    Damaged,
    Description,
    Row,
    blob_column,
    blob_of,
    opened,
    row_of,
    seal,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

_AT_ONCE = 400
_PUT = "INSERT OR REPLACE INTO descriptions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

#: name, event and blob of what stands at the tip.
STANDS = (
    "SELECT n.name AS name, e.id AS event, e.blob AS blob "
    "FROM names n JOIN events e ON e.id=n.current AND e.name=n.name"
)
#: The same of what stood: its parameters are the main line, the end of the events, and the position.
STOOD = """
SELECT s.name AS name,
    (SELECT max(x.id) FROM events x WHERE x.name=s.name AND x.blob=s.blob AND x.id<?2) AS event, s.blob AS blob
FROM (
    SELECT name, blob, max(position) FROM (
        SELECT e.name AS name, e.position AS position, e.blob AS blob
        FROM events e JOIN commits c ON c.position=e.position WHERE c.line=?1 AND e.id<?2
        UNION ALL
        SELECT t.name, t.position, t.blob FROM taken t JOIN commits c ON c.position=t.position
        WHERE c.line=?1 AND t.position<=?3
    ) GROUP BY name
) s WHERE s.blob IS NOT NULL
"""


def blobs(connection: sqlite3.Connection) -> dict[str, str]:
    """Return by name the blob that stands at the tip. Checksums are left to whoever compares it with a file."""
    return {name: blob_of(blob) for name, _, blob in connection.execute(STANDS)}


class Standing(NamedTuple):
    """The statement that selects what stands, its values, and the position up to which labels count."""

    statement: str
    values: tuple[int, ...]
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sieve:
    """What passes: everything, or what has all that is said here. `without` names what is left out in any case."""

    prefix: str = ""
    folder: str = ""
    tags: tuple[str, ...] = ()
    #: `name`, `name:type` or `:type`.
    inputs: tuple[str, ...] = ()
    label: str = ""
    author: str = ""
    kind: str | None = None
    described: bool | None = None
    without: tuple[str, ...] = ()


class Stood(NamedTuple):
    """A name that stands: its newest version with that content, and what its file says where that is known."""

    row: Row
    told: Description | None


@dataclass(slots=True)
class Counts:
    """How many names pass, and how many of them have which value, by facet."""

    total: int = 0
    facets: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, facet: str, value: str, number: int) -> None:
        """Count *number* more."""
        self.facets.setdefault(facet, Counter())[value] += number


def remember(connection: sqlite3.Connection, described: Mapping[str, Description]) -> None:
    """Write what blobs say, and the numbers of their facets."""
    facets = {blob: told.facets for blob, told in described.items()}
    ids = _ids(connection, dict.fromkeys(word for words in facets.values() for word in words))
    rows = []
    for blob, told in described.items():
        numbers = sorted(ids[word] for word in facets[blob])
        row = (blob_column(blob), *told.columns(), json.dumps(numbers, separators=(",", ":")), sum(numbers))
        rows.append((*row, seal(row)))
    # In the order in which they lie pages are filled; no two rows have the same first column.
    connection.executemany(_PUT, sorted(rows))


def _ids(connection: sqlite3.Connection, words: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return the number of each facet and value; new ones get the next."""
    found = {}
    for facet, value in words:
        known = connection.execute("SELECT id, facet, value, seal FROM words WHERE facet=? AND value=?", (facet, value))
        row = known.fetchone()
        if row is not None:
            found[facet, value] = opened(row)[0]
            continue
        number = connection.execute("SELECT coalesce(max(id), 0)+1 FROM words").fetchone()[0]
        fields = (number, facet, value)
        connection.execute("INSERT INTO words VALUES (?, ?, ?, ?)", (*fields, seal(fields)))
        found[facet, value] = number
    return found


def lacking(connection: sqlite3.Connection, standing: Standing) -> list[str]:
    """Return the blobs that stand and were never described; raises `Damaged` where a name, label or word is lost."""
    query = (
        f"WITH standing AS ({standing.statement}) SELECT count(*), count(d.blob), coalesce(sum(d.weight), 0), "  # noqa: S608 - ours
        "coalesce(sum((SELECT sum(value) FROM json_each(d.words))), 0) "
        "FROM standing s LEFT JOIN descriptions d ON d.blob=s.blob"
    )
    met, described, weight, words = connection.execute(query, standing.values).fetchone()
    _check_names(connection, standing, met)
    if weight != words:
        raise Damaged("descriptions")  # who has lost a word would not be among those that are chosen by it
    if met == described:
        return []
    query = (
        f"WITH standing AS ({standing.statement}) SELECT DISTINCT s.blob FROM standing s "  # noqa: S608 - ours
        "LEFT JOIN descriptions d ON d.blob=s.blob WHERE d.blob IS NULL"
    )
    return [blob_of(blob) for (blob,) in connection.execute(query, standing.values)]


_FOLDER = "rtrim(rtrim({0}, replace({0}, '/', '')), '/')"
_SIGNS = " -_./:,!"
#: Letters without their case, and nothing for signs between which a description says no more than a name.
_BARE = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", _SIGNS)
_DESCRIBED = "says_more(d.description, s.name, d.title)"


def says_more(description: str | None, name: str, title: str | None = "") -> bool:
    """Whether *description* tells something that *name* and *title* do not: case, blanks and dashes apart."""
    if not description or len(description) > 2 * (len(name) + len(title or "")) + 20:
        return bool(description)
    known = ("", name, name.rpartition("/")[2], title or "")
    if (first := _first(description)) and first not in map(_first, known):
        return True  # most descriptions: all the rest is a look at each letter
    return description.translate(_BARE) not in {each.translate(_BARE) for each in known}


def _first(text: str) -> str:
    return text.lstrip(_SIGNS)[:1].lower()


_LABELLED = (
    "SELECT name, label FROM (SELECT l.name AS name, l.label AS label, l.blob AS blob, max(l.position) FROM labels l "
    "WHERE l.position<={} GROUP BY l.name, l.label) WHERE blob IS NOT NULL"
)
_COUNTS = f"""
SELECT 'total', NULL, count(*), coalesce(sum(weight), 0) FROM chosen
UNION ALL SELECT 'word', j.value, count(*), 0 FROM chosen, json_each(chosen.words) j GROUP BY j.value
UNION ALL SELECT 'author', author, count(*), 0 FROM chosen GROUP BY author
UNION ALL SELECT 'described', described, count(*), 0 FROM chosen GROUP BY described
UNION ALL SELECT 'folder', {_FOLDER.format("chosen.name")}, count(*), 0 FROM chosen GROUP BY 2
UNION ALL SELECT 'label', l.label, count(*), 0 FROM chosen JOIN labelled l ON l.name=chosen.name GROUP BY l.label
"""  # noqa: S608 - the columns are ours


class _Question:
    """The statement behind a sieve, grown part by part, with its values by name."""

    def __init__(self, connection: sqlite3.Connection, standing: Standing, sieve: Sieve) -> None:
        self.connection = connection
        self.standing = standing
        self.values: dict[str, Any] = {str(at): value for at, value in enumerate(standing.values, 1)}
        self.conditions: list[str] = []
        self.possible = True
        connection.create_function("says_more", 3, says_more, deterministic=True)
        self._names(sieve)
        for tag in sieve.tags:
            self._words([("tag", tag)])
        for wanted in sieve.inputs:
            self._input(wanted)
        if sieve.kind is not None:
            self._words([("kind", sieve.kind)])
        if sieve.author:
            self._where("c.author={}", sieve.author)
        if sieve.label:
            self._where("s.name IN (SELECT name FROM labelled WHERE label={})", sieve.label)
        if sieve.described is not None:
            self._where(f"({_DESCRIBED})={{}}", int(sieve.described))

    def _names(self, sieve: Sieve) -> None:
        if sieve.prefix:
            self._where("substr(s.name, 1, {})={}", len(sieve.prefix), sieve.prefix)
        if sieve.folder:
            self._where("substr(s.name, 1, {})={}", len(sieve.folder) + 1, f"{sieve.folder}/")
        if sieve.without:
            self._where("s.name NOT IN (SELECT value FROM json_each({}))", json.dumps(sieve.without))

    def _where(self, condition: str, *values: object) -> None:
        names = []
        for value in values:
            names.append(f":v{len(self.values)}")
            self.values[f"v{len(self.values)}"] = value
        self.conditions.append(condition.format(*names))

    def _input(self, wanted: str) -> None:
        name, colon, kind = wanted.partition(":")
        if colon and not name:
            self._words([("type", kind)])
        elif colon:
            self._words([("input", wanted)])
        else:
            rows = self.connection.execute(
                "SELECT value FROM words WHERE facet='input' AND substr(value, 1, ?)=?", (len(name) + 1, f"{name}:")
            )
            self._words([("input", value) for (value,) in rows])

    def _words(self, words: list[tuple[str, str]]) -> None:
        """Let pass what has one of *words*."""
        ids = []
        for word in words:
            row = self.connection.execute("SELECT id, facet, value, seal FROM words WHERE facet=? AND value=?", word)
            ids += [opened(found)[0] for found in row]
        if not ids:
            _check_words(self.connection)
        self.possible = self.possible and bool(ids)
        self._where(
            "EXISTS (SELECT 1 FROM json_each(d.words) j WHERE j.value IN (SELECT value FROM json_each({})))",
            json.dumps(ids),
        )

    def statement(self, columns: str, rest: str) -> str:
        """Return the statement that makes `chosen` of *columns*, and goes on with *rest*."""
        standing = self.standing.statement
        for at in range(len(self.standing.values), 0, -1):
            standing = standing.replace(f"?{at}", f":{at}")
        where = f"WHERE {' AND '.join(self.conditions)}" if self.conditions else ""
        return (
            f"WITH standing AS ({standing}), labelled AS ({_LABELLED.format(self.standing.position)}), "  # noqa: S608 - ours
            f"chosen AS MATERIALIZED (SELECT {columns} FROM standing s JOIN events e ON e.id=s.event "
            f"JOIN commits c ON c.position=e.position LEFT JOIN descriptions d ON d.blob=s.blob {where}) {rest}"
        )


def counted(connection: sqlite3.Connection, standing: Standing, sieve: Sieve) -> Counts:
    """Count what passes *sieve*, by facet, once nothing is `lacking`; raises `Damaged` where rows do not add up."""
    question = _Question(connection, standing, sieve)
    found = Counts()
    if not question.possible:
        return found
    columns = f"s.name AS name, c.author AS author, d.words AS words, d.weight AS weight, {_DESCRIBED} AS described"
    weight = 0
    numbers: dict[int, int] = {}
    for facet, value, number, sum_of_all in connection.execute(question.statement(columns, _COUNTS), question.values):
        if facet == "total":
            found.total, weight = number, sum_of_all
        elif facet == "word":
            numbers[value] = number
        else:
            found.add(facet, str(value), number)
    if sum(each * number for each, number in numbers.items()) != weight:
        raise Damaged("descriptions")
    for facet, value, number in _worded(connection, numbers):
        found.add(facet, value, number)
    return found


def _worded(connection: sqlite3.Connection, numbers: Mapping[int, int]) -> Iterable[tuple[str, str, int]]:
    ids = list(numbers)
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        marks = ",".join("?" * len(some))
        rows = [
            opened(row)
            for row in connection.execute(f"SELECT id, facet, value, seal FROM words WHERE id IN ({marks})", some)  # noqa: S608 - only marks
        ]
        if len(rows) != len(some):
            raise Damaged("words")
        for number, facet, value in rows:
            yield facet, value, numbers[number]


def stood(connection: sqlite3.Connection, standing: Standing, sieve: Sieve) -> list[Stood]:
    """Return what passes *sieve*, by name; each row is held against its checksum."""
    question = _Question(connection, standing, sieve)
    if not question.possible:
        return []
    made = question.statement(
        f"s.name AS by_name, {ROW_COLUMNS}, {DESCRIPTION_COLUMNS}", "SELECT * FROM chosen ORDER BY by_name"
    )
    count = ROW_COLUMNS.count(",") + 1
    found = []
    for name, *columns in connection.execute(made, question.values):
        row = row_of(tuple(columns[:count]))
        if row.name != name:
            raise Damaged(name)
        told = tuple(columns[count:])
        described = Description.of(opened(told)[1:]) if told[0] is not None else None
        found.append(Stood(row, described))
    return found


def weights_of(connection: sqlite3.Connection, digests: list[str]) -> dict[str, int]:
    """Return the tokens of those *digests* that are known."""
    found: dict[str, int] = {}
    for start in range(0, len(digests), _AT_ONCE):
        some = digests[start : start + _AT_ONCE]
        marks = ",".join("?" * len(some))
        rows = connection.execute(f"SELECT digest, tokens, seal FROM weights WHERE digest IN ({marks})", some)  # noqa: S608 - only marks
        found |= dict(map(opened, rows))
    return found


def weight_rows(weights: Mapping[str, int]) -> list[tuple[object, ...]]:
    """Return *weights* as rows of their table."""
    return [(*row, seal(row)) for row in weights.items()]


def _check_words(connection: sqlite3.Connection) -> None:
    """Before a value is said not to be there, look at every word: a damaged one is not found by its value."""
    rows = connection.execute("SELECT id, facet, value, seal FROM words ORDER BY id").fetchall()
    if [opened(row)[0] for row in rows] != list(range(1, len(rows) + 1)):
        raise Damaged("words")


def _check_names(connection: sqlite3.Connection, standing: Standing, met: int) -> None:
    """Miss a name or a move of a label that is lost, and a name that leads to no version of its own."""
    held = state(connection)
    names, current, labels = connection.execute(
        "SELECT (SELECT count(*) FROM names), (SELECT count(*) FROM names WHERE current IS NOT NULL), "
        "(SELECT count(*) FROM labels)"
    ).fetchone()
    if (names, labels) != (held.names, held.labels) or (standing.statement is STANDS and met != current):
        raise Damaged("names")
