"""One run: every check of a lesson over what a learner hands in."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from promptlib.errors import InvalidInputs, PromptLibError, Where
from promptlib.learn.lesson import Finding
from promptlib.learn.probing import Unprobed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.learn.lesson import Check, Lesson
    from promptlib.learn.work import Work

#: Findings of one check that are told.
MOST = 20
UNREADABLE, NO_PROMPT, NO_RENDER, UNPROBED = "unreadable", "no-prompt", "does-not-render", "not-tried"


@dataclass(frozen=True, slots=True)
class Report:
    """What a lesson says of a prompt, in the order of its checks and in each by line; nothing means mended."""

    lesson: str
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def to_dict(self) -> dict[str, object]:
        """Return the report as plain data."""
        return {"lesson": self.lesson, "ok": self.ok, "findings": [each.to_dict() for each in self.findings]}


def checked(lesson: Lesson, work: Work, *, own: bool = False) -> Report:
    """Run the checks of *lesson* over *work*; for a learner's *own* prompt those that hold for any.

    It never raises for what a file holds: text that is no prompt, and a prompt that cannot be rendered, are findings.
    """
    looks = [each for each in lesson.checks if each.own or not own]
    unread = _unread(lesson, work)
    if unread is not None:
        return Report(lesson.name, unread)
    findings: list[Finding] = []
    for check in looks:
        findings += _of_check(lesson, check, work)
    return Report(lesson.name, tuple(dict.fromkeys(findings)))


def _unread(lesson: Lesson, work: Work) -> tuple[Finding, ...] | None:
    """Return why *work* is nothing that can be checked; None where it is."""
    try:
        chain = work.is_chain
    except PromptLibError as error:
        return tuple(_of_error(lesson, UNREADABLE, each, work) for each in (error, *error.others)[:MOST])
    if chain and not lesson.chains:
        where = Where(work.source, 1)
        what = "this is a chain, and the lesson is about a prompt"
        return (_finding(lesson, NO_PROMPT, where, what, "hand in a file with messages, such as user: and a text"),)
    return None


def _of_check(lesson: Lesson, check: Check, work: Work) -> Iterator[Finding]:
    try:
        for flaw in islice(check.look(work), MOST):
            yield Finding(
                lesson=lesson.name,
                check=check.id,
                ground=check.ground,
                where=flaw.where,
                message=flaw.message,
                hint=flaw.hint or check.hint,
            )
    except Unprobed as error:
        hint = f"give {error.name} a default that its pattern lets through"
        yield _finding(lesson, UNPROBED, work.at_key("inputs", error.name, "pattern"), str(error), hint)
    except InvalidInputs as error:
        hint = "widen the limits of that input, or give it a default"
        yield _finding(lesson, UNPROBED, work.at_key("inputs"), f"it cannot be tried: {error.what}", hint)
    except PromptLibError as error:
        yield _of_error(lesson, NO_RENDER, error, work)


def _of_error(lesson: Lesson, check: str, error: PromptLibError, work: Work) -> Finding:
    where = error.where if error.where is not None and str(error.where) else Where(work.source, 1)
    return _finding(lesson, check, where, error.what, error.hint or _NEXT[check])


#: What helps where an error itself does not say.
_NEXT = {
    UNREADABLE: "mend this place first: the rest is looked at when the file can be read",
    NO_RENDER: "let it render with every value that its inputs take",
}


def _finding(lesson: Lesson, check: str, where: Where, message: str, hint: str) -> Finding:
    return Finding(lesson=lesson.name, check=check, ground="structure", where=where, message=message, hint=hint)
