"""One prompt as rules see it: its file, its parts, and where each of them stands."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any, cast

from promptlib import codec
from promptlib.codec.delimiters import tags
from promptlib.codec.reading import parsed, stored_of
from promptlib.codec.source import Node
from promptlib.errors import PromptLibError, Where
from promptlib.lint.enclosing import around
from promptlib.messages import Message
from promptlib.prompt import Prompt
from promptlib.rendering import flow_of, where_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.chain import Stored
    from promptlib.codec.reading import Parsed
    from promptlib.errors import Where as Place
    from promptlib.lint.enclosing import Around
    from promptlib.lint.silences import Silence
    from promptlib.rendering.flow import Strand
    from promptlib.store import View
    from promptlib.tokens import Budget

_NOTHING = Node(None, 0, 0)


@dataclass(slots=True)
class Shelf:
    """What a run knows beside the prompt that it looks at: the store, the budget, and what was compared once."""

    view: View | None = None
    budget: Budget | None = None
    #: What rules have computed for all prompts together, by rule.
    known: dict[str, Any] = field(default_factory=dict)


class Subject:
    """A prompt and the file that holds it; all that is derived is computed once, when a rule asks."""

    def __init__(self, name: str, data: bytes, source: str, shelf: Shelf, given: Stored | None = None) -> None:
        """Look at the file *data*, called *source*; *given* is what it would hold, where it fits into none."""
        self.name = name
        self.data = data
        self.source = source
        self.shelf = shelf
        self._given = given
        #: What the file silences, and which rules there are and have looked: the engine fills them in.
        self.silences: list[Silence] = []
        self.known_rules: tuple[str, ...] = ()
        self.looked: frozenset[str] = frozenset()

    @classmethod
    def of_stored(cls, stored: Stored, name: str, shelf: Shelf) -> Subject:
        """Return *stored* as the file that it would be written to, called *name*."""
        try:
            data = codec.write(stored)
        except (PromptLibError, UnicodeError):
            data = b""  # what fits into no file has no places there: those of its messages serve
        return cls(name, data, name, shelf, stored)

    @cached_property
    def file(self) -> Parsed | None:
        """The file taken apart; None for a prompt that fits into none. Raises what a load raises."""
        return parsed(self.data, self.source) if self.data or self._given is None else None

    @cached_property
    def stored(self) -> Stored:
        """The prompt or chain, with the places of its file; raises what a load raises."""
        if self.file is not None:
            return stored_of(self.file)
        assert self._given is not None  # noqa: S101 - the file is None only where one was given
        return self._given

    @property
    def prompt(self) -> Prompt[Any]:
        """The prompt; only rules that look at no chains ask for it."""
        return cast("Prompt[Any]", self.stored)

    @property
    def is_chain(self) -> bool:
        """Whether it is a chain."""
        return not isinstance(self.stored, Prompt)

    @cached_property
    def text(self) -> str:
        """The characters of the file."""
        return "" if self.file is None else self.file.halves.head + self.file.halves.body

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the file, without what ends them."""
        return self.text.split("\n")

    @cached_property
    def _starts(self) -> list[int]:
        return list(accumulate((len(line) + 1 for line in self.lines), initial=0))

    @cached_property
    def flow(self) -> tuple[Strand, ...]:
        """What the template puts out, in the order of the text."""
        return flow_of(self.prompt.messages, self.prompt.inputs)

    @property
    def messages(self) -> Iterator[tuple[int, Message]]:
        """The messages with their numbers among the pieces."""
        return ((at, each) for at, each in enumerate(self.prompt.messages) if isinstance(each, Message))

    def strands(self, piece: int) -> list[Strand]:
        """Return what the piece puts out, in its order, what macros hold apart."""
        return [each for each in self.flow if each.piece == piece and not each.captured]

    @cached_property
    def around(self) -> list[Around]:
        """The delimiters of each message."""
        return [around(each, self.strands(at), at) for at, each in self.messages]

    @cached_property
    def comments(self) -> list[tuple[int, int, str]]:
        """The comments of the templates: the piece, the offset in it, and the text between the signs."""
        return [
            (at, tag.start, message.text[tag.start + 2 : tag.end - 2].strip("-+ \t\r\n"))
            for at, message in enumerate(() if self.is_chain else self.prompt.messages)
            if not getattr(message, "literal", False)
            for tag in tags(message.text)
            if tag.kind == "comment" and tag.closed
        ]

    # --- places -------------------------------------------------------------------------------------------------------

    def at(self, piece: int, offset: int, width: int = 1) -> Place:
        """Return the place of *offset* in the text of the piece."""
        prompt = self.prompt
        if self.file is None or not prompt.places:
            return where_in(prompt.messages, piece, offset, offset + width)
        text = prompt.messages[piece].text
        begin = text.rfind("\n", 0, offset) + 1
        line = prompt.places[piece].line + text.count("\n", 0, begin)
        end = text.find("\n", offset)
        return self.place(line, offset - begin + 1, min(width, (end if end >= 0 else len(text)) - offset))

    def place(self, line: int, column: int = 1, width: int = 1) -> Place:
        """Return the place in the file, brought inside of it."""
        line = min(max(1, line), len(self.lines))
        shown = self.lines[line - 1].rstrip("\r")
        column = min(max(1, column), len(shown) + 1)
        return Where(self.source, line, column, shown, max(1, min(width, len(shown) + 1 - column)))

    def spot(self, offset: int, width: int = 1) -> Place:
        """Return the place of a character of the file."""
        line = bisect_right(self._starts, offset)
        return self.place(line, offset - self._starts[line - 1] + 1, width)

    def offset(self, place: Place) -> int:
        """Return the character of the file at *place*."""
        return self._starts[(place.line or 1) - 1] + (place.column or 1) - 1

    def key(self, *path: str) -> Place:
        """Return where the front matter says what *path* leads to, or the deepest key above it that there is."""
        if self.file is None:
            return Where(self.source)
        node, found = self.file.header, None
        for part in path:
            node = self._under(node, part)
            if node is _NOTHING:
                break
            found = node
        if found is None or self.file.halves.header is None:
            return self.place(1)
        place = self.file.halves.header.where(found.at)
        return self.place(place.line or 1, place.column or 1, len(path[-1]))

    def _under(self, node: Node, part: str) -> Node:
        if isinstance(node.value, dict):
            return node.value.get(part, _NOTHING)
        if isinstance(node.value, list):
            named = (each for each in node.value if self._under(each, "name").value == part)
            return next(named, _NOTHING)
        return _NOTHING
