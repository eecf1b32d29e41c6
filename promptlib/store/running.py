"""Where a store logs what ran, and what its history knows of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from promptlib.errors import BadRef, NotFound, StoreReadOnly
from promptlib.refs import Pin, split_store
from promptlib.runs import RunLog
from promptlib.runs.log import MODE
from promptlib.store import settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from promptlib._git import Repository
    from promptlib.refs import Ref
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
        return _called(ref.store, self._store.version(ref).pin)

    def life(self, name: str) -> tuple[Pin, ...]:
        """Return the versions of *name*, under its older names too; raises `NotFound`."""
        store, _ = split_store(name)
        return tuple(_called(store, version.pin) for version in self._store.history(name))

    def version(self, pin: Pin) -> Version | None:
        """Return the newest version that *pin* names, or None when the history does not hold it."""
        try:
            versions = self._store.history(pin.name)
        except (BadRef, NotFound):  # such as a name of another store that these settings do not know
            return None
        return next((each for each in reversed(versions) if each.digest == pin.digest), None)

    def load(self, ref: str) -> Any:  # noqa: ANN401 - a Prompt of any inputs
        """Return the prompt that a pin names."""
        return self._store.load(ref)


def _called(store: str, pin: Pin) -> Pin:
    """Return *pin*, its name behind that of the other *store* that it lies in, if it does."""
    return Pin(f"{store}:{pin.name}", pin.digest) if store else pin


class Place(NamedTuple):
    """Where the log of a store lies, and how a new file of it is made."""

    path: Path
    mode: int = MODE
    folder: Callable[[], object] | None = None


def log_of(store: View, place: Place, *, numbered: bool) -> RunLog:
    """Return the log of *store*, which lies at *place*; *numbered* says that the store has a history."""
    known = Past(store, numbered=numbered)
    return RunLog(place.path, known=known, mode=place.mode, links=False, folder=place.folder)


def place_of(folder: Path, repository: Repository | None, history: History | None) -> Place:
    """Return where the store at *folder* logs: as its project says, else among what promptlib keeps in the repository.

    Raises `StoreReadOnly` for a folder without git that does not say where.
    """
    named = _configured(folder, repository)
    if named is not None:
        return Place(named)
    if repository is None or history is None:
        raise StoreReadOnly(
            f"{folder} is a folder without git, so it has no place for a log of runs",
            hint='log where you like: RunLog("runs.jsonl") of promptlib.runs; or name a file: runs = "var/runs.jsonl" '
            "in [tool.promptlib] of pyproject.toml",
        )
    # Beside the index, whose name says which of several stores of one repository it is.
    name = history.index_file.name.replace("index", NAME, 1).removesuffix(".sqlite") + SUFFIX
    layout = repository.layout
    return Place(repository.common_dir / "promptlib" / name, MODE | layout.shared, layout.own_folder)


def _configured(folder: Path, repository: Repository | None) -> Path | None:
    """Return what the nearest project says, from *folder* up to the top of its repository."""
    if repository is None:
        return settings.configured_runs(folder)
    if repository.work_tree is None:
        return None
    place, top = folder.resolve(), repository.work_tree.resolve()
    found = (settings.configured_runs(each) for each in (place, *place.parents) if each.is_relative_to(top))
    return next(filter(None, found), None)
