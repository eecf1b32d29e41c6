"""The lineage of what a store holds, walked through the index; a file that cannot be read hides no other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from promptlib._index import fields_of, walking
from promptlib.errors import NotFound, PromptLibError, raise_if_passing
from promptlib.lineage import KINDS, Fields, Graph, Lineage, Node, Told, Web, impacts, web_of
from promptlib.lineage.web import BITS, KIND
from promptlib.refs import Pin, Ref
from promptlib.store.remembering import content_of
from promptlib.trust import FOREIGN, OWN
from promptlib.version import Version, instant

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from promptlib._index import Index, Row
    from promptlib.diff import PromptDiff
    from promptlib.lineage import Impact, Which
    from promptlib.runs import Run
    from promptlib.store.past import History

FLOATING = KINDS.index("floating_step")
#: So many earlier answers are remembered while the tip stays, and so many versions in them.
MOST_ANSWERS, MOST_WALKED, MOST_EVENTS = 256, 16_384, 4_096


def lineage(history: History, ref: Ref, runs: Iterable[Run] = ()) -> Lineage:
    """Return the lineage of the version that *ref* (without label) names, with *runs* of what came of it.

    Raises what `History.version` does.
    """
    traced = Traced(history)
    key = traced.event(ref)
    if not (ran := tuple(runs)):
        return Lineage(key, traced)
    from promptlib.store import produced  # noqa: PLC0415 - few lineages are asked for with runs

    return produced.lineage(key, traced, ran)


def impact(history: History, ref: Ref) -> tuple[Impact, ...]:
    """Return what uses the content that *ref* (without label) names, or any version of a bare name."""
    traced = Traced(history)
    bare = ref == Ref(ref.name)
    if bare and (keys := [row.id for row in history.index.versions(ref.name)]):
        return impacts(traced.using(keys), keys)
    return impacts(*traced.touched(traced.event(ref)))


def graph(history: History, runs: Iterable[Run] = ()) -> Graph:
    """Return every version with its edges, and *runs* of them."""
    traced = Traced(history)
    if not (ran := tuple(runs)):
        return Graph.of_web(traced.everything(), traced.compare)
    from promptlib.store import produced  # noqa: PLC0415 - few graphs are asked for with runs

    return produced.graph(traced, ran)


class Traced:
    """Asks the index what is around a version, at the tip at which the lineage was asked for.

    Where a file cannot be read, nobody knows what it pins: then everything is looked through, and it has no edges. So
    everything is at an earlier time: who leads where is joined at the tip alone.
    """

    def __init__(self, history: History) -> None:
        """Answer for the tip that *history* stands at."""
        self._history = history
        self._tip = history.moved_to
        self._numbers = history.numbered
        self._looked_through: Web | None = None
        self._with_steps: Web | None = None

    def event(self, ref: Ref, commit: str = "") -> int:
        """Return the index's id of the version that *ref* (without label) names, or that *commit* made of its name.

        Asked while the history stands at this tip, and remembered while it stays; raises `NotFound` or `NumberMoved`.
        """
        history = self._history
        asked = self._tip, self._numbers, ref, commit
        known = history.events.get(asked)
        if known is None:
            made = [row for row in history.index.versions(ref.name) if row.commit == commit] if commit else []
            known = (made or [history.row(ref)])[-1].id
            if len(history.events) >= MOST_EVENTS:
                history.events.clear()
            history.events[asked] = known
        return known

    def key(self, which: Which) -> int:
        """Return the id of a version; raises `NotFound`."""
        with _AsOf(self._history, self._tip) as index:
            if isinstance(which, Node | Version):
                ref = Ref(which.name, prefix=which.digest.removeprefix("sha256:"))
                return self.event(ref, which.commit)
            ref = Ref.parse(which)
            return self.event(_without_label(index, ref) if ref.label else ref)

    def node(self, key: int) -> Node:
        """Return a version."""
        return self._web(lambda connection: walking.alone(connection, key), "node", key).nodes[key]

    def alike(self, key: int) -> Sequence[int]:
        """Return a version, and the newest one of its name with the same content: to that one pins lead."""
        with _AsOf(self._history, self._tip) as index:
            found = index.walk(lambda connection: walking.alike(connection, key))
        if found is not None:
            return found[0]
        nodes = self._unjoined().nodes
        wanted = nodes[key].name, nodes[key].digest
        return [at for at, node in nodes.items() if (node.name, node.digest) == wanted]

    def before(self, keys: Sequence[int], *, origins: bool = False) -> Web:
        """Return all that *keys* came from and, unless only *origins* are wanted, include."""
        web = self._web(
            lambda connection: walking.before(connection, keys, origins=origins),
            "origins" if origins else "before",
            *keys,
        )
        return web if origins else self._followed(web)

    def after(self, keys: Sequence[int]) -> Web:
        """Return all that came of *keys* or includes them."""
        return self._followed(self._web(lambda connection: walking.after(connection, keys), "after", *keys))

    def using(self, keys: Sequence[int]) -> Web:
        """Return all that includes or derives from *keys*, transitively."""
        return self._followed(self._web(lambda connection: walking.using(connection, keys), "using", *keys))

    def touched(self, key: int) -> tuple[Web, Sequence[int]]:
        """Return in one question what `using` and `alike` do."""
        web = self._web(lambda connection: walking.using(connection, walking.alike(connection, key)), "touched", key)
        return self._followed(web), web.starts or self.alike(key)

    def everything(self) -> Web:
        """Return every version."""
        web = self._web(walking.everything, "everything")
        if not (found := self._floating()):
            return web
        if self._with_steps is None:
            self._with_steps = self._with_floating(web, found)
        return self._with_steps

    def _followed(self, web: Web) -> Web:
        """Return *web*, or everything, where a floating step leads into it or out of it: labels move without files."""
        found = self._floating()
        if not any(source in web.back or not web.back.keys().isdisjoint(ends) for source, ends in found.items()):
            return web
        return self.everything()

    def _floating(self) -> dict[int, list[int]]:
        """Return of each version of a chain the versions that its floating steps run now, as `_web` has learned it."""
        return self._history.floating.get((self._tip, self._numbers), {})

    def _learn(self, index: Index, follows: dict[int, list[str]]) -> None:
        """Remember where the labels stand that *follows* names; asked while the history stands at this tip."""
        asked = self._tip, self._numbers
        if asked in self._history.floating:
            return
        known = {
            at: [row.id for label in labels if (row := _labelled_row(index, Ref.parse(label))) is not None]
            for at, labels in follows.items()
        }
        self._history.floating.clear()
        self._history.floating[asked] = known

    @staticmethod
    def _with_floating(web: Web, found: dict[int, list[int]]) -> Web:
        if any(arc & KIND == FLOATING for arcs in web.back.values() for arc in arcs):
            return web  # it was looked through, and has them
        more = {at: [end << BITS | FLOATING for end in ends] for at, ends in found.items()}
        back = {at: [*arcs, *more[at]] if at in more else arcs for at, arcs in web.back.items()}
        return Web(web.nodes, back, texts=web.texts, starts=web.starts)

    def _web(self, question: Callable[[sqlite3.Connection], walking.Found], *asked: object) -> Web:
        """Return what *question* finds; everything, where it cannot be asked."""
        walked, key = self._history.walked, (self._tip, self._numbers, *asked)
        known = walked.get(key)
        if known is not None:
            return known
        with _AsOf(self._history, self._tip) as index:
            answer = index.walk(question)
            if answer is not None:
                self._learn(index, answer[1])
        if answer is None:
            return self._unjoined()
        found = answer[0]
        nodes = _Nodes(found, numbered=self._numbers)
        web = Web(nodes, found.back, found.forth, texts=found.told, starts=found.starts)
        if len(found.back) <= MOST_WALKED:
            if len(walked) >= MOST_ANSWERS or sum(len(each.back) for each in walked.values()) > MOST_WALKED:
                walked.clear()
            walked[key] = web
        return web

    def _unjoined(self) -> Web:
        if self._looked_through is None:
            with _AsOf(self._history, self._tip) as index:
                self._looked_through = web_of(_told(index, numbered=self._numbers))
        return self._looked_through

    def compare(self, before: Node | None, after: Node) -> PromptDiff | None:
        """Return the difference of two versions, or None where one of them cannot be read."""
        from promptlib.diff import diff  # noqa: PLC0415 - a walk compares nothing

        try:
            old = self._prompt(before) if before else None
            return diff(old, self._prompt(after))
        except PromptLibError as error:
            raise_if_passing(error)
            return None

    def _prompt(self, node: Node) -> Any:  # noqa: ANN401 - whatever its inputs are
        with _AsOf(self._history, self._tip) as index:
            rows = index.rows([self.event(Ref(node.name), node.commit)])
            return content_of(b"".join(self._history.content(row.blob or "") for row in rows.values()))


class _AsOf:
    """Has the index answer for a tip inside `with`; a generator would cost as much as a short answer does."""

    __slots__ = ("_before", "_history", "_tip")

    def __init__(self, history: History, tip: str | None) -> None:
        self._history = history
        self._tip = tip

    def __enter__(self) -> Index:
        self._before = self._history.moved_to
        self._history.stand_at(self._tip)
        return self._history.index

    def __exit__(self, *_: object) -> None:
        self._history.stand_at(self._before)


def _labelled_row(index: Index, ref: Ref) -> Row | None:
    """Return the newest version that the label of *ref* carries now."""
    digest = index.labelled(ref.name).get((ref.name, ref.label), "")
    return index.by_digest(ref.name, digest.removeprefix("sha256:")) if digest else None


def _without_label(index: Index, ref: Ref) -> Ref:
    labels = {label: digest for (_, label), digest in index.labelled(ref.name).items()}
    if not labels.get(ref.label):
        raise NotFound(
            f"no label {ref.label!r} on {ref.name}",
            hint=f"labels here: {', '.join(sorted(labels)) or 'none'}",
        )
    return Ref(ref.name, prefix=labels[ref.label].removeprefix("sha256:"))


class _Nodes(dict[int, Node]):
    """Nodes by their id, each made when it is first asked for: of a long walk, a path needs a few."""

    __slots__ = ("_found", "_read")

    def __init__(self, found: walking.Found, *, numbered: bool) -> None:
        """Make the nodes of *found*."""
        super().__init__()
        self._found = found
        self._read = _numbered if numbered else _unnumbered

    def __missing__(self, key: int) -> Node:
        told = self._found.told.get(key)
        if told is None:
            name, _, word = self._found.missing[key].partition("#")
            node = Node(name, f"sha256:{word}", missing=True)
        else:
            node = Node.told(told, self._read)
        self[key] = node
        return node


def _numbered(told: str) -> Fields:
    """Return what the index tells of a version."""
    name, number, commit, author, seconds, zone, digest, trust, vouched, labels, current, _, _, message = fields_of(
        told
    )
    return Fields(
        name,
        digest,
        int(number),
        commit,
        instant(int(seconds), zone),
        author,
        message,
        tuple(labels.split()),
        missing=False,
        trust=FOREIGN if trust else OWN,
        vouched=json.loads(vouched) if vouched else "",
        current=current == "1",
        run="",
    )


def _unnumbered(told: str) -> Fields:
    """Return it without a number: where history is cut off, nobody knows from where to count."""
    return _numbered(told)._replace(number=None)


def _told(index: Index, *, numbered: bool) -> Iterator[Told]:
    """Yield every version with what its file pins, as far as the file can be read."""
    index.describe_all()
    rows = [row for row in index.everything() if row.blob]
    said = index.descriptions(row.blob for row in rows if row.blob)
    labels = index.carried()
    pointed = index.labelled()
    standing = {name: row.id for name in index.names() if (row := index.current(name))}
    for row in rows:
        about = said[row.blob or ""]
        node = Node(
            row.name,
            about.digest,
            row.number if numbered else None,
            row.commit,
            instant(row.seconds, row.zone),
            row.author,
            row.message.rstrip("\n"),
            tuple(sorted({label for label, until in labels.get((row.name, about.digest), ()) if row.id < until})),
            trust=FOREIGN if about.trust else OWN,
            vouched=about.vouched,
            current=standing.get(row.name) == row.id,
        )
        yield Told(
            row.id,
            node,
            row.parents,
            row.came_from,
            about.renamed_from,
            Pin.parse(about.derived_from) if about.derived_from else None,
            tuple(map(Pin.parse, about.includes)),
            tuple(_pins(pointed, about.follows)) if about.kind == "chain" else None,
        )


def _pins(pointed: dict[tuple[str, str], str], labels: Iterable[str]) -> Iterator[Pin]:
    """Yield what *labels* point at now, those that are there."""
    for ref in map(Ref.parse, labels):
        if digest := pointed.get((ref.name, ref.label)):
            yield Pin(ref.name, digest)
