"""Large and hostile texts: merged, or contested, and never for hours."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from promptlib import Prompt, system, user
from promptlib.merge import merge
from promptlib.merge.texts import SIDES, merge_texts
from promptlib.messages import Message, Text


def literal(text: str) -> Prompt[Any]:
    return Prompt(messages=(Message("system", (Text(text),), literal=True),))


def edited(items: list[str], random: Random, count: int, who: str, parity: int) -> list[str]:
    """Return *items* with so many changed, at even or at odd places."""
    found = list(items)
    for at in range(count):
        found[random.randrange(len(items) // 2) * 2 + parity] = f"{who}{at}"
    return found


def both(items: list[str], ours: list[str], theirs: list[str]) -> list[str]:
    return [mine if mine != item else yours for item, mine, yours in zip(items, ours, theirs, strict=True)]


@pytest.mark.parametrize("between", ["\n", "\r\n", " "])
@pytest.mark.parametrize("vocabulary", [100_000, 50], ids=["rare words", "common words"])
def test_a_hundred_edits_of_each_side_in_a_large_text(between: str, vocabulary: int) -> None:
    random = Random(1)
    items = [f"w{random.randrange(vocabulary)}" for _ in range(12_000)]
    ours, theirs = edited(items, random, 100, "o", 0), edited(items, random, 100, "t", 1)
    texts = [between.join(each) for each in (items, ours, theirs, both(items, ours, theirs))]
    found = merge_texts(*texts[:3])
    assert found.spots == ()
    assert found.taking("ours") == texts[3]


def test_more_edits_than_one_comparison_takes_among_lines_that_repeat() -> None:
    random = Random(2)
    items = [random.choice("ab") for _ in range(60_000)]
    ours, theirs = edited(items, random, 700, "o", 0), edited(items, random, 3, "t", 1)
    found = merge_texts(*("\n".join(each) for each in (items, ours, theirs)))
    assert found.spots == ()
    assert found.taking("ours").split("\n") == both(items, ours, theirs)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        (" " * 200_000, " " * 200_001, "b" + " " * 200_000, "b" + " " * 200_001),
        ("\n" * 200_000, "\n" * 200_001, "b" + "\n" * 200_000, "b" + "\n" * 200_001),
        ("{{" * 50_000, "{{" * 50_000 + "a", "b" + "{{" * 50_000, "b" + "{{" * 50_000 + "a"),
        ("{% a \n" * 30_000, "{% a \n" * 30_000 + "a", "b\n" + "{% a \n" * 30_000, "b\n" + "{% a \n" * 30_000 + "a"),
        ("{# " * 30_000, "{# " * 30_000 + "x", "", None),
        ("短" * 30_000, "短" * 30_000 + "い", "文" + "短" * 30_000, "文" + "短" * 30_000 + "い"),
    ],
    ids=["blanks", "newlines", "outputs", "statements", "comments", "characters"],
)
def test_hostile_texts(base: str, ours: str, theirs: str, merged: str | None) -> None:
    found = merge_texts(base, ours, theirs, template=True)
    assert bool(found.spots) == (merged is None)
    assert found.taking("ours") == (ours if merged is None else merged)


@pytest.mark.no_cover
def test_texts_of_the_same_words_in_no_common_order_conflict() -> None:
    random = Random(3)
    texts = ["\n".join(random.choice("abcdefgh") for _ in range(1_500)) for _ in SIDES]
    found, mirrored = merge_texts(*texts), merge_texts(texts[0], texts[2], texts[1])
    assert found.spots
    assert [found.taking(side) for side in ("ours", "theirs")] == [mirrored.taking(side) for side in ("theirs", "ours")]


def test_texts_without_a_word_in_common_conflict() -> None:
    texts = ["\n".join(f"{who}{at} {who}{at + 1}" for at in range(5_000)) for who in ("b", "o", "t")]
    found = merge_texts(*texts)
    assert len(found.spots) == 1
    assert [found.taking(side) for side in SIDES] == texts


def test_a_prompt_of_a_thousand_messages() -> None:
    pieces = [user(f"Question {at}.\nPlease.") for at in range(1_000)]
    base = Prompt.define(system("Answer."), *pieces)
    ours = base.evolve(messages=[system("Answer."), *pieces[:500], user("Ours is new."), *pieces[500:]])
    theirs = base.evolve(messages=[system("Answer."), *reversed(pieces[:2]), *pieces[2:900]])
    found = merge(base, ours, theirs)
    assert found.conflicts == ()
    assert found.prompt is not None
    texts = [piece.text for piece in found.prompt.messages]
    assert len(texts) == 902
    assert texts[1].startswith("Question 1.")
    assert texts[501] == "Ours is new."


@pytest.mark.soak
@pytest.mark.parametrize("between", ["\n", " "])
def test_a_megabyte(between: str, seed: int) -> None:
    random = Random(seed)
    items = [f"w{random.randrange(5_000)}" for _ in range(170_000)]
    ours, theirs = edited(items, random, 1_000, "o", 0), edited(items, random, 1_000, "t", 1)
    base, mine, yours, expected = (
        literal(between.join(each)) for each in (items, ours, theirs, both(items, ours, theirs))
    )
    assert merge(base, mine, yours).prompt == expected


@pytest.mark.soak
def test_megabytes_of_the_same_lines_in_no_common_order_end(seed: int) -> None:
    random = Random(seed)
    texts = ["\n".join(random.choice("ab") for _ in range(500_000)) for _ in range(3)]
    assert merge_texts(*texts).spots
