"""What `from promptlib import …` offers is what `__all__` says: no less, and nothing by accident."""

from __future__ import annotations

import inspect
import pickle

import promptlib
from promptlib import errors, tokens

CONTRACT = {
    "Budget",
    "Message",
    "Prompt",
    "Store",
    "Thread",
    "assistant",
    "Segment",
    "count_many",
    "count_tokens",
    "developer",
    "fit",
    "placeholder",
    "system",
    "tool",
    "truncate",
    "user",
}


def test_the_contract_is_exported() -> None:
    assert set(promptlib.__all__) >= CONTRACT


def test_every_exported_name_is_there() -> None:
    missing = [name for name in promptlib.__all__ if not hasattr(promptlib, name)]
    assert missing == []


def test_names_are_listed_once() -> None:
    assert len(promptlib.__all__) == len(set(promptlib.__all__))


def test_completion_offers_what_is_exported() -> None:
    assert set(promptlib.__all__) <= set(dir(promptlib))


def test_nothing_is_public_by_accident() -> None:
    own = {
        name
        for name, value in vars(promptlib).items()
        if not name.startswith("_") and str(getattr(value, "__module__", "")).startswith("promptlib")
    }
    assert own <= set(promptlib.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(promptlib, "Hub")
    assert not hasattr(tokens, "Hub")


def test_every_name_of_the_tokens_is_there() -> None:
    assert [name for name in tokens.__all__ if not hasattr(tokens, name)] == []


def test_every_error_can_cross_a_process() -> None:
    kinds = [
        kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, errors.PromptLibError)
    ]
    assert len(kinds) > 1
    for kind in kinds:
        error = kind("what", where=errors.Where("file", 1, 2, "text"), hint="next")
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes, made on this line
        assert (type(copy), str(copy), copy.hint) == (kind, str(error), "next")
