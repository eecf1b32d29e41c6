"""Merging another line of commits into a bare store: what is taken, what is put together, what is contested."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Prompt, Store, codec, system, user
from promptlib._git import Author
from promptlib.errors import BadRef, Busy, Conflict, InvalidPrompt, MergeConflict, NotFound, SaveRefused, StoreReadOnly
from promptlib.store.writing import MOST_TRIES
from tests.store.lines import OTHER, bring, commit_by_hand, content, files, forked, git, text, tip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from promptlib.merge import NameConflict


@pytest.fixture
def ours(bare: Store) -> Store:
    """A store with two prompts and a label."""
    bare.save("a", text("One.", "Two."))
    bare.save("team/b", text("B."))
    bare.label("a", "production", "v1")
    return bare


@pytest.fixture
def theirs(ours: Store) -> Store:
    """The same store, where somebody else goes on."""
    return forked(ours)


def state(store: Store) -> tuple[str, str]:
    """Return every ref but those that a test brings, and what there is of the store's own besides."""
    return git(store.path, "for-each-ref", "refs/heads/main", "refs/promptlib"), git(store.path, "rev-parse", "HEAD")


def conflicts(store: Store, **options: Any) -> dict[str, NameConflict]:
    """Merge, expect conflicts and nothing written, and return them by name."""
    before = state(store)
    with pytest.raises(MergeConflict) as caught:
        store.merge(OTHER, **options)
    assert state(store) == before
    assert str(caught.value).startswith(caught.value.what)
    return {f"{each.name}@{each.label}" if each.label else each.name: each for each in caught.value.conflicts}


# --- outcomes ---------------------------------------------------------------------------------------------------------


def test_nothing_new_and_forward(ours: Store, theirs: Store) -> None:
    """What is in our branch makes nothing; where only they went on, no commit is made."""
    old = tip(ours)
    assert ours.merge(bring(ours, theirs)).outcome == "unchanged"
    theirs.save("a", text("One!", "Two."))
    theirs.label("a", "staging", "v1")
    result = ours.merge(bring(ours, theirs))
    assert (result.outcome, result.commit, result.ours) == ("fast-forward", tip(theirs), old)
    assert (result.names, result.labels, result.merged) == (("a",), ("a@staging",), ())
    assert tip(ours) == tip(theirs)
    assert ours.load("a").messages[0].text == "One!"
    ours.save("c", text("C."))
    assert ours.merge(OTHER).outcome == "unchanged"


def test_both_went_on(ours: Store, theirs: Store) -> None:
    """One commit has both as its parents, ours first, and holds what each side did, to the byte."""
    ours.save("a", text("One!", "Two."))
    ours.save("new/ours", text("Ours."))
    theirs.save("team/b", text("B!"))
    theirs.save("new/theirs", text("Theirs."), file=b"---\n# kept\n---\nsystem:\nTheirs.\n\nuser:\nGo.\n")
    one, other = tip(ours), tip(theirs)
    result = ours.merge(bring(ours, theirs), message="Both", author=Author("Ann", "ann@example.com"))
    assert result.outcome == "merged"
    assert result.names == ("new/theirs", "team/b")
    assert (result.ours, result.theirs, result.commit) == (one, other, tip(ours))
    assert (
        git(ours.path, "log", "-1", "--format=%P|%an <%ae>|%s").strip() == f"{one} {other}|Ann <ann@example.com>|Both"
    )
    assert files(ours) == {
        **files(ours, one),
        **{path: files(theirs)[path] for path in ("new/theirs.prompty", "team/b.prompty")},
    }
    assert content(ours, "new/theirs.prompty").startswith("---\n# kept\n")
    assert ours.fsck().ok
    assert ours.merge(OTHER, message="Again").outcome == "unchanged"
    with Store(ours.path) as fresh:
        assert [each.number for each in fresh.history("a")] == [1, 2]
        assert fresh.load("new/ours").digest == text("Ours.").digest


def test_a_commit_of_theirs_is_named_in_many_ways(ours: Store, theirs: Store) -> None:
    """A branch, a full name, a tag, a commit or the beginning of one."""
    theirs.save("a", text("One!", "Two."))
    bring(ours, theirs)
    git(ours.path, "tag", "-a", "-m", "There", "there", OTHER)
    for number, name in enumerate(("refs/heads/other", "there", tip(theirs), tip(theirs)[:10], OTHER)):
        place = forked(ours, f"copy-{number}")
        assert place.merge(name).commit == tip(theirs)
        place.close()


def test_a_name_that_is_not_here(ours: Store, theirs: Store, tmp_path: Path) -> None:
    bring(ours, theirs)
    for name in ("othre", "", "a\0b", "-x", "HEAD:a.prompty"):
        with pytest.raises(NotFound, match="no branch, tag or commit") as caught:
            ours.merge(name)
        assert "here are: main, other" in caught.value.hint
    with pytest.raises(NotFound, match="'othre'") as caught:
        ours.merge("othre")
    assert "did you mean 'other'?" in caught.value.hint
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "none.git")
    with pytest.raises(NotFound) as caught:
        Store(tmp_path / "none.git").merge("main")
    assert caught.value.hint == "there is no branch here yet"


def test_a_folder_cannot_be_merged(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts/a.prompty").write_bytes(codec.write(text("A.")))
    with pytest.raises(StoreReadOnly, match="folder without git"):
        Store(tmp_path).merge("main")


def test_into_a_store_without_a_commit(theirs: Store, tmp_path: Path) -> None:
    """The branch begins with what they have."""
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "empty.git")
    with Store(tmp_path / "empty.git") as store:
        git(store.path, "fetch", "-q", str(theirs.path), "+HEAD:refs/remotes/origin/main")
        result = store.merge("origin/main")
        assert (result.outcome, result.ours, tip(store)) == ("fast-forward", "", tip(theirs))
        assert store.names() == ("a", "team/b")


# --- both changed one prompt ------------------------------------------------------------------------------------------


