"""What a file's front matter should say after an edit, in the file's own spelling where nothing changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Data = dict[str, Any]


def same(one: object, other: object) -> bool:
    """Compare plain data, numbers by kind, keys in any order."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, Sequence) and isinstance(other, Sequence) and not isinstance(one, str):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


def reconcile(file: object, old: object, new: object) -> object:
    """Return what *file* becomes when what it means changes from *old* to *new*.

    *file* spells *old* in its own way (a list for a mapping by name, a bare value for a declaration, words for
    defaults); where *old* and *new* agree the spelling is kept.
    """
    if same(old, new):
        return file
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        if isinstance(file, dict):
            return _mapping(file, old, new)
        if isinstance(file, list) and all(isinstance(each, dict) and "name" in each for each in file):
            return _named(file, old, new)
    return new


def renew(file: Data, old: Mapping[str, Any], new: Mapping[str, Any]) -> Data:
    """Return what *file* becomes when each top key that changes is written anew: for spellings that cannot stay."""
    kept = {
        key: value if same(old.get(key), new.get(key)) else new[key]
        for key, value in file.items()
        if key in new or key not in old
    }
    return _inserted(kept, new)


def _mapping(file: Data, old: Mapping[str, Any], new: Mapping[str, Any]) -> Data:
    kept = {
        key: (reconcile(value, old[key], new[key]) if key in old else new[key]) if key in new else value
        for key, value in file.items()
        if key in new or key not in old
    }
    return _inserted(
        kept, {key: value for key, value in new.items() if key in kept or not (key in old and key not in file)}
    )


def _inserted(kept: Data, new: Mapping[str, Any]) -> Data:
    """Add the keys of *new* that *kept* has not, each behind the key that it follows in *new*."""
    order = list(kept)
    at = 0
    for key in new:
        if key in kept:
            at = order.index(key) + 1
        else:
            order.insert(at, key)
            at += 1
    return {key: kept.get(key, new.get(key)) for key in order}


def _named(file: list[Data], old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Data]:
    """Reconcile a list of items that have names, such as Prompty's inputs."""
    kept = []
    for each in file:
        name = each["name"]
        if name in new:
            inner = {key: value for key, value in each.items() if key != "name"}
            changed = reconcile(inner, old.get(name), new[name])
            kept.append({"name": name, **changed} if isinstance(changed, dict) else each)
    names = {each["name"] for each in file}
    return kept + [{"name": name, **value} for name, value in new.items() if name not in names]
