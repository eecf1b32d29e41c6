from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from promptlib.errors import InvalidInputs
from promptlib.messages import File, Image, Message, Text, ToolCall, assistant, system, tool, user
from promptlib.tokens import PROFILES, Exactness, MessageCounter, count_messages, count_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence


def from_openai_s_cookbook() -> list[Message]:
    """The example for which OpenAI's page shows the API's own number: 129 for gpt-4-0613."""
    jargon = "You are a helpful, pattern-following assistant that translates corporate jargon into plain English."
    examples = {
        "New synergies will help drive top-line growth.": "example_user",
        "Things working well together will increase revenue.": "example_assistant",
        "Let's circle back when we have more bandwidth to touch base on opportunities for increased "
        "leverage.": "example_user",
        "Let's talk later when we're less busy about how to do better.": "example_assistant",
    }
    question = "This late pivot means we don't have time to boil the ocean for the client deliverable."
    return [
        system(jargon),
        *(Message("system", (Text(text),), name=name) for text, name in examples.items()),
        user(question),
    ]


def test_the_number_is_the_one_that_openai_s_api_told() -> None:
    count = count_messages(from_openai_s_cookbook(), encoding="cl100k_base")
    assert repr(count) == "TokenCount(129, exact by cl100k_base as openai-chat)"


def test_each_message_each_name_and_the_reply_cost_their_overhead() -> None:
    hello = user("hello world")
    assert count_messages([]) == 3
    assert count_messages([hello]) == 3 + (3 + 1 + 2)
    assert count_messages([hello, hello]) == 3 + 2 * (3 + 1 + 2)
    assert count_messages([user("hello world", name="Ann")]) == 3 + (3 + 1 + 2) + (1 + count_tokens("Ann"))
    assert count_messages(iter([hello])).exactness == "exact"


@pytest.mark.parametrize(
    ("message", "content"),
    [
        (user("", Image("https://x.y/z.png", "low")), 85),
        (user("hello world", Image("https://x.y/z.png")), 2 + 765),
        (user("", File("data:text/plain;base64," + b64encode(b"hello world").decode(), "Ann")), 2 + 1),
        (user("", File("data:text/plain;base64,not base 64", "Ann")), 1),
        (user("", File("data:text/plain;base64," + b64encode(b"\xff\xff").decode())), 0),
        (user("", File("data:application/pdf;base64,AAAA")), 0),
        (user("", File("data:text/plain,hello")), 0),
        (user("", File("file-123", "Ann")), 1),
        (tool("hello world", call_id="abc"), 2 + 1),
        (tool("hello world"), 2),
        (
            assistant(tool_calls=[ToolCall("abc", "find", '{"text": "hello world"}')]),
            sum(map(count_tokens, ["abc", "find", '{"text": "hello world"}'])),
        ),
    ],
)
def test_what_is_not_plain_text_is_an_estimate(message: Message, content: int) -> None:
    count = count_messages([message])
    assert count == 3 + 3 + count_tokens(message.role) + content
    assert count.exactness == "estimate"


@dataclass(frozen=True)
class Words:
    name: str = "words"
    exactness: Exactness = "exact"

    def count(self, text: str, /) -> int:
        return len(text.split())


@dataclass(frozen=True)
class WholeRequests(Words):
    def count_messages(self, messages: Sequence[Message], /) -> int:
        return 100 * len(messages)


def test_the_profile_is_exact_for_its_own_encodings_alone() -> None:
    hello = [user("hello world")]
    assert repr(count_messages(hello, encoding=Words())) == "TokenCount(9, estimate by words as openai-chat)"
    assert count_messages(hello, encoding="o200k_harmony").exactness == "estimate"
    assert count_messages(hello, encoding=len).exactness == "estimate"


def test_a_counter_that_knows_whole_requests_is_asked_for_them() -> None:
    whole = WholeRequests()
    assert isinstance(whole, MessageCounter)
    assert repr(count_messages([user("a"), user("b")], encoding=whole)) == "TokenCount(200, exact by words)"


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(InvalidInputs) as caught:
        count_messages([], profile="openai-chats")
    assert str(caught.value) == ("no chat profile 'openai-chats'\ndid you mean 'openai-chat'? profiles: openai-chat")


def test_every_profile_names_its_source_and_date() -> None:
    for name, profile in PROFILES.items():
        assert profile.name == name
        assert profile.source.startswith("https://")
        assert profile.date
