"""`widest`: no text in which a pattern is found is longer than it says."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from promptlib.errors import InvalidPrompt
from promptlib.inputs.limits import matches
from promptlib.inputs.patterns import ANY, Width, widest


@pytest.mark.parametrize(
    ("pattern", "characters", "in_bytes", "ascii_only"),
    [
        ("^$", 0, 0, True),
        ("^[A-Z]{3}-[0-9]+$", None, None, True),
        ("^[A-Z]{2,5}$", 5, 5, True),
        ("^a{3}$", 3, 3, True),
        ("^a{3,}$", None, None, True),
        ("^(red|green|blue)?$", 5, 5, True),
        ("^(?:ab|c*)$", None, None, True),
        ("^(?:ab|c){4}$", 8, 8, True),
        ("^é.\\d$", 3, 10, False),
        ("^[^a]$", 1, 4, False),
        ("^[a-zé]{2}$", 2, 8, False),
        ("^[\\w-]{2}$", 2, 8, False),
        ("^[]a]{2}$", 2, 2, True),
        ("^[a\\-z\\]]$", 1, 1, True),
        ("^\\bab\\B\\.\\n$", 4, 4, True),
        ("^a{2}{3}$", 6, 6, True),
        ("^a*?b+$", None, None, True),
        ("^(a*){0}$", 0, 0, True),
        ("^(a*){2}b$", None, None, True),
        ("^\\b*\\b{2,}$", 0, 0, True),
        ("^(a|b+|c)d$", None, None, True),
    ],
)
def test_what_a_pattern_proves(pattern: str, characters: int | None, in_bytes: int | None, ascii_only: bool) -> None:  # noqa: FBT001 - a table's column
    assert widest(pattern) == Width(characters, in_bytes, ascii_only)


@pytest.mark.parametrize(
    "pattern",
    [
        *("a", "^a", "a$", "^a|b$", "^a\\$", "^(?i)a$", "^(?P<x>a)$", "^\\p{L}$", "^[[:alpha:]]$", "^[a&&b]$"),
        *("^[a--b]$", "^[a~~b]$", "^a$b$", "^^a$", "^\\x41$", "^(a$", "^a)$", "^[a$", "^a{,3}$", "^*$", "^[\\b]$"),
        *("^{$", "^a]$", "^(a]$", "^" + "(" * 40 + "a" + ")" * 40 + "$", "^\\"),
    ],
)
def test_of_all_others_nothing_is_known(pattern: str) -> None:
    assert widest(pattern) == ANY


_ATOMS = st.sampled_from(["a", "é", ".", "[a-c]", "[^a]", "\\d", "\\w", "\\.", "[a-z0-9_-]", "\\b", "[é]"])
_TIMES = st.sampled_from(["", "", "?", "{2}", "{0,2}", "{1}", "*", "+?", "{2}{2}", "{0}"])
_PATTERNS = st.recursive(
    st.tuples(_ATOMS, _TIMES).map("".join),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.builds("({}|{}){}".format, inner, inner, _TIMES),
        st.builds("(?:{}){}".format, inner, _TIMES),
        st.builds("{}|{}".format, inner, inner),
    ),
    max_leaves=5,
)


@given(_PATTERNS, st.lists(st.text("aabcé1_-.\U0001d7d8你", max_size=9), min_size=5, max_size=20))
def test_no_text_that_a_pattern_is_found_in_is_longer(pattern: str, texts: list[str]) -> None:
    whole = f"^{pattern}$"
    found = widest(whole)
    try:
        accepted = [text for text in texts if matches(whole, text)]
    except InvalidPrompt:
        assume(condition=False)
        return
    for text in accepted:
        assert found.characters is None or len(text) <= found.characters
        assert found.bytes is None or len(text.encode()) <= found.bytes
        assert text.isascii() or not found.ascii
