"""The shelf in order: every prompt with its words, and how many have which tag, input, label, author or folder.

Where there is an index, SQLite counts; of a work tree each file is compared with the commit, and those that differ are
read. Elsewhere all files are read.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, TypedDict

from promptlib._index import Counts, Description, Sieve, Story, is_blob, says_more
from promptlib.errors import GitFailed, PromptLibError, raise_if_passing
from promptlib.store.describing import outlined, version_of
from promptlib.store.layout import LABELS, label_at, names_in, prompt_path
from promptlib.trust import FOREIGN, OWN, Trust

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from promptlib.store.loading import Reader
    from promptlib.store.past import History
    from promptlib.version import Version


class Chosen(TypedDict, total=False):
    """What entries and facets can be chosen by; see `View.entries`."""

    tags: Iterable[str]
    inputs: Iterable[str]
    label: str
    author: str
    folder: str
    kind: Literal["prompt", "chain"]
    described: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One name on the shelf and what its file says.

    `inputs` are `(name, type)`; `labels` are all on the name, whichever version each points at; `version` is the newest
    one, None where there is no history. `described` says whether the description tells more than the name and title
    do. A file that cannot be read has a `problem` and no words.
    """

    name: str
    kind: str = "prompt"
    title: str = ""
    description: str = ""
    described: bool = False
    tags: tuple[str, ...] = ()
    inputs: tuple[tuple[str, str], ...] = ()
    labels: tuple[str, ...] = ()
    trust: Trust = OWN
    digest: str = ""
    version: Version | None = None
    problem: str = ""

    @property
    def author(self) -> str:
        """Who wrote the newest version; an empty text where there is no history."""
        return self.version.author if self.version else ""

    @property
    def folder(self) -> str:
        """The folder that the name stands in; an empty text at the top."""
        return self.name.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class Facets:
    """How many prompts there are, and how many of them have which value; the most frequent value comes first.

    An input is counted by its name, and `types` count prompts that have an input of that type. `authors` wrote the
    newest versions, `labels` are on any version. `described` says how many have a description and how many have none,
    or one that repeats name or title; `folders` are those that names stand in, an empty text the top.
    """

    total: int = 0
    tags: Mapping[str, int] = field(default_factory=dict)
    inputs: Mapping[str, int] = field(default_factory=dict)
    types: Mapping[str, int] = field(default_factory=dict)
    labels: Mapping[str, int] = field(default_factory=dict)
    authors: Mapping[str, int] = field(default_factory=dict)
    kinds: Mapping[str, int] = field(default_factory=dict)
    folders: Mapping[str, int] = field(default_factory=dict)
    described: Mapping[bool, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, object]:
        """Return it as plain data."""
        return {
            "total": self.total,
            "tags": dict(self.tags),
            "inputs": dict(self.inputs),
            "types": dict(self.types),
            "labels": dict(self.labels),
            "authors": dict(self.authors),
            "kinds": dict(self.kinds),
            "folders": dict(self.folders),
            "described": self.described.get(True, 0),
            "undescribed": self.described.get(False, 0),
        }


@dataclass(frozen=True, slots=True)
class Shelf:
    """Answers for one view of a store: through its history's index where there is one."""

    reader: Reader
    past: History | None

    def entries(self, prefix: str, chosen: Chosen) -> tuple[Entry, ...]:
        """Return what begins with *prefix* and is *chosen*, by name."""
        sieve = sieve_of(prefix, chosen)
        edited = self._edited()
        if self.past is None or edited is None:
            return tuple(each for each in self._from_files(names_in(self.reader.files)) if passes(each, sieve))
        asked = replace(sieve, without=tuple(edited))
        found = [*_from_history(self.past, asked), *(each for each in self._on_disk(edited) if passes(each, sieve))]
        return tuple(sorted(found, key=lambda each: each.name))

    def facets(self, prefix: str, chosen: Chosen) -> Facets:
        """Count what begins with *prefix* and is *chosen*."""
        sieve = sieve_of(prefix, chosen)
        edited = self._edited()
        if self.past is None or edited is None:
            return _facets(_counted(self.entries(prefix, chosen)))
        counts = self.past.index.choice.counts(replace(sieve, without=tuple(edited)))
        on_disk = _counted(each for each in self._on_disk(edited) if passes(each, sieve))
        counts.total += on_disk.total
        for facet, values in on_disk.facets.items():
            for value, number in values.items():
                counts.add(facet, value, number)
        return _facets(counts)

    def _edited(self) -> Collection[str] | None:
        """Return the names whose file in the work tree is not the committed one; None where git is not at hand.

        The bytes are compared here: `git status` would run the filters that the repository's settings name.
        """
        if self.past is None or not self.reader.on_disk:
            return ()
        try:
            standing = self.past.index.choice.blobs()
        except GitFailed as error:
            raise_if_passing(error)
            return None  # without git a work tree is a folder
        names = standing.keys() | set(names_in(self.reader.files))
        return sorted(name for name in names if not self._is_committed(name, standing.get(name, "")))

    def _is_committed(self, name: str, blob: str) -> bool:
        try:
            data = self.reader.files.read(prompt_path(name))
        except PromptLibError:
            return False  # what is wrong with it is told where it is read
        return data is not None and is_blob(blob, data)

    def _on_disk(self, names: Iterable[str]) -> Iterator[Entry]:
        for each in self._from_files(names):
            newest = self.past.newest(each.name) if self.past is not None else None
            yield replace(each, version=newest)

    def _from_files(self, names: Iterable[str]) -> Iterator[Entry]:
        files = self.reader.files
        labels: dict[str, list[str]] = {}
        for path in files.walk(LABELS):
            if found := label_at(path):
                labels.setdefault(found[0], []).append(found[1])
        for name in names:
            path = prompt_path(name)
            try:
                data = files.read(path)
                told = outlined(data) if data is not None else None
            except PromptLibError as error:
                raise_if_passing(error)
                told = Description(problem=error.what)
            if told is not None:
                yield _entry(name, told, tuple(sorted(labels.get(name, ()))), None)


