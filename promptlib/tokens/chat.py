"""Counting the tokens of a chat."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptlib.messages import File, Image, Message
from promptlib.tokens.counting import Counting, counted, counter
from promptlib.tokens.counts import Exactness, MessageCounter, TokenCount, TokenCounter
from promptlib.tokens.memo import counts_of
from promptlib.tokens.profiles import DEFAULT_PROFILE, chat_profile
from promptlib.tokens.vocabulary import DEFAULT, EncodingCounter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from promptlib.tokens.memo import Counts
    from promptlib.tokens.profiles import ChatProfile


@dataclass(frozen=True, slots=True)
class ChatCount:
    """The tokens of a chat: its total, and of each message what its own content takes."""

    total: TokenCount
    contents: tuple[int, ...]
    #: What the profile puts around each message; empty where a counter tells the whole itself.
    arounds: tuple[int, ...] = ()

    @property
    def overhead(self) -> int:
        """What is no message's content: roles, names, separators, the beginning of the reply."""
        return int(self.total) - sum(self.contents)


def count_messages(
    messages: Iterable[Message | Mapping[str, Any]], *, encoding: Counting = DEFAULT, profile: str = DEFAULT_PROFILE
) -> TokenCount:
    """Return the input tokens of *messages* sent as one request, the overhead of the chat *profile* included.

    They are `Message` objects, or mappings as chat APIs take them. The number is exact for plain text under the
    encodings of the profile's models. With tool calls, images or files, or with another counter, it is an estimate; a
    counter with `count_messages` of its own tells the whole itself.
    """
    return chat_count(tuple(map(Message.of, messages)), counter(encoding), chat_profile(profile)).total


def chat_count(messages: Sequence[Message], by: TokenCounter, profile: ChatProfile) -> ChatCount:
    """Return the tokens of *messages*, apart and in all; of a text that was counted before the count is remembered."""
    counts = counts_of(by)
    contents = tuple(counts.count(message.text) + beside_text(message, counts, profile) for message in messages)
    # Asking an object for a protocol costs as much as counting a short text.
    if not isinstance(by, EncodingCounter) and isinstance(by, MessageCounter):
        whole = counted(by.count_messages(messages), by)
        return ChatCount(TokenCount(whole, exactness=by.exactness, engine=by.name), contents)
    arounds = tuple(around(message, counts, profile) for message in messages)
    total = TokenCount(
        sum(contents) + sum(arounds) + profile.reply,
        exactness=_exactness(messages, by, profile),
        engine=by.name,
        profile=profile.name,
    )
    return ChatCount(total, contents, arounds)


def _exactness(messages: Sequence[Message], by: TokenCounter, profile: ChatProfile) -> Exactness:
    known = by.exactness == "exact" and by.name in profile.encodings
    return "exact" if known and all(map(is_plain, messages)) else "estimate"


def is_plain(message: Message) -> bool:
    """Tell whether *message* is text alone: no tool call or result, no image, no file."""
    if message.tool_calls or message.tool_call_id or message.role == "tool":
        return False
    return not any(isinstance(part, Image | File) for part in message.parts)


def around(message: Message, counts: Counts, profile: ChatProfile) -> int:
    """Return the tokens that the chat puts around *message*: its role, its name, separators."""
    role = counts.count(message.role) if profile.role_tokens is None else profile.role_tokens
    name = counts.count(message.name) + profile.per_name if message.name else 0
    return profile.per_message + role + name


def beside_text(message: Message, counts: Counts, profile: ChatProfile) -> int:
    """Return the tokens of the content of *message* that is no text of it: images, files, tool calls."""
    texts: list[str] = []
    fixed = 0
    for part in message.parts:
        if isinstance(part, Image):
            fixed += profile.image_low if part.detail == "low" else profile.image
        elif isinstance(part, File):
            texts += [part.name, _file_text(part)]
    for call in message.tool_calls:
        texts += [call.id, call.name, call.arguments]
    texts.append(message.tool_call_id)
    return fixed + sum(map(counts.count, texts))


def _file_text(file: File) -> str:
    """Return the text of a `data:text/…;base64,` URL, and nothing for any other file."""
    head, _, body = file.url.partition(",")
    if not (head.startswith("data:text/") and head.endswith(";base64")):
        return ""
    try:
        return b64decode(body, validate=True).decode()
    except (Base64Error, UnicodeDecodeError):
        return ""
