"""Text prompts that somebody already keeps in git: every change on the main line becomes a version."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from promptlib import codec
from promptlib._git import Repository
from promptlib.errors import BadRef, InvalidPrompt, PromptLibError
from promptlib.messages import ROLES, Message, Role, Text
from promptlib.prompt import Prompt
from promptlib.refs import check_name, propose_name
from promptlib.store.replaying import Replayed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from promptlib._git import Change, Commit
    from promptlib.store import Store

TRAILER = "Promptlib-Source"
_TRAILER_LINE = re.compile(rf"^{TRAILER}: ([0-9a-f]{{40,64}})$", re.MULTILINE)
LARGEST_TEXT = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A source that was not imported: its name in the source, why, and a valid name to map it to, if there is one."""

    name: str
    reason: str
    proposal: str = ""


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
    literal prompt of one *role* message, byte for byte. Author, time and message are kept; the source commit goes
    into a trailer `Promptlib-Source`. A commit that moves a text unchanged to another name is a rename; a deletion
    is an event. *renames* maps a name in the source to a name here. What was imported before is not imported again,
    so an interrupted import goes on, and a source that has grown adds what is new. *progress* is called with the
    number of commits done and of all.

    Raises `BadRef` for a pattern without `{name}` or a mapped name outside the grammar, `NotAStore` when *source*
    is no repository.
    """
    if role not in ROLES:
        raise InvalidPrompt(f"no role {role!r}", hint=f"roles: {', '.join(ROLES)}")
    with Repository.open(source) as repository:
        replay = _Replay(store, repository, _pattern(match), role, dict(renames or {}))
        commits = replay.commits()
        done = store.replay(iter(commits), lambda count: progress(count, len(commits)))
    if done != len(commits):
        message = f"{done} of {len(commits)} commits were imported"
        raise AssertionError(message)
    return replay.report()


def _pattern(match: str) -> re.Pattern[str]:
    before, mark, after = match.partition("{name}")
    if not mark or "{name}" in after:
        raise BadRef(f"the pattern {match!r} needs {{name}} once", hint="such as --match 'patterns/{name}/system.md'")
    return re.compile(re.escape(before) + "(?P<name>.*)" + re.escape(after), re.DOTALL)


@dataclass(slots=True)
class _State:
    """What a name holds at one point of the replay: the source's blob, and the file that was made of it."""

    blob: str
    renamed_from: str = ""


@dataclass(slots=True)
class _Replay:
    """Walks the source once; what the store has already is walked too, but not written again."""

    store: Store
    source: Repository
    pattern: re.Pattern[str]
    role: Role
    renames: dict[str, str]
    states: dict[str, _State] = field(default_factory=dict)
    left_out: dict[str, LeftOut] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    untouched: dict[str, bool] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("versions", "deletions", "renames"), 0))
    written: set[str] = field(default_factory=set)

    def commits(self) -> list[Replayed]:
        """Return the commits that the store lacks, oldest first."""
        head = self.source.head().commit
        if head is None:
            return []
        before = self._imported()
        replayed = (self._commit(commit, before) for commit in self.source.log(head, first_parent=True))
        return [commit for commit in replayed if commit is not None]

    def report(self) -> ImportReport:
        """Return what was done."""
        left = tuple(sorted(self.left_out.values(), key=lambda each: each.name))
        return ImportReport(**self.counts, names=len(self.written), left_out=left)

    def _imported(self) -> set[tuple[str, str]]:
        """Return (source commit, name) of everything that earlier imports brought."""
        return {
            (found[1], name)
            for message, names in self.store.commits()
            if (found := _TRAILER_LINE.search(message))
            for name in names
        }

    def _commit(self, commit: Commit, before: set[tuple[str, str]]) -> Replayed | None:
        changes = self._changes(commit.changes)
        moved = _moved(changes, self.states)
        files: dict[str, bytes | None] = {}
        for name, blob in changes.items():
            is_new = (commit.id, name) not in before and self._untouched(name)
            if blob is None:
                self.states.pop(name, None)
                data = None
            else:
                old = moved.get(name, "")
                known = self.states.get(name)
                state = _State(blob, old or (known.renamed_from if known else ""))
                data = self._file(name, state) if is_new else None
                if is_new and data is None:
                    continue
                self.states[name] = state
            if is_new:
                files[name] = data
                self._count(name, data, renamed=name in moved)
        if not files:
            return None
        text = commit.message.rstrip("\n")
        message = f"{text}\n\n{TRAILER}: {commit.id}\n" if text else f"{TRAILER}: {commit.id}\n"
        return Replayed(files, message, commit.author.name, commit.author.email, (commit.time, commit.zone))

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
                self.left_out[given] = LeftOut(given, error.what, self._free(propose_name(given)))
            return None
        other = self.names.setdefault(name, given)
        if other != given:
            self.left_out[given] = self.left_out.get(given) or LeftOut(
                given, f"{name} is the name of {other!r} already", self._free(name)
            )
            return None
        return name

    def _free(self, proposal: str) -> str:
        """Return *proposal*, or the first `proposal-2`, `proposal-3`, … that nobody has or was offered."""
        taken = self.names.keys() | {each.proposal for each in self.left_out.values()}
        stem = proposal or "unnamed"
        return next(
            name for number in range(1, 10**6) if (name := stem if number == 1 else f"{stem}-{number}") not in taken
        )

    def _file(self, name: str, state: _State) -> bytes | None:
        try:
            text = self.source.read(state.blob, limit=LARGEST_TEXT).decode()
            message = Message(self.role, (Text(text),), literal=True)
            return codec.write(Prompt(messages=(message,), renamed_from=state.renamed_from))
        except UnicodeDecodeError as error:
            reason = f"not UTF-8 at byte {error.start} of blob {state.blob[:8]}"
        except PromptLibError as error:
            reason = error.what
        self.left_out[name] = LeftOut(name, reason)
        return None

    def _untouched(self, name: str) -> bool:
        """Whether the store holds what the replay has come to: an edit made in the store is never overwritten."""
        if name not in self.untouched:
            state = self.states.get(name)
            self.untouched[name] = self.store.file(name) == (self._file(name, state) if state else None)
            if not self.untouched[name]:
                self.left_out[name] = LeftOut(name, f"{name} was changed in the store since, and the source goes on")
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


def rename_file(report: ImportReport) -> str:
    """Return a TOML file that maps every name left out to its proposal, ready for `--rename`."""
    rows = [f"{_toml(each.name)} = {_toml(each.proposal)}" for each in report.left_out if each.proposal]
    return "\n".join(rows) + "\n" if rows else ""


def _toml(text: str) -> str:
    escaped = "".join(
        f"\\u{ord(char):04x}" if ord(char) < 32 or ord(char) == 127 else char  # noqa: PLR2004 - the control characters
        for char in text.replace("\\", "\\\\").replace('"', '\\"')
    )
    return f'"{escaped}"'
