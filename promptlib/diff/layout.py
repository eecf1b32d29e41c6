"""A difference as plain text."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptlib.diff.rows import Stretch
from promptlib.plain import thaw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.diff.comparison import PromptDiff
    from promptlib.diff.rows import FieldChange, InputChange, MessageChange
    from promptlib.plain import Plain

#: Unchanged lines that are shown around a changed one.
CONTEXT = 2
SHORT = 8
_SIGNS = {"added": "+", "removed": "-", "changed": "~", "same": " "}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a message in a difference; `skipped` unchanged lines are left out before it."""

    words: tuple[Stretch, ...]
    skipped: int = 0

    @property
    def changed(self) -> bool:
        """Whether anything on it was removed or added."""
        return any(stretch.edit != "same" for stretch in self.words)

    def __str__(self) -> str:
        """Return the line with `[-removed-]` and `{+added+}`."""
        marks = {"same": ("", ""), "removed": ("[-", "-]"), "added": ("{+", "+}")}
        return "".join(f"{marks[word.edit][0]}{visible(word.text)}{marks[word.edit][1]}" for word in self.words)


def visible(text: str) -> str:
    r"""Return *text* with what a terminal obeys instead of showing, such as ESC or a change of direction, as `\x1b`."""
    return "".join([char.encode("unicode_escape").decode() if _obeyed(char) else char for char in text])


def _obeyed(char: str) -> bool:
    # Joiners make up emoji and scripts; what they do is to be seen.
    return char not in "\t\u200c\u200d" and unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp"}


def word_lines(words: tuple[Stretch, ...], context: int | None = CONTEXT) -> tuple[Line, ...]:
    r"""Return the lines that changed, with *context* lines around them (None for all lines).

    A line end that was taken from a line or put into one is part of the stretch; `visible` shows it as `\n`.
    """
    lines = [tuple(line) for line in _broken(words)]
    changed = [at for at, line in enumerate(lines) if any(word.edit != "same" for word in line)]
    if context is None:
        return tuple(map(Line, lines))
    shown = sorted({at for near in changed for at in range(near - context, near + context + 1) if 0 <= at < len(lines)})
    return tuple(Line(lines[at], at - last - 1) for at, last in zip(shown, [-1, *shown], strict=False))


def _broken(words: tuple[Stretch, ...]) -> Iterator[list[Stretch]]:
    line: list[Stretch] = []
    for word in words:
        *ended, rest = word.text.split("\n")
        for part in ended:
            # The line end is shown where it is all there is, or where it was taken from, or put into, a line.
            own = word.edit == "same" or (part and not line)
            text = part if own else part + "\n"
            yield [*line, Stretch(word.edit, text)] if text else line
            line = []
        if rest:
            line.append(Stretch(word.edit, rest))
    if line:
        yield line


def as_text(difference: PromptDiff, width: int) -> str:
    """Return *difference* for people: which prompts, what breaks, then one section for each layer that changed."""
    fields = (*difference.settings, *difference.tools, *difference.includes, *difference.segments)
    sections = [
        _heading(difference),
        _section("metadata", [line for row in difference.metadata for line in _field_rows(row, width)]),
        _section("inputs", [line for row in difference.inputs for line in _input_rows(row, width)]),
        _section("outputs", [line for row in difference.outputs for line in _input_rows(row, width)]),
        *(
            _section(layer, [line for row in fields if row.layer == layer for line in _field_rows(row, width)])
            for layer in ("settings", "tools", "includes", "segments")
        ),
        _section("messages", list(_message_rows(difference.messages))),
    ]
    return "\n\n".join("\n".join(section) for section in sections if section)


def _heading(difference: PromptDiff) -> list[str]:
    before = str(difference.before) if difference.before else "nothing"
    heading = [f"{visible(before)} -> {visible(str(difference.after))}"]
    if not difference:
        heading.append("no difference")
    elif difference.same:
        heading.append("the content is the same: only what is no part of the digest differs")
    return heading + [f"BREAKING: {visible(reason)}" for reason in difference.reasons]


def _section(title: str, rows: list[str]) -> list[str]:
    return [title, *(f"  {row}".rstrip() for row in rows)] if rows else []


def _field_rows(row: FieldChange, width: int) -> Iterator[str]:
    shown = _shown_pin if row.layer == "includes" else _shown
    before = "" if row.change == "added" else shown(row.before)
    after = "" if row.change == "removed" else shown(row.after)
    yield from _change_rows(f"{_SIGNS[row.change]} {visible(row.path)}", before, after, width)


def _input_rows(row: InputChange, width: int) -> Iterator[str]:
    aspect = "" if row.aspect == "input" else f" {row.aspect}"
    label = f"{_SIGNS[row.change]} {visible(row.path)}{aspect}"
    yield from _change_rows(label, visible(row.before), visible(row.after), width)
    if row.reason:
        yield f"    {'breaking' if row.breaking else 'not breaking'}: {visible(row.reason)}"


def _change_rows(label: str, before: str, after: str, width: int) -> Iterator[str]:
    """Yield `label: before -> after`; what does not fit into *width* gets a line for each side, cut at its end."""
    line = f"{label}: {' -> '.join(value for value in (before, after) if value)}"
    if len(line) + 2 <= width:
        yield line
        return
    yield f"{label}:"
    room = max(20, width - 8)
    for sign, value in (("-", before), ("+", after)):
        if value:
            yield f"    {sign} {value if len(value) <= room else f'{value[: room - 1]}…'}"


def _shown(value: Plain) -> str:
    return visible(json.dumps(thaw(value), ensure_ascii=False))


def _shown_pin(value: Plain) -> str:
    """Return a pin short enough to read; the whole digest is in the row."""
    name, _, digest = str(value).partition("#")
    return f"{visible(name)}#{digest[:SHORT]}"


def _message_rows(messages: tuple[MessageChange, ...]) -> Iterator[str]:
    unchanged = sum(1 for row in messages if row.change == "same")
    if unchanged == len(messages):
        return
    for row in messages:
        if row.change == "same":
            continue
        yield f"{_SIGNS[row.change]} {visible(row.title)}: {row.summary}"
        for line in word_lines(row.words):
            if line.skipped:
                yield f"    … {line.skipped} unchanged line{'s' if line.skipped > 1 else ''}"
            yield f"    {line}"
    if unchanged:
        yield f"({unchanged} unchanged)"
