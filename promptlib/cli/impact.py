"""`promptlib impact`: whom a change of a prompt touches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from promptlib.cli.asking import asked, moment
from promptlib.cli.exits import DIFFERENT
from promptlib.cli.options import At, Json, Ref
from promptlib.cli.terminal import aligned, cut, on_terminal, paged, plain, print_json, width
from promptlib.columns import wide

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promptlib.cli.terminal import Row
    from promptlib.lineage import Impact


_WORDS: dict[str, str] = {
    "includes": "includes",
    "derived_from": "derives from",
    "step": "step",
    "floating_step": "floating step",
}


def impact(
    ref: Ref,
    *,
    every: Annotated[bool, typer.Option("--all", help="Also versions that are no longer in use.")] = False,
    at: At = "",
    json: Json = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 when a version in use is touched.")
    ] = False,
) -> None:
    """Show who includes or derives from a prompt, or runs it as a step, at which versions and labels.

    Who does so through others is among them. A bare name means any version of it. In use is what stands under its
    name now, and what a label carries.
    """
    with asked(at) as store:
        found = store.impact(ref)
        then = moment(store)
    if json:
        shown = [each.to_dict() for each in found if every or each.current]
        older = sum(not each.current for each in found)
        print_json("impact", {"ref": ref, "impact": shown, "older": older} | then)
    else:
        paged(list(rows(ref, found, every=every)))
    if exit_code and any(each.current for each in found):
        raise typer.Exit(DIFFERENT)


def rows(ref: str, found: Sequence[Impact], *, every: bool) -> Iterator[Row]:
    """Yield a row for each version that is touched, the nearest first, then how many are not shown.

    On a terminal each takes one line, a long path is cut.
    """
    if not found:
        yield plain(f"nothing includes, runs or derives from {ref}")
        return
    shown = [each for each in found if every or each.current]
    most = width() if on_terminal() else None
    for row in aligned([_row(each, short=most is not None) for each in shown]):
        yield _fitted(row, most) if most else row
    older = len(found) - len(shown)
    if older:
        yield plain(f"and {older} version{'s' if older > 1 else ''} no longer in use: --all shows them", "dim")


def _fitted(row: Row, most: int) -> Row:
    """Return *row* with its last column cut: a table whose rows are broken is none."""
    *before, (text, style) = row
    return (*before, (cut(text, max(20, most - sum(wide(part) for part, _ in before))), style))


def _way(each: Impact) -> str:
    """Return the path in few words: what it uses itself, and then the names that lead to what was asked about."""
    uses = [edge for edge in reversed(each.path) if edge.kind in _WORDS]
    word = _WORDS[uses[0].kind]
    names = [f"{edge.target.name} v{edge.target.number or '?'}" for edge in uses]
    return f"{word} {' ← '.join(names)}"


def _row(each: Impact, *, short: bool) -> Row:
    marks = ", ".join([*each.labels, *(["newest"] if each.newest else [])])
    return (
        (each.name, "bold"),
        (each.version or "v?", "bold yellow"),
        (each.node.short, "cyan"),
        (marks, "bold green"),
        (_way(each) if short else each.why, ""),
    )
