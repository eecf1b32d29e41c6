"""What a store says of each of its prompts, put together for a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from promptlib.chain import Chain
from promptlib.diff import diff
from promptlib.errors import (
    InvalidChain,
    InvalidPrompt,
    NotFetched,
    NotFound,
    PromptLibError,
    raise_if_of_the_system,
    raise_if_passing,
)
from promptlib.messages import Message, Placeholder
from promptlib.prompt import Prompt
from promptlib.refs import Pin
from promptlib.store.leaks import leaks
from promptlib.tokens import count_many

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from promptlib.chain import Stored
    from promptlib.diff import PromptDiff
    from promptlib.lineage import Edge, Graph, Node
    from promptlib.store import View
    from promptlib.tokens import TokenCount
    from promptlib.version import Version


class Link(NamedTuple):
    """Another prompt and what it has to do with this one: `how` in words, `number` of its version.

    One that the site does not have is told without its name.
    """

    how: str
    name: str
    number: int | None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A version with its difference to the one before; None where one of both cannot be read, `why` in words."""

    version: Version
    tokens: TokenCount | None = None
    grown: int = 0
    difference: PromptDiff | None = None
    why: str = ""
    #: The kinds of keys and tokens that its texts or its message seem to hold.
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """All that the page of one prompt or chain shows.

    `ref` loads what is shown; `version` is None where there is no history or the file is not committed. `changes` are
    the newest versions, newest first, and so many `older` ones are not told. `tokens` are those of each message as it
    is written.
    """

    name: str
    ref: str
    prompt: Stored
    version: Version | None
    changes: tuple[Change, ...]
    older: int
    labels: Mapping[str, Version]
    tokens: tuple[TokenCount, ...]
    uses: tuple[Link, ...]
    used: tuple[Link, ...]
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    secrets: tuple[str, ...] = ()

    @property
    def time(self) -> datetime | None:
        """When what is shown was made."""
        return self.version.time if self.version else None

    @property
    def total(self) -> TokenCount | None:
        """The tokens of all messages."""
        return added(self.tokens)


def added(counts: Iterable[TokenCount]) -> TokenCount | None:
    """Return the sum, as exact as its weakest part; None of nothing."""
    found = list(counts)
    return sum(found[1:], found[0]) if found else None


