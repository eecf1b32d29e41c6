"""Finding prompts by what they say: needs as words, hits with snippets, near-duplicates. It touches no store."""

from __future__ import annotations

from promptlib.query.document import FIELDS, Document, body_of, document
from promptlib.query.hits import Column, Duplicate, Field, Hit, Hits, Kind, Later, Ranking, Snippet, Versions
from promptlib.query.language import ENGLISH, LANGUAGES, Language, language
from promptlib.query.need import Known, Need, read, whole
from promptlib.query.shingles import THRESHOLD, duplicates
from promptlib.query.snippets import Marker, surface

__all__ = [
    "ENGLISH",
    "FIELDS",
    "LANGUAGES",
    "THRESHOLD",
    "Column",
    "Document",
    "Duplicate",
    "Field",
    "Hit",
    "Hits",
    "Kind",
    "Known",
    "Language",
    "Later",
    "Marker",
    "Need",
    "Ranking",
    "Snippet",
    "Versions",
    "body_of",
    "document",
    "duplicates",
    "language",
    "read",
    "surface",
    "whole",
]
