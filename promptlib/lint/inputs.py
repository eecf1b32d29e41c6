"""Rules about what a prompt declares of its inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.lint.rule import Family, Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.inputs import InputType
    from promptlib.lint.subject import Subject

FAMILY = Family("inputs")
#: Characters that a text may have and still be a word or a name: too few to hold orders for a model.
SHORT = 64


def is_free(kind_of: InputType | None) -> bool:
    """Whether anybody can write anything into a value of this type."""
    if kind_of is None:
        return True
    match kind_of.kind:
        case "string":
            return kind_of.pattern is None and (kind_of.max_length is None or kind_of.max_length > SHORT)
        case "json":
            return True
        case "array" | "map":
            return is_free(kind_of.items)
        case "object":
            return any(is_free(each.type) for each in kind_of.properties)
    return False


@FAMILY.rule("undescribed-input", "an input without a description", chains=True)
def undescribed_input(subject: Subject) -> Iterator[Hit]:
    """The description is what a form, an MCP client and a colleague show beside the field."""
    for each in subject.stored.inputs:
        if not each.description.strip():
            yield Hit(
                subject.key("inputs", each.name),
                f"the input {each.name!r} has no description",
                f"say in one line what goes into {each.name}: description: …",
            )


@FAMILY.rule("untyped-input", "an input of any shape", chains=True)
def untyped_input(subject: Subject) -> Iterator[Hit]:
    """Data of any shape is not checked before it is sent."""
    for each in subject.stored.inputs:
        if each.type.kind == "json":
            yield Hit(
                subject.key("inputs", each.name),
                f"the input {each.name!r} takes data of any shape, so nothing checks it",
                "declare its shape: kind: object with properties, or a pydantic model",
            )


@FAMILY.rule("one-letter-input", "an input whose name is one letter", chains=True)
def one_letter_input(subject: Subject) -> Iterator[Hit]:
    """A name of one letter says nothing where it is filled in."""
    for each in subject.stored.inputs:
        # A word of one sign is a word in scripts whose signs are words.
        if len(each.name) == 1 and each.name.isascii():
            yield Hit(
                subject.key("inputs", each.name),
                f"the input {each.name!r} is one letter: whoever fills it in does not know what it is",
                "give it the word that it stands for, such as question",
            )
