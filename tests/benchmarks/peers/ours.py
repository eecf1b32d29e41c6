"""promptlib itself: one's own prompt, a foreign one, and one that gets mappings, which are validated each time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from promptlib import Prompt, assistant, placeholder, user
from promptlib.messages import Message, Text

from ..bench_rendering import Chat, Document, Tiny  # noqa: TID252 - tests hold no package that has a name of its own
from . import texts
from .contest import Contestant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import BaseModel

    from promptlib.trust import Trust

    from .texts import Pairs, Values

SAID: dict[str, Callable[..., Message]] = {"user": user, "assistant": assistant}


def parse(text: str, trust: Trust = "own") -> Callable[[BaseModel | Mapping[str, object]], str]:
    """Return what renders *text*."""
    model = Document if "{{ document }}" in text else Tiny
    prompt = Prompt.define(model, user(text), trust=trust)
    return lambda inputs: prompt.render(inputs).text


def chat(trust: Trust = "own") -> Callable[[Chat | Mapping[str, object]], Pairs]:
    """Return what renders the chat."""
    messages = [Message(role, (Text(text),)) for role, text in texts.CHAT]
    prompt = Prompt.define(Chat, *messages, placeholder("history"), user(texts.LAST), trust=trust)
    return lambda inputs: [(each.role, each.text) for each in prompt.render(inputs).messages]


def as_model(values: Values) -> BaseModel:
    """Return *values* as inputs that are ready."""
    return Document(**values) if "document" in values else Tiny(**values)


def with_messages(values: Values) -> Values:
    """Return *values* with the history as messages of ours."""
    turns = tuple(SAID[turn["role"]](turn["content"], literal=True) for turn in values["history"])
    return values | {"history": turns}


def as_chat(values: Values) -> Chat:
    """Return *values* as inputs that are ready."""
    return Chat(**with_messages(values))


def first(trust: Trust) -> str:
    """Return the code of a process that renders one text."""
    made = f"Prompt.define(Tiny, user({texts.TINY!r}), trust={trust!r})"
    return f"{MODEL}assert {made}.render(**{texts.FIRST!r}).text == {texts.HELLO!r}"


MODEL = """
from pydantic import BaseModel
from promptlib import Prompt, user
class Tiny(BaseModel):
    name: str
    tone: str
"""
OURS = Contestant(
    name="promptlib",
    package="promptlib",
    statement="from promptlib import Prompt",
    first=first("own"),
    parse=parse,
    chat=chat,
    given=as_model,
    chat_given=as_chat,
)
CONTESTANTS = (
    OURS,
    OURS._replace(
        name="promptlib, foreign",
        first=first("foreign"),
        parse=partial(parse, trust="foreign"),
        chat=partial(chat, trust="foreign"),
    ),
    OURS._replace(name="promptlib, from mappings", given=dict, chat_given=with_messages),
)
