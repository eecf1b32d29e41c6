"""The grammar, a pydantic model and back: nothing is lost, and nothing depends on how a model is written."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ConfigDict, create_model

from promptlib.inputs import Input, canonical, check_assignable, declare, model_of, validate, values_of, with_defaults
from promptlib.plain import canonical as text_of
from tests.strategies import inputs_strategy, values_strategy

if TYPE_CHECKING:
    from random import Random

    from pydantic.fields import FieldInfo


@pytest.mark.no_cover
@given(inputs_strategy())
def test_a_model_built_from_a_declaration_declares_the_same(inputs: tuple[Input, ...]) -> None:
    assert declare(model_of(inputs)) == inputs


@pytest.mark.filterwarnings("ignore:Field name:UserWarning")  # such as json, which pydantic warns about
@given(inputs_strategy(depth=1), st.randoms(use_true_random=False))
def test_the_content_does_not_depend_on_order_or_class_name(inputs: tuple[Input, ...], random: Random) -> None:
    built = model_of(inputs).model_fields
    names = random.sample(list(built), len(built))
    fields: dict[str, Any] = {name: (built[name].rebuild_annotation(), _described(built[name])) for name in names}
    model = create_model(
        "Other", __doc__="Another docstring.", __config__=ConfigDict(protected_namespaces=()), **fields
    )
    assert text_of(canonical(declare(model))) == text_of(canonical(inputs))


def _described(field: FieldInfo) -> FieldInfo:
    other = copy(field)
    other.description = "other words"
    return other


@given(inputs_strategy())
def test_a_declaration_is_assignable_to_itself(inputs: tuple[Input, ...]) -> None:
    check_assignable(inputs, model_of(inputs))


@given(st.data())
def test_accepted_values_reach_the_template(data: st.DataObject) -> None:
    inputs = data.draw(inputs_strategy())
    required = [each for each in inputs if each.required]
    given_values = {each.name: data.draw(values_strategy(each.type)) for each in required}
    instance = validate(model_of(inputs), given_values)
    values = values_of(instance, inputs)
    assert list(values) == [each.name for each in inputs]
    assert values == {name: values[name] for name in given_values} | with_defaults({}, inputs)
    for each in required:
        if each.type.kind in ("string", "integer", "boolean", "date", "datetime", "enum", "json"):
            assert values[each.name] == given_values[each.name]
            assert type(values[each.name]) is type(given_values[each.name])
