"""Rules about which message a value stands in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.lint.delimiters import is_free_value
from promptlib.lint.rule import Family, Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.lint.subject import Subject

FAMILY = Family("roles")
_OURS = frozenset({"system", "developer"})


@FAMILY.rule("input-in-system", "text of a stranger in a system or developer message")
def input_in_system(subject: Subject) -> Iterator[Hit]:
    """Models obey these messages before all others, whoever wrote what stands in them."""
    for strand in subject.flow:
        role = getattr(subject.prompt.messages[strand.piece], "role", "")
        if role in _OURS and not strand.captured and is_free_value(strand):
            yield Hit(
                subject.at(strand.piece, strand.start, strand.end - strand.start),
                f"{strand.text} is any text, and stands in the {role} message: a model takes it for your orders",
                "move it to the user message; a word of a few letters may stay: an enum, a pattern, or maxLength: 64",
            )
