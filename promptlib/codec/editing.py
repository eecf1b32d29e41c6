"""The least change to a file: new front matter and new messages spliced between the lines that stay."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from promptlib.codec.body import Stretch, write_piece
from promptlib.codec.emitting import entries
from promptlib.codec.splicing import Splice, splices

if TYPE_CHECKING:
    from collections.abc import Collection

    from promptlib.codec.fence import Halves
    from promptlib.codec.reading import Parsed
    from promptlib.messages import Piece


def edited_header(found: Parsed, wanted: dict[str, Any]) -> str:
    """Return all of the file up to its body, with front matter that says *wanted*."""
    cut = found.halves
    if cut.header is None:
        return f"{cut.head}---\n{entries(wanted)}---\n".replace("\n", cut.newline) if wanted else cut.head
    text = cut.header.text
    changes = splices(text, found.header, wanted)
    if not changes:
        return cut.head
    lines = cut.head.splitlines(keepends=True) if "\r" not in cut.head else _lines(cut.head)
    return _spliced_lines(lines, text, changes, cut.newline)


def _lines(text: str) -> list[str]:
    pieces = text.split("\n")
    return [piece + "\n" for piece in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])


def _spliced_lines(lines: list[str], text: str, changes: list[Splice], newline: str) -> str:
    """Apply *changes*, offsets into the header's *text*, to the *lines* that hold it, fences included."""
    for group in reversed(_groups(text, changes)):
        first = text.count("\n", 0, group[0].start)
        begin = text.rfind("\n", 0, group[0].start) + 1
        last = group[-1].end
        end = last if last == begin or (last > 0 and text[last - 1] == "\n") else text.index("\n", last) + 1
        pieces, at = [], begin
        for change in group:
            pieces += [text[at : change.start], change.text]
            at = change.end
        pieces.append(text[at:end])
        # The header's first line is the file's second.
        lines[first + 1 : first + 1 + text.count("\n", begin, end)] = ["".join(pieces).replace("\n", newline)]
    return "".join(lines)


def _groups(text: str, changes: list[Splice]) -> list[list[Splice]]:
    """Return *changes* in order, those that share a line together."""
    groups: list[list[Splice]] = []
    for change in sorted(changes, key=lambda change: change[:2]):
        if groups and "\n" not in text[groups[-1][-1].end : change.start]:
            groups[-1].append(change)
        else:
            groups.append([change])
    return groups


def edited_body(
    cut: Halves, stretches: tuple[Stretch, ...], pieces: tuple[Piece, ...], threads: Collection[str]
) -> str:
    """Return the body with *pieces* for its *stretches*; the lines of equal pieces stay as they are."""
    lines = _lines(cut.body)
    old, new = [_key(each.piece) for each in stretches], [_key(piece) for piece in pieces]
    steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for kind, i1, i2, j1, j2 in reversed(steps):
        if kind == "equal":
            continue
        written = [write_piece(piece, threads).replace("\n", cut.newline) for piece in pieces[j1:j2]]
        _replace(lines, stretches, (i1, i2), written, cut.newline)
    return "".join(lines)


def _key(piece: Piece) -> tuple[Piece, bool]:
    return piece, getattr(piece, "literal", False)


def _replace(
    lines: list[str], stretches: tuple[Stretch, ...], old: tuple[int, int], written: list[str], newline: str
) -> None:
    """Put *written* in the place of the stretches *old*, which later lines have not moved yet."""
    first, end = old
    if end - first == len(written):
        for at in reversed(range(first, end)):
            lines[stretches[at].first : stretches[at].end] = [written[at - first]]
        return
    text = newline.join(written)
    if end == len(stretches) and first > 0:
        # After the last message: a blank line before what is new, none where nothing follows.
        lines[stretches[first - 1].end :] = [
            _ended(lines, stretches[first - 1].end, newline),
            newline + text if text else "",
        ]
        return
    begin = stretches[first].first
    until = stretches[end].first if end < len(stretches) else len(lines)
    lines[begin:until] = [text + newline if text and end < len(stretches) else text]


def _ended(lines: list[str], end: int, newline: str) -> str:
    return "" if lines[end - 1].endswith("\n") else newline
