"""Chains that two sides changed: steps by name, in the order in which they run."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

from promptlib.chain import Chain, Step
from promptlib.codec.chains import read_step_value, write_step
from promptlib.errors import InvalidPrompt
from promptlib.merge.deciding import ABSENT
from promptlib.merge.mappings import path
from promptlib.merge.ordering import merged_names
from promptlib.plain import Frozen, freeze, thaw

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptlib.merge.deciding import Decisions, Three
    from promptlib.plain import Plain

FIELD = "steps"


def merge_steps(decisions: Decisions, three: Three) -> tuple[Step, ...]:
    """Return the steps merged by name; a step that both sides changed, differently, is chosen as a whole."""
    named = three.each(_by_name)
    merged: list[Step] = []
    for name in merged_names(*map(list, named)):
        here, field = named.at(name), path(FIELD, name)
        if here.ours != here.theirs:
            decisions.unit(field)
        found = decisions.settle(field, here, _alike, shown=_shown, given=partial(_given, name))
        if found is not ABSENT:
            merged.append(found)
    return tuple(merged)


def _by_name(steps: Iterable[Step]) -> dict[str, Step]:
    return {each.name: each for each in steps}


def _alike(one: object, other: object) -> bool:
    return bool(one == other) and _shown(one) == _shown(other)


def _shown(part: Any) -> Plain:  # noqa: ANN401 - a Step or ABSENT
    return None if part is ABSENT else freeze(_without_name(part))


def _without_name(step: Step) -> dict[str, Any]:
    return {key: value for key, value in write_step(step).items() if key != "name"}


def _given(name: str, value: object) -> Any:  # noqa: ANN401 - a Step or ABSENT
    """Return a chosen value as a step: a `Step`, or its keys as a file has them; None takes it out."""
    if value is None:
        return ABSENT
    if isinstance(value, Step):
        if value.name != name:
            raise InvalidPrompt(f"the step {value.name!r} is not {name!r}", hint="give a step of that name")
        return value
    if not isinstance(value, dict | Frozen):
        raise InvalidPrompt(f"a {type(value).__name__} is no step", hint="give a Step, or {'prompt': 'NAME#DIGEST', …}")
    return read_step_value({"name": name, **cast("dict[str, Any]", thaw(freeze(value)))})


def shown_steps(steps: Iterable[Step]) -> Plain:
    """Return all steps as a conflict shows them."""
    return freeze([write_step(each) for each in steps])


def given_steps(value: object) -> tuple[Step, ...]:
    """Return a chosen value as all steps of a chain."""
    if isinstance(value, Chain):
        return value.steps
    if not isinstance(value, list | tuple):
        raise InvalidPrompt(f"a {type(value).__name__} is no list of steps", hint="give a list of steps, or a chain")
    return tuple(each if isinstance(each, Step) else read_step_value(cast("Any", thaw(freeze(each)))) for each in value)
