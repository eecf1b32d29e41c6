"""Other stores, read beside this one under the names that a project's settings give them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptlib._git import Repository
from promptlib.errors import BadRef, NotAStore, NotFetched, NotFound, RemoteUnreachable, StoreReadOnly, nearest
from promptlib.store import fetching
from promptlib.store.layout import ATTRIBUTES, ATTRIBUTES_TEXT, LABELS
from promptlib.store.opening import DEFAULT_ROOT, telling
from promptlib.store.past import History
from promptlib.store.settings import FILE, Elsewhere, configured_stores
from promptlib.store.view import View

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from promptlib.chain import Stored
    from promptlib.refs import Ref
    from promptlib.store.fetching import Fetched

ORIGIN = "origin"
#: What a store can do beside being asked.
WRITES = frozenset(
    {"save", "label", "revert", "trust", "rename", "delete", "transaction", "replay", "maintain", "merge", "sync"}
)
_ADD = f'name it in {FILE}:\n[tool.promptlib.stores]\nshared = "../shared/prompts.git"'


class OtherStore(View):
    """Another store: everything that can be asked of one, and nothing that changes it.

    `name` is how this project calls it, `place` where it is, without what could be secret.
    """

    def __init__(self, where: Elsewhere, path: Path, parts: tuple[Repository | None, History | None, Any]) -> None:
        """Read the store at *path*; `Store.stores` makes these."""
        self.name = where.name
        self.path = path
        self.place = _place(where)
        self._called = f"{where.name}:"
        self._repository, self._history, self._reader = parts

    def _loaded(self, ref: Ref) -> Stored:
        """Return what *ref* names in this store; its origin names the store."""
        stored = super()._loaded(ref)
        origin = stored.origin
        return stored.with_origin(replace(origin, store=self.name)) if origin is not None else stored

    def close(self) -> None:
        """Let go of git's children and of the index."""
        if self._history is not None:
            self._history.close()
        if self._repository is not None:
            self._repository.close()

    def __getattr__(self, name: str) -> object:
        """Refuse what would write."""
        if name in WRITES:
            raise StoreReadOnly(f"the store {self.name!r} is only read through this one", hint=self._how_to_write())
        raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")

    def _how_to_write(self) -> str:
        if self.place == str(self.path):
            return f"open it by itself: Store.open({self.place!r}), or promptlib -C {self.place}"
        return f"clone {self.place} yourself, save there, and promptlib sync; then here: promptlib fetch {self.name}:"

    def __repr__(self) -> str:
        """Say what it is called, and where it is."""
        return f"OtherStore({self.name!r}, {self.place!r})"


