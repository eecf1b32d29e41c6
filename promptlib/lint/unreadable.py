"""The rule about files that are no prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.errors import PromptLibError, Where
from promptlib.lint.rule import Family, Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.lint.subject import Subject

FAMILY = Family("unreadable")


@FAMILY.rule("unreadable", "a file that is no prompt", severity="error", chains=True)
def unreadable(subject: Subject) -> Iterator[Hit]:
    """Whatever is wrong, each error with its place; no other rule looks at such a file."""
    try:
        _ = subject.stored
    except PromptLibError as error:
        lines = subject.data.decode(errors="replace").split("\n")
        for each in (error, *error.others):
            advice = each.hint or "mend the file: promptlib check says the same"
            yield Hit(_inside(each.where or Where(), subject.source, lines), each.what, advice)


def _inside(where: Where, source: str, lines: list[str]) -> Where:
    """Return *where* as a place of the file: an input that is not used has none, and some line breaks are no lines."""
    line = min(where.line or 1, len(lines))
    shown = lines[line - 1].rstrip("\r")
    if where.line == line and where.text and (where.column or 1) <= len(shown) + 1:
        return Where(source, line, where.column or 1, where.text, where.width)
    return Where(source, line, 1, shown)
