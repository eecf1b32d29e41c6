"""From answers to comparisons: figures by unit, differences within matched pairs, and one correction for them all."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from promptlib.errors import InvalidInputs
from promptlib.fairness.permuting import sign_flip_test
from promptlib.fairness.report import Comparison, Spread
from promptlib.fairness.statistics import cliffs_delta, holm, mean, noise, rate_interval, smallest_difference
from promptlib.fairness.verdicts import DIFFERS, INCONCLUSIVE, NOT_FOUND

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from promptlib.fairness.measures import Answer, Figures, Measure, PairMeasure
    from promptlib.fairness.verdicts import Scale, Unit

#: A group, and whether it is its second run.
_Run = tuple[str, bool]
#: Row, case and repeat.
_Place = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Rules:
    """How the figures are compared."""

    against: str
    groups: tuple[str, ...]
    unit: Unit
    alpha: float
    permutations: int
    seed: int


class Compared(NamedTuple):
    """The same group twice, the groups with each other, and how each figure lies."""

    baseline: tuple[Comparison, ...]
    comparisons: tuple[Comparison, ...]
    spreads: tuple[Spread, ...]


@dataclass(slots=True)
class _Figure:
    """One figure of all answers: by run and place, how it is compared."""

    name: str
    scale: Scale
    values: dict[_Run, dict[_Place, float]]


def compare(answers: Iterable[Answer], measures: Sequence[Measure | PairMeasure], rules: Rules) -> Compared:
    """Return what *measures* say of *answers*; raises `InvalidInputs` for a measure that does not keep to its form."""
    runs: defaultdict[_Run, dict[_Place, Answer]] = defaultdict(dict)
    for each in answers:
        runs[each.group, each.again][each.row, each.case, each.repeat] = each
    figures = [figure for measure in measures for figure in _figures(measure, runs, rules)]
    names = [each.name for each in figures]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidInputs(f"two measures are called {twice!r:.80}", hint="give each a name of its own")
    others = [group for group in rules.groups if group != rules.against]
    same = [_compared(each, rules.against, True, rules) for each in figures if each.scale != "pair"]  # noqa: FBT003 - the second run
    found = [_compared(each, group, False, rules) for each in figures for group in others]  # noqa: FBT003 - the only run
    baseline = _judged(same)
    unsettled = {each.measure for each in baseline if each.verdict == DIFFERS}
    noises = {each.comparison.measure: each.noise for each in same}
    comparisons = tuple(
        replace(
            each,
            smallest=smallest_difference(
                max(tested.noise, noises.get(each.measure, 0.0)),
                each.n,
                alpha=rules.alpha,
                tests=sum(one.moves for one in found) + (not tested.moves),
                permutations=rules.permutations,
            ),
            verdict=INCONCLUSIVE if each.measure in unsettled else each.verdict,
        )
        for each, tested in zip(_judged(found), found, strict=True)
    )
    return Compared(baseline, comparisons, tuple(_spreads(figures, rules)))


class _Tested(NamedTuple):
    """A comparison before the correction, and how much its differences scatter."""

    comparison: Comparison
    noise: float
    alpha: float
    #: Whether any difference is there at all.
    moves: bool


def _judged(tested: Sequence[_Tested]) -> tuple[Comparison, ...]:
    """Return the comparisons with p corrected for all of them that could differ at all.

    The test takes the sizes of the differences as they are, and asks only for their signs: where all of them are
    nothing it can never flag, whatever the signs, and the others need not pay for it (Tarone 1990).
    """
    corrected = iter(holm([each.comparison.p for each in tested if each.moves]))
    levels = [next(corrected) if each.moves else 1.0 for each in tested]
    return tuple(
        replace(each.comparison, corrected=p, verdict=DIFFERS if p <= each.alpha else NOT_FOUND)
        for each, p in zip(tested, levels, strict=True)
    )


def _figures(
    measure: Measure | PairMeasure, runs: Mapping[_Run, Mapping[_Place, Answer]], rules: Rules
) -> Iterator[_Figure]:
    """Yield each figure of *measure* with its values by run and place."""
    found: dict[str, _Figure] = {}
    between = getattr(measure, "between", None)
    first = runs.get((rules.against, False), {})
    for run, told in runs.items():
        if between is not None and run == (rules.against, False):
            continue
        for place, answer in told.items():
            if between is None:
                figures: Figures = measure.read(answer)  # type: ignore[union-attr] # one without between reads
            elif place in first:
                figures = between(answer, first[place])
            for name, value in _checked(figures, measure.name):
                label = f"{measure.name}.{name}" if name else measure.name
                scale: Scale = "pair" if between else "rate" if isinstance(value, bool) else "mean"
                figure = found.setdefault(label, _Figure(label, scale, defaultdict(dict)))
                if figure.scale != scale:
                    raise InvalidInputs(
                        f"the measure {label!r:.80} is now a bool and now a number",
                        hint="a rate is always a bool, a mean always a number",
                    )
                figure.values[run][place] = float(value)
    yield from found.values()


def _checked(figures: object, name: str) -> Iterator[tuple[str, float | bool]]:
    items = getattr(figures, "items", None)
    if items is None:
        raise InvalidInputs(
            f"the measure {name!r:.80} read a {type(figures).__name__}, not a mapping",
            hint='return the figures by name; one alone as {"": 3.0}',
        )
    for key, value in items():
        if not isinstance(key, str) or not isinstance(value, int | float) or not isfinite(value):
            raise InvalidInputs(
                f"the measure {name!r:.80} read {key!r:.40}: {value!r:.40}",
                hint="a figure is a bool or a finite number; leave out what an answer has not",
            )
        yield key, value


def _compared(figure: _Figure, group: str, again: bool, rules: Rules) -> _Tested:  # noqa: FBT001 - part of a run's key
    """Return one comparison, not corrected yet."""
    reference = (rules.against, figure.scale == "pair" and not again)
    mine, theirs = figure.values.get((group, again), {}), figure.values.get(reference, {})
    ones, others = _by_pair(mine), _by_pair(theirs)
    both = sorted(ones.keys() & others.keys())
    differences = _by_unit({pair: ones[pair] - others[pair] for pair in both}, rules.unit)
    tested = sign_flip_test(differences, alpha=rules.alpha, permutations=rules.permutations, seed=rules.seed)
    low, high = tested.low, tested.high
    rate = figure.scale == "rate"
    if rate and differences and isfinite(low):
        least, most = rate_interval(differences, rules.alpha)
        low, high = min(low, least), max(high, most)
    all_pairs = ones.keys() | others.keys()
    comparison = Comparison(
        measure=figure.name,
        scale=figure.scale,
        group=group,
        against=rules.against,
        n=len(differences),
        lacking=len(_by_unit(dict.fromkeys(all_pairs, 0.0), rules.unit)) - len(differences),
        mean=mean([ones[pair] for pair in both]) if both else 0.0,
        against_mean=mean([others[pair] for pair in both]) if both else 0.0,
        effect=mean(differences) if differences else 0.0,
        low=low if isfinite(low) else None,
        high=high if isfinite(high) else None,
        size=cliffs_delta(list(mine.values()), list(theirs.values())) if mine and theirs else 0.0,
        p=tested.p,
        corrected=tested.p,
        smallest=None,
        verdict=NOT_FOUND,
    )
    return _Tested(comparison, noise(differences, rate=rate), rules.alpha, any(differences))


def _by_pair(values: Mapping[_Place, float]) -> dict[tuple[int, int], float]:
    """Return the mean of the repeats, by row and case."""
    found: defaultdict[tuple[int, int], list[float]] = defaultdict(list)
    for (row, case, _), value in values.items():
        found[row, case].append(value)
    return {pair: mean(each) for pair, each in found.items()}


def _by_unit(differences: Mapping[tuple[int, int], float], unit: Unit) -> list[float]:
    """Return the differences of what is independent: pairs as they are, or the mean of all of a row or of a case."""
    if unit == "pair":
        return list(differences.values())
    found: defaultdict[int, list[float]] = defaultdict(list)
    for (row, case), value in differences.items():
        found[row if unit == "row" else case].append(value)
    return [mean(each) for each in found.values()]


def _spreads(figures: Iterable[_Figure], rules: Rules) -> Iterator[Spread]:
    runs = [(group, False) for group in rules.groups]
    runs.insert(rules.groups.index(rules.against) + 1, (rules.against, True))
    for figure in figures:
        for group, again in runs:
            values = sorted(figure.values.get((group, again), {}).values())
            if values:
                yield Spread(
                    measure=figure.name,
                    group=group,
                    again=again,
                    n=len(values),
                    mean=mean(values),
                    least=values[0],
                    quarter=_quantile(values, 0.25),
                    median=_quantile(values, 0.5),
                    three_quarters=_quantile(values, 0.75),
                    most=values[-1],
                )


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Return the quantile of *ordered* values, between two of them by a straight line (Hyndman and Fan's type 7)."""
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)
