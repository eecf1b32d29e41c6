"""The limits that stand beside a type in a pydantic annotation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

from promptlib.errors import InvalidPrompt
from promptlib.inputs.grammar import InputType

if TYPE_CHECKING:
    from promptlib.inputs.grammar import Kind

#: They run when values are validated, and are no part of a declaration.
_RUN = frozenset(
    {
        "AfterValidator",
        "AllowInfNan",
        "BeforeValidator",
        "FailFast",
        "PlainSerializer",
        "PlainValidator",
        "Predicate",
        "SerializeAsAny",
        "Strict",
        "Unit",
        "WithJsonSchema",
        "WrapSerializer",
        "WrapValidator",
    }
)
_LIMITS = ("gt", "ge", "lt", "le", "min_length", "max_length", "pattern")

#: Limits that have no word in the grammar, and what says nearly the same.
_UNKNOWN = {
    "multiple_of": "say it in a validator: it runs and is not stored",
    "max_digits": "write le and ge",
    "decimal_places": "say it in a validator: it runs and is not stored",
    "ascii_only": "write pattern='^[ -~]*$'",
    "tz": "say it in a validator: it runs and is not stored",
}


def limited(kind: Kind, beside: Iterable[object], **parts: Any) -> InputType:  # noqa: ANN401 - the parts of an InputType
    """Return the type of *kind* with the limits among the metadata *beside* it; of two limits the tighter one.

    Raises `InvalidPrompt` for what limits values and cannot be stored. Validators run and are not stored; metadata
    that pydantic does not know either is left alone.
    """
    found: dict[str, list[Any]] = {}
    for each in _single(beside):
        for name, limit in _limits(each):
            if isinstance(limit, date):
                limit = limit.isoformat()  # noqa: PLW2901 - the same limit, as plain data
            found.setdefault(name, []).append(limit)
    _close_open_ends(kind, found)
    chosen: dict[str, Any] = {name: _tightest(name, limits) for name, limits in found.items()}
    return InputType(kind=kind, **parts, **chosen)


def _single(beside: Iterable[object]) -> Iterator[object]:
    """Take groups such as `Interval`, `Len` and `StringConstraints` apart."""
    for each in beside:
        if getattr(each, "__is_annotated_types_grouped_metadata__", False) and isinstance(each, Iterable):
            yield from _single(each)
        else:
            yield each


def _limits(each: object) -> Iterator[tuple[str, Any]]:
    kind = each if isinstance(each, type) else type(each)
    if kind.__module__.partition(".")[0] not in ("pydantic", "annotated_types"):
        if hasattr(each, "__get_pydantic_core_schema__"):
            raise InvalidPrompt(
                f"{kind.__name__} beside the type changes what it holds", hint="write the type that the template gets"
            )
        return
    if kind.__name__ in _RUN:
        return
    for name, hint in _UNKNOWN.items():
        if getattr(each, name, None) is not None:
            raise InvalidPrompt(f"the limit {name} cannot be stored", hint=hint)
    given = [(name, getattr(each, name, None)) for name in _LIMITS]
    if hasattr(each, "__get_pydantic_core_schema__") or isinstance(each, TypeVar):
        raise InvalidPrompt(
            f"{kind.__name__} beside the type changes what it holds", hint="write the type that the template gets"
        )
    yield from ((name, limit) for name, limit in given if limit is not None)


def _close_open_ends(kind: Kind, found: dict[str, list[Any]]) -> None:
    """Write `gt` and `lt` of whole numbers as `ge` and `le`; other kinds have no next value."""
    for name, closed in (("gt", "ge"), ("lt", "le")):
        limits = found.pop(name, [])
        if limits and kind != "integer":
            raise InvalidPrompt(f"a {kind} cannot be limited by {name}", hint=f"write {closed}=...")
        inside = [math.floor(each) + 1 if name == "gt" else math.ceil(each) - 1 for each in limits]
        if inside:
            found.setdefault(closed, []).extend(inside)


def _tightest(name: str, limits: list[Any]) -> Any:  # noqa: ANN401 - a number, a text or a length
    if name != "pattern":
        return max(limits) if name in ("ge", "min_length") else min(limits)
    if len(set(limits)) > 1:
        raise InvalidPrompt("there is more than one pattern", hint="write one pattern, or a validator")
    if not isinstance(limits[0], str):
        raise InvalidPrompt("the pattern is compiled by the module re", hint="write the pattern as a text")
    return limits[0]
