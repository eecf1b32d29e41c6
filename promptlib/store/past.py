"""The history of a store: its branch, its index, and versions made of the index's rows."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from threading import local
from typing import TYPE_CHECKING, cast

from promptlib import codec
from promptlib.errors import (
    Busy,
    Conflict,
    GitFailed,
    NotFetched,
    NotFound,
    NumberMoved,
    StoreDamaged,
    StoreError,
    raise_if_passing,
)
from promptlib.forking import ForkableLock
from promptlib.origin import Standing
from promptlib.refs import Pin, Ref, missing_name
from promptlib.store.describing import outlined, version_of
from promptlib.store.fresh import Fresh
from promptlib.store.homes import LARGEST_FILE
from promptlib.store.layout import PROMPT, index_name, prompt_path
from promptlib.store.remembering import known_as
from promptlib.version import SHORT, Version, instant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptlib._git import Commit, Repository
    from promptlib._index import Index, Row
    from promptlib.lineage import Web

MAIN = "refs/heads/main"
DIFFERENT = "the index says something else than git"
#: No file can be made here: an index at this place lies in memory.
NOWHERE = Path(os.devnull) / "index.sqlite"
_MOST_FOUND = 4096
_MOST_HISTORIES = 256
_LONGEST_HISTORY = 64
MOST_SHOWN = 8


class History:
    """What a store knows of earlier versions, at the tip that it was last moved to."""

    def __init__(self, repository: Repository, prefix: str, index_file: Path | None = None) -> None:
        """Answer for what *repository* holds below *prefix*; nothing is read before the first question."""
        self.repository = repository
        self.index_file = index_file or repository.common_dir / "promptlib" / index_name(prefix)
        self.prefix = prefix
        self.place = repository.place
        self._found: dict[tuple[str | None, bool, Ref], tuple[str, Standing]] = {}
        #: What `tracing` walked of the graph, and by which refs.
        self.walked: dict[tuple[object, ...], Web] = {}
        self.events: dict[tuple[object, ...], int] = {}
        self.floating: dict[tuple[object, ...], dict[int, list[int]]] = {}
        self._histories: dict[tuple[str | None, str | None, bool, str], tuple[Version, ...]] = {}
        self._fresh = Fresh(repository)
        self._lock = ForkableLock()
        self._index: Index | None = None
        self._tips = local()
        self._newest_tip: str | None = None

    @property
    def index(self) -> Index:
        """The index, opened when it is first asked, at the tip that this thread was moved to."""
        if self._index is None:
            self._open_index()
        index = cast("Index", self._index)
        index.at(getattr(self._tips, "tip", self._newest_tip))
        return index

    def _open_index(self) -> None:
        from promptlib._index import Index  # noqa: PLC0415 - a load by label asks no index

        with self._lock:
            if self._index is None:
                self._index = Index.open(self.index_file, self._fresh, self.prefix.rstrip("/"), describe=outlined)

    def reference(self) -> str:
        """Return the full name of the store's branch."""
        return self.repository.head().reference or MAIN

    def branch(self) -> str:
        """Return the full name of the branch that a bare store's commits go to; raises `Busy` without one."""
        head = self.repository.head()
        if head.reference is None:
            raise Busy(
                "HEAD is detached, so a commit would belong to no branch",
                hint=f"name the branch: git symbolic-ref HEAD {MAIN}",
            )
        return head.reference

    def tip(self) -> str | None:
        """Return the newest commit, read now; raises `StoreDamaged` where the branch of a bare store has gone."""
        head = self.repository.head()
        self._tips.reference = head.reference
        if head.commit is None and self.repository.bare:
            self._refuse_lost_branch(head.reference)
        return head.commit

    def _refuse_lost_branch(self, reference: str | None) -> None:
        """A bit that flips in HEAD or in packed-refs must not make a store look empty, and begin again."""
        from promptlib._index import Remembered  # noqa: PLC0415 - an empty store is rare
        from promptlib.store.opening import telling  # noqa: PLC0415 - an empty store is rare

        verifier = self.repository.verifier()
        with telling(self.repository.common_dir):
            # What a first sync has fetched, and was cut before the branch began, is no branch that was here.
            others = [name for name in verifier.others() if not name.startswith("refs/remotes/")]
            known = Remembered(self.index_file).tip()
            damaged = [str(fault.place) for fault in verifier.refs() if fault.place != "HEAD"]
        if others or known or damaged:
            found = f"; here are: {', '.join(others)}" if others else f", and the index knows commit {known[:12]}"
            found = found if others or known else f", and {damaged[0]} is damaged"
            raise StoreDamaged(
                f"HEAD names {reference}, and there is no such branch{found}",
                hint="mend it: promptlib fsck --repair; or name another: git symbolic-ref HEAD refs/heads/BRANCH",
            )

    def move_to(self, tip: str | None) -> None:
        """Answer for *tip* from now on; another thread may ask about another at the same time."""
        self._tips.tip = self._newest_tip = tip

    def now(self) -> History:
        """Answer for the tip as it is now."""
        self.move_to(self.tip())
        return self

    def base(self) -> History:
        """Return the history of the store as it is now: this one."""
        return self

    def append(self, commit: Commit, files: Mapping[str, bytes | None]) -> None:
        """Answer for *commit*, which this process has just made on top of the tip out of *files*."""
        for change in commit.changes:
            if change.blob and (data := files[change.path]) is not None:
                known_as((self.place, change.blob), data)
        self._fresh.add(commit)
        self.move_to(commit.id)

    def learn(self, commit: Commit, files: Mapping[str, bytes | None]) -> None:
        """Let the index know the prompts of *commit* in one write: one each would be waited for by other processes."""
        told = {
            change.blob: data
            for change in commit.changes
            if change.blob and change.path.endswith(PROMPT) and (data := files[change.path]) is not None
        }
        if len(told) > 1:
            self.index.learn(told)

    def close(self) -> None:
        """Let go of the index's file, and of what it told."""
        self._histories.clear()
        self.walked.clear()
        self.events.clear()
        self.floating.clear()
        if self._index is not None:
            self._index.close()

    def version(self, ref: Ref) -> Version:
        """Return the version that *ref* (without label) names; raises `NotFound` or `NumberMoved`."""
        return self._version(self.row(ref), ref.name)

    def newest(self, name: str) -> Version | None:
        """Return the version of *name* with the highest number."""
        row = self.index.newest(name)
        return self._version(row, name) if row else None

    def versions(self, name: str) -> tuple[Version, ...]:
        """Return the versions of *name*, oldest first; remembered while the tip stays.

        A damaged one has no digest; raises `GitFailed` for one that cannot be read just now.
        """
        asked = getattr(self._tips, "tip", self._newest_tip), self.remote(), self.repository.shallow, name
        known = self._histories.get(asked)
        if known is None:
            known = tuple(self.versions_of(self.index.versions(name), name))
            if not all(each.digest for each in known):
                self._check_readable(name)
                known = tuple(self.versions_of(self.index.versions(name), name))
            if len(known) <= _LONGEST_HISTORY and all(each.digest for each in known):
                if len(self._histories) >= _MOST_HISTORIES:
                    self._histories.clear()
                self._histories[asked] = known
        return known

    def newest_number(self, name: str) -> int | None:
        """Return the number of the newest version, 0 before the first, None where history is cut off."""
        if self.repository.shallow:
            return None
        newest = self.index.newest(name)
        return newest.number if newest else 0

    def labelled(self, name: str, digest: str) -> Version:
        """Return the newest version of *name* with *digest*; where history is cut off, one without a number."""
        row = self.index.by_digest(name, digest.removeprefix("sha256:"))
        if row is None:
            return Version(
                name=name,
                number=None,
                digest=digest,
                commit="",
                author="",
                email="",
                time=instant(0, "+0000"),
                message="",
            )
        return self._version(row, name)

    def found(self, ref: Ref) -> tuple[str, Standing]:
        """Return the blob of the version that *ref* names, and where it stands; remembered while the tip stays."""
        tip = self.tip()
        self.move_to(tip)
        asked = tip, self.repository.shallow, ref
        known = self._found.get(asked)
        if known is None:
            row = self.row(ref)
            known = row.blob or "", Standing(self._digest(row), self._number(row), row.commit)
            if len(self._found) >= _MOST_FOUND:
                self._found.clear()
            self._found[asked] = known
        return known

    def content(self, blob: str) -> bytes:
        """Return the bytes of *blob*."""
        return self.index.text(blob) or self.repository.read(blob, limit=LARGEST_FILE)

    def standing(self, name: str, digest: str, data: bytes, tip: str | None) -> Standing:
        """Return where *data*, read when the tip was *tip*, stands in the life of *name*.

        It is the committed version, or was edited from it; a file that no commit holds stands alone.
        """
        try:
            blob = self.repository.blob_at(tip, self.prefix + prompt_path(name)) if tip else None
            if blob is None:
                return Standing(digest)
            self.now()
            committed = self.repository.read(blob, limit=LARGEST_FILE)
            edited = committed != data
            row = next((row for row in reversed(self.index.versions(name)) if row.blob == blob), None)
        except GitFailed as error:
            raise_if_passing(error)
            return Standing(digest)  # without git a work tree is a folder: it has no versions
        base = codec.read_stored(committed, source=name).digest if edited else digest
        if row is None:
            return Standing(base, edited=edited)
        return Standing(base, self._number(row), row.commit, edited=edited)

    def standing_of(self, name: str, digest: str) -> Standing:
        """Return the newest version of *name* with *digest*."""
        try:
            row = self.now().index.by_digest(name, digest.removeprefix("sha256:"))
        except GitFailed as error:
            raise_if_passing(error)
            return Standing(digest)
        return Standing(digest, self._number(row), row.commit) if row else Standing(digest)

    def committed(self, name: str, version: Version) -> bytes | None:
        """Return the file that the commit of *version* gave to *name*; None when this history holds no such commit."""
        rows = self.now().index.versions(name) if version.commit else []
        row = next((row for row in rows if row.commit == version.commit), None)
        return self._file(row) if row and self._digest(row) == version.digest else None

    def pinned(self, pin: Pin) -> bytes | None:
        """Return the file of the newest version that *pin* names, or None."""
        row = self.now().index.by_digest(pin.name, pin.digest.removeprefix("sha256:")) if pin.name else None
        return self._file(row) if row else None

    def name_of(self, digest: str) -> str:
        """Return the name of the newest version with *digest*, whatever it is called; an empty text for none."""
        self.now()
        self.index.describe_all()
        return self.index.name_of(digest)

    def before_a_save(self, name: str, digest: str) -> tuple[int | None, list[tuple[Version, bytes]]]:
        """Return what `newest_number` does, and *name*'s versions with *digest*, newest first, each with its file."""
        number, rows = self.index.alike(name, digest)
        alike = [(self._version(row, name), self._file(row)) for row in rows]
        return (None if self.repository.shallow else number), alike

    def told(self, name: str, digest: str) -> str:
        """Return `v2 (3f9c2a1b)` for the newest version of *name* with *digest*, for an error's text."""
        row = self.index.by_digest(name, digest.removeprefix("sha256:"))
        short = _short(digest)
        number = self._number(row) if row else None
        return f"v{number} ({short})" if number is not None else f"#{short}"

    def gone(self, name: str) -> str:
        """Return `deleted in 1a2b3c4` or `renamed to x in 1a2b3c4` when that is the last that happened to *name*."""
        try:
            row = self.index.deleted(name)
        except GitFailed:
            return ""
        return f"{f'renamed to {row.became}' if row.became else 'deleted'} in {row.commit[:7]}" if row else ""

    def committed_at(self, name: str) -> str:
        """Return the path that the newest commit has for *name*; an empty text where it has none."""
        path = self.prefix + prompt_path(name)
        try:
            tip = self.tip()
            return path if tip and self.repository.blob_at(tip, path) else ""
        except StoreError:
            return ""  # what is committed cannot be read: that is for those to tell who ask for it

    def commits(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield message and changed names of every commit that changed a prompt, oldest first."""
        self.now()
        messages: dict[str, tuple[str, list[str]]] = {}
        for row in self.index.everything():
            messages.setdefault(row.commit, (row.message, []))[1].append(row.name)
        for message, names in messages.values():
            yield message, tuple(names)

    def differences(self) -> list[tuple[str, str]]:
        """Compare the index with one that is made anew from git; return place and words of each difference."""
        anew = History(self.repository, self.prefix, NOWHERE)
        held, made = self._told(), anew._told()
        anew.close()
        places = sorted(place for place in held.keys() | made.keys() if held.get(place) != made.get(place))
        return [(place, DIFFERENT) for place in places]

    def _told(self) -> dict[str, object]:
        """Return all that the index says, by what it says it of."""
        index = self.now().index
        rows = index.everything()
        said = index.descriptions(row.blob for row in rows if row.blob)
        told: dict[str, object] = {f"{entry.name}@{entry.label}": entry for entry in index.labels()}
        for row in rows:
            what = f"v{row.number}" if row.blob else f"removed in {row.commit[:7]}"
            told[f"{row.name} {what}"] = row._replace(message=row.message.rstrip("\n")), said.get(row.blob or "")
        return told | {"names": (index.names(), index.removed_names())}

    def row(self, ref: Ref) -> Row:
        """Return the index's row of the version that *ref* (without label) names; raises what `version` does."""
        if ref.number is not None:
            return self._numbered(ref)
        if ref.prefix and not ref.latest:
            row = self.index.by_digest(ref.name, ref.prefix)
            if row is None:
                self._check_readable(ref.name)
                raise self._nothing(ref, f"{ref.name} has no version #{ref.prefix}")
            return row
        return self._newest(ref)

    def _check_readable(self, name: str) -> None:
        """Raise `GitFailed` when a version of *name* cannot be read just now: it may be the one that is not found."""
        rows = [row for row in self.index.versions(name) if row.blob]
        told = self.index.descriptions(row.blob for row in rows if row.blob)
        gone = self.repository.absent(row.blob for row in rows if row.blob)
        for row in rows:
            if not told[row.blob or ""].digest and row.blob not in gone:
                with suppress(StoreDamaged, NotFetched):
                    self._file(row)

    def _newest(self, ref: Ref) -> Row:
        row = self.index.current(ref.name)
        if row is None:
            raise self._nothing(ref, f"no prompt {ref.name!r} here")
        if ref.prefix and not (digest := self._digest(row)).startswith(f"sha256:{ref.prefix}"):
            raise Conflict(
                f"the newest version of {ref.name} is {digest[:15]} now, not #{ref.prefix}",
                hint=f"load {ref.name}#{ref.prefix} to get that content",
            )
        return row

    def _numbered(self, ref: Ref) -> Row:
        if self.repository.shallow:
            raise NotFound(
                f"{ref.name} has no numbers here: this clone is shallow, and a number counts from the first version",
                hint="git fetch --unshallow, or name the version by label or digest",
            )
        row = self.index.version(ref.name, ref.number or 0)
        if row is None:
            raise self._nothing(ref, f"{ref.name} has no version v{ref.number}")
        digest = self._digest(row)
        if not digest.startswith(f"sha256:{ref.prefix}"):
            moved = self.index.by_digest(ref.name, ref.prefix)
            now = f"{ref.name}@v{moved.number}#{ref.prefix}" if moved else "nowhere in this history"
            raise NumberMoved(
                f"{ref.name}@v{ref.number} is {digest[:15]} now, not #{ref.prefix}",
                hint=f"that content is {now}",
            )
        return row

    def _nothing(self, ref: Ref, what: str) -> NotFound:
        gone = self.gone(ref.name)
        if gone and ref.number is None and not ref.prefix:
            what = f"{ref.name} was {gone}"
        versions = self.index.versions(ref.name)
        if not versions:
            return NotFound(what, hint=missing_name(ref.name, self.index.names()))
        shown = versions[-MOST_SHOWN:]
        told = self.index.descriptions(row.blob for row in shown if row.blob)
        listed = ", ".join(self._listed(row, told[row.blob or ""].digest) for row in shown)
        newest = ", the newest" if len(shown) < len(versions) else ""
        return NotFound(what, hint=f"{len(versions)} versions are there{newest}: {listed}")

    def _listed(self, row: Row, digest: str) -> str:
        number = self._number(row)
        return f"#{_short(digest)}" if number is None else f"v{number} {_short(digest)}"

    def _digest(self, row: Row) -> str:
        digest = self.index.digest_of(row.blob or "")
        if not digest:
            codec.read_stored(self._file(row), source=f"{row.name} v{row.number}")  # says what is wrong with the file
            raise StoreDamaged(f"{row.name} v{row.number} has no digest in the index", hint="promptlib fsck")
        return digest

    def _number(self, row: Row) -> int | None:
        return None if self.repository.shallow else row.number

    def _file(self, row: Row) -> bytes:
        return self.content(row.blob or "")

    def _version(self, row: Row, name: str) -> Version:
        return next(iter(self.versions_of([row], name)))

    def versions_of(self, rows: list[Row], name: str) -> Iterator[Version]:
        """Yield the versions that *rows* of the index are, told as those of *name*."""
        story = self.index.story(name, rows)
        published = self.published()
        for row in rows:
            yield version_of(row, story, story.labels, published=published, numbered=self.numbered)

    def published(self) -> int | None:
        """Return the position of the newest commit that the remote has too; None where there is no remote."""
        remote = self.remote()
        return self.index.position(remote) if remote else None

    def remote(self) -> str | None:
        """Return the commit that the remote was last seen at, for the branch that the tip was read from."""
        return self.repository.tip(self.remote_reference())

    def remote_reference(self) -> str:
        """Return the full name of the ref that tells where the remote's branch was last seen."""
        branch = (getattr(self._tips, "reference", None) or self.reference()).removeprefix("refs/heads/")
        return f"refs/remotes/origin/{branch}"

    @property
    def moved_to(self) -> str | None:
        """The tip that this thread asks about."""
        tip: str | None = getattr(self._tips, "tip", self._newest_tip)
        return tip

    @property
    def numbered(self) -> bool:
        """Whether versions have numbers: not where history is cut off."""
        return not self.repository.shallow

    def stand_at(self, tip: str | None) -> None:
        """Answer for *tip* in this thread alone, which the branch may have left long ago."""
        self._tips.tip = tip


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:SHORT]
