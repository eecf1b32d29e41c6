"""The lock: which content every name, label and include had, one line each, so that a drift is seen."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, cast

from promptlib.errors import BadRef, NewerFormat, StoreDamaged, Where
from promptlib.plain import Frozen
from promptlib.refs import check_digest, check_label, check_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

FILE = "promptlib.lock"
FORMAT = 1
#: A lock past this is refused before it is read: one line of it takes about a hundred bytes.
LARGEST = 64 << 20

_HEAD = "# Written by `promptlib lock`; `promptlib check --locked` tells what differs."
_FIRST = re.compile(r"promptlib-lock = ([0-9]{1,9})")
_ENTRY = re.compile(r'"([^"\\]*)" = "([^"\\]*)"')
_NAME = re.compile(r'    "([^"\\]*)",')
#: Digits of a digest that a ref needs.
SHORT = 8
_AGAIN = "write it again: promptlib lock; who changed it: git log -p -- {}"

Kind = Literal["prompt", "label", "include"]


@dataclass(frozen=True, slots=True)
class Drift:
    """One thing that is not as it was locked: the digest that was `expected`, and the one that was `found`.

    `what` is a name, `name@label`, or an include as `name#3f9c2a1b`. An empty `expected` is new, an empty `found` is
    gone, or cannot be read: `problem` then says why. `remedy` is what to type.
    """

    kind: Kind
    what: str
    expected: str
    found: str
    problem: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        """Return what drifted, from where to where, on one line."""
        return f"{self.kind} {self.what}: {self.told}"

    @property
    def told(self) -> str:
        """How it drifted, in words."""
        if self.problem:
            locked = f"locked as {_short(self.expected)}, " if self.expected else ""
            return f"{locked}cannot be read: {self.problem}"
        if not self.expected:
            return f"is not in the lock; found: {_short(self.found)}"
        return f"locked as {_short(self.expected)}, found: {_short(self.found) if self.found else 'nothing'}"

    def to_dict(self) -> dict[str, object]:
        """Return the drift as plain data."""
        return {
            "kind": self.kind,
            "what": self.what,
            "expected": self.expected or None,
            "found": self.found or None,
            "problem": self.problem,
            "remedy": self.remedy,
        }


def _short(digest: str) -> str:
    return digest[:15]


def table(entries: Mapping[str, str]) -> Mapping[str, str]:
    """Return *entries* as a mapping that never changes."""
    return cast("Mapping[str, str]", Frozen(entries))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """The digest of every name and label, and of every include that they reach; a number never stands in it.

    `prompts` maps names, `labels` maps `name@label` to digests; `includes` maps the digest of each include to the names
    that it is pinned by. `names` are those that were asked for, none for all; `labels_only` leaves the names out.
    """

    prompts: Mapping[str, str] = field(default_factory=lambda: table({}))
    labels: Mapping[str, str] = field(default_factory=lambda: table({}))
    includes: Mapping[str, str] = field(default_factory=lambda: table({}))
    names: tuple[str, ...] = ()
    labels_only: bool = False

    def covers(self, name: str) -> bool:
        """Whether *name* is among those that were asked for."""
        return not self.names or name in self.names

    @property
    def command(self) -> str:
        """The command that writes such a lock anew."""
        return " ".join(["promptlib lock", *self.names, *(["--labels-only"] if self.labels_only else [])])

    def to_dict(self) -> dict[str, object]:
        """Return the lock as plain data."""
        return {
            "prompts": dict(sorted(self.prompts.items())),
            "labels": dict(sorted(self.labels.items())),
            "includes": dict(sorted(self.includes.items())),
            "names": sorted(self.names),
            "labels_only": self.labels_only,
        }

    def to_text(self) -> str:
        """Return the file: the same for the same content, whatever wrote it."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield from (_HEAD, f"promptlib-lock = {FORMAT}")
        if self.labels_only:
            yield 'only = "labels"'
        if self.names:
            yield from ("names = [", *(f'    "{name}",' for name in sorted(self.names)), "]")
        for title, entries in (("prompts", self.prompts), ("labels", self.labels), ("includes", self.includes)):
            yield from ("", f"[{title}]", *(f'"{key}" = "{entries[key]}"' for key in sorted(entries)))

    @classmethod
    def parse(cls, text: str, source: str = FILE) -> Lock:
        """Read the file; raises `StoreDamaged` with the line that is none of a lock's, and `NewerFormat`."""
        return _Reading(text, source).lock()

    def drifts(
        self, found: Lock, broken: Mapping[str, str], remedy: Callable[[Kind, str, str], str]
    ) -> tuple[Drift, ...]:
        """Return what differs from *found*; *broken* says of a name or `name@label` why it cannot be read.

        *remedy* says what to type about one of a kind that was locked as a digest (empty: as none).
        """
        told = []
        pairs: tuple[tuple[Kind, Mapping[str, str], Mapping[str, str]], ...] = (
            ("prompt", self.prompts, found.prompts),
            ("label", self.labels, found.labels),
        )
        for kind, locked, now in pairs:
            unread = {what for what in broken if ("@" in what) == (kind == "label")}
            for what in sorted({*locked, *now, *unread}):
                expected, is_now = locked.get(what, ""), now.get(what, "")
                if what in unread or expected != is_now:
                    told.append(Drift(kind, what, expected, is_now, broken.get(what, ""), remedy(kind, what, expected)))
        # An include that is gone because its prompt cannot be read is no second drift.
        gone = () if broken else sorted(self.includes.keys() - found.includes.keys())
        told += [
            Drift("include", _pinned(self.includes, each), each, "", "", remedy("include", each, "")) for each in gone
        ]
        new = sorted(found.includes.keys() - self.includes.keys())
        told += [
            Drift("include", _pinned(found.includes, each), "", each, "", remedy("include", each, "")) for each in new
        ]
        return tuple(told)


