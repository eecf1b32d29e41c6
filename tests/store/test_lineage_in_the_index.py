"""The graph that the index walks is the one that reading every file gives, wherever the branch goes."""

from __future__ import annotations

import random
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Prompt, Store, system
from promptlib.errors import Conflict, InvalidPrompt, NotFound, Superseded
from promptlib.lineage import Graph, web_of
from promptlib.store import tracing

if TYPE_CHECKING:
    from pathlib import Path

    from promptlib.lineage import Edge, Node
    from promptlib.store.past import History
    from promptlib.version import Version

NAMES = ("a", "b", "c/d", "e")


def history_of(store: Store) -> History:
    history = store._history
    assert history is not None
    return history.now()


def told(graph: Graph) -> tuple[list[Node], list[Edge]]:
    """A graph as what it says; missing nodes have no order."""
    return sorted(graph.nodes, key=repr), sorted(graph.edges, key=repr)


def by_reading(store: Store) -> Graph:
    history = history_of(store)
    return Graph.of_web(web_of(tracing._told(history.index, numbered=history.numbered)))


def check(store: Store) -> None:
    graph = store.graph()
    expected = by_reading(store)
    assert told(graph) == told(expected)
    for node in graph.nodes[:: max(1, len(graph.nodes) // 8)]:
        if node.missing:
            continue
        lineage = store.lineage(node.ref)
        other = expected.of(lineage.node)
        assert lineage.ancestors() == other.ancestors()
        assert lineage.descendants() == other.descendants()
        assert sorted(map(str, store.impact(node.ref))) == sorted(map(str, expected.impact(lineage.node)))
        assert lineage.path_between(graph.nodes[0]) == other.path_between(graph.nodes[0])
        assert lineage.common_ancestor(graph.nodes[0]) == other.common_ancestor(graph.nodes[0])


class Crowd:
    """Writes to a store whatever chance says, and moves its branch."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store = store
        self.chance = random.Random(seed)
        self.made: list[Version] = []
        self.tips: list[str] = []

    def git(self, *words: str) -> str:
        run = subprocess.run(["git", *words], cwd=self.store.path, capture_output=True, text=True, check=True)
        return run.stdout.strip()

    def prompt(self) -> Prompt[Any]:
        """Few texts, so that a content comes back, and pins of what is here or was here."""
        text = f"Text {self.chance.randrange(4)}."
        includes = {"part": self.chance.choice(self.made).pin} if self.made and self.chance.random() < 0.5 else {}
        words = "".join(f'{{% include "{word}" %}}' for word in includes)
        return Prompt.define(system(words + text), includes=includes, description=f"About {self.chance.randrange(3)}")

    def pushed(self, name: str) -> None:
        """Commit by plain git a file that pins what may come, or never was."""
        kind = self.chance.choice(("includes:\n      part:", "derived_from:"))
        digest = Prompt.define(system(f"Text {self.chance.randrange(6)}.")).digest.removeprefix("sha256:")
        pinned = self.chance.choice((*NAMES, ""))
        pin = f'"{pinned}#{digest}"'
        body = '{% include "part" %}' if kind.startswith("includes") else ""
        head = f"metadata:\n  promptlib:\n    {kind} {pin}"
        text = f"---\n{head}\n---\nsystem:\n{body}Pushed {self.chance.randrange(3)}.\n"
        tip = self.git("for-each-ref", "--format=from %(objectname)", "refs/heads/main")
        stream = (
            f"commit refs/heads/main\ncommitter Ann <ann@example.com> 1700000000 +0000\ndata 4\nPush\n{tip}\n"
            f"M 100644 inline {name}.prompty\ndata {len(text)}\n{text}\n"
        )
        subprocess.run(["git", "fast-import", "--quiet"], cwd=self.store.path, input=stream.encode(), check=True)

    def act(self) -> None:
        name = self.chance.choice(NAMES)
        acts = (self.save, self.save, self.save, self.derive, self.label, self.other, self.back, self.pushed)
        act = self.chance.choice(acts)
        try:
            act(name)
        except (NotFound, Conflict, InvalidPrompt):
            return  # what cannot be done in this store, as it is by chance
        self.tips.append(self.git("rev-parse", "HEAD"))

    def save(self, name: str) -> None:
        self.put(name, self.prompt())

    def put(self, name: str, prompt: Prompt[Any]) -> None:
        try:
            self.made.append(self.store.save(name, prompt, message=f"Save {name}", expect=self.newest(name)))
        except Superseded:
            which = next(each for each in self.store.history(name) if each.digest == prompt.digest)
            self.made.append(self.store.revert(name, which))

    def newest(self, name: str) -> Version | None:
        try:
            return self.store.version(name)
        except NotFound:
            return None

    def derive(self, name: str) -> None:
        source = self.store.load(self.chance.choice(NAMES))
        if self.chance.random() < 0.3:
            source = Prompt.define(*source.messages)  # without a name
        self.put(name, source.derive(description=f"Derived {self.chance.randrange(3)}"))

    def label(self, name: str) -> None:
        versions = self.store.history(name)
        self.store.label(name, "production", self.chance.choice(versions))

    def other(self, name: str) -> None:
        if self.chance.random() < 0.5:
            self.store.delete(name)
        else:
            self.store.rename(name, f"{name}-{self.chance.randrange(100)}")

    def back(self, name: str) -> None:  # noqa: ARG002 - an act like any other
        """Let the branch stand where it stood, as a reset or a checkout does."""
        if self.tips:
            self.git("update-ref", "refs/heads/main", self.chance.choice(self.tips[-6:]))


def check_growth(folder: Path, seed: int, acts: int) -> None:
    Store.init(folder, bare=True).close()
    with Store(folder, durability="none") as store:
        crowd = Crowd(store, seed)
        for at in range(acts):
            crowd.act()
            if crowd.chance.random() < 0.25 or at == acts - 1:
                check(store)
        grown = told(store.graph())
    (folder / "promptlib" / "index.sqlite").unlink()
    with Store(folder) as again:
        assert told(again.graph()) == grown


@pytest.mark.parametrize("chance", range(3))
def test_what_grew_is_what_every_file_says(tmp_path: Path, chance: int) -> None:
    check_growth(tmp_path / "crowd.git", chance, 40)


@pytest.mark.soak
def test_what_grew_is_what_every_file_says_for_long(tmp_path: Path, seed: int) -> None:
    for number in range(40):
        check_growth(tmp_path / f"crowd-{number}.git", seed + number, 120)
