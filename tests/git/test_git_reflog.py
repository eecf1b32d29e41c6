"""Where a ref has been: read from its file, and by git where refs lie in tables, alike."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

from promptlib._git import Repository
from promptlib._git.reflog import positions

if TYPE_CHECKING:
    from pathlib import Path


def git(folder: Path, *words: str) -> str:
    command = ["git", "-c", "user.name=U", "-c", "user.email=u@example.com", *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def test_positions_are_newest_first_and_each_once(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    made = []
    for number in range(3):
        git(tmp_path, "commit", "-q", "--allow-empty", "-m", str(number))
        made.append(git(tmp_path, "rev-parse", "HEAD"))
    git(tmp_path, "reset", "-q", "--hard", "HEAD~1")
    with Repository.open(tmp_path) as repository:
        assert repository.earlier("refs/heads/main") == (made[1], made[2], made[0])
        assert repository.earlier("refs/heads/none") == ()
        asked = replace(repository.layout, reference_format="reftable")
        assert positions(asked, repository._git, "refs/heads/main") == (made[1], made[2], made[0])
        assert positions(asked, repository._git, "refs/heads/none") == ()


def test_lines_that_are_none_tell_nothing(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "x")
    log = tmp_path / ".git/logs/refs/heads/main"
    log.write_bytes(b"\n" + b"\xff\xfe\n" + b"a b c\n" + log.read_bytes() + b"half")
    with Repository.open(tmp_path) as repository:
        assert repository.earlier("refs/heads/main") == (git(tmp_path, "rev-parse", "HEAD"),)
