from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib.segments import FINE_TO_COARSE, Boundary
from promptlib.tokens.edges import head_edge, tail_edge


def cut(text: str, boundary: Boundary) -> tuple[str, str]:
    """Cut *text* at its `|`: return what the start and what the end keeps of it."""
    position = text.index("|")
    whole = text.replace("|", "", 1)
    return whole[: head_edge(whole, position, boundary)], whole[tail_edge(whole, position, boundary) :]


@pytest.mark.parametrize(
    ("text", "boundary", "head", "tail"),
    [
        ("one two th|ree four", "word", "one two", "four"),
        ("one two| three", "word", "one two", "three"),
        ("one two |three", "word", "one two", "three"),
        ("don|'t go", "word", "don", "go"),  # nothing before: the next finer boundary
        ("we don|'t go", "word", "we", "go"),
        ("we don'|t go", "word", "we", "go"),
        ("he said '|no'", "word", "he said '", "no'"),
        ("he said 'no|' twice", "word", "he said 'no", "' twice"),
        ("snake_|case", "word", "snake_", "case"),
        ("a snake_|case b", "word", "a", "b"),
        ("你好|世界", "word", "你好", "世界"),
        ("naï|ve idea", "word", "naï", "idea"),
        ("an e\u0301te\u0301|s x", "word", "an", "x"),
        ("One. Two th|ree. Four.", "sentence", "One.", "Four."),
        ("One. |Two. Three", "sentence", "One.", "Two. Three"),
        ("Title\n\none tw|o\n\nOther", "sentence", "Title", "Other"),
        ("One. Two\n\nthr|ee. Four", "sentence", "One. Two", "Four"),
        ("One.| Two. Three", "sentence", "One.", "Two. Three"),
        ('He said "No!" Then| he. Left', "sentence", 'He said "No!"', "Left"),
        ("Version 1.5 is| out now", "sentence", "Version 1.5 is", "out now"),
        ("一。二三|四。五", "sentence", "一。", "五"),
        ("one\ntwo th|ree\nfour", "line", "one\n", "four"),
        ("one\n|two\nthree", "line", "one\n", "two\nthree"),
        ("one\r\ntwo| x\r\nfour", "line", "one\r\n", "four"),
        ("One. Tw|o", "line", "One.", "o"),
        ("a\nb\n\nc\nd| e\n\n\nf", "paragraph", "a\nb\n\n", "f"),
        ("a\n\n|b", "paragraph", "a\n\n", "b"),
        ("a\r\n\r\nb| c\r\n\r\nd", "paragraph", "a\r\n\r\n", "d"),
        ("a\nb |c\nd", "paragraph", "a\n", "d"),
        ("|abc", "paragraph", "", "abc"),
        ("abc|", "paragraph", "abc", ""),
    ],
)
def test_what_belongs_together_is_not_cut(text: str, boundary: Boundary, head: str, tail: str) -> None:
    assert cut(text, boundary) == (head, tail)


@pytest.mark.parametrize(
    "whole",
    [
        "\r\n",
        "e\u0301",
        "e\u0301\u0302\u0303",
        "👍🏽",
        "👨\u200d👩\u200d👧",
        "🏴\U000e0067\U000e0062\U000e007f",
        "❤\ufe0f",
        "각",
        "\u1100\u1161\u11a8",
        "가\u11a8",
        "\u1100가",
        "ｶ\uff9e",
        "क\u093f",
        "1\ufe0f\u20e3",
    ],
)
def test_a_character_as_people_see_it_is_one(whole: str) -> None:
    for before, after in (("x", "y"), ("你", "你"), ("👍", "👍")):
        text = before + whole + after
        inside = range(len(before) + 1, len(before) + len(whole))
        assert {head_edge(text, at, "token") for at in inside} <= {len(before)}
        assert {tail_edge(text, at, "token") for at in inside} <= {len(before) + len(whole)}
        assert head_edge(text, len(before) + len(whole), "token") == len(before) + len(whole)


def test_flags_are_pairs() -> None:
    flags = "🇩🇪🇫🇷🇮🇹"
    assert [head_edge(flags, at, "token") for at in range(1, 6)] == [0, 2, 2, 4, 4]
    assert [tail_edge(flags, at, "token") for at in range(1, 6)] == [2, 2, 4, 4, 6]


def test_a_joiner_joins_only_pictures() -> None:
    assert head_edge("a\u200dé", 2, "token") == 2
    assert head_edge("a\u200d語", 2, "token") == 2
    assert head_edge("\n\u0301", 1, "token") == 1


def test_endless_marks_and_words_can_be_cut() -> None:
    assert head_edge("e" + "\u0301" * 500, 400, "token") == 400
    assert tail_edge("e" + "\u0301" * 500, 100, "token") == 100
    assert head_edge("one " + "x" * 600, 500, "word") == 500
    assert tail_edge("x" * 600 + " one", 100, "word") == 100
    assert head_edge("one " + "x" * 600, 200, "word") == 3


def test_a_far_sentence_is_found() -> None:
    text = "One. " + "word " * 1_000
    assert head_edge(text, 4_500, "sentence") == 4
    assert head_edge("word " * 1_000, 4_501, "sentence") == 4_499


@given(
    st.text(alphabet=st.sampled_from("ab1_ .!?\n\r'’\"你。\u0301\u200d👍🇩🇪 "), max_size=40),
    st.integers(0, 40),
    st.sampled_from(FINE_TO_COARSE),
)
def test_an_edge_never_keeps_more_and_is_stable(text: str, position: int, boundary: Boundary) -> None:
    position = min(position, len(text))
    head, tail = head_edge(text, position, boundary), tail_edge(text, position, boundary)
    assert 0 <= head <= position <= tail <= len(text)
    if boundary != "word":
        assert 0 < head == head_edge(text, head, boundary) or head == 0


def test_boundaries_go_from_fine_to_coarse() -> None:
    text = "One two. Three four\nfive six\n\nseven eight nine"
    kept = [text[: head_edge(text, len(text) - 2, boundary)].rstrip() for boundary in FINE_TO_COARSE]
    assert all(fine.startswith(coarse) for fine, coarse in pairwise(kept))
    assert kept[1:] == [text[:-5], *[text[:-18]] * 3]