def test_different_messages_and_fields(ours: Store, theirs: Store) -> None:
    """They are put together, in the file as it is written here; its version has both as parents."""
    ours.save("a", text("One!", "Two."))
    theirs.save("a", text("One.", "Two!", description="What it is for", tags=("x",)))
    result = ours.merge(bring(ours, theirs))
    assert result.merged == ("a",)
    made = ours.load("a")
    assert [each.text for each in made.messages] == ["One!", "Two!", "Go."]
    assert (made.description, made.tags) == ("What it is for", ("x",))
    newest = ours.history("a")[-1]
    assert newest.number == 4
    assert {str(pin) for pin in newest.parents} == {
        f"a#{text('One!', 'Two.').digest.removeprefix('sha256:')}",
        f"a#{text('One.', 'Two!').digest.removeprefix('sha256:')}",
    }


def test_what_people_wrote_around_it_is_kept(ours: Store, theirs: Store) -> None:
    """Comments of both sides, where they do not stand in one place; ours where they do."""
    file = "---\n# head\ndescription: D\ntags: [x]  # tags\n---\nsystem:\nOne.\n\nuser:\nGo.\n"
    ours.save("c", codec.read(file.encode()), file=file.encode())
    theirs = forked(ours, "again")
    mine = file.replace("# head", "# our head").replace("One.", "One!")
    yours = file.replace("# tags", "# their tags").replace("description: D", "description: Their D")
    ours.save("c", codec.read(mine.encode()), file=mine.encode())
    theirs.save("c", codec.read(yours.encode()), file=yours.encode())
    ours.merge(bring(ours, theirs))
    assert content(ours, "c.prompty") == mine.replace("# tags", "# their tags").replace(": D", ": Their D")
    # Only comments, of both sides: the prompt is one, and its words around it too.
    one, other = (content(ours, "c.prompty").replace("# our head", new) for new in ("# our new head", "# our head\n#b"))
    commit_by_hand(ours, {"c.prompty": one})
    theirs.merge(bring(theirs, forked(ours, "third"), "up"))
    commit_by_hand(theirs, {"c.prompty": other})
    commit_by_hand(ours, {"c.prompty": one.replace("our new", "our newest")})
    theirs_tip = tip(theirs)
    assert theirs_tip
    bring(ours, theirs)
    ours.merge(OTHER)
    assert ours.load("c").description == "Their D"
    assert "# our newest head" in content(ours, "c.prompty")


def test_the_same_change_on_both_sides(ours: Store, theirs: Store) -> None:
    """Nothing is new for either: the merge makes no version."""
    for store, message in ((ours, "Ours"), (theirs, "Theirs")):
        store.save("a", text("One!", "Two."), message=message)
    theirs.save("d", text("D."))
    assert ours.merge(bring(ours, theirs)).merged == ()
    assert [each.digest for each in ours.history("a")] == [text(one, "Two.").digest for one in ("One.", "One!", "One!")]


def test_both_changed_the_same_words(ours: Store, theirs: Store) -> None:
    """It is told which prompt and which field, with all three texts."""
    ours.save("a", text("Ours.", "Two."))
    theirs.save("a", text("Theirs.", "Two."))
    bring(ours, theirs)
    found = conflicts(ours)
    assert list(found) == ["a"]
    conflict = found["a"]
    assert conflict.kind == "prompt"
    sides = (conflict.base, conflict.ours, conflict.theirs)
    assert [side.messages[0].text for side in sides if isinstance(side, Prompt)] == ["One.", "Ours.", "Theirs."]
    assert [each.field for each in conflict.fields] == ["messages[0]"]
    with pytest.raises(MergeConflict, match="a: changed here and in other differently; nothing was changed") as caught:
        ours.merge(OTHER)
    assert "--ours, --theirs or --edit" in caught.value.hint


@pytest.mark.parametrize(
    ("resolve", "wanted"),
    [
        ("ours", "Ours."),
        ("theirs", "Theirs."),
        ({"a": "theirs"}, "Theirs."),
        ({"a": {"messages[0]": "ours"}}, "Ours."),
        ({"a": {"messages[0]": "Something else."}}, "Something else."),
        ({"a": text("Quite new.")}, "Quite new."),
        (lambda conflict: "theirs" if conflict.kind == "prompt" else None, "Theirs."),
        (lambda conflict: {each.field: each.ours for each in conflict.fields}, "Ours."),
    ],
)
def test_a_decision_in_one_call(ours: Store, theirs: Store, resolve: Any, wanted: str) -> None:
    ours.save("a", text("Ours.", "Two."))
    theirs.save("a", text("Theirs.", "Two."))
    result = ours.merge(bring(ours, theirs), resolve=resolve)
    assert result.resolved == ("a",)
    assert ours.load("a").messages[0].text == wanted
    assert git(ours.path, "log", "-1", "--format=%P").split() == [result.ours, result.theirs]
    assert ours.fsck().ok


def test_a_side_is_taken_to_the_byte(ours: Store, theirs: Store) -> None:
    ours.save("a", text("Ours.", "Two."))
    file = b"---\n# theirs\n---\nsystem:\nTheirs.\n\nuser:\nGo.\n"
    theirs.save("a", codec.read(file), file=file)
    ours.merge(bring(ours, theirs), resolve="theirs")
    assert files(ours)["a.prompty"] == files(theirs)["a.prompty"]
    assert [each.number for each in ours.history("a")] == [1, 2, 3]


