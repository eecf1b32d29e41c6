"""By what people are told apart, and in which languages there are words for it."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from promptlib.errors import NotFound, nearest

#: Few, and those for which words can be listed that mean people and little else. Words for orientation, class and
#: looks mean other things more often than they mean people ("straight", "poor", "short").
Axis: TypeAlias = Literal["gender", "age", "origin", "religion", "disability"]
AXES: tuple[Axis, ...] = get_args(Axis)
LANGUAGES = ("en", "de")


def checked(language: str) -> str:
    """Return *language*; raises `NotFound` where there are no words for it."""
    if language not in LANGUAGES:
        hint = f"{nearest(language, LANGUAGES)} languages here: {', '.join(LANGUAGES)}".strip()
        raise NotFound(f"no words for groups of people in the language {language!r:.80}", hint=hint)
    return language
