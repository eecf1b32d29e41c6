"""What a template uses, compared with what is declared, before anything is rendered."""

from __future__ import annotations

import pytest

from promptlib.errors import InvalidPrompt
from promptlib.inputs import Input, InputType
from promptlib.messages import Message, Piece, Prelude, Text, placeholder, system, user
from promptlib.rendering import Place, check, compile_pieces

TEXT = InputType(kind="string")
NUMBER = InputType(kind="integer")
THREAD = InputType(kind="thread")
IMAGE = InputType(kind="image")
TONE = InputType(kind="enum", values=("warm", "plain"))
PLAN = InputType(kind="object", properties=(Input(name="name", type=TEXT), Input(name="price", type=NUMBER)))
CUSTOMER = InputType(kind="object", properties=(Input(name="name", type=TEXT), Input(name="plan", type=PLAN)))
ORDERS = InputType(kind="array", items=PLAN)
TYPES = {
    "ticket": TEXT,
    "tone": TONE,
    "count": NUMBER,
    "sure": InputType(kind="boolean"),
    "day": InputType(kind="date"),
    "customer": CUSTOMER,
    "orders": ORDERS,
    "names": InputType(kind="array", items=TEXT),
    "prices": InputType(kind="map", items=NUMBER),
    "anything": InputType(kind="json"),
    "history": THREAD,
    "picture": IMAGE,
    "paper": InputType(kind="file"),
}


def declared(*names: str) -> tuple[Input, ...]:
    return tuple(Input(name=name, type=TYPES[name]) for name in names)


def problem(source: str, *, includes: tuple[str, ...] = ()) -> InvalidPrompt:
    """Return the error of *source*, whose inputs are used elsewhere."""
    with pytest.raises(InvalidPrompt) as caught:
        check(compile_pieces((system("s"), user(source))), declared(*TYPES), includes, elsewhere=frozenset(TYPES))
    return caught.value


def accepted(source: str) -> None:
    check(compile_pieces((system("s"), user(source))), declared(*TYPES), elsewhere=frozenset(TYPES))


def test_undeclared_and_unused_are_told_together_with_place_and_next_step() -> None:
    template = compile_pieces((system("Sort."), user("The ticket:\n  {{ tickte }}, {{ tickte | upper }}")))
    with pytest.raises(InvalidPrompt) as caught:
        check(template, declared("ticket", "tone", "history"))
    assert str(caught.value) == (
        "undeclared variable 'tickte'\n"
        "  --> message 2 (user):2:6\n"
        "  |\n"
        "2 |   {{ tickte }}, {{ tickte | upper }}\n"
        "  |      ^^^^^^\n"
        "did you mean 'ticket'? inputs here: ticket, tone, history\n\n"
        "unused input 'ticket'\n"
        "  --> input 'ticket'\n"
        "write {{ ticket }} in a message, or take the input out\n\n"
        "unused input 'tone'\n"
        "  --> input 'tone'\n"
        "write {{ tone }} in a message, or take the input out\n\n"
        "unused input 'history'\n"
        "  --> input 'history'\n"
        "write placeholder('history'), or take the input out"
    )


def test_an_include_may_be_what_needs_an_input() -> None:
    template = compile_pieces((user('{% include "style" %}'),))
    check(template, declared("tone"), ("style",))
    with pytest.raises(InvalidPrompt, match="no include 'style'") as caught:
        check(template, declared("tone"), ("stile", "other"))
    assert caught.value.hint == "did you mean 'stile'? includes here: stile, other"
    assert str(caught.value.others[1]) == (
        "unused include 'other'\n"
        "  --> include 'other'\n"
        'write {% include "other" %} in a message, or take the include out'
    )
    assert str(caught.value.where) == "message 1 (user):1:12"