def test_some_decisions_leave_the_rest(ours: Store, theirs: Store) -> None:
    """What is left is raised, and nothing is written; a function is asked once about each."""
    ours.save("b", text("B.", "BB."))
    theirs = forked(ours, "again")
    for store, word in ((ours, "Ours"), (theirs, "Theirs")):
        store.save("a", text(f"{word}.", "Two."))
        store.save("b", text(f"{word}.", f"{word}!"))
        store.label("a", "production", "latest")
    bring(ours, theirs)
    assert set(conflicts(ours)) == {"a", "a@production", "b"}
    assert set(conflicts(ours, resolve={"a": "ours"})) == {"a@production", "b"}
    left = conflicts(ours, resolve={"a": "ours", "a@production": "theirs", "b": {"messages[0]": "ours"}})
    assert [each.field for each in left["b"].fields] == ["messages[1]"]
    asked: list[str] = []

    def decide(conflict: NameConflict) -> str | None:
        asked.append(str(conflict))
        return None if conflict.name == "b" else "ours"

    assert set(conflicts(ours, resolve=decide)) == {"b"}
    assert len(asked) == 3
    result = ours.merge(OTHER, resolve={"a": "ours", "a@production": "theirs", "b": "theirs", "none": "ours"})
    assert result.resolved == ("a", "a@production", "b")
    assert ours.labels("a")["production"].digest == text("Theirs.", "Two.").digest


def test_what_decides_nothing(ours: Store, theirs: Store) -> None:
    ours.save("a", text("Ours.", "Two."))
    theirs.save("a", text("Theirs.", "Two."))
    ours.label("team/b", "x", "v1")
    theirs.save("team/b", text("B!"))
    theirs.label("team/b", "x", "v2")
    commit_by_hand(ours, {"README": "ours"})
    commit_by_hand(theirs, {"README": "theirs"})
    bring(ours, theirs)
    before = state(ours)
    wrong: list[tuple[Any, str]] = [
        ("our", "'our' resolves nothing"),
        (3, "3 resolves nothing"),
        ({"a": "thers"}, "'thers' does not decide about a"),
        ({"a": 3}, "3 does not decide about a"),
        ({"a": "ours", "team/b@x": text("X.")}, "a Prompt does not decide about team/b@x"),
        ({"a": "ours", "team/b@x": "v1"}, "'v1' does not decide about team/b@x"),
        ({"README": {}}, "a dict does not decide about README"),
    ]
    for resolve, told in wrong:
        with pytest.raises(BadRef, match=told) as caught:
            ours.merge(OTHER, resolve=resolve)
        assert caught.value.hint
    misspelled: Any = {"a": "thers"}
    with pytest.raises(BadRef) as caught:
        ours.merge(OTHER, resolve=misspelled)
    assert "did you mean 'theirs'?" in caught.value.hint
    with pytest.raises(NotFound, match="no conflict in 'messages"):
        ours.merge(OTHER, resolve={"a": {"messages[0]": "ours", "messages[7]": "ours"}})
    with pytest.raises(InvalidPrompt):
        ours.merge(OTHER, resolve={"a": {"messages[0]": 7}})
    assert state(ours) == before


def test_both_made_a_name(ours: Store, theirs: Store) -> None:
    """What is the same is taken once, the rest is contested; a base is missing."""
    ours.save("new", text("Same.", "Ours.", description="D"))
    theirs.save("new", text("Same.", "Theirs.", description="D"))
    ours.save("same", text("Same."))
    theirs.save("same", text("Same."))
    bring(ours, theirs)
    found = conflicts(ours)
    assert list(found) == ["new"]
    assert found["new"].base is None
    ours.merge(OTHER, resolve="theirs")
    assert ours.load("new").messages[1].text == "Theirs."


# --- deletions --------------------------------------------------------------------------------------------------------


def test_deleted_on_one_side(ours: Store, theirs: Store) -> None:
    """Taken where the other did nothing, contested where it changed something, words around the prompt too."""
    ours.save("c", text("C."))
    theirs = forked(ours, "again")
    theirs.delete("team/b")
    theirs.delete("a")
    ours.save("a", text("One!", "Two."))
    ours.delete("c")
    commit_by_hand(theirs, {"c.prompty": content(theirs, "c.prompty").replace("---\n", "---\n# note\n", 1)})
    bring(ours, theirs)
    found = conflicts(ours)
    assert set(found) == {"a", "c"}
    assert (found["a"].theirs, found["c"].ours) == (None, None)
    assert found["a"].fields[0].field == "prompt"
    with pytest.raises(BadRef, match="a dict does not decide about c"):
        ours.merge(OTHER, resolve={"a": "ours", "c": {"prompt": "theirs"}})
    ours.merge(OTHER, resolve={"a": "theirs", "c": "theirs"})
    assert ours.names() == ("c",)
    assert "# note" in content(ours, "c.prompty")
    assert ours.history("a")[-1].digest == text("One!", "Two.").digest


@pytest.mark.parametrize("decision", ["ours", None, text("A third.")])
def test_a_deletion_decided_by_value(ours: Store, theirs: Store, decision: Any) -> None:
    theirs.save("team/b", text("B!"))
    ours.delete("team/b")
    resolve: Any = {"team/b": {"prompt": decision} if decision != "ours" else "ours"}
    ours.merge(bring(ours, theirs), resolve=resolve)
    gone = decision in ("ours", None)
    assert ours.names() == (("a",) if gone else ("a", "team/b"))
    if not gone:
        assert ours.load("team/b") == decision


# --- new names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("renamed_here", [True, False], ids=["renamed here", "renamed there"])
def test_an_edit_follows_a_new_name(ours: Store, theirs: Store, renamed_here: bool) -> None:  # noqa: FBT001 - a parameter
    """Its labels too, those that were moved and those that were set on the old name."""
    one, other = (ours, theirs) if renamed_here else (theirs, ours)
    one.rename("a", "team/a")
    edited = other.save("a", text("One.", "Two!"))
    other.label("a", "production", edited)
    other.label("a", "staging", "v1")
    result = ours.merge(bring(ours, theirs))
    assert ours.names() == ("team/a", "team/b")
    assert ours.load("team/a").messages[1].text == "Two!"
    assert ours.load("team/a").renamed_from == "a"
    assert {label: each.digest for label, each in ours.labels("team/a").items()} == {
        "production": edited.digest,
        "staging": text("One.", "Two.").digest,
    }
    assert not [path for path in files(ours) if path.endswith("/a.label") and "team" not in path]
    assert result.merged == ("team/a",)
    assert [each.name for each in ours.history("team/a")][-1] == "team/a"
    assert ours.fsck().ok


