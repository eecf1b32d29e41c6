"""Numbers: which commits made which versions of which names, in one order that only grows.

The order is first-parent first: what the first parent reaches, then what each further parent brought, then the merge.
So the order of a commit is the beginning of the order of every commit that has it on its first-parent line, and
`advance` only ever appends.

A *line* is a run of commits joined by first parents: line 0 ends in the tip, every other one in a merged commit. It is
named by the position of its first commit. What stands under a name at a commit is the last entry of that name on the
commit's line up to there, or else what stood where the line branched off.
"""

from __future__ import annotations

from bisect import bisect_right
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MAIN = 0
_position = attrgetter("position")


class Step(NamedTuple):
    """A commit, and what it changed of names against its first parent: the new blob, or None for a removal."""

    id: str
    parents: tuple[str, ...]
    changes: tuple[tuple[str, str | None], ...] = ()


class Place(NamedTuple):
    """Where a commit stands: its position in the order, and its line."""

    position: int
    line: int


class Entry(NamedTuple):
    """From `position` on, `version` stands under a name on a line; without a blob it is the last one before removal."""

    position: int
    version: int
    blob: str | None


class Event(NamedTuple):
    """A version of a name (it has a number and a blob) or its removal (it has neither).

    `parents` are the versions before it along the commits: one on a line, several where a merge made new content.
    `came_from` is the old name of a renamed file, `became` the new one.
    """

    id: int
    position: int
    name: str
    number: int | None
    blob: str | None
    parents: tuple[int, ...]
    came_from: str = ""
    became: str = ""


class Placed(NamedTuple):
    """A commit with its place and the position of its first parent, if that is known."""

    id: str
    place: Place
    parent: int | None


class Growth(NamedTuple):
    """What `advance` adds: commits and events in order, and entries that a merge took over from a further parent.

    `lives` holds every name that it touched, with the entry that stands at the new tip.
    """

    commits: list[Placed]
    events: list[Event]
    taken: list[tuple[str, Entry]]
    lives: dict[str, tuple[Life, Entry | None]]


class Life(NamedTuple):
    """How many versions a name has, and the old name whose numbers it continues since which event."""

    versions: int = 0
    continues: str = ""
    since: int = 0


class Past(Protocol):
    """What an earlier run found: everything that the old tip reaches, and nothing else."""

    @property
    def commits(self) -> int:
        """How many commits have a position."""

    @property
    def events(self) -> int:
        """The highest id of an event."""

    def place(self, commit: str) -> Place | None:
        """Return where *commit* stands, or None for one that the old tip does not reach."""

    def fork(self, line: int) -> Place | None:
        """Return where *line* branched off, or None when it began with a root."""

    def life(self, name: str) -> Life:
        """Return what is known of *name*."""

    def entry(self, name: str, place: Place) -> Entry | None:
        """Return the last entry of *name* on the line of *place*, up to there."""


class Nothing:
    """The past of a first run."""

    commits = 0
    events = 0

    def place(self, commit: str) -> Place | None:  # noqa: ARG002 - the shape of Past
        """Return None."""
        return None

    def fork(self, line: int) -> Place | None:  # noqa: ARG002 - the shape of Past
        """Return None."""
        return None

    def life(self, name: str) -> Life:  # noqa: ARG002 - the shape of Past
        """Return a life not yet begun."""
        return Life()

    def entry(self, name: str, place: Place) -> Entry | None:  # noqa: ARG002 - the shape of Past
        """Return None."""
        return None


def advance(
    steps: Mapping[str, Step],
    tip: str,
    *,
    past: Past | None = None,
    renamed_from: Callable[[str], str] = lambda _: "",
) -> Growth:
    """Return what *tip* adds to *past*, whose tip must lie on the first-parent line of the new one (see `meeting`).

    *steps* holds every commit that *tip* reaches and *past* does not. *renamed_from* reads the old name out of a blob;
    it is asked only about names that were added by a commit that also removed some.
    """
    return _Walk(steps, past or Nothing(), renamed_from).to(tip)


def meeting(steps: Mapping[str, Step], tip: str) -> str | None:
    """Return where the first-parent line of *tip* leaves *steps*, or None when it ends in a root before that."""
    commit = tip
    while commit in steps:
        parents = steps[commit].parents
        if not parents:
            return None
        commit = parents[0]
    return commit


