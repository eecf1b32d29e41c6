"""What a chat costs beyond its text, as data with its source."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptlib.errors import InvalidInputs, nearest
from promptlib.messages import File, Image, Message
from promptlib.tokens.counting import Counting, counted, counter
from promptlib.tokens.counts import Exactness, MessageCounter, TokenCount, TokenCounter
from promptlib.tokens.vocabulary import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class ChatProfile:
    """How a provider wraps messages in tokens: for each message, each name, and once to begin the reply.

    It is exact for plain text under one of its `encodings`, and an estimate for all else: tool calls are counted by
    their text, an image by its level of detail, a file by its text or, where it holds none, by its name alone.
    """

    name: str
    encodings: tuple[str, ...]
    per_message: int
    per_name: int
    reply: int
    image_low: int
    image: int
    source: str
    date: str


OPENAI_CHAT = ChatProfile(
    name="openai-chat",
    encodings=("o200k_base", "cl100k_base"),
    per_message=3,
    per_name=1,
    reply=3,
    # One 1024 x 1024 picture: 85, and 170 for each of its four tiles. The size of ours is not known here.
    image_low=85,
    image=765,
    source="https://github.com/openai/openai-cookbook/blob/main/examples/How_to_count_tokens_with_tiktoken.ipynb",
    date="2026-11",
)

PROFILES = {profile.name: profile for profile in (OPENAI_CHAT,)}
DEFAULT_PROFILE = OPENAI_CHAT.name


def chat_profile(name: str) -> ChatProfile:
    """Return the profile *name*; `InvalidInputs` names the known ones."""
    try:
        return PROFILES[name]
    except KeyError:
        raise InvalidInputs(
            f"no chat profile {name!r}", hint=f"{nearest(name, PROFILES)} profiles: {', '.join(PROFILES)}".strip()
        ) from None


@dataclass(frozen=True, slots=True)
class ChatCount:
    """The tokens of a chat: its total, and of each message what its own content takes."""

    total: TokenCount
    contents: tuple[int, ...]

    @property
    def overhead(self) -> int:
        """What is no message's content: roles, names, separators, the beginning of the reply."""
        return int(self.total) - sum(self.contents)


def count_messages(
    messages: Iterable[Message], *, encoding: Counting = DEFAULT, profile: str = DEFAULT_PROFILE
) -> TokenCount:
    """Return the input tokens of *messages* sent as one request, the overhead of the chat *profile* included.

    The number is exact for plain text under the encodings of the profile's models. With tool calls, images or files,
    or with another counter, it is an estimate; a counter with `count_messages` of its own tells the whole itself.
    """
    return chat_count(tuple(messages), counter(encoding), chat_profile(profile)).total


def chat_count(messages: Sequence[Message], by: TokenCounter, profile: ChatProfile) -> ChatCount:
    """Return the tokens of *messages*, apart and in all."""
    contents = tuple(_content(message, by, profile) for message in messages)
    if isinstance(by, MessageCounter):
        whole = counted(by.count_messages(messages), by)
        return ChatCount(TokenCount(whole, exactness=by.exactness, engine=by.name), contents)
    overhead = profile.reply + sum(_overhead(message, by, profile) for message in messages)
    total = TokenCount(
        sum(contents) + overhead,
        exactness=_exactness(messages, by, profile),
        engine=by.name,
        profile=profile.name,
    )
    return ChatCount(total, contents)


def _exactness(messages: Sequence[Message], by: TokenCounter, profile: ChatProfile) -> Exactness:
    known = by.exactness == "exact" and by.name in profile.encodings
    return "exact" if known and all(map(is_plain, messages)) else "estimate"


def is_plain(message: Message) -> bool:
    """Tell whether *message* is text alone: no tool call or result, no image, no file."""
    if message.tool_calls or message.tool_call_id or message.role == "tool":
        return False
    return not any(isinstance(part, Image | File) for part in message.parts)


def _overhead(message: Message, by: TokenCounter, profile: ChatProfile) -> int:
    name = counted(by.count(message.name), by) + profile.per_name if message.name else 0
    return profile.per_message + counted(by.count(message.role), by) + name


def _content(message: Message, by: TokenCounter, profile: ChatProfile) -> int:
    texts = [message.text]
    fixed = 0
    for part in message.parts:
        if isinstance(part, Image):
            fixed += profile.image_low if part.detail == "low" else profile.image
        elif isinstance(part, File):
            texts += [part.name, _file_text(part)]
    for call in message.tool_calls:
        texts += [call.id, call.name, call.arguments]
    texts.append(message.tool_call_id)
    return fixed + sum(counted(by.count(text), by) for text in texts if text)


def _file_text(file: File) -> str:
    """Return the text of a `data:text/…;base64,` URL, and nothing for any other file."""
    head, _, body = file.url.partition(",")
    if not (head.startswith("data:text/") and head.endswith(";base64")):
        return ""
    try:
        return b64decode(body, validate=True).decode()
    except (Base64Error, UnicodeDecodeError):
        return ""
