"""Whether the steps of a chain fit together: every wire is looked at by type when the chain is defined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from promptlib import inputs as grammar
from promptlib.chain.steps import CONSTANT
from promptlib.errors import InvalidChain, InvalidPrompt, Where, nearest
from promptlib.inputs import Input, InputType, describe
from promptlib.inputs.conforming import conform
from promptlib.inputs.wording import shown
from promptlib.plain import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptlib.chain.steps import Step
    from promptlib.plain import Plain

MOST_NAMED = 12


class Needed(NamedTuple):
    """An input of a step's prompt, as the texts of errors tell it."""

    step: str
    key: str
    type: InputType | None

    def __str__(self) -> str:
        """Return `the step 'decide' needs summary: text`, as far as the type is known."""
        kind = f": {describe(self.type)}" if self.type is not None else ""
        return f"the step {self.step!r} needs {self.key}{kind}"

    def problem(self, what: str, hint: str) -> InvalidChain:
        """Return the error that *what* is wrong with where it comes from."""
        return InvalidChain(f"{self}, {what}", where=Where(f"step {self.step!r}"), hint=hint)


def object_of(fields: tuple[Input, ...]) -> InputType:
    """Return the type of a whole output."""
    return InputType(kind="object", properties=fields)


def heads(step: Step) -> tuple[str, ...]:
    """Return the names of inputs and steps that *step* takes values from, in the order of its wires."""
    return tuple(dict.fromkeys(wire.partition(".")[0] for wire in step.wires.values() if isinstance(wire, str)))


def check(inputs: tuple[Input, ...], steps: tuple[Step, ...]) -> None:
    """Raise one `InvalidChain` for all wires that do not fit, as far as the steps' prompts are at hand."""
    if not steps:
        raise InvalidChain("a chain needs at least one step", hint='such as step("summarise", prompt, text="notes")')
    problems = list(_names(inputs, steps)) or list(_Wiring(inputs, steps).problems())
    if problems:
        first, *others = problems
        first.others = tuple(others)
        raise first


def _names(inputs: tuple[Input, ...], steps: tuple[Step, ...]) -> Iterator[InvalidChain]:
    seen: set[str] = set()
    named = {each.name for each in inputs}
    for each in steps:
        where = Where(f"step {each.name!r}")
        if each.name in seen:
            yield InvalidChain(f"two steps are called {each.name!r}", where=where, hint="a step has a name of its own")
        elif each.name in named:
            yield InvalidChain(
                f"{each.name!r} is the name of a step and of an input of the chain",
                where=where,
                hint="rename one of them: wires could not tell them apart",
            )
        seen.add(each.name)
        if not each.pinned and not each.label:
            yield InvalidChain(
                f"the step {each.name!r} runs {each.use}, which is neither pinned nor a label",
                where=where,
                hint="Chain.define(…, resolve=store.load) pins it; name@production follows a label",
            )


