"""The closed grammar of inputs: pydantic model to grammar, grammar to model, and plain values out of both."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from promptlib.inputs.content import canonical
from promptlib.inputs.demographic import Demographic
from promptlib.inputs.grammar import RESERVED, Input, InputType, Kind
from promptlib.inputs.wording import describe, described

if TYPE_CHECKING:
    from promptlib.inputs.assignable import check_assignable, check_included, unfit
    from promptlib.inputs.building import model_of
    from promptlib.inputs.declaring import declare, declared_segments
    from promptlib.inputs.validating import validate
    from promptlib.inputs.values import reader, values_of, with_defaults

__all__ = [
    "RESERVED",
    "Demographic",
    "Input",
    "InputType",
    "Kind",
    "canonical",
    "check_assignable",
    "check_included",
    "declare",
    "declared_segments",
    "describe",
    "described",
    "model_of",
    "reader",
    "unfit",
    "validate",
    "values_of",
    "with_defaults",
]

#: What needs pydantic is imported when it is first asked for: a prompt without inputs never pays for it.
_HOMES = {
    "check_assignable": "assignable",
    "check_included": "assignable",
    "declare": "declaring",
    "declared_segments": "declaring",
    "model_of": "building",
    "reader": "values",
    "unfit": "assignable",
    "validate": "validating",
    "values_of": "values",
    "with_defaults": "values",
}


def __getattr__(name: str) -> object:
    """Import the room of *name* and keep what it gives."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
