"""Saving in an application's repository: through git, only these paths, nobody's work touched."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from promptlib._git import Author, Repository
from promptlib.errors import BadRef, Busy, Conflict, GitFailed, HookChangedContent, SaveRefused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

A = "prompts/a.prompty"
NEW = "prompts/team/new.prompty"


def root(app: Repository) -> Path:
    assert app.work_tree is not None
    return app.work_tree


def hook(app: Repository, name: str, script: str) -> None:
    path = app.git_dir / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(0o755)


def picture(app: Repository, git: Callable[..., str]) -> tuple[object, ...]:
    """All that a refused save must leave as it was."""
    files = {
        str(path.relative_to(root(app))): (path.read_bytes(), path.stat().st_mode)
        for path in root(app).rglob("*")
        if path.is_file() and ".git" not in path.relative_to(root(app)).parts
    }
    folders = sorted(str(path) for path in root(app).rglob("*") if path.is_dir() and ".git" not in path.parts)
    index = git(root(app), "ls-files", "--stage")
    return files, folders, index, git(root(app), "status", "--porcelain"), app.head()


def test_only_the_given_paths_are_committed(app: Repository, git: Callable[..., str]) -> None:
    (root(app) / "main.py").write_text("staged\n")
    git(root(app), "add", "main.py")
    (root(app) / "main.py").write_text("unstaged\n")
    (root(app) / "new.py").write_text("new")
    git(root(app), "add", "new.py")
    (root(app) / "untracked").write_text("u")
    before = git(root(app), "status", "--porcelain")
    commit = app.commit_paths({A: b"two\r\n", NEW: b"fresh\n"}, message="Warmer\n\nbody")
    assert app.head().commit == commit
    assert git(root(app), "show", "--name-only", "--format=%an|%B", commit) == f"Uma|Warmer\n\nbody\n\n\n{A}\n{NEW}\n"
    assert git(root(app), "status", "--porcelain") == before
    assert git(root(app), "show", ":main.py") == "staged\n"
    blob = app.blob_at(commit, A)
    assert blob is not None
    assert app.read(blob) == (root(app) / A).read_bytes() == b"two\r\n"
    gone = app.commit_paths({A: None}, message="gone", author=Author("Ann", "ann@example.com"))
    assert not (root(app) / A).exists()
    assert app.blob_at(gone, A) is None
    assert git(root(app), "log", "-1", "--format=%an <%ae> %cn") == "Ann <ann@example.com> Uma\n"
    assert git(root(app), "status", "--porcelain") == before


def test_the_first_commit_of_a_repository(tmp_path: Path, git: Callable[..., str]) -> None:
    with Repository.init(tmp_path / "fresh", bare=False, branch="trunk") as fresh:
        with pytest.raises(
            SaveRefused, match=r'does not know who you are.*\n.*git config user.name "Your Name"\n.*email'
        ):
            fresh.commit_paths({A: b"one"}, message="m")
        assert fresh.identity() is None
        git(root(fresh), "config", "user.name", "Uma")
        git(root(fresh), "config", "user.email", "u@x")
        assert fresh.identity() == Author("Uma", "u@x")
        commit = fresh.commit_paths({A: b"one"}, message="")
        assert fresh.head() == type(fresh.head())("refs/heads/trunk", commit)
        assert git(root(fresh), "status", "--porcelain") == ""


def test_identity_from_the_environment(
    app: Repository, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Env")
    monkeypatch.setenv("GIT_AUTHOR_DATE", "1234567890 +0100")
    assert app.identity() == Author("Env", "uma@example.com")
    app.commit_paths({A: b"two"}, message="m")
    assert git(root(app), "log", "-1", "--format=%an %ad", "--date=raw") == "Env 1234567890 +0100\n"


def test_inherited_redirections_are_ignored(app: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_EXEC_PATH"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    commit = app.commit_paths({A: b"two"}, message="m")
    assert app.tip("refs/heads/main") == commit


@pytest.mark.parametrize("place", ["disk", "index", "both", "deleted"])
def test_an_uncommitted_edit_is_never_overwritten(app: Repository, git: Callable[..., str], place: str) -> None:
    if place == "deleted":
        (root(app) / A).unlink()
    else:
        (root(app) / A).write_bytes(b"mine\n")
    if place in {"index", "both"}:
        git(root(app), "add", A)
    if place == "index":
        (root(app) / A).write_bytes(b"one\n")
    before = picture(app, git)
    words = rf"'{A}' is edited [a-z ]+ and not committed\nlook: git diff HEAD -- {A};"
    if place == "deleted":
        words = rf"'{A}' is committed and is not on disk\nbring it back: git checkout HEAD -- {A}; .*sparse"
    with pytest.raises(Busy, match=words):
        app.commit_paths({A: b"theirs\n"}, message="m")
    assert picture(app, git) == before


def test_an_untracked_file_is_never_overwritten(app: Repository, git: Callable[..., str]) -> None:
    (root(app) / "prompts/new.prompty").write_bytes(b"mine")
    before = picture(app, git)
    with pytest.raises(Busy, match=r"is there already on disk, and not committed\nlook at it; then commit it"):
        app.commit_paths({"prompts/new.prompty": b"theirs"}, message="m")
    assert picture(app, git) == before


def test_an_edit_that_is_what_is_saved_is_committed(app: Repository, git: Callable[..., str]) -> None:
    (root(app) / A).write_bytes(b"by hand\n")
    (root(app) / "prompts/b.prompty").write_bytes(b"staged\n")
    git(root(app), "add", "prompts/b.prompty")
    app.commit_paths({A: b"by hand\n", "prompts/b.prompty": b"staged\n"}, message="m")
    assert git(root(app), "status", "--porcelain") == ""


@pytest.mark.parametrize("state", ["merge", "rebase", "cherry-pick", "revert", "am", "bisect"])
def test_nothing_is_saved_in_the_middle_of_something(app: Repository, git: Callable[..., str], state: str) -> None:
    folder = root(app)
    git(folder, "switch", "-q", "-c", "side")
    (folder / "main.py").write_text("side")
    git(folder, "commit", "-qam", "side")
    patch = git(folder, "format-patch", "-1", "--stdout")
    git(folder, "switch", "-q", "main")
    (folder / "main.py").write_text("main")
    git(folder, "commit", "-qam", "main")
    (folder / ".git/patch").write_text(patch)
    commands = {
        "merge": ["merge", "side"],
        "rebase": ["rebase", "side"],
        "cherry-pick": ["cherry-pick", "side"],
        "revert": ["revert", "--no-edit", "HEAD~1"],
        "am": ["am", ".git/patch"],
        "bisect": ["bisect", "start"],
    }
    git(folder, *commands[state], check=False)
    assert app.in_progress() == state
    before = picture(app, git)
    with pytest.raises(Busy, match=rf"a {state} is in progress in this repository\nfinish it, or end it: git {state}"):
        app.commit_paths({A: b"two"}, message="m")
    assert picture(app, git) == before


def test_detached_locked_and_bare(app: Repository, bare: Repository, git: Callable[..., str]) -> None:
    git(root(app), "checkout", "-q", "--detach")
    with pytest.raises(Busy, match=r"HEAD is detached[^\n]*\ngo to a branch first: git switch"):
        app.commit_paths({A: b"two"}, message="m")
    git(root(app), "switch", "-q", "main")
    (app.git_dir / "index.lock").touch()
    assert app.in_progress() == "index.lock"
    with pytest.raises(Busy, match=r"another git process holds index\.lock\nwait for it, or remove "):
        app.commit_paths({A: b"two"}, message="m")
    (app.git_dir / "index.lock").unlink()
    assert app.in_progress() is None
    with pytest.raises(GitFailed, match="a bare repository has no files"):
        bare.commit_paths({A: b"two"}, message="m")
    with pytest.raises(ValueError, match="a commit needs a change"):
        app.commit_paths({}, message="m")
    with pytest.raises(BadRef):
        app.commit_paths({"../out": b"x"}, message="m")
    with pytest.raises(GitFailed, match="there is no 'prompts/x' to delete"):
        app.commit_paths({"prompts/x": None}, message="m")


@pytest.mark.parametrize("name", ["pre-commit", "commit-msg", "prepare-commit-msg"])
def test_a_hook_that_refuses_leaves_all_as_it_was(app: Repository, git: Callable[..., str], name: str) -> None:
    (root(app) / A).chmod(0o755)
    git(root(app), "commit", "-qam", "mode")
    (root(app) / "main.py").write_text("staged")
    git(root(app), "add", "main.py")
    hook(app, name, f"echo reformatted > {A}; git add {A}; echo 'no prompts on Sundays' >&2; exit 1\n")
    before = picture(app, git)
    with pytest.raises(SaveRefused, match=r"nothing was changed: no prompts on Sundays\nthese are the words"):
        app.commit_paths({A: b"two\n", NEW: b"fresh\n", "prompts/b": b"b"}, message="m")
    assert picture(app, git) == before


def test_a_hook_that_changes_the_content_is_told(app: Repository, git: Callable[..., str]) -> None:
    """The commit stands, and the next commit of the user does not take it back."""
    hook(app, "pre-commit", f"echo reformatted > {A}; git add {A}\n")
    with pytest.raises(
        HookChangedContent, match=rf"changed '{A}': commit [0-9a-f]+ holds other bytes.*\nlook at it: git"
    ):
        app.commit_paths({A: b"two\n", NEW: b"fresh\n"}, message="m")
    tip = app.head().commit
    assert tip is not None
    blob = app.blob_at(tip, A)
    assert blob is not None
    assert app.read(blob) == (root(app) / A).read_bytes() == b"reformatted\n"
    assert git(root(app), "status", "--porcelain") == ""
    assert app.blob_at(tip, NEW)


def test_a_hook_that_changes_only_the_index(app: Repository, git: Callable[..., str]) -> None:
    hook(app, "pre-commit", f"printf other > .git/o; id=$(git hash-object -w .git/o)\n"
         f"git update-index --cacheinfo 100644,$id,{A}\n")  # fmt: skip
    with pytest.raises(HookChangedContent):
        app.commit_paths({A: b"two\n"}, message="m")
    assert (root(app) / A).read_bytes() == b"other"
    assert git(root(app), "status", "--porcelain") == ""


def test_line_endings_of_the_configuration(app: Repository, git: Callable[..., str]) -> None:
    """Autocrlf changes bytes unless `.gitattributes` says `-text`; either way it is noticed."""
    git(root(app), "config", "core.autocrlf", "input")
    with pytest.raises(HookChangedContent):
        app.commit_paths({A: b"two\r\n"}, message="m")
    assert (root(app) / A).read_bytes() == b"two\n"
    app.commit_paths({"prompts/.gitattributes": b"*.prompty -text\n"}, message="exact")
    app.commit_paths({A: b"three\r\n"}, message="m")
    assert git(root(app), "status", "--porcelain") == ""


def test_a_commit_that_somebody_adds_is_not_taken_for_ours(app: Repository) -> None:
    hook(app, "post-commit", 'test "$ONCE" || ONCE=1 git commit -q --allow-empty -m follow-up\n')
    commit = app.commit_paths({A: b"two\n"}, message="ours")
    tip = app.head().commit
    assert tip is not None
    assert tip != commit
    assert [one.id for one in app.log(tip)][-2] == commit


def test_an_interruption_restores(app: Repository, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is raised at whichever call of git: the file, the index and the branch are as they were."""
    from promptlib._git.runner import Git, Result

    before = picture(app, git)
    real = Git.run
    for number in range(12):
        calls = {"left": number}

        def interrupted(
            self: Git,
            *arguments: str,
            calls: dict[str, int] = calls,
            check: bool = True,
            hooks: bool = False,
            given: bytes = b"",
        ) -> Result:
            calls["left"] -= 1
            if calls["left"] == -1:
                raise KeyboardInterrupt
            return real(self, *arguments, check=check, hooks=hooks, given=given)

        with monkeypatch.context() as patch:
            patch.setattr(Git, "run", interrupted)
            try:
                app.commit_paths({A: b"two\n", NEW: b"fresh\n"}, message="m")
            except KeyboardInterrupt:
                assert picture(app, git) == before
                continue
        assert number > 4
        return
    pytest.fail("no run was clean")


