"""`Prompt.worst_case`: no values inside of the declared limits make a prompt larger than it says."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime, timedelta, timezone
from html import unescape
from html.entities import html5
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from promptlib import Budget, File, Image, Prompt, Segment, Thread, assistant, placeholder, system, tool, user
from promptlib.errors import InvalidInputs, InvalidPrompt, NotFound, RenderFailed, TemplateRejected
from promptlib.inputs import Input, InputType
from promptlib.messages import Placeholder, Prelude
from promptlib.rendering import compile_pieces
from promptlib.rendering.bounds import CONTROL, ESCAPED, ESCAPED_CHARACTER, LONGEST_FLOAT, QUOTES
from promptlib.rendering.declared import LONGEST_DATETIME, of_input
from promptlib.rendering.environment import ENVIRONMENT, escaped
from promptlib.rendering.gathering import GATHERINGS
from promptlib.rendering.growth import GROWTH, TEXTS
from promptlib.tokens import count_messages, count_tokens
from promptlib.tokens.worst import TokenScale
from promptlib.trust import TRUSTS
from promptlib.worst import Includes, Sizes
from tests.rendering.attacks import ADAPTIVE, CPU, SEGMENTS
from tests.rendering.bounded import BODIES, EXPRESSIONS, Case, cases, filled
from tests.strategies import fewer

if TYPE_CHECKING:
    from promptlib.messages import Message, Piece
    from promptlib.tokens import WorstCase
    from promptlib.trust import Trust

ROOM = Budget(10**12, margin=1)


def worst(*pieces: Piece, budget: Budget = ROOM, **types: Any) -> WorstCase:
    """Return the worst case of *pieces* with inputs of these types."""
    model: Any = type("Given", (BaseModel,), {"__annotations__": types}) if types else None
    prompt: Prompt[Any] = Prompt.define(*((model, *pieces) if types else pieces))
    return prompt.worst_case(budget)


def most(text: str, **types: Any) -> int:
    """Return the most tokens of one message without the seven that the chat adds."""
    found = worst(user(text), **types).most
    assert found is not None
    return found - 7


def reasons(*pieces: Piece, **types: Any) -> list[tuple[str, str]]:
    """Return what has no limit, and why."""
    found = worst(*pieces, **types)
    assert found.most is None
    assert not found.fits
    return [(each.name, each.why) for each in found.unbounded]


def short(length: int) -> Any:
    return Annotated[str, Field(max_length=length)]


def up_to(count: int, kind: Any) -> Any:
    return Annotated[list[kind], Field(max_length=count)]


# --- the promise ------------------------------------------------------------------------------------------------------


def check(case: Case) -> None:
    """Render every row; what has a worst case never takes more, and always fits a budget of that size."""
    try:
        found = case.prompt.worst_case(ROOM)
    except RenderFailed:
        assert not case.prompt.inputs
        return
    for row in case.rows if found.most is not None else ():
        assert found.most is not None
        try:
            rendered = case.prompt.render(row)
        except RenderFailed:
            continue
        if case.prompt.all_segments:
            case.prompt.render(row, budget=Budget(found.most + 1, margin=1))
        else:
            assert int(count_messages(rendered.messages)) <= found.most


@pytest.mark.no_cover
@fewer(2)
@given(cases())
def test_no_values_take_more_than_the_worst_case(case: Case) -> None:
    check(case)


def one_message(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Case]:
    return cases(texts.map(lambda text: (user(text),)), cut=False)


@pytest.mark.no_cover
@given(one_message(filled("{{ § }}", EXPRESSIONS) | BODIES))
def test_no_values_make_more_bytes_or_characters_than_that(case: Case) -> None:
    size = size_of(case.prompt)
    for row in case.rows:
        try:
            text = case.prompt.render(row).messages[0].text
        except RenderFailed:
            continue
        if size.bytes.limit is not None and size.characters.limit is not None:
            assert len(text.encode()) <= size.bytes.limit
            assert len(text) <= size.characters.limit


def size_of(prompt: Prompt[Any]) -> Any:
    includes = Includes(lambda around, alias: around.resolve(alias), 16)
    return Sizes(TokenScale(ROOM), includes).of(prompt, {each.name: of_input(each) for each in prompt.inputs})


PLAIN = st.sampled_from(["text", "other", "code", "number", "real", "truth", "day", "moment", "choice", "picture"])


@pytest.mark.no_cover
@given(
    cases(
        st.lists(
            st.tuples(st.sampled_from(["Sort this:", " ", "", "\n你好", "x'"]), PLAIN).map(
                lambda pair: f"{pair[0]}{{{{ {pair[1]} }}}}"
            ),
            min_size=1,
            max_size=5,
        ).map(lambda parts: (system("You sort."), user("".join(parts)), placeholder("turns"), assistant(parts[0])))
    )
)
def test_plain_variables_take_no_more_than_the_worst_case(case: Case) -> None:
    check(case)


INCLUDED = (
    ' {% include "style" %}'
    '{% segment "s" min_tokens=3 %}{% include "style" %}{% endsegment %}'
    '{% filter upper %}{% include "style" %}{% endfilter %}'
)


@pytest.mark.no_cover
@fewer(2)
@given(cases(st.builds(lambda *texts: tuple(map(user, texts)), BODIES, BODIES), cut=False), st.sampled_from(TRUSTS))
def test_what_is_included_takes_no_more_than_that(case: Case, trust: Trust) -> None:
    inner, outer = case.prompt.messages
    template = compile_pieces((inner,))
    used = tuple(each for each in case.prompt.inputs if each.name in template.variables)
    style: Prompt[Any] = Prompt(messages=(inner,), inputs=used)
    parts: Any = {"included": (("style", style),), "includes": {"style": f"style#{style.digest[7:]}"}}
    try:
        text = user(outer.text + INCLUDED)
        prompt: Prompt[Any] = Prompt(messages=(text,), inputs=case.prompt.inputs, trust=trust, **parts)
    except TemplateRejected:
        return
    check(Case(prompt, case.rows))


# --- what is counted --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pieces",
    [
        [system("You sort support tickets."), user("Go on, then.")],
        [user("{{ 3 + 4 }}{% for i in range(12) %} and {{ i }}{% endfor %}{# nothing #}")],
        [user("Required. {% segment 'x' %}This can go.{% endsegment %}")],
        [user("{{ name }} as it is", literal=True)],
        [tool("A result")],
    ],
)
def test_without_inputs_there_is_one_case_and_it_is_counted(pieces: list[Message]) -> None:
    prompt = Prompt.define(*pieces)
    found = prompt.worst_case(Budget(100, margin=1))
    required = [each for each in prompt.render().messages if not prompt.all_segments] or [user("Required. ")]
    assert found.most == int(count_messages(required))
    assert found.fits
    assert found.exactness == ("estimate" if pieces[0].role == "tool" else "exact")
    assert not prompt.worst_case(Budget(4, margin=1)).fits


def test_without_inputs_a_prompt_that_cannot_be_rendered_says_so() -> None:
    with pytest.raises(RenderFailed, match="division by zero"):
        Prompt.define(user("{{ 1 / 0 }}")).worst_case(ROOM)


LONG = "You are a careful assistant who sorts support tickets by urgency, and explains each choice in one sentence."


@pytest.mark.parametrize(
    "text",
    [
        LONG + " {{ x }}",
        "{{ x }} " + LONG,
        "{% if x %}" + LONG + "{% endif %}",
        "{% macro m() %}" + LONG + "{% endmacro %}{{ m() }}{{ x }}",
        "{% set long = '" + LONG + "' %}{{ long }}{{ x }}",
        "{{ x or '" + LONG + "' }}",
        "{% set long %}" + LONG + "{% endset %}{{ x }}{{ long | delimited }}",
    ],
)
def test_literal_text_counts_by_its_tokens_but_for_its_ends(text: str) -> None:
    assert count_tokens(LONG) < most(text, x=short(0)) < count_tokens(LONG) + 80


def test_layout_beside_statements_is_no_part_of_a_message_at_its_edges() -> None:
    assert most("{% set a = 1 %}\n\nOne two three{{ x }}", x=short(0)) == most("One two three{{ x }}", x=short(0))
    inside = most("One two\n{% set a = 1 %}\nthree{{ x }}", x=short(0))
    assert inside == most("One two\n\nthree{{ x }}", x=short(0))


class Thing(BaseModel):
    name: Annotated[str, Field(max_length=10)]
    count: Annotated[int, Field(ge=0, le=99)] = 1


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (short(5), 20),
        (Annotated[str, Field(pattern="^[a-z]{2,7}$")], 7),
        (Annotated[str, Field(pattern="^[a-z]+$", max_length=9)], 9),
        (Annotated[str, Field(pattern="^é?.$")], 6),
        (Literal["warm", "plain"], 5),
        (Literal[1, "你", "abcd"], 4),
        (bool, 5),
        (Annotated[int, Field(ge=-10, le=999)], 3),
        (Annotated[int, Field(ge=-1000, le=999)], 5),
        (int, 4301),
        (Annotated[int, Field(ge=0)], 4301),
        (float, 24),
        (date, 10),
        (datetime, 42),
        (short(3) | None, 12),
    ],
)
def test_each_type_has_its_longest_value(kind: Any, expected: int) -> None:
    assert most("{{ x }}", x=kind) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # texts
        ("{{ x | upper }}", 60),
        ("{{ x | lower }}{{ x | title }}", 100),
        ("{{ x | e }}", 50),
        ("{{ x | tojson }}{{ [x] | string }}", 62 + 107),
        ("{{ x | trim }}{{ x | string }}", 80),
        ("{{ x | truncate(3, true, '…', 0) }}", 35),
        ("{{ x | truncate(1000) }}", 43),
        ("{{ x[:2] }}{{ x[-3:] }}{{ x[2:5] }}{{ x[-4:-2] }}", 40),
        ("{{ x[3:] }}{{ x[0] }}{{ x[::2] }}", 84),
        ("{{ x | replace('ab', 'abc') }}", 60),
        ("{{ x | replace('', '-') }}", 51),
        ("{{ x | replace('a', '你', 2) }}", 44),
        ("{{ x | center(30) }}", 70),
        ("{{ x | wordwrap(5) }}", 51),
        ("{{ x | indent }}", 70),
        ("{{ x | urlencode }}", 120),
        ("{{ x | striptags }}", 40),
        ("{{ x | reverse }}{{ x | first }}", 44),
        ("{{ x ~ x }}{{ x + 'a' }}{{ x * 2 }}", 201),
        ("{{ x if x else 'none' }}{{ x or 'a' }}", 80),
        ("{% set y = x %}{% for c in y | list %}{{ c }}{% endfor %}", 40),
        ("{{ x | list | join('--') }}", 60),
        ("{{ '%s: %5s' | format(x, x) }}", 92),
        # numbers
        ("{{ n }}{{ n + n }}{{ n * n }}{{ n - n }}{{ -n }}", 19),
        ("{{ n // 7 }}{{ n % 7 }}{{ n ** 2 }}{{ n // -7 }}", 3 + 1 + 5 + 4),
        ("{{ n / 2 }}", 24),
        ("{{ x | length }}{{ x | wordcount }}", 4),
        ("{{ n | abs }}{{ [n, n] | sum }}{{ [n, 3] | max }}", 9),
        ("{{ n | string | int }}", 311),
        ("{{ x == 'a' }}{{ x is defined }}{{ not x }}", 15),
        # lists and mappings
        ("{% for t in things %}{{ t.name }}{% endfor %}", 120),
        ("{{ things | map(attribute='name') | join(', ') }}", 126),
        ("{{ things | sum(attribute='count') }}{{ things | length }}", 4),
        ("{% for a, b in things | batch(2) %}{{ a.name }}{% endfor %}", 80),
        ("{% for g in things | groupby('name') %}{{ g.grouper }}{{ g.list | length }}{% endfor %}", 123),
        ("{% for t in things[:1] %}{{ t.name }}{{ loop.index }}{% endfor %}", 41),
        ("{{ (things | first).name }}{{ things[0].name }}{{ things[n].name }}", 120),
        ("{{ {'a': x, 'b': 'y'}.a }}{{ {'a': x, 'b': 'y'}[x] }}{{ [x, 'y'][1] }}", 81),
        ("{{ dict(a=x).a }}{{ (dict(a='b') | items | first)[0] }}", 41),
        ("{% for i in range(n) %}a{% endfor %}{% for i in range(2, 9, 3) %}a{% endfor %}", 107),
        ("{% set a, b = x, 'c' %}{{ a }}{{ b }}", 41),
        ("{% set a = [1, 22] if n else [3] %}{{ a[0] }}{{ n | filesizeformat }}", 2 + 340),
        ("{{ n ** 0.5 }}{{ [] | map('upper') | upper }}", 24 + 3 * 120),
        ("{{ none or x }}{{ x | truncate(3, leeway=none) }}{{ none ~ true }}", 40 + 32 + 3 + 9),
        ("{{ '2020-01-01' | date(x) }}{{ '2020-01-01' | date('%A, %d') }}{{ '2020-01-01' | date }}", 1800 + 24 + 10),
        ("{{ x | indent(x) }}{{ x | indent(1.5) }}", 40 + 7 * 40 + 2 + 42),
        ("{{ [1.5, n] | sum }}{{ {} | sum }}{{ [] | first }}{{ 3 | items | join }}", 25),
        ("{{ [[1], [2]] | sum(start=[]) | join }}{{ ([1.5] + [2.25]) | join }}", 2 + 48),
        ("{{ [x, things] | truncate(1) | first | first }}{{ n | truncate(1) }}", 4),
        ("{% for i in range() %}a{% endfor %}{% for i in range(3, n) %}a{% endfor %}", 100),
        ("{% for t in things recursive %}{{ loop.depth }}{{ loop.first }}{{ loop.changed(t) }}{% endfor %}", 42),
        ("{{ (x | reverse | list + [n]) | join }}{{ things | reverse | map(attribute='count') | join }}", 50),
        ("{{ [{}.a] | string }}{{ [range(3)] | string }}{{ [[]] ~ '' }}", 14 + 128 + 125),
        ("{{ '\\ud800' | length }}{{ '%s%%' % x }}{{ '%(a)s' % {'a': x} }}", 1 + 44 + 45),
        # statements
        ("{% if n %}{{ x }}{% elif x %}abc{% else %}{{ x }}{{ x }}{% endif %}", 80),
        ("{% for t in things %}{{ t.name }}{% else %}{{ x * 4 }}{% endfor %}", 160),
        ("{% set y = x %}{% if n %}{% set y = 'a' %}{% endif %}{{ y }}", 40),
        ("{% set y = x ~ x %}{% with y = 'a' %}{{ y }}{% endwith %}{{ y }}", 81),
        ("{% filter upper %}{{ x }}{% endfilter %}", 60),
        ("{% macro m(a, b=x) %}{{ a }}{{ b }}{% endmacro %}{{ m('a') }}{{ m(b='b', a='a') }}", 43),
        ("{% macro m(caller='a', kwargs=x) %}{{ caller }}{{ kwargs }}{% endmacro %}{{ m(x) }}{{ m() }}", 80 + 41),
        ("{% macro m() %}{{ caller(x) }}{% endmacro %}{% call(y) m() %}{{ y }}{% endcall %}", 40),
        ("{% set ns = namespace(a='a') %}{% for t in things %}{% set ns.a = x %}{% endfor %}{{ ns.a }}", 40),
        ("{% for t in things recursive %}{{ t.name }}{% endfor %}", 120),
        ("{% for t in things %}{{ loop.previtem.name }}{{ loop.cycle('a', 'bc') }}{% endfor %}", 126),
    ],
)
def test_what_a_template_makes_of_values(text: str, expected: int) -> None:
    number = Annotated[int, Field(ge=0, le=100)]
    unused = "{# #}{% if x == n == things %}{% endif %}"
    assert most(text + unused, x=short(10), n=number, things=Annotated[list[Thing], Field(max_length=3)]) == expected


def test_messages_that_a_loop_opens_count_as_often_as_it_goes_round() -> None:
    pieces = [
        system("Sort.\n{% for t in things %}"),
        user("{{ t.name }}"),
        assistant("ok {% endfor %}"),
    ]
    found = worst(*pieces, things=Annotated[list[Thing], Field(max_length=3)])
    once = 4 + 40 + 4 + count_tokens("ok ")
    assert found.most == 3 + 4 + len(".") + count_tokens("Sort") + len("\n") + 3 * once


def test_statements_before_the_first_message_say_what_stands_in_it() -> None:
    pieces = Prelude("{% set y = x ~ x %}"), user("{{ y }}")
    assert Prompt(messages=pieces, inputs=(TEN,)).worst_case(ROOM).most == 7 + 80


TEN = Input(name="x", type=InputType(kind="string", max_length=10))


def test_a_message_in_a_condition_counts_where_that_takes_more() -> None:
    found = worst(system("Sort.\n{% if x %}"), user("{{ x }}{% endif %}"), x=short(10))
    assert found.most == 3 + 4 + len(".") + count_tokens("Sort") + len("\n") + 4 + 40


# --- what has no limit ------------------------------------------------------------------------------------------------

TEXT = "a text without max_length has no limit"
ANY = "data of any shape has no limit"
MESSAGES = "the messages of a thread have no limit"


@pytest.mark.parametrize(
    ("text", "types", "expected"),
    [
        ("{{ x }}{{ x | upper }}", {"x": str}, [("x", TEXT)]),
        ("{{ x }}{{ y.name }}", {"x": Any, "y": Any}, [("x", ANY), ("y", ANY)]),
        ("{% for a in x %}{{ a }}{% endfor %}", {"x": list[str]}, [
            ("x[]", TEXT), ("x", "a list without max_length has no limit"),
        ]),
        ("{{ x | tojson }}", {"x": Annotated[dict[str, bool], Field(max_length=3)]}, [
            ("the keys of x", "a key has no limit"),
        ]),
        ("{{ x | dictsort | map(attribute=1) | join }}", {"x": dict[str, bool]}, [
            ("x", "a mapping without max_length has no limit"),
        ]),
        ("{{ x.customer.name }}", {"x": type("Order", (BaseModel,), {"__annotations__": {
            "customer": type("Customer", (BaseModel,), {"__annotations__": {"name": str}})}})}, [
            ("x.customer.name", TEXT),
        ]),
        ("{{ x }}", {"x": File}, [("x", "a file counts with its text and its name, which have no limit")]),
        ("{% for t in x %}{{ t.text }}{% endfor %}", {"x": Annotated[Thread, Field(max_length=3)]}, [("x", MESSAGES)]),
        ("{{ 'a' * x }}", {"x": int}, [("x", "a text is repeated without limit")]),
        ("{{ x | pprint }}", {"x": short(3)}, [("the filter 'pprint'", "how much it puts out is not known")]),
        ("{{ '' | center(x) }}", {"x": int}, [("the filter 'center'", "the width has no limit")]),
        ("{{ 'a' | indent(x) }}", {"x": int}, [("the filter 'indent'", "the width has no limit")]),
        ("{{ [] | tojson(indent=x) }}", {"x": int}, [("the filter 'tojson'", "the width has no limit")]),
        ("{{ [] | batch(x, 'a') | first | join }}", {"x": int}, [("the filter 'batch'", "the width has no limit")]),
        ("{{ [] | slice(x) | list | tojson }}", {"x": int}, [
            ("the filter 'slice'", "the number of slices has no limit"),
        ]),
        ("{{ x | format(1) }}", {"x": short(3)}, [
            ("the filter 'format'", "a format that is not written out can be of any width"),
        ]),
        ("{{ '%*d' | format(x, 1) }}", {"x": int}, [("the filter 'format'", "this format is not read here")]),
        ("{{ x % 3 }}", {"x": short(3)}, [("the operator %", "a format that is not written out can be of any width")]),
        ("{{ -x }}", {"x": Any}, [("x", ANY)]),
        ("{{ y ** 0.5 }}", {"y": float}, [("the operator **", "a root of a negative number is no number")]),
        ("{% set a = [x][0] %}{{ a | replace('a', 'b') }}", {"x": Image}, [
            ("x", "how it is written inside of a list is not known"),
        ]),
        ("{{ range | upper }}{% if x %}{% endif %}", {"x": bool}, [
            ("a value", "how it is written inside of a list is not known"),
        ]),
        ("{{ [x] | map(x) | join }}", {"x": short(3)}, [
            ("the filter 'map'", "which filter it applies is not known"),
        ]),
        ("{{ [{}] | map(attribute=x) | join }}", {"x": short(3)}, [
            ("a computed attribute", "what it reads is not known"),
        ]),
        ("{{ [x] | string }}", {"x": Image}, [("x", "how it is written inside of a list is not known")]),
        ("{% macro m() %}{{ x }}{% endmacro %}{{ [m] | string }}", {"x": bool}, [
            ("a value", "how it is written inside of a list is not known"),
        ]),
        ("{% set a = [x] %}" + "{% set a = [a, a] %}" * 20 + "{{ a | string }}", {"x": bool}, [
            ("a value", "it holds too much to be followed"),
        ]),
        ("{{ x | replace(*['a', 'b']) }}", {"x": short(3)}, [
            ("the filter 'replace'", "what stands behind a star is not known"),
        ]),
        ("{% macro m() %}{% endmacro %}{{ m(*[x]) }}", {"x": short(3)}, [
            ("the call of 'm'", "what stands behind a star is not known"),
        ]),
        ("{% for i in [x] %}{{ loop.cycle(*[i]) }}{% endfor %}", {"x": short(3)}, [
            ("the call of 'cycle'", "what stands behind a star is not known"),
        ]),
        ("{{ x | items | first | join }}{{ x[3:] | join }}{{ x[:2] }}", {"x": Any}, [("x", ANY)]),
        ("{% macro m(a) %}{{ m(a) }}{% endmacro %}{{ m(x) }}", {"x": short(3)}, [
            ("the call of 'm'", "a macro that calls itself has no limit"),
        ]),
        ("{% for a in [x] recursive %}{{ loop([a]) }}{% endfor %}", {"x": short(3)}, [
            ("the call of 'loop'", "a loop that calls itself has no limit"),
        ]),
        ("{% set n = namespace(a=x) %}{% for i in [1] %}{% set n.a = n.a ~ i %}{% endfor %}{{ n.a }}", {"x": bool}, [
            ("'a' of a namespace", "it grows while the prompt is rendered"),
        ]),
        ("{{ x * 99999999 * 99999999 * 99999999 }}{{ ('a' * 99999999) * 99999999 * 99999999 }}", {"x": bool}, [
            ("text of the prompt", "it can come to more than anybody counts"),
        ]),
    ],
)  # fmt: skip
def test_what_has_no_limit_is_named(text: str, types: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert reasons(user(text), **types) == expected


CUT = "or let a budget cut it: Segment(priority=10)"


def test_each_reason_tells_its_place_and_what_to_do() -> None:
    found = worst(user("Sort:\n{{ x }}{{ y | pprint }}"), placeholder("z"), x=str, y=bool, z=Thread)
    assert [(str(each.where), each.hint) for each in found.unbounded] == [
        ("message 1 (user):2:4", f"declare it with max_length=2_000 (in a file maxLength: 2000), {CUT}"),
        ("message 1 (user):2:15", "use another filter, or let a budget cut it with a segment"),
        ("placeholder 'z':1:1", 'let a budget drop the oldest of them: placeholder("z", priority=10)'),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kind", "hint"),
    [
        ("{{ x }}", Any, f"declare its shape with a model, {CUT}"),
        ("{{ x | join }}", list[bool], f"declare it with max_length=20 (in a file maxItems: 20), {CUT}"),
        ("{{ x | items | list | tojson }}", Annotated[dict[str, bool], Field(max_length=1)],
         "declare a model with its keys, or print its values alone"),
        ("{{ x | dictsort | map(attribute=1) | join }}", dict[str, bool],
         f"declare it with max_length=20 (in a file maxProperties: 20), {CUT}"),
        ("{{ (x | first).name }}", Annotated[Thread, Field(max_length=1)],
         'put it in with placeholder("…", priority=10), so that a budget can drop the oldest messages'),
        ("{{ x }}", File, "give its text as an input with a max_length"),
    ],
)  # fmt: skip
def test_each_type_without_limits_has_its_hint(text: str, kind: Any, hint: str) -> None:
    found = worst(user(text), x=kind)
    assert [each.hint for each in found.unbounded] == [hint]


@pytest.mark.no_cover
def test_templates_that_take_for_ever_to_follow_are_given_up() -> None:
    macros = ["{% macro m0(a) %}{{ a }}{% endmacro %}"]
    macros += [f"{{% macro m{at}(a) %}}{f'{{{{ m{at - 1}(a) }}}}' * 9}{{% endmacro %}}" for at in range(1, 12)]
    [(name, why)] = reasons(user("".join(macros) + "{{ m11(x) }}"), x=short(3))
    assert (name, why) == ("the template", "it does more than can be followed")
    deep = ["{% macro m0(a) %}{{ a }}{% endmacro %}"]
    deep += [f"{{% macro m{at}(a) %}}{{{{ m{at - 1}(a) }}}}{{% endmacro %}}" for at in range(1, 400)]
    assert reasons(user("".join(deep) + "{{ m399(x) }}"), x=short(3)) == [(name, why)]


@pytest.mark.no_cover
@pytest.mark.parametrize("trust", TRUSTS)
def test_hostile_templates_are_followed_or_given_up(trust: Trust) -> None:
    followed = 0
    for attack in [*CPU, *SEGMENTS, *ADAPTIVE[::3]]:
        text = attack.template + "{% if it %}{% endif %}"
        try:
            names = compile_pieces((user(text),), trust=trust).variables
            inputs = tuple(Input(name=name, type=InputType(kind="json")) for name in names)
            prompt: Prompt[Any] = Prompt(messages=(user(text),), inputs=inputs, trust=trust)
        except InvalidPrompt:
            continue
        prompt.worst_case(ROOM)
        followed += 1
    assert followed > 50


# --- segments ---------------------------------------------------------------------------------------------------------


def test_what_a_budget_can_cut_away_counts_for_nothing() -> None:
    found = worst(
        system("Sort."), placeholder("turns", priority=2),
        user("{{ x }}{% segment 'y' %}{{ y | upper }}{% endsegment %} now"),
        x=Annotated[str, Segment(priority=3)], y=str, turns=Thread,
    )  # fmt: skip
    assert found.most == 3 + 4 + 2 + 4 + len(" now")
    assert dict(found.shares)["x"] == dict(found.shares)["turns"] == 0


@pytest.mark.parametrize(
    ("segment", "expected"),
    [
        ("min_tokens=5", 5 + 256 + 32),
        ("truncate='start' min_tokens=5", 5 + 256 + 32),
        ("truncate='middle' min_tokens=5", 5 + 512 + 32),
        ("truncate='middle' min_tokens=1 marker='" + "你" * 400 + "'", 1201 + 32),
        ("truncate='drop'", 0),
    ],
)
def test_the_least_of_a_text_counts(segment: str, expected: int) -> None:
    text = f"{{% segment 'x' {segment} %}}{{{{ x }}}}{{% endsegment %}}"
    assert most(text, x=str) == expected
    assert most(text, x=short(3)) == (min(12 + (1200 if "marker" in segment else 0), expected))


def test_of_a_group_something_of_each_must_stay_when_it_must_of_one() -> None:
    one = "{% segment 'a' group='g' min_tokens=5 %}{{ x }}{% endsegment %}"
    other = "{% segment 'b' group='g' truncate='drop' %}{{ y }}{% endsegment %}"
    assert most(one + other, x=str, y=short(100)) == 293 + 400
    assert reasons(user(one + other), x=str, y=str) == [("y", TEXT)]


LIST_OF_TEN: Any = list[Annotated[str, Field(max_length=10)]]
LIST_OF_ONE: Any = list[Annotated[str, Field(max_length=1)]]


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("{{ x | join(', ') }}", LIST_OF_TEN, 20 + 5 + 42 + 16),
        ("{% for a in x %}- {{ a }}\n{% endfor %}", LIST_OF_TEN, 20 + 5 + 43 + 16),
        ("{{ x | join(', ') }}", up_to(3, short(10)), 20 + 5 + 42 + 16),
        ("{{ x | join(', ') }}", up_to(3, short(2)), 30),
        ("{{ x | join | delimited }}", LIST_OF_TEN, 20 + 5 + 40 + 16 + 65),
        ("{{ x | tojson }}", up_to(2, short(1)), 25),
    ],
)
def test_the_least_of_a_list_is_whole_items(text: str, kind: Any, expected: int) -> None:
    assert most(text, x=Annotated[kind, Segment(min_tokens=20)]) == expected


def test_the_least_of_a_list_without_limits_is_none() -> None:
    found = reasons(user("{{ x | join }}"), x=Annotated[list[str], Segment(min_tokens=20)])
    assert found == [("x[]", TEXT)]
    stated = "{% segment 'x' truncate='items' min_tokens=1 %}{{ y }}{{ x | join }}{% endsegment %}"
    assert reasons(user(stated), x=LIST_OF_ONE, y=str) == [("y", TEXT)]


def test_what_stands_around_a_list_stays_with_it() -> None:
    head, tail = "{% segment 'x' truncate='items' min_tokens=2 marker=' …' %}", "{% endsegment %}"
    frame = "The list of all words: "
    loop = "{% for a in x %}{{ a }}{% else %}none of them{% endfor %}"
    expected = len(frame) + len("none of them") + 40 + len(" …".encode()) + 16
    assert most(head + frame + loop + tail, x=LIST_OF_TEN) == expected
    fenced = "{{ x | join | delimited }}"
    assert most(head + frame + fenced + tail, x=LIST_OF_TEN) == len(frame) + 65 + 40 + 4 + 16


def test_a_text_around_an_image_is_never_cut() -> None:
    text = "{% segment 'x' %}{{ x }}{{ y }}{% endsegment %}"
    found = worst(user(text), x=short(10), y=Image)
    assert found.most == 7 + 40 + 765
    assert found.exactness == "estimate"
    assert found.fits
    assert not worst(user(text), budget=Budget(10**6), x=short(10), y=Image).fits


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([placeholder("turns", priority=1)], True),
        ([placeholder("turns", priority=1), user("{{ x }}")], True),
        ([placeholder("turns", priority=1), user(" {% segment 'x' %}{{ x }}{% endsegment %}\n")], True),
        ([Placeholder("turns", "{% if x %}", Segment(priority=1)), user("a{% endif %}")], True),
        ([placeholder("turns", priority=1), user("{{ x }}!")], False),
        ([placeholder("turns", priority=1), user("{{ x }}"), user("")], False),
        ([placeholder("turns", priority=1), user("{% segment 'x' %}{{ x }}{% endsegment %}!")], False),
    ],
)
def test_a_thread_that_may_be_all_there_is_keeps_its_newest_message(
    pieces: list[Any],
    expected: bool,  # noqa: FBT001 - a table's column
) -> None:
    texts = "".join(piece.text for piece in pieces)
    kind = Annotated[str, Segment()] if "{{ x }}" in texts and "{% segment" not in texts else str
    types: dict[str, Any] = {"x": kind} if "x" in texts else {}
    found = worst(*pieces, turns=Thread, **types)
    why = "no other message is certain to be sent, so its newest one stays, whatever its size"
    assert [(each.name, each.why) for each in found.unbounded] == ([("turns", why)] if expected else [])


def test_the_least_of_a_thread_is_whole_messages() -> None:
    pieces = system("Sort."), placeholder("turns", min_tokens=5)
    found = worst(*pieces, turns=Thread)
    assert [(each.name, each.why, each.hint) for each in found.unbounded] == [
        ("turns", "min_tokens keeps whole messages, and they have no limit",
         'leave min_tokens out of placeholder("turns", …)'),
    ]  # fmt: skip
    assert worst(*pieces, turns=Annotated[Thread, Field(max_length=0)]).most == 3 + 4 + 2
    assert reasons(system("Sort."), placeholder("turns"), turns=Thread) == [("turns", MESSAGES)]


# --- includes ---------------------------------------------------------------------------------------------------------


class Style(BaseModel):
    tone: Annotated[str, Field(max_length=100)]
    length: Annotated[str, Field(max_length=2)] = "ab"


def test_an_include_counts_with_the_limits_around_it() -> None:
    style = Prompt.define(Style, system("{{ tone }}{{ length }}"))

    class Around(BaseModel):
        tone: Annotated[str, Field(max_length=5)]

    outer = Prompt.define(Around, user("{% include 'style' %}"), includes={"style": style})
    assert outer.worst_case(ROOM).most == 7 + 20 + 2
    assert dict(outer.worst_case(ROOM).shares)["length"] == 2
    with pytest.raises(NotFound, match=r"the include 'style' .* is not at hand"):
        outer.evolve(includes={"style": f"style#{style.digest[7:]}"}).worst_case(ROOM)
    pinned = outer.evolve(includes={"style": f"style#{style.digest[7:]}"})
    assert pinned.worst_case(ROOM, resolve=lambda _: style).most == 29


def test_segments_of_an_include_are_cut_where_its_text_is() -> None:
    style = Prompt.define(Style, system("a{% segment 'x' %}{{ tone }}{% endsegment %}{{ length }}"))
    captured = "{% set s %}{% include 'style' %}{% endset %}{{ s }}"
    inside = "{% segment 's' min_tokens=900 %}{% include 'style' %}{% endsegment %}"
    for text, expected in (("{% include 'style' %}", 9), (captured, 409), (inside, 409)):
        outer = Prompt.define(Style, user(text), includes={"style": style})
        assert outer.worst_case(ROOM).most == 7 + expected


def test_an_input_that_a_budget_cuts_is_whole_where_its_text_is_captured() -> None:
    class Cut(BaseModel):
        tone: Annotated[str, Field(max_length=100), Segment(priority=1)]

    style = Prompt.define(Cut, system("{{ tone }}{% for c in [tone] %}{{ c }}{% endfor %}"))
    assert style.worst_case(ROOM).most == 7 + 400
    captured = "{% filter string %}{% include 'style' %}{% endfilter %}"
    for text, expected in (("{% include 'style' %}", 400), (captured, 800)):
        outer = Prompt.define(Style, user(text + "{{ length }}"), includes={"style": style})
        assert outer.worst_case(ROOM).most == 7 + expected + 8


class Kept(BaseModel):
    words: list[str] = ["ab", "c"]
    thing: Thing = Thing(name="four", count=2)
    prices: dict[str, float] = {"a": 1.5}
    picture: Image = Image("https://x.example/a.png")
    turns: Thread = ()
    note: str | None = None
    data: Any = {"a": [1, "b"]}


def test_an_input_that_only_an_include_has_is_its_default() -> None:
    text = "{{ words | join }}{{ thing.name }}{{ prices.a }}{{ picture }}{{ turns | length }}{{ note or '' }}"
    style = Prompt.define(Kept, system(text + "{{ data.a | join }}"))
    parts: Any = {"included": (("style", style),), "includes": {"style": f"style#{style.digest[7:]}"}}
    outer: Prompt[Any] = Prompt(messages=(user("{% include 'style' %}{{ x }}"),), inputs=(TEN,), **parts)
    assert outer.worst_case(ROOM).most == 7 + 40 + 4 + 4 + 24 + 765 + 1 + 2


def test_includes_that_go_too_deep_are_refused() -> None:
    prompt = Prompt.define(Style, user("{{ tone }}{{ length }}"))
    for _ in range(17):
        prompt = Prompt.define(Style, user("{% include 'a' %}"), includes={"a": prompt})
    with pytest.raises(InvalidPrompt, match="includes go in a circle or deeper than 16: sha256:"):
        prompt.worst_case(ROOM)


def test_the_same_include_is_measured_once() -> None:
    prompt = Prompt.define(Style, user("{{ tone }}{{ length }}"))
    for _ in range(14):
        text = "".join(f"{{% include '{alias}' %}}" for alias in "abcdefgh")
        prompt = Prompt.define(Style, user(text), includes=dict.fromkeys("abcdefgh", prompt))
    assert prompt.worst_case(ROOM).most == 7 + 408 * 8**14


# --- what it refuses --------------------------------------------------------------------------------------------------


def test_a_budget_is_needed() -> None:
    wrong: Any = 8_000
    with pytest.raises(InvalidInputs, match="budget is a int, not a Budget"):
        Prompt.define(user("a")).worst_case(wrong)


# --- tables -----------------------------------------------------------------------------------------------------------


def code_points() -> str:
    return "".join(chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)


@pytest.mark.no_cover
@pytest.mark.parametrize("name", ["upper", "lower", "title", "capitalize"])
def test_no_character_grows_more_than_the_table_says(name: str) -> None:
    growth = GROWTH[name]
    grown = [(char, getattr(char, name)()) for char in code_points()]
    assert max(len(made.encode()) / len(char.encode()) for char, made in grown) == growth.bytes[0] / growth.bytes[1]
    assert max(len(made) for _, made in grown) == growth.characters
    assert max(len(made.encode()) for _, made in grown) == growth.widest


@pytest.mark.no_cover
def test_no_character_is_escaped_longer_than_the_tables_say() -> None:
    for char in code_points():
        size = len(char.encode())
        growth = GROWTH["escape"]
        assert len(escaped(char).encode()) <= min(growth.bytes[0] * size, growth.widest)
        assert len(json.dumps(char, ensure_ascii=False).encode()) <= CONTROL + QUOTES
        assert len(repr(char).encode()) <= min(ESCAPED * size, ESCAPED_CHARACTER) + QUOTES


def test_no_entity_is_longer_when_it_is_read_than_the_table_says() -> None:
    entities = [f"&{name}" for name in html5] + [f"&#{number}{end}" for number in range(0x300) for end in ("", ";")]
    up, down = GROWTH["striptags"].bytes
    assert max(len(unescape(each).encode()) / len(each.encode()) for each in entities) == up / down


def test_the_longest_numbers_and_dates() -> None:
    assert len(repr(-sys.float_info.min)) == LONGEST_FLOAT
    zone = timezone(timedelta(hours=23, minutes=59, seconds=59, microseconds=999_999))
    assert len(datetime(9999, 12, 31, 23, 59, 59, 999_999, zone).isoformat()) == LONGEST_DATETIME


def test_every_filter_has_a_rule_or_is_told() -> None:
    without = {name for name in ENVIRONMENT.filters if name not in {*TEXTS, *GATHERINGS, "map"}}
    assert without == {"pprint"}
    assert {*TEXTS, *GATHERINGS} <= set(ENVIRONMENT.filters)


def test_without_a_limit_of_python_numbers_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "get_int_max_str_digits", lambda: 0)
    assert reasons(user("{{ x }}"), x=int) == [("x", "a whole number has no limit")]
