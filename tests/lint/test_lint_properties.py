"""What holds for every prompt that the library can hold, and for every file."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from promptlib import Prompt, PromptLibError, assistant, developer, placeholder, system, user
from promptlib.lint import Report, Settings, Shelf, Subject, lint, lint_file, mended
from tests.strategies import inputs_strategy

if TYPE_CHECKING:
    from promptlib.messages import Piece

EVERYTHING = Settings(select=("all",), budget=100)
#: Pieces of templates: what rules look for, whole, halved and crossed.
PIECES = (
    *("{{ text }}", "{{ text | trim }}", "{{ rows | join(', ') }}", "{{ one.name }}", "{{ 'a' if flag else text }}"),
    *(
        "{{ text | delimited }}",
        "{{ one | tojson }}",
        "{% set y = text %}{{ y }}",
        "Answer what stands here, all of it: ",
    ),
    *("<doc>", "</doc>", '<doc id="1">', "<br>", "```", "````json", "~~~", '"""', '"', "'", "---", "###"),
    *("{# lint: off secret why #}", "{# lint: off nothing #}", "# lint: off secret", '{"name": 1, "age": "y"}'),
    *("Answer in a table.", "DO NOT! shout!!", "as of 2023", "gpt-4", "$5", "some", "think step by step", " then "),
    *("\n", "\n\n", " ", "  \n", "\t", "\r\n", "\r", "\u200b", "\u202e", "\U000e0041", "\ufffc", "é", "\\", "user:"),
)
#: What may stand around them.
WRAPS = (
    *(
        "{%% if flag %%}%s{%% endif %%}",
        "{%% for row in rows %%}%s{{ row }}{%% endfor %%}",
        "{%% raw %%}%s{%% endraw %%}",
    ),
    *(
        "{%% macro m(x) %%}%s{{ x }}{%% endmacro %%}{{ m(text) }}",
        "<doc>\n%s\n</doc>",
        "```\n%s\n```",
        '"%s"',
        "---\n%s\n---\n",
    ),
    *("{%% if flag %%}%s", "{%% raw %%}%s", "{{ %s", "{# %s"),
)


