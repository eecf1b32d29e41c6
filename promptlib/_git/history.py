"""The log of a repository, read from one `git log --raw`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from promptlib._git.records import Author, Change, Commit
from promptlib.errors import GitFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import BufferedReader

    from promptlib._git.runner import Git

# One field on each line, the message last: none of the others can hold a newline.
FORMAT = "tformat:commit%n%H%n%P%n%an%n%ae%n%ad%n%ct%n%B"
FIELDS = 7
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
    "--ignore-submodules=none",
    "--encoding=UTF-8",
    "--date=raw",
    f"--format={FORMAT}",
)
CHUNK = 1 << 16


def log(git: Git, tip: str, stop: Iterable[str], prefix: str, *, first_parent: bool) -> Iterator[Commit]:
    """Yield every commit that *tip* reaches and none of *stop* does, parents before children; see `Repository.log`."""
    line = ("--first-parent",) if first_parent else ()
    revisions = "\n".join([tip, *(f"^{commit}" for commit in stop), ""])
    paths = ("--", prefix) if prefix else ("--",)
    child = git.start("log", "--stdin", *OPTIONS, *line, *paths)
    try:
        child.write(revisions.encode())
        child.close_input()
        yield from _commits(_tokens(child.output))
        child.finish()
    finally:
        child.end()


def _commits(tokens: Iterator[bytes]) -> Iterator[Commit]:
    """Gather each commit with its changes; a newline stands between message and differences."""
    commit: Commit | None = None
    changes: list[Change] = []
    for raw in tokens:
        token = raw.removeprefix(b"\n")
        if token.startswith(b":"):
            changes += _change(token, next(tokens))
            continue
        if commit is not None:
            yield _whole(commit, changes)
        commit, changes = _commit(token), []
    if commit is not None:
        yield _whole(commit, changes)


def _whole(commit: Commit, changes: list[Change]) -> Commit:
    return replace(commit, changes=tuple(changes)) if changes else commit


def _tokens(output: BufferedReader) -> Iterator[bytes]:
    """Yield what stands between NULs."""
    rest = b""
    while chunk := output.read1(CHUNK):
        *whole, rest = (rest + chunk).split(b"\0")
        yield from whole
    if rest.strip(b"\n"):
        raise GitFailed("git log ended in the middle of a commit", hint="promptlib fsck tells whether all is sound")


def _change(row: bytes, path: bytes) -> tuple[Change, ...]:
    """Return the change of a row `:oldmode newmode oldid newid status`; links and submodules are no files."""
    old_mode, mode, _, blob, _ = row[1:].split(b" ", 4)
    if not mode.startswith(b"100") and not old_mode.startswith(b"100"):
        return ()
    kept = blob.decode("ascii") if mode.startswith(b"100") else None
    return (Change(path.decode("utf-8", "surrogateescape"), kept),)


def _commit(token: bytes) -> Commit:
    fields = token.decode("utf-8", "replace").split("\n", FIELDS)
    if fields[0] != "commit" or len(fields) <= FIELDS:
        raise GitFailed("git log printed what promptlib cannot read", hint="update git, or report this")
    _, commit_id, parents, name, email, date, committed, message = fields
    seconds, _, zone = date.partition(" ")
    # A date that git itself cannot read is printed empty.
    return Commit(
        commit_id,
        tuple(parents.split()),
        Author(name, email),
        int(seconds or 0),
        zone or "+0000",
        int(committed or 0),
        message,
    )
