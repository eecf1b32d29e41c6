"""Questions about what stands on the shelf at one tip."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptlib._index.shelving import counted, lacking, stood, weight_rows, weights_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping

    from promptlib._index.contents import Contents
    from promptlib._index.session import Asked
    from promptlib._index.shelving import Counts, Sieve, Standing, Stood


class Choice(NamedTuple):
    """Counts and chooses by what the files say; those that were never described are described first."""

    session: Asked
    contents: Contents
    standing: Callable[[sqlite3.Connection], Standing]

    def counts(self, sieve: Sieve) -> Counts:
        """Count what passes *sieve*, by all that it can be found by."""
        self._describe()
        return self.session.ask(lambda connection: counted(connection, self.standing(connection), sieve))

    def stood(self, sieve: Sieve) -> list[Stood]:
        """Return the newest version of each name that passes *sieve*, by name, with its words."""
        self._describe()
        return self.session.ask(lambda connection: stood(connection, self.standing(connection), sieve))

    def weights(self, digests: Iterable[str]) -> dict[str, int]:
        """Return the tokens of those *digests* that somebody has counted."""
        wanted = list(digests)
        return self.session.ask(lambda connection: weights_of(connection, wanted))

    def keep_weights(self, weights: Mapping[str, int]) -> None:
        """Remember the tokens of contents by their digests, where the index can be written."""
        self.session.keep("INSERT OR REPLACE INTO weights VALUES (?, ?, ?)", weight_rows(weights))

    def _describe(self) -> None:
        missing = self.session.ask(lambda connection: lacking(connection, self.standing(connection)))
        self.contents.descriptions(missing)
