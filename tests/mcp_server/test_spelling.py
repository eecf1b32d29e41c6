"""A value as the text that clients must send is that value again, for every type of input."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib.errors import InvalidInputs
from promptlib.inputs import Input, InputType, model_of, values_of
from promptlib.inputs.conforming import conform
from promptlib.mcp_server.arguments import inputs_from
from promptlib.mcp_server.spelling import NoJson, choices, example, read, spelled, told
from tests.strategies import types_strategy, values_strategy


def taken(kind_of: InputType, text: object, *, texts: bool = True) -> object:
    """Return what a template gets for the argument *text* of an input of type *kind_of*."""
    inputs = (Input(name="x", type=kind_of),)
    return values_of(inputs_from(model_of(inputs), inputs, {"x": text}, texts=texts), inputs)["x"]


@given(st.data())
def test_the_text_of_a_value_is_that_value(data: st.DataObject) -> None:
    kind_of = data.draw(types_strategy())
    value = conform(kind_of, data.draw(values_strategy(kind_of)), "a value")
    inputs = (Input(name="x", type=kind_of, required=False, default=value),)
    expected = values_of(model_of(inputs)(), inputs)["x"]
    found = taken(kind_of, spelled(kind_of, value))
    assert found == expected
    assert repr(found) == repr(expected)  # numbers and truth by their kind


@given(
    st.lists(st.one_of(st.text('1"ntul\\', max_size=6), st.integers(-2, 2), st.booleans()), min_size=1, unique_by=repr)
)
def test_each_member_of_an_enum_has_a_text_of_its_own(values: list[Any]) -> None:
    kind_of = InputType(kind="enum", values=tuple(values), nullable=True)
    offered = choices(kind_of)
    assert len(offered) == len(values) + 1
    assert [repr(taken(kind_of, text)) for text in offered] == [*map(repr, values), "None"]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", "5", 5),
        ("integer", " -12 ", -12),
        ("integer", "+7", 7),
        ("integer", "5.0", 5),
        ("float", "5", 5.0),
        ("float", ".5", 0.5),
        ("float", "1e3", 1000.0),
        ("boolean", "true", True),
        ("boolean", "False", False),
        ("date", " 2026-05-03 ", "2026-05-03"),
        ("datetime", "2026-05-03T12:00Z", "2026-05-03T12:00:00+00:00"),
        ("json", '{"a": [1, null]}', {"a": [1, None]}),
        ("json", '"text"', "text"),
        ("string", " 5 ", " 5 "),
        ("string", "null", "null"),
    ],
)
def test_texts_that_clients_send(kind: Any, text: str, value: object) -> None:
    found = taken(InputType(kind=kind), text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("integer", "5.5", "input 'x' is '5.5', not a whole number"),
        ("integer", "9" * 5000, "not a whole number"),
        ("integer", "١", "not a whole number"),
        ("float", "nan", "input 'x' is 'nan', not a number"),
        ("float", "1e999", "not a number"),
        ("boolean", "yes", "input 'x' is 'yes', not true or false"),
        ("date", "yesterday", "input 'x' is 'yesterday', which is refused"),
        ("json", "[1,", "input 'x' is no JSON: Expecting value: line 1 column 4"),
        ("json", "NaN", "input 'x' is no JSON: NaN is no JSON"),
        ("json", '{"a": 1, "a": 2}', "input 'x' is no JSON: the key 'a' stands twice"),
        ("json", "[" * 100_000, "input 'x' is no JSON: it is nested too deeply"),
        ("thread", "hello", "input 'x' is no JSON"),
        ("thread", '[{"role": "wizard", "content": ""}]', "wizard"),
        ("image", '{"uri": 1}', "input 'x"),
        ("integer", "", "missing input 'x'"),
        ("json", "  ", "missing input 'x'"),
    ],
)
def test_texts_that_are_refused(kind: Any, text: str, said: str) -> None:
    with pytest.raises(InvalidInputs) as caught:
        taken(InputType(kind=kind), text)
    assert said in str(caught.value)


def test_an_empty_text_leaves_out_what_is_no_text() -> None:
    inputs = (
        Input(name="times", type=InputType(kind="integer"), required=False, default=3),
        Input(name="note", type=InputType(kind="string"), required=False, default="none"),
        Input(name="tone", type=InputType(kind="enum", values=("", "warm")), required=False, default="warm"),
    )
    found = inputs_from(model_of(inputs), inputs, {"times": " ", "note": "", "tone": ""}, texts=True)
    assert found.model_dump() == {"times": 3, "note": "", "tone": ""}


def test_null_and_the_word_null() -> None:
    kind_of = InputType(kind="string", nullable=True)
    for value in (None, "null", '"null"', '""null""', '"null', "Null", ""):
        assert taken(kind_of, spelled(kind_of, value)) == value
    assert (spelled(kind_of, None), spelled(kind_of, "null")) == ("null", '"null"')


def test_values_of_a_tool_are_json_and_texts_serve_too() -> None:
    assert taken(InputType(kind="integer"), 5, texts=False) == 5
    assert taken(InputType(kind="integer"), 5.0, texts=False) == 5
    assert taken(InputType(kind="integer"), "5", texts=False) == 5
    assert taken(InputType(kind="boolean"), "true", texts=False) is True
    assert taken(InputType(kind="json"), "5", texts=False) == "5"
    assert taken(InputType(kind="string", nullable=True), "null", texts=False) == "null"
    assert taken(InputType(kind="string", nullable=True), None, texts=False) is None
    assert taken(InputType(kind="array", items=InputType(kind="integer")), "[1, 2]", texts=False) == [1, 2]
    assert taken(InputType(kind="map", items=InputType(kind="float")), {"a": 1}, texts=False) == {"a": 1.0}
    for kind_of, value in ((InputType(kind="boolean"), 1), (InputType(kind="integer"), True)):
        with pytest.raises(InvalidInputs, match="input 'x' is"):
            taken(kind_of, value, texts=False)


def test_all_that_is_wrong_is_told_at_once() -> None:
    inputs = tuple(
        Input(name=name, type=InputType(kind=kind))  # type: ignore[arg-type] # a Literal, out of a tuple
        for name, kind in (("items", "json"), ("when", "date"), ("count", "integer"), ("why", "string"))
    )
    given = {"items": "[", "when": "today", "count": "2", "extra": "x"}
    with pytest.raises(InvalidInputs) as caught:
        inputs_from(model_of(inputs), inputs, given, texts=True)
    text = str(caught.value)
    for said in ("'items' is no JSON", "'when' is 'today'", "unknown input 'extra'", "missing input 'why'"):
        assert said in text
    assert "count" not in text.replace("inputs here", "").replace("items, when, count", "").replace(
        "when, count, why", ""
    )


def test_what_is_told_of_an_input() -> None:
    items = InputType(kind="array", items=InputType(kind="string"), max_length=3)
    assert told(Input(name="x", type=items, description="Names to use.")) == (
        'Names to use. List of texts, at most 3 items, as JSON: ["…"]'
    )
    tone = InputType(kind="enum", values=("warm", "plain"), nullable=True)
    assert told(Input(name="x", type=tone, required=False)) == "One of 'warm', 'plain', or null. Left out, it is null"
    text = InputType(kind="string", max_length=9)
    assert told(Input(name="x", type=text, required=False, default="")).endswith("9 characters. Left out, it is empty")
    deep = InputType(kind="string")
    for _ in range(5):
        deep = InputType(kind="array", items=deep)
    assert example(deep) == '[[["…"]]]'
    assert told(Input(name="x", type=InputType(kind="date"))) == "A date, such as 2026-12-31"
    assert "as a URL or as JSON" in told(Input(name="x", type=InputType(kind="image")))


@given(types_strategy())
def test_every_type_has_an_example_and_can_be_told(kind_of: InputType) -> None:
    assert len(example(kind_of)) <= 200
    assert "\n" not in told(Input(name="x", type=kind_of, description="a\n b"))


def test_no_json_says_where() -> None:
    with pytest.raises(NoJson, match="line 2 column 1"):
        read(InputType(kind="json"), "[1\n2]")
