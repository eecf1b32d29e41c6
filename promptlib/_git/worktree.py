"""Committing in an application's repository: through git itself, and only the given paths."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptlib._git.exchanging import Exchange
from promptlib._git.records import Author
from promptlib._git.room import MAKE_ROOM, is_missing, with_reason
from promptlib._git.trees import split
from promptlib.errors import Busy, Conflict, GitFailed, HookChangedContent, SaveRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from promptlib._git.layout import Layout
    from promptlib._git.objects import Objects
    from promptlib._git.records import Durability, Head
    from promptlib._git.references import References
    from promptlib._git.trees import Trees

from promptlib._git.runner import Git

STATES = (
    ("MERGE_HEAD", "merge"),
    ("rebase-merge", "rebase"),
    ("rebase-apply/applying", "am"),
    ("rebase-apply", "rebase"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
    ("sequencer", "cherry-pick"),
    ("BISECT_LOG", "bisect"),
    ("index.lock", "index.lock"),
)
MOST_STEPS = 64
MOST_ARGUMENTS = 400


@dataclass(frozen=True, slots=True)
class _Before:
    """How one path stood before the save: HEAD's blob, the index row, and the bytes on disk with their mode."""

    path: str
    stored: str | None
    staged: tuple[str, str] | None
    content: bytes | None
    mode: int


