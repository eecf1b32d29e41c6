"""`promptlib check`: what cannot be read, and what can overflow."""

from __future__ import annotations

from typing import Any

import pytest

from promptlib.cli.completing import names

WITHOUT_LIMIT = "---\ninputs:\n  ticket: {kind: string}\n---\nuser:\nSort this: {{ ticket }}\n"
LIMITED = WITHOUT_LIMIT.replace("kind: string", "kind: string, maxLength: 2000")
BROKEN = "---\n---\nuser:\nSort {{ this }} and {{ that }}\n"
HINT = "declare it with max_length=2_000 (in a file maxLength: 2000), or let a budget cut it: Segment(priority=10)"


@pytest.fixture
def shop(application: Any) -> Any:
    """Return a shell in an application with three prompts, one of which cannot be read."""
    for name, text in (("broken", BROKEN), ("limited", LIMITED), ("triage", WITHOUT_LIMIT)):
        application.write(f"prompts/{name}.prompty", text)
    return application


def test_every_prompt_is_read(shop: Any) -> None:
    ended = shop("check")
    assert ended.code == 1
    assert ended.out.splitlines() == [
        "broken",
        "  undeclared variable 'this' (prompts/broken.prompty:4:9)",
        "    inputs here: none",
        "  undeclared variable 'that' (prompts/broken.prompty:4:24)",
        "    inputs here: none",
        "3 prompts: 1 cannot be read",
    ]
    assert shop.ok("check", "limited", "triage") == "2 prompts: all can be read\n"


def test_what_a_prompt_takes_at_most_is_compared_with_the_budget(shop: Any) -> None:
    ended = shop("check", "--budget", "8000", "--reserve", "1000")
    assert ended.code == 1
    assert ended.out.splitlines() == [
        "broken                             cannot be read",
        "limited              8,011  7,000  can overflow",
        "triage   unbounded: ticket  7,000  can overflow",
        "broken",
        "  undeclared variable 'this' (prompts/broken.prompty:4:9)",
        "    inputs here: none",
        "  undeclared variable 'that' (prompts/broken.prompty:4:24)",
        "    inputs here: none",
        "limited",
        "    text of the prompt       4",
        "    ticket               8,000",
        "    around the messages      7",
        "    at most              8,011",
        "    limit                7,000",
        "  it can be 1,011 tokens over",
        "  limit the largest inputs (max_length, ge and le), let a budget cut them (Segment), or raise the limit",
        "triage",
        "    text of the prompt          4",
        "    ticket               no limit",
        "    around the messages         7",
        "    at most              no limit",
        "    limit                   7,000",
        "  it can overflow",
        "    ticket (prompts/triage.prompty:6:15): a text without max_length has no limit",
        f"      {HINT}",
        "3 prompts: 1 cannot be read, 2 can overflow",
    ]
    assert shop.ok("check", "limited", "--budget", "9000") == (
        "limited  8,011  9,000  ok\n1 prompt: none can overflow\n"
    )


def test_a_segment_makes_it_fit(shop: Any) -> None:
    cut = WITHOUT_LIMIT.replace("{{ ticket }}", '{% segment "ticket" %}{{ ticket }}{% endsegment %}')
    shop.write("prompts/triage.prompty", cut)
    assert shop("check", "triage", "--budget", "20").code == 0


def test_what_is_included_is_read_as_well(shop: Any) -> None:
    shop.write("prompts/broken.prompty", "---\n---\nsystem:\nBe kind.\n")
    shop.ok("save", "broken", "-m", "Whole")
    digest = shop("show", "broken", "--json").json["digest"].removeprefix("sha256:")
    head = f'---\nmetadata:\n  promptlib:\n    includes:\n      style: "broken#{digest}"\n---\n'
    included = head + 'user:\n{% include "style" %}\n'
    shop.write("prompts/limited.prompty", included)
    assert shop.ok("check", "limited", "--budget", "20") == "limited  10  20  ok\n1 prompt: none can overflow\n"
    twice = included.replace("style:", f'again: "broken#{digest}"\n      style:')
    shop.write("prompts/limited.prompty", twice + '{% include "again" %}\n')
    assert shop("check", "limited").code == 0
    shop.write("prompts/limited.prompty", included.replace(digest, "0" * 64))
    ended = shop("check", "limited", "--budget", "20")
    assert ended.code == 1
    assert "cannot be read" in ended.out
    assert "is not in this store" in ended.out


