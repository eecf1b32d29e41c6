"""Which names one side of a merge has renamed: an edit made on the other side follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.errors import InvalidPrompt
from promptlib.store.layout import name_at, prompt_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptlib.store.merging.sides import Key, Side

MOST_STEPS = 64


def renames(base: Side, side: Side, changed: Iterable[Key]) -> dict[str, str]:
    """Return old name -> new name of every prompt that *side* has renamed since *base*.

    The new file says so, as `Store.rename` writes it, or it is the old one to the byte. A name that goes on under its
    own name is not renamed, whatever else was made of it.
    """
    names = sorted({key.name for key in changed if key.kind == "prompt"})
    path = {name: base.prefix + prompt_path(name) for name in names}
    was = {name: base.entry(path[name]) for name in names}
    now = {name: side.entry(path[name]) for name in names}
    gone = {name: entry for name in names if (entry := was[name]) is not None and now[name] is None}
    came = {name: entry for name in names if (entry := now[name]) is not None and was[name] is None}
    if not gone or not came:
        return {}
    found: dict[str, str] = {}
    chain = _Chain(base, side)
    for new, entry in came.items():
        old = chain.back(_told(side, entry, path[new]), gone)
        if old and old not in found:
            found[old] = new
    taken = set(found.values())
    for new, entry in came.items():
        same = [old for old, before in gone.items() if before == entry and old not in found]
        if new not in taken and len(same) == 1:
            found[same[0]] = new
    return found


class _Chain:
    """Renames of renames: what stands between the base and the side is looked up once, if it is asked for."""

    def __init__(self, base: Side, side: Side) -> None:
        self._base = base
        self._side = side
        self._between: dict[str, str] | None = None

    def back(self, told: str, gone: Iterable[str]) -> str:
        """Return the name among *gone* that was renamed to *told*, over however many steps; or an empty text."""
        known = set(gone)
        for _ in range(MOST_STEPS):
            if not told or told in known:
                return told
            told = self._steps().get(told, "")
        return ""

    def _steps(self) -> dict[str, str]:
        if self._between is None:
            self._between = {}
            commit, prefix = self._side.commit, self._side.prefix
            stop = (self._base.commit,) if self._base.commit else ()
            for made in self._side.repository.log(commit, stop=stop, prefix=prefix) if commit else ():
                for change in made.changes:
                    name = name_at(change.path.removeprefix(prefix))
                    if name and change.blob and (old := _told(self._side, (b"100644", change.blob), change.path)):
                        self._between[name] = old
        return self._between


def _told(side: Side, entry: tuple[bytes, str], path: str) -> str:
    """Return the old name that a file tells, or an empty text."""
    try:
        return side.prompt(entry, path).renamed_from
    except InvalidPrompt:
        return ""
