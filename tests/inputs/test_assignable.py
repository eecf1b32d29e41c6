"""Which models can stand for stored inputs."""

import datetime as dt
from itertools import count
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, create_model

from promptlib.errors import InputsMismatch, InvalidPrompt
from promptlib.inputs import Input, InputType, check_assignable, check_included, declare, model_of, validate, values_of
from promptlib.inputs.conforming import conform
from promptlib.messages import Image, Thread
from promptlib.plain import freeze
from tests.strategies import types_strategy, values_strategy


class Person(BaseModel):
    name: str


class Misspelt(BaseModel):
    nane: str


class Customer(BaseModel):
    name: str
    age: int = 3


def stored(annotation: Any) -> tuple[Input, ...]:
    return declare(create_model("Stored", x=(annotation, ...)))


def model(annotation: Any) -> type[BaseModel]:
    return create_model("Model", x=(annotation, ...))


@pytest.mark.parametrize(
    ("own", "other"),
    [
        (float, int),
        (float, Literal[1, 2]),
        (Annotated[float, Field(ge=0.5)], Annotated[int, Field(ge=1)]),
        (str | None, str),
        (str, Literal["a", "b"]),
        (Annotated[str, Field(max_length=1)], Literal["a", "b"]),
        (Annotated[str, Field(pattern="^a")], Annotated[str, Field(pattern="^a", max_length=3)]),
        (Literal["a", "b"], Literal["b"]),
        (int, Annotated[int, Field(ge=1)]),
        (Annotated[int, Field(ge=1, le=5)], Annotated[int, Field(ge=2, le=5)]),
        (Annotated[dt.date, Field(le=dt.date(2025, 1, 1))], Annotated[dt.date, Field(le=dt.date(2024, 1, 1))]),
        (list[float], list[int]),
        (dict[str, str | None], dict[str, str]),
        (Annotated[list[str], Field(max_length=5)], Annotated[list[str], Field(max_length=4, min_length=1)]),
        (Customer, Person),
        (Any, str | None),
        (Any, dict[str, list[Customer]]),
        (Any, dt.date),
        (Thread, Annotated[Thread, Field(max_length=3)]),
    ],
    ids=count(),
)
def test_what_accepts_every_value_of_the_field_is_assignable(own: Any, other: Any) -> None:
    check_assignable(stored(own), model(other))


@pytest.mark.parametrize(
    ("own", "other", "row"),
    [
        (str, int, "x: the prompt stores text, the model has a whole number: integer is not accepted as text"),
        (int, float, "the prompt stores a whole number, the model has a number: float is not accepted as integer"),
        (int, bool, "the model has true or false: boolean is not accepted as integer"),
        (int, Literal[True], "the model has True: True is not accepted"),
        (str, str | None, "the prompt stores text, the model has text, or None: None is not accepted"),
        (Literal["a", "b"], str, "the prompt stores one of 'a', 'b', the model has text: text is not accepted as enum"),
        (Literal["a", "b"], Literal["b", "c"], "the model has one of 'b', 'c': 'c' is not accepted"),
        (dt.date, str, "the prompt stores a date, the model has text: text is not accepted as date"),
        (dt.date, Literal["2024-01-01"], "the model has '2024-01-01': '2024-01-01' is not accepted"),
        (dt.date, dt.datetime, "datetime is not accepted as date"),
        (str, Any, "the model has any plain data: data of any shape is not accepted as text"),
        (Any, Thread, "the model has list of messages: messages, images and files are no plain data"),
        (Any, list[Image], "the model has list of images: messages, images and files are no plain data"),
        (Annotated[int, Field(ge=1)], int, "the model lets through less than 1"),
        (Annotated[int, Field(le=5)], Annotated[int, Field(le=6)], "the model lets through more than 5"),
        (
            Annotated[dt.datetime, Field(ge=dt.datetime(2024, 1, 1, tzinfo=dt.UTC))],
            Annotated[dt.datetime, Field(ge=dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1))))],
            "the model lets through less than 2024-01-01T00:00:00+00:00",
        ),
        (Annotated[str, Field(min_length=2)], str, "the model lets through a length below 2"),
        (Annotated[str, Field(max_length=2)], str, "the model lets through a length above 2"),
        (Annotated[str, Field(pattern="^a")], str, "the model does not ask for the pattern '^a'"),
        (list[str], list[int], "x[]: the prompt stores text, the model has a whole number"),
        (list[str], dict[str, str], "a mapping is not accepted as a list"),
        (
            Person,
            Customer,
            "x.age: the prompt stores nothing of this name, the model has a whole number: it would never",
        ),
        (
            list[Customer],
            list[Misspelt],
            "x[].name: the prompt stores text, the model has not",
        ),
    ],
    ids=count(),
)
def test_other_fields_are_told_with_both_sides_and_the_reason(own: Any, other: Any, row: str) -> None:
    with pytest.raises(InputsMismatch) as caught:
        check_assignable(stored(own), model(other))
    assert row in caught.value.what


