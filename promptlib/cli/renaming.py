"""What an import left out, and the file that lets it in under another name."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import typer

from promptlib.cli.terminal import cut, lines, plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from promptlib.cli.terminal import Row
    from promptlib.formats.arrivals import Reported

#: Names of other libraries can be whole sentences; the lines for `--rename` hold them whole.
WIDEST_NAME = 36


def renames_of(file: Path) -> dict[str, str]:
    """Return the mapping that *file* holds; raises `BadParameter` where it holds none."""
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


def left_out_rows(report: Reported) -> Iterator[Row]:
    """Yield what was left out and why, and the lines that let it in."""
    from promptlib.formats.arrivals import rename_file  # noqa: PLC0415 - help needs no formats

    if not report.left_out:
        return
    yield ()
    yield plain(f"{len(report.left_out)} left out:", "bold red")
    for each in report.left_out:
        proposal = ((" -> ", "dim"), (cut(each.proposal, WIDEST_NAME), "cyan")) if each.proposal else ()
        yield ((f"  {cut(each.name, WIDEST_NAME) or '(empty)'}", "bold"), *proposal)
        place = ((f"{each.where}: ", "cyan"),) if each.where and each.where != each.name else ()
        yield (("      ", ""), *place, (each.reason, ""))
    mapping = rename_file(report)
    if mapping:
        yield ()
        yield plain("to let them in, write these lines into a file and give it with --rename:", "green")
        yield from lines(mapping.rstrip("\n"))