class WorkTree:
    """The work tree of one repository and its index."""

    def __init__(self, layout: Layout, objects: Objects, trees: Trees, references: References) -> None:
        """Work in the tree of *layout*, with git finding the repository as it does for the user."""
        self._layout = layout
        self._root = layout.work_tree or layout.git_dir
        self._git = Git.at(self._root)
        self._objects = objects
        self._trees = trees
        self._references = references

    def in_progress(self) -> str | None:
        """Return what git is in the middle of here, such as `merge` or a held `index.lock`."""
        return next((name for mark, name in STATES if (self._layout.git_dir / mark).exists()), None)

    def identity(self) -> Author | None:
        """Return who commits here, as git sees it; None where git would have to guess."""
        name, email = (self._ident(who) for who in ("AUTHOR", "COMMITTER"))
        return name if email is not None else None

    def _ident(self, who: str) -> Author | None:
        result = self._git.run("-c", "user.useConfigOnly=true", "var", f"GIT_{who}_IDENT", check=False)
        if result.code:
            return None
        name, _, rest = result.out.decode("utf-8", "replace").partition(" <")
        return Author(name, rest.partition(">")[0])

    def commit(
        self, changes: Mapping[str, bytes | None], *, message: str, author: Author | None, durability: Durability
    ) -> str:
        """Commit exactly *changes*; whatever fails, file, index and branch are as they were."""
        if not changes:
            raise ValueError("a commit needs a change")
        head = self._ready()
        for path in changes:
            self._check_folders(path)
        staged = self._staged(list(changes))
        before = [self._before(path, head.commit, staged.get(path), changes[path]) for path in changes]
        blobs = {
            path: None if content is None else self._objects.identify(b"blob", content)
            for path, content in changes.items()
        }
        exchange = Exchange(self._layout, self._root)
        try:
            try:
                self._write(changes, before, exchange)
                self._announce(before, changes, exchange)
                failed = self._run_commit(changes, message, author, durability)
            except BaseException:
                if self._commit_of(head.commit, blobs) is None:
                    self._restore(before, exchange)
                raise
            return self._settle(head.commit, blobs, before, exchange, failed)
        finally:
            exchange.end()

    def _settle(
        self,
        old: str | None,
        blobs: dict[str, str | None],
        before: list[_Before],
        exchange: Exchange,
        failed: str | None,
    ) -> str:
        """Return the commit that holds what was given, or leave all consistent and raise."""
        commit = self._commit_of(old, blobs)
        if commit is not None:
            return commit
        now = self._references.head().commit
        if failed is not None and not self._holds_new(now, old, before):
            self._restore(before, exchange)
            raise self._refusal(
                "git refused this commit, and nothing was changed",
                failed,
                self._passed_over(blobs)
                or "these are the words of git or of a hook here: do what they ask, then save again",
            )
        if now is None or now == old:
            self._restore(before, exchange)
            raise GitFailed("git reported a commit, and the branch did not move", hint="git status tells more")
        changed = [path for path, blob in blobs.items() if self._trees.blob(now, path) != blob]
        self._follow(now, changed, exchange)
        raise HookChangedContent(
            f"a hook or filter of this repository changed {', '.join(map(repr, changed))}: commit {now} holds other "
            "bytes than the given ones",
            hint=f"look at it: git show {now[:12]}; then load the prompt as it is now, or exempt it: from the hook, or "
            "in .gitattributes from filters and line ends (*.prompty -text)",
        )

    def _passed_over(self, paths: Iterable[str]) -> str:
        """Return what to do about a path that the index tells git not to look at; empty where there is none."""
        for row in self._git.run("ls-files", "-v", "-z", "--", *paths, check=False).out.split(b"\0"):
            mark, _, path = row.decode("utf-8", "surrogateescape").partition(" ")
            if mark in {"S", "s"}:
                return f"git is told to pass {path} over: git update-index --no-skip-worktree {path}"
        return ""

    def _holds_new(self, now: str | None, old: str | None, before: list[_Before]) -> bool:
        return now is not None and now != old and any(self._trees.blob(now, one.path) != one.stored for one in before)

    def _ready(self) -> Head:
        if self._layout.work_tree is None:
            raise GitFailed("a bare repository has no files to commit", hint="open the store as a bare one")
        if (busy := self.in_progress()) is not None:
            held = busy == "index.lock"
            raise Busy(
                "another git process holds index.lock" if held else f"a {busy} is in progress in this repository",
                hint=f"wait for it, or remove {self._layout.git_dir / 'index.lock'} when no git runs"
                if held
                else f"finish it, or end it: git {busy} {'reset' if busy == 'bisect' else '--abort'}",
            )
        head = self._references.head()
        if head.reference is None:
            raise Busy(
                "HEAD is detached: the next checkout would lose this commit",
                hint="go to a branch first: git switch main, or git switch -c NEW-BRANCH",
            )
        if self.identity() is None:
            raise SaveRefused(
                "git does not know who you are, so nothing was committed",
                hint='tell it: git config user.name "Your Name"\n         git config user.email you@example.com',
            )
        return head

    def _before(self, path: str, commit: str | None, staged: tuple[str, str] | None, content: bytes | None) -> _Before:
        """Return how *path* stands; refuse where a save would lose somebody's uncommitted edit."""
        stored = self._trees.blob(commit, path) if commit else None
        disk = self._disk(path)
        found = _Before(path, stored, staged, disk, self._mode(path))
        given = None if content is None else self._objects.identify(b"blob", content)
        on_disk = None if disk is None else self._objects.identify(b"blob", disk)
        # An edit that is exactly what is being saved is committed, not lost.
        if on_disk not in {stored, given}:
            raise _edited(path, "on disk", stored) if disk is not None else _left_out(path)
        # An empty blob is what `git add -N` leaves, ours or the user's.
        in_index = None if staged is None else staged[1]
        if in_index not in {stored, given} and not (
            stored is None and in_index == self._objects.identify(b"blob", b"")
        ):
            raise _edited(path, "in the index", stored)
        if stored is None and content is None:
            raise GitFailed(f"there is no {path!r} to delete", hint="it is not in the newest commit")
        return found

    def _check_folders(self, path: str) -> None:
        names = split(path)
        folder = self._root
        for name in names[:-1]:
            folder /= os.fsdecode(name)
            if folder.is_symlink():
                raise SaveRefused(f"{str(folder)!r} is a symbolic link, and git keeps no file behind one")
            if folder.exists() and not folder.is_dir():
                raise Conflict(f"{path!r} needs a folder where the file {str(folder)!r} is", hint="choose another name")
            if (folder / ".git").exists():
                raise SaveRefused(f"{str(folder)!r} is a repository of its own", hint="save into that one")

    def _staged(self, paths: list[str]) -> dict[str, tuple[str, str]]:
        """Return mode and blob of those *paths* that are in the index."""
        found: dict[str, tuple[str, str]] = {}
        for start in range(0, len(paths), MOST_ARGUMENTS):
            some = paths[start : start + MOST_ARGUMENTS]
            for row in self._git.run("ls-files", "--stage", "-z", "--", *some).out.split(b"\0")[:-1]:
                facts, _, name = row.decode("utf-8", "surrogateescape").partition("\t")
                mode, blob, stage = facts.split(" ")
                # A path also matches what lies below a folder of that name.
                if name not in some:
                    continue
                if stage != "0":
                    raise Busy(f"{name!r} is in conflict in the index", hint=f"resolve it, then: git add {name}")
                found[name] = mode, blob
        return found

    def _disk(self, path: str) -> bytes | None:
        target = self._root / path
        if target.is_symlink():
            raise SaveRefused(f"{str(target)!r} is a symbolic link", hint="a store holds plain files")
        try:
            return target.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise GitFailed(f"{str(target)!r} cannot be read: {error.strerror}", hint="nothing was changed") from error

    def _mode(self, path: str) -> int:
        try:
            return (self._root / path).stat().st_mode & 0o777
        except FileNotFoundError:
            return 0

    def _write(self, changes: Mapping[str, bytes | None], before: list[_Before], exchange: Exchange) -> None:
        for one in before:
            content = changes[one.path]
            if content != one.content:
                exchange.put(one.path, content, one.mode)

    def _announce(self, before: list[_Before], changes: Mapping[str, bytes | None], exchange: Exchange) -> None:
        """Let the index know the new files: a commit of named paths takes only what it knows."""
        new = [one.path for one in before if one.staged is None and changes[one.path] is not None]
        if not new:
            return
        named = b"\0".join(path.encode("utf-8", "surrogateescape") for path in new)
        options = ("--intent-to-add", "--pathspec-from-file=-", "--pathspec-file-nul")
        exchange.keep_index()
        result = self._git.run("add", *options, given=named, check=False)
        if result.code:
            raise self._refusal(f"git does not take {', '.join(map(repr, new))}", self._told(result.error.strip()), "")
        exchange.index_is_told()

    def _run_commit(
        self, changes: Mapping[str, bytes | None], message: str, author: Author | None, durability: Durability
    ) -> str | None:
        """Return None, or the words of git or a hook when there was no commit."""
        paths = b"\0".join(b":(top,literal)" + path.encode("utf-8", "surrogateescape") for path in changes)
        result = self._git.run(
            *self._syncing(durability),
            "commit",
            "--quiet",
            "--only",
            "--no-edit",
            # With commit.verbose git would cut a message at a line that looks like its own scissors.
            "--no-verbose",
            "--allow-empty-message",
            "--cleanup=whitespace",
            f"--message={message}",
            *self._named(author),
            "--pathspec-from-file=-",
            "--pathspec-file-nul",
            given=paths,
            check=False,
            hooks=True,
        )
        words = (result.error.strip() or result.out.decode("utf-8", "replace").strip()) or "it gave no reason"
        return self._told(words) if result.code else None

    def _syncing(self, durability: Durability) -> tuple[str, ...]:
        """Return the options that say how far a commit is synced to disk."""
        synced = {"none": "none", "batch": "committed,reference,loose-object", "each": "all"}[durability]
        method = "batch" if durability == "batch" else "fsync"
        return "-c", f"core.fsync={synced}", "-c", f"core.fsyncMethod={method}"

    def _named(self, author: Author | None) -> tuple[str, ...]:
        """Return the option that names another author than the user."""
        if author is None:
            return ()
        return (f"--author={author.signature((0, '')).decode('utf-8', 'replace').rsplit(' ', 2)[0]}",)

    def _told(self, words: str) -> str:
        """Return git's *words*, with the reason where it is a full disk: before anything here makes room again."""
        index = self._layout.git_dir / "index"
        return with_reason(words, self._layout.git_dir, 2 * index.stat().st_size if index.exists() else 0)

    def _refusal(self, what: str, words: str, hint: str) -> SaveRefused | GitFailed:
        """Return the error for *words* of git or of a hook; a full disk is not theirs to refuse."""
        if is_missing(words):
            return GitFailed(f"{what}: {words}", hint=MAKE_ROOM)
        return SaveRefused(f"{what}: {words}", hint=hint)

    def _commit_of(self, old: str | None, blobs: dict[str, str | None]) -> str | None:
        """Return the first commit after *old* on the checked-out line that holds all *blobs*, if there is one."""
        line: list[str] = []
        commit = self._references.head().commit
        while commit is not None and commit != old and len(line) < MOST_STEPS:
            line.append(commit)
            commit = self._objects.first_parent(commit)
        for made in reversed(line):
            if all(self._trees.blob(made, path) == blob for path, blob in blobs.items()):
                return made
        return None

    def _restore(self, before: list[_Before], exchange: Exchange) -> None:
        """Put file and index back as they were."""
        for one in before:
            if self._disk(one.path) != one.content:
                exchange.give_back(one.path, one.content, one.mode)
        exchange.remove_folders()
        if exchange.give_index_back():
            return
        staged = self._staged([one.path for one in before])
        self._index([(one.path, one.staged) for one in before if staged.get(one.path) != one.staged])

    def _follow(self, commit: str, paths: list[str], exchange: Exchange) -> None:
        """Make file and index of *paths* those of *commit*, so that the user's next commit does not take them back."""
        rows: list[tuple[str, tuple[str, str] | None]] = []
        for path in paths:
            found = self._trees.find(commit, path)
            rows.append((path, (found[0].decode(), found[1]) if found else None))
            content = self._objects.read(found[1]) if found else None
            if self._disk(path) != content:
                exchange.put(path, content, self._mode(path))
        self._index(rows)

    def _index(self, rows: list[tuple[str, tuple[str, str] | None]]) -> None:
        none = "0" * self._objects.id_length
        text = "".join(
            f"{entry[0]} {entry[1]} 0\t{path}\0" if entry else f"0 {none} 0\t{path}\0" for path, entry in rows
        )
        if rows:
            self._git.run("update-index", "-z", "--index-info", given=text.encode("utf-8", "surrogateescape"))


def _left_out(path: str) -> Busy:
    return Busy(
        f"{path!r} is committed and is not on disk",
        hint=f"bring it back: git checkout HEAD -- {path}; or, where a sparse checkout leaves it out: "
        f"git sparse-checkout add {path.rpartition('/')[0] or '.'}",
    )


def _edited(path: str, place: str, stored: str | None) -> Busy:
    if stored is None:
        return Busy(
            f"{path!r} is there already {place}, and not committed",
            hint=f"look at it; then commit it (git add {path} && git commit) or move it away",
        )
    return Busy(
        f"{path!r} is edited {place} and not committed",
        hint=f"look: git diff HEAD -- {path}; then commit it, or take it back: git restore --staged --worktree {path}",
    )
