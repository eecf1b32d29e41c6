"""Lines of a log, one after the other, in flat memory; those that cannot hold what is wanted are never parsed."""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from promptlib.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import FileIO
    from pathlib import Path

BLOCK = 1 << 20
#: No line of ours is longer, and no longer one is held in memory.
LONGEST_LINE = 16 << 20


@dataclass(frozen=True, slots=True)
class Skipped:
    """A line of a log that is no run: its number, from 1, and why."""

    line: int
    why: str

    def __str__(self) -> str:
        """Return `line 17: it is no JSON`."""
        return f"line {self.line}: {self.why}"


class Line(NamedTuple):
    """A line without its end, by number; `data` is None when it is too long. `ended` tells whether it has an end."""

    number: int
    data: bytes | None
    ended: bool = True


def lines(path: Path, words: tuple[bytes, ...] = ()) -> Iterator[Line]:
    """Yield the lines of the file at *path* that are not empty; with *words*, those that hold one of them.

    A file that is not there has none. What is appended while it is read may come too. Raises `StoreError` for what is
    no file, or cannot be read.
    """
    try:
        file = _opened(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise _unreadable(path, error) from error
    with file:
        number = 1
        chunks = _chunks(file)
        try:
            for chunk in chunks:
                if chunk.data is None:
                    yield Line(number, None)
                    number += 1
                    continue
                yield from _searched(chunk, number, words) if words else _all(chunk, number)
                number += chunk.data.count(b"\n")
        except OSError as error:
            raise _unreadable(path, error) from error


def _opened(path: Path) -> FileIO:
    if not stat.S_ISREG(path.stat().st_mode):
        raise StoreError(f"{str(path)!r} is no file", hint="a log of runs is a file of JSON lines")
    return open(path, "rb", buffering=0)  # noqa: PTH123 - closed by the caller


class _Chunk(NamedTuple):
    """Whole lines, each with its end but for the very last; None stands for one line that is too long."""

    data: bytes | None
    ended: bool = True


def _chunks(file: FileIO) -> Iterator[_Chunk]:
    kept: list[bytes] = []
    size = 0
    while block := file.read(BLOCK):
        head, newline, tail = block.rpartition(b"\n")
        if newline:
            if size > LONGEST_LINE:
                head = (head + newline).partition(b"\n")[2]
                yield _Chunk(None)
                if head:
                    yield _Chunk(head)
            else:
                yield _Chunk(b"".join((*kept, head, newline)))
            kept, size = [], 0
        if size <= LONGEST_LINE:
            kept.append(tail)
        else:
            kept = []
        size += len(tail)
    if size > LONGEST_LINE:
        yield _Chunk(None)
    elif size:
        yield _Chunk(b"".join(kept), ended=False)


def _all(chunk: _Chunk, number: int) -> Iterator[Line]:
    *ended, last = (chunk.data or b"").split(b"\n")
    for at, line in enumerate(ended):
        if line:
            yield Line(number + at, line)
    if last:
        yield Line(number + len(ended), last, ended=False)


def _searched(chunk: _Chunk, number: int, words: tuple[bytes, ...]) -> Iterator[Line]:
    """To look for a few words in a block is many times quicker than to parse its lines."""
    data = chunk.data or b""
    here = [word for word in words if word in data]
    if not here:
        return
    wanted = re.compile(b"|".join(map(re.escape, here)))
    counted = 0
    found = wanted.search(data)
    while found is not None:
        begin = data.rfind(b"\n", 0, found.start()) + 1
        end = data.find(b"\n", found.end())
        number += data.count(b"\n", counted, begin)
        counted = begin
        if end < 0:
            yield Line(number, data[begin:], ended=False)
            return
        yield Line(number, data[begin:end])
        found = wanted.search(data, end)


def _unreadable(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{str(path)!r} cannot be read: {error.strerror}", hint="check who owns it: ls -l")
