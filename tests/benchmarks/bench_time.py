"""Earlier times of a store of 100,000 versions: which commit stood when, and what it held."""

from __future__ import annotations

import sqlite3
import subprocess
import tempfile
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING

from promptlib import Store

from .library import BEGIN, built, name_of
from .measure import Figure, figure, paired

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.store import EarlierView

VERSIONS, NAMES = 100_000, 10_000
ROUNDS = 9
TIMES = 200
_STANDING = "SELECT id FROM commits WHERE line=0 AND committed<=? ORDER BY position DESC LIMIT 1"
_NAMES = """
SELECT name FROM (
    SELECT e.name, e.blob, max(e.id) FROM events e JOIN commits c ON c.position=e.position
    WHERE c.line=0 AND e.id<=? GROUP BY e.name
) WHERE blob IS NOT NULL ORDER BY name
"""


def figures() -> Iterator[Figure]:
    """Yield what this module measures."""
    with tempfile.TemporaryDirectory() as folder:
        library = built(Path(folder) / "many.git", VERSIONS, NAMES)
        library.git("repack", "-adfq")
        with Store(library.path) as store:
            assert store._history is not None
            store._history.now().index.complete()
            table = sqlite3.connect(library.path / "promptlib" / "index.sqlite")
            yield _moments(store, table)
            yield from _answers(store, table)
            yield _blame(store, library.path)
            table.close()


def _moments(store: Store, table: sqlite3.Connection) -> Figure:
    """Find the commits of random times; both find the same ones."""
    last = table.execute("SELECT max(committed) FROM commits").fetchone()[0]
    random = Random(1)
    times = [random.randrange(BEGIN, last) for _ in range(TIMES)]
    asked = [datetime.fromtimestamp(seconds, UTC) for seconds in times]
    assert [store.at(when).commit for when in asked] == [
        table.execute(_STANDING, (seconds,)).fetchone()[0] for seconds in times
    ]
    mine, theirs = cycle(asked), cycle(times)

    def ours() -> None:
        for _ in range(TIMES):
            store.at(next(mine))

    def floor() -> None:
        for _ in range(TIMES):
            table.execute(_STANDING, (next(theirs),)).fetchone()

    what = f"the store at a random time, of {VERSIONS:,} versions"
    return figure(what, "SQLite select of its commit", 2, paired(ours, floor, rounds=ROUNDS))


def _answers(store: Store, table: sqlite3.Connection) -> Iterator[Figure]:
    middle, late = datetime.fromtimestamp(BEGIN + 3_000_000, UTC), datetime.fromtimestamp(BEGIN + 5_900_000, UTC)
    view, name = store.at(late), name_of(20)
    versions = view.history(name)
    held = sqlite3.connect(":memory:")
    held.execute("CREATE TABLE versions (name TEXT, number INTEGER, digest TEXT, message TEXT, time INTEGER)")
    held.execute("CREATE INDEX by_name ON versions (name, number)")
    rows = [(each.name, each.number, each.digest, each.message, each.time.timestamp()) for each in store.history(name)]
    held.executemany("INSERT INTO versions VALUES (?, ?, ?, ?, ?)", rows)
    of_name = "SELECT * FROM versions WHERE name=? AND time<=?"

    def floor() -> None:
        assert len(held.execute(of_name, (name, late.timestamp())).fetchall()) == len(versions)

    yield figure("  history of a name, then", "SQLite select of the rows", 2, paired(lambda: view.history(name), floor))
    view = store.at(middle)
    end = table.execute(
        "SELECT max(id) FROM events WHERE position<=(SELECT position FROM commits WHERE id=?)", (view.commit,)
    )
    (last,) = end.fetchone()
    assert view.names() == tuple(found for (found,) in table.execute(_NAMES, (last,)))
    ratios = paired(view.names, lambda: table.execute(_NAMES, (last,)).fetchall(), rounds=ROUNDS)
    yield figure(f"  its {len(view.names()):,} names, then", "SQLite select of the names", 2, ratios)
    yield _label(store, store.at(late))


def _label(store: Store, view: EarlierView) -> Figure:
    """Load what labels held then and hold now, each for the first time."""
    names = [f"{name_of(number)}@production" for number in range(10, NAMES - 100, 10)]
    then, now = iter(names[::2]), iter(names[1::2])
    ratios = paired(lambda: view.file(next(then)), lambda: store.file(next(now)), rounds=ROUNDS)
    return figure("  the file behind a label, then", "the same, as it is now", 1.2, ratios)


def _blame(store: Store, path: Path) -> Figure:
    name = name_of(0)

    def floor() -> None:
        subprocess.run(
            ["git", "-C", path, "blame", "--porcelain", "main", "--", f"{name}.prompty"],
            stdout=subprocess.DEVNULL,
            check=True,
        )

    ratios = paired(lambda: store.blame(name), floor, rounds=ROUNDS, clock=perf_counter)
    return figure("lines and fields of a prompt, blamed", "git blame of its file", 1, ratios)
