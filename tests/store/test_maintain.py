"""A store is packed, indexed and tidied up while others read and write; nothing is lost by it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from promptlib import Prompt, Store, codec, user
from promptlib._git import Author, BulkCommit, Repository
from promptlib._git import maintenance as primitives
from promptlib.errors import Busy, Conflict, GitFailed, StoreReadOnly
from promptlib.store import Waiting, maintaining

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.store.conftest import Question

    Make = Callable[..., Prompt[Question]]
    Run = Callable[..., str]

LONG_AGO = 1_000_000_000


def objects(folder: Path) -> set[str]:
    """Return the ids of all objects of a repository, whether or not a ref reaches them."""
    command = ["git", "cat-file", "--batch-all-objects", "--batch-check=%(objectname)", "--unordered"]
    return set(subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.split())


def refs(folder: Path) -> dict[str, str]:
    command = ["git", "for-each-ref", "--format=%(refname) %(objectname)"]
    rows = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.splitlines()
    return {name: commit for name, _, commit in (row.partition(" ") for row in rows)}


def left_over(path: Path, age: int = LONG_AGO) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"half")
    os.utime(path, (age, age))
    return path


def late(store: Store, name: str, text: str) -> str:
    """Save *text* on top of a version that is not the newest; return the ref that keeps it."""
    with pytest.raises(Conflict) as caught:
        store.save(name, Prompt.define(user(text)), expect="v1")
    return caught.value.kept


@pytest.fixture
def grown(store: Store, make: Make) -> Store:
    """A store in each home with some versions, a label, and an object that no ref reaches."""
    for number in range(6):
        store.save(f"n{number % 2}", make(f"Version {number}."))
    store.label("n0", "production", "v1")
    command = ["git", "hash-object", "-w", "--stdin"]
    subprocess.run(command, cwd=store.path, input=b"nobody's", check=True, capture_output=True)
    return store


# --- objects ----------------------------------------------------------------------------------------------------------


def test_a_bare_store_comes_into_one_pack(bare: Store, make: Make, run: Run) -> None:
    for number in range(6):
        bare.save(f"n{number % 2}", make(f"Version {number}."))
    loaded = bare.load("n0@v1").digest
    before, known = objects(bare.path), refs(bare.path)
    report = bare.maintain()
    assert report.repacked
    assert (report.before.loose, report.before.packed, report.before.packs) == (len(before), 0, 0)
    assert (report.after.loose, report.after.packed, report.after.packs) == (0, len(before), 1)
    assert 0 < report.after.size < report.before.size
    assert report.index_after > 0
    assert (report.removed, report.dropped, report.waiting) == ((), (), ())
    assert objects(bare.path) == before
    assert refs(bare.path) == known
    assert (bare.path / "objects/info/commit-graph").is_file()
    assert run(bare.path, "commit-graph", "verify") == ""
    assert bare.load("n0@v1").digest == loaded
    assert bare.save("n0", make("Version 7.")).number == 4


def test_what_no_ref_reaches_stays(grown: Store, run: Run) -> None:
    kept = late(grown, "n0", "In a pack, and then without a ref.")
    run(grown.path, "repack", "-a", "-d", "-q")
    run(grown.path, "update-ref", "-d", kept)
    before = objects(grown.path)
    for _ in range(2):
        grown.maintain()
        assert objects(grown.path) == before


def test_an_application_keeps_its_objects_as_they_are(tree: Store, make: Make, run: Run) -> None:
    tree.save("a", make("One."))
    status = run(tree.path, "status", "--porcelain")
    files = sorted(str(path) for path in (tree.path / ".git/objects").rglob("*"))
    pack = left_over(tree.path / ".git/objects/pack/tmp_pack_abc123")
    report = tree.maintain()
    assert not report.repacked
    assert report.before == report.after
    assert report.index_after > 0
    pack.unlink()
    assert sorted(str(path) for path in (tree.path / ".git/objects").rglob("*")) == files
    assert run(tree.path, "status", "--porcelain") == status


def test_an_empty_store(tmp_path: Path, run: Run) -> None:
    run(tmp_path, "init", "-q", "--bare", "-b", "main", "empty.git")
    with Store(tmp_path / "empty.git") as store:
        report = store.maintain()
        assert (report.after.loose, report.after.packed, report.index_after) == (0, 0, 0)
        assert store.names() == ()


def test_every_kind_of_repository(tmp_path: Path, make: Make) -> None:
    Repository.init(tmp_path / "long.git", bare=True, object_format="sha256").close()
    with Store.init(tmp_path / "long.git", bare=True) as store:
        store.save("a", make("One."))
        before = objects(store.path)
        assert store.maintain().after.loose == 0
        assert objects(store.path) == before
        assert store.load("a@v1").digest == store.load("a").digest


def test_a_shallow_clone(bare: Store, make: Make, tmp_path: Path, run: Run) -> None:
    for number in range(3):
        bare.save("a", make(f"Version {number}."))
    bare.label("a", "production", "v1")
    run(tmp_path, "clone", "-q", "--bare", "--depth", "1", bare.path.as_uri(), "shallow.git")
    with Store(tmp_path / "shallow.git") as store:
        store.save("a", make("Version 3."))
        before = objects(store.path)
        assert store.maintain().after.loose == 0
        assert objects(store.path) == before
        assert store.load("a@production").digest == bare.load("a@v1").digest


def test_what_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    with Store(tmp_path) as store, pytest.raises(StoreReadOnly, match="it is a folder without git"):
        store.maintain()


def test_two_at_once(bare: Store) -> None:
    repository = Repository.open(bare.path)
    with repository.maintenance().alone(), pytest.raises(Busy, match="another process maintains this store"):
        bare.maintain()
    assert bare.maintain().repacked
    repository.close()


# --- the index --------------------------------------------------------------------------------------------------------


def test_the_index_is_complete_and_small(grown: Store) -> None:
    grown.maintain()
    (file,) = grown.path.rglob("index*.sqlite")
    connection = sqlite3.connect(file)
    told = connection.execute("SELECT count(*) FROM descriptions").fetchone()[0]
    versions = connection.execute("SELECT count(DISTINCT blob) FROM events").fetchone()[0]
    assert told >= versions == 6
    connection.executemany("INSERT INTO texts VALUES (?, ?)", [(f"x{at}", b"x" * 4000) for at in range(500)])
    connection.commit()
    connection.close()
    report = grown.maintain()
    assert report.index_before > 2_000_000
    assert report.index_after < 300_000
    assert report.index_after == file.stat().st_size


def test_an_index_that_somebody_reads_stays_as_it_is(bare: Store, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    bare.save("a", make("One."))
    bare.maintain()
    monkeypatch.setattr("promptlib._index.database.PATIENCE", 0.05)
    reader = sqlite3.connect(bare.path / "promptlib/index.sqlite", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM names").fetchall()
    with Store(bare.path) as store:
        assert store.maintain().repacked
    reader.close()
    assert bare.history("a")[0].number == 1


def test_a_damaged_index_is_made_again(bare: Store, make: Make) -> None:
    bare.save("a", make("One."))
    bare.maintain()
    bare.close()
    (bare.path / "promptlib/index.sqlite").write_bytes(b"no index" * 1000)
    assert bare.maintain().index_after > 0
    assert bare.history("a")[0].number == 1


# --- left-over files --------------------------------------------------------------------------------------------------


def test_our_own_left_over_files_go(grown: Store) -> None:
    git = grown.path if grown.path.name == "prompts.git" else grown.path / ".git"
    now = int(time.time())
    folder = next(git.glob("objects/[0-9a-f][0-9a-f]"))
    ours = [
        left_over(folder / "tmp_obj_0123456789ab"),
        left_over(git / "promptlib/marks-0123456789abcdef"),
        left_over(git / "promptlib/marks-0123456789abcdef.lock"),
    ]
    packs = [left_over(git / "objects/pack/tmp_pack_Ab1_2z"), left_over(git / "objects/pack/tmp_idx_Ab1_2z")]
    others = [
        left_over(folder / "tmp_obj_ABCdef"),
        left_over(folder / "tmp_obj_0123456789ab.txt"),
        left_over(folder / "tmp_obj_ba9876543210", now),
        left_over(git / "objects/pack/tmp_pack_Young1", now - 2 * primitives.OLD_SECONDS),
        left_over(git / "promptlib/marks-mine"),
    ]
    report = grown.maintain()
    bare = report.repacked
    assert {*report.removed} == {str(path) for path in [*ours, *(packs if bare else [])]}
    assert not any(path.exists() for path in ours)
    assert [path.exists() for path in packs] == [not bare, not bare]
    assert all(path.exists() for path in others if path.parent.name != folder.name or not bare)


def test_a_file_that_cannot_be_removed_stays(bare: Store) -> None:
    (bare.path / "objects/00/tmp_obj_0123456789ab").mkdir(parents=True)
    os.utime(bare.path / "objects/00/tmp_obj_0123456789ab", (LONG_AGO, LONG_AGO))
    assert bare.maintain().removed == ()


# --- refs of interrupted work -----------------------------------------------------------------------------------------


def test_what_was_saved_after_all_is_dropped(grown: Store) -> None:
    kept = late(grown, "n0", "Too late.")
    other = late(grown, "n1", "Too late as well.")
    assert {*refs(grown.path)} >= {kept, other}
    report = grown.maintain()
    assert report.dropped == ()
    assert {each.reference for each in report.waiting} == {kept, other}
    names = {each.reference: each.names for each in report.waiting}
    assert names == {kept: ("n0",), other: ("n1",)}
    looked = subprocess.run(report.waiting[0].look, shell=True, capture_output=True, text=True, check=True)  # noqa: S602 - as a person types it
    assert "Too late" in looked.stdout

    grown.save("n0", Prompt.define(user("Too late.")))
    grown.save("n0", Prompt.define(user("And something newer.")))
    report = grown.maintain()
    assert report.dropped == (kept,)
    assert [each.reference for each in report.waiting] == [other]
    assert kept not in refs(grown.path)
    assert other in refs(grown.path)


def test_other_words_or_comments_are_not_in_the_history(grown: Store) -> None:
    prompt = Prompt.define(user("Late."), description="What it is for")
    with pytest.raises(Conflict) as caught:
        grown.save("n0", prompt, expect="v1")
    words = caught.value.kept
    commented = codec.write(Prompt.define(user("Late."))).replace(b"---\n", b"---\n# why\n", 1)
    with pytest.raises(Conflict) as caught:
        grown.save("n0", codec.read(commented), expect="v1", file=commented)
    comment = caught.value.kept
    grown.save("n0", Prompt.define(user("Late.")))
    report = grown.maintain()
    assert {each.reference for each in report.waiting} == {words, comment}
    grown.save("n0", prompt)
    assert grown.maintain().dropped == (words,)


def test_a_comment_that_was_saved_too(bare: Store, make: Make) -> None:
    bare.save("a", make("One."))
    bare.save("a", make("Two."))
    commented = codec.write(Prompt.define(user("Late."))).replace(b"---\n", b"---\n# why\n", 1)
    with pytest.raises(Conflict) as caught:
        bare.save("a", codec.read(commented), expect="v1", file=commented)
    bare.save("a", codec.read(commented), file=commented)
    assert bare.maintain().dropped == (caught.value.kept,)


def test_a_pending_transaction_waits_until_all_of_it_is_there(bare: Store, make: Make) -> None:
    bare.save("a", make("One."))
    bare.save("a", make("Two."))
    with pytest.raises(Conflict) as caught, bare.transaction("Both") as transaction:
        transaction.save("b", make("New."))
        transaction.save("a", make("Three."), expect="v1")
    bare.save("a", make("Three."))
    (waiting,) = bare.maintain().waiting
    assert waiting == Waiting(caught.value.kept, ("a", "b"), f"git -C {bare.path} show {caught.value.kept}")
    bare.save("b", make("New."))
    assert bare.maintain().dropped == (caught.value.kept,)


def test_a_pending_commit_that_cannot_be_read_waits(bare: Store, make: Make, run: Run) -> None:
    bare.save("a", make("One."))
    bare.save("a", make("Two."))
    kept = late(bare, "a", "Late.")
    blob = run(bare.path, "rev-parse", f"{kept}:a.prompty").strip()
    bare.save("a", Prompt.define(user("Late.")).evolve(description="x"))
    path = bare.path / "objects" / blob[:2] / blob[2:]
    path.chmod(0o644)
    path.write_bytes(b"damaged")
    before, files = refs(bare.path), {*(bare.path / "objects").rglob("*")}
    with pytest.raises(GitFailed, match=r"git repack failed"):
        bare.maintain()
    assert refs(bare.path) == before
    assert {*(bare.path / "objects").rglob("*")} >= files


def test_a_pending_commit_of_no_prompt_waits(bare: Store, make: Make, run: Run) -> None:
    bare.save("a", make("One."))
    tip = run(bare.path, "rev-parse", "HEAD").strip()
    run(bare.path, "update-ref", "refs/promptlib/pending/odd", tip)
    run(bare.path, "update-ref", "refs/promptlib/mine", tip)
    report = bare.maintain()
    assert [(each.reference, each.names) for each in report.waiting] == [
        ("refs/promptlib/mine", ()),
        ("refs/promptlib/pending/odd", ()),
    ]


def test_a_pending_commit_of_an_empty_store(tmp_path: Path, run: Run, make: Make) -> None:
    run(tmp_path, "init", "-q", "--bare", "-b", "main", "new.git")
    repository = Repository.open(tmp_path / "new.git")
    commit, _ = repository.commit(
        {"a.prompty": codec.write(make("One.")), "README.md": b"x", "Bad Name.prompty": codec.write(make("One."))},
        parents=(),
        message="Not saved",
        author=Author("Ada", "a@b.example"),
        time=(0, "+0000"),
    )
    kept = repository.keep(commit, "0123")
    done = repository.bulk("refs/heads/other", None, [bulk("b.prompty", b"x")])
    run(tmp_path / "new.git", "update-ref", "refs/promptlib/import/0123", done.tip)
    run(tmp_path / "new.git", "update-ref", "-d", "refs/heads/other")
    repository.close()
    with Store(tmp_path / "new.git") as store:
        assert [each.reference for each in store.maintain().waiting] == ["refs/promptlib/import/0123", kept]
        store.save("a", make("One."))
        (_, second) = store.maintain().waiting
        assert second.names == ("a",), "a file whose path is no name is in no history"


def bulk(path: str, data: bytes) -> BulkCommit:
    return BulkCommit({path: data}, "One", Author("Ada", "a@b.example"), (0, "+0000"))


def test_a_killed_import(bare: Store, make: Make, run: Run) -> None:
    bare.save("a", make("One."))
    done = run(bare.path, "rev-parse", "HEAD").strip()
    bare.save("a", make("Two."))
    person = ("-c", "user.name=Ada", "-c", "user.email=a@b.example")
    lost = run(bare.path, *person, "commit-tree", "-m", "Half an import", "HEAD^{tree}", "-p", "HEAD").strip()
    run(bare.path, "update-ref", "refs/promptlib/import/aa", done)
    run(bare.path, "update-ref", "refs/promptlib/import/bb", lost)
    report = bare.maintain()
    assert report.dropped == ("refs/promptlib/import/aa",)
    assert report.waiting == (
        Waiting("refs/promptlib/import/bb", (), f"git -C {bare.path} log refs/promptlib/import/bb"),
    )
    assert refs(bare.path)["refs/promptlib/import/bb"] == lost


def test_while_an_import_is_at_work_no_ref_is_touched(
    bare: Store, make: Make, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare.save("a", make("One."))
    run(bare.path, "update-ref", "refs/promptlib/import/aa", "HEAD")
    monkeypatch.setattr(maintaining, "PATIENCE", 0.05)
    other = Repository.open(bare.path)
    with other.lock():
        report = bare.maintain()
    other.close()
    assert (report.dropped, report.waiting) == ((), ())
    assert report.after.loose == 0
    assert "refs/promptlib/import/aa" in refs(bare.path)


def test_the_report_is_plain_data(grown: Store) -> None:
    late(grown, "n0", "Too late.")
    told = grown.maintain().to_dict()
    assert json.loads(json.dumps(told)) == {
        **told,
        "removed": [],
        "dropped": [],
        "waiting": json.loads(json.dumps(told["waiting"])),
    }
    assert set(told) == {
        "repacked", "before", "after", "index_before", "index_after", "removed", "dropped", "waiting",
    }  # fmt: skip


# --- beside others ----------------------------------------------------------------------------------------------------

CROWD = """
import sys
from promptlib import Prompt, Store, user
from promptlib.errors import PromptLibError

