"""Operations that fail on purpose, in the way of SQLite's tests: the n-th fails, n rising until nothing fails any more.

The shim counts what this thread asks of the files below a folder, of git's children and of SQLite. Armed, it lets one
operation fail, or that one and all after it. What it does not reach is what git's own processes do with files.
"""

from __future__ import annotations

import builtins
import fcntl
import io
import os
import signal
import sqlite3
import subprocess
import threading
import weakref
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Self
from unittest.mock import patch

from promptlib._git import writeout
from tests.faults.kinds import (
    CLOSE,
    FETCH,
    HEARING,
    LOCK,
    MAKING,
    NAMES,
    OPENING_SQL,
    READ,
    READING,
    SQL,
    START,
    TELLING,
    WAIT,
    WRITE,
    Kind,
    Shot,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.faults.kinds import Mode


class Shim:
    """While installed, it sees what this thread does; `armed` lets something fail."""

    def __init__(self, *folders: Path) -> None:
        """See operations on what lies below *folders*."""
        self._folders = tuple(os.fspath(folder) for folder in folders)
        self._shot: Shot | None = None
        self._thread = threading.get_ident()
        self._stack = ExitStack()
        self._readlink = os.readlink
        self._raw = _raw_class(self)
        self.processes: weakref.WeakSet[subprocess.Popen[Any]] = weakref.WeakSet()
        self._owners: dict[str, weakref.ref[subprocess.Popen[Any]]] = {}

    def __enter__(self) -> Self:
        """Install it."""
        for name, (paths, ways) in NAMES.items():
            self._patch(os, name, self._named(name, getattr(os, name), paths, ways))
        self._patch(os, "access", self._access(os.access))
        self._patch(os, "open", self._os_open(os.open))
        self._patch(os, "read", self._os_read(os.read))
        self._patch(os, "write", self._os_write(os.write))
        self._patch(os, "close", self._closing(os.close))
        self._patch(fcntl, "flock", self._flock(fcntl.flock))
        opening = self._opening(io.open)
        self._patch(io, "open", opening)
        self._patch(builtins, "open", opening)
        self._patch(subprocess, "Popen", _process_class(self))
        self._patch(sqlite3, "connect", self._connecting(sqlite3.connect))
        self._patch(writeout, "_write_out", self._written_out(writeout._write_out))
        return self

    def __exit__(self, *_: object) -> None:
        """Take it away."""
        self._stack.close()

    def _patch(self, place: Any, name: str, value: Any) -> None:
        self._stack.enter_context(patch.object(place, name, value))

    @contextmanager
    def armed(self, at: int = 0, *, turn: int = 0, mode: Mode = "once", on: str = "") -> Iterator[Shot]:
        """Count what is done inside; operation *at* fails in its way number *turn*, and others as *mode* says.

        Instead of a position, *on* names the operation: its log ends so.
        """
        self._shot = shot = Shot(at, turn, mode, on)
        try:
            yield shot
        finally:
            self._shot = None

    @contextmanager
    def unseen(self) -> Iterator[None]:
        """Count nothing inside."""
        shot, self._shot = self._shot, None
        try:
            yield
        finally:
            self._shot = shot

    # What is seen

    @property
    def seeing(self) -> bool:
        """Whether operations count now, in this thread."""
        return self._shot is not None and self._thread == threading.get_ident()

    def fate(self, what: str, ways: tuple[Kind, ...]) -> Kind | None:
        """Count an operation, if they count now, and return how it fails."""
        return self._shot.fate(what, ways) if self._shot is not None and self.seeing else None

    def do(self, what: str, ways: tuple[Kind, ...], deed: Callable[[], Any]) -> Any:
        """Do *deed*, or fail at it before or after."""
        kind = self.fate(what, ways)
        if kind is None:
            return deed()
        if kind.how == "late":
            deed()
        raise kind.error()

    def place(self, target: Any) -> str:
        """Return where *target*, a path or a descriptor, lies, if that is below the folders; or an empty text."""
        if isinstance(target, int):
            try:
                path = self._readlink(f"/proc/self/fd/{target}")
            except OSError:
                return ""
        else:
            path = os.path.abspath(os.fsdecode(target))  # noqa: PTH100 - no link may be resolved here
        return path if path.startswith(self._folders) else ""

    def pipe(self, descriptor: int) -> str:
        """Return the name of git's pipe at *descriptor*, or an empty text."""
        try:
            link = self._readlink(f"/proc/self/fd/{descriptor}")
        except OSError:
            return ""
        return link if link in self._owners else ""

    def own(self, process: subprocess.Popen[Any]) -> None:
        """Remember whose pipes these are."""
        self.processes.add(process)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                self._owners[self._readlink(f"/proc/self/fd/{pipe.fileno()}")] = weakref.ref(process)

    def kill(self, pipe: str) -> None:
        """Kill the process at the other end of *pipe*, as the machine may."""
        process = self._owners[pipe]()
        if process is not None and process.returncode is None:
            os.kill(process.pid, signal.SIGKILL)
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

    # What is put in the place of the real ones

    def _named(self, name: str, real: Callable[..., Any], paths: int, ways: tuple[Kind, ...]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            places = [place for each in arguments[:paths] if self.seeing and (place := self.place(each))]
            if not places:
                return real(*arguments, **named)
            return self.do(f"{name} {places[0]}", ways, lambda: real(*arguments, **named))

        return call

    def _flock(self, real: Callable[[int, int], None]) -> Callable[[int, int], None]:
        def flock(descriptor: int, how: int) -> None:
            place = self.place(descriptor) if self.seeing else ""
            if not place:
                return real(descriptor, how)
            # The system lets go of a lock without asking a disk.
            ways = WAIT if how & fcntl.LOCK_UN else LOCK
            return self.do(f"flock {place}", ways, lambda: real(descriptor, how))  # type: ignore[no-any-return] # None

        return flock

    def _closing(self, real: Callable[[int], None]) -> Callable[[int], None]:
        def close(descriptor: int) -> None:
            what = self.place(descriptor) if self.seeing and self._is_written(descriptor) else ""
            if not what:
                return real(descriptor)
            return self.do(f"close {what}", CLOSE, lambda: real(descriptor))  # type: ignore[no-any-return] # None

        return close

    def _is_written(self, descriptor: int) -> bool:
        """What is only read loses nothing when it is closed."""
        try:
            return bool(fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE)
        except OSError:
            return False

    def _access(self, real: Callable[..., bool]) -> Callable[..., bool]:
        def access(path: Any, *arguments: Any, **named: Any) -> bool:
            place = self.place(path) if self.seeing else ""
            if place and (kind := self.fate(f"access {place}", (Kind("EIO", "refused"), Kind("interrupt")))):
                if kind.how == "refused":
                    return False
                raise kind.error()
            return real(path, *arguments, **named)

        return access

    def _os_open(self, real: Callable[..., int]) -> Callable[..., int]:
        def call(path: Any, flags: int, *arguments: Any, **named: Any) -> int:
            place = self.place(path) if self.seeing else ""
            if place and (kind := self.fate(f"os.open {place}", MAKING if flags & os.O_ACCMODE else READING)):
                raise kind.error()
            return real(path, flags, *arguments, **named)

        return call

    def _os_read(self, real: Callable[[int, int], bytes]) -> Callable[[int, int], bytes]:
        def read(descriptor: int, size: int) -> bytes:
            what, ways = self.stream(descriptor, reading=True)
            kind = self.fate(f"os.read {what}", ways) if what else None
            if kind is None:
                return real(descriptor, size)
            found: bytes = self.heard(kind, what, lambda size: real(descriptor, size), size)
            return found

        return read

    def _os_write(self, real: Callable[[int, Any], int]) -> Callable[[int, Any], int]:
        def write(descriptor: int, data: Any) -> int:
            what, ways = self.stream(descriptor, reading=False)
            kind = self.fate(f"os.write {what}", ways) if what else None
            if kind is None:
                return real(descriptor, data)
            return self.told(kind, what, lambda data: real(descriptor, data), data)

        return write

    def stream(self, descriptor: int, *, reading: bool) -> tuple[str, tuple[Kind, ...]]:
        """Return what is behind *descriptor* and how using it can fail; nothing where it does not count."""
        if not self.seeing:
            return "", ()
        if pipe := self.pipe(descriptor):
            return pipe, HEARING if reading else TELLING
        return self.place(descriptor), READ if reading else WRITE

    def heard(self, kind: Kind, what: str, read: Callable[[int], Any], size: int) -> Any:
        """Fail at reading: with an error, with less than was asked for, or with the end of a process.

        What a process has written before it was killed stays in its pipe, and all of that may have been all there is.
        """
        if kind.how == "short":
            return read(max(1, size // 2) if size > 0 else size)
        if kind.how == "gone":
            self.kill(what)
            return read(size)
        raise kind.error()

    def told(self, kind: Kind, what: str, write: Callable[[Any], int | None], data: Any) -> int:
        """Fail at writing: with an error before or after, by halves, or because nobody listens any more."""
        view = memoryview(data).cast("B")
        if kind.how == "short" and len(view) > 1:
            return write(view[: len(view) // 2]) or 0
        if kind.how == "late":
            write(view)
        if kind.how == "gone":
            self.kill(what)
        raise kind.error()

    def _opening(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(  # noqa: PLR0917 - the arguments of open
            file: Any,
            mode: str = "r",
            buffering: int = -1,
            encoding: str | None = None,
            errors: str | None = None,
            newline: str | None = None,
            closefd: bool = True,  # noqa: FBT001, FBT002 - as open has it
            opener: Any = None,
        ) -> Any:
            piped = isinstance(file, int) and self._readlink(f"/proc/self/fd/{file}").startswith("pipe:")
            if not piped and not self.place(file):
                return real(file, mode, buffering, encoding, errors, newline, closefd, opener)
            if not isinstance(file, int) and opener is None:
                ways = READING if not set(mode) & set("wax+") else MAKING
                if kind := self.fate(f"open {self.place(file)}", ways):
                    raise kind.error()
            raw = self._raw(file, mode.replace("b", "").replace("t", ""), closefd, opener)
            return _dressed(raw, mode, buffering, encoding, errors, newline)

        return call

    def _connecting(self, real: Callable[..., sqlite3.Connection]) -> Callable[..., sqlite3.Connection]:
        factory = _connection_class(self)

        def connect(database: str, *arguments: Any, **named: Any) -> sqlite3.Connection:
            if database == ":memory:":
                return real(database, *arguments, **named)
            if kind := self.fate(f"sqlite3.connect {database}", OPENING_SQL):
                raise kind.error()
            return real(database, *arguments, **named, factory=factory)

        return connect

    def _written_out(self, real: Callable[[], Any]) -> Callable[[], Any]:
        def write_out() -> Any:
            call = real()

            def counted(descriptor: int, flags: int) -> bool:
                kind = self.fate(f"sync_file_range {self.place(descriptor)}", (Kind("EIO", "refused"),))
                return kind is None and bool(call(descriptor, flags))

            return counted if call is not None else None

        return write_out


def _dressed(
    raw: io.FileIO, mode: str, buffering: int, encoding: str | None, errors: str | None, newline: str | None
) -> Any:
    """Put the buffer and the text around *raw* that `open` would."""
    if buffering == 0:
        return raw
    size = buffering if buffering > 1 else io.DEFAULT_BUFFER_SIZE
    buffer: Any
    if "+" in mode:
        buffer = io.BufferedRandom(raw, size)
    elif "r" in mode:
        buffer = io.BufferedReader(raw, size)
    else:
        buffer = io.BufferedWriter(raw, size)
    return buffer if "b" in mode else io.TextIOWrapper(buffer, encoding, errors, newline)


def _raw_class(shim: Shim) -> type[io.FileIO]:
    class Raw(io.FileIO):
        """A file or pipe whose reads, writes and closing may fail."""

        def _fate(self, what: str, *, reading: bool) -> tuple[Kind | None, str]:
            place, ways = shim.stream(self.fileno(), reading=reading)
            return (shim.fate(f"{what} {place}", ways) if place else None), place

        def readinto(self, buffer: Any) -> int | None:
            kind, place = self._fate("read", reading=True)
            if kind is None:
                return super().readinto(buffer)
            view = memoryview(buffer).cast("B")
            fill = super().readinto
            found = shim.heard(kind, place, lambda size: fill(view[:size]), len(view))
            return found if isinstance(found, int) else 0

        def readall(self) -> bytes:
            kind, place = self._fate("read", reading=True)
            rest = super().readall
            found: bytes = rest() if kind is None else shim.heard(kind, place, lambda _: rest(), -1)
            return found

        def read(self, size: int | None = -1) -> Any:
            if size is None or size < 0:
                return self.readall()
            kind, place = self._fate("read", reading=True)
            return super().read(size) if kind is None else shim.heard(kind, place, super().read, size)

        def write(self, data: Any) -> int:
            kind, place = self._fate("write", reading=False)
            return super().write(data) if kind is None else shim.told(kind, place, super().write, data)

        def close(self) -> None:
            place = "" if self.closed or not self.writable() or not shim.seeing else shim.place(self.fileno())
            super().close()
            if place and (kind := shim.fate(f"close {place}", CLOSE)):
                raise kind.error()

    return Raw


def _process_class(shim: Shim) -> type[subprocess.Popen[Any]]:
    real = subprocess.Popen

    class Process(real):  # type: ignore[valid-type,misc] # the class that is there now
        """A process that may not start, and whose pipes may break."""

        def __init__(self, command: Any, *arguments: Any, **named: Any) -> None:
            # Without these, a process that never started could not be let go of.
            self.returncode = self.stdin = self.stdout = self.stderr = None
            self._child_created = False
            verb = next((word for word in command[1:] if not word.startswith("-") and "=" not in word), "")
            if kind := shim.fate(f"start git {verb}", START):
                raise kind.error()
            with shim.unseen():
                super().__init__(command, *arguments, **named)
                shim.own(self)

        def wait(self, timeout: float | None = None) -> Any:
            if self.returncode is None and (kind := shim.fate("wait for git", WAIT)):
                raise kind.error()
            return super().wait(timeout)

    return Process


def _connection_class(shim: Shim) -> type[sqlite3.Connection]:
    class Cursor(sqlite3.Cursor):
        """Rows that may not come."""

        def fetchone(self) -> Any:
            return shim.do("sqlite3 fetchone", FETCH, super().fetchone)

        def fetchall(self) -> Any:
            return shim.do("sqlite3 fetchall", FETCH, super().fetchall)

    class Connection(sqlite3.Connection):
        """A database whose disk may fail."""

        def execute(self, statement: str, *arguments: Any) -> sqlite3.Cursor:
            cursor = self.cursor(Cursor)
            words = " ".join(statement.split()[:3])
            found: sqlite3.Cursor = shim.do(f"sqlite3 {words}", SQL, lambda: cursor.execute(statement, *arguments))
            return found

        def executemany(self, statement: str, *arguments: Any) -> sqlite3.Cursor:
            many = super().executemany
            words = " ".join(statement.split()[:3])
            found: sqlite3.Cursor = shim.do(f"sqlite3 {words}", SQL, lambda: many(statement, *arguments))
            return found

        def backup(self, *arguments: Any, **named: Any) -> None:
            copy = super().backup
            shim.do("sqlite3 backup", FETCH, lambda: copy(*arguments, **named))

    return Connection
