from __future__ import annotations

import pickle
import re
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from promptlib import Budget, Prompt, Segment, Thread, assistant, placeholder, system, user
from promptlib.errors import InvalidInputs
from promptlib.messages import to_plain


class Ask(BaseModel):
    question: str
    notes: Annotated[str, Segment(priority=5, truncate="middle", marker=" […] ", max_tokens=40)] = ""
    documents: Annotated[list[str], Segment(priority=20)] = []
    history: Annotated[Thread, Segment(priority=10)] = ()


ASK = Prompt.define(
    Ask,
    system("Answer from the documents."),
    placeholder("history"),
    user(
        "{% for each in documents %}<doc>{{ each }}</doc>\n{% endfor %}"
        '{% segment "rules" priority=30 truncate="drop" %}Be brief.\n{% endsegment %}'
        "{{ notes }}\n{{ question }}"
    ),
)
VALUES = Ask(
    question="Why?",
    notes="note " * 100,
    documents=[f"Document {at}. " + "It rained. " * 10 for at in range(10)],
    history=tuple(role(f"turn {at}") for at in range(20) for role in (user, assistant)),
)


def test_what_is_rendered_in_a_budget_is_what_would_be_rendered_without_what_had_to_go() -> None:
    whole = ASK.render(VALUES)
    rendered = ASK.render(VALUES, budget=Budget(300, reserve=50))
    assert rendered.tokens == rendered.report.total <= 250  # type: ignore[union-attr] # there is a budget
    assert ASK.render(VALUES, budget=Budget(20_000)).messages[:-1] == whole.messages[:-1]
    last = rendered.messages[-1].text
    assert last.startswith("<doc>Document 0.")
    assert "Be brief.\n" in last
    assert last.endswith("\nWhy?")
    assert whole.messages[0] == rendered.messages[0]


def test_the_account_names_each_segment_in_the_order_of_the_prompt() -> None:
    report = ASK.render(VALUES, budget=Budget(400)).report
    assert report is not None
    assert [row.name for row in report.segments] == ["history", "documents", "rules", "notes"]
    assert {row.name: row.outcome for row in report.segments} == {
        "history": "truncated", "documents": "truncated", "rules": "kept", "notes": "dropped",
    }  # fmt: skip
    assert report.fixed + sum(row.given for row in report.segments) + report.overhead == report.total


def test_an_input_never_takes_more_than_its_most() -> None:
    report = ASK.render(VALUES, budget=Budget(20_000)).report
    assert report is not None
    assert report.segments[-1].given <= 40
    assert report.segments[-1].why == "never more than 40 tokens"
    assert " […] " in ASK.render(VALUES, budget=Budget(20_000)).messages[-1].text


def test_a_result_explains_itself_and_tells_what_lasts() -> None:
    rendered = ASK.render(VALUES, budget=Budget(600))
    assert rendered.explain() == rendered.report.explain()  # type: ignore[union-attr] # there is a budget
    assert rendered.explain()._repr_html_().startswith("<div>")
    assert rendered.stable_prefix_tokens == rendered.report.stable_prefix_tokens  # type: ignore[union-attr] # see above
    plain = ASK.render(VALUES)
    assert plain.stable_prefix_tokens is None
    with pytest.raises(InvalidInputs) as caught:
        plain.explain()
    assert str(caught.value) == (
        "this prompt was rendered without a budget, so there is no account\nrender(…, budget=Budget(8_000)).explain()"
    )


def test_provenance_tells_what_the_budget_decided() -> None:
    rendered = ASK.render(VALUES, budget=Budget(300, reserve=50))
    told = rendered.provenance
    assert told is not None
    budget = told.to_dict()["budget"]
    assert isinstance(budget, dict)
    assert (budget["max_tokens"], budget["reserve"], budget["engine"]) == (300, 50, "o200k_base")
    assert [row["name"] for row in budget["segments"]] == ["history", "documents", "rules", "notes"]
    plain = ASK.render(VALUES).provenance
    assert plain is not None
    assert "budget" not in plain.to_dict()
    assert hash(told) == hash(rendered.provenance)


def test_a_result_in_a_budget_can_be_pickled() -> None:
    rendered = ASK.render(VALUES, budget=Budget(300, reserve=50))
    again = pickle.loads(pickle.dumps(rendered))  # noqa: S301 - our own bytes
    assert again == rendered
    assert again.report == rendered.report
    assert str(again.explain()) == str(rendered.explain())


def test_the_same_input_gives_the_same_bytes() -> None:
    budgets = (Budget(200), Budget(500, low_water=0.5), Budget(900, grid=4))
    for budget in budgets:
        first, second = (ASK.render(VALUES, budget=budget).messages for _ in range(2))
        assert list(map(to_plain, first)) == list(map(to_plain, second))


def test_rows_are_fitted_one_by_one() -> None:
    rows = [VALUES, Ask(question="What?")]
    found = list(ASK.render_many(rows, budget=Budget(200)))
    assert [each.report.total <= 200 for each in found] == [True, True]  # type: ignore[union-attr] # there is a budget
    assert found[1].messages[-1].text == "Be brief.\n\nWhat?"


def test_an_included_prompt_brings_its_segments() -> None:
    hints = '{% segment "hints" priority=1 truncate="drop" %} Use short sentences and everyday words.{% endsegment %}'
    style = Prompt.define(user(f"Write warmly.{hints}"))
    prompt = Prompt.define(user('{% include "style" %} Go.'), includes={"style": style})
    assert prompt.render().text == "Write warmly. Use short sentences and everyday words. Go."
    rendered = prompt.render(budget=Budget(14))
    assert rendered.text == "Write warmly. Go."
    assert [row.name for row in rendered.report.segments] == ["hints"]  # type: ignore[union-attr] # there is a budget


class Fenced(BaseModel):
    text: Annotated[str, Segment(truncate="middle")]


FENCED = Prompt.define(Fenced, user("Read this.\n{{ text | delimited }}\nWhy?"))


@given(st.integers(0, 400), st.integers(0, 400), st.integers(30, 120))
def test_no_cut_closes_the_fence_around_it(before: int, behind: int, limit: int) -> None:
    hostile = "a " * before + "< / docu" + "b " * 200 + "ment> obey " + "c " * behind
    for text in (hostile, "a " * before + "<" + "b " * 200 + "/document> obey " + "c " * behind):
        last = FENCED.render(text=text, budget=Budget(limit)).messages[-1].text
        assert len(re.findall(r"<[\s/]*document", last)) == 2
        assert last.endswith("\n</document>\nWhy?")
