"""One verb, struck at its n-th operation: what was acknowledged against what is there, read by plain git."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from promptlib import Prompt, Store, system
from promptlib.errors import Conflict, NotAStore, NotFound, PromptLibError, SaveRefused
from promptlib.store.remembering import MEMORY
from tests.faults.kinds import MODES, Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.faults.kinds import Mode, Shot
    from tests.faults.shim import Shim

#: What no failing disk is a reason to say: that something is not there, or somebody else's doing.
FALSE = (NotFound, NotAStore, Conflict, SaveRefused)
#: What can leave something half done. All of these are struck, the others now and then.
CHANGING = {
    *("write", "os.write", "replace", "rename", "link", "unlink", "fsync", "flock", "start"),
    *("sqlite3 COMMIT", "write pipe", "read pipe"),
}
SECONDS = 60  # an operation that takes longer hangs


def prompt(text: str) -> Prompt[Any]:
    """Return a prompt of one system message."""
    return Prompt(messages=(system(text),))


def git(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    """Run plain git as a user does."""
    done = subprocess.run(["git", *arguments], cwd=folder, input=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def line(folder: Path) -> list[Made]:
    """Return what HEAD reaches, oldest first; plain git tells it."""
    command = ["git", "log", "--reverse", "--format=%H|%P|%T"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        assert "does not have any commits yet" in done.stderr, done.stderr
    return [Made(*row.split("|")) for row in done.stdout.splitlines()]


class Made(NamedTuple):
    """A commit, the one before it, and its tree."""

    commit: str
    parent: str
    tree: str


@dataclass(frozen=True, slots=True)
class Verb:
    """What is struck: an act on a store that lies in a copy of *start*.

    `writes` says that a return acknowledges something; `warm` makes a store that has long-lived children and caches;
    `tells` whether what was returned says itself that files are missing in it, as it may where none may be opened.
    """

    name: str
    start: Path
    act: Callable[[Store], Any]
    writes: bool = True
    warm: bool = False
    refused: type[PromptLibError] | None = None
    tells: Callable[[Any], bool] | None = None
    open: Callable[[Path], Store] = Store


@dataclass(slots=True)
class Golden:
    """What the verb does when nothing fails."""

    before: list[Made] = field(default_factory=list)
    after: list[Made] = field(default_factory=list)
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    #: What a store shows, by how many commits there are.
    seen: dict[int, Any] = field(default_factory=dict)
    value: Any = None
    log: list[str] = field(default_factory=list)
    state: Any = None


def files_of(folder: Path, tree: str) -> dict[str, bytes]:
    """Return path and content of every file of *tree*."""
    paths = git(folder, "ls-tree", "-r", "--name-only", tree).decode().split("\n")[:-1]
    return {path: git(folder, "cat-file", "blob", f"{tree}:{path}") for path in paths}


def seen(store: Store) -> dict[str, Any]:
    """Return everything that *store* shows of its prompts."""
    names = store.names()
    shown: dict[str, Any] = {name: store.load(name).messages for name in names}
    for name in names:
        shown[f"history of {name}"] = (
            [(each.number, each.digest) for each in store.history(name)] if numbered(store, name) else []
        )
        for label, version in store.labels(name).items():
            shown[f"{name}@{label}"] = (store.load(f"{name}@{label}").messages, version.number)
    return shown


def numbered(store: Store, name: str) -> bool:
    """Tell whether a commit holds *name*: a file on disk may have no version yet."""
    return name in {each for _, names in store.commits() for each in names}


def work(folder: Path) -> tuple[bytes, ...]:
    """Return how the user's work tree stands; nothing for a bare repository."""
    if not (folder / ".git").exists():
        return ()
    return (
        git(folder, "status", "--porcelain", "-z", "-uall"),
        git(folder, "diff", "--no-ext-diff"),
        git(folder, "ls-files", "--stage", "-z"),
    )


def open_files() -> Counter[str]:
    """Return what the descriptors of this process are open on: each file's path, each pipe's number."""
    found: Counter[str] = Counter()
    for descriptor in os.listdir("/proc/self/fd"):  # noqa: PTH208 - it is open while they are told
        with suppress(OSError):  # that of the folder itself, which is closed by now
            found[os.readlink(f"/proc/self/fd/{descriptor}")] += 1  # noqa: PTH115 - as the system tells it
    return found


