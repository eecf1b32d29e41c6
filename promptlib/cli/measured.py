"""Which versions have fairness reports beside them, for the verbs that list versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.errors import PromptLibError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptlib.store import View


def axes_of(store: View, digests: Iterable[str]) -> dict[str, list[str]]:
    """Return what was varied in the reports of each of *digests* that has some; empty where one cannot be read."""
    known = store.measured()
    return {digest: _axes(store, digest) for digest in dict.fromkeys(digests) if digest in known}


def _axes(store: View, digest: str) -> list[str]:
    try:
        return [str(each.data.get("variants")) for each in store.reports_of(digest)]
    except PromptLibError:
        return []  # fsck says what is wrong with it: a list of versions is a list all the same


def told(axes: list[str]) -> str:
    """Return *axes* of reports in words: `gender, age, 3 reports`."""
    names = ", ".join(dict.fromkeys(axes)) or "cannot be read"
    return f"{names}, {len(axes)} report{'s' if len(axes) != 1 else ''}"
