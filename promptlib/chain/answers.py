"""What a model answered, as the output that a step declares."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, cast

from promptlib import inputs as grammar
from promptlib.chain.wiring import object_of
from promptlib.errors import InvalidInputs, InvalidPrompt, PromptLibError
from promptlib.inputs import describe
from promptlib.inputs.conforming import conform
from promptlib.inputs.wording import shown
from promptlib.plain import Frozen, freeze

if TYPE_CHECKING:
    from promptlib.chain.steps import Step
    from promptlib.inputs import Input

#: One fenced block, and nothing around it: many models cannot leave the fence away.
_FENCED = re.compile(r"\s*```(?:json|JSON)?[ \t]*\r?\n(.*?)\r?\n?[ \t]*```\s*", re.DOTALL)
_ONLY_JSON = "the answer is JSON alone, or in one fenced block with nothing around it"


def output_of(step: Step, answer: str, gives: tuple[Input, ...]) -> Frozen:
    """Return *answer* as the plain output of *step*, every field of *gives* in it.

    Raises `InvalidInputs` that says what the step declares, and what came instead.
    """
    if step.answers_text:
        return cast("Frozen", _frozen({"text": answer}, "the answer"))
    data = _parsed(answer, gives)
    if step.outputs_model is not None:
        # The user's own checks run, and what they make of the answer is the output.
        instance = grammar.validate(step.outputs_model, data)
        data = instance.model_dump(mode="json")
    return checked(data, gives)


def plain_output(answer: str, gives: tuple[Input, ...]) -> Frozen:
    """Return *answer* as what a prompt that declares *gives* answers; raises `InvalidInputs`."""
    return checked(_parsed(answer, gives), gives)


def checked(data: object, gives: tuple[Input, ...]) -> Frozen:
    """Return *data* in the one plain form of *gives*; raises `InvalidInputs`."""
    try:
        return cast("Frozen", conform(object_of(gives), data, "output"))
    except InvalidPrompt as error:
        raise InvalidInputs(error.what, hint=error.hint) from error


def _parsed(answer: str, gives: tuple[Input, ...]) -> dict[str, object]:
    fenced = _FENCED.fullmatch(answer)
    try:
        data = _DECODER.decode(fenced[1] if fenced else answer)
    except _RefusedError as error:
        raise InvalidInputs(f"the answer is no plain JSON: {error}", hint=_ONLY_JSON) from error
    except (ValueError, RecursionError) as error:
        place = f": {error.msg} at its line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise InvalidInputs(f"the answer is no JSON{place}; it begins {shown(answer)}", hint=_ONLY_JSON) from error
    if not isinstance(data, dict):
        raise InvalidInputs(
            f"the answer is {shown(data)}, not {describe(object_of(gives))}", hint="an answer is one JSON object"
        )
    return data


class _RefusedError(ValueError):
    """JSON that other readers would take for something else, or not at all."""


def _refuse(text: str) -> object:
    message = f"it holds {text}"
    raise _RefusedError(message)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        message = f"it says {shown(twice)} twice"
        raise _RefusedError(message)
    return found


_DECODER = json.JSONDecoder(parse_constant=_refuse, object_pairs_hook=_once)


def _frozen(value: object, what: str) -> object:
    try:
        return freeze(value, what=what)
    except PromptLibError as error:
        raise InvalidInputs(error.what, hint=error.hint) from error
