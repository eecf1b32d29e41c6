"""Values with code of their own: they become plain data, or are refused by name, and their code is not asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

import pytest
from pydantic import BaseModel, ConfigDict

from promptlib.errors import InvalidInputs
from promptlib.inputs import declare, values_of
from promptlib.inputs.converting import MOST_ITEMS
from promptlib.messages import user
from promptlib.prompt import Prompt


class Values(BaseModel):
    """A text, numbers, a list, a mapping, and data of any shape."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    text: str = ""
    number: int = 0
    ratio: float = 0.0
    words: list[str] = []
    table: dict[str, str] = {}
    data: Any = None


def plain(**values: Any) -> dict[str, object]:
    """Return what a template gets, the model's own checks passed by."""
    whole = {**Values().model_dump(), **values}
    return values_of(Values.model_construct(**whole), declare(Values))


class Called(Exception):
    """Somebody's code was run."""


def called(*_: object, **__: object) -> NoReturn:
    """Tell on whoever runs this."""
    raise Called


DUNDERS = ("__str__", "__repr__", "__eq__", "__hash__", "__len__", "__iter__", "__getitem__", "__contains__",
           "__bool__", "__add__", "__mod__", "__mul__", "__format__", "__getattr__", "__html__", "__int__",
           "__float__", "__lt__", "__reversed__", "__call__")  # fmt: skip


def hostile(kind: type) -> type:
    """Return a subclass of *kind* whose every method tells on its caller."""
    return type(f"Hostile{kind.__name__}", (kind,), dict.fromkeys(DUNDERS, called))


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        ("text", str, "abc"),
        ("number", int, 7),
        ("ratio", float, 0.5),
        ("words", list, ["a", "b"]),
        ("words", tuple, ("a", "b")),
        ("data", str, "abc"),
        ("data", int, 7),
        ("data", float, 0.5),
        ("data", list, ["a", "b"]),
        ("data", tuple, ("a", "b")),
        ("data", dict, {"a": "b"}),
        ("table", dict, {"a": "b"}),
    ],
)
def test_a_subclass_of_a_built_in_type_becomes_that_type_and_is_not_asked(name: str, kind: type, value: Any) -> None:
    found = plain(**{name: hostile(kind)(value)})[name]
    expected = list(value) if isinstance(value, tuple) else value
    assert found == expected
    assert type(found) is type(expected)


def test_a_key_with_code_becomes_a_plain_key() -> None:
    class Key(str):
        __slots__ = ()
        __str__ = __repr__ = __format__ = called

    for name in ("table", "data"):
        found: Any = plain(**{name: {Key("items"): "x"}})[name]
        assert [type(key) for key in found] == [str]


@pytest.mark.parametrize("name", ["text", "number", "words", "table", "data"])
def test_an_object_that_lies_about_its_class_is_refused(name: str) -> None:
    class Liar:
        __class__ = {"text": str, "number": int, "words": str, "table": int, "data": str}[name]

    with pytest.raises(InvalidInputs, match=f"input '{name}' is a Liar"):
        plain(**{name: Liar()})


@pytest.mark.parametrize(
    "value", [iter([1]), (n for n in (1, 2)), range(3), {1, 2}, b"ab", object(), len, map(str, [])]
)
def test_what_is_lazy_or_an_object_is_refused_by_the_name_of_its_type(value: object) -> None:
    with pytest.raises(InvalidInputs, match=f"input 'data' is a {type(value).__name__}, not plain data"):
        plain(data=value)
    with pytest.raises(InvalidInputs, match=r"input 'data.a\[1\]' is a"):
        plain(data={"a": [1, value]})


class Endless(Sequence[str]):
    """A list without end."""

    def __getitem__(self, at: Any) -> Any:
        """Return always the same."""
        return "x"

    def __len__(self) -> int:
        """Lie."""
        return 3


class EndlessMapping(Mapping[str, str]):
    """A mapping without end."""

    def __getitem__(self, key: str) -> str:
        """Return always the same."""
        return "x"

    def __len__(self) -> int:
        """Lie."""
        return 3

    def __iter__(self) -> Iterator[str]:
        """Never end."""
        at = 0
        while True:
            yield str(at)
            at += 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("words", Endless()),
        ("words", ["x"] * (MOST_ITEMS + 1)),
        ("table", EndlessMapping()),
        ("data", EndlessMapping()),
        ("data", [0] * (MOST_ITEMS + 1)),
    ],
)
def test_what_holds_too_much_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(InvalidInputs, match=f"input '{name}' holds more than 1,000,000 items") as caught:
        plain(**{name: value})
    assert caught.value.hint


@pytest.mark.no_cover
def test_a_small_value_that_unfolds_without_end_is_refused_with_its_place() -> None:
    value: Any = ["x"]
    for _ in range(40):
        value = [value, value]
    with pytest.raises(InvalidInputs, match=r"input 'data(\[0\])+.*' holds more than 1,000,000 items"):
        plain(data=value)
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(InvalidInputs, match=r"input 'data(\[0\])+' is nested deeper than 64 levels"):
        plain(data=circle)


@pytest.mark.parametrize(
    "key", ["items", "keys", "get", "loop", "self", "update", "__class__", "_id", "name.with dots"]
)
def test_a_key_called_like_something_else_is_data(key: str) -> None:
    prompt = Prompt.define(Values, user(f"{{{{ data[{key!r}] }}}}{{{{ text ~ number ~ ratio ~ words ~ table }}}}"))
    assert prompt.render(data={key: "kept"}).text == "kept00.0[]{}"
