"""Values by name, and errors that name the input."""

import datetime as dt
from itertools import count
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from promptlib.errors import InvalidInputs
from promptlib.inputs import declare, model_of, validate
from promptlib.messages import Thread, user


class Customer(BaseModel):
    name: str
    age: int = 3


class Triage(BaseModel):
    ticket: str
    tone: Literal["warm", "plain"] = "plain"
    count: Annotated[int, Field(ge=1, le=5)] = 1
    share: float = 0.5
    since: dt.date = dt.date(2024, 1, 1)
    at: dt.datetime | None = None
    tags: list[str] = []
    limits: dict[str, int] = {}
    history: Thread = ()
    customer: Customer = Customer(name="Ada")
    data: Any = None


BUILT = model_of(declare(Triage))


def refusal(model: type[BaseModel], **given: object) -> str:
    with pytest.raises(InvalidInputs) as caught:
        validate(model, given)
    return str(caught.value)


def value_of(name: str, value: object) -> Any:
    return getattr(validate(BUILT, {"ticket": "t", name: value}), name)


@pytest.mark.parametrize("model", [Triage, BUILT], ids=["own", "built"])
def test_values_by_name_make_an_instance(model: type[BaseModel]) -> None:
    instance: Any = validate(model, {"ticket": "t", "tone": "warm"})
    assert type(instance) is model
    assert instance.__dict__.items() >= {"ticket": "t", "tone": "warm", "count": 1}.items()


def test_spellings_that_lose_nothing_are_taken() -> None:
    assert repr(value_of("share", 1)) == "1.0"
    assert value_of("since", "2024-02-29") == dt.date(2024, 2, 29)
    assert value_of("at", "2024-02-29T12:00:00Z") == dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)
    assert value_of("tags", ["a"]) == ("a",)
    assert value_of("history", [{"role": "user", "content": "hi"}, user("ho")]) == (user("hi"), user("ho"))
    assert value_of("customer", {"name": "Eve"}).age == 3


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            {"ticket": 3},
            "input 'ticket' is 3, not text\n  --> inputs\npydantic says: input should be a valid string",
        ),
        ({"ticket": b"t"}, "input 'ticket' is a bytes, not text"),
        ({"ticket": None}, "input 'ticket' is None, not text"),
        ({"tone": "cold"}, "input 'tone' is 'cold', not one of 'warm', 'plain'"),
        ({"count": "3"}, "input 'count' is '3', not a whole number from 1 to 5"),
        ({"count": 3.0}, "input 'count' is 3.0, not a whole number from 1 to 5"),
        ({"count": True}, "input 'count' is True, not a whole number from 1 to 5"),
        ({"count": 6}, "input 'count' is 6, not a whole number from 1 to 5\n  --> inputs\npydantic says: input should"),
        ({"share": "0.5"}, "input 'share' is '0.5', not a number"),
        ({"share": float("nan")}, "input 'share' is nan, not a number"),
        (
            {"since": "tomorrow"},
            "input 'since' is 'tomorrow', which is refused\n  --> inputs\npydantic says: value err",
        ),
        ({"since": 1700000000}, "input 'since' is 1700000000, not a date"),
        ({"since": dt.datetime(2024, 1, 1)}, "input 'since' is a datetime, not a date"),  # noqa: DTZ001 - any will do
        ({"tags": "abc"}, "input 'tags' is 'abc', not list of texts"),
        ({"tags": {"a"}}, "input 'tags' is a set, not list of texts"),
        ({"tags": ["a", 3]}, "input 'tags[1]' is 3, not text"),
        ({"limits": {"a": "1"}}, "input \"limits['a']\" is '1', not a whole number"),
        ({"limits": {1: 1}}, "input 'limits[1]' is 1, not text"),
        ({"limits": []}, "input 'limits' is a list, not mapping from texts to whole numbers"),
        (
            {"history": ["hi"]},
            "input 'history[0]' is 'hi', which is refused\n  --> inputs\npydantic says: value error, ",
        ),
        ({"history": [{"role": "robot", "content": ""}]}, "no role 'robot'"),
        ({"customer": {"age": 3}}, "missing input 'customer.name'\n  --> inputs\ngive text"),
        (
            {"customer": {"name": "a", "agee": 3}},
            "unknown input 'customer.agee'\n  --> inputs\ndid you mean 'age'? it has: ",
        ),
        ({"customer": {"name": "a", "age": "3"}}, "input 'customer.age' is '3', not a whole number"),
        ({"customer": 3}, "input 'customer' is 3, not an object with name, age"),
    ],
    ids=count(),
)
def test_a_built_model_coerces_nothing(given: dict[str, object], text: str) -> None:
    assert text in refusal(BUILT, **{"ticket": "t", **given})


