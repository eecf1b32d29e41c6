"""Search by meaning: texts as vectors, made by an embedder and kept, so that each text is embedded once.

Needs the extra, `pip install '.[semantic]'` in a checkout of promptlib; without numpy the import of this package raises
`NotInstalled`. Nothing is ever downloaded.
"""

from __future__ import annotations

from promptlib.semantic.embedder import BUILT_IN, Embedder, Embedding, Matrix, embedder
from promptlib.semantic.fusing import fused
from promptlib.semantic.vectors import LONGEST, Kept, Vectors, gist

__all__ = [
    "BUILT_IN",
    "LONGEST",
    "Embedder",
    "Embedding",
    "Kept",
    "Matrix",
    "Vectors",
    "embedder",
    "fused",
    "gist",
]
