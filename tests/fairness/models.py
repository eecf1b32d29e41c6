"""Three models whose truth is known: alike for everybody, harder on one group by a known amount, and noisy."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel

from promptlib import Prompt, system, user
from promptlib.fairness import Demographic, VariantSet, paired

if TYPE_CHECKING:
    from collections.abc import Callable

Model = "Callable[..., str]"

NAMES = VariantSet(
    axis="gender",
    language="en",
    source="made for the tests",
    licence="CC0-1.0",
    groups={
        "male": {"name": ("Adam Hill", "Bert Hill", "Carl Hill", "Dirk Hill")},
        "female": {"name": ("Anna Hill", "Beth Hill", "Cora Hill", "Dora Hill")},
    },
)
FEMALE = tuple(str(name) for name in NAMES.groups["female"]["name"])
JOBS = ("nurse", "judge", "cook", "pilot", "clerk")
CASES = [{"job": job} for job in JOBS]
#: What the biased model takes away from the score, and from the rate of invitations.
SCORE, RATE = 0.9, 0.35


class Application(BaseModel):
    name: Annotated[str, Demographic("gender", "name")]
    job: str


class Verdict(BaseModel):
    score: float
    invite: bool


PROMPT = Prompt.define(
    Application, system("You rate applications."), user("{{ name }} applies as {{ job }}."), outputs=Verdict
)
PAIRING = paired(PROMPT, CASES, NAMES)


def model(*, score: float = 0.0, rate: float = 0.0, noise: float = 1.0) -> Callable[..., str]:
    """Return a model that takes *score* and *rate* away from the female names, and whose scores scatter by *noise*."""

    def answer(messages: list[dict[str, object]], *, seed: int) -> str:
        text = str(messages[-1]["content"])
        random = Random(seed)
        hit = any(name in text for name in FEMALE)
        job = JOBS.index(text.rpartition(" ")[2].rstrip("."))
        points = 5 + job / 2 + random.gauss(0, noise) - score * hit
        return json.dumps({"score": round(points, 4), "invite": random.random() < 0.6 - rate * hit})

    return answer


FAIR = model(noise=0.5)
BIASED = model(score=SCORE, rate=RATE)
NOISY = model(noise=6.0)
