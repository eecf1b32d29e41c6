"""The checks of all lessons over a learner's own prompt: those that hold for any prompt. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptlib.learn.checking import NO_PROMPT, UNREADABLE, checked
from promptlib.learn.lessons import LESSONS
from promptlib.learn.work import Work

if TYPE_CHECKING:
    from promptlib.learn.checking import Report
    from promptlib.learn.lesson import Finding
    from promptlib.store import View


@dataclass(frozen=True, slots=True)
class Reading:
    """What the lessons say of one prompt: a report of each that could be applied, in the order of the lessons."""

    name: str
    reports: tuple[Report, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, each of them names its lesson."""
        return tuple(each for report in self.reports for each in report.findings)

    @property
    def ok(self) -> bool:
        """Whether nothing is proven to be wrong: what was only read from words is advice."""
        return all(each.ground == "wording" for each in self.findings)

    def to_dict(self) -> dict[str, object]:
        """Return it as plain data."""
        return {
            "name": self.name,
            "ok": self.ok,
            "lessons": [each.lesson for each in self.reports],
            "findings": [each.to_dict() for each in self.findings],
        }


def applied(data: bytes, *, name: str, source: str = "", view: View | None = None) -> Reading:
    """Apply every lesson to the file *data* of the prompt *name*; *view* is the store that finds its includes.

    A file that cannot be read is one finding, of the first lesson. A chain is looked at by lessons about chains.
    """
    reports: list[Report] = []
    work = Work(data, source or name, name=name, view=view)
    for lesson in LESSONS:
        if not any(each.own for each in lesson.checks):
            continue
        report = checked(lesson, work, own=True)
        if any(each.check == NO_PROMPT for each in report.findings):
            continue
        reports.append(report)
        if any(each.check == UNREADABLE for each in report.findings):
            break
    return Reading(name, tuple(reports))
