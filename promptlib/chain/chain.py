"""Chains as immutable, typed values."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Generic, Self, TypedDict, TypeVar, Unpack, cast, overload

from promptlib import inputs as grammar
from promptlib.chain.steps import Step
from promptlib.chain.wiring import check
from promptlib.errors import BadRef, InvalidChain, InvalidPrompt, NotFound, Where, nearest
from promptlib.forms import EMPTY, FORMS
from promptlib.plain import Frozen, digest
from promptlib.prompt import CONTENT_TAG, Prompt
from promptlib.refs import Pin, Ref
from promptlib.trust import OWN, Trust, Vouched

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from pydantic import BaseModel

    from promptlib.chain.record import ChainRun
    from promptlib.chain.running import Answers, AnswersLater, Clock, Models
    from promptlib.inputs import Input
    from promptlib.origin import Origin
    from promptlib.prompt import Resolve
    from promptlib.rendering import RenderedPrompt
    from promptlib.tokens import Budget

InputsT = TypeVar("InputsT", bound="BaseModel")
ModelT = TypeVar("ModelT", bound="BaseModel")

#: What a chain has besides its steps, each with what brings it into its one form.
_PARTS = frozenset({"extra", "inputs", "tags", "authors", "description", "renamed_from", "trust"})
_FORMS = tuple((name, form) for name, _, form in FORMS if name in _PARTS)


class Changes(TypedDict, total=False):
    """What `evolve` and `derive` can change."""

    steps: Iterable[Step]
    inputs: type[BaseModel] | tuple[Input, ...]
    description: str
    tags: Iterable[str]
    authors: Iterable[str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chain(Generic[InputsT]):
    """Steps in a row, each a prompt whose inputs are wired from the chain's and from earlier outputs.

    Immutable, hashable and picklable. Two chains with the same content have the same `digest` and are equal;
    description, tags, authors and where it came from are no part of the content, nor are the prompts of steps that
    follow a label. `define` is how a chain is written; this constructor is for code that has all parts already, and
    checks types only of steps whose prompts are at hand.
    """

    steps: tuple[Step, ...]
    inputs: tuple[Input, ...] = ()
    description: str = ""
    tags: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    derived_from: Pin | None = None
    renamed_from: str = ""
    #: Whose wiring it is. What the template of a step may do is said by that step's own prompt.
    trust: Trust = OWN
    vouched: Vouched | None = None
    extra: Frozen = EMPTY
    origin: Origin | None = None
    inputs_model: type[InputsT] | None = None
    _digest: str = field(init=False, default="", repr=False)

    def __post_init__(self) -> None:
        """Bring the parts into their one form and check every wire; raises `InvalidChain`."""
        object.__setattr__(self, "steps", tuple(self.steps))
        for each in self.steps:
            if not isinstance(each, Step):
                raise InvalidChain(
                    f"a chain is made of steps, and here is a {type(each).__name__}",
                    hint='write step("summarise", prompt, text="notes")',
                )
        for name, form in _FORMS:
            object.__setattr__(self, name, form(getattr(self, name), name))
        check(self.inputs, self.steps)

    @overload
    @classmethod
    def define(
        cls,
        inputs: type[ModelT],
        /,
        *steps: Step,
        description: str = ...,
        tags: Iterable[str] = ...,
        authors: Iterable[str] = ...,
        resolve: Resolve | None = ...,
        trust: Trust = ...,
    ) -> Chain[ModelT]: ...

    @overload
    @classmethod
    def define(
        cls,
        inputs: Step,
        /,
        *steps: Step,
        description: str = ...,
        tags: Iterable[str] = ...,
        authors: Iterable[str] = ...,
        resolve: Resolve | None = ...,
        trust: Trust = ...,
    ) -> Chain[BaseModel]: ...

    @classmethod
    def define(
        cls,
        inputs: type[BaseModel] | Step,
        /,
        *steps: Step,
        description: str = "",
        tags: Iterable[str] = (),
        authors: Iterable[str] = (),
        resolve: Resolve | None = None,
        trust: Trust = OWN,
    ) -> Chain[Any]:
        """Return a chain of *steps* over the fields of the pydantic model *inputs*; without inputs leave it out.

        A step may use the inputs of the chain and the outputs of the steps before it. `resolve`, such as `store.load`,
        finds the prompts of steps that are given as a version, a pin or a ref; a ref without a label is pinned to what
        it names now.

        Raises one `InvalidChain` for all that does not fit: names that are not there, steps that wait for a later
        one, inputs that are missing or unused, and every type that does not fit the next, with the step and both types.
        """
        model = inputs if isinstance(inputs, type) else None
        given = steps if model is not None else (cast("Step", inputs), *steps)
        return cls(
            steps=tuple(at_hand(given, resolve)),
            inputs=grammar.declare(model) if model is not None else (),
            inputs_model=cast("Any", model),
            description=description,
            tags=cast("tuple[str, ...]", tags),
            authors=cast("tuple[str, ...]", authors),
            trust=trust,
        )

    @property
    def digest(self) -> str:
        """`sha256:<hex>` of the canonical content: inputs, steps and wires, and nothing else."""
        if not self._digest:
            object.__setattr__(self, "_digest", digest(self.content()))
        return self._digest

    @property
    def name(self) -> str:
        """The name it was loaded under, or an empty text."""
        return self.origin.name if self.origin else ""

    @property
    def pinned(self) -> bool:
        """Whether every step is pinned, so that the same chain always runs the same prompts."""
        return all(each.pinned for each in self.steps)

    @property
    def outputs(self) -> tuple[Input, ...]:
        """The fields that the last step answers, as far as they are known."""
        return self.steps[-1].gives or ()

    @property
    def includes(self) -> Frozen:
        """The pins of its pinned steps, by step: for a store, what a prompt's includes are."""
        return Frozen({each.name: str(each.use) for each in self.steps if each.pinned})

    @property
    def follows(self) -> Frozen:
        """The labels that its floating steps follow, by step: `name@label`."""
        return Frozen({each.name: str(each.use) for each in self.steps if not each.pinned})

    @property
    def included(self) -> tuple[tuple[str, Prompt[Any]], ...]:
        """The prompts at hand, by step."""
        return tuple((each.name, each.prompt) for each in self.steps if each.prompt is not None)

    @property
    def model(self) -> type[InputsT]:
        """The pydantic model of the inputs: the one given, or one built from the stored declaration."""
        return self.inputs_model or cast("type[InputsT]", grammar.model_of(self.inputs))

    def step(self, name: str) -> Step:
        """Return the step called *name*; raises `InvalidChain` with the nearest one."""
        found = next((each for each in self.steps if each.name == name), None)
        if found is None:
            names = [each.name for each in self.steps]
            raise InvalidChain(
                f"no step {name!r:.80} in this chain",
                hint=f"{nearest(str(name), names)} steps: {', '.join(names)}".strip(),
            )
        return found

    def content(self) -> Frozen:
        """Return the canonical content, whose RFC 8785 text the digest is over."""
        parts: dict[str, Any] = {
            "inputs": grammar.canonical(self.inputs),
            "steps": tuple(each.content() for each in self.steps),
        }
        return Frozen({CONTENT_TAG: Frozen({key: part for key, part in parts.items() if part})})

    def evolve(self, **changes: Unpack[Changes]) -> Self:
        """Return a copy with *changes*, checked like any new chain. It remembers the same origin."""
        return type(self)(**(self._fields() | _parts(changes)))

    def derive(self, **changes: Unpack[Changes]) -> Self:
        """Return a copy for another name, with *changes*, that records what it was derived from."""
        source = Pin(self.origin.name, self.origin.standing.digest) if self.origin else Pin("", self.digest)
        return type(self)(**(self._fields() | _parts(changes) | {"derived_from": source, "renamed_from": ""}))

    def with_origin(self, origin: Origin | None, **others: Any) -> Self:  # noqa: ANN401 - fields of a chain
        """Return the same content as loaded from *origin*; `includes` and `included` are by step, as the chain's."""
        pins, prompts = others.pop("includes", {}), dict(others.pop("included", ()))
        steps = tuple(
            replace(
                each,
                use=Pin.parse(str(pins[each.name])) if each.name in pins else each.use,
                prompt=prompts.get(each.name, each.prompt),
            )
            for each in self.steps
        )
        return type(self)(**(self._fields() | {"origin": origin, "steps": steps} | others))

    def with_model(self, model: type[ModelT]) -> Chain[ModelT]:
        """Return the same content typed by *model*; raises `InputsMismatch`, field by field, where it does not fit."""
        grammar.check_assignable(self.inputs, model)
        return cast("Chain[ModelT]", type(self)(**(self._fields() | {"inputs_model": model})))

    def resolve(self, name: str, resolve: Resolve | None = None) -> Prompt[Any]:
        """Return the prompt of the step *name*, its digest and its wires checked; *resolve* finds what is not at hand.

        Raises `InvalidChain` when it is not found, is another content than the pinned one, or does not fit.
        """
        found = self.step(name)
        if found.prompt is None:
            (found,) = at_hand((found,), resolve)
            self.with_origin(self.origin, included=((name, found.prompt),))
        return cast("Prompt[Any]", found.prompt)

    def at_hand(self, resolve: Resolve) -> Self:
        """Return the same chain with the prompts of all steps, found by *resolve*, and every wire checked by type.

        Raises `InvalidChain` for a prompt that is not there, and where a label is followed to what does not fit.
        """
        return type(self)(**(self._fields() | {"steps": tuple(at_hand(self.steps, resolve))}))

    @overload
    def run(
        self,
        inputs: InputsT | Mapping[str, object] | None = ...,
        /,
        *,
        model: AnswersLater,
        models: Models | None = ...,
        budget: Budget | Mapping[str, Budget] | None = ...,
        resume: ChainRun | None = ...,
        clock: Clock | None = ...,
        resolve: Resolve | None = ...,
    ) -> Awaitable[ChainRun]: ...

    @overload
    def run(
        self,
        inputs: InputsT | Mapping[str, object] | None = ...,
        /,
        *,
        model: Answers,
        models: Models | None = ...,
        budget: Budget | Mapping[str, Budget] | None = ...,
        resume: ChainRun | None = ...,
        clock: Clock | None = ...,
        resolve: Resolve | None = ...,
    ) -> ChainRun: ...

    def run(  # noqa: PLR0913 - what a run is made of, all by keyword
        self,
        inputs: InputsT | Mapping[str, object] | None = None,
        /,
        *,
        model: Answers | AnswersLater,
        models: Models | None = None,
        budget: Budget | Mapping[str, Budget] | None = None,
        resume: ChainRun | None = None,
        clock: Clock | None = None,
        resolve: Resolve | None = None,
    ) -> ChainRun | Awaitable[ChainRun]:
        """Run the steps in their order and return the record: what each sent, and what came.

        *model* is any callable from messages, in the shape of OpenAI's chat API, to the text of the answer. When it is
        an `async` function, or answers something that can be awaited, the result is awaited. *models* are other ones
        by step. A step that declares an output is answered in JSON, alone or in one fenced block; anything else is
        refused. *budget* is one for every step, or some by step. *clock* says when a step began and ended; without it
        the record holds no times.

        *resume* is an earlier run of this chain with these inputs that failed: its steps are not asked again.

        Raises `InvalidInputs` before anything is sent, and `ChainFailed`, which holds the run so far, when a step
        fails.
        """
        from promptlib.chain.running import run  # noqa: PLC0415 - a load runs nothing

        return run(self, inputs, model=model, models=models, budget=budget, resume=resume, clock=clock, resolve=resolve)

    def render_first(
        self, inputs: InputsT | Mapping[str, object] | None = None, /, *, budget: Budget | None = None
    ) -> RenderedPrompt:
        """Return what the first step sends, which hangs on the inputs alone; raises what `Prompt.render` raises."""
        from promptlib.chain.running import first  # noqa: PLC0415 - a load renders nothing

        return first(self, inputs, budget)

    def to_mermaid(self) -> str:
        """Return a Mermaid flowchart, inputs on top; no name can be read as Mermaid's own words."""
        from promptlib.chain.drawing import mermaid  # noqa: PLC0415 - a load draws nothing

        return mermaid(self)

    def _repr_html_(self) -> str:
        from promptlib.chain.drawing import html  # noqa: PLC0415 - a load draws nothing

        return html(self)

    def _fields(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self) if each.init}

    def __eq__(self, other: object) -> bool:
        """Compare by digest."""
        return self.digest == other.digest if isinstance(other, Chain) else NotImplemented

    def __hash__(self) -> int:
        """Hash by digest."""
        return hash(self.digest)

    def __repr__(self) -> str:
        """Say name, steps and digest on one line, and which steps follow a label."""
        label = f"{self.name!r}, " if self.name else ""
        steps = " -> ".join(each.name if each.pinned else f"{each.name} (follows {each.use})" for each in self.steps)
        return f"Chain({label}{steps}, {self.digest[:15]})"

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the parts that differ from their defaults."""
        kept = {name: value for name, value in self._fields().items() if value != _DEFAULTS[name]}
        return _restored, (type(self), kept)


_DEFAULTS = {each.name: each.default for each in fields(Chain)}


def _restored(kind: type[Chain[Any]], parts: dict[str, Any]) -> Chain[Any]:
    return kind(**parts)


def _parts(changes: Changes) -> dict[str, Any]:
    """Return the constructor's words for *changes*."""
    parts: dict[str, Any] = dict(changes)
    if unknown := parts.keys() - Changes.__annotations__.keys():
        word = min(unknown)
        message = f"a chain has no {word!r} to change; {nearest(word, Changes.__annotations__)}".rstrip("; ")
        raise TypeError(message)
    if isinstance(model := parts.get("inputs"), type):
        parts |= {"inputs": grammar.declare(model), "inputs_model": model}
    elif "inputs" in parts:
        parts["inputs_model"] = None
    return parts


