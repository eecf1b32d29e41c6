"""The rule about files that are no prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.errors import PromptLibError, Where
from promptlib.lint.rule import Family, Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.lint.subject import Subject

FAMILY = Family("unreadable")


@FAMILY.rule("unreadable", "a file that is no prompt", severity="error")
def unreadable(subject: Subject) -> Iterator[Hit]:
    """Whatever is wrong, each error with its place; no other rule looks at such a file."""
    try:
        _ = subject.prompt
    except PromptLibError as error:
        for each in (error, *error.others):
            where = each.where or Where(subject.source)
            if where.line is None:
                where = Where(subject.source, 1, 1)
            yield Hit(where, each.what, each.hint or "mend the file: promptlib check says the same")
