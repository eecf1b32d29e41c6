"""Plain data against a type: what a default, or a value of an enum, has to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.errors import InvalidInputs, InvalidPrompt
from promptlib.inputs.limits import matches, moment, parsed_moment
from promptlib.inputs.wording import describe, shown
from promptlib.messages import File, Image, Message, to_plain
from promptlib.plain import Frozen, freeze, thaw
from promptlib.plain import canonical as text_of

if TYPE_CHECKING:
    from promptlib.inputs.grammar import InputType
    from promptlib.plain import Plain


def conform(kind_of: InputType, value: object, what: str) -> Plain:
    """Return *value* in the one plain form of its type; raises `InvalidPrompt`, naming the place inside *what*.

    An integer becomes the float that a float input holds, ISO text is spelt one way, an object gets the defaults of
    the properties that it leaves out, messages take the shape of chat APIs.
    """
    return _conform(kind_of, freeze(value, what=what), what)


def _conform(kind_of: InputType, value: Plain, what: str) -> Plain:
    if kind_of.kind == "json" or (value is None and kind_of.nullable):
        return value
    match kind_of.kind:
        case "string" | "integer" | "float" | "boolean" | "date" | "datetime":
            return _scalar(kind_of, value, what)
        case "enum":
            return _member(kind_of, value, what)
        case "array" | "map":
            return _container(kind_of, value, what)
        case "object":
            return _object(kind_of, value, what)
        case "thread":
            return _thread(kind_of, value, what)
    return _attachment(kind_of, value, what)


def _refused(kind_of: InputType, value: object, what: str) -> InvalidPrompt:
    return InvalidPrompt(f"{what} is {shown(value)}, not {describe(kind_of)}", hint="change the value or the type")


_EXACT = {"string": str, "integer": int, "float": float, "boolean": bool}


def _scalar(kind_of: InputType, value: Plain, what: str) -> Plain:
    if kind_of.kind in ("date", "datetime"):
        try:
            value = parsed_moment(kind_of.kind, value).isoformat()
        except ValueError as error:
            raise _refused(kind_of, value, what) from error
    elif kind_of.kind == "float" and type(value) is int:
        value = float(value)
    elif type(value) is not _EXACT[kind_of.kind]:
        raise _refused(kind_of, value, what)
    if not isinstance(value, int | float | str) or not within(kind_of, value):
        raise _refused(kind_of, value, what)
    return value


def within(kind_of: InputType, value: float | str) -> bool:
    """Return whether a scalar of the right kind keeps the limits."""
    if isinstance(value, str) and kind_of.kind == "string":
        return _has_length(kind_of, len(value)) and (kind_of.pattern is None or matches(kind_of.pattern, value))
    at, low, high = moment(kind_of.kind, value), kind_of.ge, kind_of.le
    return (low is None or moment(kind_of.kind, low) <= at) and (high is None or at <= moment(kind_of.kind, high))


def _has_length(kind_of: InputType, length: int) -> bool:
    return (kind_of.min_length or 0) <= length and (kind_of.max_length is None or length <= kind_of.max_length)


def _member(kind_of: InputType, value: Plain, what: str) -> Plain:
    if text_of(value) not in map(text_of, kind_of.values):
        raise _refused(kind_of, value, what)
    return value


def _container(kind_of: InputType, value: Plain, what: str) -> Plain:
    items = kind_of.items
    fits = isinstance(value, tuple if kind_of.kind == "array" else Frozen)
    if items is None or not isinstance(value, tuple | Frozen) or not fits or not _has_length(kind_of, len(value)):
        raise _refused(kind_of, value, what)
    if isinstance(value, tuple):
        return tuple(_conform(items, item, f"{what}[{at}]") for at, item in enumerate(value))
    return Frozen({key: _conform(items, item, f"{what}[{key!r}]") for key, item in value.items()})


def _object(kind_of: InputType, value: Plain, what: str) -> Plain:
    if not isinstance(value, Frozen):
        raise _refused(kind_of, value, what)
    names = [each.name for each in kind_of.properties]
    for name in value:
        if name not in names:
            raise InvalidPrompt(f"{what} has {name!r}, which its type has not", hint=f"it has: {', '.join(names)}")
    items = {}
    for each in kind_of.properties:
        if each.name in value:
            items[each.name] = _conform(each.type, value[each.name], f"{what}.{each.name}")
        elif each.required:
            raise InvalidPrompt(f"{what} lacks {each.name!r}", hint=f"give {describe(each.type)}")
        else:
            items[each.name] = each.default
    return Frozen(items)


def _thread(kind_of: InputType, value: Plain, what: str) -> Plain:
    if not isinstance(value, tuple) or not _has_length(kind_of, len(value)):
        raise _refused(kind_of, value, what)
    try:
        messages = [to_plain(Message.of(thaw(item))) for item in value]
    except (InvalidInputs, InvalidPrompt) as error:
        raise InvalidPrompt(f"{what} is no list of messages: {error.what}", hint=error.hint) from error
    return freeze(messages, what=what)


def _attachment(kind_of: InputType, value: Plain, what: str) -> Plain:
    plain = attachment_to_plain(attachment(kind_of, value))
    if plain is None:
        raise _refused(kind_of, value, what)
    return plain


def attachment(kind_of: InputType, value: Plain) -> Image | File | None:
    """Return the image or file that `{url: …}` says, or None when it says none."""
    match kind_of.kind, value:
        case "image", {"url": str(url), **rest} if rest.keys() <= {"detail"}:
            detail = rest.get("detail", "auto")
            return Image(url, detail) if detail in ("auto", "low", "high") else None
        case "file", {"url": str(url), **rest} if rest.keys() <= {"name"}:
            name = rest.get("name", "")
            return File(url, name) if isinstance(name, str) else None
    return None


def attachment_to_plain(part: object) -> Frozen | None:
    """Return an image or a file as plain data; None for anything else."""
    match part:
        case Image(url, detail):
            return Frozen({"url": url, "detail": detail})
        case File(url, name):
            return Frozen({"url": url, "name": name})
    return None
