"""One render of a foreign template: its program, its budget, and what it may put out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.messages import Placeholder
from promptlib.rendering import limits
from promptlib.rendering.collecting import Opening
from promptlib.rendering.environment import RenderContext
from promptlib.rendering.generating import Program
from promptlib.rendering.guarded import FOREIGN_ENVIRONMENT, GuardedGenerator
from promptlib.rendering.metering import Meter, check_output

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jinja2 import nodes

    from promptlib.messages import Piece


def program_of(tree: nodes.Template) -> Program:
    """Return the program that weighs what it does."""
    return Program(tree, FOREIGN_ENVIRONMENT, GuardedGenerator)


def context_of(values: Mapping[str, object], include: Callable[[str], str], meter: Meter | None) -> RenderContext:
    """Return what names are resolved in, with a budget: that of the prompt around it, or a new one."""
    context = RenderContext(FOREIGN_ENVIRONMENT, {**FOREIGN_ENVIRONMENT.globals, **values}, None, {})
    context.meter = mine = meter or Meter()

    def weighed(alias: str) -> str:
        mine.spend(limits.INCLUDE)
        text = include(alias)
        return mine.kept(text)

    context.include = weighed
    return context


def measured(chunks: Sequence[object], pieces: tuple[Piece, ...], values: Mapping[str, object]) -> None:
    """Raise unless *chunks* make so many messages of such a size as may be."""
    opened = [chunk for chunk in chunks if chunk.__class__ is Opening] if len(pieces) > 1 else []
    messages = len(opened)
    if messages > len(pieces):
        for number in opened:
            piece = pieces[number]
            if isinstance(piece, Placeholder):
                thread = values.get(piece.name)
                messages += len(thread) if isinstance(thread, list | tuple) else 0
    check_output(chunks, messages)
