"""The fixed set of needs, the shelf that they are asked of, and how early a search shows what serves."""

from __future__ import annotations

import re
import sqlite3
import tomllib
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from promptlib import Store
from promptlib.formats.arrivals import rename_file
from promptlib.formats.git_history import import_git
from promptlib.query import ENGLISH, language

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Search = Callable[[str], Sequence[str]]

SET = Path(__file__).resolve().parent.parent / "relevance" / "needs.toml"
PATTERNS = {"fabric": "patterns/{name}/system.md", "awesome": "prompts/{name}.md"}
DEEPEST = 20
RESAMPLES = 2_000


class Need(NamedTuple):
    """What somebody wants, and the names of the prompts that serve."""

    text: str
    accepted: frozenset[str]
    half: str
    kind: str


def needs() -> list[Need]:
    """Return all needs of the set."""
    told = tomllib.loads(SET.read_text(encoding="utf-8"))
    return [
        Need(text, frozenset(accepted), half, kind)
        for half, kinds in told.items()
        for kind, rows in kinds.items()
        for text, accepted in rows.items()
    ]


def shelf(folder: Path, sources: Mapping[str, Path]) -> Store:
    """Return a new bare store in *folder* that holds both libraries, as a literal import makes them."""
    store = Store.init(folder, bare=True)
    for which, source in sources.items():
        report = import_git(store, source, match=PATTERNS[which])
        if renames := tomllib.loads(rename_file(report)):
            import_git(store, source, match=PATTERNS[which], renames=renames)
    return store


def words(text: str) -> list[str]:
    """Return the words of *text* that say something, as anybody would take them apart."""
    found = re.findall(r"\w+", text.lower())
    return [word for word in found if word not in language(ENGLISH).stops] or found


def plain_fts5(store: Store) -> Search:
    """Return the search that a day's work with SQLite gives: names and texts, words joined by OR, porter, bm25."""
    names = store.names()
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.execute("CREATE VIRTUAL TABLE shelf USING fts5(name, text, tokenize='porter unicode61')")
    for name in names:
        text = "\n".join(message.text for message in store.load(name).messages)
        connection.execute("INSERT INTO shelf VALUES (?, ?)", (re.sub(r"[_./-]+", " ", name), text))

    def search(need: str) -> list[str]:
        match = " OR ".join(f'"{word}"' for word in words(need))
        found = connection.execute(
            "SELECT rowid FROM shelf WHERE shelf MATCH ? ORDER BY rank LIMIT ?", (match, DEEPEST)
        )
        return [names[row - 1] for (row,) in found]

    return search


def stems(texts: Iterable[str]) -> set[str]:
    """Return the stems of all words of *texts*."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE words USING fts5(text, tokenize='porter unicode61')")
    connection.execute("CREATE VIRTUAL TABLE stems USING fts5vocab(words, row)")
    connection.executemany("INSERT INTO words VALUES (?)", [(re.sub(r"[_./-]+", " ", text),) for text in texts])
    found = {stem for (stem,) in connection.execute("SELECT term FROM stems")}
    connection.close()
    return found


class Scores(NamedTuple):
    """How early accepted prompts came: the place of the first one for each need, 0 where none was shown."""

    places: tuple[int, ...]

    def hit(self, depth: int) -> float:
        """Return for which share of the needs one is among the first *depth*."""
        return sum(0 < place <= depth for place in self.places) / len(self.places)

    def reciprocal(self, depth: int = 10) -> float:
        """Return the mean reciprocal rank."""
        return sum(1 / place for place in self.places if 0 < place <= depth) / len(self.places)

    def missed(self) -> int:
        """Return for how many needs none is among the first 20."""
        return sum(not place for place in self.places)


def scores(search: Search, wanted: Sequence[Need]) -> Scores:
    """Return how early *search* shows what serves each of the needs *wanted*."""
    return Scores(tuple(_place(search(need.text)[:DEEPEST], need.accepted) for need in wanted))


def _place(names: Sequence[str], accepted: frozenset[str]) -> int:
    return next((place for place, name in enumerate(names, 1) if name in accepted), 0)


def interval(scores: Scores, other: Scores, depth: int = 5) -> tuple[float, float, float]:
    """Return how much more needs *scores* meets within *depth*, with the 95 % interval of a paired bootstrap."""
    gains = [(0 < one <= depth) - (0 < two <= depth) for one, two in zip(scores.places, other.places, strict=True)]
    draw = Random(0)
    means = sorted(sum(draw.choices(gains, k=len(gains))) / len(gains) for _ in range(RESAMPLES))
    return sum(gains) / len(gains), means[RESAMPLES // 40], means[-RESAMPLES // 40]
