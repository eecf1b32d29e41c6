"""The places that a store's files are read from: a folder or package without git, a work tree, a bare repository."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from promptlib.errors import StoreDamaged, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterator
    from importlib.resources.abc import Traversable

    from promptlib._git import Repository

#: A prompt file past this is refused before it is read: prompts are texts, and a bomb is a file too.
LARGEST_FILE = 8 * 1024 * 1024
#: What a label adds to the file that it holds must fit as well.
LARGEST_PROMPT = LARGEST_FILE - 1024


class Home(Protocol):
    """Files below a store's root, by their path with `/`."""

    @property
    def what(self) -> str:
        """What holds the files, in a word."""

    def read(self, path: str) -> bytes | None:
        """Return the bytes at *path*, or None when there is no such file."""

    def key(self, path: str) -> Hashable | None:
        """Return what stands for the bytes at *path* and for no others: an id, or the bytes; None for no file."""

    def walk(self, below: str = "") -> Iterator[str]:
        """Iterate over the paths of all files below the folder *below*, an empty text or one that ends in `/`."""

    def folders(self, below: str) -> tuple[str, ...]:
        """Return the names of the folders in the folder *below*."""

    def shown(self, path: str) -> str:
        """Return *path* as people would open it."""


class Folder:
    """Files as they lie in a folder, in a package or in a work tree."""

    __slots__ = ("_prefix", "_root")
    what = "folder"

    def __init__(self, root: Traversable, prefix: str = "") -> None:
        """Read below *root*; *prefix* is how messages begin a path."""
        self._root = root
        self._prefix = prefix

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a regular file; a link is refused, so that no text leaves its folder."""
        if isinstance(self._root, Path):
            return _read_file(self._root, path, self._prefix)
        place = self._root.joinpath(*path.split("/"))
        return place.read_bytes() if place.is_file() else None

    def key(self, path: str) -> bytes | None:
        """Return the bytes at *path*: a file may change at any time."""
        return self.read(path)

    def walk(self, below: str = "") -> Iterator[str]:
        """Iterate over all that is no folder, links too, which `read` then refuses."""
        begin = self._at(below)
        waiting: list[tuple[str, Traversable]] = [(below, begin)] if begin is not None else []
        while waiting:
            above, place = waiting.pop()
            folders: list[tuple[str, Traversable]] = []
            for entry in self._entries(place, above):
                if not _is_folder(entry):
                    yield above + entry.name
                elif entry.name != ".git":
                    folders.append((f"{above}{entry.name}/", entry))
            waiting += reversed(folders)

    def folders(self, below: str) -> tuple[str, ...]:
        """Return the names of the folders in the folder *below*; a link is none."""
        place = self._at(below)
        found = self._entries(place, below) if place is not None else []
        return tuple(entry.name for entry in found if _is_folder(entry))

    def _at(self, below: str) -> Traversable | None:
        """Return the folder *below*, or None where one of the steps to it is none, or a link."""
        place = self._root
        for part in below.split("/")[:-1]:
            place = place.joinpath(part)
            if not _is_folder(place):
                return None
        return place

    def _entries(self, place: Traversable, path: str) -> list[Traversable]:
        """Return what lies in a folder by name; one that somebody has just taken away is empty."""
        try:
            return sorted(place.iterdir(), key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise _unreadable(self.shown(path), error) from error

    def shown(self, path: str) -> str:
        """Return *path* with the folder that holds it."""
        return self._prefix + path

    def stamps(self) -> Iterator[tuple[str, int, int, int]]:
        """Iterate over path, size, time and number of all files, in no order; nothing for files of a package."""
        waiting = [os.fspath(self._root)] if isinstance(self._root, Path) else []
        while waiting:
            with suppress(OSError), os.scandir(waiting.pop()) as entries:  # what has just been taken away
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting += [entry.path] if entry.name != ".git" else []
                    else:
                        found = entry.stat(follow_symlinks=False)
                        yield entry.path, found.st_size, found.st_mtime_ns, found.st_ino

    def close(self) -> None:
        """Nothing stays open."""


def state_of(files: Home) -> str:
    """Return a text that is another one when a file of *files* is, as far as that can be seen without reading them."""
    if isinstance(files, Commit):
        return files.tip or ""
    if isinstance(files, Folder):
        return sha256(repr(sorted(files.stamps())).encode()).hexdigest()
    return ""  # a bundle never changes


def _is_folder(entry: Traversable) -> bool:
    try:
        return entry.is_dir() and not (isinstance(entry, Path) and entry.is_symlink())
    except OSError as error:
        raise _unreadable(str(entry), error) from error


def _read_file(root: Path, path: str, prefix: str) -> bytes | None:
    """Look at each step before it is taken: a link would lead out of the store, a pipe would never end."""
    at = os.fspath(root)
    walked = ""
    try:
        for part in path.split("/"):
            at, walked = f"{at}/{part}", f"{walked}/{part}".lstrip("/")
            found = os.lstat(at)
            if stat.S_ISLNK(found.st_mode):
                raise StoreDamaged(
                    f"{prefix}{walked} is a link", hint="a store holds plain files; replace the link by the file"
                )
        if stat.S_ISDIR(found.st_mode):
            return None
        if not stat.S_ISREG(found.st_mode):
            raise StoreDamaged(f"{prefix}{path} is no plain file", hint="a store holds plain files; take it away")
        if found.st_size > LARGEST_FILE:
            raise StoreDamaged(f"{prefix}{path} is larger than {LARGEST_FILE >> 20} MiB", hint="that is no prompt")
        with open(at, "rb") as file:  # noqa: PTH123 - a text path like all others here
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unreadable(prefix + path, error) from error


def _unreadable(shown: str, error: OSError) -> StoreError:
    return StoreError(f"{shown} cannot be read: {error.strerror}", hint="check who owns it: ls -l")


class Commit:
    """Files as one commit holds them: they never change."""

    __slots__ = ("_prefix", "_repository", "tip")
    what = "commit"

    def __init__(self, repository: Repository, prefix: str, tip: str | None) -> None:
        """Read below *prefix* at *tip*; None is the time before the first commit."""
        self._repository = repository
        self._prefix = prefix
        self.tip = tip

    def blob(self, path: str) -> str | None:
        """Return the id of the blob at *path*."""
        return self._repository.blob_at(self.tip, self._prefix + path) if self.tip else None

    def read(self, path: str) -> bytes | None:
        """Return the bytes at *path*."""
        blob = self.blob(path)
        return self._repository.read(blob, limit=LARGEST_FILE) if blob else None

    def key(self, path: str) -> tuple[str, str] | None:
        """Return the repository and the id of the blob at *path*."""
        blob = self.blob(path)
        return (self._repository.place, blob) if blob else None

    def walk(self, below: str = "") -> Iterator[str]:
        """Iterate over all files below the folder *below*."""
        if self.tip:
            for path, _ in self._repository.files(self.tip, self._prefix + below):
                yield path.removeprefix(self._prefix)

    def folders(self, below: str) -> tuple[str, ...]:
        """Return the names of the folders in the folder *below*."""
        return self._repository.folders(self.tip, self._prefix + below) if self.tip else ()

    def shown(self, path: str) -> str:
        """Return `path (commit 1a2b3c4)`."""
        return f"{self._prefix}{path}"


class Overlay:
    """A home with changes laid over it that are not written yet."""

    __slots__ = ("_asked", "_below", "_check", "_walked", "changes")
    what = "commit"

    def __init__(self, below: Home, check: Callable[[str, bytes | None], object] | None = None) -> None:
        """Lay nothing yet; *check* raises for a path and bytes that may not be laid."""
        self._below = below
        self._check = check
        self._asked: set[str] = set()
        self._walked = False
        self.changes: dict[str, bytes | None] = {}

    def read(self, path: str) -> bytes | None:
        """Return the changed bytes, else those below."""
        if path in self.changes:
            return self.changes[path]
        self._asked.add(path)
        return self._below.read(path)

    def key(self, path: str) -> Hashable | None:
        """Return the changed bytes, else what stands for those below."""
        if path in self.changes:
            return self.changes[path]
        self._asked.add(path)
        return self._below.key(path)

    def walk(self, below: str = "") -> Iterator[str]:
        """Iterate over what would be there."""
        self._walked = True
        yield from sorted(
            {path for path in self._below.walk(below) if path not in self.changes}
            | {path for path, data in self.changes.items() if data is not None and path.startswith(below)}
        )

    def folders(self, below: str) -> tuple[str, ...]:
        """Return the names of the folders in the folder *below*, those too that a change would leave empty."""
        self._walked = True
        new = (path.removeprefix(below).partition("/") for path in self.changes if path.startswith(below))
        return tuple(dict.fromkeys((*self._below.folders(below), *(name for name, slash, _ in new if slash))))

    def shown(self, path: str) -> str:
        """Return the path as the home below shows it."""
        return self._below.shown(path)

    def put(self, path: str, data: bytes | None) -> None:
        """Lay *data* (None: a deletion) over *path*; laying what is there already is no change."""
        self._asked.add(path)
        if self._below.read(path) == data:
            self.changes.pop(path, None)
        else:
            self.check(path, data)
            self.changes[path] = data

    def moved(self, below: Home, unchanged: Callable[[Collection[str]], bool]) -> bool:
        """Lie over *below* from now on, if all that was read of the old one is *unchanged*; tell whether it does.

        Who has asked for the names of files has read of them all.
        """
        if self._walked or not unchanged(self._asked):
            return False
        self._below = below
        return True

    def check(self, path: str, data: bytes | None) -> None:
        """Raise what laying *data* over *path* would raise."""
        if self._check is not None:
            self._check(self.shown(path), data)
