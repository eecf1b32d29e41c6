"""Conflicts of a merge for people: which prompt, which field, and the words of both sides beside what it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.cli.terminal import coloured, lines, plain, width
from promptlib.columns import wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptlib.cli.terminal import Row, Span
    from promptlib.merge import FieldConflict, NameConflict

_INDENT = "    "
SHORT = 8
NARROWEST = 20
_STYLES = {"added": "bold green", "removed": "red strike"}


def rows(conflicts: Iterable[NameConflict]) -> Iterator[Row]:
    """Yield each conflict: its name, each field and why, what it was, and both sides with their words marked."""
    for conflict in conflicts:
        yield ()
        yield _heading(conflict)
        if conflict.kind == "file":
            yield plain(f"{_INDENT}this file was changed on both sides")
        elif conflict.fields:
            for each in conflict.fields:
                yield from _field(each)
        else:
            for side in ("base", "ours", "theirs"):
                yield ((f"{_INDENT}{side:<7}", "dim"), (_digest(getattr(conflict, side)), "cyan"))


def _heading(conflict: NameConflict) -> Row:
    name = f"{conflict.name}@{conflict.label}" if conflict.kind == "label" else conflict.name
    return ((f"{conflict.kind} ", ""), (name, "bold"))


def _digest(side: object) -> str:
    digest = str(getattr(side, "digest", ""))
    return digest.removeprefix("sha256:")[:SHORT] if digest else "not there"


def _field(conflict: FieldConflict) -> Iterator[Row]:
    yield ((f"  {conflict.field}", "bold yellow"), (f": {conflict.why}" if conflict.why else "", "dim"))
    if all(isinstance(each, str) for each in (conflict.ours, conflict.theirs)) and isinstance(
        conflict.base, str | None
    ):
        for side in ("ours", "theirs"):
            yield from _words(side, str(conflict.base or ""), str(getattr(conflict, side)))
    else:
        for side, text in zip(("base", "ours", "theirs"), str(conflict).split("\n")[-3:], strict=True):
            yield ((f"{_INDENT}{side:<7}", "dim"), (text.strip().removeprefix(side).strip(), ""))


def _words(side: str, base: str, text: str) -> Iterator[Row]:
    """Yield the lines of *text* that differ from *base*, word by word."""
    import sys  # noqa: PLC0415 - asked for each time: tests and pagers replace it

    from promptlib.diff import word_lines  # noqa: PLC0415 - help needs no difference
    from promptlib.diff.wording import compare_words  # noqa: PLC0415 - beside it

    painted = coloured(sys.stderr)
    room = width() if sys.stderr.isatty() else None
    heading = f"{_INDENT}{side:<7}"
    blank = " " * len(heading)
    for line in word_lines(compare_words(base, text), 0):
        row = tuple(_span(each.edit, each.text, painted=painted) for each in line.words)
        for part in wrapped(row, max(NARROWEST, room - len(heading))) if room else (row,):
            yield ((heading, "dim"), *part)
            heading = blank
    if heading != blank:
        yield from lines(text, indent=heading)


def _span(edit: str, text: str, *, painted: bool) -> Span:
    if edit == "same":
        return text.rstrip("\n"), ""
    shown = text.replace("\n", "⏎")
    if painted:
        return shown, _STYLES[edit]
    return (f"{{+{shown}+}}" if edit == "added" else f"[-{shown}-]"), ""
