"""A file that is written whole or not at all, in a folder that is no store of git's."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from promptlib.errors import PromptLibError, StoreError, StoreReadOnly

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_READ_ONLY = "Read-only file system"


def put_whole(place: Path, parts: Iterable[bytes]) -> None:
    """Write *parts* to *place*; until all of it is on disk, what was there before stays.

    A link is followed, and the mode of an old file kept. Raises `StoreReadOnly`, or `StoreError` for a full disk.
    """
    target = os.path.realpath(place)
    folder, name = os.path.split(target)
    temporary = os.path.join(folder, f".{name}.{os.getpid()}-{secrets.token_hex(4)}")  # noqa: PTH118 - a text path
    try:
        _write(temporary, parts, _mode(target))
        os.replace(temporary, target)  # noqa: PTH105 - a text path
    except BaseException as error:
        with suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108 - a text path
        if not isinstance(error, OSError) or isinstance(error, PromptLibError):
            raise
        kind = StoreReadOnly if isinstance(error, PermissionError) or error.strerror == _READ_ONLY else StoreError
        raise kind(f"{place} cannot be written: {error.strerror}", hint="what was there before is as it was") from error
    with suppress(OSError):  # not every system syncs a folder; the file is whole with its old or its new content
        _sync_folder(folder)


def _mode(target: str) -> int | None:
    try:
        return os.stat(target).st_mode & 0o777  # noqa: PTH116 - a text path
    except FileNotFoundError:
        return None


def _write(temporary: str, parts: Iterable[bytes], mode: int | None) -> None:
    with open(temporary, "xb") as file:  # noqa: PTH123 - a text path
        file.writelines(parts)
        file.flush()
        if mode is not None:
            os.chmod(temporary, mode)  # noqa: PTH101 - a text path
        os.fsync(file.fileno())


def _sync_folder(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
