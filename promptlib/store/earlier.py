"""A store's history as it was at one commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib._index import Earlier
from promptlib.store.past import History
from promptlib.store.when import committed

if TYPE_CHECKING:
    from promptlib._git import Repository
    from promptlib._index import Committed, Index
    from promptlib.store.when import When


def history_at(now: History, when: When) -> tuple[Committed, EarlierHistory]:
    """Return the commit that *when* means to *now*, and the history there; raises `BadRef` and `NotFound`."""
    found = committed(now, now.repository, when)
    return found, EarlierHistory(now.base(), now.repository, found.id)


class EarlierHistory(History):
    """What a store's history was at one commit; it goes on to be that, whatever is saved."""

    def __init__(self, now: History, repository: Repository, commit: str) -> None:
        """Answer for *commit*, out of the index of *now*."""
        super().__init__(repository, now.prefix, now.index_file)
        self._now = now
        self._commit = commit
        self._reference = now.reference()
        self._published_at: str | None = now.remote()
        self._earlier: Earlier | None = None

    @property
    def index(self) -> Index:
        """The index, as it was."""
        if self._earlier is None:
            self._earlier = Earlier(self._now.index, self._commit, self._now.tip)
        return self._earlier

    def tip(self) -> str:
        """Return the commit."""
        return self._commit

    def reference(self) -> str:
        """Return the full name of the branch that the store was on."""
        return self._reference

    def remote(self) -> str | None:
        """Return the commit that the remote was last seen at when this was asked for: no answer changes later."""
        return self._published_at

    def base(self) -> History:
        """Return the history of the store as it is now."""
        return self._now