def test_a_new_name_by_hand(ours: Store, theirs: Store) -> None:
    """The same bytes under another name; the edit is taken as it is."""
    file = content(ours, "a.prompty")
    commit_by_hand(ours, {"a.prompty": None, "z.prompty": file})
    theirs.save("a", text("One.", "Two!"))
    ours.merge(bring(ours, theirs))
    assert ours.names() == ("team/b", "z")
    assert files(ours)["z.prompty"] == files(theirs)["a.prompty"]
    # The label stays with the old name where nobody moved it: `check` tells of it.
    assert "a.label" in " ".join(files(ours))


def test_a_new_name_in_several_steps(ours: Store, theirs: Store) -> None:
    """Each step says the name before it; what lies between the sides is looked up."""
    theirs.rename("a", "b")
    theirs.rename("b", "c")
    theirs.save("c", text("One!", "Two."))
    ours.save("a", text("One.", "Two!"))
    ours.merge(bring(ours, theirs))
    assert ours.names() == ("c", "team/b")
    assert [each.text for each in ours.load("c").messages] == ["One!", "Two!", "Go."]


def test_the_same_new_name_on_both_sides(ours: Store, theirs: Store) -> None:
    for store, one, two in ((ours, "One!", "Two."), (theirs, "One.", "Two!")):
        store.rename("a", "z")
        store.save("z", text(one, two))
    ours.merge(bring(ours, theirs))
    assert ours.names() == ("team/b", "z")
    assert [each.text for each in ours.load("z").messages] == ["One!", "Two!", "Go."]


@pytest.mark.parametrize(("choice", "left"), [("ours", "x"), ("theirs", "y")])
def test_two_new_names(ours: Store, theirs: Store, choice: Any, left: str) -> None:
    """Which of them it has is contested; both sides' edits are in the one that stays, and the labels."""
    ours.rename("a", "x")
    ours.save("x", text("One!", "Two."))
    theirs.rename("a", "y")
    theirs.save("y", text("One.", "Two!"))
    bring(ours, theirs)
    found = conflicts(ours)
    assert list(found) == ["a"]
    assert [(each.field, each.base, each.ours, each.theirs) for each in found["a"].fields] == [("name", "a", "x", "y")]
    with pytest.raises(BadRef, match="say 'ours' or 'theirs'"):
        ours.merge(OTHER, resolve={"a": {"name": "x"}})
    result = ours.merge(OTHER, resolve={"a": choice})
    assert ours.names() == (("team/b", left))
    assert [each.text for each in ours.load(left).messages] == ["One!", "Two!", "Go."]
    assert list(ours.labels(left)) == ["production"]
    assert result.resolved == ("a",)
    assert not [path for path in files(ours) if path.endswith(("/a.label", f"/{'y' if left == 'x' else 'x'}.label"))]


def test_two_new_names_of_what_is_no_prompt(ours: Store) -> None:
    commit_by_hand(ours, {"z.prompty": "---\nbroken"})
    theirs = forked(ours, "again")
    for store, name in ((ours, "x"), (theirs, "y")):
        commit_by_hand(store, {"z.prompty": None, f"{name}.prompty": "---\nbroken"})
    bring(ours, theirs)
    conflict = conflicts(ours)["z"]
    assert (conflict.base, conflict.ours, conflict.theirs) == (None, None, None)
    ours.merge(OTHER, resolve="theirs")
    assert "y.prompty" in files(ours)


def test_a_new_name_and_a_deletion(ours: Store, theirs: Store) -> None:
    """To delete what somebody gave another name is not done unasked."""
    file = content(ours, "team/b.prompty")
    commit_by_hand(ours, {"team/b.prompty": None, "z.prompty": file})
    theirs.delete("team/b")
    bring(ours, theirs)
    found = conflicts(ours)
    assert list(found) == ["z"]
    assert found["z"].theirs is None
    ours.merge(OTHER, resolve="theirs")
    assert ours.names() == ("a",)


def test_a_new_name_that_the_other_side_has_given_away(ours: Store, theirs: Store) -> None:
    """Then it is no rename to follow: two prompts met under one name, and the old one was deleted under an edit."""
    ours.rename("a", "z")
    theirs.save("z", text("Quite another."))
    theirs.save("a", text("One.", "Two!"))
    bring(ours, theirs)
    assert set(conflicts(ours)) == {"a", "z"}
    ours.merge(OTHER, resolve={"a": "theirs", "z": "ours"})
    assert ours.names() == ("a", "team/b", "z")


def test_names_that_were_given_back_and_forth(ours: Store, theirs: Store) -> None:
    """What leads in a circle leads to no old name."""
    for name in ("p", "s"):
        theirs.save(name, text(f"{name}."))
        for old, new in ((name, f"{name}x"), (f"{name}x", name), (name, f"{name}z")):
            theirs.rename(old, new)
    theirs.delete("team/b")
    ours.save("a", text("One!", "Two."))
    ours.merge(bring(ours, theirs))
    assert ours.names() == ("a", "pz", "sz")


def test_a_file_that_is_no_prompt_says_no_old_name(ours: Store, theirs: Store) -> None:
    commit_by_hand(ours, {"team/b.prompty": None, "z.prompty": "---\nbroken"})
    theirs.save("a", text("One!", "Two."))
    ours.merge(bring(ours, theirs))
    assert "z.prompty" in files(ours)
    assert ours.load("a").messages[0].text == "One!"


# --- labels -----------------------------------------------------------------------------------------------------------


