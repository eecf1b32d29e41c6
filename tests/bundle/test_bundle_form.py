"""The form of a bundle: the same bytes for the same files, and nothing read of one that says something wrong."""

from __future__ import annotations

import gc
import os
import random
import threading
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptlib.bundle import Bundle, pack
from promptlib.bundle.container import FIRST, HEAD, LARGEST_DIRECTORY, LARGEST_ENTRY, head_of
from promptlib.errors import NewerFormat, NotAStore, StoreDamaged, StoreError

if TYPE_CHECKING:
    from pathlib import Path

FILES = {"b/c.prompty": b"two\n", "a.prompty": b"one\n", ".labels/x/a.label": b"", "b.prompty": b"\x00\xff" * 40}
segments = st.text("aAzZ09._-", min_size=1, max_size=6).filter(lambda text: text not in {".", ".."})
paths = st.lists(segments, min_size=1, max_size=4).map("/".join)
files = st.dictionaries(paths, st.binary(max_size=60), max_size=8)


def packed(entries: dict[str, bytes]) -> bytes:
    return b"".join(pack(entries))


def test_the_form_is_what_the_page_says() -> None:
    lines = [f"{sha256(FILES[path]).hexdigest()} {len(FILES[path])} {path}\n" for path in sorted(FILES)]
    directory = "".join(lines).encode()
    head = f"promptlib-bundle 1\n{sha256(directory).hexdigest()} {len(directory):012}\n".encode()
    assert packed(FILES) == head + directory + b"".join(FILES[path] for path in sorted(FILES))
    assert Bundle.of(packed(FILES), "x").digest == f"sha256:{sha256(directory).hexdigest()}"


@settings(max_examples=40)
@given(files, st.randoms(use_true_random=False))
def test_it_holds_the_files_whatever_their_order_was(entries: dict[str, bytes], chance: random.Random) -> None:
    shuffled = list(entries.items())
    chance.shuffle(shuffled)
    data = packed(dict(shuffled))
    assert data == packed(entries)
    bundle = Bundle.of(data, "x")
    assert {path: bundle.read(path) for path in bundle.walk()} == entries
    assert list(bundle.walk()) == sorted(entries)
    for below in {"", *(f"{path.rpartition('/')[0]}/" for path in entries if "/" in path), "no/"}:
        assert list(bundle.walk(below)) == sorted(path for path in entries if path.startswith(below))
        inside = [path.removeprefix(below) for path in sorted(entries) if path.startswith(below)]
        assert set(bundle.folders(below)) == {path.split("/")[0] for path in inside if "/" in path}
        assert len(bundle.folders(below)) == len(set(bundle.folders(below)))
    assert bundle.read("not/there") is None
    assert bundle.key("not/there") is None
    assert all(bundle.key(path) == sha256(content).hexdigest() for path, content in entries.items())


def loaded(data: bytes) -> dict[str, bytes | None]:
    """Open a bundle and read all of it."""
    bundle = Bundle.of(data, "x.bundle")
    return {path: bundle.read(path) for path in bundle.walk()}


def test_a_flipped_bit_anywhere_is_refused() -> None:
    data = packed(FILES)
    chance = random.Random(6)
    for at in range(len(data)):
        flipped = bytearray(data)
        flipped[at] ^= 1 << chance.randrange(8)
        with pytest.raises((StoreDamaged, NewerFormat)) as told:
            loaded(bytes(flipped))
        assert told.value.what.startswith("x.bundle is ")


def test_the_entry_whose_content_changed_is_named_and_the_others_can_be_read() -> None:
    data = packed(FILES)
    bundle = Bundle.of(data.replace(b"two\n", b"twp\n"), "x.bundle")
    assert bundle.read("a.prompty") == b"one\n"
    with pytest.raises(StoreDamaged) as told:
        bundle.read("b/c.prompty")
    assert told.value.what == "x.bundle is damaged: b/c.prompty does not have the digest that its directory says"
    assert told.value.hint == "copy it again, or export it again: promptlib export bundle"


