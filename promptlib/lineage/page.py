"""A graph as one page that needs no other file: it can be moved, searched, and asked what each version changed.

Every text is data: it lies in a block of JSON, the script writes it as text, and nothing else may run or be loaded.
"""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html import escape
from importlib.resources import files
from itertools import dropwhile
from typing import TYPE_CHECKING

from promptlib.columns import safe
from promptlib.lineage.layout import placed
from promptlib.lineage.nodes import KINDS, LINE, SPOKEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from promptlib.diff import PromptDiff
    from promptlib.lineage.graph import Compare
    from promptlib.lineage.nodes import Edge, Node

    #: Pieces of a line, each with how it looks: an empty text, or `add`, `del`, `dim`, `head`, `bad`.
    Spans = list[tuple[str, str]]

#: Of one difference, so many lines are in the page.
MOST_LINES = 400
#: A page holds no more of them than so many characters.
MOST_CHARACTERS = 8_000_000
#: The longest of one line.
WIDEST = 2_000
_SIGNS = {"added": "+", "removed": "-", "changed": "~"}
_STYLES = {"+": "add", "-": "del", "added": "add", "removed": "del"}


def page(
    nodes: Sequence[Node], edges: Iterable[Edge], compare: Compare, *, node: Node | None = None, diffs: int
) -> str:
    """Return the page of *nodes* and *edges*, with *node* marked; *compare* makes the differences of *diffs* nodes."""
    template = files("promptlib.lineage") / "template"
    html, style, script = (
        (template / name).read_text(encoding="utf-8") for name in ("page.html", "page.css", "page.js")
    )
    parts = {
        "TITLE": escape(safe(str(node) if node else f"{len(nodes)} versions")),
        "STYLE": style,
        "SCRIPT": script,
        "STYLE-HASH": hashed(style),
        "SCRIPT-HASH": hashed(script),
        "DATA": as_data(_content(list(nodes), list(edges), compare, node, diffs)),
    }
    before, *rest = html.split("@@")
    return before + "".join(parts[part] if at % 2 == 0 else part for at, part in enumerate(rest))


def framed(html: str) -> str:
    """Return *html* in a frame that may run its own script and reach nothing else."""
    return (
        '<iframe title="Lineage" sandbox="allow-scripts" width="100%" height="520" '
        f'style="border: 1px solid #8886; border-radius: 6px" srcdoc="{escape(html)}"></iframe>'
    )


def hashed(text: str) -> str:
    """Return the hash by which a policy of a page lets *text*, a script or style, pass."""
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode()


def as_data(content: object) -> str:
    """Return *content* as JSON in which no character can end the block that holds it."""
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _content(
    nodes: list[Node], edges: list[Edge], compare: Compare, node: Node | None, diffs: int
) -> dict[str, object]:
    places = {each: at for at, each in enumerate(nodes)}
    marked = places[node] if node is not None else None
    pairs = [(places[edge.source], places[edge.target]) for edge in edges]
    placing = placed(nodes, pairs, marked or 0)
    return {
        "title": safe(f"Lineage of {node}" if node else "Lineage of all prompts"),
        "marked": marked,
        "kinds": [SPOKEN[kind] for kind in KINDS],
        "lanes": [(safe(name) or "?", row, count) for name, row, count in placing.lanes],
        "spots": placing.spots,
        "nodes": [_told(each) for each in nodes],
        "edges": [(KINDS.index(edge.kind), *pair) for edge, pair in zip(edges, pairs, strict=True)],
        "diffs": _differences(nodes, edges, places, compare, diffs),
    }


def _told(node: Node) -> dict[str, object]:
    return {
        "text": safe(str(node)),
        "short": "run" if node.run else "?" if node.missing else "v?" if node.number is None else f"v{node.number}",
        "ref": safe(node.ref),
        "digest": node.digest,
        "commit": node.commit,
        "author": safe(node.author),
        "time": node.time.isoformat(" ", "minutes") if node.time else "",
        "message": _lines(node.message),
        "labels": list(map(safe, node.labels)),
        "current": node.current,
        "missing": node.missing,
        "run": safe(node.run),
        "trust": node.trust,
        "vouched": safe(node.vouched),
    }


def _lines(text: str) -> list[str]:
    return [safe(line) for line in text.strip().split("\n")]


def _differences(
    nodes: list[Node], edges: Iterable[Edge], places: dict[Node, int], compare: Compare, most: int
) -> dict[int, object]:
    """Return, of the first *most* nodes that have one, the difference to what they follow from."""
    origins: dict[Node, Node] = {}
    for edge in sorted(edges, key=lambda edge: KINDS.index(edge.kind)):
        if edge.kind in LINE or edge.kind == "derived_from":
            origins.setdefault(edge.source, edge.target)
    told: dict[int, object] = {}
    room = MOST_CHARACTERS
    for node in nodes:
        if len(told) >= most or room <= 0:
            break
        origin = origins.get(node)
        if node.missing or node.run or (origin and origin.missing):
            continue
        difference = compare(origin, node)
        if difference is not None:
            lines = list(_rows(difference))
            room -= sum(len(text) for line in lines for _, text in line)
            told[places[node]] = {"to": None if origin is None else places[origin], "lines": lines}
    return told


def _rows(difference: PromptDiff) -> Iterator[Spans]:
    """Yield the lines of a difference, no more than a reader takes in."""
    for at, line in enumerate(dropwhile(lambda line: not line, _all_rows(difference))):
        if at >= MOST_LINES:
            yield [("dim", "… more than is shown here")]
            return
        yield [(style, text if len(text) <= WIDEST else text[:WIDEST] + "…") for style, text in line]


def _all_rows(difference: PromptDiff) -> Iterator[Spans]:
    from promptlib.diff import word_lines  # noqa: PLC0415 - walks compare nothing

    rest = replace(difference, messages=tuple(row for row in difference.messages if row.change == "same"))
    for line in rest.text(96).split("\n")[1:]:  # who is compared stands above
        if line == "no difference" and difference:
            continue
        style = _STYLES.get(line[2:3], "") if line.startswith("  ") else "head"
        yield [("bad" if line.startswith("BREAKING") else style, safe(line))] if line else []
    for row in difference.messages:
        if row.change == "same":
            continue
        sign = _SIGNS[row.change]
        yield []
        yield [("head", f"{sign} {safe(row.title)}"), ("dim", f": {safe(row.summary)}")]
        for words in word_lines(row.words):
            if words.skipped:
                yield [("dim", f"… {words.skipped} unchanged line{'s' if words.skipped > 1 else ''}")]
            yield [
                (_STYLES.get(word.edit, ""), safe(word.text.replace("\n", "⏎") if word.edit != "same" else word.text))
                for word in words.words
            ] or [("", "")]
