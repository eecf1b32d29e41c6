"""Bytes to prompts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptlib.codec.body import Stretch, read_body
from promptlib.codec.fence import BYTE_ORDER_MARK, Halves, halves
from promptlib.codec.header import OURS, Fields, HeaderReader
from promptlib.codec.notes import Note, Notes
from promptlib.codec.parsing import parse
from promptlib.codec.source import Node, Source
from promptlib.errors import InvalidFile, InvalidPrompt, Where
from promptlib.messages import ROLES, Message, Text
from promptlib.prompt import Prompt
from promptlib.rendering import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptlib.chain import Stored
    from promptlib.errors import PromptLibError
    from promptlib.messages import Role

_NOTHING = Node(None, 0, 0)
_NEAR_ROLE = re.compile(
    rf"^[ \t]*(?:#[ \t]*)?({'|'.join(ROLES)})(?:\[[^\]\n]*\])?[ \t]*:[ \t]*\r?$", re.MULTILINE | re.IGNORECASE
)
#: What git writes around the lines of a conflict.
_MARKER = re.compile(r"^(?:<{7}(?= )|={7}(?=\r?$)|>{7}(?= ))", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file taken apart: its halves, the nodes of its header, its stretches of body, and the prompt's fields."""

    halves: Halves
    header: Node
    stretches: tuple[Stretch, ...]
    fields: Fields
    notes: Notes

    @property
    def is_chain(self) -> bool:
        """Whether it lists steps."""
        return "steps" in self.fields


def read(data: bytes, *, source: str = "") -> Prompt[Any]:
    """Return the prompt that the file *data* holds; *source* names the file in errors.

    Raises `InvalidFile` for text that is no prompt file, a chain's among them, and `InvalidPrompt` for a prompt that
    cannot be; both say file, line and column.
    """
    return prompt_of(parsed(data, source))


def read_stored(data: bytes, *, source: str = "") -> Stored:
    """Return the prompt or the chain that the file *data* holds; raises what `read` does.

    The prompts of a chain's steps are not at hand: its wires are checked as far as the file itself tells types.
    """
    return stored_of(parsed(data, source))


def read_with_notes(data: bytes, *, source: str = "") -> tuple[Stored, tuple[Note, ...]]:
    """Return the prompt or chain and what is worth telling about its file: keys without effect, foreign line ends."""
    found = parsed(data, source)
    if found.stretches:
        _note_near_roles(found.halves, found.notes)
        _note_markers(found.halves, found.notes)
    return stored_of(found), tuple(found.notes.found)


def prompt_of(found: Parsed) -> Prompt[Any]:
    """Return the prompt of a file that was taken apart; raises `InvalidFile` for a chain's."""
    stored = stored_of(found)
    if isinstance(stored, Prompt):
        return stored
    source = found.halves.header or Source("")
    at = _inside(found.header, "metadata", OURS, "steps").at
    hint = "load it with store.load_chain(NAME); codec.read_stored(…) reads both"
    raise source.error(at, "this is a chain of steps, and no prompt", hint, len("steps"))


def stored_of(found: Parsed) -> Stored:
    """Return the prompt or chain of a file that was taken apart."""
    try:
        if found.is_chain:
            from promptlib.codec.chains import chain_of  # noqa: PLC0415 - few files are chains

            return chain_of(found.fields)
        return Prompt(**found.fields)
    except InvalidPrompt as error:
        _place(found, (error, *error.others))
        raise


def _place(found: Parsed, errors: Iterable[PromptLibError]) -> None:
    """Say where the file declares what *errors* know by its name alone: an input, an include or a segment."""
    entries = dict(_declared(found.header))
    for error in errors:
        if error.where is None:
            error.where = Where(found.halves.name)
        elif error.where.line is None and error.where.source in entries and found.halves.header is not None:
            error.where = found.halves.header.where(entries[error.where.source].at)
        elif error.where.line is None and found.halves.name:
            # A segment that a message states: its name says which.
            error.where = Where(f"{found.halves.name}: {error.where.source}")


def _declared(header: Node) -> Iterator[tuple[str, Node]]:
    inputs = _inside(header, "inputs").value
    if isinstance(inputs, dict):
        yield from ((f"input {name!r}", each) for name, each in inputs.items())
    elif isinstance(inputs, list):
        yield from ((f"input {_inside(each, 'name').value!r}", each) for each in inputs)
    for what in ("include", "segment"):
        named = _inside(header, "metadata", OURS, f"{what}s").value
        if isinstance(named, dict):
            yield from ((f"{what} {name!r}", each) for name, each in named.items())
    steps = _inside(header, "metadata", OURS, "steps").value
    if isinstance(steps, list):
        yield from ((f"step {_inside(each, 'name').value!r}", each) for each in steps)


