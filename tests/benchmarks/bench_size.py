"""A hundred thousand versions against a hundred, in stores that are alike in all but their size.

What takes seconds is told in processor time, that of git included: it is the same on a busy machine.
"""

from __future__ import annotations

import resource
import shutil
import sqlite3
import subprocess
import tempfile
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from promptlib import Prompt, Store, system

from .library import Library, built
from .measure import Figure, figure, fresh, output, paired, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from promptlib.store.writing import Durability

FEW, MANY = (100, 10), (100_000, 10_000)
AMONG = f"among {FEW[0]}"
ROUNDS = 5
SLOW_ROUNDS = 2
MEMORY = 300
#: Names of the large store that stand for the ten of the small one, of the same kinds: what a process has compiled once
#: is not first.
OTHERS = 300
VERSIONS = 10

_MEMORY = """
import sys
from promptlib import Store
store = Store(sys.argv[1])
name = sys.argv[2]
store.history(name)
if sys.argv[3] == "everything":
    store._history.index.complete()
    store.names(), list(store.commits()), store.graph()
print(*(row.split()[1] for row in open("/proc/self/status") if row.startswith("VmHWM")))
"""
_OPEN = """
import sys
from promptlib import Store
Store(sys.argv[1]).load(sys.argv[2])
"""


def figures() -> Iterator[Figure]:
    """Yield what this module measures."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        few, many = built(place / "few.git", *FEW), built(place / "many.git", *MANY)
        yield from _index(many, place)
        yield from _up_to_date(many)
        for library in (few, many):
            # As git's own housekeeping leaves it: what fast-import wrote is a chain of fifty unlike objects.
            library.git("repack", "-adfq")
            with Store(library.path) as store:
                _complete(store)
        yield from _opening(few, many)
        with Store(few.path) as small, Store(many.path) as large:
            yield from _first_loads(small, large, few)
            yield from _again(small, large, few)
            yield from _histories(small, large, few)
            yield from _lists(small, large, few)
        yield from _saves(few, many)


def _spent() -> float:
    """Return the processor time of this process and of the children that have ended, to the microsecond."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _complete(store: Store) -> None:
    history = store._history
    assert history is not None
    history.index.complete()


def _log(library: Library, *words: str) -> Callable[[], object]:
    return lambda: library.git("log", "--raw", "--no-abbrev", *words)


def _index(library: Library, place: Path) -> Iterator[Figure]:
    store = Store(library.path)

    def graph() -> None:
        store.close()
        shutil.rmtree(library.path / "promptlib", ignore_errors=True)
        store.history(library.name(0))

    ratios = paired(graph, _log(library, "main"), rounds=ROUNDS, clock=_spent)
    yield figure(f"index of {MANY[0]:,} versions from nothing: the graph", "git log --raw", 3, ratios)

    def contents() -> None:
        graph()
        _complete(store)

    floor = _texts(library, place)
    ratios = [seconds(contents, _spent) / seconds(floor, _spent) for _ in range(SLOW_ROUNDS)]
    yield figure("the same, with digests and texts", "log + cat-file --batch + FTS5", 1.5, ratios)
    store.close()
    for what in ("graph", "everything"):
        shutil.rmtree(library.path / "promptlib", ignore_errors=True)
        used = int(output(_MEMORY, str(library.path), library.name(0), what)) / 1024 / MEMORY
        yield figure(f"peak memory of an index from nothing: {what}", f"{MEMORY} MB", 1, [used, used])


def _texts(library: Library, place: Path) -> Callable[[], object]:
    """Return what reads every prompt by git and puts its text into a full-text table."""

    def work() -> None:
        _log(library, "main")()
        listed = library.git("rev-list", "--objects", "--no-object-names", "--filter=object:type=blob", "main")
        (place / "fts.sqlite").unlink(missing_ok=True)
        table = sqlite3.connect(place / "fts.sqlite")
        table.execute("CREATE VIRTUAL TABLE texts USING fts5 (text, content='')")
        command = ["git", "-C", str(library.path), "cat-file", "--batch", "--buffer"]
        found = subprocess.run(command, input=listed.encode(), capture_output=True, check=True).stdout
        rows = [(part.decode(errors="replace"),) for part in found.split(b" blob ")[1:]]
        table.executemany("INSERT INTO texts (text) VALUES (?)", rows)
        table.commit()
        table.close()

    return work