def test_the_text_goes_field_by_field() -> None:
    class Stored(BaseModel):
        ticket: str
        tone: str
        note: str = "none"

    class Model(BaseModel):
        ticket: int
        tome: str

    with pytest.raises(InputsMismatch) as caught:
        check_assignable(declare(Stored), Model)
    assert str(caught.value) == (
        "the model Model does not fit the inputs of the stored prompt\n"
        "  ticket: the prompt stores text, the model has a whole number: integer is not accepted as text\n"
        "  tone: the prompt stores text, the model has nothing of this name: did you mean 'tome'?\n"
        "  tome: the prompt stores nothing of this name, the model has text: did you mean 'tone'?\n"
        "change the model, or load without inputs= and save the prompt with the new inputs"
    )


def test_a_stored_input_with_a_default_may_be_missing_and_keeps_it() -> None:
    class Stored(BaseModel):
        ticket: str
        tone: str = "plain"
        history: Thread = ()
        tags: list[str] = ["a"]
        since: dt.date = dt.date(2024, 1, 1)
        picture: Image | None = Image("u")
        customer: Customer = Customer(name="Ada")
        limits: dict[str, int] = {"a": 1}

    class Model(BaseModel):
        ticket: str

    inputs = declare(Stored)
    assert values_of(Model(ticket="t"), inputs) == {
        "ticket": "t",
        "tone": "plain",
        "history": (),
        "tags": ["a"],
        "since": "2024-01-01",
        "picture": Image("u"),
        "customer": {"name": "Ada", "age": 3},
        "limits": {"a": 1},
    }
    first, second = (values_of(Model(ticket="t"), inputs)["tags"] for _ in range(2))
    assert first is not second


def test_a_required_stored_input_cannot_be_missing() -> None:
    with pytest.raises(
        InputsMismatch, match="x: the prompt stores text, the model has nothing of this name: it is req"
    ):
        check_assignable(stored(str), create_model("Model"))


def test_an_include_needs_inputs_that_are_declared_around_it() -> None:
    class Style(BaseModel):
        tone: Literal["warm", "plain"]
        name: str = "you"

    class Around(BaseModel):
        tone: Literal["warm"]
        ticket: str

    class Without(BaseModel):
        tone: str

    check_included(declare(Style), declare(Around), "the include 'style'")
    with pytest.raises(InvalidPrompt) as caught:
        check_included(declare(Style), declare(Without), "the include 'style'")
    assert str(caught.value) == (
        "the include 'style' needs inputs that are not declared here\n"
        "  tone: it needs one of 'warm', 'plain', here is text: text is not accepted as enum\n"
        "declare them with a type that the include accepts"
    )
    with pytest.raises(InvalidPrompt, match="tone: it needs one of 'warm', 'plain', here is nothing of this name"):
        check_included(declare(Style), (), "the include 'style'")


def _assignable(own: InputType, other: InputType) -> bool:
    try:
        check_assignable((Input(name="x", type=own),), model_of((Input(name="x", type=other),)))
    except InputsMismatch:
        return False
    return True


@given(st.data())
def test_what_is_assignable_is_accepted_value_by_value(data: st.DataObject) -> None:
    own = data.draw(types_strategy(depth=1))
    wider = InputType(kind="json") if data.draw(st.booleans()) else own
    near = st.sampled_from([own, InputType(kind="integer"), InputType(kind="enum", values=("a", 1))])
    other = data.draw(near | types_strategy(depth=1))
    if not _assignable(wider, other):
        return
    value = data.draw(values_strategy(other))
    conform(wider, freeze(value), "value")
    instance = validate(model_of((Input(name="x", type=other),)), {"x": value})
    values_of(instance, (Input(name="x", type=wider),))
