"""Objects: read one at a time or by the thousand, and written loose."""

from __future__ import annotations

import hashlib
import os
import zlib
from contextlib import ExitStack, suppress
from typing import IO, TYPE_CHECKING, Protocol

from promptlib._git.writeout import BINARY, sync
from promptlib.errors import BadRef, GitFailed, StoreDamaged, StoreReadOnly, raise_if_passing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from promptlib._git.layout import Layout
    from promptlib._git.records import Durability
    from promptlib._git.runner import Child, Git

BLOB_LIMIT = 1 << 20
STRUCTURE_LIMIT = 64 << 20  # a tree of a million entries
LONGEST_HEADER = 64
HEX_DIGITS = frozenset("0123456789abcdef")
# Below this number, asking the long-lived process is quicker than starting one of its own.
FEW = 24


class _Hash(Protocol):
    def __call__(self, data: bytes = ..., /, *, usedforsecurity: bool = ...) -> hashlib._Hash: ...


class Objects:
    """The objects of one repository, by id."""

    def __init__(self, layout: Layout, git: Git) -> None:
        """Read and write below the common folder of *layout*."""
        self._folder = os.fspath(layout.common_dir / "objects")
        self._git = git
        self._shared = layout.shared
        self._hash: _Hash = hashlib.sha256 if layout.object_format == "sha256" else hashlib.sha1
        self.id_length = 64 if layout.object_format == "sha256" else 40

    def identify(self, kind: bytes, body: bytes) -> str:
        """Return the id that git gives to *body*."""
        # SHA-1 here is git's name for an object; what promptlib trusts is its own digest.
        return self._hash(b"%s %d\0%s" % (kind, len(body), body), usedforsecurity=False).hexdigest()

    def check_id(self, object_id: str) -> None:
        """Refuse what is no full object id: it would be read as an option, a path or a revision."""
        if len(object_id) != self.id_length or not HEX_DIGITS.issuperset(object_id):
            raise BadRef(f"{object_id!r} is no object id", hint=f"an id here has {self.id_length} digits 0-9, a-f")

    def read(self, object_id: str, kind: bytes = b"blob", *, limit: int = BLOB_LIMIT) -> bytes:
        """Return the content of an object, checked against its id; more than *limit* bytes are refused unread."""
        self.check_id(object_id)
        body = self._read_loose(object_id, kind, limit)
        return self._read_packed(object_id, kind, limit) if body is None else body

    def _read_loose(self, object_id: str, kind: bytes, limit: int) -> bytes | None:
        try:
            with open(self._path(object_id), "rb", buffering=0) as file:  # noqa: PTH123 - the hot path
                packed = file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise GitFailed(f"object {object_id} cannot be read: {error.strerror}") from error
        try:
            stream = zlib.decompressobj()
            whole = stream.decompress(packed, limit + LONGEST_HEADER)
        except zlib.error as error:
            raise _damaged(object_id, "its file is no compressed data") from error
        header, _, body = whole.partition(b"\0")
        size = _expected_size(object_id, header, kind)
        _check_size(object_id, size, limit)
        if len(body) != size or self._hash(whole, usedforsecurity=False).hexdigest() != object_id:
            raise _damaged(object_id, "its content is not what its id says")
        return body

    def _read_packed(self, object_id: str, kind: bytes, limit: int) -> bytes:
        child = self._git.child("cat-file", "--batch")
        with child.talk():
            child.write(object_id.encode() + b"\n")
            body = self._reply(child, object_id, kind, limit)
        self._verify(object_id, kind, body)
        return body

    def first_parent(self, commit: str) -> str | None:
        """Return the first parent of *commit*, or None for a root."""
        return next(iter(self.parents(commit)), None)

    def parents(self, commit: str) -> tuple[str, ...]:
        """Return the parents of *commit*."""
        head = self.read(commit, b"commit", limit=STRUCTURE_LIMIT).partition(b"\n\n")[0]
        return tuple(row[7:].decode("ascii", "replace") for row in head.split(b"\n") if row.startswith(b"parent "))

    def read_many(self, object_ids: Iterable[str], *, limit: int = BLOB_LIMIT) -> Iterator[tuple[str, bytes]]:
        """Yield id and content of each blob, in the order given, from one process of its own."""
        wanted = list(object_ids)
        if len(wanted) < FEW:
            for object_id in wanted:
                yield object_id, self.read(object_id, limit=limit)
            return
        for object_id in wanted:
            self.check_id(object_id)
        listing = _listing(wanted)
        if listing is None:
            for object_id in wanted:
                yield object_id, self.read(object_id, limit=limit)
            return
        with listing:
            child = self._git.start("cat-file", "--batch", "--buffer", given=listing.fileno())
            try:
                for object_id in wanted:
                    with child.talk():
                        body = self._reply(child, object_id, b"blob", limit)
                    self._verify(object_id, b"blob", body)
                    yield object_id, body
            finally:
                child.end()

    def _reply(self, child: Child, object_id: str, kind: bytes, limit: int) -> bytes:
        header = child.output.readline()
        if not header.endswith(b"\n"):
            raise child.failed()
        if header.endswith(b" missing\n"):
            raise StoreDamaged(
                f"object {object_id} is not in this repository",
                hint="git fsck lists what is missing; in a shallow clone: git fetch --unshallow",
            )
        try:
            size = _expected_size(object_id, header.rstrip(b"\n").partition(b" ")[2], kind)
            _check_size(object_id, size, limit)
        except (GitFailed, StoreDamaged):
            # The content that follows must not be taken for a later reply.
            child.end()
            raise
        body = child.output.read(size + 1)
        if len(body) != size + 1:
            error = child.failed()
            raise_if_passing(error)
            raise _damaged(object_id, f"git gave up in the middle of it: {error.what}")
        return body[:-1]

    def _verify(self, object_id: str, kind: bytes, body: bytes) -> None:
        if self.identify(kind, body) != object_id:
            raise _damaged(object_id, "its content is not what its id says")

    def _path(self, object_id: str) -> str:
        return f"{self._folder}/{object_id[:2]}/{object_id[2:]}"

    def write_all(self, objects: Sequence[tuple[str, bytes, bytes]], durability: Durability) -> None:
        """Store (id, kind, body) in order, each whole or not at all.

        An object that is there already is made young again, as git does, so that a prune at work spares it.
        """
        waiting: list[tuple[IO[bytes], str, str]] = []
        try:
            for object_id, kind, body in objects:
                final = self._path(object_id)
                if _freshened(final):
                    continue
                file, temporary = self._write_temporary(final, kind, body)
                waiting.append((file, temporary, final))
            sync([file.fileno() for file, _, _ in waiting], durability)
            while waiting:
                file, temporary, final = waiting[0]
                file.close()
                os.replace(temporary, final)  # noqa: PTH105 - the hot path
                del waiting[0]
        except OSError as error:
            raise _not_written(self._folder, error) from error
        finally:
            for file, temporary, _ in waiting:
                _discard(file, temporary)

    def _write_temporary(self, final: str, kind: bytes, body: bytes) -> tuple[IO[bytes], str]:
        folder = os.path.dirname(final)  # noqa: PTH120 - the hot path
        # git prunes forgotten files of this name.
        temporary = f"{folder}/tmp_obj_{os.urandom(6).hex()}"  # noqa: S108 - git's own name, inside the repository
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | BINARY
        try:
            descriptor = os.open(temporary, flags, 0o444)
        except FileNotFoundError:
            self._make_folder(folder)
            descriptor = os.open(temporary, flags, 0o444)
        file = os.fdopen(descriptor, "wb", buffering=0)
        try:
            if self._shared:
                os.chmod(temporary, self._shared & 0o444)  # noqa: PTH101 - the hot path
            _write_whole(file, zlib.compress(b"%s %d\0%s" % (kind, len(body), body), 1))
        except BaseException:
            _discard(file, temporary)
            raise
        return file, temporary

    def _make_folder(self, folder: str) -> None:
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - the hot path
        if self._shared:
            # The group's bit of a folder goes on to what is made in it; who may read a folder may enter it.
            mode = 0o2000 | self._shared | (self._shared & 0o444) >> 2
            os.chmod(folder, mode)  # noqa: PTH101 - the hot path


