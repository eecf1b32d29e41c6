"""Foreign stays foreign through everything that a store does, and is raised by one act with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptlib import Prompt, Store, codec, system, user
from promptlib.errors import Conflict, InvalidPrompt, NotFound, SaveRefused, StoreReadOnly
from promptlib.formats.git_history import import_git

if TYPE_CHECKING:
    from pathlib import Path

FOREIGN = Prompt.define(user("{{ 1 + 1 }}"), trust="foreign")
OWN = Prompt.define(user("{{ 1 + 1 }}"))


def test_saving_and_loading_keep_trust(store: Store) -> None:
    version = store.save("a", FOREIGN)
    assert version.trust == "foreign"
    assert store.load("a").trust == "foreign"
    assert store.load("a").evolve(description="new").trust == "foreign"
    assert store.save("b", store.load("a")).trust == "foreign"
    assert store.save("c", store.load("a").derive(tags=("x",))).trust == "foreign"


def test_the_same_content_defined_in_code_stays_foreign(store: Store) -> None:
    store.save("a", FOREIGN)
    assert store.save("a", OWN).outcome == "unchanged"
    assert store.save("a", OWN.evolve(description="mine")).trust == "foreign"
    assert store.load("a").description == "mine"
    assert store.load("a").trust == "foreign"


def test_a_file_that_claims_more_is_stored_as_what_it_is(store: Store) -> None:
    store.save("a", FOREIGN)
    file = codec.write(OWN.evolve(description="mine")).replace(b"---\n", b"---\n# kept\n", 1)
    assert store.save("a", codec.read(file), file=file).trust == "foreign"
    assert b"# kept" in store.file("a")
    assert b"trust: foreign" in store.file("a")
    other = codec.write(FOREIGN.evolve(description="again"))
    store.save("a", codec.read(other), file=other)
    assert store.file("a") == other


def test_content_of_one_s_own_over_a_foreign_one_is_own_unless_it_was_made_from_it(store: Store) -> None:
    store.save("a", FOREIGN)
    assert store.save("a", store.load("a").evolve(messages=(user("{{ 2 }}"),))).trust == "foreign"
    claimed = Prompt.define(user("{{ 3 }}")).with_origin(store.load("a").origin)
    assert store.save("a", claimed).trust == "foreign"
    assert store.save("a", Prompt.define(user("{{ 4 }}"))).trust == "own"


def test_labels_reverts_and_renames_keep_trust(store: Store) -> None:
    first = store.save("a", FOREIGN)
    store.label("a", "live", first)
    assert store.load("a@live").trust == "foreign"
    store.trust("a", reason="read")
    assert store.load("a@live").trust == "foreign"
    assert store.load("a@v1").trust == "foreign"
    assert store.load("a").trust == "own"
    store.rename("a", "b")
    assert store.load("b").trust == "own"
    store.revert("b", "v1")
    assert store.load("b").trust == "foreign"
    assert [(each.number, each.trust) for each in store.history("b")] == [
        (1, "foreign"), (2, "own"), (3, "own"), (4, "foreign")
    ]  # fmt: skip


def test_trust_is_raised_by_one_act_with_a_reason_that_lineage_tells(store: Store) -> None:
    first = store.save("a", FOREIGN.evolve(description="d"))
    made = store.trust("a", reason=" Read by Uma, no tools asked for. ", expect=first)
    assert made.digest == first.digest
    assert (made.number, made.trust, made.vouched) == (2, "own", "Read by Uma, no tools asked for.")
    prompt = store.load("a")
    assert prompt.trust == "own"
    assert prompt.vouched is not None
    assert prompt.vouched.digest == first.digest
    assert made.author in prompt.vouched.by
    assert made.message.startswith("Trust a: ")
    nodes = store.lineage("a").to_dict()["nodes"]
    assert [(each["trust"], each["vouched"]) for each in nodes] == [  # type: ignore[attr-defined] # plain data
        ("own", "Read by Uma, no tools asked for."), ("foreign", None)
    ]  # fmt: skip
    assert store.trust("a", reason="again").outcome == "unchanged"
    assert store.save("a", OWN.evolve(description="more")).vouched == made.vouched


def test_words_that_were_vouched_for_stay_so(store: Store) -> None:
    store.save("a", FOREIGN)
    store.trust("a", reason="read")
    assert store.save("a", FOREIGN.evolve(description="imported again")).trust == "own"
    assert store.save("a", FOREIGN.evolve(messages=(user("{{ 5 }}"),))).trust == "foreign"


def test_a_vouching_needs_a_name_a_reason_and_the_version_that_was_read(store: Store) -> None:
    first = store.save("a", FOREIGN)
    second = store.save("a", FOREIGN.evolve(messages=(user("{{ 2 }}"),)))
    with pytest.raises(InvalidPrompt, match="trust needs a reason"):
        store.trust("a", reason="  ")
    with pytest.raises(Conflict, match="a has moved on"):
        store.trust("a", reason="read", expect=first)
    with pytest.raises(NotFound):
        store.trust("b", reason="read")
    assert store.trust("a", reason="read", expect=second).trust == "own"


def test_a_vouching_belongs_to_a_transaction(store: Store) -> None:
    with store.transaction("Two at once") as transaction:
        transaction.save("a", FOREIGN)
        assert transaction.trust("a", reason="read", by="Uma").outcome == "created"
        assert transaction.trust("a", reason="read").outcome == "unchanged"
    prompt = store.load("a")
    assert prompt.vouched is not None
    assert (prompt.trust, prompt.vouched.by) == ("own", "Uma")


def test_a_folder_without_git_cannot_be_vouched_for(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "a.prompty").write_bytes(codec.write(FOREIGN))
    store = Store(tmp_path)
    assert store.load("a").trust == "foreign"
    with pytest.raises(StoreReadOnly):
        store.trust("a", reason="read")


def test_in_an_application_s_repository_taking_the_word_out_by_hand_saves_nothing(tree: Store) -> None:
    tree.save("a", FOREIGN)
    path = tree.path / "prompts" / "a.prompty"
    before = path.read_bytes()
    path.write_bytes(codec.write(OWN.evolve(description="edited")))
    with pytest.raises(SaveRefused, match="no longer says that it is foreign") as caught:
        tree.save("a", tree.load("a"))
    assert caught.value.hint.endswith("promptlib trust a --reason '…'")
    path.write_bytes(before)
    assert tree.trust("a", reason="read").vouched == "read"
    assert tree.load("a").trust == "own"


def test_what_is_imported_is_foreign(bare: Store, tmp_path: Path) -> None:
    store = bare
    source = Store.init(tmp_path / "source.git", bare=True)
    source.save("a", Prompt.define(system("Text of others {{ braces }}", literal=True)))
    import_git(store, tmp_path / "source.git", match="{name}.prompty")
    assert store.load("a").trust == "foreign"
    assert store.load("a").render().text.startswith("---")
    assert [each.trust for each in store.history("a")] == ["foreign"]
    assert store.fsck().ok
    source.close()
