"""Names that point to commits: read without a process, moved by compare-and-swap."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from promptlib._git.records import Head
from promptlib._git.runner import failure
from promptlib._git.writeout import BINARY, sync
from promptlib.errors import BadRef, Busy, GitFailed, StoreDamaged

if TYPE_CHECKING:
    from promptlib._git.layout import Layout
    from promptlib._git.objects import Objects
    from promptlib._git.records import Durability
    from promptlib._git.runner import Child, Git

# git's own rules (git help check-ref-format), and nothing that an option or another file could be taken for.
NAME = re.compile(
    r"refs/(?!.*(?:\.\.|//|@\{|\.lock(?:/|$)|/\.|\.(?:/|$)))[^\x00-\x20\x7f~^:?*\[\\]+[^\x00-\x20\x7f~^:?*\[\\/.]"
)
SYMBOLIC = b"ref: "
DEEPEST_LINK = 5
#: For how long git waits for another git that moves the same ref; a hook of that one may take its time.
LOCK_MILLISECONDS = 1000
#: A read of less has come to the end of a file.
_AT_ONCE = 1 << 16


@lru_cache(maxsize=256)  # each question reads the same few again
def check_name(reference: str) -> None:
    """Refuse what is no full ref name."""
    if not NAME.fullmatch(reference):
        raise BadRef(f"{reference!r} is no full ref name", hint="write it in full, such as refs/heads/main")


class References:
    """The refs of one repository."""

    def __init__(self, layout: Layout, git: Git, objects: Objects) -> None:
        """Read below the folders of *layout*; *git* moves refs, and reads those that are kept in a reftable."""
        self._layout = layout
        self._git = git
        self._objects = objects
        self._common = os.fspath(layout.common_dir)
        self._note = f"{self._common}/promptlib/moving"
        self._none = "0" * objects.id_length
        self._last: tuple[bytes | None, str] = (None, "")

    def head(self) -> Head:
        """Return what is checked out; each linked work tree has its own."""
        if self._layout.reference_format == "reftable":
            return self._head_from_git()
        text = _read(f"{os.fspath(self._layout.git_dir)}/HEAD")
        if text is not None and text.startswith(SYMBOLIC):
            reference = text[len(SYMBOLIC) :].strip().decode("utf-8", "surrogateescape")
            return Head(reference, self.tip(reference))
        linked = _linked(f"{os.fspath(self._layout.git_dir)}/HEAD")
        if linked:
            return Head(linked, self.tip(linked))
        if text is None:
            raise StoreDamaged("this repository has no HEAD", hint="restore it: git symbolic-ref HEAD refs/heads/main")
        return Head(None, self._commit(text, "HEAD"))

    def tip(self, reference: str) -> str | None:
        """Return the commit of *reference*, or None where it is certain that there is no such ref.

        A ref that cannot be read is an error: taking it for a missing one would start its history anew.
        """
        check_name(reference)
        if self._layout.reference_format == "reftable":
            return self._tip_from_git(reference)
        for _ in range(DEEPEST_LINK):
            text = self._stored(reference)
            if text is None:
                return None
            if not text.startswith(SYMBOLIC):
                return self._commit(text, reference)
            reference = text[len(SYMBOLIC) :].strip().decode("utf-8", "surrogateescape")
            check_name(reference)
        raise StoreDamaged(f"{reference!r} is a symbolic ref that leads nowhere", hint="git symbolic-ref sets it anew")

    def _stored(self, reference: str) -> bytes | None:
        path = f"{self._common}/{reference}"
        # Packing writes packed-refs first and then removes the loose file, so loose, packed, loose misses none.
        text = _read(path)
        if text is None:
            text = self._packed(reference)
        return _read(path) if text is None else text

    def _packed(self, reference: str) -> bytes | None:
        text = _read(f"{self._common}/packed-refs")
        if text is None:
            return None
        end = (b"\n" + text).find(b" " + reference.encode("utf-8", "surrogateescape") + b"\n")
        return None if end < 0 else (b"\n" + text)[:end].rpartition(b"\n")[2]

    def _commit(self, text: bytes, reference: str) -> str:
        last, known = self._last
        if text == last:
            return known
        commit = text.strip().decode("ascii", "replace")
        try:
            self._objects.check_id(commit)
        except BadRef as error:
            raise StoreDamaged(
                f"{reference!r} holds {commit[:80]!r}, which is no commit",
                hint=f"git reflog show {reference} lists where it pointed before",
            ) from error
        self._last = text, commit
        return commit

    def _tip_from_git(self, reference: str) -> str | None:
        found = self._git.run("for-each-ref", "--format=%(objectname) %(refname)", "--", reference)
        for row in found.out.decode("utf-8", "surrogateescape").splitlines():
            commit, _, name = row.partition(" ")
            if name == reference:
                return commit
        return None

    def _head_from_git(self) -> Head:
        found = self._git.run("symbolic-ref", "--quiet", "HEAD", check=False)
        if found.code == 0:
            reference = found.out.decode("utf-8", "surrogateescape").strip()
            return Head(reference, self.tip(reference))
        detached = self._git.run("rev-parse", "--verify", "--quiet", "HEAD")
        return Head(None, self._commit(detached.out, "HEAD"))

    def swap(self, reference: str, old: str | None, new: str, *, reflog: str, durability: Durability) -> bool:
        """Move *reference* from *old* (None: it must not be there) to *new*; False when somebody else moved it."""
        check_name(reference)
        self._objects.check_id(new)
        if old is not None:
            self._objects.check_id(old)
        refused = self._transact(reference, old, new, reflog, durability)
        now = self.tip(reference)
        if refused is None and now == old != new:
            raise GitFailed(
                f"git said that {reference!r} moved, and it did not", hint="is the disk full? nothing is lost"
            )
        if now == new or (refused is None and now is not None and self.reaches(now, new)):
            self._sync_name(reference, durability)
            return True
        if refused is None or now != old:
            return False
        from promptlib._git.room import with_reason  # noqa: PLC0415 - only a failure asks for it

        raise _refusal(reference, with_reason(refused, self._common))

    def _transact(self, reference: str, old: str | None, new: str, reflog: str, durability: Durability) -> str | None:
        """Return None when git committed the change, or its words when it refused."""
        synced = "core.fsync=none" if self._layout.reference_format == "files" else "core.fsync=reference"
        command = ("-c", synced, "-c", f"core.filesRefLockTimeout={LOCK_MILLISECONDS}", "update-ref", "--stdin")
        # The words of a reflog are fixed when the process starts; without a reflog one process serves all moves.
        logged = os.path.exists(f"{self._common}/logs/{reference}")  # noqa: PTH110 - the hot path
        child = self._git.start(*command, "-m", reflog) if logged else self._git.child(*command, "-m", "promptlib")
        try:
            if self._layout.reference_format == "files":
                from promptlib._git.leftovers import note  # noqa: PLC0415 - a load moves nothing

                note(self._note, child.process, child.started, new, self._layout.shared or 0o644)
            return self._converse(child, f"update {reference} {new} {old or self._none}", reference, durability)
        finally:
            if logged:
                child.end()

    def _converse(self, child: Child, update: str, reference: str, durability: Durability) -> str | None:
        try:
            with child.talk():
                return self._said(child, update, reference, durability)
        except GitFailed as error:
            return error.what  # where the ref is now tells what came of it

    def _said(self, child: Child, update: str, reference: str, durability: Durability) -> str | None:
        prepared = _answer(child, f"start\n{update}\nprepare\n".encode("utf-8", "surrogateescape"), b"prepare: ok\n")
        if prepared is not None:
            return prepared
        try:
            self._sync_value(reference, durability)
        except OSError as error:
            _answer(child, b"abort\n", b"abort: ok\n")
            return f"its new value could not be brought to disk: {error.strerror}"
        return _answer(child, b"commit\n", b"commit: ok\n")

    def _sync_value(self, reference: str, durability: Durability) -> None:
        """Bring the new value to disk while git still holds it in its lock, so that no crash leaves an empty ref."""
        if durability == "none" or self._layout.reference_format != "files":
            return
        descriptor = os.open(f"{self._common}/{reference}.lock", os.O_RDWR | BINARY)
        try:
            sync([descriptor], durability)
        finally:
            os.close(descriptor)

    def reaches(self, tip: str, commit: str) -> bool:
        """Tell whether *commit* is *tip* or one of its ancestors."""
        if tip == commit:
            return True
        told = self._git.run("-c", "core.commitGraph=false", "merge-base", "--is-ancestor", commit, tip, check=False)
        if told.code > 1:
            raise failure("merge-base", told.error)
        return told.code == 0

    def _sync_name(self, reference: str, durability: Durability) -> None:
        """Make the new name last, and with it all that was written before: the one full sync of a batch.

        git syncs what a ref holds before its rename, and not the folder after it.
        """
        if durability == "none" or self._layout.reference_format != "files" or os.name == "nt":
            return
        try:
            descriptor = os.open(os.path.dirname(f"{self._common}/{reference}"), os.O_RDONLY)  # noqa: PTH120 - hot path
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise GitFailed(
                f"{reference!r} has moved, and the disk did not confirm it: {error.strerror}",
                hint="what was saved is there, and may be lost if the machine stops now: look at the disk",
            ) from error

    def set(self, reference: str, new: str) -> None:
        """Point *reference*, which is ours alone, to *new*, wherever it pointed."""
        check_name(reference)
        self._objects.check_id(new)
        self._git.run("update-ref", "--end-of-options", reference, new)

    def delete(self, reference: str) -> None:
        """Remove *reference*, which is ours alone."""
        check_name(reference)
        self._git.run("update-ref", "-d", "--end-of-options", reference)

    def take_over(self, reference: str) -> tuple[str, ...]:
        """Remove git's left-over locks on *reference*, and return what each was; only while our own lock is held.

        Raises `Busy` for one that somebody holds.
        """
        from promptlib._git.leftovers import Leftovers, noted  # noqa: PLC0415 - a load takes nothing over

        check_name(reference)
        lock = f"{self._common}/{reference}.lock"
        head_lock = f"{os.fspath(self._layout.git_dir)}/HEAD.lock"
        if not os.path.lexists(lock) and not os.path.lexists(head_lock):
            return ()
        tree = self._layout.work_tree
        move = noted(self._note)
        moved = move is not None and self.tip(reference) == move.commit
        left = Leftovers(move, (self._common, *((os.fspath(tree),) if tree else ())), moved)
        told = [left.free(lock)]
        if self.head().reference == reference:
            told.append(left.free(head_lock, of_head=True))
        return tuple(filter(None, told))


def _read(path: str) -> bytes | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | BINARY)
        try:
            parts = [os.read(descriptor, _AT_ONCE)]
            while len(parts[-1]) == _AT_ONCE:
                parts.append(os.read(descriptor, _AT_ONCE))
        finally:
            os.close(descriptor)
        return parts[0] if len(parts) == 1 else b"".join(parts)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        raise GitFailed(f"{path!r} cannot be read: {error.strerror}", hint="nothing was changed: try again") from error


def _linked(path: str) -> str:
    """Return the ref that *path* names by being a symbolic link, as HEAD did before git wrote `ref: `; or nothing."""
    try:
        target = os.readlink(path)  # noqa: PTH115 - a text path like all others here
    except OSError:
        return ""
    return target if target.startswith("refs/") else ""


def _answer(child: Child, request: bytes, wanted: bytes) -> str | None:
    """Send *request*; return None once git answers *wanted*, or its last words when it gave up."""
    child.write(request)
    while row := child.output.readline():
        if row == wanted:
            return None
    return child.last_words().strip()


def _refusal(reference: str, words: str) -> GitFailed | Busy:
    if "File exists" in words:
        return Busy(
            f"{reference!r} is locked by another git process: {words}",
            hint="wait for it; a lock older than ten seconds is removed by the next save",
        )
    return GitFailed(f"{reference!r} was not moved: {words}", hint="nothing was changed")
