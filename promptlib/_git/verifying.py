"""What is wrong with a repository: its objects, its refs, and what others have left lying there."""

from __future__ import annotations

import os
import re
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from promptlib._git.references import NAME, SYMBOLIC
from promptlib._git.seals import broken_seal, is_derived, sealed_files
from promptlib.errors import BadRef, PromptLibError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib._git.layout import Layout
    from promptlib._git.objects import Objects
    from promptlib._git.references import References
    from promptlib._git.runner import Git

MOST_ROWS = 20
OWN = "refs/promptlib/"
PENDING = f"{OWN}pending/"
HEADS = "refs/heads/"
_ID = r"([0-9a-f]{64}|[0-9a-f]{40})"
_ROWS = (
    (re.compile(rf"missing (\w+) {_ID}"), "the {} is missing"),
    (re.compile(rf"error: (){_ID}: hash-path mismatch"), "its content is not what its id says"),
    (re.compile(rf"error: (){_ID}: object corrupt or missing"), "it is damaged"),
    (re.compile(rf"error: (){_ID}: object could not be parsed"), "it is damaged"),
    (re.compile(rf"error: packed (){_ID} from"), "it is damaged in its pack"),
    (re.compile(rf"error: cannot unpack (){_ID} from"), "it is damaged in its pack"),
    (re.compile(rf"fatal: (?:packed|loose) object (){_ID} \(.*corrupt"), "it is damaged"),
    (re.compile(rf"(?:error|warning) in (\w+) {_ID}: (.+)"), "the {} is badly made: {}"),
)
#: Said in passing, or told by the checks of refs and of checksums in better words.
_NOISE = re.compile(
    r"notice:|Checking |dangling |broken link from| +to +|.*invalid sha1 pointer|.*commit-graph|.*multi-pack-index"
    r"|error: invalid HEAD|fatal: unexpected line in|fatal: unterminated line in"
    r"|error: (?:inflate|unable to|failed to|Could not read|index CRC|bad |wrong|non-mono|packfile|Packfile|loose"
    r"|\./|.*pack checksum|garbage|corrupt loose|refs/|HEAD)|.*checksum|failed to parse|fatal: (?:loose|packed) object"
)
_REFLOG = re.compile(rf"error: (\S+): invalid reflog entry {_ID}")
_INDEX_FILE = re.compile(r"(?:fatal|error): .*(?:index file|bad signature|index uses|index-)", re.IGNORECASE)


class Fault(NamedTuple):
    """Something that is damaged: where (an object's id, a ref, a file below the repository), what, and what mends it.

    `kind` is object, ref or file.
    """

    kind: str
    place: str
    what: str
    remedy: str = ""


class Leftover(NamedTuple):
    """A file or ref that a write left behind when it was ended from outside."""

    path: Path
    age: float
    what: str


class Pending(NamedTuple):
    """Work that is kept for somebody: the ref, its commit, and the first line of the commit's message."""

    reference: str
    commit: str
    subject: str


