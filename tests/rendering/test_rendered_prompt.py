"""The result of a render: shapes for providers, tokens and provenance when they are read."""

from __future__ import annotations

import json
import pickle
from dataclasses import FrozenInstanceError, dataclass
from hashlib import sha256

import pytest

from promptlib.errors import RenderFailed
from promptlib.messages import (
    File,
    Image,
    Message,
    Text,
    ToolCall,
    assistant,
    developer,
    system,
    tool,
    user,
)
from promptlib.plain import Frozen, Plain
from promptlib.refs import Pin
from promptlib.rendering import Provenance, RenderedPrompt, Source
from promptlib.tokens import Budget, count_messages

DIGEST = "sha256:" + "a" * 64
CALL = ToolCall("call-1", "look_up", '{"order": 7}')
CHAT = (
    system("Be kind."),
    user("Hi"),
    assistant("", tool_calls=(CALL,)),
    tool("sent", call_id="call-1"),
    user("Thanks"),
    developer("Be brief."),
    assistant("Welcome"),
)


@dataclass(frozen=True)
class StoredAt:
    qualified: str = "support/triage"
    version: str | None = "v7+edited"
    label: str = "production"
    commit: str = "c0ffee"


PINS = Frozen({"style": f"support/style#{'b' * 64}"})


@dataclass(frozen=True)
class Stored:
    digest: str = DIGEST
    includes: Frozen = PINS
    origin: StoredAt | None = StoredAt()


def rendered(*messages: Message, **values: object) -> RenderedPrompt:
    return RenderedPrompt(messages=messages, source=Source(Stored(), values))


def test_text_and_str() -> None:
    assert rendered(user("only\n")).text == "only\n"
    both = rendered(system("a"), user("b"))
    assert both.text == "a\n\nb"
    assert str(both) == "system:\na\n\nuser:\nb"
    assert repr(both) == "RenderedPrompt(2 messages: system, user)"
    assert repr(rendered(*[user("x")] * 9)) == "RenderedPrompt(9 messages: user, user, user, user, user, user, …)"
    parts = Message("user", (Text("see "), Image("https://a/b.png"), File("file-1"), File("file-2", "paper.pdf")))
    assert str(rendered(parts, CHAT[2], assistant("I look.", tool_calls=(CALL,)))) == (
        "user:\nsee [image https://a/b.png][file file-1][file paper.pdf]\n\n"
        'assistant:\n[calls look_up({"order": 7})]\n\n'
        'assistant:\nI look.\n[calls look_up({"order": 7})]'
    )


def test_html_escapes_what_it_shows() -> None:
    shown = rendered(user("<script>"))._repr_html_()
    assert "&lt;script&gt;" in shown
    assert "<script>" not in shown


def test_results_are_values() -> None:
    one, other = rendered(user("a"), x=1), rendered(user("a"), x=2)
    assert one == other
    assert hash(one) == hash(other)
    assert one != rendered(user("b"))
    with pytest.raises(FrozenInstanceError):
        one.messages = ()  # type: ignore[misc]  # the mistake under test
    copy = pickle.loads(pickle.dumps(one))  # noqa: S301 - just made here
    assert copy == one
    assert copy.provenance == one.provenance


def test_openai_chat() -> None:
    assert rendered(*CHAT).to_openai() == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hi"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {"id": "call-1", "type": "function", "function": {"name": "look_up", "arguments": '{"order": 7}'}}
            ],
        },
        {"role": "tool", "content": "sent", "tool_call_id": "call-1"},
        {"role": "user", "content": "Thanks"},
        {"role": "developer", "content": "Be brief."},
        {"role": "assistant", "content": "Welcome"},
    ]
    silent = Message("assistant", (), tool_calls=(CALL,))
    assert rendered(silent).to_openai()[0]["content"] is None
    picture = Message(
        "user", (Text("see"), Image("https://a/b.png", "low"), File("data:a;base64,eA==", "a.pdf")), name="ann"
    )
    assert rendered(picture).to_openai() == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "see"},
                {"type": "image_url", "image_url": {"url": "https://a/b.png", "detail": "low"}},
                {"type": "file", "file": {"file_data": "data:a;base64,eA==", "filename": "a.pdf"}},
            ],
            "name": "ann",
        }
    ]


def test_openai_responses() -> None:
    found = rendered(*CHAT).to_openai_responses()
    assert found[1:4] == [
        {"role": "user", "content": "Hi"},
        {"type": "function_call", "call_id": "call-1", "name": "look_up", "arguments": '{"order": 7}'},
        {"type": "function_call_output", "call_id": "call-1", "output": "sent"},
    ]
    silent = Message("assistant", (), tool_calls=(CALL,))
    assert [item["type"] for item in rendered(silent).to_openai_responses()] == ["function_call"]
    files = (File("data:a;base64,eA==", "a.pdf"), File("https://a/b.pdf"), File("file-1"))
    (message,) = rendered(Message("user", (Text("see"), Image("https://a/b.png"), *files))).to_openai_responses()
    assert message["content"] == [
        {"type": "input_text", "text": "see"},
        {"type": "input_image", "image_url": "https://a/b.png", "detail": "auto"},
        {"type": "input_file", "file_data": "data:a;base64,eA==", "filename": "a.pdf"},
        {"type": "input_file", "file_url": "https://a/b.pdf"},
        {"type": "input_file", "file_id": "file-1"},
    ]