def test_a_name_that_is_not_there_is_told(shop: Any) -> None:
    ended = shop("check", "triag", "limited")
    assert ended.code == 1
    assert ended.out.splitlines()[:2] == ["triag", "  no prompt 'triag' here"]
    assert ended.out.splitlines()[-1] == "2 prompts: 1 cannot be read"


def test_it_counts_by_other_encodings_and_models(shop: Any) -> None:
    assert shop.ok("check", "limited", "--budget", "9000", "--encoding", "cl100k_base").startswith("limited  8,011")
    assert shop.ok("check", "limited", "--budget", "9000", "--model", "gpt-4o").startswith("limited  8,011")
    assert shop("check", "limited", "--budget", "9000", "--model", "gpt-5").code == 1
    assert shop("check", "limited", "--budget", "9000", "--model", "gpt-5", "--margin", "9").code == 0
    ended = shop("check", "limited", "--budget", "9000", "--model", "claude-3-opus", "--margin", "9")
    assert ended.code == 1
    assert "nothing is proven" in ended.out


def test_check_as_json(shop: Any) -> None:
    found = shop("check", "broken", "triage", "--budget", "8000", "--margin", "10", "--json").json
    assert found == {
        "promptlib": 1,
        "kind": "check",
        "ok": False,
        "budget": {"max_tokens": 8000, "reserve": 0, "margin": 10},
        "prompts": [
            {
                "name": "broken",
                "ok": False,
                "errors": [
                    {
                        "what": f"undeclared variable {name!r}",
                        "where": f"prompts/broken.prompty:4:{column}",
                        "hint": "inputs here: none",
                    }
                    for name, column in (("this", 9), ("that", 24))
                ],
                "worst": None,
            },
            {"name": "triage", "ok": False, "errors": [], "worst": found["prompts"][1]["worst"]},
        ],
        "movements": [],
        "labels": [],
        "notes": [],
        "unknown": [],
        "undescribed": ["triage"],
        "drifts": None,
    }
    assert found["prompts"][1]["worst"]["unbounded"] == [
        {
            "name": "ticket",
            "where": "prompts/triage.prompty:6:15",
            "why": "a text without max_length has no limit",
            "hint": HINT,
        }
    ]
    read = shop("check", "limited", "--json")
    assert read.code == 0
    assert read.json == {
        "promptlib": 1,
        "kind": "check",
        "ok": True,
        "budget": None,
        "prompts": [{"name": "limited", "ok": True, "errors": [], "worst": None}],
        "movements": [],
        "labels": [],
        "notes": [],
        "unknown": [],
        "undescribed": ["limited"],
        "drifts": None,
    }


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--reserve", "5"), 2, "--reserve is a part of --budget: give both"),
        (("--margin", "5"), 2, "--margin is a part of --budget: give both"),
        (("--encoding", "cl100k_base"), 2, "--encoding is a part of --budget: give both"),
        (("--model", "gpt-4o"), 2, "--model is a part of --budget: give both"),
        (("--budget", "9", "--model", "gpt-4o", "--encoding", "cl100k_base"), 2, "give one of --encoding"),
        (("--budget", "0"), 2, "greater than or equal to 1"),
        (("--budget", "9", "--reserve", "9"), 1, "a budget of 9 tokens has no room beside its reserve of 9"),
        (("--budget", "9", "--encoding", "o200k"), 3, "did you mean 'o200k_base'?"),
        (("--budget", "9", "--model", "nobody"), 3, "nobody"),
    ],
)
def test_check_refuses(shop: Any, arguments: tuple[str, ...], code: int, words: str) -> None:
    ended = shop("check", *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert words in ended.err


def test_a_store_without_prompts_is_all_right(bare: Any) -> None:
    assert bare.ok("check", "--budget", "10") == "0 prompts: none can overflow\n"


def test_names_are_completed(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop.folder)
    assert names("lim") == ["limited"]
