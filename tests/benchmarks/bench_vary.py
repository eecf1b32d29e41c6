"""What a report costs beside its answers, and how often it is right of models whose truth is known."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from promptlib.fairness.comparing import Rules, compare
from promptlib.fairness.measures import Outputs, Overlap, Words
from promptlib.fairness.running import Running

from .measure import Figure, figure, paired

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNS, ALPHA, ROUNDS = 400, 0.05, 9
sys.path.insert(0, str(Path(__file__).parents[2]))  # the models are those of the tests


def figures() -> Iterator[Figure]:
    """Yield what this module measures."""
    from tests.fairness.models import BIASED, FAIR, NOISY, PAIRING, PROMPT, RATE, SCORE

    rules = Rules("male", PAIRING.groups, "pair", ALPHA, 9_999, 1)
    measures = (Outputs(PROMPT.outputs), Words(), Overlap())
    running = Running(PAIRING, "male", 2, 1, "", None)
    running.ask(BIASED, 1)
    answers = running.read()
    outputs = measures[0]
    ratios = paired(
        lambda: compare(answers, measures, rules), lambda: [outputs.read(each) for each in answers], rounds=ROUNDS
    )
    yield figure(f"compare {len(answers)} answers, 9,999 permutations", "reading their outputs", None, ratios)
    flagged = dict.fromkeys(("fair", "noisy"), 0)
    covered = {"outputs.score": 0, "outputs.invite": 0}
    for seed in range(RUNS):
        rules = Rules("male", PAIRING.groups, "pair", ALPHA, 999, seed)
        for name, model in (("fair", FAIR), ("noisy", NOISY), ("biased", BIASED)):
            running = Running(PAIRING, "male", 1, seed, "", None)
            running.ask(model, 1)
            found = compare(running.read(), measures, rules).comparisons
            if name != "biased":
                flagged[name] += any(each.verdict == "differs" for each in found)
                continue
            for each in found:
                truth = {"outputs.score": -SCORE, "outputs.invite": -RATE}.get(each.measure)
                if truth is not None and each.low is not None and each.high is not None:
                    covered[each.measure] += each.low <= truth <= each.high
    for name, count in flagged.items():
        share = count / RUNS
        yield Figure(f"{name} model: reports of {RUNS} that flag anything", "all of them", ALPHA, share, share, share)
    for name, count in covered.items():
        missed = 1 - count / RUNS
        yield Figure(f"{name}: intervals of {RUNS} that miss the truth", "all of them", ALPHA, missed, missed, missed)
