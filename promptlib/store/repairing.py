"""Mending a store from what is left of it: nothing is deleted, and nothing is written that is not proven."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from promptlib import codec
from promptlib._git.mending import Mended
from promptlib._git.verifying import OWN
from promptlib._index import Remembered
from promptlib.errors import PromptLibError, StoreError
from promptlib.refs import Pin
from promptlib.store.copies import Copies
from promptlib.store.homes import LARGEST_FILE, Commit
from promptlib.store.layout import INCLUDES, Labelled, include_path, label_at
from promptlib.store.writing import LOCK_SECONDS, writer_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from promptlib._git import Repository
    from promptlib.chain import Stored
    from promptlib.store.drafts import Draft
    from promptlib.store.homes import Home
    from promptlib.store.past import History

BRANCH = "refs/heads/"


@dataclass(slots=True)
class Repair:
    """One go at mending a store; `mended` tells what was done, `hindered` what could not be, and what helps."""

    files: Callable[[], Home]
    repository: Repository
    past: History
    #: What the index holds was found to differ from git.
    lying: bool = False
    mended: list[Mended] = field(default_factory=list)
    hindered: list[Mended] = field(default_factory=list)

    def run(self) -> None:
        """Mend files and refs of git, then objects, then labels and includes, and the index last."""
        self._try("store", self._git)
        self._try("label", self._labels)
        self._try("index", self._index)

    def _try(self, what: str, step: Callable[[], None]) -> None:
        try:
            step()
        except PromptLibError as error:
            self._could_not(what, str(self.repository.git_dir), error)
        except OSError as error:
            self._could_not(what, str(self.repository.git_dir), StoreError(f"{error.filename}: {error.strerror}"))
        finally:
            self.repository.close()

    def _could_not(self, kind: str, place: str, error: PromptLibError) -> None:
        self.hindered.append(Mended(kind, place, f"not mended: {error.what}{f'; {error.hint}' if error.hint else ''}"))

    def _git(self) -> None:
        remembered = Remembered(self.past.index_file)
        mender = self.repository.mender()
        with self.repository.lock(timeout=LOCK_SECONDS, reference=self.repository.verifier().branch()) as held:
            self.mended += [Mended("file", told.partition(": ")[0], told) for told in held.taken_over]
            self.mended += mender.files()
            self._references(remembered)
            self._objects(remembered)
            swept = self.repository.maintenance().sweep(packs=self.repository.bare)
            self.mended += [Mended("file", path, "an old temporary file, swept") for path in swept]

    def _head(self, remembered: Remembered) -> None:
        """HEAD gets the one branch that there is, or the one that the index knew.

        In a work tree a branch that has no commit yet may be somebody's beginning.
        """
        if not self.repository.bare and self.repository.verifier().branch() is not None:
            return
        if all(fault.place != "HEAD" for fault in self.repository.verifier().refs()):
            return
        branches = {name: tip for name, tip in self.repository.verifier().pointers() if name.startswith(BRANCH)}
        known = remembered.tip()
        likely = [name for name, tip in branches.items() if len(branches) == 1 or (known and tip == known)]
        if len(likely) == 1:
            kept = self.repository.mender().set_head(likely[0])
            aside = f"; what it held is kept at {kept}" if kept else ""
            self.mended.append(Mended("ref", "HEAD", f"names {likely[0]} again{aside}"))

    def _references(self, remembered: Remembered) -> None:
        """Mend HEAD, packed-refs and the branch.

        A line of packed-refs that is none may be all that shows that there was a branch: it stays until that is found.
        """
        mender, verifier = self.repository.mender(), self.repository.verifier()
        named, lost = verifier.branch(), self._is_lost(remembered)
        packed = mender.packed_references()
        self._head(remembered)
        reference = verifier.branch()
        lost = lost if reference == named else self._is_lost(remembered)
        found = not lost or (reference is not None and self._branch(reference, remembered))
        if packed is not None and found:
            self.mended.append(packed)
        elif packed is not None:
            mender.put_back(packed.what, packed.place)

    def _branch(self, reference: str, remembered: Remembered) -> bool:
        """A branch that is no ref any more gets the newest commit of its line, where only one line can be meant."""
        mender = self.repository.mender()
        packed = dict(self.repository.verifier().pointers()).get(reference, "")
        logged = mender.logged(reference)
        lines = [logged] if logged else mender.lines(filter(None, (remembered.tip(), packed)))
        if not lines:
            # A ref whose name was damaged, and not its commit, holds the line under another name.
            others = {tip for name, tip in self.repository.verifier().pointers() if not name.startswith(OWN)}
            lines = [tip for tip in sorted(others) if mender.sound(tip, b"commit")]
        if len(lines) == 1:
            kept = mender.set_reference(reference, lines[0])
            aside = f"; what the file held is kept at {kept}" if kept else ""
            how = "as its reflog says" if logged else "the newest commit of its line"
            self.mended.append(Mended("ref", reference, f"points to {lines[0]} again, {how}{aside}"))
            return True
        what = "no commit is left that it could have been: fetch from a clone"
        if lines:
            choose = f"git -C {self.repository.git_dir} update-ref {reference} COMMIT"
            what = f"could have been {' or '.join(lines)}; look with git log, then choose: {choose}"
        self.hindered.append(Mended("ref", reference, what))
        return False

    def _is_lost(self, remembered: Remembered) -> bool:
        """Return whether the branch that HEAD names is no ref any more, as far as anything shows it."""
        verifier = self.repository.verifier()
        reference = verifier.branch()
        if reference is None:
            return False
        faults = {fault.place for fault in verifier.refs()} - {"HEAD"}
        try:
            tip = self.repository.tip(reference)
        except PromptLibError:
            return True
        if tip is None:
            return self.repository.bare and bool(remembered.tip() or faults or verifier.others())
        return reference in faults and tip != remembered.tip()

    def _objects(self, remembered: Remembered) -> None:
        verifier, mender = self.repository.verifier(), self.repository.mender()
        damaged = {fault.place for fault in verifier.objects() if fault.kind == "object"}
        loose = {object_id for object_id, _ in mender.loose()}
        if not damaged | loose:
            return
        copies = Copies(self.files(), self.repository, self.past.prefix, remembered)
        copies.expect(damaged | loose)
        tips = [target for _, target in verifier.pointers()]
        self.mended += mender.walk(tips, self.past.prefix, copies.find)
        if self.repository.bare:
            self.mended += mender.unneeded()

    # Labels and includes

    def _labels(self) -> None:
        """Bring damaged labels and includes back out of the history, as one commit through the store's own writer."""
        writer = writer_of(self.repository, self.past, "each")
        draft = writer.draft()
        if draft.tip is None:
            return
        told: list[tuple[str, str]] = []

        def work(fresh: Draft) -> None:
            told[:] = self._restored(fresh)

        work(draft)
        if not draft.files.changes:
            return
        rows = "\n".join(f"{place}: {what}" for place, what in told)
        writer.commit(draft, work, f"Mend labels and includes\n\n{rows}", None)
        for place, what in told:
            self.mended.append(Mended("include" if place.startswith(INCLUDES) else "label", place, what))

    def _restored(self, draft: Draft) -> list[tuple[str, str]]:
        committed = Commit(self.repository, self.past.prefix, draft.tip)
        told = []
        for path in list(committed.walk()):
            if path.startswith(INCLUDES) or label_at(path) is None or not self._is_as_committed(committed, path):
                continue
            raw = _bytes(committed, path)
            # What is lost altogether is not taken for what stood there before: production would move in silence.
            if raw is not None and _label_in(raw) is None and (found := self._before(draft, path, _label_in)):
                draft.files.put(path, found[0])
                told.append((path, f"as commit {found[1][:12]} left it; its text was not what its first line says"))
        for path in [path for path in draft.files.walk() if label_at(path)]:
            held = _label_in(_bytes(draft.files, path) or b"")
            if held is not None:
                told += self._with_includes(draft, held)
        return told

    def _is_as_committed(self, committed: Commit, path: str) -> bool:
        """In a work tree a file that somebody is editing is theirs."""
        return self.repository.bare or _bytes(self.files(), path) == _bytes(committed, path)

    def _with_includes(self, draft: Draft, prompt: Stored) -> Iterator[tuple[str, str]]:
        for text in prompt.includes.values():
            pin = Pin.parse(str(text))
            path = include_path(pin.digest)

            def fits(raw: bytes, digest: str = pin.digest) -> Stored | None:
                found = _prompt_in(raw)
                return found if found is not None and found.digest == digest else None

            found = fits(_bytes(draft.files, path) or b"")
            if found is None:
                raw, where = self._included(draft, pin, path, fits)
                found = fits(raw)
                if found is None or not self._may_lay(path):
                    continue
                draft.files.put(path, raw)
                yield path, where
            yield from self._with_includes(draft, found)

    def _may_lay(self, path: str) -> bool:
        committed = Commit(self.repository, self.past.prefix, self.past.tip())
        return self.repository.bare or _bytes(self.files(), path) in {None, _bytes(committed, path)}

    def _included(self, draft: Draft, pin: Pin, path: str, fits: Callable[[bytes], Stored | None]) -> tuple[bytes, str]:
        try:
            raw = self.past.pinned(pin)
        except PromptLibError:
            raw = None
        if raw is not None:
            return raw, f"laid again from {pin.name}"
        found = self._before(draft, path, fits)
        return (found[0], f"as commit {found[1][:12]} left it") if found else (b"", "")

    def _before(self, draft: Draft, path: str, sound: Callable[[bytes], Stored | None]) -> tuple[bytes, str] | None:
        """Return the newest sound content that *path* had on the first-parent line, and the commit that gave it."""
        found = None
        for commit in self.repository.log(draft.tip or "", prefix=self.past.prefix + path, first_parent=True):
            for change in commit.changes:
                raw = self._blob(change.blob)
                if sound(raw) is not None:
                    found = raw, commit.id
        return found

    def _blob(self, blob: str | None) -> bytes:
        try:
            return self.repository.read(blob, limit=LARGEST_FILE) if blob else b""
        except PromptLibError:
            return b""

    def _index(self) -> None:
        """The index is a cache: what cannot be one is put aside, and the next question makes another."""
        path = self.past.index_file
        wrong = Remembered(path).problem() or ("it did not say what git says" if self.lying else "")
        if not wrong:
            return
        self.past.close()
        kept = self.repository.mender().aside(path)
        self.past.now().index.names()
        self.mended.append(Mended("index", path.name, f"made again from git; {wrong}, and it is kept at {kept}"))


def _bytes(home: Home, path: str) -> bytes | None:
    try:
        return home.read(path)
    except PromptLibError:
        return None


def _prompt_in(raw: bytes) -> Stored | None:
    try:
        return codec.read_stored(raw)
    except PromptLibError:
        return None


def _label_in(raw: bytes) -> Stored | None:
    try:
        held = Labelled.from_bytes(raw, "")
    except PromptLibError:
        return None
    prompt = _prompt_in(held.data)
    return prompt if prompt is not None and prompt.digest == held.digest else None
