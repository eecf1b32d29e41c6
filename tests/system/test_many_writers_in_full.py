"""Eight processes, fifty saves each, in an application's repository: every one of them through git itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptlib import Store
from tests.store.crew import assert_all_is_there, crew, git

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.system


@pytest.mark.parametrize("one_name", [True, False], ids=["same name", "different names"])
def test_eight_writers_of_a_work_tree(tmp_path: Path, *, one_name: bool) -> None:
    """What was acknowledged is there, each version on top of the one before, and the user's edit is still theirs."""
    path = tmp_path / "app"
    git(tmp_path, "init", "-q", "-b", "main", "app")
    git(path, "config", "user.name", "Uma")
    git(path, "config", "user.email", "uma@example.com")
    Store.init(path).close()
    (path / "code.py").write_text("one\n")
    git(path, "add", "code.py")
    old = git(path, "rev-parse", "HEAD").strip()
    told = crew(path, writers=8, saves=50, one_name=one_name)
    assert_all_is_there(path, old, told, "prompts/")
    assert git(path, "status", "--porcelain") == "A  code.py\n"
