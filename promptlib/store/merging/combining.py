"""Two sides of a store over what they have in common, name by name: what becomes of each, and what is contested."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from promptlib.merge import FieldConflict, NameConflict
from promptlib.store.layout import include_path
from promptlib.store.merging.blending import Blending
from promptlib.store.merging.renames import renames
from promptlib.store.merging.sides import Key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptlib._git import Entry
    from promptlib.store.merging.choosing import Choices
    from promptlib.store.merging.sides import Side


@dataclass(slots=True)
class Combined:
    """What a merge lays over our side, whose paths begin at the top of the repository."""

    changes: dict[str, Entry | None] = field(default_factory=dict)
    #: Blobs among them that were not there before.
    texts: dict[str, bytes] = field(default_factory=dict)
    #: What nobody has decided yet.
    left: list[NameConflict] = field(default_factory=list)
    #: Where the two sides do not go together, decided or not.
    contested: set[str] = field(default_factory=set)
    #: Names and labels that each side has changed, those that were put together, and those that somebody decided.
    ours: set[str] = field(default_factory=set)
    theirs: set[str] = field(default_factory=set)
    merged: set[str] = field(default_factory=set)
    resolved: set[str] = field(default_factory=set)


class Combining:
    """One three-way merge of files."""

    def __init__(self, base: Side, ours: Side, theirs: Side, choices: Choices, *, prompts_only: bool = False) -> None:
        """Merge *ours* and *theirs* over *base*; with *prompts_only* what is none of ours is left to git."""
        self._base, self._ours, self._theirs = base, ours, theirs
        self._choices = choices
        self._prompts_only = prompts_only
        self._prefix = ours.prefix
        self._found = Combined()
        self._blending = Blending(base, ours, theirs, choices, self._found)
        self._renamed: dict[str, str] = {}
        self._before: dict[str, tuple[str, ...]] = {}
        self._skipped: set[str] = set()

    def combine(self) -> Combined:
        """Return what becomes of every path that one of the sides has changed."""
        ours, theirs = self._changed(self._ours), self._changed(self._theirs)
        self._follow(ours, theirs)
        keys = {self._canonical(key) for key in ours | theirs}
        for key in sorted(keys):
            if key.name not in self._skipped or key.kind not in {"prompt", "label"}:
                self._decide(key)
        self._found.ours |= {str(self._canonical(key)) for key in ours if key.kind in {"prompt", "label"}}
        self._found.theirs |= {str(self._canonical(key)) for key in theirs if key.kind in {"prompt", "label"}}
        self._keep_includes(key for key in keys if key.kind == "label")
        return self._found

    def _changed(self, side: Side) -> set[Key]:
        base = self._base
        paths = base.merging.differences(base.tree, side.tree, self._prefix) | base.laid.keys() | base.unknown
        if base.everything_unknown:
            paths |= base.merging.differences(self._ours.tree, self._theirs.tree, self._prefix)
        keys = {Key.of(path.removeprefix(self._prefix)) for path in paths}
        return {key for key in keys if key.kind != "file" or not self._prompts_only}

    # Names that one side has given another name

    def _follow(self, ours: set[Key], theirs: set[Key]) -> None:
        mine, yours = renames(self._base, self._ours, ours), renames(self._base, self._theirs, theirs)
        for old in sorted(mine.keys() | yours.keys()):
            new, other = mine.get(old), yours.get(old)
            if new and other and new != other:
                self._apart(old, new, other)
            elif new and (other or not self._there(self._theirs, new)):
                self._call(old, new)
            elif other and (new or not self._there(self._ours, other)):
                self._call(old, other)

    def _there(self, side: Side, name: str) -> bool:
        return side.entry(self._prefix + Key("prompt", name).path) is not None

    def _call(self, old: str, new: str) -> None:
        self._renamed[old] = new
        self._before[new] = (*self._before.get(new, ()), old)

    def _apart(self, old: str, ours: str, theirs: str) -> None:
        """One prompt with two new names: which of them it has is for somebody to say."""
        fields = (FieldConflict("name", old, ours, theirs, "renamed on both sides, to different names"),)
        keys = Key("prompt", old), Key("prompt", ours), Key("prompt", theirs)
        sides = zip((self._base, self._ours, self._theirs), keys, strict=True)
        base, mine, yours = (self._blending.readable(side, key, side.entry(self._path(key))) for side, key in sides)
        conflict = NameConflict(name=old, kind="prompt", base=base, ours=mine, theirs=yours, fields=fields)
        self._found.contested.add(self._path(keys[0]))
        chosen = self._choices.side(conflict)
        if chosen is None:
            self._found.left.append(conflict)
            self._skipped |= {old, ours, theirs}
            return
        self._found.resolved.add(old)
        kept, given_up = (ours, theirs) if chosen == "ours" else (theirs, ours)
        self._call(old, kept)
        self._call(given_up, kept)

    def _canonical(self, key: Key) -> Key:
        return key.called(self._renamed.get(key.name, key.name)) if key.kind in {"prompt", "label"} else key

    def _path(self, key: Key) -> str:
        return self._prefix + key.path

    def _at(self, side: Side, key: Key) -> tuple[str, Entry] | None:
        """Return where *side* has what is called *key* now, and what it is there."""
        names = (key.name, *(self._before.get(key.name, ()) if key.kind in {"prompt", "label"} else ()))
        for name in names:
            path = self._path(key.called(name))
            entry = side.entry(path)
            if entry is not None:
                return path, entry
        return None

    # What becomes of each

    def _decide(self, key: Key) -> None:
        base, ours, theirs = (self._at(side, key) for side in (self._base, self._ours, self._theirs))
        known = not self._base.everything_unknown and self._path(key) not in self._base.unknown
        b, o, t = (found[1] if found else None for found in (base, ours, theirs))
        # A prompt that was only renamed has changed: to delete it on the other side is no small matter.
        moved_here, moved_there = _moved(base, ours), _moved(base, theirs)
        if o == t:
            self._lay(key, ours, o)
        elif key.kind == "include":
            self._lay(key, ours, o or t)
        elif known and o == b and not (t is None and moved_here):
            self._lay(key, ours, t)
        elif known and t == b and not (o is None and moved_there):
            self._lay(key, ours, o)
        else:
            self._lay(key, ours, self._blending.settled(key, b if known else None, o, t))

    def _lay(self, key: Key, ours: tuple[str, Entry] | None, entry: Entry | None) -> None:
        path = self._path(key)
        if ours is not None and (entry is None or ours[0] != path):
            self._found.changes[ours[0]] = None
        if entry is not None and (ours is None or ours != (path, entry)):
            self._found.changes[path] = entry

    # Includes

    def _keep_includes(self, labels: Iterable[Key]) -> None:
        """Lay beside each label what its prompt includes, all the way down."""
        for key in sorted(labels):
            entry = self._now(self._path(key))
            if entry is not None:
                self._blending.lay_includes(entry, key.path, self._now, self._put)

    def _now(self, path: str) -> Entry | None:
        return self._found.changes[path] if path in self._found.changes else self._ours.entry(path)

    def _put(self, digest: str, entry: Entry) -> None:
        self._found.changes[self._prefix + include_path(digest)] = entry


def _moved(base: tuple[str, Entry] | None, side: tuple[str, Entry] | None) -> bool:
    return base is not None and side is not None and base[0] != side[0]
