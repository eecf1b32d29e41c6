"""Where a learner is: one small file that people can read, and delete to begin anew."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from promptlib.errors import InvalidFile, NewerFormat, StoreError, Where
from promptlib.store.putting import put_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: The name of the file, the key that says what it is, and the version of its shape.
FILE, KEY, SHAPE = "progress.json", "promptlib-lessons", 1
_ABOUT = "Where you are in promptlib learn. Delete this file to begin anew: the prompts beside it stay."
#: When the model answer was looked at: never, asked for once, before the prompt was mended, or after it.
Answer: TypeAlias = Literal["no", "asked", "before", "after"]
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far somebody came with a lesson: whether it is mended, the checks and hints that it took, the answer seen."""

    mended: bool = False
    checks: int = 0
    hints: int = 0
    answer: Answer = "no"

    def to_dict(self) -> dict[str, object]:
        """Return it as plain data."""
        return {"mended": self.mended, "checks": self.checks, "hints": self.hints, "answer": self.answer}


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The lesson that a learner is at, and their standing in each that they began.

    Lessons that this promptlib does not know are kept as they are.
    """

    at: str = ""
    lessons: Mapping[str, Standing] = field(default_factory=lambda: MappingProxyType({}))
    #: What else the file says: no version of ours wrote it, and it is written back.
    extra: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, lesson: str) -> Standing:
        """Return the standing in *lesson*."""
        return self.lessons.get(lesson, Standing())

    def with_lesson(self, lesson: str, standing: Standing) -> Progress:
        """Return it with *standing* in *lesson*, and at that lesson."""
        return replace(self, at=lesson, lessons=MappingProxyType({**self.lessons, lesson: standing}))

    def text(self) -> str:
        """Return the file that holds it."""
        told = {KEY: SHAPE, "about": _ABOUT, "at": self.at}
        lessons = {name: each.to_dict() for name, each in self.lessons.items()}
        return json.dumps(told | {"lessons": lessons} | dict(self.extra), ensure_ascii=False, indent=2) + "\n"


def read_progress(path: Path) -> Progress:
    """Return what the file at *path* says; nothing where there is none.

    Raises `InvalidFile`, with its line, for a file that is none of ours, `NewerFormat` for one of a later promptlib,
    and `StoreError` for one that cannot be read. The file stays as it is.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Progress()
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}", hint="nothing was changed") from error
    return _parsed(data, str(path))


def write_progress(path: Path, progress: Progress) -> None:
    """Write *progress* to *path*, all of it or nothing; raises `StoreReadOnly`, or `StoreError` for a full disk."""
    put_whole(path, [progress.text().encode()])


def _parsed(data: bytes, source: str) -> Progress:
    try:
        document = json.loads(data) if len(data) <= _LARGEST else None
    except json.JSONDecodeError as error:
        raise _damaged(source, error.msg, error.lineno, error.colno, error.doc) from error
    except (ValueError, RecursionError) as error:
        raise _damaged(source, "it is no JSON") from error
    if not isinstance(document, dict) or not isinstance(document.get(KEY), int):
        raise _damaged(source, f"it does not begin with {KEY!r}")
    if document[KEY] > SHAPE:
        raise NewerFormat(
            f"{source} was written by a later promptlib: its shape is {document[KEY]}, and this one knows {SHAPE}",
            hint="use that promptlib, or another --folder; the file was left as it is",
        )
    at, lessons = document.get("at", ""), document.get("lessons", {})
    if not isinstance(at, str) or not isinstance(lessons, dict):
        raise _damaged(source, "at is a name, and lessons an object")
    known = {KEY, "about", "at", "lessons"}
    return Progress(
        at=at,
        lessons=MappingProxyType({name: _standing(name, each, source) for name, each in lessons.items()}),
        extra=MappingProxyType({key: value for key, value in document.items() if key not in known}),
    )


def _standing(name: str, told: object, source: str) -> Standing:
    if not isinstance(told, dict):
        raise _damaged(source, f"{name!r:.60} is no object")
    mended, answer = told.get("mended", False), told.get("answer", "no")
    counts = [told.get(key, 0) for key in ("checks", "hints")]
    whole = all(type(count) is int and count >= 0 for count in counts)
    if type(mended) is not bool or answer not in get_args(Answer) or not whole:
        raise _damaged(source, f"{name!r:.60} says something else than mended, checks, hints, answer")
    return Standing(mended=mended, checks=counts[0], hints=counts[1], answer=answer)


def _damaged(source: str, why: str, line: int = 1, column: int = 1, text: str = "") -> InvalidFile:
    shown = text.split("\n")[line - 1] if text else ""
    return InvalidFile(
        f"{source} does not say where you are: {why}",
        where=Where(source, line, column, shown),
        hint="mend it, or delete it to begin anew; it was left as it is, and so are your prompts",
    )
