"""A chain is no prompt of the protocol: it is found and told, and its steps are filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from mcp_types import INVALID_PARAMS
from pydantic import BaseModel

from promptlib import Chain, Prompt, Store, step, user
from tests.mcp_server.asking import ask, listed, refused

if TYPE_CHECKING:
    from pathlib import Path

    from mcp import Client
    from mcp_types import CallToolResult


class Notes(BaseModel):
    """What the first step takes."""

    notes: str


class Words(BaseModel):
    """What the second step takes."""

    text: str


@pytest.fixture
def chained(tmp_path: Path) -> Store:
    """A store with two prompts and the chain of both."""
    store = Store.init(tmp_path / "prompts.git", bare=True)
    first = store.save("meeting/sum-up", Prompt.define(Notes, user("Sum up: {{ notes }}")))
    second = store.save("meeting/decide", Prompt.define(Words, user("Decisions in: {{ text }}")))
    store.label("meeting/decide", "production", second)
    chain = Chain.define(
        Notes,
        step("sum", first, notes="notes"),
        step("decide", "meeting/decide@production", text="sum.text"),
        description="From notes to decisions",
        resolve=store.load,
    )
    store.save("meeting/whole", chain)
    return store


def test_a_chain_is_not_listed_and_is_not_broken(chained: Store) -> None:
    found = listed(chained)
    assert [each.name for each in found.prompts] == ["meeting/decide", "meeting/sum-up"]
    assert "promptlib/unreadable" not in (found.meta or {})


def test_a_chain_that_is_asked_for_says_what_its_steps_are(chained: Store) -> None:
    digest = chained.version("meeting/sum-up").short
    error = refused(chained, "meeting/whole", {"notes": "x"})
    assert error.code == INVALID_PARAMS
    assert str(error) == (
        "meeting/whole is a chain of 2 steps, and no prompt\n"
        f"its steps are prompts: meeting/sum-up#{digest}, meeting/decide@production"
    )


def test_a_search_tells_a_chain_and_its_steps_are_filled_in(chained: Store) -> None:
    async def work(client: Client) -> tuple[dict[str, Any], list[CallToolResult]]:
        found = await client.call_tool("search_prompts", {"need": "from notes to decisions"})
        (chain,) = [each for each in found.structured_content["hits"] if each["kind"] == "chain"]
        given = ({"notes": "x"}, {"text": "y"})
        return chain, [
            await client.call_tool("render_prompt", {"ref": ref, "inputs": inputs})
            for ref, inputs in zip(chain["steps"], given, strict=True)
        ]

    chain, rendered = ask(chained, work)
    assert chain["name"] == "meeting/whole"
    assert [each.structured_content["messages"][0]["content"] for each in rendered] == ["Sum up: x", "Decisions in: y"]
