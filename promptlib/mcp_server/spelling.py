"""Values as texts: the protocol's arguments have no other type."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from promptlib.inputs import describe
from promptlib.plain import thaw

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptlib.inputs import Input, InputType
    from promptlib.plain import Plain

#: Kinds whose values are written as JSON.
AS_JSON = frozenset({"array", "map", "object", "json", "thread"})
NULL = "null"

_WHOLE = re.compile(r"([+-]?[0-9]+)(?:\.0*)?")  # 3.0 is how some clients write the number 3
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_TRUTH = {"true": True, "false": False}
_QUOTED_NULL = re.compile(r'("*)null("*)')
#: The most characters of an example.
_LONGEST = 200


class NoJson(ValueError):
    """A text that had to be JSON; says where it is not."""


def read(kind_of: InputType, text: str) -> object:
    """Return the value that *text* spells for an input of *kind_of*.

    What is no spelling of that kind is returned as it is, for the input itself to refuse by name; what had to be JSON
    and is not raises `NoJson`.
    """
    if kind_of.kind == "string":
        return _unquoted(text) if kind_of.nullable else text
    if kind_of.kind == "enum":
        return members(kind_of).get(text, text)
    bare = text.strip()
    if kind_of.nullable and bare == NULL:
        return None
    if reader := _READERS.get(kind_of.kind):
        return reader(bare)
    return from_json(bare)


def spelled(kind_of: InputType, value: Plain) -> str:
    """Return how the plain *value* of an input of *kind_of* is written; `read` gives it back."""
    if kind_of.kind == "enum":
        return next(text for text, each in members(kind_of).items() if each == value and type(each) is type(value))
    if value is None:
        return NULL
    if isinstance(value, str) and kind_of.kind in ("string", "date", "datetime"):
        return f'"{value}"' if kind_of.kind == "string" and kind_of.nullable and _is_null(value) else value
    return json.dumps(thaw(value), ensure_ascii=False)


def from_json(text: str) -> object:
    """Return what the JSON *text* says; raises `NoJson`, also for NaN and for a key that stands twice."""
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_once)
    except RecursionError:
        raise NoJson("it is nested too deeply") from None
    except ValueError as error:
        raise NoJson(str(error)) from error


def _no_constant(word: str) -> object:
    raise NoJson(f"{word} is no JSON")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        count = Counter(key for key, _ in pairs)
        twice = next(key for key in found if count[key] > 1)
        raise NoJson(f"the key {twice[:80]!r} stands twice")
    return found


def _is_null(text: str) -> bool:
    """Whether *text* is the word null, or that word in some pairs of quotes."""
    found = _QUOTED_NULL.fullmatch(text)
    return found is not None and found[1] == found[2]


def _unquoted(text: str) -> str | None:
    """`null` is None; the word itself is written in quotes, and what is in quotes already in one pair more."""
    if text == NULL:
        return None
    return text[1:-1] if _is_null(text) else text


def _whole(text: str) -> object:
    found = _WHOLE.fullmatch(text)
    try:
        return int(found[1]) if found else text
    except ValueError:  # Python reads no number of more than some thousand digits
        return text


def _url(text: str) -> object:
    return from_json(text) if text.startswith("{") else {"url": text}


#: Kinds that are not read as JSON, and how.
_READERS: dict[str, Callable[[str], object]] = {
    "integer": _whole,
    "float": lambda text: float(text) if _NUMBER.fullmatch(text) else text,
    "boolean": lambda text: _TRUTH.get(text.lower(), text),
    "date": str,
    "datetime": str,
    "image": _url,
    "file": _url,
}


@lru_cache(maxsize=256)
def members(kind_of: InputType) -> dict[str, Plain]:
    """Return the values of an enum by how each is written, in their order: texts as they are, others as JSON.

    A text that is spelt as another value, such as `"1"` beside `1`, is written in quotes.
    """
    found: dict[str, Plain] = {}
    others = [value for value in kind_of.values if not isinstance(value, str)]
    taken = {json.dumps(value) for value in others} | ({NULL} if kind_of.nullable else set())
    texts = {value for value in kind_of.values if isinstance(value, str)}
    for value in kind_of.values:
        text = value if isinstance(value, str) else json.dumps(value)
        while isinstance(value, str) and (text in taken or (text != value and text in texts)):
            text = json.dumps(text, ensure_ascii=False)
        found[text] = value
    return found | ({NULL: None} if kind_of.nullable else {})


def choices(kind_of: InputType) -> tuple[str, ...]:
    """Return all spellings that an input of *kind_of* takes, where they can be listed."""
    if kind_of.kind == "enum":
        return tuple(members(kind_of))
    if kind_of.kind == "boolean":
        return ("true", "false", *([NULL] if kind_of.nullable else []))
    return ()


def told(declared: Input) -> str:
    """Return what a person must know to write *declared*: what it is for, its type, its limits, its default."""
    kind_of = declared.type
    words = describe(kind_of).replace(", or None", ", or null")
    words = words[:1].upper() + words[1:]
    if kind_of.kind in AS_JSON:
        words += f", as JSON: {example(kind_of)}"
    elif kind_of.kind in ("image", "file"):
        words += f", as a URL or as JSON: {example(kind_of)}"
    elif kind_of.kind in ("date", "datetime"):
        words += f", such as {json.loads(example(kind_of))}"
    if not declared.required:
        default = spelled(kind_of, declared.default)
        words += f". Left out, it is {default[:_LONGEST] or 'empty'}{'…' if len(default) > _LONGEST else ''}"
    description = " ".join(declared.description.split())
    return f"{description.rstrip('.')}. {words}" if description else words


def example(kind_of: InputType) -> str:
    """Return an example of a value as JSON, cut where it is long."""
    text = json.dumps(_example(kind_of, 3), ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


_EXAMPLES: dict[str, object] = {
    "string": "…",
    "integer": 1,
    "float": 1.5,
    "boolean": True,
    "date": "2026-12-31",
    "datetime": "2026-12-31T23:59:59+00:00",
    "json": {"key": "value"},
    "thread": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}],
    "image": {"url": "https://…"},
    "file": {"url": "https://…", "name": "…"},
}


def _example(kind_of: InputType, depth: int) -> object:
    if not depth:
        return "…"
    match kind_of.kind:
        case "enum":
            return kind_of.values[0]
        case "array" if kind_of.items is not None:
            return [_example(kind_of.items, depth - 1)]
        case "map" if kind_of.items is not None:
            return {"key": _example(kind_of.items, depth - 1)}
        case "object":
            return {each.name: _example(each.type, depth - 1) for each in kind_of.properties}
    return _EXAMPLES[kind_of.kind]