def test_places_in_a_file() -> None:
    places = (Place("a.prompty", 7), Place("a.prompty", 9), Place("a.prompty", 12, 5))
    pieces = (Prelude("{% set x = 1 %}"), system("s {{ x }}"), user("{{ tickte }}\n{{ others }}"))
    with pytest.raises(InvalidPrompt) as caught:
        check(compile_pieces(pieces, places=places), ())
    first, second = caught.value, caught.value.others[0]
    assert (str(first.where), str(second.where)) == ("a.prompty:12:8", "a.prompty:13:4")
    assert first.where is not None
    assert "12 |     {{ tickte }}\n   |        ^^^^^^" in first.where.picture()
    with pytest.raises(InvalidPrompt, match=r"'\{\{' is never closed") as broken:
        compile_pieces((system("s"), user("a\n{{ b")), places=places[:2])
    assert str(broken.value.where) == "a.prompty:10:1"
    opening = compile_pieces((Prelude("{% if a %}{% endif %}"), user("u")))
    with pytest.raises(InvalidPrompt) as outside:
        check(opening, ())
    assert str(outside.value.where) == "the opening statements:1:7"
    behind = compile_pieces((placeholder("history"),))
    with pytest.raises(InvalidPrompt) as missing:
        check(behind, ())
    assert str(missing.value.where) == "placeholder 'history':1:1"


def test_uses_carry_paths_through_loops_and_assignments() -> None:
    source = (
        "{{ customer.plan.name }}{% for o in orders if o.price > 1 %}{{ o.name }}{% endfor %}"
        "{% set plan = customer['plan'] %}{{ plan.price }}{% with p = plan %}{{ p.name }}{% endwith %}"
    )
    template = compile_pieces((user(source), placeholder("history")))
    found = [str(use) for use in template.uses]
    assert found == [
        "customer.plan.name",
        "orders",
        "orders[].price",
        "orders[].name",
        "customer.plan",
        "customer.plan.price",
        "customer.plan",
        "customer.plan.name",
        "history",
    ]
    assert template.variables == ("customer", "history", "orders")
    assert str(template.uses[0].where) == "message 1 (user):1:18"


@pytest.mark.parametrize(
    "source",
    [
        "{{ customer.nmae }}",
        "{{ customer['nmae'] }}",
        "{% set c = customer %}{{ c.nmae }}",
        "{% with c = customer %}{{ c.nmae }}{% endwith %}",
        "{% if customer.nmae %}{% endif %}",
    ],
)
def test_a_misspelt_property(source: str) -> None:
    error = problem(source)
    assert error.what == "customer has no property 'nmae'"
    assert error.hint == "did you mean 'name'? properties: name, plan"
    assert error.where is not None
    assert error.where.text[(error.where.column or 0) - 1 :].lstrip("'").startswith("nmae")


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("{% for o in orders %}{{ o.prise }}{% endfor %}", "each of orders has no property 'prise'"),
        ("{{ orders[0].prise }}", "each of orders has no property 'prise'"),
        ("{{ (orders | first).prise }}", "each of orders has no property 'prise'"),
        ("{{ (orders | sort(attribute='price') | last).prise }}", "each of orders has no property 'prise'"),
        ("{{ orders | map(attribute='prise') | join }}", "each of orders has no property 'prise'"),
        ("{{ orders | selectattr('prise') | list | length }}", "each of orders has no property 'prise'"),
        ("{{ orders | sum(attribute='prise') }}", "each of orders has no property 'prise'"),
        ("{{ orders[:2][0].prise }}", "each of orders has no property 'prise'"),
        ("{% for t in history %}{{ t.txet }}{% endfor %}", "each of history has no property 'txet'"),
        ("{{ customer.plan.prise }}", "customer.plan has no property 'prise'"),
        ("{{ orders.name }}", "orders is a list and has no attribute 'name'"),
        ("{{ ticket.name }}", "ticket is text and has no attribute 'name'"),
        ("{{ count.name }}", "count is a whole number and has no attribute 'name'"),
        ("{{ orders }}", "orders is a list and has no text of its own"),
        ("{{ customer }}", "customer is a mapping and has no text of its own"),
        ("{{ prices }}", "prices is a mapping and has no text of its own"),
        ("{% for o in orders %}{{ o }}{% endfor %}", "each of orders is a mapping and has no text of its own"),
        ("{{ history }}", "history is a list of messages, and a text cannot hold it"),
        ("{% for c in ticket %}{% endfor %}", "ticket is text, and a loop needs a list"),
        ("{% for c in count %}{% endfor %}", "count is a whole number, and a loop needs a list"),
        ("{{ picture | upper }}", "picture is an image, and no filter works on it"),
        ("{% set x %}{{ picture }}{% endset %}", "picture is an image and has no text"),
        ("{% macro m() %}{{ paper }}{% endmacro %}", "paper is a file and has no text"),
        ("{% filter upper %}{{ paper }}{% endfilter %}", "paper is a file and has no text"),
        ("{% if tone == 'wram' %}{% endif %}", "tone is never 'wram'"),
        ("{% if 'wram' != tone %}{% endif %}", "tone is never 'wram'"),
        ("{% if tone in ['warm', 'cold'] %}{% endif %}", "tone is never 'cold'"),
        ("{% if count == '3' %}{% endif %}", "count is a whole number and never equals '3'"),
        ("{% if sure == 'true' %}{% endif %}", "sure is true or false and never equals 'true'"),
        ("{% if ticket == 3 %}{% endif %}", "ticket is text and never equals 3"),
        ("{{ prices.a.b }}", "prices.a is a whole number and has no attribute 'b'"),
        ("{{ names }}", "names is a list and has no text of its own"),
    ],
)
def test_uses_against_the_declared_type(source: str, what: str) -> None:
    error = problem(source)
    assert error.what == what
    assert error.hint
    assert error.where is not None


