from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

from promptlib.errors import InvalidInputs
from promptlib.messages import ROLES, File, Image, Message, Text, ToolCall, assistant, system, tool, user
from promptlib.tokens import (
    PROFILES,
    Exactness,
    MessageCounter,
    TokenizerCounter,
    count_messages,
    count_tokens,
    encoding,
)
from promptlib.tokens.vocabulary import VOCABULARIES, dense_form, ranks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from promptlib.messages import Role


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
    assert str(caught.value) == (
        "no chat profile 'openai-chats'\ndid you mean 'openai-chat'? profiles: openai-chat, openai-later, "
        "openai-harmony, anthropic-messages, gemma, llama3, chatml, mistral, deepseek"
    )


def test_every_profile_names_its_source_and_date() -> None:
    for name, profile in PROFILES.items():
        assert profile.name == name
        assert profile.source.startswith("https://")
        assert profile.date
        assert min(profile.per_message, profile.per_name, profile.reply, profile.image_low) >= 0
        assert profile.image_low <= profile.image


@given(
    profile=st.sampled_from(sorted(PROFILES)),
    chat=st.lists(st.tuples(st.sampled_from(ROLES), st.text("ab ", max_size=9), st.sampled_from(["", "Ann"]))),
)
def test_the_number_follows_the_profile_and_names_it(profile: str, chat: list[tuple[Role, str, str]]) -> None:
    numbers = PROFILES[profile]
    messages = [Message(role, (Text(text),) if text else (), name=name) for role, text, name in chat]
    role = 1 if numbers.role_tokens is None else numbers.role_tokens
    expected = numbers.reply + sum(
        numbers.per_message + role + len(text.split()) + (numbers.per_name + 1 if name else 0) for _, text, name in chat
    )
    count = count_messages(messages, encoding=Words(), profile=profile)
    assert (count, count.profile, count.exactness) == (expected, profile, "estimate")


def test_only_the_profile_that_openai_published_is_exact() -> None:
    assert {name: profile.encodings for name, profile in PROFILES.items() if profile.encodings} == {
        "openai-chat": ("o200k_base", "cl100k_base")
    }
    for name, profile in PROFILES.items():
        for known in ("o200k_base", "cl100k_base", "o200k_harmony"):
            count = count_messages([user("hello world")], encoding=known, profile=name)
            assert count.exactness == ("exact" if known in profile.encodings else "estimate")


def test_the_five_role_words_are_one_token_each_where_the_profile_says_so() -> None:
    for profile in PROFILES.values():
        for name in profile.encodings:
            assert {encoding(name).count(role) for role in ROLES} == {profile.role_tokens}


def test_the_number_of_a_picture_is_the_profile_s() -> None:
    for name, profile in PROFILES.items():
        plain, low, high = (
            count_messages([user("hello", *images)], profile=name)
            for images in ((), (Image("https://x.y/z.png", "low"),), (Image("https://x.y/z.png"),))
        )
        assert (low - plain, high - plain) == (profile.image_low, profile.image)


# --- templates --------------------------------------------------------------------------------------------------------

Turns = list[tuple[str, str]]


@dataclass(frozen=True)
class Template:
    """A chat template of an open model, as its source shows it; `exact_for` are the roles that take the most."""

    before: str
    turn: Callable[[str, str], str]
    after: str
    exact_for: tuple[str, ...] = ("system", "user", "assistant")
    special: tuple[str, ...] = field(default=())

    def render(self, turns: Turns) -> str:
        return self.before + "".join(self.turn(role, text) for role, text in turns) + self.after


def of_mistral(role: str, text: str) -> str:
    wrapped = {"system": f"[SYSTEM_PROMPT]{text}[/SYSTEM_PROMPT]", "user": f"[INST]{text}[/INST]"}
    return wrapped.get(role, f"{text}</s>")


def of_deepseek(role: str, text: str) -> str:
    wrapped = {"user": f"<|User|>{text}", "assistant": f"<|Assistant|>{text}<|end of sentence|>"}
    return wrapped.get(role, text)


