from __future__ import annotations

import asyncio
import json
import pickle
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import pytest
from pydantic import BaseModel, field_validator

from promptlib import (
    Budget,
    Chain,
    ChainRun,
    Image,
    Prompt,
    Thread,
    TokenCount,
    constant,
    placeholder,
    step,
    system,
    user,
)
from promptlib.errors import BudgetExceeded, ChainFailed, InvalidInputs, NotFound
from promptlib.plain import Frozen

if TYPE_CHECKING:
    from collections.abc import Callable


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

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[list[dict[str, object]]] = []

    def __call__(self, messages: list[dict[str, object]]) -> str:
        self.asked.append(messages)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        said: str = answer
        return said


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


def test_an_async_model_is_awaited_and_may_stand_beside_others() -> None:
    asked: list[str] = []

    async def later(messages: list[dict[str, object]]) -> str:
        asked.append(str(messages[-1]["content"]))
        return '{"decisions": ["tea"]}' if "decided" in asked[-1] else "fine"

    async def whole() -> ChainRun:
        return await CHAIN.run({"notes": "n"}, model=later)

    run = asyncio.run(whole())
    assert run.text == "fine"
    assert len(asked) == 3
    mixed = CHAIN.run({"notes": "n"}, model=Scripted("s", "m"), models={"decide": later})
    assert asyncio.run(awaited(mixed)).complete
    hidden = CHAIN.run({"notes": "n"}, model=lambda messages: later(messages))  # noqa: PLW0108 - its answer has to be awaited, and nothing says so
    assert asyncio.run(awaited(hidden)).complete

    class Asking:
        async def __call__(self, messages: list[dict[str, object]]) -> str:
            return await later(messages)

    assert asyncio.run(awaited(CHAIN.run({"notes": "n"}, model=Asking()))).complete

    async def broken(_: list[dict[str, object]]) -> str:
        raise OSError("the wire is cut")

    with pytest.raises(
        ChainFailed, match="step 1 of 3, 'summarise', failed: the model raised OSError: the wire is cut"
    ):
        asyncio.run(awaited(CHAIN.run({"notes": "n"}, model=broken)))


async def awaited(run: Any) -> ChainRun:
    found: ChainRun = await run
    return found


