"""From a pydantic model to the grammar, and what is outside of it."""


# Annotations stay objects here: models are made inside tests, out of sight of pydantic's look-up of names.

import datetime as dt
import decimal
import enum
import pathlib
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import (
    Annotated,
    Any,
    ClassVar,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    Optional,
    TypeVar,
    Union,
)

import annotated_types
import pytest
from pydantic import (
    AfterValidator,
    AliasGenerator,
    Base64Str,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Json,
    JsonValue,
    RootModel,
    SecretStr,
    SkipValidation,
    StrictStr,
    StringConstraints,
    computed_field,
    conint,
    constr,
    create_model,
    field_validator,
)
from pydantic.fields import FieldInfo
from typing_extensions import TypeAliasType, TypedDict

from promptlib.errors import InvalidPrompt
from promptlib.inputs import Input, InputType, canonical, declare
from promptlib.messages import File, Image, Message, Thread, user

TEXT = InputType(kind="string")
T = TypeVar("T")


class Tone(enum.StrEnum):
    WARM = "warm"
    PLAIN = "plain"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Weight(enum.Enum):
    LIGHT = 0.5
    HEAVY = 2


class Customer(BaseModel):
    name: str
    age: int | None = None


class Generous(BaseModel, Generic[T]):
    value: T


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


Ticket = NewType("Ticket", str)
Short = TypeAliasType("Short", Annotated[str, Field(max_length=3)])
Moods = TypeAliasType("Moods", Literal["a", "b"])
Endless = TypeAliasType("Endless", "list[Endless] | str")


def declared(annotation: Any, default: Any = ...) -> Input:
    (found,) = declare(create_model("Model", x=(annotation, default)))
    return found


def type_of(annotation: Any) -> InputType:
    return declared(annotation).type


