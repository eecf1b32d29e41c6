"""A long history: imported, indexed from nothing, and asked for one name."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import tempfile
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from promptlib import Store
from promptlib.formats.git_history import import_git

from .bench_store import text
from .measure import Figure, figure, paired, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VERSIONS = 10_000
NAMES = 1_000
ROUNDS = 5


def figures() -> Iterator[Figure]:
    """Yield what this module measures."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        _fast_import(place / "source.git", _stream("prompts/", ".md", ""))
        yield _import(place)
        with Store(place / "store-0.git") as store:
            yield from _index(store, place)
            yield _of_one_name(store, place)


def spent() -> float:
    """Return the processor time of this process and of the children that have ended."""
    return sum(os.times()[:4])


def _stream(before: str, after: str, head: str) -> bytes:
    """Return what fast-import makes the history of: one file a commit."""
    commits = []
    for at in range(VERSIONS):
        name = f"team{at % 20}/task{at % NAMES}"
        content = (head + text(at).replace("{{ tone }}", "calm")).encode()
        commits.append(
            b"commit refs/heads/main\nmark :%d\ncommitter Ann <ann@example.com> %d +0000\ndata 6\nRule.\n"
            % (at + 1, 1_700_000_000 + at)
            + b"M 100644 inline %s\ndata %d\n%s\n" % (f"{before}{name}{after}".encode(), len(content), content)
        )
    return b"".join(commits) + b"done\n"


def _git(folder: Path, *words: str, given: bytes | None = None) -> None:
    subprocess.run(["git", "-C", folder, *words], input=given, stdout=subprocess.DEVNULL, check=True)


def _fast_import(target: Path, stream: bytes) -> None:
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", target], check=True)
    _git(target, "fast-import", "--quiet", "--done", given=stream)


def _import(place: Path) -> Figure:
    stream = _stream("", ".prompty", "---\ntemplate:\n  format:\n    kind: literal\n---\n")
    ratios = []
    for at in range(ROUNDS):

        def ours(at: int = at) -> None:
            with Store.init(place / f"store-{at}.git", bare=True) as store:
                report = import_git(store, place / "source.git", match="prompts/{name}.md")
            assert report.versions == VERSIONS

        def floor(at: int = at) -> None:
            _fast_import(place / f"floor-{at}.git", stream)

        ratios.append(seconds(ours, spent) / seconds(floor, spent))
    return figure(f"import of {VERSIONS:,} versions from git", "git fast-import of the same", 2, ratios)


def _index(store: Store, place: Path) -> Iterator[Figure]:
    index = store.path / "promptlib" / "index.sqlite"

    def graph() -> None:
        store.close()
        index.unlink(missing_ok=True)
        assert len(store.history("team1/task1")) == VERSIONS // NAMES

    def log() -> None:
        _git(store.path, "log", "--raw", "--no-abbrev", "main")

    words = "git log --raw"
    yield figure("index from nothing: the graph", words, 3, paired(graph, log, rounds=ROUNDS, clock=perf_counter))

    def contents() -> None:
        graph()
        store.graph()

    ratios = paired(contents, _texts(store, place), rounds=ROUNDS, clock=perf_counter)
    yield figure("index from nothing: graph and digests", "log + cat-file --batch + FTS5", 1.5, ratios)


def _texts(store: Store, place: Path) -> Callable[[], object]:
    """Return what reads every blob by git and puts its text into a full-text table."""

    def work() -> None:
        _git(store.path, "log", "--raw", "--no-abbrev", "main")
        (place / "fts.sqlite").unlink(missing_ok=True)
        table = sqlite3.connect(place / "fts.sqlite")
        table.execute("CREATE VIRTUAL TABLE texts USING fts5 (text, content='')")
        found = subprocess.run(
            ["git", "-C", store.path, "cat-file", "--batch", "--batch-all-objects", "--buffer"],
            capture_output=True,
            check=True,
        ).stdout
        rows = [(part.decode(errors="replace"),) for part in found.split(b" blob ")[1:]]
        table.executemany("INSERT INTO texts (text) VALUES (?)", rows)
        table.commit()
        table.close()

    return work


def _of_one_name(store: Store, place: Path) -> Figure:
    table = sqlite3.connect(place / "floor.sqlite")
    table.execute("CREATE TABLE versions (name TEXT, number INTEGER, digest TEXT, message TEXT, time INTEGER)")
    table.execute("CREATE INDEX by_name ON versions (name, number)")
    rows = ((f"team{at % 20}/task{at % NAMES}", at // NAMES, "0" * 64, "Rule.", at) for at in range(VERSIONS))
    table.executemany("INSERT INTO versions VALUES (?, ?, ?, ?, ?)", rows)
    table.commit()

    def floor() -> None:
        assert len(table.execute("SELECT * FROM versions WHERE name=?", ("team1/task1",)).fetchall()) == 10

    ratios = paired(lambda: store.history("team1/task1"), floor)
    table.close()
    return figure(f"history of one name among {VERSIONS:,} versions", "SQLite select of ten rows", 2, ratios)
