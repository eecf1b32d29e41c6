"""Whether a model can stand for stored inputs: every value that it holds has to be one that they accept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.errors import InputsMismatch, InvalidPrompt, nearest
from promptlib.inputs.conforming import conform
from promptlib.inputs.declaring import declare
from promptlib.inputs.limits import moment
from promptlib.inputs.wording import describe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import BaseModel

    from promptlib.inputs.grammar import Input, InputType
    from promptlib.plain import Plain

_NOTHING = "nothing of this name"

#: A field, what the prompt stores, what the model says, and why that does not do.
Problem = tuple[str, str, str, str]


def check_assignable(stored: tuple[Input, ...], model: type[BaseModel]) -> None:
    """Raise `InputsMismatch` unless *model* fits the *stored* inputs; the text goes field by field.

    It fits when each required input is a field whose every value the stored type accepts, and no field is unknown.
    A stored input with a default may be missing from the model: it keeps its default.
    """
    problems = tuple(_compare(stored, declare(model), ""))
    if problems:
        rows = [
            f"  {name}: the prompt stores {own}, the model has {other}: {why}" for name, own, other, why in problems
        ]
        raise InputsMismatch(
            "\n".join([f"the model {model.__name__} does not fit the inputs of the stored prompt", *rows]),
            hint="change the model, or load without inputs= and save the prompt with the new inputs",
        )


def check_included(stored: tuple[Input, ...], around: tuple[Input, ...], what: str) -> None:
    """Raise `InvalidPrompt` unless the inputs *around* an include give it what it needs; *what* names the include."""
    names = {each.name for each in stored}
    problems = tuple(_compare(stored, (each for each in around if each.name in names), ""))
    if problems:
        rows = [f"  {name}: it needs {own}, here is {other}: {why}" for name, own, other, why in problems]
        raise InvalidPrompt(
            "\n".join([f"{what} needs inputs that are not declared here", *rows]),
            hint="declare them with a type that the include accepts",
        )


def unfit(stored: InputType, given: InputType, path: str, giver: str) -> tuple[Problem, ...]:
    """Return where a value of the type *given*, told as that of *giver*, may be none that *stored* accepts."""
    return tuple(_mismatches(stored, given, path, giver))


def _compare(
    stored: Iterable[Input], given: Iterable[Input], prefix: str, giver: str = "the model"
) -> Iterator[Problem]:
    wanted, fields = {each.name: each for each in stored}, {each.name: each for each in given}
    for name, each in wanted.items():
        if name in fields:
            yield from _mismatches(each.type, fields[name].type, f"{prefix}{name}", giver)
        elif each.required:
            guess = nearest(name, fields.keys() - wanted.keys())
            yield f"{prefix}{name}", describe(each.type), _NOTHING, guess or "it is required"
    for name, each in fields.items():
        if name not in wanted:
            guess = nearest(name, wanted.keys() - fields.keys())
            yield f"{prefix}{name}", _NOTHING, describe(each.type), guess or "it would never be used"


def _mismatches(stored: InputType, given: InputType, path: str, giver: str) -> Iterator[Problem]:
    """Yield where a value of *given* may be none of *stored*, as deep as it lies."""
    if given.nullable and not stored.nullable and stored.kind != "json":
        yield path, describe(stored), describe(given), "None is not accepted"
    elif stored.kind == "json":
        if _holds_messages(given):
            yield path, describe(stored), describe(given), "messages, images and files are no plain data"
    elif given.kind == "enum":
        if refused := [value for value in given.values if not _accepts(stored, value)]:
            yield path, describe(stored), describe(given), f"{refused[0]!r} is not accepted"
    elif given.kind != stored.kind and (stored.kind, given.kind) != ("float", "integer"):
        yield path, describe(stored), describe(given), f"{_kind(given)} is not accepted as {_kind(stored)}"
    elif why := _wider(stored, given, giver):
        yield path, describe(stored), describe(given), why
    else:
        if stored.items is not None and given.items is not None:
            yield from _mismatches(stored.items, given.items, f"{path}[]", giver)
        yield from _compare(stored.properties, given.properties, f"{path}.", giver)


def _kind(kind_of: InputType) -> str:
    return {"string": "text", "array": "a list", "map": "a mapping", "json": "data of any shape"}.get(
        kind_of.kind, kind_of.kind
    )


def _holds_messages(kind_of: InputType) -> bool:
    parts = (kind_of.items, *(each.type for each in kind_of.properties))
    return kind_of.kind in ("thread", "image", "file") or any(_holds_messages(part) for part in parts if part)


def _accepts(stored: InputType, value: Plain) -> bool:
    try:
        conform(stored, value, "value")
    except InvalidPrompt:
        return False
    # Text that happens to be a date's spelling is no date for the model that holds it as a text.
    return stored.kind not in ("date", "datetime")


def _wider(stored: InputType, given: InputType, giver: str) -> str:
    """Return why the limits of *given* let through what those of *stored* refuse, or an empty text."""
    if stored.pattern is not None and stored.pattern != given.pattern:
        return f"{giver} does not ask for the pattern {stored.pattern!r:.80}"
    if stored.ge is not None and (given.ge is None or moment(given.kind, given.ge) < moment(stored.kind, stored.ge)):
        return f"{giver} lets through less than {stored.ge}"
    if stored.le is not None and (given.le is None or moment(given.kind, given.le) > moment(stored.kind, stored.le)):
        return f"{giver} lets through more than {stored.le}"
    if (stored.min_length or 0) > (given.min_length or 0):
        return f"{giver} lets through a length below {stored.min_length}"
    if stored.max_length is not None and (given.max_length is None or given.max_length > stored.max_length):
        return f"{giver} lets through a length above {stored.max_length}"
    return ""
