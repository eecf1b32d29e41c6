from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from promptlib.errors import BudgetExceeded
from promptlib.messages import File, Image, Message, Text, ToolCall, system, user
from promptlib.segments import Segment, Stretch
from promptlib.tokens import Budget, Exactness, count_tokens
from tests.tokens.fitting import total
from tests.tokens.test_memo import Counter

if TYPE_CHECKING:
    from promptlib.tokens import Fit, SegmentTokens

ITEMS = [f"<doc {at}>" + " words" * (3 + at % 3) + "</doc>\n" for at in range(12)]


def listed(segment: Segment, limit: int, before: str = "Documents:\n", behind: str = "(end)\n") -> Fit:
    """Fit a message of a list, with text before and behind it inside of the segment, and outside of it."""
    inside = before + "".join(ITEMS) + behind
    at, items = 7 + len(before), []
    for item in (*ITEMS, ""):
        items.append(at)
        at += len(item)
    stretch = Stretch("docs", segment, 0, 7, 7 + len(inside), tuple(items))
    return Budget(limit).fit([user("Begin. " + inside + "Why?")], [stretch])


def row(fit: Fit) -> SegmentTokens:
    return fit.report.segments[0]


def test_the_first_items_stay_whole_with_what_stands_around_them() -> None:
    fit = listed(Segment(truncate="items"), 80)
    assert fit.messages[0].text == "Begin. Documents:\n" + "".join(ITEMS[:5]) + "(end)\nWhy?"
    assert total(fit.messages) <= 80
    assert (row(fit).outcome, row(fit).why) == ("truncated", "5 of 12 items: 69 tokens were left")
    assert row(fit).given == count_tokens("Documents:\n" + "".join(ITEMS[:5]) + "(end)\n")


def test_where_items_are_missing_the_marker_stands() -> None:
    fit = listed(Segment(truncate="items", marker="… and more\n"), 76)
    assert fit.messages[0].text.endswith(ITEMS[3] + "… and more\n(end)\nWhy?")
    assert total(fit.messages) <= 76
    assert (
        listed(Segment(truncate="items", marker="… and more\n"), 500)
        .messages[0]
        .text.endswith(ITEMS[-1] + "(end)\nWhy?")
    )


def test_without_an_item_nothing_of_a_list_stays() -> None:
    fit = listed(Segment(truncate="items", marker="… and more\n"), 20)
    assert fit.messages[0].text == "Begin. Why?"
    assert (row(fit).outcome, row(fit).given) == ("dropped", 0)


def test_a_list_has_a_most_and_a_least() -> None:
    fit = listed(Segment(truncate="items", max_tokens=45), 500)
    assert row(fit).given <= 45 < row(fit).given + count_tokens(ITEMS[3])
    assert row(fit).why == "3 of 12 items: never more than 45 tokens"
    least = Segment(truncate="items", min_tokens=30)
    with pytest.raises(BudgetExceeded) as caught:
        listed(least, 20)
    fit = listed(least, caught.value.smallest)
    assert row(fit).given >= 30
    assert fit.report.remaining == 0


def test_a_list_without_items_is_a_text() -> None:
    stretch = Stretch("docs", Segment(truncate="items"), 0, 0, 11)
    assert Budget(20).fit([user("one two two and the rest")], [stretch]).messages[0].text == "one two two and the rest"
    assert Budget(12).fit([user("one two two and the rest")], [stretch]).messages[0].text == " and the rest"


# --- groups -----------------------------------------------------------------------------------------------------------


def grouped(limit: int, *segments: Segment) -> tuple[str, list[str]]:
    words = ["Title. ", "The body of it goes on and on for a while. ", "Source. "]
    text = "".join(words)
    at, stretches = 0, []
    for number, (word, segment) in enumerate(zip(words, segments, strict=True)):
        stretches.append(Stretch(f"part {number}", segment, 0, at, at + len(word)))
        at += len(word)
    fit = Budget(limit).fit([user(text + "Why?")], stretches)
    return fit.messages[0].text, [each.outcome for each in fit.report.segments]


WHOLE = Segment(truncate="drop", group="doc")
CUT = Segment(truncate="end", group="doc")


@pytest.mark.parametrize(
    ("limit", "text", "outcomes"),
    [
        (40, "Title. The body of it goes on and on for a while. Source. Why?", ["kept", "kept", "kept"]),
        (18, "Title. The body of it goesSource. Why?", ["kept", "truncated", "kept"]),
        (14, "Title. TheSource. Why?", ["kept", "truncated", "kept"]),
        (13, "Why?", ["dropped", "dropped", "dropped"]),
    ],
)
def test_a_group_is_kept_in_part_or_dropped(limit: int, text: str, outcomes: list[str]) -> None:
    assert grouped(limit, WHOLE, CUT, WHOLE) == (text, outcomes)


