from __future__ import annotations

import json
import sys
from typing import Any

import pytest

BUDGETED = """\
---
inputs:
  question: {kind: string}
  docs:
    kind: array
    items: {kind: string}
  history:
    kind: thread
    required: false
metadata:
  promptlib:
    segments:
      docs: {priority: 20}
      history: {priority: 10}
---
system:
Answer from the documents.

{{ history }}

user:
{{ docs | join("\\n") }}

{{ question }}
"""


@pytest.fixture
def asking(bare: Any) -> Any:
    """Return a shell with a prompt that a budget can shorten, and its inputs in values.json."""
    bare.ok("save", "ask", "-", "-m", "First", given=BUDGETED)
    turns = [{"role": "user" if at % 2 == 0 else "assistant", "content": f"turn {at} " * 9} for at in range(20)]
    values = {"question": "Why?", "docs": [f"Document {at} " + "word " * 30 for at in range(12)], "history": turns}
    bare.write("values.json", json.dumps(values))
    return bare


# --- render -----------------------------------------------------------------------------------------------------------


def test_render_explains_what_the_budget_did(asking: Any) -> None:
    out = asking.ok("render", "ask", "--inputs", "values.json", "--budget", "260", "--reserve", "40", "--explain")
    assert out.startswith("system:\nAnswer from the documents.\n\n")
    account = out[out.index("counted by o200k_base, as openai-chat") :].splitlines()
    assert account[1].endswith("% of 260")
    assert [row.split() for row in account if row.startswith("     ")][:1] == [["overhead", "15"]]
    docs, history = account[-2:]
    assert docs.split()[:2] == ["docs", "20"]
    assert "truncated  5 of 12 items: 201 tokens were left" in docs
    assert "truncated  1 of 20 messages: " in history
    assert "Document 4" in out
    assert "Document 5" not in out


def test_render_tells_programs_what_the_budget_did(asking: Any) -> None:
    document = asking(
        "render", "ask", "--inputs", "values.json", "--budget", "700", "--low-water", "0.5", "--json"
    ).json
    budget = document["budget"]
    assert [row["name"] for row in budget["segments"]] == ["history", "docs"]
    assert [row["outcome"] for row in budget["segments"]] == ["truncated", "kept"]
    assert budget["remaining"] >= 0
    assert budget["stable_prefix_tokens"] > 0
    assert document["provenance"]["budget"]["segments"] == budget["segments"]


def test_an_account_goes_beside_what_is_piped_to_an_api(asking: Any) -> None:
    ended = asking("render", "ask", "--inputs", "values.json", "--budget", "700", "--explain", "--format", "openai")
    assert json.loads(ended.out)[0]["role"] == "system"
    assert ended.err.startswith("counted by o200k_base")


def test_a_model_without_a_public_tokenizer_needs_a_margin(asking: Any) -> None:
    common = ("render", "ask", "--inputs", "values.json", "--budget", "2000", "--model", "claude-sonnet-4-5")
    refused = asking(*common)
    assert refused.code == 1
    assert "a budget without margin would promise an exact one" in refused.err
    assert asking(*common, "--margin", "800", "--json").json["tokens"]["exactness"] == "estimate"
    assert (
        asking("render", "ask", "--inputs", "values.json", "--model", "gpt-4", "--json").json["tokens"]["engine"]
        == "cl100k_base"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--explain",), "--explain is a part of --budget: give both"),
        (("--low-water", "100"), "--low-water is a part of --budget: give both"),
        (("--grid", "8"), "--grid is a part of --budget: give both"),
        (("--margin", "8"), "--margin is a part of --budget: give both"),
        (("--model", "gpt-4o", "--encoding", "cl100k_base"), "give one of --encoding, --model and --tokenizer"),
        (("--tokenizer", "nowhere.json"), "nowhere.json is no tokenizer file"),
    ],
)
def test_options_that_say_nothing_alone_are_refused(asking: Any, arguments: tuple[str, ...], words: str) -> None:
    ended = asking("render", "ask", "--inputs", "values.json", *arguments)
    assert ended.code == 2
    assert words in " ".join(ended.err.split())


