"""Prompts with limits of every kind, and the values inside the limits that make the most of them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from hypothesis import strategies as st

from promptlib import Prompt, Segment
from promptlib.inputs import Input, InputType
from promptlib.messages import Image, Message, Piece, Placeholder, assistant, system, tool, user

if TYPE_CHECKING:
    from collections.abc import Callable

#: Characters that grow, that must be escaped, that end lines and words, that take most bytes.
GROWING = "ΐßŉﬃİȺK&<>\"'\\\x00\x01\n\r\u2028\t -%{}\U0010ffff\U0001f600\u200b你é1a"
HARD = st.text(st.sampled_from(GROWING), max_size=12)
LONG = st.sampled_from(["\U0010ffff", "你", "a", "<document>", "\n", "ΐ", "&", "\x00", "- "])


def texts(most: int) -> st.SearchStrategy[str]:
    """Return texts of at most so many characters, many of them as long as they may be."""
    filled = st.builds(lambda part: (part * most)[:most], LONG)
    any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=most)
    return st.one_of(filled, HARD.map(lambda text: text[:most]), any_text)


class Given(NamedTuple):
    """One input, and values that it accepts."""

    declared: Input
    values: st.SearchStrategy[Any]


def _text(draw: st.DrawFn, name: str) -> Given:
    most = draw(st.sampled_from([0, 1, 3, 8, 40]))
    return Given(Input(name=name, type=InputType(kind="string", max_length=most)), texts(most))


def _code(draw: st.DrawFn, name: str) -> Given:
    count = draw(st.integers(1, 4))
    pattern = f"^[a-z]{{{count}}}(-x|é)?$"
    head = st.text("abz", min_size=count, max_size=count)
    values = st.builds(lambda one, other: one + other, head, st.sampled_from(["", "-x", "é"]))
    return Given(Input(name=name, type=InputType(kind="string", pattern=pattern)), values)


def _number(draw: st.DrawFn, name: str) -> Given:
    low, high = sorted([draw(st.integers(-50, 50)), draw(st.integers(-50, 20))])
    limits: dict[str, int] = draw(st.sampled_from([{"ge": low, "le": high}, {"ge": low}, {"le": high}, {}]))
    values = st.integers(limits.get("ge", -(10**30)), limits.get("le", 10**30))
    return Given(Input(name=name, type=InputType(kind="integer", **cast("Any", limits))), values)


def _simple(kind: str, values: st.SearchStrategy[Any]) -> Callable[[st.DrawFn, str], Given]:
    return lambda _, name: Given(Input(name=name, type=InputType(kind=cast("Any", kind))), values)


_FLOATS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([-2.2250738585072014e-308, 1e308, 0.1])
)
_ZONES = st.one_of(
    st.none(), st.timedeltas(dt.timedelta(hours=-23), dt.timedelta(hours=23)).map(lambda delta: dt.timezone(delta))
)


def _enum(draw: st.DrawFn, name: str) -> Given:
    values = draw(st.lists(st.sampled_from(["warm", "plain 你", 3, -12, True, 1.5]), min_size=1, unique_by=repr))
    return Given(Input(name=name, type=InputType(kind="enum", values=tuple(values))), st.sampled_from(values))


def _list(draw: st.DrawFn, name: str) -> Given:
    most = draw(st.integers(0, 4))
    item = _text(draw, "item")
    kind_of = InputType(kind="array", items=item.declared.type, max_length=most)
    values = st.lists(item.values, max_size=most) | st.lists(item.values, min_size=most, max_size=most)
    return Given(Input(name=name, type=kind_of), values)


def _object(draw: st.DrawFn, name: str) -> Given:
    parts = [_text(draw, "name"), _number(draw, "count")]
    kind_of = InputType(kind="object", properties=tuple(part.declared for part in parts))
    return Given(
        Input(name=name, type=kind_of), st.fixed_dictionaries({part.declared.name: part.values for part in parts})
    )


def _objects(draw: st.DrawFn, name: str) -> Given:
    most = draw(st.integers(0, 3))
    item = _object(draw, "item")
    kind_of = InputType(kind="array", items=item.declared.type, max_length=most)
    return Given(Input(name=name, type=kind_of), st.lists(item.values, max_size=most))


def _map(draw: st.DrawFn, name: str) -> Given:
    item = _text(draw, "item")
    kind_of = InputType(kind="map", items=item.declared.type, max_length=3)
    return Given(Input(name=name, type=kind_of), st.dictionaries(texts(5), item.values, max_size=3))


def _maybe(draw: st.DrawFn, name: str) -> Given:
    most = draw(st.integers(0, 5))
    declared = Input(
        name=name,
        type=InputType(kind="string", max_length=most, nullable=True),
        required=False,
        default=draw(st.none() | texts(most)),
    )
    return Given(declared, st.none() | texts(most))


def _thread(draw: st.DrawFn, name: str) -> Given:
    most = draw(st.integers(0, 3))
    turns = st.one_of(
        st.builds(user, texts(20)), st.builds(assistant, texts(20)), st.builds(lambda text: tool(text), texts(9))
    )
    return Given(Input(name=name, type=InputType(kind="thread", max_length=most)), st.lists(turns, max_size=most))


_IMAGES = st.builds(Image, st.just("https://x.example/a.png"), st.sampled_from(["auto", "low", "high"]))

#: One input of each kind, by a name that tells what it is.
KINDS: dict[str, Callable[[st.DrawFn, str], Given]] = {
    "text": _text,
    "other": _text,
    "code": _code,
    "number": _number,
    "times": _number,
    "real": _simple("float", _FLOATS),
    "truth": _simple("boolean", st.booleans()),
    "day": _simple("date", st.dates()),
    "moment": _simple("datetime", st.datetimes(timezones=_ZONES)),
    "choice": _enum,
    "words": _list,
    "thing": _object,
    "things": _objects,
    "prices": _map,
    "maybe": _maybe,
    "data": _simple(
        "json",
        st.recursive(
            st.none() | st.booleans() | st.integers() | HARD,
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HARD, inner, max_size=2),
            max_leaves=5,
        ),
    ),
    "picture": _simple("image", _IMAGES),
    "turns": _thread,
}
PLAIN_TEXTS = ("text", "other", "code", "choice", "day", "moment", "maybe", "number", "real", "truth")

LITERALS = st.sampled_from(
    [
        "",
        "Sort this ticket",
        " ",
        "\n",
        "\n\n",
        "a",
        "  b",
        "12",
        " the quick brown fox jumps, ",
        "你好，世界。",
        "'s",
        "x'",
        "#",
    ]
)

# --- expressions ------------------------------------------------------------------------------------------------------

_QUOTED = st.sampled_from(["''", "'a'", "'ß '", "', '", "'\\n'", "'你好 wide world'"])
_SMALL = st.sampled_from(["0", "1", "3", "-2", "7"])
_TEXT_FILTERS = st.sampled_from(
    [
        *("upper", "lower", "title", "capitalize", "trim", "e", "escape", "striptags", "urlencode", "string", "safe"),
        *("tojson", "indent", "indent(3, true)", "indent('> ', blank=true)", "indent(2, first=true)", "wordwrap(3)"),
        *("wordwrap(5, wrapstring='<br>')", "center(30)", "center", "truncate(4)", "truncate(5, true, '…', 0)"),
        *("truncate(9, leeway=2)", "replace('a', 'bcd')", "replace('', '-')", "replace('\\n', '你', 2)", "reverse"),
        *("delimited", "delimited('x')", "default('none of it')", "d('你', true)", "replace(other, text)"),
        *("replace('<', other)", "forceescape", "truncate(number, true)", "center(number)", "tojson(indent=2)"),
        *("wordcount", "length", "list | join('+')", "first", "last", "list | tojson", "int", "float", "pprint"),
        *("format", "batch(2) | map('join', '-') | join('/')", "slice(2) | list | tojson", "filesizeformat"),
        *("unique | join", "sort | join('·')", "min", "max", "map('upper') | join", "select | list | length"),
    ]
)
_LIST_FILTERS = st.sampled_from(
    [
        *("list", "sort", "reverse | list", "unique | list", "select | list", "reject('none') | list", "map('upper')"),
        *("map('truncate', 3, true, '') | list", "batch(2) | first", "slice(2) | first", "map('replace', 'a', other)"),
        "map('default', 'x') | list",
    ]
)


def _texts(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return expressions of texts and numbers, made of others."""
    lists = _lists(inner)
    return st.one_of(
        st.builds("({} | {})".format, inner, _TEXT_FILTERS),
        st.builds("({} ~ {})".format, inner, inner),
        st.builds("({} + {})".format, inner, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} {} {})".format, inner, st.sampled_from(["*", "-", "//", "/", "%", "+", "**"]), inner),
        st.builds("({} * {})".format, inner, _SMALL),
        st.builds("(-{})".format, inner),
        st.builds("({} == {})".format, inner, inner),
        st.builds("('%s: %-5d|%.1f %%' | format({}, {}, {}))".format, inner, inner, inner),
        st.builds("('%s and %r' % ({}, {}))".format, inner, inner),
        st.builds("{}[{}:{}]".format, st.sampled_from(["text", "other", "words[0]"]), st.just(""), _SMALL),
        st.builds("{}[{}:]".format, st.sampled_from(["text", "other"]), _SMALL),
        st.builds("{}[{}]".format, st.sampled_from(["text", "words", "words[0]", "moment"]), _SMALL),
        st.builds("({} | join({}))".format, lists, inner),
        st.builds("({} | {})".format, lists, st.sampled_from(["length", "first", "last", "tojson", "string", "max"])),
        st.builds("({} ~ {})".format, lists, inner),
        st.builds("{{'a': {}, 'b': {}}}.b".format, inner, inner),
        st.builds("({{'a': {}, '你': {}}} | tojson)".format, inner, inner),
        st.builds("[{}, {}][{}]".format, inner, inner, _SMALL),
        st.builds("dict(a={}).a".format, inner),
        st.builds("({} | round({}))".format, inner, _SMALL),
        st.builds("({} | abs)".format, inner),
        st.builds("({} | int({}))".format, inner, _SMALL),
    )


