"""What one type takes that another refuses, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.errors import InvalidPrompt
from promptlib.inputs import Input, InputType, check_included, describe
from promptlib.inputs.limits import moment
from promptlib.inputs.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

_KINDS = {
    "string": "text",
    "integer": "whole numbers",
    "float": "numbers with a fraction",
    "boolean": "true and false",
    "date": "dates",
    "datetime": "dates with times",
    "array": "lists",
    "map": "mappings",
    "object": "objects",
    "json": "data of any shape",
    "thread": "messages",
    "image": "images",
    "file": "files",
}
_SIZES = {"string": "text of", "thread": "a thread of"}
_UNITS = {"string": "characters", "thread": "messages"}


def accepts(wide: InputType, narrow: InputType) -> bool:
    """Return whether every value of *narrow* is one of *wide*: the rule by which includes take inputs, and one more.

    It never says yes where a value would be refused. Two patterns that differ are taken for two that part.
    """
    if wide.kind == "json" and _holds_dates(narrow):
        return False  # an include gets them as the texts that they are by then; who calls has dates
    try:
        check_included((Input(name="it", type=wide),), (Input(name="it", type=narrow),), "it")
    except InvalidPrompt:
        return False
    return True


def _holds_dates(kind_of: InputType) -> bool:
    parts = (kind_of.items, *(each.type for each in kind_of.properties))
    return kind_of.kind in ("date", "datetime") or any(_holds_dates(part) for part in parts if part)


def beyond(narrow: InputType, wide: InputType) -> str:
    """Return what *wide* takes and *narrow* refuses, such as `None`, `'plain'` or `text of more than 80 characters`."""
    return next(_beyond(narrow, wide), _KINDS.get(wide.kind, "other values"))


def _beyond(narrow: InputType, wide: InputType) -> Iterator[str]:
    if wide.nullable and not narrow.nullable and narrow.kind != "json":
        yield "None"
    if narrow.kind == "json":
        yield f"{_KINDS.get(wide.kind, 'values')}, which are no plain data"
    if wide.kind == "enum":
        for value in wide.values:
            if not accepts(narrow, InputType(kind="enum", values=(value,), nullable=narrow.nullable)):
                yield shown(value)
    if narrow.kind == "enum":
        yield f"{_KINDS.get(wide.kind, 'values')} other than {describe(narrow).removeprefix('one of ')}"
    if narrow.kind == wide.kind or (narrow.kind, wide.kind) == ("float", "integer"):
        yield from _past_limits(narrow, wide)
    yield f"{_KINDS.get(wide.kind, 'other values')}, not {describe(narrow)}"


def _past_limits(narrow: InputType, wide: InputType) -> Iterator[str]:
    if narrow.pattern is not None and narrow.pattern != wide.pattern:
        yield f"text that the pattern {shown(narrow.pattern)} does not fit"
    if narrow.ge is not None and (wide.ge is None or moment(wide.kind, wide.ge) < moment(narrow.kind, narrow.ge)):
        yield f"less than {narrow.ge}"
    if narrow.le is not None and (wide.le is None or moment(wide.kind, wide.le) > moment(narrow.kind, narrow.le)):
        yield f"more than {narrow.le}"
    size, unit = _SIZES.get(narrow.kind, ""), _UNITS.get(narrow.kind, "items")
    if (narrow.min_length or 0) > (wide.min_length or 0):
        yield f"{size} fewer than {narrow.min_length} {unit}".strip()
    if narrow.max_length is not None and (wide.max_length is None or wide.max_length > narrow.max_length):
        yield f"{size} more than {narrow.max_length} {unit}".strip()
