"""The limits of a type: which kinds have them, and their one spelling."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from promptlib.errors import InvalidPrompt
from promptlib.plain import LARGEST_INTEGER

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptlib.inputs.grammar import InputType, Kind

_ORDERED = ("integer", "float", "date", "datetime")
_SIZED = ("string", "array", "map", "thread")


def checked_limits(kind_of: InputType) -> dict[str, int | float | str | None]:
    """Return the limits of *kind_of* in their one spelling.

    A float's limits are floats, an integer's whole numbers inside them, a date's ISO text; a shortest length of 0
    says nothing and is None. Raises `InvalidPrompt` for limits of another kind, or that nothing can meet.
    """
    kind = kind_of.kind
    low, high = (_bound(kind, name, getattr(kind_of, name)) for name in ("ge", "le"))
    shortest, longest = (_length(kind, name, getattr(kind_of, name)) for name in ("min_length", "max_length"))
    if low is not None and high is not None and moment(kind, low) > moment(kind, high):
        raise InvalidPrompt(f"nothing is at least {low} and at most {high}", hint="ge is the lower limit, le the upper")
    if shortest is not None and longest is not None and shortest > longest:
        raise InvalidPrompt(
            f"nothing has a length of at least {shortest} and at most {longest}",
            hint="min_length is the lower limit, max_length the upper",
        )
    if kind_of.pattern is not None:
        _check_pattern(kind, kind_of.pattern)
    return {"ge": low, "le": high, "min_length": shortest or None, "max_length": longest}


def moment(kind: Kind, limit: float | str) -> float:
    """Return a limit as a number, so that limits of one *kind* can be compared."""
    if not isinstance(limit, str):
        return limit
    if kind == "date":
        return date.fromisoformat(limit).toordinal()
    parsed = datetime.fromisoformat(limit)
    # A moment without a zone has no place among those with one; UTC is as good as any to compare two limits.
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return (aware - datetime(1, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _bound(kind: Kind, name: str, limit: float | str | None) -> int | float | str | None:
    if limit is None:
        return None
    if kind not in _ORDERED:
        raise InvalidPrompt(f"a type of kind {kind} cannot have {name}", hint=f"kinds with it: {', '.join(_ORDERED)}")
    if kind in ("date", "datetime"):
        return _iso(kind, name, limit)
    if type(limit) not in (int, float) or isinstance(limit, str) or not math.isfinite(limit):
        raise InvalidPrompt(f"{name} of a {kind} is {limit!r}, which is no number", hint="write a number")
    if kind == "float":
        return float(limit)
    whole = math.ceil(limit) if name == "ge" else math.floor(limit)
    if abs(whole) > LARGEST_INTEGER:
        raise InvalidPrompt(f"{name} is an integer past 2^53", hint="leave the limit out")
    return whole


def _iso(kind: Kind, name: str, limit: float | str) -> str:
    try:
        return parsed_moment(kind, limit).isoformat()
    except ValueError as error:
        raise InvalidPrompt(f"{name} of a {kind} is {limit!r}, which is no {kind}", hint=_FORMS[kind]) from error


_FORMS = {"date": "write it as 2024-12-31", "datetime": "write it as 2024-12-31T23:59:59+00:00"}


def parsed_moment(kind: Kind, text: object) -> date:
    """Return the date or datetime that an ISO text says; raises `ValueError` for any other text or value."""
    if not isinstance(text, str):
        raise ValueError(_FORMS[kind])  # noqa: TRY004 - a text that is none of them and a number are the same mistake
    return date.fromisoformat(text) if kind == "date" else datetime.fromisoformat(text)


def _length(kind: Kind, name: str, limit: int | None) -> int | None:
    if limit is None:
        return None
    if kind not in _SIZED:
        raise InvalidPrompt(f"a type of kind {kind} cannot have {name}", hint=f"kinds with it: {', '.join(_SIZED)}")
    if type(limit) is not int or not 0 <= limit <= LARGEST_INTEGER:
        raise InvalidPrompt(f"{name} is {limit!r}", hint="a length is a whole number from 0 on")
    return limit


def _check_pattern(kind: Kind, pattern: str) -> None:
    if kind != "string":
        raise InvalidPrompt(f"a type of kind {kind} cannot have a pattern", hint="texts have patterns")
    if not isinstance(pattern, str):
        raise InvalidPrompt(f"a pattern is a {type(pattern).__name__}", hint="a pattern is a text such as '^[A-Z]{2}$'")
    matches(pattern, "")


def matches(pattern: str, text: str) -> bool:
    """Return whether *pattern* is found in *text*, by the same engine that pydantic validates with.

    That engine knows no look-around and no back-references, and cannot be made to run for ever.
    """
    return _searcher(pattern)(text)


@lru_cache(maxsize=256)
def _searcher(pattern: str) -> Callable[[str], bool]:
    from pydantic_core import SchemaError, SchemaValidator, core_schema  # noqa: PLC0415 - only where a pattern is

    try:
        validator = SchemaValidator(core_schema.str_schema(pattern=pattern))
    except SchemaError as error:
        raise InvalidPrompt(
            f"the pattern {pattern!r:.80} is no regular expression that pydantic reads",
            hint=f"{_reason(error)}; look-around and back-references are not part of it",
        ) from error
    return validator.isinstance_python


def _reason(error: Exception) -> str:
    rows = [row.removeprefix("error: ") for row in map(str.strip, str(error).splitlines()) if row.startswith("error: ")]
    return rows[0] if rows else "it cannot be compiled"
