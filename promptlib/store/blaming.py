"""Who brought what of a version: git's blame along the versions of a name, and the fields of their prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.blame import Blame, BlamedField, BlamedLine, blamed_fields
from promptlib.errors import InvalidPrompt, NotFound, StoreDamaged
from promptlib.store.layout import prompt_path
from promptlib.store.remembering import content_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from promptlib._index import Row
    from promptlib.chain import Stored
    from promptlib.plain import Plain
    from promptlib.store.past import History
    from promptlib.version import Version


def blame(history: History, row: Row) -> Blame:
    """Return who brought each line and each field of the version *row*; raises `NotFound` where history is cut off."""
    line = _Line(history, row)
    data = history.content(row.blob or "")
    texts = data.removesuffix(b"\n").split(b"\n") if data else []
    brought = line.of_lines(len(texts))
    said, problem = line.of_fields(data)
    versions = line.versions([row, *brought, *(found for _, _, found in said)])
    return Blame(
        version=versions[row.id],
        lines=tuple(
            BlamedLine(number, text.decode("utf-8", "replace"), versions[found.id])
            for number, (text, found) in enumerate(zip(texts, brought, strict=True), 1)
        ),
        fields=tuple(BlamedField(path, value, versions[found.id]) for path, value, found in said),
        problem=problem,
    )


class _Line:
    """The versions that lead to one, each with those before it whose file lay in a parent of its commit."""

    def __init__(self, history: History, last: Row) -> None:
        self._history = history
        self._last = last
        self._events: dict[int, Row] = {}
        self._removed: set[int] = set()
        self._read(last.name)
        self.rows = {last.id: last}
        self.parents: dict[int, tuple[int, ...]] = {}
        #: Where a rename is, the commit before it: git looks for the old file among those that went in one commit.
        self._through: dict[tuple[int, int], str] = {}
        waiting = [last]
        while waiting:
            row = waiting.pop()
            before = self._before(row, [self._event(parent) for parent in row.parents])
            self.parents[row.id] = tuple(each.id for each in before)
            waiting += [each for each in before if each.id not in self.rows]
            self.rows |= {each.id: each for each in before}

    def _read(self, name: str) -> None:
        found = self._history.index.events(name)
        self._events |= {row.id: row for row in found}
        self._removed |= {row.parents[0] for row in found if row.number is None}

    def _event(self, version: int) -> Row:
        """Return a version by its id, that of another name too, whose file was renamed to this one."""
        if version not in self._events:
            self._read(self._history.index.rows((version,))[version].name)
        return self._events[version]

    def _path(self, row: Row) -> str:
        return self._history.prefix + prompt_path(row.name)

    def _before(self, row: Row, parents: list[Row]) -> list[Row]:
        """Return those of *parents* whose file a parent of the commit has: of a name written again there is none."""
        if len(parents) == 1 and parents[0].name == row.name and parents[0].id not in self._removed:
            return parents
        repository = self._history.repository
        found: list[Row] = []
        for commit in repository.parents(row.commit):
            for parent in parents:
                if parent not in found and repository.blob_at(commit, self._path(parent)) == parent.blob:
                    found.append(parent)
                    if parent.name != row.name:
                        self._through[row.id, parent.id] = commit
        return found

    def of_lines(self, count: int) -> Sequence[Row]:
        """Return the version that brought each of *count* lines."""
        mine = {(row.commit, self._path(row)): row for row in self.rows.values()}
        told = [mine.get(each) for each in self._told(renames=True)]
        if None in told:  # git takes another file for the old one: what came from there came with the rename
            told = [mine.get(each) for each in self._told(renames=False)]
        brought = [row for row in told if row is not None]
        if len(brought) != count:
            raise StoreDamaged(
                f"git blame tells of {len(brought)} lines of {self._last.name}, and there are {count}",
                hint="promptlib fsck tells whether all is sound",
            )
        self._check_known(brought)
        return brought

    def _told(self, *, renames: bool) -> list[tuple[str, str]]:
        descent: dict[str, dict[str, None]] = {}
        for child, parents in self.parents.items():
            row = self.rows[child]
            ties = descent.setdefault(row.commit, {})
            for parent in parents:
                before = self.rows[parent]
                through = self._through.get((child, parent), before.commit)
                if through != before.commit and renames:
                    descent.setdefault(through, {})[before.commit] = None
                if renames or before.name == row.name:
                    ties[through] = None
        last = self._last
        lines = {child: tuple(parents) for child, parents in descent.items()}
        return self._history.repository.blame(last.commit, self._path(last), lines)

    def of_fields(self, data: bytes) -> tuple[list[tuple[str, Plain, Row]], str]:
        """Return path, value and version of each field of the file *data*, and what is wrong with one that has none."""
        try:
            content_of(data, self._path(self._last))
        except InvalidPrompt as error:
            return [], error.what
        found = blamed_fields(self._last.id, self.parents.__getitem__, self._prompt)
        told = [(path, value, self.rows[version]) for path, (value, version) in found.items()]
        self._check_known([row for _, _, row in told])
        return told, ""

    def _prompt(self, version: int) -> Stored | None:
        try:
            return content_of(self._history.content(self.rows[version].blob or ""))
        except InvalidPrompt:
            return None

    def _check_known(self, brought: Iterable[Row]) -> None:
        """Of what lies in the first commit of a shallow clone nobody here knows who brought it."""
        cut = self._history.repository.cut_off()
        if cut and any(row.commit in cut for row in brought):
            raise NotFound(
                f"who brought all of {self._last.name} is not known here: this clone is shallow",
                hint="fetch the rest of the history: git fetch --unshallow",
            )

    def versions(self, rows: Iterable[Row]) -> dict[int, Version]:
        """Return the versions that *rows* are, by their ids."""
        wanted = {row.id: row for row in rows}
        return dict(zip(wanted, self._history.versions_of(list(wanted.values()), self._last.name), strict=True))
