"""A lineage as text: a tree for terminals, a Mermaid flowchart, plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.lineage.graph import Edge, Lineage, Node

WIDEST_MESSAGE = 60
_SPOKEN = {
    "parent": "parent",
    "renamed_from": "renamed from",
    "merged_from": "merged from",
    "derived_from": "derived from",
    "includes": "includes",
}
_ARROWS = {"derived_from": "-.->", "includes": "==>"}
_PLAIN = frozenset(" _./-,:()")


def tree(lineage: Lineage) -> str:
    """Return the rows of `Lineage.tree`."""
    rows = list(_origins(lineage))
    users = [edge for node in (lineage.node, *lineage.descendants()) for edge in lineage.graph.forth(node)]
    if users:
        rows.append("came of it:")
        rows += [f"  {title(edge.source)}  {_SPOKEN[edge.kind]} {edge.target}" for edge in users]
    return "\n".join(rows)


def _origins(lineage: Lineage) -> Iterator[str]:
    """Yield a column of first parents, and below each row, set in, the columns of its other origins."""
    shown: set[Node] = set()
    ahead: list[tuple[str, str, Node]] = [("", "", lineage.node)]
    while ahead:
        indent, how, node = ahead.pop()
        again = node in shown
        shown.add(node)
        yield f"{indent}{how}{node}, shown above" if again else f"{indent}{how}{title(node)}"
        if again:
            continue
        column, others = _split(lineage.graph.back(node))
        if column:
            word = f"{_SPOKEN[column.kind]} " if column.kind == "renamed_from" else ""
            ahead.append((indent, word, column.target))
        inner = indent + ("│  " if column else "   ")
        ahead += [(inner, f"{_SPOKEN[edge.kind]} ", edge.target) for edge in reversed(others)]


def _split(edges: list[Edge]) -> tuple[Edge | None, list[Edge]]:
    column = next((edge for edge in edges if edge.kind in {"parent", "renamed_from"}), None)
    return column, [edge for edge in edges if edge is not column]


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


def mermaid(lineage: Lineage) -> str:
    """Return the rows of `Lineage.mermaid`."""
    ids = _ids(lineage)
    rows = ["flowchart BT"]
    for node, key in ids.items():
        text = [str(node), *([f"[{', '.join(node.labels)}]"] if node.labels else []), shown_message(node)]
        rows.append(f'    {key}["{"<br/>".join(_escaped(part) for part in text if part)}"]')
    for edge in lineage.edges:
        arrow = _ARROWS.get(edge.kind, "-->")
        word = "" if edge.kind == "parent" else f"|{_SPOKEN[edge.kind]}|"
        rows.append(f"    {ids[edge.source]} {arrow}{word} {ids[edge.target]}")
    rows.append(f"    style {ids[lineage.node]} stroke-width:3px")
    return "\n".join(rows)


def _escaped(text: str) -> str:
    """Write everything but letters, digits and a few signs as character codes, which Mermaid shows and never reads."""
    return "".join(char if char.isalnum() or char in _PLAIN else f"#{ord(char)};" for char in text)


def to_dict(lineage: Lineage) -> dict[str, object]:
    """Return the data of `Lineage.to_dict`."""
    ids = _ids(lineage)
    return {
        "node": ids[lineage.node],
        "nodes": [{"id": key, **_fields(node)} for node, key in ids.items()],
        "edges": [
            {"kind": edge.kind, "source": ids[edge.source], "target": ids[edge.target]} for edge in lineage.edges
        ],
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
        "missing": node.missing,
        "trust": node.trust,
        "vouched": node.vouched or None,
    }


def _ids(lineage: Lineage) -> dict[Node, str]:
    return {node: f"n{at}" for at, node in enumerate(lineage.nodes)}
