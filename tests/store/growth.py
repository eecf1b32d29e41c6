"""What an operation costs, in counts that hold on every machine, and what an index holds, table by table."""

from __future__ import annotations

import builtins
import io
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from promptlib import Prompt, Store, system
from promptlib._git.runner import Child
from promptlib.store.past import History

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pytest

    from tests.benchmarks.library import Library

TABLES = ("state", "commits", "events", "taken", "names", "labels", "moves")
VERSIONS = 10
_CHILD = """
import sys
from promptlib import Store
store = Store(sys.argv[1])
store.history(sys.argv[2])
store._history.index.complete()
store.names(), list(store.commits()), store.graph()
print(*(row.split()[1] for row in open("/proc/self/status") if row.startswith("VmHWM")))
"""


class Cost(NamedTuple):
    """Git processes started, requests to running ones, files opened or listed, and steps of SQLite."""

    processes: int
    requests: int
    files: int
    steps: int


#: Each is asked of a store that was opened for it, with an index that is up to date.
OPERATIONS: dict[str, Callable[[Store, str], object]] = {
    "load by label": lambda store, name: store.load(f"{name}@production"),
    "load by number": lambda store, name: store.load(f"{name}@v3"),
    "load by digest": lambda store, name: store.load(f"{name}#{store.version(f'{name}@v4').short}"),
    "load by name": lambda store, name: store.load(name),
    "history": lambda store, name: store.history(name),
    "labels": lambda store, name: store.labels(name),
    "a label that is not there": lambda store, name: _missed(lambda: store.load(f"{name}@nowhere")),
    "save": lambda store, name: store.save(name, Prompt.define(system("Be brief."))),
    "save of a new name": lambda store, name: store.save(f"{name}-new", Prompt.define(system("Be brief."))),
    "label": lambda store, name: store.label(name, "production", "v2"),
    "rename": lambda store, name: store.rename(f"{name}-new", f"{name}-newer"),
    "delete": lambda store, name: store.delete(f"{name}-newer"),
}


def _missed(load: Callable[[], object]) -> None:
    try:
        load()
    except LookupError:
        return
    raise AssertionError


def cost(library: Library, operation: Callable[[Store, str], object], monkeypatch: pytest.MonkeyPatch) -> Cost:
    """Return what *operation* costs on the first name of *library*, in a store that is opened for it."""
    counts = {"processes": 0, "requests": 0, "files": 0, "steps": 0}

    def counted(what: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*words: Any, **named: Any) -> Any:
            counts[what] += 1
            return original(*words, **named)

        return call

    def stepped() -> int:
        counts["steps"] += 1
        return 0

    def connected(*words: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*words, **named)
        connection.set_progress_handler(stepped, 1)
        return connection

    connect = sqlite3.connect
    with monkeypatch.context() as patch:
        patch.setattr(subprocess.Popen, "__init__", counted("processes", subprocess.Popen.__init__))
        patch.setattr(Child, "write", counted("requests", Child.write))
        patch.setattr(sqlite3, "connect", connected)
        for place, what in ((builtins, "open"), (io, "open"), (os, "open"), (os, "listdir"), (os, "scandir")):
            patch.setattr(place, what, counted("files", getattr(place, what)))
        with Store(library.path, durability="none") as store:
            operation(store, library.name(0))
    return Cost(**counts)


def check_growth(few: Library, many: Library, monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[Cost, Cost]]:
    """Hold every operation in the larger store against the smaller one, and return what each of them costs."""
    found: dict[str, tuple[Cost, Cost]] = {}
    for what, operation in OPERATIONS.items():
        small, large = (cost(library, operation, monkeypatch) for library in (few, many))
        found[what] = small, large
        assert large.processes == small.processes <= 5, (what, small, large)
        # A folder more on a path is a request more; a tree of twenty names is deeper than one of ten.
        assert large.requests <= small.requests + 3, (what, small, large)
        assert large.files <= small.files + 3, (what, small, large)
        # The index is a search tree: it gets deeper, not longer.
        assert large.steps <= 2 * small.steps, (what, small, large)
    return found


