"""What the index asks of git, answered from what this process has just written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.store.homes import LARGEST_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptlib._git import Commit, Repository

MOST_OWN = 64


class Fresh:
    """A repository whose newest commits are known already, because this process has made them."""

    def __init__(self, repository: Repository) -> None:
        """Know nothing yet of *repository*."""
        self._repository = repository
        self._own: dict[str, Commit] = {}

    def add(self, commit: Commit) -> None:
        """Remember *commit*; the oldest are forgotten, and git is asked for them."""
        self._own[commit.id] = commit
        while len(self._own) > MOST_OWN:
            self._own.pop(next(iter(self._own)))

    def log(self, tip: str, *, stop: Iterable[str] = (), prefix: str = "") -> Iterator[Commit]:
        """Yield the commits between *stop* and *tip*, without git where all of them are known."""
        until = set(stop)
        known: list[Commit] = []
        at = tip
        while at not in until and at in self._own and len(self._own[at].parents) == 1:
            known.append(self._own[at])
            at = known[-1].parents[0]
        return reversed(known) if at in until and known else self._repository.log(tip, stop=until, prefix=prefix)

    def read(self, blob: str) -> bytes:
        """Return the content of *blob*."""
        return self._repository.read(blob, limit=LARGEST_FILE)

    def read_many(self, blobs: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield each blob with its content."""
        return self._repository.read_many(blobs, limit=LARGEST_FILE)

    def absent(self, blobs: Iterable[str]) -> frozenset[str]:
        """Return those of *blobs* that a partial clone has left at its remote."""
        return self._repository.absent(blobs)