def refusal(annotation: Any, default: Any = ...) -> str:
    with pytest.raises(InvalidPrompt) as caught:
        declared(annotation, default)
    assert str(caught.value.where) == "model Model"
    return f"{caught.value.what}\n{caught.value.hint}"


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (str, TEXT),
        (int, InputType(kind="integer")),
        (float, InputType(kind="float")),
        (bool, InputType(kind="boolean")),
        (dt.date, InputType(kind="date")),
        (dt.datetime, InputType(kind="datetime")),
        (Any, InputType(kind="json")),
        (JsonValue, InputType(kind="json")),
        (Optional[JsonValue], InputType(kind="json")),  # noqa: UP045 - the old spelling is what is tested
        (Image, InputType(kind="image")),
        (File, InputType(kind="file")),
        (Thread, InputType(kind="thread")),
        (list[Message], InputType(kind="thread")),
        (Annotated[Thread, Field(max_length=3)], InputType(kind="thread", max_length=3)),
        (str | None, InputType(kind="string", nullable=True)),
        (Optional[str], InputType(kind="string", nullable=True)),  # noqa: UP045 - the old spelling is what is tested
        (Union[None, str], InputType(kind="string", nullable=True)),  # noqa: UP007 - as above
        (Literal["a", "b"], InputType(kind="enum", values=("a", "b"))),
        (Literal[True, 1], InputType(kind="enum", values=(True, 1))),
        (Literal["a", None], InputType(kind="enum", values=("a",), nullable=True)),  # noqa: PYI061 - as people write it
        (Literal[Tone.WARM, "x"], InputType(kind="enum", values=("warm", "x"))),
        (Tone, InputType(kind="enum", values=("warm", "plain"))),
        (Level, InputType(kind="enum", values=(1, 2))),
        (Weight, InputType(kind="enum", values=(0.5, 2))),
        (list[str], InputType(kind="array", items=TEXT)),
        (tuple[str, ...], InputType(kind="array", items=TEXT)),
        (Sequence[str], InputType(kind="array", items=TEXT)),
        (list, InputType(kind="array", items=InputType(kind="json"))),
        (list[Thread], InputType(kind="array", items=InputType(kind="thread"))),
        (dict[str, int], InputType(kind="map", items=InputType(kind="integer"))),
        (Mapping[str, int], InputType(kind="map", items=InputType(kind="integer"))),
        (dict, InputType(kind="map", items=InputType(kind="json"))),
        (
            list[str | None] | None,
            InputType(kind="array", items=InputType(kind="string", nullable=True), nullable=True),
        ),
        (Ticket, TEXT),
        (Short, InputType(kind="string", max_length=3)),
        (Moods, InputType(kind="enum", values=("a", "b"))),
        (list[Short], InputType(kind="array", items=InputType(kind="string", max_length=3))),
        (Generous[str], InputType(kind="object", properties=(Input(name="value", type=TEXT),))),
        (Annotated[int, Field(ge=1, le=5)], InputType(kind="integer", ge=1, le=5)),
        (Annotated[int, Field(gt=1, lt=5)], InputType(kind="integer", ge=2, le=4)),
        (Annotated[int, Field(gt=1.0, lt=5.0)], InputType(kind="integer", ge=2, le=4)),
        (Annotated[int | None, Field(ge=1)], InputType(kind="integer", ge=1, nullable=True)),
        (Annotated[int, annotated_types.Interval(ge=1, lt=4)], InputType(kind="integer", ge=1, le=3)),
        (Annotated[int, Field(ge=1), Field(ge=3)], InputType(kind="integer", ge=3)),
        (conint(ge=1), InputType(kind="integer", ge=1)),
        (Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)], InputType(kind="float", ge=0.0, le=1.0)),
        (Annotated[dt.date, Field(ge=dt.date(2024, 1, 1))], InputType(kind="date", ge="2024-01-01")),
        (constr(min_length=1, max_length=80), InputType(kind="string", min_length=1, max_length=80)),
        (Annotated[str, Field(pattern="^a")], InputType(kind="string", pattern="^a")),
        (Annotated[str, Field(pattern="^a"), Field(pattern="^a")], InputType(kind="string", pattern="^a")),
        (Annotated[str, annotated_types.Len(1, 3)], InputType(kind="string", min_length=1, max_length=3)),
        (Annotated[list[str], Field(min_length=2)], InputType(kind="array", items=TEXT, min_length=2)),
        (
            list[Annotated[str, Field(max_length=3)]],
            InputType(kind="array", items=InputType(kind="string", max_length=3)),
        ),
    ],
    ids=count(),
)
def test_annotations_map_to_the_grammar(annotation: Any, expected: InputType) -> None:
    assert type_of(annotation) == expected


@pytest.mark.parametrize(
    "annotation",
    [
        StrictStr,
        Annotated[str, "a note of the user's"],
        Annotated[str, AfterValidator(str.strip)],
        Annotated[str, BeforeValidator(str)],
        Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True)],
        Annotated[str, annotated_types.Predicate(str.islower)],
        Annotated[str, annotated_types.doc("for people")],
    ],
    ids=count(),
)
def test_what_runs_at_validation_is_not_stored(annotation: Any) -> None:
    assert type_of(annotation) == TEXT


def test_a_nested_model_is_an_object() -> None:
    found = type_of(list[Customer])
    assert found.items is not None
    assert found.items.properties == (
        Input(name="name", type=TEXT),
        Input(name="age", type=InputType(kind="integer", nullable=True), required=False),
    )


class Base(BaseModel):
    ticket: str = Field(description="What the customer wrote")


class Triage(Base):
    """A docstring."""

    kind: ClassVar[str] = "no field"
    tone: Tone = Tone.WARM
    history: Thread = (user("hi"),)
    customer: Customer = Customer(name="Ada")
    picture: Image | None = Image("https://example.org/a.png")
    paper: File = File("file-1")
    since: dt.date = dt.date(2024, 1, 1)
    weight: float = 1
    extra: Any = {"a": [1, 1.0]}
    _private: int = 3

    @field_validator("ticket")
    @classmethod
    def _not_empty(cls, value: str) -> str:
        return value


