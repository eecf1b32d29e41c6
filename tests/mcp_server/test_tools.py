"""The two tools, for clients that know only tools: a model reads what it may give, and what was wrong with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, TextContent
from pydantic import BaseModel

from promptlib import Budget, Image, Prompt, Store, user
from tests.mcp_server.asking import MODES, ask

if TYPE_CHECKING:
    from pathlib import Path

    from mcp import Client
    from mcp_types import CallToolResult

    from promptlib.store import View


def called(store: View, tool: str, mode: str = "auto", options: dict[str, Any] | None = None, **given: Any) -> Any:
    """Return what *tool* says, which stands as text and as structure; the client has checked it by the schema."""

    async def work(client: Client) -> CallToolResult:
        await client.list_tools()  # from now on the client checks what comes
        return await client.call_tool(tool, given)

    result = ask(store, work, mode=mode, **(options or {}))
    assert not result.is_error, result.content
    (text,) = result.content
    assert isinstance(text, TextContent)
    assert json.loads(text.text) == result.structured_content
    return result.structured_content


def failed(store: Store, tool: str, options: dict[str, Any] | None = None, **given: Any) -> str:
    """Return the error of *tool* as a model reads it."""
    result = ask(store, lambda client: client.call_tool(tool, given), **(options or {}))
    assert result.is_error
    assert result.structured_content is None
    (text,) = result.content
    assert isinstance(text, TextContent)
    return text.text


@pytest.mark.parametrize("mode", MODES)
def test_the_tools_only_read(store: Store, mode: str) -> None:
    tools = ask(store, lambda client: client.list_tools(), mode=mode).tools
    assert [each.name for each in tools] == ["search_prompts", "render_prompt"]
    for each in tools:
        assert each.annotations is not None
        assert each.annotations.read_only_hint is True
        assert each.annotations.destructive_hint is False
        assert each.input_schema["type"] == "object"
        assert each.output_schema is not None


@pytest.mark.parametrize("mode", MODES)
def test_a_prompt_is_found_by_what_it_is_for(store: Store, mode: str) -> None:
    found = called(store, "search_prompts", mode, need="sort what customers write by how urgent it is")
    (hit,) = found["hits"]
    assert found["total"] == 1
    assert (hit["name"], hit["kind"], hit["title"], hit["version"]) == ("support/triage", "prompt", "Triage", "v3")
    assert hit["tags"] == ["support"]
    assert hit["inputs"][:2] == [
        {"name": "ticket", "takes": "text", "required": True},
        {"name": "tone", "takes": "one of 'warm', 'plain'", "required": False},
    ]


def test_a_search_keeps_to_what_is_asked(store: Store) -> None:
    for at in range(5):
        store.save(f"other/{at}", Prompt.define(user(f"Sort tickets {at}"), tags=["x"]))
    assert len(called(store, "search_prompts", need="sort tickets", limit=2)["hits"]) == 2
    assert called(store, "search_prompts", need="sort tickets", limit="2")["total"] == 6
    assert called(store, "search_prompts", need="sort tickets", limit=2.0)["total"] == 6
    assert [each["name"] for each in called(store, "search_prompts", need="sort", tags=["support"])["hits"]] == [
        "support/triage"
    ]
    assert [each["name"] for each in called(store, "search_prompts", need="sort", tags="support")["hits"]] == [
        "support/triage"
    ]


def test_a_search_finds_what_is_served(store: Store) -> None:
    for at in range(5):
        store.save(f"other/{at}", Prompt.define(user(f"Sort tickets {at}")))
    for options in ({"only": "support/"}, {"labels": ["production"]}):
        found = called(store, "search_prompts", options=options, need="sort tickets", limit=3)
        assert [each["name"] for each in found["hits"]] == ["support/triage"]
        assert found["total"] == 1
    assert (
        called(store, "search_prompts", options={"labels": ["production"]}, need="sort")["hits"][0]["version"] == "v2"
    )


def test_every_home_is_searched(store: Store, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "triage.prompty").write_text("Sort tickets\n")
    store.export_bundle(tmp_path / "a.bundle")
    with Store.open(tmp_path / "folder") as folder, Store.open(tmp_path / "a.bundle") as bundle:
        homes: list[View] = [folder, bundle, store.at(store.version("support/triage@v1"))]
        found = [called(home, "search_prompts", need="sort tickets")["hits"][0] for home in homes]
    assert [(each["name"], each["version"]) for each in found] == [
        ("triage", None),
        ("support/triage", None),
        ("support/triage", "v1"),
    ]


def test_words_that_stand_nowhere_are_read_as_others(store: Store) -> None:
    for need in ("tikets", "tickets"):
        assert called(store, "search_prompts", need=need)["spelled"] == dict(store.search(need).spelled)


@pytest.mark.parametrize("mode", MODES)
def test_a_prompt_is_filled_in(store: Store, mode: str) -> None:
    given = {"ticket": "Help", "times": "2", "urgent": True, "history": [{"role": "assistant", "content": "Yes?"}]}
    found = called(store, "render_prompt", mode, ref="support/triage@v1", inputs=given)
    assert found["messages"] == [
        {"role": "system", "content": "You sort tickets in a plain voice, 2 times. Urgent: True."},
        {"role": "assistant", "content": "Yes?"},
        {"role": "user", "content": "Help"},
    ]
    version = store.version("support/triage@v1")
    assert (found["name"], found["version"], found["number"], found["digest"]) == (
        "support/triage",
        "v1",
        1,
        version.digest,
    )
    assert found["tokens"]["exactness"] == "exact"
    inputs = json.dumps(given)
    assert called(store, "render_prompt", ref="support/triage@v1", inputs=inputs)["messages"] == found["messages"]


def test_the_version_that_is_served_is_filled_in(store: Store) -> None:
    options = {"labels": ["production"], "budget": Budget(200)}
    found = called(store, "render_prompt", options=options, ref="support/triage", inputs={"ticket": "x"})
    assert (found["number"], found["label"], found["budget"]["max_tokens"]) == (2, "production", 200)


def test_a_picture_is_a_part(store: Store) -> None:
    class Look(BaseModel):
        picture: Image

    store.save("look", Prompt.define(Look, user("See {{ picture }}")))
    for value in ("https://example.org/a.png", {"url": "https://example.org/a.png"}):
        found = called(store, "render_prompt", ref="look", inputs={"picture": value})
        assert found["messages"][0]["content"][1]["image_url"]["url"] == "https://example.org/a.png"


@pytest.mark.parametrize(
    ("tool", "given", "said"),
    [
        ("search_prompts", {}, "search_prompts needs 'need', a text\nWhat is needed, such as"),
        ("search_prompts", {"need": 5}, "search_prompts needs 'need', a text"),
        (
            "search_prompts",
            {"need": "x", "limt": 5},
            "takes no 'limt'\ndid you mean 'limit'? it takes: need, limit, tags",
        ),
        ("search_prompts", {"need": "x", "limit": 0}, "limit is 0\ngive a whole number from 1 to 50"),
        ("search_prompts", {"need": "x", "limit": True}, "limit is True"),
        ("search_prompts", {"need": "x", "limit": "9" * 5000}, "give a whole number"),
        ("search_prompts", {"need": "x", "tags": [1]}, 'give a list of texts, such as ["support"]'),
        ("render_prompt", {"ref": "support/triaje"}, "no prompt 'support/triaje' here\ndid you mean 'support/triage'?"),
        ("render_prompt", {"ref": "support/triage@v9"}, "support/triage has no version v9"),
        ("render_prompt", {"ref": "a b"}, "is no prompt name"),
        ("render_prompt", {"ref": "support/triage", "inputs": [1]}, 'give an object, such as {"ticket": "…"}'),
        ("render_prompt", {"ref": "support/triage", "inputs": "{"}, "inputs are no JSON: Expecting property name"),
        ("render_prompt", {"ref": "support/triage", "inputs": {"times": "x"}}, "missing input 'ticket'"),
        (
            "render_prompt",
            {"ref": "support/triage", "inputs": {"times": "x"}},
            "input 'times' is 'x', not a whole number",
        ),
    ],
)
def test_what_is_wrong_is_told_to_the_model(store: Store, tool: str, given: dict[str, Any], said: str) -> None:
    assert said in failed(store, tool, **given)


def test_an_unknown_tool(store: Store) -> None:
    async def work(client: Client) -> MCPError:
        with pytest.raises(MCPError) as caught:
            await client.call_tool("render_promt", {})
        return caught.value

    error = ask(store, work)
    assert error.code == INVALID_PARAMS
    assert str(error) == "no tool 'render_promt'; did you mean 'render_prompt'? tools: search_prompts, render_prompt"


def test_a_hit_that_cannot_be_read_is_told_when_it_is_filled_in(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from promptlib.errors import InvalidFile

    def broken(*_: object) -> None:
        raise InvalidFile("this file is no prompt")

    monkeypatch.setattr(store, "load", broken)
    (hit,) = called(store, "search_prompts", need="sort tickets")["hits"]
    assert "inputs" not in hit
    assert failed(store, "render_prompt", ref="support/triage") == "this file is no prompt"
