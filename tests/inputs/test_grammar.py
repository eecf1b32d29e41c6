"""What a declaration can say, and how it is refused when it cannot be."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, fields, replace
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptlib.errors import InvalidPrompt
from promptlib.inputs import RESERVED, Input, InputType, canonical
from promptlib.plain import Frozen, digest
from tests.strategies import inputs_strategy, types_strategy

TEXT = InputType(kind="string")
NUMBER = InputType(kind="integer")


def refusal(make: Any) -> str:
    with pytest.raises(InvalidPrompt) as caught:
        make()
    return str(caught.value)


def test_a_declaration_is_a_value() -> None:
    declared = Input(name="tone", type=TEXT, required=False, default="plain")
    assert declared == Input(name="tone", type=TEXT, required=False, default="plain")
    assert len({declared, Input(name="tone", type=TEXT, required=False, default="plain")}) == 1
    assert pickle.loads(pickle.dumps(declared)) == declared  # noqa: S301 - our own bytes
    with pytest.raises(FrozenInstanceError):
        declared.name = "other"  # type: ignore[misc]  # the write is what is tested
    assert declared != "tone"
    assert TEXT != "string"


def test_numbers_keep_their_kind_in_equality() -> None:
    one, real, truth = (InputType(kind="enum", values=(value,)) for value in (1, 1.0, True))
    assert len({one, real, truth}) == 3
    data = InputType(kind="json")
    assert Input(name="x", type=data, required=False, default=1) != Input(
        name="x", type=data, required=False, default=1.0
    )


@pytest.mark.parametrize("name", sorted(RESERVED | {"model_config"}))
def test_reserved_names_are_refused_with_the_list(name: str) -> None:
    text = refusal(lambda: Input(name=name, type=TEXT))
    assert text.startswith(f"{name!r} cannot be the name of an input\n")
    assert "choose another word; reserved: budget, check_unicode, loop, resolve, self; and model_config" in text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("", "'' is no name for an input\na name is a word of letters, digits and _ that begins with a letter"),
        ("a b", "'a b' is no name for an input"),
        ("1st", "'1st' is no name for an input"),
        ("order-number", "'order-number' is no name for an input"),
        ("_private", "the input '_private' begins with _\nbegin the name with a letter"),
        ("ﬁle", "the input '\\ufb01le' is spelt with characters that Python reads as others\nwrite 'file'"),
        ("a\u202eb", "'a\\u202eb' is no name for an input"),
        (3, "3 is no name for an input"),
    ],
    ids=count(),
)
def test_other_names_are_refused_with_the_rule(name: Any, text: str) -> None:
    assert text in refusal(lambda: Input(name=name, type=TEXT))


def test_words_of_python_can_be_names() -> None:
    assert Input(name="class", type=TEXT).name == "class"


def test_two_inputs_with_one_name_are_refused() -> None:
    twice = (Input(name="a", type=TEXT), Input(name="a", type=NUMBER))
    text = refusal(lambda: InputType(kind="object", properties=twice))
    assert text == "the input 'a' is declared 2 times\na name has one declaration"


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (
            {"kind": "strin"},
            "no kind of input 'strin'\ndid you mean 'string'? kinds: string, integer, float, boolean, date",
        ),
        ({"kind": "array"}, "a type of kind array needs items\narrays and maps have items"),
        ({"kind": "string", "items": TEXT}, "a type of kind string cannot have items"),
        ({"kind": "map", "items": TEXT, "properties": (Input(name="a", type=TEXT),)}, "map cannot have properties"),
        ({"kind": "enum"}, "a type of kind enum needs values\nenums have values, at least one"),
        ({"kind": "string", "values": ("a",)}, "a type of kind string cannot have values"),
        ({"kind": "enum", "values": ("a", None)}, "None is no value of an enum\nmake the type nullable instead"),
        ({"kind": "enum", "values": ((1,),)}, "an enum holds a tuple\nvalues are texts, numbers, true and false"),
        ({"kind": "enum", "values": ("a", "b", "a")}, "an enum holds 'a' twice\nleave one out"),
        ({"kind": "boolean", "ge": 0}, "a type of kind boolean cannot have ge\nkinds with it: integer, float, date"),
        ({"kind": "integer", "ge": "one"}, "ge of a integer is 'one', which is no number"),
        ({"kind": "integer", "le": True}, "le of a integer is True, which is no number"),
        ({"kind": "float", "le": float("nan")}, "le of a float is nan, which is no number"),
        ({"kind": "integer", "le": 2**53}, "le is an integer past 2^53\nleave the limit out"),
        ({"kind": "integer", "ge": 3, "le": 2}, "nothing is at least 3 and at most 2\nge is the lower limit"),
        (
            {"kind": "datetime", "ge": "2024-01-01T00:00:00.000002", "le": "2024-01-01T00:00:00.000001+00:00"},
            "nothing is at least 2024-01-01T00:00:00.000002 and at most",
        ),
        ({"kind": "date", "ge": "today"}, "ge of a date is 'today', which is no date\nwrite it as 2024-12-31"),
        ({"kind": "date", "ge": 20240101}, "ge of a date is 20240101, which is no date"),
        ({"kind": "datetime", "le": "noon"}, "no datetime\nwrite it as 2024-12-31T23:59:59+00:00"),
        ({"kind": "integer", "max_length": 3}, "integer cannot have max_length\nkinds with it: string, array, map"),
        ({"kind": "string", "max_length": -1}, "max_length is -1\na length is a whole number from 0 on"),
        ({"kind": "string", "min_length": 1.0}, "min_length is 1.0"),
        ({"kind": "string", "min_length": 3, "max_length": 2}, "nothing has a length of at least 3 and at most 2"),
        ({"kind": "integer", "pattern": "a"}, "a type of kind integer cannot have a pattern\ntexts have patterns"),
        ({"kind": "string", "pattern": 3}, "a pattern is a int\na pattern is a text such as"),
        (
            {"kind": "string", "pattern": "("},
            "the pattern '(' is no regular expression that pydantic reads\nunclosed group; look-around and",
        ),
        ({"kind": "string", "pattern": "(?=a)"}, "look-around, including look-ahead and look-behind, is not supported"),
        ({"kind": "string", "pattern": "a{9999999}"}, "pydantic reads\nit cannot be compiled"),
    ],
    ids=count(),
)
def test_types_that_cannot_be_are_refused(parts: dict[str, Any], text: str) -> None:
    assert text in refusal(lambda: InputType(**parts))


def test_types_are_not_nested_for_ever() -> None:
    def deep(levels: int) -> InputType:
        kind_of = TEXT
        for _ in range(levels):
            kind_of = InputType(kind="array", items=kind_of)
        return kind_of

    assert deep(32).kind == "array"
    assert refusal(lambda: deep(33)) == "an input is nested deeper than 32 types\nuse json for data of any depth"


def test_limits_have_one_spelling() -> None:
    assert InputType(kind="integer", ge=0.5, le=3.5) == InputType(kind="integer", ge=1, le=3)
    assert repr(InputType(kind="float", ge=1).ge) == "1.0"
    assert InputType(kind="string", min_length=0) == TEXT
    assert InputType(kind="datetime", ge="2024-01-01T00:00:00Z").ge == "2024-01-01T00:00:00+00:00"
    assert InputType(kind="json", nullable=True) == InputType(kind="json")


@pytest.mark.parametrize(
    ("kind_of", "default", "text"),
    [
        (TEXT, 3, "the default of 'x' is 3, not text\nchange the value or the type"),
        (TEXT, None, "the default of 'x' is None, not text"),
        (InputType(kind="string", max_length=2), "abc", "is 'abc', not text of at most 2 characters"),
        (InputType(kind="string", pattern="^a"), "b", "is 'b', not text that matches '^a'"),
        (InputType(kind="integer", ge=1, le=3), 4, "is 4, not a whole number from 1 to 3"),
        (InputType(kind="integer"), True, "is True, not a whole number"),
        (InputType(kind="integer"), 1.0, "is 1.0, not a whole number"),
        (InputType(kind="boolean"), 1, "is 1, not true or false"),
        (InputType(kind="date", le="2024-01-01"), "2024-01-02", "not a date, at most 2024-01-01"),
        (InputType(kind="date"), "2024-13-01", "is '2024-13-01', not a date"),
        (InputType(kind="enum", values=("a", 1)), True, "is True, not one of 'a', 1"),
        (InputType(kind="array", items=TEXT), ["a", 1], "the default of 'x'[1] is 1, not text"),
        (InputType(kind="array", items=TEXT, min_length=1), [], "is (), not list of texts, at least 1 items"),
        (InputType(kind="map", items=NUMBER), {"a": "b"}, "the default of 'x'['a'] is 'b', not a whole number"),
        (InputType(kind="map", items=NUMBER), [], "is (), not mapping from texts to whole numbers"),
        (InputType(kind="thread"), ["hello"], "the default of 'x' is no list of messages: a message is a Message or"),
        (InputType(kind="thread"), "hello", "is 'hello', not list of messages"),
        (InputType(kind="image"), {"url": "u", "detail": "huge"}, "not an image"),
        (InputType(kind="image"), {"url": "u", "size": 3}, "not an image"),
        (InputType(kind="file"), {"url": "u", "name": 3}, "not a file"),
        (InputType(kind="json"), object(), "the default of 'x' is a object, not plain data"),
        (InputType(kind="json"), float("inf"), "the default of 'x' is inf, which is no JSON number"),
    ],
    ids=count(),
)
def test_a_default_is_a_value_of_its_type(kind_of: InputType, default: Any, text: str) -> None:
    assert text in refusal(lambda: Input(name="x", type=kind_of, required=False, default=default))


def test_an_object_as_default_is_complete() -> None:
    kind_of = InputType(
        kind="object",
        properties=(Input(name="a", type=TEXT), Input(name="b", type=NUMBER, required=False, default=2)),
    )
    declared = Input(name="x", type=kind_of, required=False, default=Frozen({"a": "y"}))
    assert declared.default == Frozen({"a": "y", "b": 2})
    lacking = refusal(lambda: Input(name="x", type=kind_of, required=False, default=Frozen({"b": 1})))
    assert lacking == "the default of 'x' lacks 'a'\ngive text"
    unknown = refusal(lambda: Input(name="x", type=kind_of, required=False, default=Frozen({"a": "", "c": 1})))
    assert unknown == "the default of 'x' has 'c', which its type has not\nit has: a, b"
    assert "is 1, not an object with a, b" in refusal(lambda: Input(name="x", type=kind_of, required=False, default=1))


def test_a_required_input_has_no_default() -> None:
    text = refusal(lambda: Input(name="x", type=TEXT, default="a"))
    assert text == "the input 'x' is required and has a default\nleave one of the two out"


def test_defaults_have_one_spelling() -> None:
    def default(kind_of: InputType, value: Any) -> Any:
        return Input(name="x", type=kind_of, required=False, default=value).default

    assert repr(default(InputType(kind="float"), 1)) == "1.0"
    assert default(InputType(kind="datetime"), "2024-01-01T00:00:00Z") == "2024-01-01T00:00:00+00:00"
    assert default(InputType(kind="image"), {"url": "u"}) == {"url": "u", "detail": "auto"}
    assert default(InputType(kind="file"), {"url": "u"}) == {"url": "u", "name": ""}
    hello = ({"role": "user", "content": "hi"},)
    assert default(InputType(kind="thread"), hello) == hello


def test_the_content_of_a_declaration_is_minimal() -> None:
    tone = InputType(kind="enum", values=("warm", "plain"))
    inputs = (
        Input(name="ticket", type=TEXT, description="What the customer wrote"),
        Input(name="tone", type=tone, required=False, default="plain"),
        Input(name="note", type=InputType(kind="string", nullable=True), required=False),
    )
    assert canonical(inputs) == {
        "ticket": {"kind": "string"},
        "tone": {"kind": "enum", "values": ("plain", "warm"), "default": "plain"},
        "note": {"kind": "string", "nullable": True, "default": None},
    }
    assert canonical(()) == {}


def _changes(kind_of: InputType) -> list[InputType]:
    """Return types that accept something else than *kind_of*."""
    changed = [replace(kind_of, nullable=not kind_of.nullable)] if kind_of.kind != "json" else []
    if kind_of.kind in ("integer", "float"):
        changed += [replace(kind_of, ge=-5, le=None), replace(kind_of, ge=None, le=10**6 + 0.5)]
    if kind_of.kind in ("string", "array", "map", "thread"):
        changed += [replace(kind_of, min_length=1, max_length=77), replace(kind_of, min_length=None, max_length=78)]
    if kind_of.kind == "string":
        changed.append(replace(kind_of, pattern="^other$"))
    if kind_of.kind == "enum":
        changed.append(replace(kind_of, values=(*kind_of.values, "one more")))
    if kind_of.items is not None:
        changed += [replace(kind_of, items=each) for each in _changes(kind_of.items)]
    if kind_of.kind == "object":
        changed.append(replace(kind_of, properties=(*kind_of.properties, Input(name="one_more", type=TEXT))))
    return [each for each in changed if each != kind_of]


@given(types_strategy())
def test_every_change_of_a_type_changes_the_digest(kind_of: InputType) -> None:
    digests = {digest(canonical((Input(name="x", type=each),))) for each in (kind_of, *_changes(kind_of))}
    distinct = {kind_of, *_changes(kind_of)}
    assert len(digests) == len(distinct)


@given(inputs_strategy(), st.data())
@settings(max_examples=60)
def test_name_and_requiredness_are_content_and_the_description_is_not(
    inputs: tuple[Input, ...], data: st.DataObject
) -> None:
    before = digest(canonical(inputs))
    assert digest(canonical(tuple(replace(each, description="other") for each in inputs))) == before
    assert digest(canonical(inputs[::-1])) == before
    if inputs:
        at = data.draw(st.integers(0, len(inputs) - 1))
        renamed = replace(inputs[at], name="renamed")
        assert digest(canonical((*inputs[:at], renamed, *inputs[at + 1 :]))) != before
        if not inputs[at].required:
            required = replace(inputs[at], required=True, default=None)
            assert digest(canonical((*inputs[:at], required, *inputs[at + 1 :]))) != before


@given(types_strategy())
def test_every_part_of_a_type_counts_in_equality(kind_of: InputType) -> None:
    again = InputType(**{each.name: getattr(kind_of, each.name) for each in fields(kind_of)})
    assert again == kind_of
    assert hash(again) == hash(kind_of)
    assert all(each != kind_of for each in _changes(kind_of))
