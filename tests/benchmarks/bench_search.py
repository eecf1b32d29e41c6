"""Search beside what SQLite alone does with the same words and texts: a contentless FTS5 table, bm25, the best ten."""

from __future__ import annotations

import sqlite3
import subprocess
import tempfile
from functools import partial
from itertools import accumulate, cycle
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from promptlib import Prompt, Store, codec, query, user

from .measure import Figure, figure, paired, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.query import Document

NAMES, MANY = 10_000, 100_000
#: Words of a prompt, and how many different ones the shelf has; the stop words among them are those of real texts.
WORDS, DIFFERENT = 100, 20_000
NEEDS = 40
ROUNDS = 21
BUILDS = 3
AT_ONCE = 20
_TEXT, _ABOUT = "THE-TEXT", "THE-DESCRIPTION"
_SYLLABLES = [first + vowel for first in "bcdfglmnprstv" for vowel in "aeiou"]
_FEW = (
    "the",
    "of",
    "and",
    "to",
    "a",
    "in",
    "is",
    "that",
    "for",
    "you",
    "with",
    "as",
    "be",
    "this",
    "on",
    "are",
    "or",
    "it",
)


class Generated(NamedTuple):
    """A store of generated prompts, and the same texts for SQLite alone."""

    path: Path
    documents: list[Document]
    needs: list[str]


def figures() -> Iterator[Figure]:
    """Yield what this module measures."""
    with tempfile.TemporaryDirectory() as folder:
        shelf = generated(Path(folder) / "shelf.git", NAMES)
        yield from _building(shelf)
        yield from _asking(shelf)
        yield from _saving(shelf)
        yield from _duplicates(shelf)
    with tempfile.TemporaryDirectory() as folder:
        yield from _size(generated(Path(folder) / "large.git", MANY))


