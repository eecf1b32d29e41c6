"""Objects and trees: what is written is what git reads, and what is damaged is never returned."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptlib._git import Author, Repository
from promptlib._git.trees import split
from promptlib.errors import BadRef, Conflict, GitFailed, NotFound, StoreDamaged, StoreReadOnly

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

names = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda name: name not in {".", ".."} and name.lower() not in {".git", "git~1"}
)
ANN = Author("Ann", "ann@example.com")
WHEN = (1_700_000_000, "+0200")
paths = st.lists(names, min_size=1, max_size=3).map("/".join)


def written(repository: Repository, changes: dict[str, bytes | None], parents: tuple[str, ...] = ()) -> str:
    return repository.commit(changes, parents=parents, message="m", author=ANN, time=WHEN, durability="none")[0]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(paths, st.binary(max_size=200), min_size=1, max_size=6), st.data())
def test_any_paths_come_back(bare: Repository, files: dict[str, bytes], data: st.DataObject) -> None:
    """Against a dict: what is set is there, what is deleted is not, nothing else moves."""
    try:
        first = written(bare, dict(files))
    except Conflict:
        assert any(other.startswith(path + "/") for path in files for other in files)
        return
    assert {path: bare.read(blob) for path, blob in bare.files(first)} == files
    gone = data.draw(st.sampled_from(sorted(files)))
    second = written(bare, {gone: None, "added/later": b"new"} if "added" not in files else {gone: None}, (first,))
    assert {path for path, _ in bare.files(second)} - {"added/later"} == set(files) - {gone, "added/later"}
    assert bare.blob_at(second, gone) is None


def test_git_reads_what_was_written(bare: Repository, git: Callable[..., str], save: Callable[..., str]) -> None:
    names = ["a/b", "a.b", "a-b", "a/c d", 'q"uote', "line\nbreak", "ünï", "z/y/x/w"]
    commit = save(bare, {name: name.encode() for name in names}, "Subject\n\nBody ü\n")
    listed = git(bare.git_dir, "ls-tree", "-r", "-z", "--name-only", commit).split("\0")[:-1]
    assert sorted(listed) == sorted(names)
    assert [path for path, _ in bare.files(commit)] == listed
    assert git(bare.git_dir, "log", "-1", "--format=%an|%ae|%ad|%B", "--date=raw") == (
        "Ann|ann@example.com|1700000000 +0200|Subject\n\nBody ü\n\n"
    )
    assert bare.fsck() == []


def test_only_the_changed_path_is_written_anew(bare: Repository, save: Callable[..., str]) -> None:
    first = save(bare, {"a/one": b"1", "b/two": b"2"})
    before = {path for path in (bare.git_dir / "objects").rglob("*") if path.is_file()}
    second = save(bare, {"a/one": b"changed"})
    after = {path for path in (bare.git_dir / "objects").rglob("*") if path.is_file()}
    assert len(after - before) == 4  # blob, tree a, root, commit
    assert bare.blob_at(first, "b/two") == bare.blob_at(second, "b/two")
    assert dict(bare.files(second, "b")) == {"b/two": bare.blob_at(second, "b/two")}
    assert list(bare.files(second, "nothing/here")) == []


def test_an_executable_file_stays_one(app: Repository, git: Callable[..., str]) -> None:
    assert app.work_tree is not None
    git(app.work_tree, "update-index", "--chmod=+x", "main.py")
    git(app.work_tree, "commit", "-qm", "x")
    head = app.head().commit
    assert head is not None
    commit = written(app, {"main.py": b"2"}, (head,))
    assert git(app.work_tree, "ls-tree", commit, "main.py").startswith("100755")


def test_links_and_submodules_are_no_files(app: Repository, git: Callable[..., str]) -> None:
    assert app.work_tree is not None
    (app.work_tree / "link").symlink_to("/etc/passwd")
    head = app.head().commit
    assert head is not None
    git(app.work_tree, "add", "link")
    git(app.work_tree, "update-index", "--add", "--cacheinfo", f"160000,{head},sub")
    git(app.work_tree, "commit", "-qm", "special")
    tip = app.head().commit
    assert tip is not None
    with pytest.raises(StoreDamaged, match=r"'link' is a symbolic link in git, not a file\n"):
        app.blob_at(tip, "link")
    with pytest.raises(StoreDamaged, match="'sub' is a submodule"):
        written(app, {"sub": b"x"}, (tip,))
    assert {path for path, _ in app.files(tip)} == {"main.py", "prompts/a.prompty"}
    assert "link" not in {change.path for commit in app.log(tip) for change in commit.changes}


def test_a_file_never_replaces_a_folder(bare: Repository, save: Callable[..., str]) -> None:
    tip = save(bare, {"a/b": b"1", "c": b"2"})
    for changes in ({"a": b"x"}, {"c/d": b"x"}, {"n": b"x", "n/m": b"x"}, {"n/m": b"x", "n": b"x"}):
        with pytest.raises(Conflict, match="would be a file and a folder at once\nchoose another name"):
            written(bare, dict(changes), (tip,))
    with pytest.raises(NotFound, match=r"no 'gone' to delete\nsomebody else"):
        written(bare, {"gone": None}, (tip,))


@pytest.mark.parametrize(
    "path", ["", "/a", "a/", "a//b", "..", "a/../b", "./a", ".git/config", "x/.GIT/y", "git~1", "a\0b"]
)
def test_paths_that_lead_elsewhere_are_refused(bare: Repository, path: str) -> None:
    with pytest.raises(BadRef, match=r"is no path inside a repository\nuse names joined by"):
        written(bare, {path: b"x"})
    with pytest.raises(BadRef):
        split(path)


@pytest.mark.parametrize("word", ["HEAD", "--help", "", "main:a", "A" * 40, "0" * 39, "../../etc/passwd"])
def test_only_full_ids_are_read(bare: Repository, word: str) -> None:
    with pytest.raises(BadRef, match=r"is no object id\nan id here has"):
        bare.read(word)


def test_packed_and_loose_are_read_alike(bare: Repository, git: Callable[..., str], save: Callable[..., str]) -> None:
    bodies = {f"f{number}": os.urandom(50) + b"\n\0" for number in range(60)}
    tip = save(bare, dict(bodies))
    loose = {path: bare.read(blob) for path, blob in bare.files(tip)}
    git(bare.git_dir, "gc", "-q")
    with Repository.open(bare.git_dir) as packed:
        blobs = dict(packed.files(tip))
        assert {path: packed.read(blob) for path, blob in blobs.items()} == loose == bodies
        many = dict(packed.read_many(reversed(blobs.values())))
        assert {path: many[blob] for path, blob in blobs.items()} == bodies
        assert list(packed.read_many([blobs["f1"]])) == [(blobs["f1"], bodies["f1"])]
        assert list(packed.read_many([])) == []


def test_too_large_is_refused_before_it_is_read(
    bare: Repository, git: Callable[..., str], save: Callable[..., str]
) -> None:
    tip = save(bare, {"bomb": bytes(3 << 20), "small": b"s"} | {f"f{n}": b"%d" % n for n in range(40)})
    bomb, small = bare.blob_at(tip, "bomb"), bare.blob_at(tip, "small")
    assert bomb is not None
    assert small is not None
    words = r"holds 3,145,728 bytes; more than 1,048,576 are refused\n.*--find-object"
    with pytest.raises(GitFailed, match=words):
        bare.read(bomb)
    assert len(bare.read(bomb, limit=4 << 20)) == 3 << 20
    git(bare.git_dir, "gc", "-q")
    with pytest.raises(GitFailed, match=words):
        bare.read(bomb)
    assert bare.read(small) == b"s"  # the refused content is not taken for this reply
    with pytest.raises(GitFailed, match=words):
        list(bare.read_many([blob for _, blob in bare.files(tip)]))


def loose(repository: Repository, object_id: str) -> Path:
    return repository.git_dir / "objects" / object_id[:2] / object_id[2:]


def test_damage_is_never_returned(bare: Repository, save: Callable[..., str]) -> None:
    tip = save(bare, {"a": b"content of a" * 9})
    blob = bare.blob_at(tip, "a")
    assert blob is not None
    file = loose(bare, blob)
    file.chmod(0o644)
    whole = file.read_bytes()
    for at in range(len(whole)):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 0x20]) + whole[at + 1 :])
        try:
            assert bare.read(blob) == b"content of a" * 9  # a bit of zlib's header that changes nothing
        except (StoreDamaged, GitFailed) as error:
            assert blob in str(error)  # noqa: PT017 - some flips change nothing, and then nothing is raised
    for content in (
        b"",
        whole[:-9],
        zlib.compress(b"blob 1\0b"),
        zlib.compress(b"tree 0\0"),
        zlib.compress(b"blob x\0"),
    ):
        file.write_bytes(content)
        with pytest.raises(StoreDamaged, match=rf"object {blob} is damaged: .*\npromptlib fsck"):
            bare.read(blob)
    assert bare.fsck()
    file.unlink()
    with pytest.raises(StoreDamaged, match=rf"object {blob} is not in this repository\ngit fsck"):
        bare.read(blob)
    with pytest.raises(StoreDamaged, match="is not in this repository"):
        list(bare.read_many([blob] * 30))


def test_a_pack_with_a_flipped_byte_is_never_returned(
    bare: Repository, git: Callable[..., str], save: Callable[..., str]
) -> None:
    tip = save(bare, {"a": os.urandom(900)})
    body = dict(bare.read_many(blob for _, blob in bare.files(tip)))
    git(bare.git_dir, "gc", "-q")
    (pack,) = (bare.git_dir / "objects/pack").glob("*.pack")
    pack.chmod(0o644)
    whole = pack.read_bytes()
    for at in range(12, len(whole), 101):
        pack.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with Repository.open(bare.git_dir) as fresh:
            try:
                assert {blob: fresh.read(blob) for _, blob in fresh.files(tip)} == body
            except (StoreDamaged, GitFailed):
                continue


def test_a_cut_off_tree_is_damage(bare: Repository) -> None:
    raw = b"100644 a\0" + bytes(5)
    tree = bare._objects.identify(b"tree", raw)
    bare._objects.write_all([(tree, b"tree", raw)], "none")
    body = b"tree %s\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n\n" % tree.encode()
    commit = bare._objects.identify(b"commit", body)
    bare._objects.write_all([(commit, b"commit", body)], "none")
    with pytest.raises(StoreDamaged, match="listing in git is cut off"):
        bare.blob_at(commit, "a")


def test_an_object_that_is_there_is_made_young(bare: Repository) -> None:
    commit, blobs = bare.commit({"a": b"x"}, parents=(), message="m", author=ANN, time=WHEN, durability="none")
    for object_id in (commit, blobs["a"]):
        os.utime(loose(bare, object_id), (1, 1))
    written(bare, {"a": b"x"})
    assert all(loose(bare, object_id).stat().st_mtime > 1 for object_id in (commit, blobs["a"]))


def test_a_full_disk_leaves_nothing(bare: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail the n-th file call, n rising until a clean run: an error or a whole commit, and never a leftover."""
    for number in range(40):
        calls = {"left": number}

        def failing(original: Callable[..., int], calls: dict[str, int] = calls) -> Callable[..., int]:
            def call(*arguments: object, **options: object) -> int:
                calls["left"] -= 1
                if calls["left"] == -1:
                    raise OSError(28, "No space left on device")
                return original(*arguments, **options)

            return call

        with monkeypatch.context() as patch:
            for name in ("open", "replace", "fsync"):
                patch.setattr(f"os.{name}", failing(getattr(os, name)))
            try:
                commit = bare.commit(
                    {f"d{number}/a": os.urandom(9)}, parents=(), message="m", author=ANN, time=WHEN, durability="each"
                )[0]
            except GitFailed as error:
                assert "No space left on device" in str(error)  # noqa: PT017 - the clean run at the end raises nothing
                assert "nothing was changed" in str(error)  # noqa: PT017 - as above
                assert not list((bare.git_dir / "objects").rglob("tmp_obj_*"))
                continue
        assert bare.blob_at(commit, f"d{number}/a")
        return
    pytest.fail("no run was clean")


