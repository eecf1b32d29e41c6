"""Which words were removed and added."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib.diff import Stretch, visible, word_lines
from promptlib.diff.wording import compare_words, matches, words_of

prose = st.lists(st.sampled_from(["a", "b", "the", " ", " ", "\n", ", ", "{{ x }}", "日本"]), max_size=30).map("".join)
texts = st.text(max_size=30) | prose


def marked(before: str, after: str) -> str:
    return "\n".join(str(line) for line in word_lines(compare_words(before, after), None))


class TestWords:
    @given(texts)
    def test_words_joined_are_the_text(self, text: str) -> None:
        assert "".join(words_of(text)) == text

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("Don't stop.", ["Don", "'", "t", " ", "stop", "."]),
            ("{{ ticket }}s", ["{{ ticket }}", "s"]),
            ("e\u0301te\u0301 snake_case", ["e\u0301te\u0301", " ", "snake_case"]),
            ("日本 한국", ["日", "本", " ", "한", "국"]),
            ("“a” – b", ["“", "a", "”", " ", "–", " ", "b"]),
        ],
    )
    def test_what_is_a_word(self, text: str, words: list[str]) -> None:
        assert words_of(text) == words


class TestComparison:
    @given(texts, texts)
    def test_the_stretches_hold_both_texts(self, before: str, after: str) -> None:
        stretches = compare_words(before, after)
        assert "".join(each.text for each in stretches if each.edit != "added") == before
        assert "".join(each.text for each in stretches if each.edit != "removed") == after
        assert all(each.text for each in stretches)
        assert (before == after) == all(each.edit == "same" for each in stretches)

    @given(texts, texts)
    def test_neighbours_are_of_different_edits_and_removals_come_first(self, before: str, after: str) -> None:
        edits = [each.edit for each in compare_words(before, after)]
        allowed = {("same", "removed"), ("same", "added"), ("removed", "added"), ("removed", "same"), ("added", "same")}
        assert set(pairwise(edits)) <= allowed

    @given(st.lists(st.integers(0, 3), max_size=12), st.lists(st.integers(0, 3), max_size=12))
    def test_matches_are_a_longest_common_subsequence(self, before: list[int], after: list[int]) -> None:
        pairs = matches(before, after)
        assert all(before[old] == after[new] for old, new in pairs)
        assert all(one[0] < two[0] and one[1] < two[1] for one, two in pairwise(pairs))
        assert len(pairs) == longest_common(before, after)

    @pytest.mark.parametrize(
        ("before", "after", "text"),
        [
            ("Sort tickets.", "Sort tickets quickly.", "Sort tickets{+ quickly+}."),
            ("a warm voice", "a plain voice", "a [-warm-]{+plain+} voice"),
            ("a b c d", "a x y d", "a [-b c-]{+x y+} d"),
            ("one\ntwo\nthree", "one\nthree", "one\n[-two-]\nthree"),
            ("one\nthree", "one\n\nthree", "one\n{+\\n+}\nthree"),
            ("one\ntwo", "one two", "one[-\\n-]\n{+ +}two"),
            ("", "all new", "{+all new+}"),
            ("all gone", "", "[-all gone-]"),
            ("x", "x", "x"),
            ("", "", ""),
            ("{{ a }}!", "{{ b }}!", "[-{{ a }}-]{+{{ b }}+}!"),
            ("日本語", "日中語", "日[-本-]{+中+}語"),
        ],
    )
    def test_what_people_see(self, before: str, after: str, text: str) -> None:
        assert marked(before, after) == text


class TestWorstCases:
    """What would take minutes or more if the work were not bounded."""

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("a " * 40_000, "a " * 39_000 + "b " * 1_000),
            (("a\n" * 20_000) + "b\n", "b\n" + ("a\n" * 20_000)),
            ("x" * 1_000_000, "x" * 999_999 + "y"),
            (" ".join(map(str, range(30_000))), " ".join(map(str, range(30_000, 0, -1)))),
            (
                "".join(random.Random(1).choices("ab \n", k=90_000)),
                "".join(random.Random(2).choices("ab \n", k=90_000)),
            ),
            ("\n".join("a b c d e f g h" for _ in range(4_000)), "\n".join("h g f e d c b a" for _ in range(4_000))),
        ],
    )
    def test_long_and_repetitive_texts_are_compared(self, before: str, after: str) -> None:
        stretches = compare_words(before, after)
        assert "".join(each.text for each in stretches if each.edit != "added") == before
        assert "".join(each.text for each in stretches if each.edit != "removed") == after

    def test_past_the_limit_lines_are_compared_and_words_are_not(self) -> None:
        old, new = ("".join(f"{word} line {at} {word}\n" for at in range(10_000)) for word in ("old", "new"))
        stretches = compare_words(old + "same\n", new + "same\n")
        assert stretches == (Stretch("removed", old), Stretch("added", new), Stretch("same", "same\n"))

    def test_one_word_in_a_long_text_is_found_by_lines(self) -> None:
        long = "same line\n" * 30_000
        stretches = compare_words(long + "old word\n", long + "new word\n")
        assert stretches[1:] == (Stretch("removed", "old"), Stretch("added", "new"), Stretch("same", " word\n"))

    def test_one_word_in_one_line_of_a_megabyte_is_found(self) -> None:
        words = [f"word{at}" for at in range(120_000)]
        before = " ".join(words)
        after = " ".join([*words[:70_000], "another one", *words[70_001:]])
        assert [(each.edit, each.text) for each in compare_words(before, after)][1:3] == [
            ("removed", "word70000"),
            ("added", "another one"),
        ]


class TestLines:
    def test_only_what_is_near_a_change_is_shown(self) -> None:
        before = "\n".join(map(str, range(20)))
        lines = word_lines(compare_words(before, before.replace("10", "ten")))
        assert [str(line) for line in lines] == ["8", "9", "[-10-]{+ten+}", "11", "12"]
        assert [line.changed for line in lines] == [False, False, True, False, False]
        assert [line.skipped for line in lines] == [8, 0, 0, 0, 0]

    @given(texts, texts)
    def test_all_lines_hold_all_words(self, before: str, after: str) -> None:
        stretches = compare_words(before, after)
        shown = [word for line in word_lines(stretches, None) for word in line.words]
        for edit in ("same", "removed", "added"):
            expected = "".join(each.text for each in stretches if each.edit == edit).replace("\n", "")
            assert "".join(word.text for word in shown if word.edit == edit).replace("\n", "") == expected

    @given(st.text(max_size=40))
    def test_a_terminal_is_told_nothing(self, text: str) -> None:
        shown = visible(text)
        assert not any(ord(char) < 32 and char != "\t" for char in shown)
        assert not set("\x1b\x7f\x9b\u202a\u202b\u202d\u202e\u2066\u2067\u2069\u200f\u2028") & set(shown)

    def test_what_is_shown_as_an_escape(self) -> None:
        assert visible("\x1b[31m \u202e \r é 👩\u200d🚀\t") == "\\x1b[31m \\u202e \\r é 👩\u200d🚀\t"


def longest_common(before: list[int], after: list[int]) -> int:
    """Return the length by the table of the textbook."""
    row = [0] * (len(after) + 1)
    for old in before:
        last = 0
        for at, new in enumerate(after, 1):
            last, row[at] = row[at], last + 1 if old == new else max(row[at], row[at - 1])
    return row[-1]
