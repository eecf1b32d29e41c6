"""Values for the same person in one group and in another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from promptlib.errors import InvalidPrompt, NotFound, nearest
from promptlib.fairness.checking import checked_groups
from promptlib.fairness.reading import parts_of, read
from promptlib.plain import Frozen, digest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Self

#: A text, a whole number, or a date as ISO text.
Value: TypeAlias = "str | int"


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantSet:
    """Values by group, form and row, on one axis and in one language.

    `groups["female"]["name"][2]` is the name in row 2, counted from 0. The rule of a set: row n of every group stands
    for the same person but for the group, so that two prompts that are made of one row differ in nothing else. Every
    group has the same forms and every form the same number of rows. `everyday` are values that also stand in texts
    about anybody, such as *they*. A set never says to which group a name belongs: it says which names it uses.

    Sets come from `VariantSet.shipped("gender")` and `VariantSet.read("our-names.toml")`. A set that cannot be is an
    `InvalidPrompt` that names every mistake.
    """

    axis: str
    language: str
    groups: Mapping[str, Mapping[str, tuple[Value, ...]]]
    source: str
    licence: str
    note: str = ""
    everyday: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Bring the values into their one form and check them against each other."""
        object.__setattr__(self, "groups", checked_groups(self))

    @classmethod
    def shipped(cls, axis: str, *, language: str = "en") -> Self:
        """Return the set that comes with promptlib for *axis*; raises `NotFound` with the nearest one."""
        found = [each for each in shipped_sets() if each.axis == axis]
        for each in found:
            if each.language == language:
                return each  # type: ignore[return-value] # nobody makes subclasses of a set
        here = ", ".join(f"{each.axis} ({each.language})" for each in shipped_sets())
        if found:
            raise NotFound(f"no shipped set for {axis!r} in the language {language!r:.40}", hint=f"sets here: {here}")
        guess = nearest(axis, {each.axis for each in shipped_sets()})
        raise NotFound(f"no shipped set for the axis {axis!r:.80}", hint=f"{guess} sets here: {here}".strip())

    @classmethod
    def read(cls, path: Path | str) -> Self:
        """Return the set in the TOML or JSON file at *path*; raises `InvalidFile` with the line of each mistake."""
        return cls(**read(path))

    def only(self, *groups: str) -> Self:
        """Return the set with these *groups* alone, in this order; raises `NotFound` with the nearest one."""
        for group in groups:
            if group not in self.groups:
                hint = f"{nearest(str(group), self.groups)} groups here: {', '.join(self.groups)}".strip()
                raise NotFound(f"no group {group!r:.80} in the set for {self.axis!r}", hint=hint)
        return replace(self, groups={group: self.groups[group] for group in groups})

    @property
    def forms(self) -> tuple[str, ...]:
        """The forms that every group has, in the order of the first group."""
        return tuple(next(iter(self.groups.values())))

    @property
    def rows(self) -> int:
        """How many people it stands for."""
        return len(next(iter(next(iter(self.groups.values())).values())))

    @property
    def digest(self) -> str:
        """`sha256:<hex>` of its axis, language and values: two reports with it used the same set."""
        return digest(Frozen({"axis": self.axis, "language": self.language, "groups": self.groups}))  # type: ignore[dict-item] # frozen when it was made

    def __repr__(self) -> str:
        """Say axis, language, groups and size on one line."""
        return f"VariantSet({self.axis!r}, {self.language!r}, groups: {', '.join(self.groups)}, {self.rows} rows)"


@cache
def shipped_sets() -> tuple[VariantSet, ...]:
    """Return the sets that come with promptlib, by axis and language."""
    from importlib.resources import files  # noqa: PLC0415 - only the shipped sets lie in the package

    folder = files("promptlib.fairness") / "sets"
    found = [each for each in folder.iterdir() if each.name.endswith(".toml")]
    sets = [VariantSet(**parts_of(each.read_text("utf-8"), each.name)) for each in found]
    return tuple(sorted(sets, key=lambda each: (each.axis, each.language)))


def check_set(given: object) -> VariantSet:
    """Return *given* when it is a set; raises `InvalidPrompt`."""
    if not isinstance(given, VariantSet):
        raise InvalidPrompt(
            f"variants are a {type(given).__name__}, not a VariantSet", hint='write VariantSet.shipped("gender")'
        )
    return given
