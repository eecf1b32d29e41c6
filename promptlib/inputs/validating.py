"""Values by name into an instance of a model, with errors that name the input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from promptlib.errors import InvalidInputs, Where, nearest
from promptlib.inputs.declaring import declare
from promptlib.inputs.grammar import InputType
from promptlib.inputs.wording import describe, described, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import BaseModel

    from promptlib.inputs.grammar import Input

_MISSING, _UNKNOWN = "missing", "extra_forbidden"
_KEY = "[key]"  # pydantic's last step to the key of a mapping


def validate(model: type[BaseModel], given: Mapping[str, object]) -> BaseModel:
    """Return an instance of *model* with the values *given*.

    Raises one `InvalidInputs` for all that is wrong: inputs that are missing, names that are unknown (with the
    nearest one), and values that the model refuses, each with the input's name and what it takes. A model built from
    a stored declaration coerces nothing; a user's own model does as it is configured.
    """
    fields = model.model_fields
    known = {name: value for name, value in given.items() if name in fields}
    problems = [(name, *_unknown(name, model)) for name in given if name not in known]
    try:
        instance = model.model_validate(known)
    except ValidationError as error:
        inputs = declare(model)
        problems += [_problem(each, inputs) for each in error.errors(include_url=False)]
    else:
        if not problems:
            return instance
    raise _invalid(problems, model)


def _invalid(problems: list[tuple[str, str, str]], model: type[BaseModel]) -> InvalidInputs:
    where = Where(source=f"inputs of {model.__name__}" if model.__name__ != "Inputs" else "inputs")
    errors = [InvalidInputs(what, where=where, hint=hint) for _, what, hint in problems]
    missing = [name for name, what, _ in problems if what.startswith("missing input")]
    if len(missing) > 1:
        names = ", ".join(map(repr, missing))
        hints = "; ".join(hint for _, what, hint in problems if what.startswith("missing input"))
        rest = [each for each in errors if not each.what.startswith("missing input")]
        errors = [InvalidInputs(f"missing inputs: {names}", where=where, hint=hints), *rest]
    first, *others = errors
    return InvalidInputs(first.what, where=first.where, hint=first.hint, others=others)


def _unknown(name: object, model: type[BaseModel]) -> tuple[str, str]:
    names = list(model.model_fields)
    here = f"inputs here: {', '.join(names)}" if names else "this prompt takes no inputs"
    return f"unknown input {shown(name)}", f"{nearest(str(name), names)} {here}".strip()


def _problem(error: Any, inputs: tuple[Input, ...]) -> tuple[str, str, str]:  # noqa: ANN401 - pydantic's ErrorDetails
    """Return name, what and hint for one error of pydantic's."""
    location: tuple[int | str, ...] = error["loc"]
    declared, kind_of = _found(location, inputs)
    path = "".join(_steps(location, declared))
    reason = error["msg"][:1].lower() + error["msg"][1:]
    if not path:
        return "", f"the inputs are refused: {reason}", "the model's own check says so"
    if error["type"] == _MISSING:
        hint = (
            described(declared) if declared and len(location) == 1 else f"give {describe(kind_of)}" if kind_of else ""
        )
        return path, f"missing input {path!r}", hint
    if error["type"] == _UNKNOWN:
        names = [each.name for each in _parent(location, inputs)]
        return (
            path,
            f"unknown input {path!r}",
            f"{nearest(str(location[-1]), names)} it has: {', '.join(names)}".strip(),
        )
    what = f"input {path!r} is {_shown(error['input'])}"
    takes = f", not {describe(kind_of)}" if kind_of and error["type"] not in _OWN_CHECKS else ", which is refused"
    return path, what + takes, f"pydantic says: {reason[:200]}"


#: Errors of validators: the value is of the right type and was refused all the same.
_OWN_CHECKS = ("value_error", "assertion_error")


def _shown(value: object) -> str:
    """Return the value if it is short data, or its type: somebody's `repr` may be long, or secret."""
    return shown(value) if value is None or type(value) in (str, int, float, bool) else f"a {type(value).__name__}"


def _steps(location: tuple[int | str, ...], declared: Input | None) -> Iterator[str]:
    """Yield the path as people write it; pydantic's names for the arms of a type are left out."""
    if not location:
        return
    yield str(location[0])
    kind_of = declared.type if declared else None
    for step in location[1:]:
        if step == _KEY:
            continue
        if kind_of is not None and kind_of.kind == "map":
            yield f"[{shown(step)}]"
            kind_of = kind_of.items
        elif isinstance(step, int):
            yield f"[{step}]"
            kind_of = kind_of.items if kind_of else None
        else:
            yield f".{step}"
            kind_of = _property(kind_of, step)


def _found(location: tuple[int | str, ...], inputs: tuple[Input, ...]) -> tuple[Input | None, InputType | None]:
    """Return the input that *location* begins at and the type that it ends at."""
    declared = next((each for each in inputs if location and each.name == location[0]), None)
    kind_of = declared.type if declared else None
    for step in location[1:]:
        if step == _KEY:
            return declared, InputType(kind="string")
        kind_of = kind_of.items if kind_of and kind_of.items else _property(kind_of, step)
    return declared, kind_of


def _property(kind_of: InputType | None, step: int | str) -> InputType | None:
    return next((each.type for each in kind_of.properties if each.name == step), None) if kind_of else None


def _parent(location: tuple[int | str, ...], inputs: tuple[Input, ...]) -> tuple[Input, ...]:
    kind_of = _found(location[:-1], inputs)[1]
    return kind_of.properties if kind_of else inputs
