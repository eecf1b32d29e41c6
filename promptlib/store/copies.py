"""What else in a store holds the content of an object that cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib import codec
from promptlib.errors import PromptLibError
from promptlib.refs import Pin
from promptlib.store.homes import LARGEST_FILE, Commit
from promptlib.store.layout import Labelled, include_path, label_path, prompt_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from promptlib._git import Repository
    from promptlib._index import Remembered, Told
    from promptlib.chain import Stored
    from promptlib.store.homes import Home

    #: Id, body, and in words where it was found.
    Found = tuple[str, bytes, str]


class _Search:
    """Looks for several objects among those that are offered; for one that was not expected, again."""

    __slots__ = ("_found", "_looked_for", "_offered", "wanted")

    def __init__(self, offered: Callable[[], Iterator[Found]]) -> None:
        self.wanted: set[str] = set()
        self._offered = offered
        self._looked_for: set[str] = set()
        self._found: dict[str, tuple[bytes, str]] = {}

    def find(self, object_id: str) -> tuple[bytes, str] | None:
        """Return body and place of *object_id*, or None."""
        if object_id not in self._looked_for:
            self.wanted.add(object_id)
            self._looked_for = set(self.wanted)
            for found, body, where in self._offered():
                if found in self.wanted:
                    self._found.setdefault(found, (body, where))
        return self._found.get(object_id)


class Copies:
    """Finds objects by their id among files, labels, includes, other versions and what the index remembers.

    Whatever it returns has just that id; where it came from is told beside it.
    """

    def __init__(self, files: Home, repository: Repository, prefix: str, remembered: Remembered) -> None:
        """Look in *files*, in what *repository* holds below *prefix*, and in *remembered*."""
        self._files = files
        self._repository = repository
        self._prefix = prefix
        self._remembered = remembered
        self._mender = repository.mender()
        self._commits: list[Told] | None = None
        self._blobs = _Search(self._texts)
        self._others = _Search(self._structures)

    def expect(self, ids: Iterable[str]) -> None:
        """Look for all of *ids* together when the first of them is asked for."""
        for search in (self._blobs, self._others):
            search.wanted |= set(ids)

    def find(self, object_id: str, kind: bytes) -> tuple[bytes, str] | None:
        """Return the body of the object and where it was found, or None."""
        if kind != b"blob":
            return self._others.find(object_id)
        text = self._remembered.text(object_id)
        return self._blobs.find(object_id) if text is None else (text, "kept in the index")

    def _texts(self) -> Iterator[Found]:
        """Yield every text at hand, and what is made of it: a label of a version, the version behind a label."""
        seen: set[str] = set()
        for where, data in self._readable():
            known = self._id(data)
            if known not in seen:
                seen.add(known)
                yield known, data, where
                first, _, rest = data.partition(b"\n")
                other = rest if first.startswith(b"sha256:") else _as_label(data)
                yield self._id(other), other, where

    def _id(self, data: bytes) -> str:
        return self._repository.identify(b"blob", data)

    def _readable(self) -> Iterator[tuple[str, bytes]]:
        yield from self._of(self._files)
        tip = self._tip()
        if tip is not None:
            yield from self._of(Commit(self._repository, self._prefix, tip))
        for told in self._told():
            for name, label, blob in told.changes:
                data = self._read(blob) if blob else None
                if data is not None:
                    yield f"the label {name}@{label}" if label else f"a version of {name}", data

    def _of(self, home: Home) -> Iterator[tuple[str, bytes]]:
        try:
            for path in home.walk():
                try:
                    data = home.read(path) or b""
                except PromptLibError:
                    continue
                yield home.shown(path), data
        except PromptLibError:
            return  # a folder that cannot be read hides what is behind it

    def _read(self, blob: str) -> bytes | None:
        try:
            return self._repository.read(blob, limit=LARGEST_FILE)
        except PromptLibError:
            return self._remembered.text(blob)

    def _tip(self) -> str | None:
        try:
            return self._repository.head().commit
        except PromptLibError:
            return None

    def _told(self) -> list[Told]:
        if self._commits is None:
            self._commits = self._remembered.commits()
        return self._commits

    def _structures(self) -> Iterator[Found]:
        """Make the folders and commits again that the index tells of, each on top of the one before."""
        self._mender.write_index_trees()
        versions: dict[str, str] = {}
        for told in self._told():
            changes: dict[str, str | None] = {}
            for name, label, blob in told.changes:
                changes[self._prefix + (label_path(name, label) if label else prompt_path(name))] = blob
                if blob and (prompt := _prompt_in(self._read(blob), label=bool(label))) is not None:
                    if label:
                        changes |= self._laid_beside(prompt, versions)
                    else:
                        versions[prompt.digest] = blob
            for object_id, _, body in self._mender.retold(told, changes):
                yield object_id, body, "made again from the index"

    def _laid_beside(self, prompt: Stored, versions: dict[str, str]) -> dict[str, str]:
        """Return path and blob of every include that a save laid beside a label."""
        laid: dict[str, str] = {}
        for text in prompt.includes.values():
            digest = Pin.parse(str(text)).digest
            if (blob := versions.get(digest)) is not None:
                laid[self._prefix + include_path(digest)] = blob
                included = _prompt_in(self._read(blob), label=False)
                laid |= self._laid_beside(included, versions) if included is not None else {}
        return laid


def _prompt_in(data: bytes | None, *, label: bool) -> Stored | None:
    try:
        return codec.read_stored((data or b"").partition(b"\n")[2] if label else data or b"")
    except PromptLibError:
        return None


def _as_label(data: bytes) -> bytes:
    try:
        return Labelled(codec.read_stored(data).digest, data).to_bytes()
    except PromptLibError:
        return data  # nothing more can be made of it