def test_fields_keep_their_order_their_defaults_and_descriptions() -> None:
    found = {each.name: each for each in declare(Triage)}
    assert list(found) == ["ticket", *list(Triage.model_fields)[1:]]
    assert found["ticket"] == Input(name="ticket", type=TEXT, description="What the customer wrote")
    assert {name: each.default for name, each in found.items() if not each.required} == {
        "tone": "warm",
        "history": ({"role": "user", "content": "hi"},),
        "customer": {"name": "Ada", "age": None},
        "picture": {"url": "https://example.org/a.png", "detail": "auto"},
        "paper": {"url": "file-1", "name": ""},
        "since": "2024-01-01",
        "weight": 1.0,
        "extra": {"a": (1, 1.0)},
    }
    assert type(found["weight"].default) is float


def test_neither_order_nor_class_name_nor_words_for_people_are_content() -> None:
    class One(BaseModel):
        """One docstring."""

        a: str = Field(description="first")
        b: Literal["x", "y"] = "x"

    class Two(BaseModel):
        b: Literal["y", "x"] = "x"
        a: str

    assert canonical(declare(One)) == canonical(declare(Two))


def test_a_default_of_none_is_not_a_required_null() -> None:
    assert declared(str | None).required
    assert declared(str | None, None) == Input(
        name="x", type=InputType(kind="string", nullable=True), required=False, default=None
    )


def test_defaults_inside_annotated_count() -> None:
    class Model(BaseModel):
        x: Annotated[int, Field(default=3)]

    assert declare(Model)[0].default == 3


@dataclass
class Plain:
    a: int


class Typed(TypedDict):
    a: int


class Named(NamedTuple):
    a: int


class Flags(enum.Flag):
    A = 1


class Pairs(enum.Enum):
    A = (1, 2)


class Empty(enum.Enum):
    pass


@pytest.mark.parametrize(
    ("annotation", "what", "hint"),
    [
        (decimal.Decimal, "Decimal is outside the grammar of inputs", "write float, or str where every digit counts"),
        (uuid.UUID, "UUID is outside the grammar of inputs", "write str"),
        (bytes, "bytes is outside the grammar of inputs", "write str, or File for a document"),
        (pathlib.Path, "Path is outside the grammar of inputs", "write str; a prompt reads no files"),
        (dt.timedelta, "timedelta is outside the grammar of inputs", "write int or float, and say the unit in the"),
        (dt.time, "time is outside the grammar of inputs", "write str, or datetime"),
        (complex, "complex is outside the grammar of inputs", "write str"),
        (set[str], "set[str] is outside the grammar of inputs", "write list[...]: the order of what a model reads"),
        (frozenset[str], "frozenset[str] is outside the grammar of inputs", "write list[...]"),
        (SecretStr, "SecretStr is outside the grammar of inputs", "write str only if it may be sent"),
        (Message, "Message is outside the grammar of inputs", "write Thread, a tuple of messages"),
        (Plain, "Plain is outside the grammar of inputs", "write it as a BaseModel"),
        (Typed, "Typed is outside the grammar of inputs", "write it as a BaseModel"),
        (Named, "Named is outside the grammar of inputs", "write it as a BaseModel"),
        (type[int], "type[int] is outside the grammar of inputs", "inputs are str, int, float, bool, date, datetime,"),
        (
            Annotated[Cat | Dog, Field(discriminator="kind")],
            "it has a discriminator",
            "write one model, or an input for each",
        ),
        (re.Pattern, "Pattern is outside the grammar of inputs", "inputs are str, int, float"),
        (tuple[str, int], "tuple[str, int] is outside the grammar of inputs", "write list[X], or a BaseModel with a"),
        (tuple[()], "tuple[()] is outside the grammar of inputs", "write list[X]"),
        (dict[int, str], "dict[int, str] is outside the grammar of inputs", "write dict[str, X]: keys are texts"),
        (Mapping[int, str], "Mapping[int, str] is outside the grammar of inputs", "write dict[str, X]"),
        (int | float, "int | float is more than one type", "write float: it takes whole numbers too"),
        (str | int, "str | int is more than one type", "write one type, an input for each, or Any"),
        (str | list[str] | None, "str | list[str] | None is more than one type", "write one type"),
        (Flags, "Flags is outside the grammar of inputs", "inputs are str, int"),
        (Pairs, "one of its values is (1, 2)", "values are texts and numbers"),
        (Literal[b"a"], "one of its values is b'a'", "values are texts and numbers"),
        (Literal[None], "it has no values", "write at least one"),  # noqa: PYI061 - as above
        (Empty, "it has no values", "write at least one"),
        (Generous, "the type variable ~T is outside the grammar of inputs", "give the type: Model[str]"),
        (Endless, "Endless holds itself, or a type by name", "use Any for data of any depth"),
        (RootModel[str], "RootModel[str] is a RootModel", "write the type itself"),
        (Json[int], "Json beside the type changes what it holds", "write the type that the template gets"),
        (SkipValidation[int], "SkipValidation beside the type changes what it holds", "write the type"),
        (Base64Str, "EncodedStr beside the type changes what it holds", "write the type"),
        (Annotated[int, Field(multiple_of=2)], "the limit multiple_of cannot be stored", "say it in a validator"),
        (Annotated[float, Field(gt=0)], "a float cannot be limited by gt", "write ge=..."),
        (Annotated[float, Field(lt=0)], "a float cannot be limited by lt", "write le=..."),
        (Annotated[dt.date, Field(gt=dt.date(2024, 1, 1))], "a date cannot be limited by gt", "write ge=..."),
        (Annotated[str, StringConstraints(ascii_only=True)], "the limit ascii_only cannot be stored", "write pattern="),
        (
            Annotated[str, Field(pattern="a"), Field(pattern="b")],
            "there is more than one pattern",
            "write one pattern, or a validator",
        ),
        (
            Annotated[str, Field(pattern=re.compile("a"))],
            "the pattern is compiled by the module re",
            "write the pattern",
        ),
        (Annotated[str, Field(alias="y")], "it has an alias", "give the field the name that the template uses"),
        (list[decimal.Decimal], "field 'x[]': Decimal is outside the grammar of inputs", "write float"),
    ],
    ids=count(),
)
def test_other_types_are_refused_with_what_to_write_instead(annotation: Any, what: str, hint: str) -> None:
    text = refusal(annotation)
    assert text.startswith("field 'x")
    assert what in text
    assert hint in text.partition("\n")[2]


