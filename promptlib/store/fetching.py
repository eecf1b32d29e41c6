"""The texts that a partial clone has left at its remote: which are missing, and bringing them in few talks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from promptlib import codec
from promptlib.errors import NotFetched, NotFound, PromptLibError
from promptlib.refs import Pin, Ref, check_name, missing_name
from promptlib.store.homes import LARGEST_FILE
from promptlib.store.layout import LABEL, PROMPT, label_at, name_at

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from promptlib._git import Repository
    from promptlib.store.past import History


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a fetch has brought: how many texts, and how many talks with the remote that took.

    `store` is the other store that was asked, `commit` where its branch stands now; both are empty for the texts of
    the store itself.
    """

    texts: int
    talks: int
    store: str = ""
    commit: str = ""

    def __str__(self) -> str:
        """Say it in one line."""
        what = f"{self.texts:,} {'text' if self.texts == 1 else 'texts'} came"
        return f"{self.store}: at {self.commit[:8]}, {what}" if self.store else what


@dataclass(slots=True)
class _Blobs:
    """The blobs of a history that hold prompts, by what they are of."""

    names: dict[str, set[str]] = field(default_factory=dict)
    #: What else lies below the root: pinned includes, settings of git.
    others: set[str] = field(default_factory=set)
    #: Prompts of commits that took another away: whether that was a rename stands in the file.
    moved: set[str] = field(default_factory=set)

    def everything(self) -> set[str]:
        return self.others.union(*self.names.values())


def fetch(
    repository: Repository,
    history: History,
    names: Collection[str] = (),
    *,
    allow: Collection[str] = (),
    patience: float = 60,
) -> Fetched:
    """Bring the texts here that are missing: of *names* with all that they include, or every text there is.

    Raises `NotFound` for a name that no commit knows, and what talking to a remote raises.
    """
    for name in names:
        check_name(name)
    tip = history.tip() if repository.partial else None
    if tip is None:
        return Fetched(0, 0)
    blobs = _blobs(repository, history, tip)
    if not names:
        return _brought(repository.bring(blobs.everything(), allow=allow, patience=patience))
    found = Fetched(0, 0)
    known: set[str] = set()
    more = set(names)
    for name in names:
        if name not in blobs.names:
            raise NotFound(f"no prompt {name!r} in this history", hint=missing_name(name, sorted(blobs.names)))
    while more:
        known |= more
        wanted = set[str]().union(*(blobs.names[name] for name in more))
        brought = _brought(repository.bring(wanted | blobs.moved, allow=allow, patience=patience))
        found = Fetched(found.texts + brought.texts, found.talks + brought.talks)
        more = _named(repository, wanted) & blobs.names.keys() - known
    return found


def fetch_newest(
    repository: Repository, history: History, *, allow: Collection[str] = (), patience: float = 60
) -> Fetched:
    """Bring the texts here that stand at the tip, labels too, and those that numbers hang on."""
    tip = history.tip() if repository.partial else None
    if tip is None:
        return Fetched(0, 0)
    now = {blob for path, blob in repository.files(tip, history.prefix.rstrip("/")) if path.endswith((PROMPT, LABEL))}
    moved = _blobs(repository, history, tip).moved
    return _brought(repository.bring(now | moved, allow=allow, patience=patience))


def left_behind(repository: Repository, history: History) -> frozenset[str]:
    """Return the blobs of prompts, labels and includes that a partial clone has left at its remote."""
    tip = history.tip() if repository.partial else None
    return repository.absent(_blobs(repository, history, tip).everything()) if tip else frozenset()


def _brought(texts: int) -> Fetched:
    return Fetched(texts, 1 if texts else 0)


def _blobs(repository: Repository, history: History, tip: str) -> _Blobs:
    """Return what one walk through the history tells, for which no text needs to be here."""
    found = _Blobs()
    for commit in repository.log(tip, prefix=history.prefix.rstrip("/")):
        taken = any(change.blob is None and change.path.endswith(PROMPT) for change in commit.changes)
        for change in commit.changes:
            path = change.path.removeprefix(history.prefix)
            if change.blob is None:
                continue
            name = name_at(path) or (label_at(path) or ("",))[0]
            if not name:
                found.others.add(change.blob)
                continue
            found.names.setdefault(name, set()).add(change.blob)
            if taken and path.endswith(PROMPT):
                found.moved.add(change.blob)
    return found


def _named(repository: Repository, blobs: Iterable[str]) -> set[str]:
    """Return the names that the prompts in *blobs* include, have as steps, or were once called."""
    found: set[str] = set()
    for _, data in repository.read_many(sorted(blobs), limit=LARGEST_FILE):
        try:
            told = codec.outline(data.partition(b"\n")[2] if data.startswith(b"sha256:") else data)
        except PromptLibError:
            continue  # a file that is no prompt names nothing
        followed = told.follows.values() if told.follows else ()
        found |= {Pin.parse(str(pin)).name for pin in told.includes.values()} | {told.renamed_from}
        found |= {Ref.parse(str(label)).name for label in followed}
    return found - {""}


def not_here(called: str, name: str) -> NotFetched:
    """Return the error for a text that is not here, with what to type.

    *called* is another store's name with its `:`, empty for the store itself.
    """
    everything = f"promptlib fetch{f' --all {called}' if called else ''}"
    which = f"the text of {called}{name}" if name else "a text of this history"
    one = f"promptlib fetch {called}{name}, or all texts: " if name else ""
    return NotFetched(
        f"{which} is not here: this clone is partial, and left it at its remote",
        hint=f"nothing is fetched unasked; bring it: {one}{everything}",
    )