def test_a_bundle_cut_anywhere_or_with_more_behind_it_is_refused() -> None:
    data = packed(FILES)
    for at in range(len(data)):
        with pytest.raises((StoreDamaged, NotAStore)):
            Bundle.of(data[:at], "x")
    with pytest.raises(StoreDamaged, match=r"it has [0-9,]+ bytes, and its directory tells of [0-9,]+"):
        Bundle.of(data + b"\n", "x")


def forged(*lines: str, contents: bytes = b"") -> bytes:
    """Return a bundle whose directory is these lines, with the digest that fits it."""
    directory = "".join(lines).encode("latin-1")
    return head_of(directory) + directory + contents


def line(path: str, size: int | str = 0, digest: str = "0" * 64) -> str:
    return f"{digest} {size} {path}\n"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([line("../a")], "line 3 is no entry"),
        ([line("a/../b")], "line 3 is no entry"),
        ([line("/etc/passwd")], "line 3 is no entry"),
        ([line("a//b")], "line 3 is no entry"),
        ([line("a/.")], "line 3 is no entry"),
        ([line(".")], "line 3 is no entry"),
        ([line("a\\b")], "line 3 is no entry"),
        ([line("a b")], "line 3 is no entry"),
        ([line("a\0b")], "line 3 is no entry"),
        ([line("\x1b[2J")], r"line 3 is no entry: '0{64} 0 \\x1b[2J'"),
        ([line("\xe9")], "line 3 is no entry"),
        ([line("a" * 256)], "line 3 is no entry"),
        ([line("a"), line("a")], "a stands there twice"),
        ([line("b"), line("a")], "a stands after b"),
        ([line("a"), "rest"], "line 4 is no entry"),
        ([line("a", "007")], "line 3 is no entry"),
        ([line("a", "-1")], "line 3 is no entry"),
        ([line("a", LARGEST_ENTRY + 1)], "a is larger than 8 MiB"),
        ([line("a", 99_999_999_999)], "line 3 is no entry"),
        ([line("a", 5)], "its directory tells of"),
        ([line("a", 0, "0" * 63)], "line 3 is no entry"),
    ],
)
def test_a_forged_directory_is_refused_before_a_content_is_read(lines: list[str], words: str) -> None:
    class Counting:
        def __init__(self, data: bytes) -> None:
            self.data, self.furthest = data, 0

        def size(self) -> int:
            return len(self.data)

        def read(self, offset: int, size: int) -> bytes:
            self.furthest = max(self.furthest, offset + size)
            return self.data[offset : offset + size]

        def close(self) -> None:
            pass

    source = Counting(forged(*lines))
    with pytest.raises(StoreDamaged) as told:
        Bundle(source, "x.bundle")
    words = words.replace("0{64}", "0" * 64)
    assert words.replace("\\\\", "\\") in told.value.what.replace("\\\\", "\\")
    assert source.furthest <= HEAD + sum(map(len, lines))


def test_a_directory_that_is_too_large_is_not_read() -> None:
    head = FIRST + b"0" * 64 + b" %012d\n"
    with pytest.raises(StoreDamaged, match="its directory is larger than 128 MiB"):
        Bundle.of(head % (LARGEST_DIRECTORY + 1), "x")
    with pytest.raises(StoreDamaged, match="it ends inside its directory, after 97 bytes"):
        Bundle.of(head % 1, "x")


