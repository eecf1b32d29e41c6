"""The texts in plain data, and places in a text that is no file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptlib.errors import Where
from promptlib.messages import File, Image, Message, Text
from promptlib.plain import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINES = re.compile(r"\r\n|\r|\n")


def texts_in(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Yield every text in plain *value*, with the path to it."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Message):
        yield path, value.name
        for part in value.parts:
            yield from _part_texts(part, path)
        for call in value.tool_calls:
            yield path, call.arguments
    elif isinstance(value, Image | File):
        yield from _part_texts(value, path)
    elif isinstance(value, dict | Frozen):
        for key, each in value.items():
            yield path, str(key)
            yield from texts_in(each, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for at, each in enumerate(value):
            yield from texts_in(each, f"{path}[{at}]")


def holds_files(value: object) -> bool:
    """Return whether an image or a file lies in plain *value*."""
    if isinstance(value, Message):
        return any(isinstance(part, Image | File) for part in value.parts)
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return isinstance(value, Image | File) or any(map(holds_files, inside))


def _part_texts(part: Text | Image | File, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(part, Text):
        yield path, part.text
        return
    if not part.url.startswith("data:"):
        yield path, part.url
    if isinstance(part, File):
        yield path, part.name


def place_in(source: str, text: str, start: int, end: int) -> Where:
    """Return the place of a stretch of a text that is no file."""
    before = _LINES.split(text[:start])
    line = _LINES.split(text)[len(before) - 1]
    return Where(source, len(before), len(before[-1]) + 1, line, max(1, end - start))
