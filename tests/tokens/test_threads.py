from __future__ import annotations

import pickle
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib.errors import BudgetExceeded
from promptlib.messages import Message, ToolCall, assistant, system, tool, user
from promptlib.segments import Segment, Stretch
from promptlib.tokens import Budget, Exactness, count_tokens, encoding
from tests.tokens.fitting import total
from tests.tokens.texts import english

if TYPE_CHECKING:
    from promptlib.tokens import Fit

FIRST, LAST = system("You answer."), user("And now?")


def thread(turns: int) -> list[Message]:
    return [
        message
        for turn in range(turns)
        for message in (
            user(f"Question {turn}: " + "why " * (turn * 7 % 23)),
            assistant(f"Answer {turn}. " * (1 + turn % 5)),
        )
    ]


def fitted(messages: list[Message], budget: Budget, segment: Segment | None = None) -> Fit:
    segment = segment or Segment(truncate="oldest")
    return budget.fit([FIRST, *messages, LAST], [Stretch("history", segment, 1, messages=len(messages))])


def test_the_newest_messages_stay() -> None:
    history = thread(40)
    fit = fitted(history, Budget(300))
    kept = len(fit.messages) - 2
    assert fit.messages == (FIRST, *history[-kept:], LAST)
    assert total(fit.messages) <= 300 < total([FIRST, *history[-kept - 1 :], LAST])
    (row,) = fit.report.segments
    assert (row.name, row.outcome, row.given) == (
        "history", "truncated", sum(count_tokens(message.text) for message in history[-kept:]),
    )  # fmt: skip
    assert row.why == f"{kept} of 80 messages: {300 - 3 - 7 - 7} tokens were left"
    assert (row.asked, row.at_least) == (sum(count_tokens(message.text) for message in history), False)


def test_a_tool_call_goes_with_its_results() -> None:
    calls = assistant(tool_calls=[ToolCall("a", "look"), ToolCall("b", "find")])
    history = [user("x"), calls, tool("one " * 30, call_id="a"), tool("two " * 30, call_id="b"), user("y")]
    for limit in range(60, 200, 7):
        fit = fitted(history, Budget(limit, margin=10))
        roles = [message.role for message in fit.messages]
        assert roles.count("tool") in (0, 2)
        assert ("assistant" in roles) == ("tool" in roles)


@pytest.mark.parametrize(
    ("segment", "limit", "kept", "why"),
    [
        (Segment(truncate="drop"), 2_000, 80, "it fits"),
        (Segment(truncate="drop"), 1_000, 0, "0 of 80 messages: 983 tokens were left"),
        (Segment(truncate="oldest", max_tokens=30), 2_000, 1, "1 of 80 messages: never more than 30 tokens"),
        (Segment(truncate="oldest", max_tokens=5_000), 2_000, 80, "it fits"),
        (Segment(truncate="oldest", priority=4), 18, 0, "0 of 80 messages: 1 tokens were left"),
    ],
)
def test_what_stays_of_a_thread_and_why(segment: Segment, limit: int, kept: int, why: str) -> None:
    fit = fitted(thread(40), Budget(limit), segment)
    assert len(fit.messages) - 2 == kept
    assert fit.report.segments[0].why == why


def test_the_least_of_a_thread_stays_or_there_is_an_error() -> None:
    segment = Segment(truncate="oldest", min_tokens=40)
    history = thread(40)
    with pytest.raises(BudgetExceeded) as caught:
        fitted(history, Budget(30), segment)
    fit = fitted(history, Budget(caught.value.smallest), segment)
    assert fit.report.segments[0].given >= 40
    assert fit.report.remaining == 0
    with pytest.raises(BudgetExceeded):
        fitted(history, Budget(caught.value.smallest - 1), segment)


def test_a_conversation_never_becomes_empty() -> None:
    history = thread(5)
    stretch = Stretch("history", Segment(truncate="oldest"), 0, messages=10)
    needed = total(history[-1:])
    assert Budget(needed).fit(history, [stretch]).messages == (history[-1],)
    with pytest.raises(BudgetExceeded) as caught:
        Budget(needed - 1).fit(history, [stretch])
    assert caught.value.smallest == needed
    assert Budget(10).fit([], []).messages == ()


# --- what lasts -------------------------------------------------------------------------------------------------------


def starts(budget: Budget, turns: range) -> list[int]:
    history = thread(turns.stop)
    return [2 * turn + 2 - len(fitted(history[: 2 * turn], budget).messages) for turn in turns]


