"""The forms in which a verb shows a graph: a flowchart, data, or a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from promptlib.cli.files import STANDARD_INPUT
from promptlib.cli.terminal import emit, plain, write_exactly

Mermaid: TypeAlias = Annotated[bool, typer.Option("--mermaid", help="Print a Mermaid flowchart.")]
Html: TypeAlias = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Write one page to FILE that shows what each version changed."),
]


def check_one(*, mermaid: bool, json: bool, html: Path | None) -> None:
    """Refuse two forms at once."""
    given = [word for word, there in (("--mermaid", mermaid), ("--json", json), ("--html", html)) if there]
    if len(given) > 1:
        raise typer.BadParameter(f"give one of {' and '.join(given)}")


def write_page(path: Path, page: str) -> None:
    """Write *page* to *path*, `-` for stdout."""
    if str(path) == STANDARD_INPUT:
        write_exactly(page.encode())
        return
    path.write_bytes(page.encode())
    emit([plain(f"Wrote {path}: open it in a browser")])
