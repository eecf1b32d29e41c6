"""Front matter of foreign Prompty files in our words: what cannot be said here is lost, and told with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptlib.codec.source import Node, plain_of

if TYPE_CHECKING:
    from promptlib.codec.source import Source

    #: What is lost, and at which file and line.
    Losses = list[tuple[str, str]]

#: Words of Prompty 1, and of schemas, for our kinds.
KINDS = {
    "string": "string", "text": "string", "str": "string",
    "number": "float", "float": "float", "double": "float",
    "integer": "integer", "int": "integer",
    "boolean": "boolean", "bool": "boolean",
    "array": "array", "list": "array",
    "object": "object", "dict": "object", "json": "json", "any": "json", "union": "json",
    "thread": "thread", "image": "image", "file": "file", "audio": "file", "enum": "enum",
}  # fmt: skip
_OLD_WORDS = {"type": "kind", "sample": "example", "is_required": "required", "isRequired": "required"}
_OLD_KEYS = {"inputSchema": "inputs", "outputSchema": "outputs"}
_MOVED = {"authors": "authors", "author": "authors", "tags": "tags"}
_KNOWN = frozenset(
    {"kind", "description", "required", "default", "example", "enumValues", "items", "properties", "nullable", "format"}
    | {"additionalProperties", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern"}
)
_OF_VALUES = {str: "string", int: "integer", float: "float", bool: "boolean", list: "array"}
_ENGINES = ("jinja2", "jinja", "mustache", "literal")


class Header:
    """A front matter being adapted: `made` is the plain data that our reader takes, `engine` what the body is for."""

    def __init__(self, node: Node, source: Source) -> None:
        """Adapt *node*, read from *source*."""
        self._source = source
        self.losses: Losses = []
        self.engine = "jinja2"
        self.adapted = False
        self.made: dict[str, Any] = {}
        #: What a file says its inputs are like, by name.
        self.samples: dict[str, Any] = {}
        #: Where each input is declared.
        self.places: dict[str, str] = {}
        entries = node.value if isinstance(node.value, dict) else {}
        for key, each in entries.items():
            self._key(key, each)

    def _place(self, node: Node) -> str:
        where = self._source.where(node.at)
        return f"{where.source}:{where.line}"

    def lose(self, node: Node, what: str) -> None:
        """Tell *what* is lost at *node*."""
        self.adapted = True
        self.losses.append((what, self._place(node)))

    def _key(self, key: str, node: Node) -> None:
        value = plain_of(node)
        if key in ("inputs", "outputs", *_OLD_KEYS):
            self._declarations(_OLD_KEYS.get(key, key), key, node)
        elif key == "template":
            self._template(node)
        elif key in _MOVED:
            self._words(_MOVED[key], node)
        elif key == "metadata" and isinstance(value, dict):
            self.made["metadata"] = self.made.get("metadata", {}) | value
        elif key == "description" and value is not None and not isinstance(value, str):
            self.lose(node, "the description is no text: it is written as one")
            self.made[key] = str(value)
        elif key == "tools" and not _is_tools(value):
            self.lose(node, f"tools that are no list are left out: {value!r:.60}")
        elif key == "model" and not isinstance(value, str | dict | None):
            self.lose(node, f"a model that is no mapping is left out: {value!r:.60}")
        else:
            self.made[key] = value
        if key == "sample" and isinstance(value, dict):
            self.samples |= value
        if isinstance(value, str) and value.startswith("${file:"):
            self.losses.append((f"{key}: {value:.60} is not read, and stays a text", self._place(node)))

    def _words(self, key: str, node: Node) -> None:
        value = plain_of(node)
        words = [value] if isinstance(value, str) else value
        if value is not None and not (isinstance(words, list) and all(isinstance(word, str) for word in words)):
            self.lose(node, f"{key} that are no list of words are left out")
        elif words:
            self.adapted = True
            self.made["metadata"] = self.made.get("metadata", {}) | {key: words}

    def _template(self, node: Node) -> None:
        parts = node.value if isinstance(node.value, dict) else {"format": node}
        named = parts.get("format") or parts.get("type") or parts.get("kind")
        if named is not None:
            inner = named.value.get("kind", named) if isinstance(named.value, dict) else named
            engine = inner.value if isinstance(inner.value, str) else "jinja2"
            if engine not in _ENGINES:
                raise self._source.error(
                    inner.start, f"templates of kind {engine!r} are not read", "kinds: jinja2, mustache and literal"
                )
            self.engine = "jinja2" if engine == "jinja" else engine
        parser = parts.get("parser")
        word = plain_of(parser) if parser is not None else "prompty"
        word = word.get("kind", "prompty") if isinstance(word, dict) else word
        if parser is not None and word not in (None, "prompty"):
            raise self._source.error(parser.at, f"no parser {word!r}", "the only parser is prompty")
        if self.engine == "literal":
            self.made["template"] = plain_of(node)
        elif self.engine != "jinja2" or not isinstance(node.value, str | dict) or set(parts) - {"format", "parser"}:
            self.adapted = True
        else:
            self.made["template"] = plain_of(node)

    def _declarations(self, into: str, key: str, node: Node) -> None:
        found = dict(self._named(node))
        if key != into or not isinstance(node.value, dict | list | None):
            self.adapted = True
        made = {name: self._declared(name, each) for name, each in found.items()}
        if into == "inputs":
            self.places |= {name: self._place(each) for name, each in found.items()}
        if made:
            self.made[into] = made

    def _named(self, node: Node) -> list[tuple[str, Node]]:
        value = node.value
        if isinstance(value, dict):
            inner = value.get("properties")
            # Around a schema stand words such as `type: object`; around an input called properties stand inputs.
            if (
                inner is not None
                and isinstance(inner.value, dict | list)
                and not set(value) - {"properties", "type", "kind", "strict", "required", "examples"}
            ):
                self.adapted = True
                return self._named(inner)
            return list(value.items())
        named = []
        for each in value if isinstance(value, list) else ():
            name = each.value.get("name") if isinstance(each.value, dict) else None
            if name is None or not isinstance(name.value, str):
                self.lose(each, "a declaration without a name is left out")
            else:
                named.append((name.value, each))
        if value is not None and not isinstance(value, list):
            self.lose(node, f"{value!r:.60} declares nothing")
        return named

    def _declared(self, name: str, node: Node) -> dict[str, Any]:
        value = plain_of(node)
        if not isinstance(value, dict):
            return self._by_value(node, value)
        words: dict[str, Any] = {}
        for key, each in value.items():
            word = _OLD_WORDS.get(str(key), str(key))
            if word != key:
                self.adapted = True
            words.setdefault(word, each)
        if "kind" not in words and not set(words) & {
            "default",
            "example",
            "description",
            "required",
            "enumValues",
            "enum",
        }:
            self.lose(node, f"{name!r} holds a value and no declaration: it may be any plain data")
            return {"kind": "json", "example": value}
        return self._kind(node, name, words)

    def _by_value(self, node: Node, value: object) -> dict[str, Any]:
        """A bare value is an example, as Prompty reads it; the word for a kind is meant as that."""
        if isinstance(value, str) and value in KINDS:
            self.adapted = True
            return self._kind(node, "", {"kind": value})
        if value is None:
            self.adapted = True
            return {"kind": "string"}
        return {"kind": _OF_VALUES.get(type(value), "json"), "example": value}

    def _kind(self, node: Node, name: str, words: dict[str, Any]) -> dict[str, Any]:
        given = words.get("kind")
        if given is None:
            self.adapted = True
            given = _OF_VALUES.get(type(words.get("default", words.get("example", ""))), "json")
        kind = KINDS.get(str(given).lower())
        if kind is None:
            self.lose(node, f"{name!r} is of the unknown kind {given!r:.40}: it may be any plain data")
            kind = "json"
        elif kind != given:
            self.adapted = True
        if given in ("audio", "union"):
            self.lose(node, f"{name!r} is of kind {given}: here it is {kind}")
        if kind == "object" and "properties" not in words and "additionalProperties" not in words:
            kind = "json"
            self.adapted = True
        if "enum" in words:
            self.adapted = True
            words["enumValues"] = words.pop("enum")
        if words.get("required") is True and words.get("default") is not None:
            self.adapted = True
            del words["required"]
        if words.get("default") == "" and kind not in ("string", "json"):
            self.lose(node, f"the empty default of {name!r} is left out")
            del words["default"]
        return {"kind": kind, **self._rest(node, name, words)}

    def _rest(self, node: Node, name: str, words: dict[str, Any]) -> dict[str, Any]:
        kept = {key: each for key, each in words.items() if key in _KNOWN and key != "kind"}
        for key in words.keys() - kept.keys() - {"kind", "name", "strict"}:
            self.lose(node, f"{key} of {name!r} says nothing here")
        items = kept.get("items")
        if isinstance(items, dict):
            kept["items"] = self._items(node, items)
        elif items is not None:
            self.lose(node, f"the items of {name!r} are no declaration")
            del kept["items"]
        properties = kept.get("properties")
        if properties is not None:
            pairs = properties.items() if isinstance(properties, dict) else _by_name(properties)
            kept["properties"] = {key: self._items(node, each) for key, each in pairs}
        return kept

    def _items(self, node: Node, declared: object) -> dict[str, Any]:
        words = declared if isinstance(declared, dict) else {"kind": declared}
        return self._kind(node, "an item", {_OLD_WORDS.get(key, key): each for key, each in words.items()})


def _by_name(declared: object) -> list[tuple[str, Any]]:
    items = declared if isinstance(declared, list) else []
    return [(str(each["name"]), each) for each in items if isinstance(each, dict) and "name" in each]


def _is_tools(value: object) -> bool:
    items = value.values() if isinstance(value, dict) else value
    return value is None or (
        not isinstance(value, str)
        and isinstance(items, type({}.values()) | list)
        and all(isinstance(each, dict) for each in items)
    )
