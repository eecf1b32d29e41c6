"""Several changes are one commit or none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promptlib.errors import Conflict, InvalidPrompt, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptlib import Store


def test_a_transaction_is_one_commit(store: Store, make: Callable[..., Any]) -> None:
    """Saves, labels, renames and deletions together."""
    store.save("old", make("old"))
    store.save("gone", make("gone"))
    before = len(list(store.commits()))
    with store.transaction("Warmer voice everywhere") as transaction:
        first = transaction.save("a", make("one"))
        transaction.label("a", "production", first)
        transaction.rename("old", "new")
        transaction.delete("gone")
        assert transaction.names() == ("a", "new")
    assert len(list(store.commits())) == before + 1
    assert store.names() == ("a", "new")
    assert store.version("a").message == "Warmer voice everywhere"
    assert store.load("a@production") == make("one")


def test_inside_it_sees_its_own_writes(store: Store, make: Callable[..., Any]) -> None:
    """Every spelling of a ref does; outside nothing is seen before the end."""
    first = store.save("a", make("one"))
    with store.transaction("Two") as transaction:
        second = transaction.save("a", make("two"))
        assert (second.number, second.commit, second.provisional) == (2, "", True)
        for ref in ("a", "a@latest", f"a#{second.digest[7:15]}"):
            assert transaction.load(ref) == make("two")
        assert transaction.load("a@v1") == make("one")
        transaction.label("a", "staging", "latest")
        assert transaction.load("a@staging") == make("two")
        assert store.load("a@latest") == make("one")
    assert store.load("a@staging") == make("two")
    assert store.version("a").parents == (first.pin,)


def test_an_exception_inside_makes_nothing(store: Store, make: Callable[..., Any]) -> None:
    """Not even the part before it."""
    store.save("a", make("one"))
    before = len(list(store.commits()))
    with pytest.raises(ZeroDivisionError), store.transaction("Half") as transaction:
        transaction.save("a", make("two"))
        transaction.save("b", make("three"))
        raise ZeroDivisionError
    assert store.names() == ("a",)
    assert store.load("a") == make("one")
    assert len(list(store.commits())) == before


def test_an_empty_transaction_makes_no_commit(store: Store, make: Callable[..., Any]) -> None:
    """Nothing, or only what was there already, is no commit."""
    store.save("a", make("one"))
    before = len(list(store.commits()))
    with store.transaction("Nothing"):
        pass
    with store.transaction("The same") as transaction:
        assert transaction.save("a", make("one")).outcome == "unchanged"
    assert len(list(store.commits())) == before


def test_revert_and_expect_inside(store: Store, make: Callable[..., Any]) -> None:
    """They mean what they mean outside."""
    store.save("a", make("one"))
    store.save("a", make("two"))
    with store.transaction("Back") as transaction:
        assert transaction.revert("a", "v1").outcome == "created"
        with pytest.raises(Conflict):
            transaction.save("a", make("three"), expect="v2")
    assert store.load("a") == make("one")
    with store.transaction("Stay") as transaction:
        assert transaction.revert("a", store.version("a@v1")).outcome == "unchanged"


def test_a_commit_in_between_is_no_loss(bare: Store, make: Callable[..., Any]) -> None:
    """Other names moved: both are there. The same name, without an origin: it goes on top."""
    with bare.transaction("Slow") as transaction:
        transaction.save("a", make("one"))
        transaction.save("b", make("one"))
        bare.save("c", make("one"))
        bare.save("b", make("two"))
    assert bare.names() == ("a", "b", "c")
    assert [version.number for version in bare.history("b")] == [1, 2]
    assert bare.load("b") == make("one")


def test_a_commit_in_between_of_the_same_name_is_a_conflict(bare: Store, make: Callable[..., Any]) -> None:
    """A save with an origin is checked again on the newest tip, and nothing of the transaction is made."""
    bare.save("a", make("one"))
    loaded = bare.load("a")
    with pytest.raises(Conflict, match="a has moved on"), bare.transaction("Slow") as transaction:
        transaction.save("b", make("other"))
        transaction.save("a", loaded.evolve(messages=make("two").messages))
        bare.save("a", make("three"))
    assert bare.names() == ("a",)
    assert bare.load("a") == make("three")


def test_numbers_are_foretold(store: Store, make: Callable[..., Any]) -> None:
    """As they will be: after several saves of one name, after a rename, and after a deletion."""
    store.save("a", make("one"))
    store.save("a", make("two"))
    store.save("gone", make("three"))
    with store.transaction("Foretold") as transaction:
        assert transaction.save("gone", make("three")).number == 1
        assert transaction.save("gone", make("four")).number == 2
        assert transaction.save("gone", make("four")).number == 2
        transaction.delete("gone")
        assert transaction.save("gone", make("five")).number == 2
        transaction.rename("a", "b")
        assert transaction.save("b", make("six")).number == 3
        assert transaction.save("new", make("seven")).number == 1
    assert [store.version(name).number for name in ("gone", "b", "new")] == [2, 3, 1]


def test_a_label_is_a_version_too(store: Store, make: Callable[..., Any]) -> None:
    """To go back to it, or to point another label at it."""
    store.save("a", make("one"))
    store.label("a", "production", "v1")
    store.save("a", make("two"))
    with store.transaction("Labels") as transaction:
        transaction.label("a", "staging", "production")
        transaction.revert("a", "production")
        transaction.label("a", "newest", "latest")
    assert store.load("a@staging") == store.load("a") == store.load("a@newest") == make("one")


def test_the_exact_version_comes_back(store: Store, make: Callable[..., Any]) -> None:
    """Versions that share a digest differ in their words: labels and reverts take the one that was named."""
    store.save("a", make("one", description="first"))
    store.save("a", store.load("a").evolve(description="second"))
    store.save("a", make("two"))
    for verb in (store, None):
        for number, words in ((1, "first"), (2, "second")):
            if verb:
                store.label("a", "production", f"v{number}")
                store.revert("a", f"v{number}")
            else:
                with store.transaction("Back") as transaction:
                    transaction.label("a", "production", f"v{number}")
                    transaction.revert("a", store.version(f"a@v{number}"))
            assert store.load("a@production").description == words
            assert store.load("a").description == words


def test_names_that_are_not_there(store: Store) -> None:
    """The nearest name is told."""
    with pytest.raises(NotFound), store.transaction("Label") as transaction:
        transaction.label("a", "production", "v1")


def test_bytes_are_laid_over_the_newest_version_and_over_no_other(store: Store, make: Callable[..., Any]) -> None:
    """What says the same in other bytes is a version too; a draft of something older is refused."""
    first = store.save("a", make("one"))
    text = store.file("a").replace(b"\n", b"\r\n")
    with store.transaction("Other line ends") as transaction:
        transaction.rewrite("a", text, expect=first)
        transaction.rewrite("a", text)
    assert store.file("a") == text
    assert [each.digest for each in store.history("a")] == [first.digest] * 2
    store.save("a", make("two"))
    with pytest.raises(Conflict, match="a has moved on"), store.transaction("Too late") as transaction:
        transaction.rewrite("a", text, expect=first)
    with pytest.raises(InvalidPrompt), store.transaction("No prompt") as transaction:
        transaction.rewrite("a", b"user:\n{{ nobody }}\n")
    assert store.load("a") == make("two")
