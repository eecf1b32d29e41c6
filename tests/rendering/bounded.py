"""Prompts with limits of every kind, and values inside of the limits that make the most of them."""

from __future__ import annotations

import datetime as dt
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from hypothesis import assume
from hypothesis import strategies as st

from promptlib import Prompt, Segment
from promptlib.errors import InvalidPrompt
from promptlib.inputs import Input, InputType
from promptlib.messages import Image, Message, Piece, Placeholder, Text, assistant, tool, user
from promptlib.rendering import compile_pieces

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptlib.messages import Role

# --- inputs -----------------------------------------------------------------------------------------------------------

#: Characters that grow, that must be escaped, that end lines and words, that take most bytes.
HARD = st.text("ΐßŉﬃİȺK&<>\"'\\\x00\x01\n\r\u2028\t -%{}\U0010ffff\U0001f600\u200b你é1a", max_size=12)
PARTS = st.sampled_from(["\U0010ffff", "你", "a", "<document>", "\n", "ΐ", "&", "\x00", "- ", "&nGt;"])


def texts(most: int) -> st.SearchStrategy[str]:
    """Return texts of at most so many characters, many of them as long as they may be."""
    filled = st.builds(lambda part: (part * most)[:most], PARTS)
    any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=most)
    return st.one_of(filled, HARD.map(lambda text: text[:most]), any_text)


class Given(NamedTuple):
    """One input, and values that it accepts."""

    declared: Input
    values: st.SearchStrategy[Any]


def _given(name: str, kind: str, accepted: st.SearchStrategy[Any], **limits: Any) -> Given:
    return Given(Input(name=name, type=InputType(kind=cast("Any", kind), **limits)), accepted)


def _text(draw: st.DrawFn, name: str) -> Given:
    most = draw(st.sampled_from([0, 1, 3, 8, 40]))
    return _given(name, "string", texts(most), max_length=most)


def _code(draw: st.DrawFn, name: str) -> Given:
    count = draw(st.integers(1, 4))
    head = st.text("abz", min_size=count, max_size=count)
    values = st.builds(lambda one, other: one + other, head, st.sampled_from(["", "-x", "é"]))
    return _given(name, "string", values, pattern=f"^[a-z]{{{count}}}(-x|é)?$")


def _number(draw: st.DrawFn, name: str) -> Given:
    low, high = sorted([draw(st.integers(-50, 50)), draw(st.integers(-50, 20))])
    limits = draw(st.sampled_from([{"ge": low, "le": high}, {"ge": low}, {"le": high}, {}]))
    # Small, or too large for a text to be repeated so often.
    values = st.integers(limits.get("ge", -50), limits.get("le", 20))
    return _given(name, "integer", values | st.just(limits.get("le", 10**4000)), **limits)


def _real(_: st.DrawFn, name: str) -> Given:
    longest = st.sampled_from([-2.2250738585072014e-308, 1e308, 0.1])
    return _given(name, "float", st.floats(allow_nan=False, allow_infinity=False) | longest)


def _moment(_: st.DrawFn, name: str) -> Given:
    zones = st.timedeltas(dt.timedelta(hours=-23), dt.timedelta(hours=23)).map(dt.timezone)
    return _given(name, "datetime", st.datetimes(timezones=zones | st.none()))


def _choice(draw: st.DrawFn, name: str) -> Given:
    values = draw(st.lists(st.sampled_from(["warm", "plain 你", 3, -12, True, 1.5]), min_size=1, unique_by=repr))
    return _given(name, "enum", st.sampled_from(values), values=tuple(values))


def _words(draw: st.DrawFn, name: str) -> Given:
    most, item = draw(st.integers(0, 4)), _text(draw, "item")
    values = st.lists(item.values, max_size=most) | st.lists(item.values, min_size=most, max_size=most)
    return _given(name, "array", values, items=item.declared.type, max_length=most)


def _thing(draw: st.DrawFn, name: str) -> Given:
    parts = [_text(draw, "name"), _number(draw, "count")]
    values = st.fixed_dictionaries({part.declared.name: part.values for part in parts})
    return _given(name, "object", values, properties=tuple(part.declared for part in parts))


def _things(draw: st.DrawFn, name: str) -> Given:
    most, item = draw(st.integers(0, 3)), _thing(draw, "item")
    return _given(name, "array", st.lists(item.values, max_size=most), items=item.declared.type, max_length=most)


def _prices(draw: st.DrawFn, name: str) -> Given:
    item = _text(draw, "item")
    values = st.dictionaries(texts(5), item.values, max_size=3)
    return _given(name, "map", values, items=item.declared.type, max_length=3)


def _maybe(draw: st.DrawFn, name: str) -> Given:
    most = draw(st.integers(0, 5))
    kind_of = InputType(kind="string", max_length=most, nullable=True)
    default = draw(st.none() | texts(most))
    return Given(Input(name=name, type=kind_of, required=False, default=default), st.none() | texts(most))


