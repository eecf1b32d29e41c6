"""What a learner hands in, as checks see it: the file, its parts and their places, and what it renders to."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from promptlib.errors import NotFound, PromptLibError
from promptlib.learn.probing import values_for
from promptlib.lint import IDS, RULES, Shelf, Subject
from promptlib.messages import Message
from promptlib.trust import FOREIGN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from promptlib.errors import Where
    from promptlib.inputs import Input
    from promptlib.lint.rule import Hit
    from promptlib.messages import Role
    from promptlib.prompt import Prompt
    from promptlib.rendering import RenderedPrompt
    from promptlib.rendering.flow import Strand
    from promptlib.store import View


class Words(NamedTuple):
    """A stretch of the literal text of a prompt: what it says, in a message of which role, and where."""

    text: str
    role: Role
    piece: int
    start: int


class Work:
    """One prompt file; all that is derived is computed once, when a check asks, and raises what a load raises.

    `folder` is where a lesson about stores has laid it out, `view` the store that it comes from: both are None for a
    file by itself.
    """

    def __init__(
        self, data: bytes, source: str, *, name: str = "", view: View | None = None, folder: Path | None = None
    ) -> None:
        """Look at the file *data*, called *source* in findings."""
        self.data = data
        self.source = source
        self.view = view
        self.folder = folder
        #: What checks have found out by rendering, by what they looked for.
        self.known: dict[str, Any] = {}
        self.subject = Subject(name or source, data, source, Shelf(view))

    @property
    def is_chain(self) -> bool:
        """Whether the file holds a chain."""
        return self.subject.is_chain

    @cached_property
    def prompt(self) -> Prompt[Any]:
        """The prompt that the file holds, as a foreign one where it does nothing that those may not.

        What is handed in is rendered by whoever checks it: a loop without end is an error there, and no standstill.
        """
        own = self.subject.prompt
        try:
            return own.with_origin(own.origin, trust=FOREIGN)
        except PromptLibError:
            return own

    @property
    def inputs(self) -> dict[str, Input]:
        """The declared inputs by name."""
        return {each.name: each for each in self.prompt.inputs}

    @property
    def flow(self) -> tuple[Strand, ...]:
        """What the template puts out, in the order of the text."""
        return self.subject.flow

    def role(self, piece: int) -> Role | None:
        """Return the role of the piece with that number; None where it is no message."""
        found = self.prompt.messages[piece]
        return found.role if isinstance(found, Message) else None

    @cached_property
    def words(self) -> tuple[Words, ...]:
        """The literal text, stretch by stretch, without the names of inputs and without what is only a remark."""
        return tuple(
            Words(each.text, role, each.piece, each.start)
            for each in self.flow
            if each.put == "text" and (role := self.role(each.piece)) is not None
        )

    def text(self, *roles: Role) -> str:
        """Return the literal text of all messages, or of those of *roles*."""
        return "\n".join(each.text for each in self.words if not roles or each.role in roles)

    def hits(self, rule: str) -> Iterator[Hit]:
        """Yield what a rule of lint says, silenced or not: a silence is no answer to a lesson."""
        if rule not in IDS:
            raise NotFound(f"no rule {rule!r}")
        yield from RULES[IDS.index(rule)].check(self.subject)

    def render(self, given: dict[str, object] | None = None) -> RenderedPrompt:
        """Return the prompt filled in: with *given*, and with a plain value of its type for each other input.

        Raises `Unprobed` where no such value is known.
        """
        chosen = given or {}
        others = (each for each in self.prompt.inputs if each.name not in chosen)
        return self.prompt.render(values_for(others) | chosen, resolve=self.view.load if self.view else None)

    # --- places -------------------------------------------------------------------------------------------------------

    def at(self, piece: int, offset: int, width: int = 1) -> Where:
        """Return the place of *offset* in the text of the piece."""
        return self.subject.at(piece, offset, width)

    def at_words(self, words: Words, start: int = 0, width: int | None = None) -> Where:
        """Return the place of what begins at *start* in a stretch of literal text, blanks before it left out."""
        rest = words.text[start:]
        start += len(rest) - len(rest.lstrip())
        first = rest.strip().partition("\n")[0]
        return self.at(words.piece, words.start + start, max(1, len(first)) if width is None else width)

    def at_strand(self, strand: Strand) -> Where:
        """Return the place of a value, with its signs."""
        return self.at(strand.piece, strand.start, max(1, strand.end - strand.start))

    def at_key(self, *path: str) -> Where:
        """Return where the front matter says what *path* leads to, or the deepest key above it that there is."""
        return self.subject.key(*path)

    def at_message(self, roles: Iterable[Role] = ()) -> Where:
        """Return where the first text of a message of *roles* begins (of any, if not said); else the first line."""
        wanted = set(roles)
        for each in self.words:
            if (not wanted or each.role in wanted) and each.text.strip():
                return self.at_words(each)
        return self.subject.place(1)
