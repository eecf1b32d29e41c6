"""Writers that die at any moment, and what plain git says of the history that they leave.

Run as a program this is the nursery: it forks a victim for every line that it reads, tells what the victim was
acknowledged, and when the victim and every git that it had started are gone.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel

from promptlib import Prompt, Store, system, user

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

NAMES = ("a", "b", "team/c", "team/d")
SUBREAPER = 36
PATIENCE = 60.0

Dying = Literal["process", "group"]


class Question(BaseModel):
    """What the victims' prompts ask for."""

    question: str


@dataclass(frozen=True, slots=True)
class Deed:
    """One write of a victim: which files its one commit changes, and the text that each of them holds."""

    kind: Literal["save", "label", "transaction"]
    texts: tuple[tuple[str, str], ...]

    @property
    def files(self) -> dict[str, str]:
        """Each changed path below the root of the store, with its text."""
        if self.kind == "label":
            return {f".labels/production/{name}.label": text for name, text in self.texts}
        return {f"{name}.prompty": text for name, text in self.texts}

    def do(self, store: Store) -> None:
        """Write it, and return when it is acknowledged."""
        if self.kind == "label":
            ((name, _),) = self.texts
            store.label(name, "production", "latest")
        elif self.kind == "save":
            ((name, text),) = self.texts
            store.save(name, prompt_of(text))
        else:
            with store.transaction("Together") as transaction:
                for name, text in self.texts:
                    transaction.save(name, prompt_of(text))


def prompt_of(text: str) -> Prompt[Question]:
    """Return a prompt whose system message is *text*."""
    return Prompt.define(Question, system(text), user("{{ question }}"))


def deeds(seed: int) -> Iterator[Deed]:
    """Yield what the victim of *seed* does, without end; no two texts of any victims are alike."""
    chance = Random(seed)
    at = 0
    while True:
        at += 1
        if chance.random() < 0.25:
            chosen = sorted(chance.sample(NAMES, 3))
            yield Deed("transaction", tuple((name, f"victim {seed} deed {at} {name}.") for name in chosen))
        else:
            one = (chance.choice(NAMES), f"victim {seed} deed {at}.")
            yield Deed("save", (one,))
            if chance.random() < 0.3:
                yield Deed("label", (one,))


# --- what plain git says ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit, with what it changed."""

    id: str
    parents: tuple[str, ...]
    blobs: dict[str, str]