def _up_to_date(library: Library) -> Iterator[Figure]:
    """Yield what it costs to follow the branch: against git's log of what is new, and against all anew."""
    name = library.name(0)
    moves = (
        ("by one commit", "before-1", "whole"),
        (f"by {library.apart(1_000):,} commits", "before-1000", "whole"),
        (f"to a branch {library.apart(500)} versions apart", "whole", "other"),
        (f"after {library.apart(1_000):,} commits were rewritten", "whole", "rewritten"),
    )
    with Store(library.path) as store:
        shutil.rmtree(library.path / "promptlib", ignore_errors=True)
        anew = seconds(lambda: store.history(name), _spent)
        for what, old, new in moves:
            logs, rebuilds = [], []
            for _ in range(ROUNDS):
                library.point(old)
                store.history(name)
                store.close()  # or it would remember what it said the last time
                library.point(new)
                cost = seconds(lambda: store.history(name), _spent)
                logs.append(cost / seconds(_log(library, new, f"^{old}"), _spent))
                rebuilds.append(cost / anew)
            yield figure(f"index brought up to date {what}", "git log --raw of the new commits", None, logs)
            yield figure(f"index brought up to date {what}", "index from nothing", None, rebuilds)
        library.point("whole")


def _opening(few: Library, many: Library) -> Iterator[Figure]:
    for which in ("@production", "@v3", ""):

        def opened(library: Library, which: str = which) -> float:
            return fresh(_OPEN, str(library.path), library.name(0) + which)

        ratios = [opened(many) / opened(few) for _ in range(15)]
        yield figure(f"a process that opens and loads name{which}, {MANY[0]:,}", AMONG, 1.2, ratios)


def _of_ten(library: Library, first: int, which: str) -> list[str]:
    """Return ten names from *first* on, or all versions of them."""
    names = [library.name(first + at) for at in range(FEW[1])]
    if "{" not in which:
        return [name + which for name in names]
    return [name + which.format(version) for name in names for version in range(1, VERSIONS + 1)]


def _digests(store: Store, refs: list[str]) -> list[str]:
    return [f"{ref.partition('@')[0]}#{store.version(ref).short}" for ref in refs]


def _first_loads(small: Store, large: Store, few: Library) -> Iterator[Figure]:
    kinds: list[tuple[str, list[str], list[str]]] = []
    labelled = [f"{few.name(OTHERS + 10 * at)}@production" for at in range(FEW[1])]
    kinds.append(("label", _of_ten(few, 0, "@production"), labelled))
    for what, which in (("bare name", ""), ("number", "@v{}")):
        kinds.append((what, _of_ten(few, 0, which), _of_ten(few, OTHERS, which)))
    numbers, other_numbers = _of_ten(few, 0, "@v{}"), _of_ten(few, 2 * OTHERS, "@v{}")
    kinds.append(("digest", _digests(small, numbers), _digests(large, other_numbers)))
    small.close()
    large.close()
    small.load(f"{few.name(0)}@staging")
    large.load(f"{few.name(0)}@staging")
    for what, some, others in kinds:
        costs = [(_loaded(large, other), _loaded(small, ref)) for ref, other in zip(some, others, strict=True)]
        # Each load can be measured once: the quickest is held against the quickest, and so on.
        ratios = [one / other for one, other in zip(*map(sorted, zip(*costs, strict=True)), strict=True)]
        yield figure(f"load by {what}, first of a version, {MANY[0]:,}", AMONG, 1.2, ratios)


