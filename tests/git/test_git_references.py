"""Refs: never a failed read for a missing one, never a lost update."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from promptlib._git import Author, Head, Repository, leftovers
from promptlib.errors import BadRef, Busy, GitFailed, StoreDamaged, StoreReadOnly

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ANN = Author("Ann", "ann@example.com")
MAIN = "refs/heads/main"


def commits(repository: Repository, number: int) -> list[str]:
    made: list[str] = []
    for at in range(number):
        time = (1_700_000_000 + at, "+0000")
        parents = made[-1:]
        made.append(
            repository.commit(
                {"a": b"%d" % at}, parents=parents, message=f"m{at}", author=ANN, time=time, durability="none"
            )[0]
        )
    return made


def test_swap_moves_only_from_the_expected_tip(bare: Repository) -> None:
    one, two, three = commits(bare, 3)
    assert bare.tip(MAIN) is None
    assert bare.head() == Head(MAIN, None)
    assert bare.swap(MAIN, None, one)
    assert not bare.swap(MAIN, None, two)
    assert not bare.swap(MAIN, two, three)
    assert bare.tip(MAIN) == one
    assert bare.swap(MAIN, one, two, durability="each")
    assert bare.head() == Head(MAIN, two)
    assert bare.is_ancestor(one, two)
    assert not bare.is_ancestor(two, one)


def test_git_knows_the_swap(bare: Repository, git: Callable[..., str]) -> None:
    one, two = commits(bare, 2)
    git(bare.git_dir, "config", "core.logAllRefUpdates", "always")
    git(bare.git_dir, "update-ref", "-m", "by hand", MAIN, one)
    assert bare.swap(MAIN, one, two, reflog="promptlib: save")
    assert git(bare.git_dir, "rev-parse", "main").strip() == two
    assert git(bare.git_dir, "reflog", "show", "--format=%gs", "main") == "promptlib: save\nby hand\n"


def test_packed_refs_and_a_newer_loose_one(bare: Repository, git: Callable[..., str]) -> None:
    one, two = commits(bare, 2)
    assert bare.swap(MAIN, None, one)
    assert bare.swap("refs/heads/mainx", None, two)
    git(bare.git_dir, "pack-refs", "--all")
    assert not (bare.git_dir / MAIN).exists()
    assert (bare.tip(MAIN), bare.tip("refs/heads/mainx"), bare.tip("refs/heads/mai")) == (one, two, None)
    assert bare.swap(MAIN, one, two)
    assert bare.tip(MAIN) == two
    assert bare.tip(f"{MAIN}/below") is None
    assert bare.tip("refs/heads") is None


def test_detached_and_symbolic(bare: Repository, git: Callable[..., str]) -> None:
    one, _ = commits(bare, 2)
    assert bare.swap(MAIN, None, one)
    git(bare.git_dir, "symbolic-ref", "refs/heads/alias", MAIN)
    assert bare.tip("refs/heads/alias") == one
    git(bare.git_dir, "update-ref", "--no-deref", "HEAD", one)
    assert bare.head() == Head(None, one)
    git(bare.git_dir, "symbolic-ref", "refs/heads/loop", "refs/heads/loop")
    with pytest.raises(StoreDamaged, match="leads nowhere"):
        bare.tip("refs/heads/loop")


@pytest.mark.parametrize("content", ["", "\n", "0123", "garbage\n" * 20, "z" * 40 + "\n"])
def test_a_ref_that_holds_nonsense_is_damage(bare: Repository, content: str) -> None:
    (bare.git_dir / "packed-refs").write_text(f"{'1' * bare._objects.id_length} {MAIN}\n")
    (bare.git_dir / MAIN).write_text(content)
    with pytest.raises(StoreDamaged, match=r"'refs/heads/main' holds .*, which is no commit\ngit reflog show"):
        bare.tip(MAIN)


def test_a_ref_longer_than_one_read_is_read_to_its_end(bare: Repository) -> None:
    (one,) = commits(bare, 1)
    others = "".join(f"{one} refs/tags/{at:0200}\n" for at in range(1000))
    (bare.git_dir / "packed-refs").write_text(f"{others}{one} {MAIN}\n")
    assert bare.tip(MAIN) == one


def test_no_head_is_damage(bare: Repository) -> None:
    (bare.git_dir / "HEAD").unlink()
    with pytest.raises(StoreDamaged, match=r"no HEAD\nrestore it: git symbolic-ref"):
        bare.head()


@pytest.mark.parametrize("number", [5, 13, 24, 116])
def test_a_failed_read_is_never_a_missing_ref(bare: Repository, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail each of the reads in turn: EIO, EACCES, EMFILE, ESTALE."""
    (one,) = commits(bare, 1)
    assert bare.swap(MAIN, None, one)
    real = os.open
    for failing in range(2):
        seen: list[str] = []

        def broken(path: str, flags: int, seen: list[str] = seen, failing: int = failing) -> int:
            seen.append(path)
            if len(seen) == failing + 1:
                raise OSError(number, os.strerror(number))
            return real(path, flags)

        with monkeypatch.context() as patch:
            patch.setattr(os, "open", broken)
            with pytest.raises(GitFailed, match=rf"cannot be read: {os.strerror(number)}\nnothing was changed"):
                bare.tip("refs/heads/other" if failing else MAIN)
    assert bare.tip(MAIN) == one


