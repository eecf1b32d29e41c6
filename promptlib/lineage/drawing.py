"""A graph as text: a tree for terminals, a Mermaid flowchart, plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.flowchart import escaped
from promptlib.lineage.nodes import KINDS, SPOKEN
from promptlib.lineage.web import BITS, KIND

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from promptlib.lineage.nodes import Edge, Kind, Node
    from promptlib.lineage.web import Web

WIDEST_MESSAGE = 60
#: So many differences are in a page, and in the picture of a notebook.
MOST_DIFFS, FEW_DIFFS = 1_000, 50
_ARROWS: dict[Kind, str] = {
    "derived_from": "-.->",
    "includes": "==>",
    "produced": "-.->",
    "step": "==>",
    "floating_step": "-.->",
}
_COLUMN = frozenset({KINDS.index("parent"), KINDS.index("renamed_from")})


def tree(start: int, before: Web, after: Web) -> str:
    """Return the rows of `Lineage.tree`."""
    rows = list(_origins(start, before))
    users = [edge for key in after.after([start]) for edge in after.edges_forth(key)]
    if users:
        rows.append("came of it:")
        rows += [f"  {title(edge.source)}  {SPOKEN[edge.kind]} {edge.target}" for edge in users]
    return "\n".join(rows)


def _origins(start: int, web: Web) -> Iterator[str]:
    """Yield a column of first parents, and below each row, set in, the columns of its other origins."""
    shown: set[int] = set()
    ahead: list[tuple[str, str, int]] = [("", "", start)]
    while ahead:
        indent, how, key = ahead.pop()
        again = key in shown
        shown.add(key)
        node = web.nodes[key]
        yield f"{indent}{how}{node}, shown above" if again else f"{indent}{how}{title(node)}"
        if again:
            continue
        column, others = _split([(arc & KIND, arc >> BITS) for arc in web.back[key] if arc >> BITS in web.back])
        if column:
            word = f"{SPOKEN['renamed_from']} " if KINDS[column[0]] == "renamed_from" else ""
            ahead.append((indent, word, column[1]))
        inner = indent + ("│  " if column else "   ")
        ahead += [(inner, f"{SPOKEN[KINDS[kind]]} ", target) for kind, target in reversed(others)]


def _split(arcs: list[tuple[int, int]]) -> tuple[tuple[int, int] | None, list[tuple[int, int]]]:
    column = next((arc for arc in arcs if arc[0] in _COLUMN), None)
    return column, [arc for arc in arcs if arc is not column]


def title(node: Node) -> str:
    """Return a node in one line: name, number, digest, labels and the first line of the message."""
    labels = f" [{', '.join(node.labels)}]" if node.labels else ""
    message = shown_message(node)
    return f"{node}{labels}{f'  {message}' if message else ''}"


def shown_message(node: Node) -> str:
    """Return the first line of the message, short, without characters that a terminal would obey."""
    line = next(iter(node.message.strip().splitlines()), "")
    plain = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)
    return plain if len(plain) <= WIDEST_MESSAGE else plain[: WIDEST_MESSAGE - 1] + "…"


def mermaid(nodes: Sequence[Node], edges: Iterable[Edge], marked: Node | None = None) -> str:
    """Return a flowchart of *edges*, one of its nodes *marked*."""
    ids = _ids(nodes)
    rows = ["flowchart BT"]
    for node, key in ids.items():
        text = [str(node), *([f"[{', '.join(node.labels)}]"] if node.labels else []), shown_message(node)]
        rows.append(f'    {key}["{"<br/>".join(escaped(part) for part in text if part)}"]')
    for edge in edges:
        arrow = _ARROWS.get(edge.kind, "-->")
        word = "" if edge.kind == "parent" else f"|{SPOKEN[edge.kind]}|"
        rows.append(f"    {ids[edge.source]} {arrow}{word} {ids[edge.target]}")
    if marked is not None:
        rows.append(f"    style {ids[marked]} stroke-width:3px")
    return "\n".join(rows)


def to_dict(nodes: Sequence[Node], edges: Iterable[Edge], node: Node | None = None) -> dict[str, object]:
    """Return *nodes* and *edges* as data, and which of them *node* is."""
    ids = _ids(nodes)
    told: dict[str, object] = {"node": ids[node]} if node is not None else {}
    return told | {
        "nodes": [{"id": key, **_fields(each)} for each, key in ids.items()],
        "edges": [{"kind": edge.kind, "source": ids[edge.source], "target": ids[edge.target]} for edge in edges],
    }


def _fields(node: Node) -> dict[str, object]:
    number = f"@v{node.number}" if node.number is not None else ""
    return {
        "ref": f"{node.name}{number}#{node.digest.removeprefix('sha256:')}",
        "name": node.name,
        "number": node.number,
        "digest": node.digest,
        "commit": node.commit,
        "time": node.time.isoformat() if node.time else None,
        "author": node.author,
        "message": node.message,
        "labels": list(node.labels),
        "current": node.current,
        "missing": node.missing,
        "trust": node.trust,
        "vouched": node.vouched or None,
        "run": node.run or None,
    }


def _ids(nodes: Sequence[Node]) -> dict[Node, str]:
    return {node: f"n{at}" for at, node in enumerate(nodes)}
