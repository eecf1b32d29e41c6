"""Whose words a prompt is: what its template may do hangs on it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, TypeAlias, get_args

from promptlib.errors import InvalidPrompt

#: `own`: defined in code, or read from the application's own files. `foreign`: nobody here has vouched for it.
Trust: TypeAlias = Literal["own", "foreign"]
TRUSTS: tuple[Trust, ...] = get_args(Trust)

OWN: Trust = "own"
FOREIGN: Trust = "foreign"


@dataclass(frozen=True, slots=True)
class Vouched:
    """The record that somebody made a foreign content their own: which digest, why, and who it was."""

    digest: str
    reason: str
    by: str = ""

    def to_dict(self) -> dict[str, str]:
        """Return the record as it stands in a file."""
        return {"digest": self.digest, "reason": self.reason} | ({"by": self.by} if self.by else {})


#: The parts of the record, in the order in which they are written.
VOUCHED = tuple(each.name for each in fields(Vouched))


def checked_trust(value: object) -> Trust:
    """Return *value* as a trust; raises `InvalidPrompt` for any other word."""
    if value not in TRUSTS:
        raise InvalidPrompt(f"no trust {value!r}", hint=f"trust is one of: {', '.join(TRUSTS)}")
    return value
