"""Saving, and every reason to refuse it; each text says what, where, what next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Store, Version
from promptlib._git import Author
from promptlib.errors import BadRef, Conflict, InvalidPrompt, NotFound, StoreReadOnly, Superseded

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_saved_prompt_loads_as_it_was(store: Store, make: Callable[..., Any]) -> None:
    """Name, number, digest, message and author are kept; the content is equal."""
    version = store.save("support/triage", make("Be kind."), message="First cut")
    assert (version.name, version.number, version.outcome) == ("support/triage", 1, "created")
    assert (version.message, version.parents) == ("First cut", ())
    loaded = store.load("support/triage")
    assert loaded == make("Be kind.")
    assert loaded.digest == version.digest
    assert loaded.name == "support/triage"


@pytest.mark.parametrize("what", ["Be kind.", None, {"messages": []}])
def test_only_prompts_and_chains_are_saved(store: Store, what: Any) -> None:
    """Who has a text is told how it becomes a prompt."""
    with pytest.raises(
        InvalidPrompt, match=f"to be saved as a is a {type(what).__name__}, not a Prompt or Chain"
    ) as told:
        store.save("a", what)
    assert told.value.hint == 'of a text: Prompt.define(user("…")); of a file: promptlib save a FILE'
    assert store.names() == ()


def test_the_same_content_makes_nothing(store: Store, make: Callable[..., Any]) -> None:
    """Saving again says `unchanged` and returns the version that is there."""
    first = store.save("a", make("Be kind."))
    again = store.save("a", make("Be kind."))
    assert again == first
    assert again.outcome == "unchanged"
    assert len(store.history("a")) == 1


def test_a_new_description_is_a_version_of_the_same_content(store: Store, make: Callable[..., Any]) -> None:
    """A version is a change of the file; two numbers may share a digest, and the digest means the newer."""
    first = store.save("a", make("Be kind.", description="one"))
    second = store.save("a", store.load("a").evolve(description="two"))
    assert (second.number, second.digest) == (2, first.digest)
    assert store.version(f"a#{first.digest[7:]}").number == 2
    assert store.load("a").description == "two"


def test_a_prompt_from_code_goes_on_top(store: Store, make: Callable[..., Any]) -> None:
    """Without an origin there is nothing to be overtaken."""
    store.save("a", make("one"))
    assert store.save("a", make("two")).number == 2


def test_a_prompt_made_from_an_older_version_is_a_conflict(store: Store, make: Callable[..., Any]) -> None:
    """The text names both versions and the commands that help; nothing is made."""
    store.save("a", make("one"))
    loaded = store.load("a")
    store.save("a", make("two"))
    with pytest.raises(Conflict) as caught:
        store.save("a", loaded.evolve(messages=make("three").messages))
    text = str(caught.value)
    assert "a has moved on: this save was made from v1 (" in text
    assert "the newest is v2 (" in text
    assert "promptlib diff a#" in text
    assert len(store.history("a")) == 2


def test_an_origin_under_another_name_counts_as_none(store: Store, make: Callable[..., Any]) -> None:
    """A derived prompt begins a life of its own, and says where it came from."""
    first = store.save("a", make("one"))
    store.save("a", make("two"))
    derived = store.load("a@v1").derive(description="for others")
    version = store.save("b", derived)
    assert version.number == 1
    assert version.derived_from == first.pin


@pytest.mark.parametrize("spelling", ["version", "number", "digest"])
def test_expect_names_the_newest(store: Store, make: Callable[..., Any], spelling: str) -> None:
    """A `Version`, `v1` or a digest serves; anything but the newest is a conflict."""
    first = store.save("a", make("one"))
    spellings: dict[str, Version | str] = {"version": first, "number": "v1", "digest": first.digest}
    expected = spellings[spelling]
    store.save("a", make("two"), expect=expected)
    with pytest.raises(Conflict, match="made from v1"):
        store.save("a", make("three"), expect=expected)


def test_expect_of_a_name_that_is_gone(store: Store, make: Callable[..., Any]) -> None:
    """A deleted name is not the expected version."""
    first = store.save("a", make("one"))
    store.delete("a")
    with pytest.raises(Conflict, match="a has no file any more") as caught:
        store.save("a", make("two"), expect=first)
    assert "with_origin(None)" in caught.value.hint


def test_the_content_of_an_older_version_is_superseded(store: Store, make: Callable[..., Any]) -> None:
    """An application that saves its own prompts at start never undoes an editor's work."""
    store.save("a", make("one"))
    store.save("a", make("two"))
    with pytest.raises(Superseded) as caught:
        store.save("a", make("one"))
    assert "this is the content of a v1" in str(caught.value)
    assert 'store.revert("a", "v1")' in str(caught.value)


