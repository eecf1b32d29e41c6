"""Rendered messages in the two roles and the kinds of content that the protocol has."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from mimetypes import guess_type
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import quote, unquote_to_bytes

from mcp_types import (
    AudioContent,
    BlobResourceContents,
    EmbeddedResource,
    ImageContent,
    PromptMessage,
    ResourceLink,
    TextContent,
    TextResourceContents,
)
from mcp_types.version import is_version_at_least

from promptlib.errors import InvalidInputs
from promptlib.messages import File, Image, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mcp_types import ContentBlock

    from promptlib.messages import Message

#: The first revisions of the protocol that know these contents.
_LINKS_SINCE = "2025-06-18"
_AUDIO_SINCE = "2025-03-26"
_BETWEEN = "\n\n"


class Folded(NamedTuple):
    """Messages for the protocol, and where each that is not what it was came from."""

    messages: list[PromptMessage]
    notes: list[dict[str, Any]]


@dataclass(slots=True)
class _Open:
    """Text of role user that the next text of a user is joined to: what was a system or developer message."""

    text: str = ""
    spans: tuple[tuple[str, int, int], ...] = ()


def folded(messages: Sequence[Message], protocol: str) -> Folded:
    """Return *messages* as the revision *protocol* can carry them.

    System and developer messages are put before the user message that follows them, a blank line between, or stand as
    user messages where none follows. Results of tools become messages of the user, and calls a line of text. The notes
    name the message, the role that it had and, for text that was joined, from which character to which it goes.
    """
    found = Folded([], [])
    waiting = _Open()
    for message in messages:
        if message.role in ("system", "developer") and all(isinstance(part, Text) for part in message.parts):
            _join(waiting, message.role, message.text)
            continue
        if message.role != "user":
            waiting = _closed(waiting, found)
        for at, block in enumerate(_blocks(message, protocol)):
            if not at and waiting.spans and message.role == "user" and isinstance(block, TextContent):
                _join(waiting, "user", block.text)
                waiting = _closed(waiting, found)
            else:
                waiting = _closed(waiting, found)
                role: Literal["user", "assistant"] = "assistant" if message.role == "assistant" else "user"
                found.messages.append(PromptMessage(role=role, content=block))
            _note(found, message)
    _closed(waiting, found)
    return found


def _join(waiting: _Open, role: str, text: str) -> None:
    begin = len(waiting.text) + (len(_BETWEEN) if waiting.spans else 0)
    waiting.text = f"{waiting.text}{_BETWEEN if waiting.spans else ''}{text}"
    waiting.spans = (*waiting.spans, (role, begin, begin + len(text)))


def _closed(waiting: _Open, found: Folded) -> _Open:
    """Put what waits among the messages, and say what it was."""
    if waiting.spans:
        at = len(found.messages)
        found.messages.append(PromptMessage(role="user", content=TextContent(text=waiting.text)))
        found.notes.extend(
            {"message": at, "role": role, "start": start, "end": end}
            for role, start, end in waiting.spans
            if role != "user"
        )
    return _Open()


def _note(found: Folded, message: Message) -> None:
    """Say what the last message cannot say of *message*: another role, the speaker's name, the call it answers."""
    note: dict[str, Any] = {}
    if message.name:
        note["name"] = message.name
    if message.tool_call_id:
        note["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        note["tool_calls"] = [call.id for call in message.tool_calls]
    if note or message.role not in ("user", "assistant"):
        found.notes.append({"message": len(found.messages) - 1, "role": message.role, **note})


def _blocks(message: Message, protocol: str) -> Iterator[ContentBlock]:
    """Yield the contents of *message*, neighbouring texts as one; a message without any has one empty text."""
    text, count = "", 0
    for part in (*message.parts, *(Text(f"[calls {call.name}({call.arguments})]") for call in message.tool_calls)):
        if isinstance(part, Text):
            text += part.text
            continue
        if text:
            yield TextContent(text=text)
        yield _content(part, protocol)
        text, count = "", count + 1
    if text or not count:
        yield TextContent(text=text)


def _content(part: Image | File, protocol: str) -> ContentBlock:
    return _image(part.url, protocol) if isinstance(part, Image) else _file(part.url, part.name, protocol)


def _image(url: str, protocol: str) -> ContentBlock:
    if url.startswith("data:"):
        kind, data = _data(url)
        return ImageContent(data=b64encode(data).decode(), mime_type=kind)
    return _link(url, "image", protocol)


def _file(url: str, name: str, protocol: str) -> ContentBlock:
    if not url.startswith("data:"):
        return _link(url, name or "file", protocol)
    kind, data = _data(url)
    if kind.startswith("audio/") and is_version_at_least(protocol, _AUDIO_SINCE):
        return AudioContent(data=b64encode(data).decode(), mime_type=kind)
    uri = f"attachment:{quote(name or 'file', safe='')}"
    if kind.startswith("text/"):
        try:
            return EmbeddedResource(resource=TextResourceContents(uri=uri, mime_type=kind, text=data.decode()))
        except UnicodeDecodeError:
            pass  # text of another encoding is bytes to us
    return EmbeddedResource(resource=BlobResourceContents(uri=uri, mime_type=kind, blob=b64encode(data).decode()))


def _link(url: str, name: str, protocol: str) -> ContentBlock:
    """Return a link for the client to follow, we never do; what is no address is told as text."""
    web = url.startswith(("https://", "http://"))
    if web and is_version_at_least(protocol, _LINKS_SINCE):
        return ResourceLink(name=name, uri=url, mime_type=guess_type(url)[0])
    return TextContent(text=f"[{name}: {url}]" if web or name != "file" else f"[file {url}]")


def _data(url: str) -> tuple[str, bytes]:
    """Return the media type and the bytes of a `data:` URL; raises `InvalidInputs` for a broken one."""
    head, comma, body = url.removeprefix("data:").partition(",")
    kind = head.partition(";")[0].strip().lower() or "text/plain"
    try:
        if not comma:
            raise ValueError  # noqa: TRY301 - told below, with all else that can be wrong
        if head.endswith(";base64"):
            return kind, b64decode(body, validate=True)
        return kind, unquote_to_bytes(body)
    except (ValueError, Base64Error) as error:
        raise InvalidInputs(
            f"an image or a file is no data: URL: {url[:40]!r}…",
            hint="write data:image/png;base64,… or an https address",
        ) from error


def checked(messages: Sequence[Message]) -> Sequence[Message]:
    """Return *messages*; raises `InvalidInputs` where a text cannot be sent, because no encoding can write it."""
    for message in messages:
        for text in (message.text, message.name, *(call.arguments for call in message.tool_calls)):
            try:
                text.encode()
            except UnicodeEncodeError as error:
                raise InvalidInputs(
                    f"a {message.role} message holds half of a surrogate pair, {text[error.start]!a}",
                    hint="some input holds it: give whole characters, as \\ud83d\\ude00 and never \\ud83d alone",
                ) from error
    return messages