@pytest.mark.parametrize(
    ("annotation", "default", "what", "hint"),
    [
        (str, None, "field 'x': its default is None, not text", "write X | None for an input that may be None"),
        (int, "3", "field 'x': its default is '3', not a whole number", "change the default or the type"),
        (int, True, "field 'x': its default is True, not a whole number", "change the default or the type"),
        (list[int], ["a"], "field 'x': its default '[]' is 'a', not a whole number", "change the default"),
        (Annotated[str, Field(max_length=2)], "abc", "field 'x': the default of 'x' is 'abc', not text of at most", ""),
        (Any, {1, 2}, "field 'x': its default is a set, not plain data", "change the default or the type"),
        (dt.date, "2024-01-01", "field 'x': its default is '2024-01-01', not a date", "change the default"),
        (dt.date, dt.datetime(2024, 1, 1), "its default is a datetime, not a date", "change"),  # noqa: DTZ001 - any
        (float, float("nan"), "field 'x': its default is nan, not a number", "change the default or the type"),
        (Literal["a"], "b", "field 'x': the default of 'x' is 'b', not 'a'", "change the value or the type"),
        (str, Field(default_factory=str), "field 'x': it has a default_factory", "write a default that is the same"),
        (str, Field(alias="y"), "field 'x': it has an alias", "give the field the name"),
        (str, Field(validation_alias="y"), "field 'x': it has an alias", "give the field the name"),
    ],
    ids=count(),
)
def test_other_fields_are_refused(annotation: Any, default: Any, what: str, hint: str) -> None:
    text = refusal(annotation, default)
    assert what in text
    assert hint in text


class Node(BaseModel):
    children: "list[Node]" = []


class Later(BaseModel):
    value: "NotYet"  # type: ignore[name-defined]  # noqa: F821 - the missing name is what is tested


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class Bounded(BaseModel):
    model_config = ConfigDict(str_max_length=3)