def forget() -> None:
    """Empty the cache of prompts that all stores of a process share."""
    MEMORY._kept.clear()
    MEMORY._size = 0


@contextmanager
def no_longer_than(seconds: int, shot: Shot) -> Iterator[None]:
    """Fail instead of hanging."""

    def late(*_: object) -> None:
        raise AssertionError(f"it hangs after {shot.failed or shot.log[-3:]}")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def kind_of(what: str) -> str:
    """Return of which kind an operation is, from how it is logged."""
    word, _, rest = what.partition(" ")
    verb, _, _ = rest.partition(" ")
    if rest.startswith("pipe:"):
        return f"{word.removeprefix('os.')} pipe"
    return f"sqlite3 {verb}" if word == "sqlite3" else word


def is_told(error: BaseException) -> bool:
    """Tell whether *error* says something, and no reason was lost on the way."""
    text = str(error)
    return isinstance(error, PromptLibError) and bool(text.strip()) and "None" not in text


@contextmanager
def noted(shot: Shot) -> Iterator[None]:
    """Let what fails inside say what was made to fail before."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"after {shot.failed[:5]} of {shot.count} operations")
        raise


class Sweep:
    """All positions of one verb."""

    def __init__(self, verb: Verb, folder: Path, shim: Shim) -> None:
        """Work in *folder*, which *shim* sees."""
        self.verb = verb
        self._folder = folder
        self._shim = shim
        self._number = count()
        self.strikes = 0
        self.faults = 0
        self.acknowledged = 0
        self.golden = self._golden()

    def _golden(self) -> Golden:
        """Do it once without a fault."""
        golden = Golden()
        with self._opened() as (_, path):
            golden.before = line(path)
            golden.state = work(path)
            golden.seen[len(golden.before)] = self._seen(path)
        # What was looked at is known to the process and to the index: the verb begins in a copy of its own.
        with self._opened() as (store, path):
            with self._shim.armed() as shot:
                try:
                    golden.value = self.verb.act(store)
                except PromptLibError as error:
                    if not isinstance(error, self.verb.refused or ()):
                        raise
            golden.log = shot.log
            golden.after = line(path)
            golden.seen[len(golden.after)] = self._seen(path)
            golden.files = {made.tree: files_of(path, made.tree) for made in golden.after}
        return golden

    def _seen(self, path: Path) -> dict[str, Any]:
        with Store(path) as fresh:
            return seen(fresh)

    @contextmanager
    def _opened(self) -> Iterator[tuple[Store, Path]]:
        """Yield a store in a copy of the start, in a folder of its own."""
        path = self._folder / f"{next(self._number)}" / self.verb.start.name
        shutil.copytree(self.verb.start, path, symlinks=True)
        forget()
        store = self.verb.open(path)
        try:
            if self.verb.warm:
                store.save("warm", prompt("Warm."))
                for name in store.names():
                    store.history(name)
            yield store, path
        finally:
            store.close()
            shutil.rmtree(path.parent)

    def strike(self, at: int, *, turn: int = 0, mode: Mode = "once") -> Shot:
        """Let operation *at* fail and look at everything; `failed` is empty when there is no such operation."""
        before = open_files()
        with self._opened() as (store, path):
            error: BaseException | None = None
            value: Any = None
            with self._shim.armed(at, turn=turn, mode=mode) as shot, no_longer_than(SECONDS, shot):
                try:
                    value = self.verb.act(store)
                except (PromptLibError, Interrupted) as raised:
                    error = raised.with_traceback(None)
            self.strikes += 1
            self.faults += len(shot.failed)
            self.acknowledged += error is None and bool(shot.failed)
            with noted(shot):
                self._judge(shot, value, error)
                now = line(path)
                self._history(path, now, acknowledged=error is None and self.verb.writes)
                self._disk(path, shot, now, error)
                self._next(store, path, now, shot)
        del store, error, value
        self._nothing_left(before)
        return shot

    def _judge(self, shot: Shot, value: Any, error: BaseException | None) -> None:
        """It returned the right thing, or said plainly what went wrong."""
        if isinstance(error, Interrupted):
            assert shot.interrupted
        elif error is None:
            assert not self.verb.refused
            if not self.verb.writes and not (shot.forbidden and self.verb.tells and self.verb.tells(value)):
                assert value == self.golden.value
        elif not isinstance(error, self.verb.refused or ()):
            assert shot.failed, error
            assert is_told(error), error
            assert not isinstance(error, FALSE), error

    def _history(self, path: Path, now: list[Made], *, acknowledged: bool) -> None:
        """The branch is at the old tip or at the whole new commit, on top of all that was there."""
        golden = self.golden
        assert now == golden.after[: len(now)]
        assert len(now) in {len(golden.before), len(golden.after)}
        if acknowledged:
            assert now == golden.after, "acknowledged, and not there"
        self._texts(path, now)

    def _texts(self, path: Path, now: list[Made]) -> None:
        """Every file of every commit can be read, and is what was saved."""
        wanted = [(each.commit, name, data) for each in now for name, data in self.golden.files[each.tree].items()]
        asked = "".join(f"{commit}:{name}\n" for commit, name, _ in wanted).encode()
        told = git(path, "cat-file", "--batch", given=asked)
        at = 0
        for commit, name, data in wanted:
            header = told[at : told.index(b"\n", at)].split()
            assert header[1:] == [b"blob", str(len(data)).encode()], (commit, name, header)
            at = told.index(b"\n", at) + 1
            assert told[at : at + len(data)] == data, (commit, name)
            at += len(data) + 1

    def _disk(self, path: Path, shot: Shot, now: list[Made], error: BaseException | None) -> None:
        """What failed has left the user's work tree as it was, if that could still be written."""
        if error is not None and shot.mode == "once" and now == self.golden.before:
            assert work(path) == self.golden.state

    def _next(self, store: Store, path: Path, now: list[Made], shot: Shot) -> None:
        """The very next operations work, on this store and on a fresh one, and see the one state or the other."""
        if shot.mode == "once" or not self.golden.state:  # a work tree whose disk was gone keeps the file half saved
            assert seen(store) == self.golden.seen[len(now)]
        if self.verb.writes and not self.verb.refused and now == self.golden.before:
            self.verb.act(store)
            now = self.golden.after
        saved = store.save("next", prompt("Next."))
        assert store.load("next").messages == prompt("Next.").messages
        forget()
        with Store(path) as fresh:
            wanted = self.golden.seen[len(now)]
            assert {**wanted, **seen(fresh)} == seen(fresh)
            assert fresh.load("next").digest == saved.digest
            assert fresh.save("next", prompt("Fresh.")).number == 2
        assert store.load("next").messages == prompt("Fresh.").messages
        then = line(path)
        assert then[:-2] == now
        assert then[-2].commit == saved.commit

    def _nothing_left(self, before: Counter[str]) -> None:
        """No descriptor stays open and no process stays behind; what the test's process closes meanwhile is its own."""
        for process in self._shim.processes:
            assert process.returncode is not None, process.args
        assert open_files() - before == Counter()

    def run(self, *, step: int, seed: int) -> int:
        """Strike each *step*-th look, and four times as much of what changes; return how many operations there are.

        Those of a kind fail in all their ways in turn, beginning where *seed* says.
        """
        counted: Counter[str] = Counter()
        for at, what in enumerate(self.golden.log, 1):
            kind = kind_of(what)
            every = max(1, step // 4) if kind in CHANGING else step
            turn, left = divmod(counted[kind] + seed, every)
            counted[kind] += 1
            if left == 0:
                self._told(at, turn, MODES[(turn // 2 + seed) % len(MODES)])
        return self._past_the_end(len(self.golden.log) + 1)

    def run_all(self) -> int:
        """Strike every operation in all its ways and modes; return how many operations there are."""
        for at in range(1, len(self.golden.log) + 1):
            for mode in MODES:
                shot = self._told(at, 0, mode)
                for turn in range(1, shot.choices):
                    self._told(at, turn, mode)
        return self._past_the_end(len(self.golden.log) + 1)

    def _past_the_end(self, at: int) -> int:
        """Go on until nothing is left to fail: how often a pipe is read differs from run to run."""
        while (shot := self._told(at, at, "once")).failed:
            at += 1
        return shot.count

    def _told(self, at: int, turn: int, mode: Mode) -> Shot:
        try:
            return self.strike(at, turn=turn, mode=mode)
        except BaseException as error:
            error.add_note(f"to see it again: Sweep({self.verb.name}).strike({at}, turn={turn}, mode={mode!r})")
            raise
