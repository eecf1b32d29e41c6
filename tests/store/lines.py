"""Two lines of work on one store: a copy that somebody else writes to, and its branch brought back."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from promptlib import Prompt, Store, system, user

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

OTHER = "other"


def text(*parts: str, **words: Any) -> Prompt[Any]:
    """Return a prompt of one system message for each of *parts*, and a user's."""
    return Prompt.define(*map(system, parts), user("Go."), **words)


def git(folder: Path, *arguments: str, given: str | None = None, **around: str) -> str:
    """Run plain git, with *around* in its environment, and return what it prints."""
    identity = ("-c", "user.name=Eve", "-c", "user.email=eve@example.com")
    done = subprocess.run(
        ["git", *identity, *arguments],
        cwd=folder,
        input=given,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **around},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def tip(store: Store, revision: str = "HEAD") -> str:
    """Return the commit that plain git sees."""
    return git(store.path, "rev-parse", revision).strip()


def forked(store: Store, name: str = "theirs") -> Store:
    """Return a copy of a store, as somebody else has it."""
    place = store.path.with_name(name)
    shutil.copytree(store.path, place, symlinks=True)
    return Store(place)


def bring(store: Store, other: Store, branch: str = OTHER) -> str:
    """Fetch what *other* has as *branch*, and return its name."""
    git(store.path, "fetch", "-q", str(other.path), f"+HEAD:refs/heads/{branch}")
    return branch


def files(store: Store, revision: str = "HEAD") -> dict[str, str]:
    """Return path -> mode and blob of every file of a commit."""
    rows = git(store.path, "ls-tree", "-r", "-z", revision).split("\0")[:-1]
    return {path: facts for facts, _, path in (row.partition("\t") for row in rows)}


def content(store: Store, path: str, revision: str = "HEAD") -> str:
    """Return a file of a commit."""
    return git(store.path, "cat-file", "blob", f"{revision}:{path}")


def commit_by_hand(store: Store, changes: Mapping[str, str | None], *, mode: str = "100644") -> str:
    """Commit files into a bare store as somebody with plain git does, None for no file; return the commit."""
    index = {"GIT_INDEX_FILE": str(store.path / "by-hand"), "GIT_WORK_TREE": str(store.path)}
    before = tip(store)
    git(store.path, "read-tree", before, **index)
    for path, data in changes.items():
        if data is None:
            git(store.path, "update-index", "--force-remove", path, **index)
        else:
            blob = git(store.path, "hash-object", "-w", "--stdin", given=data).strip()
            git(store.path, "update-index", "--add", "--cacheinfo", f"{mode},{blob},{path}", **index)
    tree = git(store.path, "write-tree", **index).strip()
    made = git(store.path, "commit-tree", tree, "-p", before, "-m", "By hand").strip()
    git(store.path, "update-ref", "HEAD", made)
    (store.path / "by-hand").unlink()
    return made