def test_older_words_around_the_newest_content_are_superseded_too(store: Store, make: Callable[..., Any]) -> None:
    """A librarian's better description is not undone by the code that has the first one."""
    store.save("a", make("one", description="first"))
    store.save("a", store.load("a").evolve(description="second"))
    with pytest.raises(Superseded, match="content of a v1"):
        store.save("a", make("one", description="first"))
    assert store.save("a", make("one", description="third")).number == 3


def test_what_only_the_file_knows_stays(store: Store, make: Callable[..., Any]) -> None:
    """A prompt from code does not erase where the stored one came from."""
    first = store.save("a", make("one"))
    store.save("b", store.load("a").derive())
    assert store.save("b", make("two")).derived_from == first.pin


def test_authors_are_kept(bare: Store, make: Callable[..., Any]) -> None:
    """Who saved it is who was given."""
    version = bare.save("a", make("one"), author=Author("Ann Example", "ann@example.org"))
    assert (version.author, version.email) == ("Ann Example", "ann@example.org")


def test_a_bare_store_falls_back_to_the_user_at_this_host(bare: Store, make: Callable[..., Any]) -> None:
    """Nobody told git who they are, and the version still has an author."""
    version = bare.save("a", make("one"))
    assert version.author
    assert "@" in version.email


@pytest.mark.parametrize("name", ["", "A", "../x", "a/", "con", "a b", ".git", "-rf", "a.", "x" * 65])
def test_hostile_names_are_refused(store: Store, make: Callable[..., Any], name: str) -> None:
    """No name outside the grammar reaches a path."""
    with pytest.raises(BadRef, match="is no prompt name"):
        store.save(name, make("one"))
    assert store.names() == ()


def test_revert_is_byte_for_byte_and_on_top(store: Store, make: Callable[..., Any]) -> None:
    """Going back on purpose is a new version with the old content and words."""
    first = store.save("a", make("one", description="first"))
    store.save("a", make("two"))
    third = store.revert("a", "v1")
    assert (third.number, third.digest) == (3, first.digest)
    assert store.load("a").description == "first"
    assert third.message.startswith("Revert a to v1")
    assert store.revert("a", first).outcome == "unchanged"
    with pytest.raises(NotFound, match="a has no version v9"):
        store.revert("a", "v9")


def test_a_renamed_prompt_keeps_its_numbers_and_labels(store: Store, make: Callable[..., Any]) -> None:
    """The history counts on; the file says what it was called."""
    store.save("a", make("one"))
    store.save("a", make("two"))
    store.label("a", "production", "v1")
    version = store.rename("a", "b/c")
    assert (version.number, version.renamed_from) == (3, "a")
    assert [each.number for each in store.history("b/c")] == [1, 2, 3]
    assert store.load("b/c@production") == make("one")
    assert store.names() == ("b/c",)
    with pytest.raises(NotFound, match="a was renamed to b/c in "):
        store.load("a")
    store.save("d", make("three"))
    with pytest.raises(Conflict, match="d exists already"):
        store.rename("b/c", "d")


