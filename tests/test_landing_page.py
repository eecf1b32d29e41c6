"""What people see first is true: figures stand on the pages that prove them, and links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FIRST = ROOT / "docs" / "index.md"
LINK = re.compile(r"(?<!\\)\]\(([^)\s]+)\)")
NUMBER = re.compile(r"\d[\d.,/]*\d|\d")
#: What no builder of pages looks at: the forge shows it.
SHOWN_BY_THE_FORGE = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "examples/app/README.md")


def figures() -> list[tuple[str, str]]:
    """Return what the first page says was measured, and the page that it names as proof."""
    section = FIRST.read_text("utf-8").partition("## What makes it different")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| .+ \| (.*) \| \[.+\]\((.+)\) \|$", section, re.MULTILINE)
    return [(told.strip(), page) for told, page in rows if told.strip()]


@pytest.mark.parametrize(("told", "page"), figures())
def test_a_figure_stands_on_the_page_that_proves_it(told: str, page: str) -> None:
    proof = (FIRST.parent / page).read_text("utf-8")
    numbers = NUMBER.findall(told)
    assert numbers
    assert [number for number in numbers if not re.search(rf"(?<![\d.,/]){re.escape(number)}(?![\d/])", proof)] == []


def test_there_are_figures() -> None:
    assert len(figures()) >= 5


@pytest.mark.parametrize("page", SHOWN_BY_THE_FORGE)
def test_every_link_of_the_forge_leads_somewhere(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    links = [link for link in LINK.findall(text) if "://" not in link and not link.startswith("#")]
    gone = [link for link in links if not ((ROOT / page).parent / link.partition("#")[0]).exists()]
    assert gone == []


def test_the_readme_and_the_first_page_show_the_same_picture() -> None:
    assert "](docs/images/screen.svg)" in (ROOT / "README.md").read_text("utf-8")
    assert "](images/screen.svg)" in FIRST.read_text("utf-8")
