"""Declared inputs in front matter: Prompty's property grammar, and our words where it has none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptlib.codec.source import Node, Source, plain_of
from promptlib.errors import InvalidPrompt, nearest
from promptlib.inputs import Demographic, Input, InputType
from promptlib.inputs.demographic import WORDS as DEMOGRAPHIC_WORDS
from promptlib.inputs.demographic import demographic_of
from promptlib.plain import freeze, thaw

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptlib.codec.notes import Notes

Entries = dict[str, Node]

_WORDS = ("string", "integer", "float", "boolean", "array", "object", "thread", "image", "file", "json", "enum")
_ABSENT = {
    "audio": "audio cannot be an input here: leave it out, or declare a file",
    "union": "an input has one kind: declare the one that is meant, or json",
    "number": "write integer or float",
    "any": "write json",
    "date": "write kind: string and format: date",
    "datetime": "write kind: string and format: date-time",
    "map": "write kind: object and additionalProperties: {kind: …}",
}
_FORMATS = {"date": "date", "date-time": "datetime"}
_FORMAT_OF = {kind: word for word, kind in _FORMATS.items()}
_LENGTHS = {
    "string": ("minLength", "maxLength"),
    "array": ("minItems", "maxItems"),
    "thread": ("minItems", "maxItems"),
    "map": ("minProperties", "maxProperties"),
}
#: The words that say something beside some kinds and nothing beside others.
SPEAKING = frozenset(
    {"format", "pattern", "minimum", "maximum", "enumValues", "default", "required"}
    | {word for words in _LENGTHS.values() for word in words}
)
_BOUNDS = ("integer", "float", "date", "datetime")
_KINDS_OF_VALUES: dict[type, str] = {str: "string", int: "integer", float: "float", bool: "boolean"}
_ONE_LEVEL = "take `properties:` out, and leave its list where it stood"
#: Prompty's words that say nothing about what is accepted; kept, and silent.
_SILENT = frozenset({"example", "description"})


class PropertyReader:
    """Reads declarations; what it does not know stays in `leftovers`, shaped like the declarations."""

    __slots__ = ("notes", "source")

    def __init__(self, source: Source, notes: Notes) -> None:
        """Read from *source*; *notes* takes the warnings."""
        self.source = source
        self.notes = notes

    def read(self, node: Node, what: str) -> tuple[tuple[Input, ...], dict[str, Any]]:
        """Return the inputs that *node* declares, a mapping by name or a list, and what is left over by name."""
        inputs: list[Input] = []
        leftovers: dict[str, Any] = {}
        for name, each in self._named(node, what):
            declared, left = self._declaration(name, each)
            inputs.append(declared)
            if left:
                leftovers[name] = left
        return tuple(inputs), leftovers

    def _named(self, node: Node, what: str) -> Iterable[tuple[str, Node]]:
        if node.value is None:
            return
        if isinstance(node.value, dict):
            if isinstance((inner := node.value.get("properties", node)).value, list):
                raise self.source.error(inner.at, f"{what} holds its list one level too deep", _ONE_LEVEL)
            yield from node.value.items()
            return
        if not isinstance(node.value, list):
            raise self.source.error(node.at, f"{what} is no mapping of names", "write `name: {kind: string}` below it")
        seen = set[str]()
        for each in node.value:
            name = each.value.get("name") if isinstance(each.value, dict) else None
            if name is None or not isinstance(name.value, str):
                raise self.source.error(each.at, f"an item of {what} has no name", "write `- name: …` and its kind")
            if name.value in seen:
                raise self.source.error(name.at, f"{name.value!r} is declared twice", "keep one of them")
            seen.add(name.value)
            yield name.value, each

    def _declaration(self, name: str, node: Node) -> tuple[Input, dict[str, Any]]:
        entries = self._entries(name, node)
        taken = {"name", "description", "required", "default", "demographic"}
        kind_of, left = self._type(entries, node, taken)
        told = {
            "description": self._word(entries, "description", str) or "",
            "demographic": self._demographic(entries.get("demographic"), kind_of),
        }
        required = self._word(entries, "required", bool)
        default = entries.get("default")
        optional = required is False or default is not None
        if optional and default is None and not (kind_of.nullable or kind_of.kind in ("thread", "json")):
            kind_of = self._made(node, InputType, **_parts(kind_of, nullable=True))
        if required and default is not None:
            where = self.source.where(entries["required"].at)
            self.notes.add(where, f"{name!r} has a default, so it need not be given", "take one of the two out")
        value: object = () if kind_of.kind == "thread" else None
        if default is not None:
            value = plain_of(default)
        if not optional:
            return self._made(node, Input, name=name, type=kind_of, **told), left
        declared = self._made(
            default or node,
            Input,
            name=name,
            type=kind_of,
            required=False,
            default=freeze(value),
            **told,
        )
        return declared, left

    def _entries(self, name: str, node: Node) -> Entries:
        """Return the keys of a declaration; a bare value is an example, as Prompty reads it."""
        if isinstance(node.value, dict):
            return node.value
        kind = _KINDS_OF_VALUES.get(type(node.value))
        if kind is None:
            word = "array" if isinstance(node.value, list) else "string"
            raise self.source.error(node.at, f"{name!r} has no declaration", f"write `{name}: {{kind: {word}}}`")
        if node.value in _WORDS or node.value in _ABSENT:
            raise self.source.error(
                node.start,
                f"a bare value is an example text: {node.value} would not be the kind of {name!r}",
                f"write `{name}: {{kind: {node.value}}}`",
                node.end - node.start,
            )
        return {"kind": Node(kind, node.start, node.end), "example": node}

    def _demographic(self, node: Node | None, kind_of: InputType) -> Demographic | None:
        """Return what *node* says of the group that an input tells; an error stands at the word that is wrong."""
        if node is None or node.value is None:
            return None
        try:
            found = demographic_of(plain_of(node))
            Input(name="x", type=kind_of, demographic=found)
        except InvalidPrompt as error:
            at = node
            if isinstance(node.value, dict):
                wrong = [each for word, each in node.value.items() if word not in DEMOGRAPHIC_WORDS]
                named = [
                    each
                    for word, each in node.value.items()
                    if f" {word} of" in error.what or f"empty {word}" in error.what
                ]
                at = next(iter([*wrong, *named]), node)
            raise self.source.error(at.at, error.what, error.hint) from error
        return found

    def _type(self, entries: Entries, node: Node, taken: set[str]) -> tuple[InputType, dict[str, Any]]:
        left: dict[str, Any] = {}
        kind, word = self._kind(entries, node)
        taken |= {"kind", "nullable"} | ({"format"} if kind in _FORMAT_OF else set())
        parts: dict[str, Any] = {"kind": kind, "nullable": self._word(entries, "nullable", bool) or False}
        if "enumValues" in entries:
            taken.add("enumValues")
            parts |= self._enum(entries["enumValues"], word)
        if kind in ("array", "map"):
            key = "items" if kind == "array" else "additionalProperties"
            taken.add(key)
            parts["items"], inner = self._items(entries.get(key))
            left |= {key: inner} if inner else {}
        if kind == "object":
            taken.add("properties")
            parts["properties"], inner = self.read(entries["properties"], "properties")
            left |= {"properties": inner} if inner else {}
        parts |= self._limits(entries, parts["kind"], taken)
        for key, each in entries.items():
            if key not in taken:
                left[key] = plain_of(each)
                if key not in _SILENT:
                    self.notes.unknown(self.source, each.at, " of an input", key, taken | _SILENT)
        return self._made(node, InputType, **parts), left

    def _kind(self, entries: Entries, node: Node) -> tuple[str, str]:
        """Return the kind in our grammar and the word in the file."""
        if "kind" not in entries:
            hint = "write `kind:` for `type:`" if "type" in entries else f"kinds: {', '.join(_WORDS)}"
            raise self.source.error(node.at, "a declaration without kind", hint)
        word = self._word(entries, "kind", str) or ""
        if word not in _WORDS:
            hint = _ABSENT.get(word) or f"{nearest(word, _WORDS)} kinds: {', '.join(_WORDS)}".strip()
            at = entries["kind"]
            raise self.source.error(at.start, f"no kind of input {word!r}", hint, at.end - at.start)
        if word == "string" and "format" in entries and entries["format"].value in _FORMATS:
            return _FORMATS[str(entries["format"].value)], word
        if word == "object" and "properties" not in entries:
            return "map", word
        return word, word

    def _items(self, node: Node | None) -> tuple[InputType, dict[str, Any]]:
        if node is None or node.value is None:
            return InputType(kind="json"), {}
        if not isinstance(node.value, dict):
            raise self.source.error(node.at, "items have a declaration of their own", "write `items: {kind: string}`")
        return self._type(node.value, node, set())

    def _enum(self, node: Node, word: str) -> dict[str, Any]:
        values = plain_of(node)
        if not isinstance(values, list) or word not in (*_KINDS_OF_VALUES.values(), "enum"):
            raise self.source.error(
                node.at, "enumValues is a list, of a string, a number or a boolean", "write one value a line"
            )
        if word == "float":
            values = [float(value) if type(value) is int else value for value in values]
        for value, each in zip(values, node.value if isinstance(node.value, list) else (), strict=True):
            if word not in (_KINDS_OF_VALUES.get(type(value)), "enum"):
                raise self.source.error(each.start, f"{value!r} is no {word}", "change the value or the kind")
        return {"kind": "enum", "values": tuple(values)}

    def _limits(self, entries: Entries, kind: str, taken: set[str]) -> dict[str, Any]:
        names: dict[str, str] = {}
        if kind in _BOUNDS:
            names |= {"minimum": "ge", "maximum": "le"}
        if kind in _LENGTHS:
            names |= dict(zip(_LENGTHS[kind], ("min_length", "max_length"), strict=True))
        if kind == "string":
            names["pattern"] = "pattern"
        taken.update(names)
        return {ours: plain_of(entries[theirs]) for theirs, ours in names.items() if theirs in entries}

    def _word(self, entries: Entries, key: str, kind: type) -> Any:  # noqa: ANN401 - a text or a truth value
        node = entries.get(key)
        if node is None or node.value is None:
            return None
        if not isinstance(node.value, kind):
            wanted = "a text" if kind is str else "true or false"
            raise self.source.error(
                node.start, f"{key} is not {wanted}", f"write `{key}: {'…' if kind is str else 'true'}`"
            )
        return node.value

    def _made(self, node: Node, kind: type, /, **parts: Any) -> Any:  # noqa: ANN401 - an Input or an InputType
        try:
            return kind(**parts)
        except InvalidPrompt as error:
            raise self.source.error(node.at, error.what, error.hint) from error


def _parts(kind_of: InputType, **changes: object) -> dict[str, Any]:
    names = ("kind", "nullable", "items", "properties", "values", "ge", "le", "min_length", "max_length", "pattern")
    return {name: getattr(kind_of, name) for name in names} | changes


def write_properties(inputs: Iterable[Input]) -> dict[str, Any]:
    """Return the declarations by name that `PropertyReader` reads as *inputs*."""
    return {each.name: _written(each) for each in inputs}


def _written(declared: Input) -> dict[str, Any]:
    found = write_type(declared.type)
    if declared.description:
        found["description"] = declared.description
    if declared.demographic is not None:
        found["demographic"] = thaw(declared.demographic.to_plain())
    if not declared.required:
        empty = () if declared.type.kind == "thread" else None
        found |= {"required": False} if declared.default == empty else {"default": thaw(declared.default)}
    return found


def write_type(kind_of: InputType) -> dict[str, Any]:
    """Return the keys that say what *kind_of* accepts."""
    kind = kind_of.kind
    found: dict[str, Any] = {"kind": _word_for(kind_of)}
    if kind in _FORMAT_OF:
        found["format"] = _FORMAT_OF[kind]
    if kind == "enum":
        found["enumValues"] = list(kind_of.values)
    if kind_of.items is not None:
        found["items" if kind == "array" else "additionalProperties"] = write_type(kind_of.items)
    if kind == "object":
        found["properties"] = write_properties(kind_of.properties)
    if kind_of.nullable:
        found["nullable"] = True
    shortest, longest = _LENGTHS.get(kind, ("", ""))
    limits = {
        "minimum": kind_of.ge, "maximum": kind_of.le,
        shortest: kind_of.min_length, longest: kind_of.max_length, "pattern": kind_of.pattern,
    }  # fmt: skip
    return found | {name: limit for name, limit in limits.items() if limit is not None}


def _word_for(kind_of: InputType) -> str:
    if kind_of.kind == "enum":
        kinds = {_KINDS_OF_VALUES[type(value)] for value in kind_of.values}
        return kinds.pop() if len(kinds) == 1 else "enum"
    if kind_of.kind in _FORMAT_OF:
        return "string"
    return "object" if kind_of.kind == "map" else kind_of.kind
