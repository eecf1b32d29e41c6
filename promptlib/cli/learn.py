"""`promptlib learn`: lessons on real prompts, in the terminal and for programs."""

from __future__ import annotations

import sys
from os.path import isfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeAlias

import typer

from promptlib.cli import completing, lesson_screen
from promptlib.cli.exits import DIFFERENT
from promptlib.cli.options import Json
from promptlib.cli.terminal import emit, on_terminal, paged, plain, print_json

if TYPE_CHECKING:
    from promptlib.learn import Desk, Lesson, Reading, Report


What: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="LESSON",
        help="Such as delimiters; without one, the lesson that you are at.",
        autocompletion=completing.lessons,
        show_default=False,
    ),
]
File: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="FILE", help="With --check: look at this file instead; nothing is written.", show_default=False
    ),
]
Check: TypeAlias = Annotated[
    bool, typer.Option("--check", help="Check your prompt; end with 1 while it is not mended.")
]
Answer: TypeAlias = Annotated[
    bool, typer.Option("--answer", help="Show an answer: after success, or when asked a second time.")
]
On: TypeAlias = Annotated[
    str,
    typer.Option(
        "--on",
        metavar="NAME|FILE",
        help="Apply the checks that hold for any prompt to one of your own; write nothing.",
        autocompletion=completing.names,
        show_default=False,
    ),
]
Folder: TypeAlias = Annotated[
    Path, typer.Option("--folder", metavar="DIR", help="Where the prompts to mend lie, and your progress.")
]


class Asked(NamedTuple):
    """What is to be done with a lesson, and whether as JSON."""

    check: bool
    hint: bool
    answer: bool
    json: bool


def learn(  # noqa: PLR0913 - one option for each thing that can be asked
    lesson: What = "",
    file: File = "",
    *,
    list_: Annotated[bool, typer.Option("--list", help="List the lessons, and how far you are.")] = False,
    check: Check = False,
    hint: Annotated[bool, typer.Option("--hint", help="Show the next hint.")] = False,
    answer: Answer = False,
    on: On = "",
    folder: Folder = Path("promptlib-lessons"),
    json: Json = False,
) -> None:
    """Learn to write prompts: read, mend a broken one, and have it checked without a model.

    In a terminal it goes on where you left. --list, --check, --hint, --answer and --on are for scripts as well.
    """
    if sum((list_, check, hint, answer, bool(on))) > 1:
        raise typer.BadParameter("take one of --list, --check, --hint, --answer and --on", param_hint="--check")
    if file and not check:
        raise typer.BadParameter("a file is for --check", param_hint="FILE")
    if on:
        _on(on, json=json)
        return
    from promptlib.learn import Desk, checked, work_at  # noqa: PLC0415 - help needs no lessons
    from promptlib.learn import lesson as named  # noqa: PLC0415 - beside it

    if file:
        chosen = named(lesson)
        _tell_report(chosen, checked(chosen, work_at(chosen, Path(file))), json=json)
        return
    desk = Desk(folder)
    if list_:
        _list(desk, json=json)
    else:
        _at(desk, named(lesson or _next(desk)), Asked(check, hint, answer, json))


def _at(desk: Desk, lesson: Lesson, asked: Asked) -> None:
    """Do with *lesson* what is asked; without anything, open it."""
    if asked.check:
        _tell_report(lesson, desk.check(lesson), json=asked.json)
    elif asked.hint:
        _hint(desk, lesson, json=asked.json)
    elif asked.answer:
        _answer(desk, lesson, json=asked.json)
    elif not asked.json and sys.stdin.isatty() and on_terminal():
        from promptlib.cli.lesson_session import Session  # noqa: PLC0415 - a script needs none

        Session(desk).run(lesson)
    else:
        _show(desk, lesson, json=asked.json)


def _next(desk: Desk) -> str:
    """Return the lesson that the learner is at, or the first one."""
    from promptlib.learn import NAMES  # noqa: PLC0415 - help needs no lessons

    return desk.progress.at if desk.progress.at in NAMES else NAMES[0]


def _show(desk: Desk, lesson: Lesson, *, json: bool) -> None:
    from promptlib.learn import page_of  # noqa: PLC0415 - help needs no lessons

    desk.begin(lesson)
    page = page_of(lesson.name)
    if json:
        standing = desk.progress.of(lesson.name).to_dict()
        told = {"lesson": lesson.name, "title": page.title, "page": page.text, "hints": len(page.hints)}
        print_json("lesson", told | {"rules": list(lesson.rules), "file": str(desk.file(lesson)), "standing": standing})
        return
    paged(lesson_screen.reading(page, desk.file(lesson)))


def _list(desk: Desk, *, json: bool) -> None:
    from promptlib.learn import LESSONS, page_of  # noqa: PLC0415 - help needs no lessons

    if json:
        told = [
            {"lesson": each.name, "title": page_of(each.name).title, "rules": list(each.rules)}
            | {"checks": [one.id for one in each.checks], "standing": desk.progress.of(each.name).to_dict()}
            for each in LESSONS
        ]
        print_json("lessons", {"folder": str(desk.folder), "at": _next(desk), "lessons": told})
        return
    paged(lesson_screen.table(desk.progress, _next(desk)))


def _tell_report(lesson: Lesson, report: Report, *, json: bool) -> None:
    if json:
        print_json("lesson-check", report.to_dict())
    else:
        paged(lesson_screen.findings(report.findings))
        emit(lesson_screen.verdict(lesson.name, report))
    if not report.ok:
        raise typer.Exit(DIFFERENT)


def _hint(desk: Desk, lesson: Lesson, *, json: bool) -> None:
    from promptlib.learn import page_of  # noqa: PLC0415 - help needs no lessons

    number, text = desk.hint(lesson)
    of = len(page_of(lesson.name).hints)
    if json:
        print_json("lesson-hint", {"lesson": lesson.name, "number": number, "of": of, "hint": text})
    else:
        paged(lesson_screen.hint(number, of, text))


def _answer(desk: Desk, lesson: Lesson, *, json: bool) -> None:
    from promptlib.learn import page_of  # noqa: PLC0415 - help needs no lessons

    shown = desk.answer(lesson)
    page = page_of(lesson.name)
    if json:
        content = {key: page.sections[key.capitalize()] if shown else None for key in ("answer", "why", "source")}
        standing = desk.progress.of(lesson.name).to_dict()
        print_json("lesson-answer", {"lesson": lesson.name, "shown": shown, **content, "standing": standing})
    elif shown:
        paged([*lesson_screen.answer(page), *lesson_screen.reason(page)])
    else:
        emit([plain("not mended yet: --hint helps; ask for the answer once more to see it all the same", "yellow")])
    if not shown:
        raise typer.Exit(DIFFERENT)


# --- one's own prompts ------------------------------------------------------------------------------------------------


def _on(name: str, *, json: bool) -> None:
    reading = _applied(name)
    if json:
        print_json("lesson-on", reading.to_dict())
    else:
        paged(lesson_screen.reading_of(reading))
    if not reading.ok:
        raise typer.Exit(DIFFERENT)


def _applied(name: str) -> Reading:
    from promptlib.learn import applied  # noqa: PLC0415 - help needs no lessons

    if name == "-" or isfile(name):  # noqa: PTH113 - it says no to what is no path
        from promptlib.cli.files import given  # noqa: PLC0415 - a store needs no files

        data, source = given(name)
        return applied(data, name=source)
    from promptlib.cli.asking import asked  # noqa: PLC0415 - a file needs no store

    with asked() as view:
        source, data = view.raw(name)
        return applied(data, name=name, source=source, view=view)
