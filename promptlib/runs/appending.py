"""One more line at the end of a log that several processes write: whole, or told as an error."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from promptlib.errors import InvalidInputs, StoreError, StoreReadOnly
from promptlib.runs.reading import LONGEST_LINE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TRIES = 3
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_BINARY = getattr(os, "O_BINARY", 0)


def append(path: Path, line: bytes, *, mode: int, links: bool, folder: Callable[[], object]) -> None:
    """Write *line*, which ends in a newline, behind all that *path* holds, in one write.

    Such a write is never mixed with that of another process. Where a killed one left a line without its end, that end
    is written first; should it have died just now, the line is written once more. *folder* makes the folder of a new
    file, whose *mode* is given; a link is followed only where *links* may be. Raises `StoreReadOnly` and `StoreError`:
    then nothing can be read of the line.
    """
    if len(line) > LONGEST_LINE:
        raise InvalidInputs(
            f"this run takes {len(line):,} bytes, and a line of a log at most {LONGEST_LINE:,}",
            hint="leave the texts out: record(…, texts=False) keeps their digests",
        )
    try:
        descriptor = _opened(path, mode, links=links, folder=folder)
        try:
            _write(descriptor, line)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _refused(path, error) from error


def _opened(path: Path, mode: int, *, links: bool, folder: Callable[[], object]) -> int:
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | _BINARY | (0 if links else _NO_LINK)
    try:
        return os.open(path, flags, mode)
    except FileNotFoundError:
        folder()
        return os.open(path, flags, mode)


def _write(descriptor: int, line: bytes) -> None:
    alone = _is_ended(descriptor, os.fstat(descriptor).st_size)
    for _ in range(TRIES):
        data = line if alone else b"\n" + line
        if os.write(descriptor, data) == len(data) and (
            not alone or _is_ended(descriptor, os.lseek(descriptor, 0, os.SEEK_CUR) - len(data))
        ):
            return
        alone = False
    raise OSError(0, "only a part of the line could be written")


def _is_ended(descriptor: int, at: int) -> bool:
    """Whether a line that begins at this place begins a line of its own."""
    if at <= 0:
        return True
    os.lseek(descriptor, at - 1, os.SEEK_SET)
    return os.read(descriptor, 1) == b"\n"


def _refused(path: Path, error: OSError) -> StoreError:
    what = f"the run was not logged: {str(path)!r} cannot be written: {error.strerror}"
    if isinstance(error, PermissionError) or error.strerror == "Read-only file system":
        return StoreReadOnly(what, hint="log somewhere else: RunLog(path) of promptlib.runs takes any file")
    return StoreError(what, hint="make room or mend the path; earlier runs are as they were")
