"""A disk that is full: what was acknowledged is there, nothing else has changed, and room is all that it takes."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn, Protocol

import pytest
from pydantic import BaseModel

from promptlib import Prompt, Store, system, user
from promptlib.errors import PromptLibError, StoreReadOnly
from promptlib.formats.git_history import import_git
from tests.system.disks import AGAIN, BLOCK, Disk, mounted, run_in_a_namespace, why_no_namespace, why_not

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from promptlib.store.writing import Durability

FULL = ("No space left on device", "the disk is full")
MOST = 90
#: How many saves succeed before a sweep ends: what comes after the commit must fail too, and do no harm.
ENOUGH = 6


class Question(BaseModel):
    """What every prompt here asks for."""

    question: str


def prompt(text: str, size: int = 60) -> Prompt[Question]:
    """Return a prompt of about *size* bytes that do not compress."""
    words = random.Random(text).randbytes(size // 2).hex()
    return Prompt.define(Question, system(f"{text} {words}"), user("{{ question }}"))


def git(folder: Path, *arguments: str) -> bytes:
    """Return what plain git says."""
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


class Disks(Protocol):
    """Makes a disk with these options of mount."""

    def __call__(self, options: str) -> Disk: ...


@pytest.fixture
def disks(request: pytest.FixtureRequest, tmp_path: Path, lack: Callable[[str], NoReturn]) -> Iterator[Disks | None]:
    """Return what makes small disks; None when the test runs again where it may mount."""
    probe = tmp_path / "probe"
    probe.mkdir()
    refused = why_not(probe)
    if refused and (AGAIN in os.environ or (refused := f"{refused}; {why_no_namespace(probe)}")[-2:] != "; "):
        lack(f"no file system can be mounted here: {refused}")
    if refused:
        yield None
        return
    with ExitStack() as stack:
        numbers = count(1)
        yield lambda options: stack.enter_context(mounted(tmp_path / f"disk-{next(numbers)}", options))


@pytest.fixture(autouse=True)
def elsewhere(request: pytest.FixtureRequest) -> None:
    """Run a test that may not mount here once more, in a namespace of its own."""
    if request.getfixturevalue("disks") is None:
        run_in_a_namespace(request.node.nodeid)
        pytest.skip("it passed in a mount namespace of its own")


# --- homes ------------------------------------------------------------------------------------------------------------


class Home(NamedTuple):
    """A store on a disk, and where its prompts lie in git's tree."""

    disk: Disk
    path: Path
    prefix: str

    def holds(self, path: str) -> bytes | None:
        """Return the newest committed bytes at *path* below the store's root, as plain git reads them."""
        listed = git(self.path, "ls-tree", "HEAD", "--", self.prefix + path)
        return git(self.path, "cat-file", "blob", f"HEAD:{self.prefix}{path}") if listed else None

    def state(self) -> dict[str, object]:
        """Return branch and, in a work tree, index and files: what must be as it was."""
        # Where there is no room to delete a ref either, an import leaves its own to `promptlib maintain`.
        refs = [row for row in git(self.path, "for-each-ref").splitlines() if b"\trefs/promptlib/import/" not in row]
        told: dict[str, object] = {"refs": refs, "head": (self.git_dir / "HEAD").read_bytes()}
        if self.prefix:
            told["index"] = git(self.path, "ls-files", "--stage", "--debug")
            told["status"] = git(self.path, "status", "--porcelain", "--untracked-files=all")
            files = (path for path in sorted(self.path.rglob("*")) if ".git" not in path.relative_to(self.path).parts)
            told["files"] = {path: path.read_bytes() if path.is_file() else None for path in files}
        return told

    def left_over(self) -> list[Path]:
        """Return locks, and temporary files of ours."""
        found = [path for path in self.git_dir.rglob("*") if path.name.endswith((".lock", "-journal"))]
        own = {"lock", "holder", "moving", "index.sqlite"}
        found += [path for path in (self.git_dir / "promptlib").iterdir() if path.name not in own]
        return [*found, *self.disk.path.rglob("*.tmp")]

    @property
    def git_dir(self) -> Path:
        """The folder that git keeps."""
        return self.path / ".git" if self.prefix else self.path


