"""Front matter as fields of a prompt, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from promptlib.codec.properties import SPEAKING, PropertyReader, write_properties
from promptlib.codec.segments import read_segment
from promptlib.codec.source import Node, Source, plain_of
from promptlib.errors import BadRef, InvalidPrompt
from promptlib.inputs.wording import INPUTS_ALONE, groups_told
from promptlib.messages import ROLES, Message, Piece, Role
from promptlib.plain import thaw
from promptlib.prompt import Prompt
from promptlib.refs import Pin, check_digest, check_name
from promptlib.trust import OWN, VOUCHED, Vouched, checked_trust

if TYPE_CHECKING:
    from promptlib.chain import Stored
    from promptlib.codec.notes import Notes
    from promptlib.trust import Trust

#: The order in which keys are written.
_ORDER = ("name", "displayName", "description", "model", "inputs", "outputs", "tools", "metadata", "template")
_SILENT = frozenset({"name", "displayName"})
OURS = "promptlib"
_OUR_KEYS = ("steps", "includes", "segments", "derived_from", "renamed_from", "trust", "vouched", "role")
_OLD = {
    "inputSchema": "write the properties below `inputs:`",
    "outputSchema": "write the properties below `outputs:`",
}
_FORMATS = ("jinja2", "literal")

_DECLARATIONS = frozenset({"inputs", "outputs"})
#: The keys of a declaration that hold declarations.
_PARTS = frozenset({"items", "additionalProperties", "properties"})

Fields = dict[str, Any]


class HeaderReader:
    """Reads the keys of a file's front matter; warnings go to `notes`."""

    __slots__ = ("extra", "fields", "literal", "notes", "properties", "role", "source")

    def __init__(self, source: Source, notes: Notes) -> None:
        """Read from *source*."""
        self.source = source
        self.notes = notes
        self.properties = PropertyReader(source, notes)
        self.fields: Fields = {}
        self.extra: dict[str, Any] = {}
        self.literal = False
        self.role: Role | None = None

    def read(self, header: Node) -> Fields:
        """Return the fields of the prompt that *header* says; `literal` and `role` say how to read the body."""
        entries = cast("dict[str, Node]", header.value)
        for key, node in entries.items():
            read = getattr(self, f"_{key}", None) if key in _READ else None
            if read is not None:
                read(node)
            else:
                self._unknown(key, node)
        return self.fields | ({"extra": self.extra} if self.extra else {})

    def _unknown(self, key: str, node: Node) -> None:
        if key in _OLD:
            raise self.source.error(node.at, f"{key} is a key of an older Prompty", _OLD[key], len(key))
        self.extra[key] = plain_of(node)
        if key not in _SILENT:
            self.notes.unknown(self.source, node.at, "", key, _ORDER)

    def _text(self, node: Node, what: str) -> str:
        if node.value is None:
            return ""
        if not isinstance(node.value, str):
            raise self.source.error(node.at, f"{what} is no text", "put it in quotes")
        return node.value

    def _mapping(self, node: Node, what: str) -> dict[str, Node]:
        if node.value is None:
            return {}
        if not isinstance(node.value, dict):
            raise self.source.error(
                node.at, f"{what} holds keys and values", f"write `key: value` lines below `{what}:`"
            )
        return node.value

    def _description(self, node: Node) -> None:
        self.fields["description"] = self._text(node, "description")

    def _model(self, node: Node) -> None:
        if isinstance(node.value, str):
            self.fields["settings"] = {"id": node.value}
        else:
            self._mapping(node, "model")
            self.fields["settings"] = plain_of(node) or {}

    def _inputs(self, node: Node) -> None:
        self.fields["inputs"], left = self.properties.read(node, "inputs")
        if left:
            self.extra["inputs"] = left

    def _outputs(self, node: Node) -> None:
        self.fields["outputs"], left = self.properties.read(node, "outputs")
        for each in self.fields["outputs"]:
            if told := groups_told(each):
                raise self.source.error(node.at, f"the output {each.name!r} {told[0]}", INPUTS_ALONE, len("outputs"))
        if left:
            self.extra["outputs"] = left

    def _tools(self, node: Node) -> None:
        if isinstance(node.value, dict):
            tools: list[Any] = []
            for name, each in node.value.items():
                self._mapping(each, name)
                tools.append({"name": name, **cast("dict[str, Any]", plain_of(each) or {})})
            self.fields["tools"] = tuple(tools)
            return
        items = node.value if isinstance(node.value, list) else []
        if node.value is not None and (
            not isinstance(node.value, list) or any(not isinstance(each.value, dict) for each in items)
        ):
            raise self.source.error(node.at, "tools is no list of tools", "write `- name: …` and the tool's keys")
        self.fields["tools"] = tuple(plain_of(each) for each in items)

    def _metadata(self, node: Node) -> None:
        left: dict[str, Any] = {}
        for key, each in self._mapping(node, "metadata").items():
            if key in ("tags", "authors"):
                self.fields[key] = self._words(each, key)
            elif key == OURS:
                own = self._own(each)
                left |= {OURS: own} if own else {}
            else:
                left[key] = plain_of(each)
        if left:
            self.extra["metadata"] = left

    def _words(self, node: Node, what: str) -> tuple[str, ...]:
        if node.value is None:
            return ()
        items = node.value if isinstance(node.value, list) else [node]
        wrong = next((each for each in items if not isinstance(each.value, str)), None)
        if wrong is not None or not isinstance(node.value, list):
            raise self.source.error(
                (wrong or node).at, f"{what} is a list of texts", "write `- …`, in quotes if need be"
            )
        return tuple(str(each.value) for each in items)

    def _own(self, node: Node) -> dict[str, Any]:
        """Read the keys under `metadata.promptlib`; return those that are unknown."""
        left: dict[str, Any] = {}
        for key, each in self._mapping(node, OURS).items():
            if key == "steps":
                from promptlib.codec.chains import read_steps  # noqa: PLC0415 - few files are chains

                self.fields["steps"] = read_steps(self.source, each, self.properties)
            elif key == "includes":
                includes = self._mapping(each, "includes")
                self.fields["includes"] = {alias: str(self._pin(pin)) for alias, pin in includes.items()}
            elif key == "segments":
                segments = self._mapping(each, "segments")
                self.fields["segments"] = {name: read_segment(self.source, name, one) for name, one in segments.items()}
            elif key == "derived_from":
                self.fields["derived_from"] = self._pin(each)
            elif key == "renamed_from":
                self.fields["renamed_from"] = self._name(each)
            elif key == "trust":
                self.fields["trust"] = self._trust(each)
            elif key == "vouched":
                self.fields["vouched"] = self._vouched(each)
            elif key == "role":
                self.role = self._role(each)
            else:
                left[key] = plain_of(each)
                self.notes.unknown(self.source, each.at, " of promptlib", key, _OUR_KEYS)
        return left

    def _pin(self, node: Node) -> Pin:
        try:
            return Pin.parse(self._text(node, "a pin"))
        except BadRef as error:
            raise self.source.error(node.start, error.what, error.hint, node.end - node.start) from error

    def _name(self, node: Node) -> str:
        try:
            return check_name(self._text(node, "renamed_from"))
        except BadRef as error:
            raise self.source.error(node.start, error.what, error.hint, node.end - node.start) from error

    def _trust(self, node: Node) -> Trust:
        try:
            return checked_trust(node.value)
        except InvalidPrompt as error:
            raise self.source.error(node.start, error.what, error.hint, node.end - node.start) from error

    def _vouched(self, node: Node) -> Vouched:
        parts = self._mapping(node, "vouched")
        wrong = next((each for key, each in parts.items() if key not in VOUCHED), None)
        if wrong is not None or not {"digest", "reason"} <= parts.keys():
            hint = "written by promptlib trust NAME --reason '…'"
            raise self.source.error((wrong or node).at, f"vouched holds {', '.join(VOUCHED)}", hint)
        digest = parts["digest"]
        try:
            check_digest(self._text(digest, "a digest"))
        except BadRef as error:
            raise self.source.error(digest.start, error.what, error.hint, digest.end - digest.start) from error
        return Vouched(**{key: self._text(each, key) for key, each in parts.items()})

    def _role(self, node: Node) -> Role:
        if node.value not in ROLES:
            raise self.source.error(node.start, f"no role {node.value!r}", f"roles: {', '.join(ROLES)}")
        return node.value

    def _template(self, node: Node) -> None:
        # One word is the format, as in Prompty.
        parts = {"format": node} if isinstance(node.value, str) else self._mapping(node, "template")
        format_of = self._kind_of(parts, "format", "jinja2")
        if format_of not in _FORMATS:
            raise self.source.error(
                parts["format"].at,
                f"templates of kind {format_of!r} are not read",
                "kinds: jinja2, and literal for plain text",
            )
        parser = self._kind_of(parts, "parser", "prompty")
        if parser != "prompty":
            raise self.source.error(parts["parser"].at, f"no parser {parser!r}", "the only parser is prompty")
        self.literal = format_of == "literal"
        left = plain_of(node)
        if self.literal:
            left = {key: plain_of(each) for key, each in parts.items() if key != "format"}
        if left:
            self.extra["template"] = left

    def _kind_of(self, parts: Mapping[str, Node], key: str, default: str) -> str:
        node = parts.get(key)
        if node is None or node.value is None:
            return default
        if isinstance(node.value, dict):
            node = node.value.get("kind", Node(default, 0, 0))
        return self._text(node, f"the kind of {key}")


