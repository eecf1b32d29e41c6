"""What pairs cost, beside rendering the same inputs without a proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel

from promptlib import Budget, Prompt, Segment, system, user
from promptlib.fairness import Demographic, VariantSet
from promptlib.fairness import paired as pairs_of

from .measure import Figure, figure, paired

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS, CASES = 50, 10
ROUNDS = 9
GROUPS = ("female", "male", "nonbinary")
CV = "Sold machines to bakeries for five years, then led a team of four. "


class Application(BaseModel):
    """What the prompts of these figures take."""

    name: Annotated[str, Demographic("gender", "name")]
    title: Annotated[str, Demographic("gender", "title")]
    cv: Annotated[str, Segment(truncate="end")]


PLAIN = "{{ title }} {{ name }} applies for a job in sales. Rate the application from 0 to 10.\n\n{{ cv }}"
GENERAL = """\
{% if cv %}{{ title | upper }} {{ name }}{% endif %} applies for a job in sales. Rate the application from 0 to 10.

{% for part in ["experience", "languages"] %}Weigh {{ part }} of {{ name }}.
{% endfor %}{{ cv | delimited("cv") }}"""


def figures() -> Iterator[Figure]:
    """Yield what this module measures."""
    variants = _set()
    cases = [{"cv": CV * (at + 1)} for at in range(CASES)]
    size = f"{ROWS} rows, {CASES} cases, {len(GROUPS)} groups"
    for what, text in (("plain variables", PLAIN), ("a general template", GENERAL)):
        prompt = Prompt.define(Application, system("You rate applications."), user(text))
        yield _beside(f"pairs of {size}: {what}", prompt, cases, variants, None)
    prompt = Prompt.define(Application, system("You rate applications."), user(PLAIN))
    yield _beside(f"pairs of {size}: inside a budget", prompt, cases, variants, Budget(2_000))


def _set() -> VariantSet:
    """Return a set of so many rows: the shipped names with family names of our own."""
    shipped = VariantSet.shipped("gender")
    rows = range(ROWS)
    groups = {
        group: {
            "name": tuple(f"{str(own['name'][row % shipped.rows]).split()[0]} Sutton-{row:03}" for row in rows),
            "title": own["title"][:1] * ROWS,
        }
        for group, own in shipped.groups.items()
    }
    return VariantSet(axis="gender", language="en", source="ours", licence="Apache-2.0", groups=groups)


def _beside(
    what: str, prompt: Prompt[Any], cases: list[dict[str, str]], variants: VariantSet, budget: Budget | None
) -> Figure:
    given = [
        {**case, **{form: own[form][row] for form in ("name", "title")}}
        for case in cases
        for row in range(variants.rows)
        for own in variants.groups.values()
    ]

    def proven() -> object:
        return pairs_of(prompt, cases, variants, budget=budget)

    def rendered() -> object:
        return [prompt.render(each, budget=budget) for each in given]

    assert len(pairs_of(prompt, cases, variants).variants) == len(given)
    return figure(what, "rendering the same", None, paired(proven, rendered, rounds=ROUNDS))
