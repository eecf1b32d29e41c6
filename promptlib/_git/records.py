"""What is read from git and given to it, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: How far a write is synced to disk before it is acknowledged.
Durability = Literal["batch", "each", "none"]
#: Seconds since 1970 and a zone such as `+0200`.
Moment: TypeAlias = "tuple[int, str]"
#: Mode and id of what lies at a path.
Entry: TypeAlias = "tuple[bytes, str]"


@dataclass(frozen=True, slots=True)
class Author:
    """A person as git writes one."""

    name: str
    email: str

    def signature(self, moment: Moment) -> bytes:
        """Return `name <email> seconds zone`, without the characters that git's format cannot hold."""
        seconds, zone = moment
        return f"{_plain(self.name)} <{_plain(self.email)}> {seconds} {zone}".encode("utf-8", "surrogateescape")


def _plain(text: str) -> str:
    return " ".join("".join(" " if char in "\n\r\0" else char for char in text if char not in "<>").split())


@dataclass(frozen=True, slots=True)
class Change:
    """One path of one commit; `blob` is None where the commit removed the file."""

    path: str
    blob: str | None


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of a log.

    `changes` is the difference to the first parent; for a root, every file. `time` and `committed` are the author's
    and the committer's seconds.
    """

    id: str
    parents: tuple[str, ...]
    author: Author
    time: int
    zone: str
    committed: int
    message: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Head:
    """What is checked out: the full name of the branch (None when detached) and its commit (None when unborn)."""

    reference: str | None
    commit: str | None


@dataclass(frozen=True, slots=True)
class BulkCommit:
    """One commit of a bulk import; `changes` maps paths to bytes, or to None for a deletion."""

    changes: Mapping[str, bytes | None]
    message: str
    author: Author
    time: Moment


@dataclass(frozen=True, slots=True)
class BulkResult:
    """The new tip and the ids of the imported commits, in their order."""

    tip: str
    commits: tuple[str, ...]


def commit_body(tree: str, parents: Sequence[str], message: str, people: tuple[Author, Author], time: Moment) -> bytes:
    """Return the commit object that git would write; *people* are its author and its committer."""
    author, committer = people
    lines = [b"tree %s" % tree.encode(), *(b"parent %s" % parent.encode() for parent in parents)]
    lines += [b"author " + author.signature(time), b"committer " + committer.signature(time), b""]
    text = message.encode("utf-8", "replace").replace(b"\0", b"")
    return b"\n".join([*lines, text if text.endswith(b"\n") or not text else text + b"\n"])
