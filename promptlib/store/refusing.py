"""Refusing to store what holds a secret: the settings that say so, and the error that does not repeat it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, TypeAlias

from promptlib.errors import SaveRefused, StoreError, Where
from promptlib.store import settings
from promptlib.store.leaks import leaks

if TYPE_CHECKING:
    from promptlib._git import Repository

#: True: the known shapes; expressions: these beside them; False: nothing is refused; None: what the settings say.
Refused: TypeAlias = "bool | Sequence[str] | None"

KEY = "promptlib.refuseSecrets"
MOST_TOLD = 10
_YES, _NO = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0", ""})
_ADVICE = (
    "give it as an input when the prompt is rendered, or let your code read it from an environment variable; "
    "a key that others may have seen is to be replaced where it was made"
)
#: A repeat of what is itself repeated without end: on some lines it would be at work for years.
_NESTED_REPEAT = re.compile(r"(?<!\\)(?:[+*]|\{\d*,\})\??\)(?:[+*]|\{\d*,\})")


@dataclass(frozen=True, slots=True)
class Guard:
    """Refuses texts that hold a key or token of a known shape, or what one of *own* describes."""

    own: tuple[re.Pattern[str], ...]
    way_out: str

    def file(self, path: str, data: bytes | None) -> None:
        """Raise `SaveRefused` when the file *data* that is to be stored at *path* holds a secret, or the path does."""
        if data is not None:
            self.words("a name", path)
            self.words(path, data.decode("utf-8", "replace"))

    def words(self, source: str, text: str) -> None:
        """Raise `SaveRefused` when *text*, which messages call *source*, holds a secret."""
        found = leaks(text, self.own)
        if not found:
            return
        errors = [
            SaveRefused(
                f"{source} holds {each.kind}: nothing was saved",
                where=Where(source, each.line, each.column, each.shown, each.width),
                hint="" if at else f"{_ADVICE}\nto save it all the same: {self.way_out}",
            )
            for at, each in enumerate(found[:MOST_TOLD])
        ]
        errors[0].others = tuple(errors[1:])
        raise errors[0]


def guard_of(folder: Path, repository: Repository, asked: Refused) -> Guard | None:
    """Return what guards the store at *folder*, or None: what the caller *asked*, else what its settings say.

    A caller that asks for it has it whatever the settings say, and their expressions too. Raises `StoreError` for
    settings that cannot be understood.
    """
    if asked is False:
        return None
    if repository.bare:
        told, way_out = _of_repository(repository), f"git -C {quote(str(repository.git_dir))} config {KEY} false"
    else:
        file, setting = _of_project(folder, repository)
        told = _expressions(setting, f"[tool.promptlib] refuse_secrets in {file}")
        way_out = f"refuse_secrets = false in [tool.promptlib] of {file}"
    insisted = _expressions(asked, "refuse_secrets")
    if insisted is not None:
        way_out = "open the store with refuse_secrets=False"
    return None if told is None and insisted is None else Guard((*(told or ()), *(insisted or ())), way_out)


def _of_repository(repository: Repository) -> tuple[re.Pattern[str], ...] | None:
    text = repository.layout.refuse_secrets.lower()
    if text in _NO:
        return None
    if text not in _YES:
        raise StoreError(
            f"{KEY} in {repository.common_dir / 'config'} is neither true nor false",
            hint=f"git -C {quote(str(repository.git_dir))} config {KEY} true",
        )
    return ()


def _of_project(folder: Path, repository: Repository) -> tuple[Path, object]:
    """Return what the nearest project says, from *folder* up to the top of its repository, and in which file."""
    place, top = folder.resolve(), Path(str(repository.work_tree)).resolve()
    for each in (place, *place.parents):
        if each.is_relative_to(top) and (told := settings.table(each).get("refuse_secrets")) is not None:
            return each / settings.FILE, told
    return place / settings.FILE, None


def _expressions(told: object, source: str) -> tuple[re.Pattern[str], ...] | None:
    """Return the expressions of *told*, none for True; None where nothing is to be refused."""
    if told is None or isinstance(told, bool):
        return () if told else None
    if isinstance(told, str) or not isinstance(told, Sequence) or not all(isinstance(each, str) for each in told):
        raise StoreError(
            f"{source} is neither true, false nor a list of regular expressions",
            hint='such as refuse_secrets = ["acme-[0-9a-f]{32}"]',
        )
    return tuple(_compiled(each, f"{source}, expression {at}") for at, each in enumerate(told, 1))


def _compiled(text: str, source: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise StoreError(f"{source} is no regular expression: {error}", hint="they are those of Python's re") from error
    if pattern.search(""):
        raise StoreError(f"{source} matches an empty text, so every text", hint="say what stands there at least")
    if _NESTED_REPEAT.search(text):
        raise StoreError(
            f"{source} repeats a repetition without end, which can take for ever",
            hint="repeat once, [a-z]+ instead of ([a-z]+)+, or give the inner one a limit: ([a-z]{1,16})+",
        )
    return pattern
