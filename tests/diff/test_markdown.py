"""A difference as Markdown: good to read, and nothing of a prompt is more than text in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from promptlib import Prompt, system, user
from promptlib.diff import diff
from promptlib.diff.markdown import code, fence, said
from tests.diff.hostile_texts import HOSTILE, hostile_prompts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

READER = MarkdownIt("commonmark").enable("table").enable("strikethrough")
#: What our own words are made of, outside of code.
OURS = re.compile(r"[A-Za-z0-9 ,.:;()+±'→\n_-]*")
PLAIN = {"text", "code_inline", "fence", "strong_open", "strong_close", "softbreak"} | {
    f"{block}_{end}" for block in ("heading", "paragraph", "bullet_list", "list_item") for end in ("open", "close")
}


def tokens_of(markdown: str) -> Iterator[Token]:
    for token in READER.parse(markdown):
        yield from token.children if token.type == "inline" and token.children else [token]


def check(markdown: str) -> None:
    """Every token is one of ours, and what is no code is made of our words."""
    for token in tokens_of(markdown):
        assert token.type in PLAIN, token
        assert token.type != "text" or OURS.fullmatch(token.content), token.content
        assert token.type != "fence" or token.info == "diff"


def test_it_reads_well() -> None:
    before = Prompt.define(system("You sort tickets.\nBe warm.\nNever guess."), user("Go"), description="Sort")
    after = before.evolve(messages=[system("You sort tickets.\nBe very warm.\nNever guess."), user("Go")])
    assert diff(before, after).markdown(heading=2) == (
        f"## (`{before.digest[7:15]}`) → (`{after.digest[7:15]}`)\n\n"
        "**11 → 12 tokens (+1)**, exact by `o200k_base`, source texts without values\n\n"
        "**system message 1**: reworded, 10 → 11 tokens (+1)\n\n"
        "```diff\n"
        "  You sort tickets.\n"
        "- Be warm.\n"
        "+ Be {+very +}warm.\n"
        "  Never guess.\n"
        "```\n\n"
        "(1 unchanged)\n"
    )
    assert "No difference." in diff(before, before).markdown()
    assert "The content is the same" in diff(before, before.evolve(description="x")).markdown()
    assert diff(before, after).markdown(heading=0).startswith("**11 → 12")


def test_lines_that_come_and_go_carry_no_marks_and_long_ones_are_folded() -> None:
    before = Prompt.define(system("one\ntwo\n" + "word " * 40 + "end"))
    after = Prompt.define(system("one\nthree four\n" + "word " * 40 + "stop"))
    lines = diff(before, after).markdown().splitlines()
    assert "+ {+three four+}" in lines or "+ three four" in lines
    assert max(map(len, lines)) <= 116
    assert any(line.startswith("-   word") and line.endswith("[-end-]") for line in lines)
    gone = diff(before, before.evolve(messages=[system("one\n" + "word " * 40 + "end")])).markdown().splitlines()
    assert "- two" in gone


def test_every_line_of_a_fence_begins_with_its_sign() -> None:
    long = [f"line {at}" for at in range(20)]
    before, after = Prompt.define(system("\n".join(long))), Prompt.define(system("\n".join([*long, "last"])))
    (block,) = [token for token in tokens_of(diff(before, after).markdown()) if token.type == "fence"]
    assert [line[:1] for line in block.content.splitlines()] == ["@", " ", " ", "+"] or "@@ 17" in block.content
    assert all(line[:1] in "+- @" for line in block.content.splitlines())


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_code(text: str) -> None:
    for before, after in hostile_prompts(text):
        check(diff(before, after).markdown())


@given(st.text(st.characters(exclude_categories=["Cs"])) | st.text("`|\\ \n@#<>[]!()*_~-+.a1", max_size=30))
def test_a_code_span_is_one_token_of_one_line(text: str) -> None:
    span = code(text)
    assert "\n" not in span
    tokens = list(tokens_of(f"a {span} b"))
    assert [token.type for token in tokens if token.type != "text"] == [
        "paragraph_open",
        "code_inline",
        "paragraph_close",
    ]
    assert [token.content for token in tokens if token.type == "text"] == ["a ", " b"]


@given(st.lists(st.text("`~ ab", max_size=12).map(lambda line: f"+ {line}"), min_size=1, max_size=5))
def test_a_fence_ends_where_its_lines_end(lines: list[str]) -> None:
    tokens = list(tokens_of(f"{fence(lines)}\n\nafter"))
    assert [token.type for token in tokens] == ["fence", "paragraph_open", "text", "paragraph_close"]
    assert tokens[0].content == "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("callers may give None", "callers may give None"),
        ("callers may give '@octocat'", "`callers may give '@octocat'`"),
        ("callers may give 'deadbeef'", "`callers may give 'deadbeef'`"),
        ("callers may give 'GH-12'", "`callers may give 'GH-12'`"),
        ("callers may give 'www.example.org'", "`callers may give 'www.example.org'`"),
        ("callers may give 'a`b'", "``callers may give 'a`b'``"),
        ("callers may give '#12'", "`callers may give '#12'`"),
    ],
)
def test_a_sentence_is_code_where_a_forge_would_read_more_into_it(text: str, shown: str) -> None:
    assert said(text) == shown


hostile = st.text("`|\\ \n@#<>[]!()*_~-+.:/$&;\"'{}%a1\t\u202e\u0007", min_size=1, max_size=40)


@given(hostile, hostile, hostile)
def test_whatever_the_texts_are(one: str, two: str, description: str) -> None:
    before: Prompt[Any] = Prompt.define(system("same"), user(one, literal=True), description=description)
    after = before.evolve(messages=[system("same"), user(two, literal=True)], description=two)
    check(diff(before, after).markdown())
    check(diff(None, after).markdown())
