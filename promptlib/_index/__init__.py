"""The index: a cache over git that answers without walking the history. The only home of sqlite3.

It is built in two steps: first the graph, from one `git log --raw`; then, when first needed, what stands in the files.
"""

from __future__ import annotations

from promptlib._index import walking
from promptlib._index.contents import is_blob
from promptlib._index.earlier import Earlier
from promptlib._index.finding import Question
from promptlib._index.index import Index
from promptlib._index.moments import Committed
from promptlib._index.nodes import fields_of
from promptlib._index.retelling import Remembered, Told
from promptlib._index.rows import Description, Label, Repository, Row, Story
from promptlib._index.shelf import Shelf
from promptlib._index.shelving import Counts, Sieve, Stood, says_more
from promptlib._index.vectors import VectorFile
from promptlib._index.wording import Findings

__all__ = [
    "Committed",
    "Counts",
    "Description",
    "Earlier",
    "Findings",
    "Index",
    "Label",
    "Question",
    "Remembered",
    "Repository",
    "Row",
    "Shelf",
    "Sieve",
    "Stood",
    "Story",
    "Told",
    "VectorFile",
    "fields_of",
    "is_blob",
    "says_more",
    "walking",
]
