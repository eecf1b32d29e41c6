"""Messages to lines and back, exactly, whatever the text."""

# ruff: noqa: E501, RUF005 - tables of texts read best as they are

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib import codec
from promptlib.codec.body import read_body, write_body
from promptlib.codec.delimiters import tags
from promptlib.errors import InvalidPrompt
from promptlib.messages import ROLES, Message, Piece, Placeholder, Prelude, Text, assistant, placeholder, system, user

if TYPE_CHECKING:
    from collections.abc import Iterable

THREADS = frozenset({"history"})
FRAGMENTS = (
    [
        "user:",
        "system:",
        "\\user:",
        "\\\\user:",
        "\n",
        "\r",
        "\r\n",
        "<CR>",
        "\\<CR>",
        "\\",
        "---",
        " ",
        "x",
        "\0",
        "\ufeff",
    ]
    + ["{{ history }}", "\\{{ history }}", "{{ a }}", "{% if a %}", "{% endraw %}", "{% raw %}", "{%- \\endraw -%}"]
    + [
        "{# literal #}{% raw %}",
        "{# c\nuser:\n #}",
        "{{ 'user:\n' }}",
        "{{",
        "{%",
        "{#",
        "}}",
        "\x85",
        "\u2028",
        "\x0b",
        "\x0c",
    ]
)
texts = st.one_of(
    st.lists(st.sampled_from(FRAGMENTS), max_size=8).map("".join),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
templates = texts.filter(lambda text: all(tag.closed for tag in tags(text)))
statements = st.sampled_from(["{% set a = 1 %}", "{# c #}\n{% if x %}", "", "\n", "{% if a %}\n"])
pieces: st.SearchStrategy[Piece] = st.one_of(
    st.builds(lambda role, text: Message(role, (Text(text),), literal=True), st.sampled_from(ROLES), texts),
    st.builds(lambda role, text: Message(role, (Text(text),)), st.sampled_from(ROLES), templates),
    st.builds(Placeholder, st.just("history"), statements),
)


def read(body: str) -> list[Piece]:
    return [stretch.piece for stretch in read_body(body, THREADS)]


def literal(found: Iterable[Piece]) -> list[bool]:
    return [isinstance(piece, Message) and piece.literal for piece in found]


@pytest.mark.no_cover
@given(st.one_of(st.none(), statements.map(Prelude)), st.lists(pieces, min_size=1, max_size=4))
def test_any_text_comes_back(prelude: Prelude | None, rest: list[Piece]) -> None:
    given_pieces = ([prelude] if prelude else []) + rest
    body = write_body(given_pieces, THREADS)
    assert "\r\n" not in body
    assert read(body) == given_pieces
    assert literal(read(body)) == literal(given_pieces)


@given(texts)
def test_what_is_read_from_any_body_is_read_from_its_writing(body: str) -> None:
    found = read(body.replace("\r\n", "\n"))
    if all(tag.closed for piece in found if isinstance(piece, Message) for tag in tags(piece.text)):
        written = write_body(found, THREADS)
        assert read(written) == found
        assert write_body(read(written), THREADS) == written


BODIES: dict[str, list[Piece]] = {
    "": [],
    "\n\n": [],
    "Be kind.\n": [system("Be kind.")],
    "\nBe\n\nkind.\n\n": [system("Be\n\nkind.")],
    "Be kind.\n\nuser:\nHi\n": [system("Be kind."), user("Hi")],
    "system:\nuser:\n\nHi": [system(""), user("Hi")],
    "user:": [user("")],
    "User:\n user:\nuser: hi\nuser :\nuser:x\nsystem: \n": [system("User:\n user:\nuser: hi\nuser :\nuser:x\nsystem: ")],
    "developer:\na\nassistant:\nb\ntool:\nc\n": [
        Message("developer", (Text("a"),)), Message("assistant", (Text("b"),)), Message("tool", (Text("c"),)),
    ],
    "{% for x in y %}\nuser:\n{{ x }}\n{% endfor %}\n": [Prelude("{% for x in y %}"), user("{{ x }}\n{% endfor %}")],
    "{# why #}\n{%- set a = 1 -%}\nuser:\nHi\n": [Prelude("{# why #}\n{%- set a = 1 -%}"), user("Hi")],
    "{{ x }}\nuser:\nHi\n": [system("{{ x }}"), user("Hi")],
    "{% raw %}{% endraw %}\nuser:\nHi\n": [system("{% raw %}{% endraw %}"), user("Hi")],
    "{% macro m(x=1) %}\nNo. {{ x }}\n{% endmacro %}\nuser:\nHi": [
        Prelude("{% macro m(x=1) %}\nNo. {{ x }}\n{% endmacro %}"), user("Hi"),
    ],
    "{%- set a | default('=') -%}x{% raw %}y{% endraw %}{% endset %}\nuser:\nHi": [
        Prelude("{%- set a | default('=') -%}x{% raw %}y{% endraw %}{% endset %}"), user("Hi"),
    ],
    "{% set a = 1 %}\nx\nuser:\nHi": [system("{% set a = 1 %}\nx"), user("Hi")],
    "{% endset %}x\nuser:\nHi": [system("{% endset %}x"), user("Hi")],
    "{% include 'a' %}\nuser:\nHi": [system("{% include 'a' %}"), user("Hi")],
    "{% filter upper %}{% endfilter %}\nuser:\nHi": [system("{% filter upper %}{% endfilter %}"), user("Hi")],
    "{% set a = 1 %}\n": [system("{% set a = 1 %}")],
    "Hi\n{{ history }}\n": [system("Hi"), placeholder("history")],
    "{{history}}\n{% endif %}\nuser:\nHi": [Placeholder("history", "{% endif %}"), user("Hi")],
    "user:\n{{ other }}\n {{ history }}\n{{ history }} x\n": [user("{{ other }}\n {{ history }}\n{{ history }} x")],
    "user:\n\\user:\n\\\\tool:\n\\{{ history }}\n": [user("user:\n\\tool:\n{{ history }}")],
    "user:\n\\\n\na\n\n\\\n": [user("\na\n")],
    "user:\n\\\n": [user("")],
    "user:\na\\<CR>\nb\\\\<CR>\nc<CR>\n": [user("a\r\nb\\<CR>\nc<CR>")],
    "{% raw %}\nuser:\n{% endraw %}\n": [system("{% raw %}\nuser:\n{% endraw %}")],
    "{# \nuser:\n #}{{ '\nuser:\n' }}{% set a =\nuser:\n1 %}\n": [
        system("{# \nuser:\n #}{{ '\nuser:\n' }}{% set a =\nuser:\n1 %}")
    ],
    "user:\nopen {{ tag\nuser:\n": [user("open {{ tag\nuser:")],
}  # fmt: skip


@pytest.mark.parametrize("body", BODIES)
def test_bodies(body: str) -> None:
    assert read(body) == BODIES[body]


def test_a_literal_message_has_a_form_that_other_tools_render_alike() -> None:
    message = assistant("{{ no }} {% endraw %} {%- \\endraw +%}", literal=True)
    body = write_body([message], THREADS)
    assert body == ("assistant:\n{# literal #}{% raw %}\n{{ no }} {% \\endraw %} {%- \\\\endraw +%}\n{% endraw %}\n")
    assert read(body) == [message]
    assert literal(read(body)) == [True]


@pytest.mark.parametrize(
    "text",
    [
        "{# literal #}{% raw %}\nx",
        "{# literal #}{% raw %}\nx\n{% endraw %}\n{% raw %}\n{% endraw %}",
        "x{# literal #}{% raw %}\nx\n{% endraw %}",
    ],
)
def test_raw_blocks_of_authored_text_are_not_literal(text: str) -> None:
    (found,) = read(f"user:\n{text}\n")
    assert found == user(text)
    assert literal([found]) == [False]


def test_an_authored_text_in_the_literal_form_is_guarded() -> None:
    message = user("{# literal #}{% raw %}\nx\n{% endraw %}")
    body = write_body([message], THREADS)
    assert body.startswith("user:\n\\\n{# literal #}")
    assert read(body) == [message]
    assert literal(read(body)) == [False]


def test_stretches_know_their_lines() -> None:
    body = "\n{% set a = 1 %}\n\nsystem:\n\nBe\nkind.\n\n\nuser:\n\\\n\nHi\nassistant:\n{# literal #}{% raw %}\nx\n{% endraw %}\ntool:\n"
    lines = body.split("\n")
    found = [
        ("\n".join(lines[each.first : each.end]), lines[each.text_line] if each.piece.text else "")
        for each in read_body(body, THREADS)
    ]
    assert found == [
        ("{% set a = 1 %}", "{% set a = 1 %}"),
        ("system:\n\nBe\nkind.", "Be"),
        ("user:\n\\\n\nHi", ""),
        ("assistant:\n{# literal #}{% raw %}\nx\n{% endraw %}", "x"),
        ("tool:", ""),
    ]


@pytest.mark.parametrize("text", ["a {{ b", "a {% if b", "a {# b", "{% raw %} a"])
def test_an_open_tag_is_not_written(text: str) -> None:
    with pytest.raises(InvalidPrompt, match="the user message leaves a tag open") as caught:
        write_body([user(text)], THREADS)
    assert caught.value.hint == "close it"


def test_words_before_a_tag_are_a_system_message() -> None:
    prompt = codec.read(
        b"---\ninputs:\n  name: {kind: string}\n---\nBe kind to {{ name }}{% set x = 1 %}\n\nuser:\nHello\n"
    )
    assert prompt.messages == (system("Be kind to {{ name }}{% set x = 1 %}"), user("Hello"))