def _listing(wanted: list[str]) -> IO[bytes] | None:
    """Return a temporary file of *wanted*, to be read from its beginning; None where there is no room for one."""
    from tempfile import TemporaryFile  # noqa: PLC0415 - only needed for bulk

    try:
        with ExitStack() as stack:
            listing: IO[bytes] = stack.enter_context(TemporaryFile(buffering=0))
            _write_whole(listing, "\n".join(wanted).encode() + b"\n")
            listing.seek(0)
            stack.pop_all()
            return listing
    except OSError:
        return None


def _write_whole(file: IO[bytes], data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def _discard(file: IO[bytes], temporary: str) -> None:
    """Take a temporary file away; one that stays is pruned by git."""
    with suppress(OSError):
        file.close()
    with suppress(OSError):
        os.unlink(temporary)  # noqa: PTH108 - a text path like all others here


def _freshened(path: str) -> bool:
    try:
        os.utime(path)
    except OSError:
        return False
    return True


def _expected_size(object_id: str, header: bytes, kind: bytes) -> int:
    found, _, size = header.partition(b" ")
    if not size.isdigit():
        raise _damaged(object_id, "its header is not readable")
    if found != kind:
        raise _damaged(object_id, f"it is a {found.decode('ascii', 'replace')}, not a {kind.decode()}")
    return int(size)


def _check_size(object_id: str, size: int, limit: int) -> None:
    if size > limit:
        raise GitFailed(
            f"object {object_id} holds {size:,} bytes; more than {limit:,} are refused",
            hint="no prompt is that long: find it with git log --all --find-object=" + object_id,
        )


def _damaged(object_id: str, reason: str) -> StoreDamaged:
    return StoreDamaged(
        f"object {object_id} is damaged: {reason}",
        hint="promptlib fsck lists all damage; a sound clone can give the object back",
    )


def _not_written(folder: str, error: OSError) -> GitFailed | StoreReadOnly:
    if isinstance(error, PermissionError) or error.strerror == "Read-only file system":
        return StoreReadOnly(f"{folder!r} cannot be written: {error.strerror}", hint="reading works; saving does not")
    return GitFailed(f"objects could not be written to {folder!r}: {error.strerror}", hint="nothing was changed")