def test_what_to_write_instead() -> None:
    hints = {
        "{% if tone == 'wram' %}{% endif %}": "did you mean 'warm'? values: 'warm', 'plain'",
        "{{ history }}": (
            'write placeholder("history") between two messages (in a file, a line of its own: {{ history }})'
        ),
        "{{ orders }}": 'write {{ orders | join(", ") }} or a loop',
        "{{ customer }}": "write {{ customer | tojson }} or one of its keys",
        "{{ orders.name }}": "loop over it: {% for item in orders %}{{ item.name }}{% endfor %}",
        "{{ ticket.upper }}": "write {{ ticket | upper }}",
        "{{ picture | upper }}": "write {{ picture }}",
        "{% for c in ticket %}{% endfor %}": "declare it as a list, or leave the loop out",
    }
    assert {source: problem(source).hint for source in hints} == hints


@pytest.mark.parametrize(
    "source",
    [
        "{% for k, v in prices | items %}{{ k }}{{ v }}{% endfor %}",
        "{% for k in prices %}{{ k }}={{ prices[k] }}{% endfor %}",
        "{% for k in customer %}{{ k }}{% endfor %}",
        "{% for x in anything.a.b %}{{ x.c }}{% endfor %}{{ anything }}",
        "{{ names | join(', ') }}{{ names | first | upper }}{{ names | length + 1 }}",
        "{% for n in names | sort | reverse %}{{ loop.index }}{{ loop.cycle('a', 'b') }}{{ n }}{% endfor %}",
        "{% for g in orders | groupby('name') %}{{ g.grouper }}{{ g.list | length }}{% endfor %}",
        "{% set ns = namespace(n=0) %}{% for o in orders %}{% set ns.n = ns.n + o.price %}{% endfor %}{{ ns.n }}",
        "{{ picture }}{{ paper }}{{ picture | default('') }}",
        "{% if tone in ['warm', 'plain'] or tone == 'warm' or tone > 'a' %}{% endif %}",
        "{% if 'x' in ticket and count == 3 and day == '2024-01-01' and sure == true %}{% endif %}",
        "{{ 'a' if sure else 'b' }}{{ ticket if ticket is defined else '' }}{{ ticket[:10] }}{{ ticket[0] }}",
        "{% if sure %}{% set x = 1 %}{% else %}{% set x = orders %}{% endif %}{{ x }}",
        "{% set x %}hello {{ ticket }}{% endset %}{{ x }}{% set y | upper %}a{% endset %}{{ y }}",
        "{% macro m(a, b=ticket) %}{{ a }}{{ b }}{{ caller() }}{% endmacro %}{% call(x) m(1) %}{{ x }}{% endcall %}",
        "{% macro m() %}{{ varargs | length }}{{ kwargs | length }}{% endmacro %}{{ m(1, *names) }}",
        "{{ customer.plan.price + count * 2 - 1 }}{{ -count }}{{ not sure }}{{ ticket ~ count }}",
        "{{ {'a': ticket}['a'] }}{{ [ticket, tone] | join(' ') }}{{ ('a', 'b')[0] }}{{ dict(a=1).a }}",
        "{% for i in range(3) %}{{ i }}{% else %}none{% endfor %}",
        "{{ tone | default('plain') }}{{ customer | tojson }}{{ orders | map(attribute='name') | join(', ') }}",
        "{{ orders | map('tojson') | join }}{{ orders | selectattr('price', '>', 3) | list | length }}",
        "{{ history | length }}{{ history[0].role }}{{ (history | last).text }}",
    ],
)
def test_right_uses_pass(source: str) -> None:
    accepted(source)


