"""What a template gets: plain, exact, and nobody's code."""


# ruff: noqa: D105 - the hostile methods say what they do

import datetime as dt
import enum
from itertools import count
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, BeforeValidator, PlainValidator, create_model

from promptlib.errors import InputsMismatch, InvalidInputs
from promptlib.inputs import declare, reader, values_of, with_defaults
from promptlib.messages import File, Image, Message, Thread, user


class Tone(str, enum.Enum):  # noqa: UP042 - the older spelling, whose members print otherwise, is what is tested
    WARM = "warm"
    PLAIN = "plain"


class Level(enum.IntEnum):
    LOW = 1


class Customer(BaseModel):
    name: str
    born: dt.date | None = None


class Everything(BaseModel):
    ticket: str
    count: int = 3
    share: float = 1
    urgent: bool = False
    tone: Tone = Tone.WARM
    level: Level = Level.LOW
    word: Literal["a", 1] = "a"
    since: dt.date = dt.date(2024, 1, 31)
    at: dt.datetime = dt.datetime(2024, 1, 31, 12, 30, tzinfo=dt.UTC)
    tags: list[str] = ["x"]
    pairs: tuple[int, ...] = (1, 2)
    limits: dict[str, float] = {"a": 1}
    customer: Customer = Customer(name="Ada", born=dt.date(1815, 12, 10))
    customers: list[Customer] = []
    data: Any = None
    history: Thread = ()
    picture: Image | None = None
    paper: File = File("f")
    note: str | None = None


def plain(annotation: Any, value: Any) -> Any:
    model = create_model("Model", x=(annotation, ...))
    return values_of(model(x=value), declare(model))["x"]


def test_every_kind_becomes_plain() -> None:
    values = values_of(Everything(ticket="t", history=(user("hi"),)), declare(Everything))
    assert values == {
        "ticket": "t",
        "count": 3,
        "share": 1.0,
        "urgent": False,
        "tone": "warm",
        "level": 1,
        "word": "a",
        "since": "2024-01-31",
        "at": "2024-01-31T12:30:00+00:00",
        "tags": ["x"],
        "pairs": [1, 2],
        "limits": {"a": 1.0},
        "customer": {"name": "Ada", "born": "1815-12-10"},
        "customers": [],
        "data": None,
        "history": (user("hi"),),
        "picture": None,
        "paper": File("f"),
        "note": None,
    }
    exact = {str, int, float, bool, list, dict, tuple, File, type(None)}
    assert {type(value) for value in values.values()} <= exact


def test_a_text_is_passed_on_and_never_copied() -> None:
    text = "a" * 200_000
    model = create_model("Model", x=(str, ...), y=(Any, ...), z=(list[str], ...))
    values: Any = values_of(model.model_construct(x=text, y={"deep": [text]}, z=[text]), declare(model))
    assert values["x"] is text
    assert values["y"]["deep"][0] is text
    assert values["z"][0] is text


def test_a_thread_is_passed_on_and_never_copied() -> None:
    turns = (user("hi"), user("there"))
    assert plain(Thread, turns)[0] is turns[0]


class Hostile(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "{{ evil }}"

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __getitem__(self, key: object) -> str:
        raise AssertionError

    def __html__(self) -> str:
        raise AssertionError


class HostileNumber(int):
    def __int__(self) -> int:
        return 666

    def __index__(self) -> int:
        return 666

    def __str__(self) -> str:
        return "666"


class HostileReal(float):
    def __float__(self) -> float:
        return 6.66

    def __str__(self) -> str:
        return "6.66"


class HostileDate(dt.date):
    def isoformat(self) -> str:
        return "{{ evil }}"


class HostileList(list[Any]):
    pass


class HostileDict(dict[str, Any]):
    pass


@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        (str, Hostile("good"), "good"),
        (int, HostileNumber(7), 7),
        (float, HostileReal(0.5), 0.5),
        (float, HostileNumber(7), 7.0),
        (dt.date, HostileDate(2024, 1, 2), "2024-01-02"),
        (list[str], HostileList([Hostile("good")]), ["good"]),
        (dict[str, str], HostileDict({Hostile("key"): Hostile("good")}), {"key": "good"}),
        (Any, HostileDict({Hostile("key"): HostileList([Hostile("good"), HostileNumber(7)])}), {"key": ["good", 7]}),
        (Any, (HostileReal(0.5), Tone.PLAIN, Level.LOW, True), [0.5, "plain", 1, True]),
        (Literal["good"], Hostile("good"), "good"),
        (Thread, HostileList([user("a")]), (user("a"),)),
    ],
    ids=count(),
)
def test_subclasses_become_the_built_in_type(annotation: Any, value: Any, expected: Any) -> None:
    model = create_model("Model", x=(annotation, ...))
    found = values_of(model.model_construct(x=value), declare(model))["x"]
    assert _exact(found) == _exact(expected)


