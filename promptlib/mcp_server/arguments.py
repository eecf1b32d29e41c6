"""What a client gives for the inputs of a prompt, as the inputs take it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.errors import InvalidInputs, PromptLibError, Where
from promptlib.inputs import model_of, validate
from promptlib.mcp_server.spelling import NoJson, example, read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from promptlib.inputs import Input, InputType


def inputs_from(
    model: type[BaseModel], inputs: tuple[Input, ...], given: Mapping[str, object], *, texts: bool
) -> BaseModel:
    """Return an instance of *model*, which is that of *inputs*, out of what a client has *given*.

    Where all are *texts* each is read by the type of its input. Otherwise values are JSON, and a text that stands for
    another type is read all the same, because models write numbers so. A text that is empty, where no text is wanted,
    is an argument that was left out. Raises one `InvalidInputs` for all that is wrong.
    """
    types = {each.name: each.type for each in inputs}
    values: dict[str, object] = {}
    problems: dict[str, PromptLibError] = {}
    for name, value in given.items():
        try:
            values[name] = _value(types[name], value, texts=texts) if name in types else value
        except NoJson as error:
            problems[name] = _no_json(name, types[name], error)
    values = {name: value for name, value in values.items() if value is not _LEFT_OUT}
    if not problems:
        return validate(model, values)
    raise _with_others(list(problems.values()), values, tuple(each for each in inputs if each.name not in problems))


class _LeftOut:
    """The type of what was not given."""


_LEFT_OUT = _LeftOut()


def _value(kind_of: InputType, value: object, *, texts: bool) -> object:
    if isinstance(value, str):
        if kind_of.kind in ("string", "json") and not texts:
            return value
        if not value.strip() and kind_of.kind not in ("string", "enum"):
            return _LEFT_OUT
        return read(kind_of, value)
    # In JSON 3.0 is the number 3.
    whole = kind_of.kind == "integer" and isinstance(value, float) and value.is_integer()
    return int(value) if whole and isinstance(value, float) else value


def _no_json(name: str, kind_of: InputType, error: NoJson) -> InvalidInputs:
    return InvalidInputs(
        f"input {name!r} is no JSON: {error}", where=Where("inputs"), hint=f"write it like this: {example(kind_of)}"
    )


def _with_others(
    problems: list[PromptLibError], values: Mapping[str, object], rest: tuple[Input, ...]
) -> InvalidInputs:
    """Return one error for *problems* and for all that is wrong with the *values* for the *rest* of the inputs."""
    try:
        validate(model_of(rest), values)
    except InvalidInputs as error:
        problems = [*problems, InvalidInputs(error.what, where=error.where, hint=error.hint), *error.others]
    first, *others = problems
    return InvalidInputs(first.what, where=first.where, hint=first.hint, others=others)