@pytest.mark.parametrize(
    "name",
    ["main", "HEAD", "-d", "--help", "refs/", "refs/heads/", "refs/heads/a..b", "refs/heads/.a", "refs/heads/a.lock",
     "refs/heads/a.lock/b", "refs/heads/a b", "refs/heads/a\nb", "refs/heads/a~1", "refs/heads/@{1}", "refs/../HEAD",
     "refs/heads//a", "refs/heads/a.", "refs/heads/a\\b", "refs/heads/*", "refs/heads/a:b", "refs/heads/a\0"],
)  # fmt: skip
def test_names_that_are_none(bare: Repository, name: str) -> None:
    (one,) = commits(bare, 1)
    with pytest.raises(BadRef, match=r"is no full ref name\nwrite it in full"):
        bare.tip(name)
    with pytest.raises(BadRef):
        bare.swap(name, None, one)


def test_good_names_are_taken(bare: Repository) -> None:
    (one,) = commits(bare, 1)
    for name in ("refs/heads/a", "refs/heads/ü/b-c", "refs/promptlib/pending/x", "refs/heads/v1.2"):
        assert bare.swap(name, None, one)
        assert bare.tip(name) == one


def test_a_missing_object_is_no_race(bare: Repository) -> None:
    with pytest.raises(GitFailed, match=r"was not moved: .*nonexistent object[^\n]*\nnothing was changed"):
        bare.swap(MAIN, None, "1" * bare._objects.id_length)
    (one,) = commits(bare, 1)
    assert bare.swap(MAIN, None, one)  # the next one works