def ordered(steps: Mapping[str, Step], tip: str) -> Iterator[tuple[Step, str]]:
    """Yield the commits of *steps* that *tip* reaches, first-parent first, each with the last commit of its line."""
    begun: set[str] = set()
    stack = [(tip, tip)] if tip in steps else []
    while stack:
        commit, line = stack[-1]
        step = steps[commit]
        begun.add(commit)
        # A commit cannot be its own ancestor; `begun` keeps damaged data from turning in a circle.
        ahead = next((at for at, parent in enumerate(step.parents) if parent in steps and parent not in begun), None)
        if ahead is not None:
            parent = step.parents[ahead]
            stack.append((parent, line if ahead == 0 else parent))
            continue
        stack.pop()
        yield step, line


class _Walk:
    """One pass over new commits in their order."""

    def __init__(self, steps: Mapping[str, Step], past: Past, renamed_from: Callable[[str], str]) -> None:
        self._steps = steps
        self._past = past
        self._renamed_from = renamed_from
        self._places: dict[str, Place | None] = {}
        self._forks: dict[int, Place | None] = {}
        self._lives: dict[str, Life] = {}
        self._entries: dict[tuple[str, int], list[Entry]] = {}
        self._old_entries: dict[tuple[str, int, int], Entry | None] = {}
        self._growth = Growth([], [], [], {})
        self._event = past.events
        self._known = past.commits

    def to(self, tip: str) -> Growth:
        """Place and read every commit up to *tip*."""
        lines: dict[str, int] = {}
        for position, (step, last) in enumerate(ordered(self._steps, tip), self._known):
            parents = [place for parent in step.parents if (place := self._place(parent))]
            first = self._place(step.parents[0]) if step.parents else None
            if last not in lines:
                lines[last] = MAIN if last == tip else position
                if lines[last] == position:
                    self._forks[position] = first
            place = Place(position, lines[last])
            self._places[step.id] = place
            self._growth.commits.append(Placed(step.id, place, first.position if first else None))
            if len(step.parents) > 1 and first:
                self._merge(step, place, parents)
            elif step.changes:
                self._change(step, place, first)
        end = self._place(tip)
        for name in dict.fromkeys(name for name, _ in self._entries):
            self._growth.lives[name] = (self._life(name), self._standing(name, end))
        return self._growth

    def _place(self, commit: str) -> Place | None:
        if commit not in self._places:
            self._places[commit] = self._past.place(commit)
        return self._places[commit]

    def _fork(self, line: int) -> Place | None:
        if line not in self._forks:
            self._forks[line] = self._past.fork(line)
        return self._forks[line]

    def _life(self, name: str) -> Life:
        life = self._lives.get(name)
        if life is None:
            life = self._lives[name] = self._past.life(name)
        return life

    def _standing(self, name: str, place: Place | None) -> Entry | None:
        """Return the entry of *name* that holds at *place*."""
        if not self._life(name).versions:
            return None
        while place:
            entries = self._entries.get((name, place.line))
            if entries and entries[0].position <= place.position:
                if entries[-1].position <= place.position:
                    return entries[-1]
                return entries[bisect_right(entries, place.position, key=_position) - 1]
            if place.line < self._known and (old := self._old_entry(name, place)):
                return old
            place = self._fork(place.line)
        return None

    def _old_entry(self, name: str, place: Place) -> Entry | None:
        key = (name, place.line, min(place.position, self._known))
        if key not in self._old_entries:
            self._old_entries[key] = self._past.entry(name, place)
        return self._old_entries[key]

    def _add(self, name: str, line: int, entry: Entry) -> None:
        self._entries.setdefault((name, line), []).append(entry)

    def _change(self, step: Step, place: Place, parent: Place | None) -> None:
        """Read an ordinary commit."""
        before = {name: self._standing(name, parent) for name, _ in step.changes}
        # A change of the file's mode alone is none of its content.
        changes = sorted((name, blob) for name, blob in step.changes if blob is None or blob != _blob(before[name]))
        origins = self._renamed(changes, before) if any(blob is None for _, blob in changes) else {}
        became = {old: new for new, old in origins.items()}
        for name, blob in changes:
            if blob is None:
                self._remove(name, place, before[name], became.get(name, ""))
                continue
            origin = origins.get(name, "")
            entry = before[origin] if origin else before[name]
            self._write(name, blob, place, (entry.version,) if entry else (), origin)

    def _renamed(self, changes: list[tuple[str, str | None]], before: Mapping[str, Entry | None]) -> dict[str, str]:
        """Return the old name of each new one that these changes of one commit renamed."""
        removed = {name: old for name, blob in changes if blob is None and (old := _blob(before[name]))}
        added = {name: blob for name, blob in changes if blob is not None and _blob(before[name]) is None}
        return paired(removed, added, self._renamed_from) if removed and added else {}

    def _merge(self, step: Step, place: Place, parents: list[Place]) -> None:
        """Read a merge: a version only where its content is none of its parents'."""
        for name, blob in sorted(step.changes):
            first, *others = (self._standing(name, parent) for parent in parents)
            if blob is not None and blob == _blob(first):
                continue
            same = next((entry for entry in others if entry and entry.blob == blob), None)
            if same:
                self._take(name, place, same)
            elif blob is None:
                self._remove(name, place, first)
            else:
                versions = [
                    entry.version for parent in parents if (entry := self._standing_or_origin(name, parent)) is not None
                ]
                self._write(name, blob, place, tuple(dict.fromkeys(versions)))

    def _standing_or_origin(self, name: str, place: Place) -> Entry | None:
        """Return what stands under *name*, or under the old name where the rename was not yet known."""
        entry, seen = self._standing(name, place), {name}
        while entry is None and (name := self._life(name).continues) and name not in seen:
            seen.add(name)
            entry = self._standing(name, place)
        return entry

    def _take(self, name: str, place: Place, entry: Entry) -> None:
        taken = entry._replace(position=place.position)
        self._add(name, place.line, taken)
        self._growth.taken.append((name, taken))

    def _remove(self, name: str, place: Place, before: Entry | None, became: str = "") -> None:
        if before is None:
            return  # nothing of it was ever seen: a history that is cut off
        self._event += 1
        self._add(name, place.line, Entry(place.position, before.version, None))
        event = Event(self._event, place.position, name, None, None, (before.version,), became=became)
        self._growth.events.append(event)

    def _write(self, name: str, blob: str, place: Place, parents: tuple[int, ...], origin: str = "") -> None:
        self._event += 1
        life = self._life(name)
        # A name that has numbers of its own keeps them: no number may ever mean two versions of one name.
        if origin and not life.versions:
            life = Life(self._life(origin).versions, origin, self._event)
        self._lives[name] = life = Life(life.versions + 1, life.continues, life.since)
        self._add(name, place.line, Entry(place.position, self._event, blob))
        event = Event(self._event, place.position, name, life.versions, blob, parents, came_from=origin)
        self._growth.events.append(event)


