"""Writing a file's content out to disk without a full sync, where the system can."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

WAIT_BEFORE, WRITE, WAIT_AFTER = 1, 2, 4


@cache
def write_out() -> Callable[[int, int], bool] | None:
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
