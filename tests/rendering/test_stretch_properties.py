"""Whatever a template and its values hold: the messages are those of any render, the stretches are what was printed.

A small model beside the templates says what each prints; it knows nothing of Jinja.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from promptlib.errors import PromptLibError
from promptlib.messages import Image, Message, Piece, Text, assistant, placeholder, system, user
from promptlib.rendering import compile_pieces, included_text
from promptlib.rendering.plainvariables import PlainUnit, variables_of
from promptlib.rendering.units import Unit
from promptlib.segments import Segment, Stretch
from promptlib.trust import TRUSTS

if TYPE_CHECKING:
    from promptlib.trust import Trust

SEGMENT = Segment(priority=3)
STATED = Segment(truncate="end")
ITEMS = Segment(truncate="items")
INCLUDED = Stretch("inner", SEGMENT, 0, 2, 6, (2, 4, 6))
PICTURE = Image("https://a/b.png")


class Chunk(NamedTuple):
    """What the model prints: text, layout beside a statement, a picture, or a mark with the segment's name."""

    kind: Literal["text", "layout", "picture", "include", "begin", "item", "end"]
    text: str = ""


class Written(NamedTuple):
    """A stretch of a template, what it prints, and whether it states a segment."""

    source: str
    chunks: tuple[Chunk, ...]
    states: bool = False


class Values(NamedTuple):
    """What the templates are given."""

    word: str
    number: int
    things: list[str]

    def given(self) -> dict[str, object]:
        """Return them by name; `things` and the like are marked."""
        history = (user("first"), assistant("second"))
        lists = {"things": self.things, "history": history, "picture": PICTURE}
        return {"word": self.word, "number": self.number, "yes": True, **lists}


VALUES = st.builds(
    Values,
    st.text() | st.sampled_from(["\n", "", "{% segment 'x' %}", "a\r\nb", "<document>", "{{ word }}"]),
    st.integers(-99, 99),
    st.lists(st.text(max_size=3) | st.sampled_from(["", "{% endsegment %}", "\n", "é🎉"]), max_size=4),
)
#: Literal text: blanks and line breaks stay inside, where no statement can make layout of them.
TEXTS = st.from_regex(r"[ab🎉]([ab \né\r]{0,4}[ab🎉])?", fullmatch=True)
BREAKS = st.sampled_from(["", "\n", "\r\n", "\n\n", "\n  \n"])
#: What any program may be put together from, whether or not it fits.
STATEMENTS = (
    *("{% if a %}", "{% else %}", "{% endif %}", "{% for x in xs %}", "{% for x in xs if x != a %}", "{% endfor %}"),
    *("{% set a = b %}", "{% set z %}", "{% endset %}", "{% macro m(p) %}", "{% endmacro %}", "{{ m(a) }}", "{{ z }}"),
    *("{% call m(1) %}", "{% endcall %}", "{% filter upper %}", "{% endfilter %}", "{% with w = a %}", "{% endwith %}"),
    *("{% segment 's' %}", "{% segment 't' truncate='items' %}", "{% endsegment %}", "{% endsegment %}", "{% break %}"),
    *(
        "{% continue %}",
        "{{ x }}",
        "{{ a }}",
        "{{ a | upper }}",
        "{{ a | delimited }}",
        "{{ xs | join }}",
        "\n",
        "text",
    ),
    *("{{ xs | join(', ') | delimited }}", "{{ d.nope }}", "{% include 'i' %}", "{{ loop.index }}", " "),
)
MARKED = frozenset({"word", "number", "things", "history"})


def text(value: str) -> Written:
    return Written(value, (Chunk("text", value),))


def marked(name: str, source: str, *inside: Chunk) -> Written:
    return Written(source, (Chunk("begin", name), *inside, Chunk("end", name)))


def leaves(values: Values) -> st.SearchStrategy[Written]:
    """Return what prints something at once."""
    word, number = values.word, str(values.number)
    return TEXTS.map(text) | st.sampled_from(
        [
            marked("word", "{{ word }}", Chunk("text", word)),
            marked("word", "{{ word | upper }}", Chunk("text", word.upper())),
            marked("number", "{{ number }}", Chunk("text", number)),
            text(word)._replace(source="{{ word ~ '' }}"),
            text(str(len(values.things)))._replace(source="{{ things | length }}"),
            Written("{{ picture }}", (Chunk("picture"),)),
            Written("{% include 'style' %}", (Chunk("include", "__text__"),)),
            _joined(values, ", "),
            _joined(values, ""),
        ]
    )


