"""Many rows through one prompt: cost against Jinja in a loop, memory, and threads."""

from __future__ import annotations

import gc
import tracemalloc
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from promptlib.messages import user
from promptlib.prompt import Prompt

from .bench_rendering import FLOOR, GENERAL, JINJA, TINY, Example, General, Tiny
from .measure import Figure, figure, paired, seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pydantic import BaseModel

ROWS = 100_000
#: Rows of one turn in a pair of turns.
TURN = 500
ROUNDS = 5
THREADS = 8


def figures() -> Iterator[Figure]:
    """Yield what this module measures."""
    yield _many(
        "100,000 rows, plain variables", None, Prompt.define(Tiny, user(TINY)), [_tiny(at) for at in range(ROWS)]
    )
    examples = tuple(Example(question=f"q{n}", answer=f" a{n} ") for n in range(10))
    general = [General(examples=examples, tone="warm", ticket=f"It is late, {at}") for at in range(ROWS // 10)]
    yield _many("10,000 rows, general template", 1.1, Prompt.define(General, user(GENERAL)), general)
    yield _mappings()
    yield _memory()
    yield _threads()


def _tiny(at: int) -> Tiny:
    return Tiny(name=f"Ann {at}", tone="warm")


def _used_up(results: Iterable[object]) -> None:
    deque(results, maxlen=0)


def _many(what: str, reach: float | None, prompt: Prompt[Any], rows: Sequence[BaseModel]) -> Figure:
    """Return the cost of all *rows*, in turns of a part each, over that of Jinja in a loop over the same."""
    floor = JINJA.from_string(prompt.messages[0].text)
    plain = [row.model_dump() for row in rows]
    assert next(prompt.render_many(rows)).text == floor.render(plain[0])
    ratios = []
    for _ in range(ROUNDS):
        for at in range(0, len(rows), TURN * 20):
            ours, theirs = rows[at : at + TURN * 20], plain[at : at + TURN * 20]
            cost = seconds(partial(_used_up, prompt.render_many(ours)))
            ratios.append(cost / seconds(partial(_used_up, map(floor.render, theirs))))
    return figure(what, FLOOR, reach, ratios)


def _mappings() -> Figure:
    """Return the cost of rows that are checked by the model, over validation by pydantic and Jinja."""
    rows = [{"name": f"Ann {at}", "tone": "warm"} for at in range(TURN)]
    prompt, floor = Prompt.define(Tiny, user(TINY)), JINJA.from_string(TINY)
    ours = paired(
        lambda: _used_up(prompt.render_many(rows)),
        lambda: _used_up(floor.render(Tiny.model_validate(row).__dict__) for row in rows),
    )
    return figure("rows of mappings, validated", "pydantic's validation and Jinja", None, ours)


def _memory() -> Figure:
    """Return how far memory peaks over 100,000 rows, over 1,000 rows."""
    prompt = Prompt.define(Tiny, user(TINY))

    def peak(number: int) -> int:
        gc.collect()
        tracemalloc.start()
        try:
            _used_up(prompt.render_many(map(_tiny, range(number))))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1_000)
    return figure("peak memory over 100,000 rows", "over 1,000 rows", 1.1, [peak(ROWS) / peak(1_000) for _ in range(2)])


def _threads() -> Figure:
    """Return the processor time of a render with eight threads at work, over that with one."""
    prompt = Prompt.define(General, user(GENERAL))
    inputs = General(examples=(Example(question="q", answer="a"),) * 10, tone="warm", ticket="It is late")

    def renders(number: int) -> None:
        for _ in range(number):
            prompt.render(inputs)

    with ThreadPoolExecutor(THREADS) as pool:
        ratios = paired(lambda: _used_up(pool.map(renders, [TURN] * THREADS)), lambda: renders(TURN * THREADS))
    return figure("render with 8 threads", "with one", 1.1, ratios)
