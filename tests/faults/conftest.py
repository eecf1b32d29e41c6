"""Time stands still, so that each run does the same operations and makes the same commits."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

import pytest

from promptlib import Store
from tests.faults.shim import Shim
from tests.faults.sweeping import git, prompt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = 1_700_000_000


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every commit be of one moment."""
    monkeypatch.setattr("promptlib.store.writing.time", lambda: float(NOW))
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_DATE", f"{NOW} +0000")


@pytest.fixture
def field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose operations can fail, temporary files among them."""
    folder = tmp_path / "field"
    (folder / "temporary").mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "temporary"))
    return folder


@pytest.fixture
def shim(still: None, field: Path) -> Iterator[Shim]:
    """The shim, installed over the field."""
    with Shim(field) as installed:
        yield installed


@pytest.fixture
def tree(field: Path) -> Path:
    """An application's repository with a store of one prompt."""
    path = field / "app"
    path.mkdir()
    git(path, "init", "-q", "-b", "main")
    git(path, "config", "user.name", "Uma")
    git(path, "config", "user.email", "uma@example.com")
    with Store.init(path) as store:
        store.save("team/a", prompt("One."))
    return path
