"""Which moment of a store is meant: a time, a commit, a version, or a branch or tag."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from math import floor
from typing import TYPE_CHECKING, TypeAlias

from promptlib.errors import BadRef, NotFound
from promptlib.version import Version, instant

if TYPE_CHECKING:
    from promptlib._git import Repository
    from promptlib._index import Committed
    from promptlib.store.past import History

When: TypeAlias = "datetime | str | Version"

_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ].*)?", re.DOTALL)
_COMMIT = re.compile(r"[0-9a-f]{4,64}")
SHORTEST = 7
_FORMS = 'a time is written "2026-05-03 14:00+02:00" or "2026-05-03T12:00Z", a commit by 7 digits of its id or more'


def committed(history: History, repository: Repository, when: When) -> Committed:
    """Return the commit of the history at its tip that *when* means.

    A time means the newest commit of the first-parent line whose committer says that time or an earlier one. Raises
    `BadRef` for what means no moment, and `NotFound` for a moment that this history has not.
    """
    if isinstance(when, Version):
        return _of_version(history, when)
    if isinstance(when, datetime):
        return _of_time(history, repository, when)
    if not isinstance(when, str):
        raise BadRef(f"a moment is a datetime, a text or a Version, not a {type(when).__name__}", hint=_FORMS)
    if _DATE.fullmatch(when):
        return _of_time(history, repository, _read(when))
    # Digits of a commit come first: nobody may give another meaning to them by a branch of that name.
    if _COMMIT.fullmatch(when) and len(when) >= SHORTEST and history.index.commits(when):
        return _of_commit(history, when)
    commit = repository.reference(when)
    if commit is None and not _COMMIT.fullmatch(when):
        raise NotFound(f"{when[:60]!r} is no time, commit, tag or branch here", hint=_FORMS)
    return _of_commit(history, commit or when)


def _read(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise BadRef(f"{text[:60]!r} is no time: {error}", hint=_FORMS) from error


def _of_time(history: History, repository: Repository, time: datetime) -> Committed:
    if time.utcoffset() is None:
        raise _without_zone(time)
    found = history.index.standing_at(floor(time.timestamp()))
    if found is not None:
        return found
    begun = history.index.first()
    where = _place(history)
    if begun is None:
        raise NotFound(f"there is nothing at {shown(time)}: {where} has no commit yet", hint="promptlib save makes one")
    if repository.shallow:
        raise NotFound(
            f"this clone is shallow: what was at {shown(time)} is not in it",
            hint=f"it begins at {shown(instant(begun.seconds, '+0000'))}; to have the rest: git fetch --unshallow",
        )
    raise NotFound(
        f"there was nothing at {shown(time)}: {where} begins at {shown(instant(begun.seconds, '+0000'))}",
        hint=f"ask for that time or a later one; its first commit is {begun.id[:SHORTEST]}",
    )


def _without_zone(time: datetime) -> BadRef:
    """Whose noon is it? A wrong guess would answer for another hour without a word."""
    asked = [f'"{shown(time.replace(tzinfo=UTC))}" for UTC']
    with suppress(OverflowError, OSError, ValueError):  # the zone of this machine may not reach so far
        here = time.astimezone()
        asked += [f'"{shown(here)}" for the zone of this machine'] if here.utcoffset() else []
    return BadRef(
        f"{shown(time)!r} says no time zone, and the answer depends on it", hint=f"write it: {', or '.join(asked)}"
    )


def _of_version(history: History, version: Version) -> Committed:
    if not version.commit:
        raise NotFound(f"{version} has no commit here", hint="give a version of the store's history, or a time")
    return _of_commit(history, version.commit)


def _of_commit(history: History, prefix: str) -> Committed:
    if len(prefix) < SHORTEST:
        raise BadRef(f"{prefix!r} is too short for a commit", hint=f"give {SHORTEST} digits of its id or more")
    found = history.index.commits(prefix)
    if len(found) > 1:
        names = ", ".join(each.id for each in found)
        raise BadRef(f"{prefix} could be any of {len(found)} commits: {names}", hint="give more digits")
    if not found:
        raise NotFound(
            f"commit {prefix[:12]} is not in the history of {_place(history)}",
            hint=f"git branch --all --contains {prefix[:12]} names the branches that have it",
        )
    return found[0]


def _place(history: History) -> str:
    return history.reference().removeprefix("refs/heads/")


def shown(time: datetime) -> str:
    """Return *time* as one would write it to ask for it again."""
    text = time.isoformat(sep=" ", timespec="seconds" if time.second else "minutes")
    return text.replace("+00:00", "Z")