def git(folder: Path, *words: str, given: str = "") -> str:
    """Run plain git and return what it prints."""
    done = subprocess.run(["git", *words], cwd=folder, input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def line_since(folder: Path, old: str) -> list[Commit]:
    """Return the commits after *old* on the branch, oldest first, which must be a line without gaps that ends there."""
    told = git(folder, "log", "--reverse", "--format=%x01%H %P", "--raw", "--no-abbrev", "-m", f"{old}..HEAD")
    commits = []
    for part in told.split("\x01")[1:]:
        head, *rows = part.splitlines()
        commit, *parents = head.split()
        blobs = {path: row.split()[3] for row, _, path in (row.partition("\t") for row in rows) if path}
        commits.append(Commit(commit, tuple(parents), blobs))
    ids = [old, *(commit.id for commit in commits)]
    assert [commit.parents for commit in commits] == [(parent,) for parent in ids[:-1]]
    assert git(folder, "rev-parse", "HEAD").strip() == ids[-1]
    return commits


def assert_is(folder: Path, commits: Sequence[Commit], written: Sequence[Deed], root: str = "") -> None:
    """Each of *commits* changed just what its deed says, and the files hold its texts."""
    assert [sorted(commit.blobs) for commit in commits] == [
        sorted(root + path for path in one.files) for one in written
    ]
    wanted = [
        (commit.blobs[root + path], text)
        for commit, one in zip(commits, written, strict=True)
        for path, text in one.files.items()
    ]
    assert all(
        text in read for read, (_, text) in zip(contents(folder, [blob for blob, _ in wanted]), wanted, strict=True)
    )


def contents(folder: Path, blobs: Sequence[str]) -> list[str]:
    """Return the text of each of *blobs*."""
    told = git(folder, "cat-file", "--batch", given="".join(f"{blob}\n" for blob in blobs)).encode()
    texts = []
    for blob in blobs:
        head, _, rest = told.partition(b"\n")
        name, kind, size = head.decode().split()
        assert (name, kind) == (blob, "blob")
        texts.append(rest[: int(size)].decode())
        told = rest[int(size) + 1 :]
    return texts


def picture(folder: Path, *but: Path) -> dict[str, bytes]:
    """Return every file that a save which is refused must leave as it was: the user's, the index, refs and reflogs."""
    ours = {folder / ".git/promptlib", folder / ".git/objects", *but}
    found = (path for path in folder.rglob("*") if path.is_file() and not ours.intersection(path.parents))
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


# --- the nursery, as a test holds it ----------------------------------------------------------------------------------


class Nursery:
    """A process with promptlib loaded that forks victims, one at a time."""

    def __init__(self) -> None:
        """Start it."""
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        self._waiting = b""

    def __enter__(self) -> Self:
        """Return itself, to be ended with the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._process.wait(PATIENCE)

    def fork(
        self, path: Path, seed: int, *, durability: str = "batch", dies_at: int = 0, group: bool = False
    ) -> Victim:
        """Start a victim; with *dies_at* it kills itself, or its whole group, at so many file operations."""
        order = {"path": str(path), "seed": seed, "durability": durability, "dies_at": dies_at, "group": group}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        word, number = self._told(PATIENCE)
        assert word == "born"
        return Victim(self._told, number, seed)

    def _told(self, seconds: float) -> tuple[str, int]:
        """Return the next word, or nothing when none came in so many *seconds*."""
        output = self._process.stdout
        assert output is not None
        while b"\n" not in self._waiting:
            if not select.select([output], [], [], seconds)[0]:
                return "", 0
            more = output.read(4096)
            assert more, "the nursery is gone"
            self._waiting += more
        row, _, self._waiting = self._waiting.partition(b"\n")
        word, _, number = row.decode().partition(" ")
        return word, int(number)


class Victim:
    """A writer at work, leader of a process group of its own."""

    def __init__(self, told: Callable[[float], tuple[str, int]], number: int, seed: int) -> None:
        """Take over the process *number*, of which the nursery has *told*."""
        self._told = told
        self.number = number
        self.seed = seed
        self.acknowledged = 0

    def kill(self, dying: Dying, *, after: int, seconds: float) -> None:
        """Kill it *seconds* after so many acknowledgements, and return when it is dead; its gits may yet live."""
        while self.acknowledged < after:
            self._next(PATIENCE)
        # A moment that nothing announces: only the clock can choose it.
        moment = monotonic() + seconds
        while (left := moment - monotonic()) > 0:
            self._next(left)
        (os.killpg if dying == "group" else os.kill)(self.number, signal.SIGKILL)
        self.dead()

    def dead(self) -> None:
        """Return when it is dead; all that it was acknowledged is counted then."""
        while self._next(PATIENCE) == "acknowledged":
            continue

    def rest(self) -> None:
        """Return when every git that it had started has ended."""
        assert self._told(PATIENCE) == ("quiet", self.number)

    def _next(self, seconds: float) -> str:
        word, number = self._told(seconds)
        assert word != "failed", f"the victim had an error of its own, see above: {number}"
        self.acknowledged += word == "acknowledged"
        if not word and seconds == PATIENCE:
            raise AssertionError("the victim hangs")
        return word


# --- the nursery itself -----------------------------------------------------------------------------------------------


def _tell(word: str, number: int) -> None:
    """One write of less than a page is never torn, whoever is killed meanwhile."""
    os.write(1, f"{word} {number}\n".encode())


def _die_at(number: int, *, group: bool) -> None:
    """Kill this process, or its group, when Python is about to do its file operation of that *number*."""
    left = number

    def count(event: str, _: object) -> None:
        nonlocal left
        if event == "open" or event.startswith(("os.", "subprocess.", "sqlite3.")):
            left -= 1
            if not left:
                (os.killpg if group else os.kill)(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def _live(order: dict[str, Any]) -> None:
    with Store(order["path"], durability=order["durability"]) as store:
        if order["dies_at"]:
            _die_at(order["dies_at"], group=order["group"])
        for at, deed in enumerate(deeds(order["seed"]), 1):
            deed.do(store)
            _tell("acknowledged", at)


def _raise_one(order: dict[str, Any]) -> None:
    victim = os.fork()
    if not victim:
        os.setsid()
        try:
            _tell("born", os.getpid())
            _live(order)
        except BaseException:  # noqa: BLE001 - nothing of a victim may go on in the nursery
            sys.excepthook(*sys.exc_info())
            _tell("failed", os.getpid())
        finally:
            os._exit(1)
    os.waitpid(victim, 0)
    _tell("dead", victim)
    while True:  # its gits are ours now
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            break
    _tell("quiet", victim)


def main() -> None:
    """Load all that a writer needs, then fork a victim for every line of the input."""
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder, Store.init(Path(folder, "warm.git"), bare=True) as store:
        Deed("save", (("a", "warm"),)).do(store)
        Deed("label", (("a", "warm"),)).do(store)
    while row := os.read(0, 4096):
        _raise_one(json.loads(row))


if __name__ == "__main__":
    main()
