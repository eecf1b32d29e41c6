"""Errors say what, where and what next, and survive a pickle."""

from __future__ import annotations

import inspect
import pickle
import re
import time

import pytest

from promptlib import errors
from promptlib.columns import untabbed, wide
from promptlib.errors import BadRef, InvalidFile, InvalidPrompt, NotFound, PromptLibError, Where, nearest

ALL = [each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, PromptLibError)]


def test_the_text_has_three_parts_in_order() -> None:
    where = Where("message 2 (user)", 3, 9, "Sort {{ tickte }} now", width=6)
    error = InvalidPrompt("undeclared variable 'tickte'", where=where, hint="did you mean 'ticket'?")
    assert str(error).splitlines() == [
        "undeclared variable 'tickte'",
        "  --> message 2 (user):3:9",
        "  |",
        "3 | Sort {{ tickte }} now",
        "  |         ^^^^^^",
        "did you mean 'ticket'?",
    ]


def test_parts_that_are_not_known_are_left_out() -> None:
    assert str(NotFound("no such name")) == "no such name"
    assert str(NotFound("no such name", hint="names here: a")) == "no such name\nnames here: a"
    assert str(NotFound("no such name", where=Where())) == "no such name"
    assert str(InvalidFile("empty", where=Where("a.prompty"))) == "empty\n  --> a.prompty"


def test_a_place_without_a_column_shows_its_line() -> None:
    assert Where("a.prompty", 12, None, "inputs: 3").picture() == "  --> a.prompty:12\n   |\n12 | inputs: 3"
    assert str(Where("a.prompty", 12)) == "a.prompty:12"


def test_the_caret_stands_below_its_character_where_a_line_has_tabs() -> None:
    assert Where("f", 1, 3, "\ta\tb", width=0).picture().splitlines()[-1] == "  | \t ^"


def test_other_errors_of_the_same_time_are_told_too() -> None:
    error = InvalidPrompt("first", others=[InvalidPrompt("second", hint="fix it"), InvalidPrompt("third")])
    assert str(error) == "first\n\nsecond\nfix it\n\nthird"


@pytest.mark.parametrize("kind", ALL)
def test_every_error_survives_a_pickle(kind: type[PromptLibError]) -> None:
    error = kind("what", where=Where("f", 1, 1, "text"), hint="hint", others=[BadRef("other")])
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - made above
    assert type(again) is kind
    assert str(again) == str(error)
    assert (again.what, again.where, again.hint) == (error.what, error.where, error.hint)


@pytest.mark.parametrize("kind", ALL)
def test_every_error_has_its_line_in_the_tree_with_the_bases_it_has(kind: type[PromptLibError]) -> None:
    tree = errors.__doc__ or ""
    line = next((line for line in tree.splitlines() if re.search(rf"\b{kind.__name__}\b", line)), "")
    assert line, f"{kind.__name__} is missing in the tree"
    for base in kind.__bases__:
        if not issubclass(base, PromptLibError) and base is not Exception:
            assert f"({base.__name__})" in line


def test_the_nearest_word() -> None:
    assert nearest("tickte", ["ticket", "tone"]) == "did you mean 'ticket'?"
    assert nearest("zzz", ["ticket", "tone"]) == ""
    assert nearest("a" * 1_000_000, ["b"]) == ""


def test_a_long_line_is_shown_around_its_column() -> None:
    """Nobody reads a line of 3,000 characters; the caret still stands below its character."""
    text = "x" * 1500 + "HERE" + "y" * 1500
    rows = Where("file", 7, 1501, text, width=4).picture().splitlines()
    shown, carets = rows[2], rows[3]
    assert len(shown) < 120
    assert shown.startswith("7 | …x")
    assert shown.endswith("y…")
    at = carets.index("^")
    assert shown[at : at + 4] == "HERE"
    assert carets.count("^") == 4
    assert Where("file", 7, None, text).picture().splitlines()[2] == f"7 | {text[:98]}…"
    assert Where("file", 7, 3004, text).picture().splitlines()[2].startswith("7 | …")
    wide = Where("file", 1, 3001, text, width=50).picture().splitlines()
    assert wide[3].count("^") == 4


def test_the_caret_stands_by_columns() -> None:
    """A wide character takes two columns, a mark or joiner none, and what is not seen is written out."""
    for before in ("日本語 ", "e\u0301\u0301 ", "👩\u200d🚀 ", "\x1b[31m ", "\u202eab ", "\ta\t日\t"):
        text, caret = Where("f", 1, len(before) + 1, f"{before}HERE now", width=4).picture().splitlines()[2:]
        assert "\x1b" not in text + caret
        assert "\u202e" not in text + caret
        assert untabbed(text).index("HERE") >= 0
        stands = wide(untabbed(text).partition("HERE")[0])
        assert wide(untabbed(caret).partition("^")[0]) == stands
        assert caret.count("^") == 4


def test_carets_below_wide_characters_are_as_wide() -> None:
    rows = Where("f", 1, 4, "{{ 日本 }}", width=2).picture().splitlines()
    assert rows[-1] == "  |    ^^^^"


@pytest.mark.parametrize("columns", [1, 30, 40, 79, 100, 200])
@pytest.mark.parametrize("fill", ["x", "日", "\t", "\u202e", "e\u0301"])
def test_a_picture_fits_into_its_columns(columns: int, fill: str) -> None:
    text = fill * 1500 + "HERE" + fill * 1500
    rows = Where("file", 1234, len(fill) * 1500 + 1, text, width=4).picture(columns).splitlines()
    most = max(columns, 27)
    assert all(wide(row.replace("\t", " " * 8)) <= most for row in rows)
    assert rows[-1].count("^") == 4
    assert "HERE" in rows[2]
    assert wide(untabbed(rows[3]).partition("^")[0]) == wide(untabbed(rows[2]).partition("HERE")[0])


@pytest.mark.parametrize(("column", "width"), [(1, 1), (1, 3000), (1501, 3000), (3000, 1), (3001, 1), (2990, 50)])
def test_places_at_the_edges_of_a_long_line(column: int, width: int) -> None:
    rows = Where("f", 1, column, "x" * 3000, width=width).picture().splitlines()
    assert all(len(row) <= 104 for row in rows)
    assert "^" in rows[-1]
    assert len(rows[-1]) <= len(rows[-2]) + 1


def test_a_line_of_megabytes_is_pictured_at_once() -> None:
    begin = time.process_time()
    Where("f", 1, 2_000_000, "é" * 4_000_000, width=2_000_000).picture()
    assert time.process_time() - begin < 0.5
