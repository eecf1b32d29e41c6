"""A store as one file: it loads the same, refuses what it should, and is written whole."""

from __future__ import annotations

import io
import os
import random
import shutil
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptlib import Prompt, Store, system
from promptlib.bundle import pack
from promptlib.errors import NewerFormat, NotAStore, NotFound, StoreDamaged, StoreError, StoreReadOnly, Superseded
from promptlib.lockfile import Lock
from promptlib.store import putting
from promptlib.store.homes import Folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptlib.store import Exported


def save(store: Store, name: str, text: str, *included: str) -> None:
    """Save a prompt that includes the newest of other names."""
    aliases = {f"i{at}": store.load(f"{each}@latest") for at, each in enumerate(included)}
    body = "".join(f'{{% include "{alias}" %}}\n' for alias in aliases)
    store.save(name, Prompt.define(system(body + text) if body else system(text), includes=aliases))


@pytest.fixture
def shop(bare: Store) -> Store:
    """A store where what is live includes an older version of a prompt that includes another."""
    save(bare, "tone", "Be kind.")
    save(bare, "style", "Be brief.", "tone")
    save(bare, "support/triage", "Sort tickets.", "style")
    bare.label("support/triage", "production", "latest")
    save(bare, "tone", "Be frank.")
    save(bare, "style", "Be long.", "tone")
    save(bare, "support/triage", "Sort mails.", "style", "tone")
    save(bare, "faq", "Answer.")
    bare.label("faq", "next", "latest")
    return bare


@pytest.fixture
def exported(shop: Store, tmp_path: Path) -> Exported:
    """A bundle of it."""
    return shop.export_bundle(tmp_path / "prompts.bundle", versions=True)


def texts(store: Store, refs: list[str]) -> dict[str, tuple[str, str]]:
    """Return digest and rendered text by ref."""
    return {ref: (store.load(ref).digest, store.load(ref).render().text) for ref in refs}


REFS = ["tone", "style", "support/triage", "faq", "support/triage@production", "faq@next"]


def test_it_loads_what_the_store_loads(shop: Store, exported: Exported) -> None:
    with Store.open(exported.path) as bundle:
        assert bundle.names() == shop.names()
        assert bundle.names("sup") == ("support/triage",)
        assert texts(bundle, REFS) == texts(shop, REFS)
        by_digest = [f"{ref.partition('@')[0]}#{shop.load(ref).digest[7:15]}" for ref in REFS]
        assert texts(bundle, by_digest) == texts(shop, by_digest)
        origin = bundle.load("support/triage@production").render().provenance
        assert origin is not None
        assert (origin.name, origin.label, origin.version) == ("support/triage", "production", None)
        assert bundle.file("faq") == shop.file("faq")
        assert bundle.file("faq@next") == shop.file("faq@next")
        assert bundle.fsck().ok
        assert (bundle.fsck().prompts, bundle.fsck().labels) == (4, 2)
        assert bundle.check(locked=True).ok
        assert repr(bundle) == f"Store({str(exported.path)!r}, bundle)"


def test_what_was_written_is_told(shop: Store, exported: Exported) -> None:
    assert exported.size == exported.path.stat().st_size
    assert exported.digest.startswith("sha256:")
    assert set(exported.lock.prompts) == set(shop.names())
    assert set(exported.lock.labels) == {"support/triage@production", "faq@next"}
    assert sorted(exported.lock.includes.values()) == ["style", "style", "tone", "tone"]
    versions = sorted({(each.name, each.number, each.digest[7:]) for each in map(shop.version, REFS)})
    assert exported.versions == tuple(f"{name}@v{number}#{digest}" for name, number, digest in versions)
    assert len(versions) == 5
    assert exported.to_dict()["digest"] == exported.digest
    assert exported.to_dict()["includes"] == sorted(exported.lock.includes)


