"""Two lines of work on one prompt, merged as a structure: each part by its own rule."""

from __future__ import annotations

from promptlib.merge.conflicts import FieldConflict, NameConflict
from promptlib.merge.files import MergedFile, merge_files, merged_file
from promptlib.merge.merged import Merged, merge, merge_stored

__all__ = [
    "FieldConflict",
    "Merged",
    "MergedFile",
    "NameConflict",
    "merge",
    "merge_files",
    "merge_stored",
    "merged_file",
]
