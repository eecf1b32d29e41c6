"""What a review finds between two commits."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from promptlib import Prompt, Store, system, user
from promptlib.errors import BadRef, NotFound
from promptlib.review import review


class Ticket(BaseModel):
    ticket: str
    tone: Literal["warm", "plain"] = "plain"


class Narrow(BaseModel):
    ticket: str
    tone: Literal["warm"] = "warm"


TRIAGE = Prompt.define(Ticket, system("Sort tickets in a {{ tone }} voice."), user("{{ ticket }}"))
NARROW = TRIAGE.evolve(
    messages=[system("Sort tickets fast in a {{ tone }} voice."), user("{{ ticket }}")], inputs=Narrow
)
STYLE = Prompt.define(system("Be brief."))


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository whose branch `feature` has changed much since it left `main`."""
    folder = tmp_path_factory.mktemp("reviewed") / "app"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "user.name", "Uma")
    git(folder, "config", "user.email", "uma@example.org")
    with Store.init(folder) as store:
        grow(store)
    return folder


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Store:
    """Return the store of a copy of it, `feature` checked out."""
    return Store.open(shutil.copytree(made, tmp_path / "app"))


def grow(store: Store) -> None:
    folder = Path(store.path)
    store.save("style", STYLE)
    store.save("triage", TRIAGE)
    store.save("reply", Prompt.define(system('Reply. {% include "s" %}'), includes={"s": store.load("style")}))
    store.save("polite", store.load("style").derive(messages=[system("Be brief and polite.")]))
    store.save("old", Prompt.define(system("Old words.")))
    store.save("gone", Prompt.define(system("Gone.")))
    store.label("triage", "production", "v1")
    store.label("style", "production", "v1")
    store.label("gone", "beta", "v1")
    git(folder, "switch", "-q", "-c", "feature")
    store.save("triage", NARROW, message="Warm only")
    store.save("style", STYLE.evolve(messages=[system("Be brief and kind.")]), message="Kinder")
    store.save("style", STYLE.evolve(messages=[system("Be brief and very kind.")]), message="Kinder still")
    store.rename("old", "new")
    store.delete("gone")
    store.save("fresh", Prompt.define(system("Fresh.")))
    store.label("triage", "production", "v2")
    store.label("style", "production", None)
    store.label("fresh", "beta", "v1")


def top(store: Store) -> Path:
    return Path(store.path)


def test_what_happened_to_each_prompt(store: Store) -> None:
    with store:
        found = review(store, "main...feature")
        assert [(each.name, each.change, each.old_name) for each in found.prompts] == [
            ("fresh", "added", ""),
            ("gone", "removed", ""),
            ("new", "renamed", "old"),
            ("style", "changed", ""),
            ("triage", "changed", ""),
        ]
        ends = {each.name: (str(each.before)[-13:-11], str(each.after)[-13:-11]) for each in found.prompts}
        assert ends["style"] == ("v1", "v3")
        assert ends["new"] == ("v1", "v2")
        messages = {each.name: [version.message for version in each.versions] for each in found.prompts}
        assert messages["style"] == ["Kinder", "Kinder still"]
        assert messages["gone"] == []
        assert found


def test_what_breaks(store: Store) -> None:
    with store:
        found = review(store, "main...feature")
        assert found.breaking
        assert found.reasons == (
            "gone: the name is gone: a load of it fails",
            "new: the name old is gone: a load of it fails",
            "triage: input 'tone': callers may give 'plain'",
        )
        assert found.token_change == 4


def test_labels_that_move_tell_what_goes_live(store: Store) -> None:
    with store:
        found = review(store, "main...feature")
        told = [(each.name, each.label, each.change) for each in found.labels]
        assert told == [
            ("fresh", "beta", "added"),
            ("gone", "beta", "removed"),
            ("style", "production", "removed"),
            ("triage", "production", "moved"),
        ]
        moved = found.labels[-1]
        assert moved.before is not None
        assert moved.after is not None
        assert (moved.before.number, moved.after.number) == (1, 2)
        assert moved.difference is not None
        assert moved.difference.breaking
        assert [row.reworded for row in moved.difference.messages] == [True, False]


def test_who_is_touched(store: Store) -> None:
    with store:
        impact = {each.name: each.impact for each in review(store, "main...feature").prompts}
        told = [(user.name, user.kind, user.uses[:8], user.newest, user.bumped) for user in impact["style"]]
        assert told == [
            ("reply", "includes", "style@v1", True, False),
            ("polite", "derived_from", "style@v1", True, False),
        ]
        assert impact["triage"] == ()
        store.save("reply", Prompt.define(system('Reply. {% include "s" %}'), includes={"s": store.load("style")}))
        (reply, *_) = next(each.impact for each in review(store, "main...feature").prompts if each.name == "style")
        assert (reply.uses[:8], reply.bumped) == ("style@v3", True)


