"""Who last changed what: each line and each field of a prompt, with the version that brought it."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from promptlib.chain import Chain
from promptlib.diff import visible
from promptlib.diff.alignment import pairs_of
from promptlib.errors import NotFound, nearest
from promptlib.inputs import canonical as accepted
from promptlib.messages import canonical_piece
from promptlib.plain import Frozen, canonical, thaw
from promptlib.trust import OWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from promptlib.chain import Stored
    from promptlib.inputs import Input
    from promptlib.plain import Plain
    from promptlib.version import Version


class _Brought:
    """Something with the version that brought it."""

    __slots__ = ()
    version: Version

    @property
    def author(self) -> str:
        """Who wrote that version."""
        return self.version.author

    @property
    def time(self) -> datetime:
        """When that version was written."""
        return self.version.time

    @property
    def message(self) -> str:
        """What the history says about that version."""
        return self.version.message


@dataclass(frozen=True, slots=True)
class BlamedLine(_Brought):
    """One line of a file, counted from 1, and the version that brought it."""

    number: int
    text: str
    version: Version


@dataclass(frozen=True, slots=True)
class BlamedField(_Brought):
    """One field of a prompt, such as `messages[1]`, what it says, and the version that last changed its meaning."""

    path: str
    value: Plain
    version: Version


@dataclass(frozen=True, slots=True)
class Blame:
    """Who brought what of one version: its file by `lines`, its content by `fields`.

    A file that is no prompt has lines and no fields; `problem` then says what is wrong with it.
    """

    version: Version
    lines: tuple[BlamedLine, ...]
    fields: tuple[BlamedField, ...]
    problem: str = ""

    @property
    def versions(self) -> tuple[Version, ...]:
        """Every version that something here is of, newest first by what the commits say."""
        found = {(each.version.name, each.version.commit): each.version for each in (*self.lines, *self.fields)}
        return tuple(sorted(found.values(), key=lambda version: (version.number or 0, version.time), reverse=True))

    def field(self, path: str) -> BlamedField:
        """Return the field at *path*; raises `NotFound` with the nearest one."""
        found = {each.path: each for each in self.fields}
        if path not in found:
            known = f"{nearest(path, found)} fields: {', '.join(found)}".strip()
            raise NotFound(f"{self.version} has no field {path!r}", hint=self.problem or known)
        return found[path]

    def __str__(self) -> str:
        """Return the lines, each behind its version, author and date."""
        facts = [(_ref(each.version), each.author, f"{each.time:%Y-%m-%d}") for each in self.lines]
        most = [max(map(len, column), default=0) for column in zip(*facts, strict=True)]
        digits = len(str(len(self.lines)))
        return "\n".join(
            f"{'  '.join(visible(fact).ljust(size) for fact, size in zip(told, most, strict=True))}  "
            f"{each.number:>{digits}}  {visible(each.text)}".rstrip()
            for each, told in zip(self.lines, facts, strict=True)
        )

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON data: what `promptlib blame --json` prints."""
        return {
            "ref": self.version.ref,
            "lines": [{"number": each.number, "text": each.text, "version": _told(each)} for each in self.lines],
            "fields": [{"path": each.path, "value": thaw(each.value), "version": _told(each)} for each in self.fields],
            "problem": self.problem or None,
        }


def _ref(version: Version) -> str:
    number = f"v{version.number}" if version.number is not None else "v?"
    return f"{number} {version.short}"


def _told(each: _Brought) -> dict[str, object]:
    version = each.version
    return {
        "ref": version.ref,
        "name": version.name,
        "number": version.number,
        "digest": version.digest,
        "commit": version.commit,
        "author": version.author,
        "email": version.email,
        "time": version.time.isoformat(),
        "message": version.message,
    }


def fields_of(prompt: Stored) -> dict[str, Plain]:
    """Return what each field of a prompt or chain says, by its path; what is empty is no field."""
    about: dict[str, Plain] = {
        "description": prompt.description,
        "tags": prompt.tags,
        "authors": prompt.authors,
        "derived_from": str(prompt.derived_from) if prompt.derived_from else "",
        "renamed_from": prompt.renamed_from,
        "trust": prompt.trust if prompt.trust != OWN else "",
        "vouched": prompt.vouched.reason if prompt.vouched else "",
    }
    found: dict[str, Plain] = {path: value for path, value in about.items() if value}
    if isinstance(prompt, Chain):
        return found | _of_chain(prompt)
    found |= {f"messages[{at}]": canonical_piece(piece) for at, piece in enumerate(prompt.messages)}
    found |= _declared("inputs", prompt.inputs) | _declared("outputs", prompt.outputs)
    for layer in ("settings", "includes", "segments", "extra"):
        found |= _flat(f"{layer}.", getattr(prompt, layer))
    return found | {f"tools[{at}]": tool for at, tool in enumerate(prompt.tools)}


