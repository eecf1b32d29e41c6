"""Real repositories, in a home of their own."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from promptlib._git import Author, Repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ANN = Author("Ann", "ann@example.com")
WHEN = (1_700_000_000, "+0200")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No configuration or identity of the machine reaches a test."""
    home = tmp_path / "home"
    home.mkdir()
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", os.fspath(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("EMAIL", raising=False)


@pytest.fixture
def git() -> Callable[..., str]:
    """Run git as a user does, and return what it prints."""

    def run(folder: Path, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
        assert not (check and done.returncode), done.stderr
        return done.stdout

    return run


@pytest.fixture(params=["sha1", "sha256"])
def bare(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Repository]:
    """An empty bare repository of either object format."""
    with Repository.init(tmp_path / "store.git", bare=True, object_format=request.param) as repository:
        yield repository


@pytest.fixture
def app(tmp_path: Path, git: Callable[..., str]) -> Iterator[Repository]:
    """An application's repository with one committed prompt and one source file."""
    root = tmp_path / "app"
    with Repository.init(root, bare=False) as repository:
        git(root, "config", "user.name", "Uma")
        git(root, "config", "user.email", "uma@example.com")
        (root / "prompts").mkdir()
        (root / "prompts/a.prompty").write_bytes(b"one\n")
        (root / "main.py").write_bytes(b"print()\n")
        git(root, "add", ".")
        git(root, "commit", "-q", "-m", "start")
        yield repository


@pytest.fixture
def save() -> Callable[..., str]:
    """Commit and move main, the way a store does."""

    def run(repository: Repository, changes: dict[str, bytes | None], message: str = "m", author: Author = ANN) -> str:
        tip = repository.tip("refs/heads/main")
        commit, _ = repository.commit(
            changes, parents=[tip] if tip else [], message=message, author=author, time=WHEN, durability="none"
        )
        assert repository.swap("refs/heads/main", tip, commit, durability="none")
        return commit

    return run
