"""Where each version stands in a picture: a lane for each name, and further to the right what came later."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from promptlib.lineage.nodes import Node

    #: The places of an edge's source and target among the nodes.
    Pair = tuple[int, int]


class Placing(NamedTuple):
    """The lanes from top to bottom with their rows, and each node's column and row."""

    lanes: list[tuple[str, int, int]]
    spots: list[tuple[int, int]]


def placed(nodes: Sequence[Node], pairs: Sequence[Pair], first: int = 0) -> Placing:
    """Return places in which no two nodes meet, and each edge leads from its target on the left to the right.

    The lane of node *first* is the topmost, and the lanes of what it has to do with come next.
    """
    columns = _columns(len(nodes), pairs)
    lanes: dict[str, list[int]] = {}
    for name in _order([node.name for node in nodes], pairs, first):
        lanes[name] = []
    for at in sorted(range(len(nodes)), key=lambda at: (columns[at], at)):
        lanes[nodes[at].name].append(at)
    before: dict[int, list[int]] = {}
    for source, target in pairs:
        before.setdefault(source, []).append(target)
    spots = [(0, 0)] * len(nodes)
    told, row = [], 0
    for name, members in lanes.items():
        rows = _rows(members, columns, before)
        for at, own in rows.items():
            spots[at] = (columns[at], row + own)
        count = max(rows.values(), default=0) + 1
        told.append((name, row, count))
        row += count
    return Placing(told, spots)


def _columns(count: int, pairs: Sequence[Pair]) -> list[int]:
    """Return for each node the length of the longest way back; what damaged data turns in circles stays at 0."""
    waiting = [0] * count
    after: dict[int, list[int]] = {}
    for source, target in pairs:
        waiting[source] += 1
        after.setdefault(target, []).append(source)
    columns = [0] * count
    ready = deque(at for at in range(count) if not waiting[at])
    while ready:
        at = ready.popleft()
        for source in after.get(at, ()):
            columns[source] = max(columns[source], columns[at] + 1)
            waiting[source] -= 1
            if not waiting[source]:
                ready.append(source)
    return columns


def _order(names: Sequence[str], pairs: Sequence[Pair], first: int) -> list[str]:
    """Return the names so that those that have to do with each other stand together."""
    near: dict[str, set[str]] = {}
    for source, target in pairs:
        one, other = names[source], names[target]
        if one != other:
            near.setdefault(one, set()).add(other)
            near.setdefault(other, set()).add(one)
    ordered: dict[str, None] = {}
    starts = [names[first], *sorted(set(names))] if names else []
    for start in starts:
        ahead = [start]
        while ahead:
            name = ahead.pop()
            if name not in ordered:
                ordered[name] = None
                ahead += sorted(near.get(name, ()) - ordered.keys(), reverse=True)
    return list(ordered)


def _rows(members: Iterable[int], columns: Sequence[int], before: Mapping[int, list[int]]) -> dict[int, int]:
    """Return the row of each node in its lane: that of what it follows from, or the first one that is free."""
    rows: dict[int, int] = {}
    taken: set[tuple[int, int]] = set()
    for at in members:
        row = next((rows[target] for target in before.get(at, ()) if target in rows), 0)
        if (columns[at], row) in taken:
            row = next(row for row in range(len(taken) + 1) if (columns[at], row) not in taken)
        rows[at] = row
        taken.add((columns[at], row))
    return rows