def test_numbers_and_history_are_not_there_and_that_is_said(exported: Exported, tmp_path: Path, shop: Store) -> None:
    plain = shop.export_bundle(tmp_path / "plain.bundle")
    with Store.open(exported.path) as bundle, Store.open(plain.path) as other:
        with pytest.raises(NotFound) as told:
            bundle.load("faq@v1")
        assert told.value.what == "faq@v1 is not here: this bundle has no history, only current files and labels"
        faq = bundle.load("faq").digest[7:15]
        assert told.value.hint == f"here are: faq, faq@next; v1 was faq#{faq} when it was exported"
        with pytest.raises(NotFound) as told:
            other.load("faq@v1")
        assert told.value.hint == "here are: faq, faq@next"
        with pytest.raises(NotFound, match="did you mean 'faq'"):
            other.load("fag@v1")
        with pytest.raises(NotFound) as told:
            bundle.history("faq")
        assert told.value.what == f"{exported.path} has no history: it is a bundle"


def test_of_a_shallow_clone_no_versions_are_told(shop: Store, tmp_path: Path, run: Callable[..., str]) -> None:
    run(tmp_path, "clone", "-q", "--bare", "--depth", "1", f"file://{shop.path}", "shallow.git")
    with Store.open(tmp_path / "shallow.git") as shallow:
        assert shallow.export_bundle(tmp_path / "x.bundle", "faq", versions=True).versions == ()


def test_it_cannot_be_written(exported: Exported) -> None:
    with Store.open(exported.path) as bundle:
        before = exported.path.read_bytes()
        for write in (
            lambda: bundle.save("faq", bundle.load("tone")),
            lambda: bundle.label("faq", "next", None),
            lambda: bundle.delete("faq"),
            bundle.maintain,
        ):
            with pytest.raises(StoreReadOnly) as told:
                write()
            assert told.value.what == f"{exported.path} cannot be written: it is a bundle"
            assert told.value.hint == "change the store that it was made of, and export it again"
        with pytest.raises(StoreReadOnly, match="a bundle has no folder that a lock could lie in"):
            bundle.lock()
        assert exported.path.read_bytes() == before


def test_the_same_files_give_the_same_bytes(
    shop: Store, exported: Exported, tmp_path: Path, run: Callable[..., str]
) -> None:
    data = exported.path.read_bytes()
    assert shop.export_bundle(tmp_path / "again.bundle", versions=True).digest == exported.digest
    assert (tmp_path / "again.bundle").read_bytes() == data
    run(tmp_path, "clone", "-q", "--bare", str(shop.path), "copy.git")
    environment = os.environ | {"LC_ALL": "C", "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7"}
    command = (
        "import sys; from promptlib import Store; Store.open(sys.argv[1]).export_bundle(sys.argv[2], versions=True)"
    )
    made = tmp_path / "copy.bundle"
    subprocess.run([sys.executable, "-c", command, tmp_path / "copy.git", made], env=environment, check=True)
    assert made.read_bytes() == data
    # A bundle of the bundle's own files, of a plain folder and of a checkout are that bundle, but for the versions.
    plain = shop.export_bundle(tmp_path / "plain.bundle")
    with Store.open(exported.path) as bundle:
        assert bundle.export_bundle(tmp_path / "third.bundle").digest == plain.digest


def test_only_some_names_or_only_what_is_live(shop: Store, tmp_path: Path) -> None:
    some = shop.export_bundle(tmp_path / "some.bundle", "support/triage")
    with Store.open(some.path) as bundle:
        assert bundle.names() == ("support/triage",)
        refs = ["support/triage", "support/triage@production"]
        assert texts(bundle, refs) == texts(shop, refs)
    live = shop.export_bundle(tmp_path / "live.bundle", labels_only=True)
    with Store.open(live.path) as bundle:
        assert bundle.names() == ()
        assert texts(bundle, ["support/triage@production", "faq@next"]) == texts(
            shop, ["support/triage@production", "faq@next"]
        )
        # A name that has only labels loads by digest too.
        digest = shop.load("support/triage@production").digest[7:15]
        assert bundle.load(f"support/triage#{digest}") == shop.load("support/triage@production")
        assert bundle.file(f"support/triage#{digest}") == shop.file("support/triage@production")
        with pytest.raises(NotFound, match=r"no prompt 'faq' here\nit has no file, but labels: faq@next"):
            bundle.load("faq")
        with pytest.raises(NotFound, match="here are: faq@next"):
            bundle.load("faq@v1")
        assert bundle.check(locked=True).ok
        shutil.copy(live.path, tmp_path / "copy.bundle")
    assert shop.export_bundle(tmp_path / "one.bundle", "faq", labels_only=True).lock.labels.keys() == {"faq@next"}
    with pytest.raises(NotFound, match="did you mean 'faq'"):
        shop.export_bundle(tmp_path / "none.bundle", "fag")
    assert not (tmp_path / "none.bundle").exists()


