"""One writer among several: saves into its own clone, syncs now and then, and tells what was acknowledged."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

from promptlib import Prompt, Store, system
from promptlib.errors import Busy, RemoteRefused, RemoteUnreachable

NAMES = [f"shared/{number}" for number in range(30)]
#: So many of its syncs may fail in a row before a writer gives up: the wire is cut twice, not for good.
MOST = 10


def felt(clone: Path) -> Path:
    """Return the file to which the writer of *clone* adds a byte whenever a sync of its fails."""
    return clone.with_suffix(".felt")


def sync(store: Store, told: dict[str, int]) -> bool:
    """Sync once; tell whether it came to its end."""
    try:
        result = store.sync(resolve="ours")
    except (RemoteUnreachable, RemoteRefused):
        with felt(store.path).open("ab") as file:
            file.write(b"x")
        return False
    except Busy:
        told["busy"] += 1  # others came first, twenty times in a row
        return False
    told["synced"] += 1
    told["tries"] += result.tries
    return True


def work(clone: Path, number: int, saves: int, seed: int) -> dict[str, object]:
    """Save *saves* prompts under names that the others use too."""
    chance = random.Random(seed * 100 + number)
    told = {"synced": 0, "busy": 0, "tries": 0}
    acknowledged: list[tuple[str, str]] = []
    with Store.open(clone) as store:
        for step in range(saves):
            name = chance.choice(NAMES)
            version = store.save(name, Prompt.define(system(f"Writer {number}, step {step}."), system("The same.")))
            acknowledged.append((name, version.digest))
            if chance.random() < 0.15:
                sync(store, told)
        for _ in range(MOST):
            if sync(store, told):
                break
        else:
            raise AssertionError
    return {"acknowledged": acknowledged, **told}


if __name__ == "__main__":
    json.dump(work(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])), sys.stdout)
