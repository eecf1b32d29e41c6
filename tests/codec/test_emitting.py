"""Front matter as we write it: every reader takes it for the data that was given."""

# ruff: noqa: RUF005 - tables of texts read best as they are

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from promptlib.codec.emitting import entries
from promptlib.codec.parsing import DEEPEST, parse
from promptlib.codec.reconciling import same
from promptlib.codec.source import Source, plain_of
from promptlib.errors import InvalidPrompt

hard_text = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.lists(
        st.sampled_from(
            [
                "---",
                "+++",
                "\n",
                " ",
                "  ",
                "a",
                ": ",
                " #",
                "no",
                "On",
                "1",
                "-",
                "'",
                '"',
                "\\",
                "\t",
                "\r",
                "é",
                "\x85",
                "\ufeff",
            ]
            + [
                "2024-01-01",
                "12:30",
                "{",
                "[",
                "&",
                "*",
                "!",
                "|",
                ">",
                "%",
                "@",
                "`",
                "~",
                "null",
                "=",
                "<<",
                "0o7",
                "1_0",
                "e3",
            ]
        ),
        max_size=6,
    ).map("".join),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    hard_text,
)
data = st.dictionaries(
    hard_text,
    st.recursive(
        scalars,
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(hard_text, inner, max_size=3)),
        max_leaves=8,
    ),
    max_size=4,
)


@given(data)
def test_our_reader_and_yaml_of_both_versions_read_it_back(mapping: dict[str, Any]) -> None:
    text = entries(mapping)
    back = plain_of(parse(Source(text)))
    assert same(back, mapping)
    assert isinstance(back, dict)
    assert list(back) == list(mapping)
    for version in ("1.2", "1.1"):
        reader: Any = YAML(typ="safe", pure=True)
        reader.version = version
        assert same(reader.load(text) or {}, mapping), version
    assert "---" not in text
    assert "+++" not in text


def test_it_reads_well() -> None:
    assert entries(
        {
            "description": "Sort a ticket: by urgency",
            "url": "https://example.org/#top",
            "text": "Two\n\n  lines\n",
            "exact": "no\nnewline",
            "ragged": " begins\nwith a blank",
            "model": {
                "id": "gpt-4o",
                "temperature": 1.0,
                "large": 1e22,
                "seed": 1,
                "stop": ["no", "\n"],
                "none": None,
                "yes": True,
            },
            "tools": [{"name": "a", "kind": "x"}, {}, [], [1]],
            "fence": "a --- b",
        }
    ) == (
        'description: "Sort a ticket: by urgency"\n'
        "url: https://example.org/#top\n"
        "text: |\n  Two\n\n    lines\n"
        "exact: |-\n  no\n  newline\n"
        'ragged: " begins\\nwith a blank"\n'
        "model:\n  id: gpt-4o\n  temperature: 1.0\n  large: 1.0e+22\n  seed: 1\n  stop:\n"
        '    - "no"\n    - "\\n"\n  none: null\n  "yes": true\n'
        "tools:\n  - name: a\n    kind: x\n  - {}\n  - []\n  -\n    - 1\n"
        'fence: "a --\\x2D b"\n'
    )


def test_what_cannot_be_read_back_is_not_written() -> None:
    deep: Any = "x"
    for _ in range(DEEPEST):
        deep = [deep]
    with pytest.raises(InvalidPrompt, match="nested deeper than 32 levels"):
        entries({"a": deep})
    with pytest.raises(InvalidPrompt, match="a key longer than 1024 characters") as caught:
        entries({"k" * 1025: 1})
    assert caught.value.hint == "shorten it"
    assert plain_of(parse(Source(entries({"k" * 1023: 1})))) == {"k" * 1023: 1}