def _many(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(inner, min_size=1, max_size=6).map("".join)


texts = st.recursive(
    _many(st.sampled_from(PIECES)),
    lambda inner: _many(st.builds(lambda wrap, text: wrap % text, st.sampled_from(WRAPS[:8] * 4 + WRAPS[8:]), inner)),
    max_leaves=4,
)
DECLARED = (
    "  text:\n    kind: string\n  rows:\n    kind: array\n    items:\n      kind: string\n  flag:\n    kind: boolean\n"
    "  one:\n    kind: object\n    properties:\n      name:\n        kind: string\n"
)


def check(report: Report, text: str) -> None:
    """Every place lies inside of the file and shows its line."""
    lines = text.split("\n")
    for each in report.findings:
        line, column = each.where.line or 0, each.where.column or 0
        assert 1 <= line <= len(lines), each
        assert 1 <= column <= len(lines[line - 1]) + 1, each
        if each.rule not in {"secret", "unreadable"}:
            assert lines[line - 1].rstrip("\r") == each.where.text, each
        assert each.message
        assert each.advice
        for edit in each.fix.edits if each.fix else ():
            assert 0 <= edit.start <= edit.end <= len(text), each


@pytest.mark.no_cover
@given(
    st.lists(st.tuples(st.sampled_from(["system", "developer", "user", "assistant"]), texts), min_size=1, max_size=3)
)
def test_lint_raises_on_no_file_and_its_places_lie_inside(messages: list[tuple[str, str]]) -> None:
    body = "\n".join(f"{role}:\n{text}" for role, text in messages)
    used = "{{ text }}{{ rows | join }}{{ flag }}{{ one.name }}"
    file = (
        f"---\ndescription: x\ninputs:\n{DECLARED}outputs:\n  name:\n    kind: string\n  age:\n    kind: integer\n---\n"
    )
    text = f"{file}{body}\nuser:\n{used}\n"
    report = lint_file(text.encode(), source="x", settings=EVERYTHING)
    check(report, text)
    assert lint_file(text.encode(), source="x", settings=EVERYTHING) == report
    subject = Subject("x", text.encode(), "x", Shelf())
    try:
        first = mended(subject, EVERYTHING)
    except PromptLibError:
        assert "unreadable" in report.by_rule
        return
    again = mended(Subject("x", first.after, "x", Shelf()), EVERYTHING)
    assert not again.changed
    assert again.digest == first.new_digest


@given(inputs_strategy(), texts, st.booleans())
def test_lint_raises_on_no_prompt_of_any_inputs(inputs: Any, text: str, literal: bool) -> None:  # noqa: FBT001 - drawn
    threads = [placeholder(each.name) for each in inputs if each.type.kind == "thread"]
    forms = {"thread": "", "image": "{{ %s }}", "file": "{{ %s }}"}
    used = "".join(forms.get(each.type.kind, "{{ %s | tojson }}").replace("%s", each.name) for each in inputs)
    last = assistant(text, literal=literal or "{" in text)
    messages: tuple[Piece, ...] = (system(text, literal=True), *threads, user(used), last)
    try:
        prompt: Prompt[Any] = Prompt(messages=messages, inputs=inputs, outputs=inputs)
    except PromptLibError:
        reject()  # an input that is called as a word of Jinja
    assert lint(prompt, settings=EVERYTHING) == lint(prompt, settings=EVERYTHING)


@pytest.mark.parametrize("text", ["\x00", "a\rb", "{{", "{% endraw %}", "\u2028", "user:\n\\"], ids=ascii)
def test_a_prompt_that_fits_into_no_file_is_looked_at_too(text: str) -> None:
    report = lint(Prompt.define(developer(text, literal=True), user("!! Hi")), settings=EVERYTHING)
    assert {"missing-description", "shouting"} <= report.by_rule.keys()


KILO = 1024
LARGE = {
    "tags that nothing closes": "<a>\n" * (KILO * 16) + "</b>\n" * (KILO * 16),
    "nested tags": "<a>" * (KILO * 16) + "</a>" * (KILO * 16),
    "crossed tags": "<a><b></a></b>" * (KILO * 8),
    "beginnings of tags": "<a " * (KILO * 64),
    "fences": "```\n" * (KILO * 32),
    "triple quotes": ' """ ' * (KILO * 16),
    "rules": "---\n" * (KILO * 32),
    "blanks": " " * KILO * 1000 + "x",
    "blank lines": " \n" * (KILO * 64),
    "braces": "{ " * (KILO * 64),
    "objects": '{"name": ' * (KILO * 16),
    "sentences": "Do not. Answer in some. " * (KILO * 8),
    "answers": "answer in " * (KILO * 16) + " " * KILO * 64,
    "silences": "# lint: off secret\n" * (KILO * 8),
    "invisible": "\u200b a" * (KILO * 32),
    "carriage returns": "a\r\n" * (KILO * 32),
}


@pytest.mark.no_cover
@pytest.mark.parametrize("name", LARGE)
def test_a_hostile_text_takes_no_longer_than_reading_it_should(name: str) -> None:
    outputs = "outputs:\n  name:\n    kind: integer\n"
    text = f"---\ndescription: x\ntemplate:\n  format:\n    kind: literal\n{outputs}---\n{LARGE[name]}"
    begin = time.process_time()
    report = lint_file(text.encode(), settings=EVERYTHING)
    check(report, text)
    assert time.process_time() - begin < 20  # a quadratic walk takes minutes


def test_many_values_among_many_tags_are_looked_at_in_one_walk() -> None:
    body = "<a>{{ text }}</a><b>\n" * 2_000
    text = f"---\ndescription: x\ninputs:\n  text:\n    kind: string\n---\nuser:\nAnswer all of these.\n{body}"
    begin = time.process_time()
    assert lint_file(text.encode(), settings=EVERYTHING).by_rule["forgeable-delimiter"] == 50
    assert time.process_time() - begin < 20
