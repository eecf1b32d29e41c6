"""The log of a repository, read from one `git log --raw`, and held against the ids of what it tells.

git reads commits and folders without hashing them: a pack index or a commit-graph with a flipped bit makes it tell of
other parents, other folders, other blobs, and end well. Therefore every commit that comes from here gives its own id
when it is put together again. What it changed is compared anew, folder by folder, where it is one of a few; of a long
history, where some pack does not fit its checksum.
"""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import chain, islice
from typing import TYPE_CHECKING

from promptlib._git.comparing import changes as compared
from promptlib._git.objects import STRUCTURE_LIMIT
from promptlib._git.records import Author, Change, Commit
from promptlib._git.seals import packs_fit
from promptlib.errors import GitFailed, StoreDamaged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import BufferedReader

    from promptlib._git.layout import Layout
    from promptlib._git.objects import Objects
    from promptlib._git.runner import Git
    from promptlib._git.trees import Trees

# One field on each line, the message last: none of the others can hold a newline.
FORMAT = "tformat:commit%n%H%n%T%n%P%n%an%n%ae%n%ad%n%cn%n%ce%n%cd%n%B"
FIELDS = 10
OPTIONS = (
    "--raw",
    "--diff-merges=first-parent",
    "-z",
    "--root",
    "--no-renames",
    "--no-abbrev",
    "--full-history",
    "--sparse",
    "--topo-order",
    "--reverse",
    "--no-show-signature",
    "--no-mailmap",
    "--no-ext-diff",
    "--no-textconv",
    "-O" + os.devnull,
    "--ignore-submodules=none",
    "--encoding=UTF-8",
    "--date=raw",
    f"--format={FORMAT}",
)
CHUNK = 1 << 16
# Past these no commit is one of a store: somebody tries whether a reader ever ends.
LONGEST_TOKEN = 16 << 20
MOST_CHANGES = 500_000
LATEST = 1 << 62  # seconds
#: So many commits are compared folder by folder whatever the packs are; more only when a pack is damaged.
FEW = 64


class Log:
    """The logs of one repository."""

    def __init__(self, layout: Layout, git: Git, objects: Objects, trees: Trees) -> None:
        """Ask *git*, and check what it says by *objects* and *trees*."""
        self._layout = layout
        self._git = git
        self._objects = objects
        self._trees = trees

    def read(self, tip: str, stop: Iterable[str], prefix: str, *, first_parent: bool) -> Iterator[Commit]:
        """Yield every commit that *tip* reaches and none of *stop* does, parents first; see `Repository.log`."""
        stop = tuple(stop)
        line = ("--first-parent",) if first_parent else ()
        # Of a ref that points to a file or folder git would print nothing, as of an empty branch.
        self._objects.read(tip, b"commit", limit=STRUCTURE_LIMIT)
        revisions = "\n".join([tip, *(f"^{commit}" for commit in stop), ""])
        # git gathers all that a commit changes before it prints any of it: folders that multiply without end are met
        # here, where they are counted.
        compared(self._trees, stop[0] if stop else None, tip, f"{prefix.rstrip('/')}/" if prefix else "")
        paths = ("--", prefix) if prefix else ("--",)
        # All commits are read whole here: a commit-graph would save nothing, and it may be damaged.
        cut = self._layout.cut_off()
        child = self._git.start("-c", "core.commitGraph=false", "log", "--stdin", *OPTIONS, *line, *paths)
        try:
            with child.talk():
                child.write(revisions.encode())
                child.close_input()
                last = ""
                for commit in self._checked(_commits(_tokens(child.output), self._objects, cut), prefix):
                    last = commit.id
                    yield commit
                child.finish()
                if last != tip and (last or not stop):
                    raise GitFailed(f"git log ended before commit {tip}", hint="try again")
        finally:
            child.end()

    def _checked(self, commits: Iterator[Commit], prefix: str) -> Iterator[Commit]:
        first = list(islice(commits, FEW))
        doubtful = len(first) < FEW or not packs_fit(self._layout)
        for commit in chain(first, commits):
            if doubtful:
                self._compare(commit, prefix)
            yield commit

    def _compare(self, commit: Commit, prefix: str) -> None:
        told = {change.path: change.blob for change in commit.changes}
        parent = commit.parents[0] if commit.parents else None
        if told != compared(self._trees, parent, commit.id, prefix):
            raise _other(commit.id, "other changes")


