"""Texts of strangers, put into a prompt where it takes any text: what a check tries a prompt with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from promptlib.errors import InvalidInputs, NotFound, RenderFailed, TemplateRejected
from promptlib.learn.probing import MARK, value_for, values_for
from promptlib.lint.delimiters import is_free_value
from promptlib.lint.inputs import is_free
from promptlib.rendering.flow import Drawn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.inputs import Input, InputType
    from promptlib.learn.work import Work
    from promptlib.messages import Message, Role
    from promptlib.rendering import RenderedPrompt
    from promptlib.rendering.flow import Strand


class Spot(NamedTuple):
    """A place where any text can stand: the value that is put out, and the input behind it."""

    strand: Strand
    drawn: Drawn


def spots(work: Work) -> Iterator[Spot]:
    """Yield every place of *work* that puts out a text which anybody may have written."""
    for strand in work.flow:
        if is_free_value(strand) and strand.drawn and not strand.captured:
            yield Spot(strand, strand.drawn[0])


def rendered_with(work: Work, drawn: Drawn, text: str) -> RenderedPrompt | None:
    """Return *work* filled in with *text* where *drawn* says; None where it is refused, which is a defence.

    Includes that nobody can find make it None as well.
    """
    declared = work.inputs.get(drawn.name)
    if declared is None:
        return None
    try:
        others = values_for(each for each in work.prompt.inputs if each.name != drawn.name)
        value = _planted(declared.type, drawn.name, drawn.path, text)
        return work.prompt.render(
            others | {drawn.name: value}, resolve=work.view.load if work.view is not None else None
        )
    except TemplateRejected:
        raise  # it takes more steps than are good for whoever checks it, and that is told
    except (InvalidInputs, NotFound, RenderFailed):
        return None


def _planted(kind: InputType, name: str, path: tuple[str, ...], text: str) -> object:
    """Return a value of *kind* with *text* at *path*, and plain values beside it."""
    if kind.kind == "string":
        return text
    if not path:
        path = (_first_text(kind),)
    first, rest = path[0], path[1:]
    made: Any = value_for(kind, name)
    if kind.kind == "json":
        return {first: text}
    if kind.kind == "array" and kind.items is not None and made:
        made[0] = _planted(kind.items, name, rest, text)
    elif kind.kind == "map" and kind.items is not None and made:
        made[next(iter(made)) if first == "[]" else first] = _planted(kind.items, name, rest, text)
    elif kind.kind == "object":
        inner = next((each for each in kind.properties if each.name == first), None)
        made |= {first: _planted(inner.type, first, rest, text)} if inner is not None else {}
    return made


def _first_text(kind: InputType) -> str:
    """Return the step into *kind* behind which the first text stands."""
    if kind.kind == "object":
        return next((each.name for each in kind.properties if each.type.kind == "string"), "")
    return "key" if kind.kind == "json" else "[]"


def arrives(work: Work, *roles: Role) -> bool:
    """Whether some text of a stranger arrives in what is sent, in a message of *roles* where they are named."""
    return any(
        MARK in each.text.lower()
        for declared in work.prompt.inputs
        if is_free(declared.type)
        for each in _sent(work, declared)
        if not roles or each.role in roles
    )


def _sent(work: Work, declared: Input) -> tuple[Message, ...]:
    rendered = rendered_with(work, Drawn(declared.name, (), declared.type), f"{MARK} one two")
    return () if rendered is None else rendered.messages
