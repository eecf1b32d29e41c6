"""Which rules look, and what they measure by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from promptlib.errors import InvalidInputs, StoreError, nearest
from promptlib.lint.rule import unknown_rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from promptlib.lint.rule import Rule

#: Words that stand for several rules.
ALL, DEFAULT = "all", "default"
TABLE = "[tool.promptlib.lint]"
_WORDS = {"select": list, "ignore": list, "per-file": dict, "budget": int, "reserve": int, "encoding": str}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Which rules look: those of `select` without those of `ignore`, and fewer for some names.

    Both hold ids of rules, names of families, `default` and `all`. `per_file` maps a pattern of names, such as
    `drafts/*`, to rules that do not look there. `budget` is what the worst case of a prompt must fit into, `reserve`
    what stays free of it for the answer, both in tokens of `encoding`; without a budget no worst case is computed.
    """

    select: tuple[str, ...] = (DEFAULT,)
    ignore: tuple[str, ...] = ()
    per_file: tuple[tuple[str, tuple[str, ...]], ...] = ()
    budget: int | None = None
    reserve: int = 0
    encoding: str = "o200k_base"

    @classmethod
    def of_project(cls, folder: Path) -> Settings:
        """Return what `[tool.promptlib.lint]` in the pyproject.toml of *folder* says; raises `StoreError`."""
        from promptlib.store.settings import FILE, table  # noqa: PLC0415 - one prompt needs no settings

        told = table(folder).get("lint", {})
        if not isinstance(told, dict):
            raise StoreError(
                f"{TABLE} in {folder / FILE} is no table", hint='write [tool.promptlib.lint], ignore = ["…"]'
            )
        for key, value in told.items():
            kind = _WORDS.get(key)
            if kind is None or not isinstance(value, kind) or isinstance(value, bool):
                hint = f"{nearest(key, _WORDS) if kind is None else ''} keys here: {', '.join(_WORDS)}".strip()
                what = "is not known" if kind is None else f"is no {_KINDS[kind]}"
                raise StoreError(f"{TABLE} {key[:80]} in {folder / FILE} {what}", hint=hint)
        try:
            return cls().with_words(**told)
        except InvalidInputs as error:
            raise StoreError(f"{TABLE} in {folder / FILE}: {error.what}", hint=error.hint) from error

    def with_words(self, **words: Any) -> Settings:  # noqa: ANN401 - checked key by key
        """Return these settings with *words*, as the table of a project writes them."""
        changes: dict[str, Any] = {
            key: value for key, value in words.items() if key in ("budget", "reserve", "encoding")
        }
        changes |= {key: _ids(words[key], key) for key in ("select", "ignore") if key in words}
        if "per-file" in words:
            per_file: Mapping[str, object] = words["per-file"]
            changes["per_file"] = tuple((pattern, _ids(ids, "per-file")) for pattern, ids in per_file.items())
        return replace(self, **changes)

    def rules(self, all_rules: Iterable[Rule]) -> tuple[Rule, ...]:
        """Return the rules that look; raises `NotFound`, with the nearest, for a word that names none."""
        every = tuple(all_rules)
        chosen, left_out = _named(self.select, every), _named(self.ignore, every)
        for _, ids in self.per_file:
            _named(ids, every)
        return tuple(each for each in every if each.id in chosen and each.id not in left_out)

    def silent(self, name: str, all_rules: Iterable[Rule]) -> frozenset[str]:
        """Return the rules that do not look at the prompt *name*."""
        every = tuple(all_rules)
        found = (_named(ids, every) for pattern, ids in self.per_file if fnmatchcase(name, pattern))
        return frozenset().union(*found)


_KINDS = {list: "list of rules", dict: "table of patterns", int: "whole number", str: "text"}


def _ids(value: object, key: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise InvalidInputs(f"{key} is no list of rules", hint=f'write {key} = ["undescribed-input"]')
    return tuple(value)


def _named(words: Iterable[str], every: tuple[Rule, ...]) -> frozenset[str]:
    """Return the ids that *words* stand for."""
    ids: set[str] = set()
    for word in words:
        found = {each.id for each in every if word in (each.id, each.family, ALL) or (word == DEFAULT and each.on)}
        if not found:
            raise unknown_rule(word, [each.id for each in every])
        ids |= found
    return frozenset(ids)
