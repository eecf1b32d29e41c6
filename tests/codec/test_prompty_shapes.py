"""Prompty's own shapes of file: each loads, or is refused with the reason that docs/prompty.md gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from promptlib.codec import edit, read, read_with_notes, write
from promptlib.errors import InvalidPrompt
from promptlib.messages import Message, Placeholder, system, user
from promptlib.plain import thaw
from promptlib.prompt import Prompt

FIXTURES = Path(__file__).parent / "fixtures"

LOADED = {
    "basic": ["firstName", "lastName", "question"],
    "body_only": [],
    "conditional": ["text", "context"],
    "embedding": ["text"],
    "empty_front_matter": [],
    "image_model": ["scene"],
    "model_word": [],
    "named_values": ["visitor", "visits", "member"],
    "older_template_words": ["name"],
    "template_word": [],
    "picture": ["question", "page"],
    "rich_metadata": [],
    "structured": ["text"],
    "threaded": ["question", "conversation"],
    "tools_by_name": ["question"],
    "tools_function": ["question", "preferred_branch"],
}
REFUSED = {
    "multimodal": ("no kind of input 'audio'", "12:11"),
    "mustache": ("templates of kind 'mustache' are not read", "7:3"),
    "older_declarations": ("a declaration without kind", "7:3"),
    "older_input_schema": ("inputSchema is a key of an older Prompty", "4:1"),
    "tools_without_inputs": ("undeclared variable 'question'", "18:3"),
}


def data_of(name: str) -> bytes:
    return (FIXTURES / f"{name}.prompty").read_bytes()


@pytest.mark.parametrize("name", LOADED)
def test_what_loads(name: str) -> None:
    data = data_of(name)
    prompt, notes = read_with_notes(data, source=name)
    assert isinstance(prompt, Prompt)
    assert [each.name for each in prompt.inputs] == LOADED[name]
    assert notes == ()
    assert edit(data, prompt) == data
    again = read(write(prompt))
    assert again == prompt
    assert again.extra == prompt.extra
    assert again.messages == prompt.messages


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    what, where = REFUSED[name]
    with pytest.raises(InvalidPrompt) as caught:
        read(data_of(name), source="x.prompty")
    assert caught.value.what == what
    assert str(caught.value.where) == f"x.prompty:{where}"
    assert caught.value.hint


def test_every_fixture_is_in_a_table() -> None:
    names = {path.stem for path in FIXTURES.glob("*.prompty")}
    assert names == LOADED.keys() | REFUSED.keys()


def test_messages_are_those_that_prompty_finds() -> None:
    basic = read(data_of("basic"))
    assert [piece.role for piece in basic.messages if isinstance(piece, Message)] == ["system", "user"]
    assert basic.messages[1] == user("{{question}}")
    assert read(data_of("embedding")).messages == (system("{{text}}"),)
    assert read(data_of("threaded")).messages[1] == Placeholder("conversation")
    assert thaw(basic.settings["connection"]) == {
        "kind": "key",
        "endpoint": "${env:LIBRARY_ENDPOINT:https://models.example.org/v1}",
        "apiKey": "${env:LIBRARY_KEY}",
    }
