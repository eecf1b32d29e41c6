"""Appending a history that happened elsewhere, with its own authors and times."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from promptlib._git import Author, BulkCommit
from promptlib.store.layout import prompt_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from promptlib._git import Repository
    from promptlib.store.past import History

CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Replayed:
    """One commit of another history: the files of the names it wrote, None for a name that it removed."""

    files: Mapping[str, bytes | None]
    message: str
    author: str
    email: str
    time: tuple[int, str]


def replay(repository: Repository, past: History, commits: Iterable[Replayed], progress: Callable[[int], None]) -> int:
    """Append *commits* in their order and return how many; each thousand is kept before the next begins."""
    waiting = iter(commits)
    count = 0
    branch = past.branch()
    with repository.lock(timeout=30, reference=branch):
        while chunk := list(islice(waiting, CHUNK)):
            repository.bulk(branch, past.tip(), _bulk(chunk, count, progress))
            count += len(chunk)
    past.move_to(past.tip())
    return count


def _bulk(commits: Iterable[Replayed], before: int, progress: Callable[[int], None]) -> Iterator[BulkCommit]:
    for done, each in enumerate(commits, before + 1):
        progress(done)
        changes = {prompt_path(name): data for name, data in each.files.items()}
        yield BulkCommit(changes, each.message, Author(each.author, each.email), each.time)
