"""What a project says of its store: `[tool.promptlib]` in pyproject.toml."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from promptlib.errors import BadRef, StoreError
from promptlib.refs import check_store

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


@dataclass(frozen=True, slots=True, repr=False)
class Elsewhere:
    """Another store as a project's settings tell of it: at *path*, or at *url* with what is to be kept of it."""

    name: str
    path: Path | None = None
    url: str = ""
    branch: str = ""
    root: str | None = None
    partial: bool = False


def configured_stores(folder: Path) -> dict[str, Elsewhere]:
    """Return the stores that `[tool.promptlib.stores]` of the project at *folder* names, by their names.

    A path is relative to the project and leads through no link; an address holds no password, since the file is
    committed. Raises `StoreError`, with what to write.
    """
    told = table(folder).get("stores", {})
    if not isinstance(told, dict):
        raise _unsound(folder, "stores", "is no table", _STORES)
    return {name: _elsewhere(folder, name, value) for name, value in told.items()}


_STORES = 'write [tool.promptlib.stores] and below it shared = "../shared/prompts.git"'
#: Of git's rules for refs all that could be misread; the rest git says itself.
_BRANCH = re.compile(r"(?!.*(?:\.\.|//|@\{))[A-Za-z0-9_][A-Za-z0-9._/-]{0,200}")
_KEYS = {"url": str, "path": str, "branch": str, "root": str, "partial": bool}


def _elsewhere(folder: Path, name: str, value: object) -> Elsewhere:
    where = f"stores.{name[:80]}"
    try:
        check_store(name)
    except BadRef as error:
        raise _unsound(folder, where, "is no name of a store", error.hint) from None
    given = {"url" if _is_address(value) else "path": value} if isinstance(value, str) else value
    if not isinstance(given, dict) or len({"url", "path"} & given.keys()) != 1:
        raise _unsound(folder, where, "says neither where it is nor at which address", _STORES)
    for key, found in given.items():
        if key not in _KEYS or not isinstance(found, _KEYS[key]):
            known = f"keys here: {', '.join(_KEYS)}"
            raise _unsound(folder, f"{where}.{key[:80]}", "is not known, or of another type", known)
    root, branch = given.get("root"), given.get("branch", "")
    if root and not checked_root(root):
        raise _unsound(folder, f"{where}.root", "is no folder inside that repository", 'write root = "prompts"')
    if branch and not _BRANCH.fullmatch(branch):
        raise _unsound(folder, f"{where}.branch", "is no name of a branch", 'write branch = "main"')
    if "path" in given:
        if given.keys() - {"path"}:
            raise _unsound(
                folder, where, "is a path: it is read as it lies there", "leave branch, root and partial out"
            )
        return Elsewhere(name, path=_sound_path(folder, where, given["path"]))
    return Elsewhere(
        name,
        url=_sound_address(folder, where, given["url"]),
        branch=branch,
        root=root,
        partial=given.get("partial", False),
    )


def _is_address(text: str) -> bool:
    return "://" in text or ":" in text.partition("/")[0]


def _sound_path(folder: Path, where: str, text: str) -> Path:
    path = PurePosixPath(text)
    if not text.isprintable() or not path.parts or path.is_absolute() or "\\" in text or text.startswith("-"):
        raise _unsound(
            folder, where, f"= {text[:80]!r} is no path from the project", 'write a path such as "../shared"'
        )
    at = folder
    for part in path.parts:
        at = at.parent if part == ".." and at.name not in {"", ".."} else at / part
        if part != ".." and at.is_symlink():
            raise _unsound(folder, where, f"leads through the link {at}", "write the path that the link leads to")
    return Path(os.path.normpath(folder.resolve() / path))


def _sound_address(folder: Path, where: str, text: str) -> str:
    from promptlib._git import check_address  # noqa: PLC0415 - few projects name another store

    try:
        check_address(text)
    except BadRef as error:
        raise _unsound(folder, where, f"is no address: {error.what}", error.hint) from None
    return text


def _unsound(folder: Path, where: str, what: str, hint: str) -> StoreError:
    return StoreError(f"[tool.promptlib] {where} in {folder / FILE} {what}", hint=hint)


def checked_root(root: str) -> bool:
    """Whether *root* is a relative path that stays inside, away from git's own folder."""
    path = PurePosixPath(root)
    parts = {part.casefold() for part in path.parts}
    sound = all(part.isprintable() and len(part.encode()) <= LONGEST_FOLDER for part in parts)
    return bool(parts) and sound and not path.is_absolute() and not {"..", ".git"} & parts and "\\" not in root
