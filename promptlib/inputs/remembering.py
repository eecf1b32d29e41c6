"""What was made for a declaration, found again without hashing it."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")

_MOST = 512


class ByIdentity(Generic[T]):
    """A bounded cache by the identity of a tuple and one more key.

    Hashing a declaration costs more than reading an instance by it. The tuple is kept beside its value, so that no
    other can have its place in memory meanwhile.
    """

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        """Begin empty."""
        self._kept: dict[tuple[int, object], tuple[object, T]] = {}

    def find(self, subject: tuple[object, ...], key: object) -> T | None:
        """Return what was kept for *subject*, this very tuple, and *key*."""
        known = self._kept.get((id(subject), key))
        return known[1] if known is not None and known[0] is subject else None

    def keep(self, subject: tuple[object, ...], key: object, value: T) -> T:
        """Keep *value* and return it."""
        if len(self._kept) >= _MOST:
            self._kept.clear()
        self._kept[id(subject), key] = subject, value
        return value
