"""The two halves of a file: front matter between lines that are exactly `---`, and the body below."""

from __future__ import annotations

import re
from dataclasses import dataclass

from promptlib.codec.source import Source
from promptlib.errors import InvalidFile, Where

LARGEST_HEADER = 256 * 1024
_OPEN = re.compile(r"---(\r?)\n")
_CLOSE = re.compile(r"^---\r?(?:\n|\Z)", re.MULTILINE)
_NEARLY = re.compile(r"---[ \t]+\r?$", re.MULTILINE)
BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Halves:
    """A file, cut at its fences.

    `head` is all up to the body as it stands, fences and byte order mark included; `header` is the front matter with
    line ends as newlines, which begins at line 2; `body` is untouched.
    """

    head: str
    header: Source | None
    body: str
    body_line: int
    name: str

    @property
    def newline(self) -> str:
        """The line end of the file's first line: what new lines in it get."""
        first = (self.head or self.body).partition("\n")[0]
        return "\r\n" if first.endswith("\r") else "\n"


def halves(data: bytes, name: str) -> Halves:
    """Cut the file *data*; raises `InvalidFile` when it is no text, or when its front matter has no end."""
    text = _decoded(data, name)
    begin = 1 if text.startswith(BYTE_ORDER_MARK) else 0
    opening = _OPEN.match(text, begin)
    if opening is None:
        if _NEARLY.match(text, begin):
            raise Source(text, name).error(begin + 3, "blanks after the fence", "the first line is exactly ---")
        return Halves(text[:begin], None, text[begin:], 1, name)
    start = opening.end()
    limit = start + LARGEST_HEADER
    closing = _CLOSE.search(text, start, limit)
    if closing is None or limit <= closing.end() < len(text):
        raise _open_ended(text, begin, limit, name)
    header = text[start : closing.start()]
    if "\r" in header:
        header = header.replace("\r\n", "\n")
    body_line = 3 + header.count("\n")
    return Halves(text[: closing.end()], Source(header, name, 2), text[closing.end() :], body_line, name)


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line_start = data.rfind(b"\n", 0, error.start) + 1
        line = data[line_start : error.start + 40].split(b"\n")[0].decode(errors="replace")[:200]
        column = len(data[line_start : error.start].decode(errors="replace")) + 1
        raise InvalidFile(
            f"byte 0x{data[error.start]:02X} is no UTF-8",
            where=Where(name, data.count(b"\n", 0, error.start) + 1, column, line),
            hint="save the file as UTF-8",
        ) from error


def _open_ended(text: str, begin: int, limit: int, name: str) -> InvalidFile:
    source = Source(text, name)
    if len(text) > limit:
        return source.error(
            begin,
            f"front matter is larger than {LARGEST_HEADER // 1024} KiB, or has no end",
            "end it with a line that is exactly ---; long texts belong into the body",
            3,
        )
    return source.error(begin, "front matter is opened and never closed", "end it with a line that is exactly ---", 3)
