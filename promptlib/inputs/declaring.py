"""From a pydantic model to the grammar."""

from __future__ import annotations

import types
from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence
from dataclasses import replace
from datetime import date, datetime
from enum import Enum, Flag
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ForwardRef,
    Literal,
    NamedTuple,
    TypeVar,
    Union,
    get_args,
    get_origin,
)
from weakref import WeakKeyDictionary

from pydantic import BaseModel, JsonValue, RootModel
from pydantic.errors import PydanticUndefinedAnnotation, PydanticUserError
from pydantic.fields import FieldInfo

from promptlib.errors import InvalidPrompt, Where
from promptlib.inputs.constraints import limited
from promptlib.inputs.converting import bared, plain_default
from promptlib.inputs.demographic import Demographic
from promptlib.inputs.grammar import Input, InputType, check_input_name
from promptlib.inputs.hints import hint_for
from promptlib.messages import File, Image, Message
from promptlib.segments import Segment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from promptlib.inputs.grammar import Kind


def declare(model: type[BaseModel]) -> tuple[Input, ...]:
    """Return what the fields of *model* declare, in their order.

    Only the fields count: not the class's name and docstring, nor its validators, which run and are not stored.
    Raises `InvalidPrompt` that names each field outside the grammar and what to write instead.
    """
    if not isinstance(model, type) or not issubclass(model, BaseModel):
        raise InvalidPrompt(
            f"inputs are declared by a pydantic model, not by {model!r:.80}",
            hint="write class Inputs(BaseModel): with a field for each input, and give the class",
        )
    if model is BaseModel:
        raise InvalidPrompt(
            "BaseModel itself declares no inputs",
            hint="write a class of your own, or leave the model out: Prompt.define(user(…))",
        )
    return _known(model).inputs


def declared_segments(model: type[BaseModel]) -> Mapping[str, Segment]:
    """Return the segments that stand beside the types of the fields of *model*, by name; raises what `declare` does."""
    declare(model)
    return _KNOWN[model].segments


class _Declared(NamedTuple):
    """What a model declares, and the validator that it had when it was read."""

    validator: object
    inputs: tuple[Input, ...]
    segments: Mapping[str, Segment]


def _known(model: type[BaseModel]) -> _Declared:
    known = _KNOWN.get(model)
    if known is None or known.validator is not model.__pydantic_validator__:
        reader = _Reader(model)
        inputs = reader.inputs_of(model, ())
        # A model that is built anew gets another validator, and may have got other fields.
        known = _KNOWN[model] = _Declared(model.__pydantic_validator__, inputs, reader.segments)
    return known


#: One declaration for each model, so that prompts of one model share it, and what was made for it.
_KNOWN: WeakKeyDictionary[type[BaseModel], _Declared] = WeakKeyDictionary()