def _data(_: st.DrawFn, name: str) -> Given:
    leaves = st.none() | st.booleans() | st.integers() | HARD
    values = st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HARD, inner, max_size=2), max_leaves=5
    )
    return _given(name, "json", values)


def _picture(_: st.DrawFn, name: str) -> Given:
    detail = st.sampled_from(["auto", "low", "high"])
    return _given(name, "image", st.builds(Image, st.just("https://x.example/a.png"), detail))


def _turns(draw: st.DrawFn, name: str) -> Given:
    most = draw(st.integers(0, 3))
    turn = st.builds(user, texts(20)) | st.builds(assistant, texts(20)) | texts(9).map(tool)
    return _given(name, "thread", st.lists(turn, max_size=most), max_length=most)


#: One input of each kind, by a name that tells what it is.
KINDS: dict[str, Callable[[st.DrawFn, str], Given]] = {
    "text": _text,
    "other": _text,
    "code": _code,
    "number": _number,
    "real": _real,
    "truth": lambda _, name: _given(name, "boolean", st.booleans()),
    "day": lambda _, name: _given(name, "date", st.dates()),
    "moment": _moment,
    "choice": _choice,
    "words": _words,
    "thing": _thing,
    "things": _things,
    "prices": _prices,
    "maybe": _maybe,
    "data": _data,
    "picture": _picture,
    "turns": _turns,
}

# --- expressions ------------------------------------------------------------------------------------------------------


