"""From files to a bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.bundle.container import directory_of, head_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def pack(entries: Mapping[str, bytes]) -> Iterator[bytes]:
    """Yield the bytes of a bundle of *entries*, by path: the same whatever their order was, on every machine.

    Raises `ValueError` for a path that none may have, or a content past 8 MiB.
    """
    ordered = sorted(entries.items(), key=lambda entry: entry[0].encode())
    directory = directory_of(ordered)
    yield head_of(directory)
    yield directory
    yield from (data for _, data in ordered)
