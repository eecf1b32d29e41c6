"""`promptlib site`: the store as pages that need no server."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from promptlib.cli import completing
from promptlib.cli.asking import asked, moment
from promptlib.cli.options import At, Json
from promptlib.cli.terminal import emit, on_terminal, plain, print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.cli.terminal import Row
    from promptlib.site import Report
    from promptlib.store import View


def site(  # noqa: PLR0913 - one option for each thing that a site can leave out
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder: a new one, or one with an earlier site.")],
    *,
    title: Annotated[str, typer.Option(help="What the site is called.")] = "Prompts",
    only: Annotated[
        str,
        typer.Option(
            metavar="PREFIX", help="Names that begin so.", autocompletion=completing.names, show_default=False
        ),
    ] = "",
    label: Annotated[
        str, typer.Option(metavar="LABEL", help="What carries this label, as it is labelled.", show_default=False)
    ] = "",
    limit_versions: Annotated[
        int, typer.Option(metavar="N", min=0, help="The newest versions of each; 0 leaves history and lineage out.")
    ] = 50,
    at: At = "",
    json: Json = False,
) -> None:
    """Write the store as a static site: a page for each prompt, and one that finds them.

    It opens from a disk and from any host of files. Whoever reads it reads the texts of all versions that are in it.
    """
    with asked(at) as store:
        report = _written(store, out, title=title, only=only, label=label, versions=limit_versions)
        then = moment(store)
    if json:
        print_json("site", report.to_dict() | then)
    else:
        emit(list(rows(report)))


def _written(store: View, out: Path, *, title: str, only: str, label: str, versions: int) -> Report:
    from promptlib.site import write  # noqa: PLC0415 - help needs no pages

    if not on_terminal(sys.stderr):
        return write(store, out, title=title, only=only, label=label, versions=versions)
    from promptlib.cli.progress import bar  # noqa: PLC0415 - a pipe needs no bar

    with bar("pages") as move:
        return write(store, out, title=title, only=only, label=label, versions=versions, progress=move)


def rows(report: Report) -> Iterator[Row]:
    """Yield what was written, and what to open."""
    yield (
        (f"{report.prompts:,} prompt{'' if report.prompts == 1 else 's'}", "bold"),
        (f", {report.versions:,} version{'' if report.versions == 1 else 's'}", ""),
        (f": {report.files:,} files, {_size(report.size)}", ""),
    )
    for name, why in report.unreadable:
        yield ((f"no page of {name}", "bold red"), (f": {why}", ""))
    for ref, kind in report.secrets:
        yield ((f"now public in {ref}", "bold red"), (f": {kind}", ""))
    if report.searched:
        yield plain(f"the search knows the first {report.searched:,} characters of each text", "dim")
    yield plain(f"Open {report.out / 'index.html'} in a browser")


def _size(size: int) -> str:
    million = 1_000_000
    return f"{size / million:.1f} MB" if size >= million else f"{size / 1000:.0f} kB"