def test_a_crash_before_the_commit_can_be_repeated(app: Repository, git: Callable[..., str]) -> None:
    """What a killed save leaves (the file, and its place in the index) does not block the same save."""
    (root(app) / "prompts/b.prompty").write_bytes(b"new\n")
    git(root(app), "add", "--intent-to-add", "prompts/b.prompty")
    (root(app) / A).write_bytes(b"two\n")
    app.commit_paths({"prompts/b.prompty": b"new\n", A: b"two\n"}, message="again")
    assert git(root(app), "status", "--porcelain") == ""


def test_links_files_and_repositories_in_the_way(app: Repository, tmp_path: Path, git: Callable[..., str]) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (root(app) / "prompts/out").symlink_to(outside)
    with pytest.raises(SaveRefused, match="is a symbolic link"):
        app.commit_paths({"prompts/out/x.prompty": b"x"}, message="m")
    (root(app) / "prompts/link.prompty").symlink_to(outside / "file")
    with pytest.raises(SaveRefused, match="is a symbolic link\na store holds plain files"):
        app.commit_paths({"prompts/link.prompty": b"x"}, message="m")
    with pytest.raises(Conflict, match=r"needs a folder where the file"):
        app.commit_paths({f"{A}/x": b"x"}, message="m")
    git(root(app), "init", "-q", "prompts/nested")
    with pytest.raises(SaveRefused, match="is a repository of its own"):
        app.commit_paths({"prompts/nested/x": b"x"}, message="m")
    assert list(outside.iterdir()) == []


