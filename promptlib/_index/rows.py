"""What the index holds, as values, and the checksums that tell a damaged row."""

from __future__ import annotations

import json
import marshal
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator


class Damaged(Exception):
    """A row is not what was written."""


def seal(fields: tuple[Any, ...]) -> int:
    """Return a checksum of plain column values."""
    # Version 0 writes equal values as equal bytes. Should a later Python write others, the index is made again.
    return crc32(marshal.dumps(fields, 0))


def opened(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return *row* without its last column, the checksum; raises `Damaged` when that does not fit."""
    fields = row[:-1]
    if seal(fields) != row[-1]:
        raise Damaged(repr(row[:2]))
    return fields


_ALGORITHM = "sha256:"
_BEGINNING = re.compile("[0-9a-f]{0,64}")
_DIGITS = 64


def blob_column(blob: str) -> bytes:
    """Return the id of a blob as it lies in a column: half as long as its digits."""
    return bytes.fromhex(blob)


def blob_of(column: object) -> str:
    """Return the id of a blob that lies in *column*; raises `Damaged` for anything else than bytes."""
    if not isinstance(column, bytes):
        raise Damaged(repr(column))
    return column.hex()


def digest_column(digest: str) -> bytes:
    """Return a digest, or the empty text of none, as it lies in a column."""
    return bytes.fromhex(digest.removeprefix(_ALGORITHM))


def digests_from(beginning: str) -> tuple[bytes, bytes]:
    """Return the lowest and the highest column of a digest that begins with the text *beginning*, `sha256:` included.

    Where none does, the highest is lower.
    """
    digits = beginning.removeprefix(_ALGORITHM)
    if not _BEGINNING.fullmatch(digits):
        return b"\xff", b""
    return bytes.fromhex(digits.ljust(_DIGITS, "0")), bytes.fromhex(digits.ljust(_DIGITS, "f"))


class Row(NamedTuple):
    """A version of a name, or its removal (without number and blob), with the commit that made it.

    `parents` are ids of the rows before it along the commits. `position` is the commit's in first-parent order.
    """

    id: int
    name: str
    number: int | None
    blob: str | None
    parents: tuple[int, ...]
    came_from: str
    became: str
    position: int
    commit: str
    author: str
    email: str
    seconds: int
    zone: str
    committed: int
    message: str


#: Of `events e` joined with its `commits c`; the checksum covers both.
ROW_COLUMNS = (
    "e.id, e.name, e.number, e.blob, e.parents, e.came_from, e.became, e.position, "
    "c.id, c.author, c.email, c.seconds, c.zone, c.committed, c.message, e.seal"
)


def row_of(columns: tuple[Any, ...]) -> Row:
    """Return the row that `ROW_COLUMNS` selected; raises `Damaged` when its checksum does not fit."""
    fields = opened(columns)
    blob, parents = fields[3:5]
    return Row._make(
        (*fields[:3], None if blob is None else blob_of(blob), tuple(map(int, parents.split())), *fields[5:])
    )


class Label(NamedTuple):
    """A label of a name at the tip: the blob of its file, and the commit that moved it there."""

    name: str
    label: str
    blob: str
    position: int
    commit: str


def label_of(columns: tuple[Any, ...]) -> Label | None:
    """Return the label of a row of `labels`, None where it was taken away; raises `Damaged` as `opened` does."""
    name, label, blob, position, commit = opened(columns)
    return Label(name, label, blob_of(blob), position, commit) if blob is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What the index remembers of a file's content; pins are written `name#<64 hex>`.

    `includes` are the pins of a chain's steps too, and `follows` the labels of those that float, `name@label`.
    `trust` is empty for own content, `kind` for a prompt. `inputs` are written `name:type`. A file that is neither
    has a `problem` and nothing else.
    """

    digest: str = ""
    derived_from: str = ""
    renamed_from: str = ""
    includes: tuple[str, ...] = ()
    description: str = ""
    tags: tuple[str, ...] = ()
    trust: str = ""
    vouched: str = ""
    problem: str = ""
    kind: str = ""
    title: str = ""
    inputs: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()

    def columns(self) -> tuple[object, ...]:
        """Return it in the order of its fields: the digest as bytes, the rest as texts, lists as JSON."""
        includes, tags, inputs = (
            json.dumps(list_) if list_ else "" for list_ in (self.includes + self.follows, self.tags, self.inputs)
        )
        said = self.trust, self.vouched, self.problem, self.kind, self.title
        pins = digest_column(self.digest), self.derived_from, self.renamed_from, includes
        return *pins, self.description, tags, *said, inputs

    @property
    def facets(self) -> tuple[tuple[str, str], ...]:
        """What it can be found by among others of its kind: each facet with its value, none of them twice."""
        if self.problem:
            return ()
        types = dict.fromkeys(each.partition(":")[2] for each in self.inputs)
        found = [
            ("kind", self.kind or "prompt"),
            *(("tag", tag) for tag in self.tags),
            *(("input", each) for each in self.inputs),
        ]
        return tuple(dict.fromkeys([*found, *(("type", each) for each in types)]))

    @classmethod
    def of(cls, columns: tuple[Any, ...]) -> Description:
        """Return what `columns` was made of; what stands behind them is passed over."""
        digest, derived_from, renamed_from, includes, description, tags, *said = columns
        trust, vouched, problem, kind, title, inputs = said[:6]
        used = json.loads(includes) if includes else ()
        return cls(
            digest=f"{_ALGORITHM}{digest.hex()}" if digest else "",
            derived_from=derived_from,
            renamed_from=renamed_from,
            includes=tuple(each for each in used if "#" in each),
            follows=tuple(each for each in used if "#" not in each),
            description=description,
            tags=tuple(json.loads(tags)) if tags else (),
            trust=trust,
            vouched=vouched,
            problem=problem,
            kind=kind,
            title=title,
            inputs=tuple(json.loads(inputs)) if inputs else (),
        )


#: Of `descriptions d`.
DESCRIPTION_COLUMNS = (
    "d.blob, d.digest, d.derived_from, d.renamed_from, d.includes, d.description, d.tags, d.trust, d.vouched, "
    "d.problem, d.kind, d.title, d.inputs, d.words, d.weight, d.seal"
)


class Story(NamedTuple):
    """What belongs to some versions of a name.

    `rows` holds them and the versions before them by id, `told` what their blobs say; `labels` are the name's, with
    the digest behind each.
    """

    rows: dict[int, Row]
    told: dict[str, Description]
    labels: dict[str, str]


class Author(Protocol):
    """Who made a commit."""

    @property
    def name(self) -> str:
        """The name."""

    @property
    def email(self) -> str:
        """The address."""


class Change(Protocol):
    """One path of a commit; without a blob it was removed."""

    @property
    def path(self) -> str:
        """The path from the repository's root."""

    @property
    def blob(self) -> str | None:
        """The id of the new content."""


class Commit(Protocol):
    """A commit with its changes against its first parent."""

    @property
    def id(self) -> str:
        """The id."""

    @property
    def parents(self) -> tuple[str, ...]:
        """The ids of the parents."""

    @property
    def author(self) -> Author:
        """Who wrote it."""

    @property
    def time(self) -> int:
        """When it was written, in seconds since 1970."""

    @property
    def zone(self) -> str:
        """The zone of that time, such as `+0200`."""

    @property
    def committed(self) -> int:
        """When it was committed."""

    @property
    def message(self) -> str:
        """The whole message."""

    @property
    def changes(self) -> tuple[Change, ...]:
        """What differs from the first parent; every file for a root."""


class Repository(Protocol):
    """What the index asks of git."""

    def log(self, tip: str, *, stop: Iterable[str] = ..., prefix: str = ...) -> Iterator[Commit]:
        """Yield what *tip* reaches and none of *stop* does, parents first."""

    def read(self, blob: str) -> bytes:
        """Return the content of *blob*."""

    def read_many(self, blobs: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield each blob with its content."""

    def absent(self, blobs: Iterable[str]) -> Collection[str]:
        """Return those of *blobs* that a partial clone has left at its remote."""