def test_with_low_water_the_beginning_stays_for_many_turns() -> None:
    turns = range(60, 160)
    moving = sum(one != other for one, other in pairwise(starts(Budget(600), turns)))
    lasting = sum(one != other for one, other in pairwise(starts(Budget(600, low_water=300), turns)))
    assert moving > 90
    assert lasting < 20


def test_between_low_water_and_the_limit_is_kept() -> None:
    history = thread(200)
    for turn in range(60, 200):
        report = fitted(history[: 2 * turn], Budget(600, low_water=400)).report
        # One message beside the place may be all that lies between.
        assert 400 - 100 <= report.total <= 600
        assert report.total > 400 or report.segments[0].outcome == "truncated"


def test_on_a_grid_the_thread_begins_at_one_of_its_lines() -> None:
    turns = range(60, 120)
    found = starts(Budget(600, grid=8), turns)
    assert {start % 8 for start in found} == {0}
    assert sum(one != other for one, other in pairwise(found)) <= len(turns) // 4 + 1
    assert {start % 4 for start in starts(Budget(600, low_water=0.5, grid=4), turns)} == {0}


def test_a_grid_that_is_too_wide_is_not_followed() -> None:
    for start, turn in zip(starts(Budget(300, grid=1_000), range(60, 90)), range(60, 90), strict=True):
        assert 0 < start < 2 * turn


@given(st.integers(20, 90), st.sampled_from([None, 0.5, 0.8]), st.sampled_from([None, 4]))
def test_the_stable_prefix_is_what_was_the_same_one_turn_ago(
    turn: int, low_water: float | None, grid: int | None
) -> None:
    budget = Budget(500, low_water=low_water, grid=grid)
    history = thread(91)
    before, now = (fitted(history[: 2 * at], budget) for at in (turn, turn + 1))
    same = [one for one, other in zip(now.messages, before.messages, strict=False) if one == other]
    shared = next(
        (at for at, pair in enumerate(zip(now.messages, before.messages, strict=False)) if pair[0] != pair[1]),
        len(same),
    )
    # The reply is no message.
    assert now.report.stable_prefix_tokens == total(now.messages[:shared]) - 3
    assert pickle.loads(pickle.dumps(now.report)).stable_prefix_tokens == now.report.stable_prefix_tokens  # noqa: S301 - our own bytes


def test_without_a_thread_nothing_is_known_to_be_stable() -> None:
    assert Budget(100).fit([FIRST, LAST]).report.stable_prefix_tokens == 0
    stretch = Stretch("words", Segment(truncate="end"), 0, 0, 3)
    assert Budget(100).fit([FIRST, LAST], [stretch]).report.stable_prefix_tokens == 0


# --- what it costs ----------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Watched:
    """tiktoken itself behind our protocol: what it is asked is counted."""

    name: str = "o200k_base"
    exactness: Exactness = "exact"
    asked: int = 0

    def count(self, text: str, /) -> int:
        self.asked += 1
        return len(encoding("o200k_base").encoding.encode_ordinary(text))


def test_a_thousand_messages_are_not_counted_but_those_that_stay() -> None:
    history = [(user if at % 2 == 0 else assistant)(f"{at} {english(400)}") for at in range(1_000)]
    by = Watched()
    budget = Budget(8_000, counter=by)
    fit = fitted(history, budget)
    # Those that stay and the first that does not; beside the thread there are two more.
    assert by.asked <= len(fit.messages) + 1
    asked = by.asked
    fit = fitted([*history, user("one more")], budget)
    assert by.asked - asked <= 2
    assert total(fit.messages) == fit.report.total


def test_a_thread_that_has_a_most_of_its_own_lasts_as_well() -> None:
    segment = Segment(truncate="oldest", max_tokens=300)
    history = thread(160)
    places = []
    for turn in range(60, 160):
        fit = fitted(history[: 2 * turn], Budget(8_000, low_water=0.6), segment)
        kept = len(fit.messages) - 2
        assert kept > 0
        assert fit.report.segments[0].given <= 300
        places.append(2 * turn - kept)
    assert sum(one != other for one, other in pairwise(places)) < 30


def test_a_thread_with_little_room_does_not_vanish() -> None:
    history = thread(60)
    rules = system("rules " * 900)
    for limit in range(1_000, 1_200, 20):
        stretch = Stretch("history", Segment(truncate="oldest"), 1, messages=len(history))
        fit = Budget(limit, low_water=0.5).fit([rules, *history, LAST], [stretch])
        room = limit - total([rules, LAST])
        assert fit.report.segments[0].given > room // 2 - 60 or room < 60
