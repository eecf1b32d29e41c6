"""Where a template's own literal text ends and its tags begin, without compiling it.

Role lines count only in literal text. This scanner knows the template language's delimiters, strings and brackets,
and nothing more; on a tag that is never closed all that follows is inside it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_TAG = re.compile(r"\{(?:\{|%|#)")
_RAW = re.compile(r"\{%[-+]?\s*raw\s*-?%\}")
RAW_END = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")
_INSIDE = re.compile(r"""'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*"|['"(){}\[\]]|%\}""", re.DOTALL)


class Tag(NamedTuple):
    """A stretch that is no literal text: from its opening to behind its closing delimiter, or to the end."""

    kind: str
    start: int
    end: int
    closed: bool


def tags(text: str) -> list[Tag]:
    """Return the tags of *text* in order: output, statements, comments, and raw blocks as a whole."""
    found: list[Tag] = []
    at = 0
    while opening := _TAG.search(text, at):
        start = opening.start()
        kind, end = _end(text, start, opening[0])
        at = end if end >= 0 else len(text)
        found.append(Tag(kind, start, at, end >= 0))
    return found


def _end(text: str, start: int, opening: str) -> tuple[str, int]:
    """Return the kind of the tag that opens at *start* and where it ends, or -1."""
    if opening == "{#":
        end = text.find("#}", start + (3 if text[start + 2 : start + 3] in {"-", "+"} else 2))
        return "comment", end + 2 if end >= 0 else -1
    if opening == "{{":
        return "output", _inside(text, start + 2, "}}")
    if raw := _RAW.match(text, start):
        closing = RAW_END.search(text, raw.end())
        return "raw", closing.end() if closing else -1
    return "statement", _inside(text, start + 2, "%}")


def _inside(text: str, at: int, closing: str) -> int:
    """Return where the tag ends that is open at *at*, or -1; brackets and texts in quotes keep it open."""
    depth = 0
    while found := _INSIDE.search(text, at):
        at = found.start()
        if depth == 0 and text.startswith(closing, at):
            return at + 2
        if found[0] in {"'", '"'}:
            return -1
        if found[0] in "([{":
            depth += 1
        elif found[0] in ")]}":
            depth = max(0, depth - 1)
        # A closing delimiter inside brackets is two characters here, as it is for the template language.
        at = at + 1 if found[0] == "%}" else found.end()
    return -1
