"""A site into its folder: made beside it as a whole, then put in its place."""

from __future__ import annotations

import json
import os
import shutil
import stat
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from promptlib.errors import SiteRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The file that says what belongs to a site of ours.
MARK = ".promptlib-site.json"
_FORMAT = "promptlib-site/1"


class Folder:
    """A folder that is being filled; what is written into it is remembered."""

    def __init__(self, path: Path) -> None:
        """Fill *path*, which is new."""
        self._path = path
        self.files: list[str] = []
        self.size = 0

    def write(self, place: str, text: str) -> None:
        """Write *text* to *place*, a path with slashes."""
        path = self._path.joinpath(*place.split("/"))
        path.parent.mkdir(parents=True, exist_ok=True)
        # A lone surrogate that reached a text is shown as a question mark.
        data = text.encode("utf-8", "replace")
        path.write_bytes(data)
        self.files.append(place)
        self.size += len(data)


@contextmanager
def replaced(out: Path) -> Iterator[Folder]:
    """Yield a folder to be filled; at the end it takes the place of *out*, and nothing happens to it when that fails.

    Raises `SiteRefused` where *out* is there and holds anything but an earlier site, before anything is written.
    """
    try:
        check(out)
        place = Path(os.path.abspath(out))  # noqa: PTH100 - `.` and `..` have a name then, and links stay links
        place.parent.mkdir(parents=True, exist_ok=True)
        # Beside it, on the same disk: a rename there is one step.
        beside = Path(mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise SiteRefused(f"{str(out)!r:.200} cannot be written: {why}", hint="name another folder") from error
    try:
        new = beside / "new"
        new.mkdir()
        folder = Folder(new)
        yield folder
        files = sorted(folder.files)
        (new / MARK).write_text(json.dumps({"format": _FORMAT, "files": files}, indent=0) + "\n", encoding="utf-8")
        check(out)  # somebody may have put something there in the meantime
        _swap(new, place, beside / "old")
    finally:
        # Where even the way back failed, the earlier site stays where it is.
        if os.path.lexists(place) or not (beside / "old").exists():
            shutil.rmtree(beside, ignore_errors=True)


def _swap(new: Path, out: Path, old: Path) -> None:
    there = os.path.lexists(out)
    if there:
        out.rename(old)
    try:
        new.rename(out)
    except BaseException:
        if there:
            old.rename(out)
        raise


def check(out: Path) -> None:
    """Raise `SiteRefused` when *out* is there and anything but an empty folder or an earlier site."""
    try:
        mode = out.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(mode):
        what = "a symbolic link" if stat.S_ISLNK(mode) else "no folder"
        raise SiteRefused(f"{out} is {what}", hint="name a new folder, or one that holds an earlier site")
    known = _known(out)
    for folder, folders, files in os.walk(out):
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in sorted([*files, *links]):
            place = Path(folder, name)
            if place.relative_to(out).as_posix() not in known or place.is_symlink():
                raise SiteRefused(
                    f"{out} holds {place.relative_to(out).as_posix()}, which is no part of an earlier site",
                    hint="name a new folder, or take away what is not to be lost: the whole folder is replaced",
                )


def _known(out: Path) -> frozenset[str]:
    """Return what the mark in *out* says belongs to the site; nothing where there is none."""
    try:
        told = json.loads((out / MARK).read_bytes())
        files = told["files"] if told["format"] == _FORMAT else []
        return frozenset([MARK, *map(str, files)])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return frozenset()
