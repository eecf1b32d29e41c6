"""Whether there is room on a disk: git does not always say that it failed for want of it."""

from __future__ import annotations

import os

SAID = ("No space left on device", "Out of diskspace", "Disk quota exceeded")
FULL = 1 << 16  # bytes: what fails for want of room has left less than that
MAKE_ROOM = "nothing was changed; make room on this disk, then do it again"


def with_reason(words: str, folder: str | os.PathLike[str]) -> str:
    """Return *words* of a git that failed, and that the disk of *folder* is full where that is so and not said."""
    if SAID[0] in words or SAID[2] in words or not (left := _left(folder)):
        return words
    return f"{words.strip()} (the disk is full: {left})"


def is_missing(words: str) -> bool:
    """Return whether *words* say that there was no room."""
    return any(said in words for said in (*SAID, "the disk is full"))


def _left(folder: str | os.PathLike[str]) -> str:
    """Return how little room there is, or an empty text where there is enough, or the system does not tell."""
    if not hasattr(os, "statvfs"):
        return ""
    try:
        found = os.statvfs(folder)
    except OSError:
        return ""
    room = found.f_bavail * found.f_frsize
    if room < FULL:
        return f"{room:,} bytes are left"
    return "no more files can be made" if found.f_files and not found.f_favail else ""
