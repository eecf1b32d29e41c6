"""What callers notice when inputs change, and readers when answers do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib.diff.contract import compare_inputs, compare_outputs
from promptlib.inputs import Input, InputType, canonical
from promptlib.inputs.conforming import conform
from promptlib.plain import canonical as text_of
from tests.strategies import inputs_strategy, types_strategy, values_strategy

TEXT = InputType(kind="string")
SHORT = InputType(kind="string", max_length=80)
NUMBER = InputType(kind="integer")
TONE = InputType(kind="enum", values=("warm", "plain"))
WARM = InputType(kind="enum", values=("warm",))


def an(kind_of: InputType = TEXT, *, name: str = "x", description: str = "") -> Input:
    return Input(name=name, type=kind_of, description=description)


def optional(kind_of: InputType = TEXT, default: str = "a") -> Input:
    return Input(name="x", type=kind_of, required=False, default=default)


def an_object(*properties: Input) -> Input:
    return an(InputType(kind="object", properties=properties))


def array(items: InputType) -> InputType:
    return InputType(kind="array", items=items)


def a_map(items: InputType) -> InputType:
    return InputType(kind="map", items=items)


OTHER = an(name="other")
#: Whether it breaks, and why: for callers, then for readers of the answer.
Verdict = tuple[bool, str]
NEW = (True, "it is required, and callers do not give it yet")
UNREAD = (False, "readers of the answer need not know it")
GIVE, MEET = "callers may give", "readers of the answer may meet"
STILL_TAKEN = (False, "every value that was accepted still is")
STILL_KNOWN = (False, "every answer fits the old type")
MAY_LEAVE_OUT = (False, "callers may leave it out")

CASES: list[tuple[tuple[Input, ...], tuple[Input, ...], str, Verdict, Verdict]] = [
    ((OTHER,), (OTHER, an()), "x input", NEW, UNREAD),
    ((OTHER,), (OTHER, optional()), "x input", MAY_LEAVE_OUT, UNREAD),
    (
        (OTHER, an()),
        (OTHER,),
        "x input",
        (True, "callers that give it are refused"),
        (True, "readers of the answer do not find it any more"),
    ),
    ((), (an(),), "x input", NEW, (True, "answers were text of any form before")),
    (
        (an(),),
        (),
        "x input",
        (True, "callers that give it are refused"),
        (True, "answers are text of any form now"),
    ),
    (
        (optional(),),
        (an(),),
        "x required",
        (True, "callers that leave it out are refused"),
        (False, "it is always there"),
    ),
    ((an(),), (optional(),), "x required", MAY_LEAVE_OUT, (True, "readers of the answer may not find it")),
    (
        (optional(),),
        (optional(default="b"),),
        "x default",
        (False, "callers that leave it out get 'b'"),
        (False, "an answer without it reads as 'b'"),
    ),
    ((an(SHORT),), (an(),), "x type", STILL_TAKEN, (True, f"{MEET} text of more than 80 characters")),
    ((an(),), (an(SHORT),), "x type", (True, f"{GIVE} text of more than 80 characters"), STILL_KNOWN),
    (
        (an(),),
        (an(NUMBER),),
        "x type",
        (True, f"{GIVE} text, not a whole number"),
        (True, f"{MEET} whole numbers, not text"),
    ),
    (
        (an(NUMBER),),
        (an(InputType(kind="float")),),
        "x type",
        STILL_TAKEN,
        (True, f"{MEET} numbers with a fraction, not a whole number"),
    ),
    ((an(TONE),), (an(),), "x type", STILL_TAKEN, (True, f"{MEET} text other than 'warm', 'plain'")),
    ((an(TONE),), (an(WARM),), "x type", (True, "callers may give 'plain'"), STILL_KNOWN),
    (
        (an(),),
        (an(replace(TEXT, nullable=True)),),
        "x type",
        STILL_TAKEN,
        (True, "readers of the answer may meet None"),
    ),
    ((an_object(an(name="age")),), (an_object(an(name="age"), an(name="city")),), "x.city input", NEW, UNREAD),
    (
        (an(array(SHORT)),),
        (an(array(TEXT)),),
        "x[] type",
        STILL_TAKEN,
        (True, f"{MEET} text of more than 80 characters"),
    ),
    (
        (an(a_map(TEXT)),),
        (an(a_map(NUMBER)),),
        "x{} type",
        (True, f"{GIVE} text, not a whole number"),
        (True, f"{MEET} whole numbers, not text"),
    ),
    (
        (an(array(TEXT)),),
        (an(replace(array(TEXT), min_length=1)),),
        "x type",
        (True, f"{GIVE} fewer than 1 items"),
        STILL_KNOWN,
    ),
]


@pytest.mark.parametrize(("before", "after", "what", "callers", "readers"), CASES)
def test_each_change_and_whom_it_breaks(
    before: tuple[Input, ...], after: tuple[Input, ...], what: str, callers: Verdict, readers: Verdict
) -> None:
    for compare, verdict in ((compare_inputs, callers), (compare_outputs, readers)):
        (row,) = compare(before, after)
        assert (f"{row.path} {row.aspect}", (row.breaking, row.reason)) == (what, verdict)


def test_both_sides_are_told_in_words() -> None:
    (row,) = compare_inputs((an(),), (optional(default="x" * 200),))
    assert row.before == "required"
    assert row.after.startswith("optional, 'xxx")
    assert len(row.after) < 120
    rows = compare_inputs((an(), an(TONE, name="y")), (an(SHORT), an(TONE, name="z")))
    assert [(row.path, row.change, row.before, row.after) for row in rows] == [
        ("x", "changed", "text", "text of at most 80 characters"),
        ("y", "removed", "one of 'warm', 'plain', required", ""),
        ("z", "added", "", "one of 'warm', 'plain', required"),
    ]


def test_a_description_is_no_content_wherever_it_stands() -> None:
    before = (an_object(an(name="age")), an(name="y"))
    after = (an_object(an(name="age", description="in years")), an(name="y", description="why"))
    rows = compare_inputs(before, after)
    assert [(row.path, row.aspect, row.content, row.breaking) for row in rows] == [
        ("x.age", "description", False, False),
        ("y", "description", False, False),
    ]


def test_another_order_of_values_is_no_difference() -> None:
    assert compare_inputs((an(TONE),), (an(replace(TONE, values=("plain", "warm"))),)) == ()
    assert compare_inputs((an(), an(name="y")), (an(name="y"), an())) == ()


def test_inputs_of_a_new_prompt_break_nobody() -> None:
    for compare in (compare_inputs, compare_outputs):
        (row,) = compare(None, (an(),))
        assert (row.change, row.after, row.breaking, row.reason) == ("added", "text, required", False, "")


@given(inputs_strategy(), inputs_strategy())
def test_rows_of_content_are_there_exactly_when_the_canonical_form_differs(
    before: tuple[Input, ...], after: tuple[Input, ...]
) -> None:
    for one, other in ((before, after), (before, before), (before, before[::-1])):
        rows = compare_inputs(one, other)
        assert any(row.content for row in rows) == (text_of(canonical(one)) != text_of(canonical(other)))


@given(st.data())
def test_what_is_called_harmless_is_accepted(data: st.DataObject) -> None:
    """A type that was changed without `breaking` takes every value that the old one took."""
    old = data.draw(types_strategy())
    new = data.draw(st.sampled_from(relatives(old)) | types_strategy())
    if any(row.breaking for row in compare_inputs((an(old),), (an(new),))):
        return
    conform(new, data.draw(values_strategy(old)), "value")


@given(types_strategy(), st.data())
def test_what_is_called_breaking_can_be_told_apart(new: InputType, data: st.DataObject) -> None:
    """Taking a limit away breaks no caller, and no reader can meet less than before."""
    wide = data.draw(st.sampled_from(relatives(new)))
    assert not any(row.breaking for row in compare_inputs((an(new),), (an(wide),)))
    assert not any(row.breaking for row in compare_outputs((an(wide),), (an(new),)))


def relatives(kind_of: InputType) -> list[InputType]:
    """Return the type and types that accept more."""
    wider: list[dict[str, Any]] = [{"nullable": True}]
    wider += [{limit: None} for limit in ("ge", "le", "min_length", "max_length", "pattern")]
    return [kind_of, *(replace(kind_of, **change) for change in wider)]
