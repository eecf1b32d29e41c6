"""From a draft to an acknowledged commit, in a bare store and in an application's repository."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from getpass import getuser
from hashlib import sha256
from pathlib import Path
from socket import gethostname
from time import localtime, strftime, time
from typing import TYPE_CHECKING, Protocol

from promptlib._git import Author, Change
from promptlib._git import Commit as Made
from promptlib.errors import Busy, StoreError
from promptlib.store.drafts import Draft
from promptlib.store.homes import Commit, Folder, Overlay
from promptlib.store.layout import PROMPT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Literal

    from promptlib._git import Repository
    from promptlib.errors import Conflict
    from promptlib.store.past import History
    from promptlib.store.refusing import Guard

    Durability = Literal["batch", "each", "none"]

MOST_TRIES = 50
LOCK_SECONDS = 30.0
MOST_FOLLOWED = 64
LENGTH_OF_A_KEPT_NAME = 16


class Writer(Protocol):
    """One way of making a commit out of what is laid over the newest one."""

    def draft(self) -> Draft:
        """Return an empty draft over the newest commit."""

    def follow(self, draft: Draft) -> bool:
        """Lay *draft* over the newest commit if nothing that it has read has changed; tell whether it lies there."""

    def commit(self, draft: Draft, work: Callable[[Draft], object], message: str, author: Author | None) -> None:
        """Commit what *draft* holds; where another commit came first, *work* is done again on a draft over that."""

    def keep(self, draft: Draft, changes: Mapping[str, bytes | None], error: Conflict) -> str:
        """Keep *changes*, made over the tip of *draft* and refused with *error*; return words on where they are."""


class BareWriter:
    """Compare-and-swap on the store's branch: objects first, then the ref, read back, then acknowledged."""

    def __init__(
        self, repository: Repository, past: History, durability: Durability, guard: Guard | None = None
    ) -> None:
        """Write to *repository* what *guard* lets pass; who the user is, is asked once."""
        self.repository = repository
        self.past = past
        self.durability = durability
        self._check = guard.file if guard else None
        self._user: Author | None = None

    def draft(self) -> Draft:
        """Return an empty draft over the newest commit."""
        return self._over(self.past.tip())

    def _over(self, tip: str | None) -> Draft:
        self.past.move_to(tip)
        return Draft(Overlay(Commit(self.repository, "", tip), self._check), self.past, tip)

    def follow(self, draft: Draft) -> bool:
        """Other names move while a draft is made: what it was checked against is then the same at the new tip."""
        return self._followed(draft, self.past.tip())

    def _followed(self, draft: Draft, tip: str | None) -> bool:
        old = draft.tip
        if tip == old:
            return True
        line = self.repository.line(old, tip, MOST_FOLLOWED) if old and tip else None
        if line is None:
            return False
        below = Commit(self.repository, "", tip)
        # What was changed and changed back has a history that the draft does not know: every commit counts.
        if not draft.files.moved(below, lambda paths: all(self.repository.same(str(old), at, paths) for at in line)):
            return False
        draft.tip = tip
        self.past.move_to(tip)
        return True

    def commit(self, draft: Draft, work: Callable[[Draft], object], message: str, author: Author | None) -> None:
        """Retry a lost race with the whole work on the new tip, so that each rule is checked again."""
        by = author or self._identity()
        reference = self.past.branch()
        self.repository.write_blobs(draft.files.changes.values(), self.durability)
        with self.repository.lock(timeout=LOCK_SECONDS, reference=reference):
            for _ in range(MOST_TRIES):
                tip = self.repository.tip(reference)
                if not self._followed(draft, tip):
                    draft = self._over(tip)
                    work(draft)
                if not draft.files.changes:
                    return
                made = self._objects(draft, message, by)
                if self.repository.swap(reference, tip, made.id, durability=self.durability):
                    self.past.append(made, draft.files.changes)
                    break
            else:
                raise Busy(
                    f"{MOST_TRIES} commits of others came first; nothing was saved",
                    hint="another program writes this store without promptlib's lock; try again when it rests",
                )
        self.past.learn(made, draft.files.changes)

    def keep(self, draft: Draft, changes: Mapping[str, bytes | None], error: Conflict) -> str:
        """Keep *changes* in a commit of their own."""
        return keep(self.repository, draft.tip, changes, error)

    def _identity(self) -> Author:
        self._user = self._user or identity(self.repository)
        return self._user

    def _objects(self, draft: Draft, message: str, by: Author) -> Made:
        at = moment()
        parents = (draft.tip,) if draft.tip else ()
        commit, blobs = self.repository.commit(
            draft.files.changes,
            parents=parents,
            message=message,
            author=by,
            committer=by,
            time=at,
            durability=self.durability,
        )
        changes = tuple(Change(path, blobs.get(path)) for path in draft.files.changes)
        return Made(commit, parents, by, *at, at[0], message, changes)


