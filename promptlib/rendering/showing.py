"""Values as they stand in a message."""

from __future__ import annotations

from promptlib.errors import RenderFailed
from promptlib.messages import File, Image


def part_of(value: object) -> object:
    """Return *value* as text, or the image or file itself; raises `RenderFailed` for what is neither."""
    return value if isinstance(value, Image | File) else text_of(value)


def text_of(value: object) -> str:
    """Return *value* as text; raises `RenderFailed` for what has no text of its own."""
    if isinstance(value, str | bool | int | float):
        try:
            return str(value)
        except ValueError as error:  # Python refuses to write thousands of digits
            raise RenderFailed("a number of thousands of digits has no text", hint="give it as a text") from error
    if value is None:
        hint = 'say what to print instead: {{ name or "…" }}, or {% if name %}…{% endif %}'
        raise RenderFailed("None has no text", hint=hint)
    if isinstance(value, Image | File):
        hint = "write it by itself in a message, outside of macros, filters and set"
        raise RenderFailed(f"{_article(value)} has no text", hint=hint)
    if isinstance(value, dict | list | tuple):
        hint = 'write {{ name | tojson }}, {{ name | join(", ") }} or a loop'
        raise RenderFailed(f"{_article(value)} has no text of its own", hint=hint)
    hint = 'a list that a filter makes needs | list or | join(", "); macros are called with ( )'
    raise RenderFailed(f"a {type(value).__name__} has no text", hint=hint)


def _article(value: object) -> str:
    words = {dict: "a mapping", list: "a list", tuple: "a list", Image: "an image", File: "a file"}
    return next(word for kind, word in words.items() if isinstance(value, kind))


def kind_of(value: object) -> str:
    """Return how people call what *value* is."""
    return _KINDS.get(type(value), f"a {type(value).__name__}")


#: Plain data, as people call it.
_KINDS: dict[type, str] = {
    type(None): "None",
    bool: "a truth value",
    dict: "a mapping",
    float: "a number",
    int: "a number",
    list: "a list",
    str: "a text",
    tuple: "a list",
}
#: The same by the names that Python's own words use.
KINDS = {kind.__name__: word for kind, word in _KINDS.items()}
