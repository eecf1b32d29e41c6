"""Rules about words that fix a group of people, off by default: what is right in one prompt is wrong in another.

They look at English words of the literal text, and propose other words where that needs no guess; nothing applies them
but a person who says so. See promptlib.lint.suggesting.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from promptlib.groups import mentions, neutral, rewordings
from promptlib.groups.pronouns import pronouns
from promptlib.lint.rule import Edit, Family, Hit, Suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.groups import Mention
    from promptlib.lint.subject import Subject
    from promptlib.rendering.flow import Strand

FAMILY = Family("people")
#: A tag between which a value may stand, and what follows it: its name is a sign, and no word.
_TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,200}>")
_EVERYBODY = "everybody is meant, and one gender is named"


class _Words(NamedTuple):
    """Words of a strand and what could take their place."""

    start: int
    end: int
    proposed: str
    reason: str


@FAMILY.rule("fixed-group", "words that fix a group of people", severity="info", on=False)
def fixed_group(subject: Subject) -> Iterator[Hit]:
    """What is fixed in the text cannot be varied, so nobody sees whether answers depend on it."""
    read = [(strand, [*_mentions(strand)]) for strand in _texts(subject)]
    # Where a noun names the gender, a pronoun that was reworded would no longer point at it.
    # Where pronouns are of two genders, nobody could tell them apart any more.
    said = (each for _, found in read for each in found if each.axis == "gender" and neutral(each.text) is None)
    free = len({each.group for each in said}) == 1 and all(_is_free(strand, found) for strand, found in read)
    for strand, found in read:
        proposed = {each.start: each for each in _of_pronouns(strand)} if free else {}
        titles = [(each.start, each.end) for each in rewordings(strand.text)]
        for each in found:
            # A title with a neutral form is gendered-title's.
            if not any(start <= each.start < end for start, end in titles):
                yield _fixed(subject, strand, each, proposed.get(each.start))


def _fixed(subject: Subject, strand: Strand, each: Mention, words: _Words | None) -> Hit:
    suggestion = _suggestion(subject, strand, words) if words else None
    vary = "make it an input, and see by promptlib vary whether answers depend on it"
    return Hit(
        subject.at(strand.piece, strand.start + each.start, each.end - each.start),
        f"{each.text!r:.60} fixes {each.axis}: {each.group}",
        f"write {suggestion.rewording!r}, or {vary}" if suggestion else vary,
        suggestion=suggestion,
    )


@FAMILY.rule("gendered-title", "a title that names a gender and has a neutral form", severity="info", on=False)
def gendered_title(subject: Subject) -> Iterator[Hit]:
    """The work is the same, whoever does it."""
    for strand in _texts(subject):
        for each in rewordings(strand.text):
            if _in_tag(strand.text, each.start):
                continue
            words = _Words(each.start, each.end, each.proposed, each.title.reason)
            suggestion = _suggestion(subject, strand, words)
            place = each.text.lower().rfind(each.title.word.split()[0])
            yield Hit(
                subject.at(strand.piece, strand.start + each.start + place, len(each.title.word)),
                f"{each.title.word!r} names {each.title.group or 'men'}, and {each.title.neutral!r} says the same",
                f"write {each.proposed!r}: {each.title.reason}"
                + ("" if suggestion else f"; {_why_not(subject, strand)}, so edit it by hand"),
                suggestion=suggestion,
            )


def _texts(subject: Subject) -> Iterator[Strand]:
    return (each for each in subject.flow if each.put == "text")


def _in_tag(text: str, at: int) -> bool:
    begin = text.rfind("<", max(0, at - 200), at)
    found = _TAG.match(text, begin) if begin >= 0 else None
    return found is not None and found.end() > at


def _mentions(strand: Strand) -> Iterator[Mention]:
    return (each for each in mentions(strand.text) if not _in_tag(strand.text, each.start))


def _is_free(strand: Strand, found: list[Mention]) -> bool:
    """Whether each word that names a gender is a title with a neutral form, or a pronoun that can be reworded."""
    safe = {each.start for each in pronouns(strand.text) if each.proposed is not None}
    gendered = (each for each in found if each.axis == "gender")
    return all(each.start in safe or neutral(each.text) is not None for each in gendered)


def _of_pronouns(strand: Strand) -> Iterator[_Words]:
    for each in pronouns(strand.text):
        if each.proposed is not None:
            yield _Words(each.start, each.end, each.proposed, _EVERYBODY)


def _why_not(subject: Subject, strand: Strand) -> str:
    literal = getattr(subject.prompt.messages[strand.piece], "literal", False)
    return "this text is literal" if literal else "the file writes it in another way"


def _suggestion(subject: Subject, strand: Strand, words: _Words) -> Suggestion | None:
    """Return what could take the place of *words* in the file; None where the file writes them in another way."""
    message = subject.prompt.messages[strand.piece]
    if subject.file is None or getattr(message, "literal", False):
        return None
    first, last = strand.start + words.start, strand.start + words.end
    written = strand.text[words.start : words.end]
    start = subject.offset(subject.at(strand.piece, first))
    end = start + last - first
    if message.text[first:last] != written or subject.text[start:end] != written:
        return None
    return Suggestion(written, words.proposed, words.reason, (Edit(start, end, words.proposed),))
