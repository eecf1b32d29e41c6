"""Prompts as files for other tools: they render alike, hold nothing that only promptlib reads, and losses are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from jinja2 import Environment
from pydantic import BaseModel

from promptlib import File, Image, Prompt, Segment, Thread, assistant, codec, placeholder, system, user
from promptlib.errors import InvalidPrompt, RenderFailed
from promptlib.formats.prompty import portable
from promptlib.inputs import declare
from promptlib.messages import Message, Placeholder, Prelude, Text
from promptlib.plain import Frozen
from promptlib.rendering import compile_pieces
from promptlib.rendering.untagging import as_template, names_of, put_in_place, untagged
from tests.strategies import fewer

if TYPE_CHECKING:
    from collections.abc import Callable


class Inputs(BaseModel):
    text: str = "v"
    flag: bool = True
    items: list[str] = []
    history: Thread = ()


USED = "{% if false %}{{ text }}{{ flag }}{{ items | join }}{% endif %}"
VALUES: list[dict[str, Any]] = [
    {"text": text, "flag": flag, "items": items, "history": history}
    for text in ("v", "")
    for flag in (True, False)
    for items, history in (([], ()), (["p", ""], (user("t"), assistant("u"))))
]


def of(*pieces: Any, **parts: Any) -> Prompt[Any]:
    return Prompt.define(Inputs, *pieces, user(USED), placeholder("history"), **parts)


def fitting(*pieces: Any, **parts: Any) -> Prompt[Any]:
    """Return the prompt of *pieces* over as many inputs as they use."""
    used = compile_pieces(pieces).variables
    return Prompt(messages=pieces, inputs=tuple(each for each in declare(Inputs) if each.name in used), **parts)


def body(prompt: Prompt[Any]) -> str:
    """Return the text of the first message of the file for other tools."""
    piece = codec.read(portable(prompt).data).messages[0]
    assert isinstance(piece, Message)
    assert not piece.literal
    return piece.text


def rendered(prompt: Prompt[Any], values: dict[str, Any], resolve: Any = None) -> object:
    try:
        return prompt.render(values, resolve=resolve).messages
    except RenderFailed as error:
        return error.what


def assert_alike(prompt: Prompt[Any]) -> tuple[str, ...]:
    """Assert that the file of *prompt* renders like it; return what was lost."""
    data, losses = portable(prompt)
    again = codec.read(data)
    assert again.segments == {}
    assert again.all_segments == {}
    found = dict(prompt.included)
    by_pin = {str(pin): found[alias] for alias, pin in prompt.includes.items()}
    for values in VALUES:
        assert rendered(again, values, by_pin.get) == rendered(prompt, values)
    assert portable(prompt).data == data
    return losses


# --- tags of segments -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a {% segment "s" %}b{% endsegment %} c', "a b c"),
        ('{% segment "s" priority=3 %}\nb {{ text }}\n{% endsegment %}', "b {{ text }}"),
        ('a\n{% segment "s" %}\nb\n{% endsegment %}\nc', "a\n\nb\n\nc"),
        ('a \n {%- segment "s" -%} \n b \n{%- endsegment -%} \n c', "abc"),
        ('a {%+ segment "s", marker="%}" +%} b{% endsegment %}', "a  b"),
        ("{% if flag %}\na\n{% endif %}\n{% segment 's' %}\nb\n{% endsegment %}", "{% if flag %}\na\n{% endif %}\n\nb"),
        ('a\r\n{% segment "s" %}\r\nb{% endsegment %}', "a\r\n\r\nb"),
        ('{# {% segment "s" %} #}{% segment "s" %}b{% endsegment %}', '{# {% segment "s" %} #}b'),
        (
            '{% raw %}{% segment "s" %}{% endraw %}{% segment "s" %}b{% endsegment %}',
            '{% raw %}{% segment "s" %}{% endraw %}b',
        ),
        ("{{ '{% segment 1 %}' }}{% segment 's' %}b{% endsegment %}", "{{ '{% segment 1 %}' }}b"),
        ('{% segment "a" %}b{% endsegment %}{% segment "c" %}d{% endsegment %}', "bd"),
        (
            '{% for item in items %}{% segment "s" %}{{ item }}{% endsegment %}{% endfor %}',
            "{% for item in items %}{{ item }}{% endfor %}",
        ),
        ("no segment {{ text }}\n", "no segment {{ text }}\n"),
    ],
)
def test_tags_go_and_their_text_stays(text: str, expected: str) -> None:
    assert untagged(text) == expected
    assert_alike(of(user(text)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # What is set inside is not seen behind.
        (
            '{% set v = 1 %}{% segment "s" %}{% set v = 2 %}{{ v }}{% endsegment %}{{ v }}',
            "{% set v = 1 %}{% with %}{% set v = 2 %}{{ v }}{% endwith %}{{ v }}",
        ),
        # Whether the line break is at the edge of the message is only known when it renders.
        (
            'a\n{% segment "s" %} {%- endsegment %} {% if flag %}b{% endif %}',
            "a\n{% with %} {%- endwith %} {% if flag %}b{% endif %}",
        ),
        # Two halves of a tag would meet.
        ("{ {%- segment 's' -%} { text }{% endsegment %}}", "{ {%- with -%} { text }{% endwith %}}"),
    ],
)
def test_where_a_statement_is_needed_there_is_one(text: str, expected: str) -> None:
    assert untagged(text) == expected
    assert_alike(of(user(text)))


def test_a_name_set_beside_a_segment_needs_no_scope() -> None:
    assert untagged('{% set v = 1 %}{% segment "s" %}{{ v }}{% endsegment %}') == "{% set v = 1 %}{{ v }}"


def test_what_leaves_a_loop_may_leave_line_breaks_at_the_edge() -> None:
    text = 'a\n{% segment "s" %}{% if flag %}{% break %}{% endif %}\nb{% endsegment %}{% endfor %}'
    prompt = of(Prelude("{% for item in items %}"), user(text))
    assert_alike(prompt)
    other = of(
        Prelude("{% for item in items %}"), user('{% segment "s" %}a{% endsegment %}\n{% else %}\nb{% endfor %}')
    )
    assert_alike(other)


# --- literal texts, placeholders, settings ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "\n edges \n\n",
        "{{ text }}",
        "{% segment 's' %}",
        "{# a #}",
        "a {% endraw %} b {%- endraw +%}{% raw %}",
        "{%\nendraw\n%}",
        "{",
        "{{% endraw %}",
        "{% raw %}",
    ],
)
def test_a_literal_text_stands_as_a_template_of_itself(text: str) -> None:
    """Other tools know no literal text; any Jinja makes the same of it."""
    template = as_template(text)
    assert Environment(keep_trailing_newline=True).from_string(template).render() == text  # noqa: S701 - nothing here is a web page
    alone: Prompt[Any] = Prompt(messages=(Message("user", (Text(text),), literal=True),))
    among = of(Message("system", (Text(text),), literal=True))
    for prompt in (alone, among):
        data, _ = portable(prompt)
        assert [m.text for m in codec.read(data).render({}).messages][:1] == [text]
        assert b"literal" not in data


def test_all_else_is_kept() -> None:
    prompt = of(
        user("a"),
        settings={"id": "x", "options": {"temperature": 0.5}},
        tags=["t"],
        authors=["Uma"],
        description="d",
        tools=[{"name": "look"}],
    )
    assert portable(prompt).data == codec.write(prompt)
    assert portable(prompt).losses == ()


def test_segments_are_lost_and_told() -> None:
    prompt = of(
        user('{% segment "part" priority=3 truncate="start" %}{{ text }}{% endsegment %}{{ items | join }}'),
        segments={"items": Segment(priority=20), "history": {"priority": -1}},
    )
    data, losses = portable(prompt)
    assert losses == (
        "the segment 'part' (priority 3, truncate start) is gone",
        "the segment 'items' (priority 20, truncate items) is gone",
        "the segment 'history' (priority -1, truncate oldest) is gone",
    )
    assert b"segment" not in data
    assert b"metadata" not in data


def test_what_plain_jinja_does_not_know_is_told() -> None:
    loop = "{% for item in items %}{% if item %}{% continue %}{% endif %}{% break %}{% endfor %}"
    assert assert_alike(of(user("{{ text | delimited | upper }}" + loop))) == (
        "the filter 'delimited' is known to promptlib alone",
        "{% break %} is known to promptlib alone",
        "{% continue %} is known to promptlib alone",
    )


def test_marks_that_others_read_as_text_are_told() -> None:
    texts = ["user:", "fine", "\nbreak", "a\rb\r", ""]
    prompt = of(*(user(text, literal=at % 2 == 0) for at, text in enumerate(texts)))
    assert assert_alike(prompt) == (
        "message 1 (user) holds marks (\\) that other tools take for text",
        "message 3 (user) holds marks (\\) that other tools take for text",
        "message 4 (user) holds marks (\\) that other tools take for text",
    )


def test_images_files_and_threads_stay() -> None:
    class Seen(BaseModel):
        picture: Image
        paper: File
        history: Thread = ()

    prompt = Prompt.define(
        Seen,
        placeholder("history", priority=1),
        user('{% segment "s" %}\nsee {{ picture }}\n{% endsegment %}\n{{ paper }}'),
    )
    values = {"picture": Image("https://x"), "paper": File("data:,x"), "history": (user("a"),)}
    assert codec.read(portable(prompt).data).render(values).messages == prompt.render(values).messages


# --- includes ---------------------------------------------------------------------------------------------------------


STAYS = "the include 'style' stays, and other tools do not find it: "


class Style(BaseModel):
    text: str
    tone: str = "warm"


def style(text: str, **parts: Any) -> Prompt[Any]:
    return Prompt.define(Style, system(text + "{{ text if false }}{{ tone if false }}"), **parts)


STYLE = Prompt.define(Style, system("Be {{ tone }}, {{ text }}."))


def test_an_include_is_put_in_place() -> None:
    prompt = of(system('Rules:\n{% include "style" %}\nGo.'), includes={"style": STYLE})
    assert assert_alike(prompt) == ()
    assert body(prompt) == "Rules:\nBe {{ tone }}, {{ text }}.\nGo."
    again = codec.read(portable(prompt).data)
    assert again.includes == {}
    assert [each.name for each in again.inputs] == ["text", "flag", "items", "history", "tone"]
    assert again.render(tone="cold").messages[0].text == "Rules:\nBe cold, v.\nGo."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{% include "style" %}', "Be {{ tone }}, {{ text }}."),
        ('{% if flag %}{% endif %}\n{% include "style" %}', "{% if flag %}{% endif %}\nBe {{ tone }}, {{ text }}."),
        ('a {%- include "style" -%} \n b', "aBe {{ tone }}, {{ text }}.b"),
        ("{% if flag %}{% include 'style' %}{% endif %}", "{% if flag %}Be {{ tone }}, {{ text }}.{% endif %}"),
        ("{% segment 's' %}{% include 'style' %}{% endsegment %}", "Be {{ tone }}, {{ text }}."),
        (
            '{% include "style" %} {% include "style" %}',
            "Be {{ tone }}, {{ text }}. Be {{ tone }}, {{ text }}.",
        ),
        ("Rules.\n{% include 'style' %}", "Rules.\nBe {{ tone }}, {{ text }}."),
        ("{# {% include 'style' %} #}{% include 'style' %}", "{# {% include 'style' %} #}Be {{ tone }}, {{ text }}."),
    ],
)
def test_includes_are_put_in_place_wherever_they_stand(text: str, expected: str) -> None:
    prompt = of(system(text), includes={"style": STYLE})
    assert assert_alike(prompt) == (
        ("the segment 's' (priority 0, truncate end) is gone",) if "segment" in text else ()
    )
    assert body(prompt) == expected


@pytest.mark.parametrize(
    ("inner", "outer", "expected"),
    [
        ("", '{% include "style" %}\nb', "\nb"),
        ("", 'a\n{% include "style" %}', "a\n"),
        ("", '{% include "style" %}', ""),
        ("", '{% if flag %}{% include "style" %}{% endif %}\na', None),
        ("", '{% if flag %}{% endif %}{% include "style" %}{% if flag %}{% endif %}\na', None),
        ("{% if flag %}a{% endif %}", 'b {% include "style" %}', "b {% if flag %}a{% endif %}"),
        ("{% if flag %}\na\n{% endif %}.", '{% include "style" %}', None),
        ("a{% if flag %}\na\n{% endif %}.", '{% include "style" %}', "a{% if flag %}\na\n{% endif %}."),
    ],
)
def test_an_include_is_a_text_even_where_it_is_empty(inner: str, outer: str, expected: str | None) -> None:
    prompt = of(system(outer), includes={"style": fitting(user(inner))})
    losses = assert_alike(prompt)
    assert body(prompt) == (outer if expected is None else expected)
    assert any("stays" in loss for loss in losses) == (expected is None)


def test_includes_below_includes_and_literal_ones_are_put_in_place() -> None:
    literal = Prompt.define(system("{{ braces }}\n", literal=True))
    middle = style('[{% include "literal" %}]', includes={"literal": literal})
    prompt = of(system('> {% include "middle" %} <'), includes={"middle": middle})
    assert assert_alike(prompt) == ()
    assert body(prompt).startswith("> [{% raw %}{{ braces }}\n{% endraw %}]")


def test_the_segments_of_an_include_are_lost_with_it() -> None:
    inner = Prompt.define(
        Style, system('{{ tone }} {% segment "s" priority=4 %}{{ text }}{% endsegment %}.'), segments={"tone": {}}
    )
    prompt = of(system('{% include "style" %}'), includes={"style": inner})
    assert assert_alike(prompt) == (
        "the segment 's' (priority 4, truncate end) is gone, in the include 'style'",
        "the segment 'tone' (priority 0, truncate end) is gone, in the include 'style'",
    )
    assert body(prompt) == "{{ tone }} {{ text }}."


def test_foreign_words_are_put_into_foreign_prompts_alone() -> None:
    foreign = style("x.", trust="foreign")
    prompt = of(system('{% include "style" %}'), includes={"style": foreign})
    assert assert_alike(prompt) == (STAYS + "its words are foreign, and those of this prompt are not",)
    assert portable(prompt).data == codec.write(prompt)
    outer = of(system('{% include "style" %}'), includes={"style": foreign}, trust="foreign")
    assert assert_alike(outer) == ()
    assert codec.read(portable(outer).data).trust == "foreign"
    own = of(system('{% include "style" %}'), includes={"style": STYLE}, trust="foreign")
    assert assert_alike(own) == ()


SAME_NAME = "both texts use the name {!r}, each for its own"


def test_an_include_that_is_not_at_hand_stays() -> None:
    whole = of(system('{% include "style" %}'), includes={"style": STYLE})
    bare = whole.evolve(includes={"style": str(whole.includes["style"])})
    assert portable(bare).losses == (f"{STAYS}it is not at hand",)
    assert codec.read(portable(bare).data).includes == bare.includes
    nested = of(
        system('{% include "style" %}'),
        includes={"style": style('{% include "b" %}.', includes={"b": bare.includes["style"]})},
    )
    assert portable(nested).losses == (f"{STAYS}what it includes stays, too: b",)


LINES = "in place its line breaks would not be the same"


@pytest.mark.parametrize(
    ("inner", "outer", "why"),
    [
        # A line break that is layout in the include, and would be text here, or the other way round.
        ("{% if text %}\nx{% endif %}", 'a{% include "style" %}\nb', LINES),
        ("\nx\n.", '{% if flag %}{% include "style" %}{% endif %}', LINES),
        ("{% if false %}x{% endif %}", '{% include "style" %}\nb', LINES),
        ("{% if false %}x{% endif %}", 'a\n{% include "style" %}', LINES),
        (
            "{% set item = 1 %}{{ item }}.",
            '{% for item in items %}{% include "style" %}{% endfor %}',
            SAME_NAME.format("item"),
        ),
        ("Be {{ text }}.", '{% for text in items %}{% include "style" %}{% endfor %}', SAME_NAME.format("text")),
        ("{% set flag = 1 %}{{ flag }}.", '{% include "style" %}{{ flag }}', SAME_NAME.format("flag")),
        ("{% set text = 1 %}{{ text }}.", '{% include "style" %}', SAME_NAME.format("text")),
        (
            "{% macro m() %}x{% endmacro %}{{ m() }}.",
            '{% macro m() %}y{% endmacro %}{% include "style" %}{{ m() }}',
            SAME_NAME.format("m"),
        ),
        ("{{ range(2) | join }}.", '{% set range = 1 %}{{ range }}{% include "style" %}', SAME_NAME.format("range")),
        (
            "a{% set v = 1 %}{{ v }}.",
            '{% include "style" %}{% include "style" %}',
            "it sets 'v', and is included more than once",
        ),
    ],
)
def test_what_would_render_otherwise_stays(inner: str, outer: str, why: str) -> None:
    prompt = of(system(outer), includes={"style": fitting(user(inner))})
    assert assert_alike(prompt) == (STAYS + why,)
    assert portable(prompt).data == codec.write(prompt)


def test_a_loop_of_its_own_is_no_clash() -> None:
    inner = Prompt.define(
        Inputs, system(USED + "{% for item in items %}{{ item }}{% endfor %}{{ text }}{{ history | length }}")
    )
    prompt = of(
        system('.{% for item in items %}{{ item }}{% endfor %}{% include "style" %}'), includes={"style": inner}
    )
    assert assert_alike(prompt) == ()


def test_statements_before_the_message_keep_an_include_where_it_is() -> None:
    inner: Prompt[Any] = Prompt(messages=(Prelude("{% set a = 1 %}"), user("{{ a }}")))
    prompt = of(system('{% include "style" %}'), includes={"style": inner})
    assert assert_alike(prompt) == (f"{STAYS}statements stand before its message",)


def test_an_include_in_a_macro_before_the_messages_stays() -> None:
    prompt = of(
        Prelude('{% macro m() %}{% include "style" %}{% endmacro %}'), user("{{ m() }}"), includes={"style": STYLE}
    )
    assert assert_alike(prompt) == (f"{STAYS}in place it would be wrong: no include 'style'",)


def test_a_foreign_literal_text_past_the_limits_of_templates_stays() -> None:
    long = Message("user", (Text("{{ x " * 200_000),), literal=True)
    prompt: Prompt[Any] = Prompt(messages=(long,), trust="foreign")
    data, losses = portable(prompt)
    assert data == codec.write(prompt)
    assert len(losses) == 1
    assert losses[0].startswith(
        "its literal texts stay, and other tools take them for templates: a template of more than"
    )
    outer: Prompt[Any] = Prompt.define(user('{% include "style" %}'), includes={"style": prompt}, trust="foreign")
    assert portable(outer).losses == (f"{STAYS}its text is literal, and too long for a template",)


# --- any template -----------------------------------------------------------------------------------------------------

_LEAVES = [
    *(
        "a",
        " ",
        "\n",
        "\r\n",
        "\n\n",
        "  \n ",
        "{",
        "}",
        "%",
        "b\nc",
        "{{ text }}",
        "{{- text -}}",
        "{# c #}",
        "{#- c -#}",
    ),
    *('{% raw %}{% segment "r" %}{% endraw %}', "{% raw %}\n{% endraw %}", "{% set v = text %}", "{{ v }}"),
]
_signs = st.sampled_from(["", "", "-", "+"])
_WORDS = {"if": "if flag", "for": "for each in items", "segment": 'segment "s" priority=1', "with": "with x = text"}


@st.composite
def _block(draw: st.DrawFn, inner: st.SearchStrategy[str], *kinds: str) -> str:
    kind = draw(st.sampled_from(kinds))
    marks = [draw(_signs) for _ in range(4)]
    return f"{{%{marks[0]} {_WORDS[kind]} {marks[1]}%}}{draw(inner)}{{%{marks[2]} end{kind} {marks[3]}%}}"


def _bodies(leaves: list[str]) -> st.SearchStrategy[str]:
    """Return texts of templates: blocks inside of each other, and segments around and inside of them."""
    leaf = st.sampled_from(leaves)
    joined = st.lists(leaf, max_size=3).map("".join)
    inside = st.lists(st.one_of(leaf, _block(joined, "if", "for", "with")), max_size=4).map("".join)
    segment = _block(inside, "segment")
    around = st.lists(st.one_of(leaf, leaf, segment), max_size=4).map("".join)
    return st.lists(st.one_of(leaf, segment, _block(around, "if", "for", "with")), max_size=5).map("".join)


def _drawn(make: Callable[[], Prompt[Any]]) -> Prompt[Any]:
    try:
        return make()
    except InvalidPrompt:  # a brace has met another
        reject()


@pytest.mark.no_cover
@fewer(2)
@given(_bodies(_LEAVES), _bodies(_LEAVES), st.booleans())
def test_any_template_renders_alike_without_its_segments(one: str, other: str, loop: bool) -> None:  # noqa: FBT001 - drawn
    """Also where a loop opens in one message and closes in the next."""
    if loop:
        one, other = f"{one}{{% for each in items %}}{one}", f"{other}{{% endfor %}}{other}"
    assert_alike(_drawn(lambda: of(Prelude("{% set v = 'o' %}"), user(one), system(other))))


@pytest.mark.no_cover
@fewer(2)
@given(_bodies(_LEAVES[:-1]), _bodies(_LEAVES[:-1]), _bodies(_LEAVES[:-1]), st.tuples(_signs, _signs), st.booleans())
def test_any_template_renders_alike_with_its_include_in_place(
    before: str,
    inner: str,
    behind: str,
    signs: tuple[str, str],
    branch: bool,  # noqa: FBT001 - drawn
) -> None:
    first, last = ("{% if flag %}", "{% endif %}") if branch else ("", "")
    text = f'{before}{first}{{%{signs[0]} include "style" {signs[1]}%}}{last}{behind}'
    assert_alike(_drawn(lambda: of(user(text), includes={"style": fitting(user(inner))})))


def test_names_are_told_by_what_binds_them() -> None:
    text = "{% set a, b = x %}{% for c in d %}{{ c }}{% endfor %}{% macro m(p) %}{% set n.q = 1 %}{% endmacro %}"
    text = "{% set n = namespace() %}" + text + "{% set s %}t{% endset %}{% with w = 1 %}{% endwith %}"
    found = names_of((user(text),))
    assert found.lasting == {"a", "b", "m", "n", "s"}
    assert found.bound == {"a", "b", "c", "m", "n", "p", "s", "w"}
    assert found.all == found.bound | {"x", "d", "namespace"}


def test_a_text_without_the_include_is_the_same() -> None:
    assert put_in_place("a {% include 'other' %}", "style", "x") == "a {% include 'other' %}"
    assert isinstance(of(user("a")).messages[-1], Placeholder)
    assert Frozen() == of(user("a")).segments