class _Wiring:
    """Goes through the steps in their order; each may take what stands before it."""

    def __init__(self, inputs: tuple[Input, ...], steps: tuple[Step, ...]) -> None:
        self._inputs = {each.name: each for each in inputs}
        self._steps = steps
        self._places = {each.name: at for at, each in enumerate(steps)}

    def problems(self) -> Iterator[InvalidChain]:
        """Yield what does not fit, in the order of the steps."""
        for at, each in enumerate(self._steps):
            yield from self._step(at, each)
        used = {head for each in self._steps for head in heads(each)}
        for name, declared in self._inputs.items():
            if name not in used:
                yield InvalidChain(
                    f"the input {name!r} of the chain ({describe(declared.type)}) is used by no step",
                    where=Where(f"input {name!r}"),
                    hint=f"wire it, as in step(…, text={name!r}), or take it out",
                )

    def _step(self, at: int, step: Step) -> Iterator[InvalidChain]:
        wanted = {each.name: each for each in step.prompt.inputs} if step.prompt is not None else None
        for key, wire in step.wires.items():
            if wanted is not None and key not in wanted:
                missing = [name for name in wanted if name not in step.wires]
                takes = ", ".join(map(grammar.described, wanted.values())) or "nothing"
                yield InvalidChain(
                    f"the step {step.name!r} wires {key!r}, which {step.used} does not take",
                    where=Where(f"step {step.name!r}"),
                    hint=f"{nearest(key, missing or wanted)} it takes: {takes}".strip(),
                )
                continue
            need = Needed(step.name, key, wanted[key].type if wanted is not None else None)
            yield from self._wire(at, need, wire)
        for name, each in (wanted or {}).items():
            if each.required and name not in step.wires:
                need = Needed(step.name, name, each.type)
                sources = self._sources(at)
                guess = nearest(name, sources)
                yield need.problem("and nothing is wired to it", f"{guess} {self._here(at)}".strip())
        yield from self._outputs(step)

    def _outputs(self, step: Step) -> Iterator[InvalidChain]:
        """What a prompt says of its answers may not go past what its step says of them."""
        if not step.outputs or step.prompt is None or not step.prompt.outputs:
            return
        stored, given = object_of(step.outputs), object_of(step.prompt.outputs)
        for path, own, other, why in grammar.unfit(stored, given, "output", step.used):
            yield InvalidChain(
                f"the step {step.name!r} declares {path}: {own}, and {step.used} declares {other}: {why}",
                where=Where(f"step {step.name!r}"),
                hint="leave outputs= out to take what the prompt declares",
            )

    def _wire(self, at: int, need: Needed, wire: Plain) -> Iterator[InvalidChain]:
        if isinstance(wire, Frozen):
            yield from _constant(need, wire[CONSTANT])
            return
        path = str(wire)
        try:
            given = self._source(at, need, path)
        except InvalidChain as error:
            yield error
            return
        if given is None or need.type is None:
            return
        found = grammar.unfit(need.type, given, need.key, path)
        if found:
            why = "; ".join(f"{place}: {words}" if place != need.key else words for place, _, _, words in found)
            yield need.problem(f"and {path!r} is {describe(given)}: {why}", _remedy(need.type, given, path))

    def _source(self, at: int, need: Needed, path: str) -> InputType | None:
        """Return the type of what *path* names; None where it is not known. Raises `InvalidChain`."""
        head, *fields = path.split(".")
        if head in self._inputs:
            return _inside(need, self._inputs[head].type, head, fields)
        place = self._places.get(head)
        if place is None:
            guess = nearest(head, [*self._inputs, *(each.name for each in self._steps[:at])])
            raise need.problem(f"and there is no {head!r} to take it from", f"{guess} {self._here(at)}".strip())
        if place == at:
            raise need.problem(f"and takes it from {path!r}, its own output", self._here(at))
        if place > at:
            raise self._too_early(place, need, path)
        gives = self._steps[place].gives
        return None if gives is None else _inside(need, object_of(gives), head, fields)

    def _too_early(self, place: int, need: Needed, path: str) -> InvalidChain:
        later = self._steps[place].name
        if need.step in self._behind(place):
            return need.problem(
                f"and takes it from {path!r}: the steps {need.step!r} and {later!r} wait for each other",
                "a chain has an order: let one of them do without the other",
            )
        return need.problem(
            f"and takes it from {path!r}, a step that runs later", f"write the step {later!r} before {need.step!r}"
        )

    def _behind(self, place: int) -> set[str]:
        """Return the steps whose output the step at *place* needs, directly or not."""
        ahead, seen = [self._steps[place].name], set[str]()
        for name in ahead:  # it grows as it is walked
            found = [head for head in heads(self._steps[self._places[name]]) if head in self._places]
            ahead += [head for head in found if head not in seen]
            seen.update(found)
        return seen

    def _sources(self, at: int) -> list[str]:
        """Return what a step at this place can take, each with its fields."""
        outputs = [f"{each.name}.{one.name}" for each in self._steps[:at] for one in each.gives or ()]
        return [*self._inputs, *outputs]

    def _here(self, at: int) -> str:
        found = self._sources(at)
        more = f", … ({len(found)} in all)" if len(found) > MOST_NAMED else ""
        return f"to take from here: {', '.join(found[:MOST_NAMED]) or 'nothing'}{more}"


def _constant(need: Needed, value: Plain) -> Iterator[InvalidChain]:
    if need.type is None:
        return
    try:
        conform(need.type, value, "the constant")
    except InvalidPrompt as error:
        yield need.problem(f"and its constant is {shown(value)}: {error.what}", error.hint)


def _inside(need: Needed, kind_of: InputType, head: str, fields: list[str]) -> InputType:
    """Return the type at the end of a path; what may be None on the way may be None at its end."""
    path, nullable = head, False
    for name in fields:
        nullable = nullable or kind_of.nullable
        if kind_of.kind != "object":
            what = f"and takes it from {f'{path}.{name}'!r}: {path!r} is {describe(kind_of)}, which has no fields"
            hint = "declare its shape as a model" if kind_of.kind in ("json", "map") else f"write {path!r}"
            raise need.problem(what, hint)
        parts = {each.name: each.type for each in kind_of.properties}
        if name not in parts:
            what = f"and takes it from {f'{path}.{name}'!r}: {path!r} is {describe(kind_of)}, and has no {name!r}"
            listed = ", ".join(f"{path}.{each} ({describe(kind)})" for each, kind in list(parts.items())[:MOST_NAMED])
            raise need.problem(what, f"{nearest(name, parts)} it has: {listed or 'nothing'}".strip())
        kind_of, path = parts[name], f"{path}.{name}"
    return _nullable(kind_of) if nullable else kind_of


def _nullable(kind_of: InputType) -> InputType:
    names = ("kind", "items", "properties", "values", "ge", "le", "min_length", "max_length", "pattern")
    parts: Mapping[str, Any] = {name: getattr(kind_of, name) for name in names}
    return InputType(**parts, nullable=True)


def _remedy(stored: InputType, given: InputType, path: str) -> str:
    """Say what to write instead: a field of the object that fits, or where a type can be changed."""
    fitting = [each.name for each in given.properties if not grammar.unfit(stored, each.type, "", "")]
    if given.kind == "object" and fitting:
        return f"write {f'{path}.{fitting[0]}'!r}"
    if given.nullable and not stored.nullable:
        return f"declare {path} without None, or let the prompt take None"
    return f"change what {path} is declared as, or what the prompt takes"
