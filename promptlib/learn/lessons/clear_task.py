"""A clear task: a verb and its object, the form, the amount, and for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.learn import wording
from promptlib.learn.lesson import Flaw, Lesson
from promptlib.learn.planting import arrives

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.learn.work import Work

LESSON = Lesson("clear-task", rules=("vague-amount", "shouting", "bare-prohibition"))


@LESSON.check("lost-value", "put the notes back in: {{ notes | delimited('notes') }}")
def lost_value(work: Work) -> Iterator[Flaw]:
    """The notes must still arrive."""
    if not arrives(work):
        yield Flaw(work.at_message(), "the notes no longer arrive in the prompt")


@LESSON.check(
    "no-task", "begin a sentence with what is to be done and to what: List the decisions", own=True, ground="wording"
)
def no_task(work: Work) -> Iterator[Flaw]:
    """No sentence orders anything by a verb that names what comes out."""
    if next(wording.orders(work), None) is not None:
        return
    vague = wording.vague_order(work)
    if vague is not None:
        sentence, verb = vague
        where = sentence.where(verb.start(), len(verb[0]))
        yield Flaw(where, f"{verb[0].lower()!r} does not say what is to come out")
    else:
        yield Flaw(work.at_message(), "no sentence says what is to be done: a verb and what it is about")


@LESSON.check("no-form", "name the form: a list, one sentence, a table, a mail", ground="wording")
def no_form(work: Work) -> Iterator[Flaw]:
    """Neither declared nor said."""
    if any(work.hits("no-output-form")) and not wording.says_form(work.text()):
        yield Flaw(work.at_message(["user"]), "nothing says what form the answer has")


@LESSON.check("no-amount", "write a number and what it counts: at most five bullet points", ground="wording")
def no_amount(work: Work) -> Iterator[Flaw]:
    """No number of anything."""
    if not work.prompt.outputs and not wording.says_size(work.text()):
        yield Flaw(work.at_message(["user"]), "nothing says how long the answer may be: no number of words or points")


@LESSON.check("no-reader", "say for whom: for colleagues who were not there", ground="wording")
def no_reader(work: Work) -> Iterator[Flaw]:
    """Nobody is said to read it."""
    if not wording.says_reader(work.text()):
        yield Flaw(work.at_message(["user"]), "nothing says who reads the answer, or what for")


@LESSON.check("vague-amount", "write the number", own=True, ground="wording")
def vague_amount(work: Work) -> Iterator[Flaw]:
    """A few are how many?"""
    for hit in work.hits("vague-amount"):
        yield Flaw(hit.where, hit.message, hit.advice)


@LESSON.check("shouting", "say it once, in a plain sentence", own=True, ground="wording")
def shouting(work: Work) -> Iterator[Flaw]:
    """What is loud everywhere is loud nowhere."""
    for hit in work.hits("shouting"):
        yield Flaw(hit.where, hit.message, hit.advice)


@LESSON.check("bare-prohibition", "say what to do in its place", own=True, ground="wording")
def bare_prohibition(work: Work) -> Iterator[Flaw]:
    """A model that is told what not to do still has to guess what to do."""
    for hit in work.hits("bare-prohibition"):
        yield Flaw(hit.where, hit.message, hit.advice)
