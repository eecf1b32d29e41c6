"""`promptlib import`: prompts and histories that somebody keeps elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from promptlib.cli import arriving, moving
from promptlib.cli.exits import DIFFERENT
from promptlib.cli.options import SETTINGS, Json
from promptlib.cli.renaming import left_out_rows, renames_of
from promptlib.cli.terminal import emit, on_terminal, plain, print_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from promptlib.cli.terminal import Row
    from promptlib.formats.git_history import ImportReport

app = typer.Typer(
    name="import",
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings=SETTINGS,
    help="Bring in prompts from elsewhere: a git history, tables, files, other libraries.",
)


@app.callback()
def formats() -> None:
    """Bring in prompts from elsewhere: a git history, tables, files, other libraries."""


app.command("csv")(arriving.csv)
app.command("text")(arriving.text)
app.command("prompty")(arriving.prompty)
app.command("langchain")(moving.langchain)
app.command("langfuse")(moving.langfuse)
app.command("mlflow")(moving.mlflow)


@app.command("git")
def git(
    repository: Annotated[Path, typer.Argument(metavar="REPO", help="A git repository that keeps prompts as text.")],
    *,
    match: Annotated[str, typer.Option(metavar="PATTERN", help="Where they lie, such as 'patterns/{name}/system.md'.")],
    role: Annotated[
        Literal["system", "developer", "user", "assistant", "tool"], typer.Option(help="The role of each text.")
    ] = "system",
    rename: Annotated[
        Path | None, typer.Option(metavar="FILE", help='A TOML file of "name there" = "name here".')
    ] = None,
    json: Json = False,
) -> None:
    """Replay the main line of REPO: each change of each text becomes a version, with its author, time and message.

    Run again, it adds only what is new. Ends with 1 while a name is left out.
    """
    from promptlib import Store  # noqa: PLC0415 - help needs no store
    from promptlib.formats.git_history import import_git  # noqa: PLC0415 - beside it

    renames = renames_of(rename) if rename else {}
    with Store.open() as store, _progress() as progress:
        report = import_git(store, repository, match=match, role=role, renames=renames, progress=progress)
    if json:
        print_json("import", report.to_dict())
    else:
        emit(rows(report))
    if report.left_out:
        raise typer.Exit(DIFFERENT)


def _progress() -> AbstractContextManager[Callable[[int, int], None]]:
    import sys  # noqa: PLC0415 - asked for each time: tests replace it
    from contextlib import nullcontext  # noqa: PLC0415 - beside it

    if not on_terminal(sys.stderr):
        return nullcontext(lambda _done, _all: None)
    from promptlib.cli.progress import bar  # noqa: PLC0415 - rich only where a person looks

    return bar("replaying")


def rows(report: ImportReport) -> Iterator[Row]:
    """Yield what was done, and a table of what was left out with the lines that let it in."""
    counts = {
        "version": report.versions,
        "name": report.names,
        "rename": report.renames,
        "deletion": report.deletions,
    }
    told = [f"{number:,} {word}{'' if number == 1 else 's'}" for word, number in counts.items()]
    if report.names:
        yield plain(f"imported {', '.join(told)}", "green")
    else:
        yield plain("nothing new: what the pattern matches, if anything, is here already")
    yield from left_out_rows(report)
