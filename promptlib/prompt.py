"""Prompts as immutable, typed values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Self, TypedDict, TypeVar, Unpack, cast, overload

from promptlib import inputs as grammar
from promptlib import policies, rendering
from promptlib.errors import InvalidInputs, InvalidPrompt, NotFound, nearest
from promptlib.forms import EMPTY, FORMS, segments_form
from promptlib.including import check_included, check_includes, pinned, taken_elsewhere, targets
from promptlib.messages import Message, Piece, Placeholder, Prelude, canonical_piece, checked_piece
from promptlib.plain import Frozen, digest
from promptlib.refs import Pin
from promptlib.trust import FOREIGN, OWN, Trust, Vouched

if TYPE_CHECKING:
    from pydantic import BaseModel, GetCoreSchemaHandler
    from pydantic_core import CoreSchema

    from promptlib.inputs import Input
    from promptlib.origin import Origin
    from promptlib.rendering import RenderedPrompt, Template
    from promptlib.rendering.metering import Meter
    from promptlib.rendering.rows import RenderedRows
    from promptlib.segments import Segment, Stretch
    from promptlib.tokens import Budget
    from promptlib.tokens.worst import WorstCase
    from promptlib.version import Version

InputsT = TypeVar("InputsT", bound="BaseModel")
ModelT = TypeVar("ModelT", bound="BaseModel")

#: From a pinned ref, `name#<64 hex>`, to the prompt; `Store.load` is one.
Resolve = Callable[[str], "Prompt[Any]"]
Include = "Prompt[Any] | Version | Pin | str"

CONTENT_TAG = "promptlib/1"
_NONE: frozenset[str] = frozenset()
DEEPEST_INCLUDE = 16


class Changes(TypedDict, total=False):
    """What `evolve` and `derive` can change."""

    messages: Iterable[Piece]
    inputs: type[BaseModel] | tuple[Input, ...]
    settings: Mapping[str, object]
    outputs: type[BaseModel] | tuple[Input, ...]
    tools: Iterable[Mapping[str, object]]
    includes: Mapping[str, Prompt[Any] | Version | Pin | str]
    segments: Mapping[str, Segment | Mapping[str, object]]
    description: str
    tags: Iterable[str]
    authors: Iterable[str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prompt(Generic[InputsT]):
    """Messages and the inputs that they need.

    Immutable, hashable and picklable. Two prompts with the same content have the same `digest` and are equal,
    wherever they were made; description, tags, authors and where it came from are no part of the content.

    An item's text is the template text that follows its marker, so a loop may open in one message and close in a
    later one. `define` is how a prompt is written; this constructor is for code that has all parts already.
    """

    messages: tuple[Piece, ...]
    inputs: tuple[Input, ...] = ()
    settings: Frozen = EMPTY
    outputs: tuple[Input, ...] = ()
    tools: tuple[Frozen, ...] = ()
    includes: Frozen = EMPTY
    #: How a budget may shorten inputs: by name what was said, as `Segment.to_dict` tells it.
    segments: Frozen = EMPTY
    description: str = ""
    tags: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    derived_from: Pin | None = None
    renamed_from: str = ""
    #: `own` or `foreign`: what the template may do. Never part of the content, and no copy raises it.
    trust: Trust = OWN
    #: Who once made this foreign content their own, and why.
    vouched: Vouched | None = None
    extra: Frozen = EMPTY
    origin: Origin | None = None
    inputs_model: type[InputsT] | None = None
    included: tuple[tuple[str, Prompt[Any]], ...] = ()
    places: tuple[rendering.Place, ...] = ()
    _digest: str = field(init=False, default="", repr=False)
    _policies: Mapping[str, Segment] = field(init=False, default=EMPTY, repr=False)
    _template: Template = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Bring the parts into their one form and check them against each other; raises `InvalidPrompt`."""
        self._settle()
        template = self._compiled(self.trust)
        object.__setattr__(self, "_template", template)
        rendering.check(template, self.inputs, includes=tuple(self.includes), elsewhere=taken_elsewhere(self))
        if self.segments or template.segments:
            policies.check_acting(self, template, self._policies)

    def _settle(self) -> None:
        """Bring the parts into their one form, without a look at the template."""
        pieces = tuple(map(checked_piece, self.messages))
        if carried := policies.carried(pieces):
            object.__setattr__(self, "segments", {**carried, **segments_form(self.segments, "segments")})
            pieces = tuple(map(policies.bare, pieces))
        object.__setattr__(self, "messages", pieces)
        for name, default, form in FORMS:
            given = getattr(self, name)
            if given is not default:
                object.__setattr__(self, name, form(given, name))
        if any(isinstance(piece, Prelude) for piece in self.messages[1:]):
            raise InvalidPrompt("a prelude stands after a message", hint="write its statements into that message")
        if not any(isinstance(piece, Message | Placeholder) for piece in self.messages):
            raise InvalidPrompt("a prompt needs at least one message", hint='such as user("{{ question }}")')
        check_includes(self)
        if self.segments:
            object.__setattr__(self, "_policies", policies.effective(self.segments, self.inputs))

    def _compiled(self, trust: Trust) -> Template:
        marked = frozenset(self.segments) if self.segments is not EMPTY else _NONE
        return rendering.compile_pieces(self.messages, places=self.places, trust=trust, marked=marked)

    @overload
    @classmethod
    def define(
        cls,
        inputs: type[ModelT],
        /,
        *messages: Piece,
        description: str = ...,
        tags: Iterable[str] = ...,
        authors: Iterable[str] = ...,
        settings: Mapping[str, object] = ...,
        outputs: type[BaseModel] | None = ...,
        tools: Iterable[Mapping[str, object]] = ...,
        includes: Mapping[str, Prompt[Any] | Version | Pin | str] = ...,
        segments: Mapping[str, Segment | Mapping[str, object]] = ...,
        trust: Trust = ...,
    ) -> Prompt[ModelT]: ...

    @overload
    @classmethod
    def define(
        cls,
        inputs: Piece,
        /,
        *messages: Piece,
        description: str = ...,
        tags: Iterable[str] = ...,
        authors: Iterable[str] = ...,
        settings: Mapping[str, object] = ...,
        outputs: type[BaseModel] | None = ...,
        tools: Iterable[Mapping[str, object]] = ...,
        includes: Mapping[str, Prompt[Any] | Version | Pin | str] = ...,
        segments: Mapping[str, Segment | Mapping[str, object]] = ...,
        trust: Trust = ...,
    ) -> Prompt[BaseModel]: ...

    @classmethod
    def define(  # noqa: PLR0913 - what a prompt is made of, all by keyword
        cls,
        inputs: type[BaseModel] | Piece,
        /,
        *messages: Piece,
        description: str = "",
        tags: Iterable[str] = (),
        authors: Iterable[str] = (),
        settings: Mapping[str, object] = EMPTY,
        outputs: type[BaseModel] | None = None,
        tools: Iterable[Mapping[str, object]] = (),
        includes: Mapping[str, Prompt[Any] | Version | Pin | str] = EMPTY,
        segments: Mapping[str, Segment | Mapping[str, object]] = EMPTY,
        trust: Trust = OWN,
    ) -> Prompt[Any]:
        """Return a prompt of *messages* over the fields of the pydantic model *inputs*.

        A prompt without inputs leaves the model out. `settings` is what a model is called with, `outputs` the model
        of what it answers, `includes` maps the alias in `{% include "alias" %}` to a prompt, a version or a pin.
        `segments` says by input how a budget may shorten it, and goes before what a placeholder says, which goes
        before a `Segment` beside a type. `trust="foreign"` is for words that nobody here has read: see
        `TemplateRejected`.

        Raises `InvalidPrompt` for broken Jinja, a variable that is not declared, an input that is not used, a
        variable used against its type, a field whose type is outside the grammar of inputs, and a segment that
        could never act; the text names message, line and column.
        """
        model = None
        if isinstance(inputs, type):
            model = inputs
        else:
            messages = (inputs, *messages)
        changes: Changes = {
            "messages": messages,
            "inputs": model or (),
            "description": description,
            "tags": tags,
            "authors": authors,
            "settings": settings,
            "outputs": outputs or (),
            "tools": tools,
            "includes": includes,
            "segments": segments,
        }
        return cls(**_parts(changes), trust=trust)

    @property
    def digest(self) -> str:
        """`sha256:<hex>` of the canonical content: what is sent and what is accepted, and nothing else."""
        if not self._digest:
            object.__setattr__(self, "_digest", digest(self.content()))
        return self._digest

    @property
    def name(self) -> str:
        """The name it was loaded under, or an empty text."""
        return self.origin.name if self.origin else ""

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the inputs that the messages use, in alphabetical order."""
        return self._template.variables

    @property
    def all_segments(self) -> Mapping[str, Segment]:
        """What a budget may shorten, by name: what the messages state, then inputs; each says how it is cut."""
        return {**self._template.segments, **self._policies}

    @property
    def model(self) -> type[InputsT]:
        """The pydantic model of the inputs: the one given, or one built from the stored declaration."""
        return self.inputs_model or cast("type[InputsT]", grammar.model_of(self.inputs))

    def content(self) -> Frozen:
        """Return the canonical content, whose RFC 8785 text the digest is over."""
        parts: dict[str, Any] = {
            "messages": tuple(map(canonical_piece, self.messages)),
            "inputs": grammar.canonical(self.inputs),
            "settings": self.settings,
            "outputs": grammar.canonical(self.outputs),
            "tools": self.tools,
            "includes": Frozen({alias: Pin.parse(str(pin)).digest for alias, pin in self.includes.items()}),
            "segments": self.segments,
        }
        return Frozen({CONTENT_TAG: Frozen({key: part for key, part in parts.items() if part})})

    def evolve(self, **changes: Unpack[Changes]) -> Self:
        """Return a copy with *changes*, validated like any new prompt. It remembers the same origin.

        The segments of inputs that go go with them; new inputs and placeholders bring theirs. `segments=` takes the
        place of all that there were.
        """
        return type(self)(**(self._fields() | _parts(changes, self.segments)))

    def derive(self, **changes: Unpack[Changes]) -> Self:
        """Return a copy for another name, with *changes*, that records what it was derived from."""
        source = Pin(self.origin.name, self.origin.standing.digest) if self.origin else Pin("", self.digest)
        parts = _parts(changes, self.segments)
        return type(self)(**(self._fields() | parts | {"derived_from": source, "renamed_from": ""}))

    def with_origin(self, origin: Origin | None, **others: object) -> Self:
        """Return the same content as loaded from *origin*."""
        if others:
            return type(self)(**(self._fields() | {"origin": origin} | others))
        return self._copied(origin=origin)

    def with_model(self, model: type[ModelT]) -> Prompt[ModelT]:
        """Return the same content typed by *model*; raises `InputsMismatch`, field by field, where it does not fit."""
        grammar.check_assignable(self.inputs, model)
        return cast("Prompt[ModelT]", self._copied(inputs_model=model))

    def _copied(self, **changes: object) -> Self:
        """Return a copy with *changes* outside of the content, which was checked when this prompt was made."""
        copy = object.__new__(type(self))
        for name in _SLOTS:
            object.__setattr__(copy, name, getattr(self, name))
        for name, value in changes.items():
            object.__setattr__(copy, name, value)
        return copy

    def render(
        self,
        inputs: InputsT | Mapping[str, object] | None = None,
        /,
        *,
        budget: Budget | None = None,
        resolve: Resolve | None = None,
        check_unicode: bool = False,
        **values: object,
    ) -> RenderedPrompt:
        """Return the messages with the inputs filled in, in one pass: a value is never read as a template or a role.

        *inputs* is the model (checked by mypy) or a mapping; keywords serve too. `resolve` finds includes that the
        prompt does not carry yet. `check_unicode` looks for characters in the values that a reader does not see, and
        tells them as `unicode` of the result; it changes nothing. A *budget* shortens segments until all fits. Raises
        `InvalidInputs` for values that the inputs refuse, `RenderFailed` where the template fails on them, and
        `BudgetExceeded`, with the arithmetic, when what must stay does not fit.
        """
        if budget is not None:
            _check_budget(budget)
        plain = grammar.values_of(self._validated(inputs, values), self.inputs)
        if budget is None:
            messages = self._rendered(plain, resolve)[0] if self.includes else self._template.render(plain)
            report = None
        else:
            fitted = budget.fit(*self._rendered(plain, resolve, marked=True))
            messages, report = fitted.messages, fitted.report
        unicode = rendering.invisible_in_values(plain) if check_unicode else None
        return rendering.RenderedPrompt(
            messages=messages, report=report, source=rendering.Source(self, plain), unicode=unicode
        )

    def render_many(
        self,
        rows: Iterable[InputsT | Mapping[str, object]],
        /,
        *,
        budget: Budget | None = None,
        resolve: Resolve | None = None,
        check_unicode: bool = False,
    ) -> RenderedRows[InputsT | Mapping[str, object]]:
        """Return an iterator over the results, one for each of *rows*, as `render` makes it when it is asked for.

        Rows can be a generator without end: none is kept. An error names the row as `rows[7]`, counted from 0, and the
        iterator can go on behind it.
        """
        _check_budget(budget)
        if budget is None and resolve is None and not check_unicode:
            return rendering.rendered_rows(rows, self.render)
        asked = partial(self.render, budget=budget, resolve=resolve, check_unicode=check_unicode)
        return rendering.rendered_rows(rows, asked)

    def worst_case(self, budget: Budget, *, resolve: Resolve | None = None) -> WorstCase:
        """Return how many tokens this takes at most, whatever values its inputs accept, and whether that fits *budget*.

        Inputs count by their limits, not by what a validator of yours makes of a value after them. `resolve` finds
        includes that the prompt does not carry yet.
        """
        _check_budget(budget)
        from promptlib.worst import worst_case_of  # noqa: PLC0415 - it needs a tokenizer

        return worst_case_of(self, budget, resolve, DEEPEST_INCLUDE)

    def _validated(self, inputs: InputsT | Mapping[str, object] | None, values: dict[str, object]) -> BaseModel:
        if inputs is None or isinstance(inputs, Mapping):
            return grammar.validate(self.model, {**(inputs or {}), **values})
        if values:
            raise InvalidInputs(
                "give the inputs as a model or as keywords, not both", hint=f"keywords here: {', '.join(values)}"
            )
        if not isinstance(inputs, self.model):
            raise InvalidInputs(
                f"the inputs are a {type(inputs).__name__}, this prompt takes {self.model.__name__}",
                hint="load(..., inputs=Model) types a stored prompt; a mapping is checked field by field",
            )
        return inputs

    def _rendered(
        self,
        values: Mapping[str, object],
        resolve: Resolve | None,
        above: tuple[str, ...] = (),
        meter: Meter | None = None,
        *,
        marked: bool = False,
    ) -> tuple[tuple[Message, ...], tuple[Stretch, ...]]:
        """Return the messages and, when they are to be *marked*, where the segments lie in them."""
        template = self._template
        if not self.includes and meter is None and not (marked and (self.segments or template.segments)):
            return template.render(values), ()
        if meter is not None and self.trust == OWN:
            # What a foreign prompt includes does its work, whoever wrote it: it renders as foreign, in one budget.
            template = self._compiled(FOREIGN)
        if self.trust == FOREIGN:
            meter = meter or rendering.new_meter()
        if above and (self.digest in above or len(above) >= DEEPEST_INCLUDE):
            raise InvalidPrompt(f"includes go in a circle or deeper than {DEEPEST_INCLUDE}: {self.name or self.digest}")

        def include(alias: str) -> str:
            found = self.resolve(alias, resolve)
            known = {each.name for each in found.inputs}
            given = {name: value for name, value in values.items() if name in known}
            complete = grammar.with_defaults(given, found.inputs)
            made = found._rendered(complete, resolve, (*above, self.digest), meter, marked=marked)  # noqa: SLF001 - of its own class
            return rendering.included_text(alias, *made)

        if marked:
            return template.render_marked(values, self._policies, include=include, meter=meter)
        return template.render(values, include=include, meter=meter), ()

    def resolve(self, alias: str, resolve: Resolve | None = None) -> Prompt[Any]:
        """Return the prompt that is included as *alias*, its digest checked.

        Raises `NotFound` when the prompt does not carry it and there is no *resolve*, and `InvalidPrompt` when what
        was found has another digest.
        """
        pin = Pin.parse(str(self.includes[alias]))
        found = dict(self.included).get(alias)
        if found is None and resolve is None:
            raise NotFound(
                f"the include {alias!r} ({pin}) is not at hand",
                hint="render with resolve=store.load, or load the prompt from its store",
            )
        found = found or cast("Resolve", resolve)(str(pin))
        if found.digest != pin.digest:
            what = f"the include {alias!r} is pinned to {pin.digest}, and what was found is {found.digest}"
            raise InvalidPrompt(what)
        check_included(self, alias, found)
        return found

    def _fields(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self) if each.init}

    def __eq__(self, other: object) -> bool:
        """Compare by digest."""
        return self.digest == other.digest if isinstance(other, Prompt) else NotImplemented

    def __hash__(self) -> int:
        """Hash by digest."""
        return hash(self.digest)

    def __repr__(self) -> str:
        """Say name, size and digest on one line."""
        label = f"{self.name!r}, " if self.name else ""
        names = ", ".join(each.name for each in self.inputs) or "none"
        return f"Prompt({label}{len(self.messages)} messages, inputs: {names}, {self.digest[:15]})"

    def _repr_html_(self) -> str:
        from promptlib.notebook import of_prompt  # noqa: PLC0415 - only a notebook needs it

        return of_prompt(self)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the parts that differ from their defaults; the compiled template is made anew."""
        parts = ((each, getattr(self, each.name)) for each in fields(self) if each.init)
        return _restored, (type(self), {each.name: value for each, value in parts if value != each.default})

    @classmethod
    def __class_getitem__(cls, inputs: Any) -> Any:  # noqa: ANN401 - typing's own signature
        """Return `Prompt[Inputs]`, which pydantic takes for the value that it is."""
        alias = super(Prompt, cls).__class_getitem__(inputs)  # type: ignore[misc] # Generic has it, typeshed does not
        # pydantic asks an alias of a dataclass for a ready schema only; else it rebuilds the fields and copies values.
        alias.__pydantic_core_schema__ = _core_schema(cls)
        return alias

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - pydantic's own signature
        """Let a prompt be a field of a pydantic model, as the value that it is; it is dumped as `name#digest`."""
        return _core_schema(cls)


