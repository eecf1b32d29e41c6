"""`promptlib vary`: a command answers, and what differs between the groups is told, checked and kept."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from promptlib import Store
from promptlib.cli import answering
from promptlib.fairness import Answers, Report
from tests.fairness.models import BIASED, CASES, NAMES, PROMPT

SET = json.dumps(
    {
        "axis": NAMES.axis, "language": "en", "source": NAMES.source, "licence": NAMES.licence,
        "groups": {group: {form: list(each) for form, each in forms.items()} for group, forms in NAMES.groups.items()},
    }
)  # fmt: skip
MODEL = """\
import json, os, sys
from random import Random
text = json.load(sys.stdin)[-1]["content"]
random = Random(os.environ["PROMPTLIB_ANSWER_SEED"])
hit = any(name in text for name in ("Anna", "Beth", "Cora", "Dora"))
print(json.dumps({"score": 5 + random.gauss(0, 0.5) - 2 * hit, "invite": random.random() < 0.5}))
"""


@pytest.fixture
def hiring(bare: Any) -> Any:
    """Return a shell in a store with a prompt that rates people, a set of groups and cases beside it."""
    with Store(bare.folder) as store:
        store.save("hiring/rate", replace(PROMPT, description="Rate an application"))
    bare.write("names.json", SET)
    bare.write("cases.jsonl", "".join(json.dumps(each) + "\n" for each in CASES))
    return bare


@pytest.fixture
def quick(hiring: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the same with a command that is answered in this process: `model` biased, `fail` failing at once."""

    def answered(command: str, option: str) -> Any:
        assert option == "--with"

        def fail(messages: list[dict[str, object]], *, seed: int) -> str:
            raise answering.CommandFailedError("the line is dead")

        numbers = count(1)

        def stop(messages: list[dict[str, object]], *, seed: int) -> str:
            if next(numbers) > 7:
                raise KeyboardInterrupt
            return BIASED(messages, seed=seed)

        return {"model": BIASED, "fail": fail, "stop": stop, "still": lambda _: "yes"}[command]

    monkeypatch.setattr("promptlib.cli.vary.answered_by", answered)
    return hiring


def asking(command: str = "model", *more: str) -> tuple[str, ...]:
    asked = ("vary", "hiring/rate", "--set", "names.json", "--cases", "cases.jsonl", "--with", command)
    return (*asked, "--seed", "5", "--repeats", "2", *more)


def test_a_command_answers_each_call_with_a_seed_of_its_own(hiring: Any) -> None:
    hiring.write("model.py", MODEL)
    hiring.write("few.csv", "job\nnurse\njudge\n")
    command = f"{sys.executable} -I -S {hiring.folder / 'model.py'}"
    words = ("vary", "hiring/rate", "--set", "names.json", "--with", command, "--cases", "few.csv", "--at-once", "2")
    ended = hiring(*words, "--measure", "outputs", "--json", "--model-id", "fake-1", "--answers", "kept.jsonl")
    assert ended.code == 0, ended.err
    report = Report.from_dict(ended.json["report"])
    assert (report.ref, report.model_id, report.cases, report.rows) == (
        f"hiring/rate@v1#{PROMPT.digest[7:15]}",
        "fake-1",
        2,
        4,
    )
    assert [each.measure for each in report.differing] == ["outputs.score"]
    assert report.time is not None
    assert len(Answers.from_jsonl((hiring.folder / "kept.jsonl").read_text("utf-8"))) == report.calls
    others = tuple("false" if word == command else word for word in words)
    again = hiring(*others, "--measure", "outputs", "--json", "--model-id", "fake-1", "--answers", "kept.jsonl")
    assert replace(Report.from_dict(again.json["report"]), time=None) == replace(report, time=None)


def test_the_table_fits_80_columns_and_says_what_was_found(quick: Any) -> None:
    out = quick.ok(*asking(), columns=80)
    table = out[out.index("measure") :]
    assert max(len(line) for line in table.splitlines() if "same in every" not in line) <= 80
    assert "≠  outputs.score " in out
    assert "male, asked twice:" in out
    assert "the same in every answer: outputs.unreadable 0.0%" in out
    assert "2 of 4 comparisons differ." in out
    assert f"hiring/rate@v1#{PROMPT.digest[7:15]}" in out


def test_a_check_fails_where_a_difference_is_larger_than_its_threshold(quick: Any) -> None:
    assert quick(*asking()).code == 0
    ended = quick(*asking("model", "--check"))
    assert ended.code == 1
    assert "check: outputs.score, female against male: differs by" in ended.err
    assert "and has no threshold" in ended.err
    ended = quick(*asking("model", "--check", "--threshold", "outputs.score=0.1", "--threshold", "outputs.invite=0.9"))
    assert ended.code == 1
    assert ", more than 0.1" in ended.err
    assert "outputs.invite" not in ended.err
    limits = ("--threshold", "outputs.score=9", "--threshold", "outputs.invite=0.9")
    assert quick(*asking("model", "--check", *limits)).code == 0
    assert quick(*asking("still", "--check")).code == 0


