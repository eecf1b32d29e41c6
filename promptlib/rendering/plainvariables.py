"""Templates of plain variables only: a join of texts, without Jinja."""

from __future__ import annotations

import re
from operator import itemgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, cast

from promptlib.errors import RenderFailed, TemplateRejected
from promptlib.messages import Message, Placeholder, Prelude
from promptlib.rendering.collecting import literal, message, thread
from promptlib.rendering.limits import OUTPUT, WIDEST_CHARACTER
from promptlib.rendering.positions import Span, where
from promptlib.rendering.shapes import Shape, Use, output_problem, placeholder_uses
from promptlib.rendering.showing import part_of
from promptlib.segments import Stretch
from promptlib.trust import FOREIGN, OWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from promptlib.inputs import InputType
    from promptlib.messages import Piece, Role
    from promptlib.rendering.amounts import Size
    from promptlib.rendering.measuring import Task
    from promptlib.rendering.metering import Meter
    from promptlib.rendering.positions import Place
    from promptlib.rendering.shapes import Problem
    from promptlib.rendering.template import RightWith
    from promptlib.segments import Segment
    from promptlib.trust import Trust

_TAG = re.compile(r"\{\{|\{%|\{#")
_VARIABLE = re.compile(r"\{\{[ \t]*([A-Za-z][A-Za-z0-9_]*)[ \t]*\}\}")
#: What Jinja reads as something else than a variable.
_WORDS = frozenset(
    {"and", "else", "false", "if", "in", "is", "none", "not", "or", "true", "False", "None", "True"}
    | {"dict", "namespace", "range", "self", "super"}
)


class Variable(NamedTuple):
    """A plain variable in a text: its name, and where the name stands."""

    name: str
    start: int
    end: int


def variables_of(piece: Piece) -> tuple[tuple[str, ...], tuple[Variable, ...]] | None:
    """Return the texts around the plain variables of *piece*, and these; None when it holds anything else of Jinja."""
    text = piece.text
    if isinstance(piece, Message) and piece.literal:
        return (text,), ()
    texts, found, at = [], [], 0
    while tag := _TAG.search(text, at):
        variable = _VARIABLE.match(text, tag.start())
        if variable is None or variable[1] in _WORDS:
            return None
        texts.append(text[at : tag.start()])
        found.append(Variable(variable[1], variable.start(1), variable.end(1)))
        at = variable.end()
    texts.append(text[at:])
    if not isinstance(piece, Message) and (found or texts[0].strip()):
        return None
    return tuple(texts), tuple(found)


class Join(NamedTuple):
    """One message as a join: its texts with a gap after each but the last, and how to get what fills the gaps."""

    role: Role
    chunks: tuple[str, ...]
    piece: int
    variables: tuple[Variable, ...]
    fill: Callable[[Mapping[str, object]], tuple[str, ...]] | None


