from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from promptlib.errors import InvalidFile, NewerFormat, StoreError
from promptlib.learn import Desk, lesson, page_of, read_progress, write_progress
from promptlib.learn.progress import FILE, Progress, Standing
from promptlib.store import putting

if TYPE_CHECKING:
    from pathlib import Path

ONE = lesson("delimiters")


def test_what_is_done_is_written_at_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert desk.begin(ONE)
    desk.check(ONE)
    desk.hint(ONE)
    again = Desk(tmp_path)
    assert again.progress == desk.progress
    assert again.progress.at == "delimiters"
    assert again.progress.of("delimiters") == Standing(checks=1, hints=1)
    assert not again.begin(ONE)


def test_the_file_says_what_it_is(tmp_path: Path) -> None:
    Desk(tmp_path).begin(ONE)
    document = json.loads((tmp_path / FILE).read_text("utf-8"))
    assert document["promptlib-lessons"] == 1
    assert "Delete this file to begin anew" in document["about"]
    assert document["lessons"] == {"delimiters": {"mended": False, "checks": 0, "hints": 0, "answer": "no"}}


def test_what_a_later_promptlib_wrote_beside_is_kept(tmp_path: Path) -> None:
    told = {"promptlib-lessons": 1, "at": "x", "lessons": {"x": {"mended": True}}, "streak": 3}
    (tmp_path / FILE).write_text(json.dumps(told))
    Desk(tmp_path).begin(ONE)
    document = json.loads((tmp_path / FILE).read_text("utf-8"))
    assert document["streak"] == 3
    assert document["lessons"]["x"]["mended"] is True


def test_mended_stays_mended(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.begin(ONE)
    desk.put(ONE, page_of("delimiters").answer.encode())
    assert desk.check(ONE).ok
    desk.put(ONE, b"broken again")
    assert not desk.check(ONE).ok
    assert desk.progress.of("delimiters") == Standing(mended=True, checks=2)


def test_a_new_text_and_a_restart_keep_what_was_there(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.begin(ONE)
    assert desk.put(ONE, b"one") == tmp_path / "delimiters.before.prompty"
    assert desk.put(ONE, b"two") == tmp_path / "delimiters.before-2.prompty"
    assert desk.restart(ONE) == tmp_path / "delimiters.before-3.prompty"
    kept = [(tmp_path / f"delimiters.before{n}.prompty").read_text("utf-8") for n in ("", "-2", "-3")]
    assert kept == [page_of("delimiters").broken, "one", "two"]
    assert (tmp_path / "delimiters.prompty").read_text("utf-8") == page_of("delimiters").broken


@pytest.mark.parametrize("step", ["_write", "_sync_folder"])
def test_an_interrupt_while_it_writes_leaves_the_old_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    write_progress(tmp_path / FILE, Progress(at="old"))

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(putting, step, interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_progress(tmp_path / FILE, Progress(at="new"))
    assert read_progress(tmp_path / FILE).at == ("old" if step == "_write" else "new")
    assert [each.name for each in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Expecting value"),
        ("[]", "does not begin with 'promptlib-lessons'"),
        ('{"at": "x"}', "does not begin with 'promptlib-lessons'"),
        ('{"promptlib-lessons": 1, "lessons": []}', "lessons an object"),
        ('{"promptlib-lessons": 1, "lessons": {"x": 1}}', "'x' is no object"),
        ('{"promptlib-lessons": 1, "lessons": {"x": {"checks": -1}}}', "'x' says something else"),
        ('{"promptlib-lessons": 1, "lessons": {"x": {"answer": "maybe"}}}', "'x' says something else"),
        ('{"promptlib-lessons": 1, "lessons": {"x": {"answer": []}}}', "'x' says something else"),
    ],
)
def test_a_damaged_file_says_why_and_stays(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(InvalidFile, match="it was left as it is") as raised:
        Desk(tmp_path)
    assert why in raised.value.what
    assert (tmp_path / FILE).read_text() == text


def test_a_newer_file_stays(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"promptlib-lessons": 7}')
    with pytest.raises(NewerFormat, match="use that promptlib, or another --folder"):
        Desk(tmp_path)


def test_a_folder_in_its_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(StoreError, match=r"progress.json cannot be read: Is a directory"):
        Desk(tmp_path)
