"""Rules about what a prompt says of the answer, beside what it declares of it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from promptlib import inputs as grammar
from promptlib.errors import InvalidInputs, PromptLibError
from promptlib.lint.rule import Family, Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.lint.subject import Subject
    from promptlib.rendering.flow import Strand

FAMILY = Family("outputs")
_FORM = (
    r"(markdown|yaml|xml|csv|html|plain text|prose|a table|(?:a )?bullet(?:ed)? (?:list|points)|(?:a |one )?single word"
    r"|one word|a json (?:array|list)|a list of json)"
)
#: Words that call the whole answer: one part of it may well be a list or a table.
_WHOLE = r"(?:answers?|outputs?|responses?|repl(?:y|ies)|results?|everything|thing|it)"
#: A form that the answer is to have, told by a verb of answering or as the format of the answer, in one clause.
_OTHER_FORM = re.compile(
    rf"\b(?:(?:(?:respond|reply|answer|return|output|write|give|produce|present)\b|format(?=\s+(?:\w+\s+)?{_WHOLE}\b))"
    r"(?:\s+(?:to|me|us|back|only|just|always|the|your|my|whole|entire|full|final|complete))*"
    rf"(?:\s+{_WHOLE})?(?:\s+(?:only|just|strictly|always))*\s+(?:in|as|with|using)"
    r"|(?:output|answer|response) format\s+(?:is|should be|must be)|format of the (?:output|answer|response)\s+is)"
    rf"\s+(?:\*+|the\s+|a\s+|only\s+|valid\s+|clean\s+|simple\s+){{0,3}}{_FORM}\b",
    re.IGNORECASE,
)
_NOT = re.compile(r"\b(?:no|not|never|don't|without|instead of|rather than)\b", re.IGNORECASE)
#: Values of an example that only say what stands there.
_PLACEHOLDER = re.compile(
    r"\.\.\.|…|[<>|\[\]{}$]|^(?:string|text|number|integer|float|boolean|str|int)$", re.IGNORECASE
)
#: What the check of values calls a part of the answer.
_PART = re.compile(r"'([^'.\[]+)")
#: Places where JSON may begin that are tried, and characters of one example.
MOST_TRIES, LONGEST = 200, 20_000
#: Characters before an order in which a negation stands, in the same clause.
NEAR = 80


def _is_object(subject: Subject) -> bool:
    """Whether the declared answer can only be JSON: one text by itself can be any."""
    outputs = subject.prompt.outputs
    return len(outputs) > 1 or any(each.type.kind != "string" for each in outputs)


def _literal(subject: Subject) -> Iterator[Strand]:
    return (each for each in subject.flow if each.put == "text")


@FAMILY.rule("contradicted-output", "the text asks for another form than the declared answer")
def contradicted_output(subject: Subject) -> Iterator[Hit]:
    """Where a provider enforces the declared form, the words cost quality; where it does not, they win."""
    if not _is_object(subject):
        return
    names = ", ".join(each.name for each in subject.prompt.outputs)
    for strand in _literal(subject):
        for found in _OTHER_FORM.finditer(strand.text):
            clause = max(strand.text.rfind(sign, 0, found.start()) for sign in ".;:\n") + 1
            if not _NOT.search(strand.text, max(clause, found.start() - NEAR), found.end()):
                yield Hit(
                    subject.at(strand.piece, strand.start + found.start(1), len(found[1])),
                    f"the text asks for {found[1].lower()}, and the declared answer is an object of {names}",
                    "say the same in both places, or leave the form to the declaration",
                )


@FAMILY.rule("broken-example", "an example of an answer that breaks the declared one", severity="error")
def broken_example(subject: Subject) -> Iterator[Hit]:
    """Models follow examples before descriptions, and the reader of the answer refuses what follows this one."""
    if not subject.prompt.outputs:
        return
    names = {each.name for each in subject.prompt.outputs}
    for strand in _literal(subject):
        for start, end, found in _objects(strand.text):
            if isinstance(found, dict) and names & found.keys():
                wrong = _problem(subject, found)
                if wrong:
                    yield Hit(
                        subject.at(strand.piece, strand.start + start, end - start),
                        f"this example of an answer breaks the declared one: {wrong}",
                        "mend the example, or what outputs: declares",
                    )


def _objects(text: str) -> Iterator[tuple[int, int, Any]]:
    """Yield each JSON object in *text*, the outermost only."""
    decoder, at = json.JSONDecoder(), 0
    for _ in range(MOST_TRIES):
        at = text.find("{", at)
        if at < 0:
            return
        try:
            found, end = decoder.raw_decode(text[at : at + LONGEST])
        except (ValueError, RecursionError):
            at += 1
            continue
        yield at, at + end, found
        at += end


def _problem(subject: Subject, example: dict[str, Any]) -> str:
    """Return the first thing in which *example* is no answer; placeholders are no values."""
    model = grammar.model_of(subject.prompt.outputs)
    try:
        grammar.validate(model, example)
    except InvalidInputs as error:
        problems = [error, *error.others]
    except PromptLibError:
        return ""
    else:
        return ""
    for each in problems:
        part = _PART.search(each.what)
        if part is None or not _is_placeholder(example.get(part[1], 0)):
            # Values are checked by the same code as inputs, and called so.
            return re.sub(r"\binputs? (?=')", "", each.what)
    return ""


def _is_placeholder(value: object) -> bool:
    match value:
        case str():
            return not value or _PLACEHOLDER.search(value) is not None
        case list():
            return any(map(_is_placeholder, value))
        case dict():
            return any(map(_is_placeholder, value.values()))
    return value is None