def test_anthropic() -> None:
    assert rendered(*CHAT).to_anthropic() == {
        "system": "Be kind.\n\nBe brief.",
        "messages": [
            {"role": "user", "content": "Hi"},
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "call-1", "name": "look_up", "input": {"order": 7}}],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "call-1", "content": "sent"},
                    {"type": "text", "text": "Thanks"},
                ],
            },
            {"role": "assistant", "content": "Welcome"},
        ],
    }
    assert rendered(user("Hi")).to_anthropic() == {"messages": [{"role": "user", "content": "Hi"}]}
    parts = (
        Image("data:image/png;base64,eA=="),
        Image("https://a/b.png"),
        File("data:application/pdf;base64,eA==", "a.pdf"),
        File("file-1"),
    )
    answer = rendered(
        Message("user", (Text("see"), *parts)), Message("tool", parts[:1], tool_call_id="c")
    ).to_anthropic()
    assert answer["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "see"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "eA=="}},
                {"type": "image", "source": {"type": "url", "url": "https://a/b.png"}},
                {
                    "type": "document",
                    "source": {"type": "base64", "media_type": "application/pdf", "data": "eA=="},
                    "title": "a.pdf",
                },
                {"type": "document", "source": {"type": "file", "file_id": "file-1"}},
                {
                    "type": "tool_result",
                    "tool_use_id": "c",
                    "content": [
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "eA=="}}
                    ],
                },
            ],
        }
    ]
    assert rendered(Message("tool", (), tool_call_id="c")).to_anthropic()["messages"] == [
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": ""}]}
    ]


def test_anthropic_takes_arguments_as_data() -> None:
    broken = Message("assistant", (), tool_calls=(ToolCall("c", "look_up", "{"),))
    with pytest.raises(RenderFailed, match=r"the arguments of the tool call 'c' \(look_up\) are no JSON") as caught:
        rendered(broken).to_anthropic()
    assert caught.value.hint == "Anthropic takes them as data: give JSON text"


def test_everything_for_providers_is_json() -> None:
    result = rendered(*CHAT)
    for shape in (result.to_openai(), result.to_openai_responses(), result.to_anthropic()):
        assert json.loads(json.dumps(shape)) == shape


def test_tokens_are_those_of_the_budget_or_of_the_default_encoding() -> None:
    messages = (system("Be kind."), user("Hi"))
    free = RenderedPrompt(messages=messages)
    assert free.tokens == count_messages(messages)
    assert free.tokens is free.tokens
    report = Budget(100, encoding="cl100k_base").check(messages)
    held = RenderedPrompt(messages=messages, report=report)
    assert held.tokens is report.total
    assert held.report is report
    assert free.report is None


def test_provenance() -> None:
    found = rendered(user("hi"), ticket="t", n=1).provenance
    assert found is not None
    assert found == Provenance(
        name="support/triage",
        version="v7+edited",
        digest=DIGEST,
        label="production",
        commit="c0ffee",
        includes=(Pin("support/style", "sha256:" + "b" * 64),),
        inputs_digest=found.inputs_digest,
        result_digest=found.result_digest,
    )
    # For plain data these are the digests of canonical JSON: any tool can make them again.
    assert found.inputs_digest == "sha256:" + sha256(b'{"n":1,"ticket":"t"}').hexdigest()
    assert found.result_digest == "sha256:" + sha256(b'[{"content":"hi","role":"user"}]').hexdigest()
    assert found.to_dict() == {
        "name": "support/triage",
        "version": "v7+edited",
        "digest": DIGEST,
        "label": "production",
        "commit": "c0ffee",
        "includes": ["support/style#" + "b" * 64],
        "inputs_digest": found.inputs_digest,
        "result_digest": found.result_digest,
    }
    again = rendered(user("hi"), n=1, ticket="t")
    assert again.provenance == found
    assert again.provenance is again.provenance


def test_provenance_of_what_was_never_stored() -> None:
    fresh = RenderedPrompt(messages=(user("hi"),), source=Source(Stored(includes=Frozen(), origin=None), {}))
    assert fresh.provenance is not None
    assert (fresh.provenance.name, fresh.provenance.version, fresh.provenance.includes) == ("", None, ())
    assert RenderedPrompt(messages=(user("hi"),)).provenance is None


VALUES: tuple[object, ...] = (
    None,
    True,
    1,
    1.0,
    "1",
    "é",
    "\ud800",
    2**60,
    float("nan"),
    float("inf"),
    ["a", "b"],
    ["ab"],
    {"a": 1},
    {"b": 1},
    Frozen({"a": 2}),
    (user("x"),),
    (assistant("x"),),
    Image("u"),
    File("u"),
    2j,
)


def test_each_input_and_each_result_has_its_own_digest() -> None:
    digests = [provenance_of(value).inputs_digest for value in VALUES]
    assert len(set(digests)) == len(VALUES)
    assert digests == [provenance_of(value).inputs_digest for value in VALUES]
    results = [
        (user("a"),),
        (user("b"),),
        (system("a"),),
        (user("a"), user("b")),
        (user("ab"),),
        (user("a", name="n"),),
    ]
    found = {RenderedPrompt(messages=each, source=Source(Stored(), {})).provenance for each in results}
    assert len({each.result_digest for each in found if each}) == len(results)


def provenance_of(value: object) -> Provenance:
    found = rendered(user("x"), value=value).provenance
    assert found is not None
    return found


def test_plain_frozen_values_equal_their_dicts() -> None:
    frozen: Plain = Frozen({"a": (1, 2)})
    assert provenance_of(frozen).inputs_digest == provenance_of({"a": [1, 2]}).inputs_digest
