"""Running a chain: what is sent and what comes, step by step, whoever answers and however they are called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import replace
from inspect import isawaitable, iscoroutinefunction
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeAlias, cast

from promptlib import inputs as grammar
from promptlib.chain.answers import checked, output_of
from promptlib.chain.record import ChainRun, StepRun
from promptlib.chain.steps import CONSTANT
from promptlib.chain.wiring import object_of
from promptlib.errors import ChainFailed, InvalidInputs, PromptLibError, nearest
from promptlib.inputs import describe
from promptlib.inputs.conforming import conform
from promptlib.inputs.converting import plain_value, template_value
from promptlib.plain import Frozen, digest

if TYPE_CHECKING:
    from datetime import datetime

    from pydantic import BaseModel

    from promptlib.chain.chain import Chain
    from promptlib.chain.steps import Step
    from promptlib.inputs import Input
    from promptlib.plain import Plain
    from promptlib.prompt import Resolve
    from promptlib.rendering import RenderedPrompt
    from promptlib.rendering.provenance import Provenance
    from promptlib.tokens import Budget

Messages: TypeAlias = "list[dict[str, object]]"
Answers: TypeAlias = Callable[[Messages], str]
AnswersLater: TypeAlias = Callable[[Messages], Awaitable[str]]
#: Other models, by step.
Models: TypeAlias = "Mapping[str, Answers | AnswersLater]"
Clock: TypeAlias = "Callable[[], datetime]"


class Call(NamedTuple):
    """What is to be sent next, and to whom."""

    model: Callable[[Messages], object]
    messages: Messages


class _Raised(NamedTuple):
    """What stands for an answer where the model raised."""

    error: Exception


Calls: TypeAlias = "Generator[Call, object, ChainRun]"


def run(  # noqa: PLR0913 - what a run is made of, all by keyword
    chain: Chain[Any],
    inputs: BaseModel | Mapping[str, object] | None,
    *,
    model: Callable[[Messages], object],
    models: Models | None,
    budget: Budget | Mapping[str, Budget] | None,
    resume: ChainRun | None,
    clock: Clock | None,
    resolve: Resolve | None,
) -> ChainRun | Awaitable[ChainRun]:
    """Return the run, or what is awaited for it; see `Chain.run`."""
    if resolve is not None:
        chain = chain.at_hand(resolve)
    chosen = _by_step(chain, models, "models", model)
    for name, each in chosen.items():
        if not callable(each):
            raise InvalidInputs(
                f"the model of the step {name!r} is a {type(each).__name__}, which cannot be called",
                hint="give a function from messages to the text of the answer",
            )
    budgets = _by_step(chain, budget if isinstance(budget, Mapping) else None, "budget", budget)
    budgets = {name: None if isinstance(each, Mapping) else each for name, each in budgets.items()}
    values = _plain_inputs(chain, inputs)
    calls = _Running(chain, values, chosen, budgets, clock).calls(resume)
    if any(iscoroutinefunction(each) or iscoroutinefunction(type(each).__call__) for each in chosen.values()):
        return _later(calls)
    return _now(calls)


def first(chain: Chain[Any], inputs: BaseModel | Mapping[str, object] | None, budget: Budget | None) -> RenderedPrompt:
    """Return what the first step of *chain* sends; see `Chain.render_first`."""
    running = _Running(chain, _plain_inputs(chain, inputs), {}, {each.name: budget for each in chain.steps}, None)
    try:
        return running.rendered(chain.steps[0])
    except ChainFailed as error:
        raise cast("PromptLibError", error.__cause__) from None


def _by_step(chain: Chain[Any], given: Mapping[str, Any] | None, what: str, default: object) -> dict[str, Any]:
    names = [each.name for each in chain.steps]
    for name in given or {}:
        if name not in names:
            raise InvalidInputs(
                f"{what} names the step {name!r:.80}, which this chain has not",
                hint=f"{nearest(str(name), names)} steps: {', '.join(names)}".strip(),
            )
    return dict.fromkeys(names, default) | dict(given or {})


def _now(calls: Calls) -> ChainRun | Awaitable[ChainRun]:
    """Ask one model after the other; the first answer that has to be awaited makes the rest of it so."""
    try:
        call = next(calls)
        while True:
            try:
                answer = call.model(call.messages)
            except Exception as error:  # noqa: BLE001 - whatever a model raises ends its step, and is told
                answer = _Raised(error)
            if isawaitable(answer):
                return _later(calls, answer)
            call = calls.send(answer)
    except StopIteration as done:
        return cast("ChainRun", done.value)


async def _later(calls: Calls, waiting: Awaitable[object] | None = None) -> ChainRun:
    try:
        call = next(calls) if waiting is None else None
        while True:
            try:
                answer = waiting if call is None else call.model(call.messages)
                if isawaitable(answer):
                    answer = await answer
            except Exception as error:  # noqa: BLE001 - whatever a model raises ends its step, and is told
                answer = _Raised(error)
            call = calls.send(answer)
    except StopIteration as done:
        return cast("ChainRun", done.value)


def _plain_inputs(chain: Chain[Any], inputs: BaseModel | Mapping[str, object] | None) -> Frozen:
    """Return the inputs of the chain as plain data; raises `InvalidInputs`."""
    if inputs is None or isinstance(inputs, Mapping):
        inputs = grammar.validate(chain.model, inputs or {})
    elif not isinstance(inputs, chain.model):
        raise InvalidInputs(
            f"the inputs are a {type(inputs).__name__}, this chain takes {chain.model.__name__}",
            hint="a mapping is checked field by field",
        )
    values = grammar.values_of(inputs, chain.inputs)
    return Frozen({name: plain_value(value, f"the input {name!r}") for name, value in values.items()})


class _Running:
    """One run: the steps that are done, and how the next one is made of them."""

    def __init__(
        self,
        chain: Chain[Any],
        values: Frozen,
        models: Mapping[str, Callable[[Messages], object]],
        budgets: Mapping[str, Budget | None],
        clock: Clock | None,
    ) -> None:
        self._chain = chain
        self._models = models
        self._budgets = budgets
        self._clock = clock
        self._given: dict[str, Plain] = dict(values)
        self._types = {each.name: each.type for each in chain.inputs}
        origin = chain.origin
        self._run = ChainRun(
            name=origin.qualified if origin else "",
            version=origin.version if origin else None,
            digest=chain.digest,
            inputs_digest=digest(values),
        )

    def calls(self, resume: ChainRun | None) -> Calls:
        """Yield what is to be sent, take what came, and return the run; raises `ChainFailed`."""
        done = self._resumed(resume) if resume is not None else 0
        for step in self._chain.steps[done:]:
            rendered = self.rendered(step)
            began = self._clock() if self._clock else None
            answer = yield Call(self._models[step.name], rendered.to_openai())
            if isinstance(answer, _Raised):
                words = f"{type(answer.error).__name__}: {answer.error}".removesuffix(": ")
                self._fail(step, f"the model raised {words:.400}", answer.error)
            ended = self._clock() if self._clock else None
            if not isinstance(answer, str):
                what = f"the model answered a {type(answer).__name__}, not a text"
                self._fail(step, what, InvalidInputs(what, hint="return the text of the answer alone"))
            self._take(step, self._ran(step, rendered, answer, began, ended))
        return self._run

    def _ran(
        self, step: Step, rendered: RenderedPrompt, answer: str, began: datetime | None, ended: datetime | None
    ) -> StepRun:
        try:
            output = output_of(step, answer, step.gives or ())
        except InvalidInputs as error:
            self._fail(step, f"its answer is not {_declared(step)}: {error.what}", error, answer)
        return StepRun(
            name=step.name,
            use=str(step.use),
            provenance=cast("Provenance", rendered.provenance),
            tokens=rendered.tokens,
            answer=answer,
            output=output,
            began=began,
            ended=ended,
        )

    def _take(self, step: Step, ran: StepRun) -> None:
        self._run = replace(self._run, steps=(*self._run.steps, ran))
        self._given[step.name] = ran.output

    def rendered(self, step: Step) -> RenderedPrompt:
        """Return what the step sends; raises `ChainFailed`."""
        if step.prompt is None:
            what = f"its prompt, {step.used}, is not at hand"
            self._fail(step, what, InvalidInputs(what, hint="run with resolve=store.load, or store.load_chain(…)"))
        wanted = {each.name: each for each in step.prompt.inputs}
        try:
            values = {key: self._value(wanted[key], wire) for key, wire in step.wires.items()}
            return step.prompt.render(values, budget=self._budgets[step.name])
        except PromptLibError as error:
            self._fail(step, error.what, error)

    def _value(self, wanted: Input, wire: Plain) -> object:
        """Return what a wire leads to, as the prompt takes it."""
        if isinstance(wire, Frozen):
            plain = conform(wanted.type, wire[CONSTANT], "the constant")
        else:
            head, *fields = str(wire).split(".")
            plain = self._given[head]
            for name in fields:
                plain = plain[name] if isinstance(plain, Frozen) else None
        return template_value(wanted.type, plain)

    def _resumed(self, run: ChainRun) -> int:
        """Take over the steps of an earlier *run*; return how many. Raises `InvalidInputs` where it was another run."""
        if not isinstance(run, ChainRun):
            raise InvalidInputs(f"resume is a {type(run).__name__}, not a ChainRun", hint="give ChainFailed.run")
        if run.digest != self._run.digest:
            raise InvalidInputs(
                f"that run is of the chain {run.ref}, and this is {self._run.ref}",
                hint="load that version of the chain, or run this one from the start",
            )
        if run.inputs_digest != self._run.inputs_digest:
            raise InvalidInputs(
                "that run had other inputs", hint="give the inputs that it began with, or run from the start"
            )
        for step, ran in zip(self._chain.steps, run.steps, strict=False):
            self._check_same(step, ran)
            self._take(step, replace(ran, output=checked(ran.output, step.gives or ())))
        return len(run.steps)

    @staticmethod
    def _check_same(step: Step, ran: StepRun) -> None:
        if step.name != ran.name:
            raise InvalidInputs(
                f"that run has the step {ran.name!r:.80} where this chain has {step.name!r}",
                hint="run the chain from the start",
            )
        if step.prompt is not None and step.prompt.digest != ran.digest:
            raise InvalidInputs(
                f"the step {step.name!r} ran {ran.ref}, and runs #{step.prompt.digest[7:15]} now",
                hint="its label was moved in between: run the chain from the start",
            )

    def _fail(self, step: Step, what: str, error: BaseException, answer: str | None = None) -> NoReturn:
        at = [each.name for each in self._chain.steps].index(step.name) + 1
        hint = error.hint if isinstance(error, PromptLibError) else ""
        go_on = "go on from here with chain.run(…, resume=error.run)" if self._run.steps else ""
        raise ChainFailed(
            f"step {at} of {len(self._chain.steps)}, {step.name!r}, failed: {what}",
            where=error.where if isinstance(error, PromptLibError) else None,
            hint="\n".join(filter(None, (hint, go_on))),
            step=step.name,
            answer=answer,
            run=replace(self._run, failed=step.name, problem=what),
        ) from error


def _declared(step: Step) -> str:
    return "text" if step.answers_text else describe(object_of(step.gives or ()))
