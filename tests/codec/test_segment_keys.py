"""Segments of inputs in front matter: read, written, changed, and refused at their place."""

from __future__ import annotations

from typing import Any

import pytest

from promptlib.codec import edit, outline, read, read_with_notes, write
from promptlib.errors import InvalidFile, InvalidPrompt
from promptlib.plain import thaw
from promptlib.segments import FINE_TO_COARSE, TRUNCATES, WORDS, Segment

FILE = """\
---
description: Answer                     # for people
inputs:
  question: {kind: string}
  docs: {kind: array}
  history: {kind: thread}
metadata:
  tags: [a]
  promptlib:
    segments:
      history: {priority: 10, truncate: oldest}   # the oldest turns go first
      docs:
        priority: 20
        # a marker is counted
        marker: " […]"
---
user:
{{ docs | join }}
{{ question }}

{{ history }}
"""


def changed(text: str, segments: Any) -> list[tuple[str, str]]:
    """Return what an edit takes out of the lines of *text*, and what it puts in."""
    prompt = read(text.encode())
    after = edit(text.encode(), prompt.evolve(segments=segments))
    assert read(after) == prompt.evolve(segments=segments)
    before = text.splitlines()
    now = after.decode().splitlines()
    return [("-", line) for line in before if line not in now] + [("+", line) for line in now if line not in before]


def said(prompt: Any) -> Any:
    return thaw(prompt.segments)


def test_segments_are_read() -> None:
    prompt, notes = read_with_notes(FILE.encode())
    assert said(prompt) == {
        "history": {"priority": 10, "truncate": "oldest"},
        "docs": {"priority": 20, "marker": " […]"},
    }
    assert notes == ()
    assert prompt.extra == {}
    assert edit(FILE.encode(), prompt) == FILE.encode()
    assert outline(FILE.encode()).digest == prompt.digest


def test_segments_are_written_one_word_a_line() -> None:
    prompt = read(FILE.encode()).evolve(
        segments={"question": Segment(truncate="middle", boundary="line", max_tokens=9, marker="a: b"), "docs": {}}
    )
    written = write(prompt).decode()
    assert written.partition("---\nuser")[0].partition("metadata:\n")[2] == (
        "  tags:\n"
        "    - a\n"
        "  promptlib:\n"
        "    segments:\n"
        "      question:\n"
        "        truncate: middle\n"
        "        boundary: line\n"
        "        max_tokens: 9\n"
        '        marker: "a: b"\n'
        "      docs: {}\n"
    )
    assert read(written.encode()) == prompt


def test_what_goes_without_saying_may_be_spelt_out() -> None:
    """It is no content, and stays where a person wrote it."""
    spelt = FILE.replace(
        "        priority: 20\n", "        priority: 20\n        boundary: token\n        truncate: null\n"
    )
    assert read(spelt.encode()) == read(FILE.encode())
    own = said(read(FILE.encode()))
    assert changed(spelt, own | {"docs": {"priority": 21, "marker": " […]"}}) == [
        ("-", "        priority: 20"),
        ("+", "        priority: 21"),
    ]
    assert changed(spelt, own | {"docs": {"priority": 20, "marker": " […]", "truncate": "end"}}) == [
        ("-", "        truncate: null"),
        ("+", "        truncate: end"),
    ]
    for nothing in ("docs:", "docs: {}", "docs: null"):
        text = (
            FILE.partition("      docs:")[0]
            + f"      {nothing}\n---\n"
            + FILE.partition("---\nuser")[2].join(["user", ""])
        )
        assert said(read(text.encode()))["docs"] == {}


def test_one_word_changes_its_line() -> None:
    own = said(read(FILE.encode()))
    assert changed(FILE, own | {"docs": {"priority": 30, "marker": " […]"}}) == [
        ("-", "        priority: 20"),
        ("+", "        priority: 30"),
    ]
    assert changed(FILE, own | {"docs": {"priority": 20}}) == [("-", '        marker: " […]"')]
    assert changed(FILE, own | {"docs": {"priority": 20, "marker": " […]", "max_tokens": 9}}) == [
        ("+", "        max_tokens: 9")
    ]
    assert changed(FILE, own | {"question": {"priority": -1}}) == [
        ("+", "      question:"),
        ("+", "        priority: -1"),
    ]


def test_segments_come_and_go_with_their_lines() -> None:
    plain = FILE.partition("  promptlib:")[0] + FILE[FILE.index("---\nuser") :]
    assert changed(plain, {"docs": {}}) == [("+", "  promptlib:"), ("+", "    segments:"), ("+", "      docs: {}")]
    assert [sign for sign, _ in changed(FILE, {})] == ["-"] * 7
    assert changed(FILE, {"history": {"priority": 10, "truncate": "oldest"}}) == [
        ("-", line) for line in FILE.splitlines()[11:15]
    ]


