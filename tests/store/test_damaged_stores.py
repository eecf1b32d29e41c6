"""What is damaged is told or mended; it is never taken for something else."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import sqlite3
import zlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Store, codec
from promptlib import store as stores
from promptlib.errors import NotFound, PromptLibError, StoreDamaged, StoreError, StoreReadOnly
from promptlib.store.checking import Problem
from promptlib.store.layout import Labelled

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptlib import Prompt

    Make = Callable[..., Prompt[Any]]
    Run = Callable[..., str]


@pytest.fixture
def filled(bare: Store, make: Make) -> Store:
    """A store with two names, three versions and a label."""
    bare.save("a", make("one"))
    bare.save("a", make("two"))
    bare.save("team/b", make("three"))
    bare.label("a", "production", "v1")
    return bare


def problems(store: Store) -> list[tuple[str, str]]:
    """Return kind and place of what is wrong."""
    return [(problem.kind, problem.place) for problem in store.fsck().problems]


def test_a_sound_store(filled: Store) -> None:
    """Everything is counted; the report is plain data."""
    report = filled.fsck()
    assert report.ok
    nothing: dict[str, object] = {"problems": [], "remarks": [], "mended": []}
    assert report.to_dict() == {"ok": True, "prompts": 2, "labels": 1, "versions": 3, **nothing}


def test_a_problem_is_told_and_is_data() -> None:
    """One line each, and a mapping each."""
    problem = Problem("label", "a.label", "is no label")
    assert str(problem) == "label a.label: is no label"
    report = stores.Report((problem,), 1, 2, 3)
    assert not report.ok
    told = {"kind": "label", "place": "a.label", "what": "is no label", "remedy": "", "readable": [], "copies": []}
    assert report.to_dict()["problems"] == [told]


def _unpacked(data: bytes) -> bytes:
    try:
        return zlib.decompress(data)
    except zlib.error:
        return b""


@pytest.mark.parametrize("seed", range(12))
def test_a_flipped_byte_in_any_object(filled: Store, make: Make, seed: int) -> None:
    """Every load returns what was stored or an error of ours, and fsck finds it and goes on."""
    chance = random.Random(seed)
    objects = sorted(path for path in (filled.path / "objects").glob("??/*") if path.is_file())
    path = chance.choice(objects)
    data = bytearray(path.read_bytes())
    place = chance.randrange(len(data))
    data[place] ^= 1 << chance.randrange(8)
    filled.close()
    path.chmod(0o644)
    path.write_bytes(data)
    shutil.rmtree(filled.path / "promptlib")
    fresh = Store(filled.path)
    wanted = {"a": "two", "a@v1": "one", "a@v2": "two", "a@production": "one", "team/b": "three"}
    for ref, text in wanted.items():
        with suppress(PromptLibError):
            assert fresh.load(ref) == make(text)
    stored = hashlib.sha1(_unpacked(bytes(data)), usedforsecurity=False).hexdigest()
    if stored != path.parent.name + path.name:
        assert "object" in {kind for kind, _ in problems(fresh)}


def test_a_lost_object_is_told(filled: Store, run: Run) -> None:
    """By fsck with its place in the history, by a load with its id."""
    version = filled.version("a@v1")
    blob = run(filled.path, "rev-parse", f"{version.commit}:a.prompty").strip()
    (filled.path / "objects" / blob[:2] / blob[2:]).unlink()
    shutil.rmtree(filled.path / "promptlib")
    fresh = Store(filled.path)
    found = problems(fresh)
    assert ("version", "a v1") in found
    assert any(kind == "object" for kind, _ in found)
    with pytest.raises(StoreError, match=blob):
        fresh.load("a@v1")
    assert fresh.load("a").messages[0].text == "two"
    assert fresh.load("a@production").messages[0].text == "one"


@pytest.fixture
def laid(tmp_path: Path, make: Make) -> Path:
    """The root of a store in a plain folder, with a prompt and its label."""
    root = tmp_path / "folder/prompts"
    data = codec.write(make("one"))
    (root / ".labels/production").mkdir(parents=True)
    (root / "a.prompty").write_bytes(data)
    (root / ".labels/production/a.label").write_bytes(Labelled(make("one").digest, data).to_bytes())
    return root


@pytest.fixture
def folder(laid: Path) -> Store:
    """The store around that root."""
    return Store(laid.parent)


@pytest.mark.parametrize(
    ("path", "content", "kind", "what"),
    [
        ("a.prompty", b"\xff", "prompt", "is no UTF-8"),
        ("a.prompty", b"---\nno fence", "prompt", ""),
        ("Upper.prompty", b"x", "prompt", "its path is no prompt name"),
        ("con.prompty", b"x", "prompt", "its path is no prompt name"),
        ("a b/c.prompty", b"x", "prompt", "its path is no prompt name"),
        (".labels/production/a.label", b"", "label", "its first line is not a digest"),
        (
            ".labels/production/a.label",
            b"sha256:" + b"0" * 64 + b"\n---\n---\nuser:\nx\n",
            "label",
            "and holds sha256:",
        ),
        (".labels/production/b.txt", b"x", "label", "its path is no label of a name"),
        (".labels/v3/a.label", b"x", "label", "its path is no label of a name"),
        (".labels/production/UP.label", b"x", "label", "its path is no label of a name"),
        (".labels/.includes/x.prompty", b"---\n---\nuser:\nx\n", "include", "holds sha256:"),
        (".labels/.includes/y", b"\xff", "include", ""),
    ],
)
def test_a_damaged_file(folder: Store, laid: Path, path: str, content: bytes, kind: str, what: str) -> None:
    """Each is found, of its kind and at its place; nothing else is."""
    place = laid / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    (problem,) = folder.fsck().problems
    assert (problem.kind, problem.place) == (kind, path)
    assert what in problem.what


def test_case_twins_made_by_hand(folder: Store, laid: Path, make: Make) -> None:
    """Only the name of the grammar is one; the twin is told."""
    shutil.copy(laid / "a.prompty", laid / "A.prompty")
    assert folder.names() == ("a",)
    assert problems(folder) == [("prompt", "A.prompty")]


def test_other_files_are_nobodys_business(folder: Store, laid: Path) -> None:
    """A README among the prompts, or git's own folder of a submodule."""
    (laid / "README.md").write_text("x")
    (laid / "notes").mkdir()
    (laid / "notes/.git").mkdir()
    (laid / "notes/.git/x.prompty").write_text("x")
    assert folder.names() == ("a",)
    assert folder.fsck().ok


