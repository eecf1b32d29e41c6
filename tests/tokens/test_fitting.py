from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptlib.errors import BudgetExceeded
from promptlib.segments import Segment
from promptlib.tokens import Budget
from tests.tokens.fitting import Chat, Scene, chats, count, cuts, messages_of, scenes, segments, shown, total
from tests.tokens.texts import broken_texts

if TYPE_CHECKING:
    from promptlib.messages import Message

DROPPED = st.builds(Segment, priority=st.integers(-1, 2), truncate=st.just("drop"))


def order(chat: Chat) -> list[tuple[int, int]]:
    places = [
        (number, at)
        for number, (_, pieces) in enumerate(chat)
        for at, piece in enumerate(pieces)
        if piece.segment is not None and piece.text
    ]
    return sorted(places, key=lambda place: -policy(chat, place).priority)


def policy(chat: Chat, place: tuple[int, int]) -> Segment:
    segment = chat[place[0]][1][place[1]].segment
    assert segment is not None
    return segment


def by_trying_all(chat: Chat, limit: int) -> tuple[Message, ...] | None:
    """Of all ways to keep or drop, the one that keeps what comes first in the order; None when nothing fits."""
    places = order(chat)
    for chosen in product([True, False], repeat=len(places)):
        kept = {
            place: chat[place[0]][1][place[1]].text if keep else "" for place, keep in zip(places, chosen, strict=True)
        }
        if total(messages := shown(chat, kept)) <= limit:
            return messages
    return None


@given(chats(DROPPED, pieces=4), st.integers(20, 400))
def test_dropping_equals_trying_all_ways(chat: Chat, limit: int) -> None:
    messages, stretches = messages_of(chat)
    expected = by_trying_all(chat, limit)
    if expected is None:
        with pytest.raises(BudgetExceeded):
            Budget(limit).fit(messages, stretches)
        return
    assert Budget(limit).fit(messages, stretches).messages == expected


def one_after_the_other(chat: Chat, limit: int) -> tuple[Message, ...] | None:
    """Segment by segment in the order: the most of it beside what was chosen before, and none of those behind."""
    places = order(chat)
    chosen = dict.fromkeys(places, "")
    if total(shown(chat, chosen)) > limit:
        return None
    for place in places:
        room = limit - total(shown(chat, chosen))
        for text in cuts(chat[place[0]][1][place[1]].text, policy(chat, place), room):
            if total(shown(chat, chosen | {place: text})) <= limit:
                chosen[place] = text
                break
    return shown(chat, chosen)


@given(chats(segments(least=st.just(0)), pieces=3, written=broken_texts()), st.integers(20, 300))
def test_cutting_equals_encoding_all_of_it_for_every_cut(chat: Chat, limit: int) -> None:
    messages, stretches = messages_of(chat)
    expected = one_after_the_other(chat, limit)
    if expected is None:
        with pytest.raises(BudgetExceeded):
            Budget(limit).fit(messages, stretches)
        return
    assert Budget(limit).fit(messages, stretches).messages == expected


def is_kept_from(kept: str, whole: str, markers: list[str]) -> bool:
    """Whether *kept* is *whole* with stretches left out, and some of *markers* put in."""
    pieces = [kept]
    for marker in markers:
        pieces = [part for piece in pieces for part in piece.split(marker)]
    rest = iter(whole)
    return all(char in rest for piece in pieces for char in piece)


@settings(max_examples=1_000)
@given(scenes(), st.integers(12, 400), st.sampled_from([None, 0.5]), st.sampled_from([None, 2]))
def test_the_promises_hold(scene: Scene, limit: int, low_water: float | None, grid: int | None) -> None:
    check_promises(scene, Budget(limit, low_water=low_water, grid=grid))


@pytest.mark.soak
@settings(max_examples=100_000)
@given(scenes(), st.integers(12, 400), st.sampled_from([None, 0.5]), st.sampled_from([None, 2]))
def test_the_promises_hold_a_hundred_thousand_times(
    scene: Scene, limit: int, low_water: float | None, grid: int | None
) -> None:
    check_promises(scene, Budget(limit, low_water=low_water, grid=grid))


def check_promises(scene: Scene, budget: Budget) -> None:
    limit = budget.limit
    smallest = 0
    try:
        fitted = budget.fit(scene.messages, scene.stretches)
    except BudgetExceeded as error:
        smallest = error.smallest
    if smallest:
        assert smallest > limit
        assert total(Budget(smallest).fit(scene.messages, scene.stretches).messages) <= smallest
        return
    assert fitted == budget.fit(scene.messages, scene.stretches)
    report = fitted.report
    assert total(fitted.messages) == report.total <= limit
    assert report.exactness == "exact"
    for number, message in zip(fitted.numbers, fitted.messages, strict=True):
        whole = scene.messages[number]
        markers = [each.segment.marker for each in scene.stretches if each.message == number and each.segment.marker]
        assert is_kept_from(message.text, whole.text, markers)
        assert message.text.encode().count("\ufffd".encode()) <= whole.text.count("\ufffd")
    assert sum(row.tokens for row in report.messages) + report.overhead == report.total
    assert report.fixed + sum(row.given for row in report.segments) + report.overhead == report.total
    assert report.total + report.remaining == limit
    for row in report.segments:
        assert (row.outcome == "kept") == (row.asked == row.given and not row.at_least) or row.outcome != "kept"
        assert (row.outcome == "dropped") == (row.given == 0) or row.asked == 0 or row.given == 0
    for stretch, row in zip(
        sorted(scene.stretches, key=lambda each: (each.message, each.start)), report.segments, strict=True
    ):
        assert row.name == stretch.name
        if stretch.segment.max_tokens is not None:
            # Least goes before most, to a character; a conversation that would be empty keeps its newest message.
            most = max(stretch.segment.max_tokens, stretch.segment.min_tokens + 4 * bool(stretch.segment.min_tokens))
            thread = range(stretch.message, stretch.message + stretch.messages)
            assert row.given <= most or sum(number in thread for number in fitted.numbers) in (1, len(thread))
        if not stretch.messages:
            assert row.given >= min(stretch.segment.min_tokens, count(scene.text(stretch)))


@given(scenes())
def test_nothing_changes_when_everything_fits(scene: Scene) -> None:
    if any(each.segment.max_tokens is not None for each in scene.stretches):
        return
    needed = total(scene.messages)
    fitted = Budget(needed).fit(scene.messages, scene.stretches)
    assert fitted.messages == scene.messages
    assert {row.outcome for row in fitted.report.segments} <= {"kept"}
    assert fitted.report.remaining == 0