def test_an_application_s_files_on_disk_are_what_goes_in(tree: Store, tmp_path: Path) -> None:
    save(tree, "tone", "Be kind.")
    save(tree, "faq", "Answer.", "tone")
    save(tree, "tone", "Be frank.")
    file = Path(tree.path) / "prompts/tone.prompty"
    file.write_text(file.read_text().replace("frank", "rude"))
    made = tree.export_bundle(tmp_path / "x.bundle", versions=True)
    with Store.open(made.path) as bundle:
        assert bundle.load("tone").render().text.strip() == "Be rude."
        assert bundle.load("faq").render().text == tree.load("faq").render().text
    # What was edited has no version.
    assert [ref.partition("#")[0] for ref in made.versions] == ["faq@v1"]


def test_what_cannot_be_loaded_is_not_exported(shop: Store, tmp_path: Path, exported: Exported) -> None:
    with Store.open(exported.path) as bundle:
        folder = tmp_path / "folder" / "prompts"
        for name in bundle._reading().files.walk():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(bundle._reading().files.read(name) or b"")
    place = tmp_path / "new.bundle"
    with Store.open(tmp_path / "folder") as store:
        assert store.export_bundle(place).lock == exported.lock
        before = place.read_bytes()
        held = folder / ".labels/next/faq.label"
        held.write_bytes(held.read_bytes().replace(b"Answer", b"Answor"))
        with pytest.raises(StoreDamaged, match="does not hold what its first line says"):
            store.export_bundle(place)
        held.unlink()
        (folder / "faq.prompty").write_text("---\n---\nuser:\n{{ unknown }}\n")
        with pytest.raises(Exception, match="undeclared variable 'unknown'"):
            store.export_bundle(place)
        (folder / "faq.prompty").unlink()
        for path in folder.glob(".labels/.includes/*"):
            path.unlink()
        with pytest.raises(NotFound) as told:
            store.export_bundle(place)
        assert "is not in this store" in told.value.what
        assert told.value.hint == "promptlib check tells which prompts cannot be loaded"
        assert place.read_bytes() == before


def test_a_file_that_goes_while_it_is_read_is_told(
    shop: Store, exported: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "f/prompts").mkdir(parents=True)
    (tmp_path / "f/prompts/faq.prompty").write_text("---\n---\nuser:\nHi\n")
    with Store.open(tmp_path / "f") as store:
        monkeypatch.setattr(Folder, "read", lambda *_: None)
        with pytest.raises(StoreError, match=r"prompts/faq\.prompty has just gone"):
            store.export_bundle(tmp_path / "x.bundle")


def test_a_full_disk_leaves_the_old_bundle(shop: Store, exported: Exported, monkeypatch: pytest.MonkeyPatch) -> None:
    before = exported.path.read_bytes()
    save(shop, "faq", "Answer at length.")
    written = 0

    def full(temporary: str, parts: list[bytes], mode: int | None) -> None:
        nonlocal written
        written += 1
        Path(temporary).write_bytes(parts[0])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(putting, "_write", full)
    with pytest.raises(StoreError, match="cannot be written: No space left on device"):
        shop.export_bundle(exported.path)
    assert written == 1
    assert exported.path.read_bytes() == before
    assert [path.name for path in exported.path.parent.glob(".*")] == []


