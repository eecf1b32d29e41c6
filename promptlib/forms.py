"""The parts of a prompt, each brought into its one form; what is not right is named in the error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from promptlib.errors import InvalidPrompt
from promptlib.inputs import Input
from promptlib.inputs.grammar import checked_inputs
from promptlib.inputs.wording import INPUTS_ALONE, groups_told
from promptlib.plain import Frozen, freeze
from promptlib.segments import segment_of
from promptlib.trust import OWN, checked_trust

EMPTY: Any = Frozen()


def _mapping(value: object, what: str) -> Frozen:
    if not isinstance(value, Mapping):
        raise InvalidPrompt(f"{what} is a {type(value).__name__}, not a mapping", hint='such as {"name": "value"}')
    return cast("Frozen", freeze(value, what=what))


def _mappings(values: object, what: str) -> tuple[Frozen, ...]:
    if isinstance(values, str | Mapping) or not isinstance(values, Iterable):
        raise InvalidPrompt(f"{what} is a {type(values).__name__}, not a list", hint="give a list of mappings")
    return tuple(_mapping(value, f"{what}[{at}]") for at, value in enumerate(values))


def segments_form(values: object, what: str) -> Frozen:
    """Return segments by the names of their inputs, each a `Segment` or a mapping of its words, as plain data."""
    if not isinstance(values, Mapping):
        hint = 'such as {"history": Segment(priority=10)}'
        raise InvalidPrompt(f"{what} is a {type(values).__name__}, not a mapping", hint=hint)
    given = {name: segment_of(each, f"the segment {name!r:.80}").to_dict() for name, each in values.items()}
    return cast("Frozen", freeze(given, what=what))


def inputs_form(values: object, what: str) -> tuple[Input, ...]:
    """Return declarations as a tuple of inputs, each name once."""
    found = tuple(values) if isinstance(values, Iterable) else (values,)
    for value in found:
        if not isinstance(value, Input):
            raise InvalidPrompt(f"{what} holds a {type(value).__name__}", hint="give a pydantic model, or Input values")
        if what == "outputs" and (told := groups_told(value)):
            raise InvalidPrompt(f"the output {value.name!r} {told[0]}", hint=INPUTS_ALONE)
    return checked_inputs(found)


def _text(text: object, what: str) -> str:
    if not isinstance(text, str):
        raise InvalidPrompt(f"{what} is a {type(text).__name__}, not a text", hint="write it in quotes")
    return cast("str", freeze(text, what=what))


def _words(words: object, what: str) -> tuple[str, ...]:
    if isinstance(words, str) or not isinstance(words, Iterable):
        raise InvalidPrompt(f"{what} is a {type(words).__name__}, not a list of texts", hint='such as ["support"]')
    found = tuple(words)
    if any(not isinstance(word, str) for word in found):
        raise InvalidPrompt(f"{what} holds something that is no text", hint='such as ["support"]')
    return cast("tuple[str, ...]", freeze(found, what=what))


def _trust(value: object, what: str) -> str:  # noqa: ARG001 - the error names the word by itself
    return checked_trust(value)


#: The parts besides the messages: name, the default, which needs no look, and what brings a value into its form.
FORMS: tuple[tuple[str, object, Callable[[object, str], object]], ...] = (
    ("settings", EMPTY, _mapping),
    ("includes", EMPTY, _mapping),
    ("segments", EMPTY, segments_form),
    ("extra", EMPTY, _mapping),
    ("inputs", (), inputs_form),
    ("outputs", (), inputs_form),
    ("tools", (), _mappings),
    ("tags", (), _words),
    ("authors", (), _words),
    ("description", "", _text),
    ("renamed_from", "", _text),
    ("trust", OWN, _trust),
)
