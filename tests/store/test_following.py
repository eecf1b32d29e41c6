"""A transaction goes along while others save: without doing its work again where nothing that it has read changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Prompt, Store, codec, user
from promptlib.errors import InvalidPrompt, Superseded
from promptlib.store.drafts import Draft
from promptlib.store.writing import MOST_FOLLOWED

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[..., Prompt[Any]]
    Run = Callable[..., str]


@pytest.fixture
def saves(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names whose rules were checked, one by one."""
    checked: list[str] = []
    save = Draft.save

    def counted(self: Draft, name: str, *rest: Any) -> Any:
        checked.append(name)
        return save(self, name, *rest)

    monkeypatch.setattr(Draft, "save", counted)
    return checked


def begin(bare: Store, make: Make) -> Store:
    """Save a, and return another store of the same repository."""
    bare.save("a", make("one"))
    return Store(bare.path)


def test_other_names_move(bare: Store, make: Make, saves: list[str], run: Run) -> None:
    """Each rule is checked once, and the commit lies on top of theirs."""
    other = begin(bare, make)
    saves.clear()
    with bare.transaction("Mine") as transaction:
        transaction.save("a", make("two"))
        other.save("b", make("theirs"))
        transaction.save("c", make("mine"))
        other.save("d/e", make("theirs too"))
    assert saves == ["a", "b", "c", "d/e"]
    told = run(bare.path, "log", "--format=%s", "-3").splitlines()
    assert told == ["Mine", "Save d/e", "Save b"]
    assert [bare.load(name).messages[0].text for name in ("a", "b", "c", "d/e")] == [
        "two",
        "theirs",
        "mine",
        "theirs too",
    ]
    assert [version.number for version in bare.history("a")] == [1, 2]


def test_changed_and_changed_back(bare: Store, make: Make, saves: list[str]) -> None:
    """The name stands as it did, with a history that forbids what was allowed: the rules are checked again."""
    other = begin(bare, make)
    saves.clear()
    with pytest.raises(Superseded, match="a has moved on since"), bare.transaction("Mine") as transaction:
        transaction.save("a", make("two"))
        other.save("a", make("two"))
        other.revert("a", "v1")
    assert saves == ["a", "a", "a"]
    assert [version.number for version in bare.history("a")] == [1, 2, 3]


def test_what_was_only_read_counts_too(bare: Store, make: Make) -> None:
    """A transaction that has loaded a name keeps seeing it as it was."""
    other = begin(bare, make)
    with bare.transaction("Mine") as transaction:
        assert transaction.load("a") == make("one")
        other.save("a", make("two"))
        transaction.save("b", make("three"))
        assert transaction.load("a") == make("one")
    assert bare.load("a") == make("two")


def test_who_has_read_all_names(bare: Store, make: Make, saves: list[str]) -> None:
    """Any new name matters to who has listed them: the work is done again."""
    other = begin(bare, make)
    with bare.transaction("Mine") as transaction:
        transaction.rename("a", "moved")
        transaction.save("b", make("two"))
        saves.clear()
        other.save("c", make("three"))
    assert saves == ["c", "b"]
    assert bare.names() == ("b", "c", "moved")


@pytest.mark.parametrize("how", ["merge", "many"])
def test_what_is_no_short_line(bare: Store, make: Make, run: Run, saves: list[str], how: str) -> None:
    """A merge, or more commits than are looked at, is another history: the work is done again."""
    begin(bare, make)
    head = run(bare.path, "rev-parse", "HEAD").strip()
    eve = ("-c", "user.name=Eve", "-c", "user.email=eve@example.com")

    def made(*parents: str) -> str:
        words = [word for parent in parents for word in ("-p", parent)]
        return run(bare.path, *eve, "commit-tree", f"{head}^{{tree}}", *words, "-m", "Theirs").strip()

    with bare.transaction("Mine") as transaction:
        transaction.save("b", make("two"))
        saves.clear()
        tip = made(head, made(head)) if how == "merge" else head
        for _ in range(MOST_FOLLOWED + 1 if how == "many" else 0):
            tip = made(tip)
        run(bare.path, "update-ref", "refs/heads/main", tip, head)
    assert saves == ["b"]
    assert bare.load("b") == make("two")
    assert run(bare.path, "rev-parse", "HEAD^1").strip() == tip


def test_a_file_that_only_a_hand_can_write(bare: Store) -> None:
    """What nobody has touched is written anew; comments, and words that we would not write, stay."""
    bare.save("a", codec.read(b"---\n---\nuser:\nOne.\n"))
    assert bare.save("a", Prompt.define(user("Two."))).number == 2
    assert bare.file("a") == codec.write(Prompt.define(user("Two.")))
    by_hand = b"---\n# why\ndescription:   x\n---\nuser:\nThree.\n"
    bare.save("a", codec.read(by_hand), file=by_hand)
    bare.save("a", Prompt.define(user("Four."), description="x"))
    assert bare.file("a") == by_hand.replace(b"Three", b"Four")


def test_front_matter_that_we_would_write_longer(bare: Store) -> None:
    """It fits as a hand wrote it: the new text is put into it, and the rest stays."""
    tags = ",".join(f"t{at:05}" for at in range(35_000))
    by_hand = f"---\nmetadata:\n  tags: [{tags}]\n---\nuser:\nOne.\n".encode()
    first = codec.read(by_hand)
    with pytest.raises(InvalidPrompt, match="front matter would be larger"):
        codec.write(first)
    bare.save("a", first, file=by_hand)
    bare.save("a", first.evolve(messages=(user("Two."),)))
    assert bare.file("a") == by_hand.replace(b"One.", b"Two.")
