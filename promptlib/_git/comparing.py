"""What one commit changed, told from folders that were checked against their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib._git.trees import FOLDER, MOST_FILES, check_depth, too_many

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib._git.trees import Trees

Entry = tuple[bytes, str]
FILE = b"100"


def changes(trees: Trees, before: str | None, after: str, prefix: str) -> dict[str, str | None]:
    """Return path and new blob (None: gone) of every file below *prefix* that differs between two commits."""
    top = prefix.rstrip("/")
    old = trees.find(before, top) if before else None
    found: dict[str, str | None] = {}
    for path, blob in _between(trees, old, trees.find(after, top), top):
        found[path] = blob
        if len(found) > MOST_FILES:
            raise too_many(prefix)
    return found


def _between(trees: Trees, old: Entry | None, new: Entry | None, path: str) -> Iterator[tuple[str, str | None]]:
    if old == new:
        return
    check_depth(path)
    was, now = _names(trees, old), _names(trees, new)
    above = f"{path}/" if path else ""
    for name in sorted(was.keys() | now.keys()):
        yield from _between(trees, was.get(name), now.get(name), above + name.decode("utf-8", "surrogateescape"))
    kept = new[1] if new and new[0].startswith(FILE) else None
    if kept or (old and old[0].startswith(FILE)):
        yield path, kept


def _names(trees: Trees, entry: Entry | None) -> dict[bytes, Entry]:
    return dict(trees.entries(entry[1])) if entry and entry[0] == FOLDER else {}
