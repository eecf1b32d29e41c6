"""From what a model's field holds to what a template gets: plain, exact and nobody's code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from itertools import islice
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import BaseModel

from promptlib.errors import InvalidInputs, InvalidPrompt
from promptlib.inputs.conforming import attachment, attachment_to_plain
from promptlib.inputs.wording import describe, shown
from promptlib.messages import File, Image, Message, to_plain
from promptlib.plain import DEEPEST, Plain, freeze, thaw

if TYPE_CHECKING:
    from promptlib.inputs.grammar import Input, InputType

T = TypeVar("T")

#: Items of one list, and of all lists and mappings in one value: no prompt has room for more.
MOST_ITEMS = 1_000_000

#: Characters of a key that an error's text tells.
LONGEST_NAME = 80

#: A value to a plain value; raises `InvalidInputs` for a value of another kind.
Converter = Callable[[object], object]

#: A name, the exact type that needs no conversion, and the conversion of anything else.
Row = tuple[str, type, Converter]


class _Nothing:
    """The exact type of no value: where every value is converted."""


def rows_of(stored: Iterable[Input], given: Iterable[Input], prefix: str) -> tuple[tuple[Row, ...], tuple[Input, ...]]:
    """Return how each field of *given* becomes an input of *stored*, and the inputs that no field gives."""
    fields = {each.name: each.type for each in given}
    rows, missing = [], []
    for each in stored:
        if each.name in fields:
            path = f"{prefix}{each.name}"
            rows.append((each.name, *converter(each.type, fields[each.name], path)))
        else:
            missing.append(each)
    return tuple(rows), tuple(missing)


def read(state: Mapping[str, object], rows: tuple[Row, ...], missing: tuple[Input, ...]) -> dict[str, object]:
    """Return the plain values of an instance's *state*; a value of an exact type is passed on as it is."""
    values: dict[str, object] = {}
    try:
        for name, exact, convert in rows:
            value = state[name]
            values[name] = value if type(value) is exact else convert(value)
    except KeyError as error:
        raise InvalidInputs(
            f"the instance has no value for {error.args[0]!r}", hint="model_construct skips the checks: call the class"
        ) from error
    for each in missing:
        values[each.name] = template_value(each.type, each.default)
    return values


def converter(stored: InputType, given: InputType, path: str) -> tuple[type, Converter]:
    """Return the exact type and the conversion for a field of type *given*, stored as *stored*."""
    exact: type
    if stored.kind == "float":
        exact, convert = _Nothing, _float(stored, path)
    else:
        exact, convert = _by_kind(given if stored.kind == "json" else stored, given, path)
    if given.nullable:
        return exact, lambda value: None if value is None else convert(value)
    return exact, convert


def _by_kind(  # noqa: PLR0911 - one row for each kind
    stored: InputType, given: InputType, path: str
) -> tuple[type, Converter]:
    match given.kind:
        case "string" | "integer" | "boolean":
            exact: type = {"string": str, "integer": int, "boolean": bool}[given.kind]
            return exact, lambda value: _exact(value, exact, given, path)
        case "float":
            return _Nothing, _float(given, path)
        case "date" | "datetime":
            return _Nothing, lambda value: _iso(value, given, path)
        case "enum":
            kinds = {type(each) for each in given.values}
            exact = kinds.pop() if len(kinds) == 1 else _Nothing
            return exact, lambda value: _member(value, given, path)
        case "array" | "map":
            return _Nothing, _container(stored, given, path)
        case "object":
            return _Nothing, _object(stored, given, path)
        case "thread":
            return _Nothing, lambda value: _thread(value, given, path)
        case "image" | "file":
            expected: type = Image if given.kind == "image" else File
            return _Nothing, lambda value: _instance(value, expected, given, path)
    return _Nothing, lambda value: _Plain().convert(value, path, 0)


def _refused(value: object, kind_of: InputType, path: str) -> InvalidInputs:
    return InvalidInputs(
        f"input {path!r} is {_shown_kind(value)}, not {describe(kind_of)}",
        hint="the model's own checks were passed by: by model_construct, a validator, or an attribute that was set",
    )


def _shown_kind(value: object) -> str:
    return shown(value) if value is None or type(value) in (str, int, float, bool) else f"a {type(value).__name__}"


