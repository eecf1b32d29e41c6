"""Templates that attack: refused or harmless, in little time and memory, and always with a typed error."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from promptlib.errors import InvalidPrompt, RenderFailed, TemplateRejected
from promptlib.messages import Thread, placeholder, system, user
from promptlib.prompt import Prompt
from promptlib.rendering import compile_pieces, limits
from promptlib.rendering.metering import Meter

HERE = Path(__file__).parent
MOST_SECONDS = 1.0
MOST_MEMORY = 64 << 20
#: What a template that has got at an object would show.
SIGNS = (
    "<class",
    "<function",
    "<module",
    "<built-in",
    "<bound",
    "object at 0x",
    " at 0x",
    "__globals__",
    "uid=",
    "root:",
)


def attacks() -> Any:
    """Return the data beside this module."""
    spec = importlib.util.spec_from_file_location("attacks", HERE / "attacks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["attacks"] = module
    spec.loader.exec_module(module)
    return module


ATTACKS = attacks()


def attacked(trust: str, templates: list[str]) -> list[dict[str, Any]]:
    """Return what each of *templates* came to in a process of its own."""
    run = subprocess.run(
        [sys.executable, str(HERE / "attacked.py")],
        input=json.dumps({"trust": trust, "templates": templates}),
        env=os.environ | {"PYTHONPATH": os.environ.get("PYTHONPATH", "")},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    told = [json.loads(line) for line in run.stdout.splitlines()]
    assert run.returncode == 0, (run.returncode, run.stderr[-2000:], templates[len(told) :][:1])
    assert told.pop() == {"unchanged": True}
    assert len(told) == len(templates)
    return told


def test_there_are_enough_attacks_of_every_class() -> None:
    kinds = Counter(attack.kind for attack in [*ATTACKS.ATTACKS, *ATTACKS.ADAPTIVE])
    assert kinds.keys() == {"escape", "leak", "mutation", "cpu", "memory", "nesting", "include", "segment", "adaptive"}
    assert len({attack.template for attack in ATTACKS.ATTACKS}) >= 120
    assert kinds["adaptive"] >= 40
    assert min(kinds.values()) >= 10


@pytest.mark.parametrize("which", ["ATTACKS", "ADAPTIVE"])
def test_every_attack_is_refused_or_harmless_in_foreign_trust(which: str) -> None:
    found = getattr(ATTACKS, which)
    bad = []
    for attack, told in zip(found, attacked("foreign", [each.template for each in found]), strict=True):
        wrong = [
            told["kind"] == "raw",
            told["seconds"] >= MOST_SECONDS,
            told["memory"] >= MOST_MEMORY,
            told["kind"] == "rendered" and any(sign in told["words"] for sign in SIGNS),
            any(sign in told["words"] for sign in (" at 0x", "<built-in")),
        ]
        if any(wrong):
            bad.append((attack.kind, attack.template[:200], told))
    assert bad == []


def test_escapes_and_leaks_come_to_nothing_in_own_trust() -> None:
    found = [attack for attack in ATTACKS.ATTACKS if attack.own]
    bad = [
        (attack.template[:200], told)
        for attack, told in zip(found, attacked("own", [each.template for each in found]), strict=True)
        if told["kind"] == "raw" or (told["kind"] == "rendered" and any(sign in told["words"] for sign in SIGNS))
    ]
    assert bad == []


# --- the refusal ------------------------------------------------------------------------------------------------------

RULES = {
    "{{ x.__class__ }}": ("name", "the attribute '__class__' begins with an underscore"),
    "{{ x|nope }}": ("filter", "the filter 'nope' is not for foreign templates"),
    "{{ x|pprint }}": ("filter", "the filter 'pprint' is not for foreign templates"),
    "{{ x is callable }}": ("test", "the test 'callable' is not for foreign templates"),
    "{{ x|map(x)|join }}": ("computed", "a computed name for the filter 'map'"),
    "{{ x|map('pprint')|join }}": ("filter", "the filter 'pprint' is not for foreign templates"),
    "{{ x|select('callable')|join }}": ("test", "the test 'callable' is not for foreign templates"),
    "{{ x|map(attribute='a._b')|join }}": ("name", "the attribute 'a._b' begins with an underscore"),
    "{{ range(*x) }}": ("star", "arguments behind * or **"),
    "{{ x.upper() }}": ("call", "upper() cannot be called"),
    "{{ cycler() }}": ("call", "no macro 'cycler'"),
    "{{ (x)() }}": ("call", "no macro 'x'"),
    "{{ [x]() }}": ("call", "this cannot be called"),
    "{% macro m() %}{% endmacro %}{{ m }}": ("call", "the macro 'm' as a value"),
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}": (
        "recursion",
        f"the macro 'm' calls itself, or macros more than {limits.DEEPEST_MACRO} deep",
    ),
    "{% for a in x recursive %}{% endfor %}": ("recursion", "a loop that calls itself"),
    "{% for a in x %}{{ [loop] }}{% endfor %}": ("loop", "'loop' as a value"),
    "{{ namespace(_a=1) }}": ("name", "the argument '_a' begins with an underscore"),
    "{{ dict(a=1, a=2) }}": ("syntax", "the argument 'a' is given twice, or there are too many"),
    "{{ 1e999 }}": ("number", "a number that is too large"),
    "{{ {(1, 2): 3} }}": ("value", "a key that is a list"),
    "{% import 'os' as os %}": ("syntax", "a prompt has no {% import %}"),
    "{{ x }}" * 20_000: ("size", "a template of more than 6,000 tags or 1,500,000 characters"),
    "{{ nope" + " + 1" * 99 + " }}": (
        "syntax",
        "the template is nested deeper than 60 levels",
    ),
}


@pytest.mark.parametrize("source", RULES, ids=map(str, range(len(RULES))))
def test_a_rejection_names_rule_place_and_what_to_write(source: str) -> None:
    with pytest.raises(TemplateRejected) as caught:
        compile_pieces((user("first"), user(source)), trust="foreign")
    error = caught.value
    assert (error.rule, error.what) == RULES[source]
    assert error.hint
    assert error.where is not None
    assert error.where.line == 1
    assert "^" in str(error)
    assert isinstance(error, InvalidPrompt)
    assert isinstance(error, RenderFailed)


def test_everything_that_is_wrong_is_told_at_once_up_to_a_limit() -> None:
    with pytest.raises(TemplateRejected) as caught:
        compile_pieces((user("{{ x._a }}\n{{ x|nope }}"),), trust="foreign")
    assert [each.what for each in caught.value.others] == ["the filter 'nope' is not for foreign templates"]
    with pytest.raises(InvalidPrompt) as own:
        compile_pieces((user("{{ x._a }}" * 900),))
    assert len(own.value.others) == 19


BUDGETS = {
    "{% for a in range(99999) %}{% for b in range(999) %}{% endfor %}{% endfor %}": "steps",
    "{{ 'x' * 99999999 }}": "bytes",
    "{{ [1] * 99999999 }}": "bytes",
    "{{ 10 ** 30 }}": "number",
    "{{ 10 ** 9999 }}": "number",
    "{{ (-1) ** 0.5 }}": "number",
    "{{ 1|round(99) }}": "number",
    "{{ ('1' * 999)|int }}": "number",
    "{{ range(999999) }}": "range",
    "{{ '%99999d' % 1 }}": "format",
    "{{ '%*d' % (1, 1) }}": "format",
    "{{ [1]|tojson(indent=99) }}": "value",
    "{% set d = {x: 1, [1]|first: 2} %}{% set k = ([1], 2) %}{% set d = {k: 1} %}": "value",
    "{% set n = namespace(a=[]) %}{% for i in range(99) %}{% set n.a = [n.a] %}{% endfor %}{{ n.a|tojson }}": "nesting",
    "{% for i in range(9999) %}{{ x * 9999 }}{% endfor %}": "bytes",
    "{% set y = x * 99999 %}{% for i in range(9999) %}{{ y }}{% endfor %}": "output",
}


@pytest.mark.parametrize("source", BUDGETS, ids=map(str, range(len(BUDGETS))))
def test_a_budget_is_weighed_before_the_work(source: str) -> None:
    template = compile_pieces((user(source),), trust="foreign")
    with pytest.raises(TemplateRejected) as caught:
        template.render({"x": "ab"})
    assert caught.value.rule == BUDGETS[source]
    assert caught.value.hint
    if caught.value.rule != "output":  # which is of the whole
        assert caught.value.where is not None


def test_one_long_value_named_often_is_refused_before_it_is_joined() -> None:
    template = compile_pieces((user("{{ x }}" * 900),), trust="foreign")
    with pytest.raises(TemplateRejected, match="the messages hold more than 20 MiB"):
        template.render({"x": "a" * 1_000_000})
    assert template.render({"x": "ab"})[0].text == "ab" * 900
    assert template.render({"x": 12})[0].text == "12" * 900


@pytest.mark.parametrize("error", [MemoryError, RecursionError])
def test_what_python_runs_out_of_is_a_rejection(error: type[BaseException], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise error

    template = compile_pieces((user("{{ x ~ x }}"),), trust="foreign")
    monkeypatch.setattr(Meter, "concat", fail)
    with pytest.raises(TemplateRejected, match="ran out of stack or memory"):
        template.render({"x": "a"})


# --- messages, threads and includes -----------------------------------------------------------------------------------


class Chat(BaseModel):
    """A thread and a list."""

    history: Thread = ()
    items: list[str] = []


def test_messages_that_loops_make_are_counted() -> None:
    prompt = Prompt.define(
        Chat,
        system("{% for i in range(9999) %}{% for j in items %}"),
        user("x{{ j }}"),
        placeholder("history"),
        user("{% endfor %}{% endfor %}"),
        trust="foreign",
    )
    assert len(prompt.render(items=["a"]).messages) == 1 + 9999 * 2
    with pytest.raises(TemplateRejected, match="more than 40,000 messages"):
        prompt.render(items=["a", "b", "c"])
    with pytest.raises(TemplateRejected, match="more than 40,000 messages"):
        prompt.render(items=["a"], history=(user("q"),) * 5)


class Item(BaseModel):
    """One text."""

    x: str


def test_an_own_prompt_renders_a_foreign_include_under_the_foreign_policy() -> None:
    bomb = Prompt.define(Item, user("{{ x * 99999999 }}"), trust="foreign")
    fine = Prompt.define(Item, user("{{ x|upper }}"), trust="foreign")
    prompt = Prompt.define(Item, user('{% include "a" %}{{ x }}{{ x|pprint }}'), includes={"a": fine})
    assert prompt.trust == "own"
    assert prompt.render(x="b").text == "Bb'b'"
    with pytest.raises(TemplateRejected, match="24 MiB"):
        Prompt.define(Item, user('{% include "a" %}'), includes={"a": bomb}).render(x="b")


def test_a_foreign_prompt_and_what_it_includes_share_one_budget_and_one_policy() -> None:
    own = Prompt.define(Item, user("{% for i in range(99999) %}{{ x }}{% endfor %}"))
    assert len(Prompt.define(Item, user('{% include "a" %}'), includes={"a": own}, trust="foreign").render(x="b").text)
    many = user('{% for i in range(99) %}{% include "a" %}{% endfor %}')
    with pytest.raises(TemplateRejected, match="steps"):
        Prompt.define(Item, many, includes={"a": own}, trust="foreign").render(x="b")
    plain = Prompt.define(Item, user("{{ x }}"))
    assert Prompt.define(Item, many, includes={"a": plain}, trust="foreign").render(x="b").text == "b" * 99
    unlisted = Prompt.define(Item, user("{{ x|pprint }}"))
    with pytest.raises(TemplateRejected, match="pprint"):
        Prompt.define(Item, many, includes={"a": unlisted}, trust="foreign").render(x="b")


def test_python_cannot_compile_is_an_error_of_ours_in_both_trusts() -> None:
    for source in ("{% macro m(a, a) %}{% endmacro %}{{ m(1) }}", "{{ 0x" + "f" * 9000 + " }}", "{{ dict(a=1, a=2) }}"):
        with pytest.raises(InvalidPrompt):
            compile_pieces((user(source),)).render({})
