"""Prompts as files: a strict profile of Prompty v2, read and written without loss."""

from __future__ import annotations

from promptlib.codec.notes import Note
from promptlib.codec.reading import read, read_with_notes
from promptlib.codec.writing import edit, write

__all__ = ["Note", "edit", "read", "read_with_notes", "write"]
