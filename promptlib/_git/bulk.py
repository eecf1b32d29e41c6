"""Many commits at once, through `git fast-import`."""

from __future__ import annotations

import os
import string
from contextlib import suppress
from typing import TYPE_CHECKING

from promptlib._git.leftovers import at_work
from promptlib._git.locks import held
from promptlib._git.records import BulkResult
from promptlib._git.room import with_reason
from promptlib._git.trees import split
from promptlib.errors import Conflict, GitFailed, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptlib._git.layout import Layout
    from promptlib._git.records import BulkCommit
    from promptlib._git.references import References
    from promptlib._git.runner import Git

CHUNK = 1 << 18
#: What fast-import writes into the mark of a pack that it is about to make known; on a full disk, nothing.
KEPT = (b"", b"fast-import")
NOTHING_MOVED = "nothing more was imported; it can be run again"
LOCK_SECONDS = 30.0


class Bulk:
    """Writes a line of commits into a ref of its own, and then moves the wanted ref there."""

    def __init__(self, layout: Layout, git: Git, references: References) -> None:
        """Import into the repository of *layout*."""
        self._layout = layout
        self._git = git
        self._references = references

    def run(self, reference: str, old: str | None, commits: Iterable[BulkCommit]) -> BulkResult:
        """Put *commits* on top of *old* and move *reference* there; nothing moves unless all of them are written."""
        token = os.urandom(8).hex()
        temporary = f"refs/promptlib/import/{token}"
        marks = self._layout.own_folder() / f"marks-{token}"
        self._sweep()
        try:
            ids = self._import(temporary, old, commits, os.fspath(marks))
        except BaseException:
            self._sweep()
            raise
        finally:
            marks.unlink(missing_ok=True)
        if not ids:
            raise ValueError("a bulk import needs a commit")
        try:
            with held(self._layout, self._references, reference, LOCK_SECONDS):
                moved = self._references.swap(reference, old, ids[-1], reflog="promptlib: import", durability="batch")
        except StoreError:
            self._forget(temporary)
            raise
        if not moved:
            raise Conflict(
                f"{reference!r} moved while {len(ids)} commits were being imported",
                hint=f"run the import again; what it wrote is kept at {temporary}",
                kept=temporary,
            )
        self._forget(temporary)
        return BulkResult(ids[-1], tuple(ids))

    def _forget(self, temporary: str) -> None:
        """Delete a ref of ours. A lock on the packed refs is no reason to fail: maintenance sweeps what stays."""
        with suppress(StoreError):
            self._references.delete(temporary)

    def _sweep(self) -> None:
        """Take away what an import left that died: its mark on a pack would stop the same import for ever."""
        packs = self._layout.common_dir / "objects" / "pack"
        marks = [path for path in packs.glob("pack-*.keep") if path.read_bytes() in KEPT]
        reports = list(self._layout.git_dir.glob("fast_import_crash_*"))
        if (marks or reports) and not at_work((os.fspath(self._layout.common_dir),)):
            for path in (*marks, *reports):
                path.unlink(missing_ok=True)

    def _import(self, temporary: str, old: str | None, commits: Iterable[BulkCommit], marks: str) -> list[str]:
        child = self._git.start(
            "-c",
            "core.fsync=committed,pack,pack-metadata,reference",
            "fast-import",
            "--quiet",
            "--done",
            "--date-format=raw-permissive",
            f"--export-marks={marks}",
        )
        count = 0
        try:
            waiting = bytearray()
            for count, commit in enumerate(commits, 1):
                start = old if count == 1 else None
                for part in _stream(temporary, count, start, commit):
                    waiting += part
                if len(waiting) >= CHUNK:
                    child.write(bytes(waiting))
                    waiting.clear()
            child.write(bytes(waiting) + b"done\n")
            child.finish()
        except GitFailed as error:
            if child.usable:
                raise  # the commits could not be read, where they come from
            raise GitFailed(with_reason(error.what, self._layout.common_dir), hint=NOTHING_MOVED) from error
        finally:
            child.end()
        return _marked(marks, count) if count else []


def _stream(reference: str, mark: int, start: str | None, commit: BulkCommit) -> Iterator[bytes]:
    signature = commit.author.signature(commit.time)
    message = commit.message.encode("utf-8", "surrogateescape")
    yield f"commit {reference}\nmark :{mark}\n".encode()
    yield b"author %s\ncommitter %s\ndata %d\n%s\n" % (signature, signature, len(message), message)
    if start is not None:
        yield f"from {start}\n".encode()
    for path, content in sorted(commit.changes.items(), key=lambda change: (change[1] is not None, change[0])):
        if content is None:
            yield b"D %s\n" % quoted(path)
        else:
            yield b"M 100644 inline %s\ndata %d\n%s\n" % (quoted(path), len(content), content)
    yield b"\n"


def quoted(path: str) -> bytes:
    """Return *path* as fast-import reads it: always in quotes, unusual bytes as octal numbers."""
    plain = b"/".join(split(path))
    return b'"' + b"".join(_QUOTED[byte] for byte in plain) + b'"'


_PLAIN = frozenset(string.ascii_letters + string.digits + " !#$%&'()*+,-./:;<=>?@[]^_`{|}~")
_QUOTED = [chr(byte).encode() if chr(byte) in _PLAIN else b"\\%03o" % byte for byte in range(256)]


def _marked(marks: str, count: int) -> list[str]:
    ids = [""] * count
    with open(marks, encoding="ascii") as file:  # noqa: PTH123 - a text path like all others here
        for row in file:
            mark, _, commit = row.strip().partition(" ")
            ids[int(mark[1:]) - 1] = commit
    if not all(ids):
        raise GitFailed(f"git fast-import left {ids.count('')} of {count} commits unnamed", hint="nothing was moved")
    return ids
