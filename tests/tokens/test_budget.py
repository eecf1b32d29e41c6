from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib.errors import BudgetExceeded, InvalidInputs, UnknownEncoding
from promptlib.messages import Image, Message, assistant, system, user
from promptlib.tokens import Budget, Exactness, count_messages, count_tokens, encoding

if TYPE_CHECKING:
    from collections.abc import Callable

CHAT = [system("You sort tickets."), user("hello world"), assistant("Urgent.")]


@dataclass(frozen=True)
class Words:
    name: str = "words"
    exactness: Exactness = "estimate"

    def count(self, text: str, /) -> int:
        return len(text.split())


def test_what_fits_is_accounted_for() -> None:
    report = Budget(8_000, reserve=1_000).check(CHAT)
    assert [(row.index, row.role, row.tokens, row.outcome) for row in report.messages] == [
        (0, "system", 4, "kept"),
        (1, "user", 2, "kept"),
        (2, "assistant", 3, "kept"),
    ]
    assert (report.overhead, report.total, report.reserve, report.max_tokens) == (15, 24, 1_000, 8_000)
    assert (report.remaining, report.required, report.exactness) == (6_976, 1_024, "exact")
    assert repr(report.total) == repr(count_messages(CHAT))
    assert report.explain() == (
        "counted by o200k_base, as openai-chat\n"
        "  █▒▒▒▒▒··································  12 % of 8,000\n"
        "  0  system         4  kept\n"
        "  1  user           2  kept\n"
        "  2  assistant      3  kept\n"
        "     overhead      15\n"
        "     total         24  exact\n"
        "     reserve    1,000\n"
        "     limit      8,000\n"
        "     remaining  6,976"
    )


def test_what_does_not_fit_is_refused_with_the_arithmetic() -> None:
    budget = Budget(30, reserve=10)
    with pytest.raises(BudgetExceeded) as caught:
        budget.check(CHAT)
    assert str(caught.value) == (
        "the prompt takes 34 of 30 tokens: 4 over\n"
        "counted by o200k_base, as openai-chat\n"
        "  0  system      4  kept\n"
        "  1  user        2  kept\n"
        "  2  assistant   3  kept\n"
        "     overhead   15\n"
        "     total      24  exact\n"
        "     reserve    10\n"
        "     limit      30\n"
        "     remaining  -4\n"
        "shorten it, or raise the limit: max_tokens=34 is the smallest that would do"
    )
    assert budget.measure(CHAT).remaining == -4
    assert Budget(34, reserve=10).check(CHAT).remaining == 0


def test_of_many_messages_the_largest_are_shown() -> None:
    report = Budget(1_000).check([user("word " * index) for index in range(30)])
    text = report.explain()
    assert "\n   9  user" not in text
    assert "\n  10  user" in text
    assert "\n      10 smaller" in text
    shown = [line.split() for line in text.splitlines()[2:-4]]
    assert sum(int(line[2]) for line in shown) == sum(row.tokens for row in report.messages)


@given(
    st.lists(st.text(max_size=30), max_size=6),
    st.integers(1, 200),
    st.integers(0, 50),
    st.integers(0, 50),
)
def test_a_report_adds_up_and_a_check_keeps_its_word(texts: list[str], limit: int, reserve: int, margin: int) -> None:
    messages = [user(text) for text in texts]
    try:
        budget = Budget(limit, reserve=reserve, margin=margin)
    except InvalidInputs:
        assert reserve + margin >= limit
        return
    report = budget.measure(messages)
    assert sum(row.tokens for row in report.messages) + report.overhead == report.total
    assert report.total + report.reserve + report.margin + report.remaining == report.max_tokens
    assert [row.tokens for row in report.messages] == [count_tokens(text) for text in texts]
    if report.remaining >= 0:
        assert budget.check(messages) == report
    else:
        with pytest.raises(BudgetExceeded, match=f"max_tokens={report.required} is the smallest|at least"):
            budget.check(messages)
        assert Budget(report.required, reserve=reserve, margin=margin).check(messages).remaining == 0


def test_text_that_is_too_long_by_its_bytes_is_not_even_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    budget = Budget(100, reserve=10)
    counter = type(encoding("o200k_base"))
    monkeypatch.setattr(counter, "encode", lambda *_: pytest.fail("it was encoded"))
    with pytest.raises(BudgetExceeded) as caught:
        budget.check([user("é" * 500_000), user("x" * 200_000)])
    assert str(caught.value) == (
        "the prompt takes more than the 100 tokens of its budget: "
        "its 1,200,000 bytes of text are at least 9,375 tokens, and "
        "10 are reserved\n"
        "no token is longer than 128 bytes, so the text was not counted; shorten it first"
    )


def test_a_counter_of_one_s_own_counts() -> None:
    budget = Budget(100, counter=Words(), margin=10)
    report = budget.check([user("one two three")])
    assert (report.total, report.margin, report.remaining) == (3 + 3 + 1 + 3, 10, 80)
    assert "margin" in report.explain()
    assert "total       10  estimate" in report.explain()
    provider = Budget(100, counter=len, margin=10)
    assert (provider.token_counter.name, provider.token_counter.exactness) == ("len", "provider")
    exact = Budget(100, counter=encoding("cl100k_base"))
    assert exact.check(CHAT) == Budget(100, encoding="cl100k_base").check(CHAT)


@dataclass(frozen=True)
class WholeRequests(Words):
    def count_messages(self, _messages: object, /) -> int:
        return 7


