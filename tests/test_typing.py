"""The types do their work: right uses are accepted and misuses refused, by mypy and by pyright."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import promptlib

FILES = Path(__file__).parent / "typing"
PACKAGE = Path(promptlib.__file__).resolve().parents[1]
EXPECTED = re.compile(r"# error: (?P<code>[a-z-]+)$")
REPORTED = re.compile(r"(?P<file>must_\w+\.py):(?P<line>\d+): error: (?P<text>.*)  \[(?P<code>[a-z-]+)\]$")


def expected() -> dict[int, str]:
    """Return line and code of each misuse that is marked."""
    lines = (FILES / "must_fail.py").read_text(encoding="utf-8").splitlines()
    return {number: found["code"] for number, line in enumerate(lines, 1) if (found := EXPECTED.search(line))}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with copies, away from the project's own settings, as a user's project would be."""
    copies = tmp_path_factory.mktemp("typing")
    for name in ("must_pass.py", "must_fail.py"):
        shutil.copy(FILES / name, copies / name)
    return copies


@pytest.fixture(scope="module")
def mypy_errors(folder: Path) -> dict[str, list[tuple[int, str]]]:
    """Return what mypy reports for each file, as line and code."""
    command = [sys.executable, "-m", "mypy", "--strict", "--no-pretty", "--no-error-summary", "--follow-imports=silent"]
    environment = os.environ | {"MYPYPATH": "" if PACKAGE.name == "site-packages" else str(PACKAGE)}
    run = subprocess.run(
        [*command, "must_pass.py", "must_fail.py"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    errors: dict[str, list[tuple[int, str]]] = {"must_pass.py": [], "must_fail.py": []}
    for row in run.stdout.splitlines():
        if ": note: " not in row:
            found = REPORTED.match(row)
            assert found, row
            errors[found["file"]].append((int(found["line"]), found["code"]))
    return errors


@pytest.fixture(scope="module")
def pyright_lines(folder: Path) -> dict[str, set[int]]:
    """Return the lines of each file that pyright reports an error for."""
    beside = str(Path(sys.executable).parent)
    pyright = shutil.which("basedpyright", path=os.pathsep.join([beside, os.environ.get("PATH", "")]))
    if pyright is None:
        pytest.skip("basedpyright is not installed: it comes with the extra dev, and brings what it runs on")
    config = {"typeCheckingMode": "standard", "extraPaths": [str(PACKAGE)]}
    (folder / "pyrightconfig.json").write_text(json.dumps(config), encoding="utf-8")
    run = subprocess.run(
        [pyright, "--outputjson", "--pythonpath", sys.executable, "--project", "."],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    lines: dict[str, set[int]] = {"must_pass.py": set(), "must_fail.py": set()}
    for each in json.loads(run.stdout)["generalDiagnostics"]:
        if each["severity"] == "error":
            lines[Path(each["file"]).name].add(each["range"]["start"]["line"] + 1)
    return lines


def test_misuses_of_every_kind_are_marked() -> None:
    assert len(expected()) > 30
    assert {"call-arg", "arg-type", "misc", "index", "call-overload", "type-var"} <= set(expected().values())


def test_mypy_accepts_the_right_uses(mypy_errors: dict[str, list[tuple[int, str]]]) -> None:
    assert mypy_errors["must_pass.py"] == []


def test_mypy_refuses_each_misuse_and_nothing_else(mypy_errors: dict[str, list[tuple[int, str]]]) -> None:
    assert set(mypy_errors["must_fail.py"]) == set(expected().items())


def test_pyright_accepts_the_right_uses(pyright_lines: dict[str, set[int]]) -> None:
    assert pyright_lines["must_pass.py"] == set()


def test_pyright_refuses_each_misuse_and_nothing_else(pyright_lines: dict[str, set[int]]) -> None:
    assert pyright_lines["must_fail.py"] == set(expected())
