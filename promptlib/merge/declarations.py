"""Inputs and outputs that two sides changed: by name, and each by what it says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from promptlib.codec.emitting import entries
from promptlib.codec.notes import Notes
from promptlib.codec.parsing import parse
from promptlib.codec.properties import PropertyReader, write_properties, write_type
from promptlib.codec.source import Source
from promptlib.errors import InvalidPrompt
from promptlib.inputs import Demographic, Input, InputType
from promptlib.inputs.demographic import demographic_of
from promptlib.merge.deciding import ABSENT, Three, plain_shown
from promptlib.merge.mappings import alike, path
from promptlib.merge.ordering import merged_names
from promptlib.plain import Frozen, freeze

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from promptlib.codec.source import Node
    from promptlib.merge.deciding import Decisions
    from promptlib.plain import Plain

#: The parts of a type that are one value each.
_LIMITS = ("nullable", "ge", "le", "min_length", "max_length", "pattern")


def merge_declarations(decisions: Decisions, field: str, three: Three) -> tuple[Input, ...]:
    """Return declarations merged by name; new names stand where their side put them."""
    named = three.each(lambda inputs: {each.name: each for each in inputs})
    merged: list[Input] = []
    for name in merged_names(*map(list, named)):
        found = _merged(decisions, path(field, name), named.at(name))
        if found is not ABSENT:
            merged.append(found)
    return tuple(merged)


def _merged(decisions: Decisions, field: str, three: Three) -> Any:  # noqa: ANN401 - an Input or ABSENT
    base, ours, theirs = three
    if ours != theirs:
        decisions.unit(field)
    atomic = ABSENT in (ours, theirs) or base in (ours, theirs) or ours == theirs
    name = next(side.name for side in three if side is not ABSENT)
    ways: dict[str, Callable[[Any], Any]] = {"shown": _declared, "given": lambda value: _given(name, value)}
    if atomic or field in decisions.forced:
        return decisions.settle(field, three, lambda one, other: bool(one == other), **ways)
    kind_of = _merged_type(decisions, field, three.each(lambda side: side if side is ABSENT else side.type))
    told: dict[str, Any] = {
        "description": _description(decisions, field, three),
        "demographic": _demographic(decisions, field, three),
    }
    demand = _demand(decisions, field, three.each(_demanded))
    try:
        return Input(name=name, type=kind_of, **told, **demand)
    except InvalidPrompt as error:
        # A type that one side changed refuses the default that the other side changed.
        return decisions.contest(field, three, f"merged, it is no valid declaration: {error.what}", **ways)


def _declared(part: Any) -> Plain:  # noqa: ANN401 - an Input or ABSENT
    return None if part is ABSENT else freeze(write_properties((part,))[part.name])


def _given(name: str, value: object) -> Any:  # noqa: ANN401 - an Input or ABSENT
    """Return a chosen value as a declaration: an `Input`, or the keys of one as a file has them."""
    if value is None:
        return ABSENT
    if isinstance(value, Input):
        return replace(value, name=name)
    if not isinstance(value, dict | Frozen):
        raise InvalidPrompt(f"a {type(value).__name__} is no declaration", hint="give {'kind': 'string'} or an Input")
    source = Source(entries({"inputs": {name: freeze(value)}}), f"the value for {name}")
    written = cast("dict[str, Node]", parse(source).value)
    (found,), _ = PropertyReader(source, Notes()).read(written["inputs"], "inputs")
    return found


def _description(decisions: Decisions, field: str, three: Three) -> str:
    texts = three.each(lambda side: "" if side is ABSENT else side.description)
    return merge_text(decisions, f"{field}.description", texts)


def _demographic(decisions: Decisions, field: str, three: Three) -> Demographic | None:
    sides = three.each(lambda side: None if side is ABSENT else side.demographic)
    return cast(
        "Demographic | None",
        decisions.settle(
            f"{field}.demographic",
            sides,
            lambda one, other: bool(one == other),
            shown=lambda side: None if side is None else side.to_plain(),
            given=lambda value: None if value is None else demographic_of(value),
        ),
    )


def merge_text(decisions: Decisions, field: str, three: Three) -> str:
    """Return a text merged by lines and words; what stays contested is chosen."""
    merged = decisions.text(three)
    if not merged.spots:
        return merged.taking("ours")
    variants = Three(merged.taking("base"), merged.taking("ours"), merged.taking("theirs"))
    why = "both sides change the same words"
    return str(decisions.contest(field, variants, why, shown=lambda text: text, given=text_given))


def text_given(value: object) -> str:
    """Return a chosen value as a text."""
    if not isinstance(value, str):
        raise InvalidPrompt(f"a {type(value).__name__} is no text", hint="give a str")
    return value


def _demanded(side: Any) -> Any:  # noqa: ANN401 - plain data or ABSENT
    """Return the default of a declaration in a mapping, which is empty when the input must be given."""
    if side is ABSENT:
        return ABSENT
    return Frozen() if side.required else Frozen({"default": side.default})


def _demand(decisions: Decisions, field: str, three: Three) -> dict[str, Any]:
    """Return whether the input may be left out, and its default then: the two are one part."""
    optional = all(side is ABSENT or side for side in three)
    aspect = "default" if optional else "required"

    def shown(side: Any) -> Plain:  # noqa: ANN401 - plain data or ABSENT
        if side is ABSENT:
            return None
        return side["default"] if optional else (side or True)

    def given(value: object) -> Frozen:
        if optional:
            return Frozen({"default": freeze(value)})
        return Frozen() if value is True else _mapping(value)

    found = decisions.settle(f"{field}.{aspect}", three, alike, shown=shown, given=given)
    return {"required": False, "default": found["default"]} if found else {}


def _mapping(value: object) -> Frozen:
    found = freeze(value)
    if not isinstance(found, Frozen) or list(found) != ["default"]:
        raise InvalidPrompt(f"{value!r:.80} does not say it", hint="give True, or {'default': …}")
    return found


def _merged_type(decisions: Decisions, field: str, three: Three) -> InputType:
    """Return the type: part by part while the kind is one, else as a whole."""
    base, ours, theirs = three
    ways: dict[str, Callable[[Any], Any]] = {"shown": _shown_type, "given": _given_type}
    kinds = {side.kind for side in three if side is not ABSENT}
    if len(kinds) > 1 or base is ABSENT or ours == theirs or base in (ours, theirs):
        return _as_type(decisions.settle(f"{field}.type", three, lambda one, other: bool(one == other), **ways))
    parts: dict[str, Any] = {
        limit: decisions.settle(
            f"{field}.{limit}",
            three.each(lambda side, limit=limit: getattr(side, limit)),  # type: ignore[misc] # a lambda with a default
            alike,
            shown=plain_shown,
            given=freeze,
        )
        for limit in _LIMITS
    }
    parts["values"] = _values(three.each(lambda side: side.values))
    if ours.items is not None:
        parts["items"] = _merged_type(decisions, f"{field}[]", three.each(lambda side: side.items))
    if ours.kind == "object":
        parts["properties"] = merge_declarations(decisions, field, three.each(lambda side: side.properties))
    try:
        return InputType(kind=ours.kind, **parts)
    except InvalidPrompt as error:
        why = f"merged, it is no valid type: {error.what}"
        return _as_type(decisions.contest(f"{field}.type", three, why, **ways))


def _as_type(found: Any) -> InputType:  # noqa: ANN401 - what was settled
    if not isinstance(found, InputType):
        raise InvalidPrompt("the value for a type is none", hint="give {'kind': 'string'} or an InputType")
    return found


def _shown_type(part: Any) -> Plain:  # noqa: ANN401 - an InputType or ABSENT
    return None if part is ABSENT else freeze(write_type(part))


def _given_type(value: object) -> InputType:
    if isinstance(value, InputType):
        return value
    declared = _given("value", value)
    return _as_type(declared if declared is ABSENT else declared.type)


def _values(three: Three) -> tuple[Plain, ...]:
    """Return the values of an enum as a set: in the order of the base, then what is new, sorted."""
    base, ours, theirs = three
    if alike(ours, theirs) or alike(theirs, base):
        return tuple(ours)
    if alike(ours, base):
        return tuple(theirs)
    keyed: Three = three.each(lambda values: {repr(value): value for value in values})
    kept = [key for key in keyed.base if key in keyed.ours and key in keyed.theirs]
    new: Mapping[str, Plain] = {**keyed.ours, **keyed.theirs}
    names = [*kept, *sorted(key for key in new if key not in keyed.base)]
    return tuple({**keyed.base, **new}[name] for name in names)