class Lookaround(BaseModel):
    model_config = ConfigDict(regex_engine="python-re")


class Aliased(BaseModel):
    model_config = ConfigDict(alias_generator=AliasGenerator(alias=str.upper))
    x: str


class Computing(BaseModel):
    x: str

    @computed_field  # type: ignore[prop-decorator]  # as pydantic documents it
    @property
    def twice(self) -> str:
        return self.x * 2


@pytest.mark.parametrize(
    ("model", "what", "hint"),
    [
        (Node, "field 'children[]': Node holds itself", "use Any for data of any depth"),
        (Later, "Later cannot be built: name 'NotYet' is not defined", "define its types first"),
        (RootModel[str], "RootModel[str] is a RootModel", "write the type itself"),
        (Open, "Open is configured with extra", 'declare every input, and write extra="forbid"'),
        (Bounded, "Bounded is configured with str_max_length", "write Field(max_length=...) at each field"),
        (Lookaround, "Lookaround is configured with regex_engine", "patterns are those of pydantic's own engine"),
        (Aliased, "field 'x': it has an alias", "give the field the name"),
        (Computing, "Computing computes twice", "make a property of it, or an input"),
        (create_model("M", loop=(str, ...)), "field 'loop': 'loop' cannot be the name of an input", "reserved: budget"),
        (
            create_model("M", c=(create_model("C", self=(str, ...)), ...)),
            "field 'c.self': 'self' cannot be",
            "reserved",
        ),
        (create_model("M", c=(create_model("C", age=(bytes, ...)), ...)), "field 'c.age': bytes is outside", "File"),
        (create_model("M", c=(list[Open], ...)), "field 'c[]': Open is configured with extra", "declare every input"),
        (dict, "inputs are declared by a pydantic model, not by <class 'dict'>", "write class Inputs(BaseModel)"),
        (Customer(name="a"), "inputs are declared by a pydantic model, not by Customer(name='a'", "give the class"),
    ],
    ids=count(),
)
def test_other_models_are_refused(model: Any, what: str, hint: str) -> None:
    with pytest.raises(InvalidPrompt) as caught:
        declare(model)
    assert caught.value.what.startswith(what)
    assert hint in caught.value.hint


def test_all_fields_that_are_wrong_are_named_at_once() -> None:
    inner = create_model("Inner", a=(bytes, ...), b=(str, ...), c=(set, ...))
    model = create_model("Model", one=(bytes, ...), two=(str, ...), three=(inner, ...))
    with pytest.raises(InvalidPrompt) as caught:
        declare(model)
    text = str(caught.value)
    assert [name for name in ("'one'", "'two'", "'three.a'", "'three.b'", "'three.c'") if name in text] == [
        "'one'",
        "'three.a'",
        "'three.c'",
    ]
    assert text.startswith(
        "field 'one': bytes is outside the grammar of inputs\n  --> model Model\nwrite str, or File for a document\n"
    )


def test_a_model_whose_types_come_later_is_completed() -> None:
    class Early(BaseModel):
        value: "Late"

    class Late(BaseModel):
        x: str

    Early.model_rebuild()
    assert declare(Early)[0].type.kind == "object"


def test_a_hook_of_the_users_that_changes_the_type_is_refused() -> None:
    class Hook:
        def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
            return handler(source)

    assert "Hook beside the type changes what it holds" in refusal(Annotated[str, Hook()])


def test_a_model_is_read_once_until_it_is_built_anew() -> None:
    """Prompts of one model share its declaration; new fields are seen."""

    class Growing(BaseModel):
        text: str

    first = declare(Growing)
    assert declare(Growing) is first
    Growing.model_fields["more"] = FieldInfo(annotation=int)
    Growing.model_rebuild(force=True)
    assert [each.name for each in declare(Growing)] == ["text", "more"]


def test_the_bare_base_model_declares_nothing() -> None:
    with pytest.raises(InvalidPrompt, match="BaseModel itself declares no inputs") as caught:
        declare(BaseModel)
    assert "Prompt.define(user(…))" in caught.value.hint
