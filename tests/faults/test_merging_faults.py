"""Whatever fails in a merge or a sync, and wherever it is killed: whole or not at all, and the next one ends well."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable  # noqa: TC003 - a field of a dataclass
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Store
from promptlib._git.objects import Objects
from promptlib._git.references import References
from promptlib._git.runner import Git
from promptlib.errors import PromptLibError
from tests.faults.kinds import MODES, Interrupted
from tests.faults.sweeping import forget, git, is_told, no_longer_than, prompt, work

if TYPE_CHECKING:
    from tests.faults.shim import Shim

OTHER = "refs/heads/other"


# --- where it begins: two lines of work, and a remote that has the other one ------------------------------------------


def _two(path: Path) -> None:
    """Let the store at *path* and the branch `other` go on from one commit, and the remote have the other."""
    bare = not (path / ".git").exists()
    with Store(path) as store:
        store.save("a", prompt("One."))
        store.save("b", prompt("B."))
        store.label("a", "production", "v1")
        git(path, "branch", "other")
        store.save("c", prompt("Ours."))
        store.rename("b", "team/b")
    theirs = path.with_name("theirs")
    shutil.copytree(path, theirs, symlinks=True)
    if bare:
        git(theirs, "symbolic-ref", "HEAD", OTHER)
    else:
        git(theirs, "switch", "-q", "other")
        (theirs / "code.py").write_text("theirs\n")
        (theirs / "new.py").write_text("new\n")
        git(theirs, "add", "-A")
        git(theirs, "commit", "-q", "-m", "Code")
    with Store(theirs) as store:
        store.save("b", prompt("B, theirs."))
        store.save("d", prompt("Theirs."))
        store.label("a", "staging", "v1")
    git(path, "fetch", "-q", str(theirs), "+HEAD:refs/heads/other")
    git(path.parent, "clone", "-q", "--bare", str(theirs), "hub.git")
    git(path.parent / "hub.git", "update-ref", "refs/heads/main", "HEAD")
    git(path, "remote", "add", "origin", "../hub.git")
    shutil.rmtree(theirs)


def bare(folder: Path) -> Path:
    """A bare store."""
    Store.init(folder / "start", bare=True).close()
    _two(folder / "start")
    return folder / "start"


def tree(folder: Path) -> Path:
    """An application's repository."""
    path = folder / "start"
    git(folder, "init", "-q", "-b", "main", str(path))
    git(path, "config", "user.name", "Uma")
    git(path, "config", "user.email", "uma@example.com")
    (path / "code.py").write_text("one\n")
    git(path, "add", ".")
    git(path, "commit", "-q", "-m", "Code")
    Store.init(path).close()
    _two(path)
    return path


def behind(folder: Path) -> Path:
    """An application's repository whose branch only has to go forward."""
    path = tree(folder)
    git(path, "reset", "-q", "--hard", "HEAD~2")
    return path


def merge(store: Store) -> object:
    return store.merge(OTHER, resolve="ours")


def sync(store: Store) -> object:
    return store.sync(resolve="ours", allow=("file",))


@dataclass(frozen=True, slots=True)
class Case:
    """Where it begins, what is done, and which part of the operations is struck in each run of the tests."""

    begin: Callable[[Path], Path]
    act: Callable[[Store], object]
    step: int


CASES = {
    "merge": Case(bare, merge, 41),
    "merge in a work tree": Case(tree, merge, 53),
    "forward in a work tree": Case(behind, merge, 47),
    "sync": Case(bare, sync, 97),
    "sync in a work tree": Case(tree, sync, 131),
}


class Field:
    """Copies of one start, each with a remote of its own."""

    def __init__(self, case: Case, folder: Path, field: Path) -> None:
        """Make the start in *folder*, and copies in *field*."""
        self.case = case
        self._start = folder / "begin"
        self._start.mkdir()
        case.begin(self._start)
        self._field = field
        self._number = count()
        with_store = self.copy()
        self.before = self.state(with_store)
        with Store(with_store) as store:
            case.act(store)
        self.tree = git(with_store, "rev-parse", "HEAD^{tree}")
        self.names = self.seen(with_store)
        self.discard(with_store)

    def copy(self) -> Path:
        """Return a new copy."""
        folder = self._field / f"{next(self._number)}"
        shutil.copytree(self._start, folder, symlinks=True)
        forget()
        return folder / "start"

    def discard(self, path: Path) -> None:
        """Take a copy away."""
        shutil.rmtree(path.parent)

    def seen(self, path: Path) -> list[tuple[str, str]]:
        """Return name and digest of all that a fresh store shows."""
        with Store(path) as store:
            return [(name, store.load(name).digest) for name in store.names()]

    def state(self, path: Path) -> tuple[Any, ...]:
        """Return branch and files."""
        return git(path, "rev-parse", "HEAD"), git(path, "rev-parse", "refs/heads/main"), work(path)

    def is_whole(self, path: Path) -> bool:
        """Tell whether the branch is at the whole merge; else it and the files must be where they were."""
        if git(path, "rev-parse", "refs/heads/main") == self.before[1]:
            return False
        assert git(path, "rev-parse", "HEAD^{tree}") == self.tree
        return True

    def goes_on(self, path: Path) -> None:
        """The next one of its kind ends well, and so does a save; a sync has brought the remote to the same commit."""
        with Store(path) as store:
            self.case.act(store)
        assert git(path, "rev-parse", "HEAD^{tree}") == self.tree
        assert self.seen(path) == self.names
        if (path / ".git").exists():
            assert git(path, "status", "--porcelain") == b""
            assert not list((path / ".git").glob("promptlib-*"))
        if self.case.act is sync:
            assert git(path, "rev-parse", "HEAD") == git(path.with_name("hub.git"), "rev-parse", "main")
        with Store(path) as store:
            assert store.save("next", prompt("Next.")).number == 1
        assert git(path, "fsck", "--strict", "--no-dangling") == b""


