"""Questions about names, versions and labels at one tip."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from promptlib._index import joining
from promptlib._index.choosing import Choice
from promptlib._index.contents import UNDESCRIBED, Contents, checked, known
from promptlib._index.database import LATER, state
from promptlib._index.growing import SoFar, line_of_names, rows_of
from promptlib._index.labelling import ALWAYS, labels_of, line_of, one_label, renames
from promptlib._index.moments import Committed, commits_of, first, standing_at
from promptlib._index.rows import (
    ROW_COLUMNS,
    Damaged,
    Description,
    Label,
    Row,
    Story,
    digests_from,
    opened,
    row_of,
)
from promptlib._index.session import Asked, Session
from promptlib._index.shelving import STANDS, Standing
from promptlib._index.wording import Words
from promptlib.errors import BadRef, PromptLibError, StoreError
from promptlib.history import MAIN, Place

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from promptlib._index.rows import Repository

Answer = TypeVar("Answer")

#: How often other processes may move the index on between describing and joining.
_PATIENT = 8
EVENTS = f"SELECT {ROW_COLUMNS} FROM events e JOIN commits c ON c.position=e.position"  # noqa: S608 - no caller's word
_EVERYTHING = f"{EVENTS} WHERE e.id<? ORDER BY e.id"
_OF_A_NAME = f"{EVENTS} WHERE e.name=? AND e.id<? ORDER BY e.id"
_OF_A_NUMBER = f"{EVENTS} WHERE e.name=? AND e.number=? AND e.id<?"
_OF_A_LATER_NUMBER = f"{_OF_A_NUMBER} AND e.{LATER}"
_REMOVAL = f"{EVENTS} WHERE e.name=? AND e.number IS NULL ORDER BY e.id DESC LIMIT 1"
_CURRENT = (
    f"SELECT t.data, {ROW_COLUMNS} FROM names n JOIN events e ON e.id=n.current "  # noqa: S608 - no caller's word
    "JOIN commits c ON c.position=e.position LEFT JOIN texts t ON t.blob=e.blob WHERE n.name=?"
)
#: Four bytes of a digest are enough to find it by; the other 28 would nearly double that tree.
ABOUT_A_DIGEST = "substr(digest, 1, 4)>=substr(?3, 1, 4) AND substr(digest, 1, 4)<=substr(?4, 1, 4)"
_OF_A_DIGEST = (
    f"{EVENTS} WHERE e.name=? AND e.id<? AND e.blob IN "  # noqa: S608 - no caller's word
    f"(SELECT blob FROM descriptions WHERE {ABOUT_A_DIGEST} AND digest>=?3 AND digest<=?4) ORDER BY e.id DESC"
)
_UNDESCRIBED_OF_A_NAME = f"{UNDESCRIBED} AND e.name=? LIMIT 1"
_OF_ANY_NAME = (
    f"{EVENTS} WHERE e.blob IN (SELECT blob FROM descriptions "  # noqa: S608 - no caller's word
    "WHERE substr(digest, 1, 4)=substr(?1, 1, 4) AND digest=?1) "
    "ORDER BY e.id DESC LIMIT 1"
)
_NAMES = "SELECT name, versions, continues, since, current, seal FROM names"


class Index:
    """What one repository holds below one root, at the tip that `at` names. It is a cache: nothing in it is the truth.

    One index serves all threads of a process, and its forked children.
    """

    def __init__(self, session: Asked, contents: Contents) -> None:
        """Ask *session*, and *contents* for what stands in the files; `open` makes both."""
        self.session = session
        self.contents = contents
        #: The tip at which all versions are joined, and when that was looked up.
        self._done: tuple[object, str, dict[int, list[str]]] = (None, "", {})
        self._words: Words | None = None

    @classmethod
    def open(cls, path: Path, repository: Repository, root: str, *, describe: Callable[[bytes], Description]) -> Index:
        """Return the index at *path*; *describe* reads a prompt file, and raises for one that is none.

        Nothing is read or written before the first question.
        """
        session = Session(path, repository, root, partial(_renamed_from, repository, describe))
        return cls(session, Contents(session, repository, describe))

    def at(self, tip: str | None) -> None:
        """Answer for *tip* from now on; None is a branch without a commit. The next question brings the index there."""
        self.session.tip = tip or ""

    def close(self) -> None:
        """Close the file; the next question opens it again."""
        self.session.close()

    def names(self) -> tuple[str, ...]:
        """Return the names that stand at the tip, in order."""
        return tuple(name for name, _, _, _, current in self._all_names() if current is not None)

    @property
    def choice(self) -> Choice:
        """What stands at the tip, to be counted and chosen from."""
        return Choice(self.session, self.contents, self._standing)

    def _standing(self, connection: sqlite3.Connection) -> Standing:  # noqa: ARG002 - what stood earlier is asked for
        return Standing(STANDS, (), ALWAYS)

    def removed_names(self) -> tuple[str, ...]:
        """Return the names that had versions and do not stand at the tip, in order."""
        return tuple(name for name, _, _, _, current in self._all_names() if current is None)

    def current(self, name: str) -> Row | None:
        """Return the version of *name* that stands at the tip: of several alike, the newest."""
        found = self.current_text(name)
        return found[0] if found else None

    def current_text(self, name: str) -> tuple[Row, bytes | None] | None:
        """Return the version of *name* that stands at the tip, and its text where that is kept."""
        return self.session.ask(lambda connection: _current(connection, name))

    def events(self, name: str) -> list[Row]:
        """Return versions and removals of *name*, oldest first, those under the old names of a renamed one included."""
        return self.session.ask(lambda connection: _events(connection, name))

    def versions(self, name: str) -> list[Row]:
        """Return the versions of *name*, 1 to the newest, whether or not it still stands at the tip."""
        return [row for row in self.events(name) if row.number is not None]

    def version(self, name: str, number: int) -> Row | None:
        """Return version *number* of *name*."""
        return self.session.ask(lambda connection: version_of(connection, name, number))

    def newest(self, name: str) -> Row | None:
        """Return the version of *name* with the highest number."""

        def ask(connection: sqlite3.Connection) -> Row | None:
            life = SoFar(connection).life(name)
            return version_of(connection, name, life.versions)

        return self.session.ask(ask)

    def deleted(self, name: str) -> Row | None:
        """Return the last removal of a *name* that does not stand at the tip; its `became` tells a rename."""
        return self.session.ask(lambda connection: _removal(connection, name))

    def by_digest(self, name: str, prefix: str) -> Row | None:
        """Return the newest version of *name* whose digest begins with the hex digits *prefix*.

        Raises `BadRef` when several digests do.
        """
        low = f"sha256:{prefix}"
        found = self._of_a_digest(name=name, low=low)
        if found is None:
            self._describe_names(name)
            found = self._of_a_digest(name=name, low=low, undescribed_too=True)
        if not found:
            return self._looked_through(name, low)
        digests = sorted({digest for _, digest in found})
        if len(digests) > 1:
            raise BadRef(
                f"{name}#{prefix} could be any of {len(digests)} contents: {', '.join(digests[:4])}",
                hint="write more digits of the digest",
            )
        return found[0][0]

    def _of_a_digest(self, *, name: str, low: str, undescribed_too: bool = False) -> list[tuple[Row, str]] | None:
        return self.session.ask(partial(of_a_digest, name=name, low=low, undescribed_too=undescribed_too))

    def _describe_names(self, name: str) -> None:
        """Describe the versions of *name*, those under the old names of a renamed one included."""
        for old, _ in self.session.ask(lambda connection: line_of_names(connection, name)[0]):
            self.contents.of_a_name(old)

    def alike(self, name: str, digest: str) -> tuple[int, list[Row]]:
        """Return the highest number of *name*, and its versions of exactly this *digest*, newest first."""
        found = self.session.ask(partial(_alike, name=name, digest=digest))
        if found is None:
            self._describe_names(name)
            found = self.session.ask(partial(_alike, name=name, digest=digest, undescribed_too=True)) or (0, [])
        return found

    def _looked_through(self, name: str, low: str) -> Row | None:
        """Before a digest is said not to be there, look at every version: a damaged row is not found by its content."""
        rows = [row for row in self.versions(name) if row.blob]
        told = self.descriptions(row.blob for row in rows if row.blob)
        return next((row for row in reversed(rows) if told[row.blob or ""].digest.startswith(low)), None)

    def name_of(self, digest: str) -> str:
        """Return the name of the newest version with *digest* among those that were described, or an empty text."""

        def ask(connection: sqlite3.Connection) -> str:
            found = connection.execute(_OF_ANY_NAME, digests_from(digest)[:1]).fetchone()
            return row_of(found).name if found else ""

        return self.session.ask(ask)

    def story(self, name: str, rows: list[Row]) -> Story:
        """Return what is to be told of *rows*, versions of *name*, in one question where all of it is known."""

        def ask(connection: sqlite3.Connection) -> tuple[dict[int, Row], list[Label], dict[str, Description]]:
            held = {row.id: row for row in rows}
            held |= rows_of(connection, (parent for row in rows for parent in row.parents if parent not in held))
            labels = self._labels(connection, name)
            blobs = dict.fromkeys([*(row.blob for row in held.values() if row.blob), *(each.blob for each in labels)])
            return held, labels, known(connection, list(blobs))

        held, labels, told = self.session.ask(ask)
        missing = [row.blob for row in held.values() if row.blob and row.blob not in told]
        told |= self.contents.descriptions(missing)
        missing = [each.blob for each in labels if each.blob not in told]
        told |= self.contents.descriptions(missing, labels=True)
        return Story(held, told, {each.label: told[each.blob].digest for each in labels})

    def everything(self) -> list[Row]:
        """Return all versions and removals of all names, in first-parent order."""
        return self.session.ask(everything)

    def edges(self) -> list[tuple[int, int]]:
        """Return each version's id with the id of one before it, along the commits."""
        return [(row.id, parent) for row in self.everything() if row.number is not None for parent in row.parents]

    def rows(self, ids: Iterable[int]) -> dict[int, Row]:
        """Return versions and removals by their ids."""
        wanted = list(ids)
        return self.session.ask(lambda connection: rows_of(connection, wanted))

    def commits(self, prefix: str) -> list[Committed]:
        """Return the first few commits that the tip reaches and whose id begins with *prefix*."""
        return self.session.ask(lambda connection: commits_of(connection, prefix))

    def standing_at(self, seconds: int) -> Committed | None:
        """Return the newest commit of the main line that was committed at *seconds* or before; None before the first.

        Where clocks went back, the place on the line decides what is newest, as for `git rev-list --first-parent`.
        """
        return self.session.ask(lambda connection: standing_at(connection, seconds))

    def first(self) -> Committed | None:
        """Return the commit that the main line begins with; None in an empty index."""
        return self.session.ask(first)

    def walk(self, question: Callable[[sqlite3.Connection], Answer]) -> tuple[Answer, dict[int, list[str]]] | None:
        """Return the answer to a *question* of `walking`, once every version is joined to those that it pins.

        Beside it stand the labels, `name@label`, that the floating steps of chains follow, by the id of the version.
        None says that a file cannot be read just now: what it pins is not known.
        """

        def ask(connection: sqlite3.Connection) -> tuple[Answer, dict[int, list[str]]] | None:
            moment = self.session.moment
            if self._done[0] is not moment:
                self._done = moment, *joining.done(connection)
            _, tip, follows = self._done
            return (question(connection), follows) if tip == self.session.tip else None

        for _ in range(_PATIENT):
            found = self.session.ask(ask)
            if found is not None:
                return found
            lacking = self.session.change(lambda connection: joining.join(connection, self.session.tip))
            if any(lacking) and not self._described(lacking):
                return None
        return None

    def _described(self, lacking: joining.Lacking) -> bool:
        """Describe what is *lacking*, and return whether all of it is known from now on."""
        self.contents.descriptions(lacking.prompts)
        self.contents.descriptions(lacking.labels, labels=True)
        blobs = [*lacking.prompts, *lacking.labels]
        return self.session.ask(lambda connection: len(known(connection, blobs)) == len(set(blobs)))

    @property
    def words(self) -> Words:
        """The words of the versions at the tip."""
        if self._words is None:
            self._words = Words(self.session, self.contents)
        return self._words

    def position(self, commit: str) -> int | None:
        """Return the position of *commit* on the main line, so that rows up to there are those it reaches; or None."""
        place = self.session.ask(lambda connection: SoFar(connection).find(commit))
        return place.position if place and place.line == MAIN else None

    def label(self, name: str, label: str) -> tuple[Label, bytes | None] | None:
        """Return a label of *name* at the tip, and the bytes of its file where they are kept."""
        return self.session.ask(lambda connection: one_label(connection, name, label))

    def labels(self, name: str = "") -> list[Label]:
        """Return the labels of *name*, or all of them, at the tip."""
        return self.session.ask(lambda connection: self._labels(connection, name))

    def _labels(self, connection: sqlite3.Connection, name: str) -> list[Label]:
        return labels_of(connection, name)

    def labelled(self, name: str = "") -> dict[tuple[str, str], str]:
        """Return the digest behind each `(name, label)` at the tip; an unreadable label has an empty one."""
        labels = self.labels(name)
        told = self.contents.descriptions((entry.blob for entry in labels), labels=True)
        return {(entry.name, entry.label): told[entry.blob].digest for entry in labels}

    def carried(self) -> dict[tuple[str, str], list[tuple[str, int]]]:
        """Return by name and digest the labels that carry a version, each with the event before which that was made.

        What a name was called before is its own past: its labels may carry a version of then.
        """
        continued = self._renames()
        found: dict[tuple[str, str], list[tuple[str, int]]] = {}
        for (name, label), digest in self.labelled().items():
            if digest:  # that of a label which cannot be read is empty, like that of a version
                for old, until in line_of(name, continued):
                    found.setdefault((old, digest), []).append((label, until))
        return found

    def _renames(self) -> dict[str, tuple[str, int]]:
        return self.session.ask(renames)

    def learn(self, contents: Mapping[str, bytes]) -> None:
        """Remember what each blob of *contents* says, in one write: later questions find it."""
        self.contents.learn(contents)

    def digest_of(self, blob: str) -> str:
        """Return the digest of the prompt in *blob*, or an empty text for a file that is no prompt."""
        return self.descriptions((blob,))[blob].digest

    def descriptions(self, blobs: Iterable[str]) -> dict[str, Description]:
        """Return what each of *blobs* says; what is not yet known is read and remembered."""
        return self.contents.descriptions(blobs)

    def describe_all(self) -> None:
        """Read and remember what every version says, as far as that is not yet known."""
        self.contents.of_all_names()

    def complete(self) -> None:
        """Take the second step for everything: descriptions of all versions, texts of current and labelled ones."""
        self.contents.complete()

    def compact(self) -> None:
        """Give back to the disk what the file no longer uses, where that can be."""
        self.session.compact()

    def size(self) -> int:
        """Return the bytes of the file, 0 where there is none."""
        return self.session.size()

    def text(self, blob: str) -> bytes | None:
        """Return the text of *blob*, if it is kept here; it is checked against the id of the blob."""
        return self.contents.text(blob)

    def store_text(self, blob: str, data: bytes) -> None:
        """Keep *data* as the text of *blob*, where the index can be written."""
        self.contents.store_text(blob, data)

    def _all_names(self) -> list[tuple[Any, ...]]:
        return self.session.ask(_all_names)


