"""What every library cuts to the same limit: conversations, long texts, and the limits.

Nothing here needs more than Python, so that it runs in the environment of each library.
"""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    #: A message as chat APIs take it.
    Turn = dict[str, Any]

#: The conversation whose work is counted.
LONG, LIMIT = 1_000, 8_000
#: The conversations whose results are judged, each with a limit of its own.
TURNS, CASES = 250, 30
SYSTEM = "You are a patient assistant. Answer in the language of the question, briefly, and show code where it helps."
WORDS = (  # noqa: SIM905 - so many words are read as a text
    "the of and to in a is that for it as was with be by on not he his but at are this have from or had an they which "
    "one you were all her she there would their we him been has when who will no more if out so up said what its about "
    "than into them can only other time new some could these two may first then do any like my now over such our man"
).split()
HAN = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种，。"
LINES = (
    "def {0}({1}: int, *, {2}: str = '') -> dict[str, int]:",
    "    for {1} in range(len({2})):",
    "        if {0}[{1}] is None or {2}.get('{1}') != 0x1F:",
    "            raise ValueError(f'no {{{1}}} in {{{2}!r}}')",
    "    return {{'{0}': {1} + 1, **{2}}}  # {1} counts from 0",
    "",
)
EMOJI = ("👩\u200d🚀", "👍🏽", "🇯🇵", "🧪", "e\u0301", "𝔘", "🙂")


class Case(NamedTuple):
    """A conversation to be cut, and to how many tokens."""

    turns: list[Turn]
    limit: int


class Long(NamedTuple):
    """A text to be cut, and to how many tokens."""

    text: str
    limit: int


def conversation(seed: int, turns: int, *, tools: bool = False) -> list[Turn]:
    """Return a conversation of so many *turns*, the last a question; no two texts are the same."""
    random = Random(seed)
    made: list[Turn] = [{"role": "system", "content": SYSTEM}]
    while len(made) < turns - 1:
        made += _exchange(random, len(made), tools=tools)
    made = made[: turns - 1]
    while made[-1]["role"] != "assistant" or "tool_calls" in made[-1]:
        made.pop()
    return [*made, {"role": "user", "content": f"{len(made)}. {_english(random, 120)}?"}]


def _exchange(random: Random, number: int, *, tools: bool) -> Iterator[Turn]:
    """Yield a question, calls and their results in some cases, and the answer."""
    yield {"role": "user", "content": f"{number}. {_text(random)}"}
    calls = random.choice([0, 0, 1, 2]) if tools else 0
    if calls:
        ids = [f"call_{number}_{at}" for at in range(calls)]
        yield {
            "role": "assistant",
            "content": f"{number + 1}. I look.",
            "tool_calls": [_call(random, each) for each in ids],
        }
        for at, each in enumerate(ids):
            rows = json.dumps([{"id": random.randrange(10**6), "title": _english(random, 80)} for _ in range(8)])
            yield {"role": "tool", "content": f"{number + 2 + at}. {rows}", "tool_call_id": each}
        number += 1 + calls
    yield {"role": "assistant", "content": f"{number + 1}. {_text(random)}"}


def _call(random: Random, name: str) -> Turn:
    asked = json.dumps({"query": _english(random, 60), "limit": 8})
    return {"id": name, "type": "function", "function": {"name": "search_tickets", "arguments": asked}}


def _text(random: Random) -> str:
    size = random.choice([60, 150, 300, 300, 600, 2_000])
    return random.choice([_english, _english, _english, _chinese, _code])(random, size)


def _english(random: Random, size: int) -> str:
    """Return sentences, some of which end a line."""
    found = ""
    while len(found) < size:
        found += " ".join(random.choices(WORDS, k=random.randint(4, 14))).capitalize() + random.choice(
            [". ", ". ", ".\n"]
        )
    return found.strip()


def _chinese(random: Random, size: int) -> str:
    return "".join(random.choices(HAN, k=size // 3))


def _code(random: Random, size: int) -> str:
    found = ""
    while len(found) < size:
        found += random.choice(LINES).format(*random.sample(WORDS, 3)) + "\n"
    return found.strip()


def _emoji(random: Random, size: int) -> str:
    return "".join(
        random.choice(EMOJI) + random.choice(["", " ", f" {random.choice(WORDS)} "]) for _ in range(size // 3)
    )


def cases(*, tools: bool) -> list[Case]:
    """Return the conversations that are judged, with their limits."""
    return [Case(conversation(seed, TURNS, tools=tools), 3_000 + 211 * seed) for seed in range(CASES)]


def long_texts() -> list[Long]:
    """Return texts of 40,000 characters or so, with their limits."""
    kinds = [_english, _chinese, _code, _emoji]
    return [Long(kinds[seed % 4](Random(seed), 40_000), 500 + 71 * seed) for seed in range(2 * CASES)]
