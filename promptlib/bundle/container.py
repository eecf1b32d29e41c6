"""The form of a bundle: its head, its directory, and what a path may be."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from promptlib.errors import NewerFormat, NotAStore, StoreDamaged

if TYPE_CHECKING:
    from collections.abc import Iterable

FORMAT = 1
MAGIC = b"promptlib-bundle "
FIRST = MAGIC + b"%d\n" % FORMAT
#: Bytes of the two first lines: digest and length of the directory stand in the second one.
HEAD = len(FIRST) + 64 + 1 + 12 + 1
LARGEST_DIRECTORY = 128 << 20
LARGEST_ENTRY = 8 << 20

_FIRST = re.compile(rb"promptlib-bundle ([0-9]{1,9})\n")
_SECOND = re.compile(rb"([0-9a-f]{64}) ([0-9]{12})\n")
_PATH = rb"(?!\.{1,2}(?:/|\n))[A-Za-z0-9._-]{1,255}"
_LINE = re.compile(rb"([0-9a-f]{64}) (0|[1-9][0-9]{0,9}) (" + _PATH + rb"(?:/" + _PATH + rb")*)\n")


class Entry(NamedTuple):
    """Where the content of a path lies, and what it is."""

    offset: int
    size: int
    digest: str


def head_of(directory: bytes) -> bytes:
    """Return the two first lines for *directory*."""
    return FIRST + b"%s %012d\n" % (sha256(directory).hexdigest().encode(), len(directory))


def directory_of(entries: Iterable[tuple[str, bytes]]) -> bytes:
    """Return the directory of *entries*, which are in order; raises `ValueError` for what can stand in none."""
    lines = []
    for path, data in entries:
        line = b"%s %d %s\n" % (sha256(data).hexdigest().encode(), len(data), path.encode())
        if not _LINE.fullmatch(line) or len(data) > LARGEST_ENTRY:
            message = f"{path!r} cannot stand in a bundle"
            raise ValueError(message)
        lines.append(line)
    return b"".join(lines)


def read_head(head: bytes, size: int, shown: str) -> tuple[str, int]:
    """Return digest and length of the directory; *size* is the whole file's.

    Raises `NotAStore` for a file that is no bundle, `NewerFormat`, and `StoreDamaged`.
    """
    first = _FIRST.match(head)
    if first is None:
        raise _no_bundle(head, shown)
    if int(first[1]) > FORMAT:
        raise NewerFormat(
            f"{shown} is a bundle of format {int(first[1])}; this promptlib reads {FORMAT}",
            hint="update promptlib, or export the bundle with this one",
        )
    second = _SECOND.fullmatch(head, len(FIRST))
    if first[0] != FIRST or second is None:
        raise damaged(shown, "its two first lines are not those of a bundle")
    length = int(second[2])
    if length > LARGEST_DIRECTORY:
        raise damaged(shown, f"its directory is larger than {LARGEST_DIRECTORY >> 20} MiB")
    if HEAD + length > size:
        raise damaged(shown, f"it ends inside its directory, after {size:,} bytes")
    return second[1].decode(), length


def read_directory(directory: bytes, digest: str, size: int, shown: str) -> dict[str, Entry]:
    """Return the entries by path, in order; raises `StoreDamaged` unless *directory* fits *digest* and *size*.

    No content has been read by then: what is too large, there twice or under a path that leads elsewhere is refused.
    """
    if sha256(directory).hexdigest() != digest:
        raise damaged(shown, "its directory does not have the digest that its second line says")
    entries: dict[str, Entry] = {}
    offset, at, before = HEAD + len(directory), 0, b""
    while at < len(directory):
        line = _LINE.match(directory, at)
        if line is None:
            text = directory[at : at + 120].split(b"\n")[0].decode("ascii", "backslashreplace")
            raise damaged(shown, f"line {len(entries) + 3} is no entry: {text!r}")
        content, length, path = line[1], int(line[2]), line[3]
        if path <= before:
            again = "stands there twice" if path == before else f"stands after {before.decode()}"
            raise damaged(shown, f"{path.decode()} {again}")
        if length > LARGEST_ENTRY:
            raise damaged(shown, f"{path.decode()} is larger than {LARGEST_ENTRY >> 20} MiB")
        entries[path.decode()] = Entry(offset, length, content.decode())
        offset, at, before = offset + length, line.end(), path
    if offset != size:
        raise damaged(shown, f"it has {size:,} bytes, and its directory tells of {offset:,}")
    return entries


def damaged(shown: str, what: str) -> StoreDamaged:
    """Return the error for the bundle *shown*."""
    return StoreDamaged(
        f"{shown} is damaged: {what}", hint="copy it again, or export it again: promptlib export bundle"
    )


def _no_bundle(head: bytes, shown: str) -> NotAStore | StoreDamaged:
    if head.startswith(b"# v") and b" git bundle" in head[:40]:
        return NotAStore(
            f"{shown} is a bundle of git's, which holds a repository",
            hint=f"unpack it: git clone --bare {shown} FOLDER",
        )
    # One flipped bit in the first line must not make it look like some other file.
    if sum(one == other for one, other in zip(head, FIRST, strict=False)) >= len(FIRST) - 2:
        return damaged(shown, "its first line is not that of a bundle")
    return NotAStore(
        f"{shown} is a file and no bundle",
        hint=f"open a folder or a bundle, or make a store there: promptlib init --bare {shown}",
    )
