"""From the grammar to a pydantic model."""

from __future__ import annotations

import datetime as dt
import warnings
from functools import lru_cache
from types import GenericAlias
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AllowInfNan, BaseModel, BeforeValidator, ConfigDict, Field, Strict, WrapValidator, create_model
from pydantic_core import PydanticCustomError

from promptlib.forking import ForkableLock
from promptlib.inputs.conforming import attachment
from promptlib.inputs.limits import parsed_moment
from promptlib.inputs.remembering import ByIdentity
from promptlib.messages import File, Image, Message
from promptlib.plain import Frozen, Plain, thaw

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptlib.inputs.grammar import Input, InputType

_CONFIG = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())
_WARNINGS = ForkableLock()


_MODELS: ByIdentity[type[BaseModel]] = ByIdentity()


def model_of(inputs: tuple[Input, ...], *, name: str = "Inputs") -> type[BaseModel]:
    """Return a frozen pydantic model of *inputs* that forbids unknown names; the same one for equal inputs.

    It takes what the grammar says and coerces nothing, but for four spellings that lose nothing: a whole number for
    a float, ISO text for a date or datetime, a list for an array or a thread, a mapping for an object.
    """
    return _MODELS.find(inputs, name) or _MODELS.keep(inputs, name, _model_of(inputs, name))


@lru_cache(maxsize=512)
def _model_of(inputs: tuple[Input, ...], name: str) -> type[BaseModel]:
    fields: dict[str, Any] = {each.name: (_annotation(each.type, each.name), _field(each)) for each in inputs}
    if any(hasattr(BaseModel, each) for each in fields):
        # pydantic warns about inputs such as `json` and `schema`, which hide methods that nobody calls here.
        with _WARNINGS, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return create_model(name, __config__=_CONFIG, **fields)
    return create_model(name, __config__=_CONFIG, **fields)


def _field(declared: Input) -> Any:  # noqa: ANN401 - what pydantic's Field returns
    description = declared.description or None
    if declared.required:
        return Field(description=description)
    return Field(default=value_of(declared.type, declared.default, declared.name), description=description)


def value_of(kind_of: InputType, plain: Plain, name: str) -> object:
    """Return the value that a field built for *kind_of* holds for the plain form *plain*."""
    if plain is None or kind_of.kind == "json":
        return thaw(plain)
    match kind_of.kind:
        case "date" | "datetime":
            return parsed_moment(kind_of.kind, plain)
        case "image" | "file":
            return attachment(kind_of, plain)
        case "thread" if isinstance(plain, tuple):
            return tuple(Message.of(thaw(item)) for item in plain)
        case "array" if isinstance(plain, tuple) and kind_of.items is not None:
            items = kind_of.items
            return tuple(value_of(items, item, name) for item in plain)
        case "map" if isinstance(plain, Frozen) and kind_of.items is not None:
            items = kind_of.items
            return {key: value_of(items, item, name) for key, item in plain.items()}
        case "object" if isinstance(plain, Frozen):
            values = {each.name: value_of(each.type, plain[each.name], each.name) for each in kind_of.properties}
            return model_of(kind_of.properties, name=name).model_validate(values)
    return plain


def _annotation(kind_of: InputType, name: str) -> Any:  # noqa: ANN401 - types made at run time have no type
    beside: Any = (_bare(kind_of, name), *_checks(kind_of))
    annotation: Any = Annotated[beside]
    return annotation | None if kind_of.nullable else annotation


_SCALARS: dict[str, Any] = {
    "string": str,
    "integer": int,
    "float": float,
    "boolean": bool,
    "date": dt.date,
    "datetime": dt.datetime,
    "json": Any,
    "image": Image,
    "file": File,
    "thread": tuple[Message, ...],
}


def _bare(kind_of: InputType, name: str) -> Any:  # noqa: ANN401 - types made at run time have no type
    match kind_of.kind:
        case "enum":
            return Literal[kind_of.values]
        case "array" if kind_of.items is not None:
            return GenericAlias(tuple, (_annotation(kind_of.items, name), ...))
        case "map" if kind_of.items is not None:
            return GenericAlias(dict, (str, _annotation(kind_of.items, name)))
        case "object":
            return model_of(kind_of.properties, name=name)
    return _SCALARS[kind_of.kind]


def _checks(kind_of: InputType) -> tuple[object, ...]:
    """Return what stands beside the bare type: limits, strictness, and the spellings that are taken all the same."""
    bounds: dict[str, Any] = {"min_length": kind_of.min_length, "max_length": kind_of.max_length}
    if kind_of.kind in ("date", "datetime"):
        bounds |= {name: limit and parsed_moment(kind_of.kind, limit) for name, limit in _limits(kind_of)}
    else:
        bounds |= dict(_limits(kind_of))
    given = {name: bound for name, bound in bounds.items() if bound is not None}
    if kind_of.pattern is not None:
        given["pattern"] = kind_of.pattern
    checks: list[object] = [Field(**given)] if given else []
    if kind_of.kind not in ("enum", "json", "object", "image", "file"):
        checks.insert(0, Strict())
    if kind_of.kind == "float":
        checks.append(AllowInfNan(allow_inf_nan=False))
    if spelling := _SPELLINGS.get(kind_of.kind):
        checks.append(BeforeValidator(spelling))
    if kind_of.kind == "enum" and not all(isinstance(value, str) for value in kind_of.values):
        checks.append(WrapValidator(_of_a_kind(kind_of.values)))
    # An annotation needs something beside the type; a description says nothing to pydantic's validation.
    return tuple(checks) or (kind_of.kind,)


def _limits(kind_of: InputType) -> tuple[tuple[str, int | float | str | None], ...]:
    return ("ge", kind_of.ge), ("le", kind_of.le)


def _from_text(kind: Literal["date", "datetime"]) -> Callable[[object], object]:
    def read(value: object) -> object:
        return parsed_moment(kind, value) if isinstance(value, str) else value

    return read


def _of_a_kind(values: tuple[Plain, ...]) -> Callable[[object, Callable[[object], object]], object]:
    """Numbers carry their kind: to pydantic's own rule 1, 1.0 and True are one value, and it gives back any of them."""

    def read(value: object, inner: Callable[[object], object]) -> object:
        found = inner(value)
        if type(value) not in (int, float, bool):
            return found
        if not any(value == each and type(value) is type(each) for each in values):
            raise PydanticCustomError("kind_of_number", "1, 1.0 and true are three values")
        return value

    return read


def _from_list(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


_SPELLINGS: dict[str, Callable[[object], object]] = {
    "date": _from_text("date"),
    "datetime": _from_text("datetime"),
    "array": _from_list,
    "thread": _from_list,
}
