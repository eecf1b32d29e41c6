"""Maintaining a store: one pack, a complete index, and no trace of what was interrupted and is done by now."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from promptlib import codec
from promptlib.errors import Busy, PromptLibError
from promptlib.store.drafts import same_words
from promptlib.store.homes import LARGEST_FILE
from promptlib.store.layout import PROMPT, name_at

if TYPE_CHECKING:
    from promptlib._git import Repository
    from promptlib._git.maintenance import Maintenance, Sizes
    from promptlib.store.past import History

PENDING = "refs/promptlib/pending/"
IMPORT = "refs/promptlib/import/"
PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """What an interrupted write left behind for somebody to look at: its ref, whose prompts it holds, how to look."""

    reference: str
    names: tuple[str, ...]
    look: str


@dataclass(frozen=True, slots=True)
class Maintained:
    """What was done, and what the store takes on disk before and after.

    `repacked` is False in an application's repository, whose objects are git's and yours. `dropped` are refs whose
    content is in the history by now, `removed` files that killed processes left, `waiting` what is left for you.
    """

    repacked: bool
    before: Sizes
    after: Sizes
    index_before: int
    index_after: int
    removed: tuple[str, ...]
    dropped: tuple[str, ...]
    waiting: tuple[Waiting, ...]

    def to_dict(self) -> dict[str, object]:
        """Return the report as plain data."""
        return asdict(self)


def maintain(repository: Repository, history: History) -> Maintained:
    """Pack, index and tidy, while others read and write; see `Store.maintain`."""
    work = repository.maintenance()
    with work.alone():
        before = work.sizes()
        removed = work.sweep(packs=repository.bare)
        dropped, waiting = _references(repository, history, work)
        if repository.bare:
            work.pack()
        index = history.now().index
        index_before = index.size()
        index.complete()
        index.compact()
        return Maintained(
            repacked=repository.bare,
            before=before,
            after=work.sizes(),
            index_before=index_before,
            index_after=index.size(),
            removed=removed,
            dropped=dropped,
            waiting=waiting,
        )


def _references(
    repository: Repository, history: History, work: Maintenance
) -> tuple[tuple[str, ...], tuple[Waiting, ...]]:
    """Drop our refs whose content is in the history; return these, and those that stay.

    While another writer takes long, nothing is dropped, and nothing told. The ref of an import at work is not yet in
    the history, and stays.
    """
    try:
        with repository.lock(timeout=PATIENCE, reference=history.reference()):
            found = {name: _found(repository, history, name, commit) for name, commit in work.own_references()}
            dropped = tuple(name for name, waiting in found.items() if waiting is None)
            for name in dropped:
                work.drop(name)
    except Busy:
        return (), ()
    return dropped, tuple(waiting for waiting in found.values() if waiting is not None)


def _found(repository: Repository, history: History, reference: str, commit: str) -> Waiting | None:
    """Return what *reference* holds that the history does not, or None when it may go."""
    place = f"git -C {shlex.quote(str(repository.work_tree or repository.git_dir))}"
    tip = history.now().tip()
    if reference.startswith(IMPORT):
        done = tip is not None and repository.is_ancestor(commit, tip)
        return None if done else Waiting(reference, (), f"{place} log {reference}")
    if not reference.startswith(PENDING):
        return Waiting(reference, (), f"{place} log {reference}")
    try:
        files = _files(repository, commit, tip, history.prefix)
        names = tuple(sorted(name for path in files if (name := name_at(path))))
        if names and all(_is_stored(history, path, data) for path, data in files.items()):
            return None
    except PromptLibError:
        names = ()  # what cannot be read now is for somebody to look at
    return Waiting(reference, names, f"{place} show {reference}")


def _files(repository: Repository, commit: str, tip: str | None, prefix: str) -> dict[str, bytes]:
    """Return path below the root and bytes of the prompts that *commit*, and what leads to it, wrote."""
    found: dict[str, bytes] = {}
    for each in repository.log(commit, stop=(tip,) if tip else ()):
        for change in each.changes:
            if change.blob and change.path.startswith(prefix) and change.path.endswith(PROMPT):
                found[change.path.removeprefix(prefix)] = repository.read(change.blob, limit=LARGEST_FILE)
    return found


def _is_stored(history: History, path: str, data: bytes) -> bool:
    """Whether a version in the history has all that the file *data* says: its bytes, or content and words of it."""
    prompt = codec.read_stored(data, source=path)
    name = name_at(path)
    versions = history.before_a_save(name, prompt.digest)[1] if name else []
    written = codec.write(prompt) == data  # nobody's comments are in it
    return any(file == data or (written and same_words(codec.read_stored(file), prompt)) for _, file in versions)
