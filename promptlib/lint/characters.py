"""Rules about the characters of a file: line ends, blanks, what nobody sees, and what nobody should."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptlib.lint.rule import Edit, Family, Fix, Hit
from promptlib.rendering import invisible_in_text
from promptlib.store.leaks import leaks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.lint.subject import Subject

FAMILY = Family("characters")
_BLANKS = re.compile(r"(?<![ \t])[ \t]++(?=\r?$)", re.MULTILINE)
#: Two blanks between two lines of text are Markdown's line break.
_BREAK = "  "
#: A text of nothing but them has thousands.
MOST_PLACES = 20


@FAMILY.rule("crlf", "lines that end in CR LF", fixes=True, chains=True)
def crlf(subject: Subject) -> Iterator[Hit]:
    """Line ends of two characters cost tokens in a literal text, and make whole-file differences in reviews."""
    text = subject.text
    first = text.find("\r\n")
    if first < 0:
        return
    count = text.count("\r\n")
    edits = tuple(Edit(found.start(), found.start() + 1) for found in re.finditer("\r(?=\n)", text))
    yield Hit(
        subject.spot(first),
        f"{count:,} lines end in CR LF, this one first" if count > 1 else "the line ends in CR LF",
        "save the file with LF line ends: --fix does",
        Fix(f"{count:,} line ends become LF", edits),
    )


@FAMILY.rule("trailing-blanks", "lines that end in blanks", fixes=True, chains=True)
def trailing_blanks(subject: Subject) -> Iterator[Hit]:
    """Blanks at the end of a line are tokens that nobody sees."""
    text = subject.text
    found = [match for match in _BLANKS.finditer(text) if not _is_break(text, match)]
    if not found:
        return
    first, count = found[0], len(found)
    yield Hit(
        subject.spot(first.start(), len(first[0])),
        f"{count:,} lines end in blanks, this one first" if count > 1 else "the line ends in blanks",
        "take them out: --fix does; two blanks that break a line of Markdown may stay",
        Fix(f"blanks at the end of {count:,} line{'s' if count > 1 else ''}", tuple(Edit(*m.span()) for m in found)),
    )


def _is_break(text: str, match: re.Match[str]) -> bool:
    before = text[match.start() - 1 : match.start()]
    after = text[match.end() : match.end() + 3].lstrip("\r")[1:2]
    return match[0] == _BREAK and before not in {"", "\n"} and after not in {"", "\n", "\r"}


@FAMILY.rule("invisible-character", "characters that a reader does not see", severity="error", fixes=True, chains=True)
def invisible_character(subject: Subject) -> Iterator[Hit]:
    """What nobody sees in a review can order a model about, and reorder what people read."""
    text = subject.text
    for at, found in enumerate(invisible_in_text(text)):
        if at == MOST_PLACES:
            return
        hidden = f", which hides {found.hidden!a}" if found.hidden else ""
        many = f", {found.length:,} in a row" if found.length > 1 else ""
        # What changes the order of reading, or parts words, is a question for a person: without it the text is another.
        blank = any(map(str.isspace, text[found.offset : found.offset + found.length]))
        removable = found.kind in {"zero-width", "tag", "control", "ignorable"} and not blank
        yield Hit(
            subject.spot(found.offset, found.length),
            f"U+{found.code_point:04X} {found.name}{many} ({found.kind}){hidden}",
            "take it out: --fix does" if removable else "take it out, or write what is meant without it",
            Fix("an invisible character goes", (Edit(found.offset, found.offset + found.length),))
            if removable
            else None,
        )


@FAMILY.rule("secret", "a key or token in the file", severity="error", chains=True)
def secret(subject: Subject) -> Iterator[Hit]:
    """A key in a prompt is sent to a provider, and stays in the history of the repository."""
    for each in leaks(subject.text)[:MOST_PLACES]:
        place = subject.place(each.line, each.column, each.width)
        yield Hit(
            # The line is shown without the secret: what lint prints ends in logs.
            type(place)(place.source, place.line, place.column, each.shown, place.width),
            f"this looks like {each.kind}",
            "revoke it, then take it out of the history: see Erase a leaked text",
        )