def at_hand(steps: Iterable[Step], resolve: Resolve | None) -> Iterable[Step]:
    """Yield *steps* with their prompts, found by *resolve*, and pinned where they do not follow a label."""
    for each in steps:
        if not isinstance(each, Step) or each.prompt is not None:
            yield each
            continue
        where = Where(f"step {each.name!r}")
        if resolve is None:
            raise InvalidChain(
                f"the step {each.name!r} is given as {each.used}, and its prompt is not at hand to be checked",
                where=where,
                hint="give the prompt itself, store.load(…), or Chain.define(…, resolve=store.load)",
            )
        yield _found(each, resolve, where)


def _found(step: Step, resolve: Callable[[str], Prompt[Any]], where: Where) -> Step:
    use = step.use
    if isinstance(use, Ref) and (use.store or (use.label and use.prefix)):
        what = "names another store" if use.store else "names a label and a digest"
        hint = "what a chain runs lies in its own store" if use.store else "pin it, or follow the label: one of the two"
        raise InvalidChain(f"the step {step.name!r} {what}: {use}", where=where, hint=hint)
    try:
        prompt = resolve(str(use))
    except (BadRef, InvalidPrompt, NotFound) as error:  # a store that cannot be read says so itself
        raise InvalidChain(
            f"the prompt of the step {step.name!r} is not found: {error.what}", where=where, hint=error.hint
        ) from error
    if not isinstance(prompt, Prompt):
        raise InvalidChain(
            f"the step {step.name!r} is given a {type(prompt).__name__}, not a prompt",
            where=where,
            hint="steps are prompts: write out the steps of that chain",
        )
    if isinstance(use, Pin) and prompt.digest != use.digest:
        raise InvalidChain(
            f"the step {step.name!r} is pinned to {use.digest}, and what was found is {prompt.digest}", where=where
        )
    if isinstance(use, Ref) and not use.label:
        use = Pin(use.name, prompt.digest)
    return replace(step, use=use, prompt=prompt)
