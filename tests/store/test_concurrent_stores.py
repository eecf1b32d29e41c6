"""Many at once: what was acknowledged is there, and nobody sees half of anything."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptlib import Prompt, Store

    Make = Callable[..., Prompt[Any]]


def test_threads_share_one_store(bare: Store, make: Make) -> None:
    """Four threads load, save, label and look back through one object; every answer fits what was acknowledged."""
    bare.save("shared", make("begin"))
    start = Barrier(4)

    def work(who: int) -> list[tuple[str, str, int | None]]:
        start.wait()
        done = []
        for at in range(12):
            version = bare.save("shared", make(f"{who} {at}"))
            done.append((version.name, version.digest, version.number))
            assert bare.load(f"shared@v{version.number}").digest == version.digest
            own = bare.save(f"own-{who}", make(f"own {at}"))
            assert own.number == at + 1
            assert bare.load(f"own-{who}") == make(f"own {at}")
            bare.label(f"own-{who}", "production", own)
            assert bare.load(f"own-{who}@production") == make(f"own {at}")
            assert [each.number for each in bare.history(f"own-{who}")] == list(range(1, at + 2))
        return done

    with ThreadPoolExecutor(4) as pool:
        acknowledged = [each for done in pool.map(work, range(4)) for each in done]
    stored = {(version.name, version.digest, version.number) for version in bare.history("shared")}
    assert set(acknowledged) <= stored
    assert len(stored) == 4 * 12 + 1
    assert bare.fsck().ok


def test_threads_at_other_tips(bare: Store, make: Make) -> None:
    """What one thread has begun to ask is answered for its commit, whatever another does meanwhile."""
    first = bare.save("a", make("one"))
    with bare.transaction("Slow") as transaction, ThreadPoolExecutor(1) as pool:
        assert pool.submit(bare.save, "a", make("two")).result().number == 2
        assert pool.submit(lambda: len(bare.history("a"))).result() == 2
        assert transaction.load("a@latest") == make("one")
        assert transaction.save("b", make("three")).number == 1
    assert bare.version("a@v1") == first
    assert bare.names() == ("a", "b")


def test_a_transaction_may_end_in_another_thread(bare: Store, make: Make) -> None:
    """It is an object like any other."""
    bare.save("a", make("one"))
    with bare.transaction("Elsewhere") as transaction, ThreadPoolExecutor(1) as pool:
        assert pool.submit(transaction.save, "a", make("two")).result().number == 2
        assert pool.submit(transaction.load, "a@v1").result() == make("one")
    assert bare.load("a") == make("two")


def test_stores_in_children_of_a_fork(bare: Store, make: Make) -> None:
    """A child goes on with the store of its parent, and neither takes the other's git away."""
    import multiprocessing

    bare.save("a", make("one"))
    context = multiprocessing.get_context("fork")
    child = context.Process(target=bare.save, args=("a", make("two")))
    child.start()
    child.join(30)
    assert child.exitcode == 0
    assert bare.load("a") == make("two")
    assert bare.save("a", make("three")).number == 3
