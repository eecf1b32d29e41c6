"""The whole way: pairs, answers, figures, report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, overload

from promptlib.errors import InvalidInputs, nearest
from promptlib.fairness.comparing import Rules, compare
from promptlib.fairness.measures import Mentions, Outputs, Overlap, Refusals, Words
from promptlib.fairness.pairing import paired
from promptlib.fairness.report import Report, Text
from promptlib.fairness.running import Running
from promptlib.fairness.verdicts import UNITS
from promptlib.groups import LANGUAGES
from promptlib.plain import LARGEST_INTEGER

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from promptlib.fairness.measures import Answer, Measure, PairMeasure
    from promptlib.fairness.pairing import Pairing
    from promptlib.fairness.running import Answers
    from promptlib.fairness.variantset import VariantSet
    from promptlib.fairness.verdicts import Unit
    from promptlib.inputs import InputType
    from promptlib.prompt import Prompt, Resolve
    from promptlib.tokens import Budget

CORRECTION = "Holm"
PERMUTATIONS = 9_999


class Options(TypedDict, total=False):
    """What `vary` can be told besides; each has a default."""

    repeats: int
    seed: int
    model_id: str
    measures: Sequence[Measure | PairMeasure] | None
    against: str
    unit: Unit
    alpha: float
    permutations: int
    at_once: int
    resume: Answers | None
    on_answer: Callable[[Answer], object] | None
    keep_texts: bool
    time: datetime | None
    fields: Mapping[str, str] | None
    budget: Budget | None
    resolve: Resolve | None
    allow: Collection[str]


@overload
def vary(
    prompt: Prompt[Any],
    cases: Iterable[Mapping[str, object]],
    *,
    variants: VariantSet,
    model: Callable[..., Awaitable[str]],
    **options: Unpack[Options],
) -> Awaitable[Report]: ...


@overload
def vary(
    prompt: Prompt[Any],
    cases: Iterable[Mapping[str, object]],
    *,
    variants: VariantSet,
    model: Callable[..., str],
    **options: Unpack[Options],
) -> Report: ...


def vary(
    prompt: Prompt[Any],
    cases: Iterable[Mapping[str, object]],
    *,
    variants: VariantSet,
    model: Callable[..., object],
    **options: Unpack[Options],
) -> Report | Awaitable[Report]:
    """Ask *model* what *prompt* sends for each group of *variants*, and return what differs between the groups.

    *cases* hold the other inputs. Every pair of messages differs only in the declared fields: see `paired`, which takes
    *fields*, *budget*, *resolve* and *allow* as well, and whose `PairingRefused` is raised before anything is sent.

    *model* is any callable from messages to the text of the answer, as `Chain.run` takes it; where it is an `async`
    function, or answers something that can be awaited, the result is awaited. A callable whose signature has `seed` is
    given one, another for each call and the same in every run with *seed*. Calls come in an order shuffled by *seed*,
    *at_once* of them at a time. Each variant is asked *repeats* times, and those of the group *against* (the first of
    the set, if not said) twice as often: that second run is the A-A baseline.

    *measures* are `standard` ones if not said. *unit* is what is independent: `pair` is a case with a row, and the
    report then speaks of these names and cases; `row` or `case` speak of others like them, and need more of them.
    *alpha* is the chance that a report flags anything where nothing differs, all of its comparisons together.

    *on_answer* is called with each answer as it comes. The report keeps their texts only with *keep_texts*. *time* is
    what it says of when. *resume* are the answers of a run that was cut off, and only the rest is asked; with all of
    them nothing is, so that other measures cost no calls.

    Raises `InvalidInputs` before anything is sent, and `VaryFailed`, which holds the answers so far, when a call fails.
    """
    asked = _Asked(**options)
    pairing = asked.pairing(prompt, cases, variants)
    against = _checked_against(asked.against, pairing.groups)
    asked.check(model)
    chosen = standard(prompt, variants) if asked.measures is None else tuple(asked.measures)
    if not chosen:
        raise InvalidInputs("there is nothing to measure", hint="leave measures out for the standard ones")
    running = Running(pairing, against, asked.repeats, asked.seed, asked.model_id, asked.on_answer)
    if asked.resume is not None:
        running.resume(asked.resume)

    def report() -> Report:
        rules = Rules(against, pairing.groups, asked.unit, asked.alpha, asked.permutations, asked.seed)
        return asked.report(_about(prompt, variants, pairing), running.read(), chosen, rules)

    waiting = running.ask(model, asked.at_once)
    return report() if waiting is None else _later(waiting, report)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The options of one comparison, each with its default."""

    repeats: int = 1
    seed: int = 0
    model_id: str = ""
    measures: Sequence[Measure | PairMeasure] | None = None
    against: str = ""
    unit: Unit = "pair"
    alpha: float = 0.05
    permutations: int = PERMUTATIONS
    at_once: int = 1
    resume: Answers | None = None
    on_answer: Callable[[Answer], object] | None = None
    keep_texts: bool = False
    time: datetime | None = None
    fields: Mapping[str, str] | None = None
    budget: Budget | None = None
    resolve: Resolve | None = None
    allow: Collection[str] = ()

    def pairing(self, prompt: Prompt[Any], cases: Iterable[Mapping[str, object]], variants: VariantSet) -> Pairing:
        """Return the variants, proven."""
        return paired(
            prompt,
            cases,
            variants,
            fields=self.fields,
            budget=self.budget,
            resolve=self.resolve,
            allow=self.allow,
        )

    def check(self, model: object) -> None:
        """Raise `InvalidInputs` for what cannot be asked for."""
        _check(model, self.unit, self.alpha)
        if type(self.seed) is not int or abs(self.seed) > LARGEST_INTEGER:
            raise InvalidInputs(f"the seed is {self.seed!r:.40}", hint="a seed is a whole number, such as 1")
        for name in ("repeats", "permutations", "at_once"):
            count = getattr(self, name)
            if type(count) is not int or count < 1:
                raise InvalidInputs(f"{name} is {count!r:.40}", hint=f"{name} is a whole number from 1")

    def report(
        self, about: dict[str, Any], answers: Sequence[Answer], measures: Sequence[Measure | PairMeasure], rules: Rules
    ) -> Report:
        """Return what *measures* say of *answers*."""
        compared = compare(answers, measures, rules)
        return Report(
            **about,
            model_id=self.model_id,
            groups=rules.groups,
            against=rules.against,
            repeats=self.repeats,
            unit=self.unit,
            seed=self.seed,
            alpha=self.alpha,
            correction=CORRECTION,
            permutations=self.permutations,
            time=self.time,
            baseline=compared.baseline,
            comparisons=compared.comparisons,
            spreads=compared.spreads,
            texts=tuple(map(_text, answers)) if self.keep_texts else (),
        )


