"""A template of plain variables is a join without Jinja, and nobody can tell by the result."""

from __future__ import annotations

import subprocess
import sys
from string import ascii_letters

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from promptlib.errors import PromptLibError
from promptlib.messages import Image, Message, Piece, Placeholder, Prelude, assistant, placeholder, system, user
from promptlib.rendering import compile_pieces
from promptlib.rendering.plainvariables import PlainUnit, variables_of
from promptlib.rendering.units import Unit

FRAGMENTS = st.sampled_from(
    [
        *"{{ }} {% %} {# #} { } % - + a b1 _c é 9 . | text {{b1}} {{-a}}".split(),  # noqa: SIM905 - reads best so
        *(" ", "\t", "\n", "\r\n", "\r", "{{ a }}", "{{ none }}", "{{ true }}", "{{ not }}", "{{ a\n}}"),
    ]
)


def general(pieces: tuple[Piece, ...], values: dict[str, object]) -> object:
    try:
        return Unit(pieces).render(values, str, ())
    except PromptLibError as error:
        return type(error), error.what, error.where


@given(st.lists(FRAGMENTS, max_size=12).map("".join) | st.text())
@example("{{{ a }}}")
@example("{{ a }}}")
@example("{ {{ a }} }")
@example("{{ a }}{{")
def test_what_counts_as_plain_is_what_jinja_reads_so(source: str) -> None:
    """Values that differ by name show that the same names are read at the same places."""
    pieces = (user(source),)
    found = variables_of(pieces[0])
    if found is None:
        return
    values: dict[str, object] = {variable.name: f"<{variable.name}>" for variable in found[1]}
    assert PlainUnit(pieces, [found]).render(values, str, ()) == general(pieces, values)


@given(
    st.lists(st.sampled_from(["a", "b", "c"]), max_size=5),
    st.text().map(lambda text: text.replace("{", "(")),
    st.fixed_dictionaries(
        {},
        optional={
            name: st.text() | st.integers() | st.floats() | st.booleans() | st.none() | st.just(["x"]) | st.just({})
            for name in "abc"
        },
    ),
)
def test_both_ways_give_the_same_messages_or_the_same_error(
    names: list[str], text: str, values: dict[str, object]
) -> None:
    pieces = (system(text), user("".join(f"{text}{{{{ {name} }}}}" for name in names)))
    unit = PlainUnit(pieces, [found for piece in pieces if (found := variables_of(piece)) is not None])
    try:
        plain: object = unit.render(values, str, ())
    except PromptLibError as error:
        plain = type(error), error.what, error.where
    assert plain == general(pieces, values)


def test_parts_and_threads_alike() -> None:
    pieces = (Prelude(" \n"), system("s {{ picture }}"), placeholder("history"), assistant("{{ picture }}{{ n }}"))
    values = {"picture": Image("u"), "history": (user("x"),), "n": 1}
    template = compile_pieces(pieces)
    assert template.render(values) == Unit(pieces).render(values, str, ())
    general_uses = sorted((use.name, use.span) for use in Unit(pieces).uses)
    assert general_uses == sorted((use.name, use.span) for use in template._unit.uses)


@pytest.mark.parametrize(
    "piece",
    [
        user("{{ a.b }}"),
        user("{{ a | upper }}"),
        user("{{ range }}"),
        user("{{ _a }}"),
        user("{{ a"),
        user("{# a #}"),
        user("{% if a %}{% endif %}"),
        Prelude("{{ a }}"),
        Prelude("a"),
        Placeholder("h", "text"),
    ],
    ids=repr,
)
def test_all_else_is_left_to_jinja(piece: Piece) -> None:
    assert variables_of(piece) is None


def test_literal_messages_are_plain_whatever_they_hold() -> None:
    assert variables_of(Message("user", user("{{ a }} {%").parts, literal=True)) == (("{{ a }} {%",), ())


def test_plain_templates_never_load_jinja() -> None:
    code = (
        "import sys\n"
        "from promptlib.messages import system, user, placeholder\n"
        "from promptlib.rendering import check, compile_pieces\n"
        "template = compile_pieces((system('Be {{ tone }}.'), placeholder('h'), user('{{ ticket }}')))\n"
        "template.render({'tone': 'warm', 'ticket': 't', 'h': ()})\n"
        "assert template.uses and template.variables\n"
        "sys.exit('jinja2' in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_names_of_any_length() -> None:
    name = ascii_letters * 20
    assert compile_pieces((user(f"{{{{{name}}}}}"),)).render({name: "x"})[0].text == "x"
