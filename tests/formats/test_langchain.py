"""Templates of LangChain: what they become, what is told, what is refused; the real ones are in the system tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from promptlib import Image, Store, Thread, codec, user
from promptlib.errors import InvalidInputs, InvalidPrompt, NotFound
from promptlib.formats.langchain import from_langchain
from promptlib.formats.langchain_files import import_langchain
from promptlib.plain import thaw
from tests.formats.standins import (
    AIMessage,
    AIMessagePromptTemplate,
    ChatMessagePromptTemplate,
    ChatPromptTemplate,
    DictPromptTemplate,
    FewShotChatMessagePromptTemplate,
    FewShotPromptTemplate,
    HumanMessage,
    HumanMessagePromptTemplate,
    ImagePromptTemplate,
    MessagesPlaceholder,
    PromptTemplate,
    RunnableSequence,
    StructuredPrompt,
    SystemMessagePromptTemplate,
)

if TYPE_CHECKING:
    from pathlib import Path

    from promptlib.formats.moving import Moved


def told(moved: Moved) -> list[str]:
    return [f"{each.where}: {each.what}" if each.where else each.what for each in moved.lost]


def shown(moved: Moved, **values: object) -> list[tuple[str, str]]:
    assert codec.read(codec.write(moved.prompt)) == moved.prompt
    return [(message.role, message.text) for message in moved.prompt.render(values).messages]


def system(text: str, **parts: Any) -> SystemMessagePromptTemplate:
    return SystemMessagePromptTemplate(PromptTemplate(text, **parts))


def human(text: str, **parts: Any) -> HumanMessagePromptTemplate:
    return HumanMessagePromptTemplate(PromptTemplate(text, **parts))


# --- f-strings --------------------------------------------------------------------------------------------------------

BITS = st.sampled_from(
    ["{{", "}}", "{{{{", "{%", "%}", "{#", "#}", " endraw ", "\n", "\r\n", "system:", "---", "\\", "a"]
)
HOLES = st.sampled_from(["{a}", "{b}", "{a!s}", "{b:s}", "{b:>7}", "{b:<7}", "{b:7}", "{b:.3}", "{n:.2f}", "{n:08.3f}"])
TEXTS = st.lists(st.one_of(BITS, HOLES, st.text(alphabet="{}%#-\n\r x'\"", max_size=3)), max_size=12).map("".join)
VALUES = st.text(alphabet="{}%#:\n\r\\system é'\"<&", max_size=12)


@given(TEXTS, VALUES, VALUES, st.floats(-1e6, 1e6))
def test_an_f_string_says_here_what_it_says_in_python(text: str, a: str, b: str, n: float) -> None:
    try:
        wanted = text.format(a=a, b=b, n=n)
    except (ValueError, IndexError, KeyError):
        with pytest.raises(InvalidPrompt):
            from_langchain(PromptTemplate(text))
        return
    prompt = from_langchain(PromptTemplate(text)).prompt
    values = {"a": a, "b": b, "n": n}
    (message,) = prompt.render({each.name: values[each.name] for each in prompt.inputs}).messages
    assert (message.role, message.text) == ("user", wanted)
    assert codec.read(codec.write(prompt)) == prompt


def test_formats_make_numbers_and_are_told() -> None:
    moved = from_langchain(PromptTemplate("{price:.2f} {count:03d} {price} {name:>5}|"))
    assert [(each.name, each.type.kind) for each in moved.prompt.inputs] == [
        ("price", "float"), ("count", "integer"), ("name", "string"),
    ]  # fmt: skip
    assert shown(moved, price=2.5, count=7, name="Bo") == [("user", "2.50 007 2.5    Bo|")]
    assert told(moved)[0] == "'price' is written by the filter format, as float"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{a", "broken template: expected '}' before end of string"),
        ("a}", "broken template: Single '}' encountered in format string"),
        ("{}", "{} is no variable"),
        ("{0}", "{0} is no variable"),
        ("{a.b}", "{a.b} is no variable"),
        ("{a!r}", "{a!r} is written by Python's own code"),
        ("{a:,}", "the format ',' of 'a' is Python's alone"),
        ("{a:^9}", "the format '^9' of 'a' is Python's alone"),
        ("{a:05}", "the format '05' of 'a' is Python's alone"),
        ("{a:.2d}", "the format '.2d' of 'a' is Python's alone"),
        ("{a-b} {a b}", "'a-b' and 'a b' would both be the input 'a_b'"),
    ],
)
def test_what_only_python_can_do_is_refused(text: str, words: str) -> None:
    with pytest.raises(InvalidPrompt) as caught:
        from_langchain(ChatPromptTemplate([system("x"), human(text)]))
    assert caught.value.what == words
    assert str(caught.value.where) == "ChatPromptTemplate, message 2 (HumanMessagePromptTemplate)"
    assert caught.value.hint


def test_a_variable_that_can_be_no_input_is_another_word() -> None:
    moved = from_langchain(PromptTemplate("{budget} {1st place}"))
    assert shown(moved, budget_="b", input_1st_place="a") == [("user", "b a")]
    assert told(moved) == [
        "the variable 'budget' is the input 'budget_' here",
        "the variable '1st place' is the input 'input_1st_place' here",
    ]


# --- chats ------------------------------------------------------------------------------------------------------------


def test_a_chat_keeps_its_messages_its_places_and_its_defaults() -> None:
    moved = from_langchain(
        ChatPromptTemplate(
            [
                system("You are {tone}."), MessagesPlaceholder("history", optional=True), human("{q}"),
                AIMessage("{so} {{"),
            ],
            partial_variables={"tone": "kind", "history": []}, tags=["support"], metadata={"owner": "ann"}, name="Chat",
        )
    )  # fmt: skip
    assert told(moved) == []
    assert moved.name == "Chat"
    assert (moved.prompt.tags, moved.prompt.trust) == (("support",), "foreign")
    assert thaw(moved.prompt.extra) == {"metadata": {"langchain": {"owner": "ann"}}}
    assert shown(moved, q="system:\n{{ tone }}") == [
        ("system", "You are kind."), ("user", "system:\n{{ tone }}"), ("assistant", "{so} {{"),
    ]  # fmt: skip
    assert len(shown(moved, q="x", history=[user("{{ q }}")])) == 4
    assert moved.to_dict() == {
        "digest": moved.prompt.digest, "name": "Chat", "number": None, "message": "", "author": "", "time": None,
        "labels": [], "lost": [],
    }  # fmt: skip


def test_a_place_for_the_last_messages_refuses_more() -> None:
    moved = from_langchain(ChatPromptTemplate([MessagesPlaceholder("history", n_messages=1)]))
    assert told(moved) == [
        (
            "message 1 (MessagesPlaceholder): the last 1 messages of 'history' were taken: here more are refused, so "
            "hand over history[-1:]"
        )
    ]
    with pytest.raises(InvalidInputs):
        moved.prompt.render(history=[user("a"), user("b")])


def test_defaults_of_a_place_are_messages() -> None:
    turns = [HumanMessage("hi"), ("ai", "hello")]
    moved = from_langchain(ChatPromptTemplate([MessagesPlaceholder("h")], partial_variables={"h": turns}))
    assert shown(moved) == [("user", "hi"), ("assistant", "hello")]
    for wrong in (["hi"], [HumanMessage([{"type": "audio"}])]):
        with pytest.raises(InvalidPrompt, match="the value of 'h' is no list of messages of text"):
            from_langchain(ChatPromptTemplate([MessagesPlaceholder("h")], partial_variables={"h": wrong}))


def test_a_value_beside_its_type_and_one_that_nobody_uses() -> None:
    moved = from_langchain(
        PromptTemplate("{n} {t}", partial_variables={"n": 3, "t": 4, "u": "x"}, input_types={"n": int})
    )
    assert [(each.name, each.type.kind, each.default) for each in moved.prompt.inputs] == [
        ("n", "integer", 3), ("t", "string", "4"),
    ]  # fmt: skip
    assert told(moved) == ["the value of 'u' is used nowhere: it is left out"]
    with pytest.raises(InvalidPrompt, match="'x' has two values that differ"):
        from_langchain(
            ChatPromptTemplate([human("{x}", partial_variables={"x": "a"}), human("{x}", partial_variables={"x": "b"})])
        )


def test_pictures_are_inputs() -> None:
    parts = [
        PromptTemplate("see {z}"),
        ImagePromptTemplate({"url": "{u}", "detail": "high"}, ["u"]),
        PromptTemplate("."),
    ]
    moved = from_langchain(ChatPromptTemplate([HumanMessagePromptTemplate(parts)]))
    picture = Image("https://example.com/a.png")
    assert moved.prompt.render(z="this", u=picture).messages[0].parts[1] == picture
    assert [each.partition(": ")[2] for each in told(moved)] == [
        "the detail of 'u' is left out: hand over Image(url, detail=…)",
        "'u' is an image here: hand over Image(url) in place of the address",
        "texts that were parts of their own are one text where they touch",
    ]
    for address in ({"url": "data:image/png;base64,{u}"}, {"path": "{u}"}):
        with pytest.raises(InvalidPrompt, match="a picture whose address is no variable alone"):
            from_langchain(ChatPromptTemplate([HumanMessagePromptTemplate([ImagePromptTemplate(address, ["u"])])]))


def test_a_role_of_ones_own_is_mapped() -> None:
    template = ChatPromptTemplate([ChatMessagePromptTemplate(PromptTemplate("x"), "critic")])
    with pytest.raises(InvalidPrompt, match="no role 'critic'") as caught:
        from_langchain(template)
    assert "roles={'critic': 'user'}" in caught.value.hint
    assert shown(from_langchain(template, roles={"critic": "user"})) == [("user", "x")]
    functional = ChatPromptTemplate([ChatMessagePromptTemplate(PromptTemplate("x"), "function")])
    assert told(from_langchain(functional))[0].endswith("the role function is tool here")


def test_finished_messages_lose_what_belongs_to_a_conversation() -> None:
    moved = from_langchain(ChatPromptTemplate([HumanMessage([{"type": "text", "text": "a {b}"}], name="Ann", id="1")]))
    assert shown(moved) == [("user", "a {b}")]
    assert told(moved)[0].endswith("id, name of a finished message are left out")
    for wrong in (
        AIMessage("", tool_calls=[{"name": "look"}]),
        HumanMessage([{"type": "image_url", "image_url": "x"}]),
    ):
        with pytest.raises(InvalidPrompt, match="a finished message with tool calls or pictures"):
            from_langchain(ChatPromptTemplate([wrong]))


def test_a_chat_in_a_chat_and_words_beside_a_message() -> None:
    inner = ChatPromptTemplate([human("{a}")], partial_variables={"a": "x"})
    outer = ChatPromptTemplate([inner, AIMessagePromptTemplate(PromptTemplate("b"), {"cache": True})])
    moved = from_langchain(outer)
    assert shown(moved) == [("user", "x"), ("assistant", "b")]
    assert told(moved) == ["message 2 (AIMessagePromptTemplate): additional_kwargs are left out"]
    tagged = from_langchain(ChatPromptTemplate([human("x", tags=["a"], metadata={"b": 1})]))
    assert told(tagged) == ["message 1 (HumanMessagePromptTemplate): metadata and tags of a part are left out"]


def test_a_text_and_a_list_of_one_name_cannot_be() -> None:
    with pytest.raises(InvalidPrompt, match="'h' is a text in one place and a list of messages in another"):
        from_langchain(ChatPromptTemplate([human("{h}"), MessagesPlaceholder("h")]))


# --- Jinja and Mustache -----------------------------------------------------------------------------------------------


def test_jinja_keeps_its_line_breaks_and_its_scopes() -> None:
    moved = from_langchain(
        ChatPromptTemplate(
            [
                system("{% set a = 1 %}{% if x %}\nhi {{ x }}\r\n{% endif %}\n", template_format="jinja2"),
                human("{{ a }}{% for i in l %}\n{{ i.b }}{% endfor %}\n\n", template_format="jinja2"),
            ]
        )
    )
    assert shown(moved, x="1", a="A", l=[{"b": "p"}]) == [("system", "\nhi 1\n"), ("user", "A\np\n")]
    assert moved.prompt.trust == "foreign"
    assert told(moved) == ["'l' may be any plain data here: l is text, and a loop needs a list"]


def test_broken_and_forbidden_jinja_names_its_message() -> None:
    with pytest.raises(InvalidPrompt) as caught:
        from_langchain(ChatPromptTemplate([system("x"), human("{% if %}", template_format="jinja2")]))
    assert str(caught.value.where) == "ChatPromptTemplate, message 2 (HumanMessagePromptTemplate):1:7"
    with pytest.raises(InvalidPrompt, match="'budget' cannot be the name of an input") as caught:
        from_langchain(ChatPromptTemplate([human("{{ budget }}", template_format="jinja2")]))
    assert str(caught.value.where) == "ChatPromptTemplate, message 1 (HumanMessagePromptTemplate)"
    with pytest.raises(InvalidPrompt, match="the filter 'pprint' is not for foreign templates"):
        from_langchain(PromptTemplate("{{ x | pprint }}", template_format="jinja2"))
    assert (
        from_langchain(PromptTemplate("{{ x | pprint }}", template_format="jinja2"), trust="own").prompt.trust == "own"
    )
    with pytest.raises(InvalidPrompt, match="no template format 'handlebars'"):
        from_langchain(PromptTemplate("x", template_format="handlebars"))
    with pytest.raises(InvalidPrompt, match="no trust 'mine'"):
        from_langchain(PromptTemplate("x"), trust="mine")  # type: ignore[arg-type]  # a wrong word on purpose


def test_mustache_writes_html_unless_it_is_told_not_to() -> None:
    template = PromptTemplate("{{#show}}\n{{x}} {{{x}}} {{&x}}\n{{/show}}\n", template_format="mustache")

    class Show(BaseModel):
        show: bool
        x: str

    kept = from_langchain(template, inputs=Show)
    assert shown(kept, show=True, x="<&>\"'") == [("user", "&lt;&amp;&gt;&quot;' <&>\"' <&>\"'\n")]
    assert told(kept) == ["values are written as HTML, as there: escape=False puts them in as they are"]
    plain = from_langchain(template, inputs=Show, escape=False)
    assert shown(plain, show=True, x="<") == [("user", "< < <\n")]
    assert (told(plain), plain.prompt.inputs_model) == ([], Show)
    with pytest.raises(InvalidPrompt, match="opens with three braces and closes with two"):
        from_langchain(PromptTemplate("{{{x}}", template_format="mustache"))
    with pytest.raises(InvalidPrompt, match="is a partial, which is another file"):
        from_langchain(PromptTemplate("{{> other}}", template_format="mustache"))


def test_a_model_says_what_variables_are() -> None:
    class Ask(BaseModel):
        count: int = 3
        history: Thread = ()

    template = ChatPromptTemplate([MessagesPlaceholder("history"), human("{count}")], partial_variables={"count": "9"})
    moved = from_langchain(template, inputs=Ask)
    assert shown(moved) == [("user", "3")]
    assert told(moved) == ["the value of 'count' is left out: the given model says its default"]


# --- examples ---------------------------------------------------------------------------------------------------------


def test_examples_stand_in_the_text() -> None:
    moved = from_langchain(
        FewShotPromptTemplate(
            PromptTemplate("Q: {q}\nA: {a}"), "Q: {q}", [{"q": "1+1", "a": 2}, {"q": "{{2}}", "a": "x"}], prefix="Add."
        )
    )
    # The examples are filled in first, and the whole is a template then: so it is there, too.
    assert shown(moved, q="{3}") == [("user", "Add.\n\nQ: 1+1\nA: 2\n\nQ: {2}\nA: x\n\nQ: {3}")]
    assert told(moved) == ["its examples (2) stand in the text: change them there"]


def test_examples_stand_as_messages() -> None:
    pair = ChatPromptTemplate([human("{q}"), AIMessagePromptTemplate(PromptTemplate("{a}"))])
    few = FewShotChatMessagePromptTemplate(pair, [{"q": "{1}", "a": "{{ x }}"}])
    moved = from_langchain(ChatPromptTemplate([system("s"), few, human("{q}")]))
    assert shown(moved, q="?") == [("system", "s"), ("user", "{1}"), ("assistant", "{{ x }}"), ("user", "?")]
    assert told(moved) == [
        "message 2 (FewShotChatMessagePromptTemplate): its examples stand as messages: change them there"
    ]
    assert shown(from_langchain(FewShotChatMessagePromptTemplate(human("{q}"), [{"q": "a"}]))) == [("user", "a")]


def test_what_the_template_of_examples_loses_is_told_once() -> None:
    template = FewShotPromptTemplate(
        PromptTemplate("{n:.1f}", input_types={"n": float, "m": list[int]}), "x", [{"n": 1}, {"n": 2}]
    )
    moved = from_langchain(template)
    assert shown(moved) == [("user", "1.0\n\n2.0\n\nx")]
    assert told(moved) == [
        "the template of its examples: 'n' is written by the filter format, as float",
        "its examples (2) stand in the text: change them there",
    ]


def test_examples_that_code_chooses_and_that_lack_a_value_are_refused() -> None:
    with pytest.raises(InvalidPrompt, match="an example selector is code"):
        from_langchain(FewShotPromptTemplate(PromptTemplate("{q}"), "x", example_selector=object()))
    with pytest.raises(InvalidPrompt, match="the example cannot be filled") as caught:
        from_langchain(FewShotPromptTemplate(PromptTemplate("{q}"), "x", [{"a": "b"}]))
    assert str(caught.value.where) == "FewShotPromptTemplate, example 1"


# --- code -------------------------------------------------------------------------------------------------------------


def test_functions_as_values_are_refused_or_become_inputs() -> None:
    template = PromptTemplate("{day} {x}", partial_variables={"day": lambda: "today"})
    with pytest.raises(InvalidPrompt, match="the value of 'day' is a function, and a prompt holds no code") as caught:
        from_langchain(template)
    assert "functions='inputs'" in caught.value.hint
    moved = from_langchain(template, functions="inputs")
    assert shown(moved, day="Monday", x="y") == [("user", "Monday y")]
    assert told(moved) == ["the value of 'day' was made by a function: it must be given here"]


def test_other_code_is_refused_with_what_to_do() -> None:
    class Own(PromptTemplate):
        def format(self, **_: object) -> str:
            return "mine"

    none, odd = "is no template of text and messages", DictPromptTemplate({})
    cases: list[tuple[object, str, str]] = [
        (PromptTemplate("x", output_parser=object()), "it has an output parser, which is code", "outputs=Model"),
        (Own("x"), "Own.format is code of your own", "LangChain's own class"),
        (RunnableSequence(PromptTemplate("x"), len), f"RunnableSequence {none}", "chain.first"),
        (ChatPromptTemplate([HumanMessagePromptTemplate([odd])]), f"DictPromptTemplate {none}", "image_url"),
        (object(), f"object {none}", "give a PromptTemplate"),
        (ChatPromptTemplate([object()]), f"object {none}", "give a PromptTemplate"),
        (ChatPromptTemplate([]), "it holds no message", "needs at least one"),
    ]  # fmt: skip
    for template, what, hint in cases:
        with pytest.raises(InvalidPrompt) as caught:
            from_langchain(template)
        assert caught.value.what == what
        assert hint in caught.value.hint


def test_the_form_of_an_answer_becomes_outputs() -> None:
    schema = {"title": "T", "type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    moved = from_langchain(StructuredPrompt([human("x")], schema_=schema, structured_output_kwargs={"strict": True}))
    assert [(each.name, each.type.kind, each.required) for each in moved.prompt.outputs] == [("a", "string", True)]
    assert told(moved) == ["structured_output_kwargs are left out: hand them to the model yourself"]


def test_metadata_that_are_no_plain_data_are_told() -> None:
    moved = from_langchain(PromptTemplate("x", metadata={"at": object()}))
    assert told(moved)[0].startswith("metadata are left out: ")


# --- JSON -------------------------------------------------------------------------------------------------------------


def constructor(kind: str, **kwargs: Any) -> dict[str, Any]:
    return {"lc": 1, "type": "constructor", "id": ["langchain", "prompts", "chat", kind], "kwargs": kwargs}


CHAT = constructor(
    "ChatPromptTemplate",
    messages=[
        constructor(
            "SystemMessagePromptTemplate",
            prompt=constructor("PromptTemplate", template="Be {tone}.", template_format="f-string"),
        ),
        constructor("MessagesPlaceholder", variable_name="history", optional=True),
        constructor("HumanMessage", content="{as it is}", type="human"),
    ],
    partial_variables={"history": []},
)


def test_json_says_what_the_object_says() -> None:
    made = from_langchain(
        ChatPromptTemplate(
            [system("Be {tone}."), MessagesPlaceholder("history", optional=True), HumanMessage("{as it is}")],
            partial_variables={"history": []},
        )
    )
    read = from_langchain(json.loads(json.dumps(CHAT)))
    assert read.prompt == made.prompt
    assert shown(read, tone="kind") == [("system", "Be kind."), ("user", "{as it is}")]


FUNCTION = {"lc": 1, "type": "not_implemented", "id": ["f"]}


@pytest.mark.parametrize(
    ("thing", "what"),
    [
        ({"a": 1}, "{'a': 1} is nothing that LangChain wrote"),
        (
            {"lc": 1, "type": "not_implemented", "id": ["x", "FewShotPromptTemplate"]},
            "the JSON holds no FewShotPromptTemplate: LangChain does not write such objects",
        ),
        ({"lc": 1, "type": "secret", "id": ["KEY"]}, "the JSON holds a secret in place of a template"),
        (
            constructor("PromptTemplate", template="{a}", partial_variables={"a": FUNCTION}),
            "the value of 'a' is a function, and a prompt holds no code",
        ),
    ],
)  # fmt: skip
def test_json_that_is_no_template_is_refused(thing: dict[str, Any], what: str) -> None:
    with pytest.raises(InvalidPrompt) as caught:
        from_langchain(thing)
    assert caught.value.what == what
    assert caught.value.hint


def test_files_come_into_a_store_and_what_cannot_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "theirs" / "support"
    folder.mkdir(parents=True)
    (folder / "Triage It.json").write_text(json.dumps(CHAT))
    (folder / "broken.json").write_text('{"lc": 1,\n oops}')
    (folder / "list.json").write_text("[]")
    (folder / "notes.txt").write_text("no")
    (folder / "large.json").write_bytes(b" " * (9 << 20))
    with Store.init(tmp_path / "s.git", bare=True) as store:
        dry = import_langchain(store, tmp_path / "theirs", dry_run=True)
        assert (dry.created, dry.made, store.names()) == (("support/triage-it",), False, ())
        report = import_langchain(store, tmp_path / "theirs")
        assert report.created == ("support/triage-it",)
        assert [(each.name, each.where, each.reason.partition(":")[0]) for each in report.left_out] == [
            ("support/broken.json", "support/broken.json:2:2", "no JSON"),
            ("support/large.json", "support/large.json", "8,388,609 bytes are more than a prompt's 8,387,584"),
            ("support/list.json", "support/list.json", "the file holds no template"),
        ]
        assert store.load("support/triage-it").render(tone="kind").messages[0].text == "Be kind."
        assert import_langchain(store, folder / "Triage It.json", into="support").unchanged == ("support/triage-it",)
        with pytest.raises(NotFound, match="no file to import"):
            import_langchain(store)