# --- faults -----------------------------------------------------------------------------------------------------------


def strike(field: Field, shim: Shim, at: int) -> bool:
    """Let operation *at* fail and look at everything; tell whether there is such an operation."""
    path = field.copy()
    acknowledged = said = False
    store = Store(path)
    with shim.armed(at, turn=at, mode=MODES[at % 3]) as shot, no_longer_than(60, shot):
        try:
            field.case.act(store)
            acknowledged = True
        except (PromptLibError, Interrupted) as error:
            said = isinstance(error, Interrupted) or is_told(error)
    store.close()
    assert said or acknowledged
    whole = field.is_whole(path)
    assert whole or not acknowledged, "acknowledged, and not there"
    if not whole and shot.mode == "once" and not acknowledged and not list((path / ".git").glob("promptlib-*")):
        assert field.state(path) == field.before, shot.failed
    lock = path / ".git/index.lock"
    lock.unlink(missing_ok=True)  # of a git that was struck: git's own advice
    field.goes_on(path)
    field.discard(path)
    return bool(shot.failed)


@pytest.mark.parametrize("case", ["merge in a work tree"])
def test_some_faults_of_a_merge(case: str, tmp_path: Path, field: Path, shim: Shim) -> None:
    found = Field(CASES[case], tmp_path, field)
    at = count(1, CASES[case].step)
    struck = 0
    while strike(found, shim, next(at)):
        struck += 1
    assert struck > 2


@pytest.mark.soak
@pytest.mark.parametrize("case", CASES)
def test_all_faults_of_a_merge(case: str, tmp_path: Path, field: Path, shim: Shim) -> None:
    found = Field(CASES[case], tmp_path, field)
    at = count(1)
    struck = 0
    while strike(found, shim, next(at)):
        struck += 1
    assert struck > 2


# --- kills ------------------------------------------------------------------------------------------------------------


def killed_at(path: Path, act: Callable[[Store], object], at: int) -> bool:
    """Do *act* in a process that is killed at its step *at*; tell whether it was."""
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        steps = count(1)

        def dying(real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any, **options: Any) -> Any:
                if next(steps) == at:
                    os.killpg(0, signal.SIGKILL)
                result = real(*arguments, **options)
                if next(steps) == at:
                    os.killpg(0, signal.SIGKILL)
                return result

            return call

        for kind, name in ((Git, "run"), (References, "swap"), (Objects, "write_all"), (Path, "write_text")):
            setattr(kind, name, dying(getattr(kind, name)))
        try:
            with Store(path) as store:
                act(store)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def kill(field: Field, at: int) -> bool:
    path = field.copy()
    was_killed = killed_at(path, field.case.act, at)
    try:
        field.goes_on(path)
    except BaseException as error:
        error.add_note(f"killed at step {at}")
        raise
    field.discard(path)
    return was_killed


@pytest.mark.parametrize("case", ["merge in a work tree", "sync"])
def test_some_kills_of_a_merge(case: str, tmp_path: Path) -> None:
    """Between any two steps: what was begun is taken back or brought to its end by the next one."""
    field = Field(CASES[case], tmp_path, tmp_path)
    at = count(2, 11 if "sync" in case else 7)
    struck = 0
    while kill(field, next(at)):
        struck += 1
    assert struck > 2


@pytest.mark.soak
@pytest.mark.parametrize("case", CASES)
def test_all_kills_of_a_merge(case: str, tmp_path: Path) -> None:
    field = Field(CASES[case], tmp_path, tmp_path)
    at = count(1)
    struck = 0
    while kill(field, next(at)):
        struck += 1
    assert struck > 2
