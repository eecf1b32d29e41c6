"""Conditions on runs, each with the words that a line must hold to be worth a closer look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from promptlib.errors import BadRef
from promptlib.refs import Pin, split_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptlib.runs.run import Run

    Fits = Callable[[Pin], bool]

_FORMS = 'a time is written "2026-11-03 14:00+01:00" or "2026-11-03T13:00Z"'


class Wanted(NamedTuple):
    """A condition. A line that holds none of *words* cannot meet it; without words any may."""

    words: tuple[bytes, ...]
    matches: Callable[[Run], bool]


@dataclass(frozen=True, slots=True)
class Asked:
    """Contents that are asked for: which pins fit, and the label that they were asked for by, if that matters."""

    words: tuple[bytes, ...]
    fits: Fits
    label: str = ""

    def alone(self) -> Wanted:
        """Return the condition that such a content ran."""
        return Wanted(self.words, lambda run: self.fits(run.pin) and (not self.label or run.label == self.label))

    def anywhere(self) -> Wanted:
        """Return the condition that such a content ran, or was included by what ran."""
        return Wanted(self.words, lambda run: self.fits(run.pin) or any(map(self.fits, run.included())))


def word(digest: str) -> bytes:
    """Return what stands in a line that holds *digest*."""
    return digest.removeprefix("sha256:").encode()


def content(pin: Pin, names: frozenset[str] = frozenset()) -> Asked:
    """Ask for one content, under one of *names*; an unnamed pin, here or in a run, is any name's."""
    return Asked((word(pin.digest),), lambda each: each.digest == pin.digest and _is_one_of(each.name, names))


def beginning(names: frozenset[str], prefix: str) -> Asked:
    """Ask for the contents under one of *names* whose digest begins with *prefix*."""
    begin = f"sha256:{prefix}"
    return Asked((prefix.encode(),), lambda each: each.digest.startswith(begin) and _is_one_of(each.name, names))


def named(name: str, life: frozenset[Pin]) -> Asked:
    """Ask for every content of *name*, and for those of *life*, which it had under other names."""
    # A line holds the name of an included prompt without that of its store.
    names = {split_store(each)[1] for each in (name, *(pin.name for pin in life))}
    return Asked(tuple(each.encode() for each in sorted(names)), lambda each: each.name == name or each in life)


def labelled(name: str, label: str) -> Asked:
    """Ask for what was loaded by *label*."""
    return Asked((name.encode(),), lambda each: each.name == name, label)


def _is_one_of(name: str, names: frozenset[str]) -> bool:
    return not name or not names or name in names


def moment(given: datetime | str | None) -> datetime | None:
    """Return *given* as a time; raises `BadRef` for what is none, and for one that does not say its zone."""
    if given is None:
        return None
    if isinstance(given, str):
        try:
            time = datetime.fromisoformat(given)
        except ValueError as error:
            raise BadRef(f"{given[:40]!a} is no time", hint=_FORMS) from error
    elif isinstance(given, datetime):
        time = given
    else:
        raise BadRef(f"a time is a datetime or a text, not a {type(given).__name__}", hint=_FORMS)
    if time.utcoffset() is None:
        raise BadRef(f"{time:%Y-%m-%d %H:%M} says no time zone, and the answer depends on it", hint=_FORMS)
    return time