def _of_chain(chain: Chain[Any]) -> dict[str, Plain]:
    found = _declared("inputs", chain.inputs) | _flat("extra.", chain.extra)
    for each in chain.steps:
        path = f"steps.{each.name}"
        found[f"{path}.prompt"] = str(each.use)
        found |= {f"{path}.inputs.{key}": wire for key, wire in each.wires.items()}
        found |= _declared(f"{path}.outputs", each.outputs)
    return found


def _declared(layer: str, declared: Iterable[Input]) -> dict[str, Plain]:
    found: dict[str, Plain] = {}
    for each in declared:
        described: dict[str, Plain] = {"description": each.description} if each.description else {}
        found[f"{layer}.{each.name}"] = Frozen({**cast("Frozen", accepted((each,))[each.name]), **described})
    return found


def _flat(prefix: str, values: Mapping[str, Plain]) -> dict[str, Plain]:
    found: dict[str, Plain] = {}
    for key, value in values.items():
        found |= _flat(f"{prefix}{key}.", value) if isinstance(value, Frozen) and value else {f"{prefix}{key}": value}
    return found


def blamed_fields(
    start: int, parents: Callable[[int], tuple[int, ...]], read: Callable[[int], Stored | None]
) -> dict[str, tuple[Plain, int]]:
    """Return each field of version *start*: what it says, and the version that last changed its meaning.

    *parents* returns the versions before one, which have smaller numbers, and *read* its prompt, None for one that is
    no prompt: such a one is passed over. A field is a version's own where none of its parents says the same; else it
    is of the first that does. A message is looked for among a parent's messages by alignment, wherever it stands.
    """
    pages = _Pages(parents, read)
    first = pages.page(start)
    # For each version the paths that fields have there, each with the paths that it has in the first.
    todo: dict[int, dict[str, list[str]]] = {start: {path: [path] for path in first.said}} if first else {}
    waiting, found = [-each for each in todo], dict[str, int]()
    while waiting:
        version = -heappop(waiting)
        mine = todo.pop(version)
        for parent, kept in pages.kept_from(version):
            passed = {path: kept[path] for path in mine if path in kept}
            if passed and parent not in todo:
                todo[parent] = {}
                heappush(waiting, -parent)
            for path, was in passed.items():
                todo[parent].setdefault(was, []).extend(mine.pop(path))
            if not mine:
                break
        found |= {path: version for paths in mine.values() for path in paths}
        pages.forget(version)
    return {path: (value, found[path]) for path, value in first.values.items()} if first else {}


class _Page(NamedTuple):
    """A prompt with what its fields say, as values and as texts to compare."""

    prompt: Stored
    values: dict[str, Plain]
    said: dict[str, bytes]


class _Pages:
    """The versions that are compared, each read once."""

    def __init__(self, parents: Callable[[int], tuple[int, ...]], read: Callable[[int], Stored | None]) -> None:
        self._parents = parents
        self._read = read
        self._pages: dict[int, _Page | None] = {}

    def page(self, version: int) -> _Page | None:
        """Return what *version* says; None for one that is no prompt."""
        if version not in self._pages:
            prompt = self._read(version)
            values = fields_of(prompt) if prompt is not None else {}
            said = {path: canonical(value) for path, value in values.items()}
            self._pages[version] = _Page(prompt, values, said) if prompt is not None else None
        return self._pages[version]

    def forget(self, version: int) -> None:
        """Let go of a version that all after it were compared with: a history may be long."""
        self._pages.pop(version, None)

    def kept_from(self, version: int) -> Iterator[tuple[int, dict[str, str]]]:
        """Yield the versions before *version*, each with the paths whose meaning it has, and where it has it."""
        after = self.page(version)
        stack, seen = list(reversed(self._parents(version))), set[int]()
        while stack and after:
            parent = stack.pop()
            before = self.page(parent)
            if parent in seen:
                continue
            seen.add(parent)
            if before is None:
                stack += reversed(self._parents(parent))
            else:
                yield parent, _kept(before, after)


def _kept(before: _Page, after: _Page) -> dict[str, str]:
    old, new = before.said, after.said
    kept = {path: path for path, value in new.items() if not path.startswith("messages[") and old.get(path) == value}
    if isinstance(before.prompt, Chain) or isinstance(after.prompt, Chain):
        return kept
    for source, target in pairs_of(before.prompt.messages, after.prompt.messages).items():
        was, now = f"messages[{source}]", f"messages[{target}]"
        if old[was] == new[now]:
            kept[now] = was
    return kept
