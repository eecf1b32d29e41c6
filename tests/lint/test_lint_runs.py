from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel, Field

from promptlib import Prompt, Store, system, user
from promptlib.errors import InvalidInputs
from promptlib.lint import Settings, lint, lint_file

if TYPE_CHECKING:
    from pathlib import Path


class Asked(BaseModel):
    """What a prompt takes."""

    q: str = Field(description="What somebody wants to know", max_length=40)


def test_a_finding_says_rule_place_and_what_to_do() -> None:
    prompt = Prompt.define(Asked, system("Answer.   \nBe kind."), user("{{ q }}"), description="Answers a question")
    report = lint(prompt, settings=None)
    told = {each.rule: (each.where.line, each.where.column, each.where.width) for each in report.findings}
    assert told == {"one-letter-input": (4, 3, 1), "trailing-blanks": (10, 8, 3)}


def test_several_prompts_are_told_apart_and_a_loaded_one_has_its_name(tmp_path: Path) -> None:
    asked = Prompt.define(Asked, user("{{ q }}"), description="Answers a question")
    with Store.init(tmp_path / "prompts.git", bare=True) as store:
        store.save("shop/answer", asked)
        report = lint([asked, asked.evolve(description=""), store.load("shop/answer")])
    told = [(each.name, each.where.source, each.rule) for each in report.findings]
    assert told == [
        ("prompts[0]", "prompts[0]", "one-letter-input"),
        ("prompts[1]", "prompts[1]", "missing-description"),
        ("prompts[1]", "prompts[1]", "one-letter-input"),
        ("shop/answer", "shop/answer", "one-letter-input"),
    ]
    assert report.by_rule == {"one-letter-input": 3, "missing-description": 1}
    assert (report.prompts, report.ok, report.silenced) == (3, False, 0)


def test_a_prompt_that_is_too_large_for_a_file_has_the_places_of_its_messages() -> None:
    prompt = Prompt.define(Asked, system("You know {{ q }}."), user("Do it!!"), description="x" * 300_000)
    told = [str(each) for each in lint(prompt, settings=Settings(select=("all",), ignore=("no-output-form",))).findings]
    assert "message 2 (user):1:6: shouting: '!!' is shouted" in told
    assert "prompt: one-letter-input: the input 'q' is one letter: whoever fills it in does not know what it is" in told


def test_inputs_that_are_written_as_a_list_have_their_places() -> None:
    text = "---\ndescription: Sorts\ninputs:\n  - name: text\n    kind: string\n  - name: q\n    kind: string\n---\n"
    report = lint_file(f"{text}user:\n{{{{ text }}}}{{{{ q }}}}\n".encode(), settings=Settings(select=("inputs",)))
    assert {(each.rule, each.where.line) for each in report.findings} == {
        ("undescribed-input", 4),
        ("undescribed-input", 6),
        ("one-letter-input", 6),
    }


@pytest.mark.parametrize(
    ("declared", "free"),
    [
        ("kind: string", True),
        ("kind: string\n    maxLength: 65", True),
        ("kind: string\n    maxLength: 64", False),
        ("kind: string\n    pattern: '^[a-z]+$'", False),
        ("kind: string\n    enumValues: [a, b]", False),
        ("kind: json", True),
        ("kind: integer", False),
        ("kind: array\n    items:\n      kind: string", True),
        ("kind: array\n    items:\n      kind: integer", False),
        ("kind: object\n    properties:\n      size:\n        kind: integer\n      name:\n        kind: string", True),
        ("kind: object\n    properties:\n      size:\n        kind: integer", False),
    ],
)
def test_free_is_what_anybody_can_write_anything_into(declared: str, free: bool) -> None:  # noqa: FBT001 - a table's column
    text = f"---\ninputs:\n  what:\n    {declared}\n---\nsystem:\nLook: {{{{ what | string }}}}\n"
    report = lint_file(text.encode(), settings=Settings(select=("input-in-system", "unreadable")))
    assert list(report.by_rule) == (["input-in-system"] if free else [])


def test_a_finding_as_plain_data_and_as_a_line() -> None:
    [found] = lint(Prompt.define(user("Hello"), description="prompt")).findings
    assert str(found) == "prompt:2:1: missing-description: the description is the name once more"
    assert found.to_dict()["advice"] == "say in one line what it is for, in other words than the name"


def test_a_hostile_file_tells_fifty_of_a_kind_and_no_more() -> None:
    names = "".join(f"  name{at}:\n    kind: string\n" for at in range(80))
    used = "".join(f"{{{{ name{at} }}}}" for at in range(80))
    report = lint_file(f"---\ndescription: x\ninputs:\n{names}---\nuser:\n{used}\n".encode())
    assert report.by_rule["undescribed-input"] == 50


def test_a_secret_is_told_without_it() -> None:
    key = "ghp_" + "Zk3vQ9xLr7TmW2bN8yHc5dJf4gPs6aUeR1oK"
    report = lint_file(f"user:\nUse {key} now\n".encode(), settings=Settings(select=("secret",)))
    [found] = report.findings
    assert (found.where.line, found.where.column, found.where.width) == (2, 5, len(key))
    assert key not in str(report.to_dict())


def test_a_name_without_its_store_says_what_to_write() -> None:
    with pytest.raises(InvalidInputs, match="this is a text") as caught:
        lint("support/triage")  # type: ignore[arg-type] # a wrong use
    assert caught.value.hint.startswith("name it behind its store, lint(store, 'support/triage')")
