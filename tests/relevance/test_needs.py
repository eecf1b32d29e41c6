"""People find what serves them, without knowing what it is called."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.benchmarks.relevance import Scores, needs, plain_fts5, scores, shelf, stems

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from promptlib import Store

#: Words of names that tell nothing of what a prompt is about.
SMALL = frozenset(
    ["a", "an", "and", "any", "as", "at", "by", "for", "from", "in", "of", "on", "or", "s", "t", "the", "to"]
) | {"with"}
NEEDS = needs()


@pytest.fixture(scope="module")
def both(
    fabric_repository: Path, awesome_repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    """Return the shelf of both libraries; it is only read."""
    sources = {"fabric": fabric_repository, "awesome": awesome_repository}
    with shelf(tmp_path_factory.mktemp("shelf") / "both.git", sources) as store:
        yield store


@cache
def lexical(both: Store) -> Scores:
    return scores(lambda need: [hit.name for hit in both.search(need, limit=5)], NEEDS)


def test_the_set_is_what_it_says_it_is(both: Store) -> None:
    names = both.names()
    assert len(names) == 443
    assert set().union(*(need.accepted for need in NEEDS)) <= set(names)
    assert all(1 <= len(need.accepted) <= 5 for need in NEEDS)
    assert len({need.text for need in NEEDS}) == len(NEEDS)
    parts = {
        part: [need for need in NEEDS if (need.half, need.kind) == part] for part in ((n.half, n.kind) for n in NEEDS)
    }
    assert {part: len(rows) for part, rows in parts.items()} == {
        ("development", "everyday"): 86,
        ("development", "described"): 86,
        ("held_out", "everyday"): 85,
        ("held_out", "described"): 85,
    }


def test_no_need_holds_a_word_of_a_name_that_serves_it() -> None:
    for need in NEEDS:
        assert not (stems(need.accepted) - SMALL) & stems([need.text]), need


@pytest.mark.no_cover
def test_search_by_words_is_as_good_as_promised_and_no_worse_than_plain_full_text(both: Store) -> None:
    found = lexical(both)
    assert found.hit(5) >= 0.70
    assert found.hit(5) >= scores(plain_fts5(both), NEEDS).hit(5)


@pytest.mark.no_cover
def test_meaning_and_words_together_find_far_more_than_words(both: Store) -> None:
    """Both numbers of the fusion were chosen on the other half of the needs."""
    held_out = [need.half == "held_out" for need in NEEDS]
    fused = scores(
        lambda need: [hit.name for hit in both.search(need, limit=5, ranking="fused")],
        [need for need, chosen in zip(NEEDS, held_out, strict=True) if chosen],
    )
    words = Scores(tuple(place for place, chosen in zip(lexical(both).places, held_out, strict=True) if chosen))
    assert fused.hit(5) >= words.hit(5) + 0.05
    assert fused.hit(5) >= 0.78
