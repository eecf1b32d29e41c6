from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib.errors import BudgetExceeded, InvalidInputs, InvalidPrompt
from promptlib.messages import Message, ToolCall, assistant, developer, system, tool, user
from promptlib.segments import Segment
from promptlib.tokens import Budget, count_messages, fit
from tests.tokens.fitting import total
from tests.tokens.texts import texts

CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}


def talk(turns: int) -> list[Message]:
    return [message for turn in range(turns) for message in (user(f"Question {turn}?"), assistant(f"Answer {turn}."))]


def test_what_fits_comes_back_as_it_is() -> None:
    given = [system("Be kind."), *talk(3), user("Why?")]
    fitted = fit(given, Budget(1_000))
    assert fitted.messages == tuple(given)
    assert fitted.tokens == count_messages(given) == fitted.report.total
    assert fitted.report.segments[0].outcome == "kept"
    assert (list(fitted), len(fitted), fitted[-1]) == (given, len(given), given[-1])
    assert fitted.stable_prefix_tokens == fitted.report.stable_prefix_tokens


def test_the_oldest_go_and_what_leads_and_the_last_stay() -> None:
    given = [system("Be kind."), developer("Be brief."), *talk(50), user("Why?")]
    fitted = fit(given, Budget(200))
    assert fitted.messages[:2] == tuple(given[:2])
    assert fitted.messages[2:] == tuple(given[-len(fitted.messages) + 2 :])
    assert total(fitted.messages) == fitted.tokens <= 200
    assert str(fitted.explain()) == str(fitted.report.explain())
    assert fit(fitted.messages, Budget(200)).messages == fitted.messages


def test_mappings_come_back_as_the_very_same() -> None:
    given: list[dict[str, Any]] = [{"role": "system", "content": "Be kind."}]
    given += [{"role": "user", "content": f"Question {at}", "metadata": at} for at in range(40)]
    for each in given:
        each.pop("metadata", None)
    fitted = fit(given, Budget(100))
    assert all(any(kept is each for each in given) for kept in fitted.messages)
    assert fitted.messages[-1] is given[-1]


def test_a_tool_call_at_the_end_stays_with_its_result() -> None:
    given: list[dict[str, Any]] = [
        *({"role": "user", "content": "word " * 20} for _ in range(5)),
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "content": "found", "tool_call_id": "c1"},
    ]
    fitted = fit(given, Budget(45, margin=10))
    assert fitted.messages == tuple(given[-2:])


def test_the_last_message_can_be_cut_when_that_is_said() -> None:
    long = "words and words " * 300
    given = [system("Be kind."), *talk(10), user(long)]
    with pytest.raises(BudgetExceeded, match="what must stay takes"):
        fit(given, Budget(300))
    fitted = fit(given, Budget(300), segments={-1: Segment(truncate="middle", marker=" […] ", priority=1)})
    assert fitted.messages[:1] == (given[0],)
    assert " […] " in fitted.messages[-1].text
    assert total(fitted.messages) <= 300
    assert [row.name for row in fitted.report.segments] == ["history", f"message {len(given) - 1}"]


def test_a_mapping_that_was_cut_is_a_new_mapping_with_the_other_keys() -> None:
    given: list[dict[str, Any]] = [{"role": "user", "content": "words " * 100, "name": "Ann"}]
    fitted = fit(given, Budget(40), segments={0: {"truncate": "end"}})
    (kept,) = fitted.messages
    assert kept["name"] == "Ann"
    assert given[0]["content"].startswith(kept["content"])
    assert given[0]["content"] != kept["content"]


@pytest.mark.parametrize(
    ("segments", "error", "text"),
    [
        ({9: Segment()}, InvalidInputs, "no message 9 among 6\nthey are counted from 0, or from -1"),
        ({2: Segment()}, InvalidInputs, "message 2 is part of the history, and stays whole or goes\nleading system"),
        ({-1: Segment(truncate="items")}, InvalidInputs, "message 5 is a text, and cannot be cut by 'items'\nwrite tr"),
        (
            {-1: {"prio": 3}},
            InvalidPrompt,
            "the segment of message -1 has no 'prio'\ndid you mean 'priority'? words: p",
        ),
        ({-1: 3}, InvalidPrompt, "the segment of message -1 is a int\nwrite Segment(priority=10)"),
    ],
)
def test_what_cannot_be_cut_is_told(segments: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=f"^{re.escape(text)}"):
        fit([system("a"), *talk(2), user("b")], Budget(100), segments=segments)


def test_what_is_no_message_is_refused() -> None:
    with pytest.raises(InvalidInputs, match="no role 'nobody'"):
        fit([{"role": "nobody", "content": "x"}], Budget(100))


def test_no_messages_are_no_messages() -> None:
    assert fit([], Budget(100)).messages == ()
    assert fit([system("only")], Budget(100)).messages == (system("only"),)
    empty = fit([user("")], Budget(100), segments={0: Segment()})
    assert empty.messages == (user(""),)


@given(
    st.lists(
        st.builds(lambda role, text: role(text), st.sampled_from([system, user, assistant]), texts(1)), max_size=12
    ),
    st.integers(10, 200),
)
def test_fitting_keeps_its_word(messages: list[Message], limit: int) -> None:
    try:
        fitted = fit(messages, Budget(limit))
    except BudgetExceeded as error:
        smallest = error.smallest
    else:
        smallest = 0
    if smallest:
        assert fit(messages, Budget(smallest)).report.remaining >= 0
        with pytest.raises(BudgetExceeded):
            fit(messages, Budget(smallest - 1))
        return
    assert total(fitted.messages) == fitted.tokens <= limit
    assert fit(fitted.messages, Budget(limit)).messages == fitted.messages
    kept = iter(messages)
    assert all(any(each is message for each in kept) for message in fitted.messages)
    if total(messages) <= limit:
        assert fitted.messages == tuple(messages)


def test_tool_calls_need_a_margin() -> None:
    given = [user("x"), assistant(tool_calls=[ToolCall("a", "look")]), tool("y", call_id="a")]
    with pytest.raises(
        InvalidInputs, match="tells an estimate, and a budget without margin would promise an exact one"
    ):
        fit(given, Budget(100))
    assert fit(given, Budget(100, margin=20)).tokens.exactness == "estimate"
