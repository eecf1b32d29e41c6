"""A newcomer at a terminal of 80 columns: a real one, with real signals. Each session is a process or two."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from promptlib.columns import wide
from promptlib.learn import NAMES, page_of

fcntl = pytest.importorskip("fcntl")
termios = pytest.importorskip("termios")

#: Seconds after which a session that says nothing more has failed.
PATIENCE = 60
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Sitting:
    """A process whose terminal the test holds."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        """Start `promptlib learn` in *folder*, as a shell in a terminal would."""
        self.text = ""
        pid, self._terminal = pty.fork()
        if not pid:
            os.chdir(folder)
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # who runs the tests may be deaf to it, and hand that down
            wanted = {"TERM": "xterm", "PAGER": "cat", "LESS": "", "GIT_CONFIG_GLOBAL": os.devnull} | environment
            rest = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES", "GIT_EDITOR"}}
            os.execve(sys.executable, [sys.executable, "-m", "promptlib", "learn", *arguments], rest | wanted)  # noqa: S606 - no shell stands between the test and its signals
        self._pid = pid
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

    def until(self, words: str) -> str:
        """Return what is said from now on up to *words*."""
        begun = len(self.text)
        while words not in self.text[begun:]:
            ready, _, _ = select.select([self._terminal], [], [], PATIENCE)
            assert ready, f"no {words!r} in {self.text[begun:]!r}"
            self.text += self._read()
        return self.text[begun:]

    def say(self, words: str) -> None:
        """Type *words*."""
        os.write(self._terminal, words.encode())

    def typed(self) -> None:
        """Wait until the process has read all that was typed, and waits for more."""
        process = Path(f"/proc/{self._pid}")
        if not (process / "wchan").exists():
            pytest.skip("this system does not tell what a process waits for")
        terminal = os.open(process / "fd/0", os.O_RDONLY | os.O_NOCTTY)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            unread = struct.unpack("i", fcntl.ioctl(terminal, termios.FIONREAD, bytes(4)))[0]
            sleeps = (process / "stat").read_text().rpartition(")")[2].split()[0] == "S"
            # Some systems keep to themselves where it sleeps.
            if sleeps and not unread and (process / "wchan").read_text() in {"wait_woken", "n_tty_read", "0"}:
                break
            os.sched_yield()
        os.close(terminal)

    def interrupt(self) -> None:
        """Type Ctrl-C while the process waits for a line: a moment before, it is only heard with the next one."""
        self.typed()
        self.say("\x03")

    def end(self) -> int:
        """Return the exit code, after everything was said."""
        with suppress(OSError):  # how Linux says that the other side is closed
            while select.select([self._terminal], [], [], PATIENCE)[0] and (chunk := self._read()):
                self.text += chunk
        os.close(self._terminal)  # who is still there hears that nobody is
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])

    def _read(self) -> str:
        return os.read(self._terminal, 65536).decode(errors="replace")

    @property
    def lines(self) -> list[str]:
        """What was said, line by line, as it stood on the screen."""
        return _ESCAPES.sub("", self.text).replace("\r", "").split("\n")


def editor(folder: Path, script: str) -> str:
    """Return an editor that does what *script* says with the file $1."""
    path = folder / "editor"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def standing(folder: Path, lesson: str) -> dict[str, object]:
    document = json.loads((folder / "promptlib-lessons/progress.json").read_text("utf-8"))
    found: dict[str, object] = document["lessons"][lesson]
    return found


def test_a_newcomer_reads_mends_leaves_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "answer").write_text(page_of(NAMES[0]).answer)
    tool = editor(tmp_path, 'cp answer "$1"')
    first = Sitting(tmp_path, VISUAL=tool)
    assert "A clear task" in first.until("clear-task> ")
    first.say("\n")
    assert "not mended" in first.until("clear-task> ")
    first.say("hint\n")
    assert "hint 1 of 4" in first.until("clear-task> ")
    first.say("what?\n")
    assert "open your file in your editor" in first.until("clear-task> ")
    first.say("e\n")
    assert "clear-task: mended" in first.until("clear-task> ")
    first.say("n\n")
    first.until("context-and-role> ")
    first.interrupt()
    assert first.end() == 130
    assert "promptlib learn goes on here" in first.text
    assert not [line for line in first.lines if wide(line) > 80]
    assert standing(tmp_path, NAMES[0]) == {"mended": True, "checks": 2, "hints": 1, "answer": "no"}

    again = Sitting(tmp_path, VISUAL="false")
    assert "Context and role" in again.until("context-and-role> ")
    again.say("list\n")
    assert "mended" in again.until("context-and-role> ")
    again.say("7\n")
    assert "way out" in again.until("way-out> ")
    again.say("edit\n")
    assert "the editor ended with 1: false" in again.until("way-out> ")
    again.say("answer\n")
    assert "ask once more" in again.until("way-out> ")
    again.say("paste\n")
    again.until("alone")
    again.say(page_of("way-out").answer + ".\n")
    said = again.until("next goes on")
    assert "the text before is kept: promptlib-lessons/way-out.before.prompty" in said
    assert "way-out: mended" in said
    again.say("show\nread\nback\nrestart\nquit\n")
    assert again.end() == 0
    assert "promptlib-lessons/output-form.before.prompty" in again.text
    echoed = page_of("way-out").answer.splitlines()
    assert not [line for line in again.lines if wide(line) > 80 and line not in echoed]
    assert standing(tmp_path, "way-out") == {"mended": True, "checks": 1, "hints": 0, "answer": "asked"}
    assert "Traceback" not in first.text + again.text


@pytest.mark.soak
def test_an_interrupt_while_a_text_is_typed_keeps_it(tmp_path: Path) -> None:
    sitting = Sitting(tmp_path, "delimiters")
    sitting.until("delimiters> ")
    sitting.say("p\n")
    sitting.until("alone")
    sitting.say("---\ndescription: mine\n")
    sitting.until("mine\r\n")
    sitting.interrupt()
    assert sitting.end() == 130
    assert "what you typed is kept: promptlib-lessons/delimiters.draft.txt" in sitting.text
    assert (tmp_path / "promptlib-lessons/delimiters.draft.txt").read_text() == "---\ndescription: mine\n"
    assert (tmp_path / "promptlib-lessons/delimiters.prompty").read_text("utf-8") == page_of("delimiters").broken


@pytest.mark.soak
def test_an_interrupt_while_the_editor_is_open_keeps_the_file(tmp_path: Path) -> None:
    tool = editor(tmp_path, 'echo half > "$1"; echo opened; cat')
    sitting = Sitting(tmp_path, "delimiters", VISUAL=tool)
    sitting.until("delimiters> ")
    sitting.say("edit\n")
    sitting.until("opened")
    sitting.say("\x03")
    assert sitting.end() == 130
    assert (tmp_path / "promptlib-lessons/delimiters.prompty").read_text() == "half\n"
    assert standing(tmp_path, "delimiters") == {"mended": False, "checks": 0, "hints": 0, "answer": "no"}


def test_an_interrupt_in_the_pager_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    tool = editor(tmp_path, "cat > /dev/null; stty -echo < /dev/tty; echo a page; exec cat < /dev/tty")
    sitting = Sitting(tmp_path, PAGER=tool)
    sitting.until("a page")
    sitting.say("\x03")
    sitting.until("goes on here")
    assert termios.tcgetattr(sitting._terminal)[3] & termios.ECHO
    assert sitting.end() == 130
