"""Every lock that a dead git can leave in a bare store: taken over when nobody holds it, else told with its remedy."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from promptlib import Store
from promptlib.errors import Busy
from promptlib.formats.git_history import import_git
from tests.faults.killing import Deed, assert_is, git, line_since, picture, prompt_of

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="who is at work is read in /proc")

OWN = Deed("save", (("after", "saved after all"),))
LOCKS = {"ref": ("refs/heads/main.lock",), "HEAD": ("HEAD.lock",), "both": ("refs/heads/main.lock", "HEAD.lock")}


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bare store with one version; what takes ten seconds takes a fraction of one."""
    monkeypatch.setattr("promptlib._git.leftovers.STALE_SECONDS", 0.3)
    monkeypatch.setattr("promptlib._git.leftovers.PATIENT_SECONDS", 0.8)
    path = tmp_path / "prompts.git"
    with Store.init(path, bare=True) as store:
        store.save("a", prompt_of("one"))
    return path


@pytest.fixture
def foreign(bare: Path) -> dict[Path, bytes]:
    """Locks on refs that are not the store's branch, old and with nobody at work: they are not ours to judge."""
    found = {}
    for name in ("refs/heads/other.lock", "refs/tags/v1.lock", "refs/remotes/origin/main.lock", "config.lock"):
        place = bare / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"theirs")
        os.utime(place, (1, 1))
        found[place] = b"theirs"
    return found


def saved(path: Path) -> None:
    """Save, and see by plain git that it is there, on top of what was."""
    old = git(path, "rev-parse", "HEAD").strip()
    with Store(path) as store:
        OWN.do(store)
    assert_is(path, line_since(path, old), [OWN])


@pytest.mark.parametrize("age", ["young", "old"])
@pytest.mark.parametrize("content", ["empty", "half", "whole", "noise"])
@pytest.mark.parametrize("locks", LOCKS)
def test_left_by_nobody_who_lives(bare: Path, foreign: dict[Path, bytes], locks: str, content: str, age: str) -> None:
    """The save takes a moment at most, needs no hands, and touches no lock but its own ref's."""
    commit = git(bare, "rev-parse", "HEAD").strip()
    text = {"empty": b"", "half": commit[:20].encode(), "whole": f"{commit}\n".encode(), "noise": b"\xff\0 no commit"}
    for name in LOCKS[locks]:
        (bare / name).write_bytes(text[content])
        if age == "old":
            os.utime(bare / name, (1_000_000_000, 1_000_000_000))
    saved(bare)
    assert not any((bare / name).exists() for name in LOCKS[locks])
    assert {place: place.read_bytes() for place in foreign} == foreign


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A git of somebody else that is about to move the branch: it holds both locks, and waits."""
    now = git(path, "rev-parse", "HEAD").strip()
    eve = ("-c", "user.name=Eve", "-c", "user.email=eve@example.com")
    made = git(path, *eve, "commit-tree", f"{now}^{{tree}}", "-p", now, "-m", "Foreign")
    words = ["git", "update-ref", "--stdin"]
    with subprocess.Popen(words, cwd=path, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"start\nupdate refs/heads/main {made.strip()} {now}\nprepare\n".encode())
        process.stdin.flush()
        while process.stdout.readline() != b"prepare: ok\n":
            continue
        try:
            yield process
        finally:
            process.kill()


def test_a_foreign_git_was_killed(bare: Path, foreign: dict[Path, bytes]) -> None:
    """Its locks hold a commit that no writer of ours has noted: they are waited for, and then taken over."""
    with holder(bare) as process:
        process.kill()
    assert all((bare / name).exists() for name in LOCKS["both"])
    saved(bare)
    assert {place: place.read_bytes() for place in foreign} == foreign


@pytest.mark.parametrize("age", ["young", "old"])
def test_a_foreign_git_lives(bare: Path, age: str) -> None:
    """Nothing of it is touched, the error names the lock, its holder and the remedy; when it ends, the save works."""
    with holder(bare) as process:
        for name in LOCKS["both"] if age == "old" else ():
            os.utime(bare / name, (1_000_000_000, 1_000_000_000))
        before = picture(bare, bare / "promptlib", bare / "objects")
        with Store(bare) as store, pytest.raises(Busy, match="another git holds") as caught:
            OWN.do(store)
        assert f"process {process.pid}" in caught.value.what or age == "young"
        assert f"rm {bare}/refs/heads/main.lock" in caught.value.hint
        assert picture(bare, bare / "promptlib", bare / "objects") == before
        assert process.poll() is None
        assert process.stdin is not None
        process.stdin.write(b"abort\n")
        process.stdin.close()
        process.wait(30)
    saved(bare)


def test_a_foreign_git_ends_in_time(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It commits while the save waits: both are there, one on the other."""
    old = git(bare, "rev-parse", "HEAD").strip()
    with holder(bare) as process, Store(bare) as store:
        assert process.stdin is not None
        pipe, waited = process.stdin, Counter[str]()
        look = os.lstat

        def seen(path: str) -> os.stat_result:
            waited[path] += 1
            if waited[path] == 3:
                pipe.write(b"commit\n")
                pipe.close()
            return look(path)

        monkeypatch.setattr("promptlib._git.leftovers.os.lstat", seen)
        OWN.do(store)
        monkeypatch.undo()
    foreign, own = line_since(bare, old)
    assert foreign.blobs == {}
    assert_is(bare, [own], [OWN])


STOPPED = """
import os, signal, sys
from promptlib import Store
from promptlib._git import references
from tests.faults.killing import prompt_of

def stop(*_):
    (child,) = [each for each in store._repository._git._children if each.verb == "update-ref"]
    os.kill(child.process, signal.SIGSTOP)
    print(child.process, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

store = Store(sys.argv[1])
references.sync = stop
store.save("stopped", prompt_of("never told"))
"""


def test_the_git_of_a_dead_writer_is_stopped(bare: Path) -> None:
    """Python died, its git sleeps with the lock and may yet move the ref: nothing is touched."""
    old = git(bare, "rev-parse", "HEAD").strip()
    top = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", STOPPED, bare],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": top},
        start_new_session=True,  # or the kernel wakes what is stopped in a group that nobody controls
    )
    assert done.returncode == -signal.SIGKILL
    sleeper = int(done.stdout)
    try:
        with Store(bare) as store, pytest.raises(Busy, match=r"another git holds .*/refs/heads/main\.lock"):
            OWN.do(store)
        assert git(bare, "rev-parse", "HEAD").strip() == old
    finally:
        os.kill(sleeper, signal.SIGCONT)
    saved(bare)


def test_an_import_beside_a_lock_on_the_packed_refs(bare: Path, tmp_path: Path) -> None:
    """It needs that lock only to tidy up: everything is imported and told, and the lock is not touched."""
    source = tmp_path / "source"
    git(tmp_path, "init", "-q", "source")
    (source / "prompts").mkdir()
    for at in range(3):
        (source / "prompts/b.md").write_text(f"Text {at}.\n")
        git(source, "add", ".")
        git(source, "-c", "user.name=Eve", "-c", "user.email=e@x", "commit", "-q", "-m", f"Edit {at}")
    git(bare, "pack-refs", "--all")
    (bare / "packed-refs.lock").touch()
    with Store(bare) as store:
        assert import_git(store, source, match="prompts/{name}.md").versions == 3
        assert [store.load(f"b@v{at + 1}").messages[0].text for at in range(3)] == [f"Text {at}.\n" for at in range(3)]
    saved(bare)
    assert (bare / "packed-refs.lock").read_bytes() == b""
