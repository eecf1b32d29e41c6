"""A difference as rows for people: what breaks, what it costs, each layer, then the words of the messages."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptlib.columns import wide, wrapped
from promptlib.diff.rows import Stretch
from promptlib.plain import thaw

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptlib.columns import Row, Span
    from promptlib.diff.comparison import PromptDiff
    from promptlib.diff.counts import DiffTokens, TokenChange
    from promptlib.diff.rows import FieldChange, IncludeChange, InputChange, MessageChange
    from promptlib.diff.steps import StepChange
    from promptlib.plain import Plain
    from promptlib.tokens.counting import Counting

#: Unchanged lines that are shown around a changed one.
CONTEXT = 2
SHORT = 8
#: From so many columns on, two texts are shown side by side.
WIDE = 120
SIGNS = {"added": "+", "removed": "-", "changed": "~", "same": " "}
#: How a row looks, by the sign that it begins with.
_STYLES = {"+": "added", "-": "removed", "~": "changed"}
_MARKS = {"same": ("", ""), "removed": ("[-", "-]"), "added": ("{+", "+}")}
_INDENT = "    "
_GUTTER = " │ "
_NARROWEST = 20


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
        return "".join(f"{_MARKS[word.edit][0]}{visible(word.text)}{_MARKS[word.edit][1]}" for word in self.words)


def visible(text: str) -> str:
    r"""Return *text* with what a terminal obeys instead of showing, such as ESC or a change of direction, as `\x1b`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join([char.encode("unicode_escape").decode() if _obeyed(char) else char for char in text])


def _obeyed(char: str) -> bool:
    # Joiners make up emoji and scripts; what they do is to be seen.
    return char not in "\t\u200c\u200d" and unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def word_lines(words: tuple[Stretch, ...], context: int | None = CONTEXT) -> tuple[Line, ...]:
    r"""Return the lines that changed, with *context* lines around them (None for all lines).

    A line end that was taken from a line or put into one is part of the stretch; `visible` shows it as `\n`.
    """
    lines = list(_whole(list(_broken(words))))
    changed = [at for at, line in enumerate(lines) if any(word.edit != "same" for word in line)]
    if context is None:
        return tuple(map(Line, lines))
    shown = sorted({at for near in changed for at in range(near - context, near + context + 1) if 0 <= at < len(lines)})
    return tuple(Line(lines[at], at - last - 1) for at, last in zip(shown, [-1, *shown], strict=False))


def _whole(lines: list[list[Stretch]]) -> Iterator[tuple[Stretch, ...]]:
    """Leave out line ends that came or went with the whole line behind them: that line tells it."""
    for line, after in zip(lines, [*lines[1:], []], strict=False):
        last = line[-1] if line else Stretch("same", "")
        with_next = len(line) > 1 and last.text == "\n" and after and all(word.edit == last.edit for word in after)
        yield tuple(line[:-1] if with_next and last.edit != "same" else line)


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


# --- the whole --------------------------------------------------------------------------------------------------------


def as_text(difference: PromptDiff, width: int, encoding: Counting) -> str:
    """Return *difference* for people, in lines of plain text."""
    return "\n".join("".join(text for text, _ in row).rstrip(" ") for row in rows(difference, width, encoding=encoding))


def rows(difference: PromptDiff, width: int, *, encoding: Counting, painted: bool = False) -> Iterator[Row]:
    """Yield *difference* in rows of spans, side by side from `WIDE` columns on.

    A span's style is one of `heading`, `breaking`, `added`, `removed`, `changed`, `dim`, and `+words` and `-words`
    for words that were added and removed. What is not *painted* marks those as `{+added+}` and `[-removed-]`.
    """
    tokens = difference.count(encoding)
    fields = (*difference.settings, *difference.tools)
    yield from _heading(difference, tokens)
    yield from _section("metadata", (row for each in difference.metadata for row in _field_rows(each, width)))
    yield from _section("inputs", (row for each in difference.inputs for row in _input_rows(each, width)))
    yield from _section("outputs", (row for each in difference.outputs for row in _input_rows(each, width)))
    for layer in ("settings", "tools"):
        found = (each for each in fields if each.layer == layer)
        yield from _section(layer, (row for each in found for row in _field_rows(each, width)))
    costs = dict(tokens.includes)
    words = _Words(width, painted)
    included = (row for each in difference.includes for row in _include_rows(each, costs.get(each.path), words))
    yield from _section("includes", included)
    yield from _section("segments", (row for each in difference.segments for row in _field_rows(each, width)))
    yield from _section("steps", (row for each in difference.steps for row in _step_rows(each, costs, words)))
    yield from _section("messages", words.of(difference.messages, tokens.messages))


