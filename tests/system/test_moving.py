"""What people move here from, with its real objects: each library in an environment and a process of its own.

The tests of `moving/with_….py` run there, and all blocks of the guide, those too that need the library.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from tests.benchmarks.peers.environments import MOVED_PINS, NotInstalled, packages_for_moving
from tests.system.moving.holding import PACKAGES

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
SECONDS = 300


@pytest.mark.network
@pytest.mark.parametrize("library", MOVED_PINS)
def test_it_renders_the_same_here_and_there_and_its_guide_runs(
    library: str, lack: Callable[[str], NoReturn], tmp_path: Path
) -> None:
    try:
        packages = packages_for_moving(library)
    except NotInstalled as error:
        lack(f"{', '.join(MOVED_PINS[library])} cannot be installed: {error}")
    inherited = os.environ.get("PYTHONPATH")
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib"),
            *(
                "-o",
                "filterwarnings=default",
                f"--basetemp={tmp_path / 'inner'}",
                f"tests/system/moving/with_{library}.py",
            ),
        ],
        cwd=ROOT,
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join(filter(None, [inherited, str(packages)]))}
        | {PACKAGES: str(packages), "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert run.returncode == 0, run.stdout
    assert re.search(r"\d+ passed", run.stdout), run.stdout
    assert "skipped" not in run.stdout, run.stdout


@pytest.mark.parametrize("library", MOVED_PINS)
def test_the_guide_names_the_version_that_it_was_tried_with(library: str) -> None:
    page = (ROOT / "docs" / "how-to" / f"move-from-{library}.md").read_text("utf-8")
    package, _, version = MOVED_PINS[library][0].partition("==")
    assert f"{package} {version}" in page
