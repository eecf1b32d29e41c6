"""The user's own editor: which it is, and a file opened in it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path


def opened(file: Path, folder: Path) -> None:
    """Open *file* in the editor that git would start in *folder*; raises `GitFailed` when it fails."""
    from promptlib.errors import GitFailed  # noqa: PLC0415 - help needs no errors

    editor = _editor(folder)
    command = (
        ["sh", "-c", f'{editor} "$@"', editor, str(file)] if os.name != "nt" else [*shlex.split(editor), str(file)]
    )
    ended = subprocess.run(command, check=False)  # noqa: S603 - the user's own editor, as git starts it
    if ended.returncode:
        raise GitFailed(
            f"the editor ended with {ended.returncode}: {editor}",
            hint="nothing was done with the file; git var GIT_EDITOR tells which editor it is",
        )


def _editor(folder: Path) -> str:
    """Return the command that git would start."""
    git = shutil.which("git")
    named = ""
    if git is not None:
        asked = subprocess.run([git, "var", "GIT_EDITOR"], cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - a fixed command
        named = asked.stdout.strip()
    return named or os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
