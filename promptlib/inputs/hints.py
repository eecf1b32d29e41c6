"""What to write instead of a type that is outside the grammar."""

from __future__ import annotations

import types
from dataclasses import is_dataclass
from typing import TypeVar, Union, get_args, get_origin

from promptlib.messages import Message

KINDS = (
    "inputs are str, int, float, bool, date, datetime, Literal or Enum, list[X], dict[str, X], a BaseModel, Any, "
    "Thread, Image, File, and X | None of these"
)

#: By the name of the type, because importing ten modules to say no would be dear.
_INSTEAD = {
    "Decimal": "write float, or str where every digit counts",
    "Fraction": "write float",
    "complex": "write str",
    "UUID": "write str",
    "bytes": "write str, or File for a document",
    "bytearray": "write str, or File for a document",
    "Path": "write str; a prompt reads no files",
    "PosixPath": "write str; a prompt reads no files",
    "time": "write str, or datetime",
    "timedelta": "write int or float, and say the unit in the name",
    "set": "write list[...]: the order of what a model reads matters",
    "frozenset": "write list[...]: the order of what a model reads matters",
    "SecretStr": "write str only if it may be sent: a prompt's text is seen by whoever reads the model's input",
    "SecretBytes": "a secret does not belong in a prompt",
    "Message": "write Thread, a tuple of messages",
    "Text": "write str",
    "EmailStr": "write str, with a pattern if need be",
    "object": "write Any for data of any shape",
}


def hint_for(annotation: object) -> str:
    """Return what to write instead of *annotation*, in one line."""
    origin, arguments = get_origin(annotation) or annotation, get_args(annotation)
    if isinstance(annotation, TypeVar):
        return "give the type: Model[str] instead of Model"
    if origin in (Union, types.UnionType):
        if set(arguments) - {type(None)} == {int, float}:
            return "write float: it takes whole numbers too"
        return "write one type, an input for each, or Any for plain data of any shape"
    if origin is tuple and Message not in arguments:
        return "write list[X], or a BaseModel with a field for each place"
    if origin is dict or (len(arguments) == 2 and origin is not tuple and arguments[0] is not str):  # noqa: PLR2004 - key and value
        return "write dict[str, X]: keys are texts, as in JSON"
    if isinstance(origin, type) and _has_fields(origin):
        return "write it as a BaseModel"
    return _INSTEAD.get(getattr(origin, "__name__", ""), KINDS)


def _has_fields(kind: type) -> bool:
    """Whether *kind* is a dataclass, a TypedDict or a NamedTuple of the user's."""
    if kind.__module__.partition(".")[0] == "promptlib":
        return False
    return is_dataclass(kind) or hasattr(kind, "__total__") or hasattr(kind, "_fields")
