"""The report as data, as words and as a page."""

from __future__ import annotations

import json
import re
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from promptlib.errors import InvalidInputs
from promptlib.fairness import Function, Report, Words, vary
from promptlib.fairness.verdicts import DIFFERS, INCONCLUSIVE, NOT_FOUND
from promptlib.fairness.wording import chance, difference, facts, found, interval, level, number, reach, still
from tests.fairness.models import BIASED, CASES, NAMES, PROMPT

REPORT: Report = vary(
    PROMPT, CASES, variants=NAMES, model=BIASED, permutations=999, seed=5, repeats=2, keep_texts=True,
    model_id="fake-1", time=datetime(2026, 5, 3, 14, 0, tzinfo=UTC),
)  # fmt: skip
EVIL = "</style></svg><script>alert(1)</script><img src=x onerror=alert(1)>\"'&\u202e"
#: What no report may say of a model or prompt, whatever it found.
CLAIMS = re.compile(r"\b(?:unbiased|unprejudiced|fair|no bias|bias-free|neutral|non-discriminatory)\b", re.IGNORECASE)


def test_json_both_ways() -> None:
    assert Report.from_json(REPORT.to_json()) == REPORT
    assert Report.from_dict(REPORT.to_dict()) == REPORT
    assert Report.from_json(REPORT.to_json()).identity == REPORT.identity
    assert replace(REPORT, seed=4).identity != REPORT.identity
    assert REPORT.to_json() == replace(REPORT).to_json()


def test_it_is_frozen_and_hashable() -> None:
    with pytest.raises(FrozenInstanceError):
        REPORT.seed = 5  # type: ignore[misc] # the error is what is tested
    assert hash(REPORT) == hash(Report.from_json(REPORT.to_json()))
    assert not hasattr(REPORT, "__dict__")


def test_what_differs() -> None:
    assert [(each.measure, each.group) for each in REPORT.differing] == [
        ("outputs.score", "female"), ("outputs.invite", "female")
    ]  # fmt: skip
    score = REPORT.differing[0]
    assert score.low is not None
    assert score.high is not None
    assert score.low < -0.9 < score.high < 0
    assert -1 <= score.size < 0
    assert REPORT.unsettled == ()


def test_thresholds_let_small_differences_pass() -> None:
    score, invite = REPORT.differing
    assert REPORT.over() == (score, invite)
    assert REPORT.over({"outputs.score": 5.0}) == (invite,)
    assert REPORT.over({"outputs.score": abs(score.effect)}) == (invite,)
    assert REPORT.over({"outputs.score": abs(score.effect) - 1e-9}) == (score, invite)
    assert REPORT.over({"refusals": 0.0}) == (score, invite)
    with pytest.raises(InvalidInputs, match=r"this report does not measure 'score'") as caught:
        REPORT.over({"score": 1.0})
    assert caught.value.hint.startswith("measures here: outputs.unreadable, outputs.score")


def changed(**parts: object) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(REPORT.to_json())
    return data | parts


COMPARISON = json.loads(REPORT.to_json())["comparisons"][0]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        ([], "the report is no fairness report"),
        ({"kind": "chain run"}, "the report is no fairness report"),
        (changed(promptlib=2), "the report has the format 2, and this promptlib reads 1"),
        (changed(seed="x", extra=1), "the report cannot be read: Report has no 'extra'"),
        (changed(alpha=float("nan")), "the report cannot be read: Report.alpha cannot be nan"),
        (changed(groups="ab"), "the report cannot be read: groups is a str, not a list"),
        (changed(groups=[1]), "the report cannot be read: Report.groups cannot be (1,)"),
        (changed(unit="name"), "the report cannot be read: a report has the unit 'name'"),
        (changed(cases=-1), "the report cannot be read: Report.cases cannot be -1"),
        (changed(cases=2**60), f"the report cannot be read: Report.cases cannot be {2**60}"),
        (changed(alpha=10**400), f"the report cannot be read: Report.alpha cannot be 1{'0' * 79}"),
        (changed(seed=0.5), "the report cannot be read: Report.seed cannot be 0.5"),
        (changed(comparisons=[1]), "the report cannot be read: Comparison is a int, not an object"),
        (changed(comparisons=[COMPARISON | {"p": "0"}]), "the report cannot be read: Comparison.p cannot be '0'"),
        (
            changed(comparisons=[COMPARISON | {"verdict": "unbiased"}]),
            "the report cannot be read: a comparison has the scale 'rate' and the verdict 'unbiased'",
        ),
        (changed(time="yesterday"), "the report cannot be read: Invalid isoformat string: 'yesterday'"),
    ],
)
def test_what_is_no_report_is_refused(data: object, what: str) -> None:
    with pytest.raises(InvalidInputs) as caught:
        Report.from_dict(data)
    assert caught.value.what == what


def test_what_lacks_a_part_or_is_no_json_is_refused() -> None:
    data = changed()
    del data["model_id"]
    with pytest.raises(InvalidInputs, match="missing 1 required keyword-only argument: 'model_id'"):
        Report.from_dict(data)
    with pytest.raises(InvalidInputs, match=r"old\.json is no JSON"):
        Report.from_json("{", source="old.json")
    with pytest.raises(InvalidInputs, match="the report is no JSON"):
        Report.from_json("[" * 100_000)
    with pytest.raises(InvalidInputs, match="the report has the format 7"):
        Report.from_json(json.dumps(changed(promptlib=7)))
    with pytest.raises(InvalidInputs, match="cannot be read: 'md5:1' is no digest"):
        Report.from_dict(changed(digest="md5:1"))