def test_placeholders_need_threads() -> None:
    template = compile_pieces((system("s"), placeholder("ticket"), user("u")))
    with pytest.raises(
        InvalidPrompt, match="the placeholder 'ticket' needs a thread, and the input is of kind string"
    ) as caught:
        check(template, declared("ticket"))
    assert caught.value.hint == "declare ticket: Thread, or write {{ ticket }} in a message"


def test_plain_variables_are_checked_alike() -> None:
    template = compile_pieces((system("{{ orders }}"), user("{{ tone }}{{ nobody }}")))
    with pytest.raises(InvalidPrompt) as caught:
        check(template, declared("orders", "tone"))
    assert [each.what for each in (caught.value, *caught.value.others)] == [
        "orders is a list and has no text of its own",
        "undeclared variable 'nobody'",
    ]


def test_names_that_the_template_defines_are_no_inputs() -> None:
    template = compile_pieces(
        (user("{{ x }}{% set x = 1 %}{{ x }}{% for y in [1] %}{{ y }}{% set z = y %}{% endfor %}{{ y }}{{ z }}"),)
    )
    assert [(str(use), use.where.column) for use in template.uses] == [("x", 4), ("y", 85), ("z", 92)]


def test_what_is_used_elsewhere_is_used() -> None:
    """Tools and included prompts take inputs; what none of them takes is unused."""
    template = compile_pieces((user('{% include "style" %}'),))
    check(template, declared("tone"), ("style",), elsewhere=frozenset({"tone"}))
    with pytest.raises(InvalidPrompt, match="unused input 'ticket'"):
        check(template, declared("tone", "ticket"), ("style",), elsewhere=frozenset({"tone"}))


def test_the_same_content_is_checked_against_each_declaration() -> None:
    pieces = (user("{{ ticket | upper }}"),)
    check(compile_pieces(pieces), declared("ticket"))
    check(compile_pieces(pieces), declared("ticket"))
    with pytest.raises(InvalidPrompt, match="undeclared variable 'ticket'"):
        check(compile_pieces(pieces), declared("tone"))
    with pytest.raises(InvalidPrompt, match="unused input 'tone'"):
        check(compile_pieces(pieces), declared("ticket", "tone"))


def test_messages_of_several_texts_are_one_text() -> None:
    pieces: tuple[Piece, ...] = (Message("user", (Text("{{ a"), Text("bc }}"))),)
    assert compile_pieces(pieces).variables == ("abc",)
