"""The reader of front matter: equal to a whole YAML 1.2 reader, or a refusal that says what to write."""

# ruff: noqa: E501, RUF005, SIM905, Q003, PT017 - tables of texts read best as they are

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from promptlib.codec import read_with_notes
from promptlib.codec.parsing import DEEPEST, parse
from promptlib.codec.source import Source, plain_of
from promptlib.errors import InvalidFile

FRAGMENTS = (
    "a|b|key|no|1|1.0|-|- | |  |    |:|: |\n|\n\n|#| # c|\n  |\n    |\n- |\n  - |'|\"|[|]|{|}|,|, |&a|*a|!x|?|? |---|...|%|@|~"
    "|null|true|\\|\\n|''|<<|0123|2024-01-01|12:30|1e3|é|\t|.|x y|a: b\n|- c\n|k: v\n|.inf|1_0|=|--- a|a:\n  b: 1\n"
    "|text: >\n  aa\n  bb\n\n   cc\n"
).split("|") + ["|\n", "|-\n", ">\n", ">+\n", "|2\n", "||"]


def ours(text: str) -> Any:
    return plain_of(parse(Source(text, "x.prompty", 2)))


def theirs(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text) or {}


def same(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return one == other and math.copysign(1, one) == math.copysign(1, other)
    return type(one) is type(other) and bool(one == other)


def agrees(text: str) -> bool:
    """Tell whether our reader answered; where it did, ruamel's gives the same data."""
    try:
        mine = ours(text)
    except InvalidFile:
        return False
    try:
        assert same(mine, theirs(text)), text
    except YAMLError as error:
        # ruamel refuses a blank line of fewer blanks before the first line of a text: correct YAML.
        assert "more indented follow up line" in str(error), text
    return True


def test_odd_yaml_is_read_like_ruamel_reads_it_or_refused() -> None:
    chance = random.Random(20)
    answered = 0
    for _ in range(2_500):
        text = "".join(chance.choice(FRAGMENTS) for _ in range(chance.randint(1, 14)))
        if chance.random() < 0.7:
            text = "k" + chance.choice([": ", ":\n  "]) + text
        answered += agrees(text.removesuffix("\n") + "\n")
    assert answered > 250


@given(st.text(st.sampled_from("ab:#'\"[]{},|>-?&*!%@` \n\\~01.e_+"), max_size=30))
def test_any_punctuation_is_read_like_ruamel_reads_it_or_refused(text: str) -> None:
    agrees(f"k: {text}\n")


READ = {
    "": {},
    "# only a comment\n\n": {},
    "a: 1\nb: 1.0\nc: -0\nd: 0o17\ne: 0x1F\nf: 1e3\ng: -2.5E-3\n": {
        "a": 1, "b": 1.0, "c": 0, "d": 15, "e": 31, "f": 1000.0, "g": -0.0025,
    },
    "a: no\nb: yes\nc: on\nd: off\ne: y\nf: 12:30:45\n": {
        "a": "no", "b": "yes", "c": "on", "d": "off", "e": "y", "f": "12:30:45",
    },
    "a: ~\nb: null\nc:\nd: true\ne: False\n": {"a": None, "b": None, "c": None, "d": True, "e": False},
    "  a: 1\n  b:\n    - x\n": {"a": 1, "b": ["x"]},
    "a:\n- 1\n-\n  b: 2\n  c:\n-\n- - x\n  - y\n": {"a": [1, {"b": 2, "c": None}, None, ["x", "y"]]},
    "a:   # comment\n  # another\n  b: c # third\n": {"a": {"b": "c"}},
    "a: one\n  two\n\n  three # end\nb: x\n": {"a": "one two\nthree", "b": "x"},
    "a:\n  one\n  two\nb: x\n": {"a": "one two", "b": "x"},
    "a: x#y\nb: x:y\nc: http://x.y/?z#q\nd: ${env:HOME}\n": {"a": "x#y", "b": "x:y", "c": "http://x.y/?z#q", "d": "${env:HOME}"},
    "'a b': 'it''s'\n\"c\\t\" : \"x\\\"y\"\n'1': 2\n": {"a b": "it's", "c\t": 'x"y', "1": 2},
    'a: "one\n  two\n\n  three\\\n  four"\n': {"a": "one two\nthreefour"},
    "a: 'one\n  two\n\n\n  three'\n": {"a": "one two\n\nthree"},
    r'a: "\0\a\b\t\n\v\f\r\e\ \"\/\\\N\_\L\P\x41\u00e9\U0001F600"' + "\n": {
        "a": "\0\a\b\t\n\v\f\r\x1b \"/\\\x85\xa0\u2028\u2029Aé\U0001f600"
    },
    "a: |\n  x\n   y\n\n  z\n\nb: |-\n  x\nc: |+\n  x\n\nd: |2\n    x\n": {
        "a": "x\n y\n\nz\n", "b": "x", "c": "x\n\n", "d": "  x\n",
    },
    "a: >\n  one\n  two\n\n  three\n    deeper\n  four\n\n\n  five\n": {"a": "one two\nthree\n  deeper\nfour\n\nfive\n"},
    "a: >-\n\n  x\nb: |\nc: |+\n\nd: >2-\n   x\n  y\n": {"a": "\nx", "b": "", "c": "\n", "d": " x\ny"},
    "a: [1, two words, 'x', \"y\", [], {}, {b: c, d: }]\n": {"a": [1, "two words", "x", "y", [], {}, {"b": "c", "d": None}]},
    "a: [\n  1, # one\n  2,\n]\nb: {x: 1,\n  'y':2, \"z\": [3]}\n": {"a": [1, 2], "b": {"x": 1, "y": 2, "z": [3]}},
}  # fmt: skip


@pytest.mark.parametrize("text", READ)
def test_what_is_read(text: str) -> None:
    assert same(ours(text), READ[text])
    assert agrees(text)


REFUSED: dict[str, tuple[str, int, int, str]] = {
    # text: what, line, column, hint. The header's first line is the file's second.
    "a: &x 1\n": ("anchors are not read here", 2, 4, "write the value out"),
    "a: *x\n": ("aliases are not read here", 2, 4, "write the value out"),
    "a: !!str 1\n": ("tags are not read here", 2, 4, "leave the tag away"),
    "a: !python/object x\n": ("tags are not read here", 2, 4, "leave the tag away"),
    "&x a: 1\n": ("anchors are not read here", 2, 1, "write the value out"),
    "%YAML 1.1\n": ("a value cannot begin with %", 2, 1, "put it in quotes"),
    "a: 1\n--- b\n": ("front matter is one document", 3, 1, "take this line out"),
    "a: 1\n...\n": ("front matter is one document", 3, 1, "take this line out"),
    "? a\n: 1\n": ("keys written with ? are not read here", 2, 1, "put items on lines of their own"),
    "a: 1\nb: 2\na: 3\n": ("the key 'a' stands twice, first on line 2", 4, 1, "keep one of them"),
    "a: {b: 1, b: 2}\n": ("the key 'b' stands twice", 2, 11, "keep one of them"),
    "a:\n  <<: {}\n": ("merge keys are not read here", 3, 3, "write the keys out"),
    "a: {<<: 1}\n": ("merge keys are not read here", 2, 5, "write the keys out"),
    "a: <<\n": ("<< has a meaning of its own in YAML", 2, 4, 'write "<<"'),
    "1: a\n": ("the key 1 is no text", 2, 1, 'write "1"'),
    "true: a\n": ("the key true is no text", 2, 1, 'write "true"'),
    "a: 2024-01-01\n": ("some readers take 2024-01-01 for a date", 2, 4, '"2024-01-01"'),
    "a: 2024-01-01 10:00:00\n": ("for a date, others for text", 2, 4, "quotes"),
    "a: .nan\n": (".nan is no number that JSON can say", 2, 4, "put it in quotes"),
    "a: -.inf\n": ("-.inf is no number that JSON can say", 2, 4, "put it in quotes"),
    "a: 1e999\n": ("1e999 is too large for a number", 2, 4, "put it in quotes"),
    "a: 9007199254740993\n": ("an integer past 2^53", 2, 4, "put it in quotes"),
    f"a: {'9' * 5000}\n": ("an integer past 2^53", 2, 4, "put it in quotes"),
    "a: 0123\n": ("readers disagree whether 0123 is a number", 2, 4, 'write "0123"'),
    "a: 1_000\n": ("readers disagree whether 1_000 is a number", 2, 4, 'write "1_000"'),
    "a: [.5]\n": ("readers disagree whether .5 is a number", 2, 5, 'write ".5"'),
    "a:\n\tb: 1\n": ("a tab in the indentation", 3, 1, "indent with spaces"),
    "a:\tb\n": ("a tab where YAML wants spaces", 2, 3, "use spaces"),
    "a: b\tc\n": ("a tab in a plain value", 2, 5, "put the value in quotes"),
    "a\tb: c\n": ("a tab in a key", 2, 2, "put the key in quotes"),
    "a: \x07\n": ("the character U+0007 cannot stand in front matter", 2, 4, '"\\u0007"'),
    "a: \u2028\n": ("the character U+2028 cannot stand in front matter", 2, 4, '"\\u2028"'),
    "a: b\rc: d\n": ("the character U+000D cannot stand in front matter", 2, 5, '"\\u000D"'),
    'a: "\\ud83d"\n': ("half of a surrogate pair", 2, 5, r"\U0001F600"),
    'a: "\\U00110000"\n': ("past the end of Unicode", 2, 5, r"\U0001F600"),
    'a: "\\q"\n': ("YAML knows no escape \\q", 2, 5, "single quotes"),
    'a: "b\n': ("a quote is opened and never closed", 2, 4, 'close it with "'),
    "a: 'b\n": ("a quote is opened and never closed", 2, 4, "close it with '"),
    "a: [1, 2\n": ("[ is opened and never closed", 2, 4, "close it"),
    "a: {b\n": ("{ is opened and never closed", 2, 4, "close it"),
    "a: [1 2, {x: 1} 3]\n": ("here , or ] should stand", 2, 17, "put text in quotes"),
    "a: [b: c]\n": ("a key inside a list", 2, 6, "[{key: value}]"),
    "a: {b, c: 1}\n": ("the key 'b' has no colon on its line", 2, 5, "{key: value}"),
    "a: [,]\n": ("a value cannot begin with a comma", 2, 5, "put it in quotes"),
    "a: {: 1}\n": ("a colon without a key", 2, 5, "put items"),
    "a: [|]\n": ("no value can begin here", 2, 5, "put it in quotes"),
    "a: ]\n": ("] without [", 2, 4, "in quotes"),
    "a: }\n": ("} without {", 2, 4, "in quotes"),
    "a: @b\n": ("a value cannot begin with @", 2, 4, "in quotes"),
    "a: `b`\n": ("a value cannot begin with a back tick", 2, 4, "in quotes"),
    "a: - b\n": ("a list item cannot begin here", 2, 4, "lines of their own"),
    "a: b: c\n": ("a second colon on this line", 2, 5, "in quotes"),
    "a: 'b' c\n": ("something follows the value on its line", 2, 8, "in quotes"),
    "a: |x\n  b\n": ("nothing but - + and one digit can follow |", 2, 4, "put text in quotes"),
    "a: |\n    \n  b\n": ("indented less than a blank line above it", 4, 1, "|2"),
    "a: b # c\n  d\n": ("a comment inside a value of several lines", 2, 5, "write the value with > or |"),
    "a: 1\n  b: 2\n": ("a second colon on this line", 3, 4, "in quotes"),
    "a:\n  b: 'x'\n    c: 2\n": ("indented deeper than the line it should stand below", 4, 5, "align it"),
    "  a: 1\nb: 2\n": ("this line is indented less than the first one", 3, 1, "begin it below the first key"),
    "a:\n  - 1\n  b: 2\n": ("indented deeper than the line it should stand below", 4, 3, "align it"),
    "a: 'x'\n- b\n": ("a list item among keys", 3, 1, "indent the list below its key"),
    "just text\n": ("here a key and a colon should stand", 2, 1, "`key: value`"),
    "- a\n": ("a list item cannot begin here", 2, 1, "lines of their own"),
    "{a: 1}\n": ("here a key and a colon should stand", 2, 1, "`key: value`"),
    f"{'k' * 1100}: 1\n": ("a key longer than 1024 characters", 2, 1, "shorten it"),
    "a: #b\n\n:x\n": ("here a key and a colon should stand", 4, 1, "`key: value`"),
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused_says_what_where_and_what_to_write(text: str) -> None:
    what, line, column, hint = REFUSED[text]
    with pytest.raises(InvalidFile) as caught:
        ours(text)
    error = caught.value
    assert what in error.what
    assert error.where is not None
    assert (error.where.source, error.where.line, error.where.column) == ("x.prompty", line, column)
    assert hint in error.hint
    assert "^" in str(error)


@pytest.mark.parametrize(("open_with", "close_with"), [("[", "]"), ("{a: ", "}")])
def test_flow_nesting_is_capped(open_with: str, close_with: str) -> None:
    assert ours(f"a: {open_with * (DEEPEST - 1)}{close_with * (DEEPEST - 1)}\n")
    with pytest.raises(InvalidFile, match=f"nested deeper than {DEEPEST} levels"):
        ours(f"a: {open_with * 3000}{close_with * 3000}\n")


def test_block_nesting_is_capped() -> None:
    with pytest.raises(InvalidFile, match="nested deeper"):
        ours("".join(f"{' ' * depth}a:\n" for depth in range(3000)))
    with pytest.raises(InvalidFile, match="nested deeper"):
        ours(f"a:\n  {'- ' * 3000}x\n")


def test_nodes_know_where_they_stand() -> None:
    text = "a: 'x y'  # c\nb:\n  - c: |\n      two\n      lines\n"
    node = parse(Source(text))
    assert isinstance(node.value, dict)
    first, second = node.value["a"], node.value["b"]
    assert text[first.start : first.end] == "'x y'"
    assert isinstance(second.value, list)
    item = second.value[0]
    assert text[item.entry] == "-"
    assert text[item.start : item.end].endswith("      lines")
    assert item.at == item.entry
    assert node.at == 0


def test_a_conflict_that_was_left_in_the_text_is_told() -> None:
    text = "system:\nOne.\n=======\n<<<<<<< HEAD\n<<<<<<< HEAD\nTwo.\n=======\r\nThree.\n>>>>>>> other\nFour.\n"
    _, notes = read_with_notes(text.encode(), source="a.prompty")
    (told,) = [note for note in notes if "conflict" in note.what]
    assert str(told.where) == "a.prompty:5:1"
    assert told.what == "a conflict of a merge is left in the text, with its markers"
    assert told.hint == "keep the lines that hold, and take the others and the markers out"
    for harmless in ("=======\nTitle\n=======\n", "<<<<<<< a\n=======\n", ">>>>>>> a\n=======\n<<<<<<< b\n"):
        assert read_with_notes(f"user:\n{harmless}".encode())[1] == ()
