"""Whatever lies where the index should be, the answers are git's."""

from __future__ import annotations

import multiprocessing
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from promptlib._index import Index, database, session, walking
from promptlib.lineage import Web

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.index.conftest import Library

OpenIndex = Callable[["Library"], Index]


@pytest.fixture
def filled(library: Library, open_index: OpenIndex) -> Library:
    """Return a library with an index on disk."""
    library.commit({"a": "one", "b": "x"})
    library.label("production", "a")
    library.commit({"a": "two"})
    library.commit({"b": None, "c": "x"})
    one = sha256(b"one").hexdigest()
    library.commit({"d": f"uses:a#{one}\nuses:gone#{one}\n", "e": f"made:a#{one}\n"})
    library.commit({"e": "said better"})
    index = open_index(library)
    index.complete()
    assert graph(index)
    index.close()
    assert library.file.is_file()
    return library


def answers(index: Index) -> list[object]:
    return [
        index.names(),
        index.versions("a"),
        index.events("c"),
        index.deleted("b"),
        index.labelled("a"),
        index.labelled(),
        index.by_digest("a", index.digest_of(index.versions("a")[0].blob or "").removeprefix("sha256:")),
        index.version("c", 1),
        index.newest("a"),
        index.everything(),
        *graph(index),
    ]


def graph(index: Index) -> list[object]:
    """All that is walked, from every version."""

    def asked(question: Callable[[sqlite3.Connection], walking.Found]) -> walking.Found:
        answered = index.walk(question)
        assert answered
        return answered[0]

    whole = asked(walking.everything)
    answers: list[object] = [whole]
    for at in whole.told:
        before = asked(partial(walking.before, starts=[at], origins=False))
        after = asked(partial(walking.after, starts=[at]))
        using = asked(partial(walking.using, starts=[at]))
        answers.append([(key, before.told.get(key)) for key in Web({}, before.back).before([at])])
        answers.append([(key, after.told[key]) for key in Web({}, after.back, after.forth).after([at])])
        answers.append(Web({}, using.back, using.forth).touched([at]))
    return answers


def nothing(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def text(path: Path) -> None:
    path.write_text("no database\n" * 400)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "kept").write_text("of somebody else")


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def link(path: Path) -> None:
    target = path.with_name("elsewhere")
    path.rename(target)
    path.symlink_to(target)


def dead_link(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.with_name("nowhere"))


def statements(*words: str) -> Callable[[Path], None]:
    def run(path: Path) -> None:
        connection = sqlite3.connect(path)
        for word in words:
            connection.execute(word)
        connection.commit()
        connection.close()

    run.__name__ = words[0].lower()
    return run


DAMAGES = [
    nothing,
    empty,
    text,
    truncated,
    folder,
    pipe,
    link,
    dead_link,
    statements("PRAGMA user_version=99"),
    statements("PRAGMA application_id=7"),
    statements("CREATE VIEW more AS SELECT * FROM events"),
    statements("CREATE TRIGGER lie AFTER INSERT ON events BEGIN UPDATE events SET number=9; END"),
    statements("UPDATE state SET root='elsewhere'"),
    statements("UPDATE state SET events=7"),
    statements("DELETE FROM state"),
    statements("DROP TABLE events"),
    statements("DELETE FROM events WHERE id=1"),
    statements("DELETE FROM events WHERE name='c'"),
    statements("UPDATE events SET blob='0' WHERE id=1"),
    statements("UPDATE events SET blob=lower(hex(blob)) WHERE id=1"),
    statements("UPDATE events SET blob=CAST(blob AS TEXT)"),
    statements("UPDATE events SET blob=17"),
    statements("UPDATE events SET blob=x'' WHERE id=1"),
    statements("UPDATE events SET name='z' WHERE id=1"),
    statements("UPDATE commits SET author='Eve'"),
    statements("UPDATE commits SET message='' WHERE position=0"),
    statements("DELETE FROM commits WHERE position=0"),
    statements("UPDATE names SET versions=1"),
    statements("UPDATE names SET current=1"),
    statements("UPDATE names SET name='aa' WHERE name='a'"),
    statements("DELETE FROM names WHERE name='a'"),
    statements("UPDATE labels SET blob='0'"),
    statements("UPDATE labels SET blob=lower(hex(blob))"),
    statements("UPDATE labels SET blob=x'00'"),
    statements("UPDATE labels SET commit_id='0'"),
    statements("UPDATE labels SET name='z'"),
    statements("DELETE FROM labels"),
    statements("DELETE FROM moves"),
    statements("UPDATE moves SET labels=0"),
    statements("UPDATE moves SET name='z'"),
    statements("UPDATE descriptions SET renamed_from='z'"),
    statements("UPDATE descriptions SET digest='sha256:0'"),
    statements("UPDATE descriptions SET digest=x'00'"),
    statements("UPDATE descriptions SET digest=lower(hex(digest))"),
    statements("UPDATE descriptions SET blob=lower(hex(blob))"),
    statements("UPDATE texts SET data=x'00'"),
    statements("UPDATE texts SET blob=lower(hex(blob))"),
    statements("DELETE FROM nodes"),
    statements("DELETE FROM nodes WHERE id=1"),
    statements("UPDATE nodes SET told=x'00' WHERE id=2"),
    statements("UPDATE nodes SET id=99 WHERE id=1"),
    statements("DELETE FROM edges"),
    statements("DELETE FROM edges WHERE kind=4"),
    statements("DELETE FROM edges WHERE kind=3"),
    statements("DELETE FROM edges WHERE kind=0"),
    statements("INSERT INTO edges VALUES (1, 4, 3)"),
    statements("DELETE FROM joined"),
    statements("UPDATE joined SET data='' WHERE what='tip'"),
    statements("UPDATE joined SET data='0' WHERE what='events'"),
    statements("DROP INDEX edges_to_a_target"),
]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_index_is_made_again(filled: Library, open_index: OpenIndex, damage: Callable[[Path], None]) -> None:
    expected = answers(open_index(filled))
    damage(filled.file)
    index = open_index(filled)
    assert answers(index) == expected
    text_of_a = index.current_text("a")
    assert text_of_a
    assert text_of_a[1] in (None, b"two")
    filled.commit({"a": "three"})
    index.at(filled.tip)
    assert [row.number for row in index.versions("a")] == [1, 2, 3]
    index.close()
    assert filled.file.is_file()
    assert not filled.file.is_symlink()


