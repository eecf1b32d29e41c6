"""Somebody else commits between a draft and its commit: nothing is lost, and each rule is checked again."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Store, codec
from promptlib._git import Repository
from promptlib.errors import Busy, Conflict, GitFailed
from promptlib.store.writing import MOST_TRIES, BareWriter, WorkTreeWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from promptlib import Prompt

    Make = Callable[..., Prompt[Any]]
    Run = Callable[..., str]


def before_the_commit(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Do *act* once, when the draft is made and before its commit takes the lock."""
    commit = BareWriter.commit
    waiting = [act]

    def slow(self: BareWriter, *arguments: Any) -> None:
        if waiting:
            waiting.pop()()
        commit(self, *arguments)

    monkeypatch.setattr(BareWriter, "commit", slow)


def test_another_saved_the_same(bare: Store, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The version that is there is returned; it is not made twice."""
    other = Store(bare.path)
    before_the_commit(monkeypatch, lambda: other.save("a", make("one"), message="First"))
    assert bare.save("a", make("one")).message == "First"
    assert len(bare.history("a")) == 1


def test_another_saved_something_else(bare: Store, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an origin it goes on top; with one it is a conflict."""
    bare.save("a", make("zero"))
    loaded = bare.load("a")
    other = Store(bare.path)
    before_the_commit(monkeypatch, lambda: other.save("a", make("one")))
    assert bare.save("a", make("two")).number == 3
    loaded = bare.load("a")
    before_the_commit(monkeypatch, lambda: other.save("a", make("three")))
    with pytest.raises(Conflict, match="a has moved on"):
        bare.save("a", loaded.evolve(messages=make("four").messages))
    assert [bare.load(f"a@v{number}").messages[0].text for number in (1, 2, 3, 4)] == ["zero", "one", "two", "three"]


def test_another_deleted_it(bare: Store, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """An edit of what is no more is a conflict."""
    bare.save("a", make("one"))
    other = Store(bare.path)
    before_the_commit(monkeypatch, lambda: other.delete("a"))
    with pytest.raises(Conflict, match="a has no file any more"):
        bare.save("a", bare.load("a").evolve(messages=make("two").messages))
    assert bare.names() == ()


def kept_text(folder: Path, error: Conflict, run: Run, path: str) -> str:
    """Return what the command of the error's text prints, which a person would type."""
    told = next(row for row in str(error).splitlines() if row.startswith("what was to be saved is kept: "))
    assert told.partition(": ")[2] == f"git -C {folder} show {error.kept}:{path}"
    return run(folder, "show", f"{error.kept}:{path}")


@pytest.mark.parametrize("home", ["bare", "tree"])
def test_what_came_too_late_is_kept(request: pytest.FixtureRequest, home: str, make: Make, run: Run) -> None:
    """The error says what was expected, what was found and where the new content is, and nothing else moved."""
    store: Store = request.getfixturevalue(home)
    one = store.save("a/b", make("one"))
    loaded = store.load("a/b")
    two = store.save("a/b", make("two"))
    before = run(store.path, "rev-parse", "HEAD"), run(store.path, "for-each-ref", "refs/heads")
    late = loaded.evolve(messages=make("three").messages)
    path = "a/b.prompty" if home == "bare" else "prompts/a/b.prompty"
    for _ in range(2):
        with pytest.raises(
            Conflict, match=r"a/b has moved on: this save was made from v1 .*, the newest is v2"
        ) as caught:
            store.save("a/b", late)
        assert (caught.value.expected, caught.value.found) == (one.digest, two.digest)
        run(store.path, "gc", "-q", "--prune=now")
        assert codec.read(kept_text(store.path, caught.value, run, path).encode()) == late
    assert run(store.path, "for-each-ref", "--format=%(refname)", "refs/promptlib").split() == [caught.value.kept]
    assert before == (run(store.path, "rev-parse", "HEAD"), run(store.path, "for-each-ref", "refs/heads"))
    assert store.load("a/b") == make("two")
    assert copy(caught.value).kept == caught.value.kept


def test_a_whole_transaction_that_came_too_late_is_kept(bare: Store, make: Make, run: Run) -> None:
    """All of its changes are in the one commit."""
    bare.save("a", make("one"))
    other = Store(bare.path)
    with pytest.raises(Conflict) as caught, bare.transaction("Both") as transaction:
        transaction.save("a", bare.load("a").evolve(messages=make("two").messages))
        transaction.save("b", make("three"))
        other.save("a", make("four"))
    assert "three" in kept_text(bare.path, caught.value, run, "b.prompty")
    assert "two" in run(bare.path, "show", f"{caught.value.kept}:a.prompty")
    assert bare.names() == ("a",)


def test_expecting_another_version(bare: Store, make: Make, run: Run) -> None:
    """A version that a caller expects is as good as an origin; a label that is not as expected loses no words."""
    one = bare.save("a", make("one"))
    two = bare.save("a", make("two"))
    with pytest.raises(Conflict) as caught:
        bare.save("a", make("three"), expect=one)
    assert "three" in kept_text(bare.path, caught.value, run, "a.prompty")
    with pytest.raises(Conflict, match=f"is not set, and {one.digest} was expected") as caught:
        bare.label("a", "production", two, expect=one)
    assert (caught.value.expected, caught.value.found, caught.value.kept) == (one.digest, "", "")
    bare.delete("a")
    with pytest.raises(Conflict, match="a has no file any more") as caught:
        bare.save("a", make("four"), expect=one)
    assert (caught.value.expected, caught.value.found) == (one.digest, "")


def test_a_label_that_moved_in_between_loses_no_words(
    bare: Store, make: Make, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it was to point at is in the history: there is nothing to keep."""
    one, two, three = (bare.save("a", make(text)) for text in ("one", "two", "three"))
    bare.label("a", "production", one)
    other = Store(bare.path)
    before_the_commit(monkeypatch, lambda: other.label("a", "production", two))
    with pytest.raises(Conflict, match="the label 'production' on a is") as caught:
        bare.label("a", "production", three, expect=one)
    assert (caught.value.expected, caught.value.found, caught.value.kept) == (one.digest, two.digest, "")
    assert run(bare.path, "for-each-ref", "refs/promptlib") == ""
    assert bare.labels("a")["production"].number == two.number


def test_what_cannot_be_kept_is_told(bare: Store, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk hides neither the conflict nor that the content is nowhere else."""
    one = bare.save("a", make("one"))
    bare.save("a", make("two"))

    def full(*_: object, **__: object) -> None:
        raise GitFailed("No space left on device")

    monkeypatch.setattr(Repository, "commit", full)
    with pytest.raises(Conflict, match=r"could not be kept \(No space left on device\): only you hold it") as caught:
        bare.save("a", make("three"), expect=one)
    assert caught.value.kept == ""


def foreign_commit(bare: Store, run: Run) -> None:
    """Move the branch with plain git, which knows nothing of our lock."""
    head = run(bare.path, "rev-parse", "HEAD").strip()
    names = ("-c", "user.name=Eve", "-c", "user.email=eve@example.com")
    made = run(bare.path, *names, "commit-tree", f"{head}^{{tree}}", "-p", head, "-m", "Foreign").strip()
    run(bare.path, "update-ref", "refs/heads/main", made, head)


def test_a_foreign_writer_without_our_lock(bare: Store, make: Make, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The swap fails, the work is done again on the new tip, and both commits are there."""
    bare.save("a", make("one"))
    repository = bare._repository
    assert repository is not None
    swap = repository.swap
    waiting = [1]

    def late(*arguments: Any, **options: Any) -> bool:
        if waiting:
            waiting.pop()
            foreign_commit(bare, run)
        return swap(*arguments, **options)

    monkeypatch.setattr(repository, "swap", late)
    assert bare.save("a", make("two")).number == 2
    assert run(bare.path, "log", "--format=%s").splitlines() == [
        "Save a",
        "Foreign",
        "Save a",
        "Start a store of prompts",
    ]


def test_a_writer_that_never_rests(bare: Store, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the end it is an error, and nothing was saved."""
    repository = bare._repository
    assert repository is not None
    monkeypatch.setattr(repository, "swap", lambda *_, **__: False)
    with pytest.raises(Busy, match=f"{MOST_TRIES} commits of others came first; nothing was saved") as caught:
        bare.save("a", make("one"))
    assert "writes this store without promptlib's lock" in caught.value.hint
    assert bare.names() == ()


def test_a_commit_in_the_work_tree_in_between(application: Path, tree: Store, make: Make, run: Run) -> None:
    """The user commits while a transaction is open: it goes on top."""
    tree.save("a", make("one"))
    with tree.transaction("Slow") as transaction:
        transaction.save("b", make("two"))
        run(application, "commit", "-q", "-m", "Code", "--", "code.py")
    assert run(application, "log", "--format=%s", "-2").splitlines() == ["Slow", "Code"]
    with pytest.raises(Conflict), tree.transaction("Slow") as transaction:
        transaction.save("a", tree.load("a").evolve(messages=make("three").messages))
        Store(application).save("a", make("four"))
    assert tree.load("a") == make("four")


def test_a_newer_version_right_after_ours(
    application: Path, tree: Store, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A save returns its own version, also when a hook of the user has made another one by then."""
    tree.save("a", make("zero"))
    other = Store(application)
    commit = WorkTreeWriter.commit
    waiting = [1]

    def followed(self: WorkTreeWriter, *arguments: Any) -> None:
        commit(self, *arguments)
        if waiting:
            waiting.pop()
            other.save("a", make("two"))
            self.past.move_to(self.past.tip())

    monkeypatch.setattr(WorkTreeWriter, "commit", followed)
    version = tree.save("a", make("one"))
    assert (version.number, version.digest) == (2, make("one").digest)
    assert tree.version("a").number == 3
