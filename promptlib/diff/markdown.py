"""A difference as Markdown, as a forge shows it in a pull request.

Text of prompts stands in fences and code spans only. That is the one form in which forges neither read Markdown or
HTML nor look for mentions, issues, commits or addresses; a backslash keeps no `@name` from being told.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from promptlib.columns import safe, wrapped
from promptlib.diff.counts import signed
from promptlib.diff.layout import CONTEXT, cut, shown_pin, shown_use, shown_value, visible, word_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptlib.diff.comparison import PromptDiff, Side
    from promptlib.diff.counts import DiffTokens, TokenChange
    from promptlib.diff.layout import Line
    from promptlib.diff.rows import FieldChange, IncludeChange, InputChange, MessageChange
    from promptlib.diff.steps import StepChange

#: Columns of a fence: what is longer would have to be scrolled.
WIDEST = 110
#: Characters of a value beside others.
LONGEST = 160
_TICKS = re.compile(r"`+")
#: Words that no forge makes anything of; and those that it takes for a commit or an issue.
_HARMLESS = re.compile(r"(?:[A-Za-z0-9 ,'()-]|: )+")
_REFERENCE = re.compile(r"\b(?:[0-9a-f]{7,}|[a-z]+-[0-9]+)\b", re.IGNORECASE)
_SIGNS = {"added": "added", "removed": "removed", "changed": "changed", "same": ""}


def code(text: str, most: int = LONGEST) -> str:
    """Return *text* as a code span that ends where the text ends, whatever stands in it; too long a one is cut."""
    shown = cut(safe(visible(text).replace("\n", "⏎").replace("\t", " ")), most)
    if not shown.strip():
        shown = shown.replace(" ", "␣") or "␀"
    ticks = _longer_than_any(shown, 1)
    padding = " " if shown.startswith(("`", " ")) or shown.endswith(("`", " ")) else ""
    return f"{ticks}{padding}{shown}{padding}{ticks}"


def said(text: str) -> str:
    """Return a sentence as it is where nobody can read more into it than words, else as code."""
    return text if _HARMLESS.fullmatch(text) and not _REFERENCE.search(text) else code(text)


def fence(lines: Iterable[str], language: str = "diff") -> str:
    """Return *lines* in a fence that is longer than any run of backticks in them."""
    body = "\n".join(lines)
    ticks = _longer_than_any(body, 3)
    return f"{ticks}{language}\n{body}\n{ticks}"


def _longer_than_any(text: str, least: int) -> str:
    longest = max((len(run) for run in _TICKS.findall(text)), default=0)
    return "`" * max(least, longest + 1)


def as_markdown(difference: PromptDiff, tokens: DiffTokens, heading: int) -> str:
    """Return *difference* in blocks, each apart from the next by a blank line."""
    before = side(difference.before) if difference.before else "nothing"
    blocks = [f"{'#' * heading} {before} → {side(difference.after)}"] if heading else []
    return "\n\n".join([*blocks, *body_blocks(difference, tokens)]) + "\n"


def side(given: Side) -> str:
    """Return name, version and digest of one side."""
    known = [code(part) for part in (given.name, given.version) if part]
    return " ".join([*known, f"({code(given.digest.removeprefix('sha256:')[:8])})"])


def body_blocks(difference: PromptDiff, tokens: DiffTokens) -> Iterator[str]:
    """Yield what stands below the heading: what breaks first, then tokens, each layer, and the words."""
    if not difference:
        yield "No difference."
        return
    if difference.breaking:
        yield "\n".join(["**Breaking:**", "", *(f"- {cause}" for cause in causes(difference))])
    if difference.same:
        yield "The content is the same: only what is no part of the digest differs."
    else:
        yield token_line(tokens)
    yield from _list("Inputs", map(_input_row, difference.inputs))
    yield from _list("Outputs", map(_input_row, difference.outputs))
    yield from _list("Settings", map(_field_row, difference.settings))
    yield from _list("Tools", map(_field_row, difference.tools))
    yield from _list("Segments", map(_field_row, difference.segments))
    yield from _list("Metadata", map(_field_row, difference.metadata))
    costs = dict(tokens.includes)
    for row in difference.includes:
        yield from _include_blocks(row, costs.get(row.path))
    for step in difference.steps:
        yield from _step_blocks(step, costs.get(step.step))
    yield from _messages(difference.messages, tokens.messages)


def token_line(tokens: DiffTokens) -> str:
    """Return the tokens in one line."""
    change = f"**{tokens.before:,} → {tokens.after:,} tokens ({signed(tokens.change)})**"
    uncounted = f"; not at hand: {', '.join(map(code, tokens.uncounted))}" if tokens.uncounted else ""
    return f"{change}, {tokens.exactness} by {code(tokens.encoding)}, source texts without values{uncounted}"


def causes(difference: PromptDiff) -> list[str]:
    """Return why it is breaking, a sentence for each cause."""
    return [f"{what} {code(row.path)}: {said(row.reason)}" for what, row in difference.causes]


def _list(title: str, items: Iterable[str]) -> Iterator[str]:
    found = [f"- {item}" for item in items]
    if found:
        yield "\n".join([f"**{title}**", "", *found])


def _input_row(row: InputChange) -> str:
    aspect = "" if row.aspect == "input" else f" {row.aspect}"
    values = [code(value) for value in (row.before, row.after) if value]
    return f"{_SIGNS[row.change]} {code(row.path)}{aspect}: {' → '.join(values)}{_why(row)}"


def _field_row(row: FieldChange) -> str:
    before = [] if row.change == "added" else [code(shown_value(row.before))]
    after = [] if row.change == "removed" else [code(shown_value(row.after))]
    return f"{_SIGNS[row.change]} {code(row.path)}: {' → '.join([*before, *after])}{_why(row)}"


def _why(row: InputChange | FieldChange) -> str:
    if not row.reason:
        return ""
    return f" (**breaking**: {said(row.reason)})" if row.breaking else f" ({said(row.reason)})"


def _include_blocks(row: IncludeChange, cost: TokenChange | None) -> Iterator[str]:
    pins = [shown_pin(pin, version) for pin, version in ((row.before, row.old_version), (row.after, row.new_version))]
    tokens = f", {cost}".replace("->", "→") if cost is not None and row.content else ""
    yield f"**include** {code(row.path)} {row.change}: {' → '.join(code(pin) for pin in pins if pin)}{tokens}"
    if row.difference is not None and row.change == "changed":
        yield from _messages(row.difference.messages, (), f" of {code(row.path)}")


def _step_blocks(row: StepChange, cost: TokenChange | None) -> Iterator[str]:
    uses = (shown_use(row.old_use, row.old_version), shown_use(row.new_use, row.new_version))
    pairs = " → ".join(code(use) for use in dict.fromkeys(uses) if use)
    tokens = f", {cost}".replace("->", "→") if cost is not None and (row.bumped or row.change != "changed") else ""
    title = f"**step** {code(row.step)} {row.summary}: {pairs}{tokens}"
    inner = [*map(_field_row, row.wires), *map(_input_row, row.outputs)]
    yield "\n".join([title, *([""] if inner else []), *(f"- {each}" for each in inner)])
    if row.difference is not None:
        yield from _messages(row.difference.messages, (), f" of {code(row.step)}")


def _messages(messages: tuple[MessageChange, ...], costs: tuple[TokenChange, ...], whose: str = "") -> Iterator[str]:
    changed = [at for at, row in enumerate(messages) if row.change != "same"]
    for at in changed:
        row = messages[at]
        cost = f", {costs[at]}".replace("->", "→") if costs and (costs[at].change or row.reworded) else ""
        title = f"**placeholder** {code(row.name)}" if row.role == "placeholder" else f"**{row.title}**"
        yield f"{title}{whose}: {row.summary}{cost}"
        if body := list(chain.from_iterable(map(_line, word_lines(row.words, CONTEXT)))):
            yield fence(body)
    if changed and not whose and len(changed) < len(messages):
        yield f"({len(messages) - len(changed)} unchanged)"


def _line(line: Line) -> Iterator[str]:
    """Yield the rows of one line in a fence: as it was, and as it is, with the words that differ in marks."""
    if line.skipped:
        yield f"@@ {line.skipped} unchanged line{'s' if line.skipped > 1 else ''} @@"
    edits = {word.edit for word in line.words}
    if edits <= {"same"}:
        yield from _folded(" ", "".join(word.text for word in line.words))
        return
    for sign, edit, other, marks in (("-", "removed", "added", "[--]"), ("+", "added", "removed", "{++}")):
        if edits == {other}:
            continue
        begin, end = (marks[:2], marks[2:]) if len(edits) > 1 and edit in edits else ("", "")
        kept = [word for word in line.words if word.edit != other]
        text = "".join(word.text if word.edit == "same" else f"{begin}{word.text}{end}" for word in kept)
        yield from _folded(sign, text if edits == {edit} or edit in edits else text.removesuffix("\n"))


def _folded(sign: str, text: str) -> Iterator[str]:
    """Yield *text* in rows that need no scrolling, what follows the first set in."""
    ended = text.removesuffix("\n") if text.strip("\n") else ""
    row = ((visible(ended.replace("\n", "⏎")), ""),)
    for at, part in enumerate(wrapped(row, WIDEST)):
        yield f"{sign} {'  ' if at else ''}{''.join(piece for piece, _ in part)}".rstrip()
