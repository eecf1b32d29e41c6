"""Types in words, for errors and for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.inputs.demographic import demographics

if TYPE_CHECKING:
    from promptlib.inputs.grammar import Input, InputType

_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "float": "a number",
    "boolean": "true or false",
    "date": "a date",
    "datetime": "a date and time",
    "json": "any plain data",
    "thread": "list of messages",
    "image": "an image",
    "file": "a file",
}
_MANY = {
    "string": "texts",
    "integer": "whole numbers",
    "float": "numbers",
    "date": "dates",
    "datetime": "dates and times",
    "image": "images",
    "file": "files",
}
_LONGEST = 80
INPUTS_ALONE = "an input tells a group, because a variant gives it; take the demographic out of the answer"
_MOST = 12


def describe(kind_of: InputType) -> str:
    """Return *kind_of* in a few words, such as `text of at most 80 characters` or `one of 'warm', 'plain'`."""
    words = _described(kind_of) + _limits(kind_of) + _lengths(kind_of)
    if kind_of.pattern is not None:
        words += f" that matches {shown(kind_of.pattern)}"
    return f"{words}, or None" if kind_of.nullable else words


def described(declared: Input) -> str:
    """Return *declared* with its type and, where it has one, its default: `tone: text (default 'plain')`."""
    default = "" if declared.required else f" (default {shown(declared.default)})"
    return f"{declared.name}: {describe(declared.type)}{default}"


def groups_told(declared: Input) -> tuple[str, ...]:
    """Return what *declared* and what is inside of it tell of a person's group: `tells gender, as name`."""
    return tuple(
        f"{'' if name == declared.name else f'{name} '}tells {each}" for name, each in demographics((declared,)).items()
    )


def shown(value: object) -> str:
    """Return *value* as Python writes it, in at most 80 characters."""
    if isinstance(value, str):
        # A cut before the repr: the text may be as long as a book.
        value = value[: _LONGEST + 1]
    text = repr(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _described(kind_of: InputType) -> str:
    match kind_of.kind:
        case "enum":
            first = ", ".join(map(shown, kind_of.values[:_MOST]))
            more = f", … ({len(kind_of.values)} in all)" if len(kind_of.values) > _MOST else ""
            return f"one of {first}{more}" if len(kind_of.values) > 1 else first
        case "array" if kind_of.items is not None:
            return f"list of {_inner(kind_of.items)}"
        case "map" if kind_of.items is not None:
            return f"mapping from texts to {_inner(kind_of.items)}"
        case "object":
            names = ", ".join(each.name for each in kind_of.properties)
            return f"an object with {names}" if names else "an object without properties"
    return _WORDS[kind_of.kind]


def _inner(items: InputType) -> str:
    words = describe(items)
    many = _MANY.get(items.kind, "")
    if many and words == _WORDS[items.kind]:
        return many
    return f"({words})" if "," in words or " of " in words else words


def _limits(kind_of: InputType) -> str:
    if kind_of.ge is not None and kind_of.le is not None:
        return f" from {kind_of.ge} to {kind_of.le}"
    if kind_of.ge is not None:
        return f", at least {kind_of.ge}"
    return f", at most {kind_of.le}" if kind_of.le is not None else ""


def _lengths(kind_of: InputType) -> str:
    low, high = kind_of.min_length, kind_of.max_length
    unit = {"string": "characters", "thread": "messages"}.get(kind_of.kind, "items")
    before = " of" if kind_of.kind == "string" else ","
    if low is not None and high is not None:
        return f"{before} {low} to {high} {unit}"
    if low is not None:
        return f"{before} at least {low} {unit}"
    return f"{before} at most {high} {unit}" if high is not None else ""