def test_a_group_with_a_least_must_stay() -> None:
    must = Segment(truncate="end", group="doc", min_tokens=3)
    assert grouped(16, WHOLE, must, WHOLE)[1] == ["kept", "truncated", "kept"]
    with pytest.raises(BudgetExceeded):
        grouped(15, WHOLE, must, WHOLE)


def test_a_group_that_is_far_too_long_is_not_counted() -> None:
    inside = "x" * 500_000
    stretches = [
        Stretch("head", Segment(truncate="drop", group="g"), 0, 0, 6),
        Stretch("body", Segment(truncate="drop", group="g"), 0, 6, 6 + len(inside)),
        Stretch("list", Segment(truncate="items", group="g"), 1, 0, len(inside), (0, len(inside))),
    ]
    fit = Budget(100).fit([user("Head: " + inside + "Why?"), user(inside), system("!")], stretches)
    assert [message.text for message in fit.messages] == ["Why?", "!"]
    left = f"{100 - total(fit.messages)} tokens were left for its group"
    assert [(each.outcome, each.at_least, each.why) for each in fit.report.segments] == [
        ("dropped", False, left),
        ("dropped", True, left),
        ("dropped", True, f"0 of 1 items: {left}"),
    ]


# --- messages ---------------------------------------------------------------------------------------------------------


def test_a_message_of_nothing_but_segments_goes_with_them() -> None:
    messages = [system("Rules."), user(" words" * 50 + "\n"), user("Why?")]
    stretch = Stretch("words", Segment(truncate="drop"), 1, 0, 300)
    fit = Budget(30).fit(messages, [stretch])
    assert fit.messages == (messages[0], messages[2])
    assert fit.numbers == (0, 2)
    assert total(fit.messages) == fit.report.total


def test_a_message_that_would_be_the_last_one_stays() -> None:
    fit = Budget(10).fit([user("words " * 50)], [Stretch("words", Segment(truncate="drop"), 0, 0, 300)])
    assert [message.text for message in fit.messages] == [""]


def test_a_message_with_a_tool_call_stays() -> None:
    message = Message("assistant", (Text("words " * 50),), tool_calls=(ToolCall("a", "look"),), literal=True)
    fit = Budget(60, margin=20).fit([user("x"), message], [Stretch("words", Segment(truncate="drop"), 1, 0, 300)])
    assert fit.messages[1].tool_calls == message.tool_calls
    assert fit.messages[1].text == ""


def test_text_around_an_image_is_cut_each_for_itself() -> None:
    image = Image("https://example.org/a.png", "low")
    message = Message("user", (Text("See: " + "one " * 50), image, Text("two " * 50 + "end")), literal=True)
    stretches = [
        Stretch("one", Segment(truncate="end", priority=1), 0, 5, 205),
        Stretch("two", Segment(truncate="drop"), 0, 205, 405),
    ]
    fit = Budget(150, margin=20).fit([message], stretches)
    assert fit.messages[0].parts[1] == image
    first, last = fit.messages[0].parts[0], fit.messages[0].parts[2]
    assert isinstance(first, Text)
    assert first.text.startswith("See: one one")
    assert len(first.text) < 205
    assert last == Text("end")
    assert fit.report.messages[0].outcome == "truncated"


def test_a_part_that_became_empty_is_left_out() -> None:
    message = Message("user", (Text("one " * 50), Image("https://example.org/a.png", "low"), Text("end")), literal=True)
    fit = Budget(130, margin=20).fit([message], [Stretch("one", Segment(truncate="drop"), 0, 0, 200)])
    assert fit.messages[0].parts == message.parts[1:]


def test_a_segment_around_an_image_is_not_cut() -> None:
    file = File("data:text/plain;base64,aGVsbG8=", "a.txt")
    message = Message("user", (Text("one " * 20), file, Text("two " * 20)), literal=True)
    stretch = Stretch("both", Segment(truncate="end"), 0, 0, 160)
    fit = Budget(100, margin=20).fit([message], [stretch])
    assert fit.messages == (message,)
    assert row(fit).why == "it holds an image or a file, and is not cut"
    with pytest.raises(BudgetExceeded):
        Budget(50, margin=20).fit([message], [stretch])


def test_required_text_reaches_over_an_image() -> None:
    message = Message(
        "user", (Text("one "), Image("https://example.org/a.png", "low"), Text("two three")), literal=True
    )
    fit = Budget(150, margin=20).fit([message], [Stretch("three", Segment(truncate="drop", max_tokens=1), 0, 7, 13)])
    assert [part.text for part in fit.messages[0].parts if isinstance(part, Text)] == ["one ", "two three"]


# --- boundaries, other counters ---------------------------------------------------------------------------------------

PROSE = "First sentence here. Second one is longer than that. Third one.\n\nA new paragraph begins. It ends.\n"


