"""Opening and loading from a bundle, against a folder of the same files; checking that published numbers hold."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from promptlib import Store, codec
from promptlib.bundle import pack
from promptlib.store.remembering import MEMORY
from promptlib.store.replaying import Replayed

from .bench_store import TIME, filled, prompt_of
from .measure import Figure, figure, fresh, paired, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

PROMPTS = 10_000
VERSIONS = 10_000
ROUNDS = 9

OPEN_AND_LOAD = "import sys; from promptlib import Store; Store.open(sys.argv[1]).load(sys.argv[2])"


def figures() -> Iterator[Figure]:
    """Yield what this module measures."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _bundles(Path(folder))
        yield from _numbers(Path(folder))


def _bundles(folder: Path) -> Iterator[Figure]:
    files = {f"team{at % 80}/task{at}.prompty": codec.write(prompt_of(at)) for at in range(PROMPTS)}
    bundle, root = folder / "prompts.bundle", folder / "plain" / "prompts"
    bundle.write_bytes(b"".join(pack(files)))
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    names = [path.removesuffix(".prompty") for path in files]
    floor = "the same from a folder"
    one, other = Store.open(bundle), Store.open(folder / "plain")
    first, second = iter(names), iter(names)
    ratios = paired(lambda: _first(one, next(first)), lambda: _first(other, next(second)))
    yield figure("bundle: first load of a prompt", floor, 1.2, ratios)
    ratios = paired(one.names, other.names)
    yield figure(f"bundle: the names of {PROMPTS:,} prompts", floor, 0.5, ratios)
    starts = [
        fresh(OPEN_AND_LOAD, str(bundle), names[at]) / fresh(OPEN_AND_LOAD, str(folder / "plain"), names[at])
        for at in range(ROUNDS)
    ]
    yield figure(f"bundle of {PROMPTS:,}: a process that opens and loads one", floor, 1.2, starts)
    few = folder / "few.bundle"
    few.write_bytes(b"".join(pack(dict(list(files.items())[:100]))))
    ratios = paired(lambda: Store.open(bundle), lambda: Store.open(few))
    yield figure(f"bundle: opening one of {PROMPTS:,}", "opening one of 100", None, ratios)


def _first(store: Store, name: str) -> None:
    MEMORY._kept.clear()
    MEMORY._size = 0
    store.load(name)


def _numbers(folder: Path) -> Iterator[Figure]:
    """The published line is a part of this one; or a merge has put it second."""
    path = folder / "numbers.git"
    with filled(path, VERSIONS) as store:
        published = _git(path, "rev-parse", "main")
        store.replay(iter([Replayed({"team0/task0": codec.write(prompt_of(-1))}, "Ours", "A", "a@example.com", TIME)]))
        here = _git(path, "rev-parse", "main")
        _git(path, "update-ref", "refs/remotes/origin/main", published)
        floor = "the versions of one name"
        yield figure("check: numbers hold", floor, None, paired(lambda: _moved(store), lambda: _versions(store)))
        tree = _git(path, "rev-parse", f"{here}^{{tree}}")
        base = _git(path, "rev-parse", f"{published}~100")
        ours = _git(path, "commit-tree", "-p", base, "-m", "Ours", _git(path, "rev-parse", f"{base}^{{tree}}"))
        _git(
            path, "update-ref", "refs/heads/main", _git(path, "commit-tree", "-p", ours, "-p", here, "-m", "Pull", tree)
        )
        store.history("team0/task0")
        log = ("git", "-C", str(path), "log", "--raw", "--format=%H %P", "main")
        ratios = [
            seconds(lambda: _moved(store), perf_counter)
            / seconds(lambda: subprocess.run(log, check=True, capture_output=True), perf_counter)
            for _ in range(ROUNDS)
        ]
        yield figure(f"check: a merge moved numbers, {VERSIONS:,} versions", "git log --raw of them", 3, ratios)


def _moved(store: Store) -> object:
    from promptlib.store.numbering import movements

    return movements(*store._home())


def _versions(store: Store) -> object:
    history = store._home()[1].now()
    return history.index.versions("team0/task0")


def _git(path: Path, *words: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    run = subprocess.run(["git", *identity, *words], cwd=path, check=True, capture_output=True, text=True)
    return run.stdout.strip()
