"""Models built from stored declarations, and what the package costs to import."""

from __future__ import annotations

import subprocess
import sys
import warnings
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

import promptlib.inputs
from promptlib.inputs import Input, InputType, declare, describe, model_of, validate
from promptlib.inputs.wording import described

TEXT = InputType(kind="string")


def test_a_built_model_is_frozen_and_closed() -> None:
    model = model_of((Input(name="ticket", type=TEXT, description="What they wrote"),))
    assert issubclass(model, BaseModel)
    assert model.__name__ == "Inputs"
    assert model.model_fields["ticket"].description == "What they wrote"
    instance: Any = model.model_validate({"ticket": "t"})
    with pytest.raises(ValidationError, match="frozen"):
        instance.ticket = "other"
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        model.model_validate({"ticket": "t", "other": 1})


def test_equal_declarations_share_a_model_and_others_do_not() -> None:
    def one_of(value: float) -> tuple[Input, ...]:
        return (Input(name="x", type=InputType(kind="enum", values=(value,))),)

    assert model_of(one_of(1)) is model_of(one_of(1))
    assert len({model_of(one_of(value)) for value in (1, 1.0, True)}) == 3


def test_names_that_pydantic_has_methods_of_serve_without_a_warning() -> None:
    names = [name for name in dir(BaseModel) if not name.startswith("_") and name != "model_config"]
    inputs = tuple(Input(name=name, type=TEXT) for name in names)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = model_of(inputs)
    instance = validate(model, dict.fromkeys(names, "t"))
    assert instance.__dict__ == dict.fromkeys(names, "t")
    assert declare(model) == inputs


def test_a_mutable_default_is_nobodys_to_change() -> None:
    model = model_of((Input(name="x", type=InputType(kind="json"), required=False, default=("a",)),))
    first: Any = model()
    first.x.append("b")
    second: Any = model()
    assert second.x == ["a"]


@pytest.mark.parametrize(
    ("kind_of", "words"),
    [
        (TEXT, "text"),
        (InputType(kind="string", nullable=True), "text, or None"),
        (InputType(kind="string", max_length=80), "text of at most 80 characters"),
        (InputType(kind="string", min_length=1), "text of at least 1 characters"),
        (InputType(kind="string", min_length=1, max_length=3), "text of 1 to 3 characters"),
        (InputType(kind="string", pattern="^a"), "text that matches '^a'"),
        (InputType(kind="integer", ge=1, le=5), "a whole number from 1 to 5"),
        (InputType(kind="integer", ge=1), "a whole number, at least 1"),
        (InputType(kind="float", le=1), "a number, at most 1.0"),
        (InputType(kind="boolean"), "true or false"),
        (InputType(kind="date"), "a date"),
        (InputType(kind="datetime"), "a date and time"),
        (InputType(kind="enum", values=("warm", "plain")), "one of 'warm', 'plain'"),
        (InputType(kind="enum", values=("warm",)), "'warm'"),
        (
            InputType(kind="enum", values=tuple(range(20))),
            "one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, … (20 in all)",
        ),
        (InputType(kind="thread"), "list of messages"),
        (InputType(kind="thread", max_length=3), "list of messages, at most 3 messages"),
        (InputType(kind="array", items=TEXT), "list of texts"),
        (InputType(kind="array", items=InputType(kind="boolean")), "list of true or false"),
        (InputType(kind="array", items=InputType(kind="integer", ge=1)), "list of (a whole number, at least 1)"),
        (InputType(kind="map", items=InputType(kind="float")), "mapping from texts to numbers"),
        (InputType(kind="map", items=TEXT, min_length=1), "mapping from texts to texts, at least 1 items"),
        (InputType(kind="object", properties=(Input(name="a", type=TEXT),)), "an object with a"),
        (InputType(kind="object"), "an object without properties"),
        (InputType(kind="json"), "any plain data"),
        (InputType(kind="image"), "an image"),
        (InputType(kind="file"), "a file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_types_in_words(kind_of: InputType, words: str) -> None:
    assert describe(kind_of) == words


def test_an_input_in_words() -> None:
    assert described(Input(name="tone", type=TEXT, required=False, default="plain")) == "tone: text (default 'plain')"
    assert described(Input(name="tone", type=TEXT)) == "tone: text"


def test_an_unknown_name_of_the_package_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'decalre'"):
        promptlib.inputs.decalre  # noqa: B018 - the misspelling is what is tested


def test_the_grammar_needs_no_pydantic() -> None:
    code = (
        "import sys; from promptlib.inputs import Input, InputType, canonical, describe; "
        "canonical((Input(name='a', type=InputType(kind='integer', ge=1), required=False, default=2),)); "
        "sys.exit('pydantic' in sys.modules or 'pydantic_core' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
