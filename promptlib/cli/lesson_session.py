"""A learner at the terminal: one lesson after the other, by short commands; whatever is done is kept at once."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from promptlib.cli import editing, lesson_screen
from promptlib.cli.terminal import emit, lines, paged, plain, print_error
from promptlib.errors import PromptLibError
from promptlib.learn import LESSONS, page_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptlib.learn import Desk, Lesson

INTERRUPTED = 130
#: What the pager says below a page, for those who never met one.
PAGER_PROMPT = "FRXKP-- space shows more, q goes on --"
#: Findings that are shown at once: more would leave the screen at its top.
SHOWN = 3
#: A line that ends a text which is typed in.
END = "."


class Session:
    """One sitting. Ctrl-C and Ctrl-D leave it at any point; the same command goes on from there."""

    def __init__(self, desk: Desk) -> None:
        """Sit down at *desk*."""
        os.environ.setdefault("LESS", PAGER_PROMPT)
        self._desk = desk
        self._lesson = LESSONS[0]
        self._commands: dict[str, tuple[str, Callable[[], None]]] = {
            "edit": ("open your file in your editor, then check it", self._edit),
            "check": ("check your file (Enter does too)", self._check),
            "hint": ("the next hint", self._hint),
            "show": ("your file as it is", self._show),
            "paste": ("type or paste a new text here instead of an editor", self._paste),
            "read": ("the lesson once more, and what the checker sees", self._read),
            "answer": ("one way to write it: after success, or asked for twice", self._answer),
            "next": ("the next lesson", self._next),
            "back": ("the lesson before", self._back),
            "list": ("all lessons; a name or number opens one", self._list),
            "restart": ("the broken prompt once more; yours is kept beside it", self._restart),
            "quit": ("leave; promptlib learn goes on here", self._quit),
        }

    def run(self, lesson: Lesson) -> None:
        """Begin with *lesson*, and do as told until the learner leaves."""
        try:
            self._open(lesson)
            while True:
                self._do(input(f"{self._lesson.name}> ").strip())
        except EOFError:
            sys.stdout.write("\n")
            self._tell_kept()
        except KeyboardInterrupt as error:
            sys.stdout.write("\n")
            self._tell_kept()
            raise typer.Exit(INTERRUPTED) from error

    def _do(self, words: str) -> None:
        word = words.lower() or "check"
        name = next((each for each in self._commands if each.startswith(word)), "")
        try:
            if name:
                self._commands[name][1]()
            elif found := self._named(word):
                self._open(found)
            else:
                self._help()
        except PromptLibError as error:
            print_error(error)
        except OSError as error:
            print_error(PromptLibError(f"{error.filename or 'the system'}: {error.strerror or error}"))

    def _named(self, word: str) -> Lesson | None:
        word = word.removeprefix("promptlib ").removeprefix("learn ").strip()
        if word.isdecimal() and 1 <= int(word) <= len(LESSONS):
            return LESSONS[int(word) - 1]
        return next((each for each in LESSONS if each.name == word), None)

    # --- what a learner can do ----------------------------------------------------------------------------------------

    def _open(self, lesson: Lesson) -> None:
        self._lesson = lesson
        self._desk.begin(lesson)
        paged(lesson_screen.reading(page_of(lesson.name), self._desk.file(lesson)))
        self._tell_where()

    def _read(self) -> None:
        page = page_of(self._lesson.name)
        paged([*lesson_screen.reading(page, self._desk.file(self._lesson)), *lesson_screen.checked_by(page)])

    def _edit(self) -> None:
        editing.opened(self._desk.file(self._lesson), Path.cwd())
        self._check()

    def _check(self) -> None:
        report = self._desk.check(self._lesson)
        emit(lesson_screen.findings(report.findings[:SHOWN]))
        if len(report.findings) > SHOWN:
            emit([plain(f"and {len(report.findings) - SHOWN} more, which wait until these are mended", "dim")])
        emit(lesson_screen.verdict(self._lesson.name, report))
        if report.ok:
            emit([(), *lesson_screen.reason(page_of(self._lesson.name))])
            emit([plain("answer shows one way to write it; next goes on", "dim")])

    def _hint(self) -> None:
        number, text = self._desk.hint(self._lesson)
        emit(lesson_screen.hint(number, len(page_of(self._lesson.name).hints), text))

    def _show(self) -> None:
        file = self._desk.file(self._lesson)
        if file.is_dir():
            emit([plain(str(each.relative_to(file))) for each in sorted(file.rglob("*.prompty"))])
            return
        text = file.read_bytes().decode(errors="replace").removesuffix("\n")
        emit([plain(str(file), "bold"), *lines(text, "cyan", indent="    "), ()])

    def _paste(self) -> None:
        emit([plain(f"type or paste the whole file, and end it with a line that is {END} alone", "dim")])
        typed: list[str] = []
        try:
            while (line := input()) != END:
                typed.append(line)
        except (KeyboardInterrupt, EOFError):
            if typed:
                draft = self._desk.folder / f"{self._lesson.name}.draft.txt"
                draft.write_text("\n".join(typed) + "\n", "utf-8", newline="")
                emit([(), plain(f"what you typed is kept: {draft}", "yellow")])
            raise
        if not typed:
            emit([plain("nothing was typed, so nothing was changed", "yellow")])
            return
        kept = self._desk.put(self._lesson, ("\n".join(typed) + "\n").encode(errors="surrogateescape"))
        if kept is not None:
            emit([plain(f"the text before is kept: {kept}", "dim")])
        self._check()

    def _answer(self) -> None:
        if self._desk.answer(self._lesson):
            page = page_of(self._lesson.name)
            paged([*lesson_screen.answer(page), *lesson_screen.reason(page)])
        else:
            emit([plain("not mended yet: hint helps; ask once more to see the answer all the same", "yellow")])

    def _next(self) -> None:
        at = LESSONS.index(self._lesson)
        if at + 1 < len(LESSONS):
            self._open(LESSONS[at + 1])
            return
        left = [each.name for each in LESSONS if not self._desk.progress.of(each.name).mended]
        told = (
            f"still to mend: {', '.join(left)}" if left else "all are mended; promptlib learn --on NAME reads your own"
        )
        emit([plain(f"this was the last lesson; {told}", "bold")])

    def _back(self) -> None:
        at = LESSONS.index(self._lesson)
        if at:
            self._open(LESSONS[at - 1])
        else:
            emit([plain("this is the first lesson")])

    def _list(self) -> None:
        emit(lesson_screen.table(self._desk.progress, self._lesson.name))

    def _restart(self) -> None:
        kept = self._desk.restart(self._lesson)
        if kept is not None:
            emit([plain(f"yours is kept: {kept}", "dim")])
        self._show()

    def _quit(self) -> None:
        raise EOFError

    def _help(self) -> None:
        emit([((f"  {name:9}", "bold"), (what, "")) for name, (what, _) in self._commands.items()])

    # --- what is told -------------------------------------------------------------------------------------------------

    def _tell_where(self) -> None:
        standing = self._desk.progress.of(self._lesson.name)
        number = LESSONS.index(self._lesson) + 1
        emit(
            [
                (
                    (f"lesson {number} of {len(LESSONS)}", "bold"),
                    (", mended" if standing.mended else "", "green"),
                    (f": {', '.join(self._commands)}", ""),
                ),
                plain("the first letter will do; ? says what they do", "dim"),
            ]
        )

    def _tell_kept(self) -> None:
        emit([plain(f"kept in {self._desk.folder}; promptlib learn goes on here", "dim")])
