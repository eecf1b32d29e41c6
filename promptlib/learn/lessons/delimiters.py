"""Delimiters: where the text of a stranger begins and ends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptlib.learn.borders import border, texts_of
from promptlib.learn.lesson import Flaw, Lesson
from promptlib.learn.planting import spots

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.errors import Where
    from promptlib.learn.work import Work

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
    if all(border(work, name).kind == "absent" for name in texts_of(work)):
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


@LESSON.check("said-by-the-model", "put it into a user message: the model has not said it")
def said_by_the_model(work: Work) -> Iterator[Flaw]:
    """What stands in an assistant's message is taken for what the model itself has said."""
    for name in texts_of(work):
        if border(work, name).role == "assistant":
            yield Flaw(_at(work, name), f"{name} stands in a message of the assistant, as if the model had said it")


@LESSON.check("undelimited", 'write {{ review | delimited("review") }} on a line of its own', own=True)
def undelimited(work: Work) -> Iterator[Flaw]:
    """Nothing stands around the value, in the template or, where that does not show it, in what is sent."""
    kinds = {name: border(work, name).kind for name in texts_of(work)}
    told = set()
    for hit in work.hits("undelimited-input"):
        names = {each.name for strand in work.flow if work.at_strand(strand) == hit.where for each in strand.drawn}
        told |= names
        # A macro or a set block may write the marks where the rule does not look.
        if not names or not all(kinds.get(name) in {"enclosed", "marked", "forged"} for name in names):
            yield Flaw(hit.where, hit.message, hit.advice)
    for name, kind in kinds.items():
        if kind == "bare" and name not in told and border(work, name).role in {"user", "tool"}:
            yield Flaw(_at(work, name), f"{name} stands among the words of the prompt: where it ends, nobody can tell")


@LESSON.check("unclosed", "a delimiter has two halves of the same name", own=True)
def unclosed(work: Work) -> Iterator[Flaw]:
    """Half of a delimiter."""
    for hit in work.hits("unclosed-delimiter"):
        yield Flaw(hit.where, hit.message, hit.advice)


@LESSON.check("forged", "let the filter choose tags that do not occur in the value: delimited", own=True)
def forged(work: Work) -> Iterator[Flaw]:
    """A value that holds the closing half steps out: tried, and looked for in what is sent."""
    for name in texts_of(work):
        found = border(work, name)
        if found.kind == "forged" and found.role in {"user", "tool"}:
            what = f"a {name} that holds {found.closing} ends the delimiter"
            yield Flaw(_at(work, name), f"{what}, and what follows it reads like your words")


def _at(work: Work, name: str) -> Where:
    """Return where the input *name* is put out, or where it is declared."""
    put_out = (each for each in work.flow if each.put == "value" and any(one.name == name for one in each.drawn))
    strand = next(put_out, None)
    return work.at_key("inputs", name) if strand is None else work.at_strand(strand)


@LESSON.check("unnamed", "name the tags in your sentence: the review stands between the review tags", ground="wording")
def unnamed(work: Work) -> Iterator[Flaw]:
    """What a delimiter holds is said in words: by its label, or by a word that points at it."""
    said = work.text()
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
