"""Questions about what stands on the shelf at one tip."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from promptlib._index.shelving import blobs, counted, lacking, stood, weight_rows, weights_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping

    from promptlib._index.contents import Contents
    from promptlib._index.session import Asked
    from promptlib._index.shelving import Counts, Sieve, Standing, Stood

Answer = TypeVar("Answer")

#: How often the index may be made again by others, or for its damage, between describing and asking.
_PATIENT = 8


class Choice(NamedTuple):
    """Counts and chooses by what the files say; those that were never described are described first."""

    session: Asked
    contents: Contents
    standing: Callable[[sqlite3.Connection], Standing]

    def counts(self, sieve: Sieve) -> Counts:
        """Count what passes *sieve*, by all that it can be found by."""
        return self._described(lambda connection: counted(connection, self.standing(connection), sieve))

    def stood(self, sieve: Sieve) -> list[Stood]:
        """Return the newest version of each name that passes *sieve*, by name, with its words."""
        return self._described(lambda connection: stood(connection, self.standing(connection), sieve))

    def blobs(self) -> dict[str, str]:
        """Return by name the blob that stands at the tip, to be compared with a file."""
        return self.session.ask(blobs)

    def weights(self, digests: Iterable[str]) -> dict[str, int]:
        """Return the tokens of those *digests* that somebody has counted."""
        wanted = list(digests)
        return self.session.ask(lambda connection: weights_of(connection, wanted))

    def keep_weights(self, weights: Mapping[str, int]) -> None:
        """Remember the tokens of contents by their digests, where the index can be written."""
        self.session.keep("INSERT OR REPLACE INTO weights VALUES (?, ?, ?)", weight_rows(weights))

    def _described(self, question: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """Return the answer to *question*, asked when all that stands is described but for what cannot be read."""
        unreadable: set[str] = set()

        def ask(connection: sqlite3.Connection) -> tuple[list[str], Answer | None]:
            # In one question: a file that turns out to be damaged is made again, and knows nothing then.
            missing = lacking(connection, self.standing(connection))
            missing = [blob for blob in missing if blob not in unreadable]
            return missing, None if missing else question(connection)

        for _ in range(_PATIENT):
            missing, answer = self.session.ask(ask)
            if answer is not None:
                return answer
            told = self.contents.descriptions(missing)
            unreadable.update(blob for blob in missing if told[blob].problem)
        return self.session.ask(question)