def home_on(disk: Disk, kind: str) -> Home:
    """Make a store with some history on *disk*; in an application's repository, one with other files and edits."""
    path = disk.path / kind
    if kind == "tree":
        path.mkdir()
        git(path, "init", "-q", "-b", "main")
        git(path, "config", "user.name", "Uma")
        git(path, "config", "user.email", "uma@example.com")
        for number in range(150):  # an index of several blocks
            (path / f"a-source-file-with-a-long-name-{number}.py").write_text(f"{number}\n")
        git(path, "add", ".")
        git(path, "commit", "-q", "-m", "Code")
        (path / "staged.py").write_text("staged\n")
        git(path, "add", "staged.py")
        (path / "a-source-file-with-a-long-name-1.py").write_text("edited\n")
    with Store.init(path, bare=kind == "bare") as store:
        for text in ("one", "two", "three"):
            store.save("a", prompt(text))
        store.save("old", prompt("old"))
        store.label("a", "production", "v2")
    return Home(disk, path, "prompts/" if kind == "tree" else "")


# --- what is tried ----------------------------------------------------------------------------------------------------

#: Path below the root -> what its file must hold once this was acknowledged; None: no such file.
Promised = dict[str, str | None]


def change(store: Store, step: int) -> Promised:
    """A long new version of a name that is there."""
    store.save("a", prompt(f"change {step}", 12_000))
    return {"a.prompty": f"change {step}"}


def begin(store: Store, step: int) -> Promised:
    """A new name, below folders that are new too."""
    store.save(f"new-{step}/deep/name", prompt(f"begin {step}"))
    return {f"new-{step}/deep/name.prompty": f"begin {step}"}


def label(store: Store, step: int) -> Promised:
    """A label is moved, and another one set."""
    store.label("a", "production", "v3" if step % 2 else "v1")
    return {".labels/production/a.label": "three" if step % 2 else "one"}


def revert(store: Store, step: int) -> Promised:
    """An old version on top."""
    store.revert("a", "v3" if step % 2 else "v1")
    return {"a.prompty": "three" if step % 2 else "one"}


def several(store: Store, step: int) -> Promised:
    """A transaction of every kind of step."""
    before = next(name for name in store.names() if name.startswith("old"))
    with store.transaction(f"Several {step}") as transaction:
        for number in range(4):
            transaction.save(f"t{number}/x", prompt(f"several {step}"))
        transaction.save("a", prompt(f"several a {step}"))
        transaction.label("a", f"label-{step}", "v2")
        transaction.rename(before, f"old-{step}")
    return {"t3/x.prompty": f"several {step}", f".labels/label-{step}/a.label": "two"} | {
        f"{before}.prompty": None,
        f"old-{step}.prompty": "old",
    }


def go_away(store: Store, step: int) -> Promised:
    """A name and its labels are taken away; what goes needs room too."""
    store.delete("a")
    return {"a.prompty": None, ".labels/production/a.label": None}


WORK: Mapping[str, Callable[[Store, int], Promised]] = {
    work.__name__: work for work in (change, begin, label, revert, several)
}


def still_loads(home: Home, current: str) -> None:
    """Every way of reading works while the disk is full, in a store that was just opened."""
    with Store(home.path) as store:
        assert store.load("a@v1") == prompt("one")
        assert store.load("a@production").digest == store.labels("a")["production"].digest
        assert store.load(f"a#{prompt('two').digest.removeprefix('sha256:')[:12]}") == prompt("two")
        assert store.load("a@latest").messages[0].text.startswith(current)
        assert [version.number for version in store.history("a")][:3] == [1, 2, 3]
        assert "a" in store.names()


def in_git(home: Home) -> str:
    """Return the first words of `a` as plain git has them."""
    text = (home.holds("a.prompty") or b"").decode()
    return next(start for start in ("change", "one", "three", "several", "after") if f"\n{start} " in text)


def sweep(
    home: Home, work: Callable[[Store, int], Promised], fill: Callable[[int], None], durability: Durability = "batch"
) -> int:
    """Do *work* with more and more room until it succeeds some times; return how often it failed before."""
    failures = successes = 0
    promised: Promised = {}
    for step in range(MOST):
        before, failed, given = home.state(), None, {}
        with Store(home.path, durability=durability) as store:
            fill(step)
            try:
                given = work(store, step)
            except PromptLibError as error:
                failed = error
            still_loads(home, in_git(home))
            home.disk.make_room()
            if failed is None:
                successes += 1
                promised |= given
            else:
                failures += 1
                assert any(words in str(failed) for words in FULL), f"with {step} left: {failed!r}: {failed}"
                assert home.state() == before, f"with {step} left: {failed}"
            assert home.left_over() == [], f"with {step} left: {failed}"
            store.save("after", prompt(f"after {step}"))
        promised["after.prompty"] = f"after {step}"
        for path, text in promised.items():
            found = home.holds(path)
            assert (found is None) if text is None else f"\n{text} " in (found or b"").decode(), f"{step} left: {path}"
        if successes == ENOUGH:
            break
    assert successes == ENOUGH, f"still failing with {MOST} left"
    git(home.path, "fsck", "--strict")
    return failures


