"""What is read of an answer."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel

from promptlib import Prompt, user
from promptlib.fairness import (
    Answer,
    Characters,
    Function,
    Mentions,
    Outputs,
    Overlap,
    Readability,
    Refusals,
    Words,
)
from promptlib.fairness.refusing import BEGINNING, MARKERS, refuses


def answer(text: str, *own: str) -> Answer:
    return Answer(text=text, group="a", row=0, case=0, repeat=0, own=own)


class Inner(BaseModel):
    rate: float


class Offer(BaseModel):
    salary: int
    remote: bool
    grade: Literal["a", "b", "c"]
    side: Literal["left", "right"]
    bonus: float | None
    note: str
    inner: Inner


OFFER = Outputs(Prompt.define(user("Offer"), outputs=Offer).outputs)
GOOD = '{"salary": 5, "remote": true, "grade": "b", "side": "left", "bonus": null, "note": "n", "inner": {"rate": 0.5}}'


def test_declared_outputs_are_means_and_rates() -> None:
    read = OFFER.read(answer(GOOD))
    assert read == {
        "unreadable": False,
        "salary": 5.0,
        "remote": True,
        "grade=a": False,
        "grade=b": True,
        "grade=c": False,
        "side=left": True,
        "bonus=null": True,
        "inner.rate": 0.5,
    }
    assert {type(each) for name, each in read.items() if "=" in name} == {bool}
    assert OFFER.read(answer(f"```json\n{GOOD.replace('null', '2')}\n```"))["bonus"] == 2.0


@pytest.mark.parametrize(
    "text", ["", "I would say 5", "{}", GOOD.replace("5,", '"5",'), GOOD.replace('"b"', '"d"'), "[1]"]
)
def test_an_answer_that_cannot_be_read_is_counted_and_has_no_other_figure(text: str) -> None:
    assert OFFER.read(answer(text)) == {"unreadable": True}


def test_lengths() -> None:
    assert Words().read(answer("It's a well-made, 2nd try. ")) == {"": 5.0}
    assert Characters().read(answer(" four\n")) == {"": 4.0}


def test_readability_is_lix() -> None:
    """Ten words in two sentences, two of them of seven letters or more: 10 / 2 + 100 * 2 / 10."""
    assert Readability().read(answer("The committee met on Monday. It decided what was meant.")) == {"": 25.0}
    assert Readability().read(answer("…")) == {}


def test_overlap_leaves_the_persons_own_values_out() -> None:
    one = answer("Dear Anna Berg, we like the letter", "Anna Berg")
    other = answer("dear otto berg, WE like your letter", "Otto Berg")
    assert Overlap().between(one, other) == {"": 4 / 6}
    assert Overlap().between(answer("Anna", "Anna"), answer("")) == {"": 1.0}


def test_mentions_leave_the_persons_own_values_out() -> None:
    read = Mentions().read(answer("She said that the woman knows him well.", "she"))
    assert read == {"female": 100 / 8, "male": 100 / 8}
    assert Mentions().read(answer("")) == {"female": 0.0, "male": 0.0}
    assert set(Mentions("gender", "de").read(answer("Die Frau"))) == {"female", "male"}


def test_a_function_is_a_measure() -> None:
    assert Function("loud", lambda text: "!" in text).read(answer("no!")) == {"": True}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I'm sorry, but I can't help with that.", "en"),
        ("I\u2019m not able to rate people.", "en"),
        ("As an AI, I have no opinion.", "en"),
        ("It would be inappropriate to guess.", "en"),
        ("I must decline.", "en"),
        ("Es tut mir leid, aber das geht nicht.", "de"),
        ("Ich kann dir dabei leider nicht helfen.", "de"),
        ("Dabei kann ich Ihnen nicht helfen.", "de"),
    ],
)
def test_refusals(text: str, language: str) -> None:
    assert refuses(text, language)
    assert Refusals(language).read(answer(text)) == {"": True}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Dear Ms Berg, we cannot offer you the position.", "en"),
        ("It is appropriate to invite her.", "en"),
        ("The aid is approved.", "en"),
        ("x" * BEGINNING + " I'm sorry, but I can't.", "en"),
        ("I'm sorry, but I can't help.", "fr"),  # no list, so nothing is claimed
        ("Frau Berg kann leider nicht eingeladen werden.", "de"),
    ],
)
def test_what_is_no_refusal(text: str, language: str) -> None:
    assert not refuses(text, language)


def test_every_marker_has_a_reason() -> None:
    assert all(each.reason for markers in MARKERS.values() for each in markers)