def _lists(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return expressions of lists."""
    plain = st.sampled_from(
        [
            *("words", "words[:2]", "words[-1:]", "[text, other]", "things | map(attribute='name')", "range(4)"),
            *("thing", "prices", "words + [text]", "things | map(attribute='count') | list", "range(number)"),
            *("words * 2", "(things | groupby('name'))[0].list | map(attribute='name')", "prices.values", "data"),
            *("prices | dictsort | map(attribute=1)", "(thing | items | list)[0]", "things | sum('name', '')"),
        ]
    )
    return st.one_of(
        plain, st.builds("({} | {})".format, plain, _LIST_FILTERS), st.builds("[{}, {}]".format, inner, inner)
    )


NAMES = st.sampled_from(
    [
        *("text", "text", "other", "code", "number", "real", "truth", "day", "moment", "choice", "maybe", "thing.name"),
        *(
            "thing.count",
            "thing['name']",
            "words[0]",
            "words[-1]",
            "things[0].name",
            "prices.a",
            "prices[text]",
            "data",
        ),
        *("things | sum(attribute='count')", "words | join(', ')", "things | length", "prices | length", "nothing"),
        *(
            "(day | date('%A %d %B %Y, %y%%'))",
            "(moment | date('%H:%M'))",
            "turns[0].role",
            "turns | length",
            "turns[0].text",
        ),
        *("(day | days_until('2020-01-01'))", "(words | first)", "(prices | tojson)", "(things | tojson(indent=1))"),
    ]
)
EXPRESSIONS = st.recursive(NAMES | _QUOTED | _SMALL, _texts, max_leaves=4)

# --- statements -------------------------------------------------------------------------------------------------------

PUT_OUT = st.builds("{{{{ {} }}}}".format, EXPRESSIONS)
PIECES = st.one_of(
    LITERALS,
    PUT_OUT,
    st.builds("{{{{ {} }}}}".format, NAMES),
    st.sampled_from(
        ["{{ picture }}", "{% raw %}{{ x }}{% endraw %}", "{# nothing #}", "{%- if truth %} x{% endif -%}"]
    ),
)


def _statements(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return statements around others."""
    one = st.lists(inner, min_size=1, max_size=3).map("".join)
    lists = _lists(_QUOTED)
    return st.one_of(
        st.builds("{{% if {} %}}{}{{% elif truth %}}{}{{% else %}}{}{{% endif %}}".format, EXPRESSIONS, one, one, one),
        st.builds("\n{{% if {} %}}\n{}\n{{% endif %}}\n".format, EXPRESSIONS, one),
        st.builds(
            "{{% for item in {} %}}{}{{{{ item }}}}{{{{ loop.index }}}}{{% else %}}{}{{% endfor %}}".format,
            lists,
            one,
            one,
        ),
        st.builds(
            "{{% for each in things %}}\n{{{{ each.name }}}}{}{{% if loop.last %}}{{% break %}}{{% endif %}}\n{{% endfor %}}".format,
            one,
        ),
        st.builds(
            "{{% for key, value in {} %}}{{{{ key }}}}{}{{{{ value }}}}{{% endfor %}}".format,
            st.sampled_from(
                ["prices | items", "thing | dictsort", "things | groupby('name')", "[(1, text)]", "words | batch(2)"]
            ),
            one,
        ),
        st.builds(
            "{{% for a in words if a %}}{}{{{{ loop.previtem or a }}}}{{{{ loop.cycle('x', other) }}}}{{% endfor %}}".format,
            one,
        ),
        st.builds("{{% set made = {} %}}{}{{{{ made }}}}".format, EXPRESSIONS, one),
        st.builds("{{% set made | upper %}}{}{{% endset %}}{{{{ made }}}}{{{{ made | length }}}}".format, one),
        st.builds("{{% with a = {} %}}{{{{ a }}}}{}{{% endwith %}}".format, EXPRESSIONS, one),
        st.builds(
            "{{% filter {} %}}{}{{% endfilter %}}".format,
            st.sampled_from(["upper", "e", "indent(3)", "trim | title", "length", "wordwrap(9)"]),
            one,
        ),
        st.builds(
            "{{% macro say(a, b={}) %}}{}{{{{ a }}}}: {{{{ b }}}}{{% endmacro %}}{{{{ say({}) }}}}{{{{ say('x', b=other) | e }}}}".format,
            EXPRESSIONS,
            one,
            EXPRESSIONS,
        ),
        st.builds(
            "{{% macro around(a) %}}<{{{{ a }}}}>{{{{ caller() }}}}{{{{ caller() | trim }}}}{{% endmacro %}}{{% call around({}) %}}{}{{% endcall %}}".format,
            EXPRESSIONS,
            one,
        ),
        st.builds(
            "{{% set ns = namespace(a={}) %}}{{% for i in range(3) %}}{{% set ns.a = {} %}}{}{{% endfor %}}{{{{ ns.a }}}}".format,
            EXPRESSIONS,
            st.sampled_from(["text", "i", "ns.a", "ns.a ~ 'x'", "ns.a | upper"]),
            one,
        ),
        st.builds("{{% block inner %}}{}{{% endblock %}}".format, one),
    )


BODIES = st.recursive(PIECES, _statements, max_leaves=4)

# --- segments ---------------------------------------------------------------------------------------------------------

_POLICIES = st.sampled_from(
    [
        "", "priority=3", "truncate='drop'", "min_tokens=5", "truncate='middle' min_tokens=9 marker=' […] '",
        "truncate='start' min_tokens=1 marker='…'", "truncate='drop' group='g'", "min_tokens=3 group='g'", "max_tokens=4",
        "truncate='end' boundary='word' min_tokens=30",
    ]
)  # fmt: skip


@st.composite
def _segment(draw: st.DrawFn, number: int) -> str:
    body = draw(st.lists(BODIES, min_size=1, max_size=2).map("".join))
    policy = draw(_POLICIES)
    if draw(st.integers(0, 3)) == 0:
        least = draw(st.sampled_from([0, 1, 6, 40]))
        policy = f"truncate='items' min_tokens={least} marker=' and more'"
        many = draw(
            st.sampled_from(
                [
                    "{% for item in words %}- {{ item }}\n{% else %}no words{% endfor %}",
                    "{{ words | join(', ') }}",
                    "{{ things | join('; ', attribute='name') | delimited('names') }}",
                    "{% for each in things %}{{ each.name }} {{ each.count }}{% endfor %}",
                ]
            )
        )
        body = f"The list: {many} and so on."
    return f'{{% segment "s{number}" {policy} %}}{body}{{% endsegment %}}'


@st.composite
def _message_text(draw: st.DrawFn, number: int) -> str:
    parts = []
    for at in range(draw(st.integers(1, 3))):
        segment = draw(st.integers(0, 3)) == 0
        parts.append(draw(_segment(10 * number + at)) if segment else draw(BODIES))
    return "".join(parts)


_OF_INPUTS = st.sampled_from(
    [
        Segment(priority=2),
        Segment(min_tokens=4),
        Segment(truncate="drop"),
        Segment(truncate="middle", min_tokens=6, marker=" … "),
        Segment(truncate="start", max_tokens=3),
    ]
)


class Case(NamedTuple):
    """A prompt, and values of its inputs."""

    prompt: Prompt[Any]
    values: st.SearchStrategy[dict[str, Any]]


@st.composite
def pieces_strategy(draw: st.DrawFn) -> list[Piece]:
    """Return messages of statements, one or more of them opened by a loop or a condition."""
    roles = [system, user, assistant]
    pieces: list[Piece] = [draw(st.sampled_from(roles))(draw(_message_text(1)))]
    if draw(st.booleans()):
        pieces.append(Placeholder("turns"))
        if draw(st.booleans()):
            pieces.append(user(draw(_message_text(2))))
    elif draw(st.booleans()):
        head = draw(st.sampled_from(["{% for w in words %}", "{% if truth %}", "{% for t in things %}"]))
        tail = "{% endfor %}" if "for" in head else "{% endif %}"
        first = cast("Message", pieces[0])
        pieces = [
            Message(first.role, first.text + "\n" + head),  # type: ignore[arg-type] # a text becomes a part
            user(draw(BODIES)),
            assistant(draw(BODIES) + tail + draw(LITERALS)),
        ]
    return pieces