TABLE: list[tuple[str, str, str, tuple[int, int, int], str]] = [
    (
        "priority: 20",
        "prioritty: 20",
        "the segment 'docs' has no 'prioritty'",
        (13, 9, 9),
        f"did you mean 'priority'? words: {', '.join(WORDS)}",
    ),
    (
        "priority: 20",
        "priority: high",
        "the segment 'docs': priority of a segment is 'high'",
        (13, 9, 8),
        "it is a whole number",
    ),
    (
        "priority: 20",
        "boundary: words",
        "the segment 'docs': no boundary 'words'",
        (13, 9, 8),
        f"did you mean 'word'? boundary: {', '.join(FINE_TO_COARSE)}",
    ),
    (
        "truncate: oldest}",
        "truncate: newest}",
        "the segment 'history': no truncate 'newest'",
        (11, 31, 8),
        f"truncate: {', '.join(TRUNCATES)}",
    ),
    (
        "truncate: oldest}",
        "truncate: drop, min_tokens: 3}",
        "the segment 'history': min_tokens of a segment that is kept whole or dropped",
        (11, 7, 7),
        "leave min_tokens out",
    ),
    (
        "{priority: 10, truncate: oldest}",
        "high",
        "the segment 'history' holds keys and values",
        (11, 7, 7),
        "write `history: {priority: 10}`",
    ),
    (
        "{priority: 10, truncate: oldest}",
        "[10]",
        "the segment 'history' holds keys and values",
        (11, 7, 7),
        "write `history: {priority: 10}`",
    ),
]


@pytest.mark.parametrize(("before", "after", "what", "place", "hint"), TABLE, ids=[each[1] for each in TABLE])
def test_a_wrong_word_is_shown_at_its_place(
    before: str, after: str, what: str, place: tuple[int, int, int], hint: str
) -> None:
    text = FILE.replace(before, after)
    with pytest.raises(InvalidFile) as caught:
        read(text.encode(), source="answer.prompty")
    where = caught.value.where
    assert where is not None
    assert (caught.value.what, caught.value.hint) == (what, hint)
    assert (where.source, where.line, where.column, where.width) == ("answer.prompty", *place)
    with pytest.raises(InvalidFile):
        outline(text.encode())


def test_segments_are_a_mapping() -> None:
    text = FILE.partition("    segments:")[0] + "    segments: [docs]\n---\nuser:\nHi\n"
    with pytest.raises(InvalidFile) as caught:
        read(text.encode())
    assert caught.value.what == "segments holds keys and values"
    assert str(caught.value.where) == "10:5"


@pytest.mark.parametrize(
    ("before", "after", "what", "column"),
    [
        ("      docs:", "      dogs:", "the segment 'dogs' belongs to no input", 7),
        ("truncate: oldest", "truncate: start", "the segment 'history' says truncate='start'", 7),
        ("{{ docs | join }}", "{% if docs %}{% endif %}", "the segment 'docs' would never be cut", 7),
    ],
)
def test_a_segment_that_cannot_be_is_shown_at_its_key(before: str, after: str, what: str, column: int) -> None:
    text = FILE.replace(before, after)
    with pytest.raises(InvalidPrompt) as caught:
        read(text.encode(), source="answer.prompty")
    where = caught.value.where
    assert where is not None
    assert what in caught.value.what
    assert (where.source, where.column) == ("answer.prompty", column)
    assert where.line is not None
    assert text.splitlines()[where.line - 1] == where.text
    assert where.text.strip().startswith(("docs:", "dogs:", "history:"))


def test_statements_that_contradict_each_other_are_named_with_their_file() -> None:
    text = """---
---
user:
{% segment "a" group="g" priority=1 %}a{% endsegment %}
{% segment "b" group="g" priority=2 %}b{% endsegment %}
"""
    with pytest.raises(InvalidPrompt, match="the group 'g' holds priorities 1") as caught:
        read(text.encode(), source="answer.prompty")
    assert str(caught.value.where) == "answer.prompty: segment 'b'"
    with pytest.raises(InvalidPrompt) as caught:
        read(text.encode())
    assert str(caught.value.where) == "segment 'b'"


def test_a_literal_file_has_nothing_to_cut() -> None:
    text = """---
inputs:
  docs: {kind: string}
tools:
  - name: lookup
    bindings: {query: {input: docs}}
metadata:
  promptlib:
    segments:
      docs: {priority: 1}
template: literal
---
{{ docs }}
"""
    with pytest.raises(InvalidPrompt, match="the segment 'docs' would never be cut") as caught:
        read(text.encode())
    assert str(caught.value.where) == "10:7"
