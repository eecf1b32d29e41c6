"""How large the values of inputs can be: as their declared types let them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from promptlib.inputs.patterns import ANY, WIDEST, widest
from promptlib.plain import Frozen
from promptlib.rendering.amounts import Amount, Reason, Size, amount, endless, text_size
from promptlib.rendering.bounds import (
    MISSING,
    Bound,
    Mapped,
    either,
    listing,
    mapping,
    of_constant,
    textual,
    unknown,
    whole,
)

if TYPE_CHECKING:
    from promptlib.inputs import Input, InputType
    from promptlib.plain import Plain

LONGEST_DATE = len("9999-12-31")
#: A zone can have seconds, and parts of them.
LONGEST_DATETIME = len("9999-12-31T23:59:59.999999+23:59:59.999999")
LONGEST_ROLE = len("developer")

_SEGMENT = "or let a budget cut it: Segment(priority=10)"


def of_input(declared: Input) -> Bound:
    """Return what a template can get for *declared*: a value of its type, or its default."""
    found = of_type(declared.type, declared.name, declared.name)
    return found if declared.required else either(found, of_plain(declared.type, declared.default, declared.name))


def of_type(kind_of: InputType, path: str, source: str) -> Bound:
    """Return what *kind_of* lets through; *path* is how people call the value."""
    bound = _of_kind(kind_of, path, source)
    return replace(bound, none=True) if kind_of.nullable else bound


def _of_kind(kind_of: InputType, path: str, source: str) -> Bound:
    match kind_of.kind:
        case "integer":
            low, high = [None if each is None else int(each) for each in (kind_of.ge, kind_of.le)]
            return whole(low, high, source)
        case "float":
            return Bound(real=True, source=source)
        case "boolean":
            return Bound(truth=True, source=source)
        case "date" | "datetime":
            return textual(text_size(amount(LONGEST_DATE if kind_of.kind == "date" else LONGEST_DATETIME, source)))
        case "enum":
            return replace(either(*[of_constant(each, source) for each in kind_of.values]), known=())
        case "image":
            return Bound(image=True, source=source)
        case "file":
            hint = "give its text as an input with a max_length"
            return unknown(Reason(path, "a file counts with its text and its name, which have no limit", hint, source))
    return _of_any_size(kind_of, path, source)


def _of_string(kind_of: InputType, path: str, source: str) -> Size:
    width = ANY if kind_of.pattern is None else widest(kind_of.pattern)
    known = [each for each in (kind_of.max_length, width.characters) if each is not None]
    if not known:
        hint = f"declare it with max_length=2_000 (in a file maxLength: 2000), {_SEGMENT}"
        return text_size(endless(Reason(path, "a text without max_length has no limit", hint, source)))
    characters = min(known)
    in_bytes = characters * (1 if width.ascii else WIDEST)
    in_bytes = in_bytes if width.bytes is None else min(in_bytes, width.bytes)
    return text_size(amount(in_bytes, source), amount(characters, source))


def _of_any_size(kind_of: InputType, path: str, source: str) -> Bound:
    """Return what a type lets through that has no size of its own: of texts, lists and mappings."""
    if kind_of.kind == "string":
        return textual(_of_string(kind_of, path, source))
    if kind_of.kind == "json":
        hint = f"declare its shape with a model, {_SEGMENT}"
        return unknown(Reason(path, "data of any shape has no limit", hint, source))
    if kind_of.kind == "object":
        entries = tuple((each.name, of_property(each, path, source)) for each in kind_of.properties)
        return mapping(entries)
    if kind_of.kind == "thread":
        return listing(_count(kind_of, path, source), of_turn(path, source))
    item = of_type(kind_of.items, f"{path}[]", source) if kind_of.items is not None else MISSING
    count = _count(kind_of, path, source)
    if kind_of.kind == "array":
        return listing(count, item)
    hint = "declare a model with its keys, or print its values alone"
    keys = Reason(f"the keys of {path}", "a key has no limit", hint, source)
    return Bound(mapped=Mapped(count, textual(text_size(endless(keys))), item))


def of_property(declared: Input, path: str, source: str) -> Bound:
    """Return what stands under a property of an object."""
    found = of_type(declared.type, f"{path}.{declared.name}", source)
    return found if declared.required else either(found, of_plain(declared.type, declared.default, source))


def _count(kind_of: InputType, path: str, source: str) -> Amount:
    if kind_of.max_length is not None:
        return amount(kind_of.max_length, source)
    many = {"array": "a list", "map": "a mapping", "thread": "a thread"}[kind_of.kind]
    word = "maxProperties" if kind_of.kind == "map" else "maxItems"
    hint = f"declare it with max_length=20 (in a file {word}: 20), {_SEGMENT}"
    return endless(Reason(path, f"{many} without max_length has no limit", hint, source))


def of_turn(path: str, source: str) -> Bound:
    """Return one message of a thread, as a loop over it sees it."""
    hint = 'put it in with placeholder("…", priority=10), so that a budget can drop the oldest messages'
    text = textual(text_size(endless(Reason(path, "the messages of a thread have no limit", hint, source))))
    role = textual(text_size(amount(LONGEST_ROLE, source)))
    return mapping((("role", role), ("text", text), ("content", text), ("name", text)))


def of_plain(kind_of: InputType, plain: Plain, source: str) -> Bound:
    """Return exactly what a default is."""
    if plain is None:
        return Bound(none=True, source=source)
    if kind_of.kind in ("image", "file", "thread"):
        return of_type(kind_of, source, source) if plain else MISSING
    if isinstance(plain, tuple):
        return listing(
            amount(len(plain), source), either(*[of_plain(_inside(kind_of), each, source) for each in plain])
        )
    if isinstance(plain, Frozen):
        types = {each.name: each.type for each in kind_of.properties}
        return mapping((key, of_plain(types.get(key) or _inside(kind_of), each, source)) for key, each in plain.items())
    return replace(of_constant(plain, source), known=())


def _inside(kind_of: InputType) -> InputType:
    """Return the type of items; data of any shape holds more of its kind."""
    return kind_of.items or kind_of