def filled(pattern: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return *pattern* with one of each of *parts* for each `§`, in their order."""
    return st.tuples(*parts).map(lambda found: reduce(lambda text, part: text.replace("§", part, 1), found, pattern))


LITERALS = st.sampled_from(
    ["", "Sort this ticket", " ", "\n", "\n\n", "a", "  b", "12", " the quick brown fox jumps, ", "你好，世界。", "'s"]
)
QUOTED = st.sampled_from(["''", "'a'", "'ß '", "', '", "'\\n'", "'你好 wide world'"])
SMALL = st.sampled_from(["0", "1", "3", "-2", "7"])
TEXT_FILTERS = st.sampled_from(
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
        *("indent(number, blank=truth)", "tojson(number)", "batch(number) | list | tojson", "round | string"),
    ]
)
LIST_FILTERS = st.sampled_from(
    [
        *("list", "sort", "reverse | list", "unique | list", "select | list", "reject('none') | list", "map('upper')"),
        *("map('truncate', 3, true, '') | list", "batch(2) | first", "slice(2) | first", "map('replace', 'a', other)"),
        *("map('default', 'x') | list", "batch(3, 'x') | first", "slice(3, text) | last"),
    ]
)
NAMES = st.sampled_from(
    [
        *("text", "text", "other", "code", "number", "real", "truth", "day", "moment", "choice", "maybe", "data"),
        *("thing.name", "thing.count", "thing['name']", "words[0]", "words[-1]", "things[0].name", "prices.a"),
        *("prices[text]", "things | sum(attribute='count')", "words | join(', ')", "things | length", "prices.nothing"),
        *("(day | date('%A %d %B %Y, %y%%'))", "(moment | date('%H:%M'))", "turns[0].role", "turns[0].text"),
        *("(day | days_until('2020-01-01'))", "(words | first)", "(prices | tojson)", "(things | tojson(indent=1))"),
    ]
)


def lists_of(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return expressions of lists."""
    plain = st.sampled_from(
        [
            *("words", "words[:2]", "words[-1:]", "[text, other]", "things | map(attribute='name')", "range(4)"),
            *("thing", "prices", "words + [text]", "things | map(attribute='count') | list", "range(number)"),
            *("words * 2", "(things | groupby('name'))[0].list | map(attribute='name')", "prices.values", "data"),
            *("prices | dictsort | map(attribute=1)", "(thing | items | list)[0]", "things | sum('name', '')"),
        ]
    )
    return st.one_of(plain, filled("(§ | §)", plain, LIST_FILTERS), filled("[§, §]", inner, inner))


def _made_of(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return expressions of texts and numbers, made of others."""
    lists = lists_of(inner)
    operators = st.sampled_from(["*", "-", "//", "/", "%", "+", "~", "or", "and", "=="])
    of_lists = st.sampled_from(["length", "first", "last", "tojson", "string", "max", "tojson(indent=3)"])
    return st.one_of(
        filled("(§ | §)", inner, TEXT_FILTERS),
        filled("(§ ~ §)", inner, inner),
        filled("(§ § §)", inner, operators, inner),
        filled("(§ * §)", inner, SMALL),
        filled("(§ if § else §)", inner, inner, inner),
        filled("(-§)", inner),
        filled("('%s: %-5d|%.1f %%' | format(§, §, §))", inner, inner, inner),
        filled("('%s and %r' % (§, §))", inner, inner),
        filled("('%(a)s' % {'a': §})", inner),
        filled("§[:§]", st.sampled_from(["text", "other", "words[0]"]), SMALL),
        filled("§[§:]", st.sampled_from(["text", "other"]), SMALL),
        filled("§[-9:§]", st.sampled_from(["text", "other"]), SMALL),
        filled("§[§]", st.sampled_from(["text", "words", "words[0]", "moment"]), SMALL),
        filled("(§ | join(§))", lists, inner),
        filled("(§ | §)", lists, of_lists),
        filled("(§ | §)", lists, TEXT_FILTERS),
        filled("('%s' % [§ | replace('a', 'b'), §][0])", lists, inner),
        filled("(§ ~ §)", lists, inner),
        filled("{'a': §, 'b': §}.b", inner, inner),
        filled("({'a': §, '你': §} | tojson)", inner, inner),
        filled("[§, §][§]", inner, inner, SMALL),
        filled("dict(a=§).a", inner),
        filled("([§, prices.nothing, §] | string)", inner, lists),
        filled("(§ | round(§))", inner, SMALL),
        filled("(§ | abs)", inner),
        filled("(§ | int(§))", inner, SMALL),
    )


EXPRESSIONS = st.recursive(NAMES | QUOTED | SMALL, _made_of, max_leaves=4)

# --- statements -------------------------------------------------------------------------------------------------------

_PIECES = st.one_of(
    LITERALS,
    filled("{{ § }}", EXPRESSIONS),
    filled("{{ § }}", NAMES),
    filled("{{ § ** § }}", NAMES, SMALL | st.just("0.5")),
    st.sampled_from(
        ["{{ picture }}", "{% raw %}{{ x }}{% endraw %}", "{# nothing #}", "{%- if truth %} x{% endif -%}"]
    ),
)
_PAIRS = st.sampled_from(
    ["prices | items", "thing | dictsort", "things | groupby('name')", "[(1, text)]", "words | batch(2)"]
)
_GROWING = st.sampled_from(["text", "i", "ns.a", "ns.a ~ 'x'", "ns.a | upper"])
_BLOCK_FILTERS = st.sampled_from(["upper", "e", "indent(3)", "trim | title", "length", "wordwrap(9)"])


def _statements(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return statements around others."""
    one = st.lists(inner, min_size=1, max_size=3).map("".join)
    lists, of = lists_of(QUOTED), EXPRESSIONS
    say = "{% macro say(a, b=§) %}§{{ a }}: {{ b }}{{ varargs | join }}{{ kwargs.c }}{% endmacro %}"
    around = "{% macro around(a) %}<{{ a }}>{{ caller() }}{{ caller('x') | trim }}{% endmacro %}"
    return st.one_of(
        filled("{% if § %}§{% elif truth %}§{% else %}§{% endif %}", of, one, one, one),
        filled("\n{% if § %}\n§\n{% endif %}\n", of, one),
        filled("{% if truth %}{% set b = § %}{% endif %}§{{ b | d('no b') }}", of, one),
        filled("{% for item in § %}§{{ item }}{{ loop.index }}{% else %}§{% endfor %}", lists, one, one),
        filled("{% for each in things %}\n{{ each.name }}§{% if loop.last %}{% break %}{% endif %}\n{% endfor %}", one),
        filled("{% for key, value in § %}{{ key }}§{{ value }}{% endfor %}", _PAIRS, one),
        filled("{% for a in words if a %}§{{ loop.previtem or a }}{{ loop.cycle('x', other) }}{% endfor %}", one),
        filled("{% set made = § %}§{{ made }}", of, one),
        filled("{% set a, made = §, § %}§{{ made }}{{ a }}", of, of, one),
        filled("{% set made | upper %}§{% endset %}{{ made }}{{ made | length }}", one),
        filled("{% with a = § %}{{ a }}§{% endwith %}", of, one),
        filled("{% filter § %}§{% endfilter %}", _BLOCK_FILTERS, one),
        filled(say + "{{ say(§) }}{{ say('x', b=other) | e }}{{ say('x', other, text, c=text) }}", of, one, of),
        filled(around + "{% call(b='') around(§) %}§{{ b }}{% endcall %}", of, one),
        filled(
            "{% set ns = namespace(a=§) %}{% for i in range(3) %}{% set ns.a = § %}§{% endfor %}{{ ns.a }}",
            of,
            _GROWING,
            one,
        ),
        filled("{% block inner %}§{% endblock %}", one),
    )


BODIES = st.recursive(_PIECES, _statements, max_leaves=4)

# --- segments ---------------------------------------------------------------------------------------------------------

_POLICIES = st.sampled_from(
    [
        *("", "priority=3", "truncate='drop'", "min_tokens=5", "truncate='middle' min_tokens=9 marker=' […] '"),
        *("truncate='start' min_tokens=1 marker='…'", "truncate='drop' group='g'", "min_tokens=3 group='g'"),
        *("max_tokens=4", "truncate='end' boundary='word' min_tokens=30"),
    ]
)
_MANY = st.sampled_from(
    [
        "{% for item in words %}- {{ item }}\n{% else %}no words{% endfor %}",
        "{{ words | join(', ') }}",
        "{{ things | join('; ', attribute='name') | delimited('names') }}",
        "{% for each in things %}{{ each.name }} {{ each.count }}{% endfor %}",
    ]
)
_LEAST = st.sampled_from(["0", "1", "6", "40"])


def _segment(number: int) -> st.SearchStrategy[str]:
    text = filled(f'{{% segment "s{number}" § %}}§{{% endsegment %}}', _POLICIES, BODIES)
    items = f'{{% segment "s{number}" truncate="items" min_tokens=§ marker=" and more" %}}'
    return st.one_of(text, text, filled(items + "The list: § and so on.{% endsegment %}", _LEAST, _MANY))


@st.composite
def _message_text(draw: st.DrawFn, number: int) -> str:
    kinds = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    return "".join([draw(BODIES if kind else _segment(10 * number + at)) for at, kind in enumerate(kinds)])


@st.composite
def pieces(draw: st.DrawFn) -> tuple[Piece, ...]:
    """Return messages of statements, some of them opened by a loop or a condition, or a thread between them."""
    role: Role = draw(st.sampled_from(["system", "user", "assistant"]))
    first = draw(_message_text(1))
    after = draw(st.integers(0, 3))
    if after == 0:
        return (Message(role, (Text(first),)),)
    if after == 1:
        last = [user(draw(_message_text(2)))] if draw(st.booleans()) else []
        return Message(role, (Text(first),)), Placeholder("turns"), *last
    head, tail = draw(
        st.sampled_from(
            [
                ("{% for w in words %}", "{% endfor %}"),
                ("{% if truth %}", "{% endif %}"),
                ("{% for t in things %}\n", "\n{% endfor %}"),
            ]
        )
    )
    opened = user(draw(BODIES)), assistant(draw(BODIES) + tail + draw(LITERALS))
    return Message(role, (Text(first + head),)), *opened


_OF_INPUTS = st.sampled_from(
    [
        Segment(priority=2),
        Segment(min_tokens=4),
        Segment(truncate="drop"),
        Segment(truncate="middle", min_tokens=6, marker=" … "),
        Segment(truncate="start", max_tokens=3),
    ]
)
_OF_LISTS = st.sampled_from([Segment(), Segment(min_tokens=3), Segment(min_tokens=20)])
_CUT = {"text": _OF_INPUTS, "other": _OF_INPUTS, "choice": _OF_INPUTS, "data": _OF_INPUTS, "maybe": _OF_INPUTS} | {
    "words": _OF_LISTS,
    "things": _OF_LISTS,
    "turns": st.just(Segment(priority=1)),
}


class Case(NamedTuple):
    """A prompt, and some values of its inputs."""

    prompt: Prompt[Any]
    rows: list[dict[str, Any]]


@st.composite
def cases(draw: st.DrawFn, bodies: st.SearchStrategy[tuple[Piece, ...]] = pieces(), *, cut: bool = True) -> Case:  # noqa: B008 - a strategy is immutable
    """Return prompts that can be, with segments for some of their inputs."""
    chosen = draw(bodies)
    names = _names(chosen)
    assume(names is not None and set(names) <= set(KINDS))
    given = {name: KINDS[name](draw, name) for name in names or ()}
    segments = {name: draw(_CUT[name]) for name in given if cut and name in _CUT and draw(st.integers(0, 2)) == 0}
    found = None
    for some in (segments, {name: each for name, each in segments.items() if name == "turns"}, {}):
        found = found or _prompt(chosen, given, some)
    assume(found is not None)
    rows = [draw(st.fixed_dictionaries({name: each.values for name, each in given.items()})) for _ in range(3)]
    return Case(cast("Prompt[Any]", found), rows)


def _names(chosen: tuple[Piece, ...]) -> tuple[str, ...] | None:
    try:
        return compile_pieces(chosen).variables
    except InvalidPrompt:
        return None


def _prompt(chosen: tuple[Piece, ...], given: dict[str, Given], segments: dict[str, Segment]) -> Prompt[Any] | None:
    inputs = tuple(each.declared for each in given.values())
    words = cast("Any", {name: segment.to_dict() for name, segment in segments.items()})
    try:
        return Prompt(messages=chosen, inputs=inputs, segments=words)
    except InvalidPrompt:
        return None
