"""`promptlib lineage`: where a version came from, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.cli.asking import asked, moment
from promptlib.cli.options import At, Json, Ref
from promptlib.cli.pictures import Html, Mermaid, check_one, write_page
from promptlib.cli.terminal import cut, lines, on_terminal, paged, plain, print_json, width

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.cli.terminal import Row
    from promptlib.lineage import Lineage


def lineage(ref: Ref, *, mermaid: Mermaid = False, html: Html = None, at: At = "", json: Json = False) -> None:
    """Show where a version came from and what came of it: parents, renames, derivations, includes."""
    check_one(mermaid=mermaid, json=json, html=html)
    with asked(at) as store:
        found = store.lineage(ref)
        if json:
            print_json("lineage", found.to_dict() | moment(store))
        elif html:
            write_page(html, found.html())
        else:
            paged(lines(found.mermaid()) if mermaid else tree(found))


def tree(found: Lineage) -> Iterator[Row]:
    """Yield the tree; on a terminal each row is cut to fit, because the tree's shape is what it says."""
    most = width() if on_terminal() else None
    for line in found.tree().split("\n"):
        yield plain(cut(line, most) if most else line)
