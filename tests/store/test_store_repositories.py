"""A store in every repository that git can make: larger ones, linked work trees, other branches, merged lines."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Store
from promptlib._git import Repository
from promptlib.errors import Busy, NotAStore, NotFound, SaveRefused, StoreDamaged, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from promptlib import Prompt

    Make = Callable[..., Prompt[Any]]
    Run = Callable[..., str]


def texts(store: Store, name: str) -> list[str]:
    """Return the first message of every version of *name*."""
    return [store.load(f"{name}#{version.digest[7:]}").messages[0].text for version in store.history(name)]


def identify(run: Run, folder: Path) -> None:
    """Tell git who commits in *folder*."""
    run(folder, "config", "user.name", "Uma")
    run(folder, "config", "user.email", "uma@example.com")


def test_two_stores_in_one_repository(application: Path, make: Make) -> None:
    """Packages of a larger repository keep apart, whoever of them wrote last."""
    first, second = (Store.init(application / "packages" / name) for name in ("one", "two"))
    top = Store.init(application)
    first.save("a", make("one"))
    second.save("a", make("two"))
    first.save("a", make("three"))
    top.save("top", make("top"))
    for _ in range(2):
        assert texts(first, "a") == ["one", "three"]
        assert texts(second, "a") == ["two"]
        assert texts(top, "top") == ["top"]
    assert [store.names() for store in (first, second, top)] == [("a",), ("a",), ("top",)]
    assert Store(application / "packages/one").version("a@v2").number == 2
    assert len(list((application / ".git/promptlib").glob("index*.sqlite"))) == 3
    assert (application / "packages/one/prompts/a.prompty").is_file()


def test_a_bare_store_and_an_application_in_one_repository(tmp_path: Path, make: Make, run: Run) -> None:
    """Two roots that share the file of the index ask it in turns."""
    with Store.init(tmp_path / "shared.git", bare=True) as bare:
        bare.save("a", make("one"))
        run(bare.path, "worktree", "add", "-q", "-b", "app", str(tmp_path / "app"))
        identify(run, tmp_path / "app")
        (tmp_path / "app/prompts").mkdir()
        (tmp_path / "app/prompts/b.prompty").write_bytes((tmp_path / "app/a.prompty").read_bytes())
        app = Store(tmp_path / "app")
        app.save("b", app.load("b"))
        for _ in range(2):
            assert bare.names() == ("a",)
            assert texts(bare, "a") == ["one"]
            assert texts(app, "b") == ["one"]


def test_linked_work_trees_have_a_branch_each(
    application: Path, tree: Store, make: Make, run: Run, tmp_path: Path
) -> None:
    """They share objects and the index, and neither sees the other's branch."""
    tree.save("a", make("one"))
    run(application, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = Store(tmp_path / "side")
    side.save("a", make("side"))
    tree.save("a", make("main"))
    tree.label("a", "production", "v2")
    for _ in range(2):
        assert texts(tree, "a") == ["one", "main"]
        assert texts(side, "a") == ["one", "side"]
        assert side.labels("a") == {}
    run(tmp_path / "side", "switch", "-q", "--detach")
    assert side.load("a").messages[0].text == "side"
    with pytest.raises(Busy, match="HEAD is detached"):
        side.save("a", make("lost"))


@pytest.mark.parametrize("bare", [True, False])
@pytest.mark.parametrize("branch", ["master", "trunk", "feature/prompts"])
def test_any_branch_serves(tmp_path: Path, make: Make, run: Run, branch: str, *, bare: bool) -> None:
    """The store is on the branch that is checked out."""
    path = tmp_path / "store"
    run(tmp_path, "init", "-q", *(["--bare"] if bare else []), "-b", branch, str(path))
    identify(run, path)
    store = Store.init(path, bare=bare)
    store.save("a", make("one"))
    assert run(path, "rev-parse", f"refs/heads/{branch}").strip() == store.version("a").commit
    assert Store(path).load("a") == make("one")


@pytest.mark.parametrize("bare", [True, False])
def test_longer_ids(tmp_path: Path, make: Make, run: Run, *, bare: bool) -> None:
    """A repository of SHA-256 objects is a store like any other."""
    path = tmp_path / "store"
    run(tmp_path, "init", "-q", "--object-format=sha256", *(["--bare"] if bare else []), "-b", "main", str(path))
    identify(run, path)
    store = Store.init(path, bare=bare)
    version = store.save("a", make("one"))
    assert len(version.commit) == 64
    store.label("a", "production", version)
    store.save("a", make("two"))
    fresh = Store(path)
    assert fresh.load("a@production") == make("one")
    assert texts(fresh, "a") == ["one", "two"]
    assert fresh.fsck().ok


def test_an_empty_bare_repository(tmp_path: Path, make: Make, run: Run) -> None:
    """Nothing is there, and the first save makes the branch."""
    run(tmp_path, "init", "-q", "--bare", "-b", "main", "empty.git")
    store = Store(tmp_path / "empty.git")
    assert store.names() == ()
    assert list(store.commits()) == []
    assert store.graph().nodes == ()
    for question in (lambda: store.load("a"), lambda: store.history("a"), lambda: store.version("a")):
        with pytest.raises(NotFound, match="no prompt 'a' here") as caught:
            question()
        assert caught.value.hint == "this store is empty"
    assert store.fsck().ok
    assert store.save("a", make("one")).number == 1


def test_an_application_without_a_commit(tmp_path: Path, make: Make, run: Run) -> None:
    """Its files load before the first commit, which a save may make."""
    run(tmp_path, "init", "-q", "-b", "main", "app")
    identify(run, tmp_path / "app")
    (tmp_path / "app/prompts").mkdir()
    (tmp_path / "app/prompts/a.prompty").write_text("---\ndescription: x\n---\nuser:\nHello\n")
    store = Store(tmp_path / "app")
    assert store.load("a").origin.version is None  # type: ignore[union-attr] # a stored prompt has one
    with pytest.raises(NotFound, match="no prompt 'a' here"):
        store.load("a@latest")
    assert store.save("b", make("one")).number == 1


def test_a_clone_of_a_bare_store_is_worked_in(bare: Store, make: Make, run: Run, tmp_path: Path) -> None:
    """Its root is the folder itself; what it pushes is in the bare store."""
    bare.save("team/a", make("one"))
    run(tmp_path, "clone", "-q", str(bare.path), "clone")
    identify(run, tmp_path / "clone")
    clone = Store(tmp_path / "clone")
    assert clone.names() == ("team/a",)
    clone.save("team/a", make("two"))
    assert (tmp_path / "clone/team/a.prompty").is_file()
    run(tmp_path / "clone", "push", "-q", "origin", "main")
    assert texts(bare, "team/a") == ["one", "two"]
    assert not clone.version("team/a").provisional


def test_branches_that_edit_other_prompts_merge(application: Path, tree: Store, make: Make, run: Run) -> None:
    """Neither is in conflict, and each keeps its numbers."""
    tree.save("a", make("a1"))
    tree.save("b", make("b1"))
    run(application, "switch", "-q", "-c", "side")
    tree.save("b", make("b2"))
    tree.label("b", "production", "v2")
    run(application, "switch", "-q", "main")
    tree.save("a", make("a2"))
    tree.label("a", "production", "v2")
    run(application, "stash", "-q")
    run(application, "merge", "-q", "--no-edit", "side")
    assert texts(tree, "a") == ["a1", "a2"]
    assert texts(tree, "b") == ["b1", "b2"]
    assert tree.load("a@production") == make("a2")
    assert tree.load("b@production") == make("b2")
    assert tree.version("b").labels == ("production",)


def test_a_merge_by_hand_has_two_parents(application: Path, tree: Store, make: Make, run: Run) -> None:
    """New content that came of both sides; while it is not decided, the file is in conflict and says so."""
    first = tree.save("a", make("one"))
    run(application, "switch", "-q", "-c", "side")
    theirs = tree.save("a", make("theirs"))
    run(application, "switch", "-q", "main")
    ours = tree.save("a", make("ours"))
    run(application, "stash", "-q")
    with pytest.raises(AssertionError):
        run(application, "merge", "-q", "side")
    with pytest.raises(Busy, match="a merge is in progress"):
        tree.save("b", make("x"))
    path = application / "prompts/a.prompty"
    start, _, rest = path.read_text().partition("<<<<<<<")
    path.write_text(start + "both" + rest.partition(">>>>>>> side")[2])
    run(application, "commit", "-q", "-a", "-m", "Both")
    merged = tree.version("a")
    assert tree.load("a").messages[0].text == "both"
    assert merged.parents == (ours.pin, theirs.pin)
    assert [version.parents for version in tree.history("a")] == [(), (first.pin,), (first.pin,), merged.parents]
    assert [version.number for version in tree.history("a")] == [1, 2, 3, 4]
    lineage = tree.lineage("a")
    assert {edge.kind for edge in lineage.edges if edge.source == lineage.node} == {"parent", "merged_from"}
    assert [node.digest for node in lineage.ancestors()].count(first.digest) == 1


def test_commits_by_plain_git_are_versions(application: Path, tree: Store, make: Make, run: Run) -> None:
    """An edit in an editor and `git commit`: author, message and parent are git's."""
    first = tree.save("a", make("one"))
    path = application / "prompts/a.prompty"
    path.write_text(path.read_text().replace("one", "edited"))
    run(application, "commit", "-q", "-m", "By hand\n\nWhy.", "--author=Ann <ann@example.org>", "--", str(path))
    version = tree.version("a")
    assert (version.number, version.author, version.message) == (2, "Ann", "By hand\n\nWhy.")
    assert version.parents == (first.pin,)
    loaded = tree.load("a")
    assert loaded.messages[0].text == "edited"
    assert loaded.origin.version == "v2"  # type: ignore[union-attr] # a stored prompt has one


def test_a_rename_by_hand_counts_on(application: Path, tree: Store, make: Make, run: Run) -> None:
    """An exact move in one commit; with another edit in the same commit it is a new prompt."""
    tree.save("a", make("one"))
    tree.save("b", make("two"))
    run(application, "mv", "prompts/a.prompty", "prompts/moved.prompty")
    run(application, "commit", "-q", "-m", "Move", "--", "prompts")
    assert [(version.name, version.number) for version in tree.history("moved")] == [("a", 1), ("moved", 2)]
    with pytest.raises(NotFound, match="a was renamed to moved in "):
        tree.load("a")
    run(application, "mv", "prompts/b.prompty", "prompts/other.prompty")
    other = application / "prompts/other.prompty"
    other.write_text(other.read_text().replace("two", "three"))
    run(application, "commit", "-q", "-m", "Move and edit", "--", "prompts")
    assert [version.number for version in tree.history("other")] == [1]
    with pytest.raises(NotFound, match="b was deleted in "):
        tree.load("b")


def test_a_deletion_by_hand(application: Path, tree: Store, make: Make, run: Run) -> None:
    """Its versions stay; its label, whose file is still there, loads and is told."""
    tree.save("a", make("one"))
    tree.label("a", "production", "v1")
    run(application, "rm", "-q", "prompts/a.prompty")
    with pytest.raises(NotFound, match=r"prompts/a\.prompty is committed and is not on disk") as caught:
        tree.load("a")
    assert caught.value.hint.startswith("load a@latest, a@production; or bring it back: git checkout HEAD -- ")
    run(application, "commit", "-q", "-m", "Gone", "--", "prompts")
    with pytest.raises(NotFound, match="a was deleted in "):
        tree.load("a")
    assert tree.load("a@production") == make("one")
    assert [version.number for version in tree.history("a")] == [1]


def test_a_branch_without_prompts(application: Path, tree: Store, make: Make, run: Run) -> None:
    """The root is gone while it is checked out, and comes back with the other branch."""
    tree.save("a", make("one"))
    run(application, "stash", "-q")
    run(application, "switch", "-q", "-c", "before", "HEAD~2")
    assert not (application / "prompts").exists()
    assert tree.names() == ()
    with pytest.raises(NotFound, match="no prompt 'a' here"):
        tree.load("a")
    with pytest.raises(NotFound):
        tree.history("a")
    run(application, "switch", "-q", "main")
    assert tree.load("a") == make("one")


def test_a_detached_bare_store_is_read_and_not_written(bare: Store, make: Make, run: Run) -> None:
    """A commit would belong to no branch; the command that helps is told."""
    commit = bare.save("a", make("one")).commit
    run(bare.path, "update-ref", "--no-deref", "HEAD", commit)
    assert bare.load("a") == make("one")
    with pytest.raises(Busy, match="HEAD is detached") as caught:
        bare.save("a", make("two"))
    assert "git symbolic-ref HEAD refs/heads/main" in caught.value.hint
    with pytest.raises(Busy, match="HEAD is detached"):
        bare.replay(iter(()))


def test_a_root_behind_a_link(application: Path, tree: Store, make: Make, tmp_path: Path) -> None:
    """Inside the repository it is followed; out of it, it is refused."""
    tree.save("a", make("one"))
    (application / "prompts").rename(application / "moved")
    (application / "prompts").symlink_to("moved")
    assert Store(application).load("a") == make("one")
    (application / "prompts").unlink()
    (tmp_path / "outside").mkdir()
    (application / "prompts").symlink_to(tmp_path / "outside")
    with pytest.raises(StoreError, match="leads out of its repository") as caught:
        Store(application)
    assert "replace the link by a folder" in caught.value.hint


@pytest.mark.parametrize("linked", ["prompts/support", "prompts/.labels", "prompts/.labels/production"])
def test_a_folder_behind_a_link(application: Path, tree: Store, make: Make, tmp_path: Path, linked: str) -> None:
    """Nothing below it is read, listed or written."""
    outside = tmp_path / "outside"
    tree.save("support/a", make("one"))
    tree.label("support/a", "production", "v1")
    (application / linked).rename(outside)
    (application / linked).symlink_to(outside)
    before = {path: path.read_bytes() for path in outside.rglob("*") if path.is_file()}
    ref = "support/a" if linked.endswith("support") else "support/a@production"
    with pytest.raises(StoreDamaged, match=f"{linked} is a link") as caught:
        tree.load(ref)
    assert "replace the link by the file" in caught.value.hint
    with pytest.raises(SaveRefused, match="is a symbolic link"):
        tree.save("support/b", make("b")) if linked.endswith("support") else tree.label("support/a", "production", None)
    assert "link" in [problem.what.rpartition(" ")[2] for problem in tree.fsck().problems]
    assert {path: path.read_bytes() for path in outside.rglob("*") if path.is_file()} == before


def test_a_link_in_a_bare_store(bare: Store, make: Make, tmp_path: Path, run: Run) -> None:
    """It was pushed from a clone: it is no prompt, and is not followed."""
    bare.save("a", make("one"))
    run(tmp_path, "clone", "-q", str(bare.path), "clone")
    identify(run, tmp_path / "clone")
    (tmp_path / "clone/b.prompty").symlink_to("a.prompty")
    run(tmp_path / "clone", "add", "-A")
    run(tmp_path / "clone", "commit", "-q", "-m", "Link")
    run(tmp_path / "clone", "push", "-q", "origin", "main")
    assert bare.names() == ("a",)
    with pytest.raises(StoreDamaged, match=r"'b\.prompty' is a symbolic link in git"):
        bare.load("b")


def test_a_store_that_cannot_be_made(tmp_path: Path, application: Path) -> None:
    """Over a file; and nothing of a new repository is left when git does not know the user."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotAStore, match="is a file"):
        Store.init(tmp_path / "file")
    for bare in (True, False):
        with pytest.raises(StoreError, match="cannot be made: Not a directory") as caught:
            Store.init(tmp_path / "file/below", bare=bare)
        assert "choose a folder that you may write" in caught.value.hint
    with pytest.raises(SaveRefused):
        Store.init(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


def test_a_repository_that_went_away(bare: Store, make: Make) -> None:
    """It is told, with a type of ours."""
    bare.save("a", make("one"))
    shutil.rmtree(bare.path)
    with pytest.raises(StoreError):
        bare.load("a")
    with pytest.raises(StoreError):
        bare.save("a", make("two"))


def test_an_index_that_is_not_there_counts_on_the_commits_of_others(bare: Store, make: Make) -> None:
    """A second store object, or another process, saved in between."""
    bare.save("a", make("one"))
    other = Store(bare.path)
    other.save("a", make("two"))
    with Repository.open(bare.path) as repository:
        assert repository.head().commit == other.version("a").commit
    assert bare.save("a", make("three")).number == 3
    assert texts(other, "a") == ["one", "two", "three"]
