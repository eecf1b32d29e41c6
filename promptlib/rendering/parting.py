"""What the filters `join` and `delimited` put out, with the places where its parts begin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from promptlib.rendering.marking import FENCE, JOIN
from promptlib.rendering.stretches import Printed, printed

if TYPE_CHECKING:
    from promptlib.rendering.environment import RenderContext


def joined_items(context: RenderContext, value: Any, *args: object, **kwargs: object) -> Printed:  # noqa: ANN401 - whatever a template joins
    """Return `value | join(…)` with where each item begins; each but the first begins with what is between."""
    value = list(value) if isinstance(value, Iterator) else value
    text = context.environment.call_filter(JOIN, value, args, kwargs, context)
    attribute = attribute_of(args, kwargs)
    lengths = [_length(context, item, attribute) for item in value]
    gap = (len(text) - sum(lengths)) // (len(lengths) - 1) if len(lengths) > 1 else 0
    ends = accumulate(length + (gap if at else 0) for at, length in enumerate(lengths))
    return printed(text, 0, len(text), (0, *ends) if lengths else ())


def fenced(context: RenderContext, value: object, *args: object, **kwargs: object) -> Printed:
    """Return `value | delimited(…)` with where *value* lies in it."""
    items = value.items if isinstance(value, Printed) else ()
    given = str(value) if isinstance(value, Printed) else value
    text = context.environment.call_filter(FENCE, given, args, kwargs, context)
    start, end = text.index("\n") + 1, text.rindex("\n")
    return printed(text, start, end, tuple([start + each for each in items]))


def attribute_of(args: tuple[object, ...], kwargs: Mapping[str, object]) -> object:
    """Return the attribute that `join` was asked to take of each item, or None."""
    return args[1] if len(args) > 1 else kwargs.get("attribute")


def _length(context: RenderContext, item: Any, attribute: object) -> int:  # noqa: ANN401 - whatever a template joins
    if item.__class__ is str and attribute is None:
        return len(item)
    return len(context.environment.call_filter(JOIN, (item,), ("", attribute), context=context))