class _Reader:
    """Reads one model; knows the models that it is inside of, and the path of the field at hand."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._where = Where(source=f"model {model.__name__}")
        self._inside: list[type[BaseModel]] = []
        self.segments: dict[str, Segment] = {}
        self._demographics: dict[tuple[str, ...], Demographic] = {}

    def inputs_of(self, model: type[BaseModel], path: tuple[str, ...]) -> tuple[Input, ...]:
        self._check_model(model, path)
        self._inside.append(model)
        found: list[Input] = []
        problems: list[InvalidPrompt] = []
        for name, field in model.model_fields.items():
            try:
                found.append(self._input(name, field, (*path, name)))
            except InvalidPrompt as error:
                problems += [error, *(each for each in error.others if isinstance(each, InvalidPrompt))]
        self._inside.pop()
        if problems:
            first, *others = problems
            raise InvalidPrompt(first.what, where=first.where, hint=first.hint, others=others)
        return tuple(found)

    def _check_model(self, model: type[BaseModel], path: tuple[str, ...]) -> None:
        if issubclass(model, RootModel):
            raise self._refusal(path, f"{model.__name__} is a RootModel", "write the type itself")
        if model in self._inside:
            raise self._refusal(path, f"{model.__name__} holds itself", "use Any for data of any depth")
        try:
            model.model_rebuild()
        except (PydanticUndefinedAnnotation, PydanticUserError) as error:
            raise self._refusal(path, f"{model.__name__} cannot be built: {error}", "define its types first") from error
        for setting, (unwanted, hint) in _SETTINGS.items():
            if unwanted(model.model_config.get(setting)):
                raise self._refusal(path, f"{model.__name__} is configured with {setting}", hint)
        if model.model_computed_fields:
            names = ", ".join(model.model_computed_fields)
            raise self._refusal(path, f"{model.__name__} computes {names}", "make a property of it, or an input")

    def _refusal(self, path: tuple[str, ...], what: str, hint: str) -> InvalidPrompt:
        place = f"{_field(path)}: " if path else ""
        return InvalidPrompt(f"{place}{what}", where=self._where, hint=hint)

    def _input(self, name: str, field: FieldInfo, path: tuple[str, ...]) -> Input:
        with self._at(path):
            check_input_name(name)
            self._check_field(field, path)
            kind_of = self._type(field.annotation, tuple(field.metadata), path)
            told: dict[str, Any] = {
                "description": field.description or "",
                "demographic": self._demographics.pop(path, None),
            }
            if field.is_required():
                return Input(name=name, type=kind_of, **told)
            default = plain_default(kind_of, field.default)
            return Input(name=name, type=kind_of, required=False, default=default, **told)

    def _at(self, path: tuple[str, ...]) -> _Naming:
        return _Naming(self._where, path)

    def _check_field(self, field: FieldInfo, path: tuple[str, ...]) -> None:
        if field.default_factory is not None:
            raise self._refusal(path, "it has a default_factory", "write a default that is the same every time")
        if any((field.alias, field.validation_alias, field.serialization_alias)):
            raise self._refusal(path, "it has an alias", "give the field the name that the template uses")
        if field.discriminator is not None:
            raise self._refusal(path, "it has a discriminator", "write one model, or an input for each")

    def _type(self, annotation: object, beside: tuple[object, ...], path: tuple[str, ...]) -> InputType:
        """Return the type that *annotation* means, with the metadata *beside* it."""
        if get_origin(annotation) is Annotated:
            inner, *more = get_args(annotation)
            return self._type(inner, (*self._flat(more, path), *beside), path)
        if annotation is JsonValue or annotation is Any:
            return self._limited("json", beside, path)
        if _is_alias(annotation):
            return self._alias(annotation, beside, path)
        if get_origin(annotation) in (Union, types.UnionType):
            return self._union(annotation, beside, path)
        if get_origin(annotation) is Literal:
            return self._enum(get_args(annotation), beside, path)
        if isinstance(annotation, type) and issubclass(annotation, Enum) and not issubclass(annotation, Flag):
            return self._enum(tuple(each.value for each in annotation), beside, path)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            properties = self.inputs_of(annotation, path)
            return self._limited("object", beside, path, properties=properties)
        return self._plain(annotation, beside, path)

    def _limited(self, kind: Kind, beside: tuple[object, ...], path: tuple[str, ...], **parts: Any) -> InputType:  # noqa: ANN401 - the parts of an InputType
        """Return the type of *kind* with what stands *beside* it, and keep a segment that stands there."""
        found = [each for each in beside if isinstance(each, Segment) or each is Segment]
        if found and len(path) > 1:
            raise self._refusal(path, "only inputs have segments", f"put the segment beside the type of {path[0]!r}")
        if len(found) > 1:
            raise self._refusal(path, "it has two segments", "write one Segment with all its words")
        for segment in found:
            if not isinstance(segment, Segment):
                raise self._refusal(path, "Segment stands beside the type as a class", "write Segment(priority=10)")
            self.segments[path[0]] = segment
        self._keep_demographic(beside, path)
        return limited(kind, beside, **parts)

    def _keep_demographic(self, beside: tuple[object, ...], path: tuple[str, ...]) -> None:
        """Keep what says, *beside* the type, that the field tells a group."""
        found = [each for each in beside if isinstance(each, Demographic) or each is Demographic]
        if not found:
            return
        if len(found) > 1:
            raise self._refusal(path, "it has two demographics", "a field tells one group: write one of them")
        if not isinstance(found[0], Demographic):
            what = "Demographic stands beside the type as a class"
            raise self._refusal(path, what, 'write Demographic("gender", "name")')
        if "[]" in path:
            hint = "give each person fields of their own, and put it beside the type of one"
            raise self._refusal(path, "each item of a list or map would tell a group", hint)
        self._demographics[path] = found[0]

    def _flat(self, beside: Iterable[object], path: tuple[str, ...]) -> tuple[object, ...]:
        """Return metadata with what stands inside a `Field(...)` taken out of it."""
        flat: list[object] = []
        for each in beside:
            if isinstance(each, FieldInfo):
                self._check_field(each, path)
                flat += each.metadata
            else:
                flat.append(each)
        return tuple(flat)

    def _alias(self, annotation: Any, beside: tuple[object, ...], path: tuple[str, ...]) -> InputType:  # noqa: ANN401 - see `_is_alias`
        meant = getattr(annotation, "__value__", None) or getattr(annotation, "__supertype__", None)
        if _mentions(meant, annotation):
            raise self._refusal(path, f"{annotation} holds itself, or a type by name", "use Any for data of any depth")
        return self._type(meant, beside, path)

    def _union(self, annotation: object, beside: tuple[object, ...], path: tuple[str, ...]) -> InputType:
        arms = [each for each in get_args(annotation) if each is not type(None)]
        if len(arms) != 1:
            raise self._refusal(path, f"{_name(annotation)} is more than one type", hint_for(annotation))
        return _nullable(self._type(arms[0], beside, path))

    def _enum(self, values: tuple[object, ...], beside: tuple[object, ...], path: tuple[str, ...]) -> InputType:
        found = tuple(each.value if isinstance(each, Enum) else each for each in values)
        plain = tuple(bared(each) for each in found if each is not None)
        for each in plain:
            if type(each) not in (str, int, float, bool):
                raise self._refusal(path, f"one of its values is {each!r:.80}", "values are texts and numbers")
        if not plain:
            raise self._refusal(path, "it has no values", "write at least one")
        kind_of = self._limited("enum", beside, path, values=plain)
        return _nullable(kind_of) if None in found else kind_of

    def _plain(self, annotation: object, beside: tuple[object, ...], path: tuple[str, ...]) -> InputType:
        if isinstance(annotation, type) and (kind := _KINDS.get(annotation)):
            return self._limited(kind, beside, path)
        origin, arguments = get_origin(annotation) or annotation, get_args(annotation)
        if origin in _SEQUENCES and annotation != tuple[()] and (not arguments or _is_sequence(origin, arguments)):
            if arguments and arguments[0] is Message:
                return self._limited("thread", beside, path)
            items = self._type(arguments[0] if arguments else Any, (), (*path, "[]"))
            return self._limited("array", beside, path, items=items)
        if origin in _MAPPINGS and (not arguments or arguments[0] is str):
            items = self._type(arguments[1] if arguments else Any, (), (*path, "[]"))
            return self._limited("map", beside, path, items=items)
        raise self._refusal(path, f"{_name(annotation)} is outside the grammar of inputs", hint_for(annotation))


class _Naming:
    """Names the field in errors of the grammar, which knows types and no fields."""

    def __init__(self, where: Where, path: tuple[str, ...]) -> None:
        self._where = where
        self._path = path

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Raise an unplaced `InvalidPrompt` again, with its place."""
        if isinstance(error, InvalidPrompt) and error.where is None:
            what = f"{_field(self._path)}: {error.what}"
            raise InvalidPrompt(what, where=self._where, hint=error.hint) from error


