"""Real repositories made by plain git, and an index over them."""

from __future__ import annotations

import os
import subprocess
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from promptlib._git import Repository
from promptlib._index import Description, Index
from promptlib.errors import InvalidFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada Writer",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_AUTHOR_DATE": "1700000000 +0200",
    "GIT_COMMITTER_NAME": "Bob",
    "GIT_COMMITTER_EMAIL": "bob@example.org",
    "GIT_COMMITTER_DATE": "1700000100 +0000",
}


def describe(data: bytes) -> Description:
    """Read what the tests write where the real files hold front matter."""
    if data.startswith(b"broken"):
        message = "no prompt"
        raise InvalidFile(message)
    told: dict[str, list[str]] = {"from": [], "made": [], "uses": []}
    for line in data.decode().splitlines():
        word, colon, rest = line.partition(":")
        if colon and word in told:
            told[word].append(rest)
    return Description(
        digest=f"sha256:{sha256(data).hexdigest()}",
        renamed_from="".join(told["from"][:1]),
        derived_from="".join(told["made"][:1]),
        includes=tuple(told["uses"]),
        tags=("t",),
    )


class Library:
    """A repository with prompts below `prompts/`, written by git commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *words: str) -> str:
        run = subprocess.run(
            ["git", "-C", str(self.folder), *words],
            check=True,
            capture_output=True,
            text=True,
            env=os.environ | IDENTITY,
            timeout=60,
        )
        return run.stdout.strip()

    def path(self, name: str) -> Path:
        if name.startswith("@"):
            label, _, name = name[1:].partition(":")
            return self.folder / "prompts" / ".labels" / label / f"{name}.label"
        return self.folder / "prompts" / f"{name}.prompty"

    def write(self, files: dict[str, str | None]) -> None:
        """Write or remove files: `name` for a prompt, `@label:name` for a label."""
        for name, text in files.items():
            path = self.path(name)
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)

    def commit(self, files: dict[str, str | None], message: str = "Change") -> str:
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.tip

    def label(self, label: str, name: str) -> str:
        text = self.path(name).read_text()
        digest = sha256(text.encode()).hexdigest()
        return self.commit({f"@{label}:{name}": f"sha256:{digest}\n{text}"}, f"Label {name} {label}")

    def branch(self, name: str, at: str = "HEAD") -> None:
        self.git("checkout", "--quiet", "-b", name, at)

    def checkout(self, name: str) -> None:
        self.git("checkout", "--quiet", name)

    def merge(self, other: str, files: dict[str, str | None] | None = None, strategy: str = "ours") -> str:
        self.git("merge", "--quiet", "--no-ff", "--no-commit", f"--strategy={strategy}", other)
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", f"Merge {other}")
        return self.tip

    @property
    def tip(self) -> str:
        return self.git("rev-parse", "HEAD")

    @property
    def file(self) -> Path:
        return self.folder / ".git" / "promptlib" / "index.sqlite"


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library")


@pytest.fixture
def open_index() -> Iterator[Callable[[Library], Index]]:
    """Return a function that opens a further index at the library's tip."""
    opened: list[Index | Repository] = []

    def open_one(library: Library) -> Index:
        repository = Repository.open(library.folder)
        index = Index.open(library.file, repository, "prompts", describe=describe)
        opened.extend((index, repository))
        index.at(library.tip)
        return index

    yield open_one
    for one in opened:
        one.close()