def test_what_does_not_fit_at_all_is_told_with_the_smallest_budget(asking: Any) -> None:
    ended = asking("render", "ask", "--inputs", "values.json", "--budget", "15")
    assert ended.code == 1
    assert "what must stay takes 19 of 15 tokens: 4 over" in ended.err
    assert "max_tokens=19 is the smallest that would do" in ended.err
    assert asking("render", "ask", "--inputs", "values.json", "--budget", "19").code == 0


# --- count ------------------------------------------------------------------------------------------------------------


def test_several_things_are_counted_with_their_sum(triage: Any) -> None:
    path = triage.write("a.txt", "hello world")
    out = triage.ok("count", "support/triage", "support/triage@v1", path)
    assert out == (
        "support/triage     15\nsupport/triage@v1  13\na.txt               2\n30 tokens (exact, o200k_base)\n"
    )
    document = triage("count", "support/triage", path, "--json").json
    assert (document["total"], document["exactness"], document["engine"]) == (17, "exact", "o200k_base")
    assert document["counts"][1] == {
        "of": "a.txt", "total": 2, "exactness": "exact", "engine": "o200k_base", "messages": [],
    }  # fmt: skip


def test_a_whole_store_is_counted(triage: Any) -> None:
    triage.ok("save", "style", "-", "-m", "First", given="---\n---\nsystem:\nBe brief.\n")
    assert triage.ok("count", "--all") == "style            3\nsupport/triage  15\n18 tokens (exact, o200k_base)\n"
    assert triage("count", "--all", "--json").json["total"] == 18


def test_an_empty_store_has_no_tokens(bare: Any) -> None:
    assert bare.ok("count", "--all") == "no prompts here\n"
    assert bare("count", "--all", "--json").json["counts"] == []


def test_the_change_of_each_version_is_told(triage: Any) -> None:
    assert triage.ok("count", "support/triage", "--diff") == (
        "support/triage\n  v1  13  +13  Change 1\n  v2  15   +2  Change 2\n  v3  15   ±0  Change 3\n"
    )
    versions = triage("count", "support/triage", "--diff", "--json").json["prompts"][0]["versions"]
    assert [(each["tokens"], each["change"], each["version"]["number"]) for each in versions] == [
        (13, 13, 1), (15, 2, 2), (15, 0, 3),
    ]  # fmt: skip


def test_the_changes_of_a_whole_store_are_told(triage: Any) -> None:
    triage.ok("rename", "support/triage", "support/sort", "-m", "Shorter")
    triage.ok("save", "style", "-", "-m", "First", given="---\n---\nsystem:\nBe brief.\n")
    out = triage.ok("count", "--all", "--diff")
    assert out.startswith("style\n  v1  3  +3  First\n\nsupport/sort\n  v1  13  +13  Change 1\n")
    assert "unreadable" not in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--all", "x"), "--all counts every prompt: name none"),
        (("--diff",), "--diff tells of a prompt's versions: name some, or give --all"),
    ],
)
def test_counting_nothing_is_refused(triage: Any, arguments: tuple[str, ...], words: str) -> None:
    ended = triage("count", *arguments)
    assert ended.code == 2
    assert words in ended.err


def test_a_model_counts_by_its_encoding(triage: Any) -> None:
    assert triage.ok("count", "--model", "gpt-4o", given="hello world") == "2 tokens (exact, o200k_base)\n"
    assert "estimate" in triage.ok("count", "--model", "claude-sonnet-4-5", given="hello world")
    unknown = triage("count", "--model", "gpt-4oh", given="hello world")
    assert unknown.code == 3
    assert "did you mean" in unknown.err


def test_a_tokenizer_file_counts(triage: Any) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"hello": 0, "world": 1, "[UNK]": 2}, unk_token="[UNK]"))  # noqa: S106 - a token of text
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(triage.folder / "tokenizer.json"))
    out = triage.ok("count", "--tokenizer", "tokenizer.json", given="hello wide world")
    assert out.startswith("3 tokens (exact, tokenizer-")


def test_without_the_package_a_tokenizer_file_is_refused(triage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    ended = triage("count", "--tokenizer", "tokenizer.json", given="hello")
    assert ended.code == 2
    assert "this needs the package tokenizers: pip install tokenizers" in " ".join(ended.err.split())
