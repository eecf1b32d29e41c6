"""Whatever a text holds: it renders, or it is one of our errors with a place."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment
from jinja2.meta import find_undeclared_variables

from promptlib.errors import InvalidPrompt, PromptLibError, RenderFailed
from promptlib.inputs import Input, InputType
from promptlib.messages import Message, Piece, Placeholder, Prelude, Text, user
from promptlib.rendering import check, compile_pieces

SIGNS = r"""
{{ }} {% %} {# #} {%- -%} {{- -}} if endif for endfor in else elif set endset macro endmacro call endcall with endwith
filter endfilter raw endraw include block endblock break continue not and or is defined none true loop recursive a b xs
d _p self range namespace dict caller super upper length join tojson default map items groupby ( ) [ ] { } . , : | ~ + -
segment endsegment priority= truncate= 'items' * / // ** % == != < > = ' " \ 1 2.5 'a' "b" user: --- é 🎉
"""
WORDS = (*SIGNS.split(), "\r", "\n", "\x00")
SOUP = st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join)
STATEMENTS = (
    "{% if a %}",
    "{% elif b %}",
    "{% else %}",
    "{% endif %}",
    "{% for x in xs %}",
    "{% for x in xs if x != a %}",
    "{% endfor %}",
    "{% set y = a %}",
    "{% set z %}",
    "{% endset %}",
    "{% macro m(p) %}",
    "{% endmacro %}",
    "{{ m(a) }}",
    "{% call m(1) %}",
    "{% endcall %}",
    "{% filter upper %}",
    "{% endfilter %}",
    "{% with w = a %}",
    "{% endwith %}",
    "{% segment 's' %}",
    "{% segment 'i' truncate='items' %}",
    "{% endsegment %}",
    "{% break %}",
    "{% raw %}",
    "{% endraw %}",
    "{{ x }}",
    "{{ y }}",
    "{{ z }}",
    "{{ a | upper }}",
    "{{ d.key }}",
    "{{ d.items }}",
    "{{ xs | join }}",
    "{{ loop.index }}",
    "{# c #}",
    "\n",
    "text",
    " ",
)
PROGRAM = st.lists(st.sampled_from(STATEMENTS), max_size=12).map("".join)
PIECES = st.lists(
    st.builds(lambda text: Message("user", (Text(text),)), SOUP | PROGRAM)
    | st.builds(lambda text: Message("system", (Text(text),), literal=True), SOUP)
    | st.builds(lambda text: Placeholder("h", text), PROGRAM),
    min_size=1,
    max_size=4,
).map(tuple)
VALUES: dict[str, object] = {"a": "A", "b": 0, "xs": ["1", "A"], "d": {"items": "i"}, "h": (user("x"),)}
TEXT = InputType(kind="string")
INPUTS = (
    Input(name="a", type=TEXT),
    Input(name="b", type=InputType(kind="integer")),
    Input(name="xs", type=InputType(kind="array", items=TEXT)),
    Input(name="d", type=InputType(kind="json")),
    Input(name="h", type=InputType(kind="thread")),
)


def placed(error: PromptLibError, pieces: tuple[Piece, ...]) -> None:
    """Check that the error points into the text of a piece."""
    assert error.where is not None, error.what
    assert error.where.line is not None
    assert error.where.column is not None
    texts = [piece.text.replace("\r\n", "\n").replace("\r", "\n").split("\n") for piece in pieces]
    assert any(error.where.line <= len(lines) and error.where.text == lines[error.where.line - 1] for lines in texts), (
        error
    )
    assert 1 <= error.where.column <= len(error.where.text) + 1


def run(pieces: tuple[Piece, ...]) -> None:
    try:
        template = compile_pieces(pieces)
    except InvalidPrompt as error:
        placed(error, pieces)
        return
    try:
        check(template, INPUTS, elsewhere=frozenset(each.name for each in INPUTS))
    except InvalidPrompt as error:
        placed(error, pieces)
    try:
        found = template.render(VALUES, include=str)
    except RenderFailed as error:
        placed(error, pieces)
        return
    assert all(message.literal for message in found)


@given(PIECES)
def test_any_soup_of_words_renders_or_is_an_error_with_a_place(pieces: tuple[Piece, ...]) -> None:
    run(pieces)


@given(st.lists(st.builds(lambda text: Message("user", (Text(text),)), st.text()), min_size=1, max_size=3).map(tuple))
def test_any_text_renders_or_is_an_error_with_a_place(pieces: tuple[Piece, ...]) -> None:
    run(pieces)


@given(PROGRAM, PROGRAM, PROGRAM)
def test_statements_anywhere_between_messages(first: str, second: str, third: str) -> None:
    run((Prelude(first), user(second), Placeholder("h", third), user("end")))


@given(PROGRAM)
def test_variables_are_those_that_jinja_finds(source: str) -> None:
    """Jinja's own list has no paths and no places; the names are the same."""
    try:
        template = compile_pieces((user(source),))
    except InvalidPrompt:
        return
    environment = Environment(autoescape=False, extensions=["jinja2.ext.loopcontrols"])  # noqa: S701 - only parsed
    # Jinja has no segments; a scope is what they are to names.
    source = re.sub(r"{% segment .*? %}", "{% with %}", source).replace("{% endsegment %}", "{% endwith %}")
    assert set(template.variables) == find_undeclared_variables(environment.parse(source))


@pytest.mark.parametrize("text", ["", "\n", " ", "\ufeff", "\x00", "}}", "%}", "#}", "{", "{ {", "\\"])
def test_texts_without_jinja_are_themselves(text: str) -> None:
    assert compile_pieces((user(text),)).render({}) == (Message("user", (Text(text),)),)