class Verifier:
    """Looks at everything, changes nothing, and never fails: whatever cannot be read is a fault."""

    def __init__(self, layout: Layout, git: Git, objects: Objects, references: References) -> None:
        """Look at the repository of *layout*."""
        self._layout = layout
        self._git = git
        self._objects = objects
        self._references = references

    def faults(self) -> list[Fault]:
        """Return what is wrong with files, refs and objects."""
        found = [*self.files(), *self.refs()]
        return [*found, *self.objects(explained=bool(found))]

    def files(self) -> list[Fault]:
        """Return the packs and the files made of them whose checksum does not fit."""
        found = []
        for path in sealed_files(self._layout):
            wrong = broken_seal(self._layout, path)
            if wrong:
                again = "git makes it again: " if is_derived(path) else "mend what can be mended: "
                found.append(Fault("file", self.shown(path), wrong, f"{again}promptlib fsck --repair"))
        return found

    def shown(self, path: Path) -> str:
        """Return *path* below the repository."""
        return os.path.relpath(path, self._layout.common_dir)

    def objects(self, *, explained: bool = False) -> list[Fault]:
        """Return the objects that git finds damaged, missing or badly made, each once.

        *explained* says that there are faults of files or refs already, which are why git says what else it says.
        """
        try:
            rows, code = self._fsck()
        except PromptLibError as error:
            return [Fault("object", str(self._layout.git_dir), error.what, error.hint)]
        rows = [row for row in dict.fromkeys(rows) if row.strip()]
        here = self._layout.common_dir
        faults = {place: Fault("object", place, what, _remedy(place, kind, here)) for place, kind, what in _told(rows)}
        rest = [row for row in rows if _REFLOG.match(row) or not (_NOISE.match(row) or _is_told(row))]
        if code and not (faults or rest or explained):
            rest = [row for row in rows if not row.startswith("notice:")] or [f"git fsck ended with code {code}"]
        return [*faults.values(), *(self._plain(row) for row in rest[:MOST_ROWS])]

    def _plain(self, row: str) -> Fault:
        if _INDEX_FILE.match(row):
            return Fault("file", "index", row.partition(": ")[2], "make git's index again: rm .git/index && git reset")
        if found := _REFLOG.match(row):
            what = f"its reflog tells of commit {found[2]}, which is not here; no version is lost"
            return Fault("ref", found[1], what, f"git reflog expire --stale-fix --expire-unreachable=now {found[1]}")
        if "bad config" in row:
            return Fault(
                "file", "config", row.removeprefix("fatal: "), "mend that line by hand: git reads nothing else"
            )
        return Fault("object", str(self._layout.git_dir), row)

    def _fsck(self) -> tuple[list[str], int]:
        if self._would_wait():
            tip = self._any_tip()
            words = ("fsck", "--strict", "--no-dangling", "--no-progress")
            found = self._git.run(*words, tip, check=False) if tip else None
            return ((found.out.decode("utf-8", "replace") + found.error).splitlines(), found.code) if found else ([], 0)
        result = self._git.run("fsck", "--strict", "--no-dangling", "--no-progress", check=False)
        rows = (result.out.decode("utf-8", "replace") + result.error).splitlines()
        if result.code and any(_INDEX_FILE.match(row) for row in rows) and (tip := self._any_tip()):
            # git stops at its own broken index; named a commit, it does not look at the index.
            more = self._git.run("fsck", "--strict", "--no-dangling", "--no-progress", tip, check=False)
            rows += (more.out.decode("utf-8", "replace") + more.error).splitlines()
        return rows, result.code

    def _would_wait(self) -> bool:
        """Return whether a ref is a pipe: git would read it until somebody writes."""
        below = os.walk(self._layout.common_dir / "refs")
        paths = (Path(folder, file) for folder, _, files in below for file in files)
        return any(not path.is_file() and not path.is_symlink() for path in paths)

    def _any_tip(self) -> str | None:
        try:
            return self._references.head().commit
        except PromptLibError:
            return None

    def refs(self) -> list[Fault]:
        """Return the refs that are no refs, or that point to what is not there; HEAD among them."""
        try:
            return [*self._head(), *self._stored()]
        except (PromptLibError, OSError) as error:
            what = error.what if isinstance(error, PromptLibError) else f"refs cannot be read: {error.strerror}"
            return [Fault("ref", "refs", what, getattr(error, "hint", ""))]

    def _head(self) -> Iterator[Fault]:
        try:
            head = self._references.head()
        except BadRef as error:
            yield Fault("ref", "HEAD", error.what, head_remedy(self._layout, self.branches()))
        except PromptLibError as error:
            if "HEAD" in error.what:
                yield Fault("ref", "HEAD", error.what, head_remedy(self._layout, self.branches()))
        else:
            others = self.others()
            if head.reference is None and self._kinds([head.commit or ""]) != ["commit"]:
                what = f"it holds {head.commit}, which is no commit here"
                yield Fault("ref", "HEAD", what, head_remedy(self._layout, self.branches()))
            elif head.reference and head.commit is None and others:
                what = f"it names {head.reference}, and there is no such branch; here are: {', '.join(others)}"
                yield Fault("ref", "HEAD", what, head_remedy(self._layout, self.branches()))

    def branch(self) -> str | None:
        """Return the branch that HEAD names, whatever that holds; None where HEAD names none."""
        if self._layout.reference_format == "reftable":
            return self._git.run("symbolic-ref", "--quiet", "HEAD", check=False).out.decode().strip() or None
        try:
            text = (self._layout.git_dir / "HEAD").read_bytes()
        except OSError:
            return None
        name = text.removeprefix(SYMBOLIC).strip().decode("utf-8", "surrogateescape")
        return name if text.startswith(SYMBOLIC) and NAME.fullmatch(name) else None

    def branches(self) -> list[str]:
        """Return the full names of the branches that can be read."""
        return sorted(name for name, _ in self.pointers() if name.startswith(HEADS))

    def others(self) -> list[str]:
        """Return the full names of all refs but those that promptlib keeps for itself."""
        return [name for name, _ in self.pointers() if not name.startswith(OWN)]

    def pointers(self) -> list[tuple[str, str]]:
        """Return every readable ref with its id, packed ones too; of a reftable what git lists."""
        if self._layout.reference_format == "reftable":
            listed = self._git.run("for-each-ref", "--format=%(objectname) %(refname)", check=False).out
            rows = [row.split(" ", 1) for row in listed.decode("utf-8", "surrogateescape").splitlines()]
            return [(name, found) for found, name in rows]
        found = {name: text for name, text, wrong in self.packed() if not wrong}
        found |= {name: text for name, text, wrong in self._loose() if not wrong}
        return sorted(found.items())

    def _stored(self) -> Iterator[Fault]:
        if self._layout.reference_format == "reftable":
            listed = self._git.run("for-each-ref", check=False)
            if listed.code:
                yield Fault("ref", "reftable", listed.error.strip())
        else:
            for name, text, wrong in [*self.packed(), *self._loose()]:
                if wrong:
                    yield Fault("ref", name, f"it holds {text[:60]!r}, which is no commit", _mend_ref(name))
        found = self.pointers()
        for (name, target), kind in zip(found, self._kinds([target for _, target in found]), strict=True):
            if kind == "missing":
                yield Fault("ref", name, f"it points to {target}, which is not here", _mend_ref(name))
            elif name.startswith(HEADS) and kind != "commit":
                yield Fault("ref", name, f"it points to {target}, a {kind} and no commit", _mend_ref(name))

    def _kinds(self, ids: list[str]) -> list[str]:
        if not ids:
            return []
        given = "".join(f"{one}\n" for one in ids).encode()
        rows = self._git.run("cat-file", "--batch-check=%(objecttype)", given=given, check=False).out.split(b"\n")
        told = [row.rpartition(b" ")[2].decode("ascii", "replace") for row in rows[: len(ids)]]
        return told + ["missing"] * (len(ids) - len(told)) if len(rows) > len(ids) else ["missing"] * len(ids)

    def packed(self) -> Iterator[tuple[str, str, bool]]:
        """Yield name, content, and whether that is wrong, of each line of packed-refs."""
        path = self._layout.common_dir / "packed-refs"
        if not path.exists():
            return
        for at, row in enumerate(path.read_bytes().splitlines()):
            target, _, name = row.decode("utf-8", "surrogateescape").partition(" ")
            if self._is_ref(name, target):
                yield name, target, False
            elif not self._is_beside(row, at):
                yield "packed-refs", row.decode(errors="replace"), True

    def _is_beside(self, row: bytes, at: int) -> bool:
        """Return whether a line of packed-refs is its first, or tells what the tag before it points to."""
        if row.startswith(b"^"):
            return self._is_ref(f"{PENDING}x", row[1:].decode("ascii", "replace"))
        return at == 0 and row.startswith(b"# pack-refs with: ")

    def _loose(self) -> Iterator[tuple[str, str, bool]]:
        """Yield name, content, and whether that is wrong, of each file below refs; symbolic ones are left to git."""
        top = os.fspath(self._layout.common_dir)
        for folder, _, files in os.walk(f"{top}/refs", onerror=_raised):
            for file in sorted(files):
                path = Path(folder, file)
                if file.endswith(".lock"):
                    continue
                name = os.path.relpath(path, top)
                data = path.read_bytes() if path.is_file() else b"(no file)"
                text = data.strip().decode("ascii", "replace")
                if not data.startswith(SYMBOLIC):
                    yield name, text, not self._is_ref(name, text)

    def _is_ref(self, name: str, target: str) -> bool:
        try:
            self._objects.check_id(target)
        except BadRef:
            return False
        return NAME.fullmatch(name) is not None

    def pending(self) -> list[Pending]:
        """Return the work that is kept below refs/promptlib/pending."""
        try:
            return [
                Pending(name, target, self._subject(target))
                for name, target in self.pointers()
                if name.startswith(PENDING)
            ]
        except (PromptLibError, OSError):
            return []

    def _subject(self, commit: str) -> str:
        try:
            body = self._objects.read(commit, b"commit")
        except PromptLibError as error:
            return error.what
        return body.partition(b"\n\n")[2].decode("utf-8", "replace").partition("\n")[0]

    def leftovers(self) -> list[Leftover]:
        """Return locks and temporary files, whatever their age; locks are only looked at."""
        common, git_dir = self._layout.common_dir, self._layout.git_dir
        found = [(path, "a lock of git's") for path in _named(common / "refs", "**/*.lock")]
        found += [
            (folder / name, "a lock of git's")
            for folder in dict.fromkeys((common, git_dir))
            for name in ("HEAD.lock", "index.lock", "packed-refs.lock", "config.lock")
        ]
        found += [(path, TEMPORARY) for path in _named(common / "objects", "??/tmp_obj_*")]
        found += [(path, TEMPORARY) for path in _named(common / "objects/pack", "tmp_*")]
        found += [(path, TEMPORARY) for path in _named(common / "promptlib", "marks-*")]
        found += [(path, TEMPORARY) for path in _named(common / "promptlib", "*.tmp")]
        now = time.time()
        return [
            Leftover(path, max(0.0, now - stat.st_mtime), what)
            for path, what in found
            if (stat := _lstat(path)) is not None
        ]


