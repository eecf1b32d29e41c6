"""Compiled templates, shared by all prompts of the same content."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn, cast

from jinja2.exceptions import UndefinedError

from promptlib.errors import InvalidPrompt, PromptLibError, RenderFailed, TemplateRejected
from promptlib.messages import Message, Placeholder
from promptlib.rendering.analysis import Analysis
from promptlib.rendering.collecting import collected
from promptlib.rendering.environment import ENVIRONMENT, RenderContext
from promptlib.rendering.generating import Program
from promptlib.rendering.lexing import MOST_SIGNS
from promptlib.rendering.limits import MOST_SIGNS as FOREIGN_SIGNS
from promptlib.rendering.marking import Marking
from promptlib.rendering.nesting import check_nesting
from promptlib.rendering.outline import Outline
from promptlib.rendering.parsing import parse
from promptlib.rendering.positions import Span, Spans, where
from promptlib.rendering.repairs import failure
from promptlib.rendering.shapes import placeholder_uses, refused
from promptlib.rendering.stretches import Marked, collected_marked
from promptlib.trust import FOREIGN, OWN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jinja2 import nodes

    from promptlib.inputs import InputType
    from promptlib.messages import Piece
    from promptlib.rendering.amounts import Size
    from promptlib.rendering.measuring import Task
    from promptlib.rendering.metering import Meter
    from promptlib.rendering.positions import Place
    from promptlib.rendering.shapes import Problem
    from promptlib.rendering.template import RightWith
    from promptlib.segments import Segment
    from promptlib.trust import Trust


#: Characters of what Python says that are told: it may repeat a whole value.
LONGEST = 1000
#: How Python begins when a name stands twice among the arguments of a call or a macro.
_TWICE = ("keyword argument repeated", "duplicate argument")


class Unit:
    """A template with statements, filters or attributes: one generator over all its messages.

    Parsed and checked when it is made, turned into code when it is first rendered.
    """

    __slots__ = (
        "_marked",
        "_marked_program",
        "_names",
        "_parsed",
        "_program",
        "_quiet",
        "_told",
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
        places: tuple[Place, ...] = (),
        trust: Trust = OWN,
        marked: frozenset[str] = frozenset(),
    ) -> None:
        """Parse *pieces*; raises `InvalidPrompt` for what no inputs can make right or a foreign template may not."""
        self.pieces = pieces
        self.trust = trust
        self.right_with: RightWith | None = None
        self._marked = marked
        self._program: Program | None = None
        self._marked_program: Program | None = None
        tree, spans, marking = _parsed(pieces, places, trust, marked)
        problems = _foreign_problems(tree, spans) if trust == FOREIGN else []
        found = Analysis(tree, {}, spans)
        if problems or found.problems:
            raise _refusal(pieces, places, problems or found.problems, trust)
        self.uses = (*found.uses, *placeholder_uses(pieces))
        self.includes = tuple(found.includes)
        self.segments: Mapping[str, Segment] = MappingProxyType(marking.segments)
        self.markable = marking.markable
        self.fenced = marking.fenced
        self._told = marking.told
        # Without any place where a segment could come from, none is looked for.
        threads = any(isinstance(piece, Placeholder) for piece in pieces)
        self._quiet = not (self._told or self.includes or threads)
        self._names = tuple({use.name for use in found.uses})
        # Kept until there is a program: what the types of the inputs say is asked of the same tree.
        self._parsed: tuple[nodes.Template, Spans] | None = (tree, spans)

    def problems(self, declared: Mapping[str, InputType]) -> list[tuple[Span, Problem]]:
        """Return what the types of the inputs say against the template."""
        tree, spans = self._parsed or self._parsed_again()
        return Analysis(tree, declared, spans).problems

    def render(
        self,
        values: Mapping[str, object],
        include: Callable[[str], str],
        places: tuple[Place, ...],
        meter: Meter | None = None,
    ) -> tuple[Message, ...]:
        """Return the messages; raises `RenderFailed` with the place where the template failed."""
        program = self._program or self._compile(places)
        try:
            return collected(self._chunks(program, values, include, meter), self.pieces, values, places)
        except Exception as error:  # noqa: BLE001 - whatever a template raises gets its place in the template
            self._fail(program, error, places)

    def render_marked(
        self,
        values: Mapping[str, object],
        segments: Mapping[str, Segment],
        include: Callable[[str], str],
        places: tuple[Place, ...],
        meter: Meter | None = None,
    ) -> Marked:
        """Return the messages of `render`, and where the segments lie in them."""
        if self._quiet:
            return self.render(values, include, places, meter), ()
        program = self._marked_program or self._compile_marked(places)
        try:
            chunks = self._chunks(program, values, include, meter)
            return collected_marked(chunks, self.pieces, values, places, segments)
        except Exception as error:  # noqa: BLE001 - whatever a template raises gets its place in the template
            self._fail(program, error, places)

    def most(self, task: Task, places: tuple[Place, ...]) -> Size:
        """Return the most that it can put out."""
        from promptlib.rendering.bounding import most_of_tree  # noqa: PLC0415 - only the worst case asks for it

        tree, spans = self._parsed or self._parsed_again()
        size = most_of_tree(tree, spans, task, cut=bool(self._told or self.includes))
        return size.placed(lambda span: where(self.pieces, span, places))

    def _chunks(
        self, program: Program, values: Mapping[str, object], include: Callable[[str], str], meter: Meter | None
    ) -> list[object]:
        """Return what *program* yields; that of a foreign template, within the budget of *meter* or of a new one."""
        known = {**values}
        for name in self._names:
            if values.get(name).__class__ is tuple:
                known[name] = _turns(cast("tuple[object, ...]", values[name]))
        if self.trust == FOREIGN:
            from promptlib.rendering.foreign import context_of, measured  # noqa: PLC0415 - own prompts need none of it

            chunks = list(program.root(context_of(known, include, meter)))
            measured(chunks, self.pieces, values)
            return chunks
        context = RenderContext(ENVIRONMENT, {**ENVIRONMENT.globals, **known}, None, {})
        context.include = include
        return list(program.root(context))

    def _compile(self, places: tuple[Place, ...]) -> Program:
        self._program = self._made(places, marked=False)
        return self._program

    def _compile_marked(self, places: tuple[Place, ...]) -> Program:
        # Where no node was told anything, the marks would be none: includes and threads tell of themselves.
        unmarked = None if self._told else self._program or self._compile(places)
        self._marked_program = unmarked or self._made(places, marked=True)
        return self._marked_program

    def _made(self, places: tuple[Place, ...], *, marked: bool) -> Program:
        tree, _ = self._parsed or self._parsed_again()
        try:
            if self.trust == FOREIGN:
                from promptlib.rendering.foreign import program_of  # noqa: PLC0415 - own prompts need none of it

                program = program_of(tree, marked=marked)
            elif marked:
                from promptlib.rendering.marked import MarkedGenerator  # noqa: PLC0415 - only a budget needs it

                program = Program(tree, ENVIRONMENT, MarkedGenerator)
            else:
                program = Program(tree)
        except (SyntaxError, RecursionError, MemoryError, OverflowError, ValueError) as error:
            what, hint = "the template is nested too deeply for Python", "take it apart with macros or {% set %}"
            if isinstance(error, ValueError) or getattr(error, "msg", "").startswith(_TWICE):
                what, hint = (
                    "the template holds what Python cannot say",
                    "write each argument once, and shorter numbers",
                )
            place = where(self.pieces, Span(0, 0, 1), places)
            raise refused(self.trust, what, place, hint, "nesting") from error
        # Writing the code of a foreign tree changes the tree: another program gets one of its own.
        self._parsed = None
        return program

    def _parsed_again(self) -> tuple[nodes.Template, Spans]:
        tree, spans, _ = _parsed(self.pieces, (), self.trust, self._marked)
        return tree, spans

    def _fail(self, program: Program, error: Exception, places: tuple[Place, ...]) -> NoReturn:
        spans = self._parsed_again()[1]
        token = program.token_of(error)
        place = where(self.pieces, spans.tag(token), places) if token else None
        if isinstance(error, PromptLibError):
            error.where = error.where or place
            raise error
        if isinstance(error, UndefinedError):
            what, _, hint = (error.message or "").partition("\n")
        else:
            what, hint = failure(str(error)[:LONGEST] or type(error).__name__)
        if isinstance(error, RecursionError | MemoryError):
            what, hint = "the template ran out of stack or memory", "take it apart, or loop over less"
            if self.trust == FOREIGN:
                raise TemplateRejected(what, where=place, hint="flatten it", rule="nesting") from error
        raise RenderFailed(what[:LONGEST], where=place, hint=hint) from error


def _parsed(
    pieces: tuple[Piece, ...], places: tuple[Place, ...], trust: Trust, marked: frozenset[str]
) -> tuple[nodes.Template, Spans, Marking]:
    spans = Spans(pieces)
    try:
        tree = parse(spans, places, most=MOST_SIGNS if trust == OWN else FOREIGN_SIGNS)
        check_nesting(tree, spans, places)
        Outline(tree, spans, places)
        marking = Marking(tree, spans, places, marked)
    except InvalidPrompt as error:
        if trust == FOREIGN:
            raise TemplateRejected(error.what, where=error.where, hint=error.hint, others=error.others) from error
        raise
    return tree, spans, marking


def _foreign_problems(tree: nodes.Template, spans: Spans) -> list[tuple[Span, Problem]]:
    from promptlib.rendering.whitelist import Whitelist  # noqa: PLC0415 - own prompts need none of it

    return Whitelist(tree, spans).problems


def _refusal(
    pieces: tuple[Piece, ...], places: tuple[Place, ...], problems: list[tuple[Span, Problem]], trust: Trust
) -> InvalidPrompt:
    errors = [
        refused(trust, what, where(pieces, span, places), hint, rule) for span, (what, hint, rule) in sorted(problems)
    ]
    errors[0].others = tuple(errors[1:])
    return errors[0]


def _turns(given: tuple[object, ...]) -> list[dict[str, str]]:
    """Return a thread as plain data, for loops and conditions; it is put into messages by its placeholder only."""
    turns = map(Message.of, given)
    return [
        {"role": str.__str__(turn.role), "text": turn.text, "content": turn.text, "name": str.__str__(turn.name)}
        for turn in turns
    ]