path, me, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
with Store(path) as store:
    sys.stdin.readline()
    for number in range(count):
        text = f"{me} {number}"
        saved = store.save(f"own/{me}", Prompt.define(user(text)))
        shared = store.save("shared", Prompt.define(user(text)))
        print(saved.digest, shared.digest, flush=True)
        assert store.load(f"own/{me}@v{number + 1}").messages[0].text == text
        assert store.load(f"own/{me}@v1").messages[0].text == f"{me} 0"
        assert store.load("old@v1").messages[0].text.startswith("Version 0")
print("done", flush=True)
"""


def test_two_processes_save_and_load_meanwhile(bare: Store, make: Make) -> None:
    for number in range(20):
        bare.save("old", make(f"Version {number}."))
    bare.maintain()
    reading = Repository.open(bare.path)
    first = refs(bare.path)["refs/heads/main"]
    blob = reading.blob_at(first, "old.prompty") or ""
    assert reading.read(blob)  # its long-lived git has the pack open that goes away next
    command = [sys.executable, "-c", CROWD, str(bare.path)]
    crowd = [
        subprocess.Popen(
            [*command, name, "25"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for name in ("ada", "ben")
    ]
    for process in crowd:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    runs = 0
    while runs < 5 or any(process.poll() is None for process in crowd):
        bare.maintain()
        assert reading.read(blob)
        runs += 1
    acknowledged: list[list[str]] = []
    for process in crowd:
        out, err = process.communicate(timeout=100)
        assert (process.returncode, err) == (0, "")
        rows = out.split("\n")
        assert rows[-2:] == ["done", ""]
        acknowledged.append(rows[:-2])
    bare.maintain()
    assert reading.read(blob)
    reading.close()
    assert [len(rows) for rows in acknowledged] == [25, 25]
    for name, rows in zip(("ada", "ben"), acknowledged, strict=True):
        assert [version.digest for version in bare.history(f"own/{name}")] == [row.split()[0] for row in rows]
    shared = {version.digest for version in bare.history("shared")}
    assert shared == {row.split()[1] for rows in acknowledged for row in rows}
    assert len(bare.history("old")) == 20
    assert bare.fsck().ok