@pytest.mark.parametrize("name", ["a.prompty", ".labels/production/a.label"])
@pytest.mark.parametrize("kind", ["pipe", "link", "nowhere", "folder", "huge"])
def test_what_is_no_plain_file_is_never_opened(folder: Store, laid: Path, tmp_path: Path, name: str, kind: str) -> None:
    """A pipe would wait for ever, a link would read any file of the machine, a bomb would fill the memory."""
    place = laid / name
    place.unlink()
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "link":
        (tmp_path / "secret").write_text("---\n---\nuser:\nsecret\n")
        place.symlink_to(tmp_path / "secret")
    elif kind == "nowhere":
        place.symlink_to(tmp_path / "nothing")
    elif kind == "folder":
        place.mkdir()
    else:
        with place.open("wb") as file:
            file.truncate(1 << 40)
    ref = "a@production" if name.endswith(".label") else "a"
    if kind == "folder":
        with pytest.raises(NotFound):
            folder.load(ref)
        return
    what = {"pipe": "is no plain file", "huge": "is larger than 8 MiB"}.get(kind, "is a link")
    with pytest.raises(StoreDamaged, match=rf"prompts/{name} {what}") as caught:
        folder.load(ref)
    assert caught.value.hint
    assert [problem.place for problem in folder.fsck().problems] == [name]


