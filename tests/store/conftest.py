"""Stores in every home, and the prompts that the tests keep in them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel

from promptlib import Prompt, Store, system, user

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Question(BaseModel):
    """What the tests' prompts ask for."""

    question: str


def prompt_of(text: str, **words: str) -> Prompt[Question]:
    """Return a prompt whose system message is *text*."""
    return Prompt.define(Question, system(text), user("{{ question }}"), description=words.get("description", ""))


@pytest.fixture
def make() -> Callable[..., Prompt[Question]]:
    """Make a prompt out of its system message."""
    return prompt_of


@pytest.fixture
def run() -> Callable[..., str]:
    """Run git as a user does and return what it prints."""

    def git(folder: Path, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return git


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Store]:
    """An empty store that stands alone."""
    with Store.init(tmp_path / "prompts.git", bare=True) as store:
        yield store


@pytest.fixture
def application(tmp_path: Path, run: Callable[..., str]) -> Path:
    """A repository with a source file, one staged and one unstaged change, and a user."""
    folder = tmp_path / "app"
    folder.mkdir()
    run(folder, "init", "-q", "-b", "main")
    run(folder, "config", "user.name", "Uma")
    run(folder, "config", "user.email", "uma@example.com")
    (folder / "code.py").write_text("one\n")
    run(folder, "add", ".")
    run(folder, "commit", "-q", "-m", "Code")
    (folder / "code.py").write_text("two\n")
    (folder / "staged.py").write_text("staged\n")
    run(folder, "add", "staged.py")
    return folder


@pytest.fixture
def tree(application: Path) -> Iterator[Store]:
    """An empty store in an application's repository."""
    with Store.init(application) as store:
        yield store


@pytest.fixture(params=["bare", "tree"])
def store(request: pytest.FixtureRequest) -> Store:
    """An empty store in each home that can be written."""
    found: Store = request.getfixturevalue(request.param)
    return found
