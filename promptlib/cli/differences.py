"""A difference between prompts for people: words in colour, side by side where there is room."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from promptlib.cli.terminal import WIDE, coloured, on_terminal, plain, width, wrapped
from promptlib.columns import wide
from promptlib.diff import word_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.cli.terminal import Row, Span
    from promptlib.diff import Line, MessageChange, PromptDiff

REMOVED, ADDED = "red", "green"
_SIGNS = {"added": "+", "removed": "-", "changed": "~", "same": " "}
_STYLES = {"+": ADDED, "-": REMOVED, "~": "yellow"}
_GUTTER = " │ "
_INDENT = "    "


def rows(difference: PromptDiff) -> Iterator[Row]:
    """Yield *difference*: as plain text with marks in a pipe, in colours on a terminal."""
    import sys  # noqa: PLC0415 - asked for each time: tests and pagers replace it

    painted = coloured(sys.stdout)
    columns = width() if on_terminal() else 100
    if not painted and columns < WIDE:
        yield from (plain(line) for line in difference.text(columns).split("\n"))
        return
    yield from _tables(difference, columns)
    changed = [row for row in difference.messages if row.change != "same"]
    if changed:
        yield ()
        yield plain("messages", "bold")
    for row in changed:
        yield from _message(row, columns, painted=painted)
    if changed and len(changed) < len(difference.messages):
        yield plain(f"  ({len(difference.messages) - len(changed)} unchanged)", "dim")


def _tables(difference: PromptDiff, columns: int) -> Iterator[Row]:
    """Yield everything but the messages, coloured by the sign that each line begins with."""
    rest = replace(difference, messages=tuple(row for row in difference.messages if row.change == "same"))
    for at, line in enumerate(rest.text(columns).split("\n")):
        if at == 0:
            yield plain(line, "bold")
        elif line.startswith("BREAKING"):
            yield plain(line, "bold red")
        elif line == "no difference" and difference:
            continue
        elif line.startswith("  ") and line[2:3] in _STYLES:
            yield plain(line, _STYLES[line[2]])
        else:
            yield plain(line, "" if line.startswith(" ") else "bold")


def _message(change: MessageChange, columns: int, *, painted: bool) -> Iterator[Row]:
    sign = _SIGNS[change.change]
    yield ((f"  {sign} {change.title}", f"bold {_STYLES.get(sign, '')}".strip()), (f": {change.summary}", "dim"))
    for line in word_lines(change.words):
        if line.skipped:
            yield plain(f"{_INDENT}… {line.skipped} unchanged line{'s' if line.skipped > 1 else ''}", "dim")
        if columns >= WIDE and on_terminal() and change.change == "changed":
            yield from _beside(line, (columns - len(_INDENT) - len(_GUTTER)) // 2, painted=painted)
        elif painted:
            yield ((_INDENT, ""), *(_span(edit, text) for edit, text in _words(line)))
        else:
            yield plain(f"{_INDENT}{line}")


def _words(line: Line) -> Iterator[tuple[str, str]]:
    """Yield (edit, text) with line ends that were taken or put shown as a sign."""
    for stretch in line.words:
        yield stretch.edit, stretch.text.replace("\n", "⏎") if stretch.edit != "same" else stretch.text.rstrip("\n")


def _span(edit: str, text: str) -> Span:
    if edit == "same":
        return text, ""
    return text, f"bold {ADDED}" if edit == "added" else f"{REMOVED} strike"


def _beside(line: Line, half: int, *, painted: bool) -> Iterator[Row]:
    """Yield the old line and the new one beside each other, each wrapped to *half* columns."""
    left, right = (
        [_marked(edit, text.rstrip("⏎"), painted=painted) for edit, text in _words(line) if edit != other]
        for other in ("added", "removed")
    )
    old, new = list(wrapped(tuple(left), half)), list(wrapped(tuple(right), half))
    for at in range(max(len(old), len(new))):
        shown = old[at] if at < len(old) else ()
        blank = half - sum(wide(text) for text, _ in shown)
        yield ((_INDENT, ""), *shown, (" " * blank, ""), (_GUTTER, "dim"), *(new[at] if at < len(new) else ()))


def _marked(edit: str, text: str, *, painted: bool) -> Span:
    if painted or edit == "same" or not text:
        return _span(edit, text)
    return (f"{{+{text}+}}", "") if edit == "added" else (f"[-{text}-]", "")
