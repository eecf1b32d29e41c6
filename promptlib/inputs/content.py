"""The part of a declaration that the digest is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.plain import Frozen
from promptlib.plain import canonical as text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptlib.inputs.grammar import Input, InputType
    from promptlib.plain import Plain


def canonical(inputs: Iterable[Input]) -> Frozen:
    """Return what *inputs* accept, by name; empty for none.

    Independent of the order of inputs, of properties and of the values of an enum, and without descriptions. What is
    absent is left out, so that a new part of the grammar changes no digest of today.
    """
    return Frozen({each.name: _input(each) for each in inputs})


def _input(declared: Input) -> Frozen:
    parts = _parts(declared.type)
    if not declared.required:
        parts["default"] = declared.default
    return Frozen(parts)


def _parts(kind_of: InputType) -> dict[str, Plain]:
    parts: dict[str, Plain] = {"kind": kind_of.kind}
    if kind_of.nullable:
        parts["nullable"] = True
    if kind_of.items is not None:
        parts["items"] = Frozen(_parts(kind_of.items))
    if kind_of.properties:
        parts["properties"] = canonical(kind_of.properties)
    if kind_of.values:
        parts["values"] = tuple(sorted(kind_of.values, key=text_of))
    for name in ("ge", "le", "min_length", "max_length", "pattern"):
        limit = getattr(kind_of, name)
        if limit is not None:
            parts[name] = limit
    return parts