class Gatherer:
    """Reads one prompt after the other; what all of them share, it reads once."""

    def __init__(self, store: View, *, label: str, versions: int) -> None:
        """Read *store*: what *label* carries where one is given, and at most so many *versions* of each prompt."""
        self._store = store
        self._label = label
        self._most = versions
        self._names: frozenset[str] = frozenset()
        self._back: dict[str, list[Edge]] = {}
        self._forth: dict[str, list[Edge]] = {}
        self._nodes: dict[str, list[Node]] = {}
        graph = _graph(store)
        self._past = graph is not None
        for node in graph.nodes if graph else ():
            self._nodes.setdefault(node.name, []).append(node)
        for edge in graph.edges if graph else ():
            self._back.setdefault(edge.source.name, []).append(edge)
            if edge.target.name != edge.source.name:
                self._forth.setdefault(edge.target.name, []).append(edge)

    def names(self, only: str) -> tuple[str, ...]:
        """Return the names below *only* that the site has, in alphabetical order; with a label, those that carry it."""
        names = self._store.names(only)
        if self._label:
            names = tuple(filter(self._carried, names))
        self._names = frozenset(names)
        return names

    def _carried(self, name: str) -> bool:
        """Return whether *name* has the label; a home without history only says so when it is loaded."""
        if self._past:
            return self._label in _labels(self._store, name)
        try:
            self._store.file(f"{name}@{self._label}")
        except NotFound:
            return False
        return True

    def leaf(self, name: str) -> Leaf:
        """Return all of *name*; raises what a load raises."""
        ref = f"{name}@{self._label}" if self._label else name
        prompt = _stored(self._store, ref)
        version = _version(self._store, prompt, ref)
        history = _until(_history(self._store, name), version)
        told = history[max(0, len(history) - self._most) :] if self._most else ()
        labels = _labels(self._store, name)
        if self._label:
            labels = {self._label: labels[self._label]} if self._label in labels else {}
        nodes, edges = self._around(name, told)
        return Leaf(
            name=name,
            ref=ref,
            prompt=prompt,
            version=version,
            changes=tuple(reversed(list(self._changes(history, told)))),
            older=len(history) - len(told),
            labels=labels,
            tokens=_tokens(prompt),
            uses=tuple(self._uses(prompt)),
            used=tuple(self._used(name)),
            nodes=nodes,
            edges=edges,
            secrets=_secrets(prompt),
        )

    def _changes(self, history: tuple[Version, ...], told: tuple[Version, ...]) -> Iterator[Change]:
        """Yield the versions of *told*, oldest first, each compared with the one before it."""
        first = len(history) - len(told)
        before, missing = self._old(history[first - 1]) if first and told else (None, "")
        for at, version in enumerate(told, first):
            prompt, why = self._old(version)
            if prompt is None:
                yield Change(version=version, why=why)
            else:
                tokens = added(_tokens(prompt))
                grown = int(tokens or 0) - int(added(_tokens(before)) or 0) if before else 0
                known = _compared(before, prompt, missing, first=not at)
                held = _secrets(prompt, version.message)
                yield Change(version=version, tokens=tokens, grown=grown, secrets=held, **known)
            before, missing = prompt, why

    def _old(self, version: Version) -> tuple[Stored | None, str]:
        """Return a version's prompt, or why it cannot be read."""
        which = f"@v{version.number}" if version.number is not None else f"#{version.digest.removeprefix('sha256:')}"
        try:
            return _stored(self._store, f"{version.name}{which}", follow=False), ""
        except PromptLibError as error:
            raise_if_passing(error)
            return None, error.what

    def _uses(self, prompt: Stored) -> Iterator[Link]:
        """Yield what *prompt* includes and derives from; the steps of a chain are told as what they are."""
        for alias, pin in () if isinstance(prompt, Chain) else prompt.includes.items():
            yield self._linked(f"includes as {alias}", Pin.parse(str(pin)))
        if prompt.derived_from:
            yield self._linked("derived from", prompt.derived_from)

    def _linked(self, how: str, pin: Pin) -> Link:
        """A site of a part of the shelf does not tell what else there is."""
        if pin.name not in self._names:
            return Link(how, "", None, "a prompt that is not in this catalogue")
        same = [node for node in self._nodes.get(pin.name, ()) if node.digest == pin.digest]
        return Link(how, pin.name, same[-1].number if same else None, pin.digest.removeprefix("sha256:")[:8])

    def _used(self, name: str) -> Iterator[Link]:
        """Yield what stands in the store now and includes or derives from any version of *name*."""
        seen = set()
        for edge in self._forth.get(name, ()):
            if edge.kind not in _USED or not edge.source.current:
                continue
            if edge.source.name in seen or edge.source.name not in self._names:
                continue
            seen.add(edge.source.name)
            note = f"at v{edge.target.number}" if edge.target.number is not None else ""
            yield Link(_USED[edge.kind], edge.source.name, edge.source.number, note)

    def _around(self, name: str, told: tuple[Version, ...]) -> tuple[tuple[Node, ...], tuple[Edge, ...]]:
        """Return the line of *name*, of the versions *told*, and what else of the site touches it at one step."""
        shown = {(version.name, version.commit) for version in told[-MOST_OWN:]}
        line = dict.fromkeys([name, *(version.name for version in told)])
        own = [node for each in line for node in self._nodes.get(each, ()) if (node.name, node.commit) in shown]
        kept: dict[Node, None] = dict.fromkeys(own)
        edges: dict[Edge, None] = {}
        for each in line:
            for edge in (*self._back.get(each, ()), *self._forth.get(each, ())):
                other = edge.target if edge.source.name in line else edge.source
                inside = edge.source in kept and edge.target in kept
                near = (edge.source in kept or edge.target in kept) and other.name not in line
                if inside or (near and other.name in self._names and len(kept) < MOST_NODES):
                    edges[edge] = None
                    kept[other] = None
        for each in {node.name for node in kept}.difference(line):
            between = (edge for edge in self._back.get(each, ()) if edge.source in kept and edge.target in kept)
            edges.update(dict.fromkeys(between))
        order = {node: at for at, node in enumerate(kept)}
        return tuple(kept), tuple(sorted(edges, key=lambda edge: (order[edge.source], order[edge.target], edge.kind)))


