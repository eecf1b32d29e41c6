"""Plain values out of an instance of a model: what a template gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from promptlib.inputs.assignable import check_assignable
from promptlib.inputs.converting import read, rows_of, template_value
from promptlib.inputs.declaring import declare
from promptlib.inputs.remembering import ByIdentity

if TYPE_CHECKING:
    from pydantic import BaseModel

    from promptlib.inputs.grammar import Input

Reader = Callable[["BaseModel"], dict[str, object]]

_READERS: ByIdentity[Reader] = ByIdentity()


def values_of(instance: BaseModel, inputs: tuple[Input, ...]) -> dict[str, object]:
    """Return the plain values of *instance* under the names of *inputs*.

    Dates and datetimes are ISO text, an enum member is its value, a nested model a dict, a thread a tuple of
    messages, images and files as they are. Texts are passed on, never copied; subclasses of built-in types become the
    built-in type. An input that the model has no field for has its default. Raises `InputsMismatch` when the model
    does not fit *inputs*, and `InvalidInputs` for a value that is not what its field says.
    """
    model = type(instance)
    read_by = _READERS.find(inputs, model) or _READERS.keep(inputs, model, reader(model, inputs))
    return read_by(instance)


@lru_cache(maxsize=256)
def reader(model: type[BaseModel], inputs: tuple[Input, ...]) -> Reader:
    """Return `values_of` for one *model* and *inputs*, with all that can be known beforehand done."""
    check_assignable(inputs, model)
    rows, missing = rows_of(inputs, declare(model), "")

    def values(instance: BaseModel) -> dict[str, object]:
        return read(instance.__dict__, rows, missing)

    return values


def with_defaults(values: Mapping[str, object], inputs: tuple[Input, ...]) -> dict[str, object]:
    """Return plain *values* completed by the defaults of the *inputs* that are not among them."""
    missing = [each for each in inputs if not each.required and each.name not in values]
    return {**values, **{each.name: template_value(each.type, each.default) for each in missing}}
