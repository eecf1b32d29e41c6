"""From a ref to a prompt."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from promptlib import codec
from promptlib.errors import Conflict, InvalidPrompt, NotFound, StoreDamaged, nearest
from promptlib.origin import Origin
from promptlib.prompt import DEEPEST_INCLUDE, Prompt
from promptlib.refs import Pin, Ref, missing_name
from promptlib.store.layout import VERSIONS, Labelled, include_path, label_path, labels_of, names_in, prompt_path
from promptlib.store.remembering import MEMORY
from promptlib.version import SHORT

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from promptlib.chain import Chain, Stored
    from promptlib.origin import Standing
    from promptlib.store.homes import Home
    from promptlib.store.past import History


_ONLY_PROMPTS = "includes and steps are prompts: no save makes such files"


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads prompts from a home's files and, where there is one, from its history.

    `on_disk` says that a bare name is the file on disk, which may differ from the committed one.
    """

    files: Home
    past: History | None
    on_disk: bool = False

    def load(self, ref: Ref) -> Stored:
        """Return the prompt that *ref* names, its includes attached; raises `NotFound`, `StoreDamaged` and others."""
        if ref.label:
            return self._labelled(ref)
        if ref.number is not None or ref.prefix or (ref.latest and self.on_disk):
            return self._from_history(ref)
        path = prompt_path(ref.name)
        key = self.files.key(path)
        if key is None:
            raise self.missing(ref.name)
        shown = self.files.shown(path)
        prompt = MEMORY.find((shown, key)) or self._read(self._bytes(path, key), shown, key)
        return self._with_includes(prompt, Origin(ref.name, prompt.digest, find=self._standing(ref.name, prompt, key)))

    def file(self, ref: Ref) -> bytes:
        """Return the file of the prompt that *ref* names, byte for byte; raises what `load` raises."""
        prompt = self.load(ref)
        if ref.label:
            path = label_path(ref.name, ref.label)
            return Labelled.from_bytes(self.files.read(path) or b"", self.files.shown(path)).data
        if self.past is not None and (ref.number is not None or ref.prefix or (ref.latest and self.on_disk)):
            return self.past.content(self.past.found(ref)[0])
        found = self._files_of(ref) if ref.prefix else [self.files.read(prompt_path(ref.name)) or b""]
        return next(data for data in found if not ref.prefix or codec.read_stored(data).digest == prompt.digest)

    def names(self, prefix: str = "") -> tuple[str, ...]:
        """Return all names that have a file and begin with *prefix*, in alphabetical order."""
        return names_in(self.files, prefix)

    def labels(self, name: str) -> dict[str, str]:
        """Return label -> digest for every label on *name*, each checked against the text that it holds."""
        found: dict[str, str] = {}
        for label, raw in labels_of(name, self.files).items():
            shown = self.files.shown(label_path(name, label))
            prompt = MEMORY.find((shown, raw)) or self._label_read(raw, shown, raw, Ref(name, label=label))
            found[label] = prompt.digest
        return found

    def label_names(self, name: str) -> list[str]:
        """Return the labels on *name*, sound or not."""
        return sorted(labels_of(name, self.files))

    def missing(self, name: str) -> NotFound:
        """Return the error for a *name* that has no file: with the nearest names and the labels it still has."""
        labels = self.label_names(name)
        if self.past is not None and (gone := self.past.now().gone(name)):
            return NotFound(f"{name} was {gone}", hint=f"its versions are still there: promptlib log {name}")
        if self.on_disk and self.past is not None and (path := self.past.committed_at(name)):
            return NotFound(
                f"{path} is committed and is not on disk",
                hint=f"load {', '.join(f'{name}@{label}' for label in ('latest', *labels))}; or bring it back: git "
                f"checkout HEAD -- {path} (a sparse checkout may leave it out: git sparse-checkout list)",
            )
        if labels:
            hint = f"it has no file, but labels: {', '.join(f'{name}@{label}' for label in labels)}"
        else:
            hint = missing_name(name, self.names())
        return NotFound(f"no prompt {name!r} here", hint=hint)

    def _labelled(self, ref: Ref) -> Stored:
        path = label_path(ref.name, ref.label)
        key = self.files.key(path)
        if key is None:
            raise self._no_label(ref)
        shown = self.files.shown(path)
        prompt = MEMORY.find((shown, key)) or self._label_read(self._bytes(path, key), shown, key, ref)
        if not prompt.digest.startswith(f"sha256:{ref.prefix}"):
            raise Conflict(
                f"the label {ref.label!r} on {ref.name} is {prompt.digest[:15]} now, not #{ref.prefix}",
                hint=f"load {ref.name}#{ref.prefix} to get that content",
            )
        find = partial(self.past.standing_of, ref.name, prompt.digest) if self.past else None
        return self._with_includes(prompt, Origin(ref.name, prompt.digest, ref.label, find))

    def _label_read(self, raw: bytes, shown: str, key: Hashable, ref: Ref) -> Stored:
        """Only a text that has the digest of its first line is remembered."""
        held = Labelled.from_bytes(raw, shown)
        prompt = codec.read_stored(held.data, source=shown)
        if prompt.digest != held.digest:
            raise StoreDamaged(
                f"{shown} does not hold what its first line says: {held.digest} expected, {prompt.digest} found",
                hint=f"move the label again: promptlib label {ref.name} {ref.label} VERSION",
            )
        return MEMORY.keep((shown, key), prompt, len(raw))

    def _no_label(self, ref: Ref) -> NotFound:
        labels = self.label_names(ref.name)
        if not labels and self.files.read(prompt_path(ref.name)) is None:
            return self.missing(ref.name)
        known = f"labels here: {', '.join(labels)}" if labels else f"{ref.name} has no labels yet"
        guess = nearest(ref.label, labels)
        set_it = f"set it: promptlib label {ref.name} {ref.label} VERSION"
        return NotFound(
            f"no label {ref.label!r} on {ref.name}", hint="\n".join(filter(None, [f"{guess} {known}".strip(), set_it]))
        )

    def _from_history(self, ref: Ref) -> Stored:
        if self.past is None:
            return self._without_history(ref)
        blob, standing = self.past.found(ref)
        key = self.past.place, blob
        prompt = MEMORY.find((str(ref), key)) or self._read(self.past.content(blob), str(ref), key)
        return self._with_includes(prompt, Origin(ref.name, prompt.digest, find=lambda: standing))

    def _without_history(self, ref: Ref) -> Stored:
        """A digest can be met by the current file, a label or an include; a number cannot."""
        if ref.prefix and ref.number is None:
            for data in self._files_of(ref):
                prompt = self._read(data, str(ref))
                if prompt.digest.startswith(f"sha256:{ref.prefix}"):
                    return self._with_includes(prompt, Origin(ref.name, prompt.digest))
        labels = [f"{ref.name}@{label}" for label in self.label_names(ref.name)]
        here = [*([ref.name] if self.files.read(prompt_path(ref.name)) is not None else []), *labels]
        if not here:
            raise self.missing(ref.name)
        raise NotFound(
            f"{ref} is not here: this {self.files.what} has no history, only current files and labels",
            hint=f"here are: {', '.join(here)}{self._exported(ref)}",
        )

    def _exported(self, ref: Ref) -> str:
        """Return what a bundle tells of the number that *ref* asks for: which content had it when it was exported."""
        begin = f"{ref.name}@v{ref.number}#"
        told = (self.files.read(VERSIONS) or b"").decode("ascii", "replace").splitlines()
        found = next((line.removeprefix(begin) for line in told if line.startswith(begin)), "")
        return f"; v{ref.number} was {ref.name}#{found[:SHORT]} when it was exported" if found else ""

    def _files_of(self, ref: Ref) -> list[bytes]:
        labels = [label_path(ref.name, label) for label in self.label_names(ref.name)]
        found = [data for data in [self.files.read(prompt_path(ref.name))] if data is not None]
        found += [
            Labelled.from_bytes(data, path).data for path in labels if (data := self.files.read(path)) is not None
        ]
        if len(ref.prefix) == 64 and (data := self.files.read(include_path(f"sha256:{ref.prefix}"))) is not None:  # noqa: PLR2004 - a whole sha256
            found.append(data)
        return found

    def _bytes(self, path: str, key: Hashable) -> bytes:
        return key if isinstance(key, bytes) else self.files.read(path) or b""

    def _standing(self, name: str, prompt: Stored, key: Hashable) -> Callable[[], Standing] | None:
        """Return what finds the version, which a load does not need."""
        if self.past is None:
            return None
        if self.on_disk and isinstance(key, bytes):
            return partial(self.past.standing, name, prompt.digest, key, self.past.tip())
        return partial(self.past.standing_of, name, prompt.digest)

    def _read(self, data: bytes, shown: str, key: Hashable = None) -> Stored:
        key = shown, data if key is None else key
        return MEMORY.find(key) or MEMORY.keep(key, codec.read_stored(data, source=shown), len(data))

    def _with_includes(self, prompt: Stored, origin: Origin, above: tuple[str, ...] = ()) -> Stored:
        if not prompt.includes:
            return prompt.with_origin(origin)
        included = tuple((alias, self._included(str(pin), above)) for alias, pin in prompt.includes.items())
        return prompt.with_origin(origin, included=included)

    def followed(self, chain: Chain[Any]) -> Chain[Any]:
        """Return *chain* with the prompts of its floating steps, which are those that their labels carry now.

        Raises `InvalidChain` where that no longer fits, or where there is no such label.
        """
        return chain.at_hand(lambda ref: cast("Prompt[Any]", self.load(Ref.parse(ref)))) if chain.follows else chain

    def included_file(self, pin: Pin) -> bytes | None:
        """Return the file of the pinned content: beside a label, in the history, or what the name has now."""
        data = self.files.read(include_path(pin.digest)) or (self.past.pinned(pin) if self.past else None)
        if data is not None or not pin.name:
            return data
        path = prompt_path(pin.name)
        data = self.files.read(path)
        return data if data is not None and self._read(data, self.files.shown(path)).digest == pin.digest else None

    def _included(self, text: str, above: tuple[str, ...]) -> Prompt[Any]:
        pin = Pin.parse(text)
        if len(above) >= DEEPEST_INCLUDE:
            raise StoreDamaged(
                f"includes go deeper than {DEEPEST_INCLUDE}: {text}",
                hint="no save makes such files; promptlib fsck lists all damage",
            )
        data = self.included_file(pin)
        if data is None:
            raise NotFound(
                f"the include {text[:40]}… is not in this store",
                hint="a label keeps its includes beside it: label the prompt again",
            )
        found = self._read(data, text)
        if not isinstance(found, Prompt):
            raise InvalidPrompt(f"{text[:40]}… is a chain, and cannot be a part of another one", hint=_ONLY_PROMPTS)
        if found.digest != pin.digest:
            raise StoreDamaged(
                f"what lies here as {text} has the digest {found.digest}",
                hint="label the prompt again in the store that this was copied from; promptlib fsck lists all damage",
            )
        find = partial(self.past.standing_of, pin.name, found.digest) if self.past is not None and pin.name else None
        loaded = self._with_includes(found, Origin(pin.name, found.digest, find=find), (*above, pin.digest))
        return cast("Prompt[Any]", loaded)
