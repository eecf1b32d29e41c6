"""One render of a foreign template: its program, its budget, and what it may put out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptlib.messages import Placeholder
from promptlib.rendering import limits
from promptlib.rendering.collecting import Opening, Segmented
from promptlib.rendering.environment import RenderContext
from promptlib.rendering.generating import Program
from promptlib.rendering.guarded import FOREIGN_ENVIRONMENT, GuardedGenerator
from promptlib.rendering.marked import MarkedGenerator
from promptlib.rendering.metering import Meter, check_output
from promptlib.rendering.parting import attribute_of, joined_items

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jinja2 import Environment, nodes

    from promptlib.messages import Piece
    from promptlib.rendering.stretches import Mark, Printed


class GuardedMarkedGenerator(MarkedGenerator, GuardedGenerator):
    """Code in which marks are weighed as well."""

    def __init__(self, environment: Environment, name: str | None, filename: str) -> None:
        """Take the functions that ask the meter."""
        super().__init__(environment, name, filename)
        self.constants["joined_items"] = weighed_items

    def put_mark(self, mark: Mark, node: nodes.Node | None = None) -> None:
        """Write that *mark* is yielded when there is room for what it makes."""
        if mark.what != "end":
            self.writeline(f"meter.mark({limits.STRETCH if mark.what == 'begin' else limits.MARKED_ITEM})", node)
        super().put_mark(mark, node)


def weighed_items(context: RenderContext, value: Any, *args: object, **kwargs: object) -> Printed:  # noqa: ANN401 - whatever a template joins
    """Return what `joined_items` returns, weighed before it is made."""
    count = context.meter.count(value)
    written = attribute_of(args, kwargs) is not None
    others = count if written else sum([item.__class__ is not str for item in value])
    context.meter.spend(2 * count + limits.WRITTEN * others)
    context.meter.make(limits.MARKED_ITEM * count)
    return joined_items(context, value, *args, **kwargs)


def program_of(tree: nodes.Template, *, marked: bool) -> Program:
    """Return the program that weighs what it does, and yields marks where it is *marked*."""
    return Program(tree, FOREIGN_ENVIRONMENT, GuardedMarkedGenerator if marked else GuardedGenerator)


def context_of(values: Mapping[str, object], include: Callable[[str], str], meter: Meter | None) -> RenderContext:
    """Return what names are resolved in, with a budget: that of the prompt around it, or a new one."""
    context = RenderContext(FOREIGN_ENVIRONMENT, {**FOREIGN_ENVIRONMENT.globals, **values}, None, {})
    context.meter = mine = meter or Meter()

    def weighed(alias: str) -> str:
        mine.spend(limits.INCLUDE)
        text = include(alias)
        if isinstance(text, Segmented):
            mine.make(limits.STRETCH * len(text.stretches))
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
