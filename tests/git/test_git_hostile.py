"""A foreign repository runs nothing, and no error tells a secret."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from promptlib._git import Author, BulkCommit, Repository
from promptlib._git.runner import failure, redact
from promptlib.errors import GitFailed, StoreDamaged, StoreReadOnly

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAIN = "refs/heads/main"
EVE = Author("Eve", "eve@example.com")
HOOKS = [
    "applypatch-msg",
    "commit-msg",
    "fsmonitor-watchman",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-merge",
    "post-rewrite",
    "post-update",
    "pre-auto-gc",
    "pre-commit",
    "pre-merge-commit",
    "prepare-commit-msg",
    "pre-push",
    "pre-rebase",
    "pre-receive",
    "proc-receive",
    "reference-transaction",
    "update",
]

PROGRAMS = (
    *(
        "core.fsmonitor",
        "core.pager",
        "core.editor",
        "core.sshCommand",
        "pager.log",
        "gpg.program",
        "credential.helper",
    ),
    *("filter.evil.clean", "filter.evil.smudge", "diff.external", "diff.evil.textconv", "diff.evil.command"),
    *("merge.evil.driver", "remote.origin.uploadpack", "uploadpack.packObjectsHook", "trailer.x.command"),
)


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A program that leaves a mark when anything starts it."""
    program = tmp_path / "canary"
    program.write_text(f'#!/bin/sh\necho "$0 $*" >> {tmp_path}/sang\ncat\n')
    program.chmod(0o755)
    return program


def arm(git_dir: Path, canary: Path, git: Callable[..., str]) -> None:
    """Put the canary wherever git may look for something to run."""
    (git_dir / "hooks").mkdir(exist_ok=True)
    for name in HOOKS:
        (git_dir / "hooks" / name).symlink_to(canary)
    settings = {
        **dict.fromkeys(PROGRAMS, canary),
        **dict.fromkeys(("alias.log", "alias.cat-file", "alias.update-ref", "alias.fsck"), f"!{canary}"),
        "core.hooksPath": git_dir / "hooks",
        "remote.origin.url": f"ext::{canary} %S",
        "remote.origin.promisor": "true",
        "extensions.partialClone": "origin",
        "core.repositoryformatversion": "1",
        "log.showSignature": "true",
        "gc.auto": "1",
    }
    for key, value in settings.items():
        git(git_dir, "config", key, str(value))
    (git_dir / "info").mkdir(exist_ok=True)
    (git_dir / "info/attributes").write_text("* filter=evil diff=evil merge=evil\n")


def test_nothing_of_a_hostile_repository_runs(
    tmp_path: Path, canary: Path, git: Callable[..., str], save: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Repository.init(tmp_path / "evil.git", bare=True) as bare:
        base = save(bare, {"a": b"1", ".gitattributes": b"* filter=evil diff=evil\n"})
        arm(bare.git_dir, canary, git)
    for name in ("GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_SSH_COMMAND", "GIT_EDITOR", "GIT_ASKPASS", "GIT_PROXY_COMMAND"):
        monkeypatch.setenv(name, str(canary))
    with Repository.open(tmp_path / "evil.git") as bare:
        two = save(bare, {"a": b"2"})
        assert [commit.id for commit in bare.log(two)] == [base, two]
        three = bare.bulk(MAIN, two, [BulkCommit({f"{n}": b"%d" % n}, "m", EVE, (1, "+0000")) for n in range(40)]).tip
        assert len(dict(bare.read_many(blob for _, blob in bare.files(three)))) == 41  # one content is there twice
        bare.keep(two, "x")
        assert bare.fsck() == []
        assert bare.identity() is None
        assert bare.is_ancestor(base, three)
        with pytest.raises(StoreDamaged, match="not in this repository"):
            list(bare.log("1" * 40))  # a missing object is not fetched from the promised remote
        with pytest.raises(Exception, match="not in this repository"):
            bare.read("1" * 40)
    assert not (tmp_path / "sang").exists()
    git(tmp_path / "evil.git", "update-ref", "refs/heads/other", two)
    assert (tmp_path / "sang").exists()  # git without the hardening does run it


def test_a_save_in_a_work_tree_runs_the_users_hooks_only(
    app: Repository, tmp_path: Path, canary: Path, git: Callable[..., str]
) -> None:
    (app.git_dir / "hooks").mkdir(exist_ok=True)
    for name in ("pre-commit", "post-commit"):
        (app.git_dir / "hooks" / name).unlink(missing_ok=True)
        (app.git_dir / "hooks" / name).symlink_to(canary)
    for key in ("core.fsmonitor", "core.pager", "core.editor"):
        git(app.git_dir, "config", key, str(canary))
    app.commit_paths({"prompts/a.prompty": b"two\n"}, message="m")
    called = {row.split("/")[-1].split(" ")[0] for row in (tmp_path / "sang").read_text().splitlines()}
    assert called == {"pre-commit", "post-commit"}


def test_init_takes_no_hooks_from_a_template(tmp_path: Path, canary: Path, git: Callable[..., str]) -> None:
    (tmp_path / "template/hooks").mkdir(parents=True)
    (tmp_path / "template/hooks/pre-commit").symlink_to(canary)
    git(tmp_path, "config", "--global", "init.templateDir", str(tmp_path / "template"))
    with Repository.init(tmp_path / "s.git", bare=True) as bare:
        assert not (bare.git_dir / "hooks").exists()


def test_replace_refs_and_grafts_change_nothing(
    bare: Repository, git: Callable[..., str], save: Callable[..., str]
) -> None:
    one = save(bare, {"a": b"1"})
    two = save(bare, {"a": b"2"})
    good, evil = (bare.blob_at(commit, "a") for commit in (two, one))
    assert good is not None
    assert evil is not None
    git(bare.git_dir, "replace", good, evil)
    (bare.git_dir / "info").mkdir(exist_ok=True)
    (bare.git_dir / "info/grafts").write_text(f"{two}\n")
    git(bare.git_dir, "gc", "-q")
    with Repository.open(bare.git_dir) as fresh:
        assert fresh.read(good) == b"2"
        assert [commit.id for commit in fresh.log(two)] == [one, two]


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("fatal: https://user:hunter2@host/x.git", "fatal: https://host/x.git"),
        ("'ssh://tok@en@host/x' and http://a:b@c", "'ssh://host/x' and http://c"),
        ("https://host/a@b no secret", "https://host/a@b no secret"),
        ("mail ann@example.com stays", "mail ann@example.com stays"),
    ],
)
def test_secrets_are_taken_out_of_errors(text: str, clean: str) -> None:
    assert redact(text) == clean
    assert clean in str(failure("fetch", text))


def test_errors_of_git_are_told_by_kind() -> None:
    assert isinstance(failure("log", "error: Permission denied"), StoreReadOnly)
    assert isinstance(failure("log", "fatal: x"), GitFailed)
    assert "it gave no reason" in str(failure("log", ""))
    assert len(str(failure("log", "x" * 100_000))) < 5_000


def test_a_vanished_folder_is_told(tmp_path: Path) -> None:
    bare = Repository.init(tmp_path / "s.git", bare=True)
    os.rename(tmp_path / "s.git", tmp_path / "moved.git")  # noqa: PTH104 - as short as it gets
    with pytest.raises(GitFailed, match=r"git could not be started in .*No such file"):
        bare.fsck()
    with pytest.raises(GitFailed, match=r"git could not be started in .*No such file"):
        bare.log("1" * 40).__next__()
