"""The git-backed home of names, versions and labels: the only stateful object."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from promptlib.errors import NotFound, StoreReadOnly
from promptlib.refs import Ref, check_label, check_name
from promptlib.store import opening
from promptlib.store.homes import Folder
from promptlib.store.knowing import Knowing
from promptlib.store.layout import ATTRIBUTES, ATTRIBUTES_TEXT, prompt_path
from promptlib.store.loading import Reader
from promptlib.store.past import History
from promptlib.store.settings import checked_root

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from promptlib._git import Author, Repository
    from promptlib.bundle import Bundle
    from promptlib.chain import Stored
    from promptlib.lockfile import Lock
    from promptlib.runs import RunLog
    from promptlib.store.bundling import Exported
    from promptlib.store.checking import Report
    from promptlib.store.drafts import Draft
    from promptlib.store.maintaining import Maintained
    from promptlib.store.merging.choosing import Resolve
    from promptlib.store.merging.meeting import Meeting, MergeResult
    from promptlib.store.merging.syncing import SyncResult
    from promptlib.store.refusing import Guard, Refused
    from promptlib.store.replaying import Replayed
    from promptlib.store.running import Place
    from promptlib.store.transaction import Transaction
    from promptlib.store.verdict import Checked
    from promptlib.store.writing import Durability, Writer
    from promptlib.version import Version


class Store(Knowing):
    """Names, their versions and labels, in a bare repository, an application's repository, a folder or a package.

    `Store(path)` is `Store.open(path)`. One store may be used from several threads.
    """

    _runs: Place | None = None

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        durability: Durability = "batch",
        refuse_secrets: Refused = None,
    ) -> None:
        """Open the store at *path*, or the one around the working directory.

        *path* is a bare repository, an application's repository, a plain folder that holds `prompts/`, or a bundle's
        file, which is read alone. *durability*
        says how a write is synced before it is acknowledged: `batch` once, `each` object apart, `none` not at all.
        *refuse_secrets* is True, or regular expressions of your own beside the built-in ones, to refuse every write
        that holds a key or token; False lets all pass; without it the store's settings decide. Raises `NotAStore`.
        """
        with opening.telling(Path(path or ".")):
            folder, repository, root = opening.find(Path(path) if path is not None else None)
            self._begin(folder, repository, root, durability, refuse_secrets)

    def _begin(
        self, folder: Path, repository: Repository | None, root: str, durability: Durability, refused: Refused
    ) -> None:
        self.path = folder
        self._repository = repository
        self._durability = durability
        self._refused = refused
        self._guard: Guard | None = None
        self._history: History | None = None
        self._writer: Writer | None = None
        self._root: Path | None = None
        self._files: Folder | Bundle | None = None
        if repository is None:
            self._files = opening.files_at(folder, root)
            self._reader = Reader(self._files, None, on_disk=True)
            self._root = folder / root if self._files.what == "folder" else None
        elif repository.bare:
            self._history = History(repository, "")
        else:
            prefix = _prefix(folder / root, repository)
            self._history = History(repository, prefix)
            self._reader = Reader(Folder(folder / root, prefix), self._history, on_disk=True)
            self._root = folder / root

    @classmethod
    def open(
        cls,
        path: str | Path | None = None,
        *,
        durability: Durability = "batch",
        refuse_secrets: Refused = None,
    ) -> Store:
        """Return the store at *path*, or the one around the working directory; see the constructor."""
        return cls(path, durability=durability, refuse_secrets=refuse_secrets)

    @classmethod
    def package(cls, package: str, folder: str = opening.DEFAULT_ROOT) -> Store:
        """Return the prompts that the installed *package* carries in *folder*; they can be read, not written.

        *folder* may be a bundle as well. Raises `NotFound` when there is no such package or folder.
        """
        from importlib.resources import files as package_files  # noqa: PLC0415 - few stores are packages

        try:
            root = package_files(package).joinpath(folder)
        except (ImportError, TypeError, ValueError) as error:
            raise NotFound(f"no package {package!r}", hint="give the name that it is imported by") from error
        if not checked_root(folder) or not (root.is_dir() or root.is_file()):
            raise NotFound(f"the package {package!r} has no folder {folder!r}", hint="is it among its package data?")
        store = cls.__new__(cls)
        store.path = Path(str(root))
        store._repository = store._history = store._writer = store._root = None  # noqa: SLF001 - its own fields
        store._files = opening.files_in(root, f"{package}/{folder}")  # noqa: SLF001 - its own field
        store._reader = Reader(store._files, None, on_disk=True)  # noqa: SLF001 - its own field
        return store

    @classmethod
    def init(
        cls,
        path: str | Path = ".",
        *,
        bare: bool = False,
        durability: Durability = "batch",
        refuse_secrets: Refused = None,
    ) -> Store:
        """Make a store at *path* and return it; one that is there already is only opened.

        `bare=True` makes a repository that stands alone; with *refuse_secrets* its configuration says so to all who
        open it. Otherwise the root is made in the repository around *path* (a new one where there is none): a commit
        of `.gitattributes` alone, which leaves staged work as it was.
        """
        place = Path(path)
        with opening.telling(place):
            if bare:
                opening.make_bare(place, refuse_secrets=bool(refuse_secrets))
                store = cls(place, durability=durability, refuse_secrets=refuse_secrets)
            else:
                repository = opening.make_in_work_tree(opening.made_folder(place))
                store = cls.__new__(cls)
                root = opening.root_for(place, repository)
                store._begin(place, repository, root, durability, refuse_secrets)  # noqa: SLF001 - its own method
        store._start()  # noqa: SLF001 - its own method
        return store

    def _start(self) -> None:
        def attributes(draft: Draft) -> None:
            if draft.files.read(ATTRIBUTES) is None:
                draft.files.put(ATTRIBUTES, ATTRIBUTES_TEXT)

        writer = self._writing()
        draft = writer.draft()
        attributes(draft)
        writer.commit(draft, attributes, "Start a store of prompts", None)

    def save(
        self,
        name: str,
        prompt: Stored,
        *,
        message: str = "",
        expect: Version | str | None = None,
        author: Author | None = None,
        file: bytes | None = None,
    ) -> Version:
        """Store *prompt*, or a chain, as the newest version of *name* and return that version.

        The version that the prompt was loaded, evolved or derived from, or *expect*, must be the newest of that name.
        A prompt defined in code goes on top. Content and words equal to the newest make nothing: `outcome` is
        `unchanged`. It returns when the commit is written and its ref read back.

        *file* is the file that the prompt was read from, kept to the byte with its comments. Without it the newest
        file is changed where the prompt differs from it; in an application's repository a file that was edited into
        this very prompt is kept as it is.

        Raises `Conflict` when somebody saved in between, `Superseded` for the content of an older version, `Busy`
        and `SaveRefused` in an application's repository, `StoreReadOnly` where there is no git. Nothing is half done.
        """
        with self.transaction(message or f"Save {check_name(name)}", author=author) as transaction:
            version = transaction.save(name, prompt, expect=expect, file=file)
        return self._stored(version)

    def file_path(self, name: str) -> Path | None:
        """Return the file on disk that a bare *name* is read from; None where prompts are no files on disk."""
        return self._root / prompt_path(check_name(name)) if self._root is not None else None

    def label(
        self,
        name: str,
        label: str,
        version: Version | str | None,
        *,
        expect: Version | str | None = None,
        message: str = "",
        author: Author | None = None,
    ) -> Version | None:
        """Let *label* on *name* point at *version* and return that version; None takes the label away.

        *version* is a `Version`, `"v3"`, a digest or another label. *expect* is the version that the label must hold
        now, else `Conflict`. Raises `NotFound` for a version that is not there.
        """
        target = self._chosen(name, version) if version is not None else None
        what = f"Label {check_name(name)} {check_label(label)}: {target or 'removed'}"
        with self.transaction(message or what, author=author) as transaction:
            transaction.label(name, label, target, expect=expect)
        return target

    def revert(self, name: str, version: Version | str, *, message: str = "", author: Author | None = None) -> Version:
        """Make an older *version* the newest again, byte for byte, as a new version on top; returns it."""
        target = self._chosen(name, version)
        with self.transaction(
            message or f"Revert {str(target).replace(' v', ' to v', 1)}", author=author
        ) as transaction:
            saved = transaction.revert(name, target)
        return self._stored(saved)

    def trust(
        self,
        name: str,
        *,
        reason: str,
        expect: Version | str | None = None,
        message: str = "",
        author: Author | None = None,
    ) -> Version:
        """Make the foreign newest content of *name* one's own: somebody has read it, and says why it may be trusted.

        This is the only way up. It is a new version with the same digest, whose file tells the digest, the *reason*
        and who said it; `unchanged` when the content is own already. *expect* is the version that was read, else
        `Conflict`. What is saved over it later is own as well.
        """
        from promptlib.store.writing import identity  # noqa: PLC0415 - a load writes nothing

        who = author or identity(self._home()[0])
        with self.transaction(message or f"Trust {check_name(name)}: {reason}", author=author) as transaction:
            version = transaction.trust(name, reason=reason, by=f"{who.name} <{who.email}>", expect=expect)
        return self._stored(version)

    def rename(self, old: str, new: str, *, message: str = "", author: Author | None = None) -> Version:
        """Give *old* the name *new*, with its labels; its history counts on. Returns the newest version."""
        with self.transaction(
            message or f"Rename {check_name(old)} to {check_name(new)}", author=author
        ) as transaction:
            transaction.rename(old, new)
        return self.version(new)

    def delete(self, name: str, *, message: str = "", author: Author | None = None) -> None:
        """Take *name* and its labels away. Its versions stay in the history; a later save counts on."""
        with self.transaction(message or f"Delete {check_name(name)}", author=author) as transaction:
            transaction.delete(name)

    @contextmanager
    def transaction(self, message: str, *, author: Author | None = None) -> Iterator[Transaction]:
        """Collect saves, labels, renames and deletions into one commit, made when the block ends.

        Inside, the transaction's `load` sees its own writes. An exception inside makes nothing.
        """
        from promptlib.store.transaction import Transaction  # noqa: PLC0415 - a load changes nothing

        writer = self._writing()
        if self._guard is not None:
            self._guard.words("the message", message.replace("\0", ""))  # as a commit can hold it
            self._guard.words("the author", f"{author.name} <{author.email}>" if author else "")
        transaction = Transaction(writer, self._past())
        yield transaction
        transaction.commit(message, author)

    def merge(
        self,
        other: str,
        *,
        resolve: Resolve = None,
        message: str = "",
        author: Author | None = None,
        unrelated: bool = False,
    ) -> MergeResult:
        """Merge *other*, a branch, tag, remote-tracking branch such as `origin/main`, or commit, into this store.

        What one side changed is taken as it is; what both changed is merged as prompts: message by message, input by
        input. The commit has both as its parents; where nothing is to be merged the branch only moves forward.

        *resolve* decides what is contested: `"ours"`, `"theirs"`, a mapping of names (`name@label` for a label) to a
        side, a prompt, or values by field, or a function that is given each `NameConflict` and returns one of these,
        None to leave it open. *unrelated* puts two stores together that never met.

        Raises `MergeConflict` with all that nobody decided, and nothing is written then; `NotFound` for an *other*
        that is not here. In an application's repository the commit goes through git with your hooks, identity and
        signing, and other files merge as git merges them; `Busy` while there are changes that are not committed,
        `Conflict` where other files conflict. Whatever fails, branch, index and files are as they were.
        """
        from promptlib.store.merging.choosing import Choices  # noqa: PLC0415 - a load merges nothing
        from promptlib.store.merging.meeting import merge  # noqa: PLC0415 - beside it

        with opening.telling(Path(self.path)):
            return merge(self._meeting(message, author, unrelated=unrelated), other, Choices(resolve), message, author)

    def sync(
        self,
        remote: str | None = None,
        *,
        resolve: Resolve = None,
        message: str = "",
        author: Author | None = None,
        allow: Collection[str] = (),
    ) -> SyncResult:
        """Bring this store and *remote* to the same commit: fetch, merge, push, and never force.

        *remote* is a name or an address; without it the one that the branch is published at, else `origin`. Both
        sides' changes are merged as `merge` does, and *resolve* is what it is there. The remote is the first parent
        of the merge, so that published numbers hold; a line that somebody has merged the other way round is put
        right. When others push in between it begins again, a bounded number of times. Whatever was cut, the next
        `sync` goes on, and nothing is lost. *allow* names transports beside https and ssh: `file`, `http`, `git`.

        In an application's repository it works on the branch that is checked out.

        Raises `MergeConflict`, and nothing is pushed or moved then; `RemoteRefused` with the server's words, and
        your branch is as it was; `RemoteUnreachable`, `NotAuthorised`, `NotFound` for a remote or branch that is not
        there, `Busy`, and `Conflict` for histories that never met or are cut off in a shallow clone.
        """
        from promptlib.store.merging.choosing import Choices  # noqa: PLC0415 - a load merges nothing
        from promptlib.store.merging.syncing import Syncing  # noqa: PLC0415 - beside it

        with opening.telling(Path(self.path)):
            meeting = self._meeting(message, author)
            return Syncing(meeting, remote, Choices(resolve), message, author, allow).run()

    def _meeting(self, message: str, author: Author | None, *, unrelated: bool = False) -> Meeting:
        from promptlib.store.merging.meeting import Meeting  # noqa: PLC0415 - a load merges nothing

        repository, history = self._home()
        self._writing()
        if self._guard is not None:
            self._guard.words("the message", message)
            self._guard.words("the author", f"{author.name} <{author.email}>" if author else "")
        return Meeting(repository, history, self._durability, self._guard, unrelated)

    def check(self, *names: str, locked: bool | str | Path = False) -> Checked:
        """Return what is wrong with *names*, or with everything: what cannot be loaded, and what moved.

        Published numbers that moved, or that a plain `git pull` would move, are named with their cause and what to do;
        so are labels whose content is no version of their name. With *locked*, so is all that differs from the lock
        (`Store.lock`), or from the one at that path: raises `NotFound` without one, `StoreDamaged` and `NewerFormat`.
        """
        from promptlib.store import verdict  # noqa: PLC0415 - a load checks nothing else

        return verdict.check(self._reading(), self._repository, self._history, names, locked)

    def lock(self, *names: str, labels_only: bool = False, path: str | Path | None = None) -> Lock:
        """Write down the digest of every name, label and include, or of *names* alone, and return that.

        The file is `promptlib.lock` in the root, among the prompts, or *path*; a bare store has no folder for it, so
        there *path* must be given. It is written whole or not at all, and a lock that says the same already keeps its
        bytes. `check(locked=True)` tells what differs later. Raises what keeps a prompt, label or include from being
        read, `NotFound` for a name that is not there, and `StoreReadOnly`.
        """
        from promptlib.store import locking  # noqa: PLC0415 - a load locks nothing

        place = locking.place_of(self._root, path, self._kind())
        lock = locking.made(self._reading(), names, labels_only=labels_only)
        locking.write(lock, place)
        return lock

    def export_bundle(
        self, path: str | Path, *names: str, labels_only: bool = False, versions: bool = False
    ) -> Exported:
        """Write the current files and labels, or those of *names*, with all they include, as one file at *path*.

        `Store.open(path)` loads from it with the same refs, without git. `Exported.digest` says what it is: the same
        content gives the same bytes on every machine. *versions* adds the refs of the versions, `name@v3#digest`, for
        those who ask where it came from. The file is written whole or not at all, and everything was loaded from it
        before. Raises what `load` raises, and `StoreReadOnly`.
        """
        from promptlib.store.bundling import export  # noqa: PLC0415 - a load exports nothing

        history = self._history.now() if self._history is not None else None
        return export(self._reading(), history, Path(path), names, labels_only=labels_only, versions=versions)

    def replay(self, commits: Iterator[Replayed], progress: Callable[[int], None] = lambda _: None) -> int:
        """Append commits that happened elsewhere, with their authors and times; return how many.

        This is for importers: a bulk write without the rules of `save`, into a bare store only. Each thousand is kept
        before the next begins. Raises `StoreReadOnly` for another home.
        """
        if self._repository is None or not self._repository.bare:
            raise StoreReadOnly(
                f"a history can be imported into a bare store, and {self.path} is none",
                hint="make one: promptlib init --bare prompts.git, and import there: promptlib -C prompts.git import …",
            )
        from promptlib.store.replaying import replay  # noqa: PLC0415 - only an import needs it

        self._writing()
        return replay(self._repository, self._past(), commits, progress, self._guard)

    @property
    def runs(self) -> RunLog:
        """The log of what was rendered and sent: `record` adds a run, iterating and asking read it.

        It is a file of JSON lines that no commit holds: `promptlib/runs.jsonl` in git's own folder, or what
        `[tool.promptlib] runs` says. Raises `StoreReadOnly` for a folder without git that does not say where.
        """
        from promptlib.store.running import log_of, place_of  # noqa: PLC0415 - a load logs nothing

        # The log holds the store; held by it, both would outlive their last user.
        if self._runs is None:
            self._runs = place_of(self.path, self._repository, self._history)
        return log_of(self, self._runs, numbered=self._history is not None)

    def fsck(self, *, repair: bool = False) -> Report:
        """Verify objects, refs, files, labels, includes and the index; see `Report.problems`.

        With *repair* what can be mended from what is left is mended first, and told in `Report.mended`. Nothing is
        deleted: what is damaged is kept in `promptlib/damaged` of the repository. A prompt that does not parse is
        somebody's text, and is only told. Raises nothing for damage, whatever it is.
        """
        from promptlib.store.checking import examine, examine_and_repair  # noqa: PLC0415 - a load examines nothing

        with opening.telling(Path(self.path)):
            if repair and self._repository is not None and self._history is not None:
                return examine_and_repair(lambda: self._reading().files, self._repository, self._history)
            return examine(lambda: self._reading().files, self._repository, self._history)

    def maintain(self) -> Maintained:
        """Keep the store small and quick: at any time, beside readers and writers, and nothing is lost.

        A bare store's objects come into one pack, those that no branch reaches too, with a graph of its commits. In
        every home the index is brought up to date, completed and compacted, files that killed processes left more than
        an hour ago go, and so do refs that kept unsaved work which is in the history by now; others are told. The
        objects of an application's repository are left to git (`git maintenance`). Raises `Busy` while another
        process maintains this store, and `StoreReadOnly`.
        """
        from promptlib.store.maintaining import maintain  # noqa: PLC0415 - a load maintains nothing

        with opening.telling(Path(self.path)):
            return maintain(*self._home())

    def close(self) -> None:
        """Let go of git's children and of the index. The store may be used again: they come back when needed."""
        self._close_others()
        if self._history is not None:
            self._history.close()
        if self._repository is not None:
            self._repository.close()
        if self._files is not None:
            self._files.close()

    def __enter__(self) -> Self:
        """Return the store."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def __repr__(self) -> str:
        """Say what it is and where."""
        kind = self._kind().removesuffix(" store").removesuffix(" without git")
        return f"Store({str(self.path)!r}, {kind})"

    def _writing(self) -> Writer:
        repository, history = self._home()
        if self._writer is None:
            from promptlib.store.refusing import guard_of  # noqa: PLC0415 - a load writes nothing
            from promptlib.store.writing import writer_of  # noqa: PLC0415 - beside it

            self._guard = guard_of(self.path, repository, self._refused)
            self._writer = writer_of(repository, history, self._durability, self._guard)
        return self._writer

    def _stored(self, version: Version) -> Version:
        if version.outcome == "created" and self._history is not None:
            # The index still stands at the commit of this save: the newest version there is the saved one.
            newest = self._history.newest(version.name)
            if newest is not None and newest.digest == version.digest:
                return newest
        found = self.version(Ref(version.name, prefix=version.digest.removeprefix("sha256:")))
        return found if version.outcome == "created" else replace(found, outcome="unchanged")


def _prefix(root: Path, repository: Repository) -> str:
    below = root.resolve().relative_to(Path(str(repository.work_tree)).resolve()).as_posix()
    return "" if below == "." else f"{below}/"
