"""What a lineage tells among 100,000 versions, against the recursive SQL that finds the same rows."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from promptlib import Store

from .bench_size import _spent
from .families import LINE, VERSIONS, built, prompt_name, style_name
from .measure import beyond, figure, paired, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .families import Families
    from .measure import Figure

MANY = 100_000
ROUNDS = 15
SLOW_ROUNDS = 3
#: Of an answer with fewer versions, what every question costs is a large part.
SHORT = 100

_ROWS = (
    "SELECT e.name, e.number, c.id, c.author, c.seconds, c.zone, c.message, n.digest "
    "FROM walk JOIN nodes n ON n.id=walk.id "
    "JOIN events e ON e.id=n.id JOIN commits c ON c.position=e.position"
)
_BACK = "SELECT g.target FROM walk JOIN edges g ON g.source=walk.id"
_FORTH = "SELECT g.source FROM walk JOIN edges g ON g.target=walk.id"
_IDS = "SELECT id FROM events WHERE name=? AND number=?"
BEFORE = f"WITH RECURSIVE walk(id) AS ({_IDS} UNION {_BACK}) {_ROWS}"
AFTER = f"WITH RECURSIVE walk(id) AS ({_IDS} UNION {_FORTH}) {_ROWS}"
#: Versions from which both came, with all that is to be told of them.
COMMON = (
    f"WITH RECURSIVE walk(id) AS ({_IDS} UNION {_BACK} AND g.kind<4), "
    f"other(id) AS ({_IDS} UNION {_BACK.replace('walk', 'other')} AND g.kind<4) {_ROWS} JOIN other o ON o.id=walk.id"
)
#: All that lies between both and what they share.
BETWEEN = f"WITH RECURSIVE walk(id) AS ({_IDS} UNION {_IDS} UNION {_BACK}) {_ROWS}"
USING = (
    f"WITH RECURSIVE reached(id, deep) AS (SELECT id, 0 FROM events WHERE name=? AND number=? UNION "  # noqa: S608 - no caller's word
    "SELECT g.source, g.kind<4 FROM reached JOIN edges g ON g.target=reached.id AND (g.kind>2 OR reached.deep)), "
    f"walk(id) AS (SELECT DISTINCT id FROM reached) {_ROWS}"
)


def figures() -> Iterator[Figure]:
    """Yield what this module measures."""
    with tempfile.TemporaryDirectory() as folder:
        families = built(Path(folder) / "many.git", MANY)
        with Store(families.path) as store:
            yield from of_index(store, families)
            yield from of_answers(store, families)


def of_index(store: Store, families: Families) -> Iterator[Figure]:
    """Yield what it costs to join versions to each other, from nothing and after a save."""

    def described() -> None:
        store.close()
        shutil.rmtree(families.path / "promptlib", ignore_errors=True)
        store.history(LINE)
        assert store._history is not None
        store._history.index.complete()

    without, joined = [], []
    for _ in range(SLOW_ROUNDS):
        without.append(seconds(described, _spent))
        joined.append(seconds(lambda: store.lineage(LINE).ancestors(), _spent))
    ratios = [(one + other) / one for one, other in zip(without, joined, strict=True)]
    yield figure(f"index of {MANY:,} versions with edges, from nothing", "without edges", 1.5, ratios)
    ratios = [seconds(store.graph, _spent) / one for one in without]
    yield figure(f"graph() of {MANY:,} versions, index warm", "the index from nothing", None, ratios)


def of_answers(store: Store, families: Families) -> Iterator[Figure]:
    """Yield what each answer costs, asked of a store by refs and of a lineage that knows nothing yet.

    Each question reads HEAD and the branch, looks whether the clone is shallow and whether the index has changed, as
    each load does: the SQL does none of that. So a short answer is also told without it, against SQL without what
    each statement costs. Which version a ref names is remembered from the question before, but for one row.
    """
    table = sqlite3.connect(shutil.copy(families.path / "promptlib" / "index.sqlite", families.path / "floor.sqlite"))
    # The index finds a first version without a tree of numbers: the SQL gets one of them all, to begin as fast.
    table.execute("CREATE INDEX numbered ON events (name, number)")

    def floor(statement: str, *words: object) -> Callable[[], int]:
        return lambda: len(table.execute(statement, words).fetchall())

    history = store._history
    assert history is not None

    def anew(ours: Callable[[], object]) -> Callable[[], object]:
        def ask() -> None:
            history.walked.clear()
            ours()

        return ask

    alone = prompt_name(101)
    least = anew(partial(_descendants, store, f"{alone}@v{VERSIONS}"))
    least_floor = floor(AFTER, alone, VERSIONS)
    assert least_floor() == 1
    yield figure("an answer of no versions", "its recursive SQL", None, paired(least, least_floor, rounds=ROUNDS))

    def unknown() -> None:
        history.events.clear()
        least()

    yield figure("the same, by a ref not asked before", "its SQL", None, paired(unknown, least_floor, rounds=ROUNDS))
    for what, ours, sql, words in _questions(store, families):
        found = floor(sql, *words)
        rows = found()
        assert rows >= 1
        told = f"{what}, {rows:,} version{'s' if rows > 1 else ''}"
        yield figure(told, "its recursive SQL", 2, paired(anew(ours), found, rounds=ROUNDS))
        if rows < SHORT:
            ratios = beyond(anew(ours), found, least, least_floor, rounds=ROUNDS)
            yield figure("the same, beyond what no versions cost", "its recursive SQL, likewise", 2, ratios)
        yield figure("the same, asked again", "its recursive SQL", 2, paired(ours, found, rounds=ROUNDS))
    table.close()


def _questions(store: Store, families: Families) -> Iterator[tuple[str, Callable[[], object], str, Sequence[object]]]:
    last = families.versions // 50
    family, page, hub = prompt_name(8), prompt_name(101), style_name(0)
    for name, number in ((page, VERSIONS), (family, VERSIONS), (LINE, last)):
        ask = partial(_ancestors, store, f"{name}@v{number}")
        yield f"ancestors of {name}", ask, BEFORE, (name, number)
    for name, number in ((page, 1), (family, 1), (hub, 1), (LINE, 1)):
        ask = partial(_descendants, store, f"{name}@v{number}")
        yield f"descendants of {name}", ask, AFTER, (name, number)
    for one, other in (((family, 1), (prompt_name(6), 5)), ((LINE, last), (LINE, last // 2))):
        refs = [f"{name}@v{number}" for name, number in (one, other)]
        words = (*one, *other)
        yield f"common_ancestor in {one[0]}", partial(_common, store, *refs), COMMON, words
        yield f"path_between in {one[0]}", partial(_between, store, *refs), BETWEEN, words
    for name in (style_name(1), hub, prompt_name(0)):
        yield f"impact of {name}", partial(store.impact, f"{name}@v{VERSIONS}"), USING, (name, VERSIONS)


def _ancestors(store: Store, ref: str) -> object:
    return store.lineage(ref).ancestors()


def _descendants(store: Store, ref: str) -> object:
    return store.lineage(ref).descendants()


def _common(store: Store, one: str, other: str) -> object:
    return store.lineage(one).common_ancestor(other)


def _between(store: Store, one: str, other: str) -> object:
    return store.lineage(one).path_between(other)