def _inside(node: Node, *keys: str) -> Node:
    for key in keys:
        node = node.value.get(key, _NOTHING) if isinstance(node.value, dict) else _NOTHING
    return node


def parsed(data: bytes, source: str = "") -> Parsed:
    """Take the file *data* apart; raises `InvalidFile`."""
    cut = halves(data, source)
    notes = Notes()
    _note_file(cut, notes)
    header = parse(cut.header) if cut.header is not None else Node({}, 0, 0, "block")
    reader = HeaderReader(cut.header or Source("", source), notes)
    fields = reader.read(header)
    stretches: tuple[Stretch, ...] = ()
    if "steps" in fields:
        from promptlib.codec.chains import check_chain_file  # noqa: PLC0415 - few files are chains

        check_chain_file(cut, fields, header, literal=reader.literal or reader.role is not None)
    elif reader.literal:
        fields["messages"] = (literal_message(reader.role, cut.body),)
        fields["places"] = (Place(source, cut.body_line),)
    else:
        stretches = _authored(cut, fields, reader)
    return Parsed(cut, header, stretches, fields, notes)


def _authored(cut: Halves, fields: Fields, reader: HeaderReader) -> tuple[Stretch, ...]:
    body = cut.body
    if "\r\n" in body:
        line = cut.body_line + body.count("\n", 0, body.index("\r\n"))
        reader.notes.add(Where(cut.name, line), "lines end in CR LF, and read as LF", "save the file with LF line ends")
    stretches = stretches_of(cut, threads_of(fields))
    fields["messages"] = tuple(each.piece for each in stretches)
    fields["places"] = tuple(Place(cut.name, cut.body_line + each.text_line) for each in stretches)
    return stretches


def literal_message(role: Role | None, body: str) -> Message:
    """Return the one message of a file whose header says that its body is no template."""
    return Message(role or "system", (Text(body),), literal=True)


def threads_of(fields: Fields) -> frozenset[str]:
    """Return the inputs whose line in a body is a placeholder."""
    return frozenset(each.name for each in fields.get("inputs", ()) if each.type.kind == "thread")


def stretches_of(cut: Halves, threads: frozenset[str]) -> tuple[Stretch, ...]:
    """Return what the body holds, at least one stretch; raises `InvalidFile`."""
    stretches = tuple(read_body(cut.body.replace("\r\n", "\n"), threads))
    if not stretches:
        raise InvalidFile(
            "the file holds no message",
            where=Where(cut.name, cut.body_line),
            hint="write a role line, such as user:, and a text",
        )
    return stretches


def _note_file(cut: Halves, notes: Notes) -> None:
    if cut.head.startswith(BYTE_ORDER_MARK):
        notes.add(Where(cut.name, 1), "the file begins with a byte order mark", "save it as UTF-8 without one")
    if "\r" in cut.head:
        notes.add(Where(cut.name, 1), "lines of the front matter end in CR LF", "save the file with LF line ends")


def _note_near_roles(cut: Halves, notes: Notes) -> None:
    """Tell of lines that Prompty takes for roles and this reader for text."""
    for found in _NEAR_ROLE.finditer(cut.body):
        line = found[0].rstrip("\r")
        if line.removesuffix(":") not in ROLES:
            at = cut.body_line + cut.body.count("\n", 0, found.start())
            what = f"{line.strip()!r} is text here, and may be a role line elsewhere"
            notes.add(
                Where(cut.name, at, 1, line),
                what,
                f"a role line is exactly {found[1].lower()}: at the start of its line",
            )


def _note_markers(cut: Halves, notes: Notes) -> None:
    """Tell of conflict markers, all three kinds in their order, that a merge has left in a text."""
    wanted = "<=>"
    seen: list[int] = []
    for found in _MARKER.finditer(cut.body):
        if found[0][0] == wanted[len(seen)]:
            seen.append(found.start())
        elif found[0][0] == "<":
            seen = [found.start()]
        if len(seen) == len(wanted):
            at = cut.body_line + cut.body.count("\n", 0, seen[0])
            notes.add(
                Where(cut.name, at, 1),
                "a conflict of a merge is left in the text, with its markers",
                "keep the lines that hold, and take the others and the markers out",
            )
            seen = []
