"""What the system refuses is told by what it was about, never as the system's own error."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from promptlib import Store
from promptlib.errors import GitFailed, StoreError
from tests.faults.kinds import Interrupted
from tests.faults.sweeping import git, prompt

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.shim import Shim


def at_first(shim: Shim, words: str, store: Store | Path) -> int:
    """Return the position of the first operation whose name ends with *words*, when *store* is opened and listed."""
    with shim.armed() as shot:
        _look(store)
    return next(at for at, what in enumerate(shot.log, 1) if what.endswith(words))


def _look(store: Store | Path) -> object:
    return store.names() if isinstance(store, Store) else Store(store).names()


@pytest.fixture
def tree(field: Path) -> Path:
    """An application's repository with a store."""
    path = field / "app"
    path.mkdir()
    git(path, "init", "-q", "-b", "main")
    git(path, "config", "user.name", "Uma")
    git(path, "config", "user.email", "uma@example.com")
    with Store.init(path) as store:
        store.save("team/a", prompt("One."))
    return path


def test_opening(tree: Path, shim: Shim) -> None:
    """Whatever cannot be looked at, the error says so, and the same store opens afterwards."""
    with shim.armed() as shot:
        known = repr(Store(tree))
    told = []
    for at in range(1, shot.count + 1):
        for turn in (0, 1):
            with shim.armed(at, turn=turn), suppress(Interrupted):
                try:
                    assert repr(Store(tree)) == known
                except StoreError as error:
                    told.append(error.what)
    assert len(told) > 10
    wrong = [what for what in told if not re.search("cannot be (looked at|read)|no path of this system", what)]
    assert wrong == []
    assert Store(tree).names() == ("team/a",)


def test_a_folder_inside(tree: Path, shim: Shim) -> None:
    """Listing says which folder it was."""
    with Store(tree) as store:
        at = at_first(shim, "prompts/team", store)
        with shim.armed(at), pytest.raises(StoreError, match=r"prompts/team cannot be read: Input/output error"):
            store.names()
        assert store.names() == ("team/a",)


def test_settings_that_cannot_be_read(tree: Path, shim: Shim) -> None:
    """They may say where the store is, and that secrets are refused: no store is opened without them."""
    (tree / "pyproject.toml").write_text('[tool.promptlib]\nroot = "prompts"\n')
    at = at_first(shim, "pyproject.toml", tree)
    for turn in (0, 1):
        with shim.armed(at, turn=turn), pytest.raises(StoreError, match=r"pyproject\.toml cannot be read"):
            Store(tree)
    (tree / "pyproject.toml").unlink()
    (tree / "pyproject.toml").mkdir()
    assert Store(tree).names() == ("team/a",)


def test_a_broken_talk_is_never_gone_on_with(tree: Path, shim: Shim) -> None:
    """Between question and answer a signal arrives: the next question gets its own answer, from another process."""
    git(tree, "repack", "-adq")
    with Store(tree) as store:
        with shim.armed() as shot:
            store.history("team/a")
            store.load("team/a@v1")
        for at in [at for at, what in enumerate(shot.log, 1) if "pipe:" in what]:
            for turn in range(6):
                with Store(tree) as fresh:
                    with shim.armed(at, turn=turn), suppress(GitFailed, KeyboardInterrupt):
                        fresh.history("team/a")
                    assert [each.number for each in fresh.history("team/a")] == [1]
                    assert fresh.load("team/a@v1").messages == prompt("One.").messages
