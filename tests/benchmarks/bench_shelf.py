"""What the order of a shelf costs at 10,000 names, against the SQL that counts and finds the same without a check."""

from __future__ import annotations

import csv
import sqlite3
import tempfile
from functools import partial
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING

from promptlib import Prompt, Store, codec, user
from promptlib.formats.table import import_csv
from promptlib.messages import Message, Text
from promptlib.store.replaying import Replayed

from .bench_size import _spent
from .measure import figure, paired, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic import BaseModel

    from .measure import Figure

NAMES = 10_000
AT_ONCE = 1_000
ROWS = 2_000
ROUNDS = 9
SLOW_ROUNDS = 5

_STANDING = (
    "FROM names n JOIN events e ON e.id=n.current JOIN commits c ON c.position=e.position "
    "JOIN descriptions d ON d.blob=e.blob"
)
_FOLDER = "rtrim(n.name, replace(n.name, '/', ''))"
#: The same counts as `facets()`, each by one plain statement.
COUNTS = (
    f"SELECT t.value, count(*) {_STANDING}, json_each(CASE d.tags WHEN '' THEN '[]' ELSE d.tags END) t GROUP BY 1",
    f"SELECT t.value, count(*) {_STANDING}, json_each(CASE d.inputs WHEN '' THEN '[]' ELSE d.inputs END) t GROUP BY 1",
    f"SELECT c.author, count(*) {_STANDING} GROUP BY 1",
    f"SELECT {_FOLDER}, count(*) {_STANDING} GROUP BY 1",
    f"SELECT d.description<>'', d.kind, count(*) {_STANDING} GROUP BY 1, 2",
    "SELECT label, count(*) FROM labels GROUP BY 1",
)
#: What `entries(tags=…)` tells, as rows.
FOUND = (
    "SELECT n.name, n.versions, c.id, c.author, c.seconds, c.message, d.digest, d.description, d.tags, d.inputs "  # noqa: S608 - ours
    f"{_STANDING} WHERE EXISTS (SELECT 1 FROM json_each(CASE d.tags WHEN '' THEN '[]' ELSE d.tags END) t "
    "WHERE t.value=?) ORDER BY n.name"
)


def figures() -> Iterator[Figure]:
    """Yield what this module measures."""
    with tempfile.TemporaryDirectory() as folder:
        with Store.init(Path(folder) / "shelf.git", bare=True) as store:
            store.replay(_commits())
            yield from _of_questions(store)
        yield from _of_tables(Path(folder))


def _commits() -> Iterator[Replayed]:
    for begin in range(0, NAMES, AT_ONCE):
        files = {_name(at): codec.write(_prompt(at)) for at in range(begin, begin + AT_ONCE)}
        yield Replayed(
            files, f"Names from {begin}", f"Author {begin % 7}", "a@example.org", (1_700_000_000 + begin, "+0000")
        )


def _name(at: int) -> str:
    return f"team-{at % 100}/task-{at}"


def _prompt(at: int) -> Prompt[BaseModel]:
    text = f"Task number {at}: look at what is asked, and answer in {at % 9 + 1} lines."
    return Prompt.define(user(text), description=f"Does task {at}", tags=[f"topic-{at % 50}", f"team-{at % 7}"])


def _of_questions(store: Store) -> Iterator[Figure]:
    store.facets()
    table = sqlite3.connect(store.path / "promptlib" / "index.sqlite")

    def count() -> None:
        for statement in COUNTS:
            table.execute(statement).fetchall()

    yield figure(
        f"facets() of {NAMES:,} names", "six plain SQL statements", 2, paired(store.facets, count, rounds=ROUNDS)
    )
    find = partial(_all, table, "topic-3")
    chosen: Callable[[], object] = lambda: store.entries(tags=["topic-3"])  # noqa: E731 - a question with its words
    yield figure(
        f"entries(tags=…), 200 of {NAMES:,}", "one plain SQL statement", 3, paired(chosen, find, rounds=ROUNDS)
    )


def _all(table: sqlite3.Connection, tag: str) -> list[object]:
    return table.execute(FOUND, (tag,)).fetchall()


def _of_tables(folder: Path) -> Iterator[Figure]:
    """Yield what a table costs beside a transaction that saves the same prompts."""
    rows = [(f"Task {at}", f"Do task number {at}, and say how.") for at in range(ROWS)]
    file = folder / "tasks.csv"
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([("title", "prompt"), *rows])
    ratios = []
    for turn in range(SLOW_ROUNDS):
        with (
            Store.init(folder / f"table-{turn}.git", bare=True) as one,
            Store.init(folder / f"saved-{turn}.git", bare=True) as other,
        ):
            spent = seconds(partial(import_csv, one, file), process_time)
            ratios.append(spent / seconds(partial(_saved, other, rows), process_time))
    yield figure(f"import_csv of {ROWS:,} rows", "a transaction that saves the same", 2, ratios)
    with Store.open(folder / "table-0.git") as store:
        again = [seconds(partial(import_csv, store, file), _spent) for _ in range(SLOW_ROUNDS)]
        first = [
            seconds(partial(_saved, Store.init(folder / f"again-{turn}.git", bare=True), rows), _spent)
            for turn in range(SLOW_ROUNDS)
        ]
    yield figure(
        f"import_csv of {ROWS:,} rows that are here",
        "the same",
        2,
        [one / two for one, two in zip(again, first, strict=True)],
    )


def _saved(store: Store, rows: list[tuple[str, str]]) -> None:
    with store.transaction("Save all") as transaction:
        for title, text in rows:
            message = Message("system", (Text(text),), literal=True)
            transaction.save(title.lower().replace(" ", "-"), Prompt(messages=(message,), trust="foreign"))