def _exact(value: Any) -> Any:
    """Return *value* with its types, so that nothing equal by its own word passes."""
    if isinstance(value, dict):
        return type(value).__name__, [(_exact(key), _exact(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return type(value).__name__, [_exact(item) for item in value]
    return type(value).__name__, repr(value)


class Sub(Message):
    __slots__ = ()


@pytest.mark.parametrize(
    ("annotation", "value", "text"),
    [
        (str, 3, "input 'x' is 3, not text"),
        (str, None, "input 'x' is None, not text"),
        (str, b"a", "input 'x' is a bytes, not text"),
        (int, True, "input 'x' is True, not a whole number"),
        (int, "3", "input 'x' is '3', not a whole number"),
        (float, "3", "input 'x' is '3', not a number"),
        (float, float("inf"), "input 'x' is inf, not a number"),
        (float, True, "input 'x' is True, not a number"),
        (bool, 1, "input 'x' is 1, not true or false"),
        (dt.date, dt.datetime(2024, 1, 1), "input 'x' is a datetime, not a date"),  # noqa: DTZ001 - any will do
        (dt.datetime, dt.date(2024, 1, 1), "input 'x' is a date, not a date and time"),
        (Tone, object(), "input 'x' is a object, not one of 'warm', 'plain'"),
        (list[str], "abc", "input 'x' is 'abc', not list of texts"),
        (list[str], ["a", 3], "input 'x[]' is 3, not text"),
        (dict[str, str], {1: "a"}, "input 'x' is a dict, not mapping from texts to texts"),
        (dict[str, str], {"a": 1}, "input 'x[]' is 1, not text"),
        (Customer, {"name": "a"}, "input 'x' is a dict, not an object with name, born"),
        (Customer, Customer.model_construct(name=3), "input 'x.name' is 3, not text"),
        (Thread, "hello", "input 'x' is 'hello', not list of messages"),
        (Thread, ["hello"], "input 'x' is 'hello', not list of messages"),
        (Thread, [Sub("user")], "input 'x' is a Sub, not list of messages"),
        (Image, "u", "input 'x' is 'u', not an image"),
        (File, Image("u"), "input 'x' is a Image, not a file"),
    ],
    ids=count(),
)
def test_a_value_that_is_not_what_its_field_says_is_refused(annotation: Any, value: Any, text: str) -> None:
    model = create_model("Model", x=(annotation, ...))
    with pytest.raises(InvalidInputs) as caught:
        values_of(model.model_construct(x=value), declare(model))
    assert caught.value.what == text
    assert caught.value.hint.startswith("the model's own checks were passed by")


def _circle() -> list[Any]:
    found: list[Any] = []
    found.append(found)
    return found


@pytest.mark.parametrize(
    ("value", "what", "hint"),
    [
        ({"a": [dt.date(2024, 1, 1)]}, "input 'x.a[0]' is a date, not plain data", "plain data is None, bool, int"),
        ({1: "a"}, "input 'x' has a key that is no text: 1", "keys are texts, as in JSON"),
        ([float("nan")], "input 'x[0]' holds nan, which is no JSON number", "leave it out, or use None"),
        (_circle(), "is nested deeper than 64 levels", "or it holds itself"),
        (len, "input 'x' is a builtin_function_or_method, not plain data", "plain data is"),
    ],
    ids=count(),
)
def test_data_of_any_shape_is_plain_data(value: Any, what: str, hint: str) -> None:
    with pytest.raises(InvalidInputs) as caught:
        plain(Any, value)
    assert what in caught.value.what
    assert hint in caught.value.hint


def test_model_construct_without_a_value_is_told() -> None:
    with pytest.raises(InvalidInputs) as caught:
        values_of(Customer.model_construct(), declare(Customer))
    assert str(caught.value) == (
        "the instance has no value for 'name'\nmodel_construct skips the checks: call the class"
    )


def test_what_a_validator_makes_of_a_value_has_to_be_of_the_type() -> None:
    assert plain(Annotated[str, BeforeValidator(lambda value: value.strip())], " a ") == "a"
    with pytest.raises(InvalidInputs, match="input 'x' is 3, not text"):
        plain(Annotated[str, PlainValidator(lambda _: 3)], "a")


def test_a_whole_number_in_a_float_input_is_a_float() -> None:
    class Stored(BaseModel):
        x: float
        y: float
        z: list[float | None]

    class Model(BaseModel):
        x: int
        y: Level
        z: list[Literal[1, 2]]

    values = values_of(Model(x=1, y=Level.LOW, z=[2]), declare(Stored))
    assert repr(values) == "{'x': 1.0, 'y': 1.0, 'z': [2.0]}"


def test_a_typed_field_in_an_input_of_any_shape_is_plain() -> None:
    class Stored(BaseModel):
        x: Any

    class Model(BaseModel):
        x: list[Customer]

    found = values_of(Model(x=[Customer(name="a", born=dt.date(2000, 1, 1))]), declare(Stored))
    assert found == {"x": [{"name": "a", "born": "2000-01-01"}]}


def test_another_model_is_checked_once_against_the_inputs() -> None:
    class Other(BaseModel):
        nome: str

    with pytest.raises(InputsMismatch, match="nome: the prompt stores nothing of this name"):
        values_of(Other(nome="a"), declare(Customer))
    inputs = declare(Customer)
    assert reader(Customer, inputs) is reader(Customer, declare(Customer))
    assert reader(Customer, inputs)(Customer(name="a")) == {"name": "a", "born": None}


def test_readers_are_found_by_identity_and_their_number_is_bounded() -> None:
    for number in range(600):
        model = create_model("Model", x=(str, str(number)))
        assert values_of(model(), declare(model)) == {"x": str(number)}


def test_a_subclass_of_the_model_is_read_like_it() -> None:
    class Special(Customer):
        pass

    assert values_of(Special(name="a"), declare(Customer)) == {"name": "a", "born": None}


def test_defaults_complete_plain_values() -> None:
    inputs = declare(Everything)
    assert with_defaults({"ticket": "t", "count": 4}, inputs)["count"] == 4
    assert with_defaults({"ticket": "t"}, inputs) == values_of(Everything(ticket="t"), inputs)
    assert with_defaults({}, declare(Customer)) == {"born": None}
