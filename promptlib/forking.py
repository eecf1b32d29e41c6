"""Locks that bear a fork: a child has one thread, and nobody in it to let go of what the others held."""

from __future__ import annotations

import os
from threading import Lock, RLock
from weakref import ReferenceType, WeakSet, ref


class ForkableLock:
    """A lock for `with` that is free in a forked child, whoever held it in the parent.

    What it guards must bear that a change was cut short in the child: a cache does.
    """

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        """Begin free."""
        self._lock = Lock()
        _locks.add(self)

    def __enter__(self) -> None:
        """Wait until it is free, and take it."""
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        """Let it go."""
        self._lock.release()

    def renew(self) -> None:
        """Be free again, in a child."""
        self._lock = Lock()


class ForkBarrier:
    """A reentrant lock for `with` that a fork waits for: what it guards is never cut short in a child.

    Who holds one may take another of a higher *rank*, and none of the same: a fork takes them in that order.
    """

    __slots__ = ("__weakref__", "lock", "rank")

    def __init__(self, rank: int) -> None:
        """Begin free."""
        self.lock = RLock()
        self.rank = rank
        _barriers[:] = [*(known for known in _barriers if known() is not None), ref(self)]

    def __enter__(self) -> None:
        """Wait until no other thread holds it, and take it."""
        self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        """Let it go."""
        self.lock.release()


_locks: WeakSet[ForkableLock] = WeakSet()
_barriers: list[ReferenceType[ForkBarrier]] = []
#: One fork at a time, and what it has taken.
_gate = Lock()
_taken: list[ForkBarrier] = []


def _before() -> None:
    _gate.acquire()
    found = [barrier for known in list(_barriers) if (barrier := known()) is not None]
    for barrier in sorted(found, key=lambda barrier: barrier.rank):
        barrier.lock.acquire()
        _taken.append(barrier)


def _after() -> None:
    while _taken:
        _taken.pop().lock.release()
    _gate.release()


def _after_in_child() -> None:
    for lock in list(_locks):
        lock.renew()
    _after()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_after_in_child)