def test_what_is_no_bundle_says_so() -> None:
    with pytest.raises(NotAStore) as told:
        Bundle.of(b"PK\x03\x04" + b"zip" * 40, "x.zip")
    assert told.value.what == "x.zip is a file and no bundle"
    assert told.value.hint == "open a folder or a bundle, or make a store there: promptlib init --bare x.zip"
    with pytest.raises(NotAStore, match="no bundle"):
        Bundle.of(b"", "x")
    with pytest.raises(NotAStore) as told:
        Bundle.of(b"# v2 git bundle\n" + b"x" * 200, "x.bundle")
    assert told.value.what == "x.bundle is a bundle of git's, which holds a repository"
    assert told.value.hint == "unpack it: git clone --bare x.bundle FOLDER"
    with pytest.raises(NewerFormat) as newer:
        Bundle.of(packed(FILES).replace(b"bundle 1\n", b"bundle 12\n", 1), "x.bundle")
    assert newer.value.what == "x.bundle is a bundle of format 12; this promptlib reads 1"
    assert newer.value.hint == "update promptlib, or export the bundle with this one"
    with pytest.raises(StoreDamaged, match="its two first lines are not those of a bundle"):
        Bundle.of(packed(FILES).replace(b"bundle 1\n", b"bundle 0\n", 1), "x")


def test_what_can_stand_in_none_is_refused_by_the_writer() -> None:
    for path in ("../a", "a b", "a//b", ""):
        with pytest.raises(ValueError, match="cannot stand in a bundle"):
            packed({path: b""})
    with pytest.raises(ValueError, match="'a' cannot stand in a bundle"):
        packed({"a": bytes(LARGEST_ENTRY + 1)})


# --- a bundle on disk -------------------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A bundle's file."""
    place = tmp_path / "x.bundle"
    place.write_bytes(packed(FILES))
    return place


def test_it_stays_what_it_is_while_another_takes_its_place(path: Path) -> None:
    bundle = Bundle.open(path)
    other = path.with_name("other")
    other.write_bytes(packed({"a.prompty": b"another\n"}))
    os.replace(other, path)  # noqa: PTH105 - what a deploy does
    assert bundle.read("a.prompty") == b"one\n"
    bundle.close()
    with pytest.raises(StoreDamaged) as told:
        bundle.read("a.prompty")
    assert told.value.what == f"{path} is another bundle than it was when it was opened"
    assert told.value.hint == "open the store again"
    bundle.close()


def test_a_file_that_is_overwritten_is_noticed(path: Path) -> None:
    bundle = Bundle.open(path)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 3)
    with pytest.raises(StoreDamaged, match=r"b/c\.prompty does not have the digest"):
        bundle.read("b/c.prompty")
    bundle.close()


def test_it_opens_again_after_it_was_closed(path: Path) -> None:
    bundle = Bundle.open(path)
    bundle.close()
    bundle.close()
    assert bundle.read("a.prompty") == b"one\n"
    bundle.close()


def test_a_bundle_that_nobody_holds_closes_its_file(path: Path) -> None:
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0  # noqa: PTH112, PTH208 - a count
    for _ in range(20):
        Bundle.open(path)
    gc.collect()
    after = len(os.listdir("/proc/self/fd")) if before else 0  # noqa: PTH208 - a count
    assert after <= before + 1


def test_a_file_that_is_no_bundle_is_closed(path: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("nothing\n")
    with pytest.raises(NotAStore):
        Bundle.open(tmp_path / "text")


def test_what_the_system_refuses_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreError, match="cannot be read: No such file or directory"):
        Bundle.open(path.with_name("none"))
    bundle = Bundle.open(path)

    def fail(*_: Any) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "pread", fail)
    with pytest.raises(StoreError, match=r"x\.bundle cannot be read: Input/output error"):
        bundle.read("a.prompty")
    bundle.close()


def test_threads_read_at_once_with_and_without_pread(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for without in (False, True):
        if without:
            monkeypatch.delattr(os, "pread")
        bundle = Bundle.open(path)
        bundle.close()
        wrong: list[object] = []

        def read(bundle: Bundle = bundle, wrong: list[object] = wrong) -> None:
            for _ in range(100):
                found = {each: bundle.read(each) for each in FILES}
                if found != FILES:
                    wrong.append(found)

        threads = [threading.Thread(target=read) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        bundle.close()