def test_labels(ours: Store, theirs: Store) -> None:
    """Moved on one side: taken. To different versions: contested. Both to the same, or neither: fine."""
    for store in (ours, theirs):
        store.save("a", text("One!", "Two."))
    ours.label("a", "production", "v2")
    theirs.label("a", "staging", "v2")
    theirs.label("team/b", "production", "v1")
    ours.label("team/b", "gone", "v1")
    both = forked(ours, "again")
    bring(ours, theirs)
    ours.merge(OTHER)
    assert sorted(ours.labels("a")) == ["production", "staging"]
    assert sorted(ours.labels("team/b")) == ["gone", "production"]
    # v2 of both sides is one content: its file may be written in two ways.
    commit_by_hand(both, {".labels/x/a.label": f"{text('One!', 'Two.').digest}\n{content(both, 'a.prompty')}"})
    handmade = content(both, "a.prompty").replace("---\n", "---\n# note\n", 1)
    commit_by_hand(ours, {".labels/x/a.label": f"{text('One!', 'Two.').digest}\n{handmade}"})
    ours.merge(bring(ours, both))
    assert "# note" in content(ours, ".labels/x/a.label")


def test_a_label_moved_on_both_sides(ours: Store, theirs: Store) -> None:
    """It is never chosen silently; the decision may be any version of either side."""
    base = ours.version("a")
    mine = ours.save("a", text("Ours.", "Two."))
    ours.label("a", "production", mine)
    middle = theirs.save("a", text("One.", "Two!"))
    yours = theirs.save("a", text("One.", "Three."))
    theirs.label("a", "production", yours)
    bring(ours, theirs)
    conflict = conflicts(ours, resolve={"a": "ours"})["a@production"]
    assert (conflict.kind, conflict.label) == ("label", "production")
    digests = [side.digest for side in (conflict.base, conflict.ours, conflict.theirs) if side is not None]
    assert digests == [base.digest, mine.digest, yours.digest]
    choices: list[tuple[Any, str]] = [
        ("ours", mine.digest),
        ("theirs", yours.digest),
        (base, base.digest),
        (middle, middle.digest),
    ]
    for choice, digest in choices:
        store = forked(ours, f"decided-{digest[-5:]}")
        result = store.merge(OTHER, resolve={"a": "ours", "a@production": choice})
        assert store.labels("a")["production"].digest == digest
        assert store.load("a@production").digest == digest
        assert "a@production" in result.resolved
        store.close()
    with pytest.raises(NotFound, match="a has no version sha256:"):
        ours.merge(OTHER, resolve={"a": "ours", "a@production": theirs.version("team/b")})


def test_a_label_taken_away_and_moved(ours: Store, theirs: Store) -> None:
    theirs.save("a", text("One!", "Two."))
    theirs.label("a", "production", "v2")
    ours.label("a", "production", None)
    bring(ours, theirs)
    conflict = conflicts(ours)["a@production"]
    assert conflict.ours is None
    assert conflict.theirs is not None
    assert "(absent)" in str(conflict)
    ours.merge(OTHER, resolve="ours")
    assert ours.labels("a") == {}


def test_a_label_that_nobody_can_read(ours: Store, theirs: Store) -> None:
    """It is contested as a file: by its path."""
    path = ".labels/production/a.label"
    commit_by_hand(ours, {path: "no digest"})
    other = forked(ours, "again")
    commit_by_hand(ours, {path: f"{text('X.').digest}\n{content(ours, 'a.prompty')}"})
    theirs.label("a", "production", None)
    bring(ours, theirs)
    assert conflicts(ours)[path].kind == "file"
    ours.merge(OTHER, resolve={path: "theirs"})
    assert path not in files(ours)
    other.close()


# --- includes ---------------------------------------------------------------------------------------------------------


def test_what_a_label_includes_comes_with_it(ours: Store, theirs: Store) -> None:
    """Kept beside it from whichever side; also where a decision moves the label to a version nobody had labelled."""
    inner = theirs.save("inner", Prompt.define(system("Inner.")))
    part = theirs.save("part", Prompt.define(system('{% include "inner" %}'), includes={"inner": inner}))
    whole = theirs.save("whole", text('{% include "part" %}', includes={"part": part}))
    theirs.label("whole", "x", whole)
    ours.save("whole", text("Ours."))
    ours.label("whole", "x", "v1")
    theirs.label("whole", "production", whole)
    bring(ours, theirs)
    other = forked(ours, "again")
    ours.merge(OTHER, resolve={"whole": "ours", "whole@x": "ours"})
    kept = {path for path in files(ours) if path.startswith(".labels/.includes/")}
    assert kept == {f".labels/.includes/{each.digest.removeprefix('sha256:')}.prompty" for each in (inner, part)}
    # The files beside labels were taken away by hand on their side: they are laid there again.
    commit_by_hand(theirs, dict.fromkeys(kept))
    bring(other, theirs)
    other.merge(OTHER, resolve={"whole": "ours", "whole@x": whole})
    assert {path for path in files(other) if path.startswith(".labels/.includes/")} == kept
    assert other.load("whole@production").render().text.count("Inner.") == 1
    assert other.fsck().ok


def test_an_include_that_does_not_fit_what_was_merged(ours: Store, theirs: Store) -> None:
    """One side gives an input another type, the other includes what needs the old one."""
    from pydantic import BaseModel

    class Old(BaseModel):
        n: int

    class New(BaseModel):
        n: str

    ours.save("part", Prompt.define(Old, system("{{ n + 1 }}")))
    ours.save("whole", Prompt.define(Old, system("{{ n }}"), user("Two.")))
    theirs = forked(ours, "again")
    part = theirs.version("part")
    included = user('{% include "part" %}')
    theirs.save("whole", Prompt.define(Old, system("{{ n }}"), included, includes={"part": part}))
    ours.save("whole", Prompt.define(New, system("{{ n }}"), user("Two.")))
    bring(ours, theirs)
    conflict = conflicts(ours)["whole"]
    assert conflict.kind == "include"
    assert conflict.fields[0].field == "includes.part"
    assert conflict.fields[0].why
    with pytest.raises(InvalidPrompt, match="what was decided about whole does not fit"):
        wrong = Prompt.define(New, system("{{ n }}"), included, includes={"part": part})
        ours.merge(OTHER, resolve={"whole": wrong})
    ours.merge(OTHER, resolve={"whole": "theirs"})
    assert ours.load("whole").includes


