"""Merging in an application's repository: through git itself, whole or not at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Store
from promptlib._git import Author, Repository
from promptlib._git.worktree_merging import NOTE, WorkTreeMerging
from promptlib.errors import Busy, Conflict, GitFailed, HookChangedContent, MergeConflict, NotFound, SaveRefused
from tests.store.lines import git, text, tip

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An application's repository with a store and two sources, and the branch `side` at the same commit."""
    folder = tmp_path / "app"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "user.name", "Uma")
    git(folder, "config", "user.email", "uma@example.com")
    (folder / "code.py").write_text("1\n2\n3\n4\n5\n6\n7\n")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "Code")
    with Store.init(folder) as store:
        store.save("a", text("One.", "Two."))
        store.save("team/b", text("B."))
    git(folder, "branch", "side")
    return folder


@pytest.fixture
def store(app: Path) -> Store:
    """The store in it."""
    return Store(app)


def on_side(app: Path, act: Callable[[Store], object], **sources: str | None) -> None:
    """Let somebody work on the branch `side`: with promptlib, and on sources by hand."""
    here = git(app, "branch", "--show-current").strip()
    git(app, "switch", "-q", "side")
    with Store(app) as other:
        act(other)
    write(app, **sources)
    git(app, "switch", "-q", here)


def write(app: Path, **sources: str | None) -> None:
    """Commit sources by hand, None for none; `_` in a name is a dot."""
    for name, data in sources.items():
        file = app / name.replace("_", ".")
        if data is None:
            file.unlink()
        else:
            file.write_text(data)
    if sources:
        git(app, "add", "-A")
        git(app, "commit", "-q", "-m", "By hand")


def state(app: Path) -> tuple[object, ...]:
    """Return branch, index, files and what is in progress."""
    disk = {
        str(file.relative_to(app)): (
            str(file.readlink()) if file.is_symlink() else file.read_bytes(),
            file.lstat().st_mode,
        )
        for file in sorted(app.rglob("*"))
        if ".git" not in file.relative_to(app).parts[:1] and not file.is_dir()
    }
    marks = sorted(each.name for each in (app / ".git").iterdir() if each.name.startswith(("MERGE", "promptlib-")))
    status = git(app, "status", "--porcelain", "-uall")
    return git(app, "for-each-ref", "refs/heads"), git(app, "ls-files", "-s"), disk, marks, status


def hook(app: Path, name: str, script: str) -> None:
    """Let the repository run *script* as its hook *name*."""
    file = app / ".git/hooks" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def diverge(store: Store, app: Path) -> None:
    """Let both branches change one prompt in different places, and different sources."""
    on_side(
        app, lambda other: other.save("a", text("One.", "Two!")), code_py="1\n2\n3\n4\n5\n6\n7 theirs\n", new_py="new\n"
    )
    store.save("a", text("One!", "Two."))
    write(app, code_py="1 ours\n2\n3\n4\n5\n6\n7\n")


def test_prompts_as_structures_and_sources_as_git_does(store: Store, app: Path) -> None:
    """One commit with both parents, by the user, through their hooks; files and index follow."""
    diverge(store, app)
    hook(app, "pre-commit", "touch ran-pre-commit")
    hook(app, "commit-msg", 'echo "Checked" >> "$1"')
    one, other = tip(store), tip(store, "side")
    (app / "untracked.txt").write_text("mine")
    result = store.merge("side", message="Both")
    assert (result.outcome, result.merged, result.names) == ("merged", ("a",), ("a",))
    assert git(app, "log", "-1", "--format=%P|%an|%B").split("|") == [f"{one} {other}", "Uma", "Both\nChecked\n\n"]
    assert [each.text for each in store.load("a").messages] == ["One!", "Two!", "Go."]
    assert (app / "code.py").read_text() == "1 ours\n2\n3\n4\n5\n6\n7 theirs\n"
    assert (app / "new.py").read_text() == "new\n"
    assert (app / "ran-pre-commit").exists()
    assert git(app, "status", "--porcelain") == "?? ran-pre-commit\n?? untracked.txt\n"
    assert not (app / ".git" / NOTE).exists()
    assert store.merge("side").outcome == "unchanged"
    newest = store.history("a")[-1]
    assert (newest.number, len(newest.parents)) == (4, 2)