_READ = frozenset({"description", "model", "inputs", "outputs", "tools", "metadata", "template"})


def is_literal(messages: tuple[Piece, ...]) -> bool:
    """Tell whether *messages* are one literal message, whose file is its text."""
    return len(messages) == 1 and isinstance(messages[0], Message) and messages[0].literal


def header_of(stored: Stored) -> dict[str, Any]:
    """Return the front matter of a prompt or chain as plain data, in the order in which it is written."""
    own: dict[str, Any] = {}
    header: dict[str, Any] = {"description": stored.description, "inputs": write_properties(stored.inputs)}
    if isinstance(stored, Prompt):
        own |= {"includes": thaw(stored.includes), "segments": thaw(stored.segments)}
        header |= {
            "model": thaw(stored.settings),
            "outputs": write_properties(stored.outputs),
            "tools": thaw(stored.tools),
        }
    else:
        from promptlib.codec.chains import write_steps  # noqa: PLC0415 - few files are chains

        own["steps"] = write_steps(stored)
    if stored.derived_from is not None:
        own["derived_from"] = str(stored.derived_from)
    own["renamed_from"] = stored.renamed_from
    if stored.trust != OWN:
        own["trust"] = stored.trust
    if stored.vouched is not None:
        own["vouched"] = stored.vouched.to_dict()
    if isinstance(stored, Prompt) and is_literal(stored.messages):
        header["template"] = {"format": {"kind": "literal"}}
        role = cast("Message", stored.messages[0]).role
        own["role"] = role if role != "system" else ""
    metadata = {
        "tags": list(stored.tags),
        "authors": list(stored.authors),
        OURS: {key: value for key, value in own.items() if value},
    }
    header["metadata"] = {key: value for key, value in metadata.items() if value}
    header = _with_extra({key: value for key, value in header.items() if value}, stored.extra)
    order = [key for key in _ORDER if key in header] + [key for key in header if key not in _ORDER]
    return {key: header[key] for key in order}


def _with_extra(known: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return *known* and, beside it, what *extra* keeps; what is known wins."""
    merged = dict(known)
    for key, value in extra.items():
        if key in _DECLARATIONS:
            merged |= {key: _with_leftovers(merged[key], value)} if key in merged else {}
        elif key not in merged:
            merged[key] = thaw(value)
        elif isinstance(merged[key], dict) and isinstance(value, Mapping):
            merged[key] = _with_extra(merged[key], value)
    return merged


def _with_leftovers(declarations: dict[str, Any], leftovers: Mapping[str, Any]) -> dict[str, Any]:
    """Return *declarations* with the keys that say nothing; those of an input that is gone go with it."""
    return {
        name: _with_leftover(each, leftovers[name]) if name in leftovers else each
        for name, each in declarations.items()
    }


def _with_leftover(declaration: dict[str, Any], left: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(declaration)
    for key, value in left.items():
        if key not in _PARTS:
            # What said nothing beside the old kind must not begin to speak beside the new one.
            if key not in SPEAKING:
                merged.setdefault(key, thaw(value))
        elif key in merged and isinstance(value, Mapping):
            merged[key] = (_with_leftovers if key == "properties" else _with_leftover)(merged[key], value)
    return merged
