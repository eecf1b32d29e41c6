"""One store used from threads, from asyncio and from forked children, and what becomes of its gits."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from textwrap import dedent
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Store
from tests.store import crew

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptlib import Prompt

    Make = Callable[..., Prompt[Any]]
    Run = Callable[..., str]

THREADS = 8


@pytest.mark.no_cover
@pytest.mark.parametrize("home", ["bare", "tree"])
def test_eight_threads_load_and_save(request: pytest.FixtureRequest, home: str, make: Make, run: Run) -> None:
    """No error and no wrong text: of what was saved, by whomever, each load returns just that."""
    store: Store = request.getfixturevalue(home)
    saves = 12 if home == "bare" else 2
    old = run(store.path, "rev-parse", "HEAD").strip()
    start = Barrier(THREADS)

    def work(who: int) -> list[crew.Told]:
        start.wait()
        told = []
        for at in range(saves):
            for name in ("shared", f"of/thread{who}"):
                text = f"thread {who} save {at} of {name}"
                version = store.save(name, make(text))
                told.append(crew.made(name, text, version))
                assert store.load(f"{name}@v{version.number}").messages[0].text == text
                assert store.load(f"{name}#{version.digest[7:]}").messages[0].text == text
                assert store.load("shared").messages[0].text.endswith("of shared")
            assert store.load(f"of/thread{who}").messages[0].text == told[-1].text
        return told

    with ThreadPoolExecutor(THREADS) as pool:
        told = [one for done in pool.map(work, range(THREADS)) for one in done]
    crew.assert_all_is_there(store.path, old, told, "" if home == "bare" else "prompts/")


def test_asyncio_through_threads(bare: Store, make: Make, run: Run) -> None:
    """An event loop saves and loads many at once without a lock of its own."""
    old = run(bare.path, "rev-parse", "HEAD").strip()

    async def one(at: int) -> crew.Told:
        version = await asyncio.to_thread(bare.save, f"name{at % 5}", make(f"call {at}"))
        loaded = await asyncio.to_thread(bare.load, f"name{at % 5}@v{version.number}")
        assert loaded.messages[0].text == f"call {at}"
        return crew.made(f"name{at % 5}", f"call {at}", version)

    async def many() -> list[crew.Told]:
        return await asyncio.gather(*(one(at) for at in range(40)))

    crew.assert_all_is_there(bare.path, old, asyncio.run(many()))


# --- forks ------------------------------------------------------------------------------------------------------------

PRELUDE = """
import faulthandler, os, signal, sys, threading
from contextlib import suppress
from pathlib import Path
from promptlib import Store
from tests.store.crew import prompt_of

# What hangs says where, and ends: a child has no alarm until it sets one, and no thread of a watchdog.
faulthandler.register(signal.SIGALRM, all_threads=True, chain=True)
signal.alarm(300)

def gits(process):
    "Return the numbers of the gits that this process has started and not reaped."
    found = []
    for task in Path(f"/proc/{process}/task").iterdir():
        with suppress(OSError):  # a thread that has just ended has no children
            found += (task / "children").read_text().split()
    return found

def words(process):
    "Return the command of this process; nothing when it has just ended."
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""

def pipes(process):
    "Return the pipes that this process has open; none when it has just ended."
    found = set()
    with suppress(FileNotFoundError):
        for place in Path(f"/proc/{process}/fd").iterdir():
            with suppress(FileNotFoundError):
                found.add(os.readlink(place))
    return {each for each in found if each.startswith("pipe:")}
"""

FORKS = (
    PRELUDE
    + """
path, forks = sys.argv[1], int(sys.argv[2])
store = Store(path, durability="none")
# A module that another thread is just importing is locked for ever in a child: that is Python's, not the store's.
store.load(f"packed@v{store.save('of/parent', prompt_of('first')).number}")
stop = threading.Event()
wrong = []

def work(who):
    at = 0
    try:
        while not stop.is_set():
            at += 1
            version = store.save(f"of/thread{who}", prompt_of(f"thread {who} save {at}"))
            assert store.load(f"of/thread{who}@v{version.number}").messages[0].text == f"thread {who} save {at}"
            assert store.load(f"packed@v{at % 9 + 1}").messages[0].text == f"packed {at % 9}"
    except BaseException as error:
        wrong.append(repr(error))
        raise

