"""The examples run as a reader would run them: each by itself, in a process and a folder of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from promptlib import Store
from promptlib.lint import lint

if TYPE_CHECKING:
    from collections.abc import Sequence

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(folder: Path, arguments: Sequence[str]) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_quickstart_runs_and_leaves_nothing_behind(tmp_path: Path) -> None:
    printed = run(tmp_path, [str(EXAMPLES / "quickstart.py")])
    assert "from     support/triage v1 production" in printed
    assert "breaking False" in printed
    assert list(tmp_path.iterdir()) == []


def test_the_application_passes_its_own_tests_outside_of_any_repository(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES / "app", tmp_path / "app", ignore=shutil.ignore_patterns("__pycache__"))
    assert "5 passed" in run(
        tmp_path / "app", ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_helpdesk.py"]
    )


def test_lint_has_nothing_to_say_of_the_application(tmp_path: Path) -> None:
    """Its one silence says why."""
    shutil.copytree(EXAMPLES / "app", tmp_path / "app", ignore=shutil.ignore_patterns("__pycache__"))
    report = lint(Store(tmp_path / "app"))
    assert report.findings == ()
    assert (report.prompts, report.silenced) == (2, 1)


def test_a_chain_runs_fails_and_goes_on(tmp_path: Path) -> None:
    printed = run(tmp_path, [str(EXAMPLES / "minutes.py")])
    assert "flowchart TB" in printed
    assert "step 2 of 3, 'decide', failed" in printed
    assert "4 answers for 3 steps; meeting/minutes@v1#" in printed
    assert list(tmp_path.iterdir()) == []
