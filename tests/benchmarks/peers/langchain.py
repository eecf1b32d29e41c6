"""LangChain's prompt templates, as f-strings and as Jinja."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder, PromptTemplate

from . import texts
from .contest import Contestant

if TYPE_CHECKING:
    from collections.abc import Callable

    from .texts import Pairs, Values

KINDS = {"human": "user", "ai": "assistant", "system": "system"}
MESSAGES = {"user": HumanMessage, "assistant": AIMessage}


def in_braces(source: str) -> str:
    """Return *source* with variables as f-strings have them."""
    return source.replace("{{ ", "{").replace(" }}", "}")


def parser(form: Literal["f-string", "jinja2"]) -> Callable[[str], Callable[[Values], str]]:
    """Return what makes a template of *form*."""

    def parse(text: str) -> Callable[[Values], str]:
        template = PromptTemplate.from_template(text, template_format=form)
        return lambda values: template.format(**values)

    return parse


def chat(form: Literal["f-string", "jinja2"]) -> Callable[[Values], Pairs]:
    """Return what renders the chat."""
    write, parts = (str, texts.CHAT) if form == "jinja2" else (in_braces, texts.PREPARED)
    head: list[Any] = [(role, write(text)) for role, text in parts]
    all_of_it = [*head, MessagesPlaceholder("history"), ("user", write(texts.LAST))]
    template = ChatPromptTemplate.from_messages(all_of_it, template_format=form)
    return lambda values: [(KINDS[each.type], each.content) for each in template.format_messages(**values)]


def with_messages(values: Values) -> Values:
    """Return *values* with the history as messages of LangChain."""
    return values | {"history": [MESSAGES[turn["role"]](turn["content"]) for turn in values["history"]]}


def first(form: str, text: str) -> str:
    """Return the code of a process that renders one text."""
    made = f"PromptTemplate.from_template({text!r}, template_format={form!r})"
    return f"{IMPORT}\nassert {made}.format(**{texts.FIRST!r}) == {texts.HELLO!r}"


IMPORT = "from langchain_core.prompts import ChatPromptTemplate, PromptTemplate"
CONTESTANTS = (
    Contestant(
        name="langchain-core, f-string",
        package="langchain-core",
        statement=IMPORT,
        first=first("f-string", in_braces(texts.TINY)),
        parse=parser("f-string"),
        chat=lambda: chat("f-string"),
        write=in_braces,
        chat_given=lambda values: with_messages(texts.prepared(values)),
        prepared=True,
    ),
    Contestant(
        name="langchain-core, Jinja",
        package="langchain-core",
        statement=IMPORT,
        first=first("jinja2", texts.TINY),
        parse=parser("jinja2"),
        chat=lambda: chat("jinja2"),
        chat_given=with_messages,
    ),
)
