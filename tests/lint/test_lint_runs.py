from __future__ import annotations

from pydantic import BaseModel, Field

from promptlib import Prompt, system, user
from promptlib.lint import lint


class Asked(BaseModel):
    """What a prompt takes."""

    q: str = Field(description="What somebody wants to know", max_length=40)


def test_a_finding_says_rule_place_and_what_to_do() -> None:
    prompt = Prompt.define(Asked, system("Answer.   \nBe kind."), user("{{ q }}"), description="Answers a question")
    report = lint(prompt, settings=None)
    told = {each.rule: (each.where.line, each.where.column, each.where.width) for each in report.findings}
    assert told == {"one-letter-input": (4, 3, 1), "trailing-blanks": (10, 8, 3)}
