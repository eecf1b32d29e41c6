"""The ways in which an operation fails, and what came of one run in which some did."""

from __future__ import annotations

import errno
import os
import sqlite3
from dataclasses import dataclass, field
from typing import Literal

#: `late`: it was done, and fails all the same; `short`: half is done, or given; `gone`: the process at the other end
#: of the pipe was killed; `refused`: a call that tells of failure by its answer. The others are raised before the deed.
How = Literal["raise", "late", "short", "gone", "refused"]


#: One operation fails; or that one and all after it; or that one whenever it is tried again.
Mode = Literal["once", "all", "same"]
MODES: tuple[Mode, ...] = ("once", "all", "same")


class Interrupted(KeyboardInterrupt):
    """What a signal's handler raises in the middle of anything."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One way for an operation to fail."""

    name: str
    how: How = "raise"

    def error(self) -> BaseException:
        """Return what is raised."""
        if self.name == "interrupt":
            return Interrupted("a signal arrived")
        if self.name.startswith("SQLITE_"):
            error = sqlite3.OperationalError(_SQLITE_WORDS[self.name])
            error.sqlite_errorcode = getattr(sqlite3, self.name)
            error.sqlite_errorname = self.name
            return error
        number = getattr(errno, self.name)
        return OSError(number, os.strerror(number))

    def __str__(self) -> str:
        """Return its name and how."""
        return self.name if self.how == "raise" else f"{self.name} {self.how}"


_SQLITE_WORDS = {
    "SQLITE_IOERR": "disk I/O error",
    "SQLITE_FULL": "database or disk is full",
    "SQLITE_CANTOPEN": "unable to open database file",
    "SQLITE_BUSY": "database is locked",
}


def kinds(words: str) -> tuple[Kind, ...]:
    """Return the kinds that *words* name; `EIO+late` is done and fails."""
    found = (word.partition("+") for word in words.split())
    return tuple(Kind(name, how or "raise") for name, _, how in found)  # type: ignore[arg-type] # spelled below


READING = kinds("EIO EMFILE EACCES interrupt")
MAKING = kinds("EIO ENOSPC EMFILE EACCES interrupt")
READ = kinds("EIO interrupt EIO+short")
WRITE = kinds("ENOSPC EIO+short EIO interrupt ENOSPC+late interrupt+late")
SYNC = kinds("EIO ENOSPC interrupt")
NAMING = kinds("EIO EACCES ENOSPC interrupt EIO+late interrupt+late")
LOOKING = kinds("EIO EACCES interrupt")
LISTING = kinds("EIO EMFILE EACCES interrupt")
CLOSE = kinds("EIO+late")
LOCK = kinds("EIO ENOLCK interrupt")
START = kinds("EMFILE ENOMEM ENOENT interrupt")
WAIT = kinds("interrupt")
TELLING = kinds("EPIPE+gone EPIPE+late interrupt EIO+short EIO interrupt+late")
HEARING = kinds("EIO EIO+gone interrupt EIO+short")
OPENING_SQL = kinds("SQLITE_CANTOPEN SQLITE_IOERR interrupt")
SQL = kinds("SQLITE_IOERR SQLITE_FULL SQLITE_BUSY interrupt SQLITE_IOERR+late interrupt+late")
FETCH = kinds("SQLITE_IOERR interrupt")

#: What `os` does to names and descriptors: how many of the first arguments name a file, and the ways to fail.
NAMES: dict[str, tuple[int, tuple[Kind, ...]]] = {
    **dict.fromkeys(("rename", "replace", "link", "symlink"), (2, NAMING)),
    **dict.fromkeys(("unlink", "remove", "mkdir", "rmdir", "chmod", "truncate", "fchmod", "utime"), (1, NAMING)),
    **dict.fromkeys(("stat", "lstat", "readlink", "fstat"), (1, LOOKING)),
    **dict.fromkeys(("listdir", "scandir"), (1, LISTING)),
    **dict.fromkeys(("fsync", "fdatasync"), (1, SYNC)),
}


@dataclass(slots=True)
class Shot:
    """What one armed run came to: how many operations there were, which failed, and in how many ways the first can."""

    at: int = 0
    turn: int = 0
    mode: Mode = "once"
    on: str = ""
    count: int = 0
    choices: int = 0
    kind: Kind | None = None
    log: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    _first: str = ""

    @property
    def interrupted(self) -> bool:
        """Whether it was a signal that came."""
        return self.kind is not None and self.kind.name == "interrupt"

    @property
    def forbidden(self) -> bool:
        """Whether it was a permission that was missing: a trouble that lasts, and may be told in an answer."""
        return self.kind is not None and self.kind.name == "EACCES"

    def fate(self, what: str, ways: tuple[Kind, ...]) -> Kind | None:
        """Count an operation and return how it fails, or None."""
        self.count += 1
        self.log.append(what)
        if self.on and not self.at and what.endswith(self.on):
            self.at = self.count
        if not self.at or self.count < self.at or not (self.count == self.at or self._goes_on(what)):
            return None
        if self.mode != "once":  # a signal that never ends stops any program
            ways = tuple(way for way in ways if way.name != "interrupt") or ways
        if self.count == self.at:
            self.choices = len(ways)
            self.kind = ways[self.turn % len(ways)]
            self._first = what
            kind = self.kind
        elif self.interrupted or ways[0].name == "interrupt":
            return None
        else:  # the same trouble as far as this operation knows it
            kind = self.kind if self.kind is not None and self.kind in ways else ways[0]
        self.failed.append(f"{self.count} {what}: {kind}")
        return kind

    def _goes_on(self, what: str) -> bool:
        return self.mode == "all" or (self.mode == "same" and what == self._first)
