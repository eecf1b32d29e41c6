"""Ratios that hold on a busy machine: contestant and floor take turns, and the median of the pairs counts."""

from __future__ import annotations

import os
import subprocess
import sys
from statistics import median, quantiles
from time import perf_counter, process_time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Work = Callable[[], object]
    Clock = Callable[[], float]

ROUNDS = 31
#: One turn lasts about so long, that the clock's own steps do not show.
TURN_SECONDS = 0.004


class Figure(NamedTuple):
    """A ratio to a floor of the same run: the median of pairs, and where their middle half lies."""

    what: str
    floor: str
    reach: float | None
    ratio: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return the row of a table, marked where the reach is missed."""
        reach = "" if self.reach is None else f"{self.reach:g}"
        missed = " <" if self.reach is not None and self.ratio > self.reach else ""
        spread = f"({self.low:.3g} to {self.high:.3g})"
        return f"{self.what:<58} {self.floor:<40} {reach:>6} {self.ratio:>8.3g} {spread}{missed}"


def figure(what: str, floor: str, reach: float | None, ratios: Sequence[float]) -> Figure:
    """Return the figure that *ratios* make."""
    low, _, high = quantiles(ratios, n=4)
    return Figure(what, floor, reach, median(ratios), low, high)


def paired(work: Work, floor: Work, *, rounds: int = ROUNDS, clock: Clock = process_time) -> list[float]:
    """Return the cost of *work* over that of *floor*, once for each of *rounds*; both are warm before the first."""
    turns, floor_turns = _turns(work), _turns(floor)
    ratios = []
    for _ in range(rounds):
        cost = _cost(work, turns, clock) / turns
        ratios.append(cost / (_cost(floor, floor_turns, clock) / floor_turns))
    return ratios


def beyond(
    work: Work, floor: Work, least: Work, least_floor: Work, *, rounds: int = ROUNDS, clock: Clock = process_time
) -> list[float]:
    """Return what `paired` does, of what *work* costs beyond *least*, and *floor* beyond *least_floor*."""
    parts = [(each, _turns(each)) for each in (work, least, floor, least_floor)]
    ratios = []
    for _ in range(rounds):
        cost, fixed, floor_cost, floor_fixed = (_cost(each, turns, clock) / turns for each, turns in parts)
        ratios.append((cost - fixed) / (floor_cost - floor_fixed))
    return ratios


def _turns(work: Work) -> int:
    """Return how often *work* is done in one turn."""
    work()
    begin = perf_counter()
    work()
    return max(1, round(TURN_SECONDS / max(perf_counter() - begin, 1e-7)))


def _cost(work: Work, turns: int, clock: Clock) -> float:
    begin = clock()
    for _ in range(turns):
        work()
    return clock() - begin


def seconds(work: Work, clock: Clock = process_time) -> float:
    """Return what doing *work* once costs."""
    return _cost(work, 1, clock)


def fresh(code: str, *words: str, environment: Mapping[str, str] | None = None) -> float:
    """Return the processor time of a Python of its own that runs *code* and ends; its output is read and dropped."""
    command = [sys.executable, "-c", code, *words]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, code
    return usage.ru_utime + usage.ru_stime


def output(code: str, *words: str) -> str:
    """Return what a Python of its own prints."""
    return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True).stdout