def _from_history(past: History, sieve: Sieve) -> Iterator[Entry]:
    """Yield what stands and passes *sieve*, each with its newest version."""
    stood = past.index.choice.stood(sieve)
    by_name: dict[str, dict[str, str]] = {}
    for (name, label), digest in past.index.labelled().items():
        by_name.setdefault(name, {})[label] = digest
    rows = past.index.rows({parent for each in stood for parent in each.row.parents})
    told = past.index.descriptions(row.blob for row in rows.values() if row.blob)
    unread = [each.row.blob for each in stood if each.told is None and each.row.blob]
    told |= past.index.descriptions(unread)
    told |= {each.row.blob or "": each.told for each in stood if each.told is not None}
    story, published, numbered = Story(rows, told, {}), past.published(), past.numbered
    for each in stood:
        labels = by_name.get(each.row.name, {})
        version = version_of(each.row, story, labels, published=published, numbered=numbered)
        yield _entry(each.row.name, told[each.row.blob or ""], tuple(labels), version)


def _entry(name: str, told: Description, labels: tuple[str, ...], version: Version | None) -> Entry:
    return Entry(
        name=name,
        kind=told.kind or "prompt",
        title=told.title,
        description=told.description,
        described=says_more(told.description, name, told.title),
        tags=told.tags,
        inputs=tuple((word, kind) for word, _, kind in (each.partition(":") for each in told.inputs)),
        labels=labels,
        trust=FOREIGN if told.trust else OWN,
        digest=told.digest,
        version=version,
        problem=told.problem,
    )


def sieve_of(prefix: str, chosen: Chosen) -> Sieve:
    """Return what the index is asked; one text where several may stand is that one."""
    words = {part: (given,) if isinstance(given, str) else tuple(given) for part, given in _lists(chosen)}
    rest = {part: value for part, value in chosen.items() if part not in words}
    return Sieve(prefix=prefix, **words, **rest)  # type: ignore[arg-type] # the keys of Chosen are fields of Sieve


def _lists(chosen: Chosen) -> tuple[tuple[str, Iterable[str]], ...]:
    return (("tags", chosen.get("tags", ())), ("inputs", chosen.get("inputs", ())))


def passes(entry: Entry, sieve: Sieve) -> bool:
    """Whether *entry* is what *sieve* asks for; the index says the same in SQL."""
    asked = (
        entry.name.startswith(sieve.prefix),
        not sieve.folder or entry.name.startswith(f"{sieve.folder}/"),
        set(sieve.tags) <= set(entry.tags),
        all(_has_input(entry, wanted) for wanted in sieve.inputs),
        not sieve.label or sieve.label in entry.labels,
        not sieve.author or sieve.author == entry.author,
        sieve.kind is None or (sieve.kind == entry.kind and not entry.problem),
        sieve.described is None or sieve.described == entry.described,
        entry.name not in sieve.without,
    )
    return all(asked)


def _has_input(entry: Entry, wanted: str) -> bool:
    name, colon, kind = wanted.partition(":")
    return any((not name or name == each) and (not colon or kind == its) for each, its in entry.inputs)


def _counted(entries: Iterable[Entry]) -> Counts:
    """Count *entries*, as the index counts its rows."""
    counts = Counts()
    for entry in entries:
        counts.total += 1
        if not entry.problem:
            counts.add("kind", entry.kind, 1)
        for facet, values in (
            ("tag", entry.tags),
            ("input", [f"{name}:{kind}" for name, kind in entry.inputs]),
            ("type", [kind for _, kind in entry.inputs]),
            ("label", entry.labels),
            ("author", [entry.author] if entry.version else []),
            ("folder", [entry.folder]),
            ("described", [str(int(entry.described))]),
        ):
            for value in dict.fromkeys(values):
                counts.add(facet, value, 1)
    return counts


def _facets(counts: Counts) -> Facets:
    by_name: Counter[str] = Counter()
    for value, number in counts.facets.get("input", {}).items():
        by_name[value.partition(":")[0]] += number
    ranked = {facet: _ranked(values) for facet, values in {**counts.facets, "input": by_name}.items()}
    return Facets(
        total=counts.total,
        tags=ranked.get("tag", {}),
        inputs=ranked.get("input", {}),
        types=ranked.get("type", {}),
        labels=ranked.get("label", {}),
        authors=ranked.get("author", {}),
        kinds=ranked.get("kind", {}),
        folders=ranked.get("folder", {}),
        described={value == "1": number for value, number in ranked.get("described", {}).items()},
    )


def _ranked(values: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(values.items(), key=lambda each: (-each[1], each[0])))
