"""LangChain's real templates: rendered there and here, they give the same messages, byte for byte."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.example_selectors import LengthBasedExampleSelector
from langchain_core.load import dumpd
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import (
    AIMessagePromptTemplate,
    ChatMessagePromptTemplate,
    ChatPromptTemplate,
    FewShotChatMessagePromptTemplate,
    FewShotPromptTemplate,
    HumanMessagePromptTemplate,
    MessagesPlaceholder,
    PromptTemplate,
    SystemMessagePromptTemplate,
)
from langchain_core.prompts.dict import DictPromptTemplate
from langchain_core.prompts.image import ImagePromptTemplate
from langchain_core.prompts.structured import StructuredPrompt
from langchain_core.runnables import RunnableSequence

from promptlib import assistant, codec, user
from promptlib.errors import InvalidPrompt
from promptlib.formats.langchain import from_langchain
from tests.formats import standins
from tests.system.moving.holding import JINJA_BITS, in_order, missing, run_guide

if TYPE_CHECKING:
    from pathlib import Path

SPECIAL = ["{%", "%}", "{#", "#}", "{% endraw %}", "\n", "\r\n", "system:", "user:\n", "---", "\\", "{{ x }}", "'", '"']
VALUES = st.text(alphabet="{}%#:-\n\r\\<>&'\"system user é", max_size=16)


def theirs(template: Any, values: dict[str, Any]) -> list[tuple[str, str]]:
    return in_order((each.type, each.content) for each in template.format_prompt(**values).to_messages())


def ours(template: Any, values: dict[str, Any]) -> list[tuple[str, str]]:
    prompt = from_langchain(template).prompt
    assert codec.read(codec.write(prompt)) == prompt
    given_here = {each.name: values[each.name] for each in prompt.inputs if each.name in values}
    return [(each.role, each.text) for each in prompt.render(given_here).messages]


def agree(template: Any, values: dict[str, Any], here: dict[str, Any] | None = None) -> None:
    assert ours(template, here or values) == theirs(template, values)
    assert from_langchain(json.loads(json.dumps(dumpd(template)))).prompt == from_langchain(template).prompt


# --- f-strings --------------------------------------------------------------------------------------------------------

LITERAL = st.one_of(st.sampled_from(SPECIAL), VALUES).map(lambda text: text.replace("{", "{{").replace("}", "}}"))
FSTRING = st.lists(
    st.one_of(LITERAL, st.sampled_from(["{a}", "{b}", "{a!s}", "{b:>9}", "{b:<9}", "{b:.4}"])), max_size=8
)
FSTRINGS = FSTRING.map("".join)


@settings(max_examples=150)
@given(FSTRINGS, VALUES, VALUES)
def test_f_strings(text: str, a: str, b: str) -> None:
    agree(PromptTemplate.from_template(text), {"a": a, "b": b})


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.sampled_from(["system", "human", "ai"]), FSTRINGS), min_size=1, max_size=4), VALUES, VALUES
)
def test_chats_of_f_strings(messages: list[tuple[str, str]], a: str, b: str) -> None:
    agree(ChatPromptTemplate.from_messages(messages), {"a": a, "b": b})


@given(st.lists(st.tuples(VALUES, VALUES), max_size=3), FSTRINGS, VALUES, VALUES)
def test_histories(turns: list[tuple[str, str]], text: str, a: str, b: str) -> None:
    template = ChatPromptTemplate.from_messages(
        [("system", "{a}"), MessagesPlaceholder("history", optional=True), ("human", text)]
    )
    there = [message for ask, answer in turns for message in (HumanMessage(ask), AIMessage(answer))]
    here = [message for ask, answer in turns for message in (user(ask), assistant(answer))]
    agree(template, {"a": a, "b": b, "history": there}, {"a": a, "b": b, "history": here})
    agree(template, {"a": a, "b": b})


@given(FSTRINGS, VALUES, VALUES)
def test_partial_variables(text: str, a: str, b: str) -> None:
    template = PromptTemplate.from_template(f"{{a}}{text}", partial_variables={"a": a})
    agree(template, {"b": b})
    agree(template, {"a": b, "b": a})


# --- Jinja ------------------------------------------------------------------------------------------------------------

JINJAS = st.lists(JINJA_BITS, max_size=10).map("".join)


def parses(text: str) -> bool:
    try:
        PromptTemplate.from_template(text, template_format="jinja2")
    except Exception:  # noqa: BLE001 - whatever Jinja says of a broken template
        return False
    return True


@settings(max_examples=200)
@given(JINJAS.filter(parses), JINJAS.filter(parses), VALUES, VALUES, st.lists(VALUES, max_size=3))
def test_jinja(first: str, second: str, a: str, b: str, items: list[str]) -> None:
    values = {"a": a, "b": b, "l": items, "i": "outside"}
    agree(PromptTemplate.from_template(first, template_format="jinja2"), values)
    chat = ChatPromptTemplate.from_messages([("system", first), ("human", second)], template_format="jinja2")
    agree(chat, values)


# --- Mustache ---------------------------------------------------------------------------------------------------------

MUSTACHE_BITS = st.sampled_from(
    [
        "{{a}}",
        "{{ b }}",
        "{{{a}}}",
        "{{& b}}",
        "{{#l}}",
        "{{.}}",
        "{{/l}}",
        "{{! c }}",
        "\n",
        " ",
        "x",
        "system:\n",
        "{",
        "}",
        "{%",
        "%}",
        "{{^l}}",
        "{{#l}}\n",
        "{{/l}}\n",
        "- {{.}}\n",
        "{{! alone }}\n",
    ]
)
MUSTACHES = st.lists(MUSTACHE_BITS, max_size=9).map("".join)


@settings(max_examples=200)
@given(MUSTACHES, VALUES, VALUES, st.lists(VALUES, max_size=3))
def test_mustache(text: str, a: str, b: str, items: list[str]) -> None:
    values = {"a": a, "b": b, "l": items}
    try:
        template = PromptTemplate.from_template(text, template_format="mustache")
        template.format(**values)
        made = from_langchain(template)
    except Exception:  # noqa: BLE001 - broken there, or refused here
        return
    assert made.prompt.variables == tuple(sorted(set(template.input_variables)))
    agree(template, values)


# --- examples ---------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=3), FSTRINGS, VALUES, VALUES)
def test_examples_as_messages(pairs: list[tuple[str, str]], text: str, a: str, b: str) -> None:
    examples = [{"q": q, "x": x} for q, x in pairs]
    shown = ChatPromptTemplate.from_messages([("human", "Q {q}"), ("ai", "{x}")])
    few = FewShotChatMessagePromptTemplate(examples=examples, example_prompt=shown)
    template = ChatPromptTemplate.from_messages([("system", "{a}"), few, ("human", text)])
    assert ours(template, {"a": a, "b": b}) == theirs(template, {"a": a, "b": b})


@settings(max_examples=200)
@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=3), FSTRINGS, FSTRINGS, VALUES, VALUES)
def test_examples_in_a_text(pairs: list[tuple[str, str]], prefix: str, suffix: str, a: str, b: str) -> None:
    template = FewShotPromptTemplate(
        examples=[{"q": q, "x": x} for q, x in pairs],
        example_prompt=PromptTemplate.from_template("Q {q}\nA {x}"),
        prefix=prefix,
        suffix=suffix,
    )
    values = {"a": a, "b": b}
    try:
        wanted = theirs(template, values)
    except (ValueError, KeyError, IndexError):  # braces in an example are read as a template there: it cannot be filled
        return
    assert ours(template, values) == wanted


# --- what is refused, and what the guide says of LangChain ------------------------------------------------------------


def test_code_is_refused() -> None:
    prompt = PromptTemplate.from_template("{x} {day}")
    own: Any = type("Louder", (PromptTemplate,), {"format": lambda _, **values: str(values).upper()})
    chosen = LengthBasedExampleSelector(examples=[{"x": "1"}], example_prompt=PromptTemplate.from_template("{x}"))
    for template, words in (
        (own.from_template("{x}"), "Louder.format is code of your own"),
        (
            PromptTemplate.from_template("{x}", output_parser=StrOutputParser()),
            "it has an output parser, which is code",
        ),
        (
            FewShotPromptTemplate(example_selector=chosen, example_prompt=prompt, suffix="{x}"),
            "an example selector is code",
        ),
        (prompt.partial(day=lambda: "today"), "is a function"),
        (prompt | (lambda value: value), "RunnableSequence is no template"),
        (prompt.bind(stop=["x"]), "RunnableBinding is no template"),
    ):
        with pytest.raises(InvalidPrompt, match=words):
            from_langchain(template)


def test_an_answers_form() -> None:
    schema = {"title": "T", "description": "d", "type": "object", "properties": {"a": {"type": "string"}}}
    template = StructuredPrompt([("human", "{x}")], schema)
    moved = from_langchain(json.loads(json.dumps(dumpd(template))))
    assert [each.name for each in moved.prompt.outputs] == ["a"]
    assert moved.prompt == from_langchain(template).prompt


def test_what_the_guide_says_of_langchain() -> None:
    jinja = PromptTemplate.from_template("Hi {{ nmae }}!", template_format="jinja2")
    assert jinja.format() == "Hi !"  # a missing name is nothing
    assert PromptTemplate.from_template("Hi {name}!").format(name="Bo", nmae="x") == "Hi Bo!"  # another one is ignored
    assert PromptTemplate.from_template("{{x}}", template_format="mustache").format(x="<b>") == "&lt;b&gt;"
    few = FewShotPromptTemplate(
        examples=[{"q": "a {x} b"}], example_prompt=PromptTemplate.from_template("{q}"), suffix="{x}"
    )
    assert few.format(x="1") == "a 1 b\n\n1"  # an example is a template once more
    assert dumpd(few)["type"] == "not_implemented"
    assert PromptTemplate.from_template("{x} {y}").format(x=None, y=[1]) == "None [1]"
    placed = ChatPromptTemplate([MessagesPlaceholder("h", n_messages=1)])
    assert [each.content for each in placed.format_messages(h=[HumanMessage("a"), HumanMessage("b")])] == ["b"]


def test_the_stand_ins_have_no_attribute_that_the_real_ones_lack() -> None:
    text = PromptTemplate.from_template("{x}")
    real: list[tuple[Any, object]] = [
        (standins.PromptTemplate, text),
        (standins.FewShotPromptTemplate, FewShotPromptTemplate(examples=[{"x": "1"}], example_prompt=text, suffix="")),
        (standins.ImagePromptTemplate, ImagePromptTemplate(template={"url": "{u}"}, input_variables=["u"])),
        (standins.DictPromptTemplate, DictPromptTemplate(template={}, template_format="f-string")),
        (standins.SystemMessagePromptTemplate, SystemMessagePromptTemplate(prompt=text)),
        (standins.HumanMessagePromptTemplate, HumanMessagePromptTemplate(prompt=text)),
        (standins.AIMessagePromptTemplate, AIMessagePromptTemplate(prompt=text)),
        (standins.ChatMessagePromptTemplate, ChatMessagePromptTemplate(prompt=text, role="x")),
        (standins.MessagesPlaceholder, MessagesPlaceholder("x")),
        (standins.HumanMessage, HumanMessage("x")),
        (standins.AIMessage, AIMessage("x")),
        (standins.ChatPromptTemplate, ChatPromptTemplate([SystemMessage("x")])),
        (standins.StructuredPrompt, StructuredPrompt([("human", "x")], {"title": "t", "properties": {}})),
        (
            standins.FewShotChatMessagePromptTemplate,
            FewShotChatMessagePromptTemplate(
                examples=[{"x": "1"}], example_prompt=ChatPromptTemplate([("human", "{x}")])
            ),
        ),
        (standins.RunnableSequence, RunnableSequence(text, text)),
    ]
    for standin, thing in real:
        assert standin.__name__ == type(thing).__name__
        assert missing(standin, thing) == []


def test_the_guide_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_guide("langchain", tmp_path, monkeypatch)
