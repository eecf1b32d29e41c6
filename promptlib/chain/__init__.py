"""Prompts in a row, as a value: named steps, each one's inputs wired from the chain's and from earlier answers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

from promptlib.chain.chain import Chain
from promptlib.chain.steps import Constant, Step, constant, step

if TYPE_CHECKING:
    from promptlib.chain.record import ChainRun, StepRun
    from promptlib.prompt import Prompt

__all__ = ["Chain", "ChainRun", "Constant", "Step", "StepRun", "Stored", "constant", "step"]

#: What a store holds under a name.
Stored: TypeAlias = "Prompt[Any] | Chain[Any]"

_HOMES = {"ChainRun": "record", "StepRun": "record"}


def __getattr__(name: str) -> object:
    """Import what runs a chain when it is first asked for: a load does not need it."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
