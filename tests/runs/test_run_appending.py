"""A run is one whole line, whoever else writes, dies or runs out of room."""

from __future__ import annotations

import errno
import os
import random
import signal
import stat
import subprocess
import sys
from itertools import chain
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Prompt, system
from promptlib.errors import StoreError, StoreReadOnly
from promptlib.runs import RunLog, appending

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HELLO = Prompt.define(system("Hello")).render()

#: Logs runs of very different lengths without end, and says each one's id once it was acknowledged.
WRITER = """
import sys
from promptlib import Prompt, system
from promptlib.runs import RunLog

path, name, most = sys.argv[1], sys.argv[2], int(sys.argv[3])
log, hello = RunLog(path), Prompt.define(system("Hello")).render()
for at in range(most):
    run = log.record(hello, run=f"{name}-{at}", fields={"pad": "x" * (7 if at % 3 else 300_000)})
    print(run.id, flush=True)
"""


@pytest.fixture
def log(tmp_path: Path) -> RunLog:
    """Return a log that is not there yet."""
    return RunLog(tmp_path / "runs.jsonl")


def writer(log: RunLog, name: str, most: int) -> subprocess.Popen[str]:
    """Start a process that logs *most* runs."""
    command = [sys.executable, "-c", WRITER, str(log.path), name, str(most)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_several_processes_write_whole_lines(log: RunLog) -> None:
    writers = [writer(log, f"w{at}", 40) for at in range(3)]
    acknowledged = [each.communicate(timeout=60)[0].split() for each in writers]
    found = [run.id for run in log]
    assert sorted(found) == sorted(chain.from_iterable(acknowledged))
    assert len(found) == 120
    assert list(log.problems()) == []
    for each in acknowledged:
        assert [run for run in found if run in set(each)] == each


def test_several_threads_write_whole_lines(log: RunLog) -> None:
    def write(name: str) -> None:
        for at in range(50):
            log.record(HELLO, run=f"{name}-{at}", fields={"pad": "x" * (at * 999)})

    threads = [Thread(target=write, args=(f"t{at}",)) for at in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len({run.id for run in log}) == 200
    assert list(log.problems()) == []


@pytest.mark.parametrize("at", [0, *(pytest.param(at, marks=pytest.mark.soak) for at in range(1, 60))])
def test_a_killed_writer_loses_nothing_that_was_acknowledged(log: RunLog, seed: int, at: int) -> None:
    chance = random.Random(seed + at)
    acknowledged: list[str] = []
    for name in ("first", "second"):
        process = writer(log, name, 1_000_000)
        assert process.stdout is not None
        acknowledged += [process.stdout.readline().strip() for _ in range(chance.randint(2, 30))]
        process.send_signal(signal.SIGKILL)
        acknowledged += process.communicate(timeout=60)[0].split("\n")[:-1]
        assert process.returncode == -signal.SIGKILL
    acknowledged.append(log.record(HELLO).id)
    found = [run.id for run in log]
    assert set(acknowledged) <= set(found)
    assert len(set(found)) == len(found)
    assert len(list(log.problems())) <= 2


def test_a_line_without_an_end_is_ended_by_the_next_writer(log: RunLog) -> None:
    first = log.record(HELLO)
    with log.path.open("ab") as file:
        file.write(first.to_line()[:-40])
    second, third = log.record(HELLO), log.record(HELLO)
    assert list(log) == [first, second, third]
    assert [each.line for each in log.problems()] == [2]
    assert log.path.read_bytes().count(b"\n") == 4


@pytest.mark.parametrize("kept", range(1, 340, 7))
def test_wherever_a_line_breaks_the_next_one_is_read(log: RunLog, kept: int) -> None:
    line = log.record(HELLO, run="broken", model="m" * 40).to_line()
    log.path.write_bytes(line[:kept])
    after = log.record(HELLO, run="after")
    assert [run for run in log if run.id != "broken"] == [after]


def test_a_writer_that_dies_between_look_and_write_spoils_no_other_line(
    log: RunLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = log.record(HELLO)
    looked = appending._is_ended

    def dies(descriptor: int, at: int) -> bool:
        ended = looked(descriptor, at)
        if at == os.fstat(descriptor).st_size:
            # Another process, killed in the middle of its write, just behind our look.
            with log.path.open("ab") as file:
                file.write(first.to_line()[:50])
        return ended

    monkeypatch.setattr(appending, "_is_ended", dies)
    second = log.record(HELLO)
    assert list(log) == [first, second]
    assert [each.line for each in log.problems()] == [2]


def test_a_write_that_was_cut_short_is_done_again(log: RunLog, monkeypatch: pytest.MonkeyPatch) -> None:
    cut = [10, 200]
    write = os.write
    monkeypatch.setattr(os, "write", lambda at, data: write(at, data[: cut.pop()] if cut else data))
    run = log.record(HELLO)
    assert list(log) == [run]
    assert [each.line for each in log.problems()] == [1, 2]


def short(at: int, data: bytes) -> int:
    return _write(at, data[:9])


_write = os.write


def failing(number: int) -> Callable[..., int]:
    """Return a write that fails with this error of the system."""

    def write(*_: Any) -> int:
        raise OSError(number, os.strerror(number))

    return write


@pytest.mark.parametrize(
    ("write", "kind", "text"),
    [
        (
            short,
            StoreError,
            "only a part of the line could be written\nmake room or mend the path; earlier runs are as",
        ),
        (failing(errno.ENOSPC), StoreError, "No space left on device\nmake room or mend the path"),
        (
            failing(errno.EROFS),
            StoreReadOnly,
            "Read-only file system\nlog somewhere else: RunLog(path) of promptlib.runs",
        ),
        (failing(errno.EACCES), StoreReadOnly, "Permission denied\nlog somewhere else"),
    ],
)
def test_what_the_system_refuses_is_told_and_earlier_runs_stay(
    log: RunLog, monkeypatch: pytest.MonkeyPatch, write: Any, kind: type[StoreError], text: str
) -> None:
    first = log.record(HELLO)
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", write)
        with pytest.raises(kind) as caught:
            log.record(HELLO)
    assert str(caught.value).startswith(f"the run was not logged: {str(log.path)!r} cannot be written: {text}")
    assert type(caught.value) is kind
    last = log.record(HELLO)
    assert list(log) == [first, last]


def test_a_full_disk_is_told() -> None:
    with pytest.raises(StoreError, match="No space left on device"):
        RunLog("/dev/full").record(HELLO)


def test_a_log_that_was_moved_away_begins_anew(log: RunLog) -> None:
    first = log.record(HELLO)
    old = log.path.rename(log.path.with_suffix(".1"))
    second = log.record(HELLO)
    assert list(log) == [second]
    assert list(RunLog(old)) == [first]


def test_only_its_user_may_read_a_new_log(log: RunLog) -> None:
    log.record(HELLO)
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600
    log.path.chmod(0o640)
    log.record(HELLO)
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o640


def test_a_log_may_be_a_link_of_the_caller(tmp_path: Path) -> None:
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "real.jsonl")
    run = RunLog(tmp_path / "link.jsonl").record(HELLO)
    assert list(RunLog(tmp_path / "real.jsonl")) == [run]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"the run was not logged: .*Not a directory"):
        RunLog(tmp_path / "file" / "runs.jsonl").record(HELLO)
