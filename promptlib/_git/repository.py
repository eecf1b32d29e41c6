"""A git repository, as the rest of promptlib sees it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

from promptlib._git import layout as layouts
from promptlib._git.objects import BLOB_LIMIT, Objects
from promptlib._git.records import commit_body
from promptlib._git.references import References
from promptlib._git.runner import Git, failure
from promptlib._git.trees import Trees
from promptlib.errors import BadRef

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from promptlib._git.locks import Held
    from promptlib._git.maintenance import Maintenance
    from promptlib._git.mending import Mender
    from promptlib._git.merging import Merging
    from promptlib._git.records import Author, BulkCommit, BulkResult, Commit, Durability, Head, Moment
    from promptlib._git.remotes.remotes import PushOutcome, Remotes
    from promptlib._git.verifying import Verifier
    from promptlib._git.worktree import WorkTree
    from promptlib._git.worktree_merging import WorkTreeMerging

#: No file system has longer names.
LONGEST_NAME = 240


class Repository:
    """One repository: reads of any thread, and writes that nobody's work is lost to.

    Reading refs and loose objects starts no process. Close it when done; what it started ends with it.
    """

    def __init__(self, layout: layouts.Layout) -> None:
        """Work on the repository of *layout*; `open`, `discover` and `init` are the ways here."""
        self.layout = layout
        self.git_dir = layout.git_dir
        self.common_dir = layout.common_dir
        self.work_tree = layout.work_tree
        self.bare = layout.bare
        #: What tells this repository from others of this process.
        self.place = str(layout.common_dir)
        self.object_format = layout.object_format
        self.reference_format = layout.reference_format
        self._git = Git.of(layout)
        self._objects = Objects(layout, self._git)
        self._trees = Trees(self._objects)
        self._references = References(layout, self._git, self._objects)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Open the bare repository, or the work tree, whose root is exactly *path*; `NotAStore` otherwise."""
        return cls(layouts.find(Path(path)))

    @classmethod
    def discover(cls, path: str | os.PathLike[str]) -> Self | None:
        """Open the repository around *path*, or return None."""
        layout = layouts.search(Path(path))
        return None if layout is None else cls(layout)

    @classmethod
    def init(
        cls,
        path: str | os.PathLike[str],
        *,
        bare: bool,
        branch: str = "main",
        object_format: layouts.ObjectFormat = "sha1",
    ) -> Self:
        """Make a repository at *path*, or open the one that is there."""
        from promptlib._git.room import telling  # noqa: PLC0415 - a load makes nothing

        target = Path(path).absolute()
        with telling(target):
            target.mkdir(parents=True, exist_ok=True)
        kind = ("--bare", "--template=") if bare else ()
        formats = (f"--initial-branch={branch}", f"--object-format={object_format}")
        Git.at(target).run("init", "--quiet", *kind, *formats)
        return cls.open(target)

    def configure(self, key: str, value: str) -> None:
        """Write *key* into the repository's own configuration; those who open it from now on find it there."""
        layouts.check_writable(self.layout)
        self._git.run("config", "--local", "--end-of-options", key, value)

    def __enter__(self) -> Self:
        """Return itself, to be closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """End the git processes of this repository, whichever thread started them."""
        self._git.close()

    @property
    def shallow(self) -> bool:
        """Tell whether the history was cut off when this was cloned: numbers of versions are then unknown."""
        return self.layout.shallow

    @property
    def partial(self) -> bool:
        """Tell whether this is a clone that has left objects at its remote."""
        return self.layout.partial

    def absent(self, blobs: Iterable[str]) -> frozenset[str]:
        """Return those of *blobs* that a partial clone has left at its remote: one process for all; none elsewhere."""
        return self.remotes().absent(blobs) if self.partial else frozenset()

    # Reading

    def head(self) -> Head:
        """Return what is checked out: the branch (None when detached) and its commit (None when unborn)."""
        return self._references.head()

    def tip(self, reference: str) -> str | None:
        """Return the commit of a full ref name, None only when there certainly is no such ref."""
        return self._references.tip(reference)

    def reference(self, name: str) -> str | None:
        """Return the commit of the tag or branch *name*, as people write one; None where there is none."""
        if len(name.encode("utf-8", "replace")) > LONGEST_NAME or not name.isprintable():
            return None
        for reference in (name, f"refs/tags/{name}", f"refs/heads/{name}", f"refs/remotes/{name}"):
            try:
                found = self.tip(reference)
            except BadRef:
                continue  # no name that a ref can have, or not in full
            if found is not None:
                return (
                    self._git.run("rev-parse", "--verify", "--end-of-options", f"{found}^{{commit}}")
                    .out.decode()
                    .strip()
                )
        return None

    def revision(self, text: str) -> str | None:
        """Return the commit that *text* names in git's own words, such as `HEAD~1` or `origin/main`; None for none."""
        if not text or not text.isprintable():
            return None
        asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{text}^{{commit}}")
        return self._git.run(*asked, check=False).out.decode().strip() or None

    def changes(self, before: str, after: str, prefix: str = "") -> dict[str, str | None]:
        """Return path and new blob (None: gone) of every file below the folder *prefix* that differs in two commits."""
        from promptlib._git.comparing import changes  # noqa: PLC0415 - a load compares nothing

        for commit in (before, after):
            self._objects.check_id(commit)
        return changes(self._trees, before, after, prefix)

    def earlier(self, reference: str) -> tuple[str, ...]:
        """Return the commits that *reference* was at, newest first, as far as its reflog tells; each once."""
        from promptlib._git.reflog import positions  # noqa: PLC0415 - a load asks where refs are, not where they were

        return positions(self.layout, self._git, reference)

    def identify(self, kind: bytes, body: bytes) -> str:
        """Return the id that git gives to *body*."""
        return self._objects.identify(kind, body)

    def read(self, blob: str, *, limit: int = BLOB_LIMIT) -> bytes:
        """Return a blob, checked against its id; one of more than *limit* bytes is refused before it is read."""
        return self._objects.read(blob, limit=limit)

    def read_many(self, blobs: Iterable[str], *, limit: int = BLOB_LIMIT) -> Iterator[tuple[str, bytes]]:
        """Yield id and content of each blob in the order given, thousands at the price of one process."""
        return self._objects.read_many(blobs, limit=limit)

    def blob_at(self, commit: str, path: str) -> str | None:
        """Return the blob of the file at *path* in *commit*, or None; links and submodules are refused."""
        return self._trees.blob(commit, path)

    def files(self, commit: str, prefix: str = "") -> Iterator[tuple[str, str]]:
        """Yield path and blob of every regular file below the folder *prefix* in *commit*."""
        return self._trees.files(commit, prefix)

    def folders(self, commit: str, path: str) -> tuple[str, ...]:
        """Return the names of the folders in the folder *path* of *commit*."""
        return self._trees.folders(commit, path)

    def line(self, old: str, new: str, most: int) -> list[str] | None:
        """Return the commits after *old* up to *new*, newest first; None when they are no line of at most *most*."""
        found: list[str] = []
        while new != old:
            parents = self._objects.parents(new)
            if len(parents) != 1 or len(found) == most:
                return None
            found.append(new)
            new = parents[0]
        return found

    def same(self, one: str, other: str, paths: Iterable[str]) -> bool:
        """Tell whether each of *paths* is the same in two commits."""
        folders: dict[str, list[str]] = {}
        for path in paths:
            folders.setdefault(path.rpartition("/")[0], []).append(path)
        find = self._trees.find
        return all(
            find(one, folder) == find(other, folder) or all(find(one, path) == find(other, path) for path in inside)
            for folder, inside in folders.items()
        )

    def parents(self, commit: str) -> tuple[str, ...]:
        """Return the parents of *commit*, those too that a shallow clone has cut off."""
        return self._objects.parents(commit)

    def cut_off(self) -> frozenset[str]:
        """Return the commits whose parents a shallow clone has cut off."""
        return self.layout.cut_off()

    def blame(self, commit: str, path: str, descent: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
        """Return for each line of *path* in *commit* the commit that brought it, and its path there.

        *descent* gives the parents of every commit that counts: others are not looked at. This is `git blame`, in one
        process, whatever the user has configured for it.
        """
        from promptlib._git.blaming import blame  # noqa: PLC0415 - a load asks nobody who wrote what

        self._objects.check_id(commit)
        return blame(self._git, commit, path, descent)

    def log(
        self, tip: str, *, stop: Iterable[str] = (), prefix: str = "", first_parent: bool = False
    ) -> Iterator[Commit]:
        """Yield the commits that *tip* reaches and *stop* does not, parents first, from one git process.

        Every commit comes, also those that change nothing below the folder *prefix*: the graph needs them.
        """
        from promptlib._git.history import Log  # noqa: PLC0415 - a load reads no history

        for commit in (tip, *(stop := tuple(stop))):
            self._objects.check_id(commit)
        log = Log(self.layout, self._git, self._objects, self._trees)
        return log.read(tip, stop, prefix, first_parent=first_parent)

    def is_ancestor(self, commit: str, tip: str) -> bool:
        """Tell whether *commit* is *tip* or lies behind it."""
        self._objects.check_id(commit)
        self._objects.check_id(tip)
        return self._references.reaches(tip, commit)

    # Writing objects and refs

    def commit(  # noqa: PLR0913 - what git puts into a commit, all by keyword
        self,
        changes: Mapping[str, bytes | None],
        *,
        parents: Sequence[str],
        message: str,
        author: Author,
        time: Moment,
        committer: Author | None = None,
        durability: Durability = "batch",
    ) -> tuple[str, dict[str, str]]:
        """Write a commit that changes these paths of its first parent (None deletes); return its id and the blobs.

        Only objects are written: `swap` then moves the ref, and with it everything becomes lasting at once.
        """
        layouts.check_writable(self.layout)
        objects = [
            (self._objects.identify(b"blob", body), b"blob", body) for body in changes.values() if body is not None
        ]
        names = iter(objects)
        blobs = {path: None if body is None else next(names)[0] for path, body in changes.items()}
        root, folders = self._trees.edited(parents[0] if parents else None, blobs)
        body = commit_body(root, parents, message, (author, committer or author), time)
        commit = self._objects.identify(b"commit", body)
        self._objects.write_all([*objects, *folders, (commit, b"commit", body)], durability)
        self._trees.remember_root(commit, root)
        return commit, {path: blob for path, blob in blobs.items() if blob is not None}

    def write_blobs(self, contents: Iterable[bytes | None], durability: Durability) -> None:
        """Write *contents* that a commit will hold: whoever makes it then has less to do behind the lock."""
        layouts.check_writable(self.layout)
        found = [(self._objects.identify(b"blob", body), b"blob", body) for body in contents if body is not None]
        self._objects.write_all(found, durability)

    def swap(
        self, reference: str, old: str | None, new: str, *, reflog: str = "promptlib", durability: Durability = "batch"
    ) -> bool:
        """Move *reference* from *old* (None: not there yet) to *new*; False when somebody else moved it first.

        True means that the ref was read back. *reflog* is written where the repository keeps a reflog of this ref.
        """
        return self._references.swap(reference, old, new, reflog=reflog, durability=durability)

    def lock(self, *, timeout: float = 10, reference: str | None = None) -> AbstractContextManager[Held]:
        """Hold the writers' lock of this repository; `Busy` after *timeout* seconds.

        What a killed git left locked on *reference* is removed, and told in the result's `taken_over`.
        """
        from promptlib._git.locks import held  # noqa: PLC0415 - a load takes no lock

        layouts.check_writable(self.layout)
        return held(self.layout, self._references, reference, timeout)

    def keep(self, commit: str, name: str) -> str:
        """Hold *commit* at `refs/promptlib/pending/<name>`, so that gc spares it; return that ref."""
        reference = f"refs/promptlib/pending/{name}"
        self._references.set(reference, commit)
        return reference

    def bulk(self, reference: str, old: str | None, commits: Iterable[BulkCommit]) -> BulkResult:
        """Put many commits on top of *old* with one `git fast-import`, then move *reference*; all or nothing."""
        from promptlib._git.bulk import Bulk  # noqa: PLC0415 - only an import needs it
        from promptlib._git.room import telling  # noqa: PLC0415 - only a writer needs it

        layouts.check_writable(self.layout)
        with telling(self.common_dir):
            return Bulk(self.layout, self._git, self._references).run(reference, old, commits)

    # The user's own repository

    def in_progress(self) -> str | None:
        """Return what git is in the middle of: merge, rebase, am, cherry-pick, revert, bisect, or index.lock."""
        return self._tree().in_progress()

    def identity(self) -> Author | None:
        """Return the user as git sees them, environment and configuration; None where git would guess."""
        return self._tree().identity()

    def commit_paths(
        self,
        changes: Mapping[str, bytes | None],
        *,
        message: str,
        author: Author | None = None,
        durability: Durability = "batch",
    ) -> str:
        """Commit exactly these paths in the work tree through git itself: hooks, identity and signing are the user's.

        Other work, staged or not, stays as it is. `Busy`, `SaveRefused` and `HookChangedContent` say why not; but for
        the last, file, index and branch are then as they were.
        """
        from promptlib._git.room import telling  # noqa: PLC0415 - only a writer needs it

        layouts.check_writable(self.layout)
        with telling(self.work_tree or self.git_dir):
            return self._tree().commit(changes, message=message, author=author, durability=durability)

    def worktree_merging(self) -> WorkTreeMerging:
        """Return what merges in the work tree through git itself; hold `lock` while it works."""
        from promptlib._git.worktree_merging import WorkTreeMerging  # noqa: PLC0415 - a load merges nothing

        layouts.check_writable(self.layout)
        return WorkTreeMerging(self.layout, self._objects, self._trees, self._references, self.merging())

    def _tree(self) -> WorkTree:
        from promptlib._git.worktree import WorkTree  # noqa: PLC0415 - a bare store has none

        return WorkTree(self.layout, self._objects, self._trees, self._references)

    # Other repositories

    def remotes(self) -> Remotes:
        """Return what is configured of other repositories, and what fetches from them and pushes to them."""
        from promptlib._git.remotes.remotes import Remotes  # noqa: PLC0415 - a load talks to nobody

        return Remotes(self.layout, self._git, self._objects, self._references)

    def fetch(self, remote: str, *branches: str, allow: Collection[str] = (), patience: float = 60) -> dict[str, str]:
        """Bring *branches* of *remote* here, all when none is named; return the commits of those that it has.

        `refs/remotes/<remote>/<branch>` name them then, and nothing else moves. *allow* names transports beside https
        and ssh: `file`, `http`, `git`. Raises `NotFound` for an unknown remote, `RemoteUnreachable` after *patience*
        seconds without a sign of life and for a connection that is cut, `NotAuthorised`; nothing half-fetched stays.
        """
        layouts.check_writable(self.layout)
        return self.remotes().fetch(remote, *branches, allow=allow, patience=patience)

    def push(
        self,
        remote: str,
        commit: str,
        reference: str,
        *,
        expect: str | None,
        allow: Collection[str] = (),
        patience: float = 60,
    ) -> PushOutcome:
        """Move *reference* of *remote* from *expect* (None: not there yet) to *commit*; never by force.

        `pushed`, `current` when it stands there already, `moved` when somebody else has moved it: fetch, merge, push
        again. Raises `RemoteRefused` with the server's own words, and what `fetch` does.
        """
        return self.remotes().push(remote, commit, reference, expect=expect, allow=allow, patience=patience)

    def follow(self, remote: str, branch: str, *, allow: Collection[str] = (), patience: float = 60) -> str:
        """Let this bare repository, which nobody commits to, be what *branch* of *remote* is now; return its commit.

        An empty *branch* is the one that HEAD names here, or there when nothing was fetched yet. Raises `NotFound` for
        a branch that is not there, and what `fetch` does.
        """
        layouts.check_writable(self.layout)
        return self.remotes().follow(remote, branch, allow=allow, patience=patience)

    def bring(self, blobs: Iterable[str], *, allow: Collection[str] = (), patience: float = 60) -> int:
        """Bring those of *blobs* here that this partial clone has left at its remote, in one talk; return how many."""
        gone = self.absent(blobs)
        if gone:
            layouts.check_writable(self.layout)
            remotes = self.remotes()
            remotes.bring(remotes.promisor(), gone, allow=allow, patience=patience)
        return len(gone)

    def merge_bases(self, one: str, other: str) -> tuple[str, ...]:
        """Return the best common ancestors of two commits: none for histories that never met, several for crossed."""
        self._objects.check_id(one)
        self._objects.check_id(other)
        told = self._git.run("-c", "core.commitGraph=false", "merge-base", "--all", one, other, check=False)
        if told.code > 1:
            raise failure("merge-base", told.error)
        return tuple(told.out.decode().split())

    def verifier(self) -> Verifier:
        """Return what finds damage of any kind, and never fails."""
        from promptlib._git.verifying import Verifier  # noqa: PLC0415 - a load verifies only what it reads

        return Verifier(self.layout, self._git, self._objects, self._references)

    def mender(self) -> Mender:
        """Return what mends without deleting; hold `lock` while it works."""
        from promptlib._git.mending import Mender  # noqa: PLC0415 - a load mends nothing

        return Mender(self.layout, self._git, self._objects, self._trees, self._references)

    def merging(self) -> Merging:
        """Return what sets two histories beside each other."""
        from promptlib._git.merging import Merging  # noqa: PLC0415 - a load merges nothing

        return Merging(self._git, self._objects, self._trees)

    def maintenance(self) -> Maintenance:
        """Return what keeps the repository small and quick, beside readers and writers."""
        from promptlib._git.maintenance import Maintenance  # noqa: PLC0415 - rare

        return Maintenance(self.layout, self._git, self._references)

    def fsck(self) -> list[str]:
        """Return what `git fsck --strict` finds damaged, one line each."""
        result = self._git.run("fsck", "--strict", "--no-dangling", "--no-progress", check=False)
        rows = (result.out.decode("utf-8", "replace") + result.error).splitlines()
        return [row for row in rows if row.strip() and not row.startswith(("notice:", "Checking "))]
