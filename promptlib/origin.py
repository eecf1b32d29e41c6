"""Where a prompt was loaded from, and where that stands in the life of its name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a content stands in the life of its name: the version it is, or that it was edited from."""

    digest: str
    number: int | None = None
    commit: str = ""
    edited: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """The stored version that a prompt was loaded, evolved or derived from; no part of its content.

    `label` is the label it was asked for by. Its number and commit are looked up when they are first read, because
    a load does not need them.
    """

    name: str
    digest: str
    label: str = ""
    find: Callable[[], Standing] | None = field(default=None, compare=False, repr=False)
    #: The other store that it lies in, as this project's settings call it; empty for the store that was asked.
    store: str = ""

    @property
    def qualified(self) -> str:
        """The name, behind that of the other store where it lies in one: `shared:support/triage`."""
        return f"{self.store}:{self.name}" if self.store else self.name

    @property
    def standing(self) -> Standing:
        """The version in the history, looked up once; only the digest where no history is at hand."""
        if callable(self.find):
            found = self.find()
            object.__setattr__(self, "find", _Found(found))
        return self.find.standing if isinstance(self.find, _Found) else Standing(self.digest)

    @property
    def number(self) -> int | None:
        """The number of the version, or None where history is not at hand."""
        return self.standing.number

    @property
    def commit(self) -> str:
        """The commit that made the version, or an empty text."""
        return self.standing.commit

    @property
    def edited(self) -> bool:
        """Whether the file on disk held something else than the committed version."""
        return self.standing.edited

    @property
    def version(self) -> str | None:
        """`v7`, `v7+edited`, or None where history is not at hand."""
        standing = self.standing
        return None if standing.number is None else f"v{standing.number}{'+edited' if standing.edited else ''}"

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle what was found: another process has no store to ask."""
        return _origin, (self.name, self.digest, self.label, self.standing, self.store)


@dataclass(frozen=True, slots=True)
class _Found:
    standing: Standing


def _origin(name: str, digest: str, label: str, standing: Standing, store: str = "") -> Origin:
    origin = Origin(name, digest, label, store=store)
    object.__setattr__(origin, "find", _Found(standing))
    return origin
