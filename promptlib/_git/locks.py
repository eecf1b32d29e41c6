"""The lock that puts writers in a row, and proves a left-over git lock stale."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptlib.errors import Busy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from promptlib._git.layout import Layout
    from promptlib._git.references import References


SIGNATURE = 96
#: A save holds the lock for a millisecond or a few: those who wait look often.
POLL_SECONDS = 0.002


@dataclass(frozen=True, slots=True)
class Held:
    """The lock while it is held; `taken_over` tells which locks of dead processes were removed."""

    taken_over: tuple[str, ...] = ()


@contextmanager
def held(layout: Layout, references: References, reference: str | None, timeout: float) -> Iterator[Held]:
    """Hold the writers' lock of a repository; on the way in, free *reference* of what a killed git left.

    It is a kernel lock: it ends with its process, however that ends.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 - only writers need it

    from promptlib._git.room import not_written, telling  # noqa: PLC0415 - only writers need it

    mode = layout.shared or 0o644
    try:
        folder = layout.own_folder()
        lock = FileLock(folder / "lock", timeout=timeout, mode=mode, poll_interval=POLL_SECONDS)
        lock.acquire()
    except Timeout as error:
        raise Busy(
            f"another writer holds this store, waited {timeout:g} seconds: {_holder(layout.common_dir)}",
            hint="try again; the lock ends with the process that holds it",
        ) from error
    except OSError as error:
        raise not_written(layout.common_dir, error) from error
    try:
        with suppress(OSError):  # whoever cannot sign, for want of room, holds the lock all the same
            _sign(folder / "holder", mode)
        with telling(layout.common_dir):
            taken = _taken_over(references, reference) if reference else ()
        yield Held(taken)
    finally:
        lock.release()


def _taken_over(references: References, reference: str) -> tuple[str, ...]:
    taken = references.take_over(reference)
    if taken:
        import logging  # noqa: PLC0415 - it is rare

        logging.getLogger("promptlib").warning("removed the lock of a dead git: %s", "; ".join(taken))
    return taken


def _sign(path: Path, mode: int) -> None:
    """Write who holds the lock, for the error of those who wait; over the old text, since truncating it is slow."""
    name = f"process {os.getpid()} on {socket.gethostname()}".ljust(SIGNATURE)[:SIGNATURE]
    # A repository may bring a link of this name, to a file that is none of ours.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), mode)
    try:
        os.write(descriptor, name.encode("utf-8", "replace"))
    finally:
        os.close(descriptor)


def _holder(common: Path) -> str:
    try:
        return (common / "promptlib/holder").read_text("utf-8", "replace").strip() or "it did not say its name"
    except OSError:
        return "it did not say its name"