TEMPLATES = {
    "llama3": Template(
        before="<|begin_of_text|>",
        turn=lambda role, text: f"<|start_header_id|>{role}<|end_header_id|>\n\n{text}<|eot_id|>",
        after="<|start_header_id|>assistant<|end_header_id|>\n\n",
        special=("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    ),
    "chatml": Template(
        before="",
        turn=lambda role, text: f"<|im_start|>{role}\n{text}<|im_end|>\n",
        after="<|im_start|>assistant\n",
        special=("<|im_start|>", "<|im_end|>"),
    ),
    "gemma": Template(
        before="<bos>",
        turn=lambda role, text: (
            f"{text}\n\n"
            if role == "system"
            else f"<start_of_turn>{role.replace('assistant', 'model')}\n{text}<end_of_turn>\n"
        ),
        after="<start_of_turn>model\n",
        exact_for=("user", "assistant"),
        special=("<bos>", "<start_of_turn>", "<end_of_turn>"),
    ),
    "mistral": Template(
        before="<s>",
        turn=of_mistral,
        after="",
        exact_for=("system", "user"),
        special=("<s>", "</s>", "[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]"),
    ),
    "deepseek": Template(
        before="<|begin of sentence|>",
        turn=of_deepseek,
        after="<|Assistant|>",
        exact_for=("assistant",),
        special=("<|begin of sentence|>", "<|User|>", "<|Assistant|>", "<|end of sentence|>"),
    ),
}
CONTENTS = ["hello world", "Be brief.", "What is 2 + 2?", "It is 4,\nas ever."]
LLAMA_PIECES = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
    r"\s*[\r\n]+|\s+(?!\S)|\s+"
)


@cache
def tokenizer_of(profile: str) -> Tokenizer:
    """A tiny tokenizer with the special tokens of a template, which knows the words for roles as real ones do."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(LLAMA_PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    trainer = trainers.BpeTrainer(
        special_tokens=[*TEMPLATES[profile].special],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([*ROLES, "model", "\n", "\n\n", *CONTENTS] * 5, trainer)
    return tokenizer


def turns_strategy(roles: Sequence[str]) -> st.SearchStrategy[Turns]:
    return st.lists(st.tuples(st.sampled_from(roles), st.sampled_from(CONTENTS)), max_size=6)


def real_and_told(profile: str, turns: Turns) -> tuple[int, int]:
    """Return the tokens of the rendered template, and what the profile makes of the messages."""
    by = tokenizer_of(profile)
    build = {"system": system, "user": user, "assistant": assistant}
    told = count_messages([build[role](text) for role, text in turns], encoding=TokenizerCounter(by), profile=profile)
    return len(by.encode(TEMPLATES[profile].render(turns), add_special_tokens=False)), told


@pytest.mark.no_cover
@pytest.mark.parametrize("profile", TEMPLATES)
@given(data=st.data())
def test_a_profile_equals_its_template_for_the_roles_that_take_most(profile: str, data: st.DataObject) -> None:
    turns = data.draw(turns_strategy(TEMPLATES[profile].exact_for))
    real, told = real_and_told(profile, turns)
    assert real == told


@pytest.mark.no_cover
@pytest.mark.parametrize("profile", TEMPLATES)
@given(data=st.data())
def test_a_profile_is_never_below_its_template(profile: str, data: st.DataObject) -> None:
    turns = data.draw(turns_strategy(("system", "user", "assistant")))
    real, told = real_and_told(profile, turns)
    assert real <= told <= real + 5 * len(turns)


@cache
def harmony() -> tiktoken.Encoding:
    vocabulary = VOCABULARIES["o200k_base"]
    special = {"<|channel|>": 200005, "<|start|>": 200006, "<|end|>": 200007, "<|message|>": 200008}
    return tiktoken.Encoding(
        "harmony", pat_str=vocabulary.pattern, mergeable_ranks=ranks(dense_form("o200k_base")), special_tokens=special
    )


def test_harmony_is_at_most_two_a_message_above_its_format() -> None:
    before = (
        "<|start|>system<|message|>You are ChatGPT, a large language model trained by OpenAI.\n"
        "Knowledge cutoff: 2024-06\nCurrent date: 2025-06-28\n\nReasoning: medium\n\n"
        "# Valid channels: analysis, commentary, final. Channel must be included for every message.<|end|>"
        "<|start|>developer<|message|># Instructions\n\nBe brief.<|end|>"
    )
    turns = [user("hello world"), assistant("Hello."), user("What is 2 + 2?"), assistant("4"), user("Thanks")]
    text = before + "".join(
        f"<|start|>{turn.role}{'<|channel|>final' * (turn.role == 'assistant')}<|message|>{turn.text}<|end|>"
        for turn in turns
    )
    real = len(harmony().encode(text + "<|start|>assistant", allowed_special="all"))
    messages = [Message("developer", (Text("Be brief."),)), *turns]
    told = count_messages(messages, encoding="o200k_harmony", profile="openai-harmony")
    assert real <= told <= real + 2 * len(messages)


def test_anthropic_s_numbers_are_those_of_its_own_pages() -> None:
    # What the contents take by the tokenizer that was public last; 12 and 30 are the input tokens that the page tells.
    sizes = {"Hello, Claude": 3, "Hello!": 2, "Can you describe LLMs to me?": 8}
    one = [user("Hello, Claude")]
    three = [*one, assistant("Hello!"), user("Can you describe LLMs to me?")]
    for messages, told in ((one, 12), (three, 30)):
        assert count_messages(messages, encoding=sizes.__getitem__, profile="anthropic-messages") == told


def test_messages_as_chat_apis_have_them_are_counted_alike() -> None:
    messages = [system("Be kind."), user("Why?")]
    given = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Why?"}]
    assert count_messages(given) == count_messages(messages)