def _exact(value: object, exact: type, kind_of: InputType, path: str) -> object:
    """Return *value* without its subclass: `str` and `int` of somebody's own can run code in a template."""
    # The type itself: what an object says of its class may be a lie.
    if issubclass(type(value), exact) and not (exact is int and type(value) is bool):
        return bared(value)
    raise _refused(value, kind_of, path)


def bared(value: object) -> object:
    """Return a text or number without its subclass; anything else as it is."""
    # The methods of the built-in types themselves: a subclass's own could answer anything.
    kind = type(value)
    if issubclass(kind, str):
        return str.__str__(cast("str", value))
    if kind is bool:
        return value
    if issubclass(kind, int):
        return int.__int__(cast("int", value))
    return float.__float__(cast("float", value)) if issubclass(kind, float) else value


def _float(kind_of: InputType, path: str) -> Converter:
    def convert(value: object) -> float:
        if isinstance(value, Enum):
            value = value.value
        if isinstance(value, int | float) and not isinstance(value, bool):
            number = float.__float__(value) if isinstance(value, float) else float(int.__int__(value))
            if isfinite(number):
                return number
        raise _refused(value, kind_of, path)

    return convert


def _iso(value: object, kind_of: InputType, path: str) -> str:
    if isinstance(value, datetime) and kind_of.kind == "datetime":
        return datetime.isoformat(value)
    if isinstance(value, date) and not isinstance(value, datetime) and kind_of.kind == "date":
        return date.isoformat(value)
    raise _refused(value, kind_of, path)


def _member(value: object, kind_of: InputType, path: str) -> object:
    bare = bared(value.value if isinstance(value, Enum) else value)
    if type(bare) in (str, int, float, bool):
        return bare
    raise _refused(value, kind_of, path)


def _container(stored: InputType, given: InputType, path: str) -> Converter:
    exact, convert = converter(cast("InputType", stored.items), cast("InputType", given.items), f"{path}[]")

    def items(value: object) -> list[object]:
        if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
            return [item if type(item) is exact else convert(item) for item in _held(value, path)]
        raise _refused(value, given, path)

    def entries(value: object) -> dict[str, object]:
        pairs = _pairs(value, path) if isinstance(value, Mapping) else [(None, None)]
        if all(issubclass(type(key), str) for key, _ in pairs):
            return {
                str.__str__(cast("str", key)): item if type(item) is exact else convert(item) for key, item in pairs
            }
        raise _refused(value, given, path)

    return items if given.kind == "array" else entries


def _held(value: Sequence[object], path: str) -> Sequence[object]:
    """Return what a list or tuple holds, whatever its subclass says; raises `InvalidInputs` for more than may be."""
    if type(value) in (list, tuple):
        found = value
    elif issubclass(type(value), list):
        found = list(list.__iter__(cast("list[object]", value)))
    elif issubclass(type(value), tuple):
        found = list(tuple.__iter__(cast("tuple[object, ...]", value)))
    else:
        found = list(islice(value, MOST_ITEMS + 1))
    if len(found) > MOST_ITEMS:
        raise _too_many(path)
    return found


def _pairs(value: Mapping[Any, object], path: str) -> list[tuple[object, object]]:
    """Return the keys and values of a mapping, whatever its subclass says; raises `InvalidInputs` for too many."""
    if issubclass(type(value), dict):
        found = list(dict.items(cast("dict[object, object]", value)))
    else:
        found = list(islice(value.items(), MOST_ITEMS + 1))
    if len(found) > MOST_ITEMS:
        raise _too_many(path)
    return found


def _too_many(path: str) -> InvalidInputs:
    hint = "give the part that the prompt needs, or render row by row"
    return InvalidInputs(f"input {path!r} holds more than {MOST_ITEMS:,} items", hint=hint)


def _object(stored: InputType, given: InputType, path: str) -> Converter:
    rows, missing = rows_of(stored.properties, given.properties, f"{path}.")

    def convert(value: object) -> object:
        if isinstance(value, BaseModel):
            return read(value.__dict__, rows, missing)
        raise _refused(value, given, path)

    return convert


def _thread(value: object, kind_of: InputType, path: str) -> tuple[Message, ...]:
    if isinstance(value, list | tuple):
        messages = value if type(value) is tuple else tuple(value)
        for each in messages:
            if type(each) is not Message:
                raise _refused(each, kind_of, path)
        return messages
    raise _refused(value, kind_of, path)


def _instance(value: object, expected: type, kind_of: InputType, path: str) -> object:
    if type(value) is expected:
        return value
    raise _refused(value, kind_of, path)