def test_damage_is_found_while_the_index_is_open(filled: Library, open_index: OpenIndex) -> None:
    index = open_index(filled)
    expected = answers(index)
    statements("UPDATE events SET blob='0'")(filled.file)
    assert answers(index) == expected


@pytest.mark.parametrize(
    "change", ["DELETE FROM edges", "DELETE FROM joined", "DELETE FROM state", "UPDATE state SET tip='0', seal=0"]
)
def test_what_another_process_does_to_an_open_index_is_seen(
    filled: Library, open_index: OpenIndex, change: str
) -> None:
    index = open_index(filled)
    known = graph(index)
    statements(change)(filled.file)
    assert graph(index) == known


def test_a_folder_in_the_place_of_the_index_is_kept(filled: Library, open_index: OpenIndex) -> None:
    for _ in range(2):
        folder(filled.file)
        assert open_index(filled).names() == ("a", "c", "d", "e")
        assert (filled.file.with_name("index.sqlite.aside") / "kept").read_text() == "of somebody else"


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(60))
def test_a_flipped_byte_never_changes_an_answer(filled: Library, open_index: OpenIndex, seed: int) -> None:
    index = open_index(filled)
    expected = answers(index)
    index.close()
    content = bytearray(filled.file.read_bytes())
    used = [at for at in range(len(content)) if content[at]]
    chance = random.Random(seed)
    content[chance.choice(used)] ^= 1 << chance.randrange(8)
    filled.file.write_bytes(content)
    assert answers(open_index(filled)) == expected


def test_where_there_can_be_no_folder_memory_serves(filled: Library, open_index: OpenIndex) -> None:
    expected = answers(open_index(filled))
    filled.file.unlink()
    filled.file.parent.rmdir()
    filled.file.parent.write_text("in the way")
    index = open_index(filled)
    assert answers(index) == expected
    index.complete()
    assert index.current_text("a") == (index.current("a"), b"two")
    assert filled.file.parent.read_text() == "in the way"


