"""Disks without room: the words for it, and what is given back without any. Real ones are filled in tests/system."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from promptlib._git import Author, BulkCommit, Repository
from promptlib._git.room import is_missing, not_written, with_reason
from promptlib.errors import GitFailed, SaveRefused, StoreReadOnly

if TYPE_CHECKING:
    from collections.abc import Callable

MAIN = "refs/heads/main"


def disk(monkeypatch: pytest.MonkeyPatch, *, free: int = 1 << 30, files: int = 1000) -> None:
    """Let the disk have *free* bytes and room for so many *files*."""
    found = SimpleNamespace(f_bavail=free // 512, f_frsize=512, f_files=2000, f_favail=files)
    monkeypatch.setattr(os, "statvfs", lambda _: found)


def test_words_that_tell_of_a_full_disk_stay_as_they_are(tmp_path: Path) -> None:
    for words in ("fatal: write error: No space left on device\n", "error: Disk quota exceeded"):
        assert with_reason(words, tmp_path) == words
        assert is_missing(words)


def test_gits_own_words_for_it_are_made_the_systems(tmp_path: Path) -> None:
    told = with_reason("fatal: sha1 file 'index.lock' write error. Out of diskspace\n", tmp_path)
    assert told == "fatal: sha1 file 'index.lock' write error. Out of diskspace (No space left on device)"


def test_a_full_disk_is_told_where_git_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = "couldn't write 'main.lock'"
    assert with_reason(silent, tmp_path) == silent
    assert with_reason(silent, tmp_path / "gone") == silent
    disk(monkeypatch, free=4096)
    assert with_reason(silent, tmp_path) == f"{silent} (the disk is full: 4,096 bytes are left)"
    disk(monkeypatch, free=100_000)
    assert with_reason(silent, tmp_path) == silent
    assert with_reason(silent, tmp_path, freed=90_000) == f"{silent} (the disk is full: 99,840 bytes are left)"
    disk(monkeypatch, files=0)
    assert with_reason(silent, tmp_path) == f"{silent} (the disk is full: no more files can be made)"
    assert not is_missing(silent)
    monkeypatch.delattr(os, "statvfs")
    assert with_reason(silent, tmp_path) == silent


def test_a_write_that_fails_is_an_error_of_ours() -> None:
    full = not_written("a/b", OSError(28, os.strerror(28)))
    assert isinstance(full, GitFailed)
    assert str(full).startswith("'a/b' cannot be written: No space left on device\nnothing was changed; make room")
    assert str(not_written("a", OSError(5, os.strerror(5)))).endswith("Input/output error\nnothing was changed")
    assert isinstance(not_written("a", OSError(30, os.strerror(30))), StoreReadOnly)
    assert isinstance(not_written("a", PermissionError(13, os.strerror(13))), StoreReadOnly)


# --- given back -------------------------------------------------------------------------------------------------------


def refuse(app: Repository) -> Path:
    """Let a hook refuse every commit, and return the root of the work tree."""
    hook = app.git_dir / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    return Path(str(app.work_tree))


CHANGES = {"prompts/a.prompty": b"two\n", "prompts/new/b.prompty": b"new\n"}


def test_what_a_refused_save_gives_back_is_the_same_file_and_the_same_index(app: Repository) -> None:
    root = refuse(app)
    places = (root / "prompts/a.prompty", app.git_dir / "index")
    before = [(place.stat().st_ino, place.read_bytes()) for place in places]
    with pytest.raises(SaveRefused):
        app.commit_paths(CHANGES, message="m")
    assert [(place.stat().st_ino, place.read_bytes()) for place in places] == before
    assert not (root / "prompts/new").exists()
    assert not [path for path in (app.git_dir / "promptlib").iterdir() if path.suffix in {".kept", ".new"}]


def test_an_index_that_somebody_else_changed_keeps_their_change(
    app: Repository, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = refuse(app)
    (app.git_dir / "hooks" / "pre-commit").write_text(
        "#!/bin/sh\nunset GIT_INDEX_FILE\nrm -f .git/index.lock\necho x > theirs\ngit add theirs\nexit 1\n"
    )
    with pytest.raises(SaveRefused):
        app.commit_paths(CHANGES, message="m")
    assert git(root, "status", "--porcelain") == "A  theirs\n"


def test_without_second_names_contents_are_written_anew(
    app: Repository, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = refuse(app)
    (root / "prompts/a.prompty").chmod(0o640)

    def none(*_: object, **__: object) -> None:
        raise PermissionError(1, os.strerror(1))

    monkeypatch.setattr(os, "link", none)
    with pytest.raises(SaveRefused):
        app.commit_paths(CHANGES, message="m")
    assert (root / "prompts/a.prompty").read_bytes() == b"one\n"
    assert (root / "prompts/a.prompty").stat().st_mode & 0o777 == 0o640
    assert git(root, "status", "--porcelain", "--untracked-files=all") == ""


def test_what_a_killed_save_left_goes_with_the_next_one(app: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = app.layout.own_folder()
    for name in ("0-0.kept", "0-1.new", "of-somebody"):
        (folder / name).write_bytes(b"left")
    app.commit_paths({"prompts/a.prompty": b"two\n"}, message="m")
    assert (folder / "0-0.kept").exists()  # whose save may be at work
    later = time.time() + 7200
    monkeypatch.setattr(time, "time", lambda: later)
    app.commit_paths({"prompts/a.prompty": b"three\n"}, message="m")
    assert not {"0-0.kept", "0-1.new"} & {path.name for path in folder.iterdir()}
    assert (folder / "of-somebody").exists()


# --- git's own left-overs ---------------------------------------------------------------------------------------------


def test_an_import_that_died_does_not_stop_the_same_import(tmp_path: Path) -> None:
    commits = [
        BulkCommit({f"n{number}": b"%d" % number}, "m", Author("A", "a@b.c"), (1_600_000_000 + number, "+0000"))
        for number in range(150)
    ]
    with Repository.init(tmp_path / "first.git", bare=True) as first:
        first.bulk(MAIN, None, commits)
        (pack,) = (first.git_dir / "objects/pack").glob("pack-*.pack")
    with Repository.init(tmp_path / "second.git", bare=True) as second:
        packs = second.git_dir / "objects/pack"
        (packs / pack.with_suffix(".keep").name).write_bytes(b"fast-import")
        (packs / "pack-of-somebody.keep").write_bytes(b"hands off\n")
        (second.git_dir / "fast_import_crash_123").write_bytes(b"report")
        second.bulk(MAIN, None, commits)
        assert [path.name for path in packs.glob("*.keep")] == ["pack-of-somebody.keep"]
        assert not list(second.git_dir.glob("fast_import_crash_*"))
        assert len(list(second.log(str(second.tip(MAIN))))) == 150


def test_a_git_that_was_ended_by_a_signal_is_told(
    app: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nkill -9 $$\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(GitFailed, match="ended by signal 9: Killed"):
        list(app.files(app.commit_paths({"prompts/a.prompty": b"two\n"}, message="m")))
