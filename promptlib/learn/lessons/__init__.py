"""The lessons, one module each, in the order in which they are learnt."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from promptlib.learn.lesson import Lesson

#: The names, in their order. A lesson's module is its name with _ for -.
NAMES = (
    "clear-task",
    "context-and-role",
    "typed-inputs",
    "delimiters",
    "examples",
    "output-form",
    "way-out",
    "long-context",
    "budget-and-priority",
    "includes",
    "chains",
    "versions-and-labels",
    "fairness",
)


def _lessons() -> tuple[Lesson, ...]:
    found: list[Lesson] = [import_module(f"promptlib.learn.lessons.{name.replace('-', '_')}").LESSON for name in NAMES]
    return tuple(found)


LESSONS = _lessons()
