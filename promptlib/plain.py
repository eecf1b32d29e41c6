"""Plain data: frozen, comparable, and with one canonical text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from math import isfinite
from typing import TYPE_CHECKING, TypeAlias

from promptlib.errors import InvalidPrompt

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What JSON can say, with tuples for lists and `Frozen` for objects.
Plain: TypeAlias = "bool | int | float | str | tuple[Plain, ...] | Frozen | None"

LARGEST_INTEGER = 2**53 - 1  # RFC 8785 (I-JSON): past it readers disagree
DEEPEST = 64


class Frozen(Mapping[str, "Plain"]):
    """An immutable mapping that can be hashed and pickled; equal to any mapping with the same items."""

    __slots__ = ("_hash", "_items")
    _items: dict[str, Plain]
    _hash: int | None

    def __init__(self, items: Mapping[str, Plain] = {}, /) -> None:
        """Copy *items*, whose values are already frozen; `freeze` makes them so."""
        object.__setattr__(self, "_items", dict(items))
        object.__setattr__(self, "_hash", None)

    def __getitem__(self, key: str) -> Plain:
        """Return the value under *key*."""
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys in the order they were given."""
        return iter(self._items)

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self._items)

    def __hash__(self) -> int:
        """Hash by items, whatever their order."""
        if self._hash is None:
            object.__setattr__(self, "_hash", hash(frozenset(self._items.items())))
        return self._hash or 0

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: this mapping is immutable."""
        message = f"Frozen is immutable: cannot set {name!r}"
        raise AttributeError(message)

    def __delattr__(self, name: str) -> None:
        """Refuse: this mapping is immutable."""
        message = f"Frozen is immutable: cannot delete {name!r}"
        raise AttributeError(message)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle as the items."""
        return Frozen, (self._items,)

    def __repr__(self) -> str:
        """Read like a dict."""
        return repr(self._items)


def freeze(value: object, *, what: str = "value", depth: int = 0) -> Plain:
    """Return *value* as plain frozen data; lists become tuples, mappings `Frozen`.

    Raises `InvalidPrompt`, naming the place inside *what*, for anything that JSON cannot say alike everywhere:
    other types, NaN and infinities, integers past 2^53, keys that are no text, lone surrogates, nesting past 64.
    """
    if depth > DEEPEST:
        raise InvalidPrompt(f"{what} is nested deeper than {DEEPEST} levels", hint="keep the inner part as JSON text")
    if value is None or type(value) is bool:
        return value
    # The built-in types' own conversions: a subclass (an Enum of texts) may answer str() with something else.
    if isinstance(value, str):
        return _checked_text(str.__str__(value), what)
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) > LARGEST_INTEGER:
            raise InvalidPrompt(f"{what} is an integer past 2^53", hint="write it as a text")
        return int.__int__(value)
    if isinstance(value, float):
        if not isfinite(value):
            raise InvalidPrompt(f"{what} is {value}, which is no JSON number", hint="write a finite number or None")
        return float.__float__(value)
    if isinstance(value, Mapping):
        return _frozen_mapping(value, what, depth)
    if isinstance(value, list | tuple):
        return tuple(freeze(item, what=f"{what}[{at}]", depth=depth + 1) for at, item in enumerate(value))
    raise InvalidPrompt(
        f"{what} is a {type(value).__name__}, not plain data",
        hint="plain data is None, bool, int, float, str, and lists and mappings of these",
    )


def _frozen_mapping(value: Mapping[object, object], what: str, depth: int) -> Frozen:
    items: dict[str, Plain] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise InvalidPrompt(f"{what} has a key that is no text: {key!r:.80}", hint="write the key as a text")
        name = _checked_text(str.__str__(key), what)
        items[name] = freeze(item, what=f"{what}.{name}", depth=depth + 1)
    return Frozen(items)


def _checked_text(text: str, what: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InvalidPrompt(
                f"{what} holds a lone surrogate at character {error.start + 1}", hint="such text is no Unicode"
            ) from error
    return text


def thaw(value: Plain) -> object:
    """Return *value* with lists for tuples and dicts for `Frozen`, as JSON libraries expect it."""
    if isinstance(value, Frozen):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [thaw(item) for item in value]
    return value


def canonical(value: Plain) -> bytes:
    """Return the RFC 8785 JSON of *value*, with floats tagged so that 1 and 1.0 differ.

    A float is the object `{"$float": "<repr>"}`; a key that begins with `$` gets a second `$`, so that no data can
    pass for such a tag.
    """
    return _ENCODER.encode(_tagged(value)).encode()


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _tagged(value: Plain) -> object:
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return {"$float": repr(value)}
    if isinstance(value, Frozen):
        # RFC 8785, 3.2.3: names are ordered by their UTF-16 code units, which is their own order while all are ASCII.
        names = sorted(value) if "".join(value).isascii() else sorted(value, key=_utf16)
        return {("$" + name if name.startswith("$") else name): _tagged(value[name]) for name in names}
    if isinstance(value, tuple):
        return [_tagged(item) for item in value]
    return value


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be")


def digest(value: Plain) -> str:
    """Return `sha256:<hex>` of the canonical text."""
    return "sha256:" + sha256(canonical(value)).hexdigest()
