"""A stored content in the life of a name."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Literal

from promptlib.refs import Pin
from promptlib.trust import OWN, Trust

SHORT = 8

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A day inside of what a datetime can hold, so that every zone can show it.
_FIRST = int((datetime(1, 1, 2, tzinfo=UTC) - _EPOCH).total_seconds())
_LAST = int((datetime(9999, 12, 30, tzinfo=UTC) - _EPOCH).total_seconds())

#: Up to here every system tells the time by itself.
_FAR = 1 << 32


@dataclass(frozen=True, slots=True)
class Version:
    """One change of a name's file.

    `number` is its position, for people; None where history is cut off (a shallow clone). `digest` is its identity;
    it is empty for a file that is damaged or no prompt, which a load tells in full.
    `parents` are the digests of the versions before it: none for the first, two where lines were merged.
    `provisional` says that the number may still move, because the commit is not on the remote.
    `trust` is what the file says, and `vouched` why somebody once made its foreign content their own.
    `outcome` says what a save made: `created`, or `unchanged` when the newest version was the same already.
    """

    name: str
    number: int | None
    digest: str
    commit: str
    author: str
    email: str
    time: datetime
    message: str
    parents: tuple[Pin, ...] = ()
    derived_from: Pin | None = None
    renamed_from: str = ""
    labels: tuple[str, ...] = ()
    provisional: bool = False
    trust: Trust = OWN
    vouched: str = ""
    outcome: Literal["created", "unchanged"] = field(default="created", compare=False)

    @property
    def pin(self) -> Pin:
        """The name with the whole digest: what another prompt's `includes` holds."""
        return Pin(self.name, self.digest)

    @property
    def ref(self) -> str:
        """`name@v3#3f9c2a1b`: short, and refused should the number ever move."""
        number = f"@v{self.number}" if self.number is not None else ""
        return f"{self.name}{number}#{self.short}"

    @property
    def short(self) -> str:
        """The first eight characters of the digest."""
        return self.digest.removeprefix("sha256:")[:SHORT]

    def __str__(self) -> str:
        """Return `support/triage v3 (3f9c2a1b)`."""
        number = f"v{self.number}{'~' if self.provisional else ''}" if self.number is not None else "v?"
        return f"{self.name} {number} ({self.short})"


def instant(seconds: int, zone: str) -> datetime:
    """Return the moment that git writes as seconds since 1970 and a zone such as `+0200`.

    Commits hold whatever their maker wrote: a zone of a day or more reads as UTC, a moment outside the years 1 to 9999
    as the nearest inside.
    """
    if 0 <= seconds < _FAR:
        return datetime.fromtimestamp(seconds, _place(zone))
    return (_EPOCH + timedelta(seconds=min(max(seconds, _FIRST), _LAST))).astimezone(_place(zone))


@lru_cache(maxsize=64)
def _place(zone: str) -> timezone:
    sign = -1 if zone.startswith("-") else 1
    digits = zone.lstrip("+-").rjust(4, "0")
    offset = sign * timedelta(hours=int(digits[:-2]), minutes=int(digits[-2:]))
    return timezone(offset if abs(offset) < timedelta(days=1) else timedelta())
