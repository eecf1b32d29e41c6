"""What a project says of its store: `[tool.promptlib]` in pyproject.toml."""

from __future__ import annotations

import stat
from pathlib import Path, PurePosixPath
from typing import Any

from promptlib.errors import StoreError

FILE = "pyproject.toml"
LARGEST = 1 << 20  # bytes
LONGEST_FOLDER = 255


def table(folder: Path) -> dict[str, Any]:
    """Return the table of the project at *folder*, empty where there is none; raises `StoreError`."""
    settings = folder / FILE
    try:
        # A failed look is not "no settings": the setting may be the one that refuses secrets.
        found = settings.stat()
        if not stat.S_ISREG(found.st_mode):
            return {}
        if found.st_size > LARGEST:
            raise StoreError(f"{settings} is larger than {LARGEST >> 20} MiB", hint="that is no project's settings")
        text = settings.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{settings} cannot be read: {error}", hint="mend the file first") from error
    import tomllib  # noqa: PLC0415 - most stores have no settings

    try:
        tool = tomllib.loads(text).get("tool", {})
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{settings} cannot be read: {error}", hint="mend the file first") from error
    ours = tool.get("promptlib", {}) if isinstance(tool, dict) else {}
    return ours if isinstance(ours, dict) else {}


def configured_root(folder: Path) -> str | None:
    """Return `[tool.promptlib] root` of the project at *folder*; raises `StoreError` for a root outside of it."""
    root = table(folder).get("root")
    if root is None:
        return None
    if not isinstance(root, str) or not checked_root(root):
        raise StoreError(
            f"[tool.promptlib] root = {str(root)[:80]!r} in {folder / FILE} is no folder inside the project",
            hint='write a path such as root = "src/app/prompts"',
        )
    return str(PurePosixPath(root))


def configured_runs(folder: Path) -> Path | None:
    """Return the log that `[tool.promptlib] runs` of the project at *folder* names.

    It lies inside the project, whatever its links say: settings come with a clone, and nothing is written elsewhere on
    their word. Raises `StoreError`.
    """
    named = table(folder).get("runs")
    if named is None:
        return None
    if isinstance(named, str) and checked_root(named):
        path = folder / named
        if path.parent.resolve().is_relative_to(folder.resolve()):
            return path
    raise StoreError(
        f"[tool.promptlib] runs = {str(named)[:80]!r} in {folder / FILE} is no file inside the project",
        hint='write a path such as runs = "var/runs.jsonl"; RunLog(path) in code takes any',
    )


def checked_root(root: str) -> bool:
    """Whether *root* is a relative path that stays inside, away from git's own folder."""
    path = PurePosixPath(root)
    parts = {part.casefold() for part in path.parts}
    sound = all(part.isprintable() and len(part.encode()) <= LONGEST_FOLDER for part in parts)
    return bool(parts) and sound and not path.is_absolute() and not {"..", ".git"} & parts and "\\" not in root
