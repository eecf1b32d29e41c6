"""What a change costs in tokens."""

from __future__ import annotations

import json
import pickle
import sys
from typing import Any

import pytest
from pydantic import BaseModel

from promptlib import Prompt, Thread, count_tokens, placeholder, system, user
from promptlib.diff import PromptDiff, diff
from promptlib.refs import Pin


class Asked(BaseModel):
    question: str
    history: Thread = ()


OLD = Prompt.define(Asked, system("Be brief."), placeholder("history"), user("{{ question }}"))
NEW = OLD.evolve(
    messages=[system("Be brief and very kind."), user("{{ question }}"), placeholder("history"), user("Go")]
)


def source_tokens(prompt: Prompt[Any], encoding: str = "o200k_base") -> int:
    return sum(count_tokens(piece.text, encoding=encoding) for piece in prompt.messages)


@pytest.mark.parametrize("encoding", ["o200k_base", "cl100k_base"])
def test_all_of_it_and_each_message(encoding: str) -> None:
    tokens = diff(OLD, NEW).count(encoding)
    assert (tokens.before, tokens.after) == (source_tokens(OLD, encoding), source_tokens(NEW, encoding))
    assert (tokens.change, tokens.exactness, tokens.encoding) == (tokens.after - tokens.before, "exact", encoding)
    assert sum(each.change for each in tokens.messages) == tokens.change
    for row, cost in zip(diff(OLD, NEW).messages, tokens.messages, strict=True):
        for text, count in ((row.old_text, cost.before), (row.new_text, cost.after)):
            assert (count is None) == (text is None)
            assert count is None or count == count_tokens(text or "", encoding=encoding)


def test_by_o200k_base_when_nothing_is_said() -> None:
    difference = diff(OLD, NEW)
    assert difference.tokens == difference.count("o200k_base")
    assert [row.tokens for row in difference.messages] == list(difference.tokens.messages)
    assert str(difference.tokens) == "6 -> 10 tokens (+4), exact by o200k_base"
    assert difference.tokens.note == "source texts: no values, no tools"


def test_a_function_counts_as_the_provider() -> None:
    tokens = diff(OLD, NEW).count(len)
    assert (tokens.exactness, tokens.encoding) == ("provider", "len")
    assert tokens.after == sum(len(piece.text) for piece in NEW.messages)


def test_a_new_prompt_and_one_that_is_equal() -> None:
    assert (diff(None, OLD).tokens.before, diff(None, OLD).tokens.change) == (0, source_tokens(OLD))
    assert [str(each) for each in diff(None, OLD).tokens.messages] == ["+3 tokens", "±0 tokens", "+3 tokens"]
    assert diff(OLD, OLD).tokens.change == 0


def test_includes_are_counted_once_and_those_not_at_hand_are_named() -> None:
    inner = Prompt.define(system("Inner words."))
    style = Prompt.define(system('Style. {% include "inner" %}'), includes={"inner": inner})
    kinder = style.evolve(messages=[system('Kind style, and long. {% include "inner" %}')])
    before = Prompt.define(
        system('{% include "one" %}{% include "two" %}{% include "far" %}'),
        includes={"one": style, "two": style, "far": Pin("far/away", "sha256:" + "0" * 64)},
    )
    after = before.evolve(includes={"one": kinder, "two": kinder, "far": str(before.includes["far"])})
    tokens = diff(before, after).tokens
    change = count_tokens('Kind style, and long. {% include "inner" %}') - count_tokens('Style. {% include "inner" %}')
    assert tokens.change == change
    assert [(alias, each.change) for alias, each in tokens.includes] == [("one", change), ("one.inner", 0)]
    assert tokens.uncounted == ("far",)
    assert tokens.note.endswith("; without the include far")
    assert tokens.before == sum(
        map(count_tokens, [before.messages[0].text, style.messages[0].text, inner.messages[0].text])
    )


def test_in_every_form() -> None:
    difference = diff(OLD, NEW)
    told = "6 -> 10 tokens (+4), exact by o200k_base"
    assert told in difference.text()
    assert "6 → 10 tokens (+4), exact by o200k_base" in difference.html()
    assert "**6 → 10 tokens (+4)**, exact by `o200k_base`" in difference.markdown()
    data: Any = json.loads(json.dumps(difference.to_dict()))
    assert data["tokens"] == {
        "before": 6,
        "after": 10,
        "change": 4,
        "exactness": "exact",
        "encoding": "o200k_base",
        "includes": [],
        "uncounted": [],
    }
    assert [row["tokens"]["change"] for row in data["messages"]] == [3, 0, 0, 1]
    other: Any = difference.to_dict(encoding="cl100k_base")
    assert other["tokens"]["encoding"] == "cl100k_base"
    assert "by cl100k_base" in difference.text(encoding="cl100k_base")


def test_nothing_is_counted_before_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "promptlib.diff.counts", raising=False)
    difference = diff(OLD, NEW)
    assert difference.breaking is False
    assert "promptlib.diff.counts" not in sys.modules
    assert difference.tokens.change == 4


def test_what_counts_is_found_where_it_is_looked_for() -> None:
    from promptlib import diff as room

    assert {room.DiffTokens.__name__, room.TokenChange.__name__} == {"DiffTokens", "TokenChange"}
    with pytest.raises(AttributeError, match="has no attribute 'Tokens'"):
        room.Tokens  # noqa: B018 - asking for it is the test


def test_a_difference_is_a_value() -> None:
    difference = diff(OLD, NEW)
    assert difference == diff(OLD, NEW)
    assert hash(difference) == hash(diff(OLD, NEW))
    copied = pickle.loads(pickle.dumps(difference))  # noqa: S301 - our own bytes
    assert copied == difference
    assert copied.tokens == difference.tokens
    assert PromptDiff(before=None, after=difference.after, messages=difference.messages).tokens.after == 10
