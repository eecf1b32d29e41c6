"""Runs beside the versions that ran: what a lineage goes on to, once a version has left the store."""

from __future__ import annotations

from collections import ChainMap
from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING

from promptlib.lineage import KINDS, Graph, Lineage, Node, Web
from promptlib.lineage.web import BITS
from promptlib.refs import split_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from promptlib.diff import PromptDiff
    from promptlib.lineage import Which
    from promptlib.runs import Run
    from promptlib.store.tracing import Traced

#: No version of an index has such a number: runs come after all of them.
BEYOND = 1 << 48
_PRODUCED = KINDS.index("produced")


def lineage(key: int, traced: Traced, runs: Sequence[Run]) -> Lineage:
    """Return the lineage of the version with number *key*; what came of it are *runs* of it, too."""
    return Lineage(key, _WithRuns(traced, runs))


def graph(traced: Traced, runs: Sequence[Run]) -> Graph:
    """Return every version, and *runs*; what ran and is not here is a node that is missing."""
    return Graph.of_web(_joined(traced.everything(), runs, whole=True), traced.compare)


def within(store: str, runs: Iterable[Run]) -> Iterator[Run]:
    """Yield the *runs* of prompts of another *store*, called as they are in it."""
    for run in runs:
        there, name = split_store(run.name)
        if there == store:
            yield replace(run, name=name)


@dataclass(frozen=True, slots=True)
class _WithRuns:
    """A lineage's source that knows of runs as well: they come of versions, and nothing comes of them."""

    traced: Traced
    runs: Sequence[Run]

    def key(self, which: Which) -> int:
        return self.traced.key(which)

    def node(self, key: int) -> Node:
        return self.traced.node(key)

    def alike(self, key: int) -> Sequence[int]:
        return self.traced.alike(key)

    def before(self, keys: Sequence[int], *, origins: bool = False) -> Web:
        return self.traced.before(keys, origins=origins)

    def after(self, keys: Sequence[int]) -> Web:
        return _joined(self.traced.after(keys), self.runs)

    def using(self, keys: Sequence[int]) -> Web:
        return self.traced.using(keys)

    def compare(self, before: Node | None, after: Node) -> PromptDiff | None:
        return self.traced.compare(before, after)


def _joined(web: Web, runs: Sequence[Run], *, whole: bool = False) -> Web:
    """Return *web* with the *runs* of its versions; in the *whole* graph with those of unknown ones too."""
    held: dict[tuple[str, str], list[int]] = {}
    for key in web.back:
        node = web.nodes[key]
        held.setdefault((node.name, node.digest), []).append(key)
    nodes: dict[int, Node] = {}
    back: dict[int, Sequence[int]] = dict(web.back)
    for at, run in enumerate(runs):
        targets = held.get((run.name, run.digest))
        if targets is None:
            if not whole:
                continue
            gone = BEYOND + 2 * at
            nodes[gone], back[gone] = Node(run.name, run.digest, missing=True), ()
            targets = held[run.name, run.digest] = [gone]
        ran = BEYOND + 2 * at + 1
        nodes[ran], back[ran] = _node(run), (_target(run, targets, web, nodes) << BITS | _PRODUCED,)
    return Web(ChainMap(nodes, web.nodes), back)  # type: ignore[arg-type] # nobody writes into it


def _target(run: Run, targets: list[int], web: Web, nodes: dict[int, Node]) -> int:
    """Return the version with the number that was logged; where that has moved, the newest with the content."""
    numbered = (key for key in targets if key not in nodes and web.nodes[key].number == run.number)
    return next(numbered, targets[-1])


def _node(run: Run) -> Node:
    return Node(
        run.name,
        run.digest,
        number=run.number,
        commit=run.commit,
        time=run.time,
        message=f"{run.time.astimezone(UTC):%Y-%m-%d %H:%M}Z {run.model}".rstrip(),
        labels=(run.label,) if run.label else (),
        run="".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in run.id),
    )
