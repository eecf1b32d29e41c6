"""`make bench-peers`: ours beside other libraries, each in an environment of its own. Words given choose modules."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from .environments import PINS, NotInstalled, python_of
from .table import Row, row_of, table


def main(chosen: list[str]) -> None:
    """Measure one library after the other, and print the table when all are done."""
    rows: list[Row] = []
    missing: dict[str, str] = {}
    for module in chosen or ["ours", *PINS]:
        print(f"measuring {module}", file=sys.stderr, flush=True)
        try:
            rows += measured(python_of(module), module)
        except NotInstalled as error:
            missing[PINS[module]] = str(error)
    shared = f"Python {platform.python_version()}, Jinja {version('jinja2')}, pydantic {version('pydantic')}"
    print(f"{datetime.now(UTC):%Y-%m-%d}, {shared}, {platform.system()} {platform.machine()}")
    for line in table(rows, missing):
        print(line)


def measured(python: str, module: str) -> list[Row]:
    """Return the rows of the module's contestants; the many rows have a process of their own, which holds no others."""
    told = _answer(python, module)
    return [row_of(each, _answer(python, module, str(number))) for number, each in enumerate(told)]


def _answer(python: str, *words: str) -> Any:
    command = [python, "-m", "benchmarks.peers.contest", *words]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(run.stdout.splitlines()[-1])


if __name__ == "__main__":
    main(sys.argv[1:])
