"""`render_many` streams: a generator in, an iterator out, and an error that names its row and ends nothing."""

from __future__ import annotations

import gc
import tracemalloc
from itertools import count, islice
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel, field_validator

from promptlib import Budget, Pin, Prompt, user
from promptlib.errors import BudgetExceeded, InvalidInputs, NotFound, RenderFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Question(BaseModel):
    text: str
    tone: str | None = "plain"


PROMPT = Prompt.define(Question, user("{{ text }} ({{ tone }})"))


def test_rows_are_models_or_mappings_and_results_come_in_their_order() -> None:
    rows: list[Question | Mapping[str, object]] = [
        Question(text="a"),
        {"text": "b", "tone": "warm"},
        Question(text="c", tone="cold"),
    ]
    assert [each.text for each in PROMPT.render_many(rows)] == ["a (plain)", "b (warm)", "c (cold)"]
    assert list(PROMPT.render_many(rows)) == [PROMPT.render(row) for row in rows]
    assert list(PROMPT.render_many([])) == []
    assert list(PROMPT.render_many({"text": each} for each in "ab")) == [PROMPT.render(text=each) for each in "ab"]


def test_no_row_is_taken_before_its_result_is_asked_for() -> None:
    taken: list[int] = []

    def rows() -> Iterator[dict[str, object]]:
        for number in count():
            taken.append(number)
            yield {"text": str(number)}

    results = PROMPT.render_many(rows())
    assert (taken, results.number) == ([], -1)
    assert [each.text for each in islice(results, 3)] == ["0 (plain)", "1 (plain)", "2 (plain)"]
    assert (taken, results.number) == ([0, 1, 2], 2)
    assert iter(results) is results


def test_an_error_names_the_row_and_the_input_and_the_next_row_is_rendered() -> None:
    rows: list[Any] = [
        {"text": "a"},
        {"text": 7},
        {"txt": "b"},
        {"text": "c", "tone": None},
        None,
        "d",
        Question(text="e"),
    ]
    results = PROMPT.render_many(rows)
    assert next(results).text == "a (plain)"
    with pytest.raises(InvalidInputs) as caught:
        next(results)
    assert str(caught.value).startswith("rows[1]: input 'text' is 7, not text")
    assert caught.value.args == (caught.value.what,)
    with pytest.raises(InvalidInputs, match=r"rows\[2\]: unknown input 'txt'"):
        next(results)
    with pytest.raises(RenderFailed) as failed:
        next(results)
    assert str(failed.value).startswith("rows[3]: None has no text\n  --> message 1 (user):1:16")
    with pytest.raises(InvalidInputs, match=r"rows\[4\]: the row is None"):
        next(results)
    with pytest.raises(InvalidInputs, match=r"rows\[5\]: the inputs are a str, this prompt takes Question"):
        next(results)
    assert next(results).text == "e (plain)"
    assert results.number == 6
    with pytest.raises(StopIteration):
        next(results)


def test_what_the_user_s_own_code_raises_carries_the_row_too() -> None:
    class Picky(BaseModel):
        text: str

        @field_validator("text")
        @classmethod
        def picky(cls, text: str) -> str:
            if text == "b":
                raise KeyError(text)
            return text

    results = Prompt.define(Picky, user("{{ text }}")).render_many({"text": each} for each in "abc")
    assert next(results).text == "a"
    with pytest.raises(KeyError) as caught:
        next(results)
    assert caught.value.__notes__ == ["while rendering rows[1]"]
    assert next(results).text == "c"


def test_an_error_of_the_rows_themselves_is_passed_on() -> None:
    def rows() -> Iterator[dict[str, object]]:
        yield {"text": "a"}
        message = "the file ends here"
        raise OSError(message)

    results = PROMPT.render_many(rows())
    assert next(results).text == "a (plain)"
    with pytest.raises(OSError, match="the file ends here"):
        next(results)


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ({"text": "a"}, "rows is one dict, not many"),
        (Question(text="a"), "rows is one Question, not many"),
        ("text", "rows is one str, not many"),
        (b"text", "rows is one bytes, not many"),
        (7, "rows is a int, and nothing to loop over"),
        (None, "rows is a NoneType, and nothing to loop over"),
    ],
)
def test_what_is_no_list_of_rows_is_refused_at_once(rows: Any, what: str) -> None:
    with pytest.raises(InvalidInputs) as caught:
        PROMPT.render_many(rows)
    assert caught.value.what == what
    assert caught.value.hint == (
        "give a list, a generator or any other iterable of models or mappings; one row alone is for render"
    )


def test_the_budget_holds_for_each_row() -> None:
    results = PROMPT.render_many([{"text": "a"}, {"text": "a " * 100}, {"text": "b"}], budget=Budget(40))
    first = next(results)
    assert first.report is not None
    with pytest.raises(BudgetExceeded, match=r"rows\[1\]: the prompt takes"):
        next(results)
    assert next(results).report is not None
    with pytest.raises(InvalidInputs, match="budget is a int, not a Budget"):
        PROMPT.render_many([], budget=40)  # type: ignore[arg-type] # the wrong type is the test


def test_includes_are_found_by_resolve_and_values_are_looked_at_on_request() -> None:
    style = Prompt.define(user("Be brief.", literal=True))
    prompt = Prompt.define(
        Question, user('{{ text }} {% include "style" %}{{ tone }}'), includes={"style": Pin("style", style.digest)}
    )
    results = prompt.render_many([{"text": "a\u200b"}, {"text": "b"}], resolve=lambda _: style, check_unicode=True)
    assert [(each.text, bool(each.unicode)) for each in results] == [
        ("a\u200b Be brief.plain", True),
        ("b Be brief.plain", False),
    ]
    with pytest.raises(NotFound, match=r"rows\[0\]: the include 'style'"):
        next(prompt.render_many([{"text": "a"}]))


@pytest.mark.no_cover
def test_memory_stays_flat_over_a_hundred_thousand_rows() -> None:
    def rows(number: int) -> Iterator[Question]:
        return (Question.model_construct(text=f"question {at}", tone="warm") for at in range(number))

    def grown(number: int) -> int:
        """Return by how many bytes memory has peaked while so many rows went through."""
        gc.collect()
        begin = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        for _ in PROMPT.render_many(rows(number)):
            pass
        return tracemalloc.get_traced_memory()[1] - begin

    grown(100)
    tracemalloc.start()
    try:
        few, many = grown(1_000), grown(100_000)
    finally:
        tracemalloc.stop()
    assert many <= few + 50_000
