"""How large the index is, beside what SQLite alone needs to find the same texts by their words."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from promptlib import Store
from tests.benchmarks.bench_search import generated, raw

if TYPE_CHECKING:
    from pathlib import Path

NAMES = 3_000
MOST = 1.6
#: A table of one page does not grow with the shelf.
_GROWN = "SELECT name, sum(pgsize-unused) FROM dbstat GROUP BY name HAVING count(*)>1"
_TEXTS = {"texts", "sqlite_autoindex_texts_1"}


def _grown(connection: sqlite3.Connection) -> dict[str, int]:
    return dict(connection.execute(_GROWN))


@pytest.mark.no_cover
def test_texts_apart_the_index_is_little_more_than_a_table_of_their_words(tmp_path: Path) -> None:
    shelf = generated(tmp_path / "shelf.git", NAMES)
    with closing(raw(shelf, str(tmp_path / "raw.sqlite"))) as connection:
        if not connection.execute("SELECT sqlite_compileoption_used('ENABLE_DBSTAT_VTAB')").fetchone()[0]:
            pytest.skip("this SQLite does not tell the sizes of tables")
        connection.execute("INSERT INTO t (t) VALUES ('optimize')")
        floor = sum(_grown(connection).values())
    with Store(shelf.path) as store:
        assert store.search("once")
    with closing(sqlite3.connect(shelf.path / "promptlib" / "index.sqlite")) as connection:
        sizes = _grown(connection)
    assert sizes.keys() >= {"descriptions", "events", "names", "text_now_data"}
    own = {table: size for table, size in sizes.items() if table not in _TEXTS}
    assert sum(own.values()) <= MOST * floor, {table: round(size / NAMES, 1) for table, size in own.items()}
