"""Prompts of Langfuse, as objects and as JSON; the real ones are in the system tests."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from promptlib import Prompt, Store, codec, user
from promptlib.errors import InvalidFile, InvalidPrompt
from promptlib.formats.langfuse import from_langfuse, import_langfuse
from promptlib.plain import thaw
from tests.formats.standins import ChatPromptClient, TextPromptClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from promptlib.formats.moving import Moved


def told(moved: Moved) -> list[str]:
    return [f"{each.where}: {each.what}" if each.where else each.what for each in moved.lost]


def shown(moved: Moved, **values: object) -> list[tuple[str, str]]:
    assert codec.read(codec.write(moved.prompt)).digest == moved.prompt.digest
    return [(message.role, message.text) for message in moved.prompt.render(values).messages]


def answer(prompt: object, name: str = "triage", version: int = 1, **parts: Any) -> dict[str, Any]:
    """Return what the API answers."""
    said = {"name": name, "version": version, "prompt": prompt, "type": "text", "config": {}, "labels": [], "tags": []}
    return said | parts


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.init(tmp_path / "s.git", bare=True) as made:
        yield made


# --- one prompt -------------------------------------------------------------------------------------------------------


def test_a_text_keeps_what_is_no_variable() -> None:
    client = TextPromptClient(
        'Rate {{ film }} {{who-asks}} {{"json": 1}} {{{x}}} {% if %} {# {{\nsystem:\n',
        config={"model": "m"}, labels=["production"], tags=["film"], commit_message="Shorter", version=3,
    )  # fmt: skip
    moved = from_langfuse(client)
    assert shown(moved, film="{{who-asks}}", who_asks="me") == [
        ("user", 'Rate {{who-asks}} me {{"json": 1}} {{{x}}} {% if %} {# {{\nsystem:\n')
    ]
    assert told(moved) == [
        "the variable 'who-asks' is the input 'who_asks' here",
        "'{{\"json\": 1}}' is no variable, and stays text",
        "'{{{x}}' is no variable, and stays text",
    ]
    assert (moved.name, moved.number, moved.message, moved.labels) == ("movie", 3, "Shorter", ("production",))
    assert (thaw(moved.prompt.settings), moved.prompt.tags) == ({"model": "m"}, ("film",))
    assert thaw(moved.prompt.extra) == {"metadata": {"langfuse": {"name": "movie", "version": 3}}}


def test_a_chat_has_its_places_and_history_is_data() -> None:
    messages = [
        {"type": "message", "role": "system", "content": "Be {{tone}}."},
        {"type": "placeholder", "name": "history"},
        {"type": "message", "role": "critic", "content": "{{tone}}"},
    ]
    client = ChatPromptClient(messages)
    with pytest.raises(InvalidPrompt, match="no role 'critic'"):
        from_langfuse(client)
    moved = from_langfuse(client, roles={"critic": "user"})
    assert shown(moved, tone="kind", history=[user("{{tone}}")]) == [
        ("system", "Be kind."), ("user", "{{tone}}"), ("user", "kind"),
    ]  # fmt: skip
    assert told(moved) == []
    called = from_langfuse(answer([{"role": "assistant", "content": "x", "tool_calls": [], "name": "Bo"}]))
    assert told(called) == ["message 1: name, tool_calls of the message: left out"]


def test_json_of_the_api_says_who_and_when() -> None:
    moved = from_langfuse(
        answer(
            "x {{a}}",
            createdAt="2026-03-01T09:00:00.000Z",
            createdBy="ann",
            commitMessage="m",
            resolutionGraph={"a": 1},
        )
    )
    assert (moved.author, moved.time, moved.message) == ("ann", datetime(2026, 3, 1, 9, tzinfo=UTC), "m")
    assert told(moved) == ["Langfuse put it together of several prompts: here it is one text"]
    for wrong in ("yesterday", "2026-03-01T09:00:00", 7):
        assert from_langfuse(answer("x", createdAt=wrong)).time is None
    assert from_langfuse(answer("x", createdAt=datetime(2026, 3, 1, tzinfo=UTC))).time == datetime(
        2026, 3, 1, tzinfo=UTC
    )


def test_a_model_says_what_variables_are() -> None:
    class Ask(BaseModel):
        count: int

    assert shown(from_langfuse(TextPromptClient("{{count}}"), inputs=Ask), count=3) == [("user", "3")]


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        (None, "it has no text and no messages"),
        ([], "it holds no message"),
        ([{"role": "user", "content": [{"type": "text"}]}], "a message whose content is no text"),
        ("{{a b}} {{a-b}}", "'a b' and 'a-b' would both be the input 'a_b'"),
        ("@@@langfusePrompt:name=style|version=1@@@", "is another prompt, and none is given for 'style'"),
        ("@@@langfusePrompt:odd@@@", "is another prompt, and none is given for 'odd'"),
    ],
)
def test_what_cannot_be_a_prompt_is_refused(prompt: Any, words: str) -> None:
    with pytest.raises(InvalidPrompt, match=words) as caught:
        from_langfuse(answer(prompt))
    assert str(caught.value.where).startswith("triage version 1")
    assert caught.value.hint


def test_a_composed_prompt_includes_what_it_is_given() -> None:
    style = from_langfuse(answer("Be {{tone}}.", name="style")).prompt
    text = "{{x}}\n@@@langfusePrompt:name=style|label=production@@@\n@@@langfusePrompt:name=style|version=1@@@{{y}}"
    moved = from_langfuse(answer(text), includes={"style": style})
    assert shown_with(moved, tone="kind", x="X", y="Y") == "X\nBe kind.\nBe kind.Y"
    other = Prompt.define(user("other"))
    both = from_langfuse(
        answer("@@@langfusePrompt:name=a/style|version=1@@@ @@@langfusePrompt:name=b/style|version=1@@@"),
        includes={"a/style": style, "b/style": other},
    )
    assert list(both.prompt.includes) == ["style", "style_"]
    assert shown_with(both, tone="dry") == "Be dry. other"


def shown_with(moved: Moved, **values: object) -> str:
    return moved.prompt.render(values).text


def test_an_include_out_of_a_store_is_pinned_there(store: Store) -> None:
    store.save("house/style", from_langfuse(answer("Be {{tone}}.", name="style")).prompt)
    moved = from_langfuse(
        answer("@@@langfusePrompt:name=style|label=production@@@"), includes={"style": store.load("house/style")}
    )
    assert str(moved.prompt.includes["style"]).startswith("house/style#")
    assert told(moved) == ["style is included as it is now, and stays so until it is pinned anew"]
    store.save("triage", moved.prompt)
    assert store.load("triage").render(tone="kind").text == "Be kind."


# --- into a store -----------------------------------------------------------------------------------------------------


COMPOSED = [
    answer("@@@langfusePrompt:name=Style|label=production@@@ {{q}}", "triage", 1, createdAt="2026-03-02T00:00:00Z"),
    answer("@@@langfusePrompt:name=Style|version=1@@@ {{q}}", "triage", 2, createdAt="2026-03-03T00:00:00Z"),
    answer("Be {{tone}}.", "Style", 2, labels=["production"], createdAt="2026-03-01T12:00:00Z", createdBy="ann"),
    answer("Be {{tone}}!", "Style", 1, createdAt="2026-03-01T00:00:00Z", createdBy="bob@example.org"),
]


def test_composed_prompts_are_pinned_at_what_they_name(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "theirs.json"
    file.write_text(json.dumps({"data": COMPOSED}))
    report = import_langfuse(store, file)
    assert (report.created, report.left_out, report.lost) == (("triage", "style"), (), ())
    assert report.notes == ("4 versions of 2 names", "labels: style@production")
    assert [store.load(f"triage@v{number}").render(tone="dry", q="Q").text for number in (1, 2)] == [
        "Be dry. Q",
        "Be dry! Q",
    ]
    assert [each.name for each in store.impact("style@v2")] == ["triage"]
    authors = {each.number: (each.author, each.email) for each in store.history("style")}
    assert authors == {1: ("bob", "bob@example.org"), 2: ("ann", "")}
    assert store.fsck().problems == ()
    assert import_langfuse(store, file).unchanged == ("style", "triage")
    assert import_langfuse(store, file, into="again", trust="own").created == ("again/triage", "again/style")
    assert store.load("again/triage").trust == "own"


def test_what_depends_on_something_left_out_is_left_out(store: Store) -> None:
    taken = [answer("a", "STYLE!", 1), *COMPOSED, answer("b", "style", 1)]
    report = import_langfuse(store, *taken)
    assert [(each.name, each.reason) for each in report.left_out][:1] == [
        ("Style", "style is the name of 'STYLE!' already")
    ]
    assert (
        "triage version 1",
        "it is composed of Style version 2, which is left out; give that one a name with --rename",
    ) in [(each.name, each.reason) for each in report.left_out]


def test_prompts_that_are_put_into_each_other_are_refused(store: Store) -> None:
    pair = [
        answer("@@@langfusePrompt:name=b|version=1@@@", "a"),
        answer("@@@langfusePrompt:name=a|version=1@@@", "b"),
    ]
    with pytest.raises(
        InvalidPrompt, match=r"prompts that are put into each other: . version 1 needs . version 1 needs"
    ):
        import_langfuse(store, *pair)
    assert store.names() == ()


@pytest.mark.parametrize(
    ("text", "words", "where"),
    [
        ("{\n oops", "no JSON: Expecting property name", "f.json:2:2"),
        ('[{"name": "x"}]', "item 1 is no prompt of Langfuse", "f.json"),
        ("7", "item 1 is no prompt of Langfuse", "f.json"),
        ('{"data": {"a": 1}}', "item 1 is no prompt of Langfuse", "f.json"),
    ],
)
def test_files_that_are_none_of_langfuse(store: Store, tmp_path: Path, text: str, words: str, where: str) -> None:
    (tmp_path / "f.json").write_text(text)
    with pytest.raises(InvalidFile, match=words) as caught:
        import_langfuse(store, tmp_path / "f.json")
    assert str(caught.value.where) == where
    assert caught.value.hint
