"""`promptlib graph`: which prompts have to do with which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.cli.asking import asked, moment
from promptlib.cli.options import At, Json
from promptlib.cli.pictures import Html, Mermaid, check_one, write_page
from promptlib.cli.terminal import aligned, lines, paged, plain, print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.cli.terminal import Row
    from promptlib.lineage import Edge, Graph, Node

USES = ("includes", "step", "floating_step")
_LINE = ("parent", "renamed_from", "merged_from")


def graph(*, mermaid: Mermaid = False, html: Html = None, at: At = "", json: Json = False) -> None:
    """Show which prompts include, run or derive from which; as a flowchart, data or page, every version of all."""
    check_one(mermaid=mermaid, json=json, html=html)
    with asked(at) as store:
        found = store.graph()
        if json:
            print_json("graph", found.to_dict() | moment(store))
        elif html:
            write_page(html, found.html())
        else:
            paged(lines(found.mermaid()) if mermaid else list(rows(found)))


def rows(found: Graph) -> Iterator[Row]:
    """Yield a row for each prompt that stands here, with what its newest version includes and its line derives from."""
    uses: dict[str, dict[str, None]] = {}
    for edge in found.edges:
        if edge.kind not in _LINE and (edge.kind not in USES or edge.source.current):
            uses.setdefault(edge.source.name, {})[_told(edge)] = None
    current = sorted((node for node in found.nodes if node.current), key=lambda node: node.name)
    if not current:
        yield plain("no prompt has a version here")
    yield from aligned([_row(node, uses.get(node.name, {})) for node in current])


def _told(edge: Edge) -> str:
    return f"{edge.kind.replace('_', ' ')} {edge.target}"


def _row(node: Node, uses: dict[str, None]) -> Row:
    number = f"v{node.number}" if node.number is not None else "v?"
    return (
        (node.name, "bold"),
        (number, "bold yellow"),
        (node.short, "cyan"),
        (", ".join(node.labels), "bold green"),
        ("; ".join(uses), ""),
    )