def _heading(difference: PromptDiff, tokens: DiffTokens) -> Iterator[Row]:
    before = str(difference.before) if difference.before else "nothing"
    yield ((f"{visible(before)} -> {visible(str(difference.after))}", "heading"),)
    if not difference:
        yield (("no difference", ""),)
        return
    if difference.same:
        yield (("the content is the same: only what is no part of the digest differs", ""),)
    else:
        yield ((str(tokens), ""), (f" ({visible(tokens.note)})", "dim"))
    for reason in difference.reasons:
        yield ((f"BREAKING: {visible(reason)}", "breaking"),)


def _section(title: str, found: Iterable[Row]) -> Iterator[Row]:
    """Yield a blank row, the title and the rows set in, or nothing where there are none."""
    begun = False
    for row in found:
        if not begun:
            yield ()
            yield ((title, "heading"),)
        begun = True
        yield (("  ", ""), *row) if row else ()


def _field_rows(row: FieldChange, width: int) -> Iterator[Row]:
    before = "" if row.change == "added" else shown_value(row.before)
    after = "" if row.change == "removed" else shown_value(row.after)
    yield from _change_rows(f"{SIGNS[row.change]} {visible(row.path)}", before, after, width)
    yield from _reason(row)


def _input_rows(row: InputChange, width: int) -> Iterator[Row]:
    aspect = "" if row.aspect == "input" else f" {row.aspect}"
    label = f"{SIGNS[row.change]} {visible(row.path)}{aspect}"
    yield from _change_rows(label, visible(row.before), visible(row.after), width)
    yield from _reason(row)


def _reason(row: FieldChange | InputChange | StepChange) -> Iterator[Row]:
    if row.reason:
        said = f"{'breaking' if row.breaking else 'not breaking'}: {visible(row.reason)}"
        yield ((f"{_INDENT}{said}", "breaking" if row.breaking else "dim"),)


def _change_rows(label: str, before: str, after: str, width: int) -> Iterator[Row]:
    """Yield `label: before -> after`; what does not fit into *width* gets a line for each side, cut at its end."""
    style = _STYLES[label[0]]
    line = f"{label}: {' -> '.join(value for value in (before, after) if value)}"
    if wide(line) + 2 <= width:
        yield ((line, style),)
        return
    yield ((f"{label}:", style),)
    room = max(_NARROWEST, width - 8)
    for sign, value in (("-", before), ("+", after)):
        if value:
            yield ((f"{_INDENT}{sign} {cut(value, room)}", _STYLES[sign]),)


def cut(text: str, most: int) -> str:
    """Return *text* in at most *most* columns, with an ellipsis where it was cut."""
    kept = text[: most + 1]
    if len(kept) == len(text) and wide(text) <= most:
        return text
    while kept and wide(kept) > most - 1:
        kept = kept[:-1]
    return kept + "…"


def shown_value(value: Plain) -> str:
    """Return plain data as JSON that nothing obeys."""
    return visible(json.dumps(thaw(value), ensure_ascii=False))


def shown_pin(value: Plain, version: str) -> str:
    """Return `support/style v2 (3f9c2a1b)`, as far as known; the whole digest is in the row."""
    if value is None:
        return ""
    name, _, digest = str(value).partition("#")
    return " ".join(part for part in (visible(name), version, f"({digest[:SHORT]})") if part)


def _include_rows(row: IncludeChange, cost: TokenChange | None, words: _Words) -> Iterator[Row]:
    before, after = shown_pin(row.before, row.old_version), shown_pin(row.after, row.new_version)
    label = f"{SIGNS[row.change]} {visible(row.path)}"
    tokens = f", {cost}" if cost is not None and row.content else ""
    yield from _change_rows(label, before, after + tokens if after else before + tokens, words.width)
    if row.change != "changed" or not row.content:
        return
    if row.difference is None:
        yield (("    what changed in it is not at hand", "dim"),)
        return
    for each in words.of(row.difference.messages, ()):
        yield (("  ", ""), *each) if each else ()


