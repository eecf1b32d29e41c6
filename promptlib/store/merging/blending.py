"""What becomes of one prompt, label or file that both sides of a merge have changed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from promptlib import codec
from promptlib.chain import Chain
from promptlib.errors import InvalidPrompt, NotFound, StoreDamaged
from promptlib.merge import FieldConflict, NameConflict, merge_stored, merged_file
from promptlib.prompt import DEEPEST_INCLUDE, Prompt
from promptlib.refs import Pin
from promptlib.store.drafts import check_size
from promptlib.store.layout import Labelled
from promptlib.store.merging.choosing import is_side, wrong
from promptlib.store.merging.sides import Key
from promptlib.trust import FOREIGN, OWN
from promptlib.version import Version

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptlib._git import Entry
    from promptlib.chain import Stored
    from promptlib.merge import Merged
    from promptlib.store.merging.choosing import Choices
    from promptlib.store.merging.combining import Combined
    from promptlib.store.merging.sides import Side

FILE = b"100644"


class Blending:
    """Puts two contents together, or finds what is contested and what was decided about it."""

    def __init__(self, base: Side, ours: Side, theirs: Side, choices: Choices, found: Combined) -> None:
        """Blend *ours* and *theirs*; what comes of it beside the entries is told in *found*."""
        self._base, self._ours, self._theirs = base, ours, theirs
        self._choices = choices
        self._found = found

    def settled(self, key: Key, base: Entry | None, ours: Entry | None, theirs: Entry | None) -> Entry | None:
        """Return what becomes of *key*, changed on both sides; ours stays while nobody has decided."""
        if key.kind == "file":
            return self._file(key, ours, theirs)
        try:
            sides = zip((self._base, self._ours, self._theirs), (base, ours, theirs), strict=True)
            prompts = [self._read(side, key, entry) for side, entry in sides]
        except InvalidPrompt:
            return self._file(key, ours, theirs)
        decide = self._label if key.kind == "label" else self._prompt
        return decide(key, (base, ours, theirs), (prompts[0], prompts[1], prompts[2]))

    def readable(self, side: Side, key: Key, entry: Entry | None) -> Stored | None:
        """Return the prompt of *entry*, None where there is none that can be read."""
        try:
            return self._read(side, key, entry)
        except InvalidPrompt:
            return None

    def _read(self, side: Side, key: Key, entry: Entry | None) -> Stored | None:
        if entry is None:
            return None
        path = side.prefix + key.path
        return side.labelled(entry, path) if key.kind == "label" else side.prompt(entry, path)

    # A file that is none of ours, or that nobody can read

    def _file(self, key: Key, ours: Entry | None, theirs: Entry | None) -> Entry | None:
        path = self._ours.prefix + key.path
        conflict = NameConflict(name=path, kind="file")
        chosen = self._choices.side(conflict)
        if chosen is None:
            return self._open(key, conflict, ours)
        return self._decided(path, ours if chosen == "ours" else theirs)

    def _open(self, key: Key, conflict: NameConflict, ours: Entry | None) -> Entry | None:
        self._found.left.append(conflict)
        self._found.contested.add(self._ours.prefix + key.path)
        return ours

    def _decided(self, what: str, entry: Entry | None) -> Entry | None:
        self._found.resolved.add(what)
        return entry

    # A label

    def _label(
        self,
        key: Key,
        entries: tuple[Entry | None, Entry | None, Entry | None],
        prompts: tuple[Stored | None, Stored | None, Stored | None],
    ) -> Entry | None:
        """Two moves to one digest are no conflict; any others are for somebody to decide."""
        base, ours, theirs = prompts
        if ours is not None and theirs is not None and ours.digest == theirs.digest:
            return entries[1]
        conflict = NameConflict(name=key.name, kind="label", label=key.label, base=base, ours=ours, theirs=theirs)
        chosen = self._choices.of(conflict)
        if chosen is None:
            return self._open(key, conflict, entries[1])
        if is_side(chosen):
            return self._decided(str(key), entries[1] if chosen == "ours" else entries[2])
        if not isinstance(chosen, Version):
            raise wrong(conflict, chosen, "'ours', 'theirs' or a version")
        data = self.included(Pin(key.name, chosen.digest))
        if data is None:
            raise NotFound(f"{key.name} has no version {chosen.digest[:15]} on either side")
        return self._decided(str(key), self._entry(Labelled(chosen.digest, data).to_bytes()))

    # A prompt

    def _prompt(
        self,
        key: Key,
        entries: tuple[Entry | None, Entry | None, Entry | None],
        prompts: tuple[Stored | None, Stored | None, Stored | None],
    ) -> Entry | None:
        merged = merge_stored(*prompts)
        if merged.conflicts:
            return self._ask(key, entries, prompts, merged, merged.conflicts)
        if merged.prompt is None or None in entries[1:]:
            # Only its name or what stands around the prompt has changed: that too is not deleted unasked.
            return self._ask(key, entries, prompts, None, ())
        unfit = self._unfit(merged.prompt)
        if unfit is not None:
            return self._ask(key, entries, prompts, None, (unfit,), kind="include")
        self._found.merged.add(key.name)
        return self._written(key, merged.prompt, entries)

    def _ask(
        self,
        key: Key,
        entries: tuple[Entry | None, Entry | None, Entry | None],
        prompts: tuple[Stored | None, Stored | None, Stored | None],
        merged: Merged[Any] | None,
        fields: tuple[FieldConflict, ...],
        *,
        kind: str = "prompt",
    ) -> Entry | None:
        base, ours, theirs = prompts
        conflict = NameConflict(
            name=key.name,
            kind="include" if kind == "include" else "prompt",
            base=base,
            ours=ours,
            theirs=theirs,
            fields=fields,
        )
        chosen = self._choices.of(conflict)
        if chosen is None:
            return self._open(key, conflict, entries[1])
        if is_side(chosen):
            return self._decided(str(key), entries[1] if chosen == "ours" else entries[2])
        if isinstance(chosen, Prompt | Chain):
            made: Stored | None = chosen
        elif isinstance(chosen, Mapping) and merged is not None:
            made = self._chosen_fields(key, conflict, merged, chosen)
            if made is None:
                return entries[1]
        else:
            raise wrong(conflict, chosen, "'ours', 'theirs', a prompt, or values for its fields")
        prompt = self._trusted(made, prompts)
        unfit = self._unfit(prompt) if prompt is not None else None
        if prompt is None or unfit is not None:
            what = f"what was decided about {key.name} does not fit: {unfit.why}" if unfit else ""
            raise InvalidPrompt(what, hint="decide again, with an include that is in this store")
        return self._decided(str(key), self._written(key, prompt, entries))

    def _chosen_fields(
        self, key: Key, conflict: NameConflict, merged: Merged[Any], chosen: Mapping[str, object]
    ) -> Stored | None:
        """Return the prompt with the *chosen* fields; None, and the rest in `left`, where some are still open."""
        open_fields = tuple(each for each in conflict.fields if each.field not in chosen)
        if not open_fields:
            return merged.resolve(chosen)
        left = NameConflict(
            name=conflict.name,
            kind=conflict.kind,
            base=conflict.base,
            ours=conflict.ours,
            theirs=conflict.theirs,
            fields=open_fields,
        )
        self._open(key, left, None)
        return None

    def _trusted(
        self, prompt: Stored | None, sides: tuple[Stored | None, Stored | None, Stored | None]
    ) -> Stored | None:
        """Who decides a conflict makes nobody's words their own: only what a side holds as its own stays so."""
        if prompt is None or prompt.trust == FOREIGN or all(side is None or side.trust == OWN for side in sides[1:]):
            return prompt
        own = any(side is not None and side.trust == OWN and side.digest == prompt.digest for side in sides[1:])
        return prompt if own else prompt.with_origin(prompt.origin, trust=FOREIGN)

    def _written(self, key: Key, prompt: Stored, entries: tuple[Entry | None, Entry | None, Entry | None]) -> Entry:
        """Return the file of *prompt*, in the words that people wrote around it on both sides."""
        sides = zip((self._base, self._ours, self._theirs), entries, strict=True)
        texts = [side.text(entry) if entry is not None else None for side, entry in sides]
        data = merged_file(prompt, *texts)
        check_size(data, key.name)
        return self._entry(data)

    def _entry(self, data: bytes) -> Entry:
        blob = self._ours.repository.identify(b"blob", data)
        self._found.texts[blob] = data
        return FILE, blob

    # Includes

    def included(self, pin: Pin) -> bytes | None:
        """Return the file of what *pin* names, from either side or its history."""
        for side in (self._ours, self._theirs):
            found = side.file_of(pin.name, pin.digest)
            if found is not None:
                return found
        known = self._ours.pinned(pin) if self._ours.pinned else None
        brought = self._theirs.brought(pin.name, self._ours.commit) if pin.name else ()
        return known or next((data for data in brought if _digest(data) == pin.digest), None)

    def _unfit(self, prompt: Stored, depth: int = 0) -> FieldConflict | None:
        """Return the include of *prompt* that is not here, or that does not fit where it is put."""
        for alias, text in prompt.includes.items():
            field = f"{'steps' if isinstance(prompt, Chain) else 'includes'}.{alias}"
            pin = Pin.parse(str(text))
            data = self.included(pin)
            if data is None:
                return FieldConflict(field, None, str(pin), str(pin), "is on neither side")
            try:
                stored = codec.read_stored(data, source=str(pin))
                prompt.resolve(alias, partial(_given, stored))
            except InvalidPrompt as error:
                return FieldConflict(field, None, str(pin), str(pin), error.what)
            if depth >= DEEPEST_INCLUDE:
                return FieldConflict(field, None, str(pin), str(pin), f"goes deeper than {DEEPEST_INCLUDE}")
            if stored.includes and (inner := self._unfit(stored, depth + 1)) is not None:
                return inner
        return None

    def lay_includes(
        self, label: Entry, path: str, now: Callable[[str], Entry | None], put: Callable[[str, Entry], None]
    ) -> None:
        """Lay beside the *label* at *path* each file that its prompt includes and that is not laid there."""
        data = self._text(label)
        try:
            waiting = [Labelled.from_bytes(data, path).data]
        except StoreDamaged:
            return  # a damaged label is told by those who load it
        seen: set[str] = set()
        while waiting:
            for digest, data in self._pinned(waiting.pop()):
                if digest in seen:
                    continue
                seen.add(digest)
                waiting.append(data)
                at = self._ours.prefix + Key("include", digest.removeprefix("sha256:")).path
                if now(at) is None:
                    put(digest, self._entry(data))

    def _pinned(self, data: bytes) -> list[tuple[str, bytes]]:
        try:
            pins = [Pin.parse(str(text)) for text in codec.read_stored(data).includes.values()]
        except InvalidPrompt:
            return []
        return [(pin.digest, found) for pin in pins if (found := self.included(pin)) is not None]

    def _text(self, entry: Entry) -> bytes:
        found = self._found.texts.get(entry[1])
        return self._ours.text(entry) if found is None else found


def _given(stored: Stored, _: str) -> Prompt[Any]:
    return cast("Prompt[Any]", stored)  # whoever asked refuses a chain by itself


def _digest(data: bytes) -> str:
    try:
        return codec.read_stored(data).digest
    except InvalidPrompt:
        return ""
