"""The second step: what stands in the files, read when it is first needed and kept by blob."""

from __future__ import annotations

import re
from hashlib import sha1, sha256
from itertools import islice
from typing import TYPE_CHECKING, Any

from promptlib._index.rows import DESCRIPTION_COLUMNS, Damaged, Description, blob_column, blob_of, opened
from promptlib._index.shelving import remember
from promptlib.errors import NotFetched, PromptLibError, StoreError, raise_if_passing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from promptlib._index.rows import Repository
    from promptlib._index.session import Session

Describe = "Callable[[bytes], Description]"

AT_ONCE = 500
#: Each reading starts a git; what was read is kept before the next begins.
READ_AT_ONCE = 4_000
_SHA1_DIGITS = 40
NOT_HERE = "its text is not here: this clone is partial, and left it at its remote"
_LABEL_LINE = re.compile(rb"(sha256:[0-9a-f]{64})\n")
UNDESCRIBED = (
    "SELECT DISTINCT e.blob FROM events e LEFT JOIN descriptions d ON d.blob=e.blob "
    "WHERE e.blob IS NOT NULL AND d.blob IS NULL"
)
#: Texts worth keeping: of the versions that stand at the tip, and of its labels.
_WANTED = (
    "SELECT e.blob FROM names n JOIN events e ON e.id=n.current "
    "UNION SELECT blob FROM (SELECT blob, max(position) FROM labels GROUP BY name, label) WHERE blob IS NOT NULL"
)


class Contents:
    """What the index remembers of blobs."""

    def __init__(self, session: Session, repository: Repository, describe: Callable[[bytes], Description]) -> None:
        """Read blobs from *repository*; *describe* reads a prompt file and raises for one that is none."""
        self._session = session
        self._repository = repository
        self._describe = describe

    def beside(self, session: Session) -> Contents:
        """Return what remembers the same blobs in *session* instead."""
        return Contents(session, self._repository, self._describe)

    def descriptions(self, blobs: Iterable[str], *, labels: bool = False) -> dict[str, Description]:
        """Return what each of *blobs* says; those not yet known are read, described and remembered."""
        wanted = list(dict.fromkeys(blobs))
        if not wanted:
            return {}
        held = self._session.ask(lambda connection: known(connection, wanted))
        missing = [blob for blob in wanted if blob not in held]
        for some in _slices(missing, READ_AT_ONCE):
            found = {blob: self._one(data, labels=labels) for blob, data in self.read(some)}
            self._remember({blob: told for blob, (told, lasting) in found.items() if lasting})
            held |= {blob: told for blob, (told, _) in found.items()}
        return held

    def learn(self, contents: Mapping[str, bytes]) -> None:
        """Remember what each blob of *contents* says, all at once and wherever the tip is."""
        found = {blob: self._one(data, labels=False) for blob, data in contents.items()}
        self._remember({blob: told for blob, (told, lasting) in found.items() if lasting})

    def of_a_name(self, name: str) -> None:
        """Describe every version of *name*."""
        missing = self._session.ask(
            lambda connection: blobs_in(connection.execute(f"{UNDESCRIBED} AND e.name=?", (name,)))
        )
        self.descriptions(missing)

    def of_all_names(self) -> None:
        """Describe every version, name by name: those of one name are alike, for git to unpack and for us to read."""
        missing = self._session.ask(
            lambda connection: blobs_in(connection.execute(f"{UNDESCRIBED} ORDER BY e.name, e.id"))
        )
        self.descriptions(missing)

    def complete(self) -> None:
        """Describe every version and label, and keep the texts of those that are current or labelled."""
        self.of_all_names()
        labels = self._session.ask(
            lambda connection: blobs_in(
                connection.execute(
                    "SELECT DISTINCT l.blob FROM labels l LEFT JOIN descriptions d ON d.blob=l.blob "
                    "WHERE l.blob IS NOT NULL AND d.blob IS NULL"
                )
            )
        )
        self.descriptions(labels, labels=True)
        self._keep_texts()

    def text(self, blob: str) -> bytes | None:
        """Return the text of *blob* if it is kept and is what the id of the blob says."""

        def ask(connection: sqlite3.Connection) -> bytes | None:
            row = connection.execute("SELECT data FROM texts WHERE blob=?", (blob_column(blob),)).fetchone()
            return checked(blob, row[0]) if row else None

        return self._session.ask(ask)

    def store_text(self, blob: str, data: bytes) -> None:
        """Keep *data* as the text of *blob*; `complete` drops it when it is neither current nor labelled."""
        if is_blob(blob, data):
            self._session.keep("INSERT OR REPLACE INTO texts VALUES (?, ?)", [(blob_column(blob), data)])

    def _keep_texts(self) -> None:
        missing = self._session.ask(
            lambda connection: blobs_in(
                connection.execute(
                    f"SELECT blob FROM ({_WANTED}) EXCEPT SELECT blob FROM texts"  # noqa: S608 - no word of a caller
                )
            )
        )
        for some in _slices(missing):
            rows = [(blob_column(blob), data) for blob, data in self.read(some) if isinstance(data, bytes)]
            self._session.keep("INSERT OR REPLACE INTO texts VALUES (?, ?)", rows)
        self._session.keep(f"DELETE FROM texts WHERE blob NOT IN ({_WANTED})", [()])  # noqa: S608 - no caller's word

    def read(self, blobs: list[str]) -> Iterator[tuple[str, bytes | StoreError]]:
        """Yield each blob with its content, or with why it cannot be read; one bad object hides no other.

        Raises what may pass: nobody is told that a file cannot be read because the disk failed a moment ago.
        """
        gone = self._repository.absent(blobs)
        for blob in gone:
            yield blob, NotFetched(NOT_HERE)
        here = [blob for blob in blobs if blob not in gone]
        done = 0
        try:
            for blob, data in self._repository.read_many(here):
                done += 1
                yield blob, data
        except StoreError:
            for blob in here[done:]:
                try:
                    yield blob, self._repository.read(blob)
                except StoreError as error:
                    raise_if_passing(error)
                    yield blob, error

    def _one(self, data: bytes | StoreError, *, labels: bool) -> tuple[Description, bool]:
        """Return the description, and whether it is worth keeping: what cannot be read now may be readable later."""
        if isinstance(data, StoreError):
            return Description(problem=data.what), False
        if labels:
            line = _LABEL_LINE.match(data)
            return Description(digest=line[1].decode()) if line else Description(
                problem="no digest in its line 1"
            ), True
        try:
            return self._describe(data), True
        except PromptLibError as error:
            return Description(problem=error.what), True

    def _remember(self, described: dict[str, Description]) -> None:
        if described:
            self._session.write(lambda connection: remember(connection, described))


