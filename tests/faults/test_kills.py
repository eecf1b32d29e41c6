"""`kill -9` at any moment of a write: what was acknowledged is there, and the next save needs no hands."""

from __future__ import annotations

import sys
from functools import partial
from itertools import islice
from random import Random
from typing import TYPE_CHECKING

import pytest

from promptlib import Store
from promptlib.errors import Busy
from tests.faults.killing import Deed, Nursery, assert_is, deeds, git, line_since, picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.faults.killing import Dying, Victim

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="victims are forked, and their gits adopted")

# The time that a few saves take: a victim never rests, so every moment is one of a write.
A_FEW_SAVES = {"bare": 0.03, "tree": 0.15}


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """What forks the victims."""
    with Nursery() as one:
        yield one


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """An empty bare store."""
    Store.init(tmp_path / "prompts.git", bare=True).close()
    return tmp_path / "prompts.git"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An empty store in an application's repository."""
    path = tmp_path / "app"
    git(tmp_path, "init", "-q", "-b", "main", "app")
    git(path, "config", "user.name", "Uma")
    git(path, "config", "user.email", "uma@example.com")
    Store.init(path).close()
    return path


def die(nursery: Nursery, path: Path, seed: int, chance: Random) -> Victim:
    """Let a victim write until a random moment, and return it when it is dead."""
    victim = nursery.fork(path, seed, durability=chance.choice(("batch", "each", "none")))
    home = "tree" if (path / ".git").exists() else "bare"
    dying: Dying = chance.choice(("process", "group"))
    victim.kill(dying, after=chance.randrange(5), seconds=chance.random() * A_FEW_SAVES[home])
    return victim


def assert_nothing_is_lost(path: Path, victim: Victim, old: str, own: Deed, root: str = "") -> None:
    """The history since *old* is what *victim* was acknowledged, perhaps the write it was in, whole, and *own*."""
    commits = line_since(path, old)
    begun = len(commits) - 1
    assert begun in {victim.acknowledged, victim.acknowledged + 1}
    assert_is(path, commits, [*islice(deeds(victim.seed), begun), own], root)


def survivor(seed: int) -> Deed:
    """Return what is saved after the death of the victim of *seed*."""
    return Deed("save", (("after", f"survivor of {seed}."),))


# --- bare stores ------------------------------------------------------------------------------------------------------


def go_on_in_a_bare_store(path: Path, victim: Victim, old: str) -> None:
    """Save at once, by hands of nobody, and compare."""
    own = survivor(victim.seed)
    with Store(path) as fresh:
        own.do(fresh)
    assert_nothing_is_lost(path, victim, old, own)
    victim.rest()


def kills_in_a_bare_store(nursery: Nursery, path: Path, seeds: range) -> None:
    chance = Random(seeds.start)
    for seed in seeds:
        old = git(path, "rev-parse", "HEAD").strip()
        go_on_in_a_bare_store(path, die(nursery, path, seed, chance), old)
    assert git(path, "fsck", "--strict", "--no-dangling") == ""


@pytest.mark.parametrize("start", [100, 200, 300, 400])
def test_kills_in_a_bare_store(nursery: Nursery, bare: Path, start: int) -> None:
    """Fifteen kills: the Python process alone, or its gits with it, whose locks stay where they fell."""
    kills_in_a_bare_store(nursery, bare, range(start, start + 15))


@pytest.mark.soak
def test_many_kills_in_a_bare_store(nursery: Nursery, bare: Path, seed: int) -> None:
    """The same, five hundred times."""
    kills_in_a_bare_store(nursery, bare, range(seed + 1_000, seed + 1_500))


def deaths_at_file_operations(nursery: Nursery, path: Path, numbers: range, *, group: bool) -> None:
    for number in numbers:
        old = git(path, "rev-parse", "HEAD").strip()
        victim = nursery.fork(path, 10_000 + number, dies_at=number, group=group)
        victim.dead()
        go_on_in_a_bare_store(path, victim, old)
    assert git(path, "fsck", "--strict", "--no-dangling") == ""


@pytest.mark.parametrize(("first", "group"), [(1, True), (2, False)])
def test_deaths_at_every_file_operation(nursery: Nursery, bare: Path, first: int, *, group: bool) -> None:
    """A writer dies when it is about to open, rename, sync or start something: at each of its first 120 operations."""
    deaths_at_file_operations(nursery, bare, range(first, 121, 2), group=group)


@pytest.mark.soak
@pytest.mark.parametrize("group", [True, False])
def test_deaths_at_many_file_operations(nursery: Nursery, bare: Path, *, group: bool) -> None:
    """The same, both ways at each, and further on."""
    deaths_at_file_operations(nursery, bare, range(1, 600), group=group)


# --- work trees -------------------------------------------------------------------------------------------------------


def act_or_be_told(path: Path, act: Callable[[], object]) -> Busy | None:
    """Do *act*; return the error when it is Busy, which has changed nothing."""
    before = picture(path)
    try:
        act()
    except Busy as error:
        assert picture(path) == before
        return error
    return None


def go_on_in_a_work_tree(path: Path, victim: Victim, old: str) -> None:
    """Save; where git's own lock on its index was left, do what the error says first."""
    own = survivor(victim.seed)
    with Store(path) as fresh:
        try:
            own.do(fresh)
        except Busy:
            victim.rest()  # a git that outlived its Python may have been at work
            told = act_or_be_told(path, lambda: own.do(fresh))
            if told is not None:
                lock = path / ".git/index.lock"
                assert "index.lock" in told.what
                assert f"remove {lock} when no git runs" in told.hint
                lock.unlink()
                own.do(fresh)
        else:
            victim.rest()
        assert_nothing_is_lost(path, victim, old, own, "prompts/")
        go_on_with_its_names(path, fresh, next(islice(deeds(victim.seed), victim.acknowledged, None)))


def go_on_with_its_names(path: Path, store: Store, begun: Deed) -> None:
    """A file that the victim had begun to change is somebody's uncommitted edit: it is told, and saved over when gone.

    What the victim had begun lies there as any edit does that nobody has committed.
    """
    for name, text in begun.texts:
        over = Deed(begun.kind, ((name, f"over {text}"),))
        place = f"prompts/{next(iter(over.files))}"
        told = act_or_be_told(path, partial(over.do, store))
        if told is None:
            continue
        if "is edited" in told.what:
            assert f"git restore --staged --worktree {place}" in told.hint
            git(path, "restore", "--staged", "--worktree", place)
        else:
            assert f"{place!r} is there already" in told.what
            assert "move it away" in told.hint
            (path / place).unlink()
        over.do(store)


def kills_in_a_work_tree(nursery: Nursery, path: Path, seeds: range) -> None:
    chance = Random(seeds.start)
    for seed in seeds:
        old = git(path, "rev-parse", "HEAD").strip()
        go_on_in_a_work_tree(path, die(nursery, path, seed, chance), old)
    assert git(path, "fsck", "--strict", "--no-dangling") == ""


@pytest.mark.parametrize("start", [100, 200])
def test_kills_in_a_work_tree(nursery: Nursery, tree: Path, start: int) -> None:
    """Six kills: what git leaves locked there is told with its remedy, and the save after it works."""
    kills_in_a_work_tree(nursery, tree, range(start, start + 6))


@pytest.mark.soak
def test_many_kills_in_a_work_tree(nursery: Nursery, tree: Path, seed: int) -> None:
    """The same, five hundred times."""
    kills_in_a_work_tree(nursery, tree, range(seed + 1_000, seed + 1_500))
