"""Templates: compiled once for each content, kept in a bounded cache, checked against declared inputs."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NoReturn, Protocol, TypeAlias

from promptlib.errors import InvalidPrompt, RenderFailed, TemplateRejected, Where, nearest
from promptlib.forking import ForkableLock
from promptlib.messages import Message, Placeholder
from promptlib.rendering.limits import LONGEST_TEMPLATE, MOST_SIGNS
from promptlib.rendering.plainvariables import PlainUnit, variables_of
from promptlib.rendering.positions import Place, Span, where
from promptlib.rendering.shapes import MOST_PROBLEMS, refused
from promptlib.trust import FOREIGN, OWN

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from promptlib.inputs import Input, InputType
    from promptlib.messages import Piece
    from promptlib.rendering.amounts import Size
    from promptlib.rendering.measuring import Task
    from promptlib.rendering.metering import Meter
    from promptlib.rendering.shapes import Problem, Use
    from promptlib.segments import Segment, Stretch
    from promptlib.trust import Trust

CACHED = 512


#: Inputs, aliases of includes, and the inputs that are used elsewhere.
RightWith: TypeAlias = "tuple[tuple[Input, ...], frozenset[str], frozenset[str] | None]"


class Unit(Protocol):
    """One content's compiled form; nothing that changes in it changes what it renders."""

    #: The inputs and includes that it was last found right with: prompts of one content mostly declare the same.
    right_with: RightWith | None

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The pieces that were compiled."""

    @property
    def trust(self) -> Trust:
        """Whose words they are."""

    @property
    def uses(self) -> tuple[Use, ...]:
        """The uses of names that the template does not define itself."""

    @property
    def includes(self) -> tuple[tuple[str, Span], ...]:
        """The aliases that the template includes, and where."""

    @property
    def segments(self) -> Mapping[str, Segment]:
        """The segments that the template states, in the order of the text."""

    @property
    def markable(self) -> frozenset[str]:
        """The marked inputs that stand somewhere by themselves."""

    @property
    def fenced(self) -> frozenset[str]:
        """The marked inputs whose loop writes fences."""

    def problems(self, declared: Mapping[str, InputType], /) -> list[tuple[Span, Problem]]:
        """Return what the types of the inputs say against the template."""

    def render(
        self,
        values: Mapping[str, object],
        include: Callable[[str], str],
        places: tuple[Place, ...],
        meter: Meter | None = None,
        /,
    ) -> tuple[Message, ...]:
        """Return the messages; within the budget of *meter* where one is given."""

    def render_marked(
        self,
        values: Mapping[str, object],
        segments: Mapping[str, Segment],
        include: Callable[[str], str],
        places: tuple[Place, ...],
        meter: Meter | None = None,
        /,
    ) -> tuple[tuple[Message, ...], tuple[Stretch, ...]]:
        """Return the same messages, and where the segments lie; *segments* are those of inputs."""

    def most(self, task: Task, places: tuple[Place, ...], /) -> Size:
        """Return the most that it can put out."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One use of an input: its name, the path of attributes behind it (`[]` is each item), and the place.

    `span` is the same place by offsets into the text of a message.
    """

    name: str
    path: tuple[str, ...]
    where: Where
    span: Span

    def __str__(self) -> str:
        """Return how people write it: `customer.name`, `turns[].text`."""
        return self.name + "".join(part if part == "[]" else f".{part}" for part in self.path)


class Template:
    """A prompt's messages as one template: what it uses, and how it renders.

    Made by `compile_pieces`. Safe to use from many threads.
    """

    __slots__ = ("_places", "_unit")

    def __init__(self, unit: Unit, places: tuple[Place, ...]) -> None:
        """Put the places of this prompt's texts beside the compiled content."""
        self._unit = unit
        self._places = places

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the inputs that are used, in alphabetical order."""
        return tuple(sorted({use.name for use in self._unit.uses}))

    @property
    def uses(self) -> tuple[Variable, ...]:
        """Each use of an input, in the order of the text, with its path and place."""
        ordered = sorted(self._unit.uses, key=lambda use: use.span)
        return tuple(Variable(use.name, use.path, self._where(use.span), use.span) for use in ordered)

    @property
    def includes(self) -> tuple[str, ...]:
        """The aliases of the prompts that are included, in the order of the text."""
        return tuple(dict.fromkeys(alias for alias, _ in self._unit.includes))

    @property
    def segments(self) -> Mapping[str, Segment]:
        """The segments that the template itself states, by name, in the order of the text."""
        return self._unit.segments

    @property
    def markable(self) -> frozenset[str]:
        """The marked inputs that a budget can shorten: each is a placeholder, or stands by itself in a message.

        That is `{{ name }}`, also with filters, or a loop over it, outside of macros, blocks and stated segments.
        """
        return self._unit.markable

    @property
    def fenced(self) -> frozenset[str]:
        """Those of them whose loop puts a fence around each item, which a cut inside of the loop would break."""
        return self._unit.fenced

    def render(
        self,
        values: Mapping[str, object],
        *,
        include: Callable[[str], str] | None = None,
        meter: Meter | None = None,
    ) -> tuple[Message, ...]:
        """Return the messages with *values* (plain data, as `inputs.values_of` gives it) put in, in one pass.

        *include* returns the text of an included prompt. A foreign template works within the budget of *meter*, that
        of the prompt around it, or has one of its own. Raises `RenderFailed` with message, line and column.
        """
        return self._unit.render(values, include or _no_includes, self._places, meter)

    def render_marked(
        self,
        values: Mapping[str, object],
        segments: Mapping[str, Segment],
        *,
        include: Callable[[str], str] | None = None,
        meter: Meter | None = None,
    ) -> tuple[tuple[Message, ...], tuple[Stretch, ...]]:
        """Return the messages that `render` returns, and where the segments lie in them, in their order.

        *segments* are those of inputs: marked ones, and threads. The stretches of an included prompt come along where
        *include* returns what `included_text` made of them. None is empty, and none lies inside of another.
        """
        return self._unit.render_marked(values, segments, include or _no_includes, self._places, meter)

    def most(self, task: Task) -> Size:
        """Return how large all messages can be at most, what the chat puts around them counted in.

        It is as *task* says: with values of such bounds, and, where it is `segmented`, with no more of each segment
        than must stay.
        """
        return self._unit.most(task, self._places)

    def check(
        self, inputs: tuple[Input, ...], includes: Collection[str], elsewhere: frozenset[str] | None = None
    ) -> None:
        """Compare with what is declared; raises one `InvalidPrompt` that holds every problem."""
        known = inputs, frozenset(includes), elsewhere
        if self._unit.right_with == known:
            # The same objects compare fastest, and the last ones are the likeliest to come again.
            self._unit.right_with = known
            return
        declared = {each.name: each.type for each in inputs}
        found = islice(self._placed(declared, includes), MOST_PROBLEMS)
        errors = [error for _, error in sorted(found, key=lambda each: each[0])]
        if elsewhere is not None or not includes:
            used = {use.name for use in self._unit.uses} | (elsewhere or frozenset())
            errors += [_unused(name, kind_of) for name, kind_of in declared.items() if name not in used]
        errors += [_unused_include(alias) for alias in includes if alias not in self.includes]
        if errors:
            errors[0].others = tuple(errors[1:])
            raise errors[0]
        self._unit.right_with = known

    def _placed(
        self, declared: Mapping[str, InputType], includes: Collection[str]
    ) -> Iterator[tuple[Span, InvalidPrompt]]:
        names = f"inputs here: {', '.join(declared) or 'none'}"
        for use in _first_uses(self._unit.uses):
            if use.name not in declared:
                hint = f"{nearest(use.name, declared)} {names}".strip()
                yield use.span, self._error(use.span, f"undeclared variable {use.name!r}", hint, "name")
        for span, (what, hint, rule) in self._unit.problems(declared):
            yield span, self._error(span, what, hint, rule)
        for alias, span in self._unit.includes:
            if alias not in includes:
                known = f"includes here: {', '.join(includes) or 'none'}"
                hint = f"{nearest(alias, includes)} {known}".strip()
                yield span, self._error(span, f"no include {alias!r}", hint, "include")
        for at, piece in enumerate(self._unit.pieces):
            kind = declared[piece.name].kind if isinstance(piece, Placeholder) and piece.name in declared else "thread"
            if isinstance(piece, Placeholder) and kind != "thread":
                what = f"the placeholder {piece.name!r} needs a thread, and the input is of kind {kind}"
                hint = f"declare {piece.name}: Thread, or write {{{{ {piece.name} }}}} in a message"
                yield Span(at, 0, 0), self._error(Span(at, 0, 0), what, hint)

    def _error(self, span: Span, what: str, hint: str, rule: str = "template") -> InvalidPrompt:
        return refused(self._unit.trust, what, self._where(span), hint, rule)

    def _where(self, span: Span) -> Where:
        return where(self._unit.pieces, span, self._places)


def _first_uses(uses: tuple[Use, ...]) -> tuple[Use, ...]:
    first: dict[str, Use] = {}
    for use in sorted(uses, key=lambda use: use.span):
        first.setdefault(use.name, use)
    return tuple(first.values())


def _unused(name: str, kind_of: InputType) -> InvalidPrompt:
    write = f"placeholder({name!r})" if kind_of.kind == "thread" else f"{{{{ {name} }}}} in a message"
    where = Where(f"input {name!r}")
    return InvalidPrompt(f"unused input {name!r}", where=where, hint=f"write {write}, or take the input out")


def _unused_include(alias: str) -> InvalidPrompt:
    hint = f'write {{% include "{alias}" %}} in a message, or take the include out'
    return InvalidPrompt(f"unused include {alias!r}", where=Where(f"include {alias!r}"), hint=hint)


def _no_includes(alias: str) -> NoReturn:
    raise RenderFailed(f"nothing was given to find the include {alias!r}", hint="render with resolve=store.load")


class _Cache:
    """The units of the last contents that were used, in this process."""

    def __init__(self) -> None:
        self._units: OrderedDict[object, Unit] = OrderedDict()
        self._lock = ForkableLock()

    def get(self, key: object) -> Unit | None:
        with self._lock:
            unit = self._units.get(key)
            if unit is not None:
                self._units.move_to_end(key)
            return unit

    def put(self, key: object, unit: Unit) -> None:
        with self._lock:
            self._units[key] = unit
            if len(self._units) > CACHED:
                self._units.popitem(last=False)


_CACHE = _Cache()


def compile_pieces(
    pieces: tuple[Piece, ...],
    *,
    places: tuple[Place, ...] = (),
    trust: Trust = OWN,
    marked: frozenset[str] = frozenset(),
) -> Template:
    """Return the template of *pieces*, compiled once for each content, *trust* and *marked* in a process.

    *places* says where each piece's text begins in a file, for errors. *marked* are the inputs that have a segment of
    their own, which `render_marked` tells. Raises `InvalidPrompt`, with the line and the
    column, for broken Jinja and for what no inputs can make right, and `TemplateRejected` for what a foreign template
    may not do.
    """
    # Equality of messages leaves out whether they are literal; the role of a placeholder is its name.
    key = tuple((piece.role, piece.text, piece.literal) if isinstance(piece, Message) else piece for piece in pieces)
    unit = _CACHE.get((trust, key, marked))
    if unit is None:
        unit = _compiled(pieces, places, trust, marked)
        _CACHE.put((trust, key, marked), unit)
    return Template(unit, places)


def _compiled(pieces: tuple[Piece, ...], places: tuple[Place, ...], trust: Trust, marked: frozenset[str]) -> Unit:
    if trust == FOREIGN:
        _check_size(pieces, places)
    plain = [variables_of(piece) for piece in pieces]
    if all(found is not None for found in plain):
        return PlainUnit(pieces, [found for found in plain if found is not None], trust, marked)
    # Jinja costs a third of a pydantic import: a prompt of plain variables never pays for it.
    from promptlib.rendering import units  # noqa: PLC0415 - see above

    return units.Unit(pieces, places, trust, marked)


def _check_size(pieces: tuple[Piece, ...], places: tuple[Place, ...]) -> None:
    """Refuse what would take long before anything else could refuse it."""
    texts = [piece.text for piece in pieces if not (isinstance(piece, Message) and piece.literal)]
    tags = sum(text.count("{{") + text.count("{%") + text.count("{#") for text in texts)
    if tags > MOST_SIGNS or (tags and sum(map(len, texts)) > LONGEST_TEMPLATE):
        what = f"a template of more than {MOST_SIGNS:,} tags or {LONGEST_TEMPLATE:,} characters"
        hint = "give data as an input; a text without tags may be longer, and a literal one too"
        raise TemplateRejected(what, where=where(pieces, Span(0, 0, 1), places), hint=hint, rule="size")


def check(
    template: Template,
    inputs: tuple[Input, ...],
    includes: Collection[str] = (),
    *,
    elsewhere: frozenset[str] | None = None,
) -> None:
    """Compare *template* with the declared *inputs* and the aliases of *includes*.

    *elsewhere* are the inputs that tools and included prompts take. When it is not known what an include takes, any
    input may be used there.

    Raises one `InvalidPrompt` for what is undeclared, unused, misspelt or used against its type; further problems
    are in its `others`, and its text names all of them.
    """
    template.check(inputs, includes, elsewhere)