def _other(commit: str, what: str) -> StoreDamaged:
    return StoreDamaged(
        f"git's log tells {what} of commit {commit} than the commit itself: a file of git's is damaged",
        hint="promptlib fsck names it; promptlib fsck --repair mends what can be mended",
    )


def _commits(tokens: Iterator[bytes], objects: Objects, cut: frozenset[str]) -> Iterator[Commit]:
    """Gather each commit with its changes; a newline stands between message and differences."""
    commit: Commit | None = None
    changes: list[Change] = []
    for raw in tokens:
        token = raw.removeprefix(b"\n")
        if token.startswith(b":"):
            changes += _change(token, next(tokens))
            if len(changes) > MOST_CHANGES:
                raise _too_much(f"a commit changes more than {MOST_CHANGES:,} files")
            continue
        if commit is not None:
            yield _whole(commit, changes)
        commit, changes = _commit(token, objects, cut), []
    if commit is not None:
        yield _whole(commit, changes)


def _whole(commit: Commit, changes: list[Change]) -> Commit:
    return replace(commit, changes=tuple(changes)) if changes else commit


def _tokens(output: BufferedReader) -> Iterator[bytes]:
    """Yield what stands between NULs."""
    begun: list[bytes] = []
    size = 0
    while chunk := output.read1(CHUNK):
        first, *more = chunk.split(b"\0")
        begun.append(first)
        size += len(first)
        if size > LONGEST_TOKEN:
            raise _too_much(f"a commit's message or path is longer than {LONGEST_TOKEN:,} bytes")
        if more:
            yield b"".join(begun)
            yield from more[:-1]
            begun, size = [more[-1]], len(more[-1])
    if b"".join(begun).strip(b"\n"):
        raise GitFailed("git log ended in the middle of a commit", hint="promptlib fsck tells whether all is sound")


def _too_much(what: str) -> GitFailed:
    return GitFailed(
        f"this history cannot be read: {what}", hint="find it: git log --shortstat; no store holds such a commit"
    )


def _change(row: bytes, path: bytes) -> tuple[Change, ...]:
    """Return the change of a row `:oldmode newmode oldid newid status`; links and submodules are no files."""
    old_mode, mode, _, blob, _ = row[1:].split(b" ", 4)
    if not mode.startswith(b"100") and not old_mode.startswith(b"100"):
        return ()
    kept = blob.decode("ascii") if mode.startswith(b"100") else None
    return (Change(path.decode("utf-8", "surrogateescape"), kept),)


def _commit(token: bytes, objects: Objects, cut: frozenset[str]) -> Commit:
    raw = token.split(b"\n", FIELDS)
    if raw[0] != b"commit" or len(raw) <= FIELDS:
        raise GitFailed("git log printed what promptlib cannot read", hint="update git, or report this")
    _check_id(raw, objects, cut)
    _, commit_id, _, parents, name, email, date, _, _, committed, message = (
        field.decode("utf-8", "replace") for field in raw
    )
    seconds, _, zone = date.partition(" ")
    committed, _, _ = committed.partition(" ")
    # A date that git itself cannot read is printed empty.
    return Commit(
        commit_id,
        tuple(parents.split()),
        Author(name, email),
        _moment(seconds),
        zone or "+0000",
        _moment(committed),
        message,
    )


def _check_id(fields: list[bytes], objects: Objects, cut: frozenset[str]) -> None:
    """Put the commit together again: it must give its id, or, when signed or oddly written, be read to the byte."""
    _, commit, tree, parents, name, email, date, committer, address, committed, message = fields
    head = b"\n".join([b"tree " + tree, *(b"parent " + parent for parent in parents.split())])
    people = b"author %b <%b> %b\ncommitter %b <%b> %b" % (name, email, date, committer, address, committed)
    told = commit.decode("ascii", "replace")
    if objects.identify(b"commit", b"%b\n%b\n\n%b" % (head, people, message)) == told:
        return
    wanted = head if told in cut else head + b"\nauthor "
    if not objects.read(told, b"commit", limit=STRUCTURE_LIMIT).startswith(wanted):
        raise _other(told, "another folder or other parents")


def _moment(seconds: str) -> int:
    """Return *seconds* as far as a number of 64 bits goes: a date is whatever its maker wrote."""
    return max(-LATEST, min(LATEST, int(seconds[:32] or 0)))
