"""What `check` finds: what cannot be read or says nothing, drifts from the lock, moved numbers, foreign labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptlib import codec
from promptlib._index import says_more
from promptlib.chain import Chain
from promptlib.errors import InvalidPrompt, NotFound, PromptLibError, RenderFailed, StoreDamaged, StoreError
from promptlib.refs import Ref
from promptlib.store.describing import title_of
from promptlib.store.layout import prompt_path
from promptlib.store.locking import drifts, found, labels_in
from promptlib.version import SHORT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from promptlib._git import Repository
    from promptlib.chain import Stored
    from promptlib.codec import Note
    from promptlib.lockfile import Drift
    from promptlib.store.loading import Reader
    from promptlib.store.movement import Movement
    from promptlib.store.past import History


_NUMBERS_AND_LABELS = "whether numbers moved, and whether labels are versions"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A prompt, or a label as `name@label`, that cannot be loaded, and the error that a load raises."""

    what: str
    error: PromptLibError


@dataclass(frozen=True, slots=True)
class ForeignLabel:
    """A label whose content is no version of its name: it loads, and no history tells where it came from.

    So it is after a squash that took the labelled version away, or when a label's file was copied from another store.
    """

    name: str
    label: str
    digest: str
    remedy: str

    def __str__(self) -> str:
        """Return which label, and what it holds."""
        short = self.digest.removeprefix("sha256:")[:SHORT]
        return f"{self.name}@{self.label} is #{short}, and that is no version of {self.name}"

    def to_dict(self) -> dict[str, object]:
        """Return it as plain data."""
        return {"name": self.name, "label": self.label, "digest": self.digest, "remedy": self.remedy}


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found.

    It is `ok` while every prompt and label can be loaded, nothing drifted from the lock, and no published number moved
    here. Foreign labels, numbers that a pull would move, what is worth telling about files (`notes`: keys that say
    nothing, a conflict left in a text) and what cannot be known (`unknown`) are told and fail nothing; so are the names
    whose description is missing, or says no more than they do (`undescribed`), which are no warnings either.
    """

    names: tuple[str, ...]
    unreadable: tuple[Unreadable, ...] = ()
    drifts: tuple[Drift, ...] = ()
    movements: tuple[Movement, ...] = ()
    labels: tuple[ForeignLabel, ...] = ()
    notes: tuple[Note, ...] = ()
    unknown: tuple[str, ...] = ()
    undescribed: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return not (self.unreadable or self.drifts or any(each.failed for each in self.movements))

    @property
    def warnings(self) -> int:
        """How much is told that fails nothing."""
        return len(self.labels) + len(self.notes) + len(self.unknown) + sum(not each.failed for each in self.movements)


def check(
    reader: Reader,
    repository: Repository | None,
    history: History | None,
    names: tuple[str, ...],
    locked: bool | str | Path,  # noqa: FBT001 - the caller's own argument
) -> Checked:
    """Return what is wrong with *names* (none: all) and their labels; *locked* asks for a lock, or is its path."""
    lock = found(reader.files, None if locked is True else locked) if locked else None
    wanted = names or reader.names()
    labels = [(name, label) for name, label in labels_in(reader.files) if not names or name in names]
    refs = [*map(Ref, wanted), *(Ref(name, label=label) for name, label in labels)]
    digests: dict[str, str] = {}
    unreadable = tuple(_unreadable(reader, refs, digests))
    past = _Past(reader, repository, history)
    return Checked(
        names=tuple(wanted),
        unreadable=unreadable,
        drifts=drifts(lock, reader, repository, history) if lock is not None else (),
        movements=past.movements(names),
        labels=past.foreign([(*at, digests[f"{at[0]}@{at[1]}"]) for at in labels if f"{at[0]}@{at[1]}" in digests]),
        notes=tuple(_notes(reader, [name for name in wanted if name in digests])),
        unknown=tuple(past.unknown),
        undescribed=tuple(name for name in wanted if name in digests and not _is_described(reader, name)),
    )


def _is_described(reader: Reader, name: str) -> bool:
    prompt = reader.load(Ref(name))  # read a moment ago, and remembered
    return says_more(prompt.description, name, title_of(prompt.extra))


def _unreadable(reader: Reader, refs: list[Ref], digests: dict[str, str]) -> Iterator[Unreadable]:
    for ref in refs:
        try:
            prompt = reader.load(ref)
            if isinstance(prompt, Chain):
                prompt = reader.followed(prompt)
            _read_includes(prompt, set())
            digests[str(ref)] = prompt.digest
        except (NotFound, InvalidPrompt, RenderFailed, StoreDamaged) as error:
            yield Unreadable(str(ref), error)


def _notes(reader: Reader, names: Iterable[str]) -> Iterator[Note]:
    """Yield what is worth telling about the files of *names*, which can be read."""
    for path in map(prompt_path, names):
        data = reader.files.read(path)
        yield from codec.read_with_notes(data, source=reader.files.shown(path))[1] if data else ()


def _read_includes(prompt: Stored, read: set[str]) -> None:
    """Read what *prompt* includes, and what that includes, each once."""
    if prompt.digest in read:
        return
    read.add(prompt.digest)
    for alias in prompt.includes:
        _read_includes(prompt.resolve(alias), read)


class _Past:
    """What only the history can answer; where it cannot, that is said."""

    def __init__(self, reader: Reader, repository: Repository | None, history: History | None) -> None:
        self._reader = reader
        self._repository = repository
        self._history = history
        self.unknown: list[str] = []

    def movements(self, names: Iterable[str]) -> tuple[Movement, ...]:
        """Return what moved; a folder without git has no numbers, and a shallow clone does not know them."""
        if self._repository is None or self._history is None:
            return ()
        if self._repository.shallow:
            self.unknown.append(f"{_NUMBERS_AND_LABELS}: this clone is shallow")
            return ()
        from promptlib.store.numbering import movements  # noqa: PLC0415 - a load compares no numbers

        try:
            return movements(self._repository, self._history, names)
        except StoreError as error:
            self.unknown.append(f"{_NUMBERS_AND_LABELS}: {error.what}")
            return ()

    def foreign(self, labels: list[tuple[str, str, str]]) -> tuple[ForeignLabel, ...]:
        """Return those of *labels* (name, label, digest) that no version of their name has."""
        if self._history is None or self.unknown or not labels:
            return ()
        try:
            index = self._history.now().index
            return tuple(
                ForeignLabel(name, label, digest, f"move it to a version: promptlib label {name} {label} VERSION")
                for name, label, digest in labels
                if index.by_digest(name, digest.removeprefix("sha256:")) is None and not self._is_next(name, digest)
            )
        except StoreError as error:
            self.unknown.append(f"whether labels are versions: {error.what}")
            return ()

    def _is_next(self, name: str, digest: str) -> bool:
        """Whether *digest* is what the file on disk holds: the next commit makes it a version."""
        try:
            return (
                self._reader.files.key(prompt_path(name)) is not None and self._reader.load(Ref(name)).digest == digest
            )
        except PromptLibError:
            return False
