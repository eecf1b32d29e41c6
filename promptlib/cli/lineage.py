"""`promptlib lineage`: where a version came from, and what came of it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Annotated

import typer

from promptlib.cli import measured
from promptlib.cli.asking import asked, moment
from promptlib.cli.options import At, Json, Ref
from promptlib.cli.pictures import Html, Mermaid, check_one, write_page
from promptlib.cli.terminal import cut, lines, on_terminal, paged, plain, print_json, width

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptlib.cli.terminal import Row
    from promptlib.lineage import Lineage
    from promptlib.runs import Run
    from promptlib.store import View


#: Of a busy prompt there are millions.
MOST_RUNS = 20


def lineage(
    ref: Ref,
    *,
    runs: Annotated[
        bool, typer.Option("--runs", help=f"The last {MOST_RUNS} runs that it had a part in are among what came of it.")
    ] = False,
    mermaid: Mermaid = False,
    html: Html = None,
    at: At = "",
    json: Json = False,
) -> None:
    """Show where a version came from and what came of it: parents, renames, derivations, includes."""
    check_one(mermaid=mermaid, json=json, html=html)
    if runs and at:
        raise typer.BadParameter("--runs are those of today: leave --at out", param_hint="--runs")
    with asked(at) as store:
        found = store.lineage(ref, runs=_last(store, ref) if runs else ())
        if json:
            reports = measured.axes_of(store, [node.digest for node in found.nodes])
            told = {digest: len(axes) for digest, axes in reports.items()}
            print_json("lineage", found.to_dict() | {"reports": told} | moment(store))
        elif html:
            write_page(html, found.html())
        else:
            paged(lines(found.mermaid()) if mermaid else [*tree(found), *_measured(store, found)])


def _last(store: View, ref: str) -> Iterable[Run]:
    from promptlib import Store  # noqa: PLC0415 - help needs no store

    return deque(store.runs.with_version(ref), maxlen=MOST_RUNS) if isinstance(store, Store) else ()


def _measured(store: View, found: Lineage) -> Iterator[Row]:
    """Yield which of the versions of a tree have fairness reports."""
    reports = measured.axes_of(store, [node.digest for node in found.nodes])
    for node in found.nodes:
        if node.digest in reports and not node.run:
            yield plain(f"{node} was measured: {measured.told(reports[node.digest])}", "magenta")


def tree(found: Lineage) -> Iterator[Row]:
    """Yield the tree; on a terminal each row is cut to fit, because the tree's shape is what it says."""
    most = width() if on_terminal() else None
    for line in found.tree().split("\n"):
        yield plain(cut(line, most) if most else line)
