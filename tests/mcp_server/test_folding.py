"""All roles and all parts of a chat, in the two roles and the contents that the protocol has."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_types import AudioContent, EmbeddedResource, ImageContent, ResourceLink, TextContent
from mcp_types.version import KNOWN_PROTOCOL_VERSIONS

from promptlib import File, Image, Message, ToolCall, assistant, developer, system, tool, user
from promptlib.errors import InvalidInputs
from promptlib.mcp_server.folding import checked, folded
from promptlib.messages import ROLES, Text

NOW = "2026-07-28"
PIXEL = b64encode(b"\x89PNG").decode()


def shapes(*messages: Message, protocol: str = NOW) -> list[tuple[str, str]]:
    """Return role and text, or kind, of each message of the protocol."""
    found = folded(messages, protocol).messages
    return [
        (each.role, each.content.text if isinstance(each.content, TextContent) else each.content.type) for each in found
    ]


def test_what_orders_is_put_before_what_the_user_says() -> None:
    assert shapes(system("A"), developer("B"), user("C"), assistant("D"), user("E")) == [
        ("user", "A\n\nB\n\nC"),
        ("assistant", "D"),
        ("user", "E"),
    ]


def test_orders_that_no_user_follows_stand_alone() -> None:
    assert shapes(system("A"), assistant("B"), system("C")) == [("user", "A"), ("assistant", "B"), ("user", "C")]
    assert shapes(system("A"), user("", Image(f"data:image/png;base64,{PIXEL}"))) == [
        ("user", "A"),
        ("user", "image"),
    ]
    picture = Message("user", (Image(f"data:image/png;base64,{PIXEL}"), Text("What is it?")))
    between = Message("user", (Text("What is "), Text("this? "), Image("file-1"), Text("And?")))
    assert shapes(between) == [("user", "What is this? "), ("user", "[image: file-1]"), ("user", "And?")]
    assert shapes(system("A"), picture) == [("user", "A"), ("user", "image"), ("user", "What is it?")]


def test_the_notes_say_what_was_what() -> None:
    calls = assistant("Let me see", tool_calls=[ToolCall("c1", "search", '{"q": 1}')])
    found = folded(
        (system("Äa"), developer(""), user("C", name="Ann"), calls, tool("42", call_id="c1"), assistant("D")), NOW
    )
    assert [(each.role, getattr(each.content, "text", "")) for each in found.messages] == [
        ("user", "Äa\n\n\n\nC"),
        ("assistant", 'Let me see[calls search({"q": 1})]'),
        ("user", "42"),
        ("assistant", "D"),
    ]
    assert found.notes == [
        {"message": 0, "role": "system", "start": 0, "end": 2},
        {"message": 0, "role": "developer", "start": 4, "end": 4},
        {"message": 0, "role": "user", "name": "Ann"},
        {"message": 1, "role": "assistant", "tool_calls": ["c1"]},
        {"message": 2, "role": "tool", "tool_call_id": "c1"},
    ]


def test_orders_with_a_picture_stay_orders() -> None:
    pictured = Message("system", (Text("Look: "), Image("file-1")))
    found = folded([system("A"), pictured, user("B")], NOW)
    assert [getattr(each.content, "text", "") for each in found.messages] == ["A", "Look: ", "[image: file-1]", "B"]
    assert [(note["message"], note["role"]) for note in found.notes] == [(0, "system"), (1, "system"), (2, "system")]


@given(
    st.lists(
        st.builds(Message, st.sampled_from(ROLES), st.text(max_size=4).map(lambda text: (Text(text),))), max_size=6
    )
)
def test_no_text_is_lost_and_notes_find_it(messages: list[Message]) -> None:
    found = folded(messages, NOW)
    assert {each.role for each in found.messages} <= {"user", "assistant"}
    joined = "".join(each.content.text for each in found.messages if isinstance(each.content, TextContent))
    place = 0
    for message in messages:
        place = joined.index(message.text, place) + len(message.text)
    ordered = [message.text for message in messages if message.role in ("system", "developer")]
    assert ordered == [
        found.messages[note["message"]].content.text[note["start"] : note["end"]]
        for note in found.notes
        if "start" in note
    ]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (Image(f"data:image/png;base64,{PIXEL}"), ImageContent(data=PIXEL, mime_type="image/png")),
        (
            Image("data:image/svg+xml,%3Csvg/%3E"),
            ImageContent(data=b64encode(b"<svg/>").decode(), mime_type="image/svg+xml"),
        ),
        (
            Image("https://example.org/a.png"),
            ResourceLink(name="image", uri="https://example.org/a.png", mime_type="image/png"),
        ),
        (Image("file-1"), TextContent(text="[image: file-1]")),
        (File("https://example.org/a"), ResourceLink(name="file", uri="https://example.org/a")),
        (File("file-1", "a.pdf"), TextContent(text="[a.pdf: file-1]")),
        (File("file-1"), TextContent(text="[file file-1]")),
        (File(f"data:audio/wav;base64,{PIXEL}"), AudioContent(data=PIXEL, mime_type="audio/wav")),
    ],
)
def test_pictures_and_files(part: Any, expected: object) -> None:
    assert folded([Message("user", (part,))], NOW).messages[0].content == expected


def test_files_with_their_content_are_embedded() -> None:
    (text, data, other) = (
        each.content.resource
        for each in folded(
            [
                user(
                    "",
                    File("data:text/csv,a%2Cb", "my table.csv"),
                    File(f"data:;base64,{PIXEL}"),
                    File("data:application/pdf;base64,JVBERg==", "../x.pdf"),
                )
            ],
            NOW,
        ).messages
        if isinstance(each.content, EmbeddedResource)
    )
    assert (text.uri, text.mime_type, text.text) == ("attachment:my%20table.csv", "text/csv", "a,b")  # type: ignore[union-attr] # it is text
    assert (data.uri, data.mime_type, data.blob) == ("attachment:file", "text/plain", PIXEL)  # type: ignore[union-attr] # it is no UTF-8
    assert (other.uri, other.blob) == ("attachment:..%2Fx.pdf", "JVBERg==")  # type: ignore[union-attr] # it is no text


@pytest.mark.parametrize("protocol", KNOWN_PROTOCOL_VERSIONS)
def test_older_revisions_get_what_they_know(protocol: str) -> None:
    parts: list[Image | File] = [Image("https://example.org/a.png"), File(f"data:audio/wav;base64,{PIXEL}", "a.wav")]
    kinds = [kind for _, kind in shapes(*(user("", part) for part in parts), protocol=protocol) if kind]
    assert kinds[0] == ("resource_link" if protocol >= "2025-06-18" else "[image: https://example.org/a.png]")
    assert kinds[1] == ("audio" if protocol >= "2025-03-26" else "resource")


@pytest.mark.parametrize("url", ["data:", "data:image/png;base64,!!!", "data:image/png;base64"])
def test_broken_data_is_refused(url: str) -> None:
    with pytest.raises(InvalidInputs, match=r"no data: URL.*\n.*write data:image/png;base64"):
        folded([user("", Image(url))], NOW)


@pytest.mark.parametrize(
    "message",
    [user("a\ud800b"), user("x", name="\udfff"), assistant("", tool_calls=[ToolCall("1", "f", '"\ud800"')])],
)
def test_half_a_character_is_refused(message: Message) -> None:
    with pytest.raises(InvalidInputs, match="holds half of a surrogate pair"):
        checked([message])
