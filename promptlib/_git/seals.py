"""Files of git that end in a checksum of themselves: packs with their indexes, and what git derives from them."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from promptlib._git.layout import Layout

CHUNK = 1 << 20
#: What git can make again from the packs at any time.
DERIVED = (".idx", ".rev", ".bitmap", ".graph")
_DERIVED_NAMES = frozenset({"multi-pack-index", "commit-graph"})
#: Packs that were found sound, by what tells that they have not changed since.
_sound: set[tuple[str, int, int, int]] = set()


def is_derived(path: Path) -> bool:
    """Return whether git can make *path* again from other files."""
    return path.suffix in DERIVED or path.name in _DERIVED_NAMES


def sealed_files(layout: Layout) -> Iterator[Path]:
    """Yield the files of a repository that end in a checksum, packs before what is derived from them."""
    objects = layout.common_dir / "objects"
    found = [path for path in _below(objects / "pack") if path.suffix in {".pack", *DERIVED}]
    found += [path for path in _below(objects / "info/commit-graphs") if path.suffix == ".graph"]
    found += [path for path in (objects / "pack/multi-pack-index", objects / "info/commit-graph") if path.is_file()]
    yield from sorted(found, key=lambda path: (path.suffix != ".pack", path.name))


def _below(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if not path.name.startswith("tmp_")]
    except OSError:
        return []


def broken_seal(layout: Layout, path: Path) -> str:
    """Return what is wrong with the checksum of *path*, or an empty text; a pack index must also fit its pack."""
    try:
        whole, trailer, before = _read_through(layout, path)
        if whole != trailer:
            return "its checksum does not fit its content"
        if path.suffix == ".pack" and not path.with_suffix(".idx").is_file():
            return "its index is missing"
        if path.suffix == ".idx" and before != _read_through(layout, path.with_suffix(".pack"))[1]:
            return "it is the index of another pack"
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    return ""


def _read_through(layout: Layout, path: Path) -> tuple[bytes, bytes, bytes]:
    """Return the checksum of all but the trailer, the trailer, and as many bytes as that before it."""
    running = (
        hashlib.sha256() if layout.object_format == "sha256" else hashlib.sha1(usedforsecurity=False)
    )  # git's own checksum
    length = running.digest_size
    with path.open("rb") as file:
        left = os.fstat(file.fileno()).st_size - length
        tail = b""
        while left > 0:
            data = file.read(min(CHUNK, left))
            if not data:
                break
            running.update(data)
            tail = (tail + data)[-length:]
            left -= len(data)
        return running.digest(), file.read(), tail


def packs_fit(layout: Layout) -> bool:
    """Return whether every pack and pack index is what its checksum says; a sound one is read once by a process."""
    for path in sealed_files(layout):
        if path.suffix not in {".pack", ".idx"}:
            continue
        try:
            found = path.stat()
        except OSError:
            return False
        key = (os.fspath(path), found.st_ino, found.st_size, found.st_mtime_ns)
        if key in _sound:
            continue
        if broken_seal(layout, path):
            return False
        _sound.add(key)
    return True
