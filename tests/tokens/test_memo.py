from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib.errors import InvalidInputs
from promptlib.tokens import Exactness, count_many, count_tokens, encoding, memo
from promptlib.tokens.memo import Counts, counts_of
from tests.tokens.texts import TEXTS, chinese, english


@dataclass(eq=False)
class Counter:
    """Counts words, and remembers what it was asked."""

    name: str = "words"
    exactness: Exactness = "estimate"
    asked: list[str] = field(default_factory=list)

    def count(self, text: str, /) -> int:
        self.asked.append(text)
        return len(text.split())


@dataclass
class WithoutHash(Counter):
    """A counter that is equal to others and has no hash."""


def test_a_text_is_counted_once() -> None:
    by = Counter()
    counts = Counts(by)
    for text in ("one two", "one two", "a longer text " * 20, "a longer text " * 20, ""):
        assert counts.count(text) == len(text.split())
    assert len(by.asked) == 2


@given(TEXTS, st.integers(-1, 200), st.sampled_from(["o200k_base", "cl100k_base"]))
def test_a_limit_is_told_from_a_count(text: str, limit: int, name: str) -> None:
    by = encoding(name)
    real = by.count(text)
    counts = Counts(by)
    assert counts.at_most(text, limit) == (real if real <= limit else None)
    assert counts.at_most(text, limit) == (real if real <= limit else None)
    assert counts.count(text) == real
    assert counts.told(text) == (real, True)
    assert counts.at_most(text, real) == real
    assert counts.at_most(text, real - 1) is None


@pytest.mark.parametrize(
    "text",
    [english(400_000), chinese(100_000), "x" * 60_000, chinese(60_000, punctuation="")],
    ids=["english", "chinese", "one letter", "unbroken Chinese"],
)
def test_a_text_that_is_far_too_long_is_not_encoded_to_its_end(text: str, encoded: list[str]) -> None:
    counts = Counts(encoding("o200k_base"))
    assert counts.at_most(text, 500) is None
    assert sum(map(len, encoded)) < 20_000


def test_a_counter_without_safe_cuts_is_asked_once() -> None:
    by = Counter()
    counts = Counts(by)
    assert counts.at_most("one two three", 2) is None
    assert counts.at_most("one two three", 3) == 3
    assert counts.told("one two three") == (3, True)
    assert counts.told("never asked") == (1, False)
    assert counts.told("one " * 20_000) == (1, False)
    assert len(by.asked) == 1


def test_how_much_a_long_text_has_is_told_by_its_size() -> None:
    counts = Counts(encoding("o200k_base"))
    assert counts.told("é" * 100_000) == (-(-200_000 // 128), False)
    assert counts.told("hello world") == (2, True)
    assert counts.told("") == (0, True)


def test_blanks_that_no_engine_encodes_are_refused_where_they_matter() -> None:
    text = "x" + " " * 1_000_000
    counts = Counts(encoding("o200k_base"))
    assert counts.at_most(text, 7_000) is None
    with pytest.raises(InvalidInputs, match="the text holds more than 999,000 blanks in a row"):
        counts.at_most(text, 8_000)


def test_what_was_found_out_in_another_way_is_remembered() -> None:
    by = Counter()
    counts = Counts(by)
    counts.learn("one two", 2)
    counts.learn("", 7)
    assert (counts.count("one two"), counts.count("")) == (2, 0)
    assert by.asked == []


def test_the_memory_is_bounded_and_keeps_what_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo, "MOST", 8)
    by = Counter()
    counts = Counts(by)
    for index in range(20):
        counts.count(f"text {index}")
        counts.count("again and again")
    assert by.asked.count("again and again") == 1
    counts.count("text 0")
    assert by.asked.count("text 0") == 2


def test_counters_have_counts_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Counter(), Counter()
    assert counts_of(first) is counts_of(first)
    assert counts_of(first) is not counts_of(second)
    assert counts_of(WithoutHash()) is not counts_of(WithoutHash())
    monkeypatch.setattr(memo, "MOST_COUNTERS", 1)
    kept = counts_of(Counter())
    assert kept.count("one") == 1


def test_many_texts_are_counted_in_their_order() -> None:
    given = (text for text in ("hello world", "", "hello world", "<|endoftext|>"))
    found = count_many(given)
    assert found == [count_tokens(text) for text in ("hello world", "", "hello world", "<|endoftext|>")]
    assert repr(found[0]) == "TokenCount(2, exact by o200k_base)"
    assert repr(count_many(["one two"], encoding=Counter())[0]) == "TokenCount(2, estimate by words)"
    assert count_many([]) == []


def test_what_is_no_text_is_refused_by_any_counter_of_ours() -> None:
    with pytest.raises(InvalidInputs, match="tokens are counted in a text, not in a int"):
        count_many([3])  # type: ignore[list-item] # on purpose
