"""Clones of one remote that save and sync in any order, and everything that was acknowledged by any of them."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from promptlib import Prompt, Store, system, user
from promptlib.errors import GitFailed, NotFound, NumberMoved, RemoteRefused, RemoteUnreachable, Superseded
from tests.serving import published, web, wire
from tests.store.lines import git, tip

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from promptlib.merge import NameConflict
    from tests.serving import Wire

PARTS = 4
CUTTING = (RemoteUnreachable, RemoteRefused, GitFailed)


@dataclass
class Fleet:
    """Stores that are synced with one remote over a wire that can be cut."""

    folder: Path
    random: Random
    line: Wire
    hub: Path
    #: Where the clones reach the remote.
    address: str
    stores: list[Store] = field(default_factory=list)
    #: name and digest of all that a save has returned.
    acknowledged: set[tuple[str, str]] = field(default_factory=set)
    #: What the remote has told of numbers: name and number -> digest.
    published: dict[tuple[str, int], str] = field(default_factory=dict)
    tries: int = 0
    merges: int = 0
    decided: int = 0
    cut: int = 0
    saves: int = 0

    def add(self, *, bare: bool = True) -> Store:
        """Add a clone of the remote."""
        place = self.folder / f"clone{len(self.stores)}"
        git(self.folder, "clone", "-q", *(("--bare",) if bare else ()), str(self.hub), str(place))
        git(place, "config", "user.name", f"Writer {len(self.stores)}")
        git(place, "config", "user.email", f"w{len(self.stores)}@example.com")
        git(place, "remote", "set-url", "origin", self.address)
        store = Store(place)
        self.stores.append(store)
        return store

    def save(self, store: Store, name: str) -> None:
        """Change a part of a prompt, its description or all of it; a new one is made."""
        word = f"{self.random.randrange(10**9):x}"
        try:
            before: Prompt[Any] | None = store.load(f"{name}@latest")
        except NotFound:
            before = None
        if before is None:
            made = Prompt.define(
                *(system(f"Part {at} of {name}.") for at in range(PARTS)), user("Go."), description=word
            )
        elif self.random.random() < 0.2:
            made = before.evolve(description=f"Now {word}")
        else:
            at = self.random.randrange(PARTS)
            pieces = list(before.messages)
            pieces[at] = system(f"Part {at} of {name}, {word}.")
            made = before.evolve(messages=pieces)
        try:
            saved = store.save(name, made)
        except Superseded:
            return
        self.saves += 1
        self.acknowledged.add((name, saved.digest))
        if self.random.random() < 0.2:
            store.label(name, self.random.choice(("production", "staging")), saved)

    def decide(self, conflict: NameConflict) -> Any:
        """Decide by chance, in every way that there is."""
        self.decided += 1
        side = self.random.choice(("ours", "theirs"))
        if conflict.kind != "prompt" or self.random.random() < 0.5:
            return side
        return {each.field: self.random.choice(("ours", "theirs")) for each in conflict.fields}

    def sync(self, store: Store, *, cut: bool = False) -> bool:
        """Sync, or be cut off; tell whether it ended. What was published before keeps its numbers."""
        if cut:
            self.line.cut_after(self.random.randrange(1500), self.random.choice(("up", "down")))
        try:
            result = store.sync(resolve=self.decide)
        except CUTTING:
            assert self.line.cuts > self.cut, "nothing was cut, and it failed"
            return False
        finally:
            self.cut = self.line.cuts
            self.line.mend()
        self.tries += result.tries
        self.merges += bool(result.commit)
        self.look(store)
        return True

    def look(self, store: Store) -> None:
        """Hold what the numbers say now against what they said when they were published."""
        for name in store.names():
            for version in store.history(name):
                if version.provisional or version.number is None:
                    continue
                known = self.published.setdefault((name, version.number), version.digest)
                assert known == version.digest, f"{version} was {known}"

    def check(self) -> None:
        """All clones are equal, and nothing that was acknowledged is missing; plain git has no complaint."""
        for _ in range(2):
            for store in self.stores:
                assert self.sync(store)
        there = git(self.hub, "rev-parse", "main").strip()
        assert {tip(store) for store in self.stores} == {there}
        for store in self.stores:
            with Store(store.path) as fresh:
                found = {(name, each.digest) for name in fresh.names() for each in fresh.history(name)}
                assert self.acknowledged <= found
                assert fresh.fsck().ok
                self.refs_hold(fresh)
        assert (
            subprocess.run(["git", "fsck", "--strict"], cwd=self.hub, check=False, capture_output=True).returncode == 0
        )

    def refs_hold(self, store: Store) -> None:
        """`name@vN#digest` is the content of that digest, or refused; no file holds a bare number."""
        for name in store.names():
            versions = store.history(name)
            for version in versions[:3]:
                assert store.load(version.ref).digest == version.digest
                other = next((each for each in versions if each.digest != version.digest), None)
                if other is not None:
                    with_other = f"{name}@v{version.number}#{other.short}"
                    with suppress(NumberMoved):
                        assert store.load(with_other).digest == other.digest
        found = subprocess.run(
            ["git", "grep", "-I", "-E", "@v[0-9]", "HEAD"], cwd=store.path, check=False, capture_output=True
        )
        assert (found.returncode, found.stdout) == (1, b"")


@contextmanager
def fleet(folder: Path, seed: int) -> Iterator[Fleet]:
    """A remote behind a wire, with a first commit."""
    hub = published(folder, "hub.git")
    with (
        web(folder) as server,
        wire(server.server_port) as line,
        launched(folder, seed, line, hub, f"http://127.0.0.1:{line.port}/hub.git") as found,
    ):
        yield found


@contextmanager
def launched(folder: Path, seed: int, line: Wire, hub: Path, address: str) -> Iterator[Fleet]:
    """A fleet of the remote *hub*, which is reached at *address* over *line*."""
    with Store.init(folder / "first.git", bare=True) as first:
        git(first.path, "push", "-q", str(hub), "main")
    found = Fleet(folder, Random(seed), line, hub, address)
    try:
        yield found
    finally:
        for store in found.stores:
            store.close()


def cruise(found: Fleet, *, clones: int, saves: int, names: int, cuts: int, bare: bool = True) -> None:
    """Let *clones* save so often on shared *names*, syncing in between at random, *cuts* times over a cut wire."""
    for _ in range(clones):
        found.add(bare=bare)
    turns = [at for at in range(clones) for _ in range(saves)]
    found.random.shuffle(turns)
    cut_at = set(found.random.sample(range(len(turns) - 1), cuts))
    waiting = 0
    for turn, at in enumerate(turns):
        store = found.stores[at]
        found.save(store, f"shared/p{found.random.randrange(names)}")
        waiting += turn in cut_at
        if waiting or found.random.random() < 0.2:
            # A wire that was to be cut behind the last byte is still whole: the next one is cut.
            before = found.line.cuts
            found.sync(store, cut=waiting > 0)
            waiting -= min(waiting, found.line.cuts - before)
    found.check()


def sail_at_once(found: Fleet, *, clones: int, saves: int, names: int) -> None:
    """Let *clones* save and sync all at once, each in a thread of its own."""
    stores = [found.add() for _ in range(clones)]

    def sail(store: Store) -> None:
        for turn in range(saves):
            found.save(store, f"shared/p{found.random.randrange(names)}")
            if turn % 3 == 2:
                found.sync(store)

    with ThreadPoolExecutor(clones) as threads:
        for done in [threads.submit(sail, store) for store in stores]:
            done.result()
    found.check()
