"""Chat messages, as they stand in a prompt and as they come out of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from promptlib.errors import InvalidInputs, InvalidPrompt, nearest
from promptlib.plain import Frozen, freeze
from promptlib.segments import Segment, segment_of

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

Role = Literal["system", "developer", "user", "assistant", "tool"]
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class Text:
    """A stretch of text."""

    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """A picture: a URL (https or `data:`) and, where a provider wants it, the level of detail."""

    url: str
    detail: Literal["auto", "low", "high"] = "auto"


@dataclass(frozen=True, slots=True)
class File:
    """A document: its content as a `data:` URL or a provider's file identifier, and a name for people."""

    url: str
    name: str = ""


Part: TypeAlias = Text | Image | File


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the assistant asks for: its id, the tool's name, and the arguments as JSON text."""

    id: str
    name: str
    arguments: str = "{}"


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat: a role and its parts.

    In a prompt the text is a Jinja template, unless `literal`; a rendered message is always literal. `literal` says
    how the text is read when a prompt is defined and takes no part in equality.
    """

    role: Role
    parts: tuple[Part, ...] = ()
    literal: bool = field(default=False, compare=False)
    name: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""

    def __post_init__(self) -> None:
        """Refuse an unknown role and parts that are none."""
        if self.role not in ROLES:
            raise InvalidPrompt(
                f"no role {self.role!r}", hint=f"{nearest(str(self.role), ROLES)} roles: {', '.join(ROLES)}".strip()
            )
        if isinstance(self.parts, str):
            object.__setattr__(self, "parts", (Text(self.parts),))
        elif not isinstance(self.parts, tuple):
            object.__setattr__(self, "parts", tuple(self.parts) if isinstance(self.parts, Iterable) else (self.parts,))
        for part in self.parts:
            if not isinstance(part, Text | Image | File):
                raise InvalidPrompt(f"a part of a {self.role} message is a {type(part).__name__}, not a message part")

    @property
    def text(self) -> str:
        """The text parts, joined; in a prompt, the source text."""
        parts = self.parts
        if len(parts) == 1 and parts[0].__class__ is Text:
            return parts[0].text
        return "".join([part.text for part in parts if isinstance(part, Text)])

    @classmethod
    def of(cls, value: object) -> Message:
        """Return *value* as a message: a `Message`, or a mapping as chat APIs take it (`role`, `content`, …).

        Raises `InvalidInputs` for anything else.
        """
        return value if isinstance(value, Message) else _from_mapping(value)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - pydantic's own signature
        """Let a message be a field of a pydantic model."""
        from pydantic_core import core_schema  # noqa: PLC0415 - only where pydantic is already loaded

        return core_schema.no_info_plain_validator_function(
            cls.of, serialization=core_schema.plain_serializer_function_ser_schema(to_plain)
        )


#: An input that is a list of messages: a history, or examples. It stands in a prompt as a `placeholder`.
Thread: TypeAlias = tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Placeholder:
    """The place of an input of type `Thread`.

    `text` is template text between the placeholder and the next message; only statements may stand there. `segment`
    is on its way into a prompt, which keeps it among its `segments`: a placeholder of a prompt has none.
    """

    name: str
    text: str = ""
    segment: Segment | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Prelude:
    """Template statements before the first message (`set`, macros, the opening of a loop); it has no output."""

    text: str


Piece: TypeAlias = Message | Placeholder | Prelude


def system(text: str, *, literal: bool = False) -> Message:
    """Return a system message; *literal* text is no template."""
    return _message("system", text, literal=literal)


def developer(text: str, *, literal: bool = False) -> Message:
    """Return a developer message; *literal* text is no template."""
    return _message("developer", text, literal=literal)


def user(text: str, *parts: Image | File, literal: bool = False, name: str = "") -> Message:
    """Return a user message; *literal* text is no template; *parts* (for threads) follow the text."""
    return _message("user", text, *parts, literal=literal, name=name)


def assistant(text: str = "", *, literal: bool = False, name: str = "", tool_calls: Sequence[ToolCall] = ()) -> Message:
    """Return an assistant message; *literal* text is no template."""
    return _message("assistant", text, literal=literal, name=name, tool_calls=tuple(tool_calls))


def tool(text: str, *, call_id: str = "", literal: bool = False) -> Message:
    """Return the result of a tool call; *literal* text is no template."""
    return _message("tool", text, literal=literal, tool_call_id=call_id)


def _message(role: Role, text: str, *parts: Part, **fields: Any) -> Message:  # noqa: ANN401 - passed on to Message
    if not isinstance(text, str):
        raise InvalidPrompt(f"the text of a {role} message is a {type(text).__name__}, not a str")
    return Message(role, ((Text(text),) if text or not parts else ()) + parts, **fields)


def placeholder(
    name: str,
    *,
    priority: int | None = None,
    truncate: Literal["oldest", "drop"] | None = None,
    min_tokens: int | None = None,
    max_tokens: int | None = None,
) -> Placeholder:
    """Return the place where the messages of the input *name* (of type `Thread`) go.

    The keywords are the words of a `Segment`: with any of them a budget may drop the oldest messages, or all of them.
    """
    words = {"priority": priority, "truncate": truncate, "min_tokens": min_tokens, "max_tokens": max_tokens}
    said = {word: value for word, value in words.items() if value is not None}
    return Placeholder(name, segment=segment_of(said, f"the placeholder {name!r:.80}") if said else None)


def to_plain(message: Message) -> dict[str, object]:
    """Return *message* in the shape of OpenAI's chat API; `Message.of` reads it back."""
    plain: dict[str, object] = {"role": message.role, "content": _content(message.parts)}
    if message.name:
        plain["name"] = message.name
    if message.tool_calls:
        plain["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.tool_call_id:
        plain["tool_call_id"] = message.tool_call_id
    return plain


def _content(parts: tuple[Part, ...]) -> object:
    if all(isinstance(part, Text) for part in parts):
        return "".join([part.text for part in parts if isinstance(part, Text)])
    return [_part_to_plain(part) for part in parts]


def _part_to_plain(part: Part) -> dict[str, object]:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    if isinstance(part, Image):
        detail = {} if part.detail == "auto" else {"detail": part.detail}
        return {"type": "image_url", "image_url": {"url": part.url} | detail}
    if part.url.startswith("data:"):
        return {"type": "file", "file": {"file_data": part.url, "filename": part.name}}
    return {"type": "file", "file": {"file_id": part.url}}


def _from_mapping(value: object) -> Message:
    if not isinstance(value, Mapping):
        raise InvalidInputs(f"a message is a Message or a mapping with role and content, not a {type(value).__name__}")
    unknown = sorted(map(str, value.keys() - {"role", "content", "name", "tool_calls", "tool_call_id"}))
    if unknown:
        raise InvalidInputs(f"unknown keys in a message: {', '.join(unknown)}")
    if value.get("role") not in ROLES:
        raise InvalidInputs(f"no role {value.get('role')!r}", hint=f"roles: {', '.join(ROLES)}")
    return Message(
        value["role"],
        tuple(_parts(value.get("content"))),
        literal=True,
        name=_text(value, "name"),
        tool_calls=tuple(_tool_calls(value.get("tool_calls") or ())),
        tool_call_id=_text(value, "tool_call_id"),
    )


def _text(value: Mapping[str, object], key: str) -> str:
    text = value.get(key) or ""
    if not isinstance(text, str):
        raise InvalidInputs(f"{key} of a message is a {type(text).__name__}, not a text")
    return text


def _parts(content: object) -> Iterator[Part]:
    if content is None:
        return
    if isinstance(content, str):
        yield Text(content)
        return
    if not isinstance(content, list | tuple):
        raise InvalidInputs(f"content of a message is a {type(content).__name__}, not a text or a list of parts")
    for item in content:
        yield _part(item)


def _part(item: object) -> Part:
    if isinstance(item, Text | Image | File):
        return item
    match item:
        case {"type": "text", "text": str(text)}:
            return Text(text)
        case {"type": "image_url", "image_url": {"url": str(url), "detail": "auto" | "low" | "high" as detail}}:
            return Image(url, detail)
        case {"type": "image_url", "image_url": {"url": str(url), **rest}} if "detail" not in rest:
            return Image(url)
        case {"type": "file", "file": {"file_data": str(url), "filename": str(name)}}:
            return File(url, name)
        case {"type": "file", "file": {"file_data": str(url), **rest}} if "filename" not in rest:
            return File(url)
        case {"type": "file", "file": {"file_id": str(url)}}:
            return File(url)
    raise InvalidInputs(
        f"no message part: {str(item)[:80]!r}", hint="parts have type text, image_url or file, as in chat APIs"
    )


def _tool_calls(calls: object) -> Iterator[ToolCall]:
    if not isinstance(calls, list | tuple):
        raise InvalidInputs(f"tool_calls of a message is a {type(calls).__name__}, not a list")
    yield from map(_tool_call, calls)


def _tool_call(item: object) -> ToolCall:
    if isinstance(item, ToolCall):
        return item
    match item:
        case {"id": str(call), "function": {"name": str(name), "arguments": str(arguments)}}:
            return ToolCall(call, name, arguments)
    raise InvalidInputs(f"no tool call: {str(item)[:80]!r}", hint="id, and function with name and arguments")


def checked_piece(piece: object) -> Piece:
    """Return *piece* as a prompt may hold it; raises `InvalidPrompt` for what belongs to a conversation instead."""
    if isinstance(piece, Placeholder | Prelude):
        freeze(piece.text, what=f"the text of a {type(piece).__name__.lower()}")
        return piece
    if isinstance(piece, Message):
        freeze(piece.text, what=f"the text of a {piece.role} message")
        if any(not isinstance(part, Text) for part in piece.parts):
            raise InvalidPrompt(
                f"a {piece.role} message of a prompt holds an image or a file",
                hint="declare an input of type Image or File and write {{ picture }} where it goes",
            )
        if piece.name or piece.tool_calls or piece.tool_call_id:
            raise InvalidPrompt(
                f"a {piece.role} message of a prompt holds a name or a tool call",
                hint="such messages belong to a conversation: give them in an input of type Thread",
            )
        return piece if len(piece.parts) == 1 else Message(piece.role, (Text(piece.text),), literal=piece.literal)
    raise InvalidPrompt(
        f"a message of a prompt is a {type(piece).__name__}", hint='write system("…"), user("…") or placeholder("…")'
    )


def canonical_piece(piece: Piece) -> Frozen:
    """Return *piece* as the canonical content of a prompt holds it."""
    if isinstance(piece, Message):
        return Frozen({"role": piece.role, "literal" if piece.literal else "text": piece.text})
    if isinstance(piece, Placeholder):
        return Frozen({"placeholder": piece.name} | ({"text": piece.text} if piece.text else {}))
    return Frozen({"prelude": piece.text})
