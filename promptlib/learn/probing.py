"""Plain values for declared inputs, made from their types: what a check fills a learner's prompt in with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptlib.learn.fitting import text_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from promptlib.inputs import Input, InputType, Kind

#: What a text is by default: words that stand in no prompt, so that they are found again.
MARK = "zqxj"
_DAY, _MOMENT = "2026-03-14", "2026-03-14T15:09:26+00:00"
_URL = "https://example.org/probe.png"


class Unprobed(Exception):
    """No value is known that an input lets through, so that its prompt cannot be tried: told as a finding."""

    def __init__(self, name: str) -> None:
        """Say which input it is."""
        super().__init__(f"no text is known that the pattern of {name!r} lets through, so the prompt cannot be tried")
        self.name = name


def values_for(inputs: Iterable[Input]) -> dict[str, object]:
    """Return a value for each of *inputs* that needs one; raises `Unprobed` where none is known."""
    return {each.name: value_for(each.type, each.name) for each in inputs if each.required}


def value_for(kind: InputType, name: str) -> object:
    """Return a plain value of *kind*; texts begin with `MARK` and the *name* where limits let them."""
    return _MAKERS[kind.kind](kind, name)


def _few(kind: InputType) -> int:
    few = max(1, kind.min_length or 0)
    return few if kind.max_length is None else min(few, kind.max_length)


def _number(kind: InputType) -> int | float:
    low, high = kind.ge, kind.le
    found: int | float = 1
    if isinstance(low, int | float) and found < low:
        found = low
    if isinstance(high, int | float) and found > high:
        found = high
    return float(found) if kind.kind == "float" else found


def _text(kind: InputType, name: str) -> str:
    text = f"{MARK} {name}"
    if kind.pattern is not None and not re.search(kind.pattern, text):
        made = text_for(kind.pattern)
        if made is None:
            raise Unprobed(name)
        text = made
    if kind.min_length is not None and len(text) < kind.min_length:
        text = (text * (kind.min_length // max(1, len(text)) + 1))[: kind.min_length]
    return text if kind.max_length is None else text[: kind.max_length]


def _items(kind: InputType, name: str) -> list[object]:
    assert kind.items is not None  # noqa: S101 - the grammar gives every array and map its items
    return [value_for(kind.items, name) for _ in range(_few(kind))]


_MAKERS: dict[Kind, Callable[[InputType, str], object]] = {
    "string": _text,
    "integer": lambda kind, _: _number(kind),
    "float": lambda kind, _: _number(kind),
    "boolean": lambda *_: True,
    "date": lambda kind, _: kind.ge or kind.le or _DAY,
    "datetime": lambda kind, _: kind.ge or kind.le or _MOMENT,
    "enum": lambda kind, _: kind.values[0],
    "array": _items,
    "map": lambda kind, name: {f"key{at}": each for at, each in enumerate(_items(kind, name))},
    "object": lambda kind, _: values_for(kind.properties),
    "json": lambda _, name: {"key": f"{MARK} {name}"},
    "thread": lambda kind, name: [{"role": "user", "content": f"{MARK} {name}"} for _ in range(_few(kind))],
    "image": lambda *_: {"url": _URL},
    "file": lambda *_: {"url": _URL},
}