_SLOTS = tuple(each.name for each in fields(Prompt))


def _check_budget(budget: object) -> None:
    if budget is not None and not hasattr(budget, "fit"):
        raise InvalidInputs(f"budget is a {type(budget).__name__}, not a Budget", hint="write Budget(8_000)")


def _core_schema(kind: type[Prompt[Any]]) -> CoreSchema:
    return {"type": "is-instance", "cls": kind, "serialization": {"type": "function-plain", "function": _pin_text}}


def _pin_text(prompt: Prompt[Any]) -> str:
    return str(Pin(prompt.name, prompt.digest))


def _restored(kind: type[Prompt[Any]], parts: dict[str, Any]) -> Prompt[Any]:
    return kind(**parts)


def _parts(changes: Changes, segments: Frozen = EMPTY) -> dict[str, Any]:
    """Return the constructor's words for *changes* of a prompt that has *segments*."""
    parts: dict[str, Any] = dict(changes)
    if unknown := parts.keys() - Changes.__annotations__.keys():
        word = min(unknown)
        message = f"a prompt has no {word!r} to change; {nearest(word, Changes.__annotations__)}".rstrip("; ")
        raise TypeError(message)
    if "messages" in parts:
        parts["messages"], parts["places"] = tuple(parts["messages"]), ()
    if isinstance(model := parts.get("inputs"), type):
        parts |= {"inputs": grammar.declare(model), "inputs_model": model}
    elif "inputs" in parts:
        parts["inputs_model"] = None
    if isinstance(outputs := parts.get("outputs"), type):
        parts["outputs"] = grammar.declare(outputs)
    if "includes" in parts and parts["includes"] is not EMPTY:
        given = targets(parts["includes"])
        parts["included"] = tuple((alias, target) for alias, target in given.items() if isinstance(target, Prompt))
        here = {alias: _pin_text(target) for alias, target in parts["included"]}
        parts["includes"] = {alias: here.get(alias) or pinned(alias, target) for alias, target in given.items()}
    if not changes.keys().isdisjoint(("inputs", "messages", "segments")):
        parts |= policies.changed(changes, parts, segments)
    return parts
