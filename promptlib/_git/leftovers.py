"""Locks that a killed git left behind: what proves that nobody holds them, and taking them away."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from promptlib._git.runner import NO_HOOKS, started_at
from promptlib.errors import Busy

if TYPE_CHECKING:
    from collections.abc import Iterator

STALE_SECONDS = 10.0
#: For how long a lock is waited for, in all, before a save gives up.
PATIENT_SECONDS = 15.0
#: A git that locks the ref locks HEAD, which stands for it, right after.
SOON_SECONDS = 5.0
A_WHILE = 0.5
PAUSE = 0.02
WIDTH = 160
#: Gits that only promptlib starts, and that rest while somebody holds the writers' lock.
OWN_WORDS = (b"update-ref\0--stdin", b"cat-file\0--batch")


@dataclass(frozen=True, slots=True)
class Move:
    """What the last writer was about to do: the git that moves the ref, since when, to which commit, and when noted."""

    process: int
    started: str
    commit: str
    noted: float

    @property
    def over(self) -> bool:
        """Tell whether that git is surely gone."""
        return started_at(self.process) != self.started


def note(path: str, process: int, started: str, commit: str, mode: int) -> None:
    """Write down the move that is about to begin; what cannot be noted will take the next writer longer to judge."""
    if not started:
        return
    try:
        # Over the old text, since truncating a file is slow.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, mode)
        try:
            os.write(descriptor, f"{process} {started} {commit}".ljust(WIDTH).encode())
        finally:
            os.close(descriptor)
    except OSError:
        return


def noted(path: str) -> Move | None:
    """Return the last move that was noted."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a text path like all others here
            when = os.fstat(file.fileno()).st_mtime
            process, started, commit = file.read(WIDTH).decode("ascii").split()
        return Move(int(process), started, commit, when)
    except (OSError, ValueError):
        return None


@dataclass(slots=True)
class Leftovers:
    """The locks of one ref, looked at while the writers' lock is held.

    A lock is left over when it holds the commit that the last writer noted and the git of that writer is gone, or when
    it is ten seconds old and no git works in these *places*. Any other is waited for: most are gone in a moment.
    """

    move: Move | None
    places: tuple[str, ...]
    #: Whether the ref is where the last writer wanted it: of its locks, at most that of HEAD is left.
    moved: bool
    #: Whether the lock that was left on the ref was its.
    locked: bool = False
    #: The git that made it and lives, stopped or starved, whose Python is gone: it may yet move the ref.
    sleeper: str = ""
    begun: float = field(default_factory=time.monotonic)

    def free(self, path: str, *, of_head: bool = False) -> str:
        """Remove the lock at *path* and return what it was; an empty text when it went, or never was.

        Raises `Busy` for one that stays in use.
        """
        since, known = time.monotonic(), None
        while (found := _stat(path)) is not None:
            if (found.st_ino, found.st_mtime_ns) != known:
                since, known = time.monotonic(), (found.st_ino, found.st_mtime_ns)
            seen = time.monotonic() - since
            age = max(time.time() - found.st_mtime, seen)
            worker = ""
            if (self._of_head(found, seen) if of_head else self._of_the_ref(path)) or (
                age > STALE_SECONDS and not (worker := self.sleeper or at_work(self.places))
            ):
                return _removed(path, age)
            if worker or time.monotonic() - self.begun > PATIENT_SECONDS:
                raise Busy(
                    f"another git holds {path}, {age:.0f} seconds old{f': {worker}' if worker else ''}",
                    hint=f"wait for it, or end it; remove the file when no git runs here: rm {path}",
                )
            time.sleep(PAUSE)
        return ""

    def _of_the_ref(self, path: str) -> bool:
        if self.move is None:
            return False
        try:
            with open(path, "rb") as file:  # noqa: PTH123 - a text path like all others here
                noted = file.read(WIDTH).strip() == self.move.commit.encode()
        except OSError:
            return False
        self.locked = noted and self.move.over
        self.sleeper = f"process {self.move.process}, of a writer that died" if noted and not self.locked else ""
        return self.locked

    def _of_head(self, found: os.stat_result, seen: float) -> bool:
        """A git that has just begun could have made it too: without the ref's lock beside it, it must stay a while."""
        if self.move is None or not self.move.over or found.st_size:
            return False
        soon = self.move.noted <= found.st_mtime <= self.move.noted + SOON_SECONDS
        return soon and (self.locked or (self.moved and seen > A_WHILE))


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except FileNotFoundError:
        return None


def _removed(path: str, age: float) -> str:
    try:
        os.unlink(path)  # noqa: PTH108 - a text path like all others here
    except FileNotFoundError:
        return ""
    return f"{path}: left by a process that is gone, {age:.0f} seconds old"


def at_work(places: tuple[str, ...]) -> str:
    """Return the process number and words of a git that works in one of *places*; empty where that cannot be told."""
    if sys.platform != "linux":
        return ""
    return next((f"process {each.name}, {_words(each)}" for each in _gits() if _is_in(each, places)), "")


def _gits() -> Iterator[Path]:
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            try:
                if (process / "comm").read_bytes().startswith(b"git") and not _is_ours(process):
                    yield process
            except OSError:
                continue  # it has ended


def _is_ours(process: Path) -> bool:
    line = (process / "cmdline").read_bytes()
    return NO_HOOKS.encode() in line and any(words in line for words in OWN_WORDS)


def _is_in(process: Path, places: tuple[str, ...]) -> bool:
    try:
        line = (process / "cmdline").read_bytes()
        state = (process / "stat").read_bytes().rpartition(b") ")[2][:1]
        if state in b"ZX":
            return False
        here = os.readlink(process / "cwd")  # noqa: PTH115 - only the text is wanted
    except (FileNotFoundError, ProcessLookupError):
        return False  # it has ended
    except OSError:
        here = ""  # another user's: only its words can be read
    return any(f"{here}/".startswith(f"{place}/") or os.fsencode(place) in line for place in places)


def _words(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()[:120]
    except OSError:
        return "git"
