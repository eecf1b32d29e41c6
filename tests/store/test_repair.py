"""`fsck(repair=True)` mends what can be proven from what is left, deletes nothing, and says what it did."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Prompt, Store, user
from promptlib._git import Author
from promptlib._git.runner import Git
from promptlib._index import Remembered
from promptlib.errors import PromptLibError
from promptlib.store import repairing
from promptlib.store.checking import examine_closed
from promptlib.store.copies import Copies
from promptlib.store.layout import Labelled, include_path
from promptlib.store.remembering import MEMORY
from tests.store.conftest import Question, prompt_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptlib.store import Report

    Make = Callable[..., Prompt[Any]]
    Run = Callable[..., str]

TEXTS = {
    "a@v1": "one",
    "a@v2": "two",
    "a@v3": "three",
    "a@production": "two",
    "b@v1": "beside",
    "b@production": "beside",
}


def fill(store: Store) -> None:
    """Save two names with labels, and let the index know everything."""
    for text in ("one", "two", "three"):
        store.save("a", prompt_of(text))
    store.save("b", prompt_of("beside"))
    store.label("a", "production", "v1")
    store.label("a", "production", "v2")
    store.label("b", "production", "v1")
    store._past().index.complete()
    store.close()


@pytest.fixture
def filled(bare: Store) -> Store:
    """A bare store whose index is complete, and that keeps no reflog."""
    Git.at(bare.path).run("config", "core.logAllRefUpdates", "false")
    shutil.rmtree(bare.path / "logs", ignore_errors=True)
    fill(bare)
    shutil.rmtree(bare.path / "logs", ignore_errors=True)
    return bare


@pytest.fixture
def dated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commits of one day by one person: a pack of them has the same bytes each time, and so does its damage."""
    monkeypatch.setattr("promptlib.store.writing.time", lambda: 1_790_000_000.0)
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Uma")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "uma@example.com")


@pytest.fixture
def grown(tree: Store) -> Store:
    """The same in an application's repository."""
    fill(tree)
    return tree


def again(store: Store) -> Store:
    """Open *store* as another process would."""
    store.close()
    MEMORY._kept.clear()
    return Store(store.path)


def git_dir(store: Store) -> Path:
    """Return where git keeps what it keeps."""
    return Path(str(store._repository.git_dir))  # type: ignore[union-attr] # there is one


def texts(store: Store, refs: dict[str, str] = TEXTS) -> dict[str, str]:
    """Return the text behind each ref, or the name of the error."""
    found = {}
    for ref in refs:
        try:
            found[ref] = store.load(ref).messages[0].text
        except PromptLibError as error:
            found[ref] = type(error).__name__
    return found


def kept(store: Store) -> dict[str, bytes]:
    """Return what was put aside."""
    folder = git_dir(store) / "promptlib/damaged"
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}


def done(report: Report) -> list[tuple[str, str]]:
    """Return kind and place of what was mended."""
    return [(each.kind, each.place) for each in report.mended]


def loose(store: Store, object_id: str) -> Path:
    """Return the file of a loose object."""
    return git_dir(store) / "objects" / object_id[:2] / object_id[2:]


def spoil(path: Path, data: bytes = b"spoilt") -> bytes:
    """Write something else over *path* and return what it was."""
    before = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(data)
    return before


def blob(store: Store, run: Run, path: str, commit: str = "HEAD") -> str:
    """Return the id of a file's blob."""
    prefix = "" if (store.path / "objects").is_dir() else "prompts/"
    return run(store.path, "rev-parse", f"{commit}:{prefix}{path}").strip()


def pack(store: Store, run: Run) -> Path:
    """Put everything into one pack and return it."""
    run(store.path, "gc", "-q")
    (found,) = (git_dir(store) / "objects/pack").glob("*.pack")
    return found


def test_a_sound_store_needs_nothing(filled: Store) -> None:
    """Nothing is written, nothing is put aside."""
    report = filled.fsck(repair=True)
    assert report.ok
    assert not report.mended
    assert not kept(filled)


def test_a_folder_without_git_is_only_verified(tmp_path: Path) -> None:
    """There is nothing to mend it from."""
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts/a.prompty").write_bytes(b"\xff")
    report = Store(tmp_path).fsck(repair=True)
    assert not report.ok
    assert not report.mended


