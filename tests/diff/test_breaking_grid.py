"""`breaking` against real validation: each kind of the closed grammar beside each other one."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from promptlib.diff.contract import compare_inputs, compare_outputs
from promptlib.errors import InvalidInputs
from promptlib.inputs import Input, InputType, declare, model_of, validate, values_of
from promptlib.inputs.building import value_of
from promptlib.inputs.conforming import conform
from promptlib.messages import File, Image, user
from tests.strategies import inputs_strategy, types_strategy, values_strategy

A_DATE, A_TIME = "2024-05-03", "2024-05-03T14:00:00+00:00"


def an_object(*properties: Input) -> InputType:
    return InputType(kind="object", properties=properties)


def an(name: str, kind: InputType, **more: Any) -> Input:
    return Input(name=name, type=kind, **more)


TEXT, WHOLE = InputType(kind="string"), InputType(kind="integer")
TYPES = [
    TEXT,
    InputType(kind="string", max_length=3),
    InputType(kind="string", min_length=2),
    InputType(kind="string", pattern="^[a-z]+$"),
    InputType(kind="string", nullable=True),
    WHOLE,
    InputType(kind="integer", ge=0),
    InputType(kind="integer", ge=0, le=10),
    InputType(kind="float"),
    InputType(kind="float", le=1.0),
    InputType(kind="boolean"),
    InputType(kind="date"),
    InputType(kind="date", ge=A_DATE),
    InputType(kind="datetime"),
    InputType(kind="datetime", le=A_TIME),
    InputType(kind="enum", values=("warm", "plain")),
    InputType(kind="enum", values=("warm",)),
    InputType(kind="enum", values=(1, 2)),
    InputType(kind="enum", values=(True,)),
    InputType(kind="array", items=TEXT),
    InputType(kind="array", items=TEXT, max_length=1),
    InputType(kind="array", items=WHOLE, min_length=1),
    InputType(kind="map", items=TEXT),
    InputType(kind="map", items=InputType(kind="json"), max_length=1),
    an_object(),
    an_object(an("age", WHOLE)),
    an_object(an("age", WHOLE, required=False, default=1)),
    an_object(an("age", InputType(kind="float")), an("city", TEXT, required=False, default="")),
    InputType(kind="json"),
    InputType(kind="thread"),
    InputType(kind="thread", max_length=1),
    InputType(kind="image"),
    InputType(kind="file"),
    InputType(kind="image", nullable=True),
]
VALUES: list[Any] = [
    *(None, "", "a", "abc", "abcd", "A1", "warm", "plain", -1, 0, 1, 2, 5, 10, 11, -0.5, 0.5, 1.0, 1.5, True, False),
    *(dt.date(2024, 1, 1), dt.date(2024, 12, 1), A_DATE, A_TIME),
    *(dt.datetime(2024, 1, 1, tzinfo=dt.UTC), dt.datetime(2024, 12, 1, tzinfo=dt.UTC)),
    *([], ["a"], ["a", "b"], [1], [1, 2], {}, {"age": 1}, {"age": 1.5}, {"age": 1, "city": "x"}, {"k": "v"}),
    *({"k": "v", "l": "w"}, {"k": [1]}, {"k": 1, "l": 2}),
    *((user("x"),), (user("x"), user("y"))),
    *(Image("https://e/x.png"), File("https://e/x.pdf")),
]


#: Pairs of which the rule says that they may break whatever they hold: what fits both is too rare to be told apart.
CAUTIOUS = {("object", "map")}


def takes(model: type[BaseModel], value: object) -> bool:
    try:
        values_of(validate(model, {"it": value}), declare(model))
    except InvalidInputs:
        return False
    return True


TAKEN = [
    frozenset(at for at, value in enumerate(VALUES) if takes(model_of((an("it", kind),)), value)) for kind in TYPES
]


def test_every_type_takes_some_values_and_not_all() -> None:
    assert all(TAKEN)
    assert len({(kind.kind) for kind in TYPES}) == 14


@pytest.mark.parametrize("old", range(len(TYPES)))
def test_breaking_says_what_validation_says(old: int) -> None:
    """For every pair: False means that all that was accepted still is; True, that something at hand is refused."""
    for new, after in enumerate(TYPES):
        rows = compare_inputs((an("it", TYPES[old]),), (an("it", after),))
        breaking = [row for row in rows if row.breaking]
        lost = [VALUES[at] for at in sorted(TAKEN[old] - TAKEN[new])]
        cautious = (TYPES[old].kind, after.kind) in CAUTIOUS
        assert cautious or bool(breaking) == bool(lost), (TYPES[old], after, lost, rows)
        assert breaking or not lost
        assert all(row.reason and "values that" not in row.reason for row in breaking)


@pytest.mark.parametrize("old", range(len(TYPES)))
def test_breaking_for_readers_is_the_same_the_other_way_round(old: int) -> None:
    """Who reads answers fails on what the new type holds and the old one did not."""
    for new, after in enumerate(TYPES):
        rows = compare_outputs((an("it", TYPES[old]),), (an("it", after),))
        breaking = [row for row in rows if row.breaking]
        unknown = [VALUES[at] for at in sorted(TAKEN[new] - TAKEN[old])]
        # Readers pass over properties that they do not know, where validation would refuse them.
        cautious = (after.kind, TYPES[old].kind) in CAUTIOUS or after.kind == TYPES[old].kind == "object"
        assert cautious or bool(breaking) == bool(unknown), (TYPES[old], after, unknown, rows)
        assert all(row.reason.startswith("readers of the answer ") for row in breaking)


@given(st.data())
def test_inputs_that_break_nobody_take_every_call_that_was_right(data: st.DataObject) -> None:
    old = data.draw(inputs_strategy())
    new = data.draw(st.just(old).map(lambda inputs: _changed(data, inputs)) | inputs_strategy())
    rows = compare_inputs(old, new)
    if any(row.breaking for row in rows):
        assert all(row.reason for row in rows if row.breaking)
        return
    call = {}
    for each in old:
        if each.required or data.draw(st.booleans()):
            plain = conform(each.type, data.draw(values_strategy(each.type)), each.name)
            call[each.name] = value_of(each.type, plain, each.name)
    validate(model_of(old), call)
    validate(model_of(new), call)


def _changed(data: st.DataObject, inputs: tuple[Input, ...]) -> tuple[Input, ...]:
    """Return *inputs* with one of them retyped, made optional, or left out."""
    if not inputs:
        return inputs
    at = data.draw(st.integers(0, len(inputs) - 1))
    kind = data.draw(st.sampled_from([replace(inputs[at].type, nullable=True), inputs[at].type]) | types_strategy())
    plain = data.draw(values_strategy(kind))
    made = data.draw(
        st.sampled_from([(an(inputs[at].name, kind),), (an(inputs[at].name, kind, required=False, default=plain),), ()])
    )
    return (*inputs[:at], *made, *inputs[at + 1 :])


def test_the_oracle_is_real_validation() -> None:
    with pytest.raises((InvalidInputs, ValidationError)):
        validate(model_of((an("it", WHOLE),)), {"it": "1"})
