"""What an input can be: its kind, its limits, its default."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from promptlib.errors import InvalidPrompt, nearest
from promptlib.inputs.conforming import conform
from promptlib.inputs.demographic import DEMOGRAPHIC_KINDS, Demographic, demographics
from promptlib.inputs.limits import checked_limits
from promptlib.plain import canonical as text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptlib.plain import Plain

Kind: TypeAlias = Literal[
    "string",
    "integer",
    "float",
    "boolean",
    "date",
    "datetime",
    "enum",
    "array",
    "map",
    "object",
    "json",
    "thread",
    "image",
    "file",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

#: Words with a meaning of their own in `render(...)` or in a template.
RESERVED = frozenset({"budget", "resolve", "check_unicode", "loop", "self"})

DEEPEST = 32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InputType:
    """What one input accepts.

    `items` belongs to arrays and maps, `properties` to objects, `values` to enums. `ge` and `le` limit integers,
    floats, dates and datetimes (the latter two as ISO text), the lengths texts, arrays, maps and threads, the pattern
    texts. Equality tells 1, 1.0 and True apart. A type that cannot be is an `InvalidPrompt` when it is made.
    """

    kind: Kind
    nullable: bool = False
    items: InputType | None = None
    properties: tuple[Input, ...] = ()
    values: tuple[Plain, ...] = ()
    ge: int | float | str | None = None
    le: int | float | str | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None

    def __post_init__(self) -> None:
        """Bring the parts into their one form and check that they belong together."""
        if self.kind not in KINDS:
            hint = f"{nearest(str(self.kind), KINDS)} kinds: {', '.join(KINDS)}".strip()
            raise InvalidPrompt(f"no kind of input {self.kind!r}", hint=hint)
        if self.kind == "json":
            object.__setattr__(self, "nullable", False)
        object.__setattr__(self, "properties", checked_inputs(self.properties))
        object.__setattr__(self, "values", tuple(self.values))
        _check_parts(self)
        _check_depth(self)
        for name, value in checked_limits(self).items():
            object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        """Compare part by part, and numbers by kind."""
        if not isinstance(other, InputType):
            return NotImplemented
        return self._shape() == other._shape() and all(map(_alike, self._limits(), other._limits()))

    def __hash__(self) -> int:
        """Hash the larger part of what equality compares."""
        return hash(self._shape())

    def _shape(self) -> tuple[object, ...]:
        return self.kind, self.nullable, self.items, self.properties

    def _limits(self) -> tuple[Plain, ...]:
        return self.values, self.ge, self.le, self.min_length, self.max_length, self.pattern


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Input:
    """A declared variable: a name, what it accepts, and the default when it may be left out.

    The default is plain data: dates as ISO text, a thread as a tuple of messages in the shape of chat APIs, an object
    with all its properties. It is checked against the type when the input is made. The description is for people, and
    `demographic` says that the input tells a person's group.
    """

    name: str
    type: InputType
    required: bool = True
    default: Plain = None
    description: str = ""
    demographic: Demographic | None = None

    def __post_init__(self) -> None:
        """Check the name, and bring the default into its one form."""
        check_input_name(self.name)
        if self.demographic is not None:
            _check_demographic(self.demographic, self.type)
        if self.required:
            if self.default is not None:
                raise InvalidPrompt(
                    f"the input {self.name!r} is required and has a default", hint="leave one of the two out"
                )
            return
        default = conform(self.type, self.default, f"the default of {self.name!r}")
        object.__setattr__(self, "default", default)

    def __eq__(self, other: object) -> bool:
        """Compare part by part, and a default by kind."""
        if not isinstance(other, Input):
            return NotImplemented
        return self._shape() == other._shape() and _alike(self.default, other.default)

    def __hash__(self) -> int:
        """Hash the larger part of what equality compares."""
        return hash(self._shape())

    def _shape(self) -> tuple[object, ...]:
        return self.name, self.type, self.required, self.description, self.demographic


def _alike(one: Plain, other: Plain) -> bool:
    """Whether both are equal, and their numbers of the same kind: 1 is not 1.0, and not True."""
    return one is other or (one == other and text_of(one) == text_of(other))


def _check_demographic(demographic: Demographic, kind_of: InputType) -> None:
    if not isinstance(demographic, Demographic):
        raise InvalidPrompt(
            f"a demographic is a {type(demographic).__name__}", hint='write Demographic("gender", "name")'
        )
    if kind_of.kind not in DEMOGRAPHIC_KINDS:
        raise InvalidPrompt(
            f"an input of kind {kind_of.kind} tells no group",
            hint=f"a demographic stands beside one value: {', '.join(DEMOGRAPHIC_KINDS)}",
        )


def check_input_name(name: str) -> str:
    """Return *name* when an input can have it; raises `InvalidPrompt` with the rule that it breaks."""
    if not isinstance(name, str) or not name.isidentifier():
        raise InvalidPrompt(
            f"{ascii(name)[:80]} is no name for an input",
            hint="a name is a word of letters, digits and _ that begins with a letter, such as order_number",
        )
    if name.startswith("_"):
        raise InvalidPrompt(f"the input {ascii(name)[:80]} begins with _", hint="begin the name with a letter")
    if unicodedata.normalize("NFKC", name) != name:
        raise InvalidPrompt(
            f"the input {ascii(name)[:80]} is spelt with characters that Python reads as others",
            hint=f"write {unicodedata.normalize('NFKC', name)!r}",
        )
    if name in RESERVED or name == "model_config":
        taken = f"reserved: {', '.join(sorted(RESERVED))}; and model_config, which is pydantic's"
        raise InvalidPrompt(f"{name!r} cannot be the name of an input", hint=f"choose another word; {taken}")
    return name


def silent(declared: Input) -> Input:
    """Return *declared* without what it and its parts tell of a person's group."""
    kind_of = declared.type
    if kind_of.properties:
        kind_of = replace(kind_of, properties=tuple(map(silent, kind_of.properties)))
    return replace(declared, type=kind_of, demographic=None)


