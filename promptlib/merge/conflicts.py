"""What two sides want differently: of one field, and of one name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from promptlib.diff.layout import visible
from promptlib.plain import Frozen, thaw

if TYPE_CHECKING:
    from promptlib.chain import Stored
    from promptlib.plain import Plain
    from promptlib.version import Version

Kind = Literal["prompt", "label", "include", "file"]
SHORT = 8
#: Characters of a value that are shown, and how many of them come before the first that differs.
LONGEST = 96
_LEAD = 24


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """One field that two sides changed differently.

    `ours` and `theirs` are what the field becomes when that side is chosen, and `base` what it was: plain data, None
    where there is nothing. In a text only the contested words differ between the three; all that does not conflict is
    merged in each of them. `why` says in words what is contested.
    """

    field: str
    base: Plain
    ours: Plain
    theirs: Plain
    why: str = ""

    def __str__(self) -> str:
        """Return the field, why it conflicts, and the three values, each cut to one line around what differs."""
        heading = f"{visible(self.field)}: {visible(self.why)}".removesuffix(": ")
        texts = {"base": _text(self.base), "ours": _text(self.ours), "theirs": _text(self.theirs)}
        whole = all(len(text) <= LONGEST for text in texts.values())
        begin = 0 if whole else max(0, _first_difference(texts["ours"], texts["theirs"]) - _LEAD)
        return "\n".join([heading, *(f"  {name:<6} {_from(text, begin)}" for name, text in texts.items())])

    def to_dict(self) -> dict[str, object]:
        """Return the conflict as JSON data."""
        values = {name: thaw(getattr(self, name)) for name in ("base", "ours", "theirs")}
        return {"field": self.field, **values, "why": self.why}


@dataclass(frozen=True, slots=True, kw_only=True)
class NameConflict:
    """One name, label, include or file that two sides changed differently.

    `kind` says which of them; `label` is the label that was moved. A file is none of a store's own, or one that nobody
    can read: its name is its path. `base`, `ours` and `theirs` are the prompts,
    for a label the versions that it points to, None where it is absent. `fields` are the fields of a prompt that
    conflict.
    """

    name: str
    kind: Kind = "prompt"
    label: str = ""
    base: Stored | Version | None = None
    ours: Stored | Version | None = None
    theirs: Stored | Version | None = None
    fields: tuple[FieldConflict, ...] = ()

    def __str__(self) -> str:
        """Return what conflicts and the texts of both sides, each on one line."""
        what = f"label {self.label!r} of {self.name}" if self.kind == "label" else f"{self.kind} {self.name}".rstrip()
        if self.fields:
            rows = [line for each in self.fields for line in str(each).split("\n")]
        elif self.kind == "file":
            rows = ["changed on both sides: it is merged by hand, or one of them is taken"]
        else:
            rows = [f"{name:<6} {_shown_side(getattr(self, name))}" for name in ("base", "ours", "theirs")]
        return "\n".join([visible(what), *(f"  {row}" for row in rows)])

    def to_dict(self) -> dict[str, object]:
        """Return the conflict as JSON data; the sides are told by their digests."""
        sides = {name: getattr(getattr(self, name), "digest", None) for name in ("base", "ours", "theirs")}
        fields = [each.to_dict() for each in self.fields]
        return {"name": self.name, "kind": self.kind, "label": self.label, **sides, "fields": fields}


def _shown_side(side: Stored | Version | None) -> str:
    if side is None:
        return "(absent)"
    number = getattr(side, "number", None)
    short = side.digest.removeprefix("sha256:")[:SHORT]
    return f"v{number} ({short})" if number is not None else f"({short})"


def shortly(value: Plain) -> str:
    """Return *value* on one short line."""
    return _from(_text(value), 0)


def _text(value: Plain) -> str:
    if value is None:
        return "(nothing)"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Frozen | tuple):
        return json.dumps(thaw(value), ensure_ascii=False)
    return json.dumps(value)


def _first_difference(one: str, other: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _from(text: str, begin: int) -> str:
    if len(text) <= begin + _LEAD:
        begin = 0
    end = begin + LONGEST
    return f"{'…' if begin else ''}{visible(text[begin:end])}{'…' if end < len(text) else ''}"