def _loaded(store: Store, ref: str) -> float:
    return seconds(lambda: store.load(ref), perf_counter)


def _again(small: Store, large: Store, few: Library) -> Iterator[Figure]:
    name = few.name(0)
    for what, ref in (
        ("label", f"{name}@production"),
        ("number", f"{name}@v3"),
        ("digest", f"{name}#{small.version(f'{name}@v3').short}"),
        ("bare name", name),
    ):
        yield _growth(f"load by {what}", 1.2, lambda ref=ref: large.load(ref), lambda ref=ref: small.load(ref))  # type: ignore[misc] # a default binds the ref now


def _growth(what: str, reach: float | None, large: Callable[[], object], small: Callable[[], object]) -> Figure:
    return figure(f"{what}, {MANY[0]:,} versions", AMONG, reach, paired(large, small))


def _histories(small: Store, large: Store, few: Library) -> Iterator[Figure]:
    names = _of_ten(few, 0, "")

    def asked(store: Store) -> float:
        store.close()
        store.history(few.name(1))
        return seconds(lambda: [store.history(name) for name in names if name != few.name(1)], perf_counter)

    yield figure(
        f"history of a name, index just opened, {MANY[0]:,}",
        AMONG,
        1.2,
        [asked(large) / asked(small) for _ in range(15)],
    )
    name = few.name(0)

    def told(store: Store) -> None:
        history = store._history
        assert history is not None
        history._histories.clear()
        store.history(name)

    yield _growth("history of a name, not remembered", 1.2, lambda: told(large), lambda: told(small))
    yield _growth("history of a name, asked again", 1.2, lambda: large.history(name), lambda: small.history(name))
    table = sqlite3.connect(large.path / "promptlib" / "index.sqlite")

    def floor() -> None:
        assert len(table.execute("SELECT * FROM events WHERE name=?", (name,)).fetchall()) >= VERSIONS

    words = "SQLite select of its rows"
    again, anew = paired(lambda: large.history(name), floor), paired(lambda: told(large), floor)
    yield figure(f"history of a name, asked again, among {MANY[0]:,}", words, 2, again)
    yield figure(f"history of a name, not remembered, among {MANY[0]:,}", words, None, anew)
    table.close()


def _lists(small: Store, large: Store, few: Library) -> Iterator[Figure]:
    name = few.name(0)
    yield _growth("labels of a name", 1.2, lambda: large.labels(name), lambda: small.labels(name))
    listed = ["git", "-C", str(large.path), "ls-tree", "-r", "--name-only", "main"]

    def floor() -> None:
        subprocess.run(listed, capture_output=True, check=True)

    ratios = paired(large.names, floor, rounds=ROUNDS, clock=_spent)
    yield figure(f"{MANY[1]:,} names", "git ls-tree -r --name-only", None, ratios)
    wanted = few.name(0)[:-1] + "x"

    def missed(store: Store) -> None:
        try:
            store.load(wanted)
        except LookupError:
            return

    yield _growth("a name that is not there", None, lambda: missed(large), lambda: missed(small))


def _saves(few: Library, many: Library) -> Iterator[Figure]:
    numbers = count()
    levels: Sequence[Durability] = ("none", "batch")
    for durability in levels:
        with Store(few.path, durability=durability) as small, Store(many.path, durability=durability) as large:

            def save(store: Store) -> float:
                prompt = Prompt.define(system(f"Rule {next(numbers)}: be brief."))
                return seconds(lambda: store.save(few.name(3), prompt), perf_counter)

            def label(store: Store) -> float:
                version = f"v{next(numbers) % VERSIONS + 1}"
                return seconds(lambda: store.label(few.name(4), "production", version), perf_counter)

            for what, work in (("save", save), ("label moved", label)):
                ratios = [work(large) / work(small) for _ in range(60)]
                yield figure(f"{what}, durability {durability}, {MANY[0]:,} versions", AMONG, 2.5, ratios[10:])
