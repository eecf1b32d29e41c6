"""Keeping a repository small and quick: packs, the graph of its commits, and what killed processes left lying."""

from __future__ import annotations

import os
import re
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from promptlib._git.layout import check_writable
from promptlib.errors import Busy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib._git.layout import Layout
    from promptlib._git.references import References
    from promptlib._git.runner import Git

#: Younger files may belong to a process at work.
OLD_SECONDS = 3600
#: A pack that grows through a slow network may be left alone for long.
OLD_PACK_SECONDS = 24 * 3600

#: Names that the writer of loose objects makes: git's own have six characters.
_OBJECT = re.compile(r"tmp_obj_[0-9a-f]{12}")
_MARKS = re.compile(r"marks-[0-9a-f]{16}(?:\.lock)?")
_PACK = re.compile(r"tmp_(?:pack|idx|rev|bitmap|mtimes)_\w{6}")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many objects lie loose and in packs, in how many packs, and how many bytes all of them take on disk."""

    loose: int
    packed: int
    packs: int
    size: int


class Maintenance:
    """What may be done at any time, beside readers and writers: nothing that anybody could still read goes away."""

    def __init__(self, layout: Layout, git: Git, references: References) -> None:
        """Maintain the repository of *layout*."""
        self._layout = layout
        self._git = git
        self._references = references

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only one who maintains this repository; `Busy` when somebody else does."""
        from filelock import FileLock, Timeout  # noqa: PLC0415 - only maintenance and writers need it

        check_writable(self._layout)
        lock = FileLock(self._layout.own_folder() / "maintaining", timeout=0, mode=self._layout.shared or 0o644)
        try:
            lock.acquire()
        except Timeout as error:
            raise Busy("another process maintains this store", hint="let it finish; once is enough") from error
        try:
            yield
        finally:
            lock.release()

    def sizes(self) -> Sizes:
        """Return what the objects take now."""
        rows = self._git.run("count-objects", "-v").out.decode().splitlines()
        found = {key: int(value) for key, _, value in (row.partition(": ") for row in rows) if value.isdecimal()}
        return Sizes(found["count"], found["in-pack"], found["packs"], (found["size"] + found["size-pack"]) * 1024)

    def pack(self) -> None:
        """Put all objects into one pack, those that no ref reaches too, and write the graph of the commits.

        Processes that read see an object in its old place or in its new one; what is written meanwhile stays loose.
        """
        self._git.run("repack", "-a", "-d", "--keep-unreachable", "-l", "--quiet")
        self._git.run("commit-graph", "write", "--reachable", "--changed-paths", "--no-progress")

    def sweep(self, *, packs: bool) -> tuple[str, ...]:
        """Remove what killed writers and imports of ours left unfinished, long ago, and return its paths.

        *packs* says that unfinished packs are ours as well: nobody but promptlib writes into this repository.
        """
        objects = self._layout.common_dir / "objects"
        old = time.time() - OLD_SECONDS
        found = [*_left(self._layout.own_folder(), _MARKS, old)]
        for number in range(256):
            found += _left(objects / f"{number:02x}", _OBJECT, old)
        if packs:
            found += _left(objects / "pack", _PACK, time.time() - OLD_PACK_SECONDS)
        return tuple(path for path in found if _removed(path))

    def own_references(self) -> tuple[tuple[str, str], ...]:
        """Return name and commit of each ref that promptlib keeps for itself, in order."""
        rows = self._git.run("for-each-ref", "--format=%(refname) %(objectname)", "refs/promptlib/").out.decode()
        return tuple((name, commit) for name, _, commit in (row.partition(" ") for row in rows.splitlines()))

    def drop(self, reference: str) -> None:
        """Remove *reference*, which is ours alone; one that is gone already is no error."""
        self._references.delete(reference)


def _left(folder: Path, name: re.Pattern[str], before: float) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if name.fullmatch(entry.name) and entry.stat(follow_symlinks=False).st_mtime < before:
                    yield entry.path
    except FileNotFoundError:
        return  # such a folder is made when it is needed, and what lies in it may just be going


def _removed(path: str) -> bool:
    try:
        Path(path).unlink()
    except OSError:
        return False
    return True
