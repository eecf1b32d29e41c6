"""Text prompts that somebody already keeps in git: every change on the main line becomes a version."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from promptlib import codec
from promptlib._git import Repository
from promptlib.errors import BadRef, InvalidFile, InvalidPrompt, NotFound, PromptLibError, StoreError, system_error
from promptlib.formats.arrivals import TRAILER, LeftOut, free_name
from promptlib.formats.finding import pattern_of
from promptlib.messages import ROLES, Message, Role, Text
from promptlib.prompt import Prompt
from promptlib.refs import check_name, propose_name
from promptlib.store.homes import LARGEST_PROMPT
from promptlib.store.opening import checked_path
from promptlib.store.replaying import Replayed
from promptlib.trust import FOREIGN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from promptlib._git import Change, Commit
    from promptlib.store import Store

READ_AT_ONCE = 500  # commits
MOST_AHEAD = 32 << 20  # bytes
_TRAILER_LINE = re.compile(rf"^{TRAILER}: ([0-9a-f]{{40,64}})$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did: versions and names that are new in the store, and what was left out."""

    versions: int
    deletions: int
    renames: int
    names: int
    left_out: tuple[LeftOut, ...]

    def to_dict(self) -> dict[str, object]:
        """Return the report as plain data."""
        return {
            "versions": self.versions,
            "deletions": self.deletions,
            "renames": self.renames,
            "names": self.names,
            "left_out": [
                {"name": each.name, "reason": each.reason, "proposal": each.proposal} for each in self.left_out
            ],
        }


