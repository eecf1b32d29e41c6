"""`promptlib import`: histories that somebody keeps elsewhere."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from promptlib.cli.exits import DIFFERENT
from promptlib.cli.options import SETTINGS, Json
from promptlib.cli.terminal import cut, emit, lines, on_terminal, plain, print_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from promptlib.cli.terminal import Row
    from promptlib.formats.git_history import ImportReport

#: Names of other libraries can be whole sentences; the lines for `--rename` hold them whole.
WIDEST_NAME = 36

app = typer.Typer(
    name="import",
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings=SETTINGS,
    help="Bring in prompts, with their history, from elsewhere.",
)


@app.callback()
def formats() -> None:
    """Bring in prompts, with their history, from elsewhere."""


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

    renames = _renames(rename) if rename else {}
    with Store.open() as store, _progress() as progress:
        report = import_git(store, repository, match=match, role=role, renames=renames, progress=progress)
    if json:
        print_json("import", report.to_dict())
    else:
        emit(rows(report))
    if report.left_out:
        raise typer.Exit(DIFFERENT)


def _renames(file: Path) -> dict[str, str]:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}", param_hint="--rename") from error
    except ValueError as error:
        raise typer.BadParameter(f"{file}: {error}", param_hint="--rename") from error
    wrong = next((name for name, new in table.items() if not isinstance(new, str)), None)
    if wrong is not None:
        raise typer.BadParameter(f'{file}: {wrong!r} is no text; a line is "name there" = "name here"')
    return table


def _progress() -> AbstractContextManager[Callable[[int, int], None]]:
    import sys  # noqa: PLC0415 - asked for each time: tests replace it
    from contextlib import nullcontext  # noqa: PLC0415 - beside it

    if not on_terminal(sys.stderr):
        return nullcontext(lambda _done, _all: None)
    from promptlib.cli.progress import bar  # noqa: PLC0415 - rich only where a person looks

    return bar("replaying")


def rows(report: ImportReport) -> Iterator[Row]:
    """Yield what was done, and a table of what was left out with the lines that let it in."""
    from promptlib.formats.git_history import rename_file  # noqa: PLC0415 - help needs no formats

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
    if not report.left_out:
        return
    yield ()
    yield plain(f"{len(report.left_out)} left out:", "bold red")
    for each in report.left_out:
        proposal = ((" -> ", "dim"), (cut(each.proposal, WIDEST_NAME), "cyan")) if each.proposal else ()
        yield ((f"  {cut(each.name, WIDEST_NAME) or '(empty)'}", "bold"), *proposal)
        yield plain(f"      {each.reason}")
    mapping = rename_file(report)
    if mapping:
        yield ()
        yield plain("to let them in, write these lines into a file and give it with --rename:", "green")
        yield from lines(mapping.rstrip("\n"))
