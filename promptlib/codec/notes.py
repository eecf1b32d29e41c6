"""What is worth telling about a file that was read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from promptlib.errors import Where


@dataclass(frozen=True, slots=True)
class Note:
    """A warning: what was met, where, and what to do about it."""

    what: str
    where: Where
    hint: str = ""

    def __str__(self) -> str:
        """Return the place and the words on one line."""
        return ": ".join(part for part in (str(self.where), self.what, self.hint) if part)