def test_who_is_touched_through_others(store: Store) -> None:
    with store:
        store.save("letter", Prompt.define(system('Dear. {% include "r" %}'), includes={"r": store.load("reply")}))
        store.label("letter", "production", "v1")
        users = next(each.impact for each in review(store, "main...HEAD").prompts if each.name == "style")
        letter = next(user for user in users if user.name == "letter")
        assert (letter.uses[:8], [ref[:8] for ref in letter.through]) == ("style@v1", ["reply@v1"])
        line = "- `letter@v1#" + letter.ref[-8:] + "` (label `production`) includes `style@v1#" + letter.uses[-8:]
        assert f"{line}` through `{letter.through[0]}`: it keeps those" in review(store, "main...HEAD").markdown()


def test_the_other_branch_and_the_same_commit(store: Store) -> None:
    """The branch that is checked out is one of many."""
    with store:
        back = review(store, "feature..main")
        assert [(each.name, each.change) for each in back.prompts] == [
            ("fresh", "removed"),
            ("gone", "added"),
            ("old", "renamed"),
            ("style", "changed"),
            ("triage", "changed"),
        ]
        git(top(store), "switch", "-q", "main")
        forth = review(store, "main...feature")
        assert [each.name for each in forth.prompts] == ["fresh", "gone", "new", "style", "triage"]
        assert [version.number for version in forth.prompts[3].versions] == [2, 3]
        assert not review(store, "main..main")
        assert "Nothing about prompts changes" in review(store, "HEAD..HEAD").markdown()


def test_three_dots_leave_out_what_the_base_did_since(store: Store) -> None:
    with store:
        folder = top(store)
        git(folder, "switch", "-q", "main")
        store.save("polite", Prompt.define(system("Be polite.")))
        names = [each.name for each in review(store, "main...feature").prompts]
        assert "polite" not in names
        assert "polite" in [each.name for each in review(store, "main..feature").prompts]
        git(folder, "tag", "-a", "-m", "x", "t1", "feature")
        by_tag, by_id = review(store, "main...t1"), review(store, f"main...{git(folder, 'rev-parse', 'feature')}")
        assert by_tag.to_dict() == by_id.to_dict()


@pytest.mark.parametrize("text", ["main", "..", "main..", "..main", "a..b..c", "", "main....feature"])
def test_what_names_no_two_commits(store: Store, text: str) -> None:
    with store, pytest.raises(BadRef, match="names no two commits") as caught:
        review(store, text)
    assert "BASE...HEAD" in caught.value.hint


@pytest.mark.parametrize("text", ["nowhere..main", "main...nowhere", "-x..main", "main..\x1b", "0" * 40 + "..main"])
def test_a_commit_that_is_not_here(store: Store, text: str) -> None:
    with store, pytest.raises(NotFound, match="is no commit, branch or tag here") as caught:
        review(store, text)
    assert "git fetch origin" in caught.value.hint


def test_numbers_that_a_merge_the_wrong_way_round_moves_are_named(store: Store) -> None:
    with store:
        assert review(store, "main...feature").moved == ()
        git(top(store), "switch", "-q", "main")
        store.save("polite", Prompt.define(system("Ours.")))
        published = store.version("polite@v2")
        git(top(store), "switch", "-q", "feature")
        store.save("polite", Prompt.define(system("Theirs.")))
        here = store.version("polite@v2")
        git(top(store), "merge", "-q", "-s", "ours", "-m", "Pulled", "main")
        found = review(store, "main...HEAD")
        told = [(each.name, each.number, each.was, each.now) for each in found.moved]
        assert told == [("polite", 2, published.digest, here.digest)]
        assert f"- `polite@v2` is `{published.short}` at the base and `{here.short}` here" in found.markdown()
        assert found.to_dict()["moved"] == [
            {"name": "polite", "number": 2, "was": published.digest, "now": here.digest, "elsewhere": 3}
        ]


def test_histories_that_never_met_have_no_common_ancestor(store: Store) -> None:
    with store:
        git(top(store), "switch", "-q", "--orphan", "alone")
        git(top(store), "commit", "-q", "--allow-empty", "-m", "Alone")
        with pytest.raises(NotFound, match="have no common ancestor"):
            review(store, "main...alone")
        assert [each.change for each in review(store, "main..alone").prompts] == ["removed"] * 6


