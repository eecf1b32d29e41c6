"""The text of a difference fits its width, whatever is in it, and shows old and new beside each other in a wide one."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib import Prompt, system, user
from promptlib.columns import wide
from promptlib.diff import diff
from promptlib.diff.layout import WIDE

BEFORE = Prompt.define(system("You sort support tickets for a shop.\nBe warm."), user("Go"))
AFTER = BEFORE.evolve(messages=[system("You sort tickets for a shop.\nBe warm.\nNever guess."), user("Go")])


def test_beside_each_other_from_a_width_on() -> None:
    narrow, broad = (diff(BEFORE, AFTER).text(width) for width in (WIDE - 1, WIDE))
    assert "│" not in narrow
    assert "      You sort [-support -]tickets for a shop." in narrow
    rows = [row for row in broad.splitlines() if "│" in row]
    left, right = zip(*(row.split(" │", 1) for row in rows), strict=True)
    assert [part.strip() for part in left] == ["You sort [-support -]tickets for a shop.", "Be warm.", ""]
    assert [part.strip() for part in right] == ["You sort tickets for a shop.", "Be warm.", "{+Never guess.+}"]
    assert len({wide(part) for part in left}) == 1


def test_what_came_or_went_as_a_whole_has_the_whole_width() -> None:
    words = "word " * 21 + "end"
    text = diff(BEFORE, BEFORE.evolve(messages=[*BEFORE.messages, user(words)])).text(140)
    assert f"      {{+{words}+}}" in text.splitlines()


LONG = "A customer who writes for the third time about one matter is urgent. "
PIECES = [
    "word ",
    "日本語の文章",
    "👩\u200d🚀",
    "\t",
    "x" * 300,
    "e\u0301",
    "❤\ufe0f ",
    "\n",
    LONG,
    "{{ x }} ",
    "\x1b[31m",
    "\u202e",
]


@pytest.mark.parametrize("width", [120, 140, 200])
def test_every_row_fits_and_the_gutter_is_one_column(width: int) -> None:
    chosen = random.Random(7)
    for _ in range(40):
        texts = ["".join(chosen.choices(PIECES, k=chosen.randint(1, 14))) for _ in range(2)]
        common = "".join(chosen.choices(PIECES, k=8))
        before, after = (Prompt.define(user(f"{common}{text}{common}", literal=True)) for text in texts)
        rows = [row for row in diff(before, after).text(width).splitlines() if " │" in row]
        assert all(wide(row) <= width for row in rows)
        assert len({wide(row.split(" │", 1)[0]) for row in rows}) <= 1


@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from([30, 80, 140]))
def test_nothing_that_a_terminal_obeys_is_in_it(one: str, two: str, width: int) -> None:
    one, two = (text.encode("utf-8", "replace").decode() for text in (one, two))
    before, after = (Prompt.define(user(f"a {text} b", literal=True), description=text) for text in (one, two))
    shown: Any = diff(before, after).text(width)
    assert not [char for char in shown if ord(char) < 32 and char not in "\t\n"]
    assert not set("\x7f\x9b\u202a\u202b\u202d\u202e\u2066\u2067\u2069\u200f\u2028") & set(shown)