def test_forward(store: Store, app: Path) -> None:
    on_side(app, lambda other: other.save("a", text("One.", "Two!")), new_py="new\n")
    hook(app, "post-merge", "touch ran-post-merge")
    result = store.merge("side")
    assert (result.outcome, tip(store)) == ("fast-forward", tip(store, "side"))
    assert store.load("a").messages[1].text == "Two!"
    assert (app / "new.py").exists()
    assert (app / "ran-post-merge").exists()
    assert git(app, "symbolic-ref", "HEAD").strip() == "refs/heads/main"
    assert git(app, "status", "--porcelain") == "?? ran-post-merge\n"


def test_into_a_branch_without_a_commit(app: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "new")
    folder = tmp_path / "new"
    git(folder, "config", "user.name", "Uma")
    git(folder, "config", "user.email", "uma@example.com")
    git(folder, "fetch", "-q", str(app), "main:refs/remotes/origin/main")
    (folder / "prompts").mkdir()
    with Store(folder) as store:
        assert store.merge("origin/main").outcome == "fast-forward"
        assert store.names() == ("a", "team/b")
    assert git(folder, "status", "--porcelain") == ""


def test_another_author(store: Store, app: Path) -> None:
    diverge(store, app)
    store.merge("side", author=Author("Ann", "ann@example.com"))
    assert git(app, "log", "-1", "--format=%an <%ae> %cn|%s").strip() == "Ann <ann@example.com> Uma|Merge side"


def test_a_conflict_changes_nothing(store: Store, app: Path) -> None:
    """Prompts can be decided; sources are for git to merge, and named."""
    on_side(app, lambda other: other.save("a", text("Theirs.", "Two.")))
    store.save("a", text("Ours.", "Two."))
    before = state(app)
    with pytest.raises(MergeConflict) as caught:
        store.merge("side")
    assert [each.name for each in caught.value.conflicts] == ["a"]
    assert state(app) == before
    on_side(app, lambda _: None, code_py="theirs\n", run_sh=None)
    write(app, code_py="ours\n", run_sh="#!/bin/sh\nours\n")
    before = state(app)
    with pytest.raises(
        Conflict, match=r"code\.py, run\.sh: changed on both sides in ways that git cannot merge"
    ) as other:
        store.merge("side", resolve="ours")
    assert not isinstance(other.value, MergeConflict)
    assert other.value.hint.endswith("git merge side")
    assert state(app) == before
    write(app, code_py="theirs\n")
    git(app, "rm", "-q", "run.sh")
    git(app, "commit", "-q", "-m", "Gone too")
    store.merge("side", resolve={"a": "theirs"})
    assert store.load("a").messages[0].text == "Theirs."
    assert git(app, "status", "--porcelain") == ""


def test_renames_and_deletions(store: Store, app: Path) -> None:
    """Which prompt became which is not for git to guess."""
    store.label("a", "production", "v1")
    git(app, "branch", "-f", "side")
    on_side(app, lambda other: other.save("a", text("One.", "Two!")))
    on_side(app, lambda other: other.delete("team/b"))
    store.rename("a", "team/a")
    store.merge("side")
    assert store.names() == ("team/a",)
    assert store.load("team/a").messages[1].text == "Two!"
    assert list(store.labels("team/a")) == ["production"]
    assert not (app / "prompts/a.prompty").exists()
    assert git(app, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("mess", "told", "hint"),
    [
        (
            lambda app: (app / "code.py").write_text("edited\n"),
            r"changes that are not committed: code\.py",
            "git stash",
        ),
        (
            lambda app: [(app / f"{n}.py").write_text("x") for n in range(7)] and git(app, "add", "."),
            "and 2 more",
            "git stash",
        ),
        (lambda app: git(app, "switch", "-q", "--detach"), "HEAD is detached", "git switch"),
        (
            lambda app: (app / ".git/MERGE_HEAD").write_text(git(app, "rev-parse", "side")),
            "a merge is in progress",
            "--abort",
        ),
        (lambda app: (app / ".git/index.lock").write_text(""), "holds index.lock", "remove"),
        (lambda app: (app / "new.py").write_text("mine"), "'new.py' would come in, and lies here", "move it away"),
    ],
)
def test_not_now(store: Store, app: Path, mess: Callable[[Path], object], told: str, hint: str) -> None:
    """What stands in the way is told with what to do, and stays as it is; nobody is asked to decide before."""
    diverge(store, app)
    mess(app)
    before = state(app)
    with pytest.raises(Busy, match=told) as caught:
        store.merge("side", resolve=lambda _: pytest.fail("nobody is asked"))
    assert hint in caught.value.hint
    assert state(app) == before


