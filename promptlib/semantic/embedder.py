"""What makes vectors of texts: the protocol, and the embedders that go by a name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from promptlib.errors import BadRef, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: One row a text: an array of numpy, or anything that numpy makes one of, such as a list of lists.
Matrix: TypeAlias = Any
#: Those that settings may name. No setting names code: settings come with a clone, and an import would run it.
BUILT_IN = ("wordllama", "minilm")


class Embedder(Protocol):
    """A callable from texts to a matrix of one row a text, as near in direction as the texts are in meaning.

    `id` names the model and all that changes its rows: vectors are kept under it. Another model, another `id`.
    """

    @property
    def id(self) -> str:
        """The name of the model, with its version."""

    def __call__(self, texts: Sequence[str], /) -> Matrix:
        """Return one row of numbers for each of *texts*, all of one length."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """An embedder made of any function from texts to rows, such as a client of a server or a model of your own."""

    id: str
    embed: Callable[[Sequence[str]], Matrix]

    def __call__(self, texts: Sequence[str], /) -> Matrix:
        """Return what the function makes of *texts*."""
        return self.embed(texts)


@lru_cache(maxsize=len(BUILT_IN))
def embedder(name: str) -> Embedder:
    """Return the embedder called *name*, `wordllama` or `minilm`, loaded once in a process.

    Raises `BadRef` for another name, and `NotInstalled` with what to type where its package is missing.
    """
    if name == "wordllama":
        from promptlib.semantic.wordllama import WordLlama  # noqa: PLC0415 - loads numpy

        return WordLlama()
    if name == "minilm":
        from promptlib.semantic.minilm import MiniLM  # noqa: PLC0415 - loads numpy

        return MiniLM()
    known = f"{nearest(name, BUILT_IN)} embedders with a name: {', '.join(BUILT_IN)}".strip()
    raise BadRef(
        f"no embedder is called {name[:40]!r}",
        hint=f"{known}; one of your own is handed over in code: store.search(need, embedder=…)",
    )
