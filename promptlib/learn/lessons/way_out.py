"""A way out: what to answer when the answer is not there, in the words and in the declared form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptlib.learn import wording
from promptlib.learn.lesson import Flaw, Lesson
from promptlib.learn.planting import arrives

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.learn.wording import Sentence
    from promptlib.learn.work import Work

LESSON = Lesson("way-out", rules=("no-way-out",))
_CONDITION = re.compile(r"\b(?:if|when|whenever|where|unless|otherwise|should|in case|for questions)\b", re.IGNORECASE)
_LACK = re.compile(
    r"n't\b|n\u2019t\b|\b(?:not|no|none|nothing|neither|missing|lacks?|lacking|unclear|unsure|uncertain|cannot|unknown"
    r"|unanswered|absent|silent|unless|otherwise|without|insufficient|doubt)\b",
    re.IGNORECASE,
)
#: Orders to answer, come what may.
_GUESS = re.compile(
    r"\balways (?:answer|reply|give|provide|find|return)\b"
    r"|\bnever (?:say|admit|answer|reply|write|return|leave)\b(?=[^.]{0,60}"
    r"\b(?:know|unknown|empty|blank|null|none|unsure|sorry|cannot|can't|unanswered)\b)"
    r"|(?:^|(?<=[.;:,!] )|(?<=\band ))(?:do not|don't) (?:say|admit|leave|return)\b(?=[^.]{0,40}"
    r"\b(?:know|unknown|empty|blank|null|unsure|unanswered)\b)"
    r"|\b(?:best|educated|good) guess\b|\bmust (?:always )?(?:give|find|provide|have) an answer\b"
    r"|(?<!not )(?<!n't )(?<!never )(?<!than )(?<!without )(?<!a )\bguess\b|\b(?:make|give|take) a guess\b",
    re.IGNORECASE,
)
_WORDS = frozenset(
    [
        "unknown",
        "none",
        "other",
        "unclear",
        "unsure",
        "unsaid",
        "missing",
        "n/a",
        "na",
        "null",
        "empty",
        "absent",
        "unstated",
    ]
)


def _ways(work: Work) -> dict[str, set[str]]:
    """Return by field the words that call its way out: how a declared answer can say that there is none."""
    found: dict[str, set[str]] = {}
    for each in work.prompt.outputs:
        words: set[str] = set()
        if each.type.nullable:
            words |= {"null", "none", "empty"}
        if not each.required:
            words |= {"leave", "out", "omit"}
        if each.type.kind == "boolean":
            words |= {"true", "false"}
        if each.type.kind == "enum":
            words |= {value.lower() for value in each.type.values if isinstance(value, str) and _is_way(value)}
        if each.type.kind in {"array", "map"} and not each.type.min_length:
            words |= {"empty", "no", "none"}
        if words:
            found[each.name] = words
    return found


def _is_way(value: str) -> bool:
    parts = set(re.split(r"[\s_-]+", value.lower()))
    return bool(parts & (_WORDS | {"not", "no", "cannot"}))


def _said(work: Work) -> list[Sentence]:
    """Return the sentences that say when there is no answer, and what then."""
    return [
        each
        for each in wording.sentences(work)
        if _CONDITION.search(each.text) and _LACK.search(each.text) and not _GUESS.search(each.text)
    ]


@LESSON.check("lost-value", "put question and pages back in")
def lost_value(work: Work) -> Iterator[Flaw]:
    """The question must still arrive."""
    if not arrives(work):
        yield Flaw(work.at_message(), "no question arrives in the prompt any more")


@LESSON.check("lost-outputs", "leave outputs: there, and give them a way out")
def lost_outputs(work: Work) -> Iterator[Flaw]:
    """A program reads the answer."""
    if not work.prompt.outputs:
        yield Flaw(work.at_key("inputs"), "no answer is declared any more, and a program reads it")


@LESSON.check("guess", "take the order to answer in any case out", own=True, ground="wording")
def guess(work: Work) -> Iterator[Flaw]:
    """An order to answer in any case orders inventions."""
    for each in wording.sentences(work):
        if found := _GUESS.search(each.text):
            where = each.where(found.start(), len(found[0]))
            yield Flaw(where, f"{found[0].lower()!r} orders an answer, also where there is none")


@LESSON.check("no-words", "say when and what: If the pages do not tell, answer null", own=True, ground="wording")
def no_words(work: Work) -> Iterator[Flaw]:
    """No sentence says what to do when the answer is not there."""
    if work.prompt.inputs and not _said(work):
        yield Flaw(work.at_message(), "no sentence says what to answer when the answer is not in what is given")


@LESSON.check("no-place", "let a field say it: nullable: true, a boolean such as found, or a value such as unknown")
def no_place(work: Work) -> Iterator[Flaw]:
    """The declared answer must be able to say that there is none."""
    if work.prompt.outputs and not _ways(work):
        names = ", ".join(each.name for each in work.prompt.outputs)
        what = f"{names} must be filled in whatever happens: the declared answer cannot say that there is none"
        yield Flaw(work.at_key("outputs"), what)


@LESSON.check("unnamed", "name the field or its value in the sentence", ground="wording")
def unnamed(work: Work) -> Iterator[Flaw]:
    """The words name what the form has."""
    ways = _ways(work)
    said = _said(work)
    if not ways or not said:
        return
    words = {word for each in ways.values() for word in each} | {name.lower() for name in ways}
    names = {each.name.lower() for each in work.prompt.outputs} & set(ways)
    text = " ".join(each.text.lower() for each in said)
    called = [word for word in words | names if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)]
    if not set(called) - {"no", "out"}:
        fields = ", ".join(f"{name} ({' or '.join(sorted(each))})" for name, each in ways.items())
        yield Flaw(said[0].where(), f"the sentence names nothing that the declared answer has: {fields}")
