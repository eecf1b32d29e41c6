"""Learn: lessons on real prompts, and what checks them without a model."""

from __future__ import annotations

from promptlib.learn.applying import Reading, applied
from promptlib.learn.checking import Report, checked
from promptlib.learn.desk import Desk, work_at
from promptlib.learn.lesson import Check, Finding, Flaw, Lesson, unknown_lesson
from promptlib.learn.lessons import LESSONS
from promptlib.learn.pages import SECTIONS, Block, Page, page_of
from promptlib.learn.progress import Progress, Standing, read_progress, write_progress
from promptlib.learn.work import Work

__all__ = [
    "LESSONS",
    "NAMES",
    "SECTIONS",
    "Block",
    "Check",
    "Desk",
    "Finding",
    "Flaw",
    "Lesson",
    "Page",
    "Progress",
    "Reading",
    "Report",
    "Standing",
    "Work",
    "applied",
    "check",
    "checked",
    "lesson",
    "page_of",
    "read_progress",
    "work_at",
    "write_progress",
]

#: The names of the lessons, in the order in which they are learnt.
NAMES = tuple(each.name for each in LESSONS)


def lesson(name: str) -> Lesson:
    """Return the lesson *name*; raises `NotFound`, with the nearest, where there is no such lesson."""
    if name not in NAMES:
        raise unknown_lesson(name, NAMES)
    return LESSONS[NAMES.index(name)]


def check(name: str, data: bytes, *, source: str = "") -> Report:
    """Check the prompt file *data* by the lesson *name*; *source* names it in findings.

    Whatever the file holds, it is a report; raises `NotFound` for a lesson that there is not.
    """
    return checked(lesson(name), Work(data, source or f"{name}.prompty"))
