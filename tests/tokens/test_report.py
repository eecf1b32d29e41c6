from __future__ import annotations

import pickle

import pytest

from promptlib.errors import BudgetExceeded
from promptlib.messages import assistant, system, user
from promptlib.segments import Segment, Stretch
from promptlib.tokens import Budget, Fit

RULES, QUESTION = system("You answer."), user("Notes: " + "note " * 40 + "\nDocuments: " + "word " * 400 + "\nWhy?")
STRETCHES = (
    Stretch("notes", Segment(priority=5, truncate="drop"), 1, 7, 207),
    Stretch("docs", Segment(priority=9, truncate="middle", marker=" … "), 1, 219, 2219),
    Stretch("history", Segment(priority=1, truncate="oldest"), 2, messages=3),
)
HISTORY = (user("hello"), assistant("hello " * 50), user("and?"))


def fitted(limit: int = 250, reserve: int = 50) -> Fit:
    return Budget(limit, reserve).fit((RULES, QUESTION, *HISTORY), STRETCHES)


ACCOUNT = """\
counted by o200k_base, as openai-chat
  ████████████████████████████████▒▒▒▒▒▒▒▒  100 % of 250
  0  system       3  kept
  1  user       186  truncated
     overhead    11
     total      200  exact
     reserve     50
     limit      250
     remaining    0
segments, the last to go first
  docs     9  401 asked  179 given  truncated  178 tokens were left
  notes    5   41 asked    0 given  dropped    0 tokens were left
  history  1   54 asked    0 given  dropped    0 of 3 messages: 0 tokens were left"""


def test_an_account_is_a_table_and_a_bar() -> None:
    text = fitted().report.explain()
    assert text == ACCOUNT
    assert isinstance(text, str)
    assert repr(text) == str(text)


def test_a_notebook_shows_an_account_as_html() -> None:
    report = Budget(250).fit((user("x " * 400),), (Stretch("<b>", Segment(truncate="end"), 0, 0, 800),)).report
    html = report.explain()._repr_html_()
    assert html == report._repr_html_()
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert html.count("<table ") == 2
    assert "and 5 more" in of_many(25).report._repr_html_()


def of_many(number: int) -> Fit:
    text = "word " * number
    stretches = [
        Stretch(f"w{at}", Segment(truncate="drop", priority=at), 0, 5 * at, 5 * at + 5) for at in range(number)
    ]
    return Budget(200).fit((user(text),), stretches)


def test_of_many_segments_those_of_high_priority_are_shown() -> None:
    text = of_many(25).report.explain()
    assert "  w24  24  2 asked  2 given  kept  it fits\n" in text
    assert "  w4 " not in text
    assert text.endswith("  and 5 more")


def test_the_account_adds_up() -> None:
    report = fitted().report
    assert report.fixed + sum(row.given for row in report.segments) + report.overhead == report.total
    assert report.total + report.reserve + report.margin + report.remaining == report.max_tokens
    assert [row.name for row in report.segments] == ["notes", "docs", "history"]


def test_an_account_survives_pickling() -> None:
    report = fitted().report
    again = pickle.loads(pickle.dumps(report))  # noqa: S301 - our own bytes
    assert (again, again.segments, str(again.explain())) == (report, report.segments, str(report.explain()))


def test_decisions_say_by_what_was_counted() -> None:
    decisions = fitted().report.decisions()
    assert decisions["engine"] == "o200k_base"
    assert decisions["vocabulary"] == "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
    assert decisions["segments"][0] == {  # type: ignore[index] # plain data
        "name": "notes", "priority": 5, "asked": 41, "given": 0, "outcome": "dropped",
        "why": "0 tokens were left", "at_least": False,
    }  # fmt: skip
    assert Budget(99, counter=len, margin=1).check((user("x"),)).decisions()["vocabulary"] == ""


def test_what_must_stay_and_does_not_fit_is_told_with_the_arithmetic() -> None:
    with pytest.raises(BudgetExceeded) as caught:
        Budget(40, 10).fit((RULES, QUESTION), (Stretch("docs", Segment(min_tokens=20, truncate="end"), 1, 219, 2219),))
    assert str(caught.value) == (
        "what must stay takes 92 of 40 tokens: 52 over\n"
        "counted by o200k_base, as openai-chat\n"
        "  0  system       3  kept\n"
        "  1  user        68  truncated\n"
        "     overhead    11\n"
        "     total       82  exact\n"
        "     reserve     10\n"
        "     limit       40\n"
        "     remaining  -52\n"
        "segments, the last to go first\n"
        "  docs  0  401 asked  20 given  truncated  its least\n"
        "shorten what stands outside of segments, lower their min_tokens, or raise the limit: "
        "max_tokens=92 is the smallest that would do"
    )
    assert caught.value.smallest == 92
    Budget(92, 10).fit((RULES, QUESTION), (Stretch("docs", Segment(min_tokens=20, truncate="end"), 1, 219, 2219),))
