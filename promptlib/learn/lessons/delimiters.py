"""Delimiters: where the text of a stranger begins and ends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptlib.learn.lesson import Flaw, Lesson
from promptlib.learn.planting import arrives, rendered_with, spots
from promptlib.learn.probing import MARK
from promptlib.lint.delimiters import is_free_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.learn.work import Work
    from promptlib.lint.enclosing import Pair
    from promptlib.rendering.flow import Drawn

LESSON = Lesson(
    "delimiters", rules=("undelimited-input", "forgeable-delimiter", "unclosed-delimiter", "input-in-system")
)
#: Words that a task has at least.
FEWEST = 6
#: A label that the filter writes, and words that point at what stands between delimiters.
_LABEL = re.compile(r"""delimited(?:\(\s*(?:label\s*=\s*)?["']([^"']+)["']\s*\))?""")
_POINTS = re.compile(
    r"\b(?:tags?|between|inside|within|enclosed|delimited|delimiters?|quot(?:es?|ed|ation)|fenced?|backticks|below"
    r"|above|following|dashes|marked)\b",
    re.IGNORECASE,
)


@LESSON.check("lost-value", "put the review back in: {{ review }} is what the prompt is for")
def lost_value(work: Work) -> Iterator[Flaw]:
    """What a customer wrote must still arrive."""
    if not arrives(work):
        yield Flaw(work.at_message(["user"]), "no text of the customer arrives in the prompt")


@LESSON.check("lost-task", "say what the model is to do, in a sentence of your own")
def lost_task(work: Work) -> Iterator[Flaw]:
    """Delimiters around nothing but a value say nothing."""
    if len(work.text().split()) < FEWEST:
        yield Flaw(work.at_message(), "the words that say what to do are gone")


@LESSON.check("in-system", "leave it in the user message, and put the delimiters there", own=True)
def in_system(work: Work) -> Iterator[Flaw]:
    """A system message is obeyed before all others."""
    for hit in work.hits("input-in-system"):
        yield Flaw(hit.where, hit.message)


@LESSON.check("undelimited", 'write {{ review | delimited("review") }} on a line of its own', own=True)
def undelimited(work: Work) -> Iterator[Flaw]:
    """Nothing stands around the value."""
    for hit in work.hits("undelimited-input"):
        yield Flaw(hit.where, hit.message, hit.advice)


@LESSON.check("unclosed", "a delimiter has two halves of the same name", own=True)
def unclosed(work: Work) -> Iterator[Flaw]:
    """Half of a delimiter."""
    for hit in work.hits("unclosed-delimiter"):
        yield Flaw(hit.where, hit.message, hit.advice)


@LESSON.check("forged", "let the filter choose tags that do not occur in the value: delimited", own=True)
def forged(work: Work) -> Iterator[Flaw]:
    """A value that holds the closing half steps out: tried, and looked for in the rendered text."""
    for around in work.subject.around:
        enclosed = around.innermost()
        for at, strand in around.values():
            pair = enclosed.get(at)
            if pair is None or around.role not in {"user", "tool"} or not is_free_value(strand) or not strand.drawn:
                continue
            drawn, closing = strand.drawn[0], around.text[pair.closing.start : pair.closing.end].strip()
            if any(_steps_out(work, pair, drawn, each) for each in _forgeries(pair, closing)):
                what = f"a {drawn.name} that holds {closing} ends the delimiter"
                yield Flaw(work.at_strand(strand), f"{what}, and what follows it reads like your words")


def _forgeries(pair: Pair, closing: str) -> tuple[str, ...]:
    """Return how a stranger may write the closing half, so that a model takes it for one."""
    if pair.opening.kind != "tag":
        return (closing,)
    label = pair.opening.label
    return closing, closing.upper(), f"</ {label} >", closing[:3] + closing + closing[3:]


def _steps_out(work: Work, pair: Pair, drawn: Drawn, forgery: str) -> bool:
    plain, forged = (
        rendered_with(work, drawn, text) for text in (f"{MARK} one\n{MARK} two", f"{MARK} one\n{forgery}\n{MARK} two")
    )
    if plain is None or forged is None:
        return False
    if pair.opening.kind == "tag":
        sign = re.compile(rf"<\s*/\s*{re.escape(pair.opening.label)}\s*>", re.IGNORECASE)
    else:
        sign = re.compile(re.escape(forgery))
    return len(sign.findall(forged.text)) > len(sign.findall(plain.text))


@LESSON.check("unnamed", "name the tags in your sentence: the review stands between the review tags", ground="wording")
def unnamed(work: Work) -> Iterator[Flaw]:
    """What a delimiter holds is said in words: by its label, or by a word that points at it."""
    said = re.sub(r"</?[A-Za-z][^<>]*>", " ", work.text())
    if _POINTS.search(said):
        return
    for spot in spots(work):
        found = _LABEL.search(spot.strand.text)
        if "delimited" not in spot.strand.filters or found is None:
            continue
        label = found[1] or "document"
        words = re.split(r"[_-]", label.lower())
        if not all(re.search(rf"\b{re.escape(word)}", said, re.IGNORECASE) for word in words):
            yield Flaw(work.at_strand(spot.strand), f"the tags are called {label}, and no sentence says what that is")
