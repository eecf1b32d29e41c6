"""Vectors of texts, each embedded once, and the texts nearest to a need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from promptlib.errors import EmbedderFailed
from promptlib.forking import ForkableLock
from promptlib.semantic import packages

try:
    import numpy as np
except ModuleNotFoundError as error:  # pragma: no cover - tested in an environment of its own
    raise packages.needs("numpy", error) from error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from promptlib.semantic.embedder import Embedder

#: Characters of a prompt, or of a need, that are embedded. Means of longer texts grow alike.
LONGEST = 1_200
#: Texts that an embedder is given at once; what it made of them is kept before the next.
BATCH = 64


class Kept(Protocol):
    """Where vectors outlive a process: rows of little-endian float16, by embedder and by the key of their text."""

    def read(self, embedder: str) -> Iterable[tuple[str, bytes]]:
        """Return all keys of *embedder* with their rows."""

    def write(self, embedder: str, rows: Sequence[tuple[str, bytes]]) -> None:
        """Keep *rows*; where that is not possible, do nothing."""


def gist(description: str, body: str) -> str:
    """Return what is embedded of a prompt: its description, then the beginning of its body.

    Not its name: that is for the search by words, and needs that do not know it were found less often with it.
    """
    return clean("\n".join(part for part in (description.strip(), body.strip()) if part))


def clean(text: str) -> str:
    """Return the beginning of *text*, without what is no character: tokenizers refuse lone surrogates."""
    return text[:LONGEST].encode("utf-8", "replace").decode("utf-8")


class Vectors:
    """What texts mean to one embedder. Threads may share it.

    A text goes by a key that changes with it, such as a digest: what has been seen under a key is not embedded again,
    in this process or, where *kept* is given, in a later one.
    """

    def __init__(self, embedder: Embedder, kept: Kept | None = None) -> None:
        """Begin with what is *kept* of *embedder*."""
        self.embedder = embedder
        self._kept = kept
        self._lock = ForkableLock()
        self._places: dict[str, int] = {}
        self._rows: NDArray[np.float32] = np.zeros((0, 0), np.float32)
        self._begun = False
        self._last: tuple[tuple[str, ...], NDArray[np.float32]] | None = None

    def nearest(
        self, need: str, keys: Sequence[str], texts: Callable[[Sequence[int]], Iterable[str]], most: int | None = None
    ) -> list[tuple[int, float]]:
        """Return the places of *keys*, or of the best *most*, with their likeness to *need*, from -1 to 1, best first.

        *texts* is asked for those, by place, whose text is not known yet. Without a word that the embedder knows there
        is nothing to compare, and nothing is returned. Raises `EmbedderFailed` for rows that are none.
        """
        if not keys:
            return []
        (wanted,) = self._embedded([clean(need)])
        if not wanted.any():
            return []
        with self._lock:
            matrix = self._matrix(tuple(keys), texts)
        if matrix.shape[1] != len(wanted):
            raise self._failed(f"rows of {len(wanted)} numbers now, and of {matrix.shape[1]} before")
        # Not BLAS, whose threads wait for each other on a busy machine: nine times slower, where this is one of four.
        likeness = np.einsum("ij,j->i", matrix, wanted)
        places = np.arange(len(keys))
        if most is not None and most < len(keys):
            places = np.flatnonzero(likeness >= np.partition(likeness, -most)[-most])
        order = places[np.argsort(-likeness[places], kind="stable")][:most]
        return list(zip(order.tolist(), likeness[order].tolist(), strict=True))

    def _matrix(self, keys: tuple[str, ...], texts: Callable[[Sequence[int]], Iterable[str]]) -> NDArray[np.float32]:
        if self._last is not None and self._last[0] == keys:
            return self._last[1]
        self._begin()
        missing = {key: at for at, key in enumerate(keys) if key not in self._places}
        waiting = list(missing.items())
        for start in range(0, len(waiting), BATCH):
            batch = waiting[start : start + BATCH]
            half = self._embedded([clean(text) for text in texts([at for _, at in batch])]).astype("<f2")
            # As they are kept: a later process must not put in another order what this one did.
            self._add([key for key, _ in batch], half.astype(np.float32))
            if self._kept is not None:
                rows = [(key, row.tobytes()) for (key, _), row in zip(batch, half, strict=True)]
                self._kept.write(self.embedder.id, rows)
        matrix = self._rows[[self._places[key] for key in keys]]
        self._last = keys, matrix
        return matrix

    def _begin(self) -> None:
        """Read what is kept; rows of another length than most are none of ours."""
        if self._begun:
            return
        self._begun = True
        found = list(self._kept.read(self.embedder.id)) if self._kept is not None else []
        if not found:
            return
        length = len(found[-1][1])
        found = [(key, row) for key, row in found if length and len(row) == length and length % 2 == 0]
        rows = np.frombuffer(b"".join(row for _, row in found), "<f2").reshape(len(found), -1).astype(np.float32)
        sound = np.flatnonzero(np.isfinite(rows).all(axis=1))
        self._add([found[at][0] for at in sound.tolist()], rows[sound])

    def _add(self, keys: Sequence[str], rows: NDArray[np.float32]) -> None:
        if not len(self._rows):
            self._rows = rows
        elif rows.shape[1] != self._rows.shape[1]:
            raise self._failed(f"rows of {rows.shape[1]} numbers now, and of {self._rows.shape[1]} before")
        else:
            self._rows = np.concatenate([self._rows, rows])
        self._places |= {key: len(self._rows) - len(keys) + at for at, key in enumerate(keys)}

    def _embedded(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return rows of unit length, or of zeros, for *texts*."""
        found = self.embedder(texts)
        try:
            rows = np.asarray(found, np.float32)
        except (TypeError, ValueError) as error:
            raise self._failed(f"no matrix of numbers: {error}") from error
        if rows.ndim != 2 or len(rows) != len(texts) or not rows.shape[1]:  # noqa: PLR2004 - a matrix
            raise self._failed(f"an array of the shape {rows.shape} for {len(texts)} texts")
        if not np.isfinite(rows).all():
            raise self._failed("numbers that are not finite")
        lengths = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
        return (rows / np.where(lengths, lengths, 1)).astype(np.float32)

    def _failed(self, what: str) -> EmbedderFailed:
        return EmbedderFailed(
            f"the embedder {self.embedder.id[:60]!r} returned {what}",
            hint="an embedder returns one row of finite numbers a text, all of one length; "
            "a model that changed has another id",
        )