@pytest.mark.parametrize(
    ("boundary", "kept"),
    [
        ("word", "First sentence here. Second one is longer"),
        ("sentence", "First sentence here."),
        ("paragraph", "First sentence here."),  # the first paragraph is too long: the next finer boundary
    ],
)
def test_a_cut_keeps_to_its_boundary(boundary: Literal["word", "sentence", "paragraph"], kept: str) -> None:
    stretch = Stretch("prose", Segment(truncate="end", boundary=boundary), 0, 0, len(PROSE))
    assert Budget(16).fit([user(PROSE + "!")], [stretch]).messages[0].text == kept + "!"


def test_to_reach_its_least_a_finer_boundary_is_used() -> None:
    stretch = Stretch("prose", Segment(truncate="end", boundary="paragraph", min_tokens=9), 0, 0, len(PROSE))
    fit = Budget(18).fit([user(PROSE + "!")], [stretch])
    assert fit.messages[0].text == "First sentence here. Second one is longer than that.!"
    assert row(fit).given >= 9


@pytest.mark.parametrize("truncate", ["start", "middle", "end"])
def test_a_counter_that_only_counts_cuts_as_well(truncate: Literal["start", "middle", "end"]) -> None:
    text = " ".join(f"w{at}" for at in range(200))
    segment = Segment(truncate=truncate, marker=" … ")
    fit = Budget(60, counter=Counter(), margin=5).fit(
        [user("Begin " + text + " end")], [Stretch("w", segment, 0, 6, 6 + len(text))]
    )
    kept = fit.messages[0].text
    assert fit.report.total <= 55
    assert " … " in kept
    # As far as seams allow: words on both sides of a cut may be one.
    assert fit.report.total >= 53


def test_what_parts_promise_too_much_is_taken_back() -> None:
    """A counter under which parts take less than the whole: each join costs five more."""
    by = Joins()
    words = [f"word{at} " for at in range(12)]
    stretches, at = [], 0
    for number, word in enumerate(words):
        stretches.append(Stretch(f"w{number}", Segment(truncate="drop", priority=-number), 0, at, at + len(word)))
        at += len(word)
    fit = Budget(60, counter=by, margin=5).fit([user("".join(words))], stretches)
    assert fit.report.total <= 55
    assert fit.messages[0].text.startswith("word0 word1 ")


class Joins:
    """Counts two for a word and five for each blank between words."""

    name = "joins"
    exactness: Exactness = "provider"

    def count(self, text: str, /) -> int:
        words = text.split()
        return 2 * len(words) + 5 * max(0, len(words) - 1)


class Halves:
    """Counts letters by pairs, so that the whole takes less than its parts."""

    name = "halves"
    exactness: Exactness = "provider"

    def count(self, text: str, /) -> int:
        return len(text) // 20 + 1 if text else 0


def test_room_that_parts_hid_is_used() -> None:
    words = [f"word {at:02} " for at in range(60)]
    stretches, at = [], 0
    for number, word in enumerate(words):
        stretches.append(Stretch(f"w{number}", Segment(truncate="drop"), 0, at, at + len(word)))
        at += len(word)
    fit = Budget(26, counter=Halves(), margin=1).fit([user("".join(words))], stretches)
    once = 25 - 3 - 3 - 1
    assert len(fit.messages[0].text) > 8 * once
    assert fit.report.total <= 25


def test_the_least_is_taken_when_guesses_say_that_nothing_fits() -> None:
    words = "word " * 40
    stretches = [Stretch("w", Segment(truncate="drop"), 0, at, at + 5) for at in range(0, 200, 5)]
    # Forty parts of one each, and in one they are eleven.
    messages = [user("".join("x" for _ in range(1)) + words)]
    fit = Budget(19, counter=Halves(), margin=1).fit(messages, stretches)
    assert fit.report.total <= 18


class Neighbours:
    """Counts words; one beside two takes one less, and three beside others one more."""

    name = "neighbours"
    exactness: Exactness = "provider"

    def count(self, text: str, /) -> int:
        words = text.split()
        return len(words) - ({"one", "two"} <= {*words}) + ("three" in words and len(words) > 1)


def test_room_that_was_only_guessed_is_given_back() -> None:
    stretches = [
        Stretch(word, Segment(truncate="drop"), 0, at, at + len(word) + 1)
        for word, at in (("one", 0), ("two", 4), ("three", 8))
    ]
    fit = Budget(10, counter=Neighbours(), margin=1).fit([user("one two three ")], stretches)
    assert fit.messages[0].text == "one two "
    assert fit.report.total == 8


def test_a_group_whose_list_is_far_too_long_is_dropped_with_what_was_begun() -> None:
    long = "x" * 500_000
    items = (0, 4, 8)
    stretches = [
        Stretch("list", Segment(truncate="items", group="g"), 0, 0, 8, items),
        Stretch("other list", Segment(truncate="items", group="g"), 1, 0, len(long), (0, len(long))),
    ]
    fit = Budget(60).fit([user("one two Why?"), user(long), user("!")], stretches)
    assert [message.text for message in fit.messages] == ["Why?", "!"]
    assert [row.outcome for row in fit.report.segments] == ["dropped", "dropped"]
