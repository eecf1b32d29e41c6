"""Loading and saving in a bare store, against pygit2 doing the least that must be done."""

from __future__ import annotations

import os
import tempfile
from itertools import cycle
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pygit2

from promptlib import Prompt, Store, codec, system, user
from promptlib.store.replaying import Replayed

from .bench_starting import Triage
from .measure import Figure, figure, paired

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

NAMES = 100
FIRST_LOADS = 1_500
SAVES = 300
FEW, MANY = 100, 10_000
TIME = (1_700_000_000, "+0000")


def figures() -> Iterator[Figure]:
    """Yield what this module measures."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _loads(Path(folder))
        yield from _growth(Path(folder))
        yield from _saves(Path(folder))


def text(number: int) -> str:
    """Return the text of a prompt, of the usual length."""
    rules = (f"- Rule {number}.{line}: look at customer, product and time before you answer." for line in range(15))
    return "\n".join([f"You sort support tickets by rule {number}. Answer in a {{{{ tone }}}} voice.", *rules])


def prompt_of(number: int) -> Prompt[Triage]:
    """Return a prompt that no other number gives."""
    return Prompt.define(Triage, system(text(number)), user("{{ ticket }}"), description=f"Rule {number}")


def filled(path: Path, versions: int, names: int = NAMES) -> Store:
    """Return a new store with so many versions, spread evenly over *names*."""
    store = Store.init(path, bare=True, durability="none")
    files = (
        Replayed({_name(at % names): codec.write(prompt_of(at))}, f"Rule {at}", "Ann", "ann@example.com", TIME)
        for at in range(versions)
    )
    store.replay(files, lambda _: None)
    return store


def _name(number: int) -> str:
    return f"team{number % 8}/task{number}"


def _labelled(store: Store, numbers: Sequence[int]) -> list[str]:
    with store.transaction("Label") as transaction:
        for number in numbers:
            transaction.label(_name(number), "production", "latest")
    return [f"{_name(number)}@production" for number in numbers]


def _loads(folder: Path) -> Iterator[Figure]:
    store = filled(folder / "loads.git", FIRST_LOADS, FIRST_LOADS)
    refs = _labelled(store, range(FIRST_LOADS))
    raw = _raw_reads(store.path)
    floor = "pygit2 raw read"
    few = _warm(store, refs[:NAMES])
    yield figure("load by label, digest in the process", floor, 2, paired(lambda: store.load(next(few)), raw))
    some = _warm(store, [f"{_name(number)}@v1" for number in range(NAMES)])
    yield figure("load by number, digest in the process", floor, 2, paired(lambda: store.load(next(some)), raw))
    fresh = iter(refs[NAMES:])
    ratios = paired(lambda: [store.load(next(fresh)) for _ in range(10)], lambda: [raw() for _ in range(10)])
    yield figure("load by label, first of a version", floor, 5, ratios)
    store.close()


def _warm(store: Store, refs: list[str]) -> cycle[str]:
    for ref in refs:
        store.load(ref)
    return cycle(refs)


def _raw_reads(path: Path) -> Callable[[], object]:
    repository = pygit2.Repository(str(path))
    folder: Any = repository.revparse_single("main:.labels/production")
    blobs = cycle([entry.id for below in folder for entry in below][:NAMES])
    return lambda: repository.read(next(blobs))


def _growth(folder: Path) -> Iterator[Figure]:
    small = filled(folder / "small.git", FEW, 10)
    large = filled(folder / "large.git", MANY, 1_000)
    ref = _labelled(small, [1])[0]
    _labelled(large, [1])
    for which in (ref, f"{_name(1)}@v1", _name(1)):
        ratios = paired(lambda which=which: large.load(which), lambda which=which: small.load(which))  # type: ignore[misc] # a default binds the name now
        yield figure(f"load {which} among {MANY:,} versions", f"among {FEW}", 1.2, ratios)
    small.close()
    large.close()


def _saves(folder: Path) -> Iterator[Figure]:
    floor = _pygit2_saves(folder / "floor.git")
    journal = os.open(folder / "journal", os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def append() -> None:
        os.write(journal, b"x" * 1024)
        os.fsync(journal)

    for durability, what, reach, words in (
        ("none", floor, 4, "pygit2 blob + tree + commit + ref"),
        ("batch", append, 8, "fsync'd append of 1 KB"),
    ):
        store = filled(folder / f"{durability}.git", 1_000)
        store.graph()  # warm: every version is described
        store.close()
        store = Store(store.path, durability=durability)  # type: ignore[arg-type] # the two words of the table
        save = _saving(store)
        yield figure(f"save, bare, durability {durability}", words, reach, paired(save, what, clock=perf_counter))
        store.close()
    os.close(journal)


def _saving(store: Store) -> Callable[[], object]:
    prompts = ((_name(at % NAMES), prompt_of(at)) for at in range(MANY, MANY + SAVES))
    ready = iter(list(prompts))
    return lambda: store.save(*next(ready), message="A new rule")


def _pygit2_saves(path: Path) -> Callable[[], object]:
    filled(path, 1_000).close()
    repository = pygit2.Repository(str(path))
    files = iter([(_name(at % NAMES), codec.write(prompt_of(at))) for at in range(MANY, MANY + 8 * SAVES)])
    signature = pygit2.Signature("Ann", "ann@example.com", TIME[0], 0)

    def save() -> None:
        name, data = next(files)
        tip = repository.references["refs/heads/main"].target
        commit: Any = repository[tip]
        above, _, last = name.partition("/")
        below = repository.TreeBuilder(commit.tree / above)
        below.insert(f"{last}.prompty", repository.create_blob(data), pygit2.enums.FileMode.BLOB)
        root = repository.TreeBuilder(commit.tree)
        root.insert(above, below.write(), pygit2.enums.FileMode.TREE)
        repository.create_commit("refs/heads/main", signature, signature, "A new rule", root.write(), [tip])

    return save
