"""`promptlib import csv`, `import text` and `import prompty`: files that somebody keeps elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer

from promptlib.cli.exits import DIFFERENT
from promptlib.cli.options import Json, Message
from promptlib.cli.renaming import WIDEST_NAME, left_out_rows, renames_of
from promptlib.cli.terminal import cut, emit, plain, print_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from promptlib.cli.terminal import Row
    from promptlib.formats.arrivals import Imported, Lost

#: So many losses are told one by one; programs read all of them.
MOST_TOLD = 40

Roles: TypeAlias = Literal["system", "developer", "user", "assistant", "tool"]
Trusted: TypeAlias = Literal["foreign", "own"]
RenameOption: TypeAlias = Annotated[
    Path | None,
    typer.Option("--rename", metavar="FILE", help='A TOML file of "name there" = "name here".', show_default=False),
]
IntoOption: TypeAlias = Annotated[
    str, typer.Option("--into", metavar="FOLDER", help="All names stand in this folder.", show_default=False)
]
TrustOption: TypeAlias = Annotated[
    Trusted, typer.Option("--trust", help="Whose words they are: foreign ones may do less; see promptlib trust.")
]
VariablesOption: TypeAlias = Annotated[
    bool, typer.Option("--variables", help="Make inputs of ${x} and ${x:default}; else they stay text.")
]
DryOption: TypeAlias = Annotated[bool, typer.Option("--dry-run", help="Tell what would be done, and do nothing.")]


def csv(  # noqa: PLR0913 - what a table may be like
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A table with a row of titles; each row is a prompt.")],
    *,
    name: Annotated[str, typer.Option(metavar="COLUMN", help="The names, or titles.", show_default=False)] = "",
    text: Annotated[str, typer.Option(metavar="COLUMN", help="The texts.", show_default=False)] = "",
    description: Annotated[str, typer.Option(metavar="COLUMN", help="Descriptions.", show_default=False)] = "",
    tags: Annotated[
        str, typer.Option(metavar="COLUMN", help="Tags, with a comma between them.", show_default=False)
    ] = "",
    role: Annotated[str, typer.Option(metavar="COLUMN", help="Roles, a row's own.", show_default=False)] = "",
    as_role: Annotated[Roles, typer.Option(help="The role of rows that say none.")] = "system",
    encoding: Annotated[
        str, typer.Option(metavar="NAME", help="Such as cp1252; else UTF-8, or as marked.", show_default=False)
    ] = "",
    delimiter: Annotated[
        str, typer.Option(metavar="CHAR", help="What stands between cells, if no comma.", show_default=False)
    ] = "",
    into: IntoOption = "",
    rename: RenameOption = None,
    variables: VariablesOption = False,
    trust: TrustOption = "foreign",
    dry_run: DryOption = False,
    message: Message = "",
    json: Json = False,
) -> None:
    """Save each row of a table as a prompt, in one commit; columns that are not named are guessed, and told.

    Run again, it adds only what is new. Ends with 1 while a row is left out.
    """
    from promptlib.formats.table import import_csv  # noqa: PLC0415 - help needs no formats

    bring(
        import_csv, file, json=json, rename=rename, name=name, text=text, description=description, tags=tags, role=role,
        as_role=as_role, encoding=encoding, delimiter=delimiter, into=into, variables=variables, trust=trust,
        dry_run=dry_run, message=message,
    )  # fmt: skip


def text(  # noqa: PLR0913 - what files may be like
    files: Annotated[list[Path], typer.Argument(metavar="FILE|FOLDER", help="Text files, or folders of them.")],
    *,
    match: Annotated[
        str,
        typer.Option(
            metavar="PATTERN", help="Where they lie in a folder, such as '{name}/system.md'.", show_default=False
        ),
    ] = "",
    role: Annotated[Roles, typer.Option(help="The role of each text.")] = "system",
    into: IntoOption = "",
    rename: RenameOption = None,
    variables: VariablesOption = False,
    trust: TrustOption = "foreign",
    dry_run: DryOption = False,
    message: Message = "",
    json: Json = False,
) -> None:
    """Save each text file as a prompt, byte for byte, in one commit; in a folder, those that end in .md or .txt.

    Run again, it adds only what is new. Ends with 1 while a file is left out.
    """
    from promptlib.formats.texts import import_text  # noqa: PLC0415 - help needs no formats

    bring(
        import_text, *files, json=json, rename=rename, match=match, role=role, into=into, variables=variables,
        trust=trust, dry_run=dry_run, message=message,
    )  # fmt: skip


def prompty(  # noqa: PLR0913 - what files may be like
    files: Annotated[list[Path], typer.Argument(metavar="FILE|FOLDER", help="Files of Prompty, or folders of them.")],
    *,
    into: IntoOption = "",
    rename: RenameOption = None,
    trust: TrustOption = "foreign",
    dry_run: DryOption = False,
    message: Message = "",
    json: Json = False,
) -> None:
    """Save each .prompty file of other tools (Prompty 1 and 2) as a prompt; what it loses is told, with its line.

    Run again, it adds only what is new. Ends with 1 while a file is left out.
    """
    from promptlib.formats.foreign_prompty import import_prompty  # noqa: PLC0415 - help needs no formats

    bring(
        import_prompty, *files, json=json, rename=rename, into=into, trust=trust, dry_run=dry_run, message=message
    )  # fmt: skip


def bring(
    verb: Callable[..., Imported],
    *files: object,
    json: bool,
    rename: Path | None,
    **options: Any,  # noqa: ANN401 - those of *verb*
) -> None:
    """Bring *files* into the store by *verb*, and tell its report; ends with 1 where something was left out."""
    from promptlib import Store  # noqa: PLC0415 - help needs no store

    renames = renames_of(rename) if rename else {}
    with Store.open() as store:
        report = verb(store, *files, renames=renames, **options)
    if json:
        print_json("imported", report.to_dict())
    else:
        emit(rows(report))
    if report.left_out:
        raise typer.Exit(DIFFERENT)


def rows(report: Imported) -> Iterator[Row]:
    """Yield how the source was read, what was done and lost, and what was left out with the lines that let it in."""
    yield from (plain(f"{note}", "dim") for note in report.notes)
    counts = {"new": report.created, "changed": report.changed, "unchanged": report.unchanged}
    told = ", ".join(f"{len(names):,} {word}" for word, names in counts.items())
    yield plain(told if report.made else f"nothing was done; it would be: {told}", "green" if report.made else "yellow")
    if report.lost:
        yield ()
        yield plain(
            f"{len(report.lost):,} thing{'' if len(report.lost) == 1 else 's'} lost or read otherwise:", "yellow"
        )
        yield from _lost(report.lost[:MOST_TOLD])
        if len(report.lost) > MOST_TOLD:
            yield plain(f"  … and {len(report.lost) - MOST_TOLD:,} more; --json tells all", "dim")
    yield from left_out_rows(report)


def _lost(lost: Iterable[Lost]) -> Iterator[Row]:
    before = None
    for each in lost:
        if each.name != before:
            yield plain(f"  {cut(each.name, WIDEST_NAME)}", "bold")
        before = each.name
        place = ((f"{each.where}: ", "cyan"),) if each.where else ()
        yield (("      ", ""), *place, (each.what, ""))
