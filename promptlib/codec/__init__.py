"""Prompts as files: a strict profile of Prompty v2, read and written without loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.codec.notes import Note
from promptlib.codec.reading import read, read_with_notes

if TYPE_CHECKING:
    from promptlib.codec.writing import edit, write

__all__ = ["Note", "edit", "read", "read_with_notes", "write"]


def __getattr__(name: str) -> object:
    """Import what writes files when it is first asked for: a load does not need it."""
    if name not in {"edit", "write"}:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from promptlib.codec import writing  # noqa: PLC0415 - see above

    value: object = getattr(writing, name)
    globals()[name] = value
    return value
