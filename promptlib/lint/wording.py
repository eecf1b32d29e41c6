"""Rules about English words, all off by default: each fires on many prompts that work well.

They look at the literal text alone, which is what they are about. No public evidence was found that any of them
predicts the quality of answers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from promptlib.lint.rule import Family, Hit
from promptlib.lint.subject import Subject  # noqa: TC001 - a field's type

if TYPE_CHECKING:
    from collections.abc import Iterator

FAMILY = Family("wording")
_VAGUE = re.compile(
    r"\b(?:a few|several|some|a couple of|various|a number of|a bit|a lot of|as (?:needed|appropriate)|etc)\b",
    re.IGNORECASE,
)
#: Orders in capitals. Names of sections are written so too, and are none.
_LOUD = re.compile(
    r"\b(?:IMPORTANT|NEVER|ALWAYS|MUST|CRITICAL|WARNING|ATTENTION|EXTREMELY|ABSOLUTELY|DO NOT|DON'T|NOT|ONLY|EVERY)\b"
    r"|!{2,}"
)
#: "when you do not know" tells when, and forbids nothing.
_PROHIBITION = re.compile(
    r"\b(?:when|whenever|where|what|which|who|that)\s+(?:(?:you|we|they|I)\s+)?(?:do not|don't|never)\b"
    r"|\b(?P<word>do not|don't|never|avoid|must not|should not)\b",
    re.IGNORECASE,
)
_INSTEAD = re.compile(r"\b(?:instead|but|rather|unless|only|except|if|otherwise|use|just)\b", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.!?\n]+")
_FORM = re.compile(
    r"\b(?:format|json|xml|yaml|csv|markdown|table|lists?|bullets?|output|sentences?|paragraphs?|words?|headings?"
    r"|sections?|one line|lines?|column|label)\b",
    re.IGNORECASE,
)
_WAY_OUT = re.compile(
    r"\b(?:unknown|unsure|not sure|don't know|do not know|cannot|can't|unable|insufficient"
    r"|not (?:clear|enough|found|given|available)|missing|unclear|n/a|none|null|empty|ambiguous|ask for)\b",
    re.IGNORECASE,
)
_ORDER = re.compile(r"\b(?:then|finally|after that|afterwards|next,|once (?:done|you))\b", re.IGNORECASE)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
#: Dates that are told as those of today: dates of what has happened stay right.
_DATE = re.compile(
    r"\b(?:today(?:'s date)?(?: is|:)|it is now|current (?:date|year)(?: is|:)|as of|up to|until|cut-?off[^.\n]{0,20}?)"
    rf"\s+(?:\w+,? )?(?:(?:19|20)\d\d(?:-\d\d-\d\d)?|\d{{1,2}} {_MONTH} (?:19|20)\d\d"
    rf"|{_MONTH}(?: \d{{1,2}},?)? (?:19|20)\d\d)\b",
    re.IGNORECASE,
)
_MODEL = re.compile(
    r"\b(?:gpt-?[345][\w.-]*|chatgpt|claude(?:[ -][\w.]+)?|gemini(?:[ -][\d.]+)?|llama[ -]?\d[\w.]*"
    r"|mistral|o[134]-mini)\b",
    re.IGNORECASE,
)
_PRICE = re.compile(r"[$€£]\s?\d[\d,.]*|\b\d[\d,.]*\s?(?:usd|eur|dollars|euros)\b", re.IGNORECASE)
_STEPS = re.compile(
    r"\b(?:think(?:ing)? (?:\w+ )?(?:step[ -]by[ -]step|carefully|out loud)|chain of thought)\b", re.IGNORECASE
)
#: Words that lead from one task to the next, from which on there are several tasks.
MANY_TASKS = 3


class _Match(NamedTuple):
    """Words in the literal text, and where."""

    words: str
    subject: Subject
    piece: int
    start: int

    def hit(self, message: str, advice: str) -> Hit:
        return Hit(self.subject.at(self.piece, self.start, len(self.words)), message, advice)


def _matches(subject: Subject, pattern: re.Pattern[str]) -> Iterator[_Match]:
    for strand in subject.flow:
        if strand.put == "text":
            for found in pattern.finditer(strand.text):
                yield _Match(found[0], subject, strand.piece, strand.start + found.start())


def _told(subject: Subject, pattern: re.Pattern[str], what: str, advice: str) -> Iterator[Hit]:
    for found in _matches(subject, pattern):
        yield found.hit(f"{found.words!r:.60} {what}", advice)


def _text(subject: Subject) -> str:
    return "\n".join(each.text for each in subject.flow if each.put == "text")


@FAMILY.rule("vague-amount", "an amount that is no number", on=False)
def vague_amount(subject: Subject) -> Iterator[Hit]:
    """How many are some?"""
    yield from _told(subject, _VAGUE, "is no number", "say how many, or from how many to how many")


@FAMILY.rule("shouting", "words in capitals, rows of exclamation marks", on=False)
def shouting(subject: Subject) -> Iterator[Hit]:
    """What is loud everywhere is loud nowhere."""
    yield from _told(subject, _LOUD, "is shouted", "say it once, in a plain sentence, with its reason")


@FAMILY.rule("bare-prohibition", "a prohibition without what to do instead", on=False)
def bare_prohibition(subject: Subject) -> Iterator[Hit]:
    """A model that is told what not to do still has to guess what to do."""
    for sentence in _matches(subject, _SENTENCE):
        word = next((each for each in _PROHIBITION.finditer(sentence.words) if each["word"]), None)
        if word and not _INSTEAD.search(sentence.words):
            found = _Match(word[0], subject, sentence.piece, sentence.start + word.start())
            yield found.hit(f"{word[0].lower()!r} without what to do instead", "say what to do: instead of …, do …")


@FAMILY.rule("no-output-form", "no word about the form of the answer", on=False)
def no_output_form(subject: Subject) -> Iterator[Hit]:
    """Neither declared nor said."""
    if not subject.prompt.outputs and not _FORM.search(_text(subject)):
        yield Hit(subject.place(1), "nothing says what form the answer has", "declare outputs:, or say the form")


@FAMILY.rule("no-way-out", "no word about what to do when the answer is unknown", on=False)
def no_way_out(subject: Subject) -> Iterator[Hit]:
    """A model that has no way out invents one."""
    if subject.prompt.inputs and not _WAY_OUT.search(_text(subject)):
        yield Hit(
            subject.place(1),
            "nothing says what to answer when the answer is not in what is given",
            "say it, such as: if the text does not tell, answer unknown",
        )


@FAMILY.rule("several-tasks", "several tasks in one prompt", on=False)
def several_tasks(subject: Subject) -> Iterator[Hit]:
    """What has steps can be a chain, whose steps are tried one by one."""
    found = list(_matches(subject, _ORDER))
    if len(found) >= MANY_TASKS:
        what = f"{len(found):,} words lead from one task to the next"
        yield found[0].hit(what, "make it a chain: one prompt a task")


@FAMILY.rule("fixed-date", "a date in the text", on=False)
def fixed_date(subject: Subject) -> Iterator[Hit]:
    """A date in a text grows old."""
    yield from _told(subject, _DATE, "will be the past", "make it an input: {{ today }}")


@FAMILY.rule("fixed-model", "the name of a model in the text", on=False)
def fixed_model(subject: Subject) -> Iterator[Hit]:
    """The model is a setting."""
    yield from _told(subject, _MODEL, "names a model", "name it in the settings: model:")


@FAMILY.rule("fixed-price", "a price in the text", on=False)
def fixed_price(subject: Subject) -> Iterator[Hit]:
    """A price changes without the prompt."""
    yield from _told(subject, _PRICE, "is a price", "make it an input")


@FAMILY.rule("step-by-step", "an order to think", on=False)
def step_by_step(subject: Subject) -> Iterator[Hit]:
    """Models that reason by themselves do so already."""
    yield from _told(subject, _STEPS, "orders to think", "leave it out for a model that reasons by itself")
