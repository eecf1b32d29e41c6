"""Searching a store finds what a need says, whatever is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptlib import Prompt, Store, user

if TYPE_CHECKING:
    from pathlib import Path


def prompt(text: str, description: str = "") -> Prompt[Any]:
    """Return a prompt of one literal message."""
    return Prompt(messages=(user(text, literal=True),), description=description)


def test_a_need_finds_the_prompt_that_meets_it(tmp_path: Path) -> None:
    with Store.init(tmp_path / "prompts.git", bare=True) as store:
        store.save("notes/meeting", prompt("List every decision that was made.", description="Turn minutes to actions"))
        store.save("cook/soup", prompt("Write a recipe for soup."))
        hits = store.search("a soup that I can have")
        assert [hit.name for hit in hits] == ["cook/soup"]
        hit = hits[0]
        assert (hit.field, hits.total, hits.words) == ("body", 1, ("soup",))
        assert [hit.snippet.text[start:end] for start, end in hit.snippet.marks] == ["soup"]
        assert store.related("cook/soup").total == 0
        assert store.duplicates() == ()