def test_a_counter_of_whole_requests_names_no_profile() -> None:
    budget = Budget(100, counter=WholeRequests(), margin=1)
    assert budget.measure([user("one")]).explain().startswith("counted by words\n")


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: Budget(100, counter=Words()),
            (
                "the counter words tells an estimate, and a budget without margin would promise an exact one\n"
                "say how far it may be off: Budget(100, margin=10)"
            ),
        ),
        (
            lambda: Budget(5, counter=len),
            (
                "the counter len tells a number of its provider, and a budget without margin would promise an exact "
                "one\n"
                "say how far it may be off: Budget(5, margin=1)"
            ),
        ),
        (
            lambda: Budget(1_000).check([user("look", Image("https://x.y/z.png"))]),
            (
                "o200k_base, as openai-chat, for these messages, tells an estimate, and a budget without margin would "
                "promise an exact one\nsay how far it may be off: Budget(1000, margin=91)"
            ),
        ),
        (lambda: Budget(0), "max_tokens of a budget is 0\nit is an int, 1 or more"),
        (lambda: Budget(max_tokens=True), "max_tokens of a budget is True\nit is an int, 1 or more"),
        (lambda: Budget(1.5), "max_tokens of a budget is 1.5\nit is an int, 1 or more"),  # type: ignore[arg-type]  # the wrong type is the test
        (lambda: Budget(9, reserve=-1), "reserve of a budget is -1\nit is an int, 0 or more"),
        (lambda: Budget(9, margin=-1), "margin of a budget is -1\nit is an int, 0 or more"),
        (
            lambda: Budget(1_000, reserve=1_000),
            (
                "a budget of 1,000 tokens has no room beside its reserve of 1,000\n"
                "give max_tokens above 1,000, or reserve less"
            ),
        ),
        (
            lambda: Budget(10, reserve=5, margin=5),
            (
                "a budget of 10 tokens has no room beside its reserve of 5 and its margin of 5\n"
                "give max_tokens above 10, or reserve less"
            ),
        ),
        (
            lambda: Budget(10, encoding="cl100k_base", counter=len, margin=1),
            "a budget counts by its encoding or by its counter, not by both\ngive one of them",
        ),
    ],
)
def test_what_cannot_be_a_budget_is_refused(make: Callable[[], object], text: str) -> None:
    with pytest.raises(InvalidInputs) as caught:
        make()
    assert str(caught.value) == text


def test_an_unknown_encoding_is_refused_at_once() -> None:
    with pytest.raises(UnknownEncoding, match="did you mean 'o200k_base'"):
        Budget(10, encoding="o200kbase")


def test_an_estimate_with_a_margin_is_accepted() -> None:
    picture: list[Message] = [user("look", Image("https://x.y/z.png"))]
    assert Budget(1_000, margin=91).check(picture).exactness == "estimate"


def test_a_budget_is_a_value() -> None:
    budget = Budget(8_000, 1_000)
    assert budget == Budget(8_000, reserve=1_000)
    assert {budget: 1}[Budget(8_000, reserve=1_000)] == 1
    assert pickle.loads(pickle.dumps(budget)) == budget  # noqa: S301 - our own bytes
    with pytest.raises(FrozenInstanceError):
        budget.max_tokens = 1  # type: ignore[misc]  # the refusal is the test
    report = budget.check(CHAT)
    assert pickle.loads(pickle.dumps(report)) == report  # noqa: S301 - our own bytes


def test_a_model_s_budget_counts_as_the_model_does() -> None:
    assert Budget.for_model("gpt-4o", 8_000, 1_000) == Budget(8_000, 1_000)
    assert Budget.for_model("gpt-4", 8_000, low_water=0.5, grid=4) == Budget(
        8_000, encoding="cl100k_base", low_water=0.5, grid=4
    )
    claude = Budget.for_model("claude-sonnet-4-5", 8_000, margin=2_000)
    assert claude.token_counter.exactness == "estimate"
    assert claude.check(CHAT).total.profile == "anthropic-messages"
    assert Budget.for_model("text-embedding-3-small", 100).profile == "openai-chat"
    with pytest.raises(UnknownEncoding, match="no model 'gpt-40' is known here"):
        Budget.for_model("gpt-40", 8_000)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: Budget(100, low_water=100),
            (
                "low_water of a budget is 100\n"
                "it is an int below the 100 tokens that messages may take, or a share such as 0.75"
            ),
        ),
        (
            lambda: Budget(100, reserve=40, low_water=1.5),
            (
                "low_water of a budget is 1.5\n"
                "it is an int below the 60 tokens that messages may take, or a share such as 0.75"
            ),
        ),
        (lambda: Budget(100, low_water=True), "low_water of a budget is True\nit is an int below the 100 tokens"),
        (lambda: Budget(100, low_water=0), "low_water of a budget is 0\nit is an int below the 100 tokens"),
        (lambda: Budget(100, grid=0), "grid of a budget is 0\nit is an int, 1 or more"),
        (lambda: Budget(100, profile="openai"), "no chat profile 'openai'\ndid you mean"),
        (
            lambda: Budget.for_model("gemini-2.5-pro", 8_000, 1_000),
            (
                "the counter estimate-gemini tells an estimate, "
                "and a budget without margin would promise an exact one\n"
                "say how far it may be off: Budget(8000, margin=1815)"
            ),
        ),
    ],
)
def test_what_says_nothing_in_a_budget_is_refused(make: Callable[[], object], text: str) -> None:
    with pytest.raises(InvalidInputs) as caught:
        make()
    assert str(caught.value).startswith(text)
