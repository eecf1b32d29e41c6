"""JSON Schema of an answer as declared outputs; what the grammar cannot say is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from promptlib.errors import InvalidPrompt
from promptlib.inputs import Input, InputType, declare

if TYPE_CHECKING:
    from promptlib.formats.moving import Moving
    from promptlib.inputs import Kind

_KINDS: dict[str, Kind] = {"string": "string", "integer": "integer", "number": "float", "boolean": "boolean"}
_DATES: dict[str, Kind] = {"date": "date", "date-time": "datetime"}
_LIMITS = {
    "string": {"minLength": "min_length", "maxLength": "max_length", "pattern": "pattern"},
    "integer": {"minimum": "ge", "maximum": "le"},
    "float": {"minimum": "ge", "maximum": "le"},
    "array": {"minItems": "min_length", "maxItems": "max_length"},
}
#: Words that say nothing about what is accepted, or that are read elsewhere.
_SILENT = frozenset(
    {"type", "title", "description", "$defs", "definitions", "$schema", "properties", "required", "items", "enum"}
    | {"additionalProperties", "anyOf", "oneOf", "$ref", "format", "const", "default", "examples", "strict", "name"}
)
DEEPEST = 16
ANYTHING = InputType(kind="json")


def outputs_of(schema: object, moving: Moving) -> tuple[Input, ...]:
    """Return what *schema* declares: a pydantic model, a JSON Schema, or one inside of what providers wrap around it.

    What it cannot be here is told to *moving*, and is plain data.
    """
    if isinstance(schema, type):
        try:
            return declare(schema)
        except InvalidPrompt as error:
            moving.lose(f"the answer's form is left out: {error.what}", "the schema")
            return ()
    found = _unwrapped(schema)
    if not isinstance(found.get("properties"), Mapping):
        moving.lose("the answer's form is left out: it is no object with properties", "the schema")
        return ()
    return _Reading(found, moving).properties(found, "", 0)


def _unwrapped(schema: object) -> Mapping[str, Any]:
    """Return the schema inside of what providers wrap around it: `json_schema`, or a function and its parameters."""
    for key in ("json_schema", "function", "schema", "parameters", "input_schema"):
        if isinstance(schema, Mapping) and "properties" not in schema and isinstance(schema.get(key), Mapping):
            schema = schema[key]
    return schema if isinstance(schema, Mapping) else {}


class _Reading:
    def __init__(self, whole: Mapping[str, Any], moving: Moving) -> None:
        self._whole = whole
        self._moving = moving

    def _lose(self, what: str, path: str) -> None:
        self._moving.lose(what, f"the schema, {path}" if path else "the schema")

    def properties(self, schema: Mapping[str, Any], path: str, depth: int) -> tuple[Input, ...]:
        """Return the properties of an object."""
        required = schema.get("required")
        must = frozenset(required if isinstance(required, list | tuple) else ())
        made = []
        for name, given in schema["properties"].items():
            place = f"{path}.{name}".lstrip(".")
            type_of = self._type(given, place, depth)
            said = given.get("description") if isinstance(given, Mapping) else None
            try:
                made.append(_input(str(name), type_of, must=name in must, description=str(said or "")))
            except InvalidPrompt as error:
                self._lose(f"left out: {error.what}", place)
        return tuple(made)

    def _type(self, given: object, path: str, depth: int) -> InputType:
        schema = self._followed(given)
        try:
            made = self._made(schema, path, depth) if schema is not None and depth < DEEPEST else None
        except InvalidPrompt as error:
            self._lose(f"{path} is any plain data here: {error.what}", path)
            return ANYTHING
        if made is None:
            self._lose(f"{path} is any plain data here", path)
            return ANYTHING
        return made

    def _followed(self, given: object) -> Mapping[str, Any] | None:
        """Return the schema that *given* refers to inside of the same document, if it does."""
        for _ in range(DEEPEST):
            if not isinstance(given, Mapping):
                return None
            if "$ref" not in given:
                return given
            found: object = self._whole
            for step in str(given["$ref"]).removeprefix("#/").split("/"):
                found = found.get(step) if isinstance(found, Mapping) else None
            given = found
        return None

    def _made(self, schema: Mapping[str, Any], path: str, depth: int) -> InputType | None:
        several = schema.get("anyOf") or schema.get("oneOf")
        kinds = schema.get("type")
        if isinstance(several, list):
            rest = [each for each in several if not (isinstance(each, Mapping) and each.get("type") == "null")]
            return self._nullable(rest[0], path, depth, null=len(rest) < len(several)) if len(rest) == 1 else None
        if isinstance(kinds, list):
            rest = [each for each in kinds if each != "null"]
            one = {**schema, "type": rest[0]} if len(rest) == 1 else None
            return self._nullable(one, path, depth, null=len(rest) < len(kinds)) if one else None
        if unknown := sorted(set(map(str, schema)) - _SILENT - set(_LIMITS.get(self._kind(schema), ()))):
            self._lose(f"{', '.join(unknown)} of {path} says nothing here", path)
        if "enum" in schema or "const" in schema:
            return InputType(kind="enum", values=tuple(schema.get("enum") or [schema["const"]]))
        return self._plain(schema, path, depth)

    def _nullable(self, given: object, path: str, depth: int, *, null: bool) -> InputType | None:
        made = self._type(given, path, depth + 1)
        return made if not null or made.kind == "json" else _with_null(made)

    def _kind(self, schema: Mapping[str, Any]) -> str:
        return _KINDS.get(str(schema.get("type")), str(schema.get("type")))

    def _plain(self, schema: Mapping[str, Any], path: str, depth: int) -> InputType | None:
        kind = self._kind(schema)
        if kind == "array":
            return InputType(
                kind="array", items=self._type(schema.get("items", {}), f"{path}[]", depth + 1), **_limits(schema, kind)
            )
        if kind == "object" and isinstance(schema.get("properties"), Mapping):
            return InputType(kind="object", properties=self.properties(schema, path, depth + 1))
        if kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
            return InputType(kind="map", items=self._type(schema["additionalProperties"], f"{path}{{}}", depth + 1))
        if kind == "string" and (dated := _DATES.get(str(schema.get("format")))):
            return InputType(kind=dated)
        if kind not in _KINDS.values():
            return None
        return InputType(kind=_KINDS[str(schema["type"])], **_limits(schema, kind))


def _limits(schema: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {ours: schema[theirs] for theirs, ours in _LIMITS.get(kind, {}).items() if theirs in schema}


def _with_null(made: InputType) -> InputType:
    return replace(made, nullable=True)


def _input(name: str, type_of: InputType, *, must: bool, description: str) -> Input:
    if must:
        return Input(name=name, type=type_of, description=description)
    optional = type_of if type_of.kind in ("json", "thread") else _with_null(type_of)
    return Input(name=name, type=optional, required=False, default=None, description=description)
