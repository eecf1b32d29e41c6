"""Whole histories of prompts out of other libraries: each version there becomes one here, under its name, in order."""

from __future__ import annotations

import re
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from promptlib import codec
from promptlib._git import Author
from promptlib.errors import BadRef, InvalidPrompt, SaveRefused
from promptlib.formats.arrivals import TRAILER, Bringing, Imported, Lost, slug
from promptlib.refs import check_label, propose_name
from promptlib.store.homes import LARGEST_PROMPT
from promptlib.store.replaying import Replayed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from promptlib.formats.moving import Moved
    from promptlib.store import Store, Transaction
    from promptlib.version import Version

#: What brings a prompt into its last form, given all names here by those there.
Settle: TypeAlias = "Callable[[Moved, Mapping[str, str]], Moved]"
#: Who made a version of which nothing is said.
NOBODY = Author("unknown", "")


class Edition(NamedTuple):
    """One version of a prompt elsewhere: its name and number there, and what makes it, or raises `InvalidPrompt`."""

    key: str
    number: int
    make: Callable[[], Moved]

    @property
    def shown(self) -> str:
        """What a report calls it."""
        return f"{self.key} version {self.number}"


class _Made(NamedTuple):
    edition: Edition
    name: str
    moved: Moved
    file: bytes
    trailer: str


class _TriedError(Exception):
    """Ends a transaction in which it was only tried what a store would refuse."""


@dataclass(slots=True)
class _Series:
    """One import of versions: what is new is written in the order of its times, and nothing is written twice."""

    store: Store
    bringing: Bringing
    kind: str
    settle: Settle
    names: dict[str, str] = field(default_factory=dict)
    #: What earlier imports brought: `mlflow:greet/2` to the mark of its file, by name here.
    known: dict[tuple[str, str], str] = field(default_factory=dict)
    made: list[_Made] = field(default_factory=list)
    waiting: list[_Made] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    #: How many versions of the source were here already, by name here.
    before: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def read(self, editions: Iterable[Edition]) -> None:
        """Find out of each of *editions* whether it is new, and whether it can come in."""
        line = re.compile(rf"^{TRAILER}: ({re.escape(self.kind)}:.+)#([0-9a-f]{{16}})$", re.MULTILINE)
        for message, names in self.store.commits():
            for source, mark in line.findall(message):
                self.known |= {(name, source): mark for name in names}
        by_name = defaultdict[str, list[Edition]](list)
        for each in editions:
            by_name[each.key].append(each)
        named = {key: self.bringing.name_of(key, _name(key)) for key in by_name}
        self.names = {key: name for key, name in named.items() if name is not None}
        with suppress(_TriedError), self.store.transaction("tried alone") as trying:
            here, self.bringing.gone = set(trying.names()), frozenset(trying.gone())
            for key, name in self.names.items():
                found = sorted(by_name[key], key=lambda each: each.number)
                self._read_name(name, found, trying, known=name in here)
            raise _TriedError

    def _read_name(self, name: str, editions: list[Edition], trying: Transaction, *, known: bool) -> None:
        key = editions[0].key
        last = max((each.number for each in editions if (name, self._source(each)) in self.known), default=0)
        new: list[_Made] = []
        for each in editions:
            found = self._converted(each, name, trying)
            if found is None:
                continue
            self.made.append(found)
            source, _, mark = found.trailer.rpartition("#")
            before = self.known.get((name, source))
            if before is None and each.number < last:
                reason = f"version {last} is here already, and what came before it has no place any more"
                self.bringing.leave(each.shown, reason)
                continue
            if before is None:
                new.append(found)
                continue
            self.before[name] += 1
            if before != mark:
                what = (
                    f"version {each.number} was changed in {self.kind} since it was imported: here it stays as it was"
                )
                self.lost.append(Lost(name, what, each.shown))
        if new and known and not self.bringing.imported(name):
            reason = f"{name} was changed in the store since, and the source says something else"
            self.bringing.leave(key, reason, near=name)
        elif new and not known and name in self.bringing.gone:
            reason = f"{name} was deleted or renamed here, and the source still has it"
            self.bringing.leave(key, reason, near=name)
        else:
            self.waiting += new
            self._tell(name, new)

    def _source(self, edition: Edition) -> str:
        return f"{self.kind}:{edition.key}/{edition.number}"

    def _converted(self, edition: Edition, name: str, trying: Transaction) -> _Made | None:
        try:
            moved = self.settle(edition.make(), self.names)
            file = codec.write(moved.prompt)
            if len(file) > LARGEST_PROMPT:
                raise InvalidPrompt(f"{len(file):,} bytes are more than a prompt's {LARGEST_PROMPT:,}")  # noqa: TRY301 - told as any other
            if (name, self._source(edition)) not in self.known:
                trying.rewrite(name, file)
        except (InvalidPrompt, SaveRefused) as error:
            told = f"{error.what}; {error.hint}" if error.hint else error.what
            place = str(error.where or "")
            self.bringing.leave(edition.shown, told.replace("\n", " "), where=place)
            return None
        mark = sha256(file).hexdigest()[:16]
        return _Made(edition, name, moved, file, f"{self._source(edition)}#{mark}")

    def _tell(self, name: str, new: list[_Made]) -> None:
        number = self.before[name]
        for each in new:
            number += 1
            self.lost += [each_lost._replace(name=name, where=_place(each, each_lost)) for each_lost in each.moved.lost]
            if number != each.edition.number:
                what = f"version {each.edition.number} there is v{number} here: those between did not come"
                self.lost.append(Lost(name, what, each.edition.shown))

    def write(self) -> None:
        """Save what is new: with its author and time where the store is bare, else with its author."""
        ordered = list(_in_time(self.waiting))
        if _keeps_times(self.store):
            self.store.replay(_replayed(each) for each in ordered)
            return
        for each in ordered:
            author = _author(each.moved)
            with self.store.transaction(_message(each), author=None if author == NOBODY else author) as transaction:
                transaction.rewrite(each.name, each.file)

    def label(self, *, dry_run: bool) -> list[str]:
        """Set the labels that a name lacks; return each as `greet@production`."""
        wanted = [(each, label) for each in self.made if each.name in self._names() for label in self._labels(each)]
        if dry_run:
            return [f"{each.name}@{label}" for each, label in wanted]
        versions = {name: self._versions(name) for name in dict.fromkeys(each.name for each, _ in wanted)}
        chosen = [
            (each, label, target)
            for each, label in wanted
            if (target := versions[each.name].get(each.trailer.rpartition("#")[0])) is not None
        ]
        held = {name: self.store.labels(name) for name in versions}
        new = [found for found in chosen if found[1] not in held[found[0].name]]
        for each, label, target in chosen:
            there = held[each.name].get(label)
            if there is not None and there.digest != target.digest:
                what = f"the label {label} is at v{there.number} here and at v{target.number} there: it stays"
                self.lost.append(
                    Lost(each.name, f"{what}; promptlib label {each.name} {label} v{target.number} moves it")
                )
        if new:
            with self.store.transaction(f"Labels of {self.kind}") as transaction:
                for each, label, target in new:
                    transaction.label(each.name, label, target)
        return [f"{each.name}@{label}" for each, label, _ in new]

    def _names(self) -> set[str]:
        return {*(each.name for each in self.waiting), *self.before}

    def _labels(self, made: _Made) -> Iterator[str]:
        for label in made.moved.labels:
            if label == "latest":  # which every name has here
                continue
            try:
                yield check_label(label.lower())
            except BadRef as error:
                self.lost.append(
                    Lost(made.name, f"the label {label!r:.60} is left out: {error.what}", made.edition.shown)
                )

    def _versions(self, name: str) -> dict[str, Version]:
        """Return the versions of *name* that were imported, by their source."""
        line = re.compile(rf"^{TRAILER}: ({re.escape(self.kind)}:.+)#[0-9a-f]{{16}}$", re.MULTILINE)
        return {found[-1]: version for version in self.store.history(name) if (found := line.findall(version.message))}