def test_a_full_disk_moves_nothing(bare: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = commits(bare, 2)
    assert bare.swap(MAIN, None, one)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("promptlib._git.references.sync", full)
        with pytest.raises(GitFailed, match="could not be brought to disk: No space left"):
            bare.swap(MAIN, one, two)
    assert bare.tip(MAIN) == one
    assert not (bare.git_dir / f"{MAIN}.lock").exists()
    assert bare.swap(MAIN, one, two)


def test_a_silent_git_is_not_believed(bare: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = commits(bare, 2)
    assert bare.swap(MAIN, None, one)
    monkeypatch.setattr("promptlib._git.references.References._transact", lambda *_: None)
    with pytest.raises(GitFailed, match=r"git said that 'refs/heads/main' moved, and it did not\nis the disk full"):
        bare.swap(MAIN, one, two)


def test_a_successor_counts_as_success(bare: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody built on the new commit before it was read back: it is not lost."""
    one, two = commits(bare, 2)
    assert bare.swap(MAIN, None, two)
    monkeypatch.setattr("promptlib._git.references.References._transact", lambda *_: None)
    assert bare.swap(MAIN, None, one)


def test_keep_survives_gc(bare: Repository, git: Callable[..., str]) -> None:
    (one,) = commits(bare, 1)
    bare.keep(one, "ann/1")
    git(bare.git_dir, "gc", "-q", "--prune=now")
    assert bare.tip("refs/promptlib/pending/ann/1") == one
    assert bare.blob_at(one, "a")


def locks_of(bare: Repository) -> list[Path]:
    return [bare.git_dir / f"{MAIN}.lock", bare.git_dir / "HEAD.lock"]


def test_a_lock_is_waited_for_and_left_over_after_ten_seconds(
    bare: Repository, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    one, two = commits(bare, 2)
    assert bare.swap(MAIN, None, one)
    for path in locks_of(bare):
        path.touch()
    other = bare.git_dir / "refs/heads/other.lock"
    other.touch()
    monkeypatch.setattr("promptlib._git.references.LOCK_MILLISECONDS", 1)
    with pytest.raises(Busy, match=r"is locked by another git process[^\n]*(.|\n)*removed by the next save"):
        bare.swap(MAIN, one, two)
    monkeypatch.setattr(leftovers, "PATIENT_SECONDS", 0.05)
    with (
        pytest.raises(Busy, match=r"another git holds .*main.lock, \d seconds old\nwait for it, .*: rm .*main.lock"),
        bare.lock(timeout=1, reference=MAIN),
    ):
        pass  # too young to be called stale
    for path in (*locks_of(bare), other):
        os.utime(path, (path.stat().st_mtime - 60,) * 2)
    with bare.lock(timeout=60, reference=MAIN) as held:
        for path, told in zip(locks_of(bare), held.taken_over, strict=True):
            assert re.fullmatch(rf"{path}: left by a process that is gone, 6\d seconds old( \(.*)?", told)
        assert bare.swap(MAIN, one, two)
    assert "removed the lock of a dead git" in caplog.text
    assert other.exists()  # not ours to judge


def test_a_clock_that_lies_takes_ten_seconds_more(bare: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of the file is in the future: what counts is for how long it has been seen."""
    (one,) = commits(bare, 1)
    lock = locks_of(bare)[0]
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.touch()
    os.utime(lock, (4e9, 4e9))
    monkeypatch.setattr(leftovers, "STALE_SECONDS", 0.1)
    with bare.lock(timeout=60, reference=MAIN) as held:
        assert len(held.taken_over) == 1
        assert bare.swap(MAIN, None, one)


def test_a_git_at_work_keeps_its_lock(bare: Repository, git: Callable[..., str]) -> None:
    """However old the lock is, somebody lives who may hold it; once that one is gone, nobody needs to be asked."""
    one, two = commits(bare, 2)
    assert bare.swap(MAIN, None, one)
    foreign = subprocess.Popen(
        ["git", "update-ref", "--stdin"], cwd=bare.git_dir, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert foreign.stdin
    assert foreign.stdout
    foreign.stdin.write(f"start\nupdate {MAIN} {two} {one}\nprepare\n".encode())
    foreign.stdin.flush()
    while foreign.stdout.readline() != b"prepare: ok\n":
        continue
    for path in locks_of(bare):
        if path.exists():
            os.utime(path, (1, 1))
    with (
        pytest.raises(Busy, match=rf"another git holds .*main.lock, .*: process {foreign.pid}, git update-ref --stdin"),
        bare.lock(timeout=1, reference=MAIN),
    ):
        pass
    assert locks_of(bare)[0].exists()
    foreign.kill()
    foreign.wait()
    foreign.stdin.close()
    foreign.stdout.close()
    with bare.lock(timeout=60, reference=MAIN) as held:
        assert held.taken_over
        assert bare.swap(MAIN, one, two)


def test_a_lock_of_the_last_writer_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer died with its git, between prepare and commit: its young locks are taken over at once."""
    script = """
import os, signal, sys
from promptlib._git import Author, Repository, references
store = Repository.open(sys.argv[1])
commit, _ = store.commit({"a": b"x"}, parents=(), message="m", author=Author("a", "a"), time=(1, "+0000"))
def die(*_):
    for child in list(store._git._children):
        os.kill(child.process, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
references.sync = die
with store.lock(reference="refs/heads/main"):
    store.swap("refs/heads/main", None, commit)
"""
    with Repository.init(tmp_path / "s.git", bare=True) as store:
        done = subprocess.run([sys.executable, "-c", script, str(store.git_dir)], check=False, stdout=subprocess.PIPE)
        assert done.returncode == -9
        left = [path for path in locks_of(store) if path.exists()]
        assert left
        (one,) = commits(store, 1)
        monkeypatch.setattr(leftovers, "STALE_SECONDS", 1e9)
        with store.lock(timeout=60, reference=MAIN) as held:
            assert len(held.taken_over) == len(left)
            assert store.swap(MAIN, None, one)


def test_a_lock_of_head_that_outlived_its_move(bare: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ref had moved already when its git died; only HEAD stayed locked."""
    one, two = commits(bare, 2)
    assert bare.swap(MAIN, None, one)
    monkeypatch.setattr(leftovers, "STALE_SECONDS", 1e9)
    monkeypatch.setattr(leftovers, "A_WHILE", 0.05)
    bare.git_dir.joinpath("promptlib").mkdir(exist_ok=True)
    bare.git_dir.joinpath("promptlib/moving").write_text(f"1 12345 {one}")
    lock = locks_of(bare)[1]
    lock.touch()
    with bare.lock(timeout=60, reference=MAIN) as held:
        assert len(held.taken_over) == 1
        assert bare.swap(MAIN, one, two)
    monkeypatch.setattr(leftovers, "PATIENT_SECONDS", 0.2)
    for text, at in (("x", 0), ("", 60)):
        lock.write_text(text)  # what HEAD will be: a git is at work; or long after that move
        os.utime(lock, (lock.stat().st_mtime + at,) * 2)
        with pytest.raises(Busy, match=r"another git holds .*HEAD.lock"), bare.lock(timeout=1, reference=MAIN):
            pass


def test_a_note_of_another_move_proves_nothing(bare: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last writer is gone, and the lock holds another commit than it noted: it is somebody else's."""
    one, two, three = commits(bare, 3)
    assert bare.swap(MAIN, None, one)
    note = bare.git_dir / "promptlib/moving"
    monkeypatch.setattr(leftovers, "PATIENT_SECONDS", 0.05)
    lock = locks_of(bare)[0]
    lock.write_text(f"{three}\n")
    for text in (f"1 12345 {two}", "no note", "", "1 1"):
        note.parent.mkdir(exist_ok=True)
        note.write_text(text)
        with pytest.raises(Busy), bare.lock(timeout=1, reference=MAIN):
            pass
    note.write_text(f"1 12345 {three}")
    with bare.lock(timeout=60, reference=MAIN) as held:
        assert len(held.taken_over) == 1
    assert bare.swap(MAIN, one, two)


def test_a_killed_writer_frees_the_ref_itself(tmp_path: Path) -> None:
    """Only Python died, while its git held the lock: git sees the end of its input and lets go."""
    script = """
import os, signal, sys
from promptlib._git import Author, Repository, references
store = Repository.open(sys.argv[1])
commit, _ = store.commit({"a": b"x"}, parents=(), message="m", author=Author("a", "a"), time=(1, "+0000"))
references.sync = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
store.swap("refs/heads/main", None, commit)
"""
    with Repository.init(tmp_path / "s.git", bare=True) as store:
        done = subprocess.run([sys.executable, "-c", script, str(store.git_dir)], check=False, stdout=subprocess.PIPE)
        assert done.returncode == -9
        (one,) = commits(store, 1)
        lock = store.git_dir / f"{MAIN}.lock"
        for _ in range(10_000):
            if not lock.exists():
                break
            os.sched_yield()
        assert store.tip(MAIN) is None
        with store.lock(timeout=60, reference=MAIN):
            assert store.swap(MAIN, None, one)


def test_a_shared_repository_stays_writable_for_the_group(tmp_path: Path, git: Callable[..., str]) -> None:
    before = os.umask(0o077)
    try:
        git(tmp_path, "init", "-q", "--bare", "--shared=group", "shared.git")
        with Repository.open(tmp_path / "shared.git") as store, store.lock(timeout=60, reference=MAIN):
            (one,) = commits(store, 1)
            assert store.swap(MAIN, None, one)
            file = store.git_dir / "objects" / one[:2] / one[2:]
            assert file.stat().st_mode & 0o777 == 0o440
            assert file.parent.stat().st_mode & 0o7777 == 0o2770
            assert (store.git_dir / "promptlib").stat().st_mode & 0o7777 == 0o2770
            assert (store.git_dir / "promptlib/lock").stat().st_mode & 0o777 == 0o660
    finally:
        os.umask(before)


@pytest.mark.parametrize(
    ("value", "shared"), [("umask", 0), ("0640", 0o640), ("all", 0o664), ("false", 0), ("0888", 0)]
)
def test_sharing_as_git_reads_it(bare: Repository, value: str, shared: int) -> None:
    with (bare.git_dir / "config").open("a") as config:
        config.write(f"[core]\n\tsharedRepository = {value}\n")
    assert Repository.open(bare.git_dir).layout.shared == shared


def test_the_lock_names_its_holder(bare: Repository) -> None:
    other = Repository.open(bare.git_dir)
    words = rf"waited 0\.01 seconds: process {os.getpid()} on "
    with bare.lock(timeout=1), pytest.raises(Busy, match=words), other.lock(timeout=0.01):
        pytest.fail("two hold one lock")
    with bare.lock(timeout=0.01):
        pass


def test_the_lock_of_a_read_only_store(bare: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.mkdir", refused)
    with pytest.raises(StoreReadOnly, match="Permission denied"), bare.lock(timeout=1):
        pytest.fail("locked")


WRITER = """
import sys
from promptlib._git import Author, Repository
store, who, lock = Repository.open(sys.argv[1]), sys.argv[2], sys.argv[3] == "lock"
done = 0
while done < 10:
    def attempt():
        tip = store.tip("refs/heads/main")
        commit, _ = store.commit({f"{who}/{done}": b"x"}, parents=[tip] if tip else [], message=f"{who} {done}",
                                 author=Author(who, who), time=(1, "+0000"), durability="none")
        return store.swap("refs/heads/main", tip, commit, durability="none")
    try:
        if lock:
            with store.lock(timeout=60, reference="refs/heads/main"):
                moved = attempt()
        else:
            moved = attempt()
    except Exception as error:
        if type(error).__name__ != "Busy":
            raise
        continue
    if moved:
        print(f"{who} {done}", flush=True)
        done += 1
store.close()
"""


@pytest.mark.parametrize("mode", ["lock", "free"])
def test_what_is_acknowledged_is_in_the_history(tmp_path: Path, mode: str) -> None:
    """Four processes, ten commits each; with the lock and without it."""
    with Repository.init(tmp_path / "s.git", bare=True) as store:
        command = [sys.executable, "-W", "error", "-c", textwrap.dedent(WRITER), str(store.git_dir)]
        writers = [
            subprocess.Popen([*command, f"w{number}", mode], stdout=subprocess.PIPE, text=True) for number in range(4)
        ]
        told = [row for writer in writers for row in writer.communicate(timeout=60)[0].splitlines()]
        assert [writer.returncode for writer in writers] == [0] * 4
        tip = store.tip(MAIN)
        assert tip is not None
        history = [commit.message.strip() for commit in store.log(tip)]
        assert len(told) == 40
        assert sorted(history) == sorted(told)
        assert len(list(store.files(tip))) == 40


def test_children_end_with_their_process(tmp_path: Path) -> None:
    """No warning at exit and no process left behind, closed or not."""
    script = """
import os, subprocess
from promptlib._git import Author, Repository
store = Repository.init("left.git", bare=True)
commit, blobs = store.commit({"a": b"x"}, parents=(), message="m", author=Author("a", "a"), time=(1, "+0000"))
store.swap("refs/heads/main", None, commit)
print(*[child._process.pid for child in store._git._children])
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    for pid in done.stdout.split():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)
    assert done.stdout.split()


def test_reftable_refs_come_from_git(bare: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """This git may not know the format, so the store keeps files and is only told that it is a reftable."""
    (one,) = commits(bare, 1)
    assert bare.swap(MAIN, None, one)
    from dataclasses import replace

    other = Repository(replace(bare.layout, reference_format="reftable"))
    assert other.head() == Head(MAIN, one)
    assert other.tip("refs/heads/other") is None
    two = other.commit({"a": b"2"}, parents=[one], message="m", author=ANN, time=(1, "+0000"))[0]
    assert other.swap(MAIN, one, two)
    assert not other.swap(MAIN, one, two) or other.tip(MAIN) == two
    other._git.run("update-ref", "--no-deref", "HEAD", one)
    assert other.head() == Head(None, one)
    other.close()
