"""Verifying a store: what is there against what its digests, labels and index say."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from promptlib import codec
from promptlib.errors import NotFetched, PromptLibError
from promptlib.refs import Pin
from promptlib.store.describing import described
from promptlib.store.fetching import left_behind
from promptlib.store.homes import LARGEST_FILE, Commit
from promptlib.store.layout import INCLUDES, LABELS, PROMPT, REPORTS, Labelled, include_path, label_at, name_at
from promptlib.store.reports import read_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from promptlib._git import Repository
    from promptlib._index import Row
    from promptlib.chain import Stored
    from promptlib.store.homes import Home
    from promptlib.store.past import History

Kind = Literal["object", "ref", "version", "prompt", "label", "include", "file", "index", "store"]
MOST_NAMED = 12
#: Places of what kept everything, or every version, from being read.
STORE, HISTORY = "files", "history"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that does not verify: of which kind, where, and what is wrong.

    `remedy` is what to type, where something helps. `readable` names what of the same prompt still loads, `copies`
    where the lost content still lies.
    """

    kind: Kind
    place: str
    what: str
    remedy: str = ""
    readable: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return kind, place and what is wrong on one line."""
        return f"{self.kind} {self.place}: {self.what}"

    def to_dict(self) -> dict[str, object]:
        """Return the problem as plain data."""
        return {
            "kind": self.kind,
            "place": self.place,
            "what": self.what,
            "remedy": self.remedy,
            "readable": list(self.readable),
            "copies": list(self.copies),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """What was verified, what did not hold, what is only worth knowing, and what a repair has mended."""

    problems: tuple[Problem, ...]
    prompts: int
    labels: int
    versions: int
    remarks: tuple[Problem, ...] = ()
    mended: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not self.problems

    def after(self, before: Report) -> Report:
        """Return this report with what was mended *before* it."""
        return replace(self, mended=(*before.mended, *self.mended))

    def to_dict(self) -> dict[str, object]:
        """Return the report as plain data: `ok`, the counts, and lists of problems, remarks and what was mended."""
        short = ("kind", "place", "what")
        return {
            "ok": self.ok,
            "prompts": self.prompts,
            "labels": self.labels,
            "versions": self.versions,
            "problems": [each.to_dict() for each in self.problems],
            "remarks": [{key: getattr(each, key) for key in (*short, "remedy")} for each in self.remarks],
            "mended": [{key: getattr(each, key) for key in short} for each in self.mended],
        }


@dataclass(slots=True)
class _Files:
    """The files below the root, one after the other; `committed` are those of the newest commit, in a work tree."""

    files: Home
    committed: Home | None = None
    problems: list[Problem] = field(default_factory=list)
    prompts: int = 0
    labels: int = 0
    #: Blobs that a partial clone has left at its remote: nothing can be said of them.
    left: frozenset[str] = frozenset()
    #: The labels that verify, as (name, label).
    sound: set[tuple[str, str]] = field(default_factory=set)

    def examine(self) -> None:
        for path in self._paths():
            try:
                self._file(path)
            except PromptLibError as error:
                self._found(_kind_of(path), path, error.what, self._remedy(path))

    def _paths(self) -> Iterator[str]:
        """Iterate as far as it goes: a folder that cannot be read hides what is behind it, and nothing else."""
        try:
            yield from self.files.walk()
        except PromptLibError as error:
            self._found("file", self.files.shown("") or STORE, error.what, error.hint)

    def _file(self, path: str) -> None:
        if self._is_left(path):
            return
        data = self.files.read(path) or b""
        if path.startswith(INCLUDES):
            self._include(path, data)
        elif path.startswith(LABELS):
            self._label(path, data)
        elif path.startswith(REPORTS):
            read_report(data, path, self.files.shown(path))
        elif path.endswith(PROMPT):
            if name_at(path) is None:
                self._found("prompt", path, "its path is no prompt name, so nothing can load it")
                return
            self.prompts += 1
            codec.read_stored(data, source=self.files.shown(path))

    def _include(self, path: str, data: bytes) -> None:
        found = codec.read_stored(data, source=path)
        if include_path(found.digest) != path:
            self._found("include", path, f"holds {found.digest}", self._remedy(path))
        self._nested("include", path, found)

    def _label(self, path: str, data: bytes) -> None:
        at = label_at(path)
        if at is None:
            self._found("label", path, "its path is no label of a name")
            return
        self.labels += 1
        held = Labelled.from_bytes(data, self.files.shown(path))
        prompt = codec.read_stored(held.data, source=self.files.shown(path))
        if prompt.digest != held.digest:
            self._found("label", path, f"says {held.digest} and holds {prompt.digest}", self._remedy(path))
        elif self._nested("label", path, prompt):
            self.sound.add(at)

    def _nested(self, kind: Kind, path: str, prompt: Stored) -> bool:
        missing = [
            pin for pin in prompt.includes.values() if not self._is_here(include_path(Pin.parse(str(pin)).digest))
        ]
        for pin in missing:
            self._found(kind, path, f"its include {str(pin)[:40]}… does not lie beside it", self._remedy(path))
        return not missing

    def _is_here(self, path: str) -> bool:
        return self._is_left(path) or self.files.read(path) is not None

    def _is_left(self, path: str) -> bool:
        """Return whether the file at *path* is left at the remote of a partial clone."""
        return bool(self.left) and isinstance(self.files, Commit) and self.files.blob(path) in self.left

    def _remedy(self, path: str) -> str:
        if self.committed is None or _bytes(self.committed, path) in {None, _bytes(self.files, path)}:
            return _remedy(path)
        shown = self.files.shown(path)
        return f"look: git diff HEAD -- {shown}; take the committed file: git restore --staged --worktree {shown}"

    def _found(self, kind: Kind, place: str, what: str, remedy: str = "") -> None:
        self.problems.append(Problem(kind, place, what, remedy))


def _bytes(home: Home, path: str) -> bytes | None:
    try:
        return home.read(path)
    except PromptLibError:
        return None


def _kind_of(path: str) -> Kind:
    if path.startswith(LABELS):
        return "include" if path.startswith(INCLUDES) else "label"
    return "prompt" if path.endswith(PROMPT) else "file"


def _remedy(path: str) -> str:
    at = label_at(path)
    if at is not None:
        return f"promptlib fsck --repair, or move the label: promptlib label {at[0]} {at[1]} VERSION"
    if path.startswith(INCLUDES):
        return "promptlib fsck --repair, or label the prompt that includes it again"
    if path.startswith(REPORTS):
        return "take back what was kept, or take the file away and measure again: promptlib vary NAME --save"
    name = name_at(path)
    return f"mend the text by hand, or go back: promptlib revert {name} VERSION" if name else ""


def examine(files: Callable[[], Home], repository: Repository | None, history: History | None) -> Report:
    """Verify every object, ref, prompt, label and include, and every row of the index; whatever is damaged is told."""
    seen: _Files | None = None
    problems: list[Problem] = []
    left: frozenset[str] = frozenset()
    try:
        if repository is not None and history is not None:
            left = left_behind(repository, history)
        seen = _Files(files(), _committed(repository, history), left=left)
        seen.examine()
        problems += seen.problems
    except PromptLibError as error:
        problems.append(Problem("store", STORE, error.what, error.hint))
    remarks: list[Problem] = []
    if repository is not None:
        problems += [Problem(*fault) for fault in repository.verifier().faults()]  # type: ignore[arg-type] # its kinds are ours
        remarks = _remarks(repository)
    if left:
        what = f"this clone is partial: {len(left):,} of its texts are left at its remote, and were not looked at"
        remarks.append(Problem("store", STORE, what, "promptlib fetch brings them"))
    versions = 0
    if history is not None and repository is not None:
        versions, more = _versions(history, repository, seen, left)
        problems += more
    counted = (seen.prompts, seen.labels) if seen else (0, 0)
    return Report(tuple(_each_once(problems)), *counted, versions, tuple(remarks))


def _committed(repository: Repository | None, history: History | None) -> Home | None:
    if repository is None or history is None or repository.bare:
        return None
    try:
        return Commit(repository, history.prefix, history.tip())
    except PromptLibError:
        return None


def _each_once(problems: list[Problem]) -> Iterator[Problem]:
    """One cause is told once: what kept everything from being read is told by the ref or object that it is."""
    causes = {problem.place for problem in problems if problem.kind in {"object", "ref"}}
    for problem in dict.fromkeys(problems):
        if problem.place not in {STORE, HISTORY} or not any(cause in problem.what for cause in causes):
            yield problem


def _versions(
    history: History, repository: Repository, seen: _Files | None, left: frozenset[str]
) -> tuple[int, list[Problem]]:
    from promptlib._index import Remembered  # noqa: PLC0415 - loaded by now

    remembered = Remembered(history.index_file)
    wrong = remembered.problem()
    remedy = "promptlib fsck --repair; the next use makes it again too"
    problems = [Problem("index", history.index_file.name, wrong, remedy)] if wrong else []
    try:
        rows, damaged = _verified(history, repository, left)
        lost = {f"{row.name} v{row.number}" for row, _ in damaged}
        differences = history.differences()
        problems += [Problem("index", where, what, remedy) for where, what in differences if where not in lost]
    except NotFetched:
        return 0, problems  # told in a remark
    except PromptLibError as error:
        return 0, [*problems, Problem("index", HISTORY, error.what, error.hint)]
    if damaged:
        from promptlib.store.copies import Copies  # noqa: PLC0415 - only damage needs it

        copies = Copies(seen.files, repository, history.prefix, remembered) if seen else None
        bad = {row.id for row, _ in damaged}
        for row, what in damaged:
            good = [f"{row.name}@v{each.number}" for each in rows if each.name == row.name and each.id not in bad]
            labels = sorted(label for name, label in (seen.sound if seen else ()) if name == row.name)
            readable = (*good[-MOST_NAMED:], *(f"{row.name}@{label}" for label in labels))
            found = copies.find(row.blob or "", b"blob") if copies and _is_lost(repository, row) else None
            problems.append(_version(row, what, readable, found[1] if found else ""))
    return len(rows), problems


def _verified(
    history: History, repository: Repository, left: frozenset[str]
) -> tuple[list[Row], list[tuple[Row, str]]]:
    """Read every version that is here; return all, and those whose file cannot be read or is no prompt, with why."""
    rows = [row for row in history.now().index.everything() if row.blob]
    wrong: list[tuple[Row, str]] = []
    for row in rows:
        if row.blob in left:
            continue
        try:
            described(repository.read(row.blob or "", limit=LARGEST_FILE))
        except PromptLibError as error:
            wrong.append((row, error.what))
    return rows, wrong


def _is_lost(repository: Repository, row: Row) -> bool:
    """A file that is no prompt can be read all the same: it is somebody's text, and no copy of it would be better."""
    try:
        repository.read(row.blob or "", limit=LARGEST_FILE)
    except PromptLibError:
        return True
    return False


