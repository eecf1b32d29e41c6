"""Published numbers hold while the published tip is the first parent; and where it was not, no ref lies."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING

import pytest

from promptlib import Store
from promptlib.errors import NumberMoved, Superseded
from tests.serving import published
from tests.store.lines import git, text, tip

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("a", "b", "team/c")
FILE = ("file",)


class Town:
    """A remote and two stores; what was ever published, by name and number."""

    def __init__(self, folder: Path, seed: int) -> None:
        """Begin with one commit."""
        self.random = Random(seed)
        self.hub = published(folder, "hub.git")
        with Store.init(folder / "one.git", bare=True, durability="none") as one:
            git(one.path, "push", "-q", str(self.hub), "main")
        git(folder, "clone", "-q", "--bare", str(self.hub), "two.git")
        for name in ("one.git", "two.git"):
            git(folder / name, "config", "remote.origin.url", str(self.hub))
        self.stores = [Store(folder / name, durability="none") for name in ("one.git", "two.git")]
        self.numbers: dict[tuple[str, int], str] = {}
        #: Every ref with number and digest that was ever told, published or not.
        self.refs: dict[str, str] = {}
        self.words = 0

    def close(self) -> None:
        """Close the stores."""
        for store in self.stores:
            store.close()

    def save(self, store: Store) -> None:
        """Save a new text, or an old one again."""
        self.words += 1
        name = self.random.choice(NAMES)
        with suppress(Superseded):
            store.save(name, text(f"Text {self.random.randrange(self.words)} of {name}."))
        self.tell(store)

    def rename(self, store: Store) -> None:
        """Give a name another one, and back: numbers count on."""
        name = self.random.choice([each for each in store.names() if each in NAMES] or [""])
        if name:
            store.rename(name, f"{name}-x")
            store.rename(f"{name}-x", name)
            self.tell(store)

    def forge(self, store: Store) -> None:
        """Merge a branch as a forge does: the published line first."""
        older = git(store.path, "rev-list", "--first-parent", "--max-count=2", "HEAD").split()
        git(store.path, "branch", "-f", "feature", self.random.choice(older))
        git(store.path, "symbolic-ref", "HEAD", "refs/heads/feature")
        for _ in range(self.random.randrange(1, 3)):
            self.save(store)
        git(store.path, "symbolic-ref", "HEAD", "refs/heads/main")
        store.merge("feature", resolve=lambda _: self.random.choice(("ours", "theirs")))

    def sync(self, store: Store) -> None:
        """Sync, and hold the numbers against what was published before."""
        store.sync(resolve=lambda _: self.random.choice(("ours", "theirs")), allow=FILE)
        self.publish(store)

    def publish(self, store: Store, *, holds: bool = True) -> None:
        """Note what is published, and where it *holds* compare it with what was before."""
        with Store(store.path) as fresh:
            for name in fresh.names():
                for version in fresh.history(name):
                    assert not version.provisional
                    known = self.numbers.setdefault((name, version.number or 0), version.digest)
                    assert known == version.digest or not holds, f"{version} was {known} when it was published"
        self.tell(store)

    def tell(self, store: Store) -> None:
        """Note the refs that a user could have written down."""
        for name in store.names():
            for version in store.history(name)[-2:]:
                self.refs[version.ref] = version.digest

    def check_refs(self, store: Store) -> int:
        """No ref returns other content than it names; return how many are refused."""
        refused = 0
        for ref, digest in self.refs.items():
            try:
                assert store.load(ref).digest == digest
            except LookupError:
                refused += 1  # the name is another now, or it has not so many versions
            except NumberMoved:
                refused += 1
        return refused


def test_numbers_hold(tmp_path: Path) -> None:
    """Commits, branches that go forward, merges of a forge, syncs of two stores: nothing published moves."""
    hold(tmp_path, 0, turns=40)


@pytest.mark.soak
def test_numbers_hold_for_long(tmp_path: Path, seed: int) -> None:
    for turn in range(10):
        folder = tmp_path / f"{turn}"
        folder.mkdir()
        hold(folder, seed * 100 + turn, turns=150)


def hold(folder: Path, seed: int, *, turns: int) -> None:
    town = Town(folder, seed)
    acts = [town.save, town.save, town.save, town.rename, town.forge, town.sync]
    for _ in range(turns):
        town.random.choice(acts)(town.random.choice(town.stores))
    for store in town.stores:
        town.sync(store)
    assert len(town.numbers) > turns // 8
    for store in town.stores:
        town.check_refs(store)
    town.close()


def test_merges_from_the_other_side(tmp_path: Path) -> None:
    """After a plain pull the published line comes second: numbers move, and a ref with its digest is refused then."""
    town = Town(tmp_path, 5)
    one, two = town.stores
    for _ in range(3):
        for _ in range(3):
            town.save(one)
        one.sync(allow=FILE)
        town.publish(one, holds=False)
        town.save(two)
        town.save(two)
        git(two.path, "fetch", "-q", "origin", "+main:refs/remotes/origin/main")
        two.merge("origin/main", resolve="ours")
        town.tell(two)
        git(two.path, "push", "-q", str(town.hub), "main")
        one.sync(allow=FILE)
    assert tip(one) == tip(two)
    moved = [ref for (name, number), digest in town.numbers.items() if (ref := _moved(one, name, number, digest))]
    assert moved, "no number has moved: the history is not the one that was meant"
    assert town.check_refs(one) >= 1
    town.close()


def _moved(store: Store, name: str, number: int, digest: str) -> str:
    """Return the ref whose number belongs to other content now, which must be refused; or an empty text."""
    ref = f"{name}@v{number}#{digest.removeprefix('sha256:')[:12]}"
    if store.version(f"{name}@v{number}").digest == digest:
        assert store.load(ref).digest == digest
        return ""
    with pytest.raises(NumberMoved):
        store.load(ref)
    return ref