class _Plain:
    """Data of any shape on its way to exact built-in types, and how many items it has held so far."""

    __slots__ = ("_items",)

    def __init__(self) -> None:
        self._items = 0

    def convert(self, value: object, path: str, depth: int) -> object:
        """Return *value* as None, bool, int, float, str, list or dict; what is no plain data is refused."""
        kind = type(value)
        if value is None or kind is str or kind is int or kind is bool:
            return value
        if depth > DEEPEST:
            raise InvalidInputs(f"input {path!r} is nested deeper than {DEEPEST} levels", hint="or it holds itself")
        if isinstance(value, Enum):
            return self.convert(value.value, path, depth + 1)
        if issubclass(kind, float) and not isfinite(cast("float", value)):
            what = f"input {path!r} holds {float.__float__(cast('float', value))}, which is no JSON number"
            raise InvalidInputs(what, hint="leave it out, or use None")
        if issubclass(kind, str | int | float):
            return bared(value)
        if issubclass(kind, Mapping):
            pairs = self._counted(_pairs(cast("Mapping[Any, object]", value), path), path)
            named = [(_key(key, path), item) for key, item in pairs]
            return {key: self.convert(item, f"{path}.{key[:LONGEST_NAME]}", depth + 1) for key, item in named}
        if issubclass(kind, list | tuple):
            items = self._counted(_held(cast("Sequence[object]", value), path), path)
            return [self.convert(item, f"{path}[{at}]", depth + 1) for at, item in enumerate(items)]
        raise InvalidInputs(
            f"input {path!r} is a {kind.__name__}, not plain data",
            hint="plain data is None, bool, int, float, str, and lists and mappings of these",
        )

    def _counted(self, items: Sequence[T], path: str) -> Sequence[T]:
        # A list that holds one list twice, which holds one twice …, is small, and endless to go through.
        self._items += len(items)
        if self._items > MOST_ITEMS:
            raise _too_many(path)
        return items


def _key(key: object, path: str) -> str:
    if issubclass(type(key), str):
        return str.__str__(cast("str", key))
    raise InvalidInputs(f"input {path!r} has a key that is no text: {shown(key)}", hint="keys are texts, as in JSON")


def template_value(kind_of: InputType, plain: Plain) -> Any:  # noqa: ANN401 - whatever the template gets
    """Return what a template gets for the plain form of a default; containers are made anew each time."""
    if plain is None:
        return None
    match kind_of.kind, plain:
        case (("image" | "file"), _):
            return attachment(kind_of, plain)
        case "thread", tuple():
            return tuple(Message.of(thaw(item)) for item in plain)
        case "array", tuple() if kind_of.items is not None:
            items = kind_of.items
            return [template_value(items, item) for item in plain]
        case "map", Mapping() if kind_of.items is not None:
            items = kind_of.items
            return {key: template_value(items, item) for key, item in plain.items()}
        case "object", Mapping():
            return {each.name: template_value(each.type, plain[each.name]) for each in kind_of.properties}
    return thaw(plain)


def plain_default(kind_of: InputType, value: object) -> Plain:
    """Return a field's default as plain data; raises `InvalidPrompt` when it is no value of its type."""
    try:
        exact, convert = converter(kind_of, kind_of, "default")
        plain = _untemplated(value if type(value) is exact else convert(value))
    except InvalidInputs as error:
        hint = "write X | None for an input that may be None" if value is None else "change the default or the type"
        raise InvalidPrompt(_of_default(error.what), hint=hint) from error
    return freeze(plain, what="default")


def plain_value(value: object, what: str) -> Plain:
    """Return what a template gets as plain data, the way back from `template_value`; raises `InvalidInputs`."""
    try:
        return freeze(_untemplated(value), what=what)
    except InvalidPrompt as error:
        raise InvalidInputs(error.what, hint=error.hint) from error


def _of_default(what: str) -> str:
    return what.replace("input 'default'", "its default", 1).replace("input 'default", "its default '", 1)


def _untemplated(value: object) -> object:
    if isinstance(value, Message):
        return to_plain(value)
    if isinstance(value, Image | File):
        return attachment_to_plain(value)
    if isinstance(value, dict):
        return {key: _untemplated(item) for key, item in value.items()}
    return [_untemplated(item) for item in value] if isinstance(value, list | tuple) else value