def _version(row: Row, what: str, readable: tuple[str, ...], copy: str) -> Problem:
    helps = f"go on from a version that loads: promptlib revert {row.name} VERSION" if readable else ""
    remedy = ", or ".join(filter(None, ["promptlib fsck --repair" if copy else "", helps]))
    return Problem("version", f"{row.name} v{row.number}", what, remedy, readable, (copy,) if copy else ())


def _remarks(repository: Repository) -> list[Problem]:
    from promptlib._git.mending import told_age  # noqa: PLC0415 - only a check looks at what is left over

    verifier = repository.verifier()
    remarks = [
        Problem("file", verifier.shown(left.path), f"{left.what}, {told_age(left.age)}")
        for left in verifier.leftovers()
    ]
    for pending in verifier.pending():
        look = f"look: git show {pending.commit[:12]}; to drop it: git update-ref -d {pending.reference}"
        remarks.append(Problem("ref", pending.reference, f"work that is kept for somebody: {pending.subject}", look))
    return remarks


def examine_and_repair(files: Callable[[], Home], repository: Repository, history: History) -> Report:
    """Verify, mend what can be mended, and verify again: the problems of the report are those that are left."""
    from promptlib.store.past import DIFFERENT  # noqa: PLC0415 - a folder without git has no past
    from promptlib.store.repairing import Repair  # noqa: PLC0415 - a check mends nothing

    before = examine(files, repository, history)
    repair = Repair(files, repository, history, any(problem.what == DIFFERENT for problem in before.problems))
    repair.run()
    after = examine(files, repository, history)
    mended = tuple(Problem(*each) for each in repair.mended)  # type: ignore[arg-type] # its kinds are ours
    hindered = tuple(Problem(*each) for each in repair.hindered)  # type: ignore[arg-type] # its kinds are ours
    return replace(after, mended=mended, remarks=(*after.remarks, *hindered))


def examine_closed(path: Path | None, error: PromptLibError, *, repair: bool) -> Report | None:
    """Return what keeps the repository at *path* from being opened, as *error* says; None where there is none.

    With *repair*, a report without problems says that it can be opened now.
    """
    from promptlib._git.broken import broken  # noqa: PLC0415 - a store that opens needs none of it

    found = broken(Path(path or os.curdir).absolute(), error, repair=repair)
    if found is None:
        return None
    problems = tuple(Problem(*fault) for fault in found[0])  # type: ignore[arg-type] # its kinds are ours
    mended = tuple(Problem(*each) for each in found[1])  # type: ignore[arg-type] # its kinds are ours
    return Report(problems, 0, 0, 0, mended=mended)
