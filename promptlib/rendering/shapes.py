"""What is known of a value before there is one: its declared type, and the input it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from promptlib.errors import InvalidPrompt, TemplateRejected, nearest
from promptlib.inputs import Input, InputType, describe
from promptlib.messages import Placeholder
from promptlib.rendering.positions import Span
from promptlib.trust import FOREIGN

if TYPE_CHECKING:
    from promptlib.errors import Where
    from promptlib.messages import Piece
    from promptlib.trust import Trust

TEXT = InputType(kind="string")
NUMBER = InputType(kind="integer")
TRUTH = InputType(kind="boolean")
#: A message of a thread, as a loop over it sees it; `content` is what chat APIs call the text.
TURN = InputType(
    kind="object",
    properties=tuple(Input(name=name, type=TEXT) for name in ("role", "text", "content", "name")),
)

SCALARS = frozenset({"string", "integer", "float", "boolean", "date", "datetime", "enum"})
LISTS = frozenset({"array", "thread"})
_TEXTUAL = frozenset({"string", "date", "datetime"})
_TEXT_FILTERS = frozenset(
    {"capitalize", "center", "e", "escape", "filesizeformat", "forceescape", "format", "indent", "join", "lower"}
    | {"pprint", "replace", "safe", "string", "striptags", "title", "tojson", "trim", "truncate", "upper"}
    | {"date", "delimited", "urlencode", "wordwrap"}
)
#: Filters that work on one kind of text: what to say of another value, and what to do.
_READS = {
    "delimited": ("fences a text", "write {{{{ {} | tojson | delimited }}}}"),
    "date": ("reads a date", "declare it as a date or datetime"),
    "days_until": ("reads a date", "declare it as a date"),
}
_SAME_FILTERS = frozenset(["list", "reject", "rejectattr", "reverse", "select", "selectattr", "sort", "unique"])
_ITEM_FILTERS = frozenset(["first", "last", "max", "min"])
#: Filters that read an attribute of each item: the position of its name among the arguments, and its keyword.
_BY_ATTRIBUTE = {
    "groupby": 0,
    "map": None,
    "max": None,
    "min": None,
    "rejectattr": 0,
    "selectattr": 0,
    "sort": None,
    "sum": 0,
    "unique": None,
}


@dataclass(frozen=True, slots=True)
class Shape:
    """A value: its type where it is known, and the input and path that it comes from (`turns`, `[]`, `text`)."""

    type: InputType | None = None
    name: str = ""
    path: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return how a template writes it: `customer.name`, `each of turns`."""
        said = self.name
        for part in self.path:
            said = f"each of {said}" if part == "[]" else f"{said}.{part}"
        return said or "this value"

    def inside(self, part: str, kind: InputType | None) -> Shape:
        """Return the shape of a part of this value."""
        return Shape(kind, self.name, (*self.path, part) if self.name else ())


UNKNOWN = Shape()


@dataclass(frozen=True, slots=True)
class Use:
    """One use of an input in a template."""

    name: str
    path: tuple[str, ...]
    span: Span


def placeholder_uses(pieces: tuple[Piece, ...]) -> tuple[Use, ...]:
    """Return the uses of inputs as placeholders."""
    return tuple(Use(each.name, (), Span(at, 0, 0)) for at, each in enumerate(pieces) if isinstance(each, Placeholder))


#: A hostile text can hold thousands of mistakes, each of which takes time to be told.
MOST_PROBLEMS = 20


class Problem(NamedTuple):
    """What is wrong with a use, what to do next, and the rule of foreign templates that it breaks."""

    what: str
    hint: str = ""
    rule: str = "template"


def refused(trust: Trust, what: str, where: Where, hint: str, rule: str = "template") -> InvalidPrompt:
    """Return the error for a template that cannot be: foreign ones are rejected, by a rule."""
    if trust == FOREIGN:
        return TemplateRejected(what, where=where, hint=hint, rule=rule)
    return InvalidPrompt(what, where=where, hint=hint)


def attribute_of(shape: Shape, attribute: str) -> tuple[Shape, Problem | None]:
    """Return the shape of `value.attribute`, and what is wrong with it."""
    kind = shape.type.kind if shape.type else "json"
    if shape.type is None or kind == "json":
        return shape.inside(attribute, None), None
    if kind == "map":
        return shape.inside(attribute, shape.type.items), None
    if kind == "object":
        found = {each.name: each.type for each in shape.type.properties}
        if attribute in found:
            return shape.inside(attribute, found[attribute]), None
        known = f"properties: {', '.join(found) or 'none'}"
        return UNKNOWN, Problem(
            f"{shape} has no property {attribute!r}", f"{nearest(attribute, found)} {known}".strip()
        )
    if kind in LISTS:
        hint = f"loop over it: {{% for item in {shape} %}}{{{{ item.{attribute} }}}}{{% endfor %}}"
        return UNKNOWN, Problem(f"{shape} is a list and has no attribute {attribute!r}", hint)
    return UNKNOWN, Problem(f"{shape} is {describe(shape.type)} and has no attribute {attribute!r}")


