"""A hundred thousand versions of ten thousand prompts: what can be counted is counted, and git is the judge."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.benchmarks.library import Library, built
from tests.store import growth

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

FEW, MANY = (100, 10), (100_000, 10_000)
MOST_MEGABYTES = 300


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> tuple[Library, Library]:
    """A small store and the large one."""
    folder = tmp_path_factory.mktemp("large")
    return built(folder / "few.git", *FEW), built(folder / "many.git", *MANY)


def test_the_answers_are_those_of_git(libraries: tuple[Library, Library]) -> None:
    _, many = libraries
    assert len(many.gone) == 5
    growth.check_answers(many)


def test_an_index_that_follows_the_branch_is_the_one_made_from_nothing(
    libraries: tuple[Library, Library], monkeypatch: pytest.MonkeyPatch
) -> None:
    growth.check_moves(libraries[1], monkeypatch)


def test_an_index_from_nothing_takes_little_memory(
    libraries: tuple[Library, Library], lack: Callable[[str], NoReturn]
) -> None:
    if sys.platform != "linux":
        lack("only Linux tells how much memory a process held at most")
    assert growth.peak_memory(libraries[1]) <= MOST_MEGABYTES


def test_no_operation_costs_more_among_a_hundred_thousand(
    libraries: tuple[Library, Library], monkeypatch: pytest.MonkeyPatch
) -> None:
    for library in libraries:
        growth.warm(library)
    growth.check_growth(*libraries, monkeypatch)
