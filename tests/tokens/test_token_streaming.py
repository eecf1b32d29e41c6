from __future__ import annotations

import sys
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib.tokens import encoding
from promptlib.tokens.streaming import Stream, is_safe_cut, safe_cut

NAMES = ["o200k_base", "cl100k_base"]
MIXED = st.text(
    alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from("aZ ſ's'LL ré12½٣\n\t\r/_-.你ー\u0301\u200d"))
)


@pytest.mark.parametrize("name", NAMES)
@given(MIXED)
def test_tokens_on_both_sides_of_a_safe_cut_are_those_of_the_whole(name: str, text: str) -> None:
    encode = encoding(name).encode
    whole = encode(text)
    for at in range(1, len(text)):
        if is_safe_cut(text[at - 1], text[at]):
            assert encode(text[:at]) + encode(text[at:]) == whole


@pytest.mark.parametrize("name", NAMES)
def test_a_cut_is_safe_beside_characters_of_every_kind(name: str) -> None:
    encode = encoding(name).encode
    random = Random(7)
    beside = "aé你1½'’-\n\r /\u0301\u093f_👍\u200d。"
    found = 0
    for _ in range(6_000):
        char = chr(random.choice([random.randrange(0x300), random.randrange(0x3000), random.randrange(sys.maxunicode)]))
        if "\ud800" <= char <= "\udfff":
            continue
        other = random.choice(beside)
        for before, after in ((char, other), (other, char)):
            if is_safe_cut(before, after):
                found += 1
                left, right = f"x '{before}", f"{after}s b"
                assert encode(left) + encode(right) == encode(left + right), (before, after)
    assert found > 2_000


@pytest.mark.parametrize(
    ("before", "after", "safe"),
    [
        ("a", " ", True),
        (".", " ", True),
        ("\n", " ", False),
        (" ", " ", False),
        ("\x1c", " ", False),
        ("a", ".", True),
        ("a", "\n", True),
        ("\n", "a", True),
        ("\r", "你", True),
        ("\n", "#", True),
        ("\n", "/", False),
        ("\n", "\n", False),
        ("\n", "\u0301", False),
        ("a", "1", True),
        ("a", "'", False),
        ("a", "’", True),
        ("a", "b", False),
        ("a", "\u0301", False),
        ("1", "a", True),
        ("1", "1", False),
        ("1", "\u0301", False),
        (".", "\n", False),
        (".", "a", False),
        ("a", "👍", False),  # younger than Unicode 3.2
        ("a", "\ud800", False),
        ("你", "。", True),
        ("_", "a", False),
    ],
)
def test_safe_cuts(before: str, after: str, safe: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_safe_cut(before, after) is safe


def test_the_first_safe_cut_is_found_between_two_places() -> None:
    text = "abc def. ghi"
    assert safe_cut(text, 0, len(text)) == 3
    assert safe_cut(text, 4, len(text)) == 7
    assert safe_cut(text, 4, 6) is None
    assert safe_cut(text, 9, 99) is None
    assert safe_cut("a\u0301" * 100 + " b", 0, 300) is None


@pytest.mark.parametrize("from_end", [False, True])
def test_what_was_read_between_safe_cuts_is_exactly_the_whole_s_tokens(*, from_end: bool) -> None:
    text = "The quick brown fox, it's 12345 years old.\n\n你好，世界。" * 200
    by = encoding("o200k_base")
    whole = by.encode(text)
    stream = Stream(by, text, from_end=from_end)
    for wanted in (1, 100, 101, 2_000, 10**6):
        stream.read(wanted)
        assert stream.known == stream.total >= min(wanted, len(whole))
        for tokens in (0, 1, stream.total // 2, stream.total):
            place = stream.position(tokens)
            kept = whole[len(whole) - tokens :] if from_end else whole[:tokens]
            length = len(by.decode_bytes(kept).decode(errors="ignore"))
            assert place == (len(text) - length if from_end else length)
    assert stream.done
    assert stream.edge == (0 if from_end else len(text))
    assert stream.total == len(whole)


@pytest.mark.parametrize("from_end", [False, True])
def test_a_stretch_without_safe_cuts_is_loose(*, from_end: bool) -> None:
    text = "".join(Random(8).choices("abcdefghij", k=50_000))
    stream = Stream(encoding("o200k_base"), text, from_end=from_end)
    stream.read(1_000)
    assert (stream.total, stream.done) == (0, False)
    assert 1_000 < stream.known < 1_400
    assert 0 < stream.edge < len(text)
    before = stream.known
    stream.read(5_000)
    assert stream.known == before


def test_a_cut_within_an_unbroken_stretch_is_found_later() -> None:
    text = "".join(Random(9).choices("abcdefghij", k=9_000)) + " and then words go on for a while" * 500
    by = encoding("o200k_base")
    stream = Stream(by, text)
    stream.read(4_500)
    assert stream.loose is None
    assert stream.total == len(by.encode(text[: stream.edge]))