_KINDS: dict[type, Kind] = {
    str: "string",
    int: "integer",
    float: "float",
    bool: "boolean",
    date: "date",
    datetime: "datetime",
    Image: "image",
    File: "file",
}
_SEQUENCES = (list, tuple, Sequence, MutableSequence)
_MAPPINGS = (dict, Mapping, MutableMapping)

_SETTINGS: dict[str, tuple[Callable[[object], bool], str]] = {
    "extra": (lambda value: value == "allow", 'declare every input, and write extra="forbid"'),
    "str_max_length": (lambda value: value is not None, "write Field(max_length=...) at each field"),
    "str_min_length": (bool, "write Field(min_length=...) at each field"),
    "regex_engine": (lambda value: value == "python-re", "patterns are those of pydantic's own engine"),
}


def _field(path: tuple[str, ...]) -> str:
    return f"field {'.'.join(path).replace('.[]', '[]')!r}"


def _nullable(kind_of: InputType) -> InputType:
    return replace(kind_of, nullable=True)


def _is_alias(annotation: object) -> bool:
    """Whether *annotation* is `type X = ...` or a NewType, in the spelling of any Python."""
    return hasattr(annotation, "__supertype__") or (
        hasattr(annotation, "__value__") and hasattr(annotation, "__type_params__")
    )


def _mentions(meant: object, alias: object) -> bool:
    """Whether *alias* is part of what it means; a type that is given by its name might be."""
    if get_origin(meant) is Literal:
        return False
    parts = get_args(meant)[:1] if get_origin(meant) is Annotated else get_args(meant)
    return meant is alias or isinstance(meant, str | ForwardRef) or any(_mentions(each, alias) for each in parts)


def _is_sequence(origin: object, arguments: tuple[object, ...]) -> bool:
    """Whether the arguments are those of a sequence of any length."""
    return len(arguments) == 2 and arguments[1] is ... if origin is tuple else len(arguments) == 1  # noqa: PLR2004 - tuple[X, ...]


def _name(annotation: object) -> str:
    if isinstance(annotation, TypeVar):
        return f"the type variable {annotation}"
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation.__name__
    return str(annotation).replace("typing.", "")
