"""Merging in an application's repository: through git itself, whole or not at all.

What the merge will hold is worked out among git's objects first; the work tree is touched for the commit alone. Until
that is there a note tells both sides and the tree between them, so that what a killed merge left is taken back by the
next one.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptlib._git.room import not_written
from promptlib._git.worktree import WorkTree
from promptlib.errors import Busy, GitFailed, HookChangedContent, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from promptlib._git.layout import Layout
    from promptlib._git.merging import Merging
    from promptlib._git.objects import Objects
    from promptlib._git.records import Author, Durability
    from promptlib._git.references import References
    from promptlib._git.trees import Trees

NOTE = "promptlib-merging"
KEPT = "refs/promptlib/pending/before-merge"
MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class _Begun:
    """A merge that may have touched the work tree: what it began from, what comes in, and the tree it lays out."""

    ours: str | None
    theirs: str
    tree: str


class WorkTreeMerging(WorkTree):
    """Merges into the checked-out branch. Hold the writers' lock."""

    def __init__(
        self, layout: Layout, objects: Objects, trees: Trees, references: References, merging: Merging
    ) -> None:
        """Work in the tree of *layout*; *merging* compares commits."""
        super().__init__(layout, objects, trees, references)
        self._merging = merging
        self._note = layout.git_dir / NOTE

    def ready(self) -> str | None:
        """Return the commit that is checked out; raises `Busy` and `SaveRefused` where no merge may begin.

        What a killed merge of ours left is taken back first.
        """
        self.recover()
        head = self._ready()
        changed = self._changed()
        if changed:
            more = f" and {len(changed) - MOST_SHOWN} more" if len(changed) > MOST_SHOWN else ""
            raise Busy(
                f"there are changes that are not committed: {', '.join(changed[:MOST_SHOWN])}{more}",
                hint="commit them, or put them aside and take them back afterwards: git stash, git stash pop",
            )
        return head.commit

    def merged(self, ours: str, theirs: str, *, unrelated: bool) -> tuple[str, dict[str, str]]:
        """Return the tree that git makes of both, and what it says of each path that does not merge."""
        options = ("--allow-unrelated-histories",) if unrelated else ()
        asked = ("merge-tree", "--write-tree", "-z", "--messages", *options, ours, theirs)
        result = self._git.run(*asked, check=False)
        if result.code > 1:
            raise GitFailed(f"git merge-tree failed: {result.error.strip()}", hint="nothing was changed")
        tree, _, rest = result.out.decode("utf-8", "surrogateescape").partition("\0")
        told: dict[str, str] = {}
        rows = rest.split("\0")
        at = rows.index("") if "" in rows else len(rows)
        for row in rows[:at]:
            told[row.partition("\t")[2]] = "changed on both sides"
        at += 1
        while at < len(rows) and rows[at].isdigit():
            paths = int(rows[at])
            kind, words = rows[at + paths + 1 : at + paths + 3]
            if kind.startswith("CONFLICT"):
                told |= dict.fromkeys(rows[at + 1 : at + paths + 1], words.strip())
            at += paths + 3
        return tree.strip(), told

    def commit_merge(  # noqa: PLR0913 - the two sides, what the commit holds, and who says what
        self,
        ours: str,
        theirs: str,
        tree: str,
        *,
        paths: Mapping[str, str | None],
        message: str,
        author: Author | None,
        durability: Durability,
    ) -> str:
        """Commit *tree* on top of *ours* and *theirs* with the user's hooks, identity and signing; return the commit.

        *paths* are the blobs that the commit must hold after the hooks had their say. Whatever fails, branch, index
        and files are as they were.
        """
        with self._whole(self._begin(ours, theirs, tree)) as begun:
            # This writes no file: it only says which commit comes in.
            options = ("--no-commit", "--no-ff", "--no-autostash", "--allow-unrelated-histories", "--quiet")
            self._step("merge", "--strategy=ours", *options, theirs)
            self._step("read-tree", "-m", "-u", "HEAD", tree)
            failed = self._run_merge_commit(message, author, durability)
            if failed is not None:
                raise self._refusal(
                    "git refused the commit of this merge, and nothing was changed",
                    failed,
                    "these are the words of git or of a hook here: do what they ask, then merge again",
                )
            made = self._made(begun)
            changed = [path for path, blob in paths.items() if self._trees.blob(made, path) != blob]
            if changed:
                raise HookChangedContent(
                    f"a hook of this repository changed {', '.join(map(repr, changed[:MOST_SHOWN]))} while the merge "
                    "was committed, and nothing was changed",
                    hint="exempt the prompts from that hook, then merge again",
                )
            return made

    def forward(self, ours: str | None, theirs: str) -> None:
        """Let branch, index and files be those of *theirs*, which holds *ours*; whole or not at all."""
        with self._whole(self._begin(ours, theirs, self._merging.root(theirs))):
            result = self._git.run("merge", "--ff-only", "--no-autostash", "--quiet", theirs, check=False, hooks=True)
            if result.code and self._references.head().commit != theirs:
                raise self._refusal(
                    "git did not bring the files forward, and nothing was changed", self._told(result.error.strip()), ""
                )

    @contextmanager
    def _whole(self, begun: _Begun) -> Iterator[_Begun]:
        """Take back what was done inside if it did not come to its end."""
        try:
            yield begun
        except BaseException as error:
            self._abandon(begun, error)
            raise
        self._note.unlink(missing_ok=True)

    def with_parents(self, commit: str, parents: Iterable[str], reference: str) -> str:
        """Make *commit* again on top of *parents*, signed where it was, and let *reference* be it; return it."""
        raw = self._objects.read(commit, b"commit")
        head, _, message = raw.partition(b"\n\n")
        rows = head.split(b"\n")
        if any(row.startswith(b"gpgsig") for row in rows):
            named = [part for parent in parents for part in ("-p", parent)]
            result = self._git.run(
                *self._author(rows),
                "commit-tree",
                "-S",
                *named,
                "-F",
                "-",
                self._merging.root(commit),
                given=message,
                hooks=True,
            )
            made = result.out.decode("ascii", "replace").strip()
        else:
            kept = [row for row in rows[1:] if not row.startswith(b"parent ")]
            body = b"\n".join([rows[0], *(b"parent " + parent.encode() for parent in parents), *kept, b"", message])
            made = self._objects.identify(b"commit", body)
            self._objects.write_all([(made, b"commit", body)], "batch")
        if not self._references.swap(reference, commit, made, reflog="promptlib sync", durability="batch"):
            raise Busy(f"{reference} moved while it was merged", hint="nothing is lost: sync again")
        return made

    def wrap(self, ours: str, parents: Iterable[str], message: str) -> str:
        """Write a commit of the tree of *ours* on *parents*, signed if the user signs; no branch holds it yet."""
        signed = self._git.run("config", "--type=bool", "commit.gpgsign", check=False).out.strip() == b"true"
        named = [part for parent in parents for part in ("-p", parent)]
        command = ("commit-tree", *(("-S",) if signed else ()), *named, "-F", "-", self._merging.root(ours))
        result = self._git.run(*command, given=message.encode("utf-8", "replace"), hooks=True)
        return result.out.decode("ascii", "replace").strip()

    def undo(self, commit: str, old: str) -> None:
        """Let branch, index and files be those of *old* again, if they are those of *commit*."""
        if self._references.head().commit != commit:
            raise Busy("somebody has committed on top of the merge by now", hint="sync again: it is sent along")
        self._git.run("reset", "--quiet", "--keep", old)

    def _author(self, rows: list[bytes]) -> tuple[str, ...]:
        row = next(row for row in rows if row.startswith(b"author ")).decode("utf-8", "replace")
        name, _, rest = row.removeprefix("author ").partition(" <")
        return "-c", f"author.name={name}", "-c", f"author.email={rest.partition('>')[0]}"

    def _begin(self, ours: str | None, theirs: str, tree: str) -> _Begun:
        begun = _Begun(ours, theirs, tree)
        added = (path for path in self._paths(begun) if ours is None or self._trees.find(ours, path) is None)
        in_the_way = [path for path in added if os.path.lexists(self._root / path)]
        if in_the_way:
            raise Busy(
                f"{', '.join(map(repr, in_the_way[:MOST_SHOWN]))} would come in, and lies here uncommitted",
                hint="move it away, or commit it, then merge again",
            )
        try:
            self._note.write_text(json.dumps([begun.ours, begun.theirs, begun.tree]))
        except OSError as error:
            raise not_written(self._note, error) from error
        return begun

    def _step(self, *arguments: str) -> None:
        result = self._git.run(*arguments, check=False)
        if result.code:
            raise self._refusal(
                f"git {arguments[0]} refused this merge, and nothing was changed", self._told(result.error.strip()), ""
            )

    def _run_merge_commit(self, message: str, author: Author | None, durability: Durability) -> str | None:
        """Return None, or the words of git or a hook when there was no commit."""
        result = self._git.run(
            *self._syncing(durability),
            "commit",
            "--quiet",
            "--no-edit",
            "--no-verbose",
            "--allow-empty-message",
            "--cleanup=whitespace",
            f"--message={message}",
            *self._named(author),
            check=False,
            hooks=True,
        )
        words = (result.error.strip() or result.out.decode("utf-8", "replace").strip()) or "it gave no reason"
        return self._told(words) if result.code else None

    def _made(self, begun: _Begun) -> str:
        """Return the commit that merged; a hook may have made others on top of it."""
        commit = self._references.head().commit
        while commit is not None and commit != begun.ours:
            if self._objects.parents(commit) == (begun.ours, begun.theirs):
                return commit
            commit = self._objects.first_parent(commit)
        raise GitFailed("git reported a merge, and the branch did not move", hint="git status tells more")

    # What was begun and did not come to an end

    def _abandon(self, begun: _Begun, error: BaseException) -> None:
        """Take *begun* back; where that cannot be done now, *error* says so, and the next merge does it."""
        try:
            self._take_back(begun, live=True)
        except (StoreError, OSError) as failure:
            if isinstance(error, StoreError):
                error.hint = "\n".join(filter(None, [error.hint, f"it could not be taken back yet: {failure}"]))

    @property
    def unfinished(self) -> bool:
        """Whether a merge of ours has begun here and did not say that it ended."""
        return self._note.exists()

    def recover(self) -> None:
        """Take back what a killed merge left: whoever wrote the note held the lock that we hold now."""
        try:
            words = self._note.read_text()
        except FileNotFoundError:
            return
        except OSError as error:
            raise GitFailed(f"{str(self._note)!r} cannot be read: {error.strerror}", hint="try again") from error
        try:
            ours, theirs, tree = json.loads(words)
        except (ValueError, TypeError):
            self._note.unlink(missing_ok=True)  # it was being written: nothing had been touched
            return
        begun = _Begun(ours, theirs, tree)
        coming = self._coming()
        head = self._references.head().commit
        gone_on = coming not in {None, theirs} or (head != ours and not (coming and self._is_merge(head, begun)))
        # But for one that only went forward, no file was touched before git knew what comes in.
        if gone_on or (coming is None and tree != self._merging.root(theirs)):
            self._note.unlink(missing_ok=True)  # somebody has gone on since
        elif not (self._layout.git_dir / "index.lock").exists():
            self._take_back(begun, live=False)

    def _coming(self) -> str | None:
        """Return the commit that a merge in progress brings."""
        found = self._git.run("rev-parse", "--verify", "--quiet", "MERGE_HEAD", check=False)
        return found.out.decode("ascii", "replace").strip() or None

    def _take_back(self, begun: _Begun, *, live: bool) -> None:
        """Let branch, index and files be as they were before *begun*.

        While it is *live* the files were clean a moment ago: what a hook made of them since is kept at a ref. Later
        a file that is not as the merge laid it is somebody's edit, and stays.
        """
        head = self._references.head().commit
        if head != begun.ours and head is not None:
            if live and self._is_merge(head, begun):
                self._git.run("reset", "--quiet", "--keep", begun.ours or "")
        else:
            self._lay_back(begun, live=live)
        if self._coming() == begun.theirs:
            self._git.run("merge", "--quit")
        self._note.unlink(missing_ok=True)

    def _is_merge(self, commit: str | None, begun: _Begun) -> bool:
        return commit is not None and self._objects.parents(commit) == (begun.ours, begun.theirs)

    def _lay_back(self, begun: _Begun, *, live: bool) -> None:
        paths = self._paths(begun)
        before = self._merging.root(begun.ours) if begun.ours else None
        new, old = ({path: self._merging.entry(tree, path) for path in paths} for tree in (begun.tree, before))
        staged = self._staged(paths)
        disk = self._hashes(paths)
        laid = [path for path in paths if disk.get(path) == _id(new[path])]
        other = [path for path in paths if disk.get(path) not in {_id(new[path]), _id(old[path])}]
        if live and other:
            self._keep_edits()
            laid += other
        rows = [(path, _row(old[path])) for path in paths]
        self._index([row for row in rows if staged.get(row[0]) == _row(new[row[0]])])
        # A file that goes first makes room for the folder that was there.
        for path in laid:
            if old[path] is None:
                (self._root / path).unlink(missing_ok=True)
                self._remove_empty((self._root / path).parent)
        back = "\0".join(path for path in laid if old[path] is not None)
        if back:
            given = back.encode("utf-8", "surrogateescape")
            self._git.run("checkout-index", "--force", "--index", "-z", "--stdin", given=given)

    def _keep_edits(self) -> None:
        """Keep files that are neither as they were nor as the merge makes them: a hook or a person was at work."""
        kept = self._git.run("stash", "create", check=False).out.decode("ascii", "replace").strip()
        if kept:
            self._references.set(KEPT, kept)

    def _paths(self, begun: _Begun) -> list[str]:
        """Return the paths at which *begun* is not as the commit before it."""
        old = begun.ours or self._objects.identify(b"tree", b"")
        out = self._git.run("diff-tree", "-r", "-z", "--name-only", "--no-renames", old, begun.tree).out
        return out.decode("utf-8", "surrogateescape").split("\0")[:-1]

    def _hashes(self, paths: list[str]) -> dict[str, str]:
        """Return the blob that each of *paths* on disk would be, as git's filters make it."""
        found: dict[str, str] = {}
        for path in paths:
            target = self._root / path
            if target.is_symlink():
                content = os.fsencode(os.readlink(target))  # noqa: PTH115 - bytes, as git keeps them
                found[path] = self._objects.identify(b"blob", content)
            elif target.is_file():
                result = self._git.run("hash-object", f"--path={path}", "--stdin", given=target.read_bytes())
                found[path] = result.out.decode("ascii").strip()
        return found

    def _remove_empty(self, folder: Path) -> None:
        with suppress(OSError):
            while folder != self._root:
                folder.rmdir()
                folder = folder.parent

    def _changed(self) -> list[str]:
        """Return the tracked paths that are not as the commit has them, in the index or on disk."""
        asked = ("status", "--porcelain", "-z", "--untracked-files=no", "--no-renames", "--ignore-submodules=dirty")
        rows = self._git.run(*asked).out.decode("utf-8", "surrogateescape").split("\0")
        return [row[3:] for row in rows if row]


def _id(entry: tuple[bytes, str] | None) -> str | None:
    return entry[1] if entry else None


def _row(entry: tuple[bytes, str] | None) -> tuple[str, str] | None:
    """Return mode and blob as the index tells them."""
    return (entry[0].decode(), entry[1]) if entry else None
