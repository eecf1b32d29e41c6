"""Messages: made, read from the shape of chat APIs, and frozen."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from promptlib.errors import InvalidInputs, InvalidPrompt
from promptlib.messages import (
    ROLES,
    File,
    Image,
    Message,
    Placeholder,
    Prelude,
    Text,
    Thread,
    ToolCall,
    assistant,
    developer,
    placeholder,
    system,
    to_plain,
    tool,
    user,
)

texts = st.text(max_size=8)
words = st.text(min_size=1, max_size=8)
parts = st.one_of(
    st.builds(Text, texts),
    st.builds(Image, texts, st.sampled_from(["auto", "low", "high"])),
    st.builds(File, texts.map("data:".__add__), texts),
    st.builds(File, words.filter(lambda url: not url.startswith("data:"))),
)
messages = st.builds(
    Message,
    st.sampled_from(ROLES),
    st.one_of(words.map(lambda text: (Text(text),)), st.lists(parts, min_size=1, max_size=3).map(tuple)),
    name=texts,
    tool_calls=st.lists(st.builds(ToolCall, texts, texts, texts), max_size=2).map(tuple),
    tool_call_id=texts,
)


class TestMaking:
    def test_a_function_for_each_role(self) -> None:
        made = [system("a"), developer("b"), user("c"), assistant("d"), tool("e")]
        assert [(message.role, message.text) for message in made] == list(zip(ROLES, "abcde", strict=True))
        assert not any(message.literal for message in made)

    def test_literal_text_is_said_by_each_function(self) -> None:
        made = [function("{{ x }}", literal=True) for function in (system, developer, user, assistant, tool)]
        assert all(message.literal for message in made)

    def test_the_other_fields(self) -> None:
        assert user("see", Image("https://x/y.png"), name="ada") == Message(
            "user", (Text("see"), Image("https://x/y.png")), name="ada"
        )
        assert user("", Image("https://x/y.png")).parts == (Image("https://x/y.png"),)
        assert assistant(tool_calls=[ToolCall("1", "find")]).tool_calls == (ToolCall("1", "find", "{}"),)
        assert tool("42", call_id="1").tool_call_id == "1"
        assert placeholder("history") == Placeholder("history", "")

    def test_text_joins_the_text_parts(self) -> None:
        assert Message("user", (Text("a"), Image("u"), Text("b"))).text == "ab"
        assert Message("user").text == ""

    def test_parts_come_in_any_list_and_a_text_is_one_part(self) -> None:
        as_list: Any = [Text("a"), Text("b")]
        as_text: Any = "a"
        assert Message("user", as_list).parts == (Text("a"), Text("b"))
        assert Message("user", as_text).parts == (Text("a"),)

    def test_an_unknown_role_is_refused(self) -> None:
        role: Any = "sytem"
        with pytest.raises(InvalidPrompt, match="no role 'sytem'") as caught:
            Message(role)
        assert caught.value.hint == "did you mean 'system'? roles: system, developer, user, assistant, tool"

    @pytest.mark.parametrize(
        ("given_parts", "kind"), [([5], "int"), (5, "int"), ([Text("a"), "b"], "str"), (None, "NoneType")]
    )
    def test_what_is_no_part_is_refused(self, given_parts: object, kind: str) -> None:
        no_parts: Any = given_parts
        with pytest.raises(InvalidPrompt, match=f"a part of a user message is a {kind}, not a message part"):
            Message("user", no_parts)

    def test_text_has_to_be_text(self) -> None:
        number: Any = 5
        with pytest.raises(InvalidPrompt, match="the text of a user message is a int, not a str"):
            user(number)

    def test_nothing_can_be_changed(self) -> None:
        things: list[tuple[Any, str]] = [
            (user("a"), "role"),
            (Text("a"), "text"),
            (Image("a"), "url"),
            (File("a"), "url"),
            (ToolCall("1", "a"), "name"),
            (placeholder("a"), "name"),
            (Prelude("a"), "text"),
        ]
        for thing, name in things:
            with pytest.raises(FrozenInstanceError):
                setattr(thing, name, "b")
            assert not hasattr(thing, "__dict__")

    def test_how_a_text_is_read_takes_no_part_in_equality(self) -> None:
        assert user("a") == user("a", literal=True)
        assert hash(user("a")) == hash(user("a", literal=True))
        assert user("a") != system("a")

    @given(messages)
    def test_a_pickle_keeps_everything(self, message: Message) -> None:
        assert pickle.loads(pickle.dumps(message)) == message  # noqa: S301 - made above


class TestChatShape:
    @given(messages)
    def test_a_message_comes_back_from_the_shape_of_chat_apis(self, message: Message) -> None:
        plain = to_plain(message)
        again = Message.of(plain)
        assert to_plain(again) == plain
        assert again.text == message.text
        if not all(isinstance(part, Text) for part in message.parts):
            assert again == message

    def test_the_shape(self) -> None:
        message = Message(
            "assistant",
            (Text("see"), Image("https://x", "low"), Image("https://y"), File("data:a", "a.pdf"), File("file-1")),
            name="ada",
            tool_calls=(ToolCall("1", "find", '{"a": 1}'),),
            tool_call_id="2",
        )
        assert to_plain(message) == {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "see"},
                {"type": "image_url", "image_url": {"url": "https://x", "detail": "low"}},
                {"type": "image_url", "image_url": {"url": "https://y"}},
                {"type": "file", "file": {"file_data": "data:a", "filename": "a.pdf"}},
                {"type": "file", "file": {"file_id": "file-1"}},
            ],
            "name": "ada",
            "tool_calls": [{"id": "1", "type": "function", "function": {"name": "find", "arguments": '{"a": 1}'}}],
            "tool_call_id": "2",
        }

    def test_a_message_that_was_read_is_literal(self) -> None:
        assert Message.of({"role": "user", "content": "{{ x }}"}).literal

    def test_what_is_a_message_already_stays_it(self) -> None:
        message = user("a")
        assert Message.of(message) is message

    def test_content_can_be_missing_and_parts_can_be_our_own(self) -> None:
        call = ToolCall("1", "find")
        assert Message.of({"role": "assistant", "content": None, "tool_calls": [call]}).tool_calls == (call,)
        assert Message.of({"role": "assistant"}).parts == ()
        assert Message.of({"role": "user", "content": (Text("a"), Image("u"))}).parts == (Text("a"), Image("u"))
        file = {"type": "file", "file": {"file_data": "data:a"}}
        assert Message.of({"role": "user", "content": [file]}).parts == (File("data:a"),)

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ("hi", "a message is a Message or a mapping with role and content, not a str"),
            ({"role": "user", "content": "a", "mood": 1, "tone": 2}, "unknown keys in a message: mood, tone"),
            ({"role": "boss", "content": "a"}, "no role 'boss'\nroles: system, developer, user, assistant, tool"),
            ({"content": "a"}, "no role None"),
            ({"role": [], "content": "a"}, "no role []"),
            ({"role": "user", "content": 5}, "content of a message is a int, not a text or a list of parts"),
            ({"role": "user", "content": [5]}, "no message part: '5'\nparts have type text, image_url or file"),
            ({"role": "user", "content": [{"type": "text", "text": 5}]}, "no message part"),
            (
                {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "u", "detail": 5}}]},
                "no message part",
            ),
            (
                {"role": "user", "content": [{"type": "file", "file": {"file_data": "u", "filename": 5}}]},
                "no message part",
            ),
            ({"role": "user", "content": "a", "name": 5}, "name of a message is a int, not a text"),
            ({"role": "tool", "content": "a", "tool_call_id": [1]}, "tool_call_id of a message is a list, not a text"),
            ({"role": "assistant", "tool_calls": 5}, "tool_calls of a message is a int, not a list"),
            (
                {"role": "assistant", "tool_calls": [{"id": "1"}]},
                "no tool call: \"{'id': '1'}\"\nid, and function with name",
            ),
        ],
    )
    def test_anything_else_is_refused(self, value: object, text: str) -> None:
        with pytest.raises(InvalidInputs) as caught:
            Message.of(value)
        assert text in str(caught.value)


class Chat(BaseModel):
    history: Thread = ()
    first: Message | None = None


class TestInModels:
    def test_a_thread_is_a_field_of_a_model(self) -> None:
        chat = Chat.model_validate({"history": [{"role": "user", "content": "a"}, assistant("b")]})
        assert chat.history == (user("a"), assistant("b"))
        assert chat.model_dump(mode="json") == {
            "history": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}],
            "first": None,
        }

    def test_a_model_refuses_what_is_no_message(self) -> None:
        with pytest.raises(ValidationError, match="no role 'boss'"):
            Chat.model_validate({"history": [{"role": "boss", "content": "a"}]})
