"""The statement `{% segment %}`: its words, and where it may stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptlib.errors import InvalidPrompt, TemplateRejected
from promptlib.inputs import Input, InputType
from promptlib.messages import Piece, Placeholder, Prelude, system, user
from promptlib.rendering import check, compile_pieces
from promptlib.segments import Segment, Stretch
from promptlib.trust import TRUSTS

if TYPE_CHECKING:
    from promptlib.trust import Trust

END = Segment(truncate="end")


def broken(*pieces: Piece, trust: Trust = "own") -> InvalidPrompt:
    with pytest.raises(InvalidPrompt) as caught:
        compile_pieces(pieces, trust=trust)
    return caught.value


# --- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "segment"),
    [
        ("", END),
        ("priority=30", Segment(priority=30, truncate="end")),
        ("priority=-5", Segment(priority=-5, truncate="end")),
        ("priority = - 5", Segment(priority=-5, truncate="end")),
        ("truncate='start'", Segment(truncate="start")),
        ('truncate="drop" group="call.1"', Segment(truncate="drop", group="call.1")),
        ('boundary="line", min_tokens=200', Segment(truncate="end", boundary="line", min_tokens=200)),
        (
            'priority=30, truncate="middle" min_tokens=200, boundary="line" marker=" […] " max_tokens=900 group="x"',
            Segment(
                priority=30,
                truncate="middle",
                min_tokens=200,
                boundary="line",
                marker=" […] ",
                max_tokens=900,
                group="x",
            ),
        ),
        ('marker="{% endsegment %}\\n"', Segment(truncate="end", marker="{% endsegment %}\n")),
        (", priority=1", Segment(priority=1, truncate="end")),
    ],
)
@pytest.mark.parametrize("trust", TRUSTS)
def test_the_words_of_a_segment(words: str, segment: Segment, trust: Trust) -> None:
    template = compile_pieces((user(f'{{% segment "docs" {words} %}}x{{% endsegment %}}'),), trust=trust)
    assert dict(template.segments) == {"docs": segment}
    assert template.render({})[0].text == "x"
    assert template.render_marked({}, {})[1] == (Stretch("docs", segment, 0, 0, 1),)


def test_the_segments_of_a_template_are_told_in_the_order_of_the_text() -> None:
    template = compile_pieces(
        (
            system(
                "{% segment 'b' %}1{% endsegment %}{% if x %}{% segment 'a' priority=2 %}2{% endsegment %}{% endif %}"
            ),
            user("{% for n in x %}{% segment 'c' %}3{% endsegment %}{% segment 'b' %}4{% endsegment %}{% endfor %}"),
        )
    )
    assert list(template.segments) == ["b", "a", "c"]
    assert template.segments["a"] == Segment(priority=2, truncate="end")
    with pytest.raises(TypeError):
        template.segments["d"] = END  # type: ignore[index]  # a template does not change
    assert not compile_pieces((user("{{ x }}"),)).segments
    assert not compile_pieces((user("{{ x | upper }}"),)).segments


ATTRIBUTES = "words: priority, truncate, boundary, min_tokens, max_tokens, marker, group"
OF_THE_PROMPT = "the words of a segment are part of the prompt, not of its values"


@pytest.mark.parametrize(
    ("tag", "what", "column", "width", "hint"),
    [
        ("segment", "a segment needs a name, a text in quotes", 12, 2, 'write {% segment "docs" priority=10 %}'),
        ("segment docs", "a segment needs a name, a text in quotes", 12, 4, 'write {% segment "docs" %}'),
        ("segment 5", "a segment needs a name, a text in quotes", 12, 1, 'write {% segment "docs" priority=10 %}'),
        ('segment "9x"', "'9x' is no name for a segment", 12, 4, "a word of letters, digits, _, - and ."),
        ('segment ""', "'' is no name for a segment", 12, 2, "a word of letters, digits, _, - and ."),
        (
            'segment "a" ~ b',
            "expected an attribute of the segment, got '~'",
            16,
            1,
            'write {% segment "docs" priority=10 %}',
        ),
        (
            'segment "a" 30',
            "expected an attribute of the segment, got 30",
            16,
            2,
            'write {% segment "docs" priority=10 %}',
        ),
        (
            'segment "a":',
            "expected an attribute of the segment, got ':'",
            15,
            1,
            'write {% segment "docs" priority=10 %}',
        ),
        (
            'segment "a" priority=3,',
            "expected an attribute of the segment, got '%}'",
            28,
            2,
            'write {% segment "docs" priority=10 %}',
        ),
        ('segment "a" prioritty=3', "a segment has no 'prioritty'", 16, 9, f"did you mean 'priority'? {ATTRIBUTES}"),
        ('segment "a" zzz=3', "a segment has no 'zzz'", 16, 3, ATTRIBUTES),
        ('segment "a" group="b" group="b"', "group is said twice", 26, 5, "say it once"),
        ('segment "a" priority', "priority has no value", 16, 8, f"write priority=10: {OF_THE_PROMPT}"),
        ('segment "a" marker', "marker has no value", 16, 6, f'write marker="…": {OF_THE_PROMPT}'),
        (
            'segment "a" priority=level',
            "priority is no text in quotes and no whole number",
            25,
            5,
            f"write priority=10: {OF_THE_PROMPT}",
        ),
        (
            'segment "a" min_tokens=1.5',
            "min_tokens is no text in quotes and no whole number",
            27,
            3,
            f"write min_tokens=10: {OF_THE_PROMPT}",
        ),
        (
            'segment "a" max_tokens=none',
            "max_tokens is no text in quotes and no whole number",
            27,
            4,
            f"write max_tokens=10: {OF_THE_PROMPT}",
        ),
        (
            'segment "a" truncate=-"end"',
            "truncate is no text in quotes and no whole number",
            25,
            1,
            f'write truncate="…": {OF_THE_PROMPT}',
        ),
        ('segment "a" priority=3 + 4', "priority is computed", 27, 1, f"write priority=10: {OF_THE_PROMPT}"),
        ('segment "a" marker="b" | upper', "marker is computed", 27, 1, f'write marker="…": {OF_THE_PROMPT}'),
        (
            'segment "a" truncate="oldest"',
            "a text has no messages of which the oldest could go",
            25,
            8,
            'declare the segment of the thread: placeholder("history", priority=10)',
        ),
        (
            'segment "a" truncate="ende"',
            "no truncate 'ende'",
            25,
            6,
            "did you mean 'end'? truncate: end, start, middle, drop, oldest, items",
        ),
        (
            'segment "a" boundary="lines"',
            "no boundary 'lines'",
            25,
            7,
            "did you mean 'line'? boundary: token, word, sentence, line, paragraph",
        ),
        ('segment "a" priority="high"', "priority of a segment is 'high'", 25, 6, "it is a whole number"),
        ('segment "a" min_tokens=-1', "min_tokens of a segment is -1", 27, 1, "it is a whole number from 0 on"),
        (
            f'segment "a" priority=0x{"f" * 9_000}',
            "priority of a segment is too large a number",
            25,
            9_002,
            "it is a whole number",
        ),
        ('segment "a" priority=' + "9" * 9_000, "this number is too long", 25, 9_000, "write it as a text"),
        (
            'segment "a" priority=99999999999999999999',
            "priority of a segment is 99999999999999999999",
            25,
            20,
            "it is a whole number",
        ),
        ('segment "a" group="b c"', "'b c' is no name for a segment", 22, 5, "a word of letters, digits, _, - and ."),
        (
            'segment "a" marker="\\ud800"',
            "the marker of a segment holds a lone surrogate at character 1",
            23,
            8,
            "such text is no Unicode",
        ),
        (
            'segment "a" truncate="drop" marker="…"',
            "a marker of a segment that is cut by drop",
            4,
            7,
            "leave the marker out",
        ),
        (
            'segment "a" min_tokens=5 max_tokens=3',
            "a segment keeps at least 5 and at most 3 tokens",
            4,
            7,
            "min_tokens is the lower limit, max_tokens the upper",
        ),
    ],
)
@pytest.mark.parametrize("trust", TRUSTS)
def test_words_that_cannot_be_are_told_where_they_stand(
    tag: str, what: str, column: int, width: int, hint: str, trust: Trust
) -> None:
    error = broken(system("s"), user(f"{{% {tag} %}}x{{% endsegment %}}"), trust=trust)
    assert (error.what, error.hint) == (what, hint)
    assert error.where is not None
    assert (str(error.where), error.where.width) == (f"message 2 (user):1:{column}", width)
    assert isinstance(error, TemplateRejected) is (trust == "foreign")


def test_an_error_is_shown_with_line_and_caret() -> None:
    assert str(broken(user('Read this:\n{% segment "docs" truncate="oldest" %}x{% endsegment %}'))) == (
        "a text has no messages of which the oldest could go\n"
        "  --> message 1 (user):2:28\n"
        "  |\n"
        '2 | {% segment "docs" truncate="oldest" %}x{% endsegment %}\n'
        "  |                            ^^^^^^^^\n"
        'declare the segment of the thread: placeholder("history", priority=10)'
    )


# --- where it may stand -----------------------------------------------------------------------------------------------

A = '{% segment "a" %}'
B = '{% segment "b" %}'
CLOSE = "{% endsegment %}"
PUT_OUT = "write the segment where that text is put out"
STATEMENTS_ONLY = "only statements can stand here; put the text into a message"


@pytest.mark.parametrize(
    ("pieces", "what", "place", "hint"),
    [
        (
            (user(f"x\n{A}y"),),
            "{% segment %} is never closed",
            "message 1 (user):2:4",
            "close it with {% endsegment %} in the same message",
        ),
        (
            (user(CLOSE),),
            "{% endsegment %} has nothing to close",
            "message 1 (user):1:4",
            "take it out, or open the statement before it",
        ),
        (
            (user(f"{A}{{% if x %}}{CLOSE}"),),
            "{% endsegment %} inside of {% if %}",
            "message 1 (user):1:31",
            "close {% if %} first, with {% endif %}",
        ),
        (
            (user(f"{{% if x %}}{A}{{% endif %}}{CLOSE}"),),
            "{% endif %} inside of {% segment %}",
            "message 1 (user):1:31",
            "close {% segment %} first, with {% endsegment %}",
        ),
        ((user("{% segmnt 'a' %}"),), "no statement 'segmnt'", "message 1 (user):1:4", "did you mean 'segment'?"),
        (
            (user(f"{A}{{% for x in y %}}{B}{CLOSE}{{% endfor %}}{CLOSE}"),),
            "the segment 'b' opens inside the segment 'a'",
            "message 1 (user):1:37",
            "close it before",
        ),
        (
            (user(f"{{% macro m() %}}{A}{CLOSE}{{% endmacro %}}"),),
            "the segment 'a' opens inside a macro",
            "message 1 (user):1:19",
            PUT_OUT,
        ),
        (
            (user(f"{{% set x %}}{A}{CLOSE}{{% endset %}}"),),
            "the segment 'a' opens inside a set block",
            "message 1 (user):1:15",
            PUT_OUT,
        ),
        (
            (user(f"{{% filter upper %}}{A}{CLOSE}{{% endfilter %}}"),),
            "the segment 'a' opens inside a filter block",
            "message 1 (user):1:22",
            PUT_OUT,
        ),
        (
            (user(f"{{% macro m() %}}{{% endmacro %}}{{% call m() %}}{A}{CLOSE}{{% endcall %}}"),),
            "the segment 'a' opens inside a call block",
            "message 1 (user):1:47",
            PUT_OUT,
        ),
        (
            (user(f"{{% for x in y recursive %}}{A}{CLOSE}{{% endfor %}}"),),
            "the segment 'a' opens inside a recursive loop",
            "message 1 (user):1:30",
            PUT_OUT,
        ),
        (
            (system(A), user(CLOSE)),
            "a user message opens inside the segment 'a'",
            "message 2 (user):1:1",
            "the segment 'a' makes a text, which cannot hold messages: close it before, or use a loop or a condition",
        ),
        (
            (system(f"{A}{{% if x %}}"), Placeholder("h", f"{{% endif %}}{CLOSE}")),
            "a placeholder opens inside the segment 'a'",
            "placeholder 'h':1:1",
            "the segment 'a' makes a text, which cannot hold messages: close it before, or use a loop or a condition",
        ),
        (
            (Prelude(f"{A}{CLOSE}"), user("u")),
            "text before the first message, outside of every message",
            "the opening statements:1:4",
            STATEMENTS_ONLY,
        ),
        (
            (Placeholder("h", f"{{% if x %}}{A}{CLOSE}{{% endif %}}"), user("u")),
            "text after the placeholder 'h', outside of every message",
            "placeholder 'h':1:14",
            STATEMENTS_ONLY,
        ),
        (
            (user(f"{A}1{CLOSE}"), user("{% segment 'a' priority=1 %}2{% endsegment %}")),
            "the segment 'a' is stated twice, and not alike",
            "message 2 (user):1:4",
            "say the same both times, or give the one another name",
        ),
    ],
)
@pytest.mark.parametrize("trust", TRUSTS)
def test_where_a_segment_cannot_stand(
    pieces: tuple[Piece, ...], what: str, place: str, hint: str, trust: Trust
) -> None:
    error = broken(*pieces, trust=trust)
    assert (error.what, str(error.where), error.hint) == (what, place, hint)


ITEMS = '{% segment "a" truncate="items" %}'
ONE_LIST = 'write one loop, or one {{ list | join("…") }}, directly inside of it'


@pytest.mark.parametrize(
    ("source", "what", "column"),
    [
        (f"{ITEMS}x{CLOSE}", "no list", 4),
        (f"{ITEMS}{{{{ xs | join | upper }}}}{CLOSE}", "no list", 4),
        (f"{ITEMS}{{% if y %}}{{% for x in xs %}}{{% endfor %}}{{% endif %}}{CLOSE}", "no list", 4),
        (f"{ITEMS}{{% for x in xs recursive %}}{{% endfor %}}{CLOSE}", "no list", 4),
        (f"{ITEMS}{{% filter upper %}}{{{{ xs | join }}}}{{% endfilter %}}{CLOSE}", "no list", 4),
        (f"{ITEMS}{{% for x in xs %}}{{% endfor %}}{{% for x in xs %}}{{% endfor %}}{CLOSE}", "more than one list", 67),
        (f"{ITEMS}{{{{ xs | join }}}}, {{{{ xs | join }}}}{CLOSE}", "more than one list", 60),
    ],
)
def test_items_need_one_list(source: str, what: str, column: int) -> None:
    error = broken(user(source))
    assert error.what == f"the segment 'a' is cut by items, and holds {what}"
    assert error.hint == ONE_LIST
    assert str(error.where) == f"message 1 (user):1:{column}"


# --- what is in it ----------------------------------------------------------------------------------------------------

TEXT = InputType(kind="string")


@pytest.mark.parametrize(
    ("source", "what", "column", "hint"),
    [
        (
            f"{A}{{{{ documnet }}}}{CLOSE}",
            "undeclared variable 'documnet'",
            21,
            "did you mean 'document'? inputs here: document, xs",
        ),
        (
            f"{A}{{{{ xs }}}}{CLOSE}",
            "xs is a list and has no text of its own",
            21,
            'write {{ xs | join(", ") }} or a loop',
        ),
        (f"{A}{{% set own = 1 %}}{CLOSE}{{{{ own }}}}", "undeclared variable 'own'", 54, "inputs here: document, xs"),
        (f"{A}{{{{ document | uper }}}}{CLOSE}", "no filter 'uper'", 32, "did you mean 'upper'?"),
    ],
)
def test_what_stands_in_a_segment_is_checked_like_anything_else(source: str, what: str, column: int, hint: str) -> None:
    inputs = (Input(name="document", type=TEXT), Input(name="xs", type=InputType(kind="array", items=TEXT)))
    with pytest.raises(InvalidPrompt) as caught:
        check(compile_pieces((user(source),)), inputs, elsewhere=frozenset({"document", "xs"}))
    error = caught.value
    assert (error.what, str(error.where), error.hint) == (what, f"message 1 (user):1:{column}", hint)


def test_a_name_that_is_set_in_a_segment_is_gone_behind_it() -> None:
    source = f"{{% set n = 1 %}}{A}{{% set n = 2 %}}{{{{ n }}}}{CLOSE}{{{{ n }}}}"
    for trust in TRUSTS:
        assert compile_pieces((user(source),), trust=trust).render({})[0].text == "21"


# --- fences -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("truncate", ["end", "start", "middle"])
@pytest.mark.parametrize("inside", ["{{ x | delimited }}", "{% filter delimited %}{{ x }}{% endfilter %}"])
def test_a_cut_through_a_fence_is_refused(truncate: str, inside: str) -> None:
    error = broken(user(f"{{% segment 'a' truncate='{truncate}' %}}See: {inside}{{% endsegment %}}"))
    assert error.what == "the segment 'a' may be cut inside, and would lose the end of the fence in it"
    assert error.hint == (
        'declare the segment for the input, which is cut inside of its fence, or write truncate="drop" or "items" here'
    )
    assert error.where is not None
    assert error.where.line == 1


def test_a_fence_that_goes_or_stays_whole_is_no_matter() -> None:
    template = compile_pieces((user("{% segment 'a' truncate='drop' %}{{ x | delimited }}{% endsegment %}"),))
    assert template.segments["a"].truncate == "drop"
    listed = "{% segment 'a' truncate='items' %}{% for x in xs %}{{ x | delimited }}{% endfor %}{% endsegment %}"
    assert compile_pieces((user(listed),)).segments["a"].truncate == "items"
    assert compile_pieces((user("{{ x | delimited | upper }}"),), marked=frozenset({"x"})).markable == frozenset()
    loop = "{% for x in xs %}{{ x | delimited }}{% endfor %}"
    assert compile_pieces((user(loop),), marked=frozenset({"xs"})).fenced == {"xs"}
    assert compile_pieces((user("{{ x }}"),), marked=frozenset({"x"})).fenced == frozenset()


def test_halves_that_meet_inside_of_a_fence_are_kept_apart() -> None:
    template = compile_pieces((user("{{ x | delimited }}"),), marked=frozenset({"x"}))
    middle = Segment(truncate="middle")
    (_, (stretch,)) = template.render_marked({"x": "text"}, {"x": middle})
    assert stretch.segment == Segment(truncate="middle", marker=" […] ")
    (_, (stretch,)) = template.render_marked({"x": "text"}, {"x": Segment(truncate="middle", marker="/ \n")})
    assert stretch.segment.marker == " […] "
    (_, (stretch,)) = template.render_marked({"x": "text"}, {"x": Segment(truncate="middle", marker="…")})
    assert stretch.segment.marker == "…"
    bare = compile_pieces((user("{{ x | upper }}"),), marked=frozenset({"x"}))
    assert bare.render_marked({"x": "text"}, {"x": middle})[1][0].segment == middle