def test_a_file_that_is_no_prompt_is_told_and_breaks(store: Store) -> None:
    with store:
        path = Path(store.path) / "prompts" / "triage.prompty"
        path.write_text("---\n---\nuser:\n{{ nobody declared this }}\n")
        git(top(store), "commit", "-qam", "Broken")
        found = review(store, "main...feature")
        triage = next(each for each in found.prompts if each.name == "triage")
        assert triage.breaking
        assert triage.difference is None
        assert triage.reasons[0].startswith("it cannot be read: ")
        assert "It cannot be read: `" in found.markdown()


def test_a_label_that_was_edited_by_hand_is_told(store: Store) -> None:
    with store:
        path = Path(store.path) / "prompts/.labels/production/triage.label"
        path.write_bytes(path.read_bytes() + b"and more\n")
        git(top(store), "commit", "-qam", "By hand")
        moved = next(each for each in review(store, "main...feature").labels if each.name == "triage")
        assert moved.error
        assert "What it points at cannot be read: `" in review(store, "main...feature").markdown()


def test_a_rename_by_hand_is_known_by_its_bytes(store: Store) -> None:
    with store:
        folder = top(store)
        base = git(folder, "rev-parse", "HEAD")
        git(folder, "mv", "prompts/polite.prompty", "prompts/courteous.prompty")
        git(folder, "commit", "-qm", "By hand")
        (found,) = review(store, f"{base}..HEAD").prompts
        assert (found.name, found.change, found.old_name) == ("courteous", "renamed", "polite")


def test_a_shallow_clone_says_what_to_type(store: Store, tmp_path: Path) -> None:
    folder = top(store)
    git(tmp_path, "clone", "-q", "--depth", "2", "--branch", "feature", folder.as_uri(), "cut")
    with Store.open(tmp_path / "cut") as cut:
        with pytest.raises(NotFound) as caught:
            review(cut, "origin/main...HEAD")
        assert "git fetch --unshallow" in caught.value.hint
        assert "fetch-depth: 0" in caught.value.hint
        found = review(cut, "HEAD~1..HEAD")
        assert [(each.name, each.change) for each in found.labels] == [("fresh", "added")]
        assert "fetch-depth: 0" in found.notes[0]
        assert "fetch-depth: 0" in found.markdown()


def test_a_store_inside_a_larger_repository(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "mono")
    for key, value in (("user.name", "Uma"), ("user.email", "uma@example.org")):
        git(tmp_path / "mono", "config", key, value)
    (tmp_path / "mono" / "services" / "desk").mkdir(parents=True)
    with Store.init(tmp_path / "mono" / "services" / "desk") as store:
        store.save("a", STYLE)
        git(tmp_path / "mono", "switch", "-q", "-c", "feature")
        store.save("a", STYLE.evolve(messages=[system("Be long.")]))
        (tmp_path / "mono" / "a.prompty").write_text("not ours")
        git(tmp_path / "mono", "add", "a.prompty")
        git(tmp_path / "mono", "commit", "-qm", "Other")
        (found,) = review(store, "main...feature").prompts
        assert (found.name, found.change) == ("a", "changed")


def test_a_bare_store_is_reviewed_too(tmp_path: Path) -> None:
    with Store.init(tmp_path / "prompts.git", bare=True) as bare:
        bare.save("a", STYLE)
        before = git(tmp_path / "prompts.git", "rev-parse", "main")
        bare.save("a", STYLE.evolve(messages=[system("Be long.")]))
        (found,) = review(bare, f"{before}..main").prompts
        assert (found.name, found.change) == ("a", "changed")
        git(tmp_path / "prompts.git", "branch", "topic", before)
        (back,) = review(bare, "main..topic").prompts
        assert (str(back.before)[:4], str(back.after)[:4]) == ("a v2", "a v1")


def test_as_json(store: Store) -> None:
    with store:
        found = review(store, "main...feature")
        data: Any = found.to_dict()
        assert json.loads(json.dumps(data)) == data
        assert list(data) == [
            "base",
            "head",
            "breaking",
            "reasons",
            "token_change",
            "prompts",
            "labels",
            "moved",
            "notes",
        ]
        assert [each["change"] for each in data["prompts"]] == ["added", "removed", "renamed", "changed", "changed"]
        assert data["prompts"][3]["impact"][0]["name"] == "reply"
        assert data["labels"][3]["difference"]["breaking"] is True


def test_a_folder_without_git_has_nothing_to_review(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    with pytest.raises(NotFound, match="has no history"):
        review(Store.open(tmp_path), "a..b")
