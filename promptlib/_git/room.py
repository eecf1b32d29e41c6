"""Whether there is room on a disk: git does not always say that it failed for want of it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from promptlib.errors import GitFailed, StoreError, StoreReadOnly

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_ROOM = "No space left on device"
SAID = (NO_ROOM, "Disk quota exceeded", "the disk is full")
GITS_WORDS = "Out of diskspace"
FULL = 1 << 16  # bytes: what fails for want of room has left less than that
MAKE_ROOM = "nothing was changed; make room on this disk, then do it again"


def with_reason(words: str, folder: str | os.PathLike[str], freed: int = 0) -> str:
    """Return *words* of a git that failed, and that the disk of *folder* is full where that is so and not said.

    *freed* is about how many bytes git has given back since, when it took its own files away.
    """
    if is_missing(words):
        return words
    if GITS_WORDS in words:
        return f"{words.strip()} ({NO_ROOM})"
    left = _left(folder, FULL + freed)
    return f"{words.strip()} (the disk is full: {left})" if left else words


def is_missing(words: str) -> bool:
    """Return whether *words* say that there was no room."""
    return any(said in words for said in SAID)


def not_written(place: str | os.PathLike[str], error: OSError) -> GitFailed | StoreReadOnly:
    """Return the error for a write at *place* that ended with *error*."""
    what = f"{os.fspath(place)!r} cannot be written: {error.strerror}"
    if isinstance(error, PermissionError) or error.strerror == "Read-only file system":
        return StoreReadOnly(what, hint="reading works; saving does not")
    return GitFailed(what, hint=MAKE_ROOM if is_missing(str(error.strerror)) else "nothing was changed")


@contextmanager
def telling(place: str | os.PathLike[str]) -> Iterator[None]:
    """Let what the system refuses inside be an error of ours about *place*."""
    try:
        yield
    except StoreError:
        raise  # one of them is a PermissionError too
    except OSError as error:
        raise not_written(place, error) from error


def _left(folder: str | os.PathLike[str], least: int) -> str:
    """Return how little room there is, or an empty text where there is enough, or the system does not tell."""
    if not hasattr(os, "statvfs"):
        return ""
    try:
        found = os.statvfs(folder)
    except OSError:
        return ""
    room = found.f_bavail * found.f_frsize
    if room < least:
        return f"{room:,} bytes are left"
    return "no more files can be made" if found.f_files and not found.f_favail else ""
