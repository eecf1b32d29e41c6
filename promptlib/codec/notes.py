"""What is worth telling about a file that was read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptlib.errors import Where, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptlib.codec.source import Source

#: One file tells no more than this: a person reads the first ones, and a hostile file has thousands.
MOST = 20


@dataclass(frozen=True, slots=True)
class Note:
    """A warning: what was met, where, and what to do about it."""

    what: str
    where: Where
    hint: str = ""

    def __str__(self) -> str:
        """Return the place and the words on one line."""
        return ": ".join(part for part in (str(self.where), self.what, self.hint) if part)


class Notes:
    """Collects what is worth telling, up to `MOST`."""

    __slots__ = ("found",)

    def __init__(self) -> None:
        """Begin with nothing."""
        self.found: list[Note] = []

    def add(self, where: Where, what: str, hint: str) -> None:
        """Tell *what*, at *where*."""
        if len(self.found) < MOST:
            self.found.append(Note(what, where, hint))

    def unknown(self, source: Source, at: int, what: str, key: str, known: Iterable[str]) -> None:
        """Tell that *key*, at the offset *at*, says nothing; the hint is the nearest of the *known* keys."""
        if len(self.found) < MOST:
            hint = nearest(key, known) or "keys of your own belong under metadata"
            self.found.append(
                Note(f"unknown key {key!r}{what}: it is kept and says nothing", source.where(at, len(key)), hint)
            )
