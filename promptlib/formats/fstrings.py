"""Templates of Python's `str.format`, which others call f-strings, as templates of Jinja."""

from __future__ import annotations

import re
from string import Formatter
from typing import TYPE_CHECKING

from promptlib.formats.moving import filled

if TYPE_CHECKING:
    from promptlib.formats.moving import Moving
    from promptlib.inputs import Kind

_SPEC = re.compile(
    r"(?P<align>[<>])?(?P<zero>0)?(?P<width>[1-9]\d{0,4})?(?P<precision>\.\d{1,3})?(?P<type>[sdfFeEgGxX]?)"
)
_PARTS = ("align", "zero", "width", "precision", "type")
_NUMBERS: dict[str, Kind] = {"d": "integer", "x": "integer", "X": "integer"}


def jinja_of_fstring(text: str, moving: Moving, where: str) -> str:
    """Return the template of Jinja that says what the f-string *text* says; its variables are declared in *moving*.

    `{{` and `}}` are braces. What a format such as `{price:.2f}` does is done by the filter `format`, and makes its
    variable a number. Raises `InvalidPrompt` for a broken template, and for what only Python can do.
    """
    parts: list[tuple[str, str]] = []
    before = ""
    try:
        found = list(Formatter().parse(text))
    except ValueError as error:
        hint = "a brace that is text is written twice: {{ and }}"
        raise moving.refused(f"broken template: {error}", where, hint) from error
    for literal, word, spec, conversion in found:
        before += literal
        if word is None:
            continue
        parts.append((before, _expression(word, spec or "", conversion, moving, where)))
        before = ""
    return filled(parts, before)


def _expression(word: str, spec: str, conversion: str | None, moving: Moving, where: str) -> str:
    if not word.strip() or word.isdigit() or set(word) & set(".[]"):
        hint = "a name in braces is one word; a brace that is text is written twice: {{ and }}"
        raise moving.refused(f"{{{word:.60}}} is no variable", where, hint)
    hint = f"write {{{word}}} there, and hand over a text that is made so already"
    if conversion not in (None, "s"):
        raise moving.refused(f"{{{word}!{conversion}}} is written by Python's own code", where, hint)
    name = moving.named(word, where)
    if spec in ("", "s"):
        moving.declare(name, "string", where)
        return name
    code = _printf(spec)
    if code is None:
        raise moving.refused(f"the format {spec!r:.40} of {word!r:.60} is Python's alone", where, hint)
    kind = _NUMBERS.get(code[-1], "string" if code[-1] == "s" else "float")
    moving.declare(name, kind, where)
    moving.lose(f"{name!r} is written by the filter format, as {kind}", where)
    return f'"{code}" | format({name})'


def _printf(spec: str) -> str | None:
    """Return what the format *spec* is for `%`; None where that knows no such thing."""
    matched = _SPEC.fullmatch(spec)
    if matched is None:
        return None
    align, zero, width, precision, letter = (matched[each] or "" for each in _PARTS)
    number = letter not in ("", "s")
    if (zero and (align or not number)) or (precision and letter in _NUMBERS):
        return None
    # A text stands at the left where nobody says otherwise, a number at the right.
    left = "-" if width and (align == "<" or not (align or number)) else ""
    return f"%{left}{zero}{width}{precision}{letter or 's'}"
