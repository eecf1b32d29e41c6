"""Many at once: transactions of several processes, and loads of several threads."""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from random import Random
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Any

import pygit2

from promptlib import Store, codec

from .bench_store import TIME, filled, prompt_of
from .measure import Figure, figure, paired, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Work = Callable[[], object]

WRITERS = 8
TRANSACTIONS = 10
TOGETHER = 20
ROUNDS = 5
THREADS = 8
LOADS = 200
#: At least 0.3 of the rate of pygit2.
REACH = 1 / 0.3
BRANCH = "refs/heads/main"


def figures() -> Iterator[Figure]:
    """Yield what this module measures."""
    with tempfile.TemporaryDirectory() as folder:
        yield _threads(Path(folder, "threads.git"))
        for writers in (1, WRITERS):
            for durability, reach in (("none", REACH), ("batch", None)):
                yield _transactions(Path(folder), writers, durability, reach)


def _threads(path: Path) -> Figure:
    store = filled(path, 1_000)
    with store.transaction("Label") as transaction:
        transaction.label("team1/task1", "production", "latest")
    refs = ["team1/task1", "team1/task1@production", "team1/task1@v3", "team2/task2@v1"]

    def loads(times: int) -> None:
        for at in range(times):
            store.load(refs[at % len(refs)])

    pool = ThreadPoolExecutor(THREADS)
    ratios = paired(lambda: list(pool.map(loads, [LOADS] * THREADS)), lambda: loads(LOADS * THREADS))
    pool.shutdown()
    store.close()
    return figure(f"processor time of a load, {THREADS} threads on one store", "one thread", 1.1, ratios)


def _transactions(folder: Path, writers: int, durability: str, reach: float | None) -> Figure:
    """Return the figure of *writers* processes that commit twenty versions at a time."""
    ours, floor = (folder / f"{kind}-{writers}-{durability}.git" for kind in ("ours", "floor"))
    for path in (ours, floor):
        filled(path, 1_000).close()
    ratios = []
    for turn in range(ROUNDS):
        cost = _together(writers, partial(_ours, ours, durability, turn))
        ratios.append(cost / _together(writers, partial(_floor, floor, turn)))
    what = f"{TOGETHER} versions a commit, {writers} at once, durability {durability}"
    return figure(what, "pygit2 compare-and-swap, none", reach, ratios)


def _together(writers: int, begin: Callable[[int], Work]) -> float:
    """Return how long it takes until each of so many processes has done its work; what *begin* does is not counted."""
    pipes = [(os.pipe(), os.pipe()) for _ in range(writers)]
    children = [_forked(begin, who, pipe) for who, pipe in enumerate(pipes)]
    for (told, _), _ in pipes:
        os.read(told, 1)

    def work() -> None:
        for _, (_, go) in pipes:
            os.write(go, b"x")
        for (told, _), _ in pipes:
            os.read(told, 1)

    cost = seconds(work, perf_counter)
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
    for pair in pipes:
        for descriptor in (*pair[0], *pair[1]):
            os.close(descriptor)
    return cost


def _forked(begin: Callable[[int], Work], who: int, pipe: tuple[tuple[int, int], tuple[int, int]]) -> int:
    child = os.fork()
    if child:
        return child
    (_, tell), (wait, _) = pipe
    try:
        work = begin(who)
        os.write(tell, b"x")
        os.read(wait, 1)
        work()
        os.write(tell, b"x")
    except BaseException:  # noqa: BLE001 - nothing of a child may go on in its parent
        os.write(tell, b"xx")  # who waits must not wait for ever
        os._exit(1)
    os._exit(0)


def _numbers(turn: int, who: int) -> list[list[int]]:
    """Return the prompts of each transaction of one writer; the last is done before the clock runs."""
    start = 100_000 + (turn * WRITERS + who) * 1_000
    return [list(range(start + at * TOGETHER, start + (at + 1) * TOGETHER)) for at in range(TRANSACTIONS + 1)]


def _name(who: int, number: int) -> str:
    return f"team{who}/writer{number % TOGETHER}"


def _each(commit: Callable[[Any], object], steps: list[Any]) -> None:
    for step in steps:
        commit(step)


def _ours(path: Path, durability: Any, turn: int, who: int) -> Work:
    store = Store(path, durability=durability)
    steps = [[(_name(who, number), prompt_of(number)) for number in numbers] for numbers in _numbers(turn, who)]

    def commit(step: list[tuple[str, Any]]) -> None:
        with store.transaction("Twenty rules") as transaction:
            for name, prompt in step:
                transaction.save(name, prompt)

    commit(steps.pop())
    return partial(_each, commit, steps)


def _floor(path: Path, turn: int, who: int) -> Work:
    repository = pygit2.Repository(str(path))
    steps = [
        [(_name(who, number), codec.write(prompt_of(number))) for number in numbers] for numbers in _numbers(turn, who)
    ]
    chance = Random(who)

    def commit(step: list[tuple[str, bytes]]) -> None:
        blobs = {name.partition("/")[2]: repository.create_blob(data) for name, data in step}
        while not _swapped(repository, f"team{who}", blobs):
            sleep(chance.random() * 0.004)

    commit(steps.pop())
    return partial(_each, commit, steps)


def _swapped(repository: pygit2.Repository, above: str, blobs: dict[str, Any]) -> bool:
    """Commit on top of the tip that is read now; False when another was quicker or holds the lock."""
    tip = repository.references[BRANCH].target
    commit: Any = repository[tip]
    root = repository.TreeBuilder(commit.tree)
    below = repository.TreeBuilder(commit.tree / above) if above in commit.tree else repository.TreeBuilder()
    for name, blob in blobs.items():
        below.insert(f"{name}.prompty", blob, pygit2.enums.FileMode.BLOB)
    root.insert(above, below.write(), pygit2.enums.FileMode.TREE)
    signature = pygit2.Signature("Ann", "ann@example.com", TIME[0], 0)
    try:
        repository.create_commit(BRANCH, signature, signature, "Twenty rules", root.write(), [tip])
    except (pygit2.GitError, OSError):  # what pygit2 says of a lock that another holds is an OSError
        return False
    return True
