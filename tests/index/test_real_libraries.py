"""Numbers over real histories agree with git's own."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from promptlib._git import Change, Repository
from promptlib._index import Index
from promptlib.refs import propose_name
from tests.index.conftest import describe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from promptlib._git import Commit

PATTERNS = {"fabric": r"patterns/(.+)/system\.md", "awesome": r"prompts/(.+)\.md"}


class AsPrompts:
    """A foreign repository whose texts show as prompts of the same name."""

    def __init__(self, repository: Repository, pattern: str) -> None:
        self._repository = repository
        self._pattern = re.compile(pattern)

    def log(self, tip: str, *, stop: Iterable[str] = (), prefix: str = "") -> Iterator[Commit]:
        assert prefix == ""
        for commit in self._repository.log(tip, stop=stop):
            named = [(self._pattern.fullmatch(change.path), change) for change in commit.changes]
            changes = [Change(f"{propose_name(found[1])}.prompty", change.blob) for found, change in named if found]
            yield replace(commit, changes=tuple(changes))

    def read(self, blob: str) -> bytes:
        return self._repository.read(blob)

    def read_many(self, blobs: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        return self._repository.read_many(blobs)

    def absent(self, blobs: Iterable[str]) -> frozenset[str]:
        return self._repository.absent(blobs)


def git(folder: Path, *words: str) -> list[str]:
    run = subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True, text=True, timeout=60)
    return run.stdout.splitlines()


@pytest.mark.parametrize(("which", "alive", "versions"), [("fabric", 225, 817), ("awesome", 218, None)])
def test_every_change_of_a_real_library_is_a_version(
    which: str, alive: int, versions: int | None, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(f"{which}_repository")
    pattern = re.compile(PATTERNS[which])
    with Repository.open(folder) as repository:
        index = Index.open(tmp_path / "index.sqlite", AsPrompts(repository, PATTERNS[which]), "", describe=describe)
        tip, middle = git(folder, "rev-parse", "HEAD", "HEAD~300")
        for at in (middle, tip):
            index.at(at)
            assert index.names()
        paths = {path: propose_name(found[1]) for path in git(folder, "ls-files") if (found := pattern.fullmatch(path))}
        named = {path: name for path, name in paths.items() if name}
        assert len(paths) == alive
        assert set(index.names()) == set(named.values())
        total = 0
        for path, name in named.items():
            wrote = git(folder, "log", "--first-parent", "--reverse", "--diff-filter=AM", "--format=%H", "--", path)
            rows = index.versions(name)
            total += len(rows)
            # git log without --follow knows the file under its present name only.
            assert [row.commit for row in rows if row.name == name] == wrote
            assert [row.number for row in rows] == list(range(1, len(rows) + 1))
            assert rows[-1].blob == git(folder, "rev-parse", f"HEAD:{path}")[0]
        assert versions in (None, total)
        index.close()
