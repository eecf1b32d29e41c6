"""A lock is written whole, stays as it is, and names all that differs from it later."""

from __future__ import annotations

import builtins
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Prompt, Store, system, user
from promptlib.errors import (
    BadRef,
    InvalidPrompt,
    NewerFormat,
    NotFound,
    StoreDamaged,
    StoreError,
    StoreReadOnly,
)
from promptlib.lockfile import LARGEST, Lock
from promptlib.store import putting

if TYPE_CHECKING:
    from collections.abc import Callable


def styled(store: Store, text: str) -> Prompt[Any]:
    """Return a prompt that includes the newest `style`."""
    return Prompt.define(system('{% include "style" %}'), user(text), includes={"style": store.load("style@latest")})


@pytest.fixture
def shop(tree: Store) -> Store:
    """An application's store: style, faq that includes it and is in production, and plain."""
    tree.save("style", Prompt.define(system("Be kind.")))
    tree.label("faq", "production", tree.save("faq", styled(tree, "Why?")))
    tree.save("plain", Prompt.define(user("Plain.")))
    return tree


def place(store: Store) -> Path:
    return Path(store.path) / "prompts" / "promptlib.lock"


def short(store: Store, ref: str) -> str:
    return store.load(ref).digest[7:15]


def test_it_holds_every_name_label_and_include(shop: Store) -> None:
    lock = shop.lock()
    assert set(lock.prompts) == {"faq", "plain", "style"}
    assert dict(lock.labels) == {"faq@production": shop.load("faq").digest}
    assert dict(lock.includes) == {shop.load("style").digest: "style"}
    assert place(shop).read_text() == lock.to_text()
    assert Lock.parse(place(shop).read_text()) == lock
    assert shop.check(locked=True).ok
    assert shop.check(locked=True).drifts == ()