@pytest.fixture
def unwritable(filled: Library, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    """Make the index refuse writes, for root too."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    before = filled.file.read_bytes()
    yield filled
    assert filled.file.read_bytes() == before


def test_an_index_that_cannot_be_written_serves_while_it_is_up_to_date(
    unwritable: Library, open_index: OpenIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "Growing", None)
    index = open_index(unwritable)
    assert index.names() == ("a", "c", "d", "e")
    assert index.current_text("a") == (index.current("a"), b"two")


def test_an_index_that_cannot_be_written_goes_on_in_memory(unwritable: Library, open_index: OpenIndex) -> None:
    index = open_index(unwritable)
    blob = index.versions("a")[0].blob or ""
    index.store_text(blob, b"one")
    assert index.text(blob) == b"one"
    unwritable.commit({"a": "three"})
    index = open_index(unwritable)
    assert [row.number for row in index.versions("a")] == [1, 2, 3]
    index.store_text(blob, b"one")
    assert (index.text(blob), index.newest("a")) == (b"one", index.current("a"))


def test_a_damaged_index_that_cannot_be_written_is_passed_by(
    filled: Library, open_index: OpenIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = answers(open_index(filled))
    statements("UPDATE events SET blob='0'")(filled.file)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert answers(open_index(filled)) == expected


def test_a_locked_index_is_not_waited_for_without_end(
    filled: Library, open_index: OpenIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    filled.commit({"a": "three"})
    other = sqlite3.connect(filled.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert [row.number for row in open_index(filled).versions("a")] == [1, 2, 3]
    other.execute("ROLLBACK")
    other.close()
    assert [row.number for row in open_index(filled).versions("a")] == [1, 2, 3]


WORKER = """
import sys
from pathlib import Path
sys.path[:0] = [sys.argv[1]]
from conftest import describe
from promptlib._git import Repository
from promptlib._index import Index
folder, tips = Path(sys.argv[2]), sys.argv[3:]
with Repository.open(folder) as repository:
    index = Index.open(folder / ".git/promptlib/index.sqlite", repository, "prompts", describe=describe)
    for tip in tips:
        index.at(tip)
        print(tip, len(index.versions("a")), len(index.names()))
        index.complete()
    index.close()
"""


def test_a_copy_does_not_wait_for_a_change_of_its_own_that_nobody_can_end(
    filled: Library, open_index: OpenIndex
) -> None:
    """A disk that fails at `COMMIT` may fail at `ROLLBACK` too: SQLite would then wait for itself."""
    index = open_index(filled)
    index.names()
    asked = index.session
    assert isinstance(asked, session.Session)
    held = asked._database
    assert held is not None
    held.connection.execute("BEGIN IMMEDIATE")
    held.connection.execute("DELETE FROM texts")
    copy = database.open_memory(asked._root, held)
    assert database.state(copy.connection).tip == ""
    held.connection.execute("ROLLBACK")
    copy.close()
    assert database.state(database.open_memory(asked._root, held).connection).tip


def test_a_copy_gives_up_what_others_keep_locked(
    filled: Library, open_index: OpenIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0.0)
    index = open_index(filled)
    index.names()
    asked = index.session
    assert isinstance(asked, session.Session)
    held = asked._database
    assert held is not None
    with sqlite3.connect(held.path or "", isolation_level=None) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        held.connection.execute("PRAGMA busy_timeout=0")
        assert database.state(database.open_memory(asked._root, held).connection).tip == ""
        other.execute("ROLLBACK")
    other.close()


def test_four_processes_bring_it_up_to_date_at_once(library: Library, open_index: OpenIndex) -> None:
    tips = [library.commit({"a": f"text {at}", f"n{at}": "x"}) for at in range(8)]
    words = [sys.executable, "-W", "error", "-c", WORKER, str(Path(__file__).parent), str(library.folder)]
    orders = [tips, tips[::-1], tips[::2] + tips[1::2], tips]
    workers = [subprocess.Popen([*words, *order], stdout=subprocess.PIPE, text=True) for order in orders]
    expected = {tip: f"{tip} {at + 1} {at + 2}" for at, tip in enumerate(tips)}
    for worker, order in zip(workers, orders, strict=True):
        told, _ = worker.communicate(timeout=60)
        assert worker.returncode == 0
        assert told.splitlines() == [expected[tip] for tip in order]
    index = open_index(library)
    assert len(index.versions("a")) == 8
    connection = sqlite3.connect(library.file)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_killed_writer_leaves_a_sound_index(filled: Library, open_index: OpenIndex) -> None:
    """The journal of a process that died in the middle of a write is played back by the next one."""
    filled.commit({"a": "three"})

    def die(path: str) -> None:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA cache_size=1")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE events SET blob='0'")
        connection.execute("DELETE FROM names")
        for _ in range(2000):
            connection.execute("INSERT INTO texts VALUES (hex(randomblob(20)), randomblob(2000))")
        os._exit(9)

    worker = multiprocessing.get_context("fork").Process(target=die, args=(str(filled.file),))
    worker.start()
    worker.join(timeout=30)
    assert worker.exitcode == 9
    assert filled.file.with_name("index.sqlite-journal").exists()
    index = open_index(filled)
    assert [row.number for row in index.versions("a")] == [1, 2, 3]
    assert index.names() == ("a", "c", "d", "e")
