"""A made-up model: it suggests discounts by chance, and takes some off for names that end in a vowel, on purpose.

It reads messages as JSON on standard input, and its seed from the environment, as `promptlib vary --with` gives them.
"""

from __future__ import annotations

import json
import os
import random
import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

USUAL, SPREAD, LESS = 20, 2, 8


def answer(messages: Sequence[Mapping[str, object]], *, seed: int) -> str:
    """Return a discount as JSON, the same for the same messages and seed."""
    chance = random.Random(f"{seed} {messages}")  # noqa: S311 - a demonstration, no secret
    found = re.search(r"<name>\s*(\w+)", str(messages[-1]["content"]))
    unfair = found is not None and found[1][-1] in "aeiy"
    return json.dumps({"percent": round(chance.gauss(USUAL, SPREAD)) - LESS * unfair})


if __name__ == "__main__":
    sys.stdout.write(answer(json.load(sys.stdin), seed=int(os.environ["PROMPTLIB_ANSWER_SEED"])))
