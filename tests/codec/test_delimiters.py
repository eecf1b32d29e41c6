"""The scanner of tags agrees with the template language's own lexer about what is literal text."""

# ruff: noqa: E501, RUF005, SIM905, S701 - tables of texts read best as they are

from __future__ import annotations

import random

from jinja2 import Environment
from jinja2.exceptions import TemplateSyntaxError

from promptlib.codec.delimiters import Tag, tags

FRAGMENTS = (
    "{{ }} {% %} {# #} - + ' \" \\ a raw endraw {%raw%} {%-raw-%} {%+raw%} {%endraw%} {%endraw-%} {%-endraw+%} { } ( ) [ ]"
    " . 1 user: # % x -%} }}}"
).split() + [" ", "\n", "{% raw %}", "{% endraw %}"]


def literal_of_jinja(text: str) -> str | None:
    """Return the literal text outside raw blocks as the lexer finds it, or None where it refuses *text*."""
    found, raw = [], False
    try:
        for _, kind, value in Environment(keep_trailing_newline=True).lexer.tokeniter(text, None):
            raw = kind == "raw_begin" or (raw and kind != "raw_end")
            if kind == "data" and not raw:
                found.append(value)
    except TemplateSyntaxError:
        return None
    return "".join(found)


def literal(text: str, inside: list[Tag]) -> str:
    edges = [0, *(edge for tag in inside for edge in (tag.start, tag.end)), len(text)]
    return "".join(text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))


def squeezed(text: str) -> str:
    """Take blanks out: whitespace control takes them from literal text as well."""
    return "".join(text.split())


def test_literal_text_is_what_the_lexer_takes_for_it() -> None:
    chance = random.Random(7)
    compared = 0
    for _ in range(12_000):
        text = "".join(chance.choice(FRAGMENTS) for _ in range(chance.randint(1, 14)))
        expected, inside = literal_of_jinja(text), tags(text)
        # The lexer says nothing about a tag that opens at the very end; the parser refuses it.
        if expected is not None and all(tag.closed for tag in inside):
            assert squeezed(literal(text, inside)) == squeezed(expected), text
            compared += 1
    assert compared > 2_000


def test_kinds() -> None:
    text = "a {{ {'x': '}}'} }} {# {{ #} {%- set y = ')' -%} {% raw %}{{{% endraw %}"
    assert [(tag.kind, text[tag.start : tag.end]) for tag in tags(text)] == [
        ("output", "{{ {'x': '}}'} }}"),
        ("comment", "{# {{ #}"),
        ("statement", "{%- set y = ')' -%}"),
        ("raw", "{% raw %}{{{% endraw %}"),
    ]
    assert all(tag.closed for tag in tags(text))


def test_an_open_tag_reaches_to_the_end() -> None:
    for text in ("x {{ a", "x {{ 'a }}", "x {% if {a %}", "x {#", "x {#-}", "x {% raw %} {{ a }}"):
        assert [(tag.start, tag.end, tag.closed) for tag in tags(text)] == [(2, len(text), False)], text
