"""Lines of a log, one after the other, in flat memory; those that cannot hold what is wanted are never parsed."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from promptlib.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

#: So much is read at once that it stays at hand while it is looked through for words, and for the ends of lines.
BLOCK = 1 << 17
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


def _opened(path: Path) -> BinaryIO:
    if not stat.S_ISREG(path.stat().st_mode):
        raise StoreError(f"{str(path)!r} is no file", hint="a log of runs is a file of JSON lines")
    return open(path, "rb")  # noqa: PTH123 - closed by the caller


class _Chunk(NamedTuple):
    """Whole lines, each with its end but for the very last of a file; None stands for one line that is too long."""

    data: bytes | None


def _chunks(file: BinaryIO) -> Iterator[_Chunk]:
    while block := file.read(BLOCK):
        if block.endswith(b"\n"):
            yield _Chunk(block)
            continue
        rest = file.readline(LONGEST_LINE)
        if len(rest) < LONGEST_LINE or rest.endswith(b"\n"):
            yield _Chunk(block + rest)
            continue
        if whole := block[: block.rfind(b"\n") + 1]:
            yield _Chunk(whole)
        yield _Chunk(None)
        while rest and not rest.endswith(b"\n"):
            rest = file.readline(LONGEST_LINE)


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
    counted = end = 0
    while (at := _next(data, here, end)) >= 0:
        begin = data.rfind(b"\n", 0, at) + 1
        end = data.find(b"\n", at)
        number += data.count(b"\n", counted, begin)
        counted = begin
        if end < 0:
            yield Line(number, data[begin:], ended=False)
            return
        yield Line(number, data[begin:end])


def _next(data: bytes, words: list[bytes], start: int) -> int:
    """Return where the first of *words* stands from *start* on, or -1."""
    return min((at for word in words if (at := data.find(word, start)) >= 0), default=-1)


def _unreadable(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{str(path)!r} cannot be read: {error.strerror}", hint="check who owns it: ls -l")
