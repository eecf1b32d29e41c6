"""Names that are known, found in a text: as whole words, in any case, however many there are."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptlib.fairness.folding import folded, look
from promptlib.fairness.knowing import Known

FOUND: dict[str, tuple[str, tuple[str, ...], list[str]]] = {
    "any case": ("EMILY and emily", ("Emily",), ["EMILY", "emily"]),
    "whole words": ("Yorker, York_, New-York", ("York",), ["York"]),
    "the longest": ("New York City", ("New York", "York", "New York City"), ["New York City"]),
    "behind a longer one that is not there": ("New York Town", ("New York City", "New York"), ["New York"]),
    "with signs": ("O'Brien's", ("O'Brien",), ["O'Brien"]),
    "beginning with a sign": ("in 's Gravenhage", ("'s Gravenhage",), ["'s Gravenhage"]),
    "ending with a sign": ("I am deaf.b", ("I am deaf.",), ["I am deaf."]),
    "letters that are two in small": ("Groß GROSS", ("Groß",), ["Groß", "GROSS"]),
    "the Turkish i": ("YILMAZ, İzmir", ("Yılmaz", "Izmir"), ["YILMAZ", "İzmir"]),
    "nothing": ("Emil", ("Emily", "…"), []),
}


@pytest.mark.parametrize(("text", "known", "expected"), FOUND.values(), ids=FOUND)
def test_what_is_known_is_found(text: str, known: tuple[str, ...], expected: list[str]) -> None:
    found = Known({each: each for each in known}).found(text)
    assert [text[start:end] for start, end, _ in found] == expected


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("ab é", min_size=1, max_size=4), max_size=4), st.text("abAé .", max_size=12))
def test_whatever_is_found_is_there_and_apart(known: list[str], text: str) -> None:
    done = 0
    for start, end, source in Known({each: each for each in known}).found(text):
        assert done <= start < end
        assert text[start:end].casefold() == source.casefold()
        done = end


@given(st.text(max_size=20))
@settings(max_examples=60, deadline=None)
def test_what_is_folded_knows_where_it_stood(text: str) -> None:
    read, offsets = folded(text)
    assert len(read) == len(offsets)
    assert offsets == sorted(offsets)
    assert all(0 <= each < len(text) for each in offsets)
    assert look(text) == look(text.upper().lower()) or not text.isascii()