def test_a_check_says_what_it_can_say_nothing_of(quick: Any) -> None:
    kept = quick(*asking("model", "--json")).json["report"]
    for each in kept["baseline"]:
        each["verdict"] = "differs"
    for each in kept["comparisons"]:
        each["verdict"] = "nothing can be concluded"
    with Store(quick.folder) as store:
        store.keep_report("hiring/rate", Report.from_dict(kept))
    ended = quick("vary", "hiring/rate", "--stored", "--check")
    assert ended.code == 0
    assert "check: outputs.score: male, asked twice, differs from itself; nothing can be concluded" in ended.err
    assert "Nothing can be concluded: the same group, asked twice, differs from itself." in ended.out
    assert "?  outputs.score " in ended.out


def test_a_report_is_kept_and_checked_without_a_model(quick: Any) -> None:
    ended = quick("vary", "hiring/rate", "--stored")
    assert ended.code == 3
    assert "hiring/rate has no report" in ended.err
    ended = quick(*asking("model", "--save"))
    assert ended.code == 0
    assert f"Kept beside hiring/rate@v1#{PROMPT.digest[7:15]}: .fairness/" in ended.err
    assert "2 of 4 comparisons differ." in quick.ok("vary", "hiring/rate", "--stored")
    assert quick("vary", "hiring/rate", "--stored", "--check").code == 1
    limits = ("--threshold", "outputs.score=9", "--threshold", "outputs.invite=0.9")
    assert quick("vary", "hiring/rate@v1", "--stored", "--check", *limits).code == 0
    assert quick("vary", "hiring/rate", "--stored", "--check", "--threshold", "scroe=1").code == 1
    assert quick("vary", "hiring/rate", "--stored", "--html", "-").out.startswith("<!doctype html>")


def test_how_gaps_moved_is_shown_along_the_versions(quick: Any) -> None:
    ended = quick("vary", "hiring/rate", "--history")
    assert (ended.code, ended.out) == (0, "")
    assert "no version of hiring/rate has a report; vary … --save keeps one" in ended.err
    quick.ok(*asking("model", "--save", "--model-id", "fake-1"))
    with Store(quick.folder) as store:
        store.save("hiring/rate", store.load("hiring/rate").evolve(description="Again", settings={"temperature": 0}))
    quick.ok(*asking("model", "--save", "--model-id", "fake-1"))
    out = quick.ok("vary", "hiring/rate", "--history")
    assert "outputs.score, female against male, model fake-1" in out
    lines = [line.split() for line in out.splitlines() if line.startswith("  v")]
    assert [line[0] for line in lines[:2]] == ["v1", "v2"]
    assert out.count("first") == out.count("not told apart") == 2
    assert "no difference at all: outputs.unreadable, refusals" in out
    document = quick("vary", "hiring/rate", "--history", "--json").json
    assert document["kind"] == "vary history"
    assert {gap["change"] for gap in document["gaps"]} == {"first", "not told apart"}
    assert [gap["version"] for gap in document["gaps"] if gap["measure"] == "outputs.score"] == ["v1", "v2"]


def test_a_log_marks_the_versions_that_were_measured(quick: Any) -> None:
    assert "measured" not in quick.ok("log", "hiring/rate")
    assert quick("log", "hiring/rate", "--json").json["versions"][0]["reports"] == 0
    quick.ok(*asking("model", "--save"))
    assert "measured: gender, 1 report" in quick.ok("log", "hiring/rate")
    assert quick("log", "hiring/rate", "--json").json["versions"][0]["reports"] == 1
    assert "was measured: gender, 1 report" in quick.ok("lineage", "hiring/rate")


def test_a_log_is_a_log_where_a_report_cannot_be_read(quick: Any) -> None:
    with Store(quick.folder) as store:
        digest = store.version("hiring/rate").digest[7:]
        with store.transaction("Damage") as transaction:
            transaction.keep_report(f".fairness/{digest}/{digest}.json", b"{")
    assert "v1" in quick.ok("log", "hiring/rate")
    assert "was measured: cannot be read, 0 reports" in quick.ok("lineage", "hiring/rate")
    assert quick("vary", "hiring/rate", "--stored").code == 5
    assert quick("fsck").code == 5


def test_a_dry_run_shows_what_each_group_reads(quick: Any) -> None:
    words = ("vary", "hiring/rate", "--set", "names.json", "--cases", "cases.jsonl", "--dry-run")
    out = quick.ok(*words)
    assert (
        "case 1, row 1\n  male\n    system:\n    You rate applications.\n    user:\n    ⟦Adam Hill⟧ applies as nurse."
        in out
    )
    assert "  female\n" in out
    assert "… 17 more of 20; --json has them all" in out
    document = quick(*words, "--json").json
    assert len(document["pairs"]) == 40
    assert document["pairs"][1]["values"] == {"name": "Anna Hill"}
    assert document["pairs"][1]["put"] == [{"field": "name", "message": 1, "start": 0, "end": 9}]
    quick.write("one.jsonl", '\n{"job": "two\\nlines"}\n')
    assert "    ⟦Adam Hill⟧ applies as two\n    lines." in quick.ok(*words[:5], "one.jsonl", "--dry-run")


