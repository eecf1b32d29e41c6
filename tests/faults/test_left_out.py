"""What may pass is an error: only what lasts is left out of an answer, or told as a problem in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptlib import Store
from promptlib._git.runner import failure
from promptlib.errors import (
    GitFailed,
    NotFound,
    StoreDamaged,
    StoreError,
    may_pass,
    raise_if_of_the_system,
    raise_if_passing,
)
from tests.faults.sweeping import forget, prompt

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.shim import Shim


@pytest.fixture
def tree(tree: Path) -> Path:
    """The application's repository, its prompt labelled, and another one edited and not committed."""
    with Store(tree) as store:
        store.label("team/a", "production", "v1")
        store.save("b", prompt("B."))
    edited = tree / "prompts/b.prompty"
    edited.write_text(edited.read_text().replace("B.", "Better."))
    return tree


def _because(cause: BaseException) -> StoreError:
    error = StoreError("it cannot be read")
    error.__cause__ = cause
    return error


def test_which_errors_may_pass() -> None:
    """It is the system's own word that says so, as deep as it is handed on."""
    passing = _because(OSError(5, "Input/output error"))
    assert may_pass(passing)
    assert may_pass(_because(passing))
    with pytest.raises(StoreError, match="it cannot be read"):
        raise_if_passing(passing)
    denied = _because(PermissionError(13, "Permission denied"))
    for lasting in (NotFound("no such name"), StoreDamaged("damaged"), denied):
        assert not may_pass(lasting)
        raise_if_passing(lasting)
    raise_if_of_the_system(StoreDamaged("damaged"))
    for told in (passing, denied):
        with pytest.raises(StoreError, match="it cannot be read"):
            raise_if_of_the_system(told)


def test_a_git_that_was_killed_has_said_nothing_of_the_repository() -> None:
    assert may_pass(failure("cat-file", "it was ended by signal 9", -9))
    assert not may_pass(failure("cat-file", "fatal: bad object", 128))


def test_a_file_of_the_shelf(tree: Path, shim: Shim) -> None:
    """A disk that fails is an error of the whole answer; a missing permission is told beside the name."""
    opening = f"open {tree}/prompts/b.prompty"
    for act in (Store.entries, Store.facets):
        for turn, why in enumerate(("Input/output error", "Too many open files")):
            with (
                Store(tree) as store,
                shim.armed(turn=turn, mode="same", on=opening),
                pytest.raises(StoreError, match=rf"prompts/b\.prompty cannot be read: {why}"),
            ):
                act(store)
    with Store(tree) as store, shim.armed(turn=2, mode="same", on=opening):
        entries = {each.name: each.problem for each in store.entries()}
    assert entries == {"b": "prompts/b.prompty cannot be read: Permission denied", "team/a": ""}


def test_the_history_of_a_shelf(tree: Path, shim: Shim) -> None:
    """A git that could not be started is no folder without one: who wrote what is not left out."""
    _forget(tree)
    with Store(tree) as store:
        with (
            shim.armed(turn=0, mode="same", on="start git log"),
            pytest.raises(GitFailed, match="could not be started"),
        ):
            store.entries()
        assert [each.author for each in store.entries()] == ["Uma", "Uma"]


def test_where_a_version_stands(tree: Path, shim: Shim) -> None:
    """Its number is not left out because git could not be started just now."""
    for ref in ("team/a", "team/a@production"):
        _forget(tree)
        with Store(tree) as store:
            origin = store.load(ref).origin
            assert origin is not None
            with shim.armed(turn=0, mode="same", on="start git log"), pytest.raises(GitFailed, match="be started"):
                _ = origin.standing
            assert origin.standing.number == 1


def test_tokens(tree: Path, shim: Shim) -> None:
    """A name is left out of the tokens when its file has gone since, and not when the disk fails."""
    opening = f"open {tree}/prompts/b.prompty"
    with Store(tree) as store:
        entries = store.entries()
        for turn, why in enumerate(("Input/output error", "Too many open files")):
            with (
                shim.armed(turn=turn, mode="same", on=opening),
                pytest.raises(StoreError, match=rf"prompts/b\.prompty cannot be read: {why}"),
            ):
                store.token_counts(entries)
        with shim.armed(turn=2, mode="same", on=opening):
            assert list(store.token_counts(entries)) == ["team/a"]
        (tree / "prompts/b.prompty").unlink()
        forget()
        assert list(store.token_counts(entries)) == ["team/a"]


def _forget(tree: Path) -> None:
    """Let nothing be known of the history that git has not told."""
    (tree / ".git/promptlib/index.sqlite").unlink()
    forget()
