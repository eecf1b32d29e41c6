from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib.messages import Message, ToolCall, assistant, system, tool, user
from promptlib.tokens.turns import Steady, before_last_turn, units

CALLS = assistant(tool_calls=[ToolCall("a", "look"), ToolCall("b", "find")])


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([], []),
        ([user("x"), assistant("y")], [range(1), range(1, 2)]),
        (
            [user("x"), CALLS, tool("1", call_id="a"), tool("2", call_id="b"), user("z")],
            [range(1), range(1, 4), range(4, 5)],
        ),
        ([CALLS, tool("1", call_id="a"), user("in between"), tool("2", call_id="b")], [range(4)]),
        ([user("x"), tool("orphan", call_id="?")], [range(1), range(1, 2)]),
        ([tool("orphan")], [range(1)]),
        ([CALLS, tool("without an id"), tool("another")], [range(3)]),
        ([CALLS, user("x"), tool("without an id")], [range(1), range(1, 2), range(2, 3)]),
        ([CALLS, tool("1", call_id="a"), CALLS, tool("2", call_id="a")], [range(2), range(2, 4)]),
        ([user("x"), Message("user", tool_call_id="a")], [range(1), range(1, 2)]),
    ],
)
def test_a_call_and_its_results_are_one(messages: list[Message], expected: list[range]) -> None:
    assert units(messages) == expected


def test_one_turn_ago_the_thread_ended_before_the_last_message_of_the_user() -> None:
    assert before_last_turn([user("a"), assistant("b"), user("c"), assistant("d")]) == 2
    assert before_last_turn([system("a"), assistant("b")]) == 0
    assert before_last_turn([]) == 0


@given(st.integers(1, 500), st.integers(0, 200), st.integers(1, 40))
def test_a_place_lies_in_the_window_and_on_the_grid_if_there_is_a_line(first: int, width: int, grid: int) -> None:
    last = first + width
    place = Steady(0.5, grid).begin(first, last)
    assert first <= place <= last
    lines = [at for at in range(first, last + 1) if at % grid == 0]
    assert place % grid == 0 or not lines
    if lines:
        assert Steady(None, grid).begin(first, last) == lines[0]


@given(st.integers(2, 64))
def test_a_place_lasts_for_about_half_of_the_window(width: int) -> None:
    places = [Steady(0.5).begin(first, first + width) for first in range(1, 2_001)]
    moves = sum(one != other for one, other in pairwise(places))
    assert moves <= 2_000 / (width / 4) + 1
    assert all(one <= other for one, other in pairwise(places))


def test_what_is_kept_at_least_follows_from_low_water_and_grid() -> None:
    assert Steady().low(1_000) == 1_000
    assert Steady(0.7).low(1_000) == 700
    assert Steady(0.7, 8).low(1_000) == 700
    assert Steady(None, 8).low(1_000) == 500
