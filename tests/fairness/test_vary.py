"""Asking a model for every variant: order, seeds, errors, and going on."""

from __future__ import annotations

import asyncio
import inspect
import json
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from pydantic import BaseModel

from promptlib.errors import InvalidInputs, VaryFailed
from promptlib.fairness import Answer, Answers, Characters, Function, Overlap, Report, Words, standard, vary
from promptlib.fairness.running import Key, seed_of
from promptlib.fairness.wording import found
from tests.fairness.models import BIASED, CASES, NAMES, PROMPT


class Letter(BaseModel):
    text: str


class Reasons(BaseModel):
    score: float
    letters: list[Letter]


CALLS = len(CASES) * NAMES.rows * 3


def run(model: Any = BIASED, **options: Any) -> Report:
    report: Report = vary(PROMPT, CASES, variants=NAMES, model=model, **{"permutations": 99} | options)
    return report


def test_a_report_says_what_was_asked() -> None:
    report = run(repeats=2, seed=4, model_id="fake-1", against="female")
    assert (report.groups, report.against) == (("male", "female"), "female")
    assert (report.cases, report.rows, report.repeats, report.calls) == (5, 4, 2, 2 * CALLS)
    assert (report.model_id, report.seed, report.alpha, report.correction) == ("fake-1", 4, 0.05, "Holm")
    assert (report.digest, report.fields) == (PROMPT.digest, ("name",))
    assert (report.variants, report.source, report.licence) == ("gender", "made for the tests", "CC0-1.0")
    assert {each.n for each in report.comparisons} == {20}
    assert report.texts == ()
    assert report.time is None


def test_the_same_seed_is_the_same_report_however_many_calls_are_made_at_once() -> None:
    async def later(messages: list[dict[str, object]], *, seed: int) -> str:
        await asyncio.sleep(0)
        return BIASED(messages, seed=seed)

    async def both() -> tuple[Report, Report]:
        one = await vary(PROMPT, CASES, variants=NAMES, model=later, permutations=99, seed=3)
        return one, await vary(PROMPT, CASES, variants=NAMES, model=later, permutations=99, seed=3, at_once=7)

    report = run(seed=3)
    assert run(seed=3, at_once=4) == report
    assert asyncio.run(both()) == (report, report)
    assert run(seed=5) != report


def test_a_callable_that_answers_something_to_await_makes_the_run_so() -> None:
    class Client:
        def __call__(self, messages: list[dict[str, object]], *, seed: int) -> Any:
            async def answer() -> str:
                return BIASED(messages, seed=seed)

            return answer()

    async def main() -> Report:
        report: Report = await vary(PROMPT, CASES, variants=NAMES, model=Client(), permutations=99, seed=3)
        return report

    assert asyncio.run(main()) == run(seed=3)


def test_every_call_has_a_seed_of_its_own_and_a_model_without_seed_gets_none() -> None:
    seeds: list[int] = []

    def seeded(messages: list[dict[str, object]], seed: int) -> str:
        seeds.append(seed)
        return "x"

    def plain(messages: list[dict[str, object]], **others: object) -> str:
        assert not others
        return "x"

    run(seeded)
    again, seeds = seeds, []
    run(seeded)
    assert len(set(again)) == CALLS
    assert again == seeds
    assert all(0 <= seed < 2**31 for seed in seeds)
    run(plain)
    run(lambda _: "x")


def test_the_order_favours_no_group() -> None:
    """Calls of the groups are mixed: a model that drifts by the hour does so for all of them."""
    order: list[bool] = []

    def drifting(messages: list[dict[str, object]]) -> str:
        order.append("Anna" in str(messages) or "Beth" in str(messages) or "ora" in str(messages))
        return " ".join(["word"] * len(order))

    report = run(drifting, measures=[Words()], seed=1)
    assert not report.differing
    assert not report.unsettled
    half = len(order) // 2
    assert 0 < sum(order[:half]) < sum(order)


def test_the_same_group_twice_that_differs_means_that_nothing_can_be_concluded() -> None:
    """A model that remembers whom it has met before answers the second run otherwise."""
    met: set[str] = set()

    def remembering(messages: list[dict[str, object]]) -> str:
        text = str(messages)
        known = text in met
        met.add(text)
        return "word " * (50 if known else 5)

    # Which of the two runs comes first is chance for each variant, so that even such a model is seen through.
    assert not run(remembering, measures=[Words()], seed=2).unsettled

    seeds = {seed_of(0, Key("male", row, case, 0, again=True)) for row in range(4) for case in range(5)}

    def changing(_: object, seed: int) -> str:
        return "word " * (50 if seed in seeds else 5)

    report = run(changing, measures=[Words(), Characters()])
    assert [each.measure for each in report.unsettled] == ["words", "characters"]
    assert {each.verdict for each in report.comparisons} == {"nothing can be concluded"}
    assert not report.differing
    assert found(report) == "Nothing can be concluded: the same group, asked twice, differs from itself."


def failing(after: int) -> Any:
    count = 0

    def model(messages: list[dict[str, object]], *, seed: int) -> str:
        nonlocal count
        count += 1
        if count > after:
            raise ConnectionError("the line is dead")
        return BIASED(messages, seed=seed)

    return model