def _step_rows(row: StepChange, costs: dict[str, TokenChange], words: _Words) -> Iterator[Row]:
    sign = SIGNS[row.change]
    cost = costs.get(row.step)
    tokens = f", {cost}" if cost is not None and (row.bumped or row.change != "changed") else ""
    yield ((f"{sign} {visible(row.step)}", _STYLES[sign]), (f": {row.summary}{tokens}", "dim"))
    if row.change != "changed" or row.bumped:
        before, after = shown_use(row.old_use, row.old_version), shown_use(row.new_use, row.new_version)
        for each in _change_rows(f"{sign} prompt", before, after, words.width - len(_INDENT)):
            yield ((_INDENT, ""), *each)
    for wire in row.wires:
        for each in _field_rows(wire, words.width - len(_INDENT)):
            yield ((_INDENT, ""), *each)
    for output in row.outputs:
        for each in _input_rows(output, words.width - len(_INDENT)):
            yield ((_INDENT, ""), *each)
    if row.change == "removed":
        yield from _reason(row)
    for each in words.of(row.difference.messages, ()) if row.difference is not None else ():
        yield ((_INDENT, ""), *each) if each else ()


def shown_use(use: str, version: str) -> str:
    """Return what a step runs: `team/decide v2 (3f9c2a1b)`, or `team/decide@production (floating)`."""
    if "#" in use:
        return shown_pin(use, version)
    return f"{visible(use)} (floating)" if use else ""


class _Words:
    """The messages of a difference, in a width, with words painted or marked."""

    def __init__(self, width: int, painted: bool) -> None:  # noqa: FBT001 - private, and named where it is called
        self.width = width
        self._painted = painted

    def of(self, messages: tuple[MessageChange, ...], costs: tuple[TokenChange, ...]) -> Iterator[Row]:
        """Yield each message that changed; *costs* go with them, where there are any."""
        unchanged = sum(1 for row in messages if row.change == "same")
        if unchanged == len(messages):
            return
        for at, row in enumerate(messages):
            if row.change != "same":
                yield from self._message(row, costs[at] if costs else None)
        if unchanged:
            yield ((f"({unchanged} unchanged)", "dim"),)

    def _message(self, row: MessageChange, cost: TokenChange | None) -> Iterator[Row]:
        sign = SIGNS[row.change]
        tokens = f", {cost}" if cost is not None and (cost.change or row.reworded) else ""
        yield ((f"{sign} {visible(row.title)}", _STYLES[sign]), (f": {row.summary}{tokens}", "dim"))
        for line in word_lines(row.words):
            if line.skipped:
                yield ((f"{_INDENT}… {line.skipped} unchanged line{'s' if line.skipped > 1 else ''}", "dim"),)
            if self.width >= WIDE and row.change == "changed":
                yield from self._beside(line)
            else:
                yield ((_INDENT, ""), *(self._span(word.edit, word.text) for word in line.words))

    def _span(self, edit: str, text: str) -> Span:
        if edit == "same":
            return visible(text), ""
        style = "+words" if edit == "added" else "-words"
        if self._painted:
            return visible(text.replace("\n", "⏎")), style
        opened, closed = _MARKS[edit]
        return f"{opened}{visible(text)}{closed}", style

    def _beside(self, line: Line) -> Iterator[Row]:
        """Yield the old line and the new one beside each other, each wrapped to its half."""
        half = (self.width - 2 - 2 * len(_INDENT) - len(_GUTTER)) // 2
        left, right = (
            [self._span(word.edit, word.text.removesuffix("\n")) for word in line.words if word.edit != other]
            for other in ("added", "removed")
        )
        old, new = (list(wrapped(tuple(side), half)) for side in (left, right))
        for at in range(max(len(old), len(new))):
            shown = old[at] if at < len(old) else ()
            blank = half - sum(wide(text) for text, _ in shown)
            yield ((_INDENT, ""), *shown, (" " * blank, ""), (_GUTTER, "dim"), *(new[at] if at < len(new) else ()))