def test_numbers_for_people() -> None:
    assert number(0.1234, "rate") == "12.3%"
    assert number(1234.5, "mean") == "1,234"
    assert number(-2.5, "mean") == "\u22122.5"
    assert difference(0.05, "rate") == "+5.0 pp"
    assert difference(-0.05, "rate") == "\u22125.0 pp"
    assert difference(0.0, "mean") == "0"
    assert difference(-0.0001, "rate") == "0.0 pp"
    assert difference(None, "rate") == "-"
    assert chance(0.0001) == "<0.001"
    assert chance(0.05) == "0.050"
    assert level(0.05) == "95%"
    assert level(0.001) == "99.9%"
    each = replace(REPORT.comparisons[0], low=-0.1, high=None, smallest=0.2)
    assert interval(each) == "[\u221210.0, ?]"
    assert reach(each) == "\u00b120.0 pp"


def judged(*verdicts: str, same: str = NOT_FOUND) -> Report:
    comparisons = tuple(replace(REPORT.comparisons[0], verdict=verdict) for verdict in verdicts)  # type: ignore[arg-type] # a text that is a verdict
    return replace(REPORT, comparisons=comparisons, baseline=(replace(REPORT.baseline[0], verdict=same),))  # type: ignore[arg-type] # so is this


def test_what_was_found_in_a_sentence() -> None:
    assert found(judged(DIFFERS)) == "1 of 1 comparison differs."
    assert found(judged(DIFFERS, DIFFERS, NOT_FOUND)) == "2 of 3 comparisons differ."
    assert found(judged(NOT_FOUND)) == "No difference found at this n."
    unsettled = " Nothing can be concluded from outputs.unreadable: the same group, asked twice, differs from itself."
    assert found(judged(NOT_FOUND, INCONCLUSIVE, same=DIFFERS)) == "No difference found at this n." + unsettled
    assert found(judged(INCONCLUSIVE, same=DIFFERS)).startswith("Nothing can be concluded: ")


def test_the_facts_name_everything_that_a_reader_needs() -> None:
    text = "\n".join(f"{name}: {told}" for name, told in facts(REPORT))
    for part in (
        REPORT.digest[7:15],
        "fake-1",
        "male, female",
        "gender (en)",
        "name",
        "5 cases x 4 rows x 2 repeats, 120 calls",
    ):
        assert part in text
    for part in ("alpha 0.05", "Holm", "999 permutations", "seed 5", "2026-05-03 14:00:00+00:00"):
        assert part in text
    assert "time" not in dict(facts(replace(REPORT, time=None)))
    assert dict(facts(replace(REPORT, model_id="")))["model"] == "not said"


def test_no_text_ever_says_that_there_is_none() -> None:
    quiet = vary(PROMPT, CASES, variants=NAMES, model=lambda _: "yes", permutations=99)
    for report in (REPORT, quiet, judged(INCONCLUSIVE, same=DIFFERS)):
        words = re.sub(r"<style>.*?</style>", "", report.to_html(), flags=re.DOTALL) + found(report)
        assert not CLAIMS.search(words)


def test_the_page_is_whole_and_holds_no_foreign_word_as_markup() -> None:
    evil = vary(
        PROMPT, CASES, variants=replace(NAMES, source=EVIL, licence=EVIL),
        model=lambda messages, seed: EVIL + BIASED(messages, seed=seed), permutations=99, keep_texts=True,
        model_id=EVIL, measures=[Words(), Function(EVIL, lambda text: float(len(text)))],
    )  # fmt: skip
    page = replace(evil, name=EVIL, fields=(EVIL,), groups=(EVIL, *evil.groups)).to_html()
    assert "<script" not in page
    assert "<img" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert page.count("</style>") == 1
    assert not re.search(r"(?:src|href|url)\s*[=(]\s*['\"]?https?:", page)
    assert "default-src 'none'; style-src 'sha256-" in page
    assert "<script" not in evil._repr_html_()
    assert 'sandbox width="100%"' in evil._repr_html_()


def test_the_page_draws_what_moves_and_lists_the_rest() -> None:
    page = REPORT.to_html()
    constant = still(REPORT)
    assert constant == {"outputs.unreadable": "0.0%", "refusals": "0.0%"}
    assert page.count('class="row differs"') == 2
    assert page.count("asked twice</bdi>") == 2
    assert "The same in every answer" in page
    assert "<summary>The 120 answers</summary>" in page
    assert "<summary>The" not in replace(REPORT, texts=()).to_html()


def test_a_page_of_too_few_pairs_and_of_an_unsettled_baseline_can_be_drawn() -> None:
    few = vary(PROMPT, CASES[:1], variants=NAMES, model=BIASED, permutations=99)
    assert all(each.low is None and each.smallest is None for each in few.comparisons)
    assert "[?, ?]" in few.to_html()
    unsettled = replace(REPORT, baseline=tuple(replace(each, verdict=DIFFERS) for each in REPORT.baseline))
    assert unsettled.to_html().count("differs from itself here: nothing can be concluded") == 2
