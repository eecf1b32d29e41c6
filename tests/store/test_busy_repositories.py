"""The user is in the middle of something in their repository: loading works, saving waits for them."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Store
from promptlib.errors import Busy
from tests.faults.killing import picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from promptlib import Prompt

    Make = Callable[..., Prompt[Any]]
    Run = Callable[..., str]

#: What is begun, and what a refused save tells them to do.
STATES = {
    "merge": "git merge --abort",
    "rebase": "git rebase --abort",
    "cherry-pick": "git cherry-pick --abort",
    "revert": "git revert --abort",
    "am": "git am --abort",
    "bisect": "git bisect reset",
    "detached": "git switch main",
    "index.lock": "when no git runs",
    "main.lock": "when no git runs",
    "HEAD.lock": "when no git runs",
}


@pytest.fixture
def filled(application: Path, tree: Store, make: Make, run: Run) -> Store:
    """A store with two versions, a label, and a branch that is in conflict with the one that is checked out."""
    tree.save("a", make("one"))
    tree.save("a", make("two"))
    tree.label("a", "production", "v1")
    run(application, "commit", "-q", "-a", "-m", "Theirs")
    run(application, "switch", "-q", "-c", "side")
    (application / "code.py").write_text("side\n")
    run(application, "commit", "-q", "-a", "-m", "Side")
    run(application, "switch", "-q", "main")
    (application / "code.py").write_text("main\n")
    run(application, "commit", "-q", "-a", "-m", "Main")
    return tree


@contextmanager
def begun(state: str, application: Path, run: Run) -> Iterator[None]:
    """Be in the middle of *state*; at the end, do what the error told."""
    if state.endswith(".lock") and state != "index.lock":
        with _held(application, run, of_head=state == "HEAD.lock"):
            yield
        return
    patch = run(application, "format-patch", "-1", "--stdout", "side")
    (application / ".git/side.patch").write_text(patch)
    words = {
        "merge": ["merge", "side"],
        "rebase": ["rebase", "side"],
        "cherry-pick": ["cherry-pick", "side"],
        "revert": ["revert", "--no-edit", "HEAD~1"],
        "am": ["am", ".git/side.patch"],
        "bisect": ["bisect", "start"],
        "detached": ["switch", "-q", "--detach"],
    }
    if state == "index.lock":
        (application / ".git/index.lock").touch()
    else:
        subprocess.run(["git", *words[state]], cwd=application, capture_output=True, check=False)
    yield
    if state == "index.lock":
        (application / ".git/index.lock").unlink()
    else:
        run(application, *STATES[state].split()[1:])


@contextmanager
def _held(application: Path, run: Run, *, of_head: bool) -> Iterator[None]:
    """Hold what a git that moves the branch holds, for as long as it lives."""
    reference = "HEAD" if of_head else "refs/heads/main"
    now = run(application, "rev-parse", "HEAD").strip()
    words = ["git", "update-ref", "--no-deref", "--stdin"]
    with subprocess.Popen(words, cwd=application, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdin.write(f"start\nupdate {reference} {now} {now}\nprepare\n".encode())
        holder.stdin.flush()
        while holder.stdout.readline() != b"prepare: ok\n":
            continue
        yield
        holder.stdin.write(b"abort\n")


@pytest.mark.parametrize("state", STATES)
def test_loading_works_and_saving_is_busy(
    application: Path, filled: Store, make: Make, run: Run, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every way to load answers; every way to save is refused, and not one byte of theirs is another."""
    monkeypatch.setattr("promptlib._git.leftovers.PATIENT_SECONDS", 0.1)
    loaded = filled.load("a")
    with begun(state, application, run):
        before = picture(application)
        fresh = Store(application)
        for store in (filled, fresh):
            assert [store.load(ref).messages[0].text for ref in ("a", "a@v1", "a@v2", "a@latest", "a@production")] == [
                "two",
                "one",
                "two",
                "two",
                "one",
            ]
            assert (store.names(), [version.number for version in store.history("a")]) == (("a",), [1, 2])
        acts: tuple[Callable[[], object], ...] = (
            lambda: fresh.save("a", make("three")),
            lambda: fresh.save("a", loaded.evolve(description="Edited.")),
            lambda: fresh.save("new/name", make("three")),
            lambda: fresh.label("a", "production", "v2"),
            lambda: fresh.revert("a", "v1"),
            lambda: fresh.rename("a", "b"),
            lambda: fresh.delete("a"),
        )
        for act in acts:
            with pytest.raises(Busy) as caught:
                act()
            assert STATES[state] in caught.value.hint
        assert picture(application) == before
        fresh.close()
    assert filled.save("a", make("three")).number == 3
