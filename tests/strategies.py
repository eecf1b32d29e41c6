"""Arbitrary parts of prompts, for property tests."""

from __future__ import annotations

import string
from datetime import UTC
from typing import TYPE_CHECKING, Any

from hypothesis import settings
from hypothesis import strategies as st

from promptlib.inputs import RESERVED, Input, InputType

if TYPE_CHECKING:
    from promptlib.inputs import Kind


def fewer(part: int) -> settings:
    """One in *part* of the examples that the profile asks for, where each of them is dear; soak asks for thousands."""
    return settings(max_examples=settings().max_examples // part)


#: Names as they stand in templates, among them words of Python and names that pydantic's own methods have.
names_strategy = st.one_of(
    st.text(string.ascii_lowercase, min_size=1, max_size=6),
    st.sampled_from(["class", "json", "schema", "copy", "Größe", "名前", "x_1", "model_dump", "items", "values"]),
).filter(lambda name: name not in RESERVED)

text_strategy = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
integers_strategy = st.integers(-(2**53 - 1), 2**53 - 1)
floats_strategy = st.floats(allow_nan=False, allow_infinity=False)

#: Any plain data, as JSON has it.
plain_strategy = st.recursive(
    st.none() | st.booleans() | integers_strategy | floats_strategy | text_strategy,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text_strategy, inner, max_size=3),
    max_leaves=8,
)

messages_strategy = st.builds(
    lambda role, text: {"role": role, "content": text},
    st.sampled_from(["system", "developer", "user", "assistant", "tool"]),
    text_strategy,
)

#: Patterns with texts that they are found in.
_PATTERNS = {"^[a-z]*$": ["", "a", "zz"], r"^\d{2}": ["12", "345"], "é|x": ["é", "ax"]}


@st.composite
def _bounds(draw: st.DrawFn, low: str, high: str, numbers: st.SearchStrategy[Any]) -> dict[str, Any]:
    """Return none, one or both of two limits, in order."""
    first, second = sorted([draw(numbers), draw(numbers)])
    bounds = {low: first, high: second}
    return {name: bounds[name] for name in draw(st.sets(st.sampled_from([low, high])))}


def _lengths() -> st.SearchStrategy[dict[str, Any]]:
    return _bounds("min_length", "max_length", st.integers(1, 4))


_DATES = st.dates().map(lambda day: day.isoformat())
_DATETIMES = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat())
_SCALARS = ("string", "integer", "float", "boolean", "date", "datetime", "enum", "json", "thread", "image", "file")


@st.composite
def types_strategy(draw: st.DrawFn, depth: int = 2) -> InputType:
    """Return any type of the grammar."""
    kind: Kind = draw(st.sampled_from((*_SCALARS, "array", "map", "object") if depth else _SCALARS))
    parts: dict[str, Any] = {"nullable": draw(st.booleans())}
    match kind:
        case "string":
            pattern = {"pattern": draw(st.sampled_from(sorted(_PATTERNS)))}
            parts |= draw(st.one_of(_lengths(), st.just(pattern)))
        case "integer" | "float":
            parts |= draw(_bounds("ge", "le", integers_strategy if kind == "integer" else floats_strategy))
        case "date" | "datetime":
            parts |= draw(_bounds("ge", "le", _DATES if kind == "date" else _DATETIMES))
        case "enum":
            parts["values"] = tuple(draw(st.lists(_enum_values, min_size=1, max_size=4, unique_by=repr)))
        case "array" | "map":
            parts |= {"items": draw(types_strategy(depth - 1)), **draw(_lengths())}
        case "object":
            parts["properties"] = draw(inputs_strategy(depth - 1))
        case "thread":
            parts |= draw(_lengths())
    return InputType(kind=kind, **parts)


_enum_values = st.one_of(text_strategy, st.integers(-2, 2), st.booleans(), st.sampled_from([0.0, 1.0, 1.5]))


def values_strategy(kind_of: InputType) -> st.SearchStrategy[Any]:
    """Return plain values that *kind_of* accepts."""
    accepted = _accepted(kind_of)
    return st.none() | accepted if kind_of.nullable else accepted


def _accepted(kind_of: InputType) -> st.SearchStrategy[Any]:  # noqa: C901, PLR0911 - one row for each kind
    low, high = kind_of.min_length or 0, 5 if kind_of.max_length is None else kind_of.max_length
    match kind_of.kind:
        case "string" if kind_of.pattern is not None:
            return st.sampled_from(_PATTERNS[kind_of.pattern])
        case "string":
            return st.text(st.characters(exclude_categories=["Cs"]), min_size=low, max_size=high)
        case "integer" | "float" | "date" | "datetime":
            return _ordered(kind_of)
        case "boolean":
            return st.booleans()
        case "enum":
            return st.sampled_from(kind_of.values)
        case "json":
            return plain_strategy
        case "thread":
            return st.lists(messages_strategy, min_size=low, max_size=high)
        case "array" if kind_of.items is not None:
            return st.lists(values_strategy(kind_of.items), min_size=low, max_size=high)
        case "map" if kind_of.items is not None:
            return st.dictionaries(text_strategy, values_strategy(kind_of.items), min_size=low, max_size=high)
        case "image":
            return st.builds(lambda url: {"url": url, "detail": "low"}, text_strategy)
        case "file":
            return st.builds(lambda url, name: {"url": url, "name": name}, text_strategy, text_strategy)
    return st.fixed_dictionaries({each.name: values_strategy(each.type) for each in kind_of.properties})


def _ordered(kind_of: InputType) -> st.SearchStrategy[Any]:
    limits = [limit for limit in (kind_of.ge, kind_of.le) if limit is not None]
    if limits:
        return st.sampled_from(limits)
    return {"integer": integers_strategy, "float": floats_strategy, "date": _DATES, "datetime": _DATETIMES}[
        kind_of.kind
    ]


@st.composite
def inputs_strategy(draw: st.DrawFn, depth: int = 2, max_size: int = 4) -> tuple[Input, ...]:
    """Return any declaration of the grammar: names, types, limits, defaults and descriptions."""
    found = draw(st.lists(names_strategy, unique=True, max_size=max_size))
    return tuple(draw(_input(name, depth)) for name in found)


@st.composite
def _input(draw: st.DrawFn, name: str, depth: int) -> Input:
    kind_of = draw(types_strategy(depth))
    description = draw(st.sampled_from(["", "what it is for"]))
    if draw(st.booleans()):
        return Input(name=name, type=kind_of, description=description)
    default = draw(values_strategy(kind_of))
    return Input(name=name, type=kind_of, required=False, default=default, description=description)
