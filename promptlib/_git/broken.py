"""Repositories that cannot even be opened: what is missing, and giving that back where it is certain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib._git.layout import Layout
from promptlib._git.mending import Mended
from promptlib._git.repository import Repository
from promptlib._git.verifying import Fault, head_remedy

if TYPE_CHECKING:
    from pathlib import Path

    from promptlib.errors import PromptLibError

PARTS = ("HEAD", "objects", "refs")
ENOUGH = 2


def broken(path: Path, error: PromptLibError, *, repair: bool) -> tuple[list[Fault], list[Mended]] | None:
    """Return what is wrong with the repository around *path*, and what was mended; None where there is none.

    *error* is what opening it said.
    """
    for folder in (path, *path.parents):
        for git_dir in (folder, folder / ".git"):
            there = [part for part in PARTS if _is_there(git_dir, part)]
            if len(there) >= ENOUGH:
                return _looked_at(git_dir, [part for part in PARTS if part not in there], error, repair=repair)
    return None


def _is_there(git_dir: Path, part: str) -> bool:
    place = git_dir / part
    try:
        return place.is_file() or place.is_symlink() if part == "HEAD" else place.is_dir()
    except OSError:
        return False


def _looked_at(
    git_dir: Path, missing: list[str], error: PromptLibError, *, repair: bool
) -> tuple[list[Fault], list[Mended]]:
    layout = Layout(git_dir, git_dir, None)
    with Repository(layout) as repository:
        if missing == ["HEAD"]:
            branches = repository.verifier().branches()
            if repair and len(branches) == 1:
                kept = repository.mender().set_head(branches[0])
                aside = f"; what lay there is kept at {kept}" if kept else ""
                return [], [Mended("ref", "HEAD", f"names {branches[0]}, the one branch here{aside}")]
            return [Fault("ref", "HEAD", "it is missing", head_remedy(layout, branches))], []
        if missing == ["refs"]:
            if repair:
                (git_dir / "refs").mkdir()
                return [], [Mended("ref", "refs", "the folder was made again; packed refs are those that there are")]
            return [Fault("ref", "refs", "the folder is missing", f"mkdir {git_dir / 'refs'}")], []
        if missing:
            helps = "copy the folder back from a clone or a backup"
            return [Fault("object", "objects", "the folder with everything is missing", helps)], []
    return [Fault("file", str(git_dir / "config"), error.what, error.hint)], []
