"""The pages of lessons have one source, the index lists what there is, and rules of lint name the lesson that fits."""

from __future__ import annotations

from pathlib import Path

import pytest

from promptlib.learn import LESSONS, NAMES, page_of
from promptlib.lint import IDS
from promptlib.lint import page as rule_page

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs/lessons"
BY_RULE = {rule: each.name for each in LESSONS for rule in each.rules}


def test_the_docs_show_the_pages_of_the_package() -> None:
    shown = {path.stem: path.read_text("utf-8") for path in DOCS.glob("*.md") if path.stem != "index"}
    assert shown == {name: f'--8<-- "promptlib/learn/pages/{name}.md"\n' for name in NAMES}


def test_the_index_and_the_navigation_list_the_lessons_in_their_order() -> None:
    index = (DOCS / "index.md").read_text("utf-8")
    rows = [f"| [{name}]({name}.md) | {page_of(name).title} |\n" for name in NAMES]
    assert "".join(rows) in index
    nav = [f"      - {name}: lessons/{name}.md\n" for name in NAMES]
    assert "".join(nav) in (ROOT / "mkdocs.yml").read_text("utf-8")


def test_a_rule_belongs_to_one_lesson() -> None:
    assert len(BY_RULE) == sum(len(each.rules) for each in LESSONS)
    assert set(BY_RULE) <= set(IDS)


@pytest.mark.parametrize("rule", IDS)
def test_the_page_of_a_rule_names_its_lesson_and_no_other(rule: str) -> None:
    said = [line for line in rule_page(rule).text.splitlines() if "promptlib learn" in line or "lessons/" in line]
    name = BY_RULE.get(rule)
    wanted = [f"To practise: `promptlib learn {name}`, the lesson [{name}](../../lessons/{name}.md)."] if name else []
    assert said == wanted
