"""Each lesson: its broken prompt fails, its answer passes, plausible wrong answers are told what is wrong with them.

What is handed in stands in one file for each lesson, such as `delimiters.toml`; {head} and {foot} are texts of it.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from promptlib.errors import Where
from promptlib.learn import LESSONS, SECTIONS, check, lesson, page_of

HERE = Path(__file__).parent
FILES = tuple(each.name for each in LESSONS if each.lay is None)
TABLES: dict[str, dict[str, Any]] = {name: tomllib.loads((HERE / f"{name}.toml").read_text("utf-8")) for name in FILES}


def rows(kind: str) -> list[Any]:
    return [
        pytest.param(name, row, id=f"{name}: {row['name']}") for name in FILES for row in TABLES[name].get(kind, ())
    ]


def handed_in(name: str, row: dict[str, Any]) -> bytes:
    text: str = row["text"]
    for part in ("head", "foot"):
        text = text.replace(f"{{{part}}}", TABLES[name].get(part, "").strip("\n"))
    return text.removeprefix("\n").encode()


@pytest.mark.parametrize("name", FILES)
def test_the_broken_prompt_fails_with_what_its_page_is_about(name: str) -> None:
    report = check(name, page_of(name).broken.encode())
    assert report.findings
    assert {each.check for each in report.findings} <= {each.id for each in lesson(name).checks}


@pytest.mark.parametrize("name", FILES)
def test_the_answer_passes(name: str) -> None:
    assert check(name, page_of(name).answer.encode()).findings == ()


@pytest.mark.parametrize("name", FILES)
def test_there_are_wrong_answers_of_five_kinds_and_other_right_ones(name: str) -> None:
    assert len(TABLES[name]["wrong"]) >= 5
    assert len(TABLES[name]["right"]) >= 2
    spoken = {row["check"] for row in TABLES[name]["wrong"]} | {
        each.check for each in check(name, page_of(name).broken.encode()).findings
    }
    assert {each.id for each in lesson(name).checks} <= spoken, "a check that no answer is caught by"


@pytest.mark.parametrize(("name", "row"), rows("wrong"))
def test_a_wrong_answer_is_told_what_is_wrong(name: str, row: dict[str, Any]) -> None:
    report = check(name, handed_in(name, row), source="mine.prompty")
    told = [each for each in report.findings if each.check == row["check"]]
    assert told, report
    assert row["words"] in told[0].message
    for each in report.findings:
        assert each.hint
        assert isinstance(each.where, Where)
        assert each.where.source == "mine.prompty"
        assert each.where.line


@pytest.mark.parametrize(("name", "row"), rows("right"))
def test_other_sound_solutions_pass(name: str, row: dict[str, Any]) -> None:
    assert check(name, handed_in(name, row)).findings == ()


@pytest.mark.parametrize("name", [each.name for each in LESSONS])
def test_a_page_has_its_parts(name: str) -> None:
    page = page_of(name)
    assert tuple(page.sections) == SECTIONS
    assert page.text.startswith("# ")
    assert f"`promptlib learn {name}`" in page.reading
    assert 3 <= len(page.hints) <= 6
    assert "](https://" in page.sections["Source"]