def _pinned(includes: Mapping[str, str], digest: str) -> str:
    return f"{includes[digest]}#{digest.removeprefix('sha256:')[:SHORT]}"


class _Reading:
    """One pass over the lines of a lock."""

    def __init__(self, text: str, source: str) -> None:
        self._lines = [line.removesuffix("\r") for line in text.split("\n")]
        self._source = source
        self._tables: dict[str, dict[str, str]] = {"prompts": {}, "labels": {}, "includes": {}}
        self._names: list[str] = []
        self._only = False
        self._begun: set[str] = set()
        self._version = ""
        self._place = ""

    def lock(self) -> Lock:
        for number, line in enumerate(self._lines, 1):
            if line and not line.startswith("#"):
                problem = self._read(line)
                if problem:
                    raise self._damaged(problem, number)
        if not self._version:
            raise self._damaged("it has no line `promptlib-lock = 1`", 1)
        if self._place == "names":
            raise self._damaged("the list of names has no end", len(self._lines))
        tables = {title: table(entries) for title, entries in self._tables.items()}
        return Lock(**tables, names=tuple(sorted(self._names)), labels_only=self._only)

    def _read(self, line: str) -> str:
        """Take *line*; return what is wrong with it, an empty text for nothing."""
        if not self._version:
            return self._first(line)
        if self._place == "names":
            return self._listed(line)
        if line.startswith("[") and line.endswith("]") and line[1:-1] in self._tables:
            if line in self._begun:
                return f"{line} stands there twice"
            self._begun.add(line)
            self._place = line[1:-1]
            return ""
        if self._place:
            return self._entry(line)
        if line == 'only = "labels"':
            self._only = True
            return ""
        if line == "names = [":
            self._place = "names"
            return ""
        return "it is no line of a lock"

    def _first(self, line: str) -> str:
        found = _FIRST.fullmatch(line)
        if found is None:
            return "a lock begins with `promptlib-lock = 1`"
        if int(found[1]) > FORMAT:
            raise NewerFormat(
                f"{self._source} is a lock of format {found[1]}; this promptlib reads {FORMAT}",
                where=Where(self._source, self._lines.index(line) + 1, 1, line),
                hint="update promptlib, or write the lock with this one: promptlib lock",
            )
        self._version = found[1]
        return "" if int(found[1]) == FORMAT else f"there is no format {found[1]}"

    def _listed(self, line: str) -> str:
        if line == "]":
            self._place = ""
            return ""
        found = _NAME.fullmatch(line)
        if found is None:
            return "it is no name of the list"
        self._names.append(found[1])
        return _problem(check_name, found[1])

    def _entry(self, line: str) -> str:
        found = _ENTRY.fullmatch(line)
        if found is None:
            return 'it is no entry: `"…" = "…"` is one'
        key, value = found.groups()
        if key in self._tables[self._place]:
            return f"{key} stands there twice"
        self._tables[self._place][key] = value
        if self._place == "includes":
            return _problem(check_digest, key) or _pinned_problem(value)
        name, at, label = key.partition("@")
        if bool(at) != (self._place == "labels"):
            return f"{key} is none of [{self._place}]"
        return (
            _problem(check_name, name) or (_problem(check_label, label) if at else "") or _problem(check_digest, value)
        )

    def _damaged(self, problem: str, line: int) -> StoreDamaged:
        text = self._lines[line - 1]
        conflict = text.startswith(("<<<<<<<", "=======", ">>>>>>>", "|||||||"))
        return StoreDamaged(
            f"{self._source} is no lock: {'a conflict of a merge is not resolved' if conflict else problem}",
            where=Where(self._source, line, 1, text[:200], width=max(1, len(text[:200]))),
            hint=_AGAIN.format(self._source),
        )


def _problem(check: object, text: str) -> str:
    try:
        check(text)  # type: ignore[operator] # one of the three checks of refs
    except BadRef as error:
        return error.what
    return ""


def _pinned_problem(text: str) -> str:
    return next((problem for name in text.split(", ") if name and (problem := _problem(check_name, name))), "")
