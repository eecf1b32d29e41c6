"""Messages out of a prompt and its values: safe, in one pass, compiled once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.rendering.collecting import included_text
from promptlib.rendering.positions import Place, Span, where
from promptlib.rendering.provenance import Provenance, Source
from promptlib.rendering.rendered import RenderedPrompt
from promptlib.rendering.template import Template, Variable, check, compile_pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from promptlib.errors import Where
    from promptlib.inputs import Input
    from promptlib.messages import Piece
    from promptlib.rendering.flow import Strand
    from promptlib.rendering.invisible import Invisible, UnicodeReport
    from promptlib.rendering.metering import Meter
    from promptlib.rendering.rows import RenderedRows, RowT

__all__ = [
    "Place",
    "Provenance",
    "RenderedPrompt",
    "Source",
    "Template",
    "Variable",
    "check",
    "compile_pieces",
    "flow_of",
    "included_text",
    "invisible_in_text",
    "invisible_in_values",
    "new_meter",
    "rendered_rows",
    "where_in",
]


def new_meter() -> Meter:
    """Return the whole budget of one foreign render, to be shared by what it includes."""
    from promptlib.rendering.metering import Meter  # noqa: PLC0415 - own prompts need none of it, nor Jinja

    return Meter()


def invisible_in_values(values: Mapping[str, object]) -> UnicodeReport:
    """Return what is invisible in plain *values*."""
    from promptlib.rendering import invisible  # noqa: PLC0415 - its tables are for those who ask

    return invisible.invisible_in_values(values)


def rendered_rows(rows: Iterable[RowT], render: Callable[[RowT], RenderedPrompt]) -> RenderedRows[RowT]:
    """Return an iterator that calls *render* for each of *rows*."""
    from promptlib.rendering.rows import RenderedRows  # noqa: PLC0415 - one render needs none of it

    return RenderedRows(rows, render)


def flow_of(pieces: tuple[Piece, ...], inputs: Iterable[Input]) -> tuple[Strand, ...]:
    """Return what the template of *pieces*, which was compiled before, puts out: texts and values in their order."""
    from promptlib.rendering import flow as home  # noqa: PLC0415 - a load and a render need none of it, nor Jinja

    return home.flow(pieces, inputs)


def invisible_in_text(text: str) -> Iterable[Invisible]:
    """Return the runs of characters in *text* that a reader does not see."""
    from promptlib.rendering import invisible as home  # noqa: PLC0415 - its tables are for those who ask

    return home.invisible(text)


def where_in(pieces: tuple[Piece, ...], piece: int, start: int, end: int) -> Where:
    """Return the place of a stretch of one of *pieces*, as errors of prompts without a file tell it."""
    return where(pieces, Span(piece, start, end))