def test_somebody_without_a_name(store: Store, app: Path) -> None:
    diverge(store, app)
    git(app, "config", "--unset", "user.email")
    git(app, "config", "--unset", "user.name")
    with pytest.raises(SaveRefused, match="git does not know who you are"):
        store.merge("side")


def test_a_hook_says_no(store: Store, app: Path) -> None:
    """Its words are told, and all is as it was; then it lets it pass."""
    diverge(store, app)
    hook(app, "pre-commit", 'echo "not on a Friday" >&2; exit 1')
    before = state(app)
    with pytest.raises(SaveRefused, match="refused the commit of this merge, and nothing was changed: not on a Friday"):
        store.merge("side")
    assert state(app) == before
    hook(app, "pre-commit", "exit 0")
    assert store.merge("side").outcome == "merged"


def test_a_hook_that_changes_files_and_says_no(store: Store, app: Path) -> None:
    """What it made of the merged files is kept at a ref; the files are as they were."""
    diverge(store, app)
    hook(app, "pre-commit", "echo changed >> prompts/a.prompty; exit 1")
    before = state(app)
    with pytest.raises(SaveRefused):
        store.merge("side")
    assert state(app) == before
    kept = git(app, "show", "refs/promptlib/pending/before-merge:prompts/a.prompty")
    assert "Two!" in kept
    assert kept.endswith("changed\n")


def test_a_hook_that_changes_a_prompt(store: Store, app: Path) -> None:
    """The merged prompt is not what the commit holds: it is taken back."""
    diverge(store, app)
    hook(app, "pre-commit", "sed -i s/One/Uno/ prompts/a.prompty; git add prompts/a.prompty")
    before = state(app)
    with pytest.raises(HookChangedContent, match=r"a hook .* changed 'prompts/a\.prompty'.*nothing was changed"):
        store.merge("side")
    assert state(app) == before


def test_a_hook_that_commits_on_top(store: Store, app: Path) -> None:
    """Then the merge is not the newest commit, and it is the one that is told."""
    diverge(store, app)
    hook(app, "post-commit", 'test -e once || { touch once; git commit -q --allow-empty -m "On top"; }')
    result = store.merge("side")
    assert git(app, "log", "--format=%s", "-2").splitlines() == ["On top", "Merge side"]
    assert result.commit == tip(store, "HEAD~1")