def checked_inputs(inputs: Iterable[Input]) -> tuple[Input, ...]:
    """Return *inputs* as a tuple; raises `InvalidPrompt` when two have one name."""
    found = tuple(inputs)
    names = [each.name for each in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidPrompt(
            f"the input {twice[0]!r} is declared {names.count(twice[0])} times", hint="a name has one declaration"
        )
    return found


def _check_parts(kind_of: InputType) -> None:
    """Each kind has its own parts, and no others."""
    kind = kind_of.kind
    if (kind in ("array", "map")) != (kind_of.items is not None):
        what = "needs items" if kind in ("array", "map") else "cannot have items"
        raise InvalidPrompt(f"a type of kind {kind} {what}", hint="arrays and maps have items")
    if kind_of.properties and kind != "object":
        raise InvalidPrompt(f"a type of kind {kind} cannot have properties", hint="objects have properties")
    if (kind == "enum") != bool(kind_of.values):
        what = "needs values" if kind == "enum" else "cannot have values"
        raise InvalidPrompt(f"a type of kind {kind} {what}", hint="enums have values, at least one")
    _check_values(kind_of.values)
    if kind_of.items is not None and (told := demographics(kind_of.items.properties)):
        raise InvalidPrompt(
            f"each item of a list or map would tell a group: {', '.join(told)}",
            hint="give each person fields of their own, and put the demographic beside one value",
        )


def _check_values(values: tuple[Plain, ...]) -> None:
    seen = set()
    for value in values:
        if value is None:
            raise InvalidPrompt("None is no value of an enum", hint="make the type nullable instead")
        if type(value) not in (str, int, float, bool):
            raise InvalidPrompt(
                f"an enum holds a {type(value).__name__}", hint="values are texts, numbers, true and false"
            )
        text = text_of(value)
        if text in seen:
            raise InvalidPrompt(f"an enum holds {value!r} twice", hint="leave one out")
        seen.add(text)


def _check_depth(kind_of: InputType, depth: int = 0) -> None:
    if depth > DEEPEST:
        raise InvalidPrompt(f"an input is nested deeper than {DEEPEST} types", hint="use json for data of any depth")
    for part in (kind_of.items, *(each.type for each in kind_of.properties)):
        if part is not None:
            _check_depth(part, depth + 1)
