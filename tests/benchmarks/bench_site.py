"""What a catalogue costs, beside reading all that is in it; of real libraries where `PROMPTLIB_CORPUS` names them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from promptlib import Prompt, Store, codec, system
from promptlib.site import write

from .library import SENTENCES
from .lint_rates import PATTERNS, imported
from .measure import Figure, figure, paired

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 3
MANY, FEW = 2_000, 200


def figures() -> Iterator[Figure]:
    """Yield what this module measures."""
    with tempfile.TemporaryDirectory() as folder:
        for count in (FEW, MANY):
            with Store.init(Path(folder) / f"{count}.git", bare=True) as store:
                _fill(store, count)
                yield _beside_reading(store, Path(folder) / "site", f"a site of {count:,} prompts, a version each")
        if "PROMPTLIB_CORPUS" in os.environ:
            for which in PATTERNS:
                store = imported(Path(os.environ["PROMPTLIB_CORPUS"]), which, Path(folder))
                yield _beside_reading(store, Path(folder) / "site", f"a site of {which}, versions word by word")
                store.close()


def _fill(store: Store, count: int) -> None:
    chance = Random(1)
    with store.transaction("All of them") as transaction:
        for at in range(count):
            text = "\n".join(chance.choices(SENTENCES, k=14))
            transaction.save(f"team-{at % 20}/task-{at}", Prompt.define(system(text), description=text[:60]))


def _beside_reading(store: Store, out: Path, what: str) -> Figure:
    versions = [f"{each.name}@v{each.number}" for name in store.names() for each in store.history(name)]
    files = list(map(store.file, versions))
    ratios = paired(lambda: write(store, out), lambda: list(map(codec.read, files)), rounds=ROUNDS)
    report = write(store, out)
    kind = f"reading its {len(versions):,} files"
    return figure(f"{what}, {report.size / report.prompts / 1000:.0f} kB a prompt", kind, None, ratios)
