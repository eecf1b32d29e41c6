"""Over two libraries that real people keep: the rates in the docs, and which rules are on."""

from __future__ import annotations

from pathlib import Path

import pytest

from promptlib.lint import RULES, Report
from tests.benchmarks.lint_rates import reports, table

PAGE = Path(__file__).parents[2] / "docs/reference/lint/index.md"


@pytest.fixture(scope="module")
def found(corpus: Path) -> dict[str, Report]:
    return reports(corpus)


def test_the_rates_in_the_docs_are_those_of_today(found: dict[str, Report]) -> None:
    assert table(found) in PAGE.read_text("utf-8")


def test_every_place_holds_and_nothing_else_than_a_prompt_is_unread(found: dict[str, Report]) -> None:
    assert [report.prompts for report in found.values()] == [225, 218, 105]
    for report in found.values():
        assert all(each.where.line and each.where.column and each.advice for each in report.findings)
        assert "unreadable" not in report.by_rule


def test_of_literal_texts_only_what_is_certain_is_said_by_default(found: dict[str, Report]) -> None:
    on = {rule.id for rule in RULES if rule.on}
    told = {rule for which in ("fabric", "awesome") for rule in found[which].by_rule} & on
    assert told == {"missing-description", "trailing-blanks", "crlf", "invisible-character", "near-duplicate"}
