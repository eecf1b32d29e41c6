"""Where front matter has to change so that it says something else: spans of its text, and what takes their place."""

from __future__ import annotations

from typing import Any, NamedTuple

from promptlib.codec.emitting import entry, inline, item
from promptlib.codec.reconciling import same
from promptlib.codec.source import Node, plain_of


class Splice(NamedTuple):
    """Take out the text from `start` to `end` and put `text` there."""

    start: int
    end: int
    text: str


def splices(text: str, node: Node, wanted: dict[str, Any]) -> list[Splice]:
    """Return the changes after which the header *text*, the mapping *node*, holds *wanted*."""
    found: list[Splice] = []
    _mapping(_Header(text, found), node, wanted)
    return found


class _Header:
    """The header's text and the changes found so far."""

    __slots__ = ("found", "text")

    def __init__(self, text: str, found: list[Splice]) -> None:
        self.text = text
        self.found = found

    def line_start(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def line_end(self, at: int) -> int:
        """Return where the line of *at* ends, behind its newline."""
        return self.text.find("\n", at) + 1 or len(self.text)

    def column(self, at: int) -> int:
        return at - self.line_start(at)

    def after(self, node: Node) -> int:
        """Return where the line after the last line of *node* begins."""
        return self.line_end(node.end)

    def begins_line(self, at: int) -> bool:
        return not self.text[self.line_start(at) : at].strip(" ")

    def add(self, start: int, end: int, text: str) -> None:
        self.found.append(Splice(start, end, text))


def _mapping(header: _Header, node: Node, wanted: dict[str, Any]) -> None:
    """Change a block mapping key by key."""
    entries = node.value if isinstance(node.value, dict) else {}
    indent = header.column(node.start) if entries else 0
    behind = header.line_start(node.start) if entries else len(header.text)
    for key, child in entries.items():
        if key not in wanted:
            header.add(header.line_start(child.entry), header.after(child), "")
        elif not same(plain_of(child), wanted[key]):
            _value(header, child, wanted[key], entry(key, wanted[key], header.column(child.entry)))
    new = ""
    for key, value in wanted.items():
        if key in entries:
            if new:
                header.add(behind, behind, new)
            behind, new = header.after(entries[key]), ""
        else:
            new += entry(key, value, indent)
    if new:
        header.add(behind, behind, new)


def _value(header: _Header, node: Node, wanted: object, lines: str) -> None:
    """Change the value of one entry, inside it where both are collections; *lines* is the whole entry anew."""
    if node.style == "block" and isinstance(node.value, dict) and isinstance(wanted, dict) and wanted:
        if _can_change_inside(header, node, wanted):
            _mapping(header, node, wanted)
            return
    elif node.style == "block" and isinstance(node.value, list) and isinstance(wanted, list) and wanted:
        _list(header, node.value, wanted)
        return
    elif _on_one_line(header.text, node) and not isinstance(wanted, dict | list) and lines.count("\n") == 1:
        space = " " if node.start == node.end else ""
        header.add(node.start, node.end, space + inline(wanted))
        return
    column = header.column(node.entry)
    header.add(node.entry, header.after(node), lines[column:])


def _on_one_line(text: str, node: Node) -> bool:
    return node.style in {"plain", "quoted"} and "\n" not in text[node.start : node.end]


def _can_change_inside(header: _Header, node: Node, wanted: dict[str, Any]) -> bool:
    """Tell whether every key that goes, or that something new comes before, begins its own line."""
    entries = node.value if isinstance(node.value, dict) else {}
    first = next(iter(entries), "")
    stays = first in wanted and next(iter(wanted)) in entries
    return header.begins_line(node.start) or stays


def _list(header: _Header, items: list[Node], wanted: list[Any]) -> None:
    """Change a block list: equal items at both ends stay, those between are changed in pairs or anew."""
    first = 0
    while first < min(len(items), len(wanted)) and same(plain_of(items[first]), wanted[first]):
        first += 1
    last = 0
    while last < min(len(items), len(wanted)) - first and same(plain_of(items[-1 - last]), wanted[-1 - last]):
        last += 1
    old, new = items[first : len(items) - last], wanted[first : len(wanted) - last]
    indent = header.column(items[0].entry)
    for node, value in zip(old, new, strict=False):
        _value(header, node, value, item(value, header.column(node.entry)))
    for node in old[len(new) :]:
        header.add(header.line_start(node.entry), header.after(node), "")
    if len(new) > len(old):
        behind = header.after(items[first + len(old) - 1]) if first + len(old) else header.line_start(items[0].entry)
        header.add(behind, behind, "".join(item(value, indent) for value in new[len(old) :]))
