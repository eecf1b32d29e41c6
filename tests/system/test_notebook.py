"""The notebook among the examples runs by itself, and a browser shows what a notebook is for."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

import promptlib
from tests.benchmarks.peers.environments import NotInstalled, python_with
from tests.serving import free_port, wait_for
from tests.system.browsing import PATIENCE, Browser
from tests.system.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOTEBOOK = ROOT / "examples" / "notebook.py"
(MARIMO,) = re.findall(r'__generated_with = "(.+)"', NOTEBOOK.read_text("utf-8"))
#: Words of each cell that shows something, and elements.
SHOWN = (
    *("What the customer wrote", "11 of 20 messages: 150 tokens were left", "system message 1"),
    *("My parcel is late.", "Answer a question before the purchase"),
)


@pytest.fixture(scope="module")
def marimo(lack: Callable[[str], NoReturn]) -> str:
    """Return a Python with marimo, and what promptlib needs at run time."""
    try:
        return python_with("marimo", f"marimo=={MARIMO}", "pydantic", "jinja2", "tiktoken", "filelock")
    except NotInstalled as error:
        lack(f"marimo cannot be installed: {error}")


def stranger(folder: Path) -> dict[str, str]:
    """Return the environment of a machine of its own, with the promptlib under test."""
    package = str(Path(promptlib.__file__).parents[1])
    return {"PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONPATH": package, "TMPDIR": str(folder)}


def run(*words: str | Path, folder: Path) -> None:
    """Run a command there, to its good end."""
    command = subprocess.run(words, cwd=folder, env=stranger(folder), capture_output=True, text=True, check=False)
    assert command.returncode == 0, command.stdout + command.stderr


@pytest.fixture
def address(marimo: str, tmp_path: Path) -> Iterator[str]:
    """Return where marimo shows the notebook."""
    port = free_port()
    words = [marimo, "-m", "marimo", "run", str(NOTEBOOK), "--headless", "--no-token", "--port", str(port)]
    with subprocess.Popen(words, cwd=tmp_path, env=stranger(tmp_path), stdout=subprocess.DEVNULL) as server:
        wait_for(port)
        yield f"http://127.0.0.1:{port}/"
        server.terminate()


def test_it_runs_without_a_browser(marimo: str, tmp_path: Path) -> None:
    run(marimo, NOTEBOOK, folder=tmp_path)


def test_marimo_finds_nothing_wrong_with_it(marimo: str, tmp_path: Path) -> None:
    run(marimo, "-m", "marimo", "check", "--strict", NOTEBOOK, folder=tmp_path)


def test_a_browser_shows_it(address: str, tmp_path: Path, program: Callable[[str, str], str]) -> None:
    with Browser(program("chromium", "chromium"), tmp_path / "profile", width=1200, height=3000) as browser:
        browser.open(address)
        end = time.monotonic() + PATIENCE
        while missing := [words for words in SHOWN if words not in browser.ask("document.body.innerText")]:
            assert time.monotonic() < end, missing
            browser.drawn()
        frames = browser.ask("[...document.querySelectorAll('iframe')].map((each) => each.srcdoc).join()")
        assert "Lineage of sales/reply" in frames
        assert "1 of 6 comparisons differs." in frames
        assert browser.ask("document.querySelectorAll('mark').length") > 0
        gap = "(() => { const [one, other] = document.querySelectorAll('td'); return other.getBoundingClientRect().left"
        gap += " - one.getBoundingClientRect().right; })()"
        assert browser.ask(gap) > 4, "cells of a table run into each other"