def test_a_name_that_gets_the_old_text_is_no_rename(store: Store, make: Callable[..., Any]) -> None:
    """The renamed file says what it was called; another one may have its old text, byte for byte."""
    store.save("a", make("one"))
    with store.transaction("Rename, and begin anew") as transaction:
        transaction.rename("a", "c")
        transaction.save("b", make("one"))
    assert [each.name for each in store.history("c")] == ["a", "c"]
    assert [(each.name, each.number) for each in store.history("b")] == [("b", 1)]


def test_a_deleted_prompt_leaves_its_versions(store: Store, make: Callable[..., Any]) -> None:
    """The number goes on after a deletion."""
    store.save("a", make("one"))
    store.label("a", "production", "v1")
    store.delete("a")
    assert store.names() == ()
    with pytest.raises(NotFound, match="a was deleted in ") as caught:
        store.load("a")
    assert "promptlib log a" in caught.value.hint
    with pytest.raises(NotFound):
        store.load("a@production")
    assert store.load("a@v1") == make("one")
    assert store.save("a", make("two")).number == 2
    with pytest.raises(NotFound, match="no prompt 'zz' here"):
        store.delete("zz")


def test_labels_move_and_go(store: Store, make: Callable[..., Any], run: Callable[..., str]) -> None:
    """A label is one version's text; it moves only where it is told to."""
    first = store.save("a", make("one"))
    second = store.save("a", make("two"))
    store.label("a", "production", "v1")
    assert store.load("a@production") == make("one")
    assert store.labels("a") == {"production": store.version("a@v1")}
    with pytest.raises(Conflict, match="the label 'production' on a is sha256:") as caught:
        store.label("a", "production", second, expect=second)
    assert "promptlib diff a@production" in caught.value.hint
    store.label("a", "production", second, expect=first)
    assert store.load("a@production") == make("two")
    assert store.version("a@production").number == 2
    assert store.history("a")[1].labels == ("production",)
    before = run(store.path, "rev-list", "--count", "HEAD")
    store.label("a", "production", second)
    assert run(store.path, "rev-list", "--count", "HEAD") == before
    store.label("a", "production", None)
    with pytest.raises(NotFound, match="no label 'production' on a") as missing:
        store.label("a", "production", None)
    assert missing.value.hint == "labels here: none"


@pytest.mark.parametrize("which", ["v9", "sha256:" + "0" * 64, "staging"])
def test_a_label_to_a_version_that_is_not_there(store: Store, make: Callable[..., Any], which: str) -> None:
    """It is refused, with what is there."""
    store.save("a", make("one"))
    with pytest.raises(NotFound):
        store.label("a", "production", which)
    assert store.labels("a") == {}


def test_a_label_needs_a_version_of_its_own_name(store: Store, make: Callable[..., Any]) -> None:
    """The version of another prompt is no version of this one."""
    store.save("a", make("one"))
    other = store.save("b", make("two"))
    with pytest.raises(NotFound, match="a has no version sha256:") as caught:
        store.label("a", "production", other)
    assert "versions here: v1 " in caught.value.hint


@pytest.mark.parametrize("label", ["latest", "v3", "edited", "Production", "", "a/b", "-x"])
def test_words_that_are_no_labels(store: Store, make: Callable[..., Any], label: str) -> None:
    """What refs give a meaning cannot be a label."""
    store.save("a", make("one"))
    with pytest.raises(BadRef):
        store.label("a", label, "v1")


def test_a_folder_cannot_be_written(tmp_path: Path, make: Callable[..., Any]) -> None:
    """The text says what it is and how to make it a store."""
    (tmp_path / "prompts").mkdir()
    with pytest.raises(StoreReadOnly, match="it is a folder without git") as caught:
        Store(tmp_path).save("a", make("one"))
    assert f"promptlib init {tmp_path}" in caught.value.hint
