"""The lock of a store: what it would say now, and what differs from the one that was written."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from promptlib.errors import InvalidPrompt, NotFound, PromptLibError, StoreDamaged, StoreError, StoreReadOnly
from promptlib.lockfile import FILE, LARGEST, Lock, table
from promptlib.refs import Pin, Ref, check_name
from promptlib.store.homes import Commit
from promptlib.store.layout import LABELS, label_at, label_path, prompt_path
from promptlib.store.putting import put_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptlib._git import Repository
    from promptlib.chain import Stored
    from promptlib.lockfile import Drift, Kind
    from promptlib.store.homes import Home
    from promptlib.store.loading import Reader
    from promptlib.store.past import History

#: What is wrong with a prompt or label itself; git that fails just now is no drift.
UNREADABLE = (NotFound, InvalidPrompt, StoreDamaged)


def labels_in(files: Home) -> list[tuple[str, str]]:
    """Return (name, label) of every label, in order."""
    return sorted(at for path in files.walk(LABELS) if (at := label_at(path)))


def reached(prompt: Stored, found: dict[str, set[str]]) -> None:
    """Gather into *found* the digest of each pin of *prompt*, and of theirs, with the names it is pinned by.

    A chain's pins are its pinned steps; what a floating step runs hangs on a label, which a lock tells by itself.
    """
    for alias, text in prompt.includes.items():
        pin = Pin.parse(str(text))
        known = pin.digest in found
        found.setdefault(pin.digest, set()).add(pin.name)
        if not known:
            reached(prompt.resolve(alias), found)


class Observed:
    """What a store's files say now, read once: the lock that they make, and what cannot be read of them."""

    def __init__(self, reader: Reader, names: Iterable[str] = (), *, labels_only: bool = False) -> None:
        """Read the *names* (none: all) and their labels."""
        wanted = tuple(sorted({check_name(name) for name in names}))
        asked = Lock(names=wanted)
        files = [name for name in reader.names() if asked.covers(name)]
        labels = [(name, label) for name, label in labels_in(reader.files) if asked.covers(name)]
        #: What was asked for by name and has neither file nor label.
        self.missing = [name for name in wanted if name not in {*files, *(name for name, _ in labels)}]
        self.broken: dict[str, PromptLibError] = {}
        self._includes: dict[str, set[str]] = {}
        prompts = dict(self._digests(reader, [] if labels_only else [Ref(name) for name in files]))
        labelled = dict(self._digests(reader, [Ref(name, label=label) for name, label in labels]))
        includes = {digest: ", ".join(sorted(filter(None, by))) for digest, by in self._includes.items()}
        self.lock = Lock(
            prompts=table(prompts),
            labels=table(labelled),
            includes=table(includes),
            names=wanted,
            labels_only=labels_only,
        )

    def _digests(self, reader: Reader, refs: list[Ref]) -> Iterator[tuple[str, str]]:
        for ref in refs:
            try:
                prompt = reader.load(ref)
                reached(prompt, self._includes)
            except UNREADABLE as error:
                self.broken[str(ref)] = error
            else:
                yield str(ref), prompt.digest


def made(reader: Reader, names: Iterable[str], *, labels_only: bool) -> Lock:
    """Return the lock of what *reader* reads; raises what keeps a prompt or label from being read."""
    seen = Observed(reader, names, labels_only=labels_only)
    if seen.missing:
        raise reader.missing(seen.missing[0])
    if seen.broken:
        first, *others = seen.broken.values()
        first.others = (*first.others, *others)
        raise first
    return seen.lock


def write(lock: Lock, place: Path) -> None:
    """Write *lock* to *place*, whole or not at all; a file that says the same already is not touched."""
    data = lock.to_text().encode()
    try:
        if place.read_bytes() == data:
            return
    except OSError:
        pass  # what cannot be read is written anew, or the write says why not
    put_whole(place, (data,))


def place_of(root: Path | None, path: str | Path | None, home: str) -> Path:
    """Return where a lock is written: to *path*, else into the *root*; raises `StoreReadOnly` where there is none."""
    if path is not None:
        return Path(path)
    if root is None:
        raise StoreReadOnly(
            f"a {home} has no folder that a lock could lie in",
            hint="say where: promptlib lock -o FILE; and then: promptlib check --locked --lock FILE",
        )
    return root / FILE


def found(files: Home, path: str | Path | None) -> Lock:
    """Return the lock at *path*, or the one among *files*; raises `NotFound` where there is none."""
    if path is None:
        data, shown = files.read(FILE), files.shown(FILE)
    else:
        data, shown = _bytes(Path(path)), str(path)
    if data is None:
        raise NotFound(
            f"no lock here: {shown}", hint=f"write one: promptlib lock{f' -o {quote(str(path))}' if path else ''}"
        )
    try:
        return Lock.parse(data.decode(), shown)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise StoreDamaged(
            f"{shown} is no lock: line {line} is no UTF-8", hint="write it again: promptlib lock"
        ) from error


def _bytes(place: Path) -> bytes | None:
    try:
        if place.stat().st_size > LARGEST:
            raise StoreDamaged(f"{place} is larger than {LARGEST >> 20} MiB", hint="that is no lock")
        return place.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(f"{place} cannot be read: {error.strerror}", hint="check who owns it: ls -l") from error


def drifts(lock: Lock, reader: Reader, repository: Repository | None, history: History | None) -> tuple[Drift, ...]:
    """Return what differs between *lock* and what *reader* reads, each with what to type."""
    seen = Observed(reader, lock.names, labels_only=lock.labels_only)
    broken = {what: error.what for what, error in seen.broken.items()}
    return lock.drifts(seen.lock, broken, _Remedy(lock, reader, repository, history).told)


class _Remedy:
    """What to type about a drift: the way back where there is one, and how to accept it."""

    def __init__(self, lock: Lock, reader: Reader, repository: Repository | None, history: History | None) -> None:
        self._lock = lock
        self._reader = reader
        self._repository = repository
        self._history = history

    def told(self, kind: Kind, what: str, expected: str) -> str:
        """Return the commands."""
        name, _, label = what.partition("@")
        back = ""
        if kind != "include" and expected and self._repository is not None and self._history is not None:
            with suppress(StoreError):  # without git the files are there all the same
                back = self._back(self._repository, self._history.now(), name, label, expected)
        return "; ".join(filter(None, [back, f"accept it: {self._lock.command}"]))

    def _back(self, repository: Repository, history: History, name: str, label: str, expected: str) -> str:
        path = label_path(name, label) if label else prompt_path(name)
        committed = None if repository.bare else Commit(repository, history.prefix, history.tip())
        if committed is not None and committed.key(path) is not None:
            shown = quote(committed.shown(path))
            if committed.read(path) != self._reader.files.read(path):
                return f"look: git diff HEAD -- {shown}; go back: git restore --staged --worktree {shown}"
        prefix = expected.removeprefix("sha256:")
        if history.index.by_digest(name, prefix) is None:
            return ""
        verb = f"label {name} {label}" if label else f"revert {name}"
        return f"go back: promptlib {verb} '#{prefix[:8]}'"
