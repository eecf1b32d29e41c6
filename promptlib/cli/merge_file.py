"""`promptlib merge-file`: three prompt files into one, by hand or as git's merge driver."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from promptlib.cli.exits import DIFFERENT
from promptlib.cli.files import given
from promptlib.cli.terminal import emit, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.cli.terminal import Row
    from promptlib.merge import MergedFile

_NAMES = {"%X": "ours", "%Y": "theirs"}


def merge_file(  # noqa: PLR0913 - what git tells a merge driver
    ours: Annotated[str, typer.Argument(metavar="OURS", help="The file of this side; it is overwritten.")],
    base: Annotated[str, typer.Argument(metavar="BASE", help="What both were made of; empty when there is none.")],
    theirs: Annotated[str, typer.Argument(metavar="THEIRS", help="The file of the other side.")],
    *,
    stdout: Annotated[bool, typer.Option("-p", "--stdout", help="Print the result and leave OURS alone.")] = False,
    ours_name: Annotated[str, typer.Option("--ours", metavar="NAME", help="What markers call this side.")] = "ours",
    theirs_name: Annotated[
        str, typer.Option("--theirs", metavar="NAME", help="What markers call the other side.")
    ] = "theirs",
    path: Annotated[str, typer.Option("--path", metavar="PATH", help="What messages call the file.")] = "",
    marker_size: Annotated[int, typer.Option(min=1, max=1000, metavar="N", help="Signs of a conflict marker.")] = 7,
) -> None:
    """Merge what OURS and THEIRS made of BASE into OURS, prompts as structures; end with 1 when they conflict.

    As git's merge driver: *.prompty merge=promptlib in .gitattributes, and git config merge.promptlib.driver
    "promptlib merge-file %A %O %B --path %P --marker-size %L".
    """
    from promptlib.merge import merge_files  # noqa: PLC0415 - help needs no merge

    sides = [given(each)[0] or None for each in (base, ours, theirs)]
    # A git before 2.44 passes on what it does not fill in.
    names = _NAMES.get(ours_name, ours_name), _NAMES.get(theirs_name, theirs_name)
    found = merge_files(sides[0], sides[1], sides[2], names=names, marker_size=marker_size)
    data = found.data or b""
    if stdout:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
    elif data != (sides[1] or b""):
        _replace(Path(ours), data)
    emit(_told(found, path or ours), stream=sys.stderr)
    if found.conflicts:
        raise typer.Exit(DIFFERENT)


def _told(found: MergedFile, path: str) -> Iterator[Row]:
    if found.conflicts:
        count = len(found.conflicts)
        yield plain(f"{path}: {count} conflict{'s' if count > 1 else ''}", "bold red")
        yield from (plain(f"  {row}") for each in found.conflicts for row in each.split("\n"))
    if found.lost:
        yield plain(f"{path}: comments that are not in the merged file", "yellow")
        yield from (plain(f"  {each}") for each in found.lost)


def _replace(path: Path, data: bytes) -> None:
    """Put *data* in the place of the file at once, so that nobody ever sees half of it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.merged")
    try:
        beside.write_bytes(data)
        beside.chmod(path.stat().st_mode)
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink()
        raise