#: Edges by which another prompt or chain uses this one, and how that is told of it.
_USED = {
    "includes": "included by",
    "derived_from": "derived into",
    "step": "step of the chain",
    "floating_step": "step of the chain, by its label:",
}
#: Of its own line a picture shows so many versions, and with its neighbours so many.
MOST_OWN, MOST_NODES = 24, 60


def _stored(store: View, ref: str, *, follow: bool = True) -> Stored:
    """Return the prompt or chain that *ref* names; a chain without the prompts of its labels where these do not fit."""
    try:
        return store.load(ref)
    except InvalidPrompt as error:
        try:
            return store.load_chain(ref, follow=follow)
        except InvalidChain:
            pass
        try:
            return store.load_chain(ref, follow=False)
        except PromptLibError:
            raise error from None


def _compared(before: Stored | None, after: Stored, missing: str, *, first: bool) -> dict[str, Any]:
    """Return what a change says of the difference: none where the one before is not there, or is of another kind."""
    if before is None and not first:
        return {"why": missing}
    try:
        return {"difference": diff(before, after)}
    except InvalidPrompt as error:
        return {"why": error.what}


def _secrets(prompt: Stored, message: str = "") -> tuple[str, ...]:
    """Return the kinds of secrets in what a page shows of *prompt*, and of its *message*."""
    texts = [message, prompt.description]
    if isinstance(prompt, Prompt):
        texts += [piece.text for piece in prompt.messages]
    return tuple(dict.fromkeys(leak.kind for text in texts for leak in leaks(text)))


def _graph(store: View) -> Graph | None:
    try:
        return store.graph()
    except NotFetched:
        raise
    except NotFound:
        return None  # a folder or a bundle has no history


def _history(store: View, name: str) -> tuple[Version, ...]:
    try:
        return store.history(name)
    except NotFetched:
        raise
    except PromptLibError as error:
        raise_if_of_the_system(error)
        return ()  # without history, or a file that no commit holds


def _labels(store: View, name: str) -> Mapping[str, Version]:
    try:
        return store.labels(name)
    except NotFetched:
        raise
    except PromptLibError as error:
        raise_if_of_the_system(error)
        return {}


def _version(store: View, prompt: Stored, ref: str) -> Version | None:
    """Return the version that *prompt* is; None where it is a file that differs from what is committed."""
    if prompt.origin is None or prompt.origin.edited:
        return None
    try:
        return store.version(ref)
    except PromptLibError as error:
        raise_if_of_the_system(error)
        return None


def _until(history: tuple[Version, ...], version: Version | None) -> tuple[Version, ...]:
    """Return *history* up to *version*: what came later is not what is shown."""
    at = next((at for at, each in enumerate(history) if version and each.commit == version.commit), len(history) - 1)
    return history[: at + 1]


def _tokens(prompt: Stored) -> tuple[TokenCount, ...]:
    """Return the tokens of each message as it is written; a chain has no messages of its own."""
    if isinstance(prompt, Chain):
        return ()
    return tuple(count_many(piece.text for piece in prompt.messages if isinstance(piece, Message | Placeholder)))