def test_written_again_it_is_not_touched(shop: Store) -> None:
    shop.lock()
    before = place(shop).stat()
    assert shop.lock().to_text() == place(shop).read_text()
    assert (place(shop).stat().st_mtime_ns, place(shop).stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    place(shop).chmod(0o640)
    shop.save("plain", Prompt.define(user("Plainer.")))
    shop.lock()
    assert stat.S_IMODE(place(shop).stat().st_mode) == 0o640
    assert place(shop).stat().st_ino != before.st_ino


def test_it_says_the_same_wherever_the_files_lie(shop: Store, tmp_path: Path, run: Callable[..., str]) -> None:
    text = shop.lock().to_text()
    run(Path(shop.path), "add", ".")
    run(Path(shop.path), "commit", "-qm", "Lock")
    run(tmp_path, "clone", "-q", "--depth", "1", f"file://{shop.path}", "shallow")
    shutil.copytree(Path(shop.path) / "prompts", tmp_path / "image" / "prompts")
    (tmp_path / "carrier").mkdir()
    (tmp_path / "carrier/__init__.py").write_text("")
    shutil.copytree(Path(shop.path) / "prompts", tmp_path / "carrier" / "prompts")
    sys.path.insert(0, str(tmp_path))
    try:
        for store in (Store.open(tmp_path / "shallow"), Store.open(tmp_path / "image"), Store.package("carrier")):
            with store:
                assert store.check(locked=True).ok
                assert store.lock(path=tmp_path / "other.lock").to_text() == text
                assert (tmp_path / "other.lock").read_text() == text
    finally:
        sys.path.remove(str(tmp_path))
    with Store.open(tmp_path / "image") as image:
        assert image.lock().to_text() == text


def test_a_bare_store_says_where_it_could_lie(bare: Store, tmp_path: Path) -> None:
    bare.label("faq", "production", bare.save("faq", Prompt.define(user("Why?"))))
    with pytest.raises(StoreReadOnly) as told:
        bare.lock()
    assert told.value.what == "a bare store has no folder that a lock could lie in"
    assert told.value.hint == "say where: promptlib lock -o FILE; and then: promptlib check --locked --lock FILE"
    bare.lock(path=tmp_path / "app.lock")
    assert bare.check(locked=tmp_path / "app.lock").ok
    bare.save("faq", Prompt.define(user("Why not?")))
    (drift,) = bare.check(locked=str(tmp_path / "app.lock")).drifts
    assert drift.remedy == f"go back: promptlib revert faq '#{drift.expected[7:15]}'; accept it: promptlib lock"
    with pytest.raises(NotFound, match=r"no lock here: promptlib\.lock"):
        bare.check(locked=True)


def test_every_drift_is_named_with_what_to_type(shop: Store, run: Callable[..., str]) -> None:
    shop.lock()
    faq, plain = short(shop, "faq"), short(shop, "plain")
    shop.save("style", Prompt.define(system("Be brief.")))
    shop.save("faq", styled(shop, "Why?"))
    shop.label("faq", "production", "latest")
    shop.label("faq", "next", "latest")
    shop.delete("plain")
    shop.save("new", Prompt.define(user("New.")))
    checked = shop.check(locked=True)
    assert not checked.ok
    now = short(shop, "faq")
    old, style = (short(shop, f"style@v{number}") for number in (1, 2))
    accept = "accept it: promptlib lock"
    assert [(str(each), each.remedy) for each in checked.drifts] == [
        (
            f"prompt faq: locked as sha256:{faq}, found: sha256:{now}",
            f"go back: promptlib revert faq '#{faq}'; {accept}",
        ),
        (f"prompt new: is not in the lock; found: sha256:{short(shop, 'new')}", accept),
        (
            f"prompt plain: locked as sha256:{plain}, found: nothing",
            f"go back: promptlib revert plain '#{plain}'; {accept}",
        ),
        (
            f"prompt style: locked as sha256:{old}, found: sha256:{style}",
            f"go back: promptlib revert style '#{old}'; {accept}",
        ),
        (f"label faq@next: is not in the lock; found: sha256:{now}", accept),
        (
            f"label faq@production: locked as sha256:{faq}, found: sha256:{now}",
            f"go back: promptlib label faq production '#{faq}'; {accept}",
        ),
        (f"include style#{old}: locked as sha256:{old}, found: nothing", accept),
        (f"include style#{style}: is not in the lock; found: sha256:{style}", accept),
    ]
    # What it says to type works.
    shop.revert("faq", f"#{faq}")
    shop.revert("plain", f"#{plain}")
    shop.revert("style", f"#{old}")
    shop.label("faq", "production", f"#{faq}")
    shop.label("faq", "next", None)
    shop.delete("new")
    assert shop.check(locked=True).drifts == ()


def test_an_edit_on_disk_is_a_drift_and_git_brings_it_back(shop: Store, run: Callable[..., str]) -> None:
    shop.lock()
    folder = Path(shop.path)
    (folder / "prompts/plain.prompty").write_text("---\n---\nuser:\nEdited.\n")
    (folder / "prompts/faq.prompty").unlink()
    by_name = {each.what: each for each in shop.check(locked=True).drifts}
    assert set(by_name) == {"plain", "faq"}
    for name, drift in by_name.items():
        path = f"prompts/{name}.prompty"
        assert drift.remedy == (
            f"look: git diff HEAD -- {path}; go back: git restore --staged --worktree {path}; accept it: promptlib lock"
        )
        run(folder, *drift.remedy.partition("go back: git ")[2].partition(";")[0].split())
    assert shop.check(locked=True).drifts == ()


def test_what_cannot_be_read_is_a_drift(shop: Store) -> None:
    shop.lock()
    folder = Path(shop.path) / "prompts"
    (folder / "plain.prompty").write_text("---\n---\nuser:\n{{ unknown }}\n")
    label = folder / ".labels/production/faq.label"
    label.write_bytes(label.read_bytes().replace(b"Why?", b"Who?"))
    for path in folder.glob(".labels/.includes/*"):
        path.unlink()
    (folder / "style.prompty").write_text("---\n---\nsystem:\nOther.\n")
    checked = shop.check(locked=True)
    told = {each.what: each.told for each in checked.drifts}
    assert (
        told["plain"]
        == f"locked as sha256:{short(shop, 'plain@latest')}, cannot be read: undeclared variable 'unknown'"
    )
    assert "does not hold what its first line says" in told["faq@production"]
    assert {each.what for each in checked.unreadable} == {"plain", "faq@production"}
    before = place(shop).read_bytes()
    with pytest.raises(InvalidPrompt) as raised:
        shop.lock()
    assert len(raised.value.others) == 1
    assert place(shop).read_bytes() == before


def test_a_broken_include_is_a_drift(shop: Store, tmp_path: Path) -> None:
    shop.lock()
    shutil.copytree(Path(shop.path) / "prompts", tmp_path / "image" / "prompts")
    with Store.open(tmp_path / "image") as image:
        assert image.check(locked=True).ok
        (tmp_path / "image/prompts/style.prompty").write_text("---\n---\nsystem:\nOther.\n")
        for path in (tmp_path / "image/prompts/.labels/.includes").glob("*"):
            path.unlink()
        told = {each.what: each.told for each in image.check(locked=True).drifts}
        assert "is not in this store" in told["faq"]
        assert "is not in this store" in told["faq@production"]
        assert {each.remedy for each in image.check(locked=True).drifts} == {"accept it: promptlib lock"}


def test_no_git_is_needed_to_tell_a_drift(shop: Store, tmp_path: Path) -> None:
    shop.lock()
    run = subprocess.run(["git", "gc", "-q"], cwd=shop.path, check=True)
    assert run.returncode == 0
    (Path(shop.path) / "prompts/plain.prompty").write_text("---\n---\nuser:\nEdited.\n")
    command = (
        "import sys; from promptlib import Store; found = Store.open(sys.argv[1]).check(locked=True)\n"
        "print([(each.what, each.remedy) for each in found.drifts], *found.unknown, sep='\\n')"
    )
    for path in Path(shop.path).glob(".git/promptlib/*"):
        path.unlink()
    done = subprocess.run(
        [sys.executable, "-c", command, str(shop.path)],
        env=os.environ | {"PATH": str(tmp_path / "nothing")}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    drifts, unknown = done.stdout.splitlines()
    assert drifts == "[('plain', 'accept it: promptlib lock')]"
    assert unknown.startswith("whether labels are versions: ")
    assert "git" in unknown


def test_only_labels_or_only_some_names(shop: Store) -> None:
    shop.lock("faq")
    shop.save("plain", Prompt.define(user("Plainer.")))
    assert shop.check(locked=True).ok
    shop.save("faq", styled(shop, "What?"))
    (drift, *_) = shop.check(locked=True).drifts
    assert drift.remedy.endswith("accept it: promptlib lock faq")
    lock = shop.lock(labels_only=True)
    assert (lock.prompts, len(lock.labels), len(lock.includes)) == ({}, 1, 1)
    shop.save("faq", styled(shop, "Where?"))
    assert shop.check(locked=True).ok
    shop.label("faq", "production", "latest")
    (drift,) = shop.check(locked=True).drifts
    assert (drift.kind, drift.what) == ("label", "faq@production")
    assert drift.remedy.endswith("accept it: promptlib lock --labels-only")
    shop.lock("faq", labels_only=True)
    shop.label("plain", "production", "latest")
    assert shop.check(locked=True).ok


def test_a_name_that_is_not_there_is_told(shop: Store) -> None:
    with pytest.raises(NotFound, match="no prompt 'fag' here"):
        shop.lock("fag")
    with pytest.raises(BadRef):
        shop.lock("No Name")
    assert not place(shop).exists()
    # A name that has only a label is there.
    shop.delete("plain")
    with pytest.raises(NotFound, match="plain was deleted"):
        shop.lock("plain")


def test_without_a_lock_it_says_how_to_write_one(shop: Store, tmp_path: Path) -> None:
    with pytest.raises(NotFound) as told:
        shop.check(locked=True)
    assert (told.value.what, told.value.hint) == ("no lock here: prompts/promptlib.lock", "write one: promptlib lock")
    with pytest.raises(NotFound) as told:
        shop.check(locked=tmp_path / "no" / "x.lock")
    assert told.value.hint == f"write one: promptlib lock -o {tmp_path / 'no' / 'x.lock'}"


def test_a_lock_that_is_none_is_told(shop: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place(shop).write_text("promptlib-lock = 2\n")
    with pytest.raises(NewerFormat, match=r"prompts/promptlib\.lock is a lock of format 2"):
        shop.check(locked=True)
    place(shop).write_bytes(b"promptlib-lock = 1\n\n\xff\n")
    with pytest.raises(StoreDamaged, match="line 3 is no UTF-8"):
        shop.check(locked=True)
    with pytest.raises(StoreError, match="cannot be read: Is a directory"):
        shop.check(locked=tmp_path)
    large = tmp_path / "large.lock"
    with large.open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(StoreDamaged, match="larger than 64 MiB"):
        shop.check(locked=large)


def test_two_branches_that_lock_other_names_merge(shop: Store, run: Callable[..., str]) -> None:
    folder = Path(shop.path)
    for name in ("a", "m", "z"):
        shop.save(name, Prompt.define(user(name)))
    shop.lock()
    run(folder, "add", "prompts")
    run(folder, "commit", "-qm", "Lock")
    run(folder, "checkout", "-q", "-b", "side")
    shop.save("a", Prompt.define(user("a on the side")))
    shop.lock()
    run(folder, "commit", "-qam", "a")
    run(folder, "checkout", "-q", "main")
    shop.save("z", Prompt.define(user("z here")))
    shop.lock()
    run(folder, "commit", "-qam", "z")
    run(folder, "merge", "-q", "--no-edit", "side")
    assert shop.check(locked=True).ok


# --- whole or not at all ----------------------------------------------------------------------------------------------


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".promptlib.lock")]


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_the_old_file(shop: Store, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    shop.lock()
    before = place(shop).read_bytes()
    shop.save("plain", Prompt.define(user("Plainer.")))

    def full(*_: Any) -> Any:
        raise OSError(28, "No space left on device")

    if call == "write":
        monkeypatch.setattr(putting, "_write", full)
    else:
        monkeypatch.setattr(os, call, full)
    with pytest.raises(StoreError) as told:
        shop.lock()
    assert told.value.what == f"{place(shop)} cannot be written: No space left on device"
    assert told.value.hint == "what was there before is as it was"
    monkeypatch.undo()
    assert place(shop).read_bytes() == before
    assert leftovers(place(shop).parent) == []


def test_an_interrupt_leaves_the_old_file_and_no_other(shop: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        shop.lock()
    assert leftovers(place(shop).parent) == []
    assert not place(shop).exists()


def test_where_nothing_may_be_written_it_says_so(shop: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for error in (PermissionError(13, "Permission denied"), OSError(30, "Read-only file system")):

        def refuse(*_: Any, error: OSError = error, **__: Any) -> Any:
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(builtins, "open", refuse)
            with pytest.raises(StoreReadOnly, match="cannot be written"):
                putting.put_whole(place(shop), (b"x",))
    with pytest.raises(StoreError, match="No such file or directory"):
        shop.lock(path=place(shop).parent / "no" / "folder.lock")


def test_a_folder_that_cannot_be_synced_is_no_reason_to_fail(shop: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: str) -> None:
        raise PermissionError

    monkeypatch.setattr(putting, "_sync_folder", refuse)
    shop.lock()
    assert shop.check(locked=True).ok


def test_a_link_is_followed(shop: Store, tmp_path: Path) -> None:
    (tmp_path / "link.lock").symlink_to(tmp_path / "real.lock")
    shop.lock(path=tmp_path / "link.lock")
    assert (tmp_path / "link.lock").is_symlink()
    assert shop.check(locked=tmp_path / "real.lock").ok


KILLED = """
import os, sys
from promptlib import Store
calls = int(sys.argv[2])
def counting(event, arguments):
    global calls
    if event in {"open", "os.rename", "os.remove"} and "promptlib.lock" in str(arguments[0]):
        calls -= 1
        if calls < 0:
            os.kill(os.getpid(), 9)
store = Store.open(sys.argv[1])
sys.addaudithook(counting)
store.lock()
"""


def test_a_killed_writer_leaves_the_old_file_or_the_new_one(shop: Store) -> None:
    shop.lock()
    before = place(shop).read_bytes()
    shop.save("plain", Prompt.define(user("Plainer.")))
    ends = []
    for calls in range(4):
        place(shop).write_bytes(before)
        done = subprocess.run([sys.executable, "-c", KILLED, str(shop.path), str(calls)], check=False)
        ends.append((done.returncode, place(shop).read_bytes() == before))
        assert done.returncode in {0, -9}
        assert place(shop).read_bytes() == before or shop.check(locked=True).ok
    assert ends[0] == (-9, True)
    assert (0, False) in ends
    assert shop.lock().prompts
    assert shop.check(locked=True).ok


def test_what_no_history_knows_has_no_way_back(shop: Store) -> None:
    shop.lock()
    text = place(shop).read_text()
    place(shop).write_text(text.replace(shop.load("plain").digest, f"sha256:{'ab' * 32}"))
    (drift,) = shop.check(locked=True).drifts
    assert (drift.what, drift.expected[:15], drift.remedy) == ("plain", "sha256:abababab", "accept it: promptlib lock")
