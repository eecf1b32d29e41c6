"""Finding a repository without starting git."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from promptlib._git import Repository
from promptlib.errors import GitFailed, NotAStore, StoreReadOnly

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def no_git(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without git."""
    monkeypatch.setenv("PATH", "/nowhere")


def test_open_bare_and_work_tree(bare: Repository, app: Repository, no_git: None) -> None:
    assert app.work_tree is not None
    again = Repository.open(bare.git_dir)
    assert (again.bare, again.work_tree, again.object_format) == (True, None, bare.object_format)
    other = Repository.open(app.work_tree)
    assert (other.bare, other.work_tree, other.git_dir) == (False, app.work_tree, app.work_tree / ".git")
    assert Repository.open(app.work_tree / ".git").work_tree == app.work_tree


def test_reading_needs_no_git(app: Repository, no_git: None) -> None:
    tip = app.head().commit
    assert tip is not None
    blob = app.blob_at(tip, "prompts/a.prompty")
    assert blob is not None
    assert app.read(blob) == b"one\n"


def test_without_git_the_error_says_what_still_works(app: Repository, no_git: None) -> None:
    with pytest.raises(GitFailed, match=r"git is not installed[^\n]*\n.*loading from a folder and rendering work"):
        app.fsck()


def test_open_is_exact_and_discover_looks_upwards(app: Repository, tmp_path: Path) -> None:
    assert app.work_tree is not None
    with pytest.raises(NotAStore, match=r"is no git repository\nmake one: promptlib init "):
        Repository.open(app.work_tree / "prompts")
    with pytest.raises(NotAStore, match="promptlib init --bare"):
        Repository.open(tmp_path / "nothing")
    found = Repository.discover(app.work_tree / "prompts")
    assert found is not None
    assert found.work_tree == app.work_tree
    assert Repository.discover(tmp_path / "home") is None


def test_what_cannot_be_read_is_no_proof_that_there_is_no_store(
    app: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shut(folder: Path) -> None:
        raise PermissionError(13, "Permission denied", folder)

    monkeypatch.setattr("promptlib._git.layout._layout", shut)
    with pytest.raises(GitFailed, match=r"cannot be read: Permission denied\nwhose is it\? try: ls -ld "):
        Repository.open(tmp_path)


def test_linked_work_tree_has_its_own_head(app: Repository, tmp_path: Path, git: Callable[..., str]) -> None:
    assert app.work_tree is not None
    git(app.work_tree, "worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    with Repository.open(tmp_path / "linked") as linked:
        assert linked.common_dir == app.git_dir
        assert linked.git_dir != app.git_dir
        assert linked.head().reference == "refs/heads/side"
        assert app.head().reference == "refs/heads/main"
        commit = linked.commit_paths({"prompts/a.prompty": b"two\n"}, message="side")
        assert app.tip("refs/heads/side") == commit
        assert app.tip("refs/heads/main") != commit


def test_linked_work_tree_of_a_bare_repository(
    bare: Repository, tmp_path: Path, git: Callable[..., str], save: Callable[..., str]
) -> None:
    save(bare, {"a": b"x"})
    git(bare.git_dir, "worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    assert Repository.open(tmp_path / "linked").work_tree == tmp_path / "linked"


def test_broken_links_are_told(tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / ".git").write_text("nonsense")
    with pytest.raises(NotAStore, match="is no link to a git repository"):
        Repository.open(folder)
    (folder / ".git").write_text("gitdir: ../gone\n")
    with pytest.raises(NotAStore, match=r"which is no git repository\ntry: git worktree repair"):
        Repository.open(folder)


def test_a_work_tree_elsewhere_is_refused(app: Repository, tmp_path: Path, git: Callable[..., str]) -> None:
    assert app.work_tree is not None
    git(app.work_tree, "config", "core.worktree", str(tmp_path))
    with pytest.raises(NotAStore, match=r"core\.worktree says"):
        Repository.open(app.work_tree)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[core]\n\trepositoryformatversion = 7\n", "repository format 7"),
        ("[core]\nrepositoryformatversion=1\n[extensions]\n\tshiny = true\n", r"extensions\.shiny"),
        ("[core]\nrepositoryformatversion=1\n[extensions] objectformat = md5\n", "md5 objects"),
    ],
)
def test_unknown_formats_are_refused(bare: Repository, text: str, words: str) -> None:
    (bare.git_dir / "config").write_text(text)
    with pytest.raises(GitFailed, match=words):
        Repository.open(bare.git_dir)


def test_settings_are_read_as_git_reads_them(bare: Repository) -> None:
    (bare.git_dir / "config").write_text(
        '# [core] bare = false\n[Core]\n\tBare ; a comment\n\trepositoryFormatVersion = "1" # quoted\n'
        '[remote "x"]\n\tbare = no\n[extensions]\n\trefStorage = files\n'
    )
    assert Repository.open(bare.git_dir).bare


def test_reftable_is_noticed(bare: Repository) -> None:
    with (bare.git_dir / "config").open("a") as config:
        config.write("[core]\n\trepositoryformatversion = 1\n[extensions]\n\trefstorage = reftable\n")
    assert Repository.open(bare.git_dir).reference_format == "reftable"


def test_shallow_is_noticed(app: Repository, tmp_path: Path, git: Callable[..., str]) -> None:
    assert app.work_tree is not None
    (app.work_tree / "main.py").write_text("2")
    git(app.work_tree, "commit", "-qam", "second")
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{app.work_tree}", "clone")
    assert not app.shallow
    with Repository.open(tmp_path / "clone") as clone:
        assert clone.shallow
        tip = clone.head().commit
        assert tip is not None
        (only,) = clone.log(tip, prefix="prompts")
        assert only.parents == ()
        assert [change.path for change in only.changes] == ["prompts/a.prompty"]


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has no file owners")
def test_a_foreign_owner_is_left_to_git(app: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the owner is not us, git decides; here it allows, because the files are ours after all."""
    assert app.work_tree is not None
    asked: list[str] = []

    monkeypatch.setattr("os.geteuid", lambda: 4242)
    from promptlib._git.runner import Git, Result

    def refuse(self: Git, *arguments: str, check: bool = True) -> Result:
        asked.append(arguments[0])
        return Result(
            128, b"", "fatal: detected dubious ownership in repository at '/x'\nTo add an exception, call:\n\n\tgit"
        )

    monkeypatch.setattr(Git, "run", refuse)
    with pytest.raises(GitFailed, match=r"detected dubious ownership.*\nTo add an exception"):
        Repository.open(app.work_tree)
    assert asked == ["rev-parse"]


@pytest.mark.system
def test_another_users_repository_is_refused(app: Repository, git: Callable[..., str]) -> None:
    assert app.work_tree is not None
    os.chown(app.work_tree, 12345, 12345)
    with pytest.raises(GitFailed, match=r"dubious ownership[^\n]*\n.*safe\.directory"):
        Repository.open(app.work_tree)
    git(app.work_tree, "config", "--global", "safe.directory", str(app.work_tree))
    assert Repository.open(app.work_tree).work_tree == app.work_tree


def test_a_read_only_store_is_named(bare: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(StoreReadOnly, match=r"objects' cannot be written[^\n]*\nreading works"):
        bare.lock(timeout=1)