def _renamed_from(repository: Repository, describe: Callable[[bytes], Description], blob: str) -> str:
    """Read the old name out of a file, while the index is being written: nothing may be asked of it then.

    Raises `StoreError` for one that cannot be read: without a rename, all later numbers would be wrong.
    """
    data = _read(repository, blob)
    try:
        return describe(data).renamed_from
    except PromptLibError:
        return ""  # a file that is no prompt tells no name


def _read(repository: Repository, blob: str) -> bytes:
    try:
        return repository.read(blob)
    except StoreError:
        return repository.read(blob)  # numbers would keep a passing failure for as long as the index lives


def _current(connection: sqlite3.Connection, name: str) -> tuple[Row, bytes | None] | None:
    found = connection.execute(_CURRENT, (name,)).fetchone()
    if found is None:
        if any(known == name and current is not None for known, _, _, _, current in _all_names(connection)):
            raise Damaged(name)
        return None
    row = row_of(found[1:])
    if row.name != name or row.number is None:
        raise Damaged(name)
    return row, checked(row.blob, found[0])


def _removal(connection: sqlite3.Connection, name: str) -> Row | None:
    known = connection.execute(f"{_NAMES} WHERE name=?", (name,)).fetchone()
    if known is None or opened(known)[-1] is not None:
        return None
    found = connection.execute(_REMOVAL, (name,)).fetchone()
    if found is not None:
        return row_of(found)
    # A name that a merge did not take from its side line never stood here, and so was never removed.
    past = SoFar(connection)
    if past.entry(name, Place(past.commits, MAIN)) is not None:
        raise Damaged(name)
    return None