class PlainUnit:
    """A template of plain variables: each message is a join."""

    __slots__ = (
        "_foreign",
        "_items",
        "_sizes",
        "fenced",
        "includes",
        "markable",
        "pieces",
        "right_with",
        "segments",
        "trust",
        "uses",
    )

    def __init__(
        self,
        pieces: tuple[Piece, ...],
        found: list[tuple[tuple[str, ...], tuple[Variable, ...]]],
        trust: Trust = OWN,
        marked: frozenset[str] = frozenset(),
    ) -> None:
        """Take *pieces* and what `variables_of` found in each; the inputs in *marked* have a segment of their own."""
        self.pieces = pieces
        self.trust = trust
        self._foreign = trust == FOREIGN
        self._sizes = _filler([variable.name for _, variables in found for variable in variables])
        self.right_with: RightWith | None = None
        self.includes: tuple[tuple[str, Span], ...] = ()
        self.uses = (
            *(
                Use(variable.name, (), Span(at, variable.start, variable.end))
                for at, (_, variables) in enumerate(found)
                for variable in variables
            ),
            *placeholder_uses(pieces),
        )
        self.segments: Mapping[str, Segment] = MappingProxyType({})
        self.markable = marked.intersection([use.name for use in self.uses])
        self.fenced: frozenset[str] = frozenset()
        self._items = tuple(
            _join_of(at, each, *found[at]) if isinstance(each, Message) else at
            for at, each in enumerate(pieces)
            if not isinstance(each, Prelude)
        )

    def problems(self, declared: Mapping[str, InputType]) -> list[tuple[Span, Problem]]:
        """Return what the types of the inputs say against the template."""
        found = (
            (use.span, output_problem(Shape(declared.get(use.name), use.name)))
            for use in self.uses
            if isinstance(self.pieces[use.span.piece], Message)
        )
        return [(span, problem) for span, problem in found if problem is not None]

    def render(
        self,
        values: Mapping[str, object],
        include: Callable[[str], str],  # noqa: ARG002 - every unit renders alike; this one has no includes
        places: tuple[Place, ...],
        meter: Meter | None = None,  # noqa: ARG002 - a join does nothing that is counted but its size
    ) -> tuple[Message, ...]:
        """Return the messages; raises `RenderFailed` with the place of a value that has no text."""
        if self._foreign:
            self._measure(values)
        messages: list[Message] = []
        for item in self._items:
            if item.__class__ is int:
                messages.extend(thread(self.pieces, item, values, places))
            else:
                messages.append(self._message(cast("Join", item), values, places))
        return tuple(messages)

    def render_marked(
        self,
        values: Mapping[str, object],
        segments: Mapping[str, Segment],
        include: Callable[[str], str],
        places: tuple[Place, ...],
        meter: Meter | None = None,
    ) -> tuple[tuple[Message, ...], tuple[Stretch, ...]]:
        """Return the messages of `render`, and the stretches that are the text of an input."""
        return self.render(values, include, places, meter), tuple(self._stretches(values, segments))

    def most(self, task: Task, places: tuple[Place, ...]) -> Size:
        """Return the most that it can put out."""
        from promptlib.rendering.joining import most_of_joins  # noqa: PLC0415 - only the worst case asks for it

        size = most_of_joins(self._items, self.pieces, self.markable, task)
        return size.placed(lambda span: where(self.pieces, span, places))

    def _stretches(self, values: Mapping[str, object], segments: Mapping[str, Segment]) -> Iterator[Stretch]:
        at = 0
        for item in self._items:
            if isinstance(item, Join):
                yield from self._printed(item, at, values, segments)
                at += 1
                continue
            name = cast("Placeholder", self.pieces[item]).name
            turns = len(cast("tuple[object, ...]", values[name]))
            if turns and name in segments:
                yield Stretch(name, segments[name], at, messages=turns)
            at += turns

    def _printed(
        self, join: Join, at: int, values: Mapping[str, object], segments: Mapping[str, Segment]
    ) -> Iterator[Stretch]:
        """Yield where the marked variables of *join* stand, which made message number *at*."""
        start = 0
        for number, variable in enumerate(join.variables):
            start += len(join.chunks[2 * number])
            shown = part_of(values[variable.name])
            end = start + (len(shown) if isinstance(shown, str) else 0)
            if start < end and variable.name in self.markable and variable.name in segments:
                yield Stretch(variable.name, segments[variable.name], at, start, end)
            start = end

    def _measure(self, values: Mapping[str, object]) -> None:
        """Raise before a join that would be too large: a foreign text may name one long value a thousand times."""
        try:
            size = sum(map(len, self._sizes(values) if self._sizes else ()))
        except (KeyError, TypeError):
            given = [values.get(use.name) for use in self.uses]
            size = sum(len(value) for value in given if isinstance(value, str | list | tuple))
        if size * WIDEST_CHARACTER > OUTPUT:
            what = f"the messages hold more than {OUTPUT >> 20} MiB"
            raise TemplateRejected(what, rule="output", hint="put less into them")

    def _message(self, join: Join, values: Mapping[str, object], places: tuple[Place, ...]) -> Message:
        if join.fill is None:
            return literal(join.role, join.chunks[0])
        chunks = list(join.chunks)
        try:
            chunks[1::2] = join.fill(values)
            return literal(join.role, "".join(chunks))
        except (KeyError, TypeError):
            return self._unusual(join, values, places)

    def _unusual(self, join: Join, values: Mapping[str, object], places: tuple[Place, ...]) -> Message:
        """Fill the gaps one by one: with numbers, images, or the error that names its place."""
        chunks: list[object] = list(join.chunks)
        for at, variable in enumerate(join.variables):
            try:
                chunks[2 * at + 1] = part_of(_value_of(values, variable.name))
            except RenderFailed as error:
                error.where = where(self.pieces, Span(join.piece, variable.start, variable.end), places)
                raise
        return message(join.role, chunks, 0, len(chunks))


def _value_of(values: Mapping[str, object], name: str) -> object:
    if name not in values:
        raise RenderFailed(f"{name!r} has no value here", hint=f"values here: {', '.join(values) or 'none'}")
    return values[name]


def _join_of(at: int, piece: Message, texts: tuple[str, ...], variables: tuple[Variable, ...]) -> Join:
    chunks = [""] * (2 * len(texts) - 1)
    chunks[::2] = texts
    return Join(piece.role, tuple(chunks), at, variables, _filler([variable.name for variable in variables]))


def _filler(names: list[str]) -> Callable[[Mapping[str, object]], tuple[str, ...]] | None:
    if not names:
        return None
    if len(names) == 1:
        name = names[0]
        return lambda values: (cast("str", values[name]),)
    return itemgetter(*names)