# --- objects ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["spoilt", "gone", "empty"])
@pytest.mark.parametrize("path", ["a.prompty", ".labels/production/a.label", "b.prompty"])
def test_a_blob_from_the_index(filled: Store, run: Run, path: str, how: str) -> None:
    """A text that the index keeps is the very object; what lay in its place is kept."""
    lost = blob(filled, run, path)
    before = loose(filled, lost).read_bytes()
    if how == "gone":
        loose(filled, lost).unlink()
    else:
        spoil(loose(filled, lost), b"spoilt" if how == "spoilt" else b"")
    store = again(filled)
    assert ("object", lost) in [(each.kind, each.place) for each in store.fsck().problems]
    report = store.fsck(repair=True)
    assert report.ok
    assert ("object", lost) in done(report)
    assert kept(store) == ({} if how == "gone" else {lost: b"spoilt" if how == "spoilt" else b""})
    assert run(store.path, "cat-file", "-t", lost) == "blob\n"
    assert before
    assert texts(again(store)) == TEXTS


@pytest.mark.parametrize(
    ("path", "commit", "where"),
    [
        ("a.prompty", "HEAD~5", "the label a@production"),
        (".labels/production/a.label", "HEAD", "a version of a"),
        (".labels/production/b.label", "HEAD", "b.prompty"),
    ],
)
def test_a_blob_from_a_label_and_a_label_from_a_version(
    filled: Store, run: Run, path: str, commit: str, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A label holds its version byte for byte, so each gives the other back."""
    lost = blob(filled, run, path, commit)
    spoil(loose(filled, lost))
    monkeypatch.setattr(Remembered, "text", lambda *_: None)
    store = again(filled)
    if path == "a.prompty":
        (problem,) = [each for each in store.fsck().problems if each.kind == "version"]
        assert (problem.place, problem.readable) == ("a v2", ("a@v1", "a@v3", "a@production"))
        assert problem.copies == (".labels/production/a.label",)
        assert problem.remedy.startswith("promptlib fsck --repair, or go on from a version that loads")
    report = store.fsck(repair=True)
    assert report.ok
    (mended,) = report.mended
    assert mended.place == lost
    if where != "the label a@production":
        assert where in mended.what
    assert texts(again(store)) == TEXTS


def test_a_blob_from_the_work_tree(grown: Store, run: Run) -> None:
    """The file that is checked out is the object."""
    lost = blob(grown, run, "b.prompty")
    shutil.rmtree(git_dir(grown) / "promptlib")
    before = spoil(loose(grown, lost))
    store = again(grown)
    report = store.fsck(repair=True)
    assert report.ok
    assert "prompts/b.prompty" in report.mended[0].what
    assert loose(store, lost).read_bytes() != b"spoilt"
    assert before
    assert texts(again(store)) == TEXTS


@pytest.mark.parametrize("home", ["filled", "grown"])
def test_every_object_can_be_lost(request: pytest.FixtureRequest, run: Run, home: str) -> None:
    """Folders and commits are made again from the index; only what it never knew cannot be: what was there before."""
    store: Store = request.getfixturevalue(home)
    beginning = {*run(store.path, "rev-list", "--objects", "HEAD~7").split()}
    rows = run(store.path, "rev-list", "--objects", "HEAD").splitlines()
    ids = [row.split(" ")[0] for row in rows]
    for lost in ids:
        if lost in beginning or not loose(store, lost).exists():
            continue
        before = loose(store, lost).read_bytes()
        loose(store, lost).chmod(0o644)
        loose(store, lost).write_bytes(before[:10])
        store = again(store)
        report = store.fsck(repair=True)
        kind = run(store.path, "cat-file", "-t", lost).strip()
        assert report.ok, (lost, kind, report)
        assert ("object", lost) in done(report)
    assert texts(again(store)) == TEXTS
    assert run(store.path, "fsck", "--strict", "--no-dangling") == ""


def test_what_cannot_be_mended_is_named(filled: Store, run: Run) -> None:
    """With the index gone too: which version it is, what still loads, and where to get it."""
    filled.save("a", prompt_of("four"))
    filled.close()
    lost = blob(filled, run, "a.prompty", "HEAD~1")
    spoil(loose(filled, lost))
    shutil.rmtree(filled.path / "promptlib")
    store = again(filled)
    report = store.fsck(repair=True)
    assert not report.ok
    version = next(each for each in report.problems if each.kind == "version")
    assert (version.place, version.readable, version.copies) == ("a v3", ("a@v1", "a@v2", "a@v4", "a@production"), ())
    assert version.remedy == "go on from a version that loads: promptlib revert a VERSION"
    thing = next(each for each in report.problems if each.kind == "object")
    assert thing.place == lost
    assert "is missing, and tree" in thing.what
    assert f"git -C CLONE cat-file blob {lost} | git -C {store.path} hash-object" in thing.remedy
    assert kept(store) == {lost: b"spoilt"}
    clone = texts(again(store))
    assert clone == {**TEXTS, "a@v3": "StoreDamaged"}


def test_the_only_version_is_lost(bare: Store, run: Run) -> None:
    """Nothing else of that name loads, and nothing is promised."""
    bare.save("a", prompt_of("one"))
    spoil(loose(bare, blob(bare, run, "a.prompty")))
    bare.close()
    shutil.rmtree(bare.path / "promptlib")
    (version,) = [each for each in again(bare).fsck(repair=True).problems if each.kind == "version"]
    assert (version.readable, version.copies, version.remedy) == ((), (), "")


def test_damage_that_nothing_needs(filled: Store, run: Run) -> None:
    """A bare store is ours: what no version needs is put aside. In an application's repository it is theirs."""
    made = subprocess.run(
        ["git", "hash-object", "-w", "--stdin"], cwd=filled.path, input=b"x", capture_output=True, check=True
    )
    lost = made.stdout.decode().strip()
    spoil(loose(filled, lost))
    report = again(filled).fsck(repair=True)
    assert report.ok
    assert report.mended[0].what == f"put aside, no version needs it (promptlib/damaged/{lost})"
    del run


def test_damage_of_others_is_left_to_them(grown: Store) -> None:
    """It is named, and stays where it is."""
    made = subprocess.run(
        ["git", "hash-object", "-w", "--stdin"], cwd=grown.path, input=b"x", capture_output=True, check=True
    )
    lost = made.stdout.decode().strip()
    spoil(loose(grown, lost))
    report = again(grown).fsck(repair=True)
    assert [each.place for each in report.problems] == [lost]
    assert loose(grown, lost).read_bytes() == b"spoilt"


def test_another_copy_in_a_pack(filled: Store, run: Run) -> None:
    """The damaged loose file hid it."""
    lost = blob(filled, run, "a.prompty")
    sound = loose(filled, lost).read_bytes()
    pack(filled, run)
    loose(filled, lost).parent.mkdir(exist_ok=True)
    loose(filled, lost).write_bytes(sound[:10])
    report = again(filled).fsck(repair=True)
    assert report.ok
    assert "from another pack or store" in report.mended[0].what
    assert kept(filled) == {lost: sound[:10]}
    assert texts(again(filled)) == TEXTS


# --- packs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["checksum", "gone", "cut", "fanout"])
def test_a_pack_index_is_made_again(filled: Store, run: Run, what: str) -> None:
    """From its pack."""
    index = pack(filled, run).with_suffix(".idx")
    data = index.read_bytes()
    index.chmod(0o644)
    if what == "gone":
        index.unlink()
    else:
        spoilt = {"checksum": data[:-1] + b"x", "cut": data[:100], "fanout": data[:20] + b"\xff" + data[21:]}
        index.write_bytes(spoilt[what])
    report = again(filled).fsck(repair=True)
    assert report.ok
    assert index.read_bytes() == data
    assert texts(again(filled)) == TEXTS
    assert len(kept(filled)) == (what != "gone")


def test_a_damaged_pack_gives_what_it_still_holds(dated: None, filled: Store, run: Run) -> None:
    """Its readable objects go into a new pack, and the rest is looked for elsewhere."""
    found = pack(filled, run)
    run(filled.path, "multi-pack-index", "write")
    data = bytearray(found.read_bytes())
    for at in range(200, len(data) - 40, 97):
        data[at] ^= 0x10
    spoil(found, bytes(data))
    before = again(filled).fsck()
    assert any(each.kind == "file" and each.place.endswith(".pack") for each in before.problems)
    report = again(filled).fsck(repair=True)
    assert ("file", f"objects/pack/{found.name}") in done(report)
    assert not found.exists()
    assert kept(filled)[found.name] == bytes(data)
    rows = run(filled.path, "rev-list", "--all", "--objects", "--missing=print") if report.ok else ""
    assert "?" not in rows
    assert {ref: text for ref, text in texts(again(filled)).items() if text != TEXTS[ref]} == {} or not report.ok


def test_a_pack_that_is_all_gone(filled: Store, run: Run) -> None:
    """What cannot be given back is named, and the pack is kept."""
    found = pack(filled, run)
    spoil(found, b"PACK")
    report = again(filled).fsck(repair=True)
    assert not report.ok
    assert kept(filled)[found.name] == b"PACK"
    assert "refs/heads/main" in [each.place for each in report.problems if each.kind == "ref"]


# --- refs -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "known"),
    [
        (b"", "index"),
        (b"\0" * 41, "index"),
        (b"f" * 40, "index"),
        (b"garbage\n", "nothing"),
        (b"0" * 40, "nothing"),
        (b"", "reflog"),
        (b"f" * 40, "reflog"),
        (b"", "packed"),
        (b"f" * 40, "packed"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[:2].hex(),
)
def test_a_branch_after_a_power_loss(filled: Store, run: Run, content: bytes, known: str) -> None:
    """It gets the newest commit of its only line; the old file is kept."""
    if known == "reflog":
        run(filled.path, "config", "core.logAllRefUpdates", "always")
        filled.save("a", prompt_of("four"))
        filled.close()
    if known == "packed":
        run(filled.path, "pack-refs", "--all")
        filled.save("a", prompt_of("four"))
        filled.close()
    if known != "index":
        shutil.rmtree(filled.path / "promptlib")
    branch = filled.path / "refs/heads/main"
    tip = spoil(branch, content).decode().strip()
    store = again(filled)
    before = store.fsck()
    assert [each.place for each in before.problems if each.kind == "ref"] == ["refs/heads/main"]
    report = store.fsck(repair=True)
    assert report.ok
    how = "as its reflog says" if known == "reflog" else "the newest commit of its line"
    assert report.mended[0].what == (
        f"points to {tip} again, {how}; what the file held is kept at promptlib/damaged/main"
    )
    assert kept(store) == {"main": content}
    assert run(store.path, "rev-parse", "main").strip() == tip
    assert texts(again(store)) == TEXTS


def test_a_line_that_went_on_after_the_index(filled: Store, run: Run) -> None:
    """The index knew an older commit: its unreachable descendant is the newest of the line."""
    index = filled.path / "promptlib/index.sqlite"
    old = index.read_bytes()
    filled.save("a", prompt_of("four"))
    filled.close()
    index.write_bytes(old)
    tip = spoil(filled.path / "refs/heads/main", b"").decode().strip()
    assert again(filled).fsck(repair=True).ok
    assert run(filled.path, "rev-parse", "main").strip() == tip


def test_several_lines_are_named_and_none_is_chosen(filled: Store, run: Run) -> None:
    """Somebody must say which it was."""
    tip = run(filled.path, "rev-parse", "main").strip()
    other = run(
        filled.path, "-c", "user.name=X", "-c", "user.email=x@y", "commit-tree", "-m", "x", "-p", tip, f"{tip}^{{tree}}"
    )
    second = run(
        filled.path, "-c", "user.name=X", "-c", "user.email=x@y", "commit-tree", "-m", "y", "-p", tip, f"{tip}^{{tree}}"
    )
    spoil(filled.path / "refs/heads/main", b"")
    report = again(filled).fsck(repair=True)
    assert not report.ok
    (remark,) = [each for each in report.remarks if each.place == "refs/heads/main"]
    for commit in (other.strip(), second.strip()):
        assert commit in remark.what
    assert f"git -C {filled.path} update-ref refs/heads/main COMMIT" in remark.what
    assert (filled.path / "refs/heads/main").read_bytes() == b""
    with pytest.raises(PromptLibError):
        again(filled).load("a")


def test_no_commit_is_left(bare: Store) -> None:
    """It says so, and what shows that there was a branch stays."""
    (bare.path / "refs/heads/main").write_bytes(b"")
    for folder in (bare.path / "objects").glob("??"):
        shutil.rmtree(folder)
    report = again(bare).fsck(repair=True)
    assert not report.ok
    assert "no commit is left that it could have been: fetch from a clone" in [each.what for each in report.remarks]
    assert (bare.path / "refs/heads/main").read_bytes() == b""


@pytest.mark.parametrize(
    "damage",
    [
        lambda row: row.replace(b"refs/heads/main", b"refs/heads/mai\x7f"),
        lambda row: row.replace(b"refs/heads/main", b"refs/heabs/main"),
        lambda row: row.replace(b" refs", b"\xa0refs"),
        lambda row: row[:30] + b"~" + row[31:],
        lambda _: b"",
    ],
    ids=["name", "namespace", "blank", "id", "line"],
)
@pytest.mark.parametrize("index", ["there", "gone"])
def test_a_line_of_packed_refs(filled: Store, run: Run, damage: Callable[[bytes], bytes], index: str) -> None:
    """Whether the name or the id is damaged, the store is not empty, and gets its branch back."""
    run(filled.path, "pack-refs", "--all")
    tip = run(filled.path, "rev-parse", "main").strip()
    path = filled.path / "packed-refs"
    head, row, *_ = path.read_bytes().splitlines()
    path.write_bytes(head + b"\n" + damage(row) + (b"\n" if damage(row) else b""))
    if index == "gone":
        shutil.rmtree(filled.path / "promptlib")
    store = again(filled)
    if index == "gone" and not damage(row):
        return  # nothing is left that shows a branch
    with pytest.raises(PromptLibError):
        store.load("a@v1")
    assert not store.fsck().ok
    store.fsck(repair=True)
    assert run(store.path, "rev-parse", "HEAD").strip() == tip
    assert texts(again(store)) == TEXTS


def test_packed_refs_stay_where_the_branch_is_not_found(filled: Store, run: Run) -> None:
    """The damaged line is all that shows that there was a branch: without it the store would look empty."""
    run(filled.path, "pack-refs", "--all")
    tip = run(filled.path, "rev-parse", "main").strip()
    for text in "xy":
        run(
            filled.path,
            "-c",
            "user.name=X",
            "-c",
            "user.email=x@y",
            "commit-tree",
            "-m",
            text,
            "-p",
            tip,
            f"{tip}^{{tree}}",
        )
    shutil.rmtree(filled.path / "promptlib")
    path = filled.path / "packed-refs"
    spoilt = path.read_bytes().replace(tip.encode(), b"~" * 40)
    path.write_bytes(spoilt)
    report = again(filled).fsck(repair=True)
    assert not report.ok
    assert not report.mended
    assert path.read_bytes() == spoilt
    with pytest.raises(PromptLibError):
        again(filled).save("a", prompt_of("anew"))


@pytest.mark.parametrize(
    "content",
    [b"", b"ref: refs/heads/mair\n", b"\xff\xfe", b"ref: ../../x\n", b"0" * 40],
    ids=["empty", "other", "bytes", "path", "zeros"],
)
def test_head_gets_the_one_branch(filled: Store, content: bytes) -> None:
    """What it held is kept."""
    spoil(filled.path / "HEAD", content)
    store = again(filled)
    with pytest.raises(PromptLibError):
        store.load("a")
    assert "HEAD" in [each.place for each in store.fsck().problems]
    report = store.fsck(repair=True)
    assert report.ok
    assert report.mended[0].what == "names refs/heads/main again; what it held is kept at promptlib/damaged/HEAD"
    assert kept(store) == {"HEAD": content}
    assert texts(again(store)) == TEXTS


def test_head_with_several_branches(filled: Store, run: Run) -> None:
    """The one that the index knew; where it knows none, the commands are told."""
    run(filled.path, "update-ref", "refs/heads/other", "main~1")
    spoil(filled.path / "HEAD", b"")
    assert again(filled).fsck(repair=True).ok
    assert (filled.path / "HEAD").read_bytes() == b"ref: refs/heads/main\n"
    spoil(filled.path / "HEAD", b"")
    shutil.rmtree(filled.path / "promptlib")
    report = again(filled).fsck(repair=True)
    problem = next(each for each in report.problems if each.place == "HEAD")
    assert problem.remedy == f"printf 'ref: refs/heads/main\\n' > {filled.path / 'HEAD'}"


def test_a_beginning_in_a_work_tree_is_somebodys(grown: Store, run: Run) -> None:
    """A branch without a commit is told, and HEAD stays."""
    run(grown.path, "symbolic-ref", "HEAD", "refs/heads/new")
    report = again(grown).fsck(repair=True)
    assert [each.place for each in report.problems] == ["HEAD"]
    assert not report.mended
    assert run(grown.path, "symbolic-ref", "HEAD") == "refs/heads/new\n"


def test_what_keeps_a_store_from_being_opened(filled: Store) -> None:
    """A repository without HEAD, refs, objects, or with a config from the future."""
    filled.close()
    spoilt = {
        "HEAD": "it is missing",
        "refs": "the folder is missing",
        "objects": "the folder with everything is missing",
    }
    for part, what in spoilt.items():
        (filled.path / part).rename(filled.path / "away")
        with pytest.raises(PromptLibError) as caught:
            Store(filled.path)
        report = examine_closed(filled.path, caught.value, repair=False)
        assert report is not None
        assert [(each.place, each.what) for each in report.problems] == [(part, what)]
        assert report.problems[0].remedy
        mended = examine_closed(filled.path, caught.value, repair=True)
        assert mended is not None
        if part == "HEAD":
            assert mended.mended[0].what == "names refs/heads/main, the one branch here"
            assert texts(Store(filled.path)) == TEXTS
        elif part == "refs":
            assert mended.mended[0].place == "refs"
            (filled.path / "refs").rmdir()
        else:
            assert not mended.mended
        (filled.path / "away").rename(filled.path / part)
    config = (filled.path / "config").read_text()
    (filled.path / "config").write_text(config.replace("repositoryformatversion = 0", "repositoryformatversion = 9"))
    with pytest.raises(PromptLibError) as caught:
        Store(filled.path)
    report = examine_closed(filled.path, caught.value, repair=True)
    assert report is not None
    assert "repository format 9" in report.problems[0].what


def test_nothing_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No repository, so nothing to tell of it."""
    monkeypatch.chdir(tmp_path)
    assert examine_closed(None, PromptLibError("no store"), repair=True) is None


# --- labels and includes ----------------------------------------------------------------------------------------------


def commit_file(store: Store, run: Run, path: str, data: bytes | None) -> None:
    """Commit *data* at *path* with plain git, whatever it is."""
    if (store.path / "objects").is_dir():
        copy = store.path.parent / f"copy-{time.monotonic_ns()}"
        run(store.path.parent, "clone", "-q", str(store.path), copy.name)
        _write(copy / path, data)
        run(copy, "add", "-A")
        run(copy, "-c", "user.name=X", "-c", "user.email=x@y", "commit", "-q", "-m", "By hand")
        run(copy, "push", "-q")
    else:
        _write(store.path / "prompts" / path, data)
        run(store.path, "add", "-A", "prompts")
        run(store.path, "commit", "-q", "-m", "By hand", "--", "prompts")


def _write(path: Path, data: bytes | None) -> None:
    if data is None:
        path.unlink()
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


@pytest.mark.parametrize("home", ["filled", "grown"])
@pytest.mark.parametrize("how", ["text", "line", "noise", "empty"])
def test_a_label_is_restored_from_its_history(request: pytest.FixtureRequest, run: Run, home: str, how: str) -> None:
    """As its last sound state was, in a commit that says so."""
    store: Store = request.getfixturevalue(home)
    path = ".labels/production/a.label"
    sound = Labelled(prompt_of("two").digest, store.file("a@v2")).to_bytes()
    spoilt = {"text": sound.replace(b"two", b"tow"), "line": b"sha256:" + sound[8:], "noise": b"\xff", "empty": b""}
    commit_file(store, run, path, spoilt[how])
    store = again(store)
    assert store.fsck().problems[0].place == path
    report = store.fsck(repair=True)
    assert report.ok
    assert done(report) == [("label", path)]
    assert "left it; its text was not what its first line says" in report.mended[0].what
    assert run(store.path, "log", "-1", "--format=%s").startswith("Mend labels and includes")
    assert path in run(store.path, "log", "-1", "--format=%b")
    assert texts(again(store)) == TEXTS


def test_an_edited_label_in_a_work_tree_is_only_told(grown: Store, run: Run) -> None:
    """Git has the sound one, and one command brings it back."""
    path = grown.path / "prompts/.labels/production/a.label"
    path.write_bytes(path.read_bytes().replace(b"two", b"tow"))
    report = again(grown).fsck(repair=True)
    (problem,) = report.problems
    assert problem.remedy == (
        "look: git diff HEAD -- prompts/.labels/production/a.label; take the committed file: "
        "git restore --staged --worktree prompts/.labels/production/a.label"
    )
    assert not report.mended
    run(grown.path, "restore", "--staged", "--worktree", "prompts/.labels/production/a.label")
    assert again(grown).fsck().ok


def test_a_label_that_is_a_link_on_disk(grown: Store, run: Run) -> None:
    """Somebody is at work there."""
    commit_file(grown, run, ".labels/production/a.label", b"\xff")
    path = grown.path / "prompts/.labels/production/a.label"
    path.unlink()
    path.symlink_to(grown.path)
    report = again(grown).fsck(repair=True)
    assert not report.ok
    assert not report.mended


def test_a_label_that_is_lost_is_not_moved_back(filled: Store, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its earlier state would be another version; a label that is wrong goes past what cannot be read."""
    monkeypatch.setattr(Copies, "find", lambda *_: None)
    sound = filled.file("a@v1")
    lost = blob(filled, run, ".labels/production/a.label")
    spoil(loose(filled, lost))
    report = again(filled).fsck(repair=True)
    assert ("label", ".labels/production/a.label") in [(each.kind, each.place) for each in report.problems]
    assert not [each for each in report.mended if each.kind == "label"]
    commit = run(filled.path, "rev-parse", "HEAD").strip()
    tree = Store(filled.path)
    assert tree._repository is not None
    changed, _ = tree._repository.commit(
        {".labels/production/a.label": b"wrong"},
        parents=(commit,),
        message="By hand",
        author=Author("X", "x@y"),
        time=(0, "+0000"),
    )
    assert tree._repository.swap("refs/heads/main", commit, changed)
    report = again(tree).fsck(repair=True)
    assert done(report) == [("label", ".labels/production/a.label")]
    assert again(tree).file("a@production") == sound


def test_an_include_beside_a_label_is_made_again_with_its_folder(bare: Store, run: Run) -> None:
    """The folder that holds it is known from the label that was set."""
    path = _with_include(bare)
    bare._past().index.complete()
    bare.close()
    for place in (".labels/.includes", "", ".labels"):
        lost = blob(bare, run, place)
        spoil(loose(bare, lost))
        report = again(bare).fsck(repair=True)
        assert report.ok
        assert ("object", lost) in done(report)
    assert path


def test_a_label_that_was_never_sound(bare: Store, run: Run) -> None:
    """It is named; moving it mends it."""
    bare.save("a", prompt_of("one"))
    commit_file(bare, run, ".labels/production/a.label", b"nothing")
    store = again(bare)
    report = store.fsck(repair=True)
    (problem,) = report.problems
    assert problem.remedy == "promptlib fsck --repair, or move the label: promptlib label a production VERSION"
    store.label("a", "production", "v1")
    assert again(store).fsck().ok


def _with_include(store: Store) -> str:
    inner = store.save("inner", Prompt.define(Question, user("Deep: {{ question }}")))
    middle = Prompt.define(Question, user('{% include "inner" %} Middle.'), includes={"inner": inner})
    part = store.save("part", middle)
    store.save("whole", Prompt.define(Question, user('{% include "part" %} Whole.'), includes={"part": part}))
    store.label("whole", "production", "v1")
    store.close()
    return include_path(part.digest)


@pytest.mark.parametrize(
    ("home", "source", "damage"),
    [
        ("bare", "version", None),
        ("bare", "history", b"\xff"),
        ("bare", "lost", None),
        ("tree", "version", b"---\n---\nuser:\nother\n"),
        ("tree", "history", None),
        ("tree", "lost", b"\xff"),
    ],
    ids=lambda value: str(value)[:8],
)
def test_an_include_is_laid_again(
    request: pytest.FixtureRequest,
    run: Run,
    home: str,
    damage: bytes | None,
    source: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From the version that is pinned, or from what lay there before."""
    store: Store = request.getfixturevalue(home)
    path = _with_include(store)
    wanted = store.load("whole@production").digest
    commit_file(store, run, path, damage)
    store = again(store)
    if source != "version":
        error = PromptLibError("lost")

        def lost(*_: object) -> None:
            if source == "lost":
                return
            raise error

        monkeypatch.setattr(type(store._past()), "pinned", lost)
    if source == "lost":
        monkeypatch.setattr(repairing.Repair, "_before", lambda *_: None)
    before = store.fsck()
    assert before.problems
    report = store.fsck(repair=True)
    monkeypatch.undo()
    if source == "lost":
        assert not report.ok
        return
    assert report.ok
    assert done(report) == [("include", path)]
    assert ("laid again from part" if source == "version" else "left it") in report.mended[0].what
    assert again(store).load("whole@production").digest == wanted


def test_an_include_that_somebody_edits(tree: Store) -> None:
    """The file on disk is theirs."""
    path = _with_include(tree)
    (tree.path / "prompts" / path).write_bytes(b"\xff")
    report = again(tree).fsck(repair=True)
    assert not report.ok
    assert not report.mended
    assert "git restore" in report.problems[0].remedy


def test_a_prompt_that_does_not_parse_is_somebodys_text(grown: Store, run: Run) -> None:
    """Never changed, whatever else is mended; named with its remedy."""
    commit_file(grown, run, "a.prompty", b"---\nmodel: [\n---\nuser:\nx\n")
    report = again(grown).fsck(repair=True)
    assert not report.mended
    prompt = next(each for each in report.problems if each.kind == "prompt")
    assert prompt.remedy == "mend the text by hand, or go back: promptlib revert a VERSION"
    version = next(each for each in report.problems if each.kind == "version")
    assert version.copies == ()


def test_a_repair_beside_a_merge(grown: Store, run: Run) -> None:
    """What cannot be written now is told, with why."""
    commit_file(grown, run, ".labels/production/a.label", b"\xff")
    (git_dir(grown) / "MERGE_HEAD").write_text(run(grown.path, "rev-parse", "HEAD"))
    report = again(grown).fsck(repair=True)
    assert not report.ok
    assert any("not mended: a merge is in progress" in each.what for each in report.remarks)


def test_a_repair_that_may_not_write(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's words are told."""
    spoil(filled.path / "HEAD", b"")

    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "there")

    monkeypatch.setattr(Path, "rename", refused)
    report = again(filled).fsck(repair=True)
    assert not report.ok
    assert any(each.what.startswith("not mended: there: Permission denied") for each in report.remarks)


# --- index and left-overs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["noise", "folder", "pipe", "link", "foreign"])
def test_an_index_that_is_none(filled: Store, tmp_path: Path, kind: str, run: Run) -> None:
    """It is put aside and made again."""
    index = filled.path / "promptlib/index.sqlite"
    index.unlink()
    if kind == "noise":
        index.write_bytes(b"noise" * 500)
    elif kind == "folder":
        index.mkdir()
    elif kind == "pipe":
        os.mkfifo(index)
    elif kind == "link":
        index.symlink_to(tmp_path)
    else:
        subprocess.run(
            [
                "python3",
                "-c",
                "import sqlite3,sys; sqlite3.connect(sys.argv[1]).execute('create table t (x)')",
                str(index),
            ],
            check=True,
        )
    what = {
        "noise": "it is damaged: file is not a database",
        "folder": "it is a folder, not a file",
        "pipe": "it is a pipe or device, not a file",
        "link": "it is a link, not a file",
        "foreign": "it is no index of ours",
    }[kind]
    (problem,) = again(filled).fsck().problems
    assert (problem.kind, problem.place, problem.what) == ("index", "index.sqlite", what)
    assert texts(again(filled)) == TEXTS
    del run


def test_an_index_that_is_put_aside(filled: Store) -> None:
    """By a repair alone: a check makes it again too, but keeps nothing."""
    index = filled.path / "promptlib/index.sqlite"
    spoil(index, b"noise" * 500)
    repair = repairing.Repair(
        lambda: filled._reading().files,
        filled._repository,  # type: ignore[arg-type] # a bare store has one
        filled._history,  # type: ignore[arg-type] # a bare store has one
    )
    repair.run()
    assert [(each.kind, each.place) for each in repair.mended] == [("index", "index.sqlite")]
    assert kept(filled) == {"index.sqlite": b"noise" * 500}
    assert filled.fsck().ok


def test_old_temporary_files_are_swept(filled: Store) -> None:
    """Those of more than an hour; a lock of a process that is gone too."""
    old = filled.path / "objects/00/tmp_obj_0123456789ab"
    old.parent.mkdir(exist_ok=True)
    young = old.with_name("tmp_obj_ba9876543210")
    for path in (old, young):
        path.write_bytes(b"x")
    os.utime(old, (time.time() - 7200, time.time() - 7200))
    lock = filled.path / "refs/heads/main.lock"
    lock.write_bytes(b"")
    os.utime(lock, (time.time() - 7200, time.time() - 7200))
    before = filled.fsck()
    assert before.ok
    assert sorted(each.what for each in before.remarks) == [
        "a lock of git's, 2 hours old",
        "a temporary file, 2 hours old",
        "a temporary file, just made",
    ]
    report = filled.fsck(repair=True)
    assert [each.what for each in report.mended][1:] == ["an old temporary file, swept"]
    assert "left by a process that is gone" in report.mended[0].what
    assert not old.exists()
    assert young.exists()
    assert not lock.exists()


def test_work_that_is_kept_for_somebody(filled: Store, run: Run) -> None:
    """It is told how to look at it."""
    tip = run(filled.path, "rev-parse", "main").strip()
    run(filled.path, "update-ref", "refs/promptlib/pending/abc", tip)
    report = filled.fsck()
    assert report.ok
    (remark,) = report.remarks
    assert remark.what.startswith("work that is kept for somebody: Label b production")
    assert remark.remedy == f"look: git show {tip[:12]}; to drop it: git update-ref -d refs/promptlib/pending/abc"


def test_copies_beside_a_deletion_and_a_lost_include(bare: Store, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is gone or cannot be read gives nothing, and the rest is looked through."""
    _with_include(bare)
    lost = blob(bare, run, "part.prompty")
    bare.save("b", prompt_of("gone"))
    bare.delete("b")
    commit_file(bare, run, "bad.prompty", b"\xff")
    bare._past().index.complete()
    read = Copies._read
    monkeypatch.setattr(Copies, "_read", lambda self, each: None if each == lost else read(self, each))
    history = bare._past()
    copies = Copies(bare._reading().files, history.repository, "", Remembered(history.index_file))
    assert copies.find("1" * 40, b"blob") is None
    assert copies.find("1" * 40, b"tree") is None