def _all_names(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """Return the rows of all names, in order, none of them lost or misspelt."""
    rows = [opened(row) for row in connection.execute(f"{_NAMES} ORDER BY name")]
    if len(rows) != state(connection).names:
        raise Damaged("names")
    return rows


def everything(connection: sqlite3.Connection, end: int = ALWAYS) -> list[Row]:
    """Return all versions and removals before id *end*."""
    rows = [row_of(row) for row in connection.execute(_EVERYTHING, (end,))]
    if [row.id for row in rows] != list(range(1, min(state(connection).events + 1, end))):
        raise Damaged("events")
    return rows


def _events(connection: sqlite3.Connection, name: str) -> list[Row]:
    names, versions = line_of_names(connection, name)
    return events_of(connection, name, names, versions)


def events_of(connection: sqlite3.Connection, name: str, names: list[tuple[str, int]], versions: int) -> list[Row]:
    """Return the events of *names*, each before its id, when they are *versions* versions in all."""
    rows: list[Row] = []
    for old, until in names:
        rows[:0] = map(row_of, connection.execute(_OF_A_NAME, (old, until)))
    numbers = [row.number for row in rows if row.number is not None]
    if numbers != list(range(1, versions + 1)):
        raise Damaged(name)
    return rows


def version_of(connection: sqlite3.Connection, name: str, number: int) -> Row | None:
    names, versions = line_of_names(connection, name)
    statement = _OF_A_LATER_NUMBER if number > 1 else _OF_A_NUMBER
    for old, until in names:
        found = connection.execute(statement, (old, number, until)).fetchone()
        if found:
            row = row_of(found)
            if (row.name, row.number) != (old, number):
                raise Damaged(name)
            return row
    if 0 < number <= versions:
        raise Damaged(name)
    return None


def of_a_digest(
    connection: sqlite3.Connection, *, name: str, low: str, undescribed_too: bool = False, end: int = ALWAYS
) -> list[tuple[Row, str]] | None:
    """Return the versions whose digest begins with *low*, newest first, each with its digest.

    None says that some version was never described; with *undescribed_too* such a one is passed over.
    """
    for old, until in line_of_names(connection, name, end)[0]:
        if not undescribed_too and connection.execute(_UNDESCRIBED_OF_A_NAME, (old,)).fetchone():
            return None
        rows = [row_of(row) for row in connection.execute(_OF_A_DIGEST, (old, until, *digests_from(low)))]
        if rows:
            told = known(connection, [row.blob for row in rows if row.blob])
            return [(row, told[row.blob or ""].digest) for row in rows]
    return []


def _alike(
    connection: sqlite3.Connection, *, name: str, digest: str, undescribed_too: bool = False
) -> tuple[int, list[Row]] | None:
    """Return what `Index.alike` does; None where some version was never described."""
    names, versions = line_of_names(connection, name)
    if not undescribed_too and any(connection.execute(_UNDESCRIBED_OF_A_NAME, (old,)).fetchone() for old, _ in names):
        return None
    found = (
        connection.execute(_OF_A_DIGEST, (old, until, *digests_from(digest)))
        for old, until in (names if versions else [])
    )
    return versions, [row_of(row) for rows in found for row in rows]
