"""The pages build from the same mkdocs.yml with both tools, and neither finds a broken link."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Return a copy of what the pages are made of."""
    for name in ("docs", "promptlib", "examples"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in [*ROOT.glob("*.md"), ROOT / "mkdocs.yml", ROOT / "pyproject.toml"]:
        shutil.copy(path, tmp_path)
    return tmp_path


def build(sources: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Build the pages; warnings go with the output, which must not be silenced: `-q` hides broken links."""
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=sources,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.parametrize("tool", ["zensical", "mkdocs"])
def test_the_pages_build(tool: str, sources: Path) -> None:
    run = build(sources, tool, "build", "--strict", "--clean")
    assert run.returncode == 0, run.stdout
    assert "warning" not in run.stdout.lower()
    assert (sources / "site" / "index.html").is_file()


@pytest.mark.parametrize("tool", ["zensical", "mkdocs"])
def test_a_broken_link_stops_the_build(tool: str, sources: Path) -> None:
    with (sources / "docs" / "index.md").open("a") as page:
        page.write("\n[nowhere](no-such-page.md)\n")
    assert build(sources, tool, "build", "--strict", "--clean").returncode != 0
