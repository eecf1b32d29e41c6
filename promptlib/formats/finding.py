"""The files that an import reads: those that are named, and those in folders; no link leads elsewhere."""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from promptlib.errors import BadRef, NotFound
from promptlib.store.homes import LARGEST_FILE
from promptlib.store.opening import checked_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptlib.formats.arrivals import Bringing


@dataclass(frozen=True, slots=True)
class Source:
    """A file to import: where it lies, its path with `/` from the folder that was named, and how to show it."""

    place: Path
    path: str
    shown: str
    #: Whether just this file was named, not a folder around it.
    named: bool = False

    def read(self) -> bytes:
        """Return its bytes, no more than tell that it is too large."""
        with self.place.open("rb") as file:
            return file.read(LARGEST_FILE + 1)


def pattern_of(match: str) -> re.Pattern[str]:
    """Return the expression for *match*, a path with `{name}` once; raises `BadRef` for another."""
    before, mark, after = match.partition("{name}")
    if not mark or "{name}" in after:
        raise BadRef(f"the pattern {match!r} needs {{name}} once", hint="such as --match 'patterns/{name}/system.md'")
    return re.compile(re.escape(before) + "(?P<name>.*)" + re.escape(after), re.DOTALL)


def sources_in(files: Iterable[Path | str], bringing: Bringing) -> Iterator[Source]:
    """Yield the plain files among *files*, and all below those that are folders, in the order of their names.

    Hidden ones are passed over; links and what is no file are left out, told to *bringing*. Raises `NotFound`.
    """
    for given in files:
        place = checked_path(Path(given))
        if not place.exists():
            raise NotFound(f"no file or folder {given}", hint="paths are taken from the folder that you are in")
        if place.is_dir():
            yield from _below(place, "", bringing)
        else:
            yield Source(place, place.name, str(given), named=True)


def _below(folder: Path, above: str, bringing: Bringing) -> Iterator[Source]:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        path = f"{above}{entry.name}"
        if entry.name.startswith("."):
            continue
        mode = entry.lstat().st_mode
        if stat.S_ISDIR(mode):
            yield from _below(entry, f"{path}/", bringing)
        elif stat.S_ISREG(mode):
            yield Source(entry, path, path)
        else:
            what = "a link, and links are not followed" if stat.S_ISLNK(mode) else "no plain file"
            bringing.leave(path, f"it is {what}", where=path)
