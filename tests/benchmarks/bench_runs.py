"""A log of a million runs: what reading, asking and adding one cost, over plain Python that does the least it can."""

from __future__ import annotations

import gc
import json
import os
import tempfile
import tracemalloc
from collections import deque
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from promptlib import Pin, Prompt, system
from promptlib.plain import digest
from promptlib.runs import Run, RunLog, output_digest

from .measure import Figure, figure, paired, seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptlib.runs import Runs

#: A million is what a busy service logs in a day; PROMPTLIB_RUNS=1000000 measures that, and takes minutes.
LINES = int(os.environ.get("PROMPTLIB_RUNS", "200000"))
ROUNDS = 5
VERSIONS = 1_000
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
FLOOR = "read it and json.loads each line"


def figures() -> Iterator[Figure]:
    """Yield what this module measures."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "runs.jsonl"
        pins = list(_written(path))
        log = RunLog(path)
        rare, answer = pins[7], "the answer 123456"
        few = f"{LINES // VERSIONS:,}"
        asked: tuple[tuple[str, float, Runs, int], ...] = (
            (f"all of {LINES:,} runs", 3.5, log, LINES),
            (f"{few} of them by a version", 0.2, log.of(rare), LINES // VERSIONS),
            (f"{few} of them by an included version", 0.2, log.with_version(_included(rare)), LINES // VERSIONS),
            ("one of them by its output", 0.2, log.producing(answer), 1),
        )
        for what, _, runs, found in asked:
            assert sum(1 for _ in runs) == found, what
        ratios: dict[str, list[float]] = {what: [] for what, *_ in asked}
        for _ in range(ROUNDS):
            floor = seconds(partial(_floor, path))
            for what, _, runs, _ in asked:
                ratios[what].append(seconds(partial(_used_up, runs)) / floor)
        for what, reach, *_ in asked:
            yield figure(what, FLOOR, reach, ratios[what])
        yield _memory(log, path)
    yield _recorded()


def _used_up(runs: Iterable[object]) -> None:
    deque(runs, maxlen=0)


def _included(pin: Pin) -> Pin:
    return Pin("team/style", digest(f"included in {pin}"))


def _written(path: Path) -> Iterator[Pin]:
    """Write the log; yield the versions in it."""
    pins = [Pin(f"team-{at % 10}/prompt-{at % 100}", digest(at)) for at in range(VERSIONS)]
    with path.open("wb") as file:
        for at in range(LINES):
            pin = pins[at % VERSIONS]
            run = Run(
                id=f"{at:016x}",
                time=BEGIN + timedelta(seconds=at),
                name=pin.name,
                number=at % VERSIONS % 9 + 1,
                digest=pin.digest,
                label="production",
                commit="3f9c2a1b" * 5,
                includes=(_included(pin),),
                inputs_digest=digest(at),
                result_digest=digest(-at),
                output_digest=output_digest(f"the answer {at}"),
                model="gpt-4o",
                tokens=812,
                exactness="exact",
            )
            file.write(run.to_line())
    yield from pins


def _floor(path: Path) -> None:
    with path.open("rb") as file:
        deque(map(json.loads, file), maxlen=0)


def _memory(log: RunLog, path: Path) -> Figure:
    """Return how far memory peaks over 100,000 lines, over 10,000."""

    def peak(lines: int) -> int:
        part = path.with_suffix(f".{lines}")
        if not part.exists():
            with path.open("rb") as whole, part.open("wb") as file:
                file.writelines(line for _, line in zip(range(lines), whole, strict=False))
        gc.collect()
        tracemalloc.start()
        try:
            _used_up(log.in_file(part))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10_000)
    return figure(
        "peak memory over 100,000 runs", "over 10,000 runs", 1.1, [peak(100_000) / peak(10_000) for _ in range(2)]
    )


def _recorded() -> Figure:
    """Return what it costs to add a run, over opening the file, appending the same line and closing it."""
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = RunLog(Path(folder) / "ours.jsonl"), str(Path(folder) / "theirs.jsonl")
        prompt = Prompt.define(system("Sort tickets."))
        line = ours.record(prompt.render(), output="urgent", model="gpt-4o").to_line()

        def append() -> None:
            descriptor = os.open(theirs, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(descriptor, line)
            os.close(descriptor)

        ratios = paired(lambda: ours.record(prompt.render(), output="urgent", model="gpt-4o"), append)
    return figure("render and record a run", "append the same line to a file", None, ratios)
