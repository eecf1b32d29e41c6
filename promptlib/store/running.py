"""Where a store logs what ran, and what its history knows of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptlib.errors import NotFound, StoreReadOnly
from promptlib.runs import RunLog
from promptlib.runs.log import MODE
from promptlib.store import settings

if TYPE_CHECKING:
    from pathlib import Path

    from promptlib._git import Repository
    from promptlib.refs import Pin, Ref
    from promptlib.store.past import History
    from promptlib.store.view import View
    from promptlib.version import Version

NAME = "runs"
SUFFIX = ".jsonl"


class Past:
    """What the history of a store says of contents that ran."""

    __slots__ = ("_store", "numbered")

    def __init__(self, store: View, *, numbered: bool) -> None:
        """Ask *store*, as it is whenever something is asked; *numbered* says that it has a history."""
        self._store = store
        self.numbered = numbered

    def pin(self, ref: Ref) -> Pin:
        """Return the content that *ref* names; raises `NotFound`."""
        return self._store.version(ref).pin

    def life(self, name: str) -> tuple[Pin, ...]:
        """Return the versions of *name*, under its older names too; raises `NotFound`."""
        return tuple(version.pin for version in self._store.history(name))

    def version(self, pin: Pin) -> Version | None:
        """Return the newest version that *pin* names, or None when the history does not hold it."""
        try:
            versions = self._store.history(pin.name)
        except NotFound:
            return None
        return next((each for each in reversed(versions) if each.digest == pin.digest), None)

    def load(self, ref: str) -> Any:  # noqa: ANN401 - a Prompt of any inputs
        """Return the prompt that a pin names."""
        return self._store.load(ref)


def log_of(store: View, repository: Repository | None, history: History | None) -> RunLog:
    """Return the log of *store*: where its project says, else among what promptlib keeps in the repository.

    Raises `StoreReadOnly` for a folder without git that does not say where.
    """
    known = Past(store, numbered=history is not None)
    named = _configured(store.path, repository)
    if named is not None:
        return RunLog(named, known=known, links=False)
    if repository is None or history is None:
        raise StoreReadOnly(
            f"{store.path} is a folder without git, so it has no place for a log of runs",
            hint='log where you like: RunLog("runs.jsonl") of promptlib.runs; or name a file: runs = "var/runs.jsonl" '
            "in [tool.promptlib] of pyproject.toml",
        )
    # Beside the index, whose name says which of several stores of one repository it is.
    name = history.index_file.name.replace("index", NAME, 1).removesuffix(".sqlite") + SUFFIX
    return RunLog(
        repository.common_dir / "promptlib" / name,
        known=known,
        mode=MODE | repository.layout.shared,
        links=False,
        folder=repository.layout.own_folder,
    )


def _configured(folder: Path, repository: Repository | None) -> Path | None:
    """Return what the nearest project says, from *folder* up to the top of its repository."""
    if repository is None:
        return settings.configured_runs(folder)
    if repository.work_tree is None:
        return None
    place, top = folder.resolve(), repository.work_tree.resolve()
    found = (settings.configured_runs(each) for each in (place, *place.parents) if each.is_relative_to(top))
    return next(filter(None, found), None)
