"""What people write in prompts renders as Jinja itself renders it."""

from __future__ import annotations

import pytest
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from promptlib.errors import RenderFailed
from promptlib.messages import user
from promptlib.rendering import compile_pieces
from promptlib.rendering.positions import Span, Spans

JINJA = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
VALUES: dict[str, object] = {
    "name": "Ann",
    "text": "one two\nthree <four>",
    "count": 3,
    "ratio": 0.5,
    "sure": True,
    "nothing": None,
    "names": ["b", "a", "c", "a"],
    "orders": [{"name": "x", "price": 3, "tags": ["t"]}, {"name": "y", "price": 1, "tags": []}],
    "prices": {"pear": 2, "fig": 1},
    "nested": {"a": {"b": {"c": [1, 2, {"d": "deep"}]}}},
}
TEMPLATES = (
    "Hello {{ name }}!",
    "{{ name | upper }} {{ name | lower }} {{ name | title }} {{ name | capitalize }}",
    "{{ text | trim | replace('one', '1') | indent(2) }}",
    "{{ text | wordwrap(5) }}|{{ text | truncate(8) }}|{{ text | wordcount }}|{{ text | length }}",
    "{{ text | e }}{{ text | escape | upper }}{{ text | striptags }}",
    "{{ names | join(', ') }} {{ names | sort | join }} {{ names | unique | list | join('-') }}",
    "{{ names | first }}{{ names | last }}{{ names | reverse | join }}{{ names[1] }}{{ names[-1] }}",
    "{% for n in names %}{{ loop.index }}/{{ loop.length }} {{ n }}{% if not loop.last %}, {% endif %}{% endfor %}",
    "{% for n in names %}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{% endfor %}",
    "{% for n in names %}{{ loop.cycle('odd', 'even') }}{% if loop.changed(n) %}!{% endif %}{% endfor %}",
    "{% for n in names %}{{ loop.previtem | default('-') }}{{ loop.nextitem | default('-') }}{% endfor %}",
    "{% for n in names if n != 'a' %}{{ n }}{% else %}none{% endfor %}{% for n in [] %}{% else %}empty{% endfor %}",
    "{% for o in orders %}\n- {{ o.name }}: {{ o.price }}\n{% endfor %}end",
    "{% for o in orders -%}\n  {{ o.name }}\n{%- endfor %}.",
    "{% for o in orders %}{% for t in o.tags %}{{ t }}{{ loop.depth }}{% else %}none{% endfor %}{% endfor %}",
    (
        "{% for k, v in prices | dictsort %}{{ k }}={{ v }};{% endfor %}"
        "{% for k, v in prices | items %}{{ k }}{% endfor %}"
    ),
    "{% for k in prices %}{{ k }}{{ prices[k] }}{% endfor %}{{ prices.pear }}{{ prices['fig'] }}",
    "{{ orders | map(attribute='name') | join(', ') }} {{ orders | sum(attribute='price') }}",
    "{{ orders | selectattr('price', '>', 2) | map(attribute='name') | list | join }}",
    "{{ orders | rejectattr('tags') | map(attribute='name') | first }}",
    "{% for g in orders | groupby('price') %}{{ g.grouper }}:{{ g.list | length }};{% endfor %}",
    "{% for o in orders | sort(attribute='price', reverse=true) %}{{ o.name }}{% endfor %}",
    (
        "{% for row in names | batch(3, '-') %}{{ row | join }}|{% endfor %}"
        "{% for c in names | slice(2) %}{{ c | join }}{% endfor %}"
    ),
    "{{ names | map('upper') | join }}{{ names | select('ne', 'a') | join }}{{ names | reject('eq', 'a') | join }}",
    "{{ prices | tojson }}{{ [1, 'a', none, true] | tojson }}{{ nested.a | tojson(indent=2) }}",
    "{{ nested.a.b.c[2].d }}{{ nested['a']['b'].c | length }}",
    "{{ count + 1 }} {{ count * 2 }} {{ count / 2 }} {{ count // 2 }} {{ count % 2 }} {{ count ** 2 }} {{ -count }}",
    "{{ ratio | round(1) }} {{ '%.2f' | format(ratio) }} {{ '%s-%s' | format(name, count) }} {{ count | abs }}",
    "{{ '3' | int + 1 }} {{ '0.5' | float }} {{ count | string ~ '!' }} {{ 'x' | int(7) }}",
    "{{ name ~ ' ' ~ count }}{{ 'a' 'b' }}{{ name[:2] }}{{ text is defined }}",
    "{% if sure and count > 2 or not name %}yes{% elif ratio == 0.5 %}half{% else %}no{% endif %}",
    "{% if nothing is none %}none{% endif %}{% if 'a' in names %}in{% endif %}{% if 'z' not in names %}out{% endif %}",
    "{% if count is odd and count is number and name is string and names is sequence %}ok{% endif %}",
    "{% if prices is mapping and names is iterable and count is divisibleby(3) and 4 is even %}ok{% endif %}",
    "{{ nothing or 'anon' }}{{ nothing | default('anon', true) }}{{ 'x' if nothing else 'y' }}{{ 'x' if nothing }}",
    "{% set greeting = 'Hi' %}{{ greeting }}, {{ name }}{% set a, b = 1, 2 %}{{ a }}{{ b }}",
    "{% set block %}Dear {{ name }}{% endset %}{{ block }}{% set loud | upper %}{{ name }}{% endset %}{{ loud }}",
    (
        "{% set ns = namespace(total=0) %}{% for o in orders %}{% set ns.total = ns.total + o.price %}"
        "{% endfor %}{{ ns.total }}"
    ),
    "{% with x = count + 1, y = 2 %}{{ x }}{{ y }}{% endwith %}",
    (
        "{% macro item(o, mark='-') %}{{ mark }} {{ o.name }}"
        "{% endmacro %}{{ item(orders[0]) }}{{ item(orders[1], mark='*') }}"
    ),
    "{% macro box() %}[{{ caller() }}]{% endmacro %}{% call box() %}{{ name }}{% endcall %}",
    (
        "{% macro each(xs) %}{% for x in xs %}{{ caller(x) }}{% endfor %}{% endmacro %}"
        "{% call(x) each(names) %}<{{ x }}>{% endcall %}"
    ),
    "{% macro m() %}{{ varargs | join }}{{ kwargs.k }}{% endmacro %}{{ m(1, 2, k=3) }}",
    "{% macro down(n) %}{{ n }}{% if n > 0 %}{{ down(n - 1) }}{% endif %}{% endmacro %}{{ down(3) }}",
    "{% filter upper %}{{ name }} shouts{% endfilter %}",
    "{% raw %}{{ not a variable }} {% not a tag %}{% endraw %}{# a comment #}",
    "{{ '{{' }} {{ '{%' }} {{ '}}' }}",
    "  {%- if sure -%}  tight  {%- endif -%}  ",
    "a\n    {% if sure %}\n    b\n    {% endif %}\nc",
    "| a | b |\n|---|---|\n{% for o in orders %}| {{ o.name }} | {{ o.price }} |\n{% endfor %}\ndone",
    "{% for i in range(1, 4) %}{{ i }}{% endfor %}{{ range(3) | list | join(',') }}{{ dict(a=1) | tojson }}",
    "{{ ([1, 2] + [3]) | length }}{{ (1, 2) | join }}",
    "{{ {'a': count}.a }}{{ {'a': {'b': 1}}['a']['b'] }}",
    "{{ names | min }}{{ names | max }}{{ count | string | center(5) }}|{{ 1000000 | filesizeformat }}",
    "{{ 'a b&c' | urlencode }}{{ name | list | join('.') }}{{ names | pprint }}",
    "{% block intro %}{{ name }}{% endblock %}",
    "{% for x in nested.a.b.c %}{% if x is mapping %}{{ x.d }}{% else %}{{ x }}{% endif %}{% endfor %}",
    "Grüße {{ name }} – 日本 🎉 {{ 'é' | upper }}",
)


