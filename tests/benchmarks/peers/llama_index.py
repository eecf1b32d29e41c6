"""LlamaIndex's two templates: the rich one, which is made of Banks, and the plain one, which fills in variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llama_index.core.llms import ChatMessage
from llama_index.core.prompts import ChatPromptTemplate, PromptTemplate, RichPromptTemplate

from . import banks, texts
from .contest import Contestant

if TYPE_CHECKING:
    from collections.abc import Callable

    from .texts import Pairs, Values


def in_braces(source: str) -> str:
    """Return *source* with variables as the plain template has them."""
    return source.replace("{{ ", "{").replace(" }}", "}")


def parse_rich(text: str) -> Callable[[Values], str]:
    """Return what renders *text*."""
    template = RichPromptTemplate(text)
    return lambda values: template.format(**values)


def parse_plain(text: str) -> Callable[[Values], str]:
    """Return what renders *text*."""
    template = PromptTemplate(text)
    return lambda values: template.format(**values)


def rich() -> Callable[[Values], Pairs]:
    """Return what renders the chat."""
    template = RichPromptTemplate(banks.CHAT)
    return lambda values: [(each.role.value, each.content) for each in template.format_messages(**values)]


def plain() -> Callable[[Values], Pairs]:
    """Return what renders the chat; the plain template has no place for a history, which is put between two."""
    head = ChatPromptTemplate.from_messages([(role, in_braces(text)) for role, text in texts.PREPARED])
    last = ChatPromptTemplate.from_messages([("user", in_braces(texts.LAST))])

    def render(values: Values) -> Pairs:
        messages = [*head.format_messages(**values), *values["history"], *last.format_messages(**values)]
        return [(each.role.value, each.content) for each in messages]

    return render


def with_messages(values: Values) -> Values:
    """Return *values* with the history as messages of LlamaIndex."""
    turns = [ChatMessage(role=turn["role"], content=turn["content"]) for turn in values["history"]]
    return texts.prepared(values) | {"history": turns}


def first(kind: str, text: str) -> str:
    """Return the code of a process that renders one text."""
    return f"{IMPORT}\nassert {kind}({text!r}).format(**{texts.FIRST!r}) == {texts.HELLO!r}"


IMPORT = "from llama_index.core.prompts import PromptTemplate, RichPromptTemplate"
CONTESTANTS = (
    Contestant(
        name="llama-index-core, rich",
        package="llama-index-core",
        statement=IMPORT,
        first=first("RichPromptTemplate", texts.TINY),
        parse=parse_rich,
        chat=rich,
    ),
    Contestant(
        name="llama-index-core, plain",
        package="llama-index-core",
        statement=IMPORT,
        first=first("PromptTemplate", in_braces(texts.TINY)),
        parse=parse_plain,
        chat=plain,
        write=in_braces,
        chat_given=with_messages,
        prepared=True,
    ),
)
