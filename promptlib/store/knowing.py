"""A store among others: those that the project names, and the remotes that texts are left at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from promptlib.errors import BadRef, StoreReadOnly
from promptlib.refs import Ref, split_store
from promptlib.store.view import View
from promptlib.version import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from contextlib import AbstractContextManager

    from promptlib._git import Author, Repository
    from promptlib.store.elsewhere import Stores
    from promptlib.store.fetching import Fetched
    from promptlib.store.past import History
    from promptlib.store.reports import Keepable, KeptReport
    from promptlib.store.transaction import Transaction


class Knowing(View):
    """What a store knows beyond itself; it talks to a remote only when it is told to."""

    open: Callable[[Path], View]
    transaction: Callable[..., AbstractContextManager[Transaction]]
    _stores: Stores | None = None

    @property
    def stores(self) -> Stores:
        """The other stores that `[tool.promptlib.stores]` of the project names, by name: they are read, not written.

        `store.load("shared:support/triage@production")` is short for `store.stores["shared"].load(…)`.
        """
        if self._stores is None:
            from promptlib.store.elsewhere import Stores  # noqa: PLC0415 - few projects name another store

            self._stores = Stores(Path(self.path), self._repository, self.open)
        return self._stores

    def fetch(self, *names: str, texts: bool = False, allow: Collection[str] = (), patience: float = 60) -> Fetched:
        """Bring texts here that a partial clone has left at its remote: of *names* with what they include, or all.

        `shared:` brings another store, which the settings give by its address, to where it stands there now; with it
        come the current and labelled texts of a partial one, with *texts* all of them, and with `shared:name` those of
        a name. Nothing else is ever fetched unasked. Raises what `sync` raises for a remote that cannot be talked to.
        """
        from promptlib.store import fetching  # noqa: PLC0415 - few clones are partial

        asked = [split_store(name) for name in names]
        stores = {store for store, _ in asked}
        if len(stores) > 1:
            raise BadRef("one store is fetched at a time", hint=f"ask for each by itself: {', '.join(sorted(stores))}")
        if store := next(iter(stores), ""):
            wanted = (name for _, name in asked if name)
            return self.stores.fetch(store, *wanted, texts=texts, allow=allow, patience=patience)
        return fetching.fetch(*self._home(), names, allow=allow, patience=patience)

    def keep_report(
        self, ref: str | Ref | Version, report: Keepable, *, message: str = "", author: Author | None = None
    ) -> KeptReport:
        """Keep a fairness *report* beside the version that *ref* names, in a commit of its own, and return it.

        It lies in a file of its own that is never written again: renames, merges and `sync` take it along, and the same
        report is kept once. `reports(ref)` finds it. Raises `InvalidInputs` for a report of other content than that
        version, and what `save` raises where this store cannot be written.
        """
        from promptlib.store.reports import read_report, to_keep  # noqa: PLC0415 - a load keeps nothing

        self._home()
        if not isinstance(ref, Version) and (store := Ref.parse(ref).store):
            raise BadRef(
                f"{ref} lies in the store {store!r}, which is read here, not written",
                hint=f"keep it there: open {self.stores[store].path}, and keep the report in it",
            )
        version = ref if isinstance(ref, Version) else self.version(ref)
        path, data = to_keep(report, version)
        with self.transaction(message or f"Measure {version.ref}", author=author) as transaction:
            transaction.keep_report(path, data)
        return read_report(data, path, path)

    def _other(self, name: str) -> View:
        return self.stores[name]

    def _close_others(self) -> None:
        if self._stores is not None:
            self._stores.close()

    def _home(self) -> tuple[Repository, History]:
        if self._repository is None or self._history is None:
            raise StoreReadOnly(
                f"{self.path} cannot be written: it is a {self._kind()}",
                hint="change the store that it was made of, and export it again"
                if self._kind() == "bundle"
                else f"make it a store: promptlib init {self.path}",
            )
        return self._repository, self._history
