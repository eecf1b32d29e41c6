"""Pairs: what is proven of them, and what is refused."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import BaseModel

from promptlib import Prompt, system, user
from promptlib.errors import PairingRefused
from promptlib.fairness import Demographic, VariantSet, paired

GENDER = VariantSet.shipped("gender")


class Application(BaseModel):
    name: Annotated[str, Demographic("gender", "name")]
    pronoun: Annotated[str, Demographic("gender", "possessive")]
    cv: str


def test_rows_of_a_case_are_alike_but_for_the_fields() -> None:
    prompt = Prompt.define(Application, system("You rate CVs."), user("{{ name }}, {{ pronoun | upper }} CV: {{ cv }}"))
    pairing = paired(prompt, [{"cv": "5 years"}, {"cv": "3 years"}], GENDER)
    assert len(pairing.variants) == 2 * GENDER.rows * len(GENDER.groups)
    for row in pairing.rows():
        assert [each.group for each in row] == list(pairing.groups)
        assert {(each.case, each.row) for each in row} == {(row[0].case, row[0].row)}
        for each in row:
            text = each.rendered.messages[1].text
            assert [text[at.start : at.end] for at in each.put] == [
                each.values["name"],
                str(each.values["pronoun"]).upper(),
            ]


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{% if name == 'x' %}{% endif %}{{ name }}{{ pronoun }}{{ cv }}", "a condition reads 'name'"),
        ("{{ name | length }}{{ pronoun }}{{ cv }}", "'name' is computed with, and not only put out"),
        ("{% set a = name %}{{ a }}{{ pronoun }}{{ cv }}", "'name' is given another name"),
    ],
)
def test_a_template_that_reads_a_field_is_refused(template: str, reason: str) -> None:
    prompt = Prompt.define(Application, user(template))
    with pytest.raises(PairingRefused) as caught:
        paired(prompt, [{"cv": "5 years"}], GENDER)
    assert caught.value.what == reason
    assert caught.value.where is not None
    assert caught.value.where.line == 1