KILLED = """
import os, sys
from promptlib import Store
calls = int(sys.argv[3])
def counting(event, arguments):
    global calls
    if event in {"open", "os.rename"} and "x.bundle" in str(arguments[0]):
        calls -= 1
        if calls < 0:
            os.kill(os.getpid(), 9)
store = Store.open(sys.argv[1])
sys.addaudithook(counting)
store.export_bundle(sys.argv[2])
"""


def test_a_killed_export_leaves_the_old_bundle_or_the_new_one(shop: Store, tmp_path: Path) -> None:
    place = tmp_path / "x.bundle"
    old = shop.export_bundle(place, "faq").path.read_bytes()
    ends = []
    for calls in range(3):
        place.write_bytes(old)
        done = subprocess.run([sys.executable, "-c", KILLED, str(shop.path), str(place), str(calls)], check=False)
        ends.append((done.returncode, place.read_bytes() == old))
        with Store.open(place) as bundle:
            assert bundle.fsck().ok
    assert ends == [(-9, True), (-9, True), (0, False)]


def test_no_git_is_needed(exported: Exported, tmp_path: Path) -> None:
    command = (
        "import sys; from promptlib import Store; store = Store.open(sys.argv[1])\n"
        "print(store.load('support/triage@production').render().text)\n"
        "print(sorted(name for name in sys.modules if name in {'sqlite3', 'subprocess', 'filelock'}))"
    )
    run = [sys.executable, "-c", command, str(exported.path)]
    done = subprocess.run(run, env=os.environ | {"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert "Sort tickets." in done.stdout


def test_threads_and_processes_read_one_bundle(exported: Exported) -> None:
    with Store.open(exported.path) as bundle:
        wanted = texts(bundle, REFS)
        with ThreadPoolExecutor(8) as pool:
            assert all(found == wanted for found in pool.map(lambda _: texts(bundle, REFS), range(40)))
        child = os.fork()
        if child == 0:
            os._exit(0 if texts(bundle, REFS) == wanted else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert texts(bundle, REFS) == wanted


def test_opening_reads_the_directory_and_a_load_its_own_entries(
    bare: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"team{at % 20}/task{at}.prompty": f"---\n---\nuser:\nTask {at}\n".encode() for at in range(10_000)}
    place = tmp_path / "large.bundle"
    place.write_bytes(b"".join(pack(files)))
    reads: list[int] = []
    pread = os.pread

    def counting(handle: int, size: int, offset: int) -> bytes:
        reads.append(size)
        return pread(handle, size, offset)

    monkeypatch.setattr(os, "pread", counting)
    with Store.open(place) as store:
        contents = sum(map(len, files.values()))
        assert len(reads) == 2
        assert sum(reads) == place.stat().st_size - contents
        assert len(store.names()) == 10_000
        assert len(reads) == 2
        assert store.load("team7/task4007").render().text.strip() == "Task 4007"
        assert reads[2:] == [len(files["team7/task4007.prompty"])]
        assert store.load("team7/task4007")
        assert len(reads) == 3


def test_a_package_may_carry_a_bundle(exported: Exported, tmp_path: Path, shop: Store) -> None:
    folder = tmp_path / "lib" / "bundled"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    shutil.copy(exported.path, folder / "prompts.bundle")
    with zipfile.ZipFile(tmp_path / "zipped.zip", "w") as archive:
        archive.writestr("zipped/__init__.py", "")
        archive.write(exported.path, "zipped/prompts.bundle")
    sys.path[:0] = [str(tmp_path / "lib"), str(tmp_path / "zipped.zip")]
    try:
        for package in ("bundled", "zipped"):
            with Store.package(package, "prompts.bundle") as store:
                assert texts(store, REFS) == texts(shop, REFS)
                assert store.load("faq") == shop.load("faq")
        with pytest.raises(NotFound, match=r"has no folder 'no\.bundle'"):
            Store.package("bundled", "no.bundle")
    finally:
        del sys.path[:2]


def test_a_file_that_is_no_bundle_is_no_store(tmp_path: Path, exported: Exported) -> None:
    (tmp_path / "text").write_text("text\n")
    with pytest.raises(NotAStore, match="is a file and no bundle"):
        Store.open(tmp_path / "text")
    (tmp_path / "newer").write_bytes(exported.path.read_bytes().replace(b"bundle 1", b"bundle 2", 1))
    with pytest.raises(NewerFormat):
        Store.open(tmp_path / "newer")


def flips(data: bytes, places: range | list[int], folder: Path) -> None:
    """Flip a bit at each of *places*: opening and loading everything refuses it."""
    place = folder / "flipped.bundle"
    chance = random.Random(1)
    for at in places:
        flipped = bytearray(data)
        flipped[at] ^= 1 << chance.randrange(8)
        place.write_bytes(flipped)
        try:
            with Store.open(place) as store:
                problems = store.fsck().problems
        except (StoreDamaged, NewerFormat):
            continue
        assert any("does not have the digest that its directory says" in each.what for each in problems), at


def test_flipped_bits_are_refused(exported: Exported, tmp_path: Path) -> None:
    data = exported.path.read_bytes()
    flips(data, random.Random(3).sample(range(len(data)), 40), tmp_path)


@pytest.mark.soak
def test_every_flipped_byte_is_refused(exported: Exported, tmp_path: Path) -> None:
    data = exported.path.read_bytes()
    flips(data, range(len(data)), tmp_path)


NAMES = ("a", "b/c", "d-e", "f.g")
operations = st.lists(
    st.tuples(
        st.sampled_from(["save", "save", "label", "delete"]), st.sampled_from(NAMES), st.integers(0, 5),
        st.sampled_from(["production", "next"]), st.sets(st.sampled_from(NAMES), max_size=2),
    ),
    min_size=1, max_size=10,
)  # fmt: skip


@settings(max_examples=15)
@given(steps=operations)
def test_a_bundle_of_any_store_loads_the_same(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, int, str, set[str]]]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    with Store.init(folder / "s.git", bare=True, durability="none") as store:
        for what, name, number, label, included in steps:
            here = name in store.names()
            if what == "save":
                others = [each for each in sorted(included) if each in store.names() and each != name]
                saved(store, name, f"Text {number}", others)
            elif here and what == "label":
                store.label(name, label, "latest")
            elif here:
                store.delete(name)
        made = store.export_bundle(folder / "x.bundle")
        refs = [*store.names(), *(f"{name}@{label}" for name, label in labelled(store))]
        with Store.open(made.path) as bundle:
            assert bundle.names() == store.names()
            assert texts(bundle, refs) == texts(store, refs)
            assert bundle.check(locked=True).ok
            assert bundle.export_bundle(folder / "y.bundle").digest == made.digest
            lock = bundle._reading().files.read("promptlib.lock") or b""
            assert Lock.parse(lock.decode()) == made.lock == store.lock(path=folder / "z.lock")


def saved(store: Store, name: str, text: str, included: list[str]) -> None:
    """Save a prompt; an older content becomes the newest again."""
    try:
        save(store, name, text, *included)
    except Superseded:
        aliases = {f"i{at}": store.load(f"{each}@latest") for at, each in enumerate(included)}
        body = "".join(f'{{% include "{alias}" %}}\n' for alias in aliases)
        store.revert(name, Prompt.define(system(body + text), includes=aliases).digest)


def labelled(store: Store) -> list[tuple[str, str]]:
    from promptlib.store.locking import labels_in

    return labels_in(store._reading().files)


def test_the_page_s_ten_lines_unpack_it(exported: Exported) -> None:
    """Who has no promptlib reads it with the standard library: see the page on the form."""
    file = io.BytesIO(exported.path.read_bytes())
    file.readline()
    length = int(file.readline().split()[1])
    rows = [row.split(" ", 2) for row in file.read(length).decode().splitlines()]
    found = {path: file.read(int(size)) for _, size, path in rows}
    assert file.read() == b""
    with Store.open(exported.path) as bundle:
        assert found == {path: bundle._reading().files.read(path) for path in found}
