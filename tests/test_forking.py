"""Locks and forks: a child is never stuck on what a thread of its parent held."""

from __future__ import annotations

import os
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest

from promptlib.forking import ForkableLock, ForkBarrier

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def status_of_child(work: Callable[[], bool]) -> int:
    """Run *work* in a forked child; return 0 when it says True."""
    child = os.fork()
    if child == 0:
        os._exit(0 if work() else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_lock_that_another_thread_holds_is_free_in_a_child() -> None:
    lock, taken, done = ForkableLock(), Event(), Event()

    def hold() -> None:
        with lock:
            taken.set()
            done.wait()

    def takes_it() -> bool:
        with lock:
            return True

    holder = Thread(target=hold)
    holder.start()
    taken.wait()
    assert status_of_child(takes_it) == 0
    done.set()
    holder.join()
    assert takes_it()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_waits_for_a_barrier_and_takes_them_by_rank() -> None:
    """What is guarded is whole in the child, and both sides go on; a barrier that nobody holds is in no way."""
    inner, outer = ForkBarrier(rank=11), ForkBarrier(rank=10)
    ForkBarrier(rank=12)
    state, begun = ["whole"], Event()

    def change() -> None:
        with outer, outer, inner:
            state[:] = ["half"]
            begun.set()
            for _ in range(1000):
                os.sched_yield()
            state[:] = ["whole"]

    def sees_the_whole() -> bool:
        with outer, inner:
            return state == ["whole"]

    for _ in range(5):
        begun.clear()
        changer = Thread(target=change)
        changer.start()
        begun.wait()
        assert status_of_child(sees_the_whole) == 0
        changer.join()
    assert sees_the_whole()
