"""Messages out of a prompt and its values: safe, in one pass, compiled once."""

from promptlib.rendering.collecting import included_text
from promptlib.rendering.positions import Place
from promptlib.rendering.provenance import Provenance, Source
from promptlib.rendering.rendered import RenderedPrompt
from promptlib.rendering.template import Template, Variable, check, compile_pieces

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
]
