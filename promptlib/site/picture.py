"""The lineage of a prompt as a picture whose versions are links; it needs no script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.lineage import KINDS
from promptlib.lineage.layout import placed
from promptlib.lineage.nodes import SPOKEN
from promptlib.site.markup import cut, line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from promptlib.lineage import Edge, Node
    from promptlib.site.gathering import Leaf

COLUMN, ROW, WIDTH, HEIGHT, LEFT, HEAD = 76, 58, 44, 24, 36, 20
_LONGEST_LABEL = 11


def picture(leaf: Leaf, link: Callable[[str, int | None], str]) -> Iterator[str]:
    """Yield the picture of *leaf*; *link* returns the address of a version's place, or nothing where no page has it."""
    if len(leaf.nodes) < 2:  # noqa: PLR2004 - one version alone is no picture
        yield '<p class="soft">One version, and no other prompt here has to do with it.</p>'
        return
    nodes, places = leaf.nodes, {node: at for at, node in enumerate(leaf.nodes)}
    pairs = [(places[edge.source], places[edge.target]) for edge in leaf.edges]
    first = next((at for at, node in enumerate(nodes) if node.name == leaf.name and node.current), 0)
    placing = placed(nodes, pairs, first)
    width = LEFT * 2 + COLUMN * max(column for column, _ in placing.spots)
    height = ROW * max(row + count for _, row, count in placing.lanes)
    yield (
        f'<div class="lineage" tabindex="0" role="group" aria-label="Lineage, older versions to the left">'
        f'<svg width="{width}" height="{height}">'
    )
    for at, (name, row, count) in enumerate(placing.lanes):
        shade = "lane" if at % 2 else "lane odd"
        yield f'<rect class="{shade}" x="0" y="{row * ROW}" width="100%" height="{count * ROW}"/>'
        yield f'<text class="name" x="8" y="{row * ROW + 14}">{line(name or "?")}</text>'
    spots = [(LEFT + column * COLUMN, row * ROW + HEAD + HEIGHT // 2) for column, row in placing.spots]
    for edge, (source, target) in zip(leaf.edges, pairs, strict=True):
        yield _edge(edge, spots[source], spots[target])
    for node, spot in zip(nodes, spots, strict=True):
        yield _node(node, spot, link(node.name, node.number), own=node.name == leaf.name)
    yield "</svg></div>"
    yield from _legend(leaf)


def _edge(edge: Edge, source: tuple[int, int], target: tuple[int, int]) -> str:
    start, end = target[0] + WIDTH // 2, source[0] - WIDTH // 2
    bend = max(16, (end - start) // 2)
    return (
        f'<path class="k{KINDS.index(edge.kind)}" d="M{start} {target[1]}C{start + bend} {target[1]} '
        f'{end - bend} {source[1]} {end} {source[1]}"/>'
    )


def _node(node: Node, spot: tuple[int, int], address: str, *, own: bool) -> str:
    x, y = spot
    short = "?" if node.missing or node.number is None else f"v{node.number}"
    sort = " ".join(
        filter(
            None, ["node", "own" if own else "", "current" if node.current else "", "missing" if node.missing else ""]
        )
    )
    # What was said of another prompt is told on its own page, where the site tells it.
    first = node.message.strip().partition("\n")[0] if own else ""
    title = line(f"{node}{': ' if first else ''}{cut(first, 120)}")
    label = ""
    if node.labels:
        told = node.labels[0] if len(node.labels) == 1 else f"{node.labels[0]} +{len(node.labels) - 1}"
        label = f'<text class="label" x="{x}" y="{y + 23}">{line(cut(told, _LONGEST_LABEL))}</text>'
    shape = (
        f"<title>{title}</title>"
        f'<rect x="{x - WIDTH // 2}" y="{y - HEIGHT // 2}" width="{WIDTH}" height="{HEIGHT}" rx="12"/>'
        f'<text x="{x}" y="{y + 4}">{line(short)}</text>{label}'
    )
    if not address:
        return f'<g class="{sort}">{shape}</g>'
    return f'<a class="{sort}" href="{address}" aria-label="{title}">{shape}</a>'


def _legend(leaf: Leaf) -> Iterator[str]:
    used = {edge.kind for edge in leaf.edges}
    keys = "".join(
        f'<span><svg viewBox="0 0 26 10" aria-hidden="true"><path class="k{at}" d="M0 5H26"/></svg>'
        f"{SPOKEN[kind]}</span>"
        for at, kind in enumerate(KINDS)
        if kind in used
    )
    if keys:
        yield f'<p class="legend" aria-hidden="true">{keys}</p>'
