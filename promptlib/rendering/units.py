"""Compiled templates, shared by all prompts of the same content."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, cast

from promptlib.errors import InvalidPrompt, PromptLibError, RenderFailed
from promptlib.messages import Message
from promptlib.rendering.analysis import Analysis
from promptlib.rendering.collecting import collected
from promptlib.rendering.environment import ENVIRONMENT, RenderContext
from promptlib.rendering.generating import Program
from promptlib.rendering.nesting import check_nesting
from promptlib.rendering.outline import Outline
from promptlib.rendering.parsing import parse
from promptlib.rendering.positions import Span, Spans, where
from promptlib.rendering.shapes import placeholder_uses

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jinja2 import nodes

    from promptlib.inputs import InputType
    from promptlib.messages import Piece
    from promptlib.rendering.positions import Place
    from promptlib.rendering.shapes import Problem
    from promptlib.rendering.template import RightWith


class Unit:
    """A template with statements, filters or attributes: one generator over all its messages.

    Parsed and checked when it is made, turned into code when it is first rendered.
    """

    __slots__ = ("_names", "_program", "_tree", "includes", "pieces", "right_with", "uses")

    def __init__(self, pieces: tuple[Piece, ...], places: tuple[Place, ...] = ()) -> None:
        """Parse *pieces*; raises `InvalidPrompt` for what no inputs can make right."""
        self.pieces = pieces
        self.right_with: RightWith | None = None
        self._program: Program | None = None
        tree, spans = _parsed(pieces, places)
        found = Analysis(tree, {}, spans)
        if found.problems:
            raise _refusal(pieces, places, found.problems)
        self.uses = (*found.uses, *placeholder_uses(pieces))
        self.includes = tuple(found.includes)
        self._names = tuple({use.name for use in found.uses})
        self._tree: nodes.Template | None = tree

    def problems(self, declared: Mapping[str, InputType]) -> list[tuple[Span, Problem]]:
        """Return what the types of the inputs say against the template."""
        tree, spans = _parsed(self.pieces, ())
        return Analysis(tree, declared, spans).problems

    def render(
        self, values: Mapping[str, object], include: Callable[[str], str], places: tuple[Place, ...]
    ) -> tuple[Message, ...]:
        """Return the messages; raises `RenderFailed` with the place where the template failed."""
        program = self._program or self._compile(places)
        known = {**ENVIRONMENT.globals, **values}
        for name in self._names:
            if values.get(name).__class__ is tuple:
                known[name] = _turns(cast("tuple[object, ...]", values[name]))
        context = RenderContext(ENVIRONMENT, known, None, {})
        context.include = include
        try:
            return collected(list(program.root(context)), self.pieces, values, places)
        except Exception as error:  # noqa: BLE001 - whatever a template raises gets its place in the template
            self._fail(program, error, places)

    def _compile(self, places: tuple[Place, ...]) -> Program:
        tree = self._tree or _parsed(self.pieces, ())[0]
        try:
            self._program = program = Program(tree)
        except (SyntaxError, RecursionError, MemoryError, OverflowError) as error:
            raise InvalidPrompt(
                "the template is nested too deeply for Python",
                where=where(self.pieces, Span(0, 0, 1), places),
                hint="take it apart with macros or {% set %}",
            ) from error
        self._tree = None
        return program

    def _fail(self, program: Program, error: Exception, places: tuple[Place, ...]) -> NoReturn:
        spans = _parsed(self.pieces, ())[1]
        token = program.token_of(error)
        place = where(self.pieces, spans.tag(token), places) if token else None
        if isinstance(error, PromptLibError):
            error.where = error.where or place
            raise error
        what = str(error) or type(error).__name__
        if isinstance(error, RecursionError | MemoryError):
            what = "the template ran out of stack or memory"
        raise RenderFailed(what, where=place) from error


def _parsed(pieces: tuple[Piece, ...], places: tuple[Place, ...]) -> tuple[nodes.Template, Spans]:
    spans = Spans(pieces)
    tree = parse(spans, places)
    check_nesting(tree, spans, places)
    Outline(tree, spans, places)
    return tree, spans


def _refusal(
    pieces: tuple[Piece, ...], places: tuple[Place, ...], problems: list[tuple[Span, Problem]]
) -> InvalidPrompt:
    errors = [
        InvalidPrompt(what, where=where(pieces, span, places), hint=hint) for span, (what, hint) in sorted(problems)
    ]
    errors[0].others = tuple(errors[1:])
    return errors[0]


def _turns(given: tuple[object, ...]) -> list[dict[str, str]]:
    """Return a thread as plain data, for loops and conditions; it is put into messages by its placeholder only."""
    turns = map(Message.of, given)
    return [{"role": turn.role, "text": turn.text, "content": turn.text, "name": turn.name} for turn in turns]
