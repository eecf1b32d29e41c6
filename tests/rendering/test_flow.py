"""What a template puts out, in the order of its text: literal text, values and the inputs behind them."""

from __future__ import annotations

from typing import Any

import pytest

from promptlib import Prompt, placeholder, system, user
from promptlib.inputs import Input, InputType
from promptlib.rendering import flow_of

TEXT = InputType(kind="string")
ITEM = InputType(
    kind="object", properties=(Input(name="name", type=TEXT), Input(name="size", type=InputType(kind="float")))
)
INPUTS = {
    "text": TEXT,
    "flag": InputType(kind="boolean"),
    "rows": InputType(kind="array", items=TEXT),
    "items": InputType(kind="array", items=ITEM),
    "names": InputType(kind="map", items=TEXT),
    "turns": InputType(kind="thread"),
    "some": InputType(kind="json"),
}


def told(text: str) -> list[tuple[Any, ...]]:
    """Return of each strand what it puts, its text, the paths behind it, and what is not as usual."""
    used = tuple(Input(name=name, type=kind) for name, kind in INPUTS.items() if name in text)
    found = flow_of((user(text),), used)
    for each in found:
        source = text[each.start : each.end]
        assert source == each.text if each.put == "text" else each.text in source
    paths = [[".".join((drawn.name, *drawn.path)) for drawn in each.drawn] for each in found]
    return [(each.put, each.text, *path) for each, path in zip(found, paths, strict=True)]


@pytest.mark.parametrize(
    ("text", "strands"),
    [
        ("Hi {{ text }}!", [("text", "Hi "), ("value", "text", "text"), ("text", "!")]),
        ("{{- text | trim | upper -}}", [("value", "text | trim | upper", "text")]),
        ("{{ 'a' if flag else text }}", [("value", "'a' if flag else text", "text")]),
        ("{{ ('a' if flag else 'b') if text else 'c' }}", [("value", "('a' if flag else 'b') if text else 'c'")]),
        ("{{ text ~ rows[0] }}", [("value", "text ~ rows[0]", "text", "rows")]),
        ("{% for row in rows %}{{ row }}{% endfor %}", [("value", "row", "rows.[]")]),
        (
            "{% for item in items %}- {{ item.name }}{% endfor %}",
            [("text", "- "), ("value", "item.name", "items.[].name")],
        ),
        ("{% set copy = text %}{{ copy }}", [("value", "copy", "text")]),
        ("{{ names['a'] }}", [("value", "names['a']", "names.a")]),
        ("{{ some.deep.down }}", [("value", "some.deep.down", "some.deep.down")]),
        ("{# not seen #}{% raw %}{{ text }}{% endraw %}", [("text", "{{ text }}")]),
        ("{% if flag %}\nyes\n{% endif %}\nend", [("text", "\nyes\n"), ("text", "\nend")]),
        ("{{ '}}' ~ text }}", [("value", "'}}' ~ text", "text")]),
    ],
)
def test_strands_are_told_in_order_with_the_inputs_behind_them(text: str, strands: list[tuple[Any, ...]]) -> None:
    assert told(text) == strands


def test_conditions_loops_and_macros_are_told() -> None:
    text = "{% macro m(x) %}<{{ x }}>{% endmacro %}{% if flag %}a{% else %}{{ m(text) }}{% endif %}b"
    found = flow_of((user(text),), (Input(name="flag", type=INPUTS["flag"]), Input(name="text", type=TEXT)))
    assert [(each.text, each.certain, each.captured) for each in found] == [
        ("<", False, True),
        ("x", False, True),
        (">", False, True),
        ("a", False, False),
        ("m(text)", False, False),
        ("b", True, False),
    ]


def test_threads_includes_and_kinds_are_told() -> None:
    pieces = (system('{% include "style" %} {{ text | length }}'), placeholder("turns"), user("{{ turns[0].text }}"))
    inputs = tuple(Input(name=name, type=INPUTS[name]) for name in ("text", "turns"))
    found = flow_of(pieces, inputs)
    assert [(each.put, each.piece, each.text, each.kind) for each in found] == [
        ("include", 0, "style", None),
        ("text", 0, " ", None),
        ("value", 0, "text | length", "integer"),
        ("thread", 1, "turns", "thread"),
        ("value", 2, "turns[0].text", "string"),
    ]
    assert found[2].filters == ("length",)
    assert found[4].drawn[0].type is not None


def test_a_literal_message_is_one_text() -> None:
    prompt = Prompt.define(user("{{ no }} {% tag", literal=True))
    assert [each.text for each in flow_of(prompt.messages, ())] == ["{{ no }} {% tag"]