def live(at):
    signal.alarm(200)
    # Gits alone: what is just being started has for a moment all that its parent has.
    lasting = [git for git in gits(os.getppid()) if words(git).partition(b"\\0")[0].endswith(b"git")]
    used = set().union(*map(pipes, lasting))
    assert not used & pipes(os.getpid()), "the pipes of the parent's gits are open in the child"
    assert store.load(f"packed@v{at % 9 + 1}").messages[0].text == f"packed {at % 9}"
    assert store.save(f"of/child{at}", prompt_of(f"child {at}")).number == 1
    assert store.load(f"of/child{at}").messages[0].text == f"child {at}"
    assert gits(os.getpid()), "it talks to gits of its own"
    store.close()
    assert not gits(os.getpid())

threads = [threading.Thread(target=work, args=(who,)) for who in range(4)]
for thread in threads:
    thread.start()
ended = []
for at in range(forks):
    child = os.fork()
    if not child:
        code = 1
        try:
            live(at)
            code = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stderr.flush()
            os._exit(code)
    ended.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
stop.set()
for thread in threads:
    thread.join()
assert not wrong, wrong
assert ended == [0] * forks, ended
for who in range(4):
    name = f"of/thread{who}"
    texts = [store.load(f"{name}@v{version.number}").messages[0].text for version in store.history(name)]
    assert texts == [f"thread {who} save {at + 1}" for at in range(len(texts))]
    assert texts
"""
)


@pytest.fixture
def packed(bare: Store, make: Make, run: Run) -> Path:
    """A bare store with nine versions in a pack, which only a git can read."""
    for at in range(9):
        bare.save("packed", make(f"packed {at}"))
    bare.close()
    run(bare.path, "gc", "-q")
    return bare.path


def python(script: str, *words: str | Path) -> str:
    """Run *script* in a Python of its own, where a warning is an error; return what it printed."""
    top = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(top), os.environ.get("PYTHONPATH", "")])}
    # Python 3.12 warns of every fork beside threads; that it works is what is tested.
    quiet = ("-W", "error", "-W", "ignore:This process:DeprecationWarning")
    done = subprocess.run(
        [sys.executable, *quiet, "-c", dedent(script), *words],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


linux = pytest.mark.skipif(sys.platform != "linux", reason="processes and their pipes are read in /proc")


@linux
def test_forks_while_threads_are_at_work(packed: Path) -> None:
    """Thirty children of a process whose threads load and save: each loads and saves, with gits of its own."""
    python(FORKS, packed, "30")
    fresh = Store(packed)
    assert [fresh.load(f"of/child{at}").messages[0].text for at in range(30)] == [f"child {at}" for at in range(30)]
    crew.git(packed, "fsck", "--strict", "--no-dangling")


@linux
def test_gits_end_with_their_thread_their_store_and_their_process(packed: Path) -> None:
    """None is left over, neither running nor as a zombie."""
    told = python(
        PRELUDE
        + """
store = Store(sys.argv[1])

def work(who):
    store.load(f"packed@v{who + 1}")
    store.save(f"of/thread{who}", prompt_of(f"thread {who}"))
    seen.update(gits(os.getpid()))

seen = set()
threads = [threading.Thread(target=work, args=(who,)) for who in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert len(seen) >= 8, seen
assert not gits(os.getpid()), "gits of threads that have ended"
store.load("packed@v9")
store.save("main", prompt_of("main"))
assert gits(os.getpid())
store.close()
assert not gits(os.getpid()), "gits of a store that was closed"
store.load("packed@v8")
assert store.save("main", prompt_of("again")).number == 2
idle = threading.Thread(target=lambda: (store.save("idle", prompt_of("idle")), threading.Event().wait()), daemon=True)
idle.start()
while "idle" not in store.names():
    pass
print(*seen, *gits(os.getpid()))
""",
        packed,
    )
    numbers = told.split()
    assert len(numbers) > 10
    for number in numbers:
        command = Path(f"/proc/{number}/cmdline")
        # The number may be another program's by now.
        assert not command.exists() or bytes(packed) not in command.read_bytes()