def generated(path: Path, names: int) -> Generated:
    """Return a store at *path* of so many *names*, in words as unevenly spread as those of people."""
    chance = Random(7)
    words = [
        *_FEW,
        *dict.fromkeys("".join(chance.choices(_SYLLABLES, k=chance.randint(2, 4))) for _ in range(DIFFERENT)),
    ]
    spread = list(accumulate(1 / (rank + 2) for rank in range(len(words))))

    def some(count: int) -> str:
        return " ".join(chance.choices(words, cum_weights=spread, k=count))

    template = codec.write(Prompt(messages=(user(_TEXT, literal=True),), description=_ABOUT)).decode()
    Store.init(path, bare=True).close()
    documents = []
    command = ["git", "-C", str(path), "fast-import", "--quiet", "--force", "--date-format=raw"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as importer:
        assert importer.stdin is not None
        for at in range(names):
            name, text, about = f"team-{at % 50}/task-{at}", some(WORDS), some(8)
            file = template.replace(_TEXT, text).replace(_ABOUT, about).encode()
            said = _Said(about)
            documents.append(query.document(name, said, file, "Import"))
            if at % AT_ONCE == 0:
                stamp = 1_700_000_000 + at
                importer.stdin.write(b"commit refs/heads/main\ncommitter A <a@example.com> %d +0000\n" % stamp)
                importer.stdin.write(b"data 6\nImport\n" + (b"from refs/heads/main^0\n" if at == 0 else b""))
            importer.stdin.write(b"M 100644 inline %b.prompty\ndata %d\n%b\n" % (name.encode(), len(file), file))
    assert importer.returncode == 0
    needs = [" ".join(chance.sample(words[20:3_000], k=chance.randint(2, 6))) for _ in range(NEEDS)]
    return Generated(path, documents, needs)


class _Said(NamedTuple):
    description: str
    title: str = ""
    tags: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    kind: str = ""


def raw(shelf: Generated, file: str = ":memory:") -> sqlite3.Connection:
    """Return a contentless FTS5 table of the same texts."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute(
        "CREATE VIRTUAL TABLE t USING fts5(name, description, body, content='', tokenize='porter unicode61')"
    )
    rows = ((at, f"{each.name} {each.title}", each.description, each.body) for at, each in enumerate(shelf.documents))
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO t (rowid, name, description, body) VALUES (?, ?, ?, ?)", rows)
    connection.execute("COMMIT")
    return connection


def ranked(connection: sqlite3.Connection, need: str) -> list[tuple[int, float]]:
    """Return what SQLite alone finds of *need*, the best ten."""
    match = " OR ".join(f'"{word}"' for word in need.split())
    return connection.execute("SELECT rowid, rank FROM t WHERE t MATCH ? ORDER BY rank LIMIT 10", (match,)).fetchall()


def _asking(shelf: Generated) -> Iterator[Figure]:
    with Store(shelf.path) as store:
        store.search("once")
        connection = raw(shelf)
        needs, floors = cycle(shelf.needs), cycle(shelf.needs)

        def raw_queries() -> object:
            # All needs in each turn: some have rare words and some have common ones.
            return [ranked(connection, next(floors)) for _ in shelf.needs]

        def searches() -> object:
            return [store.search(next(needs)) for _ in shelf.needs]

        def shown() -> object:
            return [list(store.search(next(needs))) for _ in shelf.needs]

        for what, work in ((f"search, {NAMES:,} prompts", searches), ("the same, all ten hits looked at", shown)):
            yield figure(what, "raw FTS5 query, ORDER BY rank", 2, paired(work, raw_queries, rounds=ROUNDS))
        connection.close()


def _saving(shelf: Generated) -> Iterator[Figure]:
    with Store(shelf.path) as store:
        connection = raw(shelf)
        ratios = []
        for at, need in enumerate(shelf.needs[:ROUNDS]):
            store.save(f"team-{at}/task-{at}", Prompt(messages=(user(need, literal=True),)))
            store.history(f"team-{at}/task-{at}")
            first, again = (seconds(partial(store.search, need)) for _ in range(2))
            floor = seconds(partial(_replaced, connection, at, shelf.documents[at], need))
            ratios.append(max(0.0, first - again) / floor)
        yield figure("bringing the words up to date after one save", "raw FTS5: a text out, two in", None, ratios)
        connection.close()


def _replaced(connection: sqlite3.Connection, at: int, old: Document, new: str) -> None:
    connection.execute("BEGIN")
    texts = (f"{old.name} {old.title}", old.description, old.body)
    connection.execute("INSERT INTO t (t, rowid, name, description, body) VALUES ('delete', ?, ?, ?, ?)", (at, *texts))
    put = "INSERT INTO t (rowid, name, description, body) VALUES (?, ?, ?, ?)"
    connection.execute(put, (at, texts[0], "", new))
    connection.execute(put, (at + NAMES, *texts))
    connection.execute("COMMIT")


def _building(shelf: Generated) -> Iterator[Figure]:
    ratios = []
    for _ in range(BUILDS):
        index = shelf.path / "promptlib" / "index.sqlite"
        index.unlink(missing_ok=True)
        with Store(shelf.path) as store:
            list(store.commits())
            cost = seconds(partial(store.search, "once"))
        ratios.append(cost / seconds(lambda: raw(shelf).close()))
    yield figure(
        f"first search, {NAMES:,} prompts: digests and full text", "raw FTS5 insert of the texts", None, ratios
    )


def _duplicates(shelf: Generated) -> Iterator[Figure]:
    with Store(shelf.path) as store:
        ratios = [seconds(store.duplicates) / seconds(lambda: raw(shelf).close()) for _ in range(BUILDS)]
    yield figure(f"near-duplicates among {NAMES:,} prompts", "raw FTS5 insert of the texts", None, ratios)


def _size(shelf: Generated) -> Iterator[Figure]:
    with Store(shelf.path) as store:
        store.search("once")
    connection = sqlite3.connect(shelf.path / "promptlib" / "index.sqlite")
    size = _pages(connection, "name NOT IN ('texts', 'sqlite_autoindex_texts_1')")
    connection.close()
    floor = shelf.path / "raw.sqlite"
    raw(shelf, str(floor)).close()
    yield figure(
        f"index of {MANY:,} prompts, bytes, texts apart",
        "contentless FTS5 of the same texts",
        1.6,
        [size / floor.stat().st_size] * 2,
    )


def _pages(connection: sqlite3.Connection, where: str) -> int:
    found: int = connection.execute(f"SELECT sum(pgsize) FROM dbstat WHERE {where}").fetchone()[0]  # noqa: S608 - ours
    return found
