"""New contents for files of a work tree: in one step each, and given back without any room on the disk."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from promptlib._git.room import is_missing, not_written

if TYPE_CHECKING:
    from pathlib import Path

    from promptlib._git.layout import Layout

LEFT_OVER = 3600  # seconds after which nobody is at work with a file of ours
TEMPORARY, KEPT = ".new", ".kept"


class Exchange:
    """What one save does to the files of a work tree. What was there is kept under a second name until `end`."""

    def __init__(self, layout: Layout, root: Path) -> None:
        """Change files below *root*; temporary ones lie below the git folder, where nobody looks at them."""
        self._root = root
        self._index = layout.git_dir / "index"
        self._folder = layout.own_folder()
        self._token = os.urandom(6).hex()
        self._kept: dict[Path, Path] = {}
        self._made: list[Path] = []
        self._announced: tuple[int, int, int] | None = None
        self._sweep()

    def _sweep(self) -> None:
        """Take away what a save left that was killed."""
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):  # another save has ended
                if path.suffix in {TEMPORARY, KEPT} and path.lstat().st_ctime < time.time() - LEFT_OVER:
                    path.unlink()

    def put(self, path: str, content: bytes | None, mode: int) -> None:
        """Give *path* its content, None for no file; *mode* is that of the file before, or 0."""
        target = self._root / path
        try:
            self._keep(target)
            self._lay(target, content, mode)
        except OSError as error:
            raise not_written(target, error) from error

    def _keep(self, target: Path) -> None:
        """Give what is at *target* a second name, where the file system has such."""
        kept = self._folder / f"{self._token}-{len(self._kept)}{KEPT}"
        if target in self._kept:
            return
        try:
            os.link(target, kept)
        except FileNotFoundError:
            return
        except OSError as error:
            if is_missing(str(error.strerror)):
                raise
            return  # no second names here: the content is written anew should it be wanted back
        self._kept[target] = kept

    def _lay(self, target: Path, content: bytes | None, mode: int) -> None:
        if content is None:
            target.unlink(missing_ok=True)
        else:
            self._make_folder(target.parent)
            self._replace(target, content, mode)

    def _make_folder(self, folder: Path) -> None:
        missing = [each for each in (folder, *folder.parents) if not each.exists()]
        for each in reversed(missing):
            each.mkdir(exist_ok=True)
            self._made.insert(0, each)

    def _replace(self, target: Path, content: bytes, mode: int) -> None:
        temporary = self._folder / f"{self._token}-{len(self._kept)}{TEMPORARY}"
        if os.stat(self._folder).st_dev != os.stat(target.parent).st_dev:  # noqa: PTH116 - both alike
            temporary = target.with_name(f".{target.name[:100]}.{self._token}{TEMPORARY}")
        try:
            temporary.write_bytes(content)
            if mode:
                temporary.chmod(mode)
            temporary.replace(target)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    def give_back(self, path: str, content: bytes | None, mode: int) -> None:
        """Let *path* be the file that it was, whose content and mode these are."""
        target = self._root / path
        kept = self._kept.pop(target, None)
        try:
            if kept is not None:
                kept.replace(target)
            else:
                self._lay(target, content, mode)
        except OSError as error:
            raise not_written(target, error) from error

    def remove_folders(self) -> None:
        """Take away the folders that were made, if nothing lies in them."""
        for folder in self._made:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()

    def keep_index(self) -> None:
        """Keep git's index as it is now, before it is told of new files."""
        try:
            self._keep(self._index)
        except OSError as error:
            raise not_written(self._index, error) from error

    def index_is_told(self) -> None:
        """Say that the index now knows the new files, and nothing else is different in it."""
        self._announced = self._identity()

    def give_index_back(self) -> bool:
        """Let the index be the kept one, by git's own lock; False where somebody else has changed it since."""
        kept = self._kept.get(self._index)
        lock = self._index.with_name("index.lock")
        if kept is None or self._announced is None:
            return False
        try:
            os.link(kept, lock)
        except OSError:
            return False
        if self._identity() != self._announced:
            lock.unlink()
            return False
        lock.replace(self._index)
        return True

    def _identity(self) -> tuple[int, int, int] | None:
        try:
            found = self._index.stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns

    def end(self) -> None:
        """Forget what was there before."""
        for kept in self._kept.values():
            kept.unlink(missing_ok=True)
        self._kept.clear()
