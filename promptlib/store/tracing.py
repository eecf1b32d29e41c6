"""The lineage of what a store holds: every version of the index as a node, with what its file pins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.lineage import Node, Told, joined
from promptlib.refs import Pin
from promptlib.trust import FOREIGN, OWN
from promptlib.version import instant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib._index import Description, Index, Row
    from promptlib.lineage import Graph


def graph(index: Index, *, numbered: bool) -> Graph:
    """Return every version that *index* knows with its edges; *numbered* says that numbers are known."""
    return joined(_told(index, numbered=numbered))


def _told(index: Index, *, numbered: bool) -> Iterator[Told]:
    index.describe_all()
    rows = [row for row in index.everything() if row.blob]
    said = index.descriptions(row.blob for row in rows if row.blob)
    labels: dict[tuple[str, str], list[str]] = {}
    for (name, label), digest in index.labelled().items():
        if digest:  # that of a label which cannot be read is empty, like that of a version
            labels.setdefault((name, digest), []).append(label)
    for row in rows:
        about = said[row.blob or ""]
        found = tuple(labels.get((row.name, about.digest), ()))
        yield Told(
            row.id,
            _node(row, about, found, numbered=numbered),
            row.parents,
            row.came_from,
            about.renamed_from,
            Pin.parse(about.derived_from) if about.derived_from else None,
            tuple(map(Pin.parse, about.includes)),
        )


def _node(row: Row, about: Description, labels: tuple[str, ...], *, numbered: bool) -> Node:
    return Node(
        name=row.name,
        digest=about.digest,
        number=row.number if numbered else None,
        commit=row.commit,
        time=instant(row.seconds, row.zone),
        author=row.author,
        message=row.message.rstrip("\n"),
        labels=labels,
        trust=FOREIGN if about.trust else OWN,
        vouched=about.vouched,
    )