@dataclass(frozen=True, slots=True)
class WorkTreeWriter:
    """A commit through git itself, of these paths alone, with the user's hooks, identity and signing."""

    repository: Repository
    past: History
    prefix: str
    disk: Folder
    durability: Durability
    guard: Guard | None = None

    def draft(self) -> Draft:
        """Return an empty draft over HEAD."""
        head = self.past.tip()
        self.past.move_to(head)
        files = Overlay(Commit(self.repository, self.prefix, head), self.guard.file if self.guard else None)
        return Draft(files, self.past, head, self.disk)

    def follow(self, draft: Draft) -> bool:
        """The user's files may change at any moment: a draft over them stays where it was begun."""
        return self.past.tip() == draft.tip

    def commit(self, draft: Draft, work: Callable[[Draft], object], message: str, author: Author | None) -> None:
        """Refuse, and change nothing, while the user is in the middle of something."""
        with self.repository.lock(timeout=LOCK_SECONDS, reference=self.past.reference()):
            if self.past.tip() != draft.tip:
                draft = self.draft()
                work(draft)
            if draft.files.changes:
                changes = {self.prefix + path: data for path, data in draft.files.changes.items()}
                self.repository.commit_paths(changes, message=message, author=author, durability=self.durability)
                self.past.move_to(self.past.tip())

    def keep(self, draft: Draft, changes: Mapping[str, bytes | None], error: Conflict) -> str:
        """Keep *changes* in a commit of their own, which no branch holds; files and index stay as they are."""
        return keep(self.repository, draft.tip, {self.prefix + path: data for path, data in changes.items()}, error)


def writer_of(repository: Repository, past: History, durability: Durability, guard: Guard | None = None) -> Writer:
    """Return the writer that fits *repository*; it writes what *guard* lets pass."""
    if repository.bare:
        return BareWriter(repository, past, durability, guard)
    root = Path(str(repository.work_tree)) / past.prefix
    return WorkTreeWriter(repository, past, past.prefix, Folder(root, past.prefix), durability, guard)


def keep(repository: Repository, tip: str | None, changes: Mapping[str, bytes | None], error: Conflict) -> str:
    """Keep the prompts among *changes* over *tip* at a ref that is called by their content, and tell *error* of it."""
    saved = [path for path, data in changes.items() if data is not None and path.endswith(PROMPT)]
    if not saved:
        return ""
    who = identity(repository)
    parents = (tip,) if tip else ()
    name = sha256(repr(sorted(changes.items())).encode()).hexdigest()[:LENGTH_OF_A_KEPT_NAME]
    try:
        commit, _ = repository.commit(
            changes, parents=parents, message=f"Not saved: {error.what}", author=who, committer=who, time=moment()
        )
        error.kept = repository.keep(commit, name)
    except StoreError as failure:
        return f"what was to be saved could not be kept ({failure.what}): only you hold it now"
    place = shlex.quote(str(repository.work_tree or repository.git_dir))
    return f"what was to be saved is kept: git -C {place} show {error.kept}:{shlex.quote(saved[-1])}"


def identity(repository: Repository) -> Author:
    """Return who git says the user is, or the user at this host where nobody told git."""
    known = repository.identity()
    if known is not None:
        return known
    name = getuser()
    return Author(name, f"{name}@{gethostname() or 'localhost'}")


def moment() -> tuple[int, str]:
    """Return now, as a commit holds it."""
    now = time()
    return int(now), strftime("%z", localtime(now)) or "+0000"