def _blob(entry: Entry | None) -> str | None:
    return entry.blob if entry else None


def paired(removed: Mapping[str, str], added: Mapping[str, str], renamed_from: Callable[[str], str]) -> dict[str, str]:
    """Return the old name for each new one that one commit renamed.

    What a file itself says comes first: another name may have been given the old text in the same commit. Of the rest,
    equal blobs are a rename where there is one of each, or one of each with the same last segment (a moved folder);
    otherwise none of them is.
    """
    origins: dict[str, str] = {}
    for new in sorted(added):
        old = renamed_from(added[new])
        if old in removed and old not in origins.values():
            origins[new] = old
    gone = {name: blob for name, blob in removed.items() if name not in origins.values()}
    come = {name: blob for name, blob in added.items() if name not in origins}
    for blob in sorted(set(gone.values()) & set(come.values())):
        olds = sorted(name for name, held in gone.items() if held == blob)
        news = sorted(name for name, held in come.items() if held == blob)
        origins.update(_alike(olds, news))
    return origins


def _alike(olds: list[str], news: list[str]) -> dict[str, str]:
    origins: dict[str, str] = {}
    for new in news:
        last = new.rpartition("/")[2]
        same = [old for old in olds if old.rpartition("/")[2] == last]
        rivals = [name for name in news if name.rpartition("/")[2] == last]
        if len(same) == len(rivals) == 1:
            origins[new] = same[0]
    left_olds = [old for old in olds if old not in origins.values()]
    left_news = [new for new in news if new not in origins]
    if len(left_olds) == len(left_news) == 1:
        origins[left_news[0]] = left_olds[0]
    return origins
