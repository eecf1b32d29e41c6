from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel

from promptlib import Chain, ChainRun, Prompt, constant, step, system, user
from promptlib.errors import ChainFailed


class Notes(BaseModel):
    notes: str


class Text(BaseModel):
    text: str


class Decide(BaseModel):
    summary: str
    tone: Literal["warm", "plain"] = "plain"


class Decisions(BaseModel):
    decisions: list[str]
    owner: str | None = None


class Mail(BaseModel):
    decisions: list[str]
    owner: str | None


SUMMARISE = Prompt.define(Text, user("Summarise: {{ text }}"))
DECIDE = Prompt.define(Decide, system("Be {{ tone }}."), user("What was decided? {{ summary }}"), outputs=Decisions)
MAIL = Prompt.define(Mail, user("Write to {{ owner or 'all' }} about {{ decisions | join('; ') }}"))

CHAIN = Chain.define(
    Notes,
    step("summarise", SUMMARISE, text="notes"),
    step("decide", DECIDE, summary="summarise.text", tone=constant("warm")),
    step("mail", MAIL, decisions="decide.decisions", owner="decide.owner"),
    description="From notes to a mail",
)


class Scripted:
    """A model that answers what it was told to, and remembers what it was asked."""

    def __init__(self, *answers: str | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[list[dict[str, object]]] = []

    def __call__(self, messages: list[dict[str, object]]) -> str:
        self.asked.append(messages)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_each_step_gets_what_is_wired_to_it() -> None:
    model = Scripted("Sue buys tea.", '{"decisions": ["buy tea"], "owner": "Sue"}', "Dear Sue")
    run = CHAIN.run(Notes(notes="we talked"), model=model)
    assert model.asked == [
        [{"role": "user", "content": "Summarise: we talked"}],
        [
            {"role": "system", "content": "Be warm."},
            {"role": "user", "content": "What was decided? Sue buys tea."},
        ],
        [{"role": "user", "content": "Write to Sue about buy tea"}],
    ]
    assert run.complete
    assert run.text == "Dear Sue"
    assert run.output == {"text": "Dear Sue"}
    assert run.step("decide").output == {"decisions": ("buy tea",), "owner": "Sue"}
    assert run.output_as(Decisions, "decide") == Decisions(decisions=["buy tea"], owner="Sue")


def test_a_run_goes_on_from_the_step_that_failed() -> None:
    with pytest.raises(ChainFailed) as failed:
        CHAIN.run({"notes": "we talked"}, model=Scripted("Sue buys tea.", "I would say: buy tea"))
    assert failed.value.step == "decide"
    assert failed.value.answer == "I would say: buy tea"
    told: ChainRun = failed.value.run
    assert (told.failed, [each.name for each in told.steps]) == ("decide", ["summarise"])
    model = Scripted('```json\n{"decisions": ["buy tea"]}\n```', "Dear all")
    run = CHAIN.run({"notes": "we talked"}, model=model, resume=ChainRun.from_json(told.to_json()))
    assert len(model.asked) == 2
    assert run.complete
    assert run.text == "Dear all"
    assert ChainRun.from_json(run.to_json()) == run
