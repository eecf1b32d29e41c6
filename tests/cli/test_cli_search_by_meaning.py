"""`promptlib search --ranking`: what is found by meaning, and how it is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from promptlib import Prompt, Store, user
from promptlib.cli import completing, search
from promptlib.query import Hit, Hits, Snippet


@pytest.fixture
def shelf(bare: Any) -> Any:
    with Store(bare.folder) as store:
        for name, text, about in (
            ("cook/lentils", "Boil lentils.", "A vegetarian dish"),
            ("garage/noise", "Find out why a car makes a noise.", ""),
        ):
            store.save(name, Prompt(messages=(user(text, literal=True),), description=about))
    return bare


def test_the_ranking_is_an_option_and_a_setting(shelf: Any) -> None:
    assert shelf("search", "dinner without meat").code == 1
    for ranking in ("semantic", "fused"):
        ended = shelf("search", "dinner without meat", "--ranking", ranking, "-n", "1")
        assert (ended.code, ended.out, ended.err) == (0, "cook/lentils\n", "")
    assert shelf("search", "dinner without meat", "--embedder", "wordllama", "-n", "1").out == "cook/lentils\n"
    (hit,) = json.loads(shelf("search", "dinner without meat", "--ranking", "semantic", "-n", "1", "--json").out)[
        "hits"
    ]
    assert (hit["field"], hit["snippet"]) == ("meaning", {"text": "A vegetarian dish", "marks": []})


def test_what_is_none_is_told(shelf: Any) -> None:
    ended = shelf("search", "car", "--ranking", "best")
    assert (ended.code, ended.out) == (2, "")
    assert "ranking='best' is none of lexical, semantic, fused" in ended.err
    ended = shelf("search", "car", "--ranking", "fused", "--embedder", "os:system")
    assert (ended.code, ended.out) == (2, "")
    assert "no embedder is called 'os:system'" in ended.err


def test_a_terminal_says_what_was_found_by_meaning_once() -> None:
    def told(description: str) -> list[str]:
        snippet = Snippet("Boil lentils.")
        hit = Hit(
            name="cook/lentils", version=None, score=1.0, field="meaning", snippet=snippet, description=description
        )
        return ["".join(text for text, _ in row) for row in search.rows(Hits((hit,), 1))]

    assert told("A meal") == ["cook/lentils  by meaning", "    A meal"]
    assert told("") == ["cook/lentils  by meaning", "    Boil lentils."]


def test_words_of_the_options_are_completed() -> None:
    assert completing.rankings("") == ["lexical", "semantic", "fused"]
    assert completing.rankings("f") == ["fused"]
    assert completing.embedders("w") == ["wordllama"]
