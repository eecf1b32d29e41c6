"""Asking the index at one tip, whatever happens to its file."""

from __future__ import annotations

import os
from pathlib import Path
from threading import local
from typing import TYPE_CHECKING, Protocol, TypeVar

from promptlib._index.database import FAILURES, Database, is_damage, open_file, open_memory, state
from promptlib._index.growing import Growing
from promptlib.errors import StoreDamaged
from promptlib.forking import ForkBarrier

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from promptlib._index.rows import Repository

Answer = TypeVar("Answer")

PATIENT = 4  # how often the file may be found damaged, or moved by others, before memory serves instead
#: No file can be made here.
_NOWHERE = Path(os.devnull) / "index.sqlite"
#: Connections of a parent process: to close them here would take the parent's locks and journal away.
_inherited: list[Database | None] = []


class Asked(Protocol):
    """What answers questions about one tip."""

    tip: str

    @property
    def moment(self) -> object:
        """While a question is asked: another object than before, where the tables may hold something else."""

    def ask(self, question: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """Return the answer to *question*, which only reads."""

    def change(self, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """Return what *work* does to the tables at the tip: all of it, or nothing."""

    def keep(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Write what is true whatever the tip."""

    def write(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Let *work* write what is true whatever the tip: all of it, or nothing."""

    def compact(self) -> None:
        """Give back to the disk what is no longer used."""

    def size(self) -> int:
        """Return the bytes of the file."""

    def copied(self, repository: Repository | None = None) -> Session:
        """Return a session in memory that begins with all that is known here, and goes on with *repository*."""

    def close(self) -> None:
        """Close what is open."""


class Session:
    """One connection for all threads of a process, opened when first needed and never used across a fork.

    A file that cannot be written serves as long as it is up to date; then, and where there can be none, memory does.
    """

    def __init__(self, path: Path, repository: Repository, root: str, renamed_from: Callable[[str], str]) -> None:
        """Keep the index of what *repository* holds below *root* at *path*."""
        self._tips = local()
        self._newest_tip = ""
        self._path = path
        self._repository = repository
        self._root = root
        self._renamed_from = renamed_from
        # SQLite remembers for a whole process which of its connections lock a file: a child that inherits one in the
        # middle of a transaction could never open that file again.
        self._lock = ForkBarrier(rank=0)
        self._process = os.getpid()
        self._database: Database | None = None
        self.moment: object = None

    @property
    def tip(self) -> str:
        """The tip that this thread asks about; another thread may ask about another at the same time."""
        tip: str = getattr(self._tips, "tip", self._newest_tip)
        return tip

    @tip.setter
    def tip(self, tip: str) -> None:
        self._tips.tip = self._newest_tip = tip

    def ask(self, question: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """Return the answer to *question* at the tip; the index is brought there, or made again, if need be.

        The question is asked again when the file was damaged, so it must only read.
        """
        with self._lock:
            self._leave_to_parent()
            for attempt in range(3 * PATIENT):
                database = self._open(in_memory=attempt >= PATIENT)
                try:
                    with _transaction(database.connection, "BEGIN"):
                        held = self.moment = database.state()
                        if held.root == self._root and held.tip == self.tip:
                            return question(database.connection)
                    self._bring(database)
                except FAILURES as error:
                    self._leave(database, error)
        raise _impossible()

    def change(self, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """Return what *work* does to the tables at the tip; all of it or nothing, and again when the file was damaged.

        Where the file cannot be written, a copy of it in memory serves from now on.
        """
        with self._lock:
            self._leave_to_parent()
            for attempt in range(3 * PATIENT):
                database = self._open(in_memory=attempt >= PATIENT)
                try:
                    with _transaction(database.connection, "BEGIN IMMEDIATE"):
                        held = database.state()
                        if held.root == self._root and held.tip == self.tip:
                            return work(database.connection)
                    self._bring(database)
                except FAILURES as error:
                    self._leave(database, error)
        raise _impossible()

    def keep(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Write what is true whatever the tip; where that cannot be, nothing is lost but time."""

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany(statement, rows)

        self.write(work)

    def write(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Let *work* write what is true whatever the tip, all of it or nothing; it may be asked twice."""
        with self._lock:
            self._leave_to_parent()
            for _ in range(2):  # the second time in memory, or in a new file
                database = self._open(in_memory=False)
                try:
                    with _transaction(database.connection, "BEGIN IMMEDIATE"):
                        work(database.connection)
                except FAILURES as error:
                    self._leave(database, error)
                else:
                    return

    def compact(self) -> None:
        """Give back to the disk what the file no longer uses; where that cannot be just now, it stays as it is."""
        with self._lock:
            self._leave_to_parent()
            database = self._open(in_memory=False)
            try:
                database.connection.execute("VACUUM")
            except FAILURES as error:
                if is_damage(error):
                    self._leave(database, error)

    def size(self) -> int:
        """Return the bytes of the file, 0 where there is none."""
        try:
            return self._path.stat().st_size
        except OSError:
            return 0

    def close(self) -> None:
        """Close the connection; the next question opens another."""
        with self._lock:
            self._leave_to_parent()
            if self._database is not None:
                self._database.close()
            self._database = None

    def copied(self, repository: Repository | None = None) -> Session:
        """Return a session in memory that begins with all that is known here.

        *repository* may hold commits that this one's does not.
        """
        copy = Session(_NOWHERE, repository or self._repository, self._root, self._renamed_from)
        with self._lock:
            self._leave_to_parent()
            copy._database = open_memory(self._root, self._open(in_memory=False))
        return copy

    def _leave_to_parent(self) -> None:
        """Begin anew in a forked child."""
        if self._process != os.getpid():
            _inherited.append(self._database)
            self._database = None
            self._process = os.getpid()

    def _open(self, *, in_memory: bool) -> Database:
        if in_memory and self._database is not None and self._database.file:
            self.close()
        if self._database is None:
            # An unborn branch holds nothing: no reason to empty what other work trees have indexed.
            file = None if in_memory or not self.tip else open_file(self._path, self._root)
            self._database = file or open_memory(self._root)
        return self._database

    def _bring(self, database: Database) -> None:
        """Bring the tables to the tip, once, whoever of several processes comes first."""
        # Another store of the same repository may have made the file its own since.
        if database.replaced() or state(database.connection).root != self._root:
            self.close()
            return
        if not self.tip:
            if database.file or state(database.connection).tip:
                self.close()
            return
        with _transaction(database.connection, "BEGIN IMMEDIATE"):
            held = state(database.connection)
            if held.root == self._root and held.tip != self.tip:
                Growing(database.connection, self._repository, self._root, self._renamed_from).to(self.tip)

    def _leave(self, database: Database, error: Exception) -> None:
        """Give up a file that is damaged, to make it again; or one that cannot be written, for a copy in memory."""
        self._database = None
        try:
            if database.file and not is_damage(error):
                self._database = open_memory(self._root, database)
        finally:
            if is_damage(error):
                _discard(database)
            else:
                database.close()


def _impossible() -> StoreDamaged:
    return StoreDamaged("the index cannot be made from this repository", hint="promptlib fsck names what is damaged")


def _discard(database: Database) -> None:
    try:
        database.discard()
    except OSError:
        database.close()  # it cannot be taken away: it will be found damaged again, and memory serves


class _transaction:  # noqa: N801 - it reads as a word after `with`; a generator would cost more than what is asked
    """Commit what was done inside, or undo all of it."""

    __slots__ = ("_begin", "_connection")

    def __init__(self, connection: sqlite3.Connection, begin: str) -> None:
        self._connection = connection
        self._begin = begin

    def __enter__(self) -> None:
        self._connection.execute(self._begin)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