def test_a_missing_input_is_named_with_what_it_takes() -> None:
    assert refusal(BUILT) == "missing input 'ticket'\n  --> inputs\nticket: text"
    assert refusal(Triage) == "missing input 'ticket'\n  --> inputs of Triage\nticket: text"


def test_missing_inputs_are_one_list() -> None:
    class Two(BaseModel):
        one: str
        two: int
        three: int = 3

    assert refusal(Two) == "missing inputs: 'one', 'two'\n  --> inputs of Two\none: text; two: a whole number"


def test_an_unknown_input_is_named_with_the_nearest() -> None:
    class Small(BaseModel):
        ticket: str = ""
        tone: str = ""

    expected = "unknown input 'tickte'\n  --> inputs of Small\ndid you mean 'ticket'? inputs here: ticket, tone"
    assert refusal(Small, tickte="t") == expected
    assert refusal(Small, zzz="t").endswith("\ninputs here: ticket, tone")
    assert refusal(model_of(()), a=1) == "unknown input 'a'\n  --> inputs\nthis prompt takes no inputs"


def test_all_problems_are_in_one_error() -> None:
    with pytest.raises(InvalidInputs) as caught:
        validate(BUILT, {"tikket": "t", "tone": 3, "count": 9})
    assert [caught.value.what, *(each.what for each in caught.value.others)] == [
        "unknown input 'tikket'",
        "missing input 'ticket'",
        "input 'tone' is 3, not one of 'warm', 'plain'",
        "input 'count' is 9, not a whole number from 1 to 5",
    ]


def test_a_value_is_shown_in_eighty_characters_at_most() -> None:
    text = refusal(BUILT, ticket="t", count="s" * 100_000)
    assert len(text.splitlines()[0]) < 140
    assert "sssss…" in text


def test_a_users_model_coerces_as_it_is_configured() -> None:
    class Strict(BaseModel):
        model_config = ConfigDict(strict=True)
        count: int

    class Lax(BaseModel):
        count: int

    assert validate(Lax, {"count": "3"}) == Lax(count=3)
    assert refusal(Strict, count="3").startswith("input 'count' is '3', not a whole number")


def test_a_users_validators_speak_for_themselves() -> None:
    class Careful(BaseModel):
        ticket: str
        other: str = ""

        @field_validator("ticket")
        @classmethod
        def _not_empty(cls, value: str) -> str:
            if not value:
                message = "a ticket has words"
                raise ValueError(message)
            return value

        @model_validator(mode="after")
        def _not_both(self) -> "Careful":
            if self.ticket == self.other:
                message = "the two are the same"
                raise ValueError(message)
            return self

    assert refusal(Careful, ticket="") == (
        "input 'ticket' is '', which is refused\n  --> inputs of Careful\n"
        "pydantic says: value error, a ticket has words"
    )
    assert refusal(Careful, ticket="a", other="a") == (
        "the inputs are refused: value error, the two are the same\n"
        "  --> inputs of Careful\nthe model's own check says so"
    )


def test_a_name_that_is_no_text_is_unknown() -> None:
    with pytest.raises(InvalidInputs, match="unknown input 3"):
        validate(BUILT, {"ticket": "t", 3: 4})  # type: ignore[dict-item]  # what is tested
