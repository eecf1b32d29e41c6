"""Inputs in front matter: every declaration comes back, and what is wrong is told with its place."""

# ruff: noqa: ISC004 - tables of texts read best as they are

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from promptlib.codec.emitting import entries
from promptlib.codec.notes import MOST, Notes
from promptlib.codec.parsing import parse
from promptlib.codec.properties import PropertyReader, write_properties
from promptlib.codec.source import Source
from promptlib.errors import InvalidFile
from promptlib.inputs import Input, InputType
from promptlib.plain import Frozen
from tests.strategies import inputs_strategy


def declared(text: str, notes: Notes | None = None) -> tuple[tuple[Input, ...], dict[str, Any]]:
    source = Source(text, "x.prompty", 2)
    node = parse(source)
    assert isinstance(node.value, dict)
    return PropertyReader(source, notes or Notes()).read(node.value["inputs"], "inputs")


def one(text: str) -> Input:
    ((found,), _) = declared(f"inputs:\n  x: {text}\n")
    return found


@pytest.mark.no_cover
@given(inputs_strategy())
def test_every_declaration_comes_back(inputs: tuple[Input, ...]) -> None:
    notes = Notes()
    back, left = declared(entries({"inputs": write_properties(inputs)}), notes)
    assert back == inputs
    assert not left
    assert not notes.found


def x(kind_of: InputType, **parts: Any) -> Input:
    return Input(name="x", type=kind_of, **parts)


STRING = InputType(kind="string")
READ = {
    "{kind: string}": x(STRING),
    "{kind: string, description: why}": x(STRING, description="why"),
    "{kind: string, default: a}": x(STRING, required=False, default="a"),
    "{kind: string, required: true}": x(STRING),
    "{kind: string, required: false}": x(InputType(kind="string", nullable=True), required=False),
    "{kind: string, nullable: true}": x(InputType(kind="string", nullable=True)),
    "{kind: string, nullable: true, default: null}": x(InputType(kind="string", nullable=True), required=False),
    "{kind: string, minLength: 1, maxLength: 3, pattern: '^a'}": x(
        InputType(kind="string", min_length=1, max_length=3, pattern="^a")
    ),
    "{kind: integer, minimum: 1, maximum: 3, default: 2}": x(
        InputType(kind="integer", ge=1, le=3), required=False, default=2
    ),
    "{kind: float, default: 1}": x(InputType(kind="float"), required=False, default=1.0),
    "{kind: boolean}": x(InputType(kind="boolean")),
    "{kind: string, format: date, minimum: '2024-01-01'}": x(InputType(kind="date", ge="2024-01-01")),
    "{kind: string, format: date-time}": x(InputType(kind="datetime")),
    "{kind: string, enumValues: [warm, plain]}": x(InputType(kind="enum", values=("warm", "plain"))),
    "{kind: float, enumValues: [1, 2.5]}": x(InputType(kind="enum", values=(1.0, 2.5))),
    "{kind: enum, enumValues: [a, 1]}": x(InputType(kind="enum", values=("a", 1))),
    "{kind: array, items: {kind: string}, minItems: 1}": x(InputType(kind="array", items=STRING, min_length=1)),
    "{kind: array}": x(InputType(kind="array", items=InputType(kind="json"))),
    "{kind: object}": x(InputType(kind="map", items=InputType(kind="json"))),
    "{kind: object, additionalProperties: {kind: string}}": x(InputType(kind="map", items=STRING)),
    "{kind: object, properties: {y: {kind: string}}}": x(
        InputType(kind="object", properties=(Input(name="y", type=STRING),))
    ),
    "{kind: object, properties: [{name: y, kind: string}]}": x(
        InputType(kind="object", properties=(Input(name="y", type=STRING),))
    ),
    "{kind: object, properties: }": x(InputType(kind="object")),
    "{kind: json, required: false}": x(InputType(kind="json"), required=False),
    "{kind: thread}": x(InputType(kind="thread")),
    "{kind: thread, required: false}": x(InputType(kind="thread"), required=False, default=()),
    "{kind: thread, default: [{role: user, content: Hi}]}": x(
        InputType(kind="thread"), required=False, default=(Frozen({"role": "user", "content": "Hi"}),)
    ),
    "{kind: image}": x(InputType(kind="image")),
    "{kind: file}": x(InputType(kind="file")),
}


@pytest.mark.parametrize("text", READ)
def test_what_is_read(text: str) -> None:
    assert one(text) == READ[text]


def test_bare_values_are_examples_and_stay_in_the_file() -> None:
    inputs, left = declared("inputs:\n  a: Jane\n  b: 1\n  c: 1.5\n  d: true\n")
    assert [each.type.kind for each in inputs] == ["string", "integer", "float", "boolean"]
    assert all(each.required for each in inputs)
    assert left == {"a": {"example": "Jane"}, "b": {"example": 1}, "c": {"example": 1.5}, "d": {"example": True}}


