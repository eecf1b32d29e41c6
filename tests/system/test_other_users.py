"""A store in another user's repository: git's own refusal with its remedy, and nobody's configuration is touched."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from promptlib import Prompt, Store, user
from promptlib.errors import GitFailed
from tests.hostile import snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

SOMEBODY = 12345


@pytest.fixture
def theirs(tmp_path: Path, lack: Callable[[str], NoReturn]) -> Path:
    """A bare store and an application's one that belong to another user; our home holds one line of ours."""
    if os.geteuid() != 0:
        lack("only root can give files to another user")
    with Store.init(tmp_path / "bare.git", bare=True) as bare:
        bare.save("greeting", Prompt.define(user("Hello")))
    subprocess.run(["git", "clone", "-q", tmp_path / "bare.git", tmp_path / "clone"], check=True)
    for top, folders, files in os.walk(tmp_path):
        for name in (*folders, *files):
            os.chown(Path(top) / name, SOMEBODY, SOMEBODY)
    return tmp_path


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of our own with a configuration of one line."""
    folder = tmp_path_factory.mktemp("home")
    (folder / ".gitconfig").write_text("[user]\n\tname = Uma\n")
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.mark.parametrize("which", ["bare.git", "clone"])
def test_it_is_refused_with_the_remedy_and_nothing_is_edited(theirs: Path, home: Path, which: str) -> None:
    """And the remedy, typed by the user, is what lets it be opened."""
    before = snapshot(home), snapshot(theirs)
    for ask in (Store, lambda path: Store.init(path, bare=which == "bare.git")):
        with pytest.raises(GitFailed, match="dubious ownership") as caught:
            ask(theirs / which)
        assert "git config --global --add safe.directory" in caught.value.hint
        assert str(theirs / which) in str(caught.value)
    assert (snapshot(home), snapshot(theirs)) == before
    typed = ["git", "config", "--global", "--add", "safe.directory", str(theirs / which)]
    subprocess.run(typed, check=True)
    with Store(theirs / which) as store:
        assert store.load("greeting").render().text == "Hello"
