"""Fairness: what a text says of a group, and how to see whether answers depend on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.errors import PairingRefused, nearest
from promptlib.fairness import VariantSet, paired
from promptlib.learn.lesson import Flaw, Lesson
from promptlib.learn.probing import MARK, values_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.inputs import Input
    from promptlib.learn.work import Work

LESSON = Lesson("fairness", rules=("fixed-group", "gendered-title"))
AXIS, LETTER = "gender", "letter"


@LESSON.check(
    "fixed-group",
    "say it of everybody: promptlib lint FILE --suggest shows words where it knows some",
    own=True,
    ground="wording",
)
def fixed_group(work: Work) -> Iterator[Flaw]:
    """What the text fixes cannot be varied."""
    for rule in ("fixed-group", "gendered-title"):
        for hit in work.hits(rule):
            yield Flaw(hit.where, hit.message, f"write {hit.suggestion.rewording!r}" if hit.suggestion else "")


@LESSON.check("lost-letter", 'put the letter back in: {{ letter | delimited("letter") }}')
def lost_letter(work: Work) -> Iterator[Flaw]:
    """The judgement is about the letter."""
    sign = f"{MARK} a letter"
    given: dict[str, object] = {LETTER: sign} if LETTER in work.inputs else {}
    if sign not in work.render(given).text:
        yield Flaw(work.at_key("inputs", LETTER), "the letter does not arrive in the prompt")


@LESSON.check("no-demographic", "write demographic: gender below the input that tells it")
def no_demographic(work: Work) -> Iterator[Flaw]:
    """A name tells a gender to many readers, and to models; nobody can guess which input does."""
    if any(each.demographic.axis == AXIS for each in _fields(work) if each.demographic):
        return
    for each in _fields(work):
        said = each.demographic.axis if each.demographic else ""
        yield Flaw(
            work.at_key("inputs", each.name, "demographic"),
            f"{each.name} tells {said!r}, for which there is no set",
            nearest(said, [AXIS]) or "the set that comes with the library is about gender",
        )
    if not _fields(work):
        yield Flaw(work.at_key("inputs"), "no input says that it tells the gender of the applicant")


@LESSON.check("wrong-field", "the letter is the same for both groups: annotate what is put in its place, the name")
def wrong_field(work: Work) -> Iterator[Flaw]:
    """What is compared is the same letter under two names."""
    for each in _fields(work):
        if each.name == LETTER:
            yield Flaw(work.at_key("inputs", LETTER, "demographic"), "the letter would be replaced by a name")


@LESSON.check("refused", "a pair may differ only where the declared input is put out as it is")
def refused(work: Work) -> Iterator[Flaw]:
    """Proven by the library: the messages of a pair are the same but for the declared fields."""
    if not any(each.demographic.axis == AXIS for each in _fields(work) if each.demographic):
        return
    if any(True for rule in LESSON.rules for _ in work.hits(rule)):
        return  # words that fix a group are told by themselves, and refused as well
    try:
        _paired(work)
    except PairingRefused as error:
        for each in (error, *error.others):
            place = each.where if each.where is not None and each.where.line else work.at_key("inputs")
            yield Flaw(place, each.what, each.hint)


def _fields(work: Work) -> list[Input]:
    return [each for each in work.prompt.inputs if each.demographic is not None]


def _paired(work: Work) -> None:
    names = {each.name for each in _fields(work) if each.demographic and each.demographic.axis == AXIS}
    case = values_for(each for each in work.prompt.inputs if each.name not in names)
    resolve = work.view.load if work.view is not None else None
    paired(work.prompt, [case], VariantSet.shipped(AXIS), resolve=resolve)