def _joined(values: Values, between: str) -> Written:
    items = [Chunk("text", (between if at else "") + each) for at, each in enumerate(values.things)]
    # What is joined of nothing is put out as well.
    chunks = [each for item in items for each in (Chunk("item"), item)] or [Chunk("text", "")]
    return marked("things", f"{{{{ things | join({between!r}) }}}}", *chunks, Chunk("item"))


def compounds(inner: st.SearchStrategy[Written], values: Values) -> st.SearchStrategy[Written]:
    """Return what holds something else."""
    several = st.lists(inner, max_size=3).map(together)
    return (
        st.builds(condition, several, BREAKS, BREAKS)
        | st.builds(lambda *parts: loop(values, *parts), several, BREAKS, BREAKS)
        | st.builds(captured, several)
        | st.builds(stated, several.filter(lambda each: not each.states), BREAKS, BREAKS)
        | st.builds(lambda *parts: itemised(values, *parts), TEXTS, st.booleans(), TEXTS)
    )


def together(parts: list[Written]) -> Written:
    chunks = tuple(chunk for part in parts for chunk in part.chunks)
    return Written("".join(part.source for part in parts), chunks, any(part.states for part in parts))


def unmarked(inner: Written) -> Written:
    """Return *inner* where it is part of another stretch."""
    marks = ("begin", "item", "end")
    return inner._replace(chunks=tuple(chunk for chunk in inner.chunks if chunk.kind not in marks))


def condition(inner: Written, before: str, behind: str) -> Written:
    chunks = (Chunk("layout", before), *inner.chunks, Chunk("layout", behind))
    return Written(f"{{% if yes %}}{before}{inner.source}{behind}{{% endif %}}", chunks, inner.states)


def loop(values: Values, inner: Written, before: str, behind: str) -> Written:
    """Return a loop over the marked list; where it holds a segment, it is none itself."""
    source = f"{{% for each in things %}}{before}{inner.source}{{{{ each }}}}{behind}{{% endfor %}}"
    chunks: list[Chunk] = []
    for each in values.things:
        chunks += [] if inner.states else [Chunk("item")]
        chunks += [Chunk("layout", before), *(inner if inner.states else unmarked(inner)).chunks]
        chunks += [Chunk("text", each), Chunk("layout", behind)]
    if inner.states or not values.things:
        return Written(source, tuple(chunks), inner.states)
    return Written(source, (Chunk("begin", "things"), *chunks, Chunk("item"), Chunk("end", "things")))


def captured(inner: Written) -> Written:
    """Return what is one text before it is printed, without pictures and segments."""
    if inner.states or any(chunk.kind == "picture" for chunk in inner.chunks):
        return text("b")
    printed = "".join(chunk.text for chunk in inner.chunks if chunk.kind in ("text", "layout", "include"))
    return Written(f"{{% set kept %}}{inner.source}{{% endset %}}{{{{ kept }}}}", (Chunk("text", printed),))


def stated(inner: Written, before: str, behind: str) -> Written:
    source = f'{{% segment "stated" %}}{before}{inner.source}{behind}{{% endsegment %}}'
    chunks = (Chunk("begin", "stated"), Chunk("layout", before), *unmarked(inner).chunks, Chunk("layout", behind))
    return Written(source, (*chunks, Chunk("end", "stated")), states=True)