def test_an_include_of_the_other_side_is_found_in_its_history(ours: Store, theirs: Store) -> None:
    """The included version is no longer the newest there."""
    part = theirs.save("part", Prompt.define(system("Part.")))
    theirs.save("a", text("One.", '{% include "part" %}', includes={"part": part}))
    theirs.save("part", Prompt.define(system("Part!")))
    ours.save("a", text("One!", "Two."))
    assert ours.merge(bring(ours, theirs)).merged == ("a",)
    assert "Part." in ours.load("a").render().text
    # And one that is nowhere is told.
    lost = f"lost#{'0' * 64}"
    broken = content(theirs, "a.prompty").replace(str(part.pin), lost)
    commit_by_hand(theirs, {"a.prompty": broken})
    ours.save("a", ours.load("a").evolve(description="New"))
    bring(ours, theirs)
    conflict = conflicts(ours)["a"]
    assert (conflict.kind, conflict.fields[0].why) == ("include", "is on neither side")


def test_includes_that_cannot_be_read(ours: Store, theirs: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Versions between, labels and files that are damaged hide nothing that is whole; they come as they are."""
    commit_by_hand(theirs, {"part.prompty": "---\nbroken"})
    commit_by_hand(theirs, {"part.prompty": None})
    part = theirs.save("part", Prompt.define(system("Part.")))
    theirs.save(
        "a", Prompt.define(system("One."), system('{% include "part" %}'), user("Go."), includes={"part": part})
    )
    commit_by_hand(theirs, {"part.prompty": "---\nbroken"})
    theirs.label("team/b", "x", "v1")
    broken = {".labels/x/team/b.label": "no digest", ".labels/y/a.label": f"{part.digest}\n---\nbroken"}
    commit_by_hand(theirs, broken)
    ours.save("a", text("One!", "Two."))
    bring(ours, theirs)
    other = forked(ours, "again")
    assert ours.merge(OTHER).merged == ("a",)
    assert "Part." in ours.load("a").render().text
    assert {path: content(ours, path) for path in broken} == broken
    monkeypatch.setattr("promptlib.store.merging.blending.DEEPEST_INCLUDE", 0)
    bring(other, theirs)
    assert conflicts(other)["a"].fields[0].why == "goes deeper than 0"
    monkeypatch.undo()
    assert other.merge(OTHER).merged == ("a",)


def test_an_include_of_an_include(ours: Store, theirs: Store) -> None:
    """What is included twice is laid once; an inner one that is gone is told."""
    inner = theirs.save("inner", Prompt.define(system("Inner.")))
    part = theirs.save("part", Prompt.define(system('{% include "inner" %}'), includes={"inner": inner}))
    both = '{% include "part" %}{% include "inner" %}'
    theirs.save("a", Prompt.define(system("One."), system(both), user("Go."), includes={"part": part, "inner": inner}))
    theirs.label("a", "production", "v2")
    ours.save("a", text("One!", "Two."))
    bring(ours, theirs)
    other = forked(ours, "again")
    assert ours.merge(OTHER).merged == ("a",)
    assert "Inner.Inner." in ours.load("a").render().text
    lost = content(theirs, "part.prompty").replace(inner.digest.removeprefix("sha256:"), "0" * 64)
    commit_by_hand(theirs, {"part.prompty": lost})
    gone = codec.read(lost.encode())
    file = content(theirs, "a.prompty").replace(
        part.digest.removeprefix("sha256:"), gone.digest.removeprefix("sha256:")
    )
    commit_by_hand(theirs, {"a.prompty": file})
    bring(other, theirs)
    assert conflicts(other)["a"].fields[0].why == "is on neither side"


# --- files that are none of ours --------------------------------------------------------------------------------------


def test_other_files_of_a_bare_store(ours: Store, theirs: Store) -> None:
    """Blob by blob with their modes; what both changed is contested by its path; `.gitattributes` stays."""
    commit_by_hand(ours, {"README": "zero", "docs/x": "x", "docs/y": "y"})
    theirs = forked(ours, "again")
    commit_by_hand(ours, {"README": "ours", "docs/y": None})
    commit_by_hand(theirs, {"tool.sh": "#!/bin/sh"}, mode="100755")
    commit_by_hand(theirs, {"link": "README"}, mode="120000")
    commit_by_hand(theirs, {"docs/x": None, "README": "zero"})
    bring(ours, theirs)
    ours.merge(OTHER)
    found = files(ours)
    assert {path for path in found if not path.endswith((".prompty", ".label"))} == {
        ".gitattributes",
        "README",
        "link",
        "tool.sh",
    }
    assert found["tool.sh"].startswith("100755")
    assert found["link"].startswith("120000")
    commit_by_hand(theirs, {"README": "theirs"})
    bring(ours, theirs)
    conflict = conflicts(ours)["README"]
    assert conflict.kind == "file"
    ours.merge(OTHER, resolve={"README": "theirs"})
    assert content(ours, "README") == "theirs"


def test_a_file_that_became_a_folder(ours: Store, theirs: Store) -> None:
    """Taken where the other side did nothing there; told where it did."""
    commit_by_hand(ours, {"x": "file", "y": "file", "d/e": "deep"})
    theirs = forked(ours, "again")
    commit_by_hand(theirs, {"x": None, "x/inner": "1"})
    commit_by_hand(theirs, {"d/e": None, "d": "file"})
    ours.save("a", text("One!", "Two."))
    bring(ours, theirs)
    ours.merge(OTHER)
    assert {"x/inner", "d", "y"} <= set(files(ours))
    commit_by_hand(theirs, {"y": None, "y/inner": "1"})
    commit_by_hand(ours, {"y": "changed"})
    bring(ours, theirs)
    before = state(ours)
    with pytest.raises((Conflict, MergeConflict), match="y") as caught:
        ours.merge(OTHER, resolve="ours")
    assert "a file and a folder at once" in str(caught.value)
    assert state(ours) == before


def test_a_link_in_the_place_of_a_prompt(ours: Store, theirs: Store) -> None:
    """It is contested as a file, whatever it leads to."""
    commit_by_hand(ours, {"a.prompty": "team/b.prompty"}, mode="120000")
    commit_by_hand(ours, {".labels/production/a.label": "../../x"}, mode="120000")
    theirs.save("a", text("One!", "Two."))
    theirs.label("a", "production", "v2")
    bring(ours, theirs)
    assert {each.kind for each in conflicts(ours).values()} == {"file"}
    ours.merge(OTHER, resolve="theirs")
    assert ours.load("a@production").messages[0].text == "One!"


def test_a_file_that_is_no_prompt(ours: Store, theirs: Store) -> None:
    """Changed on both sides, it is contested by its path; changed on one, it is taken."""
    commit_by_hand(ours, {"a.prompty": "---\nbroken"})
    theirs.save("a", text("One!", "Two."))
    commit_by_hand(theirs, {"team/b.prompty": "---\nbroken"})
    bring(ours, theirs)
    assert conflicts(ours)["a.prompty"].kind == "file"
    ours.merge(OTHER, resolve={"a.prompty": "theirs"})
    assert ours.load("a").messages[0].text == "One!"
    assert content(ours, "team/b.prompty") == "---\nbroken"


# --- histories --------------------------------------------------------------------------------------------------------


def test_crossed_histories(ours: Store, theirs: Store) -> None:
    """Each has merged the other's older commit: what both bases say together is the base."""
    ours.save("a", text("One!", "Two."))
    theirs.save("a", text("One.", "Two!"))
    theirs.label("a", "production", "v2")
    bring(ours, theirs, "before")
    bring(theirs, ours, "before")
    ours.merge("before")
    theirs.merge("before")
    ours.save("a", text("One!", "Two!", description="Ours"))
    theirs.save("a", text("One!", "Two! Three."))
    theirs.label("a", "production", "latest")
    bring(ours, theirs)
    assert len(git(ours.path, "merge-base", "--all", "main", OTHER).split()) == 2
    result = ours.merge(OTHER)
    made = ours.load("a")
    assert ([each.text for each in made.messages[:2]], made.description) == (["One!", "Two! Three."], "Ours")
    assert result.merged == ("a",)
    assert ours.labels("a")["production"].digest == text("One!", "Two! Three.").digest


def test_crossed_histories_that_were_decided_differently(ours: Store, theirs: Store) -> None:
    """The bases do not go together, so nothing is taken for unchanged: every difference is contested."""
    ours.save("c", text("C."))
    ours.save("d", text("D."))
    theirs = forked(ours, "again")
    for store, word in ((ours, "Ours."), (theirs, "Theirs.")):
        store.save("a", text(word, "Two."))
        store.save("c", text(word))
        store.label("a", "production", "latest")
    ours.save("d", text("Ours."))
    theirs.delete("d")
    bring(ours, theirs, "before")
    bring(theirs, ours, "before")
    ours.merge("before", resolve="ours")
    theirs.merge("before", resolve=lambda conflict: "theirs" if conflict.name == "c" else "ours")
    assert theirs.load("c").messages[0].text == "Ours."
    bring(ours, theirs)
    assert set(conflicts(ours)) == {"a", "a@production", "d"}
    ours.merge(OTHER, resolve="theirs")
    assert ours.names() == ("a", "c", "team/b")


def test_a_hand_that_merges_again_and_again(ours: Store, theirs: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past a depth of bases of bases nothing is known of any base, and whatever differs is contested."""
    for turn in range(3):
        ours.save("a", text("One.", "Two.", description=f"Ours {turn}"))
        theirs.save("team/b", text("B.", description=f"Theirs {turn}"))
        bring(ours, theirs, "before")
        bring(theirs, ours, "before")
        ours.merge("before")
        theirs.merge("before")
    ours.save("new", text("New."))
    theirs.save("a", text("One!", "Two.", description="Ours 2"))
    bring(ours, theirs)
    other = forked(ours, "again")
    assert other.merge(OTHER).merged == ()
    assert other.load("a").messages[0].text == "One!"
    monkeypatch.setattr("promptlib.store.merging.meeting.DEEPEST_BASE", 0)
    assert set(conflicts(ours)) >= {"a"}


def test_histories_that_never_met(ours: Store, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "another.git")
    with Store(tmp_path / "another.git") as another:
        another.save("z", text("Z."))
        another.save("a", text("Another."))
        bring(ours, another)
    with pytest.raises(Conflict, match="this branch and other have no commit in common: they are two stores") as caught:
        ours.merge(OTHER)
    assert "--unrelated" in caught.value.hint
    with pytest.raises(MergeConflict):
        ours.merge(OTHER, unrelated=True)
    ours.merge(OTHER, unrelated=True, resolve="ours")
    assert ours.names() == ("a", "team/b", "z")
    assert ours.fsck().ok


def test_a_clone_that_is_cut_off(ours: Store, theirs: Store, tmp_path: Path) -> None:
    """What both have in common is not here: that is said, and how to get it."""
    ours.save("c", text("C."))
    theirs.save("d", text("D."))
    git(tmp_path, "clone", "-q", "--bare", "--depth=1", ours.path.as_uri(), "cut.git")
    with Store(tmp_path / "cut.git") as cut:
        git(cut.path, "fetch", "-q", "--depth=1", theirs.path.as_uri(), f"+HEAD:refs/heads/{OTHER}")
        with pytest.raises(Conflict, match="is not in this clone: it is shallow") as caught:
            cut.merge(OTHER)
        assert "git fetch --unshallow" in caught.value.hint


# --- rules ------------------------------------------------------------------------------------------------------------

KEY = f"ghp{'_'}aB3dE5gH7jK9mN1pQ2sT4vW6xY8zA0bC2dE4"


def test_no_secret_comes_in(ours: Store, theirs: Store) -> None:
    """Neither merged nor by a fast-forward, nor in the message; what is here already is no matter."""
    theirs.save("a", text(f"Use {KEY}.", "Two."))
    bring(ours, theirs)
    guarded = Store(ours.path, refuse_secrets=True)
    before = state(ours)
    with pytest.raises(SaveRefused, match=r"a\.prompty holds"):
        guarded.merge(OTHER)
    guarded.save("c", text("C."))
    with pytest.raises(SaveRefused, match=r"a\.prompty holds") as caught:
        guarded.merge(OTHER)
    assert KEY not in str(caught.value)
    with pytest.raises(SaveRefused, match="the message holds"):
        guarded.merge(OTHER, message=f"With {KEY}")
    with pytest.raises(SaveRefused, match="the author holds"):
        guarded.merge(OTHER, author=Author(KEY, "a@example.com"))
    guarded.save("a", text("Harmless.", "Two."))
    commit_by_hand(theirs, {"README": KEY})
    theirs.delete("team/b")
    bring(ours, theirs)
    with pytest.raises(SaveRefused, match="README holds"):
        guarded.merge(OTHER, resolve="ours")
    commit_by_hand(theirs, {"README": None})
    bring(ours, theirs)
    guarded.merge(OTHER, resolve="ours")
    assert ours.load("a").messages[0].text == "Harmless."
    assert state(ours) != before


def test_nothing_grows_past_what_can_be_read(ours: Store, theirs: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ours.save("a", text("One! " * 40, "Two."))
    theirs.save("a", text("One.", "Two! " * 40))
    bring(ours, theirs)
    monkeypatch.setattr("promptlib.store.drafts.LARGEST_PROMPT", 400)
    before = state(ours)
    with pytest.raises(InvalidPrompt, match="a would be a file of"):
        ours.merge(OTHER)
    assert state(ours) == before


def test_nobody_vouches_by_a_merge(ours: Store, theirs: Store) -> None:
    """Words that came from elsewhere stay foreign, also when a decision is given as one's own prompt."""
    ours.save("f", Prompt.define(*text("One.", "Two.").messages, trust="foreign"))
    theirs = forked(ours, "again")
    theirs.save("f", Prompt.define(*text("One.", "Two!").messages, trust="foreign"))
    ours.trust("f", reason="I have read it")
    bring(ours, theirs)
    ours.merge(OTHER)
    assert ours.load("f").trust == "foreign"
    ours.save("f", text("Mine.", "Two!"))
    theirs.save("f", Prompt.define(*text("Theirs.", "Two!").messages, trust="foreign"))
    bring(ours, theirs)
    choices: list[tuple[Any, str]] = [
        (text("A third."), "foreign"),
        ("ours", "own"),
        (text("Mine.", "Two!"), "own"),
    ]
    for number, (choice, trust) in enumerate(choices):
        store = forked(ours, f"decided-{number}")
        store.merge(OTHER, resolve={"f": choice})
        assert store.load("f").trust == trust
        store.close()


# --- somebody else comes first ----------------------------------------------------------------------------------------


def racing(monkeypatch: pytest.MonkeyPatch, store: Store, times: int, act: Callable[[int], object]) -> None:
    """Let somebody do *act* so many *times* between the working out of a merge and its lock."""
    repository = store._repository
    assert repository is not None
    lock = repository.lock
    left = list(range(times))

    def late(**options: Any) -> Any:
        if left:
            act(left.pop())
        return lock(**options)

    monkeypatch.setattr(repository, "lock", late)


@pytest.mark.parametrize("times", [1, 6])
def test_a_save_in_between(ours: Store, theirs: Store, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The merge is worked out again; after some tries behind the lock, where nobody comes first."""
    ours.save("c", text("C."))
    theirs.save("a", text("One!", "Two."))
    bring(ours, theirs)
    with Store(ours.path) as other:
        racing(monkeypatch, ours, times, lambda turn: other.save("d", text(f"D {turn}.")))
        result = ours.merge(OTHER)
    assert result.outcome == "merged"
    assert ours.load("d").messages[0].text == f"D {max(0, times - 4)}."
    assert ours.load("a").messages[0].text == "One!"
    assert len(ours.history("d")) == min(times, 3) + (times > 3)


def test_nobody_is_asked_twice(ours: Store, theirs: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A save of another name in between makes the merge be worked out again, and the same decision holds."""
    ours.save("a", text("Ours.", "Two."))
    theirs.save("a", text("Theirs.", "Two."))
    bring(ours, theirs)
    asked: list[str] = []

    def decide(conflict: NameConflict) -> Any:
        asked.append(conflict.name)
        return "theirs"

    with Store(ours.path) as other:
        racing(monkeypatch, ours, 2, lambda turn: other.save("d", text(f"D {turn}.")))
        ours.merge(OTHER, resolve=decide)
    assert asked == ["a"]
    assert ours.load("a").messages[0].text == "Theirs."


def test_the_same_merge_in_between(ours: Store, theirs: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ours.save("c", text("C."))
    theirs.save("a", text("One!", "Two."))
    bring(ours, theirs)
    with Store(ours.path) as other:
        racing(monkeypatch, ours, 1, lambda _: other.merge(OTHER))
        assert ours.merge(OTHER).outcome == "unchanged"
    assert len(git(ours.path, "log", "--merges", "--format=%h").split()) == 1


def test_a_writer_that_never_rests(ours: Store, theirs: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ours.save("c", text("C."))
    theirs.save("a", text("One!", "Two."))
    bring(ours, theirs)
    repository = ours._repository
    monkeypatch.setattr(repository, "swap", lambda *_, **__: False)
    before = state(ours)
    with pytest.raises(Busy, match=f"{MOST_TRIES} commits of others came first; nothing was merged") as caught:
        ours.merge(OTHER)
    assert "without promptlib's lock" in caught.value.hint
    assert state(ours) == before


def test_what_a_result_tells(ours: Store, theirs: Store) -> None:
    theirs.save("a", text("One!", "Two."))
    told = ours.merge(bring(ours, theirs)).to_dict()
    assert told == {
        "outcome": "fast-forward",
        "commit": tip(theirs),
        "ours": told["ours"],
        "theirs": tip(theirs),
        "names": ["a"],
        "labels": [],
        "merged": [],
        "resolved": [],
    }