def test_what_was_answered_is_kept_and_only_the_rest_is_asked() -> None:
    model = failing(after=17)
    with pytest.raises(VaryFailed) as caught:
        run(model, seed=3)
    error = caught.value
    assert isinstance(error.__cause__, ConnectionError)
    assert error.what == (
        f"the model failed at group {error.group!r}, case {error.case + 1}, row {error.row + 1}, repeat 1"
        f"{', second run' if 'second run' in error.what else ''}: it raised ConnectionError: the line is dead"
    )
    assert error.hint == f"17 of {CALLS} answers are kept: go on with vary(…, resume=error.answers)"
    assert len(error.answers) == 17
    asked = 0

    def counted(messages: list[dict[str, object]], *, seed: int) -> str:
        nonlocal asked
        asked += 1
        return BIASED(messages, seed=seed)

    kept = Answers.from_jsonl(error.answers.to_jsonl())
    assert kept == error.answers
    assert run(counted, seed=3, resume=kept) == run(seed=3)
    assert asked == CALLS - 17


@pytest.mark.parametrize("at_once", [1, 3])
def test_async_calls_that_were_under_way_are_kept(at_once: int) -> None:
    count = 0

    async def model(messages: list[dict[str, object]], *, seed: int) -> str:
        nonlocal count
        count += 1
        number = count
        await asyncio.sleep(0)
        if number == 10:
            raise ConnectionError
        await asyncio.sleep(0)
        return BIASED(messages, seed=seed)

    async def main() -> Report:
        return await vary(PROMPT, CASES, variants=NAMES, model=model, permutations=99, at_once=at_once)

    with pytest.raises(VaryFailed, match="it raised ConnectionError") as caught:
        asyncio.run(main())
    assert len(caught.value.answers) == count - 1 >= 9


def test_threads_that_were_under_way_are_kept() -> None:
    numbers = count(1)
    begun: list[int] = []

    def model(messages: list[dict[str, object]], *, seed: int) -> str:
        begun.append(seed)
        if next(numbers) == 10:
            raise ConnectionError
        return BIASED(messages, seed=seed)

    with pytest.raises(VaryFailed, match="it raised ConnectionError") as caught:
        run(model, at_once=3)
    assert len(caught.value.answers) == len(begun) - 1 >= 9


@pytest.mark.parametrize("at_once", [1, 3])
def test_an_interrupted_run_has_handed_over_every_answer(at_once: int) -> None:
    numbers = count(1)
    kept: list[Answer] = []

    def model(messages: list[dict[str, object]], *, seed: int) -> str:
        if next(numbers) == 10:
            raise KeyboardInterrupt
        return BIASED(messages, seed=seed)

    with pytest.raises(KeyboardInterrupt):
        run(model, at_once=at_once, on_answer=kept.append)
    assert 9 <= len(kept) < CALLS
    answers = Answers.from_jsonl("".join(Answers.line(each) + "\n" for each in kept))
    assert run(resume=answers) == run()


def test_what_fails_besides_the_model_is_not_called_its_failure() -> None:
    def full(answer: Answer) -> None:
        raise OSError(answer.text)

    for options in ({}, {"at_once": 2}):
        with pytest.raises(OSError, match="score"):
            run(on_answer=full, **options)


def test_an_answer_that_is_no_text_is_told() -> None:
    with pytest.raises(VaryFailed, match="it answered a dict, not a text") as caught:
        run(lambda _: {"content": "x"})
    assert caught.value.hint == "return the text of the answer alone"
    assert len(caught.value.answers) == 0


def test_an_awaited_first_answer_that_fails_is_told() -> None:
    class Client:
        def __call__(self, _: list[dict[str, object]]) -> Any:
            async def answer() -> str:
                raise ConnectionError

            return answer()

    async def main() -> Report:
        report: Report = await vary(PROMPT, CASES, variants=NAMES, model=Client())
        return report

    with pytest.raises(VaryFailed, match="it raised ConnectionError"):
        asyncio.run(main())


def test_with_all_answers_nobody_is_asked_and_other_measures_cost_no_calls() -> None:
    kept: list[Answer] = []
    run(seed=3, on_answer=kept.append)
    answers = Answers.from_jsonl("".join(Answers.line(each) + "\n" for each in kept))
    assert len(answers) == CALLS

    def silent(messages: list[dict[str, object]], *, seed: int) -> str:
        raise AssertionError

    assert run(silent, seed=3, resume=answers) == run(seed=3)
    report = run(silent, seed=3, resume=answers, measures=[Overlap()], keep_texts=True)
    assert [each.measure for each in report.comparisons] == ["overlap"]
    assert len(report.texts) == CALLS
    assert report.baseline == ()


def test_answers_of_another_run_are_refused() -> None:
    kept: list[Answer] = []
    run(seed=3, on_answer=kept.append)
    answers = Answers.from_jsonl("".join(Answers.line(each) + "\n" for each in kept))
    with pytest.raises(InvalidInputs, match="these answers are of another run"):
        run(seed=4, resume=answers)
    with pytest.raises(InvalidInputs, match="resume is a str, not Answers"):
        run(resume="answers.jsonl")


