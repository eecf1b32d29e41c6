"""Appending a history that happened elsewhere, with its own authors and times."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from promptlib._git import Author, BulkCommit
from promptlib.errors import SaveRefused
from promptlib.store.layout import prompt_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from promptlib._git import Repository
    from promptlib.store.past import History
    from promptlib.store.refusing import Guard

CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Replayed:
    """One commit of another history: the files of the names it wrote, None for a name that it removed."""

    files: Mapping[str, bytes | None]
    message: str
    author: str
    email: str
    time: tuple[int, str]


def replay(
    repository: Repository,
    past: History,
    commits: Iterable[Replayed],
    progress: Callable[[int], None],
    guard: Guard | None = None,
) -> int:
    """Append *commits* in their order and return how many; each thousand is kept before the next begins.

    Raises `SaveRefused`, before anything of its thousand is written, for a commit that *guard* does not let pass.
    """
    waiting = iter(commits)
    count = 0
    branch = past.branch()
    while chunk := list(islice(waiting, CHUNK)):
        if guard is not None:
            _check(chunk, count, guard)
        repository.bulk(branch, past.tip(), _bulk(chunk, count, progress))
        count += len(chunk)
    past.move_to(past.tip())
    return count


def _check(commits: Iterable[Replayed], before: int, guard: Guard) -> None:
    for number, each in enumerate(commits, before + 1):
        try:
            guard.words("the message", each.message)
            guard.words("the author", f"{each.author} <{each.email}>")
            for name, data in each.files.items():
                guard.file(prompt_path(name), data)
        except SaveRefused as error:
            kept = f"the {before:,} commits before its thousand are kept" if before else "nothing was imported"
            error.what = f"commit {number:,} of the import: {error.what.removesuffix(': nothing was saved')}; {kept}"
            raise


def _bulk(commits: Iterable[Replayed], before: int, progress: Callable[[int], None]) -> Iterator[BulkCommit]:
    for done, each in enumerate(commits, before + 1):
        progress(done)
        changes = {prompt_path(name): data for name, data in each.files.items()}
        yield BulkCommit(changes, each.message, Author(each.author, each.email), each.time)
