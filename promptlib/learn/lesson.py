"""What a lesson is made of: checks, what they find, and the rules of lint that it explains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from promptlib.errors import NotFound, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from promptlib.errors import Where
    from promptlib.learn.work import Work

#: What a finding stands on: types, syntax, tokens and rendered texts prove it; words are only read by a rule of thumb.
Ground: TypeAlias = Literal["structure", "wording"]


class Flaw(NamedTuple):
    """What a check says of one place: what is wrong, and what helps where that is more than the check's own hint."""

    where: Where
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong with a prompt by one check of a lesson, where, and the hint that belongs to it.

    `check` is a word that never changes. `where` says file, line and column (from 1), and holds the line itself for a
    picture with a caret. `ground` says whether it was proven or read from words.
    """

    lesson: str
    check: str
    ground: Ground
    where: Where
    message: str
    hint: str

    def __str__(self) -> str:
        """Return place, check and message on one line."""
        return f"{self.where}: {self.check}: {self.message}"

    def to_dict(self) -> dict[str, object]:
        """Return the finding as plain data."""
        return {
            "lesson": self.lesson,
            "check": self.check,
            "ground": self.ground,
            "file": self.where.source,
            "line": self.where.line,
            "column": self.where.column,
            "width": self.where.width,
            "text": self.where.text,
            "message": self.message,
            "hint": self.hint,
        }


Look: TypeAlias = "Callable[[Work], Iterable[Flaw]]"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a lesson looks for.

    `own` says that it holds for any prompt, so that it can be applied to a learner's own: a check that knows the task
    of the lesson cannot.
    """

    id: str
    hint: str
    own: bool
    ground: Ground
    look: Look


class Lesson:
    """A lesson: the checks of its exercise, in the order in which they are written. Its texts are its page.

    `rules` are the rules of lint that it explains; their pages name it. A lesson whose exercise is one file has a
    `file`, such as `delimiters.prompty`; one about stores has `lay`, which fills a new folder, and its `file` is the
    path in that folder of what is to be mended (an empty text: the folder itself). `chains` says that what is handed in
    may be a chain.
    """

    def __init__(
        self,
        name: str,
        *,
        rules: tuple[str, ...] = (),
        lay: Callable[[Path], None] | None = None,
        file: str | None = None,
        chains: bool = False,
    ) -> None:
        """Begin without checks."""
        self.name = name
        self.rules = rules
        self.lay = lay
        self.file = f"{name}.prompty" if file is None else file
        self.chains = chains
        self.checks: list[Check] = []

    def check(self, name: str, hint: str, *, own: bool = False, ground: Ground = "structure") -> Callable[[Look], Look]:
        """Make a check of the function below."""

        def keep(look: Look) -> Look:
            self.checks.append(Check(name, hint, own, ground, look))
            return look

        return keep


def unknown_lesson(name: str, known: Iterable[str]) -> NotFound:
    """Return the error for a word that names no lesson."""
    hint = f"{nearest(name, known)} all lessons: promptlib learn --list".strip()
    return NotFound(f"no lesson {name!r:.80}", hint=hint)