def itemised(values: Values, head: str, joins: bool, tail: str) -> Written:  # noqa: FBT001 - drawn, not passed
    inner = _joined(values, "; ") if joins else loop(values, text("a"), "", "")
    chunks = tuple(each for each in inner.chunks if each.kind not in ("begin", "end"))
    source = f'{{% segment "listed" truncate="items" %}}{head}{inner.source}{tail}{{% endsegment %}}'
    return Written(
        source,
        (Chunk("begin", "listed"), Chunk("text", head), *chunks, Chunk("text", tail), Chunk("end", "listed")),
        states=True,
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[Values, list[Written]]:
    values = draw(VALUES)
    inner = st.recursive(leaves(values), lambda each: compounds(each, values), max_leaves=6)
    message = st.lists(inner, max_size=3).map(together)
    # In a condition, so that a line break at the edge is layout whatever stands first.
    wrapped = st.builds(condition, message, BREAKS, BREAKS) | message
    return values, draw(st.lists(wrapped, min_size=1, max_size=3))


# --- the model --------------------------------------------------------------------------------------------------------


def modelled(chunks: tuple[Chunk, ...], number: int) -> tuple[str, list[Stretch]]:
    """Return the text of message *number* that *chunks* make, and its stretches."""
    # An empty text is no layout either: it was put out.
    solid = [at for at, chunk in enumerate(chunks) if chunk.kind in ("text", "picture", "include")]
    first, last = (solid[0], solid[-1]) if solid else (0, -1)
    kept = [
        chunk.text if first <= at <= last and chunk.kind in ("text", "layout", "include") else ""
        for at, chunk in enumerate(chunks)
    ]
    found: list[Stretch] = []
    name, start = "", 0
    items: list[int] = []
    for at, (kind, word) in enumerate(chunks):
        offset = len("".join(kept[:at]))
        if kind == "begin" and not name:
            name, start, items = word, offset, []
        elif kind == "item" and name in ("things", "listed"):
            items.append(offset)
        elif kind == "include" and not name:
            found.append(
                Stretch("inner", SEGMENT, number, offset + 2, offset + 6, tuple(offset + n for n in (2, 4, 6)))
            )
        elif kind == "end" and name == word:
            segment = {"stated": STATED, "listed": ITEMS}.get(name, SEGMENT)
            if start < offset:
                found.append(Stretch(name, segment, number, start, offset, tuple(items) if len(items) > 1 else ()))
            name = ""
    return "".join(kept), found


@pytest.mark.no_cover
@pytest.mark.parametrize("trust", TRUSTS)
@given(cases())
def test_stretches_are_what_was_printed(trust: Trust, case: tuple[Values, list[Written]]) -> None:
    values, written = case
    pieces: list[Piece] = []
    texts: list[str] = []
    expected: list[Stretch] = []
    for number, each in enumerate(written):
        made, found = modelled(each.chunks, number if number == 0 else number + 2)
        texts.append(made)
        expected += found
        pieces.append(Message("user", (Text(each.source),)))
        if number == 0:
            pieces.append(placeholder("history"))
            expected.append(Stretch("history", SEGMENT, 1, messages=2))
    template = compile_pieces(tuple(pieces), trust=trust, marked=MARKED)
    text = included_text("style", (user("__text__"),), (INCLUDED,))
    segments = dict.fromkeys(MARKED, SEGMENT)
    messages, stretches = template.render_marked(values.given(), segments, include=lambda _: text)
    assert messages == template.render(values.given(), include=lambda _: text)
    assert [message.text for at, message in enumerate(messages) if at not in (1, 2)] == texts
    assert list(stretches) == expected


@given(
    st.lists(
        TEXTS | st.sampled_from(["{{ word }}", "{{number}}", "{{ picture }}", "{{ other }}", "\n", " "]), max_size=8
    ),
    VALUES,
    st.text(),
)
@example(["{{ word }}", "{{ picture }}", "{{ word }}"], Values("é", 1, []), "")
def test_plain_variables_have_the_stretches_of_the_general_way(parts: list[str], values: Values, other: str) -> None:
    pieces = (system("".join(parts)), placeholder("history"), assistant("".join(reversed(parts)) + "."))
    given_values = values.given() | {"other": other}
    segments = dict.fromkeys(MARKED, SEGMENT)
    plain = PlainUnit(pieces, [found for each in pieces if (found := variables_of(each)) is not None], "own", MARKED)
    general = Unit(pieces, (), "own", MARKED)
    assert plain.markable == general.markable
    assert plain.render_marked(given_values, segments, str, ()) == general.render_marked(
        given_values, segments, str, ()
    )


@pytest.mark.no_cover
@pytest.mark.parametrize("trust", TRUSTS)
@given(st.lists(st.sampled_from(STATEMENTS), max_size=12).map("".join))
def test_any_program_renders_with_and_without_marks_alike(trust: Trust, source: str) -> None:
    try:
        template = compile_pieces((user(source), user("{{ a }}")), trust=trust, marked=frozenset({"a", "xs"}))
    except PromptLibError:
        return
    values: dict[str, object] = {"a": "A", "b": 0, "xs": ["1", "A"], "d": {"key": "i"}}
    outcomes: list[object] = []
    for marks in (False, True):
        try:
            if marks:
                messages, stretches = template.render_marked(values, dict.fromkeys(("a", "xs"), SEGMENT), include=str)
                check_apart(messages, stretches)
                outcomes.append(messages)
            else:
                outcomes.append(template.render(values, include=str))
        except PromptLibError as error:
            outcomes.append((type(error), error.what, error.where, error.hint))
    assert outcomes[0] == outcomes[1]


def check_apart(messages: tuple[Message, ...], stretches: tuple[Stretch, ...]) -> None:
    """Check that stretches lie one behind the other, and their items in them."""
    at = (0, 0)
    for each in stretches:
        assert at <= (each.message, each.start) < (each.message, each.end)
        assert each.end <= len(messages[each.message].text)
        edges = [each.start, *each.items, each.end]
        assert edges == sorted(edges)
        assert len(each.items) != 1
        at = each.message, each.end