def import_git(
    store: Store,
    source: Path | str,
    *,
    match: str,
    role: Role = "system",
    renames: Mapping[str, str] | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> ImportReport:
    """Replay the main line (first parents of HEAD) of the repository at *source* into *store*.

    *match* is a path with `{name}` where the name stands, such as `patterns/{name}/system.md`. Each text becomes a
    literal prompt of one *role* message, byte for byte, and is foreign: nobody here has vouched for it. Author, time
    and message are kept; the source commit goes into a trailer `Promptlib-Source`. A commit that moves a text
    unchanged to another name is a rename; a deletion is an event. *renames* maps a name in the source to a name here.
    What was imported before is not imported again, so an interrupted import goes on, and a source that has grown adds
    what is new. *progress* is called with the number of commits done and of all.

    Raises `BadRef` for a pattern without `{name}` or a mapped name outside the grammar, `NotAStore` when *source*
    is no repository.
    """
    if role not in ROLES:
        raise InvalidPrompt(f"no role {role!r}", hint=f"roles: {', '.join(ROLES)}")
    with Repository.open(checked_path(Path(source))) as repository:
        replay = _Replay(store, repository, pattern_of(match), role, dict(renames or {}))
        commits = replay.commits()
        store.replay(iter(commits), lambda count: progress(count, len(commits)))
    return replay.report()


@dataclass(slots=True)
class _State:
    """What a name holds at one point of the replay: the source's blob, and the name that it had before."""

    blob: str
    renamed_from: str = ""


@dataclass(frozen=True, slots=True)
class _Reason:
    """Why a name is left out, and the name that a proposal should be near to; None where no name would help."""

    reason: str
    near: str | None = None


@dataclass(slots=True)
class _Replay:
    """Walks the source once; what the store has already is walked too, but not written again."""

    store: Store
    source: Repository
    pattern: re.Pattern[str]
    role: Role
    renames: dict[str, str]
    states: dict[str, _State] = field(default_factory=dict)
    left_out: dict[str, _Reason] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    untouched: dict[str, bool] = field(default_factory=dict)
    known: Counter[str] = field(default_factory=Counter)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("versions", "deletions", "renames"), 0))
    written: set[str] = field(default_factory=set)
    texts: dict[str, bytes] = field(default_factory=dict)

    def commits(self) -> list[Replayed]:
        """Return the commits that the store lacks, oldest first."""
        head = self.source.head().commit
        if head is None:
            return []
        before = self._imported()
        self.known.update(name for _, name in before)
        waiting = self.source.log(head, first_parent=True)
        replayed: list[Replayed] = []
        while some := list(islice(waiting, READ_AT_ONCE)):
            self._read_ahead(some, {commit for commit, _ in before})
            replayed += filter(None, (self._commit(commit, before) for commit in some))
        return replayed

    def _read_ahead(self, commits: list[Commit], imported: set[str]) -> None:
        """Read what *commits* wrote from one process; what cannot be read is asked for again, and named, by itself."""
        changes = [change for commit in commits if commit.id not in imported for change in commit.changes]
        blobs = dict.fromkeys(change.blob for change in changes if change.blob and self.pattern.fullmatch(change.path))
        self.texts.clear()
        size = 0
        with suppress(StoreError):
            for blob, data in self.source.read_many(blobs, limit=LARGEST_PROMPT):
                self.texts[blob] = data
                size += len(data)
                if size > MOST_AHEAD:
                    break

    def report(self) -> ImportReport:
        """Return what was done."""
        taken = {*self.names, *self.store.names()}
        left: list[LeftOut] = []
        for name, why in sorted(self.left_out.items()):
            proposal = "" if why.near is None else free_name(why.near, taken)
            taken.add(proposal)
            left.append(LeftOut(name, why.reason, proposal))
        return ImportReport(**self.counts, names=len(self.written), left_out=tuple(left))

    def _imported(self) -> set[tuple[str, str]]:
        """Return (source commit, name) of everything that earlier imports brought."""
        return {
            (found[-1], name)
            for message, names in self.store.commits()
            if (found := _TRAILER_LINE.findall(message))  # the last is ours: the source may have been imported itself
            for name in names
        }

    def _commit(self, commit: Commit, before: set[tuple[str, str]]) -> Replayed | None:
        changes = self._changes(commit.changes)
        moved = _moved(changes, self.states)
        files: dict[str, bytes | None] = {}
        for name, blob in changes.items():
            if blob == (self.states[name].blob if name in self.states else None):
                continue  # another mode, or the end of what was never taken in
            known = (commit.id, name) in before
            state = self._state(name, blob, moved.get(name, ""))
            data = self._file(name, state) if state and not known else None
            if state and not known and data is None:
                continue
            is_new = self._is_new(name, known=known)
            self._set(name, state)
            if is_new:
                files[name] = data
                self._count(name, data, renamed=name in moved)
        if not files:
            return None
        text = commit.message.rstrip("\n")
        message = f"{text}\n\n{TRAILER}: {commit.id}\n" if text else f"{TRAILER}: {commit.id}\n"
        return Replayed(files, message, commit.author.name, commit.author.email, (commit.time, commit.zone))

    def _state(self, name: str, blob: str | None, old: str) -> _State | None:
        if blob is None:
            return None
        before = self.states.get(name)
        return _State(blob, old or (before.renamed_from if before else ""))

    def _set(self, name: str, state: _State | None) -> None:
        if state:
            self.states[name] = state
        else:
            del self.states[name]

    def _is_new(self, name: str, *, known: bool) -> bool:
        """Whether this change comes after all that earlier imports brought of *name*, and nobody has edited it since.

        A change between those was left out by the import that came to it, and its place in the history is gone.
        """
        if known:
            self.known[name] -= 1
            return False
        return not self.known[name] and self._untouched(name)

    def _count(self, name: str, data: bytes | None, *, renamed: bool) -> None:
        self.counts["deletions" if data is None else "versions"] += 1
        if renamed:
            self.counts["renames"] += 1
            self.counts["deletions"] -= 1
        self.written.add(name)

    def _changes(self, changes: tuple[Change, ...]) -> dict[str, str | None]:
        """Return the valid name -> blob of what the pattern takes in; removals first, so that a rename can be seen."""
        found: dict[str, str | None] = {}
        for change in sorted(changes, key=lambda each: each.blob is not None):
            matched = self.pattern.fullmatch(change.path)
            name = self._name(matched["name"]) if matched else None
            if name is not None:
                found[name] = change.blob
        return found

    def _name(self, given: str) -> str | None:
        wanted = self.renames.get(given, given)
        try:
            name = check_name(wanted)
        except BadRef as error:
            if given in self.renames:
                raise
            if given not in self.left_out:
                self.left_out[given] = _Reason(error.what, propose_name(given))
            return None
        other = self.names.setdefault(name, given)
        if other != given:
            self.left_out[given] = _Reason(f"{name} is the name of {other!r} already", name)
            return None
        return name

    def _file(self, name: str, state: _State) -> bytes | None:
        try:
            read = self.texts.get(state.blob)
            text = (self.source.read(state.blob, limit=LARGEST_PROMPT) if read is None else read).decode()
            message = Message(self.role, (Text(text),), literal=True)
            data = codec.write(Prompt(messages=(message,), renamed_from=state.renamed_from, trust=FOREIGN))
            if len(data) <= LARGEST_PROMPT:
                return data
            reason = f"{len(data):,} bytes are more than a prompt's {LARGEST_PROMPT:,}"
        except UnicodeDecodeError as error:
            reason = f"not UTF-8 at byte {error.start} of blob {state.blob[:8]}"
        except PromptLibError as error:
            if system_error(error) is not None:
                raise  # no text is left out of a history because it could not be opened
            reason = error.what
        self.left_out[self.names[name]] = _Reason(reason)
        return None

    def _stored(self, name: str) -> bytes | None:
        try:
            return self.store.file(name)
        except NotFound:
            return None
        except InvalidFile:
            return b""  # somebody has broken it by hand: no import made such a file

    def _untouched(self, name: str) -> bool:
        """Whether the store holds what the replay has come to: an edit made in the store is never overwritten."""
        if name not in self.untouched:
            state = self.states.get(name)
            self.untouched[name] = self._stored(name) == (self._file(name, state) if state else None)
            if not self.untouched[name]:
                reason = f"{name} was changed in the store since, and the source goes on"
                self.left_out[self.names[name]] = _Reason(reason, name)
        return self.untouched[name]


def _moved(changes: dict[str, str | None], states: dict[str, _State]) -> dict[str, str]:
    """Return new name -> old name where one text left one name and came, unchanged, under one other."""
    gone: dict[str, list[str]] = {}
    come: dict[str, list[str]] = {}
    for name, blob in changes.items():
        if blob is None and name in states:
            gone.setdefault(states[name].blob, []).append(name)
        elif blob is not None and name not in states:
            come.setdefault(blob, []).append(name)
    return {names[0]: gone[blob][0] for blob, names in come.items() if len(names) == 1 and len(gone.get(blob, ())) == 1}