TEMPORARY = "a temporary file"


def _raised(error: OSError) -> None:
    raise error


def _named(folder: Path, pattern: str) -> list[Path]:
    try:
        return sorted(folder.glob(pattern))
    except OSError:
        return []


def _lstat(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except OSError:
        return None


def head_remedy(layout: Layout, branches: list[str]) -> str:
    """Return the command that gives HEAD one of *branches*: git itself will not, where it is missing."""
    if not branches:
        return ""
    branch = f"{HEADS}main" if f"{HEADS}main" in branches else branches[0]
    return f"printf 'ref: {branch}\\n' > {layout.git_dir / 'HEAD'}"


def _mend_ref(name: str) -> str:
    if name.startswith(HEADS):
        return f"promptlib fsck --repair; or look where it was: git reflog show {name}"
    return (
        f"fetch it again, or take it away: git update-ref -d {name}" if name != "packed-refs" else "git pack-refs --all"
    )


def _remedy(place: str, kind: str, here: Path) -> str:
    kind = kind if kind in {"blob", "tree", "commit", "tag"} else "blob"
    given = f"git -C CLONE cat-file {kind} {place} | git -C {here} hash-object -w --stdin --literally -t {kind}"
    return f"promptlib fsck --repair; or from a sound clone: {given}"


def _told(rows: list[str]) -> Iterator[tuple[str, str, str]]:
    """Yield id, kind (where it is said) and words of every object that a row speaks of, and what needs it."""
    needed = dict(_needs(rows))
    for row in rows:
        for pattern, words in _ROWS:
            if found := pattern.match(row):
                place = found[2]
                what = words.format(found[1], *found.groups()[2:])
                yield place, found[1], f"{what}, and {needed[place]} needs it" if place in needed else what


def _needs(rows: list[str]) -> Iterator[tuple[str, str]]:
    for row, after in pairwise(rows):
        words = row.split()
        if row.startswith("broken link from") and after.lstrip().startswith("to "):
            yield after.split()[-1], " ".join(words[-2:])


def _is_told(row: str) -> bool:
    return any(pattern.match(row) for pattern, _ in _ROWS)
