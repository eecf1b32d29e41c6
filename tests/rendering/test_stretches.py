"""Where segments lie in what is rendered: those that a template states, and those of inputs."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from promptlib.errors import PromptLibError, RenderFailed, TemplateRejected
from promptlib.messages import Image, Message, Piece, Placeholder, Prelude, assistant, placeholder, system, user
from promptlib.rendering import compile_pieces, included_text, limits, new_meter, template
from promptlib.rendering.collecting import Opening
from promptlib.rendering.generating import Program
from promptlib.rendering.stretches import Mark, printed
from promptlib.segments import Segment, Stretch
from promptlib.trust import TRUSTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptlib.trust import Trust

SEGMENT = Segment(priority=3)
A = '{% segment "a" %}'
B = '{% segment "b" %}'
ITEMS = '{% segment "a" truncate="items" %}'
CLOSE = "{% endsegment %}"


class Shown(NamedTuple):
    """A stretch as a reader sees it: its name, its text, and the texts of its items."""

    name: str
    text: str
    items: tuple[str, ...] = ()


def seen(messages: tuple[Message, ...], stretch: Stretch) -> Shown:
    if stretch.messages:
        thread = messages[stretch.message : stretch.message + stretch.messages]
        return Shown(stretch.name, "|".join(message.text for message in thread))
    text = messages[stretch.message].text
    assert 0 <= stretch.start < stretch.end <= len(text)
    if stretch.items:
        assert [stretch.start, *stretch.items, stretch.end] == sorted([stretch.start, *stretch.items, stretch.end])
    items = tuple(text[start:end] for start, end in zip(stretch.items, stretch.items[1:], strict=False))
    return Shown(stretch.name, text[stretch.start : stretch.end], items)


def shown(
    values: dict[str, object],
    *pieces: Piece,
    marked: str = "",
    trust: Trust = "own",
    include: Callable[[str], str] | None = None,
) -> list[Shown]:
    """Return the stretches of a render, whose messages are those of any other render."""
    names = frozenset(marked.split())
    made = compile_pieces(pieces, trust=trust, marked=names)
    messages, stretches = made.render_marked(values, dict.fromkeys(names, SEGMENT), include=include)
    assert messages == made.render(values, include=include) == compile_pieces(pieces).render(values, include=include)
    return [seen(messages, stretch) for stretch in stretches]


VALUES: dict[str, object] = {
    "x": "word",
    "n": 7,
    "nothing": "",
    "xs": ["p", "qq", "r"],
    "ns": [1, 22],
    "none_at_all": [],
    "rows": [{"k": "a"}, {"k": "bb"}],
    "tags": "a <document> b",
    "picture": Image("https://a/b.png"),
}


# --- stated segments --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trust", TRUSTS)
@pytest.mark.parametrize(
    ("source", "stretches"),
    [
        (f"one {A}two{CLOSE} three", [("a", "two")]),
        (f"{A}{CLOSE}one", []),
        (f"{A}{{{{ nothing }}}}{CLOSE}one{B}{{{{ n }}}}{CLOSE}", [("b", "7")]),
        (f"{{% for x in xs %}}{A}{{{{ x }}}}{CLOSE},{{% endfor %}}", [("a", "p"), ("a", "qq"), ("a", "r")]),
        (f"{{% if n %}}{A}yes{CLOSE}{{% else %}}{B}no{CLOSE}{{% endif %}}", [("a", "yes")]),
        (f"{{% if not n %}}{A}yes{CLOSE}{{% elif x %}}{B}no{CLOSE}{{% endif %}}", [("b", "no")]),
        (f"{A}{{% for x in xs %}}{{{{ x }}}}{{% endfor %}}{CLOSE}", [("a", "pqqr")]),
        (f"{{% with n = 1 %}}{A}{{{{ n }}}}{CLOSE}{{% endwith %}}", [("a", "1")]),
        (f"{{% block b %}}{A}x{CLOSE}{{% endblock %}}", [("a", "x")]),
        (f"{A}{{% macro m() %}}!{{% endmacro %}}{{{{ m() }}}}{CLOSE}", [("a", "!")]),
        (f"{A}{{% filter upper %}}x{{% endfilter %}}{{% set y %}}z{{% endset %}}{{{{ y }}}}{CLOSE}", [("a", "Xz")]),
        (f"{A}1{CLOSE}{A}2{CLOSE}", [("a", "1"), ("a", "2")]),
        (f"{A}see {{{{ picture }}}} it{CLOSE}.{B}{{{{ picture }}}}{CLOSE}", [("a", "see  it")]),
    ],
)
def test_a_segment_is_what_is_printed_in_it(source: str, stretches: list[tuple[str, str]], trust: Trust) -> None:
    assert shown(VALUES, user(source), trust=trust) == [Shown(*each) for each in stretches]


AT_QQ = "{% if x == 'qq' %}{% LEAVE %}{% endif %}"


@pytest.mark.parametrize("trust", TRUSTS)
@pytest.mark.parametrize(
    ("inside", "continued", "broken"),
    [
        ("{{ x }}" + AT_QQ + "!", ["p!", "qq", "r!"], ["p!", "qq"]),
        ("{% with y = x %}-" + AT_QQ + "{{ y }}{% endwith %}", ["-p", "-", "-r"], ["-p", "-"]),
        ("{{ x }}{% set z %}" + AT_QQ + "{% endset %}!", ["p!", "qq", "r!"], ["p!", "qq"]),
        ("{{ x }}{% filter upper %}" + AT_QQ + "{% endfilter %}!", ["p!", "qq", "r!"], ["p!", "qq"]),
        ("{{ x }}{% for y in [1] %}{% LEAVE %}{% endfor %}!", ["p!", "qq!", "r!"], ["p!", "qq!", "r!"]),
        ("{{ x }}{% for y in [] %}{% else %}{% LEAVE %}{% endfor %}!", ["p", "qq", "r"], ["p"]),
        ("{{ x }}{% if not x %}{% elif x == 'p' %}{% LEAVE %}{% endif %}!", ["p", "qq!", "r!"], ["p"]),
        ("{{ x }}{% if not x %}{% else %}{% LEAVE %}{% endif %}!", ["p", "qq", "r"], ["p"]),
    ],
)
def test_a_segment_ends_where_a_loop_leaves_it(
    inside: str, continued: list[str], broken: list[str], trust: Trust
) -> None:
    for word, texts in (("continue", continued), ("break", broken)):
        source = f"{{% for x in xs %}}<{A}{inside}{CLOSE}>{{% endfor %}}end".replace("LEAVE", word)
        assert shown(VALUES, user(source), trust=trust) == [Shown("a", text) for text in texts]


@pytest.mark.parametrize("trust", TRUSTS)
@pytest.mark.parametrize(
    ("inside", "text", "items"),
    [
        ("{% for x in xs %}<{{ x }}>{% endfor %}", "<p><qq><r>", ("<p>", "<qq>", "<r>")),
        ("of: {% for x in xs %}{{ x }}{% endfor %} end", "of: pqqr end", ("p", "qq", "r")),
        ("\nof:\n{% for x in xs %}\n- {{ x }}\n{% endfor %}\nend\n", "of:\n\n- p\n\n- qq\n\n- r\n\nend",
         ("\n- p\n", "\n- qq\n", "\n- r\n")),
        ("{% for x in xs if x != 'qq' %}{{ x }}{% endfor %}", "pr", ("p", "r")),
        ("{% for x in xs %}{% if x != 'qq' %}{{ x }}{% endif %}{% endfor %}", "pr", ("p", "", "r")),
        ("{% for x in xs %}{{ x }}{% if x == 'qq' %}{% break %}{% endif %},{% endfor %}", "p,qq", ("p,", "qq")),
        ("{% for x in xs %}{{ x }}{% if x == 'qq' %}{% continue %}{% endif %},{% endfor %}", "p,qqr,",
         ("p,", "qq", "r,")),
        ("{% for x in xs %}{{ loop.index }}{% for y in x %}{{ y }}{% endfor %}{% endfor %}", "1p2qq3r",
         ("1p", "2qq", "3r")),
        ("{% for x in none_at_all %}{{ x }}{% else %}none{% endfor %}", "none", ()),
        ("{% for x in rows %}{{ picture }}{{ x.k }}{% endfor %}", "abb", ("a", "bb")),
        ("{{ xs | join(', ') }}", "p, qq, r", ("p", ", qq", ", r")),
        ("of: {{ xs | join('\n') }} end", "of: p\nqq\nr end", ("p", "\nqq", "\nr")),
        ("{{ xs | join }}", "pqqr", ("p", "qq", "r")),
        ("{{ xs | join(d=' ') }}", "p qq r", ("p", " qq", " r")),
        ("{{ xs | map('upper') | join(' ') }}", "P QQ R", ("P", " QQ", " R")),
        ("{{ xs[:1] | join(', ') }}", "p", ("p",)),
        ("of {{ none_at_all | join(', ') }}", "of ", ()),
        ("{{ ns | join(n) }}", "1722", ("1", "722")),
        ("{{ x | join('-') }}", "w-o-r-d", ("w", "-o", "-r", "-d")),
        ("{{ range(3) | join(' ') }}", "0 1 2", ("0", " 1", " 2")),
        ("{{ rows[0] | join }}", "k", ("k",)),
        ("{{ rows | join('+', attribute='k') }}", "a+bb", ("a", "+bb")),
        ("{{ rows | join('+', 'k') }}", "a+bb", ("a", "+bb")),
        ("{{ xs | join('\n') | delimited }}", "<document>\np\nqq\nr\n</document>", ("p", "\nqq", "\nr")),
    ],
)  # fmt: skip
def test_the_items_of_a_segment(inside: str, text: str, items: tuple[str, ...], trust: Trust) -> None:
    assert shown(VALUES, user(f"{ITEMS}{inside}{CLOSE}"), trust=trust) == [Shown("a", text, items)]


# --- segments of inputs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trust", TRUSTS)
@pytest.mark.parametrize("general", ["", "{% if true %}{% endif %}"])
@pytest.mark.parametrize(
    ("source", "stretches"),
    [
        ("{{ x }}", ["word"]),
        ("a {{ x }} b {{x}}{{ y }}", ["word", "word"]),
        ("{{ nothing }}{{ x }}", ["word"]),
        ("{{ picture }}ä{{ x }}", ["word"]),
        ("{{ n }}", ["7"]),
        ("none", []),
    ],
)
def test_an_input_is_where_it_is_printed(source: str, stretches: list[str], general: str, trust: Trust) -> None:
    values = VALUES | {"y": "other"}
    marked = " ".join(name for name in VALUES if f"{{ {name}" in source) + " x"
    found = shown(values, user(source + general), marked=marked, trust=trust)
    assert [each.text for each in found] == stretches


@pytest.mark.parametrize("trust", TRUSTS)
@pytest.mark.parametrize(
    ("source", "stretches"),
    [
        ("{{ x | upper }} {{ x | trim | title }}", [("x", "WORD"), ("x", "Word")]),
        ("{{ x ~ '!' }}{{ (x) }}{{ x[0] }}{{ x if x else 1 }}", [("x", "word")]),
        ("{{ x | length }}{{ x | wordcount }}{{ xs | count }}{{ xs | length | string }}", []),
        ("{{ x | delimited('d') }}", [("x", "word")]),
        ("{{ tags | delimited }}", [("tags", "a <document> b")]),
        ("{{ x | delimited('d') | upper }}", []),  # a cut would lose the end of the fence
        ("{{ x | upper | delimited(label='d') }}", [("x", "WORD")]),
        ("{{ xs | join(', ') }}", [("xs", "p, qq, r", ("p", ", qq", ", r"))]),
        ("{{ xs | map('upper') | join }}", [("xs", "PQQR", ("P", "QQ", "R"))]),
        ("{{ rows | join('+', attribute='k') }}", [("rows", "a+bb", ("a", "+bb"))]),
        ("{{ xs | join(', ') | delimited }}", [("xs", "p, qq, r", ("p", ", qq", ", r"))]),
        ("{{ xs | join(', ') | upper }}", [("xs", "P, QQ, R")]),
        ("{{ none_at_all | join(', ') }}", []),
        ("{% for y in xs %}<{{ y }}>{% endfor %}", [("xs", "<p><qq><r>", ("<p>", "<qq>", "<r>"))]),
        ("{% for y in xs %}{{ x }}{{ y }}{% endfor %}{{ x }}",
         [("xs", "wordpwordqqwordr", ("wordp", "wordqq", "wordr")), ("x", "word")]),
        ("{% for y in none_at_all %}{% else %}no {{ x }}{% endfor %}", [("x", "word")]),
        ("{% for y in xs | sort %}{{ y }}{% endfor %}{% for y in [x] %}{{ x }}{% endfor %}", [("x", "word")]),
        ("{% for y in ns %}{% for z in xs %}{{ z }}{% endfor %}{% endfor %}", [("ns", "pqqrpqqr", ("pqqr", "pqqr"))]),
        ("{% for y in [1, 2] %}{% for z in ns %}{{ z }}{% endfor %};{% endfor %}", [("ns", "122", ("1", "22"))] * 2),
        ("{% for y in [1] %}{% for z in none_at_all %}{% else %}a{% break %}{% endfor %}b{% endfor %}{{ x }}",
         [("x", "word")]),
        ("{% for y in xs %}" + A + "{{ y }}" + CLOSE + "{{ x }}{% endfor %}",
         [("a", "p"), ("x", "word"), ("a", "qq"), ("x", "word"), ("a", "r"), ("x", "word")]),
        (A + "{{ x }}{% for y in xs %}{{ y }}{% endfor %}" + CLOSE, [("a", "wordpqqr")]),
        ("{% if x %}{{ x }}{% elif n %}{{ n }}{% else %}{{ n }}{% endif %}", [("x", "word")]),
        ("{% with y = x %}{{ y }}{{ x }}{% endwith %}", [("x", "word")]),
        ("{% filter upper %}{{ x }}{% endfilter %}{% set y %}{{ x }}{% endset %}{{ y }}", []),
        ("{% macro m(a) %}{{ a }}{{ x }}{{ caller() }}{% endmacro %}{% call m(x) %}{{ x }}{% endcall %}", []),
        ("{% macro x() %}m{% endmacro %}{{ n }}", [("n", "7")]),
    ],
)  # fmt: skip
def test_where_an_input_stands_by_itself(
    source: str, stretches: list[tuple[str, str] | tuple[str, str, tuple[str, ...]]], trust: Trust
) -> None:
    found = shown(VALUES, user(source), marked="x n nothing xs ns none_at_all rows tags", trust=trust)
    assert found == [Shown(*each) for each in stretches]


@pytest.mark.parametrize(
    "source",
    [
        "{% set x = 1 %}{{ x }}",
        "{% set x %}1{% endset %}{{ x }}",
        "{% if true %}{% set x = 1 %}{% endif %}{{ x }}",
        "{% for x in [1] %}{{ x }}{% endfor %}",
        "{% for (x, y) in [(1, 2)] %}{{ x }}{{ y }}{% endfor %}",
        "{% with x = 1 %}{{ x }}{% endwith %}",
        "{% with (x, y) = (1, 2) %}{% if true %}{{ x }}{% endif %}{% endwith %}",
        "{% set x = [1] %}{% for y in x %}{{ y }}{% endfor %}",
    ],
)
def test_a_name_that_the_template_binds_is_no_input(source: str) -> None:
    made = compile_pieces((user(source),), marked=frozenset({"x"}))
    assert not made.markable
    assert made.render_marked({"x": "input"}, {"x": SEGMENT})[1] == ()


def test_a_name_is_the_input_again_outside_of_the_scope_that_binds_it() -> None:
    source = "{% for x in [1] %}{{ x }}{% endfor %}{% with x = 1 %}{{ x }}{% endwith %}{{ x }}{% set x = 1 %}{{ x }}"
    assert shown({"x": "input"}, user(source), marked="x") == [Shown("x", "input")]


@pytest.mark.parametrize(
    ("pieces", "markable"),
    [
        ((user("{{ a }}{{ b }}"),), "a b"),
        ((user("a", literal=True), user("{{ b }}")), "b"),
        ((user("{{ a | upper }}{{ b | length }}"),), "a"),
        ((user("{% for x in a %}{{ b }}{% endfor %}"),), "a"),
        ((user("{% if a %}{{ b.c }}{{ a ~ b }}{% endif %}"),), ""),
        ((user("{% for x in a recursive %}{{ b }}{% else %}{{ b }}{% endfor %}"),), ""),
        ((system("{% for x in a %}"), user("{{ x }}{{ b }}{% endfor %}")), "b"),
        ((user("{% segment 's' %}{{ a }}{% endsegment %}{{ b }}"),), "b"),
        ((placeholder("a"), user("{{ b }}")), "a b"),
        ((placeholder("a"), user("{{ a | first }}{% for x in a %}{{ x }}{% endfor %}")), "a"),
    ],
)
def test_the_marked_inputs_that_a_budget_can_shorten(pieces: tuple[Piece, ...], markable: str) -> None:
    assert compile_pieces(pieces, marked=frozenset({"a", "b", "c"})).markable == frozenset(markable.split())
    assert compile_pieces(pieces).markable == frozenset()


def test_an_input_whose_segment_is_not_given_has_no_stretch() -> None:
    for source in ("{{ a }}{{ b }}", "{{ a }}{{ b }}{% if true %}{% endif %}"):
        made = compile_pieces((user(source),), marked=frozenset({"a"}))
        assert made.render_marked({"a": "1", "b": "2"}, {"b": SEGMENT})[1] == ()
        assert made.render_marked({"a": "1", "b": "2"}, {"a": SEGMENT})[1] == (Stretch("a", SEGMENT, 0, 0, 1),)


def test_what_is_marked_is_compiled_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template, "_CACHE", template._Cache())
    pieces = (user("{{ a | upper }}"),)
    for marked in ("", "a", "b", "", "a"):
        made = compile_pieces(pieces, marked=frozenset(marked.split()))
        assert made.markable == ({"a"} if marked == "a" else set())
    assert len(template._CACHE._units) == 3


@pytest.mark.parametrize("trust", TRUSTS)
def test_without_a_budget_no_mark_is_ever_made(trust: Trust, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    original = Program.__init__

    def counting(self: Program, *arguments: object) -> None:
        made.append(arguments[2] if len(arguments) > 2 else None)
        original(self, *arguments)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(Program, "__init__", counting)
    monkeypatch.setattr(template, "_CACHE", template._Cache())
    one = compile_pieces((user(f"{A}{{{{ a | upper }}}}{CLOSE}{{{{ b }}}}"),), trust=trust, marked=frozenset({"b"}))
    other = compile_pieces((user("{{ a | upper }}"),), trust=trust)
    values: dict[str, object] = {"a": "x", "b": "y"}
    assert [each.render(values)[0].text for each in (one, other)] == ["Xy", "X"]
    names = [getattr(each, "__name__", "") for each in made]
    assert "Marked" not in "".join(names)
    assert [len(each.render_marked(values, {"b": SEGMENT})[1]) for each in (one, other, one, other)] == [2, 0, 2, 0]
    assert len(made) == 3


# --- threads and many messages ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("trust", TRUSTS)
@pytest.mark.parametrize("general", ["", "{% if true %}{% endif %}"])
def test_a_thread_is_so_many_messages(general: str, trust: Trust) -> None:
    pieces = (system("s {{ x }}"), placeholder("h"), user("u" + general), placeholder("k"), assistant("{{ x }}"))
    made = compile_pieces(pieces, trust=trust, marked=frozenset({"h", "k", "x"}))
    values: dict[str, object] = {"x": "X", "h": (user("1"), assistant("2")), "k": ()}
    given = dict.fromkeys(("h", "k", "x"), SEGMENT)
    assert made.render_marked(values, given)[1] == (
        Stretch("x", SEGMENT, 0, 2, 3),
        Stretch("h", SEGMENT, 1, messages=2),
        Stretch("x", SEGMENT, 4, 0, 1),
    )
    # Whether a thread is among the marked names as well makes no difference.
    unmarked = compile_pieces(pieces, trust=trust)
    assert unmarked.render_marked(values, {"h": SEGMENT})[1] == (Stretch("h", SEGMENT, 1, messages=2),)
    assert unmarked.render_marked(values, {})[1] == ()


@pytest.mark.parametrize("trust", TRUSTS)
def test_messages_and_threads_that_loops_make_are_counted(trust: Trust) -> None:
    pieces = (
        Prelude("{% for x in xs %}\n"),
        user(f"{{{{ x }}}} {A}{{{{ n }}}}{CLOSE}\n"),
        Placeholder("h", "\n{% endfor %}\n"),
        assistant("{{ x }}"),
    )
    values = {"xs": ["p", "q"], "n": 7, "h": (user("1"), assistant("2")), "x": "X"}
    assert shown(values, *pieces, marked="x h xs", trust=trust) == [
        Shown("a", "7"),
        Shown("h", "1|2"),
        Shown("a", "7"),
        Shown("h", "1|2"),
        Shown("x", "X"),
    ]


@pytest.mark.parametrize("trust", TRUSTS)
def test_a_segment_whose_message_was_skipped_is_nowhere(trust: Trust) -> None:
    pieces = (
        Prelude("{% if n > 1 %}"),
        system(f"s{{% endif %}}{A}{{{{ blank }}}}{CLOSE}{{{{ blank }}}}"),
        user("{{ x }}"),
    )
    names = {"blank": SEGMENT, "x": SEGMENT}
    made = compile_pieces(pieces, trust=trust, marked=frozenset(names))
    assert made.render_marked({"n": 1, "blank": " ", "x": "X"}, names)[1] == (Stretch("x", SEGMENT, 0, 0, 1),)
    with pytest.raises(RenderFailed, match="text outside of every message: 'stray'"):
        made.render_marked({"n": 1, "blank": "stray", "x": "X"}, names)


# --- layout -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("source", "text", "stretches"),
    [
        ("{% segment 'a' %}\n{{ x }}\n{% endsegment %}", "word", ["word"]),
        ("{% segment 'a' %}\n\n  {{ x }}\n\n{% endsegment %}\n", "  word\n\n\n", ["  word\n\n"]),
        ("p\n{% segment 'a' %}\n{{ x }}\n{% endsegment %}\nq", "p\n\nword\n\nq", ["\nword\n"]),
        ("p\n{% segment 'a' %}\n{% endsegment %}\n{% if true %}{% endif %}", "p", []),
        ("{% if true %}\n{% segment 'a' %}\n{% endsegment %}\nq{% endif %}", "q", []),
        ("{% if true %}\n{% segment 'a' %}\n{{ nothing }}\n{% endsegment %}{% endif %}", "", []),
        ("{% segment 'a' %}\n{{ x }}{% endsegment %}{% segment 'b' %}\nq\n{% endsegment %}", "word\nq",
         ["word", "\nq"]),
        ("{% for y in xs %}\n{% segment 'a' %}\n{{ y }}\n{% endsegment %}\n{% endfor %}", "p\n\n\n\nqq\n\n\n\nr",
         ["p\n", "\nqq\n", "\nr"]),
        ("{# note #}\n{% segment 'a' %}{{ x }}{% endsegment %}", "word", ["word"]),
        ("p {%- segment 'a' -%} q {%- endsegment -%} r", "pqr", ["q"]),
        ("{% segment 'a' %}\n{{ picture }}\nq\n{% endsegment %}", "\nq", ["\nq"]),
        ("{% segment 'a' %}q\n{{ picture }}\n{% endsegment %}", "q\n", ["q\n"]),
        ("{% segment 'a' %}\n{{ picture }}\n{% endsegment %}", "", []),
    ],
)  # fmt: skip
def test_layout_at_the_edges_of_a_message_is_no_part_of_a_stretch(
    source: str, text: str, stretches: list[str], newline: str
) -> None:
    values = VALUES | {"x": "word"}
    pieces = (user(source.replace("\n", newline)),)
    assert [each.text for each in shown(values, *pieces)] == [each.replace("\n", newline) for each in stretches]
    assert compile_pieces(pieces).render(values)[0].text == text.replace("\n", newline)


# --- includes ---------------------------------------------------------------------------------------------------------


def test_an_include_carries_its_segments_along() -> None:
    plain = included_text("style", (user("some text"),))
    assert type(plain) is str
    stretch = Stretch("inner", SEGMENT, 0, 5, 9, (5, 7, 9))
    text = included_text("style", (user("some text"),), (stretch,))
    assert text == "some text"
    with pytest.raises(RenderFailed, match="the include 'style' made 2 messages"):
        included_text("style", (user("a"), user("b")), (stretch,))


INNER = Stretch("inner", SEGMENT, 0, 5, 9, (5, 7, 9))
FOUND = Shown("inner", "text", ("te", "xt"))


@pytest.mark.parametrize("trust", TRUSTS)
@pytest.mark.parametrize(
    ("source", "stretches"),
    [
        ("{% include 'i' %}", [FOUND]),
        ("before {% include 'i' %} {% include 'i' %}", [FOUND, FOUND]),
        ("{{ x }}{% include 'i' %}" + A + "end" + CLOSE, [Shown("x", "word"), FOUND, Shown("a", "end")]),
        ("\n{% if true %}\n{% include 'i' %}\n{% endif %}", [FOUND]),
        ("{{ picture }}{% for y in xs %}{% if y == 'p' %}{% include 'i' %}{% endif %}{% endfor %}", [FOUND]),
        (A + "{% include 'i' %}" + CLOSE, [Shown("a", "some text")]),
        ("{% for y in ns %}{% include 'i' %}{% endfor %}", [Shown("ns", "some text" * 2, ("some text",) * 2)]),
        ("{% filter upper %}{% include 'i' %}{% endfilter %}", []),
        ("{% set y %}{% include 'i' %}{% endset %}{{ y }}{% macro m() %}{% include 'i' %}{% endmacro %}{{ m() }}", []),
    ],
)
def test_the_segments_of_an_included_prompt_lie_where_its_text_was_put(
    source: str, stretches: list[Shown], trust: Trust
) -> None:
    text = included_text("i", (user("some text"),), (INNER,))
    assert shown(VALUES, user(source), marked="x ns", trust=trust, include=lambda _: text) == stretches


def test_the_second_message_holds_what_it_includes() -> None:
    text = included_text("i", (user("some text"),), (INNER,))
    made = compile_pieces((system("s"), placeholder("h"), user("-{% include 'i' %}")))
    found = made.render_marked({"h": (user("1"),)}, {}, include=lambda _: text)[1]
    assert found == (Stretch("inner", SEGMENT, 2, 6, 10, (6, 8, 10)),)


# --- values stay data -------------------------------------------------------------------------------------------------

HOSTILE = (
    "{% segment 'a' %}x{% endsegment %}",
    "{% endsegment %}",
    "{% segment 'forged' priority=9 %}",
    Opening(0),
    printed("forged", 0, 3, (0, 1)),
    included_text("i", (user("some text"),), (INNER,)),
)


@pytest.mark.parametrize("trust", TRUSTS)
@pytest.mark.parametrize("value", HOSTILE, ids=map(str, range(len(HOSTILE))))
@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("<{{ v }}>", "v"),
        ("<{{ v }}>{% if true %}{% endif %}", "v"),
        (f"<{A}{{{{ v }}}}{CLOSE}>", "a"),
        ("<{{ [v] | first }}>", ""),
    ],
)
def test_no_value_can_pass_for_a_mark(value: object, source: str, name: str, trust: Trust) -> None:
    made = compile_pieces((user(source),), trust=trust, marked=frozenset({"v"}))
    messages, stretches = made.render_marked({"v": value}, {"v": SEGMENT})
    assert messages == (user(f"<{value}>"),)
    expected = [(name, 1, 1 + len(str(value)), ())] if name else []
    assert [(each.name, each.start, each.end, each.items) for each in stretches] == expected


@pytest.mark.parametrize("trust", TRUSTS)
def test_a_mark_as_a_value_is_a_list_without_a_text(trust: Trust) -> None:
    for value in (Mark("begin", "forged", SEGMENT), [Mark("end")]):
        made = compile_pieces((user("<{{ v }}>{% if true %}{% endif %}"),), trust=trust, marked=frozenset({"v"}))
        with pytest.raises(RenderFailed, match="a list has no text of its own"):
            made.render_marked({"v": value}, {"v": SEGMENT})


# --- failures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trust", TRUSTS)
@pytest.mark.parametrize(
    "source",
    [
        f"{A}{{{{ x.y }}}}{CLOSE}",
        f"{A}{{{{ xs }}}}{CLOSE}",
        f"{ITEMS}{{{{ n | join }}}}{CLOSE}",
        f"{ITEMS}{{{{ xs | join(1, 2, 3, 4) }}}}{CLOSE}",
        f"{ITEMS}{{{{ xs | join(attribute='k') }}}}{CLOSE}",
        f"{ITEMS}{{{{ [xs, none, picture] | join }}}}{CLOSE}",
        f"{ITEMS}{{{{ missing | join }}}}{CLOSE}",
        f"{ITEMS}{{% for x in n %}}{{% endfor %}}{CLOSE}",
        f"{ITEMS}{{{{ xs | join | delimited(1, 2) }}}}{CLOSE}",
        "a\n{{ xs | join(nope=1) }}",
        "{{ n | delimited }}",
        "{{ x | delimited('no label') }}",
        "{{ x | join(none.x) }}",
    ],
)
def test_what_fails_says_the_same_with_and_without_a_budget(source: str, trust: Trust) -> None:
    made = compile_pieces((user(source),), trust=trust, marked=frozenset({"x", "n", "xs"}))
    found = []
    for render in (made.render, lambda values: made.render_marked(values, dict.fromkeys(("x", "n", "xs"), SEGMENT))):
        with pytest.raises(PromptLibError) as caught:
            render(VALUES)
        found.append((type(caught.value), caught.value.what, caught.value.where, caught.value.hint))
    assert found[0] == found[1]
    assert found[0][2] is not None


# --- foreign templates ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        (f"{{% for i in range(99999) %}}{A}x{CLOSE}{{% endfor %}}", "bytes"),
        (f"{{% for i in range(99999) %}}{{% for j in range(9) %}}{A}{CLOSE}{{% endfor %}}{{% endfor %}}", "steps"),
        (f"{ITEMS}{{% for i in range(99999) %}}{{% for j in range(9) %}}{{% endfor %}}{{% endfor %}}{CLOSE}", "steps"),
        (f"{{% for j in range(9) %}}{ITEMS}{{% for i in range(99999) %}}x{{% endfor %}}{CLOSE}{{% endfor %}}", "steps"),
        (f"{{% for j in range(9) %}}{ITEMS}{{{{ range(99999) | join }}}}{CLOSE}{{% endfor %}}", "bytes"),
        (f"{{% for j in range(9) %}}{ITEMS}{{{{ texts | join }}}}{CLOSE}{{% endfor %}}", "bytes"),
        ("{% for j in range(99) %}{{ texts | join }}{% endfor %}", "bytes"),
        ("{% for j in range(99999) %}{{ x }}{% endfor %}", "bytes"),
    ],
)
def test_marks_are_weighed_like_anything_that_is_made(source: str, rule: str) -> None:
    pieces = (user(source),)
    made = compile_pieces(pieces, trust="foreign", marked=frozenset({"x", "texts"}))
    values: dict[str, object] = {"x": "ab", "texts": ["a"] * 60_000}
    with pytest.raises(TemplateRejected) as caught:
        made.render_marked(values, {"x": SEGMENT, "texts": SEGMENT})
    assert caught.value.rule == rule
    assert caught.value.where is not None
    assert caught.value.hint


def test_ten_thousand_segments_and_items_render_in_foreign_trust() -> None:
    rows = [f"row {n}" for n in range(10_000)]
    source = f"{{% for row in rows %}}{A}{{{{ row }}}}{CLOSE}\n{{% endfor %}}{{{{ rows | join('\n') }}}}"
    made = compile_pieces((user(source),), trust="foreign", marked=frozenset({"rows"}))
    messages, stretches = made.render_marked({"rows": rows}, {"rows": SEGMENT})
    assert [seen(messages, each).text for each in stretches[:-1]] == rows
    assert len(stretches[-1].items) == 10_001


def test_what_an_include_carries_is_weighed_where_it_is_put() -> None:
    text = included_text("i", (user("x" * 1000),), (INNER,) * 1000)
    made = compile_pieces((user("{% for i in range(99) %}{% include 'i' %}{% endfor %}"),), trust="foreign")
    with pytest.raises(TemplateRejected) as caught:
        made.render_marked({}, {}, include=lambda _: text)
    assert caught.value.rule == "bytes"


def test_one_meter_is_used_up_by_all_marks_together() -> None:
    meter = new_meter()
    made = compile_pieces((user(f"{A}{{{{ x }}}}{CLOSE}{{{{ x }}}}"),), trust="foreign", marked=frozenset({"x"}))
    before = meter.bytes
    made.render_marked({"x": "ab"}, {"x": SEGMENT}, meter=meter)
    assert before - meter.bytes == 2 * limits.STRETCH
    made.render({"x": "ab"}, meter=meter)
    assert before - meter.bytes == 2 * limits.STRETCH


# --- what it costs to import ------------------------------------------------------------------------------------------

WITHOUT_JINJA = """
import sys
from promptlib.messages import user
from promptlib.rendering import compile_pieces
from promptlib.segments import Segment
made = compile_pieces((user("Read {{ doc }}"),), marked=frozenset({"doc"}))
print(made.render_marked({"doc": "this"}, {"doc": Segment()})[1][0][2:5], "jinja2" in sys.modules)
"""


def test_plain_variables_are_marked_without_jinja() -> None:
    run = subprocess.run([sys.executable, "-c", WITHOUT_JINJA], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout == "(0, 5, 9) False\n"