def test_what_says_nothing_is_left_over_and_told() -> None:
    notes = Notes()
    _, left = declared(
        "inputs:\n  - name: a\n    kind: array\n    example: [1]\n    exmaple: 2\n    items:\n      kind: object\n"
        "      description: d\n      properties:\n        b:\n          kind: string\n          format: email\n",
        notes,
    )
    assert left == {
        "a": {"example": [1], "exmaple": 2, "items": {"description": "d", "properties": {"b": {"format": "email"}}}}
    }
    assert [str(note) for note in notes.found] == [
        "x.prompty:13:11: unknown key 'format' of an input: it is kept and says nothing: "
        "keys of your own belong under metadata",
        "x.prompty:6:5: unknown key 'exmaple' of an input: it is kept and says nothing: did you mean 'example'?",
    ]


def test_required_with_a_default_is_told() -> None:
    notes = Notes()
    (found,), _ = declared("inputs:\n  a: {kind: string, default: b, required: true}\n", notes)
    assert not found.required
    assert [note.what for note in notes.found] == ["'a' has a default, so it need not be given"]


def test_notes_end_somewhere() -> None:
    notes = Notes()
    keys = "".join(f"    key{at}: 1\n" for at in range(100))
    declared(f"inputs:\n  a:\n    kind: string\n{keys}", notes)
    assert len(notes.found) == MOST
    declared("inputs:\n  a: {kind: string, default: b, required: true}\n", notes)
    assert len(notes.found) == MOST


REFUSED = {
    "inputs: 1\n": ("inputs is no mapping of names", 2, 1, "kind: string"),
    "inputs:\n  - kind: string\n": ("an item of inputs has no name", 3, 3, "- name:"),
    "inputs:\n  - a\n": ("an item of inputs has no name", 3, 3, "- name:"),
    "inputs:\n  - {name: a, kind: string}\n  - {name: a, kind: string}\n": ("'a' is declared twice", 4, 6, "keep one"),
    "inputs:\n  a:\n": ("'a' has no declaration", 3, 3, "a: {kind: string}"),
    "inputs:\n  a: [1]\n": ("'a' has no declaration", 3, 3, "a: {kind: array}"),
    "inputs:\n  properties:\n  - name: a\n    kind: string\n": (
        "inputs holds its list one level too deep",
        3,
        3,
        "take `properties:` out",
    ),
    "inputs:\n  a: string\n": ("a bare value is an example text", 3, 6, "a: {kind: string}"),
    "inputs:\n  a: {type: string}\n": ("a declaration without kind", 3, 3, "write `kind:` for `type:`"),
    "inputs:\n  a: {}\n": ("a declaration without kind", 3, 3, "kinds: string, integer"),
    "inputs:\n  a: {kind: strin}\n": ("no kind of input 'strin'", 3, 13, "did you mean 'string'?"),
    "inputs:\n  a: {kind: audio}\n": ("no kind of input 'audio'", 3, 13, "declare a file"),
    "inputs:\n  a: {kind: date}\n": ("no kind of input 'date'", 3, 13, "format: date"),
    "inputs:\n  a: {kind: [x]}\n": ("kind is not a text", 3, 13, "write `kind: …`"),
    "inputs:\n  a: {kind: string, required: maybe}\n": ("required is not true or false", 3, 31, "required: true"),
    "inputs:\n  a: {kind: integer, default: x}\n": ("the default of 'a' is 'x'", 3, 22, "change the value or the type"),
    "inputs:\n  a: {kind: string, default: null}\n": (
        "the default of 'a' is None",
        3,
        21,
        "change the value or the type",
    ),
    "inputs:\n  _a: {kind: string}\n": ("the input '_a' begins with _", 3, 3, "begin the name with a letter"),
    "inputs:\n  budget: {kind: string}\n": ("'budget' cannot be the name of an input", 3, 3, "choose another word"),
    "inputs:\n  a: {kind: string, enumValues: x}\n": ("enumValues is a list", 3, 21, "one value a line"),
    "inputs:\n  a: {kind: array, enumValues: [x]}\n": ("enumValues is a list", 3, 20, "one value a line"),
    "inputs:\n  a: {kind: string, enumValues: [x, 1]}\n": ("1 is no string", 3, 37, "change the value or the kind"),
    "inputs:\n  a: {kind: enum}\n": ("needs values", 3, 3, "at least one"),
    "inputs:\n  a: {kind: array, items: string}\n": ("items have a declaration of their own", 3, 20, "kind: string"),
    "inputs:\n  a: {kind: string, pattern: '('}\n": ("pattern", 3, 3, ""),
    "inputs:\n  a: {kind: object, properties: 1}\n": ("properties is no mapping of names", 3, 21, "kind: string"),
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused(text: str) -> None:
    what, line, column, hint = REFUSED[text]
    with pytest.raises(InvalidFile) as caught:
        declared(text)
    error = caught.value
    assert what in error.what
    assert error.where is not None
    assert (error.where.source, error.where.line, error.where.column) == ("x.prompty", line, column)
    assert hint in error.hint