def blobs_in(rows: Iterable[tuple[Any, ...]]) -> list[str]:
    """Return the ids of blobs that a statement selected; raises `Damaged` where something else stands."""
    return [blob_of(blob) for (blob,) in rows]


def is_blob(blob: str, data: bytes) -> bool:
    """Return whether *blob* is the id that git gives *data*."""
    object_hash = sha1 if len(blob) == _SHA1_DIGITS else sha256
    return object_hash(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest() == blob


def checked(blob: str | None, data: object) -> bytes | None:
    """Return *data*, the kept text of *blob*, if there is any; raises `Damaged` when it is not that."""
    if data is None:
        return None
    if not isinstance(data, bytes) or not is_blob(blob or "", data):
        raise Damaged(blob)
    return data


def known(connection: sqlite3.Connection, blobs: list[str]) -> dict[str, Description]:
    """Return what is remembered of *blobs*."""
    found = {}
    for some in _slices(blobs):
        marks = ",".join("?" * len(some))
        rows = connection.execute(
            f"SELECT {DESCRIPTION_COLUMNS} FROM descriptions d WHERE d.blob IN ({marks})",  # noqa: S608 - only marks
            list(map(blob_column, some)),
        )
        for row in rows:
            blob, *columns = opened(row)
            found[blob_of(blob)] = Description.of(tuple(columns))
    return found


def _slices(blobs: Iterable[str], most: int = AT_ONCE) -> Iterator[list[str]]:
    rest = iter(blobs)
    while some := list(islice(rest, most)):
        yield some
