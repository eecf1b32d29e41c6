"""The example on a real Dask cluster of two processes on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
#: Tells how many templates each worker has compiled and kept.
COUNTED = """
import json
import dask.bag
from distributed import Client
from promptlib import Prompt, codec

SOURCE = b"---\\ninputs:\\n  text: {kind: string}\\n---\\nuser:\\n{{ text | upper }}\\n"

def texts(rows, prompt):
    return [rendered.text for rendered in prompt.render_many(rows)]

def compiled():
    from promptlib.rendering import template
    return len(template._CACHE._units)

if __name__ == "__main__":
    with Client(n_workers=2, threads_per_worker=2, dashboard_address=None) as client:
        prompt = codec.read(SOURCE, source="upper.prompty")
        rows = dask.bag.from_sequence(({"text": f"row {at}"} for at in range(200)), npartitions=8)
        done = rows.map_partitions(texts, prompt).compute()
        print(json.dumps({"done": done, "compiled": list(client.run(compiled).values())}))
"""


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory, lack: Callable[[str], NoReturn]) -> Path:
    """Return a folder with Dask in it, for the path of a Python: no other environment gets it."""
    folder = tmp_path_factory.mktemp("dask")
    install: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--target",
        folder,
        "distributed>=2025.1",
    ]
    run = subprocess.run(install, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=600)
    if run.returncode:
        lack(f"Dask cannot be installed here: {run.stdout[-500:]}")
    return folder


def run_with(folder: Path, *arguments: str | Path) -> str:
    """Return what a Python prints that finds the packages of *folder* last."""
    path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(folder)]))
    run = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_the_example_renders_every_row(dask: Path) -> None:
    first = (
        "[{'role': 'system', 'content': 'Sort the ticket into one of: billing, delivery, other.'}, "
        "{'role': 'user', 'content': '<ticket>\\nTicket 0\\n</ticket>'}]"
    )
    assert run_with(dask, ROOT / "examples" / "rows_on_dask.py").splitlines() == ["chats 10000", f"first {first}"]


def test_each_worker_compiles_the_prompt_once(dask: Path, tmp_path: Path) -> None:
    script = tmp_path / "counted.py"
    script.write_text(COUNTED)
    told = json.loads(run_with(dask, script))
    assert told["done"] == [f"ROW {at}" for at in range(200)]
    assert len(told["compiled"]) == 2
    assert set(told["compiled"]) <= {0, 1}
    assert sum(told["compiled"]) >= 1
