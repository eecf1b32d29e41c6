"""Output form: the answer is declared field by field, and the words say nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.learn.lesson import Flaw, Lesson
from promptlib.learn.planting import arrives

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.learn.work import Work

LESSON = Lesson("output-form", rules=("no-output-form", "contradicted-output"))
#: Fields that the task asks for.
FIELDS = 4


@LESSON.check("lost-value", "put the advert back in: {{ advert | delimited('advert') }}")
def lost_value(work: Work) -> Iterator[Flaw]:
    """The advert must still arrive."""
    if not arrives(work):
        yield Flaw(work.at_message(), "the advert no longer arrives in the prompt")


@LESSON.check("undeclared", "write outputs: below the inputs, with a name and a kind for each field of the answer")
def undeclared(work: Work) -> Iterator[Flaw]:
    """What is only said cannot be checked."""
    if not work.prompt.outputs:
        yield Flaw(work.at_key("inputs"), "the form is said at most: no answer is declared, so nothing can check one")
    elif len(work.prompt.outputs) < FIELDS:
        many = len(work.prompt.outputs)
        yield Flaw(
            work.at_key("outputs"), f"{many} of {FIELDS} fields are declared: title, place, hours, and from home"
        )


@LESSON.check("any-shape", "declare the fields themselves", own=True)
def any_shape(work: Work) -> Iterator[Flaw]:
    """Data of any shape is no form."""
    for each in work.prompt.outputs:
        if each.type.kind == "json":
            yield Flaw(work.at_key("outputs", each.name), f"the output {each.name!r} may be of any shape")


@LESSON.check("no-number", "hours are counted: kind: integer or kind: float, with minimum: 0")
def no_number(work: Work) -> Iterator[Flaw]:
    """Hours as a text come as 38, about 38, and 38h."""
    outputs = work.prompt.outputs
    if outputs and not any(each.type.kind in {"integer", "float"} for each in outputs):
        yield Flaw(work.at_key("outputs"), "no field is a number: hours as a text come as 38, 38h and about 38")


@LESSON.check("no-choice", "whether one can work from home is kind: boolean, or one of enumValues")
def no_choice(work: Work) -> Iterator[Flaw]:
    """Yes and no as a text come as yes, Yes, possible."""
    outputs = work.prompt.outputs
    if outputs and not any(each.type.kind in {"boolean", "enum"} for each in outputs):
        yield Flaw(work.at_key("outputs"), "no field is a choice: yes as a text comes as yes, Yes, possible, partly")


@LESSON.check("contradicted", "leave the form to the declaration, or say the same", own=True)
def contradicted(work: Work) -> Iterator[Flaw]:
    """The words ask for a table and the declaration for an object."""
    for hit in work.hits("contradicted-output"):
        yield Flaw(hit.where, hit.message, hit.advice)


@LESSON.check("broken-example", "mend the example, or the declaration")
def broken_example(work: Work) -> Iterator[Flaw]:
    """An example of an answer that is none."""
    for hit in work.hits("broken-example"):
        yield Flaw(hit.where, hit.message, hit.advice)


@LESSON.check("undescribed", "description: what goes in, in one line")
def undescribed(work: Work) -> Iterator[Flaw]:
    """Where a provider takes the form, it takes the descriptions with it."""
    for each in work.prompt.outputs:
        if not each.description.strip():
            yield Flaw(work.at_key("outputs", each.name), f"the output {each.name!r} has no description")


@LESSON.check("unsaid", "declare outputs:, or say the form in the text", own=True, ground="wording")
def unsaid(work: Work) -> Iterator[Flaw]:
    """Neither declared nor said."""
    for hit in work.hits("no-output-form"):
        yield Flaw(hit.where, hit.message, hit.advice)
