"""The cases of a comparison: one mapping of inputs a line of JSON, or a row of a table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

from promptlib.cli import files
from promptlib.cli.render import value_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from promptlib import Prompt

OPTION = "--cases"


def cases_of(prompt: Prompt[Any], path: str) -> list[dict[str, object]]:
    """Return the cases in the file at *path*, JSON lines where it is called so, else a table with titles."""
    data, source = files.given(path)
    found = list(_lines(data, source) if not path.lower().endswith((".csv", ".tsv")) else _table(prompt, data, source))
    if not found:
        raise typer.BadParameter(f"{source} holds no case", param_hint=OPTION)
    return found


def _lines(data: bytes, source: str) -> Iterator[dict[str, object]]:
    for at, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except ValueError as error:
            raise typer.BadParameter(f"{source}, line {at}, is no JSON: {error}", param_hint=OPTION) from error
        if not isinstance(found, dict):
            raise typer.BadParameter(f'{source}, line {at}, is no object such as {{"job": "nurse"}}', param_hint=OPTION)
        yield found


def _table(prompt: Prompt[Any], data: bytes, source: str) -> Iterator[dict[str, object]]:
    from promptlib.formats.rows import rows_of  # noqa: PLC0415 - lines of JSON need no table

    kinds = {each.name: each.type.kind for each in prompt.inputs}
    for row in rows_of(data, source).rows:
        yield {name: value_of(cell, kinds.get(name, "string")) for name, cell in row.cells.items() if name}
