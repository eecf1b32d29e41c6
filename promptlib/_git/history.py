"""The log of a repository, read from one `git log --raw`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib._git.records import Author, Change, Commit
from promptlib.errors import GitFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import BufferedReader

    from promptlib._git.runner import Git
    from promptlib._git.trees import Trees

# One field on each line, the message last: none of the others can hold a newline.
FORMAT = "tformat:commit%n%H%n%P%n%an%n%ae%n%ad%n%ct%n%B"
FIELDS = 7
OPTIONS = (
    "--raw",
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


class History:
    """The commits behind a tip, parents before children."""

    def __init__(self, git: Git, trees: Trees) -> None:
        """Read with *git*; *trees* tells which parent a merge does not differ from."""
        self._git = git
        self._trees = trees

    def log(self, tip: str, stop: Iterable[str], prefix: str, *, first_parent: bool) -> Iterator[Commit]:
        """Yield every commit that *tip* reaches and none of *stop* does; changes only below *prefix*."""
        merges = ("--first-parent", "--diff-merges=first-parent") if first_parent else ("--diff-merges=separate",)
        revisions = "\n".join([tip, *(f"^{commit}" for commit in stop), ""])
        paths = ("--", prefix) if prefix else ("--",)
        child = self._git.start("log", "--stdin", *OPTIONS, *merges, *paths)
        try:
            child.write(revisions.encode())
            child.close_input()
            yield from self._commits(_tokens(child.output), None if first_parent else prefix)
            child.finish()
        finally:
            child.end()

    def _commits(self, tokens: Iterator[bytes], prefix: str | None) -> Iterator[Commit]:
        """Gather each commit; a newline stands between message and differences, and a merge is printed repeatedly."""
        commit: Commit | None = None
        differences: list[tuple[Change, ...]] = []
        changes: list[Change] = []
        for raw in tokens:
            token = raw.removeprefix(b"\n")
            if token.startswith(b":"):
                changes += _change(token, next(tokens))
                continue
            if changes:
                differences.append(tuple(changes))
                changes = []
            found = _commit(token)
            if commit is not None and found.id != commit.id:
                yield self._whole(commit, differences, prefix)
                differences = []
            commit = found
        if commit is not None:
            yield self._whole(commit, differences + ([tuple(changes)] if changes else []), prefix)

    def _whole(self, commit: Commit, differences: list[tuple[Change, ...]], prefix: str | None) -> Commit:
        """Give each parent of a merge its difference: git prints those that are not empty, and does not say whose."""
        if not differences:
            return commit
        if len(commit.parents) > 1 and prefix is not None:
            differences = self._by_parent(commit, differences, prefix)
        return Commit(
            commit.id,
            commit.parents,
            commit.author,
            commit.time,
            commit.zone,
            commit.committed,
            commit.message,
            differences[0],
            tuple(differences[1:]),
        )

    def _by_parent(
        self, commit: Commit, differences: list[tuple[Change, ...]], prefix: str
    ) -> list[tuple[Change, ...]]:
        if len(differences) == len(commit.parents):
            return differences
        here = self._trees.find(commit.id, prefix)
        left = iter(differences)
        return [() if self._trees.find(parent, prefix) == here else next(left, ()) for parent in commit.parents]


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