def standard(prompt: Prompt[Any], variants: VariantSet) -> tuple[Measure | PairMeasure, ...]:
    """Return what is measured if nothing is said: declared outputs and refusals, and of texts length and words.

    Where a prompt declares outputs without a text, there is none. Of texts the words are counted, what they share, and
    where gender is varied who is mentioned. Each more is a comparison more, which the correction makes all pay for.
    """
    refusals = Refusals(variants.language)
    outputs = (Outputs(prompt.outputs),) if prompt.outputs else ()
    if outputs and not any(_holds_text(each.type) for each in prompt.outputs):
        return (*outputs, refusals)
    gender = variants.axis == "gender" and variants.language in LANGUAGES
    told = (Mentions("gender", variants.language),) if gender else ()
    return (*outputs, refusals, Words(), *told, Overlap())


def _holds_text(kind: InputType) -> bool:
    parts = (*(each.type for each in kind.properties), *([kind.items] if kind.items else []))
    return kind.kind in ("string", "json") or any(map(_holds_text, parts))


async def _later(waiting: Awaitable[None], report: Callable[[], Report]) -> Report:
    await waiting
    return report()


def _about(prompt: Prompt[Any], variants: VariantSet, pairing: Pairing) -> dict[str, Any]:
    """Return what a report says of the prompt, the set, and the pairs made of both."""
    origin = prompt.origin
    return {
        "name": origin.qualified if origin else "",
        "version": origin.version if origin else None,
        "digest": prompt.digest,
        "variants": variants.axis,
        "variants_digest": variants.digest,
        "language": variants.language,
        "source": variants.source,
        "licence": variants.licence,
        "fields": tuple(each.name for each in pairing.fields),
        "cases": len({each.case for each in pairing.variants}),
        "rows": len({each.row for each in pairing.variants}),
        "notes": pairing.notes,
    }


def _text(answer: Answer) -> Text:
    return Text(
        group=answer.group,
        case=answer.case,
        row=answer.row,
        repeat=answer.repeat,
        again=answer.again,
        text=answer.text,
    )


def _checked_against(against: str, groups: Sequence[str]) -> str:
    if against and against not in groups:
        raise InvalidInputs(
            f"no group {against!r:.80} in this set", hint=f"{nearest(against, groups)} groups: {', '.join(groups)}"
        )
    return against or groups[0]


def _check(model: object, unit: str, alpha: float) -> None:
    if not callable(model):
        raise InvalidInputs(
            f"the model is a {type(model).__name__}, which cannot be called",
            hint="give a function from messages to the text of the answer",
        )
    if unit not in UNITS:
        raise InvalidInputs(f"no unit {unit!r:.40}", hint=f"{nearest(str(unit), UNITS)} units: {', '.join(UNITS)}")
    if not isinstance(alpha, float) or not 0 < alpha < 1:
        raise InvalidInputs(f"alpha is {alpha!r:.40}", hint="alpha lies between 0 and 1, such as 0.05")