FAILURES: dict[str, tuple[Any, str]] = {
    "a model that raises": (RuntimeError("no credit"), "the model raised RuntimeError: no credit"),
    "a model that raises without words": (KeyError(), "the model raised KeyError"),
    "an answer that is no text": ({"text": "x"}, "the model answered a dict, not a text"),
    "an answer that is no JSON": (
        "Sure: tea",
        ("its answer is not an object with decisions, owner: the answer is no JSON: Expecting value at its line 1; it "
        "begins 'Sure: tea'"),
    ),
    "an answer around its JSON": (
        'Sure:\n```json\n{"decisions": []}\n```',
        ("its answer is not an object with decisions, owner: the answer is no JSON: Expecting value at its line 1; it "
        "begins 'Sure:\\n```json\\n{\"decisions\": []}\\n```'"),
    ),
    "no object": ("[1]", ("its answer is not an object with decisions, owner: the answer is [1], not an object with "
                  "decisions, owner")),
    "a missing field": (
        '{"owner": "Sue"}',
        "its answer is not an object with decisions, owner: output lacks 'decisions'",
    ),
    "an unknown field": (
        '{"decisions": [], "why": "x"}',
        "its answer is not an object with decisions, owner: output has 'why', which its type has not",
    ),
    "a wrong type": (
        '{"decisions": [1]}',
        "its answer is not an object with decisions, owner: output.decisions[0] is 1, not text",
    ),
    "no number": (
        '{"decisions": [NaN]}',
        "its answer is not an object with decisions, owner: the answer is no plain JSON: it holds NaN",
    ),
    "a key twice": (
        '{"decisions": [], "decisions": []}',
        "its answer is not an object with decisions, owner: the answer is no plain JSON: it says 'decisions' twice",
    ),
    "nesting without end": (
        '{"decisions": ' + "[" * 100_000,
        "its answer is not an object with decisions, owner: the answer is no JSON; it begins",
    ),
    "a lone surrogate": (
        '{"decisions": ["\\ud800"]}',
        "its answer is not an object with decisions, owner: output.decisions[0] holds a lone surrogate at character 1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("failure", FAILURES)
def test_a_step_that_fails_says_what_came_instead_of_what(failure: str) -> None:
    answer, what = FAILURES[failure]
    with pytest.raises(ChainFailed) as caught:
        CHAIN.run({"notes": "n"}, model=Scripted("s", answer))
    assert caught.value.what.startswith(f"step 2 of 3, 'decide', failed: {what}")
    assert caught.value.hint.endswith("go on from here with chain.run(…, resume=error.run)")
    assert caught.value.run.problem
    assert not caught.value.run.complete
    assert caught.value.__cause__ is not None
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - made on the same line
    assert (again.run, str(again)) == (caught.value.run, str(caught.value))


@pytest.mark.parametrize("fence", ["```json\n{}\n```", "```\n{}\n```", "  ```JSON  \r\n{}\r\n```\n", "{}", " {} \n"])
def test_an_answer_may_stand_in_one_fence(fence: str) -> None:
    answer = fence.replace("{}", '{"decisions": ["a"]}')
    run = CHAIN.run({"notes": "n"}, model=Scripted("s", answer, "m"))
    assert run.step("decide").output == {"decisions": ("a",), "owner": None}
    assert run.step("decide").answer == answer


def test_the_checks_of_the_users_own_model_run_on_answers() -> None:
    class Count(BaseModel):
        number: int
        day: date

        @field_validator("number")
        @classmethod
        def even(cls, value: int) -> int:
            if value % 2:
                raise ValueError("odd")
            return value

    class Next(BaseModel):
        number: float
        day: date

    tell = Prompt.define(Next, user("{{ number }} on {{ day }}"))
    chain = Chain.define(
        Notes,
        step("count", SUMMARISE, text="notes", outputs=Count),
        step("tell", tell, number="count.number", day="count.day"),
    )
    model = Scripted('{"number": "4", "day": "2026-11-30"}', "done")
    run = chain.run({"notes": "n"}, model=model)
    assert model.asked[1][0]["content"] == "4.0 on 2026-11-30"
    assert run.step("count").output == {"number": 4, "day": "2026-11-30"}
    with pytest.raises(ChainFailed, match=r"value error, odd|which is refused"):
        chain.run({"notes": "n"}, model=Scripted('{"number": 3, "day": "2026-11-30"}'))


def test_values_reach_a_step_as_they_are() -> None:
    class Rich(BaseModel):
        history: Thread = ()
        picture: Image | None = None
        order: dict[str, list[int]] = {}

    show = Prompt.define(Rich, placeholder("history"), user("{{ picture or 'none' }} {{ order | tojson }}"))
    chain = Chain.define(Rich, step("show", show, history="history", picture="picture", order="order"))
    model = Scripted("a", "b")
    chain.run(Rich(history=(user("hi"),), order={"a": [1]}), model=model)
    assert model.asked[0] == [
        {"role": "user", "content": "hi"},
        {"role": "user", "content": 'none {"a": [1]}'},
    ]
    first = chain.render_first({"picture": Image("https://example.org/a.png")})
    assert "example.org" in str(first.to_openai())
    with pytest.raises(InvalidInputs, match="lone surrogate"):
        CHAIN.run({"notes": "\ud800"}, model=model)
    with pytest.raises(InvalidInputs, match="the inputs are a Text, this chain takes Notes"):
        CHAIN.run(Text(text="x"), model=model)  # type: ignore[call-overload] # the mistake
    with pytest.raises(InvalidInputs, match="missing input 'notes'"):
        CHAIN.render_first({})


def test_what_the_first_step_sends_may_not_fit() -> None:
    with pytest.raises(BudgetExceeded):
        CHAIN.render_first({"notes": "word " * 100}, budget=Budget(20))
    with pytest.raises(ChainFailed, match=r"the answer.text holds a lone surrogate"):
        CHAIN.run({"notes": "n"}, model=Scripted("\ud800"))


def test_a_path_through_what_is_none_is_none() -> None:
    class Where(BaseModel):
        city: str

    class Order(BaseModel):
        where: Where | None = None

    class City(BaseModel):
        city: str | None

    tell = Prompt.define(City, user("{{ city or 'nowhere' }}"))
    chain = Chain.define(Order, step("tell", tell, city="where.city"))
    assert chain.render_first({}).text == "nowhere"
    assert chain.render_first({"where": {"city": "Bonn"}}).text == "Bonn"


def test_a_chain_without_inputs_runs() -> None:
    chain = Chain.define(step("hello", Prompt.define(user("Hello"))))
    assert chain.run(model=Scripted("hi")).text == "hi"


def test_what_cannot_be_run_is_said_before_anything_is_sent() -> None:
    model = Scripted()
    with pytest.raises(InvalidInputs, match="the model of the step 'mail' is a str, which cannot be called"):
        wrong: Any = {"mail": "gpt"}
        CHAIN.run({"notes": "n"}, model=model, models=wrong)
    with pytest.raises(InvalidInputs, match="models names the step 'mial', which this chain has not") as caught:
        CHAIN.run({"notes": "n"}, model=model, models={"mial": model})
    assert caught.value.hint == "did you mean 'mail'? steps: summarise, decide, mail"
    with pytest.raises(InvalidInputs, match="budget names the step 'x'"):
        CHAIN.run({"notes": "n"}, model=model, budget={"x": Budget(100)})
    assert model.asked == []


def test_a_budget_is_one_for_all_or_some_by_step() -> None:
    with pytest.raises(ChainFailed, match="step 1 of 3, 'summarise', failed: ") as caught:
        CHAIN.run({"notes": "word " * 100}, model=Scripted(), budget=Budget(20))
    assert isinstance(caught.value.__cause__, BudgetExceeded)
    assert "resume" not in caught.value.hint
    run = CHAIN.run(
        {"notes": "word " * 100},
        model=Scripted("s", '{"decisions": []}', "m"),
        budget={"decide": Budget(100)},
    )
    assert run.step("decide").provenance.budget is not None
    assert run.step("summarise").provenance.budget is None
    assert ChainRun.from_dict(run.to_dict()) == run


def test_times_are_those_of_the_callers_clock() -> None:
    ticks = iter(range(100))
    begin = datetime(2026, 11, 30, tzinfo=UTC)
    run = CHAIN.run(
        {"notes": "n"},
        model=Scripted("s", '{"decisions": []}', "m"),
        clock=lambda: begin + timedelta(seconds=next(ticks)),
    )
    assert [(each.began, each.ended) for each in run.steps][1] == (
        begin + timedelta(seconds=2),
        begin + timedelta(seconds=3),
    )
    assert ChainRun.from_json(run.to_json()) == run
    assert run.tokens == sum(each.tokens for each in run.steps)
    assert isinstance(run.tokens, TokenCount)


def test_a_run_that_is_another_is_not_gone_on_with() -> None:
    with pytest.raises(ChainFailed) as failed:
        CHAIN.run({"notes": "n"}, model=Scripted("s", "bad"))
    run: ChainRun = failed.value.run
    model = Scripted()
    with pytest.raises(InvalidInputs, match="that run had other inputs"):
        CHAIN.run({"notes": "other"}, model=model, resume=run)
    other = CHAIN.evolve(
        steps=[*CHAIN.steps[:2], step("mail", MAIL, decisions="decide.decisions", owner=constant("I"))]
    )
    with pytest.raises(InvalidInputs, match=f"that run is of the chain #{CHAIN.digest[7:15]}, and this is #"):
        other.run({"notes": "n"}, model=model, resume=run)
    with pytest.raises(InvalidInputs, match="resume is a dict, not a ChainRun"):
        CHAIN.run({"notes": "n"}, model=model, resume=run.to_dict())  # type: ignore[call-overload] # the mistake
    swapped = replace(run, steps=(replace(run.steps[0], name="decide"),))
    with pytest.raises(InvalidInputs, match="that run has the step 'decide' where this chain has 'summarise'"):
        CHAIN.run({"notes": "n"}, model=model, resume=swapped)
    provenance = replace(run.steps[0].provenance, digest=MAIL.digest)
    moved = replace(run, steps=(replace(run.steps[0], provenance=provenance),))
    with pytest.raises(InvalidInputs, match=r"(?s)the step 'summarise' ran #.*, and runs #.*its label was moved"):
        CHAIN.run({"notes": "n"}, model=model, resume=moved)
    forged = replace(run, steps=(replace(run.steps[0], output=Frozen({"words": "x"})),))
    with pytest.raises(InvalidInputs, match="output has 'words'"):
        CHAIN.run({"notes": "n"}, model=model, resume=forged)
    assert model.asked == []
    whole = CHAIN.run({"notes": "n"}, model=Scripted("s", '{"decisions": []}', "m"))
    assert CHAIN.run({"notes": "n"}, model=model, resume=whole) == whole


def test_a_prompt_that_is_not_at_hand_is_found_or_missed() -> None:
    bare = Chain(
        steps=tuple(replace(each, prompt=None) for each in CHAIN.steps), inputs=CHAIN.inputs, inputs_model=Notes
    )
    with pytest.raises(ChainFailed, match=r"step 1 of 3, 'summarise', failed: its prompt, \? \(\w+\), is not at hand"):
        bare.run({"notes": "n"}, model=Scripted())
    by_pin = {str(each.use): each.prompt for each in CHAIN.steps if each.prompt is not None}
    run = bare.run({"notes": "n"}, model=Scripted("s", '{"decisions": []}', "m"), resolve=lambda pin: by_pin[pin])
    assert run.complete
    assert run.step("mail").ref == f"#{MAIL.digest[7:15]}"


def test_a_run_is_told_in_words() -> None:
    run = CHAIN.run({"notes": "n"}, model=Scripted("s", '{"decisions": []}', "m"))
    assert str(run) == f"#{CHAIN.digest[7:15]}: summarise, decide, mail, complete"
    assert run.versions == tuple(f"#{each.digest[7:15]}" for each in (CHAIN, SUMMARISE, DECIDE, MAIL))
    with pytest.raises(NotFound, match="no step 'mial' ran") as caught:
        run.step("mial")
    assert caught.value.hint == "did you mean 'mail'? what ran: summarise, decide, mail"
    with pytest.raises(ChainFailed) as failed:
        CHAIN.run({"notes": "n"}, model=Scripted(RuntimeError("no")))
    empty: ChainRun = failed.value.run
    assert (dict(empty.output), empty.text, empty.tokens, list(empty.steps)) == ({}, "", 0, [])
    assert str(empty).endswith("no step, failed at summarise")
    assert ChainRun.from_dict(empty.to_dict()) == empty


BROKEN: dict[str, Callable[[dict[str, Any]], object]] = {
    "no object": lambda _: [],
    "another kind": lambda run: run | {"kind": "run"},
    "another shape": lambda run: run | {"promptlib": 2},
    "no steps": lambda run: run | {"steps": 3},
    "no digest": lambda run: run | {"digest": "sha256:1"},
    "a key that is gone": lambda run: {key: value for key, value in run.items() if key != "inputs_digest"},
    "a name that is none": lambda run: run | {"name": 3},
    "a step without output": lambda run: run | {"steps": [run["steps"][0] | {"output": 3}]},
    "tokens below nothing": lambda run: (
        run | {"steps": [run["steps"][0] | {"tokens": {"count": -1, "exactness": "exact"}}]}
    ),
    "a time that is none": lambda run: run | {"steps": [run["steps"][0] | {"began": "soon"}]},
    "a step that is none": lambda run: run | {"steps": [None]},
}


@pytest.mark.parametrize("broken", BROKEN)
def test_what_is_no_run_is_refused(broken: str) -> None:
    told = json.loads(CHAIN.run({"notes": "n"}, model=Scripted("s", '{"decisions": []}', "m")).to_json())
    assert ChainRun.from_dict(told).complete
    with pytest.raises(InvalidInputs, match="this is no run of a chain: "):
        ChainRun.from_json(json.dumps(BROKEN[broken](told)))
    for text in ("{", "[" * 100_000):
        with pytest.raises(InvalidInputs, match="it is no JSON"):
            ChainRun.from_json(text)