class Stores:
    """The other stores of a project, by name; each is opened when it is first asked for."""

    def __init__(self, folder: Path, own: Repository | None, opened: Callable[[Path], View]) -> None:
        """Read the settings of the project at *folder*; clones are kept beside its repository *own*."""
        self._folder = folder
        self._own = own
        self._open = opened
        self._held: dict[Elsewhere, OtherStore] = {}

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, in the order of the settings."""
        return iter(configured_stores(self._folder))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(configured_stores(self._folder))

    def __contains__(self, name: object) -> bool:
        """Tell whether the settings name it."""
        return name in configured_stores(self._folder)

    def __getitem__(self, name: str) -> OtherStore:
        """Return the store *name*; raises `NotFound` for an unknown one, and `NotFetched` before its first fetch."""
        where = self._told(name)
        held = self._held.get(where)
        if held is None:
            held = self._held[where] = self._at_path(where) if where.path else self._clone(where)
        return held

    def fetch(
        self,
        name: str,
        *names: str,
        texts: bool = False,
        allow: Collection[str] = (),
        patience: float = 60,
    ) -> Fetched:
        """Bring the store *name* to where it stands at its address now; see `Store.fetch`."""
        where = self._told(name)
        if where.path:
            raise BadRef(
                f"the store {name!r} is read where it lies, in {where.path}: there is nothing to fetch",
                hint=f"fetch there: promptlib -C {where.path} sync",
            )
        commit = self._followed(where, allow, patience)
        there = self[name]
        repository, history = there._repository, there._history  # noqa: SLF001 - a store of ours
        if repository is None or history is None:  # pragma: no cover - a clone has both
            raise NotFound(f"the store {name!r} has no history")
        if texts or names:
            found = fetching.fetch(repository, history, names, allow=allow, patience=patience)
        else:
            found = fetching.fetch_newest(repository, history, allow=allow, patience=patience)
        return replace(found, store=name, commit=commit)

    def close(self) -> None:
        """Close those that were opened."""
        for each in self._held.values():
            each.close()
        self._held.clear()

    def _told(self, name: str) -> Elsewhere:
        known = configured_stores(self._folder)
        if name not in known:
            here = f"stores here: {', '.join(known)}" if known else "this project names no other store"
            raise NotFound(
                f"no store {name[:80]!r} beside this one",
                hint="\n".join([f"{nearest(name, known)} {here}".strip(), _ADD]),
            )
        return known[name]

    def _at_path(self, where: Elsewhere) -> OtherStore:
        path = Path(str(where.path))
        try:
            found = self._open(path)
        except NotAStore as error:
            raise NotAStore(
                f"the store {where.name!r} of {self._folder / FILE} is not there: {error.what}",
                hint=f"correct the path, or make it: promptlib init --bare {path}",
            ) from error
        return OtherStore(where, path, (found._repository, found._history, getattr(found, "_reader", None)))  # noqa: SLF001 - a store of ours

    def _clone(self, where: Elsewhere) -> OtherStore:
        path = self._clone_place(where)[1]
        if not path.is_dir():
            raise NotFetched(
                f"the store {where.name!r} ({_place(where)}) was never fetched here",
                hint=f"nothing is fetched unasked; bring it: promptlib fetch {where.name}:",
            )
        with telling(path):
            repository = Repository.open(path)
        history = History(repository, "")
        root = where.root if where.root is not None else _root(repository, str(history.tip()))
        if root:
            history = History(repository, f"{root.rstrip('/')}/")
        return OtherStore(where, path, (repository, history, None))

    def _clone_place(self, where: Elsewhere) -> tuple[Repository, Path]:
        if self._own is None:
            raise StoreReadOnly(
                f"the store {where.name!r} is at {_place(where)}, and a folder without git can keep no clone of it",
                hint=f"make it a repository: promptlib init {self._folder}",
            )
        # Another address, or another branch of it, is another store, whatever it is called.
        which = sha256(f"{where.url}\n{where.branch}\n{where.partial}".encode()).hexdigest()[:12]
        return self._own, self._own.common_dir / "promptlib" / "stores" / f"{where.name}-{which}.git"

    def _followed(self, where: Elsewhere, allow: Collection[str], patience: float) -> str:
        own, path = self._clone_place(where)
        if not path.is_dir():
            with telling(path):
                own.layout.own_folder()
                path.parent.mkdir(exist_ok=True)
            return _begun(where, path, allow, patience)
        with telling(path), Repository.open(path) as repository:
            return repository.follow(ORIGIN, where.branch, allow=allow, patience=patience)


def _begun(where: Elsewhere, path: Path, allow: Collection[str], patience: float) -> str:
    """Make the clone beside its place, so that one that was never finished is none."""
    from tempfile import mkdtemp  # noqa: PLC0415 - a clone is made once

    with telling(path):
        beside = Path(mkdtemp(prefix=f"{where.name}-", suffix=".new", dir=path.parent))
    try:
        try:
            commit = _made(where, beside / "sha1", "sha1", allow, patience)
        except RemoteUnreachable as error:
            if "mismatched algorithms" not in error.what:
                raise
            commit = _made(where, beside / "sha256", "sha256", allow, patience)
        with telling(path):
            if not path.is_dir():  # else another process was quicker
                next(beside.iterdir()).rename(path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return commit


def _made(where: Elsewhere, path: Path, object_format: Any, allow: Collection[str], patience: float) -> str:  # noqa: ANN401 - one of git's two words
    with Repository.init(path, bare=True, object_format=object_format) as repository:
        repository.remotes().add(ORIGIN, where.url, partial=where.partial)
    try:
        # Opened again: that it is partial stands in its configuration now.
        with Repository.open(path) as repository:
            return repository.follow(ORIGIN, where.branch, allow=allow, patience=patience)
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise


def _root(repository: Repository, tip: str) -> str:
    """Return where the prompts lie in a repository: at its top in a bare store, else in `prompts/` where that is."""
    folders = repository.folders(tip, "")
    attributes = repository.blob_at(tip, ATTRIBUTES)
    # By its id: in a partial clone the file itself may not be here.
    marked = attributes == repository.identify(b"blob", ATTRIBUTES_TEXT)
    return DEFAULT_ROOT if DEFAULT_ROOT in folders and not marked and LABELS.rstrip("/") not in folders else ""


def _place(where: Elsewhere) -> str:
    if where.path:
        return str(where.path)
    from promptlib._git import shown_address  # noqa: PLC0415 - few projects name another store

    return shown_address(where.url)
