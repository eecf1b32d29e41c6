"""Messages in the shapes that the chat APIs of providers take; plain dicts, no SDK."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from promptlib.errors import RenderFailed
from promptlib.messages import File, Image, Text, to_plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptlib.messages import Message, Part, ToolCall


def openai(messages: Iterable[Message]) -> list[dict[str, object]]:
    """Return the `messages` of OpenAI's chat completions."""
    found = []
    for message in messages:
        plain = to_plain(message)
        if message.tool_calls and not message.parts:
            plain["content"] = None
        found.append(plain)
    return found


def openai_responses(messages: Iterable[Message]) -> list[dict[str, object]]:
    """Return the `input` of OpenAI's responses API: tool calls and their results are items of their own."""
    return [item for message in messages for item in _items(message)]


def _items(message: Message) -> Iterator[dict[str, object]]:
    if message.role == "tool":
        yield {"type": "function_call_output", "call_id": message.tool_call_id, "output": message.text}
        return
    only_text = all(isinstance(part, Text) for part in message.parts)
    if message.text or not only_text or not message.tool_calls:
        content = message.text if only_text else [_input_part(part) for part in message.parts]
        yield {"role": message.role, "content": content}
    for call in message.tool_calls:
        yield {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments}


def _input_part(part: Part) -> dict[str, object]:
    match part:
        case Text(text):
            return {"type": "input_text", "text": text}
        case Image(url, detail):
            return {"type": "input_image", "image_url": url, "detail": detail}
        case File(url, name):
            if url.startswith("data:"):
                return {"type": "input_file", "file_data": url, "filename": name}
            return {"type": "input_file", "file_url" if _web(url) else "file_id": url}


def anthropic(messages: Iterable[Message]) -> dict[str, object]:
    """Return the `system` and `messages` of Anthropic's messages API.

    System and developer messages are joined by blank lines, wherever they stand. Results of tools become blocks of
    user messages, and neighbours of one role become one message, as that API wants it. Names of speakers are left
    out, because it has none.
    """
    system: list[str] = []
    turns: list[tuple[str, list[dict[str, object]]]] = []
    for message in messages:
        if message.role in ("system", "developer"):
            system.append(message.text)
            continue
        role = "assistant" if message.role == "assistant" else "user"
        if not turns or turns[-1][0] != role:
            turns.append((role, []))
        turns[-1][1].extend(_blocks(message))
    answer: dict[str, object] = {"messages": [{"role": role, "content": _content(blocks)} for role, blocks in turns]}
    if system:
        answer["system"] = "\n\n".join(system)
    return answer


def _content(blocks: list[dict[str, object]]) -> object:
    return blocks[0]["text"] if len(blocks) == 1 and blocks[0]["type"] == "text" else blocks


def _blocks(message: Message) -> Iterator[dict[str, object]]:
    parts = [_block(part) for part in message.parts]
    if message.role == "tool":
        yield {"type": "tool_result", "tool_use_id": message.tool_call_id, "content": _content(parts) if parts else ""}
        return
    if message.tool_calls:
        # That API refuses an empty text beside a call.
        parts = [part for part in parts if part.get("text") != ""]
    yield from parts
    for call in message.tool_calls:
        yield {"type": "tool_use", "id": call.id, "name": call.name, "input": _arguments(call)}


def _arguments(call: ToolCall) -> object:
    try:
        return json.loads(call.arguments)
    except ValueError as error:
        raise RenderFailed(
            f"the arguments of the tool call {call.id!r} ({call.name}) are no JSON",
            hint="Anthropic takes them as data: give JSON text",
        ) from error


def _block(part: Part) -> dict[str, object]:
    match part:
        case Text(text):
            return {"type": "text", "text": text}
        case Image(url):
            return {"type": "image", "source": _source(url)}
        case File(url, name):
            return {"type": "document", "source": _source(url), **({"title": name} if name else {})}


def _source(url: str) -> dict[str, object]:
    head, comma, data = url.partition(",")
    if comma and head.startswith("data:") and head.endswith(";base64"):
        return {"type": "base64", "media_type": head[5:-7], "data": data}
    return {"type": "url", "url": url} if _web(url) else {"type": "file", "file_id": url}


def _web(url: str) -> bool:
    return url.startswith(("https://", "http://"))