def test_a_file_that_may_not_be_read(folder: Store, laid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's words are told, for a file and for a folder."""
    system = os.lstat

    def refused(path: Any, **options: Any) -> os.stat_result:
        if str(path).endswith("a.prompty"):
            raise PermissionError(13, "Permission denied")
        return system(path, **options)

    monkeypatch.setattr(os, "lstat", refused)
    with pytest.raises(StoreError, match=r"prompts/a\.prompty cannot be read: Permission denied") as caught:
        folder.load("a")
    assert "check who owns it" in caught.value.hint
    assert problems(folder) == [("prompt", "a.prompty")]
    monkeypatch.undo()

    def closed(path: Path) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", closed)
    with pytest.raises(StoreError, match="prompts/ cannot be read: Permission denied"):
        folder.names()


def _folder_in_its_place(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _foreign(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mine (x)")
    connection.close()


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


def _noise(path: Path) -> None:
    path.write_bytes(bytes(random.Random(7).randbytes(8192)))


def _lost_rows(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM events WHERE id=1")
    connection.close()


def _other_digest(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE descriptions SET digest='sha256:' || substr(digest, 9) || '0'")
    connection.close()


def _dropped_table(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE names")
    connection.close()


DAMAGES = [
    _folder_in_its_place,
    _foreign,
    _cut,
    _emptied,
    _noise,
    _lost_rows,
    _other_digest,
    _dropped_table,
    Path.unlink,
]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("when", ["closed", "open"])
def test_a_damaged_index_changes_no_answer(
    filled: Store, make: Make, damage: Callable[[Path], None], when: str
) -> None:
    """Whether the store was open meanwhile or not; saving goes on too."""
    told = [filled.history(name) for name in ("a", "team/b")]
    if when == "closed":
        filled.close()
    damage(filled.path / "promptlib/index.sqlite")
    store = filled if when == "open" else Store(filled.path)
    assert [store.history(name) for name in ("a", "team/b")] == told
    assert store.load("a@v1") == make("one")
    assert store.load("a@production") == make("one")
    assert store.load(f"a#{make('two').digest[7:15]}") == make("two")
    assert store.save("a", make("four")).number == 3
    assert store.fsck().ok


def test_an_index_that_lies_is_found(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a row is sealed and says something else than its object."""
    filled.history("a")
    index = filled._history.index  # type: ignore[union-attr] # a bare store has a history
    told = index.descriptions

    def lying(blobs: Any) -> Any:
        return {blob: replace(found, description="lie") for blob, found in told(blobs).items()}

    monkeypatch.setattr(index, "descriptions", lying)
    found = [problem for problem in filled.fsck().problems if problem.kind == "index"]
    assert [problem.place for problem in found] == ["a v1", "a v2", "team/b v1"]
    assert found[0].what == "the index says something else than git"


def test_a_version_that_is_no_prompt(application: Path, tree: Store, make: Make, run: Run) -> None:
    """Somebody committed a broken file by hand: each way to it tells its place, other versions load."""
    tree.save("a", make("one"))
    path = application / "prompts/a.prompty"
    path.write_text("---\nmodel: [\n---\nuser:\nx\n")
    run(application, "commit", "-q", "-m", "Broken", "--", str(path))
    for ref in ("a", "a@latest", "a@v2"):
        with pytest.raises(PromptLibError) as caught:
            tree.load(ref)
        assert ":2:" in str(caught.value)
    assert tree.load("a@v1") == make("one")
    assert [version.digest for version in tree.history("a")] == [make("one").digest, ""]
    assert {kind for kind, _ in problems(tree)} == {"prompt", "version"}
    assert tree.revert("a", "v1").number == 3
    assert tree.load("a") == make("one")


def test_a_checkout_that_may_only_be_read(
    filled: Store, make: Make, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything is read; a save says that it cannot write, and nothing was made."""
    run(tmp_path, "clone", "-q", str(filled.path), "clone")
    system_access, system_open = os.access, os.open
    below = str(tmp_path / "clone")

    def access(path: Any, mode: int, **options: Any) -> bool:
        return system_access(path, mode, **options) and not (mode & os.W_OK and str(path).startswith(below))

    def opened(path: Any, flags: int, *rest: Any, **options: Any) -> int:
        if str(path).startswith(below) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            raise OSError(30, "Read-only file system", str(path))
        return system_open(path, flags, *rest, **options)

    def made(path: Path, *_: Any, **__: Any) -> None:
        raise OSError(30, "Read-only file system", str(path))

    monkeypatch.setattr(os, "access", access)
    monkeypatch.setattr(os, "open", opened)
    monkeypatch.setattr(Path, "mkdir", made)
    store = Store(tmp_path / "clone")
    assert store.load("a") == make("two")
    assert store.load("a@v1") == make("one")
    assert store.load("a@production") == make("one")
    assert [version.number for version in store.history("a")] == [1, 2]
    with pytest.raises(StoreReadOnly, match="cannot be written"):
        store.save("a", make("four"))
    assert not (tmp_path / "clone/.git/promptlib").exists()


@pytest.mark.parametrize("part", ["HEAD", "refs/heads/main"])
@pytest.mark.parametrize("content", [b"", b"garbage\n", b"0" * 39, b"\xff\xfe", b"ref: refs/heads/../../x"])
def test_a_damaged_ref_is_never_an_empty_store(filled: Store, make: Make, part: str, content: bytes) -> None:
    """To take it for a missing one would begin the history anew."""
    sound = (filled.path / part).read_bytes()
    (filled.path / part).write_bytes(content)
    for act in (lambda: filled.load("a"), filled.names, lambda: filled.save("a", make("new"))):
        with pytest.raises(PromptLibError):
            act()
    (filled.path / part).write_bytes(sound)
    assert [version.number for version in filled.history("a")] == [1, 2]