def rebuilt(library: Library) -> dict[str, list[tuple[Any, ...]]]:
    """Return the tables of an index made from nothing."""
    shutil.rmtree(library.path / "promptlib", ignore_errors=True)
    return grown(library)


def grown(library: Library) -> dict[str, list[tuple[Any, ...]]]:
    """Return the tables of the index that is there, brought up to date."""
    with Store(library.path) as store:
        store.history(library.name(0))
    with closing(sqlite3.connect(library.path / "promptlib" / "index.sqlite")) as connection:
        ask = connection.execute
        return {table: ask(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in TABLES}  # noqa: S608 - ours


@contextmanager
def counted_logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Yield how many commits each question to git's log gave."""
    found: list[int] = []
    original = History.__init__

    def watched(self: History, *words: Any, **named: Any) -> None:
        original(self, *words, **named)
        repository = self._fresh._repository
        log = repository.log

        def counted(*words: Any, **named: Any) -> Iterator[Any]:
            found.append(0)
            for commit in log(*words, **named):
                found[-1] += 1
                yield commit

        monkeypatch.setattr(repository, "log", counted)

    with monkeypatch.context() as patch:
        patch.setattr(History, "__init__", watched)
        yield found


def check_moves(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Follow the branch wherever it goes: what was grown is what is made from nothing, and git tells what is new."""
    thousand, apart = library.apart(1_000), library.apart(500)
    folder, made = library.path / "promptlib", {}
    for branch in ("whole", "before-1", "before-1000", "other", "rewritten"):
        library.point(branch)
        made[branch] = rebuilt(library)
        shutil.copytree(folder, folder.with_name(f"index-of-{branch}"))
    for old, new, most in (
        ("before-1", "whole", 1),
        ("before-1000", "whole", thousand),
        ("whole", "other", 2 * apart),
        ("other", "whole", 2 * apart),
        ("whole", "rewritten", 2 * thousand),
    ):
        shutil.rmtree(folder)
        shutil.copytree(folder.with_name(f"index-of-{old}"), folder)
        library.point(new)
        with counted_logs(monkeypatch) as logs:
            found = grown(library)
        assert 0 < sum(logs) <= most, (old, new, logs)
        for table in TABLES:
            assert found[table] == made[new][table], (old, new, table)
    library.point("whole")


def check_answers(library: Library) -> None:
    """Hold what the store says against what plain git says."""
    with Store(library.path) as store:
        listed = library.git("ls-tree", "-r", "--name-only", "main").splitlines()
        names = sorted(path.removesuffix(".prompty") for path in listed if not path.startswith("."))
        assert list(store.names()) == names
        assert not set(library.gone) & set(names)
        for name in (library.name(0), library.name(7), library.name(library.names - 1), *library.gone):
            _check_history(store, library, name)
        assert sum(len(found) for _, found in store.commits()) >= library.versions


def _check_history(store: Store, library: Library, name: str) -> None:
    told = library.git("log", "--reverse", "--diff-filter=AM", "--format=%H %s", "main", "--", f"{name}.prompty")
    versions = store.history(name)
    assert [f"{each.commit} {each.message}" for each in versions] == told.splitlines()
    assert [each.number for each in versions] == list(range(1, VERSIONS + 1))
    for each in versions[::4]:
        shown = library.git("show", f"{each.commit}:{name}.prompty")
        assert store.file(f"{name}@v{each.number}").decode().strip() == shown
        assert store.load(f"{name}#{each.digest.removeprefix('sha256:')}").digest == each.digest


def peak_memory(library: Library) -> int:
    """Return the most MB that a process of its own held while it made the index from nothing and read all of it."""
    shutil.rmtree(library.path / "promptlib", ignore_errors=True)
    command = [sys.executable, "-c", _CHILD, str(library.path), library.name(0)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout) // 1024


def warm(library: Library, refs: Callable[[Store], object] = lambda _: None) -> Path:
    """Bring the index of *library* up to date, with all that the operations ask of it."""
    with Store(library.path) as store:
        for version in store.history(library.name(0)):
            store.load(version.ref)
        refs(store)
    return library.path
