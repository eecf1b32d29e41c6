"""The files that an import reads: those that are named, and those in folders; no link leads elsewhere."""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from promptlib.errors import BadRef, NotFound
from promptlib.formats.arrivals import Arrival
from promptlib.store.homes import LARGEST_FILE
from promptlib.store.opening import checked_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from promptlib.formats.arrivals import Bringing, Made


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


def sources_in(files: Sequence[Path | str], bringing: Bringing) -> Iterator[Source]:
    """Yield the plain files among *files*, and all below those that are folders, in the order of their names.

    Hidden ones are passed over; links and what is no file are left out, told to *bringing*. Raises `NotFound`, also
    where no file is given.
    """
    if not files:
        raise NotFound("no file to import", hint="name files or folders")
    for given in files:
        place = checked_path(Path(given))
        if not place.exists():
            raise NotFound(f"no file or folder {given}", hint="paths are taken from the folder that you are in")
        if place.is_dir():
            yield from _below(place, "", bringing)
        else:
            yield Source(place, place.name, str(given), named=True)


def read_all(
    found: Iterable[tuple[Source, str]], making: Callable[[bytes, str], Callable[[], Made]]
) -> tuple[list[Arrival], str]:
    """Read each file that was *found* with its name; return what arrives, and a digest of all that was read.

    *making* gets the bytes and how to show the file, and returns what makes a prompt of them when its turn comes.
    """
    whole = sha256()
    arrivals = []
    for source, name in found:
        data = source.read()
        whole.update(f"{source.path}\0{len(data)}\0".encode("utf-8", "surrogateescape") + data)
        arrivals.append(Arrival(source.path, name, making(data, source.shown), source.shown))
    return arrivals, whole.hexdigest()


def message_for(files: Sequence[Path | str]) -> str:
    """Return what a commit says of *files* when nobody has said it."""
    return f"Import {', '.join(Path(file).name or str(file) for file in files[:4])}"


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
