"""What a broken template, and a failing render, say: what, where, what next."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from promptlib.errors import InvalidPrompt, NotFound, RenderFailed, TemplateRejected
from promptlib.messages import Image, system, user
from promptlib.rendering import compile_pieces
from promptlib.rendering.words import LOOP_WORDS

if TYPE_CHECKING:
    from promptlib.trust import Trust


def broken(source: str) -> InvalidPrompt:
    with pytest.raises(InvalidPrompt) as caught:
        compile_pieces((system("s"), user(source), user("next")))
    return caught.value


@pytest.mark.parametrize(
    ("source", "what", "line", "column", "width", "hint"),
    [
        ("a\n {{ b", "'{{' is never closed", 2, 2, 2, "close it with }} in the same message"),
        ("a {% if b", "'{%' is never closed", 1, 3, 2, "close it with %} in the same message"),
        ("a\n{# b", "this comment is never closed", 2, 1, 2, "close it with #} in the same message"),
        ("{% raw %}x", "this raw block is never closed", 1, 1, 9, "close it with {% endraw %} in the same message"),
        ("a {#", "this comment is never closed", 1, 3, 2, "close it with #} in the same message"),
        ("a {%- raw -%}", "this raw block is never closed", 1, 3, 11, "close it with {% endraw %} in the same message"),
        ("{{ 'a }}", 'broken template: unexpected char "\'"', 1, 4, 1, "a text needs a closing quote"),
        ("a\r\nb {{ a $ b }}", "broken template: unexpected char '$'", 2, 8, 1, "write the name without $"),
        ("a\r\n{{ (a] }}", "broken template: unexpected ']', expected ')'", 2, 6, 1, ""),
        ("{{ a) }}", "broken template: unexpected ')'", 1, 5, 1, ""),
        ("{{ }}", "broken template: Expected an expression, got '}}'", 1, 4, 2, "write a name or a text there"),
        ("{{ 1 + }}", "broken template: unexpected '}}'", 1, 8, 2, ""),
        (
            "{{ a b }}",
            "broken template: expected token '}}', got 'b'",
            1,
            6,
            1,
            "join two values with ~, and put a filter behind |",
        ),
        ("x\n\n  {{ a.b. }}", "broken template: expected name or number", 3, 11, 2, ""),
        ("{% for x y %}", "broken template: expected token 'in', got 'y'", 1, 10, 1, "write {% for item in list %}"),
        ("{% fro x in y %}", "no statement 'fro'", 1, 4, 3, "did you mean 'for'?"),
        (
            "{% customer %}",
            "no statement 'customer'",
            1,
            4,
            8,
            "write {{ name }} for a value; statements are those of Jinja",
        ),
        (
            "{% endif %}",
            "{% endif %} has nothing to close",
            1,
            4,
            5,
            "take it out, or open the statement before it",
        ),
        (
            "{% for x in y %}\n{% endif %}",
            "{% endif %} inside of {% for %}",
            2,
            4,
            5,
            "close {% for %} first, with {% endfor %}",
        ),
        (
            "ok {% if a %}{% for x in y %}",
            "{% for %} is never closed",
            1,
            17,
            3,
            "close it with {% endfor %}; a later message of the same prompt may hold that",
        ),
        ("{{ a | uper }}", "no filter 'uper'", 1, 8, 4, "did you mean 'upper'?"),
        ("{{ a | zzqx }}", "no filter 'zzqx'", 1, 8, 4, "the filters are those of Jinja"),
        (
            "{{ a | random }}",
            "no filter 'random'",
            1,
            8,
            6,
            "a prompt renders the same each time: choose in the application and pass the choice as an input",
        ),
        ("{{ a is defind }}", "no test 'defind'", 1, 9, 6, "did you mean 'defined'?"),
        ("{{ a is frobnicated }}", "no test 'frobnicated'", 1, 9, 11, "the tests are those of Jinja"),
        (
            "{{ _a }}",
            "'_a' begins with an underscore",
            1,
            4,
            2,
            "choose a name without it; a key of data is read as value['_a']",
        ),
        (
            "{{ a.  _b }}",
            "the attribute '_b' begins with an underscore",
            1,
            8,
            2,
            "write ['_b'] for a key of data",
        ),
        (
            "{{ a.upper() }}",
            "upper() cannot be called: values are data without methods",
            1,
            6,
            5,
            "write {{ a | upper }}",
        ),
        (
            "{{ a.fly() }}",
            "fly() cannot be called: values are data without methods",
            1,
            6,
            3,
            "data has no methods; use a filter",
        ),
        (
            "{% macro shout(x) %}{% endmacro %}{{ shuot(1) }}",
            "no macro 'shuot'",
            1,
            38,
            5,
            "did you mean 'shout'? only macros can be called; an input stands without ( )",
        ),
        ("{{ (1, 2)() }}", "only macros can be called", 1, 10, 1, "call a macro by its name"),
        (
            "{{ self.x }}",
            "'self' is not here: a prompt has no parent template",
            1,
            4,
            4,
            "",
        ),
        (
            "{% for x in y %}{{ loop.indx }}{% endfor %}",
            "loop has no 'indx'",
            1,
            25,
            4,
            f"did you mean 'index'? loop has: {', '.join(sorted(LOOP_WORDS))}",
        ),
        (
            "{% set ns.a = 1 %}",
            "no namespace 'ns'",
            1,
            8,
            2,
            "{% set ns = namespace(…) %} before",
        ),
        (
            "{% include a %}",
            "an include is one alias in quotes and nothing else",
            1,
            4,
            7,
            'write {% include "alias" %}, once for each',
        ),
    ],
)
def test_a_broken_template_says_what_where_and_what_next(
    source: str, what: str, line: int, column: int, width: int, hint: str
) -> None:
    error = broken(source)
    assert error.what == what
    assert error.hint == hint
    assert error.where is not None
    assert (error.where.source, error.where.line, error.where.column, error.where.width) == (
        "message 2 (user)",
        line,
        column,
        width,
    )


@pytest.mark.parametrize(
    "source",
    [
        '{% include ["a", "b"] %}',
        '{% include "a" ignore missing %}',
        '{% include "a" without context %}',
        '{% include "a" ~ b %}',
    ],
)
def test_includes_are_constant(source: str) -> None:
    assert broken(source).what == "an include is one alias in quotes and nothing else"


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ('{% extends "a" %}', 'write {% include "alias" %} and declare the alias in includes'),
        ('{% import "a" as b %}', "define the macro in the same prompt; macros reach across its messages"),
        ('{% from "a" import b %}', "define the macro in the same prompt; macros reach across its messages"),
        ("{% autoescape true %}{% endautoescape %}", "nothing is escaped here; write {{ value | e }} where it must be"),
    ],
)
def test_statements_that_are_not_here(source: str, hint: str) -> None:
    error = broken(source)
    word = source.split()[1]
    assert (error.what, error.hint) == (f"a prompt has no {{% {word} %}}", hint)


def test_the_picture_of_an_error() -> None:
    assert str(broken("Hello,\n\tdear {{ a | uper }}!")) == (
        "no filter 'uper'\n"
        "  --> message 2 (user):2:14\n"
        "  |\n"
        "2 | \tdear {{ a | uper }}!\n"
        "  | \t            ^^^^\n"
        "did you mean 'upper'?"
    )


def test_all_problems_of_a_template_are_told_at_once() -> None:
    error = broken("{{ a | uper }}\n{{ b | lwer }} {{ _c }}")
    assert [each.what for each in (error, *error.others)] == [
        "no filter 'uper'",
        "no filter 'lwer'",
        "'_c' begins with an underscore",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "{% set _a = 1 %}",
        "{% for _a in b %}{% endfor %}",
        "{% macro _a() %}{% endmacro %}",
        "{% macro m(_a) %}{% endmacro %}",
    ],
)
def test_private_names_cannot_be_defined(name: str) -> None:
    assert broken(name).what == "'_a' begins with an underscore"


NESTS: dict[str, tuple[str, str, str]] = {
    "for": ("{% for x in y %}", "", "{% endfor %}"),
    "if": ("{% if x %}", "", "{% endif %}"),
    "set": ("{% set x %}", "", "{% endset %}"),
    "parentheses": ("(", "x", ")"),
    "lists": ("[", "", "]"),
    "sums": ("x + ", "x", ""),
    "attributes": ("", "x", ".y"),
    "filters": ("", "x", " | upper"),
    "not": ("not ", "x", ""),
}


@pytest.mark.parametrize("nest", NESTS)
@pytest.mark.parametrize("depth", [100, 3_000])
def test_deep_nesting_is_one_clear_error(nest: str, depth: int) -> None:
    before, middle, after = NESTS[nest]
    source = before * depth + middle + after * depth
    error = broken(source if "%" in source else "{{ " + source + " }}")
    assert error.what.startswith("the template is nested ")
    assert error.hint == "take it apart with macros or {% set %}"
    assert error.where is not None
    assert error.where.source == "message 2 (user)"


HUGE = {
    "open brackets": "{{ " + "[" * 360_000 + " }}",
    "closed brackets": "{{ " + "(" * 180_000 + "1" + ")" * 180_000 + " }}",
    "a list": "{{ [" + "1, " * 360_000 + "] }}",
    "comparisons": "{{ 1" + " < 1" * 360_000 + " }}",
    "statements": "{% set a = 1 %}" * 50_000,
    "comments": "{# x #}" * 100_000,
    "raw blocks": "{% raw %}x{% endraw %}" * 50_000,
}


@pytest.mark.no_cover
@pytest.mark.parametrize("name", HUGE)
def test_a_template_of_too_many_signs_is_refused_at_once(name: str) -> None:
    begin = time.process_time()
    error = broken(HUGE[name])
    assert time.process_time() - begin < 1
    assert error.what == "the tags of this prompt hold more than 30,000 words and signs"
    assert error.hint == "give data as an input, and take a long template apart with {% include %}"
    assert error.where is not None
    assert len(str(error)) < 500


def test_a_long_text_has_few_signs() -> None:
    text = "word " * 200_000 + "{{ a | upper }}"
    assert compile_pieces((user(text),)).render({"a": "x"})[0].text == "word " * 200_000 + "X"


def test_a_condition_of_too_many_branches() -> None:
    error = broken("{% if a %}" + "{% elif a %}" * 501 + "{% endif %}")
    assert (error.what, error.hint) == (
        "a condition has more than 500 branches",
        "give the choice as an input, or look it up: {{ {'a': 'one', 'b': 'two'}[key] }}",
    )
    most = "{% if a %}" + "{% elif a %}" * 500 + "{% else %}x{% endif %}"
    assert compile_pieces((user(most),)).render({"a": False})[0].text == "x"


def test_numbers_of_thousands_of_digits() -> None:
    error = broken("{{ " + "9" * 5_000 + " }}")
    assert (error.what, error.hint) == ("this number is too long", "write it as a text")


@pytest.mark.parametrize("source", ["{{ n }}", "{% if n %}{{ n }}{% endif %}", "{{ 10 ** 5000 }}{{ n | abs }}"])
def test_values_of_thousands_of_digits(source: str) -> None:
    error = failed(source, n=10**5_000)
    assert (error.what, error.hint) == ("a number of thousands of digits has no text", "give it as a text")
    assert error.where is not None
    assert error.where.line == 1


def test_a_stack_that_is_nearly_full_is_a_typed_error() -> None:
    template = compile_pieces((user("{{ a | upper }}{{ [a, [a, [a]]] | length }}"),))
    found: list[InvalidPrompt] = []

    def deeper() -> None:
        try:
            deeper()
        except RecursionError:
            # The first frame with room enough for this call, and not for the compiler.
            if not found:
                try:
                    template.render({"a": "x"})
                except InvalidPrompt as error:
                    found.append(error)
            raise

    with pytest.raises(RecursionError):
        deeper()
    assert [error.what for error in found] == ["the template is nested too deeply for Python"]
    assert template.render({"a": "x"})[0].text == "X2"


def failed(source: str, **values: object) -> RenderFailed:
    template = compile_pieces((system("s"), user(source)))
    with pytest.raises(RenderFailed) as caught:
        template.render(values)
    return caught.value


@pytest.mark.parametrize(
    ("source", "what", "line", "column", "width"),
    [
        ("a\n{{ d.nmae }}", "no key 'nmae' here", 2, 4, 6),
        ("{{ d.name.x }}", "a text has no attribute 'x'", 1, 4, 8),
        ("{{ l[7] }}", "no item 7 in a list of 2", 1, 4, 4),
        ("{{ l.x }}", "no item 'x' in a list of 2", 1, 4, 3),
        ("{{ n.x }}", "a number has no attribute 'x'", 1, 4, 3),
        ("{{ t.x }}", "a truth value has no attribute 'x'", 1, 4, 3),
        ("{{ z.x }}", "None has no attribute 'x'", 1, 4, 3),
        ("{{ z['x'] }}", "None has no attribute 'x'", 1, 4, 6),
        ("{% if false %}{% set q = 1 %}{% endif %}{{ q }}", "'q' has no value here", 1, 44, 1),
        ("{% if missing %}{% endif %}", "'missing' has no value here", 1, 4, 10),
        ("{% for x in n %}{% endfor %}", "a number is no list to go through", 1, 4, 10),
        ("{{ n / 0 }}", "division by zero", 1, 4, 5),
        ("{{ s + n }}", "a text + a number cannot be computed", 1, 4, 5),
        ("{{ z | upper ~ z }}\n{{ l }}", "a list has no text of its own", 2, 4, 1),
        ("{{ d }} {{ 1 }}", "a mapping has no text of its own", 1, 4, 1),
        ("{{ z | string }}{{ z }}", "None has no text", 1, 20, 1),
        ("{{ l | map('upper') }}", "a generator has no text", 1, 4, 16),
        ("{{ range }}", "a Function has no text", 1, 4, 5),
        ("{% macro m(x) %}\n{{ x.y }}{% endmacro %}{{ m(d) }}", "no key 'y' here", 2, 4, 3),
        ("{% set x %}{{ i }}{% endset %}", "an image has no text", 1, 15, 1),
        ("{{ none }}", "None has no text", 1, 4, 4),
        ("{{ n | tojson(indent='x', what=1) }}", "wrong arguments for the filter 'tojson'", 1, 4, 30),
        ("{% set ns = namespace(a=1) %}{{ ns.b }}", "'b' has no value here", 1, 33, 4),
        ("{% set f = d %}{% set f.a = 1 %}", "cannot assign attribute on non-namespace object", 1, 0, 0),
    ],
)
def test_a_failing_render_shows_its_place(source: str, what: str, line: int, column: int, width: int) -> None:
    values = {"d": {"name": "x"}, "l": ["a", "b"], "n": 3, "t": True, "z": None, "s": "s", "i": Image("u")}
    error = failed(source, **values)
    assert error.what == what
    assert error.where is not None
    assert error.where.source == "message 2 (user)"
    if column:
        assert (error.where.line, error.where.column, error.where.width) == (line, column, width)


def test_plain_variables_fail_alike() -> None:
    error = failed("Hello\n  {{ name }}!", name=None)
    assert str(error) == (
        "None has no text\n"
        "  --> message 2 (user):2:6\n"
        "  |\n"
        "2 |   {{ name }}!\n"
        "  |      ^^^^\n"
        'say what to print instead: {{ name or "…" }}, or {% if name %}…{% endif %}'
    )
    error = failed("{{ other }}{{ name }}", other="x")
    assert error.what == "'name' has no value here"
    assert error.hint == "values here: other"
    assert error.where is not None
    assert error.where.column == 15
    assert failed("{{ items }}", items=["a"]).hint == 'write {{ name | tojson }}, {{ name | join(", ") }} or a loop'


def test_errors_of_an_include_pass_and_learn_their_place() -> None:
    template = compile_pieces((user('a\n{% include "style" %}'),))

    def lost(alias: str) -> str:
        raise NotFound(f"no {alias}")

    with pytest.raises(NotFound, match="no style") as caught:
        template.render({}, include=lost)
    assert str(caught.value.where) == "message 1 (user):2:4"

    def failing(alias: str) -> str:
        return compile_pieces((system("{{ " + alias + ".x | upper }}"),)).render({alias: {}})[0].text

    with pytest.raises(RenderFailed, match="no key 'x' here") as inner:
        template.render({}, include=failing)
    assert str(inner.value.where) == "message 1 (system):1:4"


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("{% if a %}{% else if b %}{% endif %}", "write {% elif condition %}"),
        ("{% if a %}{% elsif b %}{% endif %}", "write {% elif condition %}"),
        ("{% if a %}x{% end %}", "write {% endif %}, {% endfor %}: the end of a statement names it"),
        ("{% if a = 1 %}{% endif %}", "compare with =="),
        ("{{ a = 1 }}", "compare with =="),
        ("{% if a && b %}{% endif %}", "write `and`"),
        ("{% if a || b %}{% endif %}", "write `or`"),
        ("{% if !a %}{% endif %}", "write `not`"),
        ("{{ a ? b : c }}", "write {{ a if condition else b }}"),
        (
            "{{#if a}}x{{/if}}",
            ("Jinja is no mustache: {{ name }}, {% if name %}…{% endif %}, {% for item in list %}…{% endfor %}"),
        ),
        (
            "{{/if}}",
            ("Jinja is no mustache: {{ name }}, {% if name %}…{% endif %}, {% for item in list %}…{% endfor %}"),
        ),
        ("{{{ a }}}", "a variable has two braces, {{ name }}, and a mapping {'key': value}"),
        ("{% foreach x in y %}", "write {% for item in list %}"),
    ],
)
def test_the_words_of_other_languages_are_known(source: str, hint: str) -> None:
    assert broken(source).hint == hint


TEXTS = "join texts with ~; `name | int` makes a number of a text"


@pytest.mark.parametrize(
    ("source", "what", "hint"),
    [
        ("{{ d.nmae }}", "no key 'nmae' here", "did you mean 'name'?"),
        (
            "{{ d.q }}",
            "no key 'q' here",
            'keys here: name; a key that may be missing: {{ value.key | default("…") }}',
        ),
        (
            "{{ many.q }}",
            "no key 'q' here",
            (
                f"keys here: {'k' * 40}…, 1, 2, 3, 4, 5, 6, 7, …; a key that may be "
                'missing: {{ value.key | default("…") }}'
            ),
        ),
        ("{{ l[7] }}", "no item 7 in a list of 2", "items are counted from 0, and from -1 at the end"),
        ("{{ l.x }}", "no item 'x' in a list of 2", "loop over the list, or take one item: {{ list[0].key }}"),
        ("{{ n.x }}", "a number has no attribute 'x'", "attributes are keys of mappings"),
        (
            "{{ z.x }}",
            "None has no attribute 'x'",
            "look first whether it is there: {% if value %}{{ value.key }}{% endif %}",
        ),
        (
            "{% if false %}{% set q = 1 %}{% endif %}{{ q }}",
            "'q' has no value here",
            'set it before, in every branch; what may be missing: {{ name | default("…") }}',
        ),
        ("{% for x in n %}{% endfor %}", "a number is no list to go through", "loop over a list, a mapping or a text"),
        (
            "{% for x in z %}{% endfor %}",
            "None is no list to go through",
            "look first whether it is there: {% if name %}…{% endif %}, or write (name or [])",
        ),
        (
            "{{ z | length }}",
            "None has no length",
            "look first whether it is there: {% if name %}…{% endif %}, or write (name or [])",
        ),
        ("{{ n / 0 }}", "division by zero", "look first: {% if count %}{{ total / count }}{% endif %}"),
        (
            "{{ s + n }}",
            "a text + a number cannot be computed",
            TEXTS,
        ),
        (
            "{{ l + s }}",
            "a list + a text cannot be computed",
            TEXTS,
        ),
        (
            "{{ n ** s }}",
            "a number ** a text cannot be computed",
            TEXTS,
        ),
        (
            "{{ n - z }}",
            "a number - None cannot be computed",
            TEXTS,
        ),
        (
            "{% if z > n %}{% endif %}",
            "None > a number cannot be computed",
            "compare values of one kind: `name | int` makes a number of a text; look first whether it is None",
        ),
        (
            "{{ s | indent(1, 2, 3, 4) }}",
            "wrong arguments for the filter 'indent'",
            "it is called so: indent(width=4, first=False, blank=False)",
        ),
        (
            "{{ l | join(1, 2, 3) }}",
            "wrong arguments for the filter 'join'",
            "it is called so: join(d='', attribute=None)",
        ),
        (
            "{{ l | slice(1, 2, 3) | list }}",
            "wrong arguments for the filter 'slice'",
            "it is called so: slice(slices, fill_with=None)",
        ),
        ("{{ n | abs(2) }}", "wrong arguments for the filter 'abs'", "it is called so: abs"),
        (
            "{{ s | delimited(1, 2) }}",
            "wrong arguments for the filter 'delimited'",
            "it is called so: delimited(label='document')",
        ),
        (
            "{{ '%s %s' | format(s) }}",
            "not enough arguments for format string",
            "give one value for each % in the text",
        ),
        (
            "{{ [d.q] | tojson }}",
            "no key 'q' here",
            'keys here: name; a key that may be missing: {{ value.key | default("…") }}',
        ),
        (
            "{{ l | map('upper') | tojson }}",
            "a generator has no text",
            'a list that a filter makes needs | list or | join(", "); macros are called with ( )',
        ),
        (
            "{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}",
            "macro 'm' takes not more than 1 argument(s)",
            "its arguments are those that {% macro … %} names",
        ),
        ("{{ s | round }}", "a text is no number", "`name | float` makes a number of a text"),
        ("{{ s | abs }}", "a text is no number", "`name | float` makes a number of a text"),
        ("{{ -l }}", "a list is no number", "`name | float` makes a number of a text"),
        (
            "{{ z[0].x }}",
            "None has no item 0",
            "look first whether it is there: {% if value %}{{ value.key }}{% endif %}",
        ),
        ("{% for x in range(1000000) %}{% endfor %}", "a range of more than 100,000 numbers", "count less far"),
    ],
)
def test_a_failing_render_says_what_to_do(source: str, what: str, hint: str) -> None:
    many = {"k" * 41: 1, **{str(key): key for key in range(1, 30)}}
    values = {"d": {"name": "x"}, "l": ["a", "b"], "n": 3, "z": None, "s": "s", "many": many}
    error = failed(source, **values)
    assert (error.what, error.hint) == (what, hint)
    assert error.where is not None
    assert error.where.line == 1


@pytest.mark.parametrize(
    ("source", "what", "column", "hint"),
    [
        ("{{ a | map('uper') | list }}", "no filter 'uper'", 12, "did you mean 'upper'?"),
        ("{{ a | select('zzqx') | list }}", "no test 'zzqx'", 15, "the tests are those of Jinja"),
        ("{{ a | selectattr('x', 'equals') | list }}", "no test 'equals'", 24, "did you mean 'equalto'?"),
    ],
)
def test_the_names_that_filters_take_are_looked_up_at_once(source: str, what: str, column: int, hint: str) -> None:
    error = broken(source)
    assert error.what == what
    assert error.where is not None
    assert error.where.column == column
    assert error.hint == hint


@pytest.mark.parametrize("trust", ["own", "foreign"])
@pytest.mark.parametrize(
    ("source", "line", "column", "width"),
    [
        ("{{ z > n }}", 1, 4, 5),
        ("{{- z > n -}}", 1, 5, 5),
        ("{% if n and z > n %}x{% endif %}", 1, 4, 14),
        ("a\n\t{{ z.x\n   | upper }}", 2, 5, 3),
        ("{{\n  z.x\n  | upper\n}}", 2, 3, 3),
        ("{% set a = {\n  'b': z.x,\n} %}{{ a.b | upper }}", 3, 8, 11),
        ("日本 {{ z.x | upper }}", 1, 7, 11),
    ],
)
def test_a_failing_construct_is_marked_from_where_it_begins(
    trust: Trust, source: str, line: int, column: int, width: int
) -> None:
    template = compile_pieces((user(source),), trust=trust)
    with pytest.raises(RenderFailed) as caught:
        template.render({"z": None, "n": 3})
    place = caught.value.where
    assert place is not None
    assert (place.line, place.column, place.width) == (line, column, width)


def test_the_same_words_in_foreign_templates() -> None:
    """What runs there is weighed, and what is said is the same."""
    template = compile_pieces((user("{{ s | indent(1, 2, 3, 4) }}"),), trust="foreign")
    with pytest.raises(RenderFailed) as caught:
        template.render({"s": "x"})
    assert caught.value.what == "wrong arguments for the filter 'indent'"
    with pytest.raises(TemplateRejected) as refused:
        compile_pieces((user("{{ a | pprint }}{{ b.__class__ }}{{ b is callable }}"),), trust="foreign")
    places = [(str(each.where), each.hint) for each in (refused.value, *refused.value.others)]
    assert places == [
        ("message 1 (user):1:8", "write tojson(indent=2)"),
        ("message 1 (user):1:22", "choose another name; a key of data is read as value['__class__']"),
        ("message 1 (user):1:42", "leave it out"),
    ]
