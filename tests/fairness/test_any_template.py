"""Any template: it is refused, or its pairs are equal once the values of the fields are taken out of their text."""

from __future__ import annotations

from typing import Annotated

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from promptlib import Prompt, user
from promptlib.errors import InvalidPrompt, PairingRefused
from promptlib.fairness import Demographic, VariantSet, paired

#: Values of several lengths that stand nowhere else and are spelt alike in every case.
PEOPLE = VariantSet(
    axis="kind",
    language="en",
    source="ours",
    licence="CC0-1.0",
    groups={"one": {"code": ("107", "70709")}, "two": {"code": ("5083", "58")}, "three": {"code": ("96", "600006")}},
)


class Inputs(BaseModel):
    code: Annotated[str, Demographic("kind", "code")]
    cv: str = "abc"


NAMES = st.sampled_from(["code", "cv", "x"])
FILTERS = st.sampled_from(["upper", "trim", "length", "first", "reverse", "tojson", "list", "default('-')", "int", "e"])
ATOMS = st.one_of(NAMES, st.sampled_from(["'7'", "7", "[1, 2]", "{'107': 'a'}"]))
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, FILTERS).map(" | ".join),
        st.tuples(inner, st.sampled_from([" == ", " ~ ", " in ", " < ", " and ", " or "]), inner).map("".join),
        st.tuples(inner, inner, inner).map(lambda each: "({} if {} else {})".format(*each)),
        st.tuples(st.sampled_from(["code", "cv", "{'107': 'a'}"]), inner).map(lambda each: "{}[{}]".format(*each)),
    ),
    max_leaves=3,
)
TEXT = st.sampled_from(["Rate ", ".\n", "- "])
PUT = st.one_of(st.just("{{ code }}"), st.just("{{- code | upper }}"), st.just("{{ cv }}"))
PIECES = st.recursive(
    st.one_of(TEXT, PUT, PUT, EXPRESSIONS.map("{{{{ {} }}}}".format)),
    lambda inner: st.one_of(
        st.tuples(EXPRESSIONS, inner).map(lambda each: "{{% if {} %}}{}{{% endif %}}".format(*each)),
        st.tuples(EXPRESSIONS, inner).map(lambda each: "{{% for x in {} %}}{}{{% endfor %}}".format(*each)),
        EXPRESSIONS.map("{{% set x = {} %}}".format),
        inner.map("{{% set x %}}{}{{% endset %}}".format),
        inner.map("{{% filter upper %}}{}{{% endfilter %}}".format),
        inner.map("{{% macro m() %}}{}{{% endmacro %}}{{{{ m() }}}}".format),
        st.tuples(inner, inner).map("".join),
    ),
    max_leaves=5,
)


def check(text: str) -> bool:
    """Return whether the template is paired; what is paired has to be right, and what is refused says what to do."""
    refused: InvalidPrompt | None = None
    try:
        prompt = Prompt.define(Inputs, user(text + "{{ cv }}{{ code }}"))
        pairing = paired(prompt, [{}, {"cv": "7"}], PEOPLE)
    except InvalidPrompt as error:
        refused = error
    if refused is not None:  # by the pairing, or already as a template
        assert refused.hint or not isinstance(refused, PairingRefused)
        return False
    for row in pairing.rows():
        texts = {each.rendered.text.replace(str(each.values["code"]), "\0") for each in row}
        assert len(texts) == 1
    return True


@settings(max_examples=150, deadline=None)
@given(PIECES)
def test_what_is_paired_differs_only_there(text: str) -> None:
    check(text)


@pytest.mark.soak
@settings(max_examples=4_000, deadline=None)
@given(PIECES)
def test_what_is_paired_differs_only_there_at_length(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{% if cv == '7' %}{{ code }}{% endif %}", True),
        ("{% for x in [1, 2] %}{{ code }}{{ x }}{% endfor %}", True),
        ("{% if code < cv %}7{% endif %}", False),
        ("{{ {'107': 'a'}[code] }}", False),
    ],
)
def test_the_check_itself_tells_both(text: str, *, expected: bool) -> None:
    assert check(text) is expected
