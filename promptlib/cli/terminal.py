"""What people and programs see: rows of styled text that cannot harm a terminal, pages, errors, and JSON."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, TypeAlias

from promptlib.columns import harmless, safe, untabbed, wide, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from promptlib import columns
    from promptlib.errors import PromptLibError, Where

#: A piece of a line and how it looks: a rich style, or an empty text.
Span: TypeAlias = "columns.Span"
Row: TypeAlias = "columns.Row"

#: The version of every JSON document's shape; it grows when a key changes its meaning or goes.
JSON_SHAPE = 1
#: From so many columns on, two texts are shown side by side.
WIDE = 120


def plain(text: str, style: str = "") -> Row:
    """Return one row of one style."""
    return ((text, style),)


def lines(text: str, style: str = "", *, indent: str = "") -> Iterator[Row]:
    """Yield a row for each line of *text*."""
    for line in text.split("\n"):
        yield ((indent, ""), (line.removesuffix("\r"), style)) if line else ()


def aligned(rows: Sequence[Row], *, right: Iterable[int] = ()) -> list[Row]:
    """Return *rows* as columns: every span but the last is padded, those at *right* on their left side."""
    count = max((len(row) for row in rows), default=0)
    widths = [max((wide(row[at][0]) for row in rows if at < len(row)), default=0) for at in range(count)]
    return [tuple(_cells(row, widths, frozenset(right))) for row in rows]


def _cells(row: Row, widths: list[int], right: frozenset[int]) -> Iterator[Span]:
    shown = [at for at in range(len(row)) if widths[at]]
    for at in shown:
        text, style = row[at]
        blank = " " * (widths[at] - wide(text))
        if at in right:
            yield blank, ""
        yield text, style
        if at != shown[-1]:
            yield ("  " if at in right else blank + "  "), ""


def cut(text: str, most: int) -> str:
    """Return *text* in at most *most* columns, with an ellipsis where it was cut."""
    if wide(text) <= most:
        return text
    kept = text[:most]
    while kept and wide(kept) > most - 1:
        kept = kept[:-1]
    return kept + "…"


def _wrapped_rows(rows: Iterable[Row], columns: int) -> Iterator[Row]:
    for row in rows:
        first = "".join(text for text, _ in row)
        indent = " " * min(len(first) - len(first.lstrip(" ")), columns // 2)
        yield from wrapped(row, columns, indent) if wide(first) > columns or "\t" in first else (row,)


def width() -> int:
    """Return the columns of the terminal: what COLUMNS says, else what it is, else 80."""
    return shutil.get_terminal_size().columns


def on_terminal(stream: IO[str] | None = None) -> bool:
    """Whether a person reads *stream* (stdout if not said)."""
    return (stream or sys.stdout).isatty()


def coloured(stream: IO[str]) -> bool:
    """Whether *stream* takes colours: a terminal does, unless NO_COLOR or FORCE_COLOR say otherwise."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM") != "dumb")


def text_of(rows: Iterable[Row], *, colours: bool) -> str:
    """Return *rows* as text, with the escape sequences of their styles where *colours* are wanted."""
    if not colours:
        return "".join("".join(safe(text) for text, _ in row).rstrip(" ") + "\n" for row in rows)
    from rich.color import ColorSystem  # noqa: PLC0415 - a pipe needs no rich
    from rich.style import Style  # noqa: PLC0415 - beside it

    def painted(text: str, style: str) -> str:
        shown = safe(text)
        return Style.parse(style).render(shown, color_system=ColorSystem.STANDARD) if style and shown else shown

    return "".join("".join(painted(text, style) for text, style in row) + "\n" for row in rows)


def emit(rows: Iterable[Row], *, stream: IO[str] | None = None) -> None:
    """Write *rows* to stdout or *stream*; whatever they hold, the terminal obeys none of it."""
    to = stream or sys.stdout
    if to is not sys.stdout:
        sys.stdout.flush()  # in one pipe, both stand in the order in which they were said
    to.write(_shown_on(to, rows))


def _shown_on(stream: IO[str], rows: Iterable[Row]) -> str:
    fitted = _wrapped_rows(rows, width()) if stream.isatty() else rows
    return text_of(fitted, colours=coloured(stream))


def paged(rows: Iterable[Row]) -> None:
    """Write *rows*, through the pager when a person reads them and they do not fit on the screen."""
    text = _shown_on(sys.stdout, rows)
    pager = _pager()
    if not on_terminal() or not pager or text.count("\n") < shutil.get_terminal_size().lines:
        sys.stdout.write(text)
        return
    sys.stdout.flush()
    environment = {"LESS": "FRXK", "LESSCHARSET": "utf-8"} | os.environ
    with _settings_kept():
        try:
            subprocess.run(pager, input=text.encode(errors="replace"), env=environment, check=False)  # noqa: S603 - the user's own pager
        except OSError:
            sys.stdout.write(text)


@contextmanager
def _settings_kept() -> Iterator[None]:
    """Give the terminal its settings back: a pager that is interrupted leaves it without an echo."""
    try:
        import termios  # noqa: PLC0415 - Windows has none
    except ImportError:
        yield
        return
    try:
        before = termios.tcgetattr(sys.stdout.fileno())
    except (OSError, ValueError, termios.error):
        yield
        return
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdout.fileno(), termios.TCSADRAIN, before)


def _pager() -> list[str]:
    named = os.environ.get("PAGER", "less" if shutil.which("less") else "")
    return [] if named in {"", "cat"} else shlex.split(named)


def write_exactly(data: bytes) -> None:
    """Write *data* as it is to a file or pipe; on a terminal what would be obeyed is made visible."""
    if on_terminal():
        text = data.decode(errors="replace")
        paged(lines(text.removesuffix("\n")))
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def print_json(kind: str, content: dict[str, object]) -> None:
    """Print *content* as one JSON document: `{"promptlib": 1, "kind": …, …}`."""
    write_json({"promptlib": JSON_SHAPE, "kind": kind} | content)


def write_json(document: object) -> None:
    """Print *document* as JSON; what a terminal would obey is written as an escape."""
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    text = json.dumps(document, ensure_ascii=not unicode, indent=2)
    shown = "".join([char if char == "\n" or harmless(char) else json.dumps(char)[1:-1] for char in text])
    sys.stdout.write(shown + "\n")


def print_error(error: PromptLibError) -> None:
    """Print what, where and what next on stderr; on a terminal no line of a picture breaks."""
    columns = width() if sys.stderr.isatty() else None
    rows: list[Row] = []
    for at, each in enumerate([error, *error.others]):
        rows += [()] if at else []
        first, *rest = each.what.split("\n")
        rows.append((("error: ", "bold red"), (first, "bold")))
        rows += [plain(line) for line in rest]
        if each.where is not None and str(each.where):
            rows += _picture(each.where, columns)
        rows += lines(each.hint, "green") if each.hint else []
    emit(rows, stream=sys.stderr)


def picture(where: Where) -> Iterator[Row]:
    """Yield the place, its line and a caret below it, for stdout; on a terminal the line is cut to what fits."""
    return _picture(where, width() if on_terminal() else None)


def _picture(where: Where, columns: int | None) -> Iterator[Row]:
    for row in where.picture(columns).split("\n"):
        gutter, bar, rest = row.partition(" | ")
        caret = bar and not gutter.strip()
        yield ((gutter + bar, "cyan"), (rest if columns is None else untabbed(rest), "bold red" if caret else ""))


def quiet_pipe() -> None:
    """Let a closed pipe end the command without a word at exit."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
