"""What a search finds, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from promptlib.version import Version

#: What a name holds.
Kind: TypeAlias = Literal["prompt", "chain"]
#: What of a prompt holds words.
Column: TypeAlias = Literal["name", "title", "description", "tags", "inputs", "body", "message"]
#: Where the words of a need were met; or that it was not the words.
Field: TypeAlias = Column | Literal["meaning"]
#: What hits are ordered by: words, meaning, or both.
Ranking: TypeAlias = Literal["lexical", "semantic", "fused"]
Versions: TypeAlias = Literal["current", "all"]


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a text, on one line. `marks` are the places `(start, end)` in it of the words that were met."""

    text: str
    marks: tuple[tuple[int, int], ...] = ()

    def __str__(self) -> str:
        """Return the text."""
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One prompt that a search found.

    `version` is the version whose text matched: the current one, unless older ones were asked for; None in a home
    without history. `score` is higher for a better match, and only comparable within one search. `field` is where most
    of the words were met, and `snippet` is cut from there; `"meaning"` says that the prompt was not found by its words,
    and the snippet is how it describes itself. `older` is how many older versions match too.
    """

    name: str
    version: Version | None
    score: float
    field: Field
    snippet: Snippet
    description: str = ""
    tags: tuple[str, ...] = ()
    older: int = 0
    kind: Kind = "prompt"

    def to_dict(self) -> dict[str, object]:
        """Return it as plain data; its version is its ref, None where there is none."""
        return {
            "name": self.name,
            "kind": self.kind,
            "ref": self.version.ref if self.version is not None else None,
            "score": self.score,
            "field": self.field,
            "snippet": {"text": self.snippet.text, "marks": [list(mark) for mark in self.snippet.marks]},
            "description": self.description,
            "tags": list(self.tags),
            "older": self.older,
        }


class Later(Sequence[Hit]):
    """So many hits, made when one of them is first looked at: what a hit shows costs as much as finding it."""

    __slots__ = ("_count", "_made", "_make")

    def __init__(self, count: int, make: Callable[[], tuple[Hit, ...]]) -> None:
        """Know that there are *count*, which *make* returns: it needs nothing but what it holds."""
        self._count = count
        self._make = make
        self._made: tuple[Hit, ...] | None = None

    def _hits(self) -> tuple[Hit, ...]:
        if self._made is None:
            self._made = self._make()
        return self._made

    @overload
    def __getitem__(self, index: int) -> Hit: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Hit, ...]: ...

    def __getitem__(self, index: int | slice) -> Hit | tuple[Hit, ...]:
        """Return the hit at *index*."""
        return self._hits()[index]

    def __len__(self) -> int:
        """Return how many there are."""
        return self._count

    def __eq__(self, other: object) -> bool:
        """Compare as a tuple does."""
        return self._hits() == (other._hits() if isinstance(other, Later) else other)

    def __hash__(self) -> int:
        """Hash as a tuple does."""
        return hash(self._hits())

    def __repr__(self) -> str:
        """Look as a tuple does."""
        return repr(self._hits())

    def __reduce__(self) -> tuple[type[tuple[Hit, ...]], tuple[tuple[Hit, ...]]]:
        """Be pickled as a tuple."""
        return tuple, (self._hits(),)


@dataclass(frozen=True, slots=True)
class Hits(Sequence[Hit]):
    """The best hits, best first: frozen, though what they show is only made when one is looked at.

    `total` counts all prompts that match, shown or not. `spelled` are the words that stood nowhere, each with the one
    that was searched for instead; it is empty where the words were found as they were written. `words` are the words
    that were searched for: what is left of the need without its stop words.
    """

    hits: Sequence[Hit] = ()
    total: int = 0
    spelled: tuple[tuple[str, str], ...] = ()
    words: tuple[str, ...] = ()

    @overload
    def __getitem__(self, index: int) -> Hit: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Hit, ...]: ...

    def __getitem__(self, index: int | slice) -> Hit | tuple[Hit, ...]:
        """Return the hit at *index*."""
        return self.hits[index] if isinstance(index, int) else tuple(self.hits[index])

    def __len__(self) -> int:
        """Return how many hits are here."""
        return len(self.hits)

    def __iter__(self) -> Iterator[Hit]:
        """Iterate over the hits, best first."""
        return iter(self.hits)

    def to_dict(self) -> dict[str, object]:
        """Return all of it as plain data."""
        return {
            "hits": [hit.to_dict() for hit in self.hits],
            "total": self.total,
            "words": list(self.words),
            "spelled": dict(self.spelled),
        }

    def _repr_html_(self) -> str:
        from promptlib.notebook import of_hits  # noqa: PLC0415 - only a notebook needs it

        return of_hits(self)


@dataclass(frozen=True, slots=True, order=True)
class Duplicate:
    """Two prompts that say almost the same.

    `similarity` is the share of their word sequences (shingles of five words) that both have, from 0 to 1.
    """

    a: str
    b: str
    similarity: float

    def to_dict(self) -> dict[str, object]:
        """Return it as plain data."""
        return {"a": self.a, "b": self.b, "similarity": self.similarity}