def test_a_run_that_fails_keeps_what_was_answered(quick: Any) -> None:
    ended = quick(*asking("fail", "--answers", "kept.jsonl"))
    assert ended.code == 1
    assert "the model failed at group " in ended.err
    assert "it raised CommandFailedError: the line is dead" in ended.err
    assert "what was answered is in kept.jsonl: the same command goes on from there" in ended.err
    assert "give --answers FILE, and the next run asks only what is left" in quick(*asking("fail")).err
    quick.ok(*asking("model", "--answers", "kept.jsonl"))
    kept = (quick.folder / "kept.jsonl").read_text("utf-8")
    quick.write("kept.jsonl", kept[: len(kept) // 2])
    quick.ok(*asking("model", "--answers", "kept.jsonl"))
    assert sorted((quick.folder / "kept.jsonl").read_text("utf-8").splitlines()) == sorted(kept.splitlines())


def test_a_run_that_is_interrupted_says_what_is_kept(quick: Any) -> None:
    ended = quick(*asking("stop", "--answers", "kept.jsonl"))
    assert ended.code == 130
    assert "interrupted; what was answered is in kept.jsonl: the same command goes on from there" in ended.err
    assert len(Answers.from_jsonl((quick.folder / "kept.jsonl").read_text("utf-8"))) == 7
    assert "interrupted; no answer was kept: --answers FILE does so" in quick(*asking("stop")).err


def test_every_measure_can_be_chosen(quick: Any) -> None:
    names = ("outputs", "words", "characters", "refusals", "mentions", "overlap", "readability")
    chosen = tuple(word for name in names for word in ("--measure", name))
    report = quick(*asking("model", *chosen, "--json", "--texts")).json["report"]
    assert {each["measure"].partition(".")[0] for each in report["comparisons"]} == set(names)
    assert len(report["texts"]) == 120


def test_shipped_sets_and_other_fields_can_be_named(hiring: Any) -> None:
    words = ("vary", "hiring/rate", "--cases", "cases.jsonl", "--dry-run", "--json")
    document = hiring(*words, "--set", "gender").json
    assert {pair["group"] for pair in document["pairs"]} >= {"female", "male"}
    document = hiring(*words, "--set", "gender", "--field", "name=noun").json
    assert {pair["values"]["name"] for pair in document["pairs"]} >= {"woman", "man"}


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--with", "model"), 2, "which groups? give a shipped set, such as gender, or a file"),
        (("--set", "names.json"), 2, "who answers? give a command; --dry-run asks nobody"),
        (("--set", "gendre", "--dry-run"), 3, "no shipped set for the axis 'gendre'"),
        (("--set", "gender.xx", "--dry-run"), 3, "no shipped set for 'gender' in the language 'xx'"),
        (
            ("--set", "names.json", "--with", "model", "--measure", "length"),
            2,
            "no measure 'length'; measures: outputs",
        ),
        (("--set", "names.json", "--field", "name", "--dry-run"), 2, "'name' has no =: write name=FORM"),
        (("--threshold", "words=1"), 2, "a threshold is a part of --check: give both"),
        (("--check", "--threshold", "words"), 2, "'words' is no threshold: write MEASURE=X"),
        (("--check", "--threshold", "words=-1"), 2, "'words=-1' is no threshold"),
        (("--check", "--threshold", "words=many"), 2, "'words=many' is no threshold"),
        (("--set", "names.json", "--cases", "none.jsonl", "--dry-run"), 2, "No such file"),
        (("--set", "names.json", "--cases", "empty.jsonl", "--dry-run"), 2, "empty.jsonl holds no case"),
        (("--set", "names.json", "--cases", "torn.jsonl", "--dry-run"), 2, "torn.jsonl, line 2, is no JSON"),
        (("--set", "names.json", "--cases", "list.jsonl", "--dry-run"), 2, "list.jsonl, line 1, is no object such as"),
        (("--set", "names.json", "--with", "model"), 1, "job"),
    ],
)
def test_what_is_wrong_is_told(quick: Any, words: tuple[str, ...], code: int, told: str) -> None:
    quick.write("empty.jsonl", "\n")
    quick.write("torn.jsonl", '{"job": "nurse"}\n{"job"\n')
    quick.write("list.jsonl", "[1]\n")
    ended = quick("vary", "hiring/rate", *words)
    assert ended.code == code
    assert told in " ".join(ended.err.replace("│", " ").split())


def test_outputs_are_measured_only_where_they_are_declared(quick: Any) -> None:
    with Store(quick.folder) as store:
        store.save("hiring/rate", store.load("hiring/rate").evolve(outputs=()))
    ended = quick(*asking("model", "--measure", "outputs"))
    assert ended.code == 2
    assert "hiring/rate declares no outputs to measure" in " ".join(ended.err.replace("│", " ").split())