def test_a_branch_that_moves_in_between(store: Store, app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is worked out again."""
    diverge(store, app)
    plan = WorkTreeMerging.merged
    waiting = [1]

    def slow(self: WorkTreeMerging, *arguments: Any, **options: Any) -> Any:
        if waiting:
            waiting.pop()
            with Store(app) as other:
                other.save("c", text("C."))
        return plan(self, *arguments, **options)

    monkeypatch.setattr(WorkTreeMerging, "merged", slow)
    # The first plan is made after that save, over the older commit.
    store.merge("side")
    assert store.names() == ("a", "c", "team/b")
    assert git(app, "status", "--porcelain") == ""


@pytest.mark.parametrize("verb", ["read-tree", "merge", "commit", "merge --ff-only"])
def test_git_fails(store: Store, app: Path, verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever step fails, before or after it did its work: all is as it was, and the next merge works."""
    if "--ff-only" in verb:
        on_side(app, lambda other: other.save("a", text("One.", "Two!")), new_py="new\n")
    else:
        diverge(store, app)
    before = state(app)
    for late in (False, True):
        failing(monkeypatch, verb, late=late)
        with pytest.raises((SaveRefused, GitFailed), match=r"nothing was changed|did not move"):
            store.merge("side")
        monkeypatch.undo()
        assert state(app) == before
        (app / "other.txt").unlink(missing_ok=True)
    assert store.merge("side").outcome in {"merged", "fast-forward"}
    assert git(app, "status", "--porcelain") == ""


def failing(monkeypatch: pytest.MonkeyPatch, verb: str, *, late: bool) -> None:
    """Let a git of this verb fail once, *late*: after it did half of its work."""
    from promptlib._git.runner import Git, Result

    run = Git.run
    first, _, option = verb.partition(" ")
    waiting = [1]

    def broken(self: Git, *arguments: str, **options: Any) -> Result:
        named = [word for word in arguments if not word.startswith("-") and "=" not in word][:1] == [first]
        if waiting and named and (not option or option in arguments) and "--quit" not in arguments:
            waiting.pop()
            if late and first == "read-tree":
                run(self, "read-tree", "-m", arguments[-1])
                run(self, "checkout-index", "--all", "--force")
            elif late and option:
                run(self, "checkout", "-q", arguments[-1], "--", ".")
            elif late and first == "merge":
                run(self, *arguments, **options)
            return Result(1, b"", "it would not")
        return run(self, *arguments, **options)

    monkeypatch.setattr(Git, "run", broken)


def test_what_a_killed_merge_left_is_taken_back(store: Store, app: Path) -> None:
    """At whichever step it was killed, the next merge begins from what was there; edits made since then stay."""
    diverge(store, app)
    ours, theirs = tip(store), tip(store, "side")
    before = state(app)
    repository = store._repository
    assert repository is not None
    merging = repository.worktree_merging()
    tree, _ = merging.merged(ours, theirs, unrelated=False)
    note = json.dumps([ours, theirs, tree])

    def at_the_merge() -> None:
        git(app, "merge", "-q", "-s", "ours", "--no-commit", "--no-ff", theirs)

    def half_laid_out() -> None:
        at_the_merge()
        (app / "new.py").write_text("new\n")
        (app / "code.py").write_bytes(git(app, "cat-file", "blob", f"{tree}:code.py").encode())

    def laid_out() -> None:
        at_the_merge()
        git(app, "read-tree", "-m", "-u", "HEAD", tree)

    steps: list[Callable[[], object]] = [lambda: None, at_the_merge, half_laid_out, laid_out]
    for step in steps:
        (app / ".git" / NOTE).write_text(note)
        step()
        with Store(app) as fresh, pytest.raises(NotFound):
            fresh.merge("nowhere")
        with Store(app) as fresh:
            assert fresh._repository is not None
            with fresh._repository.lock():
                assert fresh._repository.worktree_merging().ready() == ours
        assert state(app) == before
    # Somebody has edited one of the files meanwhile.
    (app / ".git" / NOTE).write_text(note)
    laid_out()
    (app / "code.py").write_text("edited\n")
    with pytest.raises(Busy, match=r"not committed: code\.py"):
        store.merge("side")
    assert (app / "code.py").read_text() == "edited\n"
    assert not (app / "new.py").exists()
    git(app, "restore", "code.py")
    assert state(app) == before
    # Killed between the commit and the end of git.
    (app / ".git" / NOTE).write_text(note)
    laid_out()
    git(app, "commit", "-q", "-m", "Whole")
    (app / ".git/MERGE_HEAD").write_text(f"{theirs}\n")
    assert store.merge("side").outcome == "unchanged"
    assert not (app / ".git" / NOTE).exists()
    assert git(app, "status", "--porcelain") == ""


@pytest.mark.parametrize("words", ["", "3", '["a"]', "[1, 2, 3]"])
def test_a_note_that_says_nothing(store: Store, app: Path, words: str) -> None:
    """It was being written when its merge was killed: nothing had been touched."""
    diverge(store, app)
    (app / ".git" / NOTE).write_text(words)
    assert store.merge("side").outcome == "merged"


def test_a_note_of_a_merge_that_somebody_has_gone_on_from(store: Store, app: Path) -> None:
    diverge(store, app)
    ours = tip(store)
    (app / ".git" / NOTE).write_text(json.dumps([ours, tip(store, "side"), tip(store, "side^{tree}")]))
    git(app, "branch", "another", "side~1")
    git(app, "merge", "-q", "-s", "ours", "--no-commit", "--no-ff", "another")
    with pytest.raises(Busy, match="a merge is in progress"):
        store.merge("side")
    assert (app / ".git/MERGE_HEAD").exists()
    assert not (app / ".git" / NOTE).exists()
    git(app, "merge", "--abort")
    (app / ".git" / NOTE).write_text(json.dumps([tip(store, "HEAD~1"), tip(store, "side"), tip(store, "side^{tree}")]))
    assert store.merge("side").outcome == "merged"


def test_a_merge_that_cannot_be_taken_back_now(store: Store, app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says so, and the next merge takes it back."""
    diverge(store, app)
    before = state(app)
    hook(app, "pre-commit", "exit 1")

    def full(*_: object, **__: object) -> None:
        raise GitFailed("No space left on device")

    monkeypatch.setattr(WorkTreeMerging, "_take_back", full)
    with pytest.raises(SaveRefused) as caught:
        store.merge("side")
    assert "it could not be taken back yet: No space left on device" in caught.value.hint
    monkeypatch.undo()
    (app / ".git/hooks/pre-commit").unlink()
    assert state(app) != before
    assert store.merge("side").outcome == "merged"


def test_a_note_that_cannot_be_written(store: Store, app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    diverge(store, app)
    before = state(app)
    write_text = Path.write_text

    def full(self: Path, *arguments: Any, **options: Any) -> int:
        if self.name == NOTE:
            raise OSError(28, "No space left on device")
        return write_text(self, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(GitFailed, match="No space left on device"):
        store.merge("side")
    monkeypatch.undo()
    assert state(app) == before


def test_files_of_all_kinds_come_back(store: Store, app: Path) -> None:
    """Links, programs, folders that became files: what was laid out is taken back as it was."""
    (app / "folder").mkdir()
    (app / "folder/inner.txt").write_text("inner")
    (app / "link").symlink_to("code.py")
    git(app, "add", "-A")
    git(app, "commit", "-q", "-m", "More")
    git(app, "branch", "-f", "side")
    git(app, "switch", "-q", "side")
    shutil.rmtree(app / "folder")
    (app / "folder").write_text("a file now")
    (app / "link").unlink()
    (app / "link").symlink_to("run.sh")
    (app / "other-link").symlink_to("nowhere")
    (app / "run.sh").chmod(0o755)
    (app / "deep/er").mkdir(parents=True)
    (app / "deep/er/x.txt").write_text("x")
    git(app, "add", "-A")
    git(app, "commit", "-q", "-m", "Changed")
    git(app, "switch", "-q", "main")
    store.save("c", text("C."))
    hook(app, "pre-commit", "exit 1")
    before = state(app)
    with pytest.raises(SaveRefused):
        store.merge("side")
    assert state(app) == before
    (app / ".git/hooks/pre-commit").unlink()
    store.merge("side")
    assert (app / "folder").read_text() == "a file now"
    assert str((app / "link").readlink()) == "run.sh"
    assert git(app, "status", "--porcelain") == ""


def test_a_linked_work_tree(store: Store, app: Path, tmp_path: Path) -> None:
    """Each has its own note, branch and files."""
    diverge(store, app)
    git(app, "worktree", "add", "-q", "-b", "third", str(tmp_path / "linked"), "main")
    before = state(app)
    with Store(tmp_path / "linked") as linked:
        assert linked.merge("side").outcome == "merged"
        assert linked.load("a").messages[1].text == "Two!"
    assert state(app)[1:] == before[1:]
    assert store.load("a").messages[1].text == "Two."


def test_two_stores_that_never_met(store: Store, app: Path, tmp_path: Path) -> None:
    with Store.init(tmp_path / "other.git", bare=True) as other:
        other.save("z", text("Z."))
        git(app, "fetch", "-q", str(other.path), "main:refs/heads/strange")
    before = state(app)
    with pytest.raises(Conflict, match="two stores"):
        store.merge("strange")
    assert state(app) == before
    store.merge("strange", unrelated=True)
    assert git(app, "status", "--porcelain") == ""


def test_a_git_that_cannot_merge_trees(store: Store, app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from promptlib._git.runner import Git, Result

    diverge(store, app)
    run = Git.run

    def old(self: Git, *arguments: str, **options: Any) -> Result:
        if arguments[0] == "merge-tree":
            return Result(129, b"", "usage: git merge-tree")
        return run(self, *arguments, **options)

    monkeypatch.setattr(Git, "run", old)
    with pytest.raises(GitFailed, match="git merge-tree failed: usage"):
        store.merge("side")
    assert isinstance(store._repository, Repository)
