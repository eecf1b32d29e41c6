from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib.tokens import encoding
from promptlib.tokens.memo import Counts
from promptlib.tokens.seams import REACH, Composition, last_safe_cut
from promptlib.tokens.streaming import is_safe_cut
from tests.tokens.test_memo import Counter
from tests.tokens.texts import broken_texts, texts

if TYPE_CHECKING:
    from promptlib.tokens import TokenCounter

NAMES = ["o200k_base", "cl100k_base"]
#: What is put where: the place, and its texts.
CHANGES = st.lists(
    st.tuples(st.integers(0, 5), st.lists(broken_texts() | st.text(max_size=8), max_size=3)), max_size=12
)


@pytest.mark.parametrize("name", NAMES)
@given(CHANGES)
def test_parts_that_come_and_go_are_counted_as_the_whole_is(name: str, changes: list[tuple[int, list[str]]]) -> None:
    by = encoding(name)
    composed = Composition(Counts(by), [("Begin\n",), (), (), (), (), ()])
    places = ["Begin\n", "", "", "", "", ""]
    for place, words in changes:
        before = composed.tokens
        change = composed.change(place, words)
        assert composed.tokens == before
        composed.put(place, words)
        places[place] = "".join(words)
        assert composed.text == "".join(places)
        assert composed.tokens == before + change == by.count("".join(places))
        assert "".join(composed.held(place)) == places[place]
    assert composed.is_blank == (not "".join(places).strip())


@given(st.lists(texts(2), max_size=6))
def test_texts_in_a_row_are_nearly_counted_even_without_safe_cuts(given: list[str]) -> None:
    by = encoding("o200k_base")
    found = Composition(Counts(by), [given]).tokens
    real = by.count("".join(given))
    # Where no safe cut is near a seam it is a guess, which whoever needs the number verifies.
    assert abs(found - real) <= 6 * len(given)


def test_a_text_between_others_is_counted_with_them() -> None:
    by = encoding("o200k_base")
    composed = Composition(Counts(by), [("The foot",), (), ("er is here",)])
    assert composed.tokens == by.count("The footer is here")
    assert composed.change(1, ("work",)) == by.count("The footworker is here") - by.count("The footer is here")


def test_only_the_neighbourhood_of_a_seam_is_encoded(encoded: list[str]) -> None:
    by = encoding("o200k_base")
    counts = Counts(by)
    composed = Composition(counts, [("word " * 10_000,), (), (" word" * 10_000,)])
    encoded.clear()
    composed.put(1, ("and so it goes on",))
    assert sum(map(len, encoded)) < 200


def test_a_seam_without_safe_cuts_is_looked_at_no_further_than_its_reach(encoded: list[str]) -> None:
    by = encoding("o200k_base")
    composed = Composition(Counts(by), [*[("a" * 100,)] * 10, (), *[("b" * 100,)] * 10])
    encoded.clear()
    composed.put(10, ("c",))
    assert max(map(len, encoded)) <= 2 * REACH + 1


def test_under_another_counter_parts_are_added_up() -> None:
    by: TokenCounter = Counter()
    composed = Composition(Counts(by), [("one two",), (), ("three",)])
    assert composed.tokens == 3
    composed.put(1, ("fo", "ur five"))
    assert composed.tokens == 6
    composed.put(1, ())
    assert (composed.tokens, composed.text) == (3, "one twothree")


@given(broken_texts())
def test_the_last_safe_cut_is_the_last(text: str) -> None:
    found = last_safe_cut(text)
    safe = [at for at in range(1, len(text)) if is_safe_cut(text[at - 1], text[at])]
    assert found in (None, *safe)
    if found is not None:
        assert found == safe[-1]


def test_a_text_that_has_hardly_any_safe_cut_is_given_up() -> None:
    assert last_safe_cut("b " + "a\u0301" * 100) is None
    assert last_safe_cut("") is None


def test_a_text_that_is_known_is_not_encoded_again_at_its_seams(encoded: list[str]) -> None:
    counts = Counts(encoding("o200k_base"))
    text = "words that go on and on, " * 400 + "up to the en"
    counts.count(text)
    composed = Composition(counts, [("Context: ",), (), ("d of it.",)])
    encoded.clear()
    composed.put(1, (text,))
    assert sum(map(len, encoded)) < 300
    assert composed.tokens == counts.by.count("Context: " + text + "d of it.")
