"""From a bundle to files: the directory when it is opened, each content when it is asked for."""

from __future__ import annotations

import os
import weakref
from bisect import bisect_left
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from promptlib.bundle.container import HEAD, damaged, read_directory, read_head
from promptlib.errors import StoreDamaged, StoreError
from promptlib.forking import ForkableLock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


_AFTER_SLASH = "0"  # the character after `/`: a path that begins with `folder0` comes after all of that folder


class _Source(Protocol):
    """Bytes by their place."""

    def size(self) -> int: ...
    def read(self, offset: int, size: int) -> bytes: ...
    def close(self) -> None: ...


class Bundle:
    """The files that one bundle holds, by path. It serves all threads and forked children, and never changes.

    Opening reads the directory alone. Each content is held against its digest when it is read: what was changed since
    is `StoreDamaged`, which names the entry.
    """

    what = "bundle"

    def __init__(self, source: _Source, shown: str) -> None:
        """Read the directory of *source*; `open` and `of` are the ways here."""
        self._source = source
        self._shown = shown
        size = source.size()
        head = source.read(0, min(HEAD, size))
        directory, length = read_head(head, size, shown)
        self._entries = read_directory(source.read(HEAD, length), directory, size, shown)
        self._paths = list(self._entries)
        #: What it is: the same for the same content, and for no other.
        self.digest = f"sha256:{directory}"

    @classmethod
    def open(cls, path: Path) -> Bundle:
        """Return the bundle at *path*; raises `NotAStore` for another file, `NewerFormat` and `StoreDamaged`."""
        source = _File(os.fspath(path))
        try:
            return cls(source, str(path))
        except BaseException:
            source.close()
            raise

    @classmethod
    def of(cls, data: bytes, shown: str) -> Bundle:
        """Return the bundle that *data* is."""
        return cls(_Memory(data), shown)

    def read(self, path: str) -> bytes | None:
        """Return the content at *path*, held against its digest, or None when there is none."""
        entry = self._entries.get(path)
        if entry is None:
            return None
        data = self._source.read(entry.offset, entry.size)
        if len(data) != entry.size or sha256(data).hexdigest() != entry.digest:
            raise damaged(self._shown, f"{path} does not have the digest that its directory says")
        return data

    def key(self, path: str) -> str | None:
        """Return the digest of the content at *path*, which nothing is read for."""
        entry = self._entries.get(path)
        return entry.digest if entry is not None else None

    def walk(self, below: str = "") -> Iterator[str]:
        """Iterate over the paths below the folder *below*, in order."""
        yield from self._paths[bisect_left(self._paths, below) : self._end(below)]

    def folders(self, below: str) -> tuple[str, ...]:
        """Return the names of the folders in the folder *below*."""
        found = []
        at, end = bisect_left(self._paths, below), self._end(below)
        while at < end:
            name, slash, _ = self._paths[at].removeprefix(below).partition("/")
            if slash:
                found.append(name)
            at = self._end(f"{below}{name}/") if slash else at + 1
        return tuple(found)

    def _end(self, below: str) -> int:
        """Return the place after the last path of the folder *below*."""
        return bisect_left(self._paths, below[:-1] + _AFTER_SLASH) if below else len(self._paths)

    def shown(self, path: str) -> str:
        """Return *path* with the bundle that holds it."""
        return f"{self._shown}/{path}"

    def close(self) -> None:
        """Let go of the file; the next read opens it again."""
        self._source.close()


class _Memory:
    """A bundle that came as bytes: out of an archive that a package is imported from."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def size(self) -> int:
        return len(self._data)

    def read(self, offset: int, size: int) -> bytes:
        return self._data[offset : offset + size]

    def close(self) -> None:
        """Keep the bytes: there is nothing to let go of."""


class _File:
    """A file that stays open: who puts a new bundle in its place leaves this one as it was."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = ForkableLock()
        self._head: bytes | None = None
        self._handle: int | None = None
        self._closing: weakref.finalize[[int], _File] | None = None

    def size(self) -> int:
        return os.fstat(self._opened()).st_size

    def read(self, offset: int, size: int) -> bytes:
        try:
            data = _read_at(self._opened(), offset, size)
        except OSError as error:
            raise self._unreadable(error) from error
        if offset == 0:
            self._head = data
        return data

    def close(self) -> None:
        with self._lock:
            if self._closing is not None:
                self._closing()
            self._handle = self._closing = None

    def _opened(self) -> int:
        with self._lock:
            if self._handle is None:
                self._handle = self._open()
                self._closing = weakref.finalize(self, os.close, self._handle)
            return self._handle

    def _open(self) -> int:
        try:
            handle = os.open(self._path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
        except OSError as error:
            raise self._unreadable(error) from error
        if self._head is not None and _read_at(handle, 0, len(self._head)) != self._head:
            os.close(handle)
            raise StoreDamaged(
                f"{self._path} is another bundle than it was when it was opened", hint="open the store again"
            )
        return handle

    def _unreadable(self, error: OSError) -> StoreError:
        return StoreError(f"{self._path} cannot be read: {error.strerror}", hint="check who owns it: ls -l")


def _read_at(handle: int, offset: int, size: int) -> bytes:
    """Return up to *size* bytes: fewer where the file ends."""
    parts = []
    while size:
        part = _part(handle, offset, size)
        if not part:
            break
        parts.append(part)
        offset, size = offset + len(part), size - len(part)
    return b"".join(parts)


_SEEKING = ForkableLock()


def _part(handle: int, offset: int, size: int) -> bytes:
    """Read at a place without a cursor that other threads and processes share; Windows has but that one."""
    if hasattr(os, "pread"):
        return os.pread(handle, size, offset)
    with _SEEKING:
        os.lseek(handle, offset, os.SEEK_SET)
        return os.read(handle, size)
