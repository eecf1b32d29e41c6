"""The language of words and stems is a setting of the store, and a change of it makes the words anew."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Prompt, Store, user
from promptlib.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from promptlib.store import View


def prompt(text: str) -> Prompt[Any]:
    """Return a prompt of one literal message."""
    return Prompt(messages=(user(text, literal=True),))


def names(store: View, need: str) -> list[str]:
    return [hit.name for hit in store.search(need)]


def test_a_bare_store_says_it_in_its_configuration(tmp_path: Path) -> None:
    def configure(language: str) -> None:
        command = ["git", "-C", str(tmp_path / "prompts.git"), "config", "promptlib.search.language", language]
        subprocess.run(command, check=True)

    with Store.init(tmp_path / "prompts.git", bare=True) as store:
        store.save("lager", prompt("Zwei Bücher"))
        assert names(store, "Buch.") == []
    turns: tuple[tuple[str, list[str]], ...] = (
        ("german", ["lager"]),
        ("none", []),
        ("german", ["lager"]),
        ("english", []),
    )
    for at, (language, found) in enumerate(turns):
        configure(language)
        with Store(tmp_path / "prompts.git") as store:
            assert names(store, "Buch.") == found, language
            assert names(store, "zwei") == ["lager"]
            store.save("lager", prompt(f"Zwei Bücher, {language} {at}"))
            assert names(store, language) == ["lager"]
    configure("germen")
    with Store(tmp_path / "prompts.git") as store, pytest.raises(StoreError, match="language"):
        store.search("Buch")


def test_a_project_says_it_in_its_settings(application: Path, run: Callable[..., str]) -> None:
    with Store.init(application) as store:
        store.save("lager", prompt("Zwei Bücher"))
        assert names(store, "Buch.") == []
        (application / "pyproject.toml").write_text('[tool.promptlib.search]\nlanguage = "german"\n')
        assert names(store, "Buch.") == ["lager"]
        assert names(store.at("main"), "Buch.") == ["lager"]
