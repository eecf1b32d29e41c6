"""A version whose template cannot be read has its number and its digest, and nobody gets it as a prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptlib import codec
from promptlib.errors import InvalidPrompt
from promptlib.store.replaying import Replayed

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptlib import Prompt, Store
    from tests.store.conftest import Question

BROKEN = b"system:\n{% if question %}\n"


@pytest.fixture
def broken(bare: Store, make: Callable[..., Prompt[Question]]) -> Store:
    """A store whose v2 was committed by hand."""
    files = (codec.write(make("One.")), BROKEN, codec.write(make("Three.")))
    bare.replay(
        Replayed({"greet": file}, "By hand", "Ann", "ann@example.com", (1_700_000_000, "+0000")) for file in files
    )
    return bare


def test_it_counts_in_the_history(broken: Store) -> None:
    versions = broken.history("greet")
    assert [each.number for each in versions] == [1, 2, 3]
    assert all(each.digest for each in versions)


@pytest.mark.parametrize("which", ["v2", "digest"])
def test_it_cannot_be_loaded_labelled_or_gone_back_to(broken: Store, which: str) -> None:
    before = broken.history("greet")
    version = before[1].digest if which == "digest" else which
    ref = f"greet#{before[1].digest.removeprefix('sha256:')}" if which == "digest" else "greet@v2"
    for work in (
        lambda: broken.load(ref),
        lambda: broken.label("greet", "production", version),
        lambda: broken.revert("greet", version),
        lambda: broken.revert("greet", before[1]),
    ):
        with pytest.raises(InvalidPrompt, match=r"(?s)if|end"):
            work()
    assert broken.history("greet") == before
    assert broken.labels("greet") == {}
