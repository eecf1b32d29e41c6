"""Bringing files to disk: one by one, or many with a single sync after them."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from promptlib._git.records import Durability

BINARY = getattr(os, "O_BINARY", 0)
WAIT_BEFORE, WRITE, WAIT_AFTER = 1, 2, 4


def sync(descriptors: Sequence[int], durability: Durability) -> None:
    """Bring the files to disk as far as *durability* asks.

    `each` syncs every file by itself. `batch` is git's own `core.fsyncMethod=batch`: contents are written out here, and
    the sync of the ref's folder, which comes last, makes them and their names stay; where the system cannot write out
    without a sync, `batch` does what `each` does.
    """
    if durability == "none":
        return
    if durability == "batch" and (call := _write_out()) is not None:
        # First all are started, then all are waited for: the disk takes them together.
        started = [call(descriptor, WRITE) for descriptor in descriptors]
        if all(started) and all(call(descriptor, WAIT_BEFORE | WRITE | WAIT_AFTER) for descriptor in descriptors):
            return
    for descriptor in descriptors:
        os.fsync(descriptor)


@cache
def _write_out() -> Callable[[int, int], bool] | None:
    """Return Linux's `sync_file_range` over a whole file as a function of descriptor and flags, or None elsewhere."""
    if sys.platform != "linux":
        return None
    import ctypes  # noqa: PLC0415 - only writers need it

    try:
        call = ctypes.CDLL(None).sync_file_range
    except (OSError, AttributeError):
        return None
    call.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]
    return lambda descriptor, flags: call(descriptor, 0, 0, flags) == 0
