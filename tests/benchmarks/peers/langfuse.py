"""What Langfuse's client does with a prompt once it has it; nothing is asked of a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langfuse.api import Prompt_Chat, Prompt_Text
from langfuse.model import ChatPromptClient, TextPromptClient

from . import texts
from .contest import Contestant

if TYPE_CHECKING:
    from collections.abc import Callable

    from .texts import Pairs, Values

ABOUT: dict[str, Any] = {"name": "measured", "version": 1, "config": {}, "labels": [], "tags": []}


def parse(text: str) -> Callable[[Values], str]:
    """Return what renders *text*."""
    prompt = TextPromptClient(Prompt_Text(prompt=text, **ABOUT))
    return lambda values: prompt.compile(**values)


def chat() -> Callable[[Values], Pairs]:
    """Return what renders the chat."""
    messages: list[dict[str, str]] = [{"role": role, "content": text} for role, text in texts.PREPARED]
    place = {"type": "placeholder", "name": "history"}
    last = {"role": "user", "content": texts.LAST}
    prompt = ChatPromptClient(Prompt_Chat(prompt=[*messages, place, last], **ABOUT))
    return lambda values: [(each["role"], each["content"]) for each in prompt.compile(**values)]


IMPORT = "from langfuse.model import ChatPromptClient, TextPromptClient"
FIRST = f"""
{IMPORT}
from langfuse.api import Prompt_Text
prompt = TextPromptClient(Prompt_Text(prompt={texts.TINY!r}, **{ABOUT!r}))
assert prompt.compile(**{texts.FIRST!r}) == {texts.HELLO!r}
"""
CONTESTANTS = (
    Contestant(
        name="langfuse",
        package="langfuse",
        statement=IMPORT,
        first=FIRST,
        parse=parse,
        chat=chat,
        chat_given=texts.prepared,
        prepared=True,
    ),
)