def test_a_folder_that_refuses_is_read_only(bare: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", refused)
    with pytest.raises(StoreReadOnly, match=r"cannot be written: Permission denied\nreading works; saving does not"):
        written(bare, {"a": b"x"})


@pytest.mark.parametrize(("durability", "syncs"), [("none", 0), ("each", 6), ("batch", 1)])
def test_syncs_are_counted(tmp_path: Path, durability: str, syncs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blob, tree, root and commit, the ref and its folder; a batch has one sync for all of them."""
    bare = Repository.init(tmp_path / "s.git", bare=True)
    if durability == "batch" and sys.platform != "linux":
        pytest.skip("without sync_file_range a batch syncs each file")
    counted: list[int] = []
    fsync = os.fsync

    def counting(descriptor: int) -> None:
        counted.append(descriptor)
        fsync(descriptor)

    monkeypatch.setattr("os.fsync", counting)
    assert durability in {"none", "each", "batch"}
    commit, _ = bare.commit(
        {"a/b": b"x"},
        parents=(),
        message="m",
        author=ANN,
        time=WHEN,
        durability=durability,  # type: ignore[arg-type] # parametrised text
    )
    assert bare.swap("refs/heads/main", None, commit, durability=durability)  # type: ignore[arg-type] # parametrised text
    assert len(counted) == syncs
    bare.close()


def test_threads_share_one_repository(bare: Repository, git: Callable[..., str], save: Callable[..., str]) -> None:
    tip = save(bare, {f"f{number}": b"%d" % number for number in range(50)})
    git(bare.git_dir, "gc", "-q")
    blobs = dict(bare.files(tip))
    wrong: list[str] = []

    def work(start: int) -> None:
        for step in range(100):
            number = (start * 7 + step) % 50
            if bare.read(blobs[f"f{number}"]) != b"%d" % number:
                wrong.append(f"f{number}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(list(bare._git._children)) <= 1  # those of ended threads are gone


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_fork_uses_children_of_its_own(bare: Repository, git: Callable[..., str], save: Callable[..., str]) -> None:
    tip = save(bare, {"a": b"1", "b": b"2"})
    git(bare.git_dir, "gc", "-q")
    one, two = (bare.blob_at(tip, name) or "" for name in "ab")
    assert bare.read(one) == b"1"
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, bare.read(two))
        bare.close()
        os._exit(0)
    os.close(writing)
    assert os.waitpid(child, 0)[1] == 0
    assert os.read(reading, 10) == b"2"
    os.close(reading)
    assert [bare.read(one), bare.read(two)] == [b"1", b"2"]


def test_an_author_cannot_forge_lines(bare: Repository, git: Callable[..., str], save: Callable[..., str]) -> None:
    save(bare, {"a": b"1"}, author=Author("Eve <x>\ncommitter Bob", "e>ve\0@x\n"))
    assert git(bare.git_dir, "log", "-1", "--format=%an|%ae") == "Eve x committer Bob|eve @x\n"
    assert bare.fsck() == []


def test_ids_are_gits(bare: Repository) -> None:
    known = {"sha1": "257cc5642cb1a054f08cc83f2d943e56fd3ebe99", "sha256": hashlib.sha256(b"blob 4\0foo\n").hexdigest()}
    assert bare._objects.identify(b"blob", b"foo\n") == known[bare.object_format]
