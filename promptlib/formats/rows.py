"""Tables as rows of text, each with the line that it begins in: encodings, delimiters and quotes as they are met."""

from __future__ import annotations

import codecs
import csv
from io import StringIO
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from promptlib.errors import InvalidFile, Where

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: The longer marks first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DELIMITERS = ",;\t|"
_SHOWN = {"\t": "tab"}
#: The csv module keeps one limit for a whole process.
_limit = Lock()


class Row(NamedTuple):
    """One row: the line of the file that it begins in, how many cells it has, and those that have a title."""

    line: int
    width: int
    cells: Mapping[str, str]


class Table(NamedTuple):
    """A table: the titles of its columns, its rows, and how it was read where that was not plain."""

    titles: tuple[str, ...]
    rows: Iterator[Row]
    notes: tuple[str, ...]


def rows_of(data: bytes, source: str, *, encoding: str = "", delimiter: str = "") -> Table:
    """Return the table that *data* holds; cells keep every character, line ends inside of quotes too.

    Without *encoding* a byte order mark says it, else it is UTF-8; without *delimiter* the row of titles does. Raises
    `InvalidFile`, with the line, for bytes outside the encoding and for quotes that do not fit together.
    """
    text, notes = decoded(data, source, encoding)
    mark = delimiter or _delimiter(text)
    if len(mark) != 1 or mark in '"\r\n':
        raise InvalidFile(f"{mark!r} cannot stand between cells", where=Where(source), hint="one character, such as ;")
    if mark != "," and not delimiter:
        notes.append(f"cells stand between {_SHOWN.get(mark, mark)!r}")
    rows = _rows(text, mark, source)
    titles = tuple(cell.strip() for cell in next(rows, (1, []))[1])
    if not any(titles):
        raise InvalidFile("the table has no row of titles", where=Where(source, 1), hint="the first row names columns")
    return Table(titles, _titled(rows, titles), tuple(notes))


def decoded(data: bytes, source: str, encoding: str = "") -> tuple[str, list[str]]:
    """Return *data* as text without its byte order mark, and what is worth telling of that; raises `InvalidFile`."""
    marked = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), None)
    chosen = encoding or (marked[1] if marked else "utf-8")
    try:
        text = data.decode(chosen)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidFile(
            f"{source} is not {chosen.upper()}: byte 0x{data[error.start]:02x} in line {line:,}",
            where=Where(source, line),
            hint="say how it is encoded, such as --encoding cp1252 for old tables of western Europe",
        ) from error
    except (LookupError, ValueError, TypeError) as error:
        raise InvalidFile(f"no encoding {encoding!r:.40}", hint="such as utf-8, utf-16, cp1252, latin-1") from error
    text = text.removeprefix("\ufeff")
    if marked is None:
        return text, []
    return text, [f"a byte order mark says {marked[1].removesuffix('-sig').upper()}; it is no part of the first title"]


def _delimiter(text: str) -> str:
    """Return the mark that cuts the first line into most cells, outside of quotes; a comma where none does."""
    begin = text.lstrip("\r\n")
    counts = dict.fromkeys(_DELIMITERS, 0)
    inside = False
    for char in begin:
        if char == '"':
            inside = not inside
        elif char in "\r\n" and not inside:
            break
        elif char in counts and not inside:
            counts[char] += 1
    return max(_DELIMITERS, key=lambda mark: counts[mark])


def _rows(text: str, delimiter: str, source: str) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield each row that is not empty with the line that it begins in."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    while True:
        try:
            with _limit:
                before = csv.field_size_limit(len(text) + 1)
                try:
                    row = next(reader, None)
                finally:
                    csv.field_size_limit(before)
        except csv.Error as error:
            raise _broken(error, line, source, text) from error
        if row is None:
            return
        if row:
            yield line, row
        line = reader.line_num + 1


def _broken(error: csv.Error, line: int, source: str, text: str) -> InvalidFile:
    open_to_the_end = "unexpected end of data" in str(error)
    what = "a quote that opens in this row is never closed" if open_to_the_end else f"the quotes do not fit: {error}"
    shown = next(iter(StringIO(text).readlines()[line - 1 : line]), "").rstrip("\r\n")
    return InvalidFile(
        f"the row that begins in line {line:,} cannot be read: {what}",
        where=Where(source, line, 1, shown[:1000]),
        hint='a quote inside of a quoted cell is written twice: ""; nothing was imported',
    )


def _titled(rows: Iterator[tuple[int, Sequence[str]]], titles: Sequence[str]) -> Iterator[Row]:
    for line, cells in rows:
        named: dict[str, str] = {}
        for title, cell in zip(titles, cells, strict=False):
            named.setdefault(title, cell)
        yield Row(line, len(cells), named)