# --- blocks and inodes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "durability"), [("bare", "batch"), ("bare", "none"), ("tree", "batch")])
@pytest.mark.parametrize("work", WORK)
def test_no_block_left_loses_nothing(disks: Disks, kind: str, work: str, durability: Durability) -> None:
    disk = disks("size=8m")
    assert sweep(home_on(disk, kind), WORK[work], disk.fill, durability) >= 2


@pytest.mark.parametrize("kind", ["bare", "tree"])
@pytest.mark.parametrize("work", WORK)
def test_no_inode_left_loses_nothing(disks: Disks, kind: str, work: str) -> None:
    disk = disks("size=16m,nr_inodes=2000")
    assert sweep(home_on(disk, kind), WORK[work], disk.fill_with_files) >= 2


@pytest.mark.parametrize("kind", ["bare", "tree"])
def test_no_block_left_for_the_log_of_the_branch_loses_nothing(disks: Disks, kind: str) -> None:
    disk = disks("size=8m")
    home = home_on(disk, kind)
    if kind == "bare":
        log = home.git_dir / "logs" / "refs" / "heads" / "main"
        log.parent.mkdir(parents=True)
        log.touch()
        change(Store(home.path), 0)

    def fill(left: int) -> None:
        for each in (home.git_dir / "logs").rglob("*"):
            if each.is_file():
                text = each.read_bytes().rstrip(b"\n")
                each.write_bytes(text.ljust(-(-len(text) // BLOCK) * BLOCK - 1, b"x") + b"\n")
        disk.fill(left)

    assert sweep(home, change, fill) >= 2


@pytest.mark.parametrize("kind", ["bare", "tree"])
def test_what_is_taken_away_needs_room_too(disks: Disks, kind: str) -> None:
    disk = disks("size=8m")
    home = home_on(disk, kind)
    for left in range(MOST):
        before, failed = home.state(), None
        disk.fill(left)
        with Store(home.path) as store:
            try:
                go_away(store, left)
            except PromptLibError as error:
                failed = error
            disk.make_room()
            if failed is None:
                break
            assert any(words in str(failed) for words in FULL), failed
            assert home.state() == before
            assert store.load("a@production") == prompt("two")
    assert failed is None
    assert left >= 2
    assert home.holds("a.prompty") is None
    assert home.holds(".labels/production/a.label") is None


@pytest.mark.parametrize("fill", [Disk.fill, Disk.fill_with_files])
def test_an_import_is_whole_thousands_or_nothing(
    disks: Disks, tmp_path: Path, fill: Callable[[Disk, int], None]
) -> None:
    source = a_library(tmp_path)
    disk = disks("size=8m,nr_inodes=500")
    home = home_on(disk, "bare")
    imported = 0
    for left in range(MOST):
        before, failed = home.state(), None
        fill(disk, left)
        with Store(home.path) as store:
            try:
                imported = import_git(store, source, match="{name}.md").versions
            except PromptLibError as error:
                failed = error
                still_loads(home, in_git(home))
        disk.make_room()
        if failed is None:
            break
        assert any(words in str(failed) for words in FULL), f"with {left} left: {failed}"
        assert home.state() == before, f"with {left} left: {failed}"
    assert left >= 2
    assert imported == 40
    for number in range(40):
        assert f"text {number} " in (home.holds(f"p{number}.prompty") or b"").decode()
    git(home.path, "fsck", "--strict")


def a_library(folder: Path) -> Path:
    """Return a repository of forty texts, each of them one commit."""
    source = folder / "source"
    source.mkdir()
    git(source, "init", "-q")
    git(source, "config", "user.name", "Ada")
    git(source, "config", "user.email", "ada@example.com")
    for number in range(40):
        (source / f"p{number}.md").write_text(f"text {number} {random.Random(number).randbytes(300).hex()}\n")
        git(source, "add", ".")
        git(source, "commit", "-q", "-m", f"Text {number}")
    return source


# --- other ways of having no room -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["bare", "tree"])
def test_where_only_the_index_has_no_room_everything_works(disks: Disks, kind: str, tmp_path: Path) -> None:
    home = home_on(disks("size=8m"), kind)
    folder = home.git_dir / "promptlib"
    with mounted(folder, "size=1m") as own:
        own.fill()
        for step in range(3):
            with Store(home.path) as store:
                store.save("a", prompt(f"change {step}"))
                store.label("a", "production", f"v{step + 4}")
                assert [version.number for version in store.history("a")] == list(range(1, step + 5))
            assert f"\nchange {step} ".encode() in (home.holds("a.prompty") or b"")
            assert f"\nchange {step} ".encode() in (home.holds(".labels/production/a.label") or b"")
            still_loads(home, "change")
    with Store(home.path) as store:
        assert len(store.history("a")) == 6
        assert store.fsck().ok


@pytest.mark.parametrize("kind", ["bare", "tree"])
def test_where_the_index_can_have_no_file_loading_works_and_saving_says_why(disks: Disks, kind: str) -> None:
    home = home_on(disks("size=8m"), kind)
    before = home.state()
    with mounted(home.git_dir / "promptlib", "size=1m,nr_inodes=20") as own:
        own.fill_with_files()
        still_loads(home, "three")
        with Store(home.path) as store, pytest.raises(PromptLibError, match="No space left on device"):
            store.save("a", prompt("change"))
        assert home.state() == before


def test_a_history_is_read_where_the_folder_for_temporary_files_is_full(
    disks: Disks, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = disks("size=1m")
    home = home_on(disks("size=8m"), "bare")
    with Store(home.path) as store, store.transaction("Many") as transaction:
        for number in range(60):
            transaction.save(f"many/{number}", prompt(f"many {number}"))
    disk.fill()
    monkeypatch.setattr("tempfile.tempdir", str(disk.path))
    (home.git_dir / "promptlib" / "index.sqlite").unlink()
    with Store(home.path) as store:
        assert len(store.graph().nodes) == 64
        assert store.fsck().ok


@pytest.mark.parametrize("kind", ["bare", "tree"])
@pytest.mark.parametrize("limit", ["files", "size"])
def test_a_limit_of_the_system_is_told_and_loses_nothing(tmp_path: Path, disks: Disks, kind: str, limit: str) -> None:
    home = home_on(disks("size=32m"), kind)
    script = Path(__file__).with_name("limited.py")
    done = subprocess.run(
        [sys.executable, script, home.path, limit], capture_output=True, text=True, check=False, timeout=200
    )
    assert done.returncode == 0, done.stderr
    told = [json.loads(row) for row in done.stdout.splitlines()]
    saved = {f"at-{number}" for number, acknowledged, _ in told if acknowledged}
    listed = git(home.path, "ls-tree", "--name-only", f"HEAD:{home.prefix}".rstrip("/")).decode().split()
    there = {name.removesuffix(".prompty") for name in listed}
    assert {name for name in there if name.startswith("at-")} == saved
    assert {name for name in there if name.startswith("after-")} == {f"after-{number}" for number, _, _ in told}
    words = {"files": ("Too many open files", "too many"), "size": ("File too large", "SIGXFSZ")}[limit]
    refused = [(number, text) for number, acknowledged, text in told if not acknowledged]
    assert len(refused) >= 3
    assert saved
    for number, text in refused:
        assert any(word in text for word in words), f"{number}: {text}"
    git(home.path, "fsck", "--strict")
    if kind == "tree":
        assert b"at-" not in git(home.path, "status", "--porcelain", "--untracked-files=all")


@pytest.mark.parametrize("kind", ["bare", "tree"])
def test_a_disk_that_can_only_be_read_is_read(disks: Disks, kind: str) -> None:
    disk = disks("size=8m")
    home = home_on(disk, kind)
    disk.remount("ro")
    still_loads(home, "three")
    with Store(home.path) as store:
        for attempt in (change, begin, label, revert, go_away):
            with pytest.raises(StoreReadOnly, match="Read-only file system"):
                attempt(store, 0)
    disk.remount("rw")
    with Store(home.path) as store:
        change(store, 0)
    assert in_git(home) == "change"
