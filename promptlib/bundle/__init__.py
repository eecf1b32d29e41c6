"""Bundles: the files of a store as one file, the same bytes for the same content, checked whenever they are read.

    promptlib-bundle 1
    <sha256 of the directory> <its length, 12 digits>
    <sha256> <size> <path>            the directory: one line for each entry, in the order of the paths
    …
    <the contents, one after the other, in that order>

Each fact is said once: where an entry lies follows from the sizes before it, and the last one ends with the file. So
nothing can overlap, be there twice, or be longer than it says. Nothing is compressed, so nothing can burst.
"""

from __future__ import annotations

from promptlib.bundle.reading import Bundle
from promptlib.bundle.writing import pack

__all__ = ["Bundle", "pack"]
