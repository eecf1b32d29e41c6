"""A store ten times as large costs no more to use; the same at its full size is in tests/system."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptlib import codec
from promptlib.refs import MOST_COMPARED, missing_name
from promptlib.store import past
from tests.benchmarks.library import Library, built, file_of
from tests.store import growth

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from promptlib import Prompt, Store
    from tests.store.conftest import Question

FEW, MANY = (100, 10), (1_000, 100)


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> tuple[Library, Library]:
    """A small store and a larger one of the same kind."""
    folder = tmp_path_factory.mktemp("growth")
    return built(folder / "few.git", *FEW), built(folder / "many.git", *MANY)


def test_names_are_looked_for_where_they_can_be(store: Store, make: Callable[..., Prompt[Question]]) -> None:
    names = ("greet", "team/ask", "team/sub/tell", "teams/other")
    for name in names:
        store.save(name, make(name))
    store.label("team/ask", "production", "v1")
    for prefix in (
        "",
        "team",
        "team/",
        "team/a",
        "team/sub/",
        "nowhere/",
        "greet/",
        "../",
        "/",
        ".labels/",
        ".labels/p",
    ):
        assert store.names(prefix) == tuple(name for name in names if name.startswith(prefix))


def test_a_folder_that_is_a_link_holds_no_names_and_no_labels(
    tree: Store, make: Callable[..., Prompt[Question]]
) -> None:
    tree.save("team/ask", make("Ask."))
    tree.label("team/ask", "production", "v1")
    root = tree.path / "prompts"
    (root / "elsewhere").symlink_to(root / "team")
    (root / ".labels" / "staging").symlink_to(root / ".labels" / "production")
    assert tree.names("elsewhere/") == ()
    assert list(tree.labels("team/ask")) == ["production"]


def test_a_label_moved_and_taken_away_in_one_transaction(store: Store, make: Callable[..., Prompt[Question]]) -> None:
    store.save("ask", make("One."))
    store.label("ask", "staging", "v1")
    with store.transaction("All at once") as transaction:
        transaction.label("ask", "production", "v1")
        transaction.label("ask", "staging", None)
        transaction.rename("ask", "tell")
    assert list(store.labels("tell")) == ["production"]
    assert store.labels("ask") == {}
    assert store.load("tell@production").digest == store.load("tell@v1").digest


@pytest.mark.parametrize("wrong", ["team-3/ask-12x", "team-33/ask-123", "team-3/ask-124"])
def test_among_thousands_of_names_the_nearest_is_told(wrong: str) -> None:
    names = [f"team-{team}/ask-{number}" for team in range(9) for number in range(300) if (team, number) != (3, 124)]
    assert len(names) > MOST_COMPARED
    assert missing_name(wrong, names).startswith("did you mean 'team-3/ask-")


def test_a_history_is_remembered_while_nothing_moves(bare: Store, make: Callable[..., Prompt[Question]]) -> None:
    bare.save("greet", make("One."))
    first = bare.history("greet")
    assert bare.history("greet") is first
    bare.label("greet", "production", "v1")
    assert bare.history("greet")[0].labels == ("production",)
    bare.save("greet", make("Two."))
    assert [each.number for each in bare.history("greet")] == [1, 2]


@pytest.mark.parametrize("most", ["_LONGEST_HISTORY", "_MOST_HISTORIES"])
def test_only_few_and_short_histories_are_remembered(
    bare: Store, make: Callable[..., Prompt[Question]], monkeypatch: pytest.MonkeyPatch, most: str
) -> None:
    for text in ("One.", "Two."):
        bare.save("greet", make(text))
        bare.save("part", make(text))
    monkeypatch.setattr(past, most, 1)
    for _ in range(2):
        for name in ("greet", "part"):
            assert [each.number for each in bare.history(name)] == [1, 2]
            assert {each.name for each in bare.history(name)} == {name}


@pytest.mark.parametrize("number", range(3))
def test_the_library_holds_what_promptlib_writes(number: int) -> None:
    data = file_of(number, 3)
    assert codec.write(codec.read(data)) == data


def test_a_library_is_the_same_each_time(libraries: tuple[Library, Library], tmp_path: Path) -> None:
    again = built(tmp_path / "again.git", *FEW)
    assert again.git("rev-parse", "main") == libraries[0].git("rev-parse", "main")
    assert len(set(again.git("rev-parse", "main", "other", "rewritten", "before-1", "before-1000").split())) == 5


def test_the_answers_are_those_of_git(libraries: tuple[Library, Library]) -> None:
    for library in libraries:
        growth.check_answers(library)


def test_an_index_that_follows_the_branch_is_the_one_made_from_nothing(
    libraries: tuple[Library, Library], monkeypatch: pytest.MonkeyPatch
) -> None:
    growth.check_moves(libraries[1], monkeypatch)


def test_no_operation_costs_more_in_a_larger_store(
    libraries: tuple[Library, Library], monkeypatch: pytest.MonkeyPatch
) -> None:
    for library in libraries:
        growth.warm(library)
    growth.check_growth(*libraries, monkeypatch)