def test_an_ignored_path_is_refused(app: Repository, git: Callable[..., str]) -> None:
    (root(app) / ".git/info").mkdir(exist_ok=True)
    (root(app) / ".git/info/exclude").write_text("secret/\n")
    before = picture(app, git)
    with pytest.raises(SaveRefused, match=r"git does not take 'secret/x': (.|\n)*ignored"):
        app.commit_paths({"secret/x": b"x"}, message="m")
    assert picture(app, git) == before


def test_a_conflict_in_the_index_is_busy(app: Repository, git: Callable[..., str]) -> None:
    blob = git(root(app), "rev-parse", f"HEAD:{A}").strip()
    rows = f"0 {'0' * 40}\t{A}\n100644 {blob} 1\t{A}\n100644 {blob} 2\t{A}\n"
    app._git.run("update-index", "--index-info", given=rows.encode())
    with pytest.raises(Busy, match=rf"is in conflict in the index\nresolve it, then: git add {A}"):
        app.commit_paths({A: b"two"}, message="m")


def test_unusual_names_are_taken_literally(app: Repository, git: Callable[..., str]) -> None:
    (root(app) / "prompts/x1").write_text("1")
    git(root(app), "add", ".")
    git(root(app), "commit", "-qm", "x1")
    (root(app) / "prompts/x1").write_text("edited")
    names = ["prompts/x*", "prompts/:(glob)y", "prompts/ü n", 'prompts/q"']
    commit = app.commit_paths(dict.fromkeys(names, b"n"), message="-m --amend")
    assert set(names) <= {path for path, _ in app.files(commit)}
    assert git(root(app), "status", "--porcelain") == " M prompts/x1\n"
    assert git(root(app), "log", "-1", "--format=%s") == "-m --amend\n"


def test_a_large_transaction_is_one_commit(app: Repository, git: Callable[..., str]) -> None:
    commit = app.commit_paths(
        {f"prompts/many/{number:04}.prompty": b"%d" % number for number in range(900)}, message="m"
    )
    assert len(list(app.files(commit, "prompts/many"))) == 900
    assert git(root(app), "status", "--porcelain") == ""
    hook(app, "pre-commit", "exit 1\n")
    before = picture(app, git)
    with pytest.raises(SaveRefused, match="it gave no reason"):
        app.commit_paths({f"prompts/many/{number:04}.prompty": None for number in range(900)}, message="m")
    assert picture(app, git) == before


def test_a_file_that_cannot_be_written(
    app: Repository, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = picture(app, git)

    def full(*_: object) -> int:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.write_bytes", full)
        with pytest.raises(GitFailed, match=r"cannot be written: No space left on device\nnothing was changed"):
            app.commit_paths({NEW: b"x"}, message="m")
    assert picture(app, git) == before
