"""Fetching and pushing between repositories of this machine: what moves, what does not, and what is told."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from promptlib._git import Repository
from promptlib.errors import BadRef, GitFailed, NotFound, RemoteRefused, StoreReadOnly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MAIN = "refs/heads/main"
FILE = ("file",)


@pytest.fixture(params=["sha1", "sha256"])
def there(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Repository]:
    """An empty repository that others fetch from and push to."""
    with Repository.init(tmp_path / "there.git", bare=True, object_format=request.param) as repository:
        yield repository


@pytest.fixture
def clones(tmp_path: Path, there: Repository) -> Iterator[tuple[Repository, Repository]]:
    """Two repositories that know the first one as `origin`."""
    names = ("one.git", "two.git")
    one, two = (Repository.init(tmp_path / name, bare=True, object_format=there.object_format) for name in names)
    for each in (one, two):
        each.remotes().add("origin", os.fspath(there.git_dir))
    with one, two:
        yield one, two


def left_over(repository: Repository) -> list[str]:
    """Return what lies in the folder of promptlib's own, rooms of talks among them."""
    folder = repository.common_dir / "promptlib"
    return [each.name for each in folder.glob("remote-*")]


def test_what_one_pushes_the_other_fetches(
    clones: tuple[Repository, Repository], there: Repository, save: Callable[..., str], git: Callable[..., str]
) -> None:
    one, two = clones
    first = save(one, {"a": b"one\n", "b/c": b"two\n"})
    assert one.push("origin", first, MAIN, expect=None, allow=FILE) == "pushed"
    assert one.tip("refs/remotes/origin/main") == there.tip(MAIN) == first
    assert one.push("origin", first, MAIN, expect=first, allow=FILE) == "current"
    assert two.fetch("origin", "main", allow=FILE) == {"main": first}
    assert two.tip("refs/remotes/origin/main") == first
    assert two.tip(MAIN) is None
    blob = two.blob_at(first, "b/c")
    assert blob is not None
    assert two.read(blob) == b"two\n"
    for each in (*clones, there):
        assert git(each.git_dir, "fsck", "--strict", "--no-dangling") == ""
        assert left_over(each) == []


def test_nobody_is_overwritten(
    clones: tuple[Repository, Repository], there: Repository, save: Callable[..., str]
) -> None:
    one, two = clones
    first = save(one, {"a": b"one\n"})
    one.push("origin", first, MAIN, expect=None, allow=FILE)
    two.fetch("origin", "main", allow=FILE)
    assert two.swap(MAIN, None, first)
    mine, theirs = save(one, {"a": b"mine\n"}), save(two, {"a": b"theirs\n"})
    assert two.push("origin", theirs, MAIN, expect=first, allow=FILE) == "pushed"
    assert one.push("origin", mine, MAIN, expect=first, allow=FILE) == "moved"
    assert one.push("origin", mine, MAIN, expect=None, allow=FILE) == "moved"
    assert one.push("origin", mine, MAIN, expect=theirs, allow=FILE) == "moved"  # it does not know that commit
    assert one.fetch("origin", "main", allow=FILE) == {"main": theirs}
    assert (
        one.push("origin", mine, MAIN, expect=theirs, allow=FILE) == "moved"
    )  # what it pushes does not descend from it
    assert there.tip(MAIN) == theirs
    assert one.merge_bases(mine, theirs) == (first,)


def test_a_branch_that_is_not_there_is_left_out(
    clones: tuple[Repository, Repository], save: Callable[..., str]
) -> None:
    one, two = clones
    assert two.fetch("origin", "main", allow=FILE) == {}
    assert two.fetch("origin", allow=FILE) == {}
    first = save(one, {"a": b"one\n"})
    for branch in ("main", "side/a"):
        one.push("origin", first, f"refs/heads/{branch}", expect=None, allow=FILE)
    assert two.fetch("origin", "none", "side/a", "neither", allow=FILE) == {"side/a": first}
    assert two.fetch("origin", allow=FILE) == {"main": first, "side/a": first}
    told = two.remotes().branches("origin", allow=FILE)
    assert (told.head, dict(told.tips)) == ("main", {"main": first, "side/a": first})


def test_histories_that_never_met_have_no_merge_base(
    clones: tuple[Repository, Repository], save: Callable[..., str]
) -> None:
    one, two = clones
    ours = save(one, {"a": b"one\n"})
    theirs = save(two, {"b": b"two\n"})
    two.push("origin", theirs, MAIN, expect=None, allow=FILE)
    assert one.fetch("origin", "main", allow=FILE) == {"main": theirs}
    assert one.merge_bases(ours, theirs) == ()
    assert one.push("origin", ours, MAIN, expect=theirs, allow=FILE) == "moved"


def test_a_hook_that_refuses_is_heard(
    clones: tuple[Repository, Repository], there: Repository, save: Callable[..., str]
) -> None:
    one, _ = clones
    hooks = there.git_dir / "hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / "pre-receive").write_text("#!/bin/sh\nprintf 'main is closed\\033[2J till Monday\\n'; exit 1\n")
    (hooks / "pre-receive").chmod(0o755)
    with pytest.raises(RemoteRefused, match="refuses to move main: main is closed␛") as caught:
        one.push("origin", save(one, {"a": b"one\n"}), MAIN, expect=None, allow=FILE)
    error = caught.value
    assert (error.remote, error.reference) == ("origin", MAIN)
    assert error.reason == "main is closed␛[2J till Monday\npre-receive hook declined"
    assert error.hint == "nothing has changed there, and what you have is kept here"
    assert there.tip(MAIN) is None
    assert one.tip("refs/remotes/origin/main") is None


def test_an_unknown_remote_is_told_with_the_nearest(clones: tuple[Repository, Repository], bare: Repository) -> None:
    one, _ = clones
    with pytest.raises(
        NotFound, match=r"no remote 'orgin' here\ndid you mean 'origin'\? remotes here: origin\nadd it:"
    ):
        one.fetch("orgin", "main")
    with pytest.raises(NotFound, match="this repository has no remote yet"):
        bare.fetch("origin", "main")
    with pytest.raises(BadRef, match="a remote is a name such as origin"):
        one.fetch("--upload-pack=touch", "main")
    with pytest.raises(BadRef, match="no full ref name"):
        one.fetch("origin", "main:main", allow=FILE)
    assert one.remotes().names() == ("origin",)


def test_a_folder_is_fetched_from_only_when_asked(
    clones: tuple[Repository, Repository], there: Repository, git: Callable[..., str]
) -> None:
    one, _ = clones
    with pytest.raises(
        GitFailed, match="is not spoken to: a folder of this machine is taken only when you ask"
    ) as told:
        one.fetch("origin", "main")
    assert told.value.hint == "ask for it: git config --global protocol.file.allow always"
    git(there.git_dir, "config", "--global", "protocol.file.allow", "always")
    assert one.fetch("origin", "main") == {}


def test_what_is_not_here_is_known_where_nothing_can_be_written(
    clones: tuple[Repository, Repository], save: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = clones
    commit = save(one, {"a": b"one\n"})
    blob = one.blob_at(commit, "a")
    assert blob is not None
    missing = "1" * len(blob)
    assert one.remotes().absent([blob, missing, blob]) == {missing}
    assert one.remotes().absent([]) == frozenset()
    monkeypatch.setattr(
        "promptlib._git.remotes.quarantine.opened", lambda _: (_ for _ in ()).throw(StoreReadOnly("read-only"))
    )
    assert one.remotes().absent([blob, missing]) == {missing}
    assert one.absent([missing]) == frozenset()  # a whole clone has left nothing anywhere
