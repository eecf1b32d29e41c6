"""Our stems are those that SQLite makes."""

from __future__ import annotations

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from promptlib.query.porter import stem

ENDINGS = ["", "s", "es", "ed", "ing", "ization", "fulness", "ational", "iviti", "ement", "ly", "er", "ance", "ll", "e"]
LETTERS = st.text("bcdfglmnprstvw" + "aeiou" * 2, min_size=2, max_size=6)


@given(st.lists(st.builds("".join, st.tuples(LETTERS, st.sampled_from(ENDINGS), st.sampled_from(ENDINGS))), min_size=1))
def test_stems_are_those_of_sqlite(words: list[str]) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE t USING fts5(word, tokenize='porter unicode61')")
    connection.execute("CREATE VIRTUAL TABLE told USING fts5vocab(t, 'instance')")
    connection.executemany("INSERT INTO t (rowid, word) VALUES (?, ?)", enumerate(words))
    told = dict(connection.execute("SELECT doc, term FROM told"))
    connection.close()
    assert [stem(word) for word in words] == [told[at] for at in range(len(words))]