LINE = {
    "promptlib": 1, "kind": "answer", "run": "r", "group": "a", "row": 0, "case": 0, "repeat": 0, "again": False,
    "text": "t",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("nothing\n", "the answers, line 1 is no JSON"),
        ("[]\n", "the answers, line 1 is no answer of promptlib vary"),
        (
            json.dumps(LINE | {"promptlib": 2}) + "\n",
            "the answers, line 1 has the format 2, and this promptlib reads 1",
        ),
        (json.dumps(LINE | {"row": "0"}) + "\n", "the answers, line 1 does not say its row"),
        (json.dumps(LINE) + "\n" + json.dumps(LINE | {"run": "s"}) + "\n", "the answers holds answers of 2 runs"),
    ],
)
def test_lines_that_are_no_answers_are_refused(text: str, what: str) -> None:
    with pytest.raises(InvalidInputs) as caught:
        Answers.from_jsonl(text)
    assert caught.value.what == what


def test_a_line_that_was_cut_off_is_asked_again() -> None:
    line = json.dumps(LINE)
    assert len(Answers.from_jsonl(f"{line}\n{line[:40]}")) == 1
    assert len(Answers.from_jsonl("")) == 0


def _now_so(text: str) -> float | bool:
    return True if "9" in text else 0.5


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"against": "mael"}, "no group 'mael' in this set"),
        ({"model": "gpt"}, "the model is a str, which cannot be called"),
        ({"unit": "name"}, "no unit 'name'"),
        ({"alpha": 5}, "alpha is 5"),
        ({"alpha": 1.5}, "alpha is 1.5"),
        ({"seed": 0.5}, "the seed is 0.5"),
        ({"seed": 2**60}, f"the seed is {2**60}"),
        ({"repeats": 0}, "repeats is 0"),
        ({"permutations": 1.5}, "permutations is 1.5"),
        ({"at_once": True}, "at_once is True"),
        ({"measures": []}, "there is nothing to measure"),
        ({"measures": [Words(), Words()]}, "two measures are called 'words'"),
        ({"measures": [Function("odd", lambda _: float("nan"))]}, "the measure 'odd' read '': nan"),
        ({"measures": [Function("odd", _now_so)]}, "the measure 'odd' is now a bool and now a number"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(options: dict[str, Any], what: str) -> None:
    with pytest.raises(InvalidInputs) as caught:
        run(**options)
    assert caught.value.what == what
    assert caught.value.hint


def test_a_measure_that_reads_no_mapping_is_told() -> None:
    class Odd:
        name = "odd"

        def read(self, _: Answer) -> Any:
            return 3.0

    with pytest.raises(InvalidInputs, match="the measure 'odd' read a float, not a mapping"):
        run(measures=[Odd()])


def test_a_callable_that_tells_no_signature_is_asked_without_a_seed() -> None:
    with pytest.raises(ValueError, match="no signature"):
        inspect.signature(str)
    assert run(str, measures=[Words()]).comparisons[0].mean > 5


def test_rows_and_cases_can_be_what_is_independent() -> None:
    assert {each.n for each in run(unit="row").comparisons} == {4}
    assert {each.n for each in run(unit="case").comparisons} == {5}
    means = {unit: run(unit=unit).comparisons[1].effect for unit in ("pair", "row", "case")}
    assert means["row"] == pytest.approx(means["pair"])
    assert means["case"] == pytest.approx(means["pair"])


def test_a_pair_with_an_unreadable_answer_is_left_out_and_told() -> None:
    def torn(messages: list[dict[str, object]], *, seed: int) -> str:
        return BIASED(messages, seed=seed) if seed % 3 else "I would rather not say"

    report = run(torn)
    score = next(each for each in report.comparisons if each.measure == "outputs.score")
    assert score.lacking > 0
    assert score.n + score.lacking <= 20
    unreadable = next(each for each in report.comparisons if each.measure == "outputs.unreadable")
    assert unreadable.n == 20
    assert unreadable.against_mean > 0.1


def test_a_model_that_is_never_readable_leaves_only_what_can_be_said() -> None:
    report = run(lambda _: "no JSON")
    assert {each.measure for each in report.comparisons} == {"outputs.unreadable", "refusals"}
    assert not report.differing


def test_what_is_measured_if_nothing_is_said() -> None:
    texts = ["refusals", "words", "mentions", "overlap"]
    assert [each.name for each in standard(PROMPT, NAMES)] == ["outputs", "refusals"]
    assert [each.name for each in standard(PROMPT.evolve(outputs=()), NAMES)] == texts
    assert [each.name for each in standard(PROMPT.evolve(outputs=Letter), NAMES)] == ["outputs", *texts]
    assert [each.name for each in standard(PROMPT.evolve(outputs=Reasons), NAMES)] == ["outputs", *texts]
    ages = replace(NAMES, axis="age")
    assert [each.name for each in standard(PROMPT.evolve(outputs=()), ages)] == ["refusals", "words", "overlap"]
