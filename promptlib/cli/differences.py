"""A difference between prompts for people: words in colour, side by side where there is room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.cli.counters import DEFAULT
from promptlib.cli.terminal import coloured, on_terminal, width
from promptlib.diff.layout import rows as laid_out

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.cli.terminal import Row
    from promptlib.diff import PromptDiff
    from promptlib.tokens.counting import Counting

#: How each style of a difference looks.
_LOOKS = {
    "heading": "bold",
    "breaking": "bold red",
    "added": "green",
    "removed": "red",
    "changed": "yellow",
    "dim": "dim",
    "+words": "bold green",
    "-words": "red strike",
}


def rows(difference: PromptDiff, encoding: Counting = DEFAULT) -> Iterator[Row]:
    """Yield *difference*: as plain text with marks in a pipe, in colours on a terminal."""
    import sys  # noqa: PLC0415 - asked for each time: tests and pagers replace it

    painted = coloured(sys.stdout)
    columns = width() if on_terminal() else 100
    for row in laid_out(difference, columns, encoding=encoding, painted=painted):
        yield tuple((text, _LOOKS.get(style, "") if painted else "") for text, style in row)
