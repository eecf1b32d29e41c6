"""The text of a file's front matter, and errors that point into it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from promptlib.errors import InvalidFile, Where

if TYPE_CHECKING:
    from typing import Literal

#: What a node holds: a scalar, or nodes by key or in order.
Value: TypeAlias = "bool | int | float | str | dict[str, Node] | list[Node] | None"


@dataclass(slots=True)
class Node:
    """A value of the front matter and where it stands: offsets into the header's text.

    `start` and `end` enclose the value; `entry` is where the entry begins (its key, or the dash of an item).
    """

    value: Value
    start: int
    end: int
    style: Literal["plain", "quoted", "block", "flow", "text"] = "plain"
    entry: int = field(default=-1)

    @property
    def at(self) -> int:
        """Where a person looks for this entry: its key, or the value itself."""
        return self.entry if self.entry >= 0 else self.start


def plain_of(node: Node) -> object:
    """Return the plain data that *node* holds."""
    value = node.value
    if isinstance(value, dict):
        return {key: plain_of(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain_of(item) for item in value]
    return value


class Source:
    """A text with a name, whose places can be told as line and column of the file that holds it."""

    __slots__ = ("first_line", "name", "text")

    def __init__(self, text: str, name: str = "", first_line: int = 1) -> None:
        """Keep *text*, which begins at *first_line* of the file *name*."""
        self.text = text
        self.name = name
        self.first_line = first_line

    def where(self, offset: int, width: int = 1) -> Where:
        """Return the place at *offset*."""
        text = self.text
        begin = text.rfind("\n", 0, offset) + 1
        end = text.find("\n", begin)
        line = text[begin : end if end >= 0 else len(text)]
        return Where(
            self.name, self.first_line + text.count("\n", 0, begin), offset - begin + 1, line[:200], max(1, width)
        )

    def error(self, offset: int, what: str, hint: str = "", width: int = 1) -> InvalidFile:
        """Return the error that *what* is wrong at *offset*."""
        return InvalidFile(what, where=self.where(offset, width), hint=hint)
