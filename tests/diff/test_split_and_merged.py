"""Messages that were split and merged, and that the work stays in bounds whatever the size."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib import Prompt, assistant, placeholder, system, user
from promptlib.diff import alignment, diff, wording
from promptlib.inputs import Input, InputType

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptlib.diff import PromptDiff
    from promptlib.messages import Piece

RULES = "You sort support tickets for a shop. Answer with one word."
VOICE = "Write in a warm voice and never promise a refund or a date."


def of(*pieces: Piece, **fields: Any) -> Prompt[Any]:
    return Prompt(messages=pieces, **fields)


def told(difference: PromptDiff) -> list[str]:
    return [f"{row.title}: {row.summary}" for row in difference.messages if row.change != "same"]


def test_a_message_that_was_split_tells_where_from() -> None:
    whole, parts = of(system(f"{RULES}\n{VOICE}"), user("Go")), of(system(RULES), system(VOICE), user("Go"))
    assert told(diff(whole, parts)) == ["system message 1: reworded", "system message 2: added, split from 1"] or told(
        diff(whole, parts)
    ) == ["system message 1: added, split from 1", "system message 2: reworded"]
    assert told(diff(parts, whole)) in (
        ["system message 1: reworded", "system message 2: removed, merged into 1"],
        ["system message 1: removed, merged into 1", "system message 1: moved from 2, reworded"],
        ["system message 1: removed, merged into 1", "system message 1: reworded"],
    )


def test_a_part_may_get_another_role() -> None:
    whole, parts = of(system(f"{RULES}\n{VOICE}")), of(system(RULES), user(VOICE))
    assert "user message 2: added, split from 1" in told(diff(whole, parts))
    assert "user message 2: removed, merged into 1" in told(diff(parts, whole))


def test_words_of_its_own_make_a_new_message() -> None:
    before = of(system(f"{RULES}\n{VOICE}"))
    after = of(system(RULES), user("Here are the ticket and all that we know of its customer."))
    assert "user message 2: added" in told(diff(before, after))
    few = diff(of(system(f"{RULES} Go.")), of(system(RULES), user("Go.")))
    assert "user message 2: added" in told(few)  # two words say nothing of where they are from


def test_placeholders_are_not_made_of_words() -> None:
    inputs = (Input(name="history", type=InputType(kind="thread")),)
    before, after = of(system(RULES)), of(system(VOICE), placeholder("history"), inputs=inputs)
    assert all(not (row.split_from or row.merged_into) for row in diff(before, after).messages if row.name)


texts = st.lists(st.sampled_from(["one", "two", "three", "four", "five", "\n", "{{ x }}"]), max_size=12).map(" ".join)
pieces = st.lists(
    st.builds(lambda role, text: role(text, literal=True), st.sampled_from([system, user, assistant]), texts)
)


@given(pieces, pieces)
def test_both_sides_come_back_exactly(before: list[Any], after: list[Any]) -> None:
    one, other = of(*before, user("end")), of(*after, user("end"))
    there, back = diff(one, other), diff(other, one)
    for difference, old, new in ((there, one, other), (back, other, one)):
        rows = difference.messages
        olds = {row.before: row.old_text for row in rows if row.before}
        news = {row.after: row.new_text for row in rows if row.after}
        assert [olds[at + 1] for at in range(len(olds))] == [piece.text for piece in old.messages]
        assert [news[at + 1] for at in range(len(news))] == [piece.text for piece in new.messages]
        for row in rows:
            assert row.split_from in (None, *olds)
            assert row.merged_into in (None, *news)
    assert bool(there) == bool(back)
    assert there.tokens.change == -back.tokens.change


# --- bounds -----------------------------------------------------------------------------------------------------------


class Counted:
    """Counts how often a function is called."""

    def __init__(self, function: Callable[..., Any]) -> None:
        """Count calls of *function*."""
        self.function, self.calls = function, 0

    def __call__(self, *arguments: Any) -> Any:
        self.calls += 1
        return self.function(*arguments)


@pytest.fixture
def likeness(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """Return a counter of how many pairs of messages are compared by their words."""
    counted = Counted(alignment._likeness)
    monkeypatch.setattr(alignment, "_likeness", counted)
    return counted


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """Return a counter of the steps of all shortest edits."""
    counted = Counted(wording._came_from)
    monkeypatch.setattr(wording, "_came_from", counted)
    return counted


def test_a_thousand_messages(likeness: Counted, steps: Counted) -> None:
    before = of(*(user(f"question {at} about {at * 7} things, please answer") for at in range(1_000)))
    after = of(*(user(f"question {at} on {at * 7} things, please reply") for at in range(1_000)))
    assert all(row.reworded for row in diff(before, after).messages)
    assert likeness.calls <= 3 * 1_000
    assert steps.calls <= 1_000_000
    likeness.calls = steps.calls = 0
    turned = diff(before, of(*before.messages[::-1]))
    assert sum(row.moved for row in turned.messages) == 999
    assert likeness.calls == 0


@pytest.mark.no_cover
def test_a_message_of_ten_megabytes(likeness: Counted, steps: Counted) -> None:
    lines = [
        f"line {at} of a long manual that somebody put into a prompt, with words and more words"
        for at in range(125_000)
    ]
    before = of(system("\n".join(lines)))
    assert len(before.messages[0].text) > 10_000_000
    changed = [*lines[:300], "a line that is new", *lines[300:90_000], lines[90_000] + " indeed", *lines[90_001:]]
    row = diff(before, of(system("\n".join(changed)))).messages[0]
    assert [word.text for word in row.words if word.edit != "same"] == ["a line that is new\n", " indeed"]
    assert steps.calls <= 100
    assert likeness.calls <= 1


def test_a_long_message_that_changed_in_every_line(steps: Counted) -> None:
    lines = [f"line {at} of a manual" for at in range(20_000)]
    before, after = of(system("\n".join(lines))), of(system("\n".join(f"{line}!" for line in lines)))
    assert "".join(row.new_text or "" for row in diff(before, after).messages).count("!") == 20_000
    assert steps.calls <= wording.MOST_EDITS**2


def test_many_long_messages_are_looked_for_where_they_were(likeness: Counted) -> None:
    texts = [" ".join(f"w{at}x{word}" for word in range(2_000)) for at in range(80)]
    before, after = of(*map(user, texts)), of(*(user(f"{text} more") for text in texts))
    assert all(row.reworded and not row.moved for row in diff(before, after).messages)
    assert likeness.calls <= 3 * 80


def test_no_recursion_limit_is_met_by_long_lines() -> None:
    before, after = (of(user(letter * 200_000)) for letter in "ab")
    assert sys.getrecursionlimit() < 10_000
    assert len(diff(before, after).text(140)) > 400_000