def bring_editions(  # noqa: PLR0913 - what an import is asked for, all by keyword
    store: Store,
    editions: Iterable[Edition],
    *,
    kind: str,
    into: str = "",
    renames: Mapping[str, str] | None = None,
    dry_run: bool = False,
    settle: Settle = lambda moved, _: moved,
) -> Imported:
    """Save *editions* as versions of their names, oldest first, and let the labels that a name lacks point at them.

    *kind* is the library's name, which the commits tell. Into a bare store authors and times come along; elsewhere a
    version has the time of the import. What was imported before is not imported again; versions that changed there
    since, and names that were changed, deleted or renamed here, stay as they are and are told. *settle* is given each
    prompt, and all names here by those there, before its file is written.
    """
    series = _Series(store, Bringing(store, renames or {}, into), kind, settle)
    series.bringing.check_renames()
    series.read(editions)
    notes = []
    if not dry_run:
        series.write()
    if labels := series.label(dry_run=dry_run):
        notes.append(f"labels: {', '.join(labels)}")
    if series.waiting and not _keeps_times(store):
        notes.append("times were not kept: only a bare store takes versions with times of their own")
    new = dict.fromkeys(each.name for each in series.waiting)
    bringing = series.bringing
    bringing.created += [name for name in new if not series.before[name]]
    bringing.changed += [name for name in new if series.before[name]]
    bringing.unchanged += sorted({name for name, count in series.before.items() if count} - set(new))
    if new:
        count = len(series.waiting)
        notes.insert(
            0, f"{count:,} version{'' if count == 1 else 's'} of {len(new):,} name{'' if len(new) == 1 else 's'}"
        )
    bringing.lost += series.lost
    return bringing.report(set(store.names()), notes, made=not dry_run)


def _keeps_times(store: Store) -> bool:
    """Whether *store* is bare: an application's repository has prompts on disk, and commits of now."""
    return store.file_path("any") is None


def _name(key: str) -> str:
    """Return the name that *key* says, folder by folder, or an empty text."""
    name = "/".join(filter(None, map(slug, key.split("/"))))
    return name or propose_name(key)


def _place(made: _Made, lost: Lost) -> str:
    return ", ".join(filter(None, [made.edition.shown, lost.where]))


def _in_time(made: list[_Made]) -> Iterator[_Made]:
    """Yield all in the order of their times, and those of one name in the order of their numbers."""
    latest: dict[str, datetime] = {}
    first = datetime.min.replace(tzinfo=UTC)
    moments = []
    for each in made:
        latest[each.name] = max(latest.get(each.name, first), each.moved.time or first)
        moments.append(latest[each.name])
    yield from (made[at] for at in sorted(range(len(made)), key=moments.__getitem__))


def _author(moved: Moved) -> Author:
    who = moved.author.strip()
    if not who:
        return NOBODY
    return Author(who.partition("@")[0], who) if "@" in who else Author(who, "")


def _message(made: _Made) -> str:
    said = made.moved.message.strip() or f"{made.edition.key} version {made.edition.number}"
    return f"{said}\n\n{TRAILER}: {made.trailer}\n"


def _replayed(made: _Made) -> Replayed:
    author = _author(made.moved)
    seconds = int((made.moved.time or datetime.now(UTC)).timestamp())
    return Replayed({made.name: made.file}, _message(made), author.name, author.email, (seconds, "+0000"))