def item_of(shape: Shape) -> tuple[Shape, Problem | None]:
    """Return the shape that a loop over *shape* sees, and what is wrong with looping over it."""
    if shape.type is None or shape.type.kind == "json":
        return shape.inside("[]", None), None
    kind = shape.type.kind
    if kind == "array":
        return shape.inside("[]", shape.type.items), None
    if kind == "thread":
        return shape.inside("[]", TURN), None
    if kind in ("map", "object"):
        return Shape(TEXT), None
    hint = "declare it as a list, or leave the loop out"
    return UNKNOWN, Problem(f"{shape} is {describe(shape.type)}, and a loop needs a list", hint)


def output_problem(shape: Shape, *, captured: bool = False) -> Problem | None:
    """Return what is wrong with `{{ value }}`; *captured* inside macros, filters and set blocks."""
    kind = shape.type.kind if shape.type else "json"
    if kind == "thread":
        return Problem(
            f"{shape} is a list of messages, and a text cannot hold it",
            f'write placeholder("{shape}") between two messages (in a file, a line of its own: {{{{ {shape} }}}})',
        )
    if kind == "array":
        return Problem(
            f"{shape} is a list and has no text of its own", f'write {{{{ {shape} | join(", ") }}}} or a loop'
        )
    if kind in ("map", "object"):
        return Problem(
            f"{shape} is a mapping and has no text of its own", f"write {{{{ {shape} | tojson }}}} or one of its keys"
        )
    if kind in ("image", "file") and captured:
        return Problem(
            f"{shape} is {kind_word(kind)} and has no text", "write it in a message, outside of macros, filters and set"
        )
    return None


def kind_word(kind: str) -> str:
    """Return the kind with its article."""
    return f"an {kind}" if kind[0] in "aeio" else f"a {kind}"


def filtered(shape: Shape, name: str) -> tuple[Shape, Problem | None]:
    """Return the shape of `value | name`, and what is wrong with it."""
    kind = shape.type.kind if shape.type else "json"
    if kind in ("image", "file") and name not in ("default", "d"):
        return UNKNOWN, Problem(f"{shape} is {kind_word(kind)}, and no filter works on it", f"write {{{{ {shape} }}}}")
    if name in _READS and kind not in (*_TEXTUAL, "enum", "json"):
        what, hint = _READS[name]
        said = f"{shape} is {kind_word(kind)}, and {name} {what}"
        return Shape(TEXT), Problem(said, hint.format(shape))
    if name in ("length", "count", "wordcount", "int", "days_until"):
        return Shape(NUMBER), None
    if name in _TEXT_FILTERS:
        return Shape(TEXT), None
    if name in _SAME_FILTERS and kind == "array":
        return shape, None
    if name in _ITEM_FILTERS and kind in LISTS:
        return item_of(shape)
    if name in ("default", "d") and kind in SCALARS:
        return shape, None
    return UNKNOWN, None


def attribute_filter(name: str) -> bool:
    """Say whether the filter reads an attribute of each item."""
    return name in _BY_ATTRIBUTE


def attribute_argument(name: str, arguments: list[object], keywords: dict[str, object]) -> str | None:
    """Return the attribute that the filter reads of each item, when it is written as a constant."""
    position = _BY_ATTRIBUTE[name]
    given = keywords.get("attribute")
    if given is None and position is not None and len(arguments) > position:
        given = arguments[position]
    return given if isinstance(given, str) else None


def comparison_problem(shape: Shape, value: object) -> Problem | None:
    """Return what is wrong with comparing *shape* with the constant *value*."""
    if shape.type is None or value is None:
        return None
    kind = shape.type.kind
    if kind == "enum" and value not in shape.type.values:
        texts = [each for each in shape.type.values if isinstance(each, str)]
        known = f"values: {', '.join(map(repr, shape.type.values))}"
        return Problem(f"{shape} is never {value!r}", f"{nearest(str(value), texts)} {known}".strip())
    numeric = kind in ("integer", "float", "boolean")
    if (numeric and isinstance(value, str)) or (kind in _TEXTUAL and not isinstance(value, str)):
        return Problem(
            f"{shape} is {describe(shape.type)} and never equals {value!r}", "compare it with a value of its type"
        )
    return None