@pytest.mark.parametrize("source", TEMPLATES)
def test_legitimate_templates_render_as_in_jinja(source: str) -> None:
    """Line breaks at the edges of a message are ours; apart from them the texts are equal."""
    expected = JINJA.from_string(source).render(VALUES)
    (message,) = compile_pieces((user(f"|{source}|"),)).render(VALUES)
    assert message.text == JINJA.from_string(f"|{source}|").render(VALUES)
    (alone,) = compile_pieces((user(source),)).render(VALUES)
    assert alone.text.strip("\n") == expected.strip("\n")


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("{% macro m(x) %}{{ x }}{% endmacro %}{{ m() }}", "parameter 'x' was not provided"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "the template ran out of stack or memory"),
        ("{{ name[0] * 4611686018427387904 }}", "the template ran out of stack or memory"),
        (
            "{{ range(1000000) | list | length }}",
            "a range of more than 100,000 numbers",
        ),
    ],
)
def test_what_a_template_runs_into(source: str, what: str) -> None:
    with pytest.raises(RenderFailed) as caught:
        compile_pieces((user(source),)).render(VALUES)
    assert caught.value.what == what
    assert caught.value.where is not None


def test_a_macro_sees_names_set_in_either_branch() -> None:
    source = (
        "{% macro m() %}{{ x }}{% endmacro %}{% if sure %}{% set x = 1 %}{% else %}{% set x = 2 %}{% endif %}{{ m() }}"
    )
    template = compile_pieces((user(source),))
    assert template.variables == ("sure",)
    assert [template.render({"sure": sure})[0].text for sure in (True, False)] == ["1", "2"]


def test_a_token_without_a_tag_is_its_own_place() -> None:
    spans = Spans((user("a"),))
    assert spans.tag(1) == Span(0, 0, 0)
