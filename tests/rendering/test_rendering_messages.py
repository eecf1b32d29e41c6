"""Messages are nodes of one template: loops, conditions, macros and `set` reach across them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptlib.errors import InvalidPrompt, RenderFailed
from promptlib.messages import (
    File,
    Image,
    Message,
    Piece,
    Placeholder,
    Prelude,
    Text,
    assistant,
    developer,
    placeholder,
    system,
    tool,
    user,
)
from promptlib.rendering import compile_pieces

if TYPE_CHECKING:
    from collections.abc import Callable


def rendered(*pieces: Piece, include: Callable[[str], str] | None = None, **values: object) -> list[tuple[str, str]]:
    messages = compile_pieces(pieces).render(values, include=include)
    return [(message.role, message.text) for message in messages]


def text(source: str, **values: object) -> str:
    (message,) = compile_pieces((user(source),)).render(values)
    return message.text


def test_every_role_comes_out_as_itself() -> None:
    pieces = (system("s"), developer("d"), user("u"), assistant("a"), tool("t"))
    assert rendered(*pieces) == [("system", "s"), ("developer", "d"), ("user", "u"), ("assistant", "a"), ("tool", "t")]


def test_rendered_messages_are_literal_so_that_they_are_never_templates_again() -> None:
    for source in ("{{ a }}", "{{ a | upper }}"):
        (message,) = compile_pieces((user(source),)).render({"a": "{{ b }}"})
        assert message.literal
        assert rendered(message) == [("user", message.text)]


def test_few_shot_examples_by_a_loop() -> None:
    examples = [{"q": "1+1", "a": "2"}, {"q": "2+2", "a": "4\n"}]
    found = rendered(
        Prelude("{% for each in examples %}\n"),
        user("{{ each.q }}"),
        assistant("{{ each.a }}\n{% endfor %}"),
        user("{{ question }}"),
        examples=examples,
        question="3+3",
    )
    assert found == [("user", "1+1"), ("assistant", "2"), ("user", "2+2"), ("assistant", "4\n"), ("user", "3+3")]


def test_a_loop_that_opens_at_the_end_of_a_message() -> None:
    found = rendered(
        system("Add.\n{% for n in numbers %}"),
        user("{{ n }}\n\n{% endfor %}\n{% if hint %}"),
        developer("{{ hint }}{% endif %}"),
        numbers=[1, 2],
        hint="slowly",
    )
    assert found == [("system", "Add."), ("user", "1"), ("user", "2"), ("developer", "slowly")]


@pytest.mark.parametrize(("strict", "expected"), [(True, ["a", "strict", "b"]), (False, ["a", "b"])])
def test_a_condition_around_a_message(strict: bool, expected: list[str]) -> None:  # noqa: FBT001 - a case of the table
    found = rendered(system("a{% if strict %}"), developer("strict{% endif %}"), user("b"), strict=strict)
    assert [content for _, content in found] == expected


def test_macros_and_set_reach_across_messages() -> None:
    found = rendered(
        Prelude("{% macro shout(word, mark='!') %}{{ word | upper }}{{ mark }}{% endmacro %}{% set name = 'ann' %}"),
        system("{{ shout(name) }}"),
        user("{{ shout(question, mark='?') }}{% set name = 'bob' %}"),
        assistant("{{ name }}"),
        question="who",
    )
    assert found == [("system", "ANN!"), ("user", "WHO?"), ("assistant", "bob")]


def test_a_macro_sees_what_is_defined_after_it() -> None:
    source = "{% macro a() %}{{ b() }}{{ x }}{% endmacro %}{% macro b() %}b{% endmacro %}{% set x = 1 %}{{ a() }}"
    assert text(source) == "b1"


def test_placeholders_put_threads_in_as_they_are() -> None:
    picture = Message("user", (Text("look"), Image("https://a/b.png")), name="ann")
    history = (picture, assistant("{{ not_a_template }}"))
    messages = compile_pieces((system("s"), placeholder("history"), user("u"))).render({"history": history})
    assert messages[1:3] == history
    assert all(message.literal for message in messages)


def test_a_thread_can_be_measured_and_looped_over_beside_its_placeholder() -> None:
    found = rendered(
        system("{% if history %}{{ history | length }} turns{% endif %}"),
        placeholder("history"),
        user("{% for turn in history %}{{ turn.role }}={{ turn.text }}={{ turn.content }};{% endfor %}"),
        history=(user("hi"), assistant("ho")),
    )
    assert found == [
        ("system", "2 turns"),
        ("user", "hi"),
        ("assistant", "ho"),
        ("user", "user=hi=hi;assistant=ho=ho;"),
    ]


def test_a_placeholder_inside_a_condition() -> None:
    pieces = (system("s{% if show %}"), Placeholder("history", "\n{% endif %}\n"), user("u"))
    assert rendered(*pieces, show=False, history=(user("x"),)) == [("system", "s"), ("user", "u")]
    assert rendered(*pieces, show=True, history=(user("x"),))[1] == ("user", "x")


def test_a_placeholder_takes_plain_messages_and_nothing_else() -> None:
    pieces = (placeholder("history"),)
    assert rendered(*pieces, history=[{"role": "user", "content": "hi"}]) == [("user", "hi")]
    with pytest.raises(RenderFailed, match="'history' is a str, and its placeholder needs messages"):
        rendered(*pieces, history="hi")
    with pytest.raises(RenderFailed, match="'history' has no value here") as caught:
        rendered(*pieces)
    assert str(caught.value.where) == "placeholder 'history':1:1"
    assert caught.value.hint == "a placeholder needs the messages of its input"


def test_images_and_files_are_parts_at_their_place() -> None:
    picture, paper = Image("https://a/b.png"), File("file-1", "paper.pdf")
    for extra in ("", "{% if true %}{% endif %}"):
        (message,) = compile_pieces((user("See {{ a }}{{ b }}, please." + extra),)).render({"a": picture, "b": paper})
        assert message.parts == (Text("See "), picture, paper, Text(", please."))
    (many,) = compile_pieces((user("{% for each in all %}{{ each }}{% endfor %}"),)).render({"all": [picture, picture]})
    assert many.parts == (picture, picture)


def test_a_literal_message_among_templates_is_never_lexed() -> None:
    source = "{{ x }} {% raw %} {# {% endfor %}\nuser:\n"
    found = rendered(
        user("{% for n in [1, 2] %}"), system(source, literal=True), user("{{ n }}{% endfor %}{{ y }}"), y="end"
    )
    assert found == [("user", ""), ("system", source), ("user", "1"), ("system", source), ("user", "2end")]


def test_literal_and_template_of_one_text_do_not_share_a_compiled_form() -> None:
    assert rendered(user("{{ a }}"), a="1") == [("user", "1")]
    assert rendered(user("{{ a }}", literal=True)) == [("user", "{{ a }}")]
    assert rendered(user("{{ a }}"), a="2") == [("user", "2")]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a\n", "a\n"),
        ("\n\na", "\n\na"),
        ("{{ v }}\n{% if true %}{% endif %}", "V"),
        ("{% if true %}\na\n{% endif %}", "a"),
        ("{% if true %}\n\n  a\n  {% endif %}", "  a"),
        ("{# note #}\na", "a"),
        ("a\n{# note #}\n{# note #}", "a"),
        ("{% if true %}a{% endif %}\n", "a\n"),
        ("\n{% if true %}a{% endif %}", "\na"),
        ("a\n{% if false %}\nb\n{% endif %}", "a"),
        ("a\n{% if true %}\nb\n{% endif %}\nc", "a\n\nb\n\nc"),
        ("{{ breaks }}\n{% if true %}{% endif %}", "\n\n\n"),
        ("{% if true %}{{ breaks }}{% endif %}", "\n\n\n"),
        ("{% if true %}{{ none_at_all }}\n{% endif %}", ""),
        ("a {%- if true %} b {%- endif %}", "a b"),
        ("a\r\nb\rc\u2028d", "a\r\nb\rc\u2028d"),
        ("a\r\n{% if true %}\r\nb\r\n{% endif %}", "a\r\n\r\nb"),
        ("{% raw %}\n{{ x }}\n{% endraw %}", "\n{{ x }}\n"),
    ],
)
def test_line_breaks_beside_statements_are_layout_at_the_edges_only(source: str, expected: str) -> None:
    """What stands at the very edge of a text was meant, and values keep what they hold."""
    assert text(source, v="V", breaks="\n\n\n", none_at_all="") == expected


def test_includes_are_text_in_the_open_message() -> None:
    asked: list[str] = []

    def include(alias: str) -> str:
        asked.append(alias)
        return "\n{{ not_again }}\nsystem:\n"

    found = rendered(
        system('{% include "style" %}{% macro m() %}[{% include "other" %}]{% endmacro %}'),
        user("{{ m() }}"),
        include=include,
    )
    assert found == [("system", "\n{{ not_again }}\nsystem:\n"), ("user", "[\n{{ not_again }}\nsystem:\n]")]
    assert asked == ["style", "other"]
    assert compile_pieces((user('{% include "b" %}{% include "a" %}{% include "b" %}'),)).includes == ("b", "a")


def test_an_include_without_a_way_to_find_it() -> None:
    with pytest.raises(RenderFailed, match="nothing was given to find the include 'style'") as caught:
        rendered(user('a\n{% include "style" %}'))
    assert str(caught.value.where) == "message 1 (user):2:4"
    assert "render with resolve=store.load" in str(caught.value)


@pytest.mark.parametrize(
    ("opening", "closing", "word"),
    [
        ("{% macro m() %}", "{% endmacro %}", "a macro"),
        ("{% set x %}", "{% endset %}", "a set block"),
        ("{% filter upper %}", "{% endfilter %}", "a filter block"),
        ("{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}", "{% endcall %}", "a call block"),
        ("{% for x in [1] recursive %}", "{% endfor %}", "a recursive loop"),
    ],
)
def test_a_message_cannot_open_inside_captured_text(opening: str, closing: str, word: str) -> None:
    with pytest.raises(InvalidPrompt, match=f"a user message opens inside {word}") as caught:
        compile_pieces((system(opening), user("hi" + closing)))
    assert str(caught.value.where) == "message 2 (user):1:1"
    assert "cannot hold messages" in caught.value.hint
    with pytest.raises(InvalidPrompt, match=f"a placeholder opens inside {word}"):
        compile_pieces((system(opening), Placeholder("history", closing)))


@pytest.mark.parametrize("source", ["hello", "{{ x }}", '{% include "a" %}', "{% filter upper %}x{% endfilter %}"])
def test_only_statements_stand_outside_of_messages(source: str) -> None:
    with pytest.raises(InvalidPrompt, match="text before the first message, outside of every message"):
        compile_pieces((Prelude(source), user("{% if true %}u{% endif %}")))
    with pytest.raises(InvalidPrompt, match="text after the placeholder 'h', outside of every message") as caught:
        compile_pieces((Placeholder("h", "{% if true %}" + source + "{% endif %}"), user("u")))
    assert caught.value.hint == "only statements can stand here; put the text into a message"


def test_text_whose_message_was_skipped() -> None:
    pieces = (Prelude("{% if show %}"), system("s{% endif %}stray"), user("u"))
    assert rendered(*pieces, show=True) == [("system", "sstray"), ("user", "u")]
    with pytest.raises(RenderFailed, match="text outside of every message: 'stray'") as caught:
        rendered(*pieces, show=False)
    assert "was skipped" in caught.value.hint
    assert str(caught.value.where) == "the opening statements:1:1"
    behind = (placeholder("h"), Prelude("{% if show %}"), system("s{% endif %}stray"))
    with pytest.raises(RenderFailed, match="text outside of every message: 'stray'"):
        rendered(*behind, show=False, h=())


def test_break_continue_blocks_and_recursion() -> None:
    assert text("{% for n in [1, 2, 3] %}{% if n == 2 %}{% continue %}{% endif %}{{ n }}{% endfor %}") == "13"
    assert text("{% for n in [1, 2, 3] %}{% if n == 2 %}{% break %}{% endif %}{{ n }}{% endfor %}") == "1"
    assert text("{% block intro %}{{ a }}{% endblock %}!", a="x") == "x!"
    tree = [{"n": 1, "under": [{"n": 2, "under": []}]}]
    assert text("{% for e in tree recursive %}{{ e.n }}({{ loop(e.under) }}){% endfor %}", tree=tree) == "1(2())"


@pytest.mark.parametrize("word", ["break", "continue"])
@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "{{% for n in [1] %}}{{% else %}}{}{{% endfor %}}",
        "{{% for n in [1] %}}{{% macro m() %}}{}{{% endmacro %}}{{% endfor %}}",
    ],
)
def test_break_and_continue_need_a_loop(word: str, around: str) -> None:
    with pytest.raises(InvalidPrompt, match=rf"{{% {word} %}} outside of a loop"):
        compile_pieces((user(around.format(f"{{% {word} %}}")),))
