"""How a person decides what a merge leaves open: one side for all of it, or an editor for each conflict."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from promptlib.cli import conflicts, editing
from promptlib.cli.exits import code_of
from promptlib.cli.terminal import emit, plain, print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib import Store
    from promptlib.cli.terminal import Row
    from promptlib.errors import MergeConflict
    from promptlib.merge import NameConflict

Ours: TypeAlias = Annotated[bool, typer.Option("--ours", help="Where both sides changed the same, take ours.")]
Theirs: TypeAlias = Annotated[bool, typer.Option("--theirs", help="Where both sides changed the same, take theirs.")]
Edit: TypeAlias = Annotated[
    bool, typer.Option("--edit", help="Open each conflict in your editor (that of git: core.editor, VISUAL, EDITOR).")
]

INTERRUPTED = 130
_LINE = re.compile(r"^(ours|theirs)\b", re.MULTILINE)


@contextmanager
def deciding(store: Store, *, ours: bool, theirs: bool, edit: bool, kind: str, json: bool) -> Iterator[Any]:
    """Yield what `resolve` is; tell conflicts that are left, as rows or as JSON, and end with their exit code.

    What somebody wrote in an editor is kept until the merge is done: the same command opens it again.
    """
    from promptlib.errors import MergeConflict  # noqa: PLC0415 - help needs no errors

    if ours + theirs + edit > 1:
        raise typer.BadParameter("take one of --ours, --theirs and --edit", param_hint="--ours")
    desk = Desk(store) if edit else None
    try:
        yield desk.decide if desk else "ours" if ours else "theirs" if theirs else None
    except MergeConflict as error:
        if json:
            print_json(kind, {"outcome": "conflict", "conflicts": [each.to_dict() for each in error.conflicts]})
        emit(_told(error), stream=sys.stderr)
        raise typer.Exit(code_of(error)) from error
    except BaseException as error:
        if desk is not None and desk.kept:
            _tell_kept(desk)
        if isinstance(error, KeyboardInterrupt):
            raise typer.Exit(INTERRUPTED) from error
        raise
    if desk is not None:
        desk.clear()


def _told(error: MergeConflict) -> Iterator[Row]:
    """Yield what could not be merged, each conflict, and what to do about them."""
    yield (("error: ", "bold red"), (error.what, "bold"))
    yield from conflicts.rows(error.conflicts)
    yield ()
    yield plain("decide: --ours or --theirs for all of them, --edit for each in your editor", "green")


def _tell_kept(desk: Desk) -> None:
    told = f"what you wrote is kept, and the same command opens it again: {desk.folder}"
    emit([plain(told, "yellow")], stream=sys.stderr)


class Desk:
    """The files of one merge that lie open in an editor."""

    def __init__(self, store: Store) -> None:
        """Lay them into the repository's own folder, where nobody else looks."""
        from promptlib._git import Repository  # noqa: PLC0415 - help needs no git

        found = Repository.discover(store.path)
        self.folder = (found.layout.own_folder() if found else Path(store.path)) / "deciding"
        self._place = Path(store.path)
        self.kept: list[Path] = []

    def decide(self, conflict: NameConflict) -> object:
        """Let the user decide about *conflict* in their editor."""
        if conflict.kind in {"label", "file"} or not self._both(conflict):
            return self._side(conflict)
        return self._prompt(conflict)

    def clear(self) -> None:
        """Take the files away: the merge is done."""
        for file in self.kept:
            file.unlink(missing_ok=True)

    def _both(self, conflict: NameConflict) -> bool:
        return bool(conflict.fields) and conflict.fields[0].field != "name"

    def _prompt(self, conflict: NameConflict) -> object:
        """Open the merged file with both sides between markers, and return the prompt that it holds afterwards."""
        from promptlib.merge import merge_stored  # noqa: PLC0415 - help needs no merge

        base, ours, theirs = (_prompt_of(side) for side in (conflict.base, conflict.ours, conflict.theirs))
        merged = merge_stored(base, ours, theirs)
        file = self._file(conflict, ".prompty", merged.draft)
        made = merged.read_resolved(self._edited(file), source=str(file))
        if made is None:
            return "ours" if ours is None else "theirs"
        return made

    def _side(self, conflict: NameConflict) -> object:
        """Open a file in which one of two lines is to be kept."""
        from promptlib.errors import InvalidFile  # noqa: PLC0415 - beside it

        file = self._file(conflict, ".txt", lambda: _question(conflict))
        kept = _LINE.findall(self._edited(file))
        if len(kept) != 1:
            raise InvalidFile(
                f"{'both lines are' if kept else 'neither line is'} left in {file}",
                hint="keep the line that begins with the side that holds, ours or theirs, and take the other one out",
            )
        return kept[0]

    def _file(self, conflict: NameConflict, ending: str, text: Any) -> Path:  # noqa: ANN401 - makes the text
        """Return the file of *conflict*: the one that was begun before, or a new one."""
        sides = (conflict.base, conflict.ours, conflict.theirs)
        which = [conflict.kind, conflict.name, conflict.label, *(str(getattr(side, "digest", "")) for side in sides)]
        known = sha256("\0".join(which).encode()).hexdigest()[:12]
        file = self.folder / f"{re.sub(r'[^a-z0-9.-]+', '-', conflict.name.lower())[:60]}-{known}{ending}"
        if not file.exists():
            self.folder.mkdir(exist_ok=True)
            file.write_text(text(), "utf-8", newline="")
        self.kept.append(file)
        return file

    def _edited(self, file: Path) -> str:
        """Open *file* in the user's editor and return what it holds then."""
        editing.opened(file, self._place)
        return file.read_text("utf-8")


def _prompt_of(side: object) -> Any:  # noqa: ANN401 - a prompt or None
    from promptlib import Prompt  # noqa: PLC0415 - help needs no prompt

    return side if isinstance(side, Prompt) else None


def _question(conflict: NameConflict) -> str:
    told = "\n".join(f"# {row}".rstrip() for row in str(conflict).splitlines())
    return f"{told}\n#\n# Keep one of these lines and take the other one out.\nours\ntheirs\n"
