"""Messages out of a prompt and its values: safe, in one pass, compiled once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.rendering.collecting import included_text
from promptlib.rendering.positions import Place
from promptlib.rendering.provenance import Provenance, Source
from promptlib.rendering.rendered import RenderedPrompt
from promptlib.rendering.template import Template, Variable, check, compile_pieces

if TYPE_CHECKING:
    from promptlib.rendering.metering import Meter

__all__ = [
    "Place",
    "Provenance",
    "RenderedPrompt",
    "Source",
    "Template",
    "Variable",
    "check",
    "compile_pieces",
    "included_text",
    "new_meter",
]


def new_meter() -> Meter:
    """Return the whole budget of one foreign render, to be shared by what it includes."""
    from promptlib.rendering.metering import Meter  # noqa: PLC0415 - own prompts need none of it, nor Jinja

    return Meter()
