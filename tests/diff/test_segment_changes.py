"""Segments of inputs in a difference: rows of their own, which break no caller."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel

from promptlib import Prompt, Thread, placeholder, user
from promptlib.diff import FieldChange, diff
from promptlib.plain import Frozen


class Question(BaseModel):
    question: str
    docs: list[str] = []
    history: Thread = ()


PLAIN = Prompt.define(Question, placeholder("history"), user("{{ docs | join }}{{ question }}"))
OLD = PLAIN.evolve(segments={"history": {"priority": 10}, "docs": {}})
NEW = OLD.evolve(segments={"history": {"priority": 20}, "question": {"truncate": "middle"}, "docs": {"marker": "…"}})


def test_a_changed_segment_is_a_row_for_each_word() -> None:
    found = diff(OLD, NEW)
    assert found.segments == (
        FieldChange(layer="segments", path="history.priority", change="changed", before=10, after=20),
        FieldChange(layer="segments", path="docs.marker", change="added", after="…"),
        FieldChange(layer="segments", path="question", change="added", after=Frozen({"truncate": "middle"})),
    )
    assert found
    assert not found.same
    assert not found.breaking
    assert found.text().partition("\n\n")[2] == (
        'segments\n  ~ history.priority: 10 -> 20\n  + docs.marker: "…"\n  + question: {"truncate": "middle"}'
    )


@pytest.mark.parametrize(("before", "after", "sign"), [(PLAIN, OLD, "+"), (OLD, PLAIN, "-")])
def test_segments_come_and_go(before: Prompt[Any], after: Prompt[Any], sign: str) -> None:
    found = diff(before, after)
    assert found.text().partition("\n\n")[2] == f'segments\n  {sign} history: {{"priority": 10}}\n  {sign} docs: {{}}'
    assert not found.breaking


def test_a_new_prompt_adds_its_segments() -> None:
    assert [(row.path, row.change) for row in diff(None, OLD).segments] == [("history", "added"), ("docs", "added")]


def test_equal_segments_make_no_difference() -> None:
    spelt = PLAIN.evolve(segments={"docs": {"boundary": "token"}, "history": {"priority": 10}})
    assert not diff(OLD, spelt)
    assert diff(OLD, spelt).same


def test_the_rows_for_programs() -> None:
    rows = json.loads(json.dumps(diff(OLD, NEW).to_dict()))["segments"]
    assert (rows[0]["path"], rows[0]["before"], rows[0]["after"]) == ("history.priority", 10, 20)
