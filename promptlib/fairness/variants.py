"""One case, rendered for one person of one group."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptlib.rendering import RenderedPrompt


class Put(NamedTuple):
    """Where a declared field stands in rendered messages: offsets into the text of message number `message`."""

    field: str
    message: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One case, rendered for one row of one group; `case` and `row` count from 0.

    `values` are what the declared fields were given, by field. `put` tells where they stand in the messages; it is
    empty where a budget has cut something.
    """

    group: str
    row: int
    case: int
    values: Mapping[str, str | int]
    rendered: RenderedPrompt
    put: tuple[Put, ...] = field(default=(), compare=False, repr=False)
