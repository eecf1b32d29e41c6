"""Prompts as files: a strict profile of Prompty v2, read and written without loss."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from promptlib.codec.notes import Note
from promptlib.codec.reading import read, read_stored, read_with_notes

if TYPE_CHECKING:
    from promptlib.codec.outlining import Outline, outline
    from promptlib.codec.writing import edit, write

__all__ = ["Note", "Outline", "edit", "outline", "read", "read_stored", "read_with_notes", "write"]

_HOMES = {"Outline": "outlining", "edit": "writing", "outline": "outlining", "write": "writing"}


def __getattr__(name: str) -> object:
    """Import what writes or counts up files when it is first asked for: a load does not need it."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
