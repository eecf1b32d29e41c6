"""JSON Schema as declared outputs: what it says here, and what is told."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from promptlib.formats.moving import Moving
from promptlib.formats.schemas import outputs_of
from promptlib.inputs import Input, InputType, describe

TEXT = InputType(kind="string")
STRING = {"type": "string"}


def read(schema: object) -> tuple[tuple[Input, ...], list[str]]:
    moving = Moving("x")
    return outputs_of(schema, moving), [what for what, _ in moving.lost]


def one(schema: dict[str, Any], **whole: Any) -> tuple[InputType, list[str]]:
    (made,), lost = read({"properties": {"a": schema}, "required": ["a"], **whole})
    return made.type, lost


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        ({"type": "string", "minLength": 1, "pattern": "^a"}, InputType(kind="string", min_length=1, pattern="^a")),
        ({"type": "integer", "minimum": 1, "maximum": 3}, InputType(kind="integer", ge=1, le=3)),
        ({"type": "number"}, InputType(kind="float")),
        ({"type": "boolean"}, InputType(kind="boolean")),
        ({"type": "string", "format": "date"}, InputType(kind="date")),
        ({"type": "string", "format": "date-time"}, InputType(kind="datetime")),
        ({"enum": ["a", "b"]}, InputType(kind="enum", values=("a", "b"))),
        ({"const": "a"}, InputType(kind="enum", values=("a",))),
        ({"type": ["string", "null"]}, InputType(kind="string", nullable=True)),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, InputType(kind="integer", nullable=True)),
        ({"type": "array", "items": STRING, "maxItems": 3}, InputType(kind="array", items=TEXT, max_length=3)),
        ({"type": "object", "additionalProperties": {"type": "string"}}, InputType(kind="map", items=TEXT)),
    ],
)  # fmt: skip
def test_what_a_schema_says(schema: dict[str, Any], wanted: InputType) -> None:
    assert one(schema) == (wanted, [])


def test_objects_references_and_what_may_be_missing() -> None:
    (line,), lost = read(
        {
            "properties": {"line": {"$ref": "#/$defs/Line", "description": "what it says"}},
            "$defs": {"Line": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": []}},
        }
    )
    assert lost == []
    assert (line.required, line.type.nullable, line.description) == (False, True, "what it says")
    assert [(each.name, each.required) for each in line.type.properties] == [("n", False)]
    assert "n" in describe(line.type)


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "any"}, "a is any plain data here"),
        ({}, "a is any plain data here"),
        ({"$ref": "#/$defs/Gone"}, "a is any plain data here"),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, "a is any plain data here"),
        ({"type": ["string", "integer"]}, "a is any plain data here"),
        ({"type": "array"}, "a[] is any plain data here"),
        ({"type": "string", "contentEncoding": "x"}, "contentEncoding of a says nothing here"),
        ({"enum": [{"a": 1}]}, "a is any plain data here: an enum holds a dict"),
        (True, "a is any plain data here"),
    ],
)
def test_what_the_grammar_cannot_say_is_told(schema: Any, told: str) -> None:
    assert one(schema)[1] == [told]


def test_what_is_no_object_is_left_out() -> None:
    wrong: tuple[object, ...] = ({"type": "string"}, [], 7, {"properties": []})
    for schema in wrong:
        assert read(schema) == ((), ["the answer's form is left out: it is no object with properties"])
    (made,), lost = read({"properties": {"a": {"type": "string"}, "no name": {"type": "string"}}})
    assert made.name == "a"
    assert lost[0].startswith("left out: 'no name' is no name for an input")


def test_what_providers_wrap_around_it_comes_off() -> None:
    inner = {"type": "object", "properties": {"a": {"type": "string"}}}
    for wrapped in (
        {"type": "json_schema", "json_schema": {"name": "x", "schema": inner}},
        {"type": "function", "function": {"name": "x", "parameters": inner}},
        {"name": "x", "input_schema": inner},
    ):
        assert [each.name for each in read(wrapped)[0]] == ["a"]


def test_a_model_declares_itself() -> None:
    class Answer(BaseModel):
        queue: str

    class Other(BaseModel):
        words: set[str]

    assert [each.name for each in read(Answer)[0]] == ["queue"]
    assert read(Other)[1][0].startswith("the answer's form is left out: ")


def test_a_schema_without_end_ends() -> None:
    deep = {
        "properties": {"a": {"$ref": "#/$defs/A"}},
        "$defs": {"A": {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}}},
    }
    (made,), lost = read(deep)
    assert made.type.kind == "object"
    assert lost[0].endswith("is any plain data here")
