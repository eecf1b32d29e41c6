"""Prompts that this process has read already, by what they were read from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib import codec
from promptlib.forking import ForkableLock

if TYPE_CHECKING:
    from collections.abc import Hashable

    from promptlib.chain import Stored

MOST_PROMPTS = 2048
MOST_BYTES = 32 << 20


class Memory:
    """Prompts by their file's bytes, or by the id that git gives these: nothing here can be out of date."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._lock = ForkableLock()
        self._kept: dict[Hashable, tuple[Stored, int]] = {}
        self._size = 0

    def find(self, key: Hashable) -> Stored | None:
        """Return the prompt that was kept under *key*."""
        found = self._kept.get(key)
        return found[0] if found else None

    def keep(self, key: Hashable, prompt: Stored, size: int) -> Stored:
        """Keep *prompt*, read from *size* bytes, and return it; the oldest make room."""
        with self._lock:
            self._size += size - self._kept.pop(key, (prompt, 0))[1]
            self._kept[key] = prompt, size
            while len(self._kept) > MOST_PROMPTS or self._size > MOST_BYTES:
                self._size -= self._kept.pop(next(iter(self._kept)))[1]
        return prompt


#: Of all stores of this process: bounded, and shared like the templates that rendering keeps.
MEMORY = Memory()


def content_of(data: bytes, source: str = "", key: Hashable = None) -> Stored:
    """Return the prompt that *data* holds, to compare it: its places may be those of another file of these bytes."""
    key = data if key is None else key
    return found_content(key) or MEMORY.keep((_CONTENT, key), codec.read_stored(data, source=source), len(data))


def found_content(key: Hashable) -> Stored | None:
    """Return the prompt that *key* stands for, if `content_of` has read it."""
    return MEMORY.find((_CONTENT, key))


def written(data: bytes, prompt: Stored) -> None:
    """Remember that *data* is what the codec writes for *prompt*, and reads as."""
    MEMORY.keep((_CONTENT, data), prompt.with_origin(None), len(data))
    MEMORY.keep((_WRITTEN, data), prompt, 0)


def is_written(key: Hashable) -> bool:
    """Return whether *key* stands for a file of which `written` told."""
    return MEMORY.find((_WRITTEN, key)) is not None


def known_as(key: Hashable, data: bytes) -> None:
    """Let *key* stand for *data* too, if that was read."""
    for kind, size in ((_CONTENT, len(data)), (_WRITTEN, 0)):
        found = MEMORY.find((kind, data))
        if found is not None:
            MEMORY.keep((kind, key), found, size)


_CONTENT, _WRITTEN = "", "written"
