from __future__ import annotations

from typing import Any

import pytest

from promptlib import errors
from promptlib.cli.exits import CODES, MEANINGS, code_of


def tree(kind: type[errors.PromptLibError] = errors.PromptLibError) -> list[type[errors.PromptLibError]]:
    """Return every error class below *kind*, and *kind*."""
    return [
        kind,
        *(found for each in kind.__subclasses__() for found in tree(each) if found.__module__ == errors.__name__),
    ]


@pytest.mark.parametrize("kind", dict.fromkeys(tree()), ids=lambda kind: kind.__name__)
def test_every_error_has_a_code_of_its_own(kind: type[errors.PromptLibError]) -> None:
    assert kind in CODES
    assert code_of(kind("what")) == CODES[kind]
    assert CODES[kind] in MEANINGS


def test_the_codes_are_those_that_are_promised() -> None:
    assert {kind.__name__: code for kind, code in CODES.items() if code != 1} == {
        "BadRef": 2,
        "NotFound": 3,
        "NotAStore": 3,
        "UnknownEncoding": 3,
        "StoreReadOnly": 4,
        "Busy": 4,
        "SaveRefused": 4,
        "SiteRefused": 4,
        "RemoteRefused": 4,
        "Conflict": 4,
        "Superseded": 4,
        "NumberMoved": 4,
        "HookChangedContent": 4,
        "MergeConflict": 4,
        "StoreDamaged": 5,
    }


def test_an_error_class_of_somebody_else_ends_as_its_parent() -> None:
    class Other(errors.Superseded):
        pass

    assert code_of(Other("what")) == 4


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("show", "No Name"), 2, "a valid name near it: 'no-name'"),
        (("show", "support/triage@"), 2, "nothing follows the @"),
        (("show", "support/triag"), 3, "did you mean 'support/triage'"),
        (("show", "support/triage@v9"), 3, "versions"),
        (("show", "support/triage@prodution"), 3, "did you mean 'production'"),
        (("-C", "missing", "ls"), 3, "promptlib init --bare missing"),
        (("-C", "/", "ls"), 3, "promptlib init"),
        (("lgo",), 2, "Did you mean 'log'"),
        (("log",), 2, "Missing argument"),
        (("log", "a", "--nope"), 2, "No such option"),
        ((), 2, "Usage: promptlib"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else None,
)
def test_errors_say_what_to_do_next(triage: Any, arguments: tuple[str, ...], code: int, words: str) -> None:
    ended = triage(*arguments)
    assert ended.code == code, ended.err
    assert words in ended.err
    assert ended.out == ""
    assert "Traceback" not in ended.err
