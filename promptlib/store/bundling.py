"""A store as one file: what goes into a bundle, and how a bundle comes to be a home of prompts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptlib import codec
from promptlib.bundle import Bundle, pack
from promptlib.chain import Chain
from promptlib.errors import NotFound, StoreError
from promptlib.lockfile import FILE
from promptlib.refs import Pin, Ref, check_name
from promptlib.store import locking
from promptlib.store.layout import VERSIONS, Labelled, include_path, label_path, prompt_path
from promptlib.store.loading import Reader
from promptlib.store.putting import put_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from promptlib.lockfile import Lock
    from promptlib.store.past import History


@dataclass(frozen=True, slots=True)
class Exported:
    """A bundle that was written: where, what it is (`digest`), and how much it holds.

    The same content has the same digest, and the same bytes, on every machine.
    """

    path: Path
    digest: str
    size: int
    lock: Lock
    versions: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return it as plain data."""
        return {
            "path": str(self.path),
            "digest": self.digest,
            "size": self.size,
            "prompts": dict(sorted(self.lock.prompts.items())),
            "labels": dict(sorted(self.lock.labels.items())),
            "includes": sorted(self.lock.includes),
            "versions": list(self.versions),
        }


def export(
    reader: Reader,
    history: History | None,
    place: Path,
    names: Iterable[str] = (),
    *,
    labels_only: bool = False,
    versions: bool = False,
) -> Exported:
    """Write a bundle of what *reader* reads to *place*, whole or not at all.

    Everything is loaded from the new bundle before it is written: what could not be loaded later raises now.
    """
    files = _Gathered(reader, names, labels_only=labels_only).files
    lock = locking.made(_reader(files), (), labels_only=labels_only)
    refs = tuple(_refs(lock, history)) if versions and history is not None else ()
    files[FILE] = lock.to_text().encode()
    if refs:
        files[VERSIONS] = "".join(f"{ref}\n" for ref in refs).encode()
    parts = list(pack(files))
    made = Bundle.of(b"".join(parts), str(place))
    put_whole(place, parts)
    return Exported(place, made.digest, sum(map(len, parts)), lock, refs)


def _reader(files: dict[str, bytes]) -> Reader:
    return Reader(Bundle.of(b"".join(pack(files)), "the bundle"), None, on_disk=True)


class _Gathered:
    """The files of a bundle: prompts, labels, and what they include, each read once."""

    def __init__(self, reader: Reader, names: Iterable[str], *, labels_only: bool) -> None:
        self._reader = reader
        self.files: dict[str, bytes] = {}
        wanted = sorted({check_name(name) for name in names})
        here = reader.names()
        labels = locking.labels_in(reader.files)
        for name in wanted:
            if name not in here and not any(name == labelled for labelled, _ in labels):
                raise reader.missing(name)
        for name in () if labels_only else here:
            if not wanted or name in wanted:
                self._take(prompt_path(name), Ref(name))
        for name, label in labels:
            if not wanted or name in wanted:
                self._take(label_path(name, label), Ref(name, label=label))

    def _take(self, path: str, ref: Ref) -> None:
        data = self._reader.files.read(path)
        if data is None:
            raise StoreError(f"{self._reader.files.shown(path)} has just gone", hint="export it again")
        self.files[path] = data
        shown = self._reader.files.shown(path)
        self._include(Labelled.from_bytes(data, shown).data if ref.label else data, shown)

    def _include(self, data: bytes, shown: str) -> None:
        stored = codec.read_stored(data, source=shown)
        for text in stored.follows.values() if isinstance(stored, Chain) else ():
            # What a floating step runs goes along with its label, whichever names were asked for.
            ref = Ref.parse(str(text))
            if (path := label_path(ref.name, ref.label)) not in self.files:
                self._take(path, ref)
        for text in stored.includes.values():
            pin = Pin.parse(str(text))
            path = include_path(pin.digest)
            if path not in self.files:
                found = self._reader.included_file(pin)
                if found is None:
                    raise NotFound(
                        f"the include {str(pin)[:40]}… of {shown} is not in this store",
                        hint="promptlib check tells which prompts cannot be loaded",
                    )
                self.files[path] = found
                self._include(found, str(pin))


def _refs(lock: Lock, history: History) -> Iterator[str]:
    """Yield `name@v3#<64 hex>` of every prompt and label whose number is known."""
    held = {(what.partition("@")[0], digest) for what, digest in (*lock.prompts.items(), *lock.labels.items())}
    found = ((name, history.standing_of(name, digest).number, digest.removeprefix("sha256:")) for name, digest in held)
    for name, number, digest in sorted(each for each in found if each[1] is not None):
        yield f"{name}@v{number}#{digest}"
