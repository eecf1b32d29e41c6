"""A lineage goes on to the runs of its versions, whichever way it is shown."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Prompt, Store, system
from promptlib.errors import NotFound
from promptlib.lineage import Node
from promptlib.origin import Origin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from promptlib.lineage import Edge
    from promptlib.runs import Run

BEGIN = datetime(2026, 11, 3, 14, 5, tzinfo=UTC)


def saved(store: Store, name: str, text: str, **includes: Prompt[Any]) -> None:
    """Save a version of one message."""
    parts = [f"{{% include '{alias}' %}}" for alias in includes]
    store.save(name, Prompt.define(system(" ".join([*parts, text])), includes=includes))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return a store where triage v1 includes style v1, and style has a v2."""
    store = Store.init(tmp_path / "prompts.git", bare=True)
    saved(store, "style", "Be kind.")
    saved(store, "triage", "Sort.", style=store.load("style"))
    saved(store, "style", "Be very kind.")
    store.label("triage", "production", "v1")
    yield store
    store.close()


def ran(store: Store, ref: str, at: int = 0, **told: Any) -> Run:
    """Log a run of *ref*."""
    return store.runs.record(store.load(ref).render(), time=BEGIN + timedelta(minutes=at), **told)


def told(edge: Edge) -> str:
    """Return an edge as text."""
    return f"{edge.source} {edge.kind} {edge.target}"


def test_runs_are_among_what_came_of_a_version(store: Store) -> None:
    triage = ran(store, "triage@production", run="t", model="gpt-4o")
    ran(store, "style@v2", 1, run="s2")
    ran(store, "style@v1", 2, run="s1")
    style = store.lineage("style@v1", runs=store.runs)
    assert [str(node) for node in style.descendants() if node.run] == ["run s1", "run s2", "run t"]
    assert sorted(told(edge) for edge in style.edges if edge.kind == "produced") == [
        f"run s1 produced {style.node}",
        f"run s2 produced {store.lineage('style@v2').node}",
        f"run t produced {store.lineage('triage').node}",
    ]
    node = next(node for node in style.nodes if node.run == "t")
    assert node == Node(
        "triage",
        triage.digest,
        number=1,
        commit=triage.commit,
        time=BEGIN,
        message="2026-11-03 14:05Z gpt-4o",
        labels=("production",),
        run="t",
    )


def test_a_lineage_with_runs_answers_all_else_as_without(store: Store) -> None:
    ran(store, "triage")
    with_runs, without = store.lineage("triage", runs=store.runs), store.lineage("triage")
    assert with_runs.node == without.node
    assert with_runs.ancestors() == without.ancestors()
    assert with_runs.common_ancestor("style@v1") == without.common_ancestor("style@v1")
    assert with_runs.path_between("style@v1") == without.path_between("style@v1")
    assert store.lineage("style@v1", runs=store.runs).impact() == store.lineage("style@v1").impact()
    assert with_runs.html(diffs=5).count("Sort.") == without.html(diffs=5).count("Sort.") > 0
    assert [node for node in with_runs.descendants() if not node.run] == list(without.descendants())


def test_without_runs_nothing_is_added(store: Store) -> None:
    assert store.lineage("triage", runs=store.runs).descendants() == store.lineage("triage").descendants()
    assert store.graph(runs=store.runs).nodes == store.graph().nodes


def test_a_run_leads_to_the_number_that_it_had_or_to_the_newest_with_its_content(store: Store) -> None:
    first = ran(store, "style@v1", run="first")
    store.revert("style", "v1")
    second = ran(store, "style@v3", 1, run="second")
    assert (first.number, second.number, first.digest) == (1, 3, second.digest)
    words = store.load("style@v1")
    store.runs.record(words.with_origin(Origin("style", words.digest)).render(), run="unnumbered")
    edges = [edge for edge in store.graph(runs=store.runs).edges if edge.kind == "produced"]
    assert {edge.source.run: edge.target.number for edge in edges} == {"first": 1, "second": 3, "unnumbered": 3}


def test_what_ran_and_is_not_here_is_told_as_missing(store: Store) -> None:
    gone = Prompt.define(system("Gone."))
    for run in ("one", "two"):
        store.runs.record(gone.with_origin(Origin("style", gone.digest)).render(), run=run)
    store.runs.record(gone.render(), run="nameless")
    graph = store.graph(runs=store.runs)
    edges = [edge for edge in graph.edges if edge.kind == "produced"]
    assert [told(edge) for edge in edges] == [
        f"run one produced style not here ({gone.digest[7:15]})",
        f"run two produced style not here ({gone.digest[7:15]})",
        f"run nameless produced ? not here ({gone.digest[7:15]})",
    ]
    assert edges[0].target == edges[1].target
    assert edges[0].target.missing
    # They came of nothing that is here.
    assert [node for node in store.lineage("style@v2", runs=store.runs).nodes if node.run] == []


def test_a_graph_with_runs_is_asked_like_any_other(store: Store) -> None:
    ran(store, "triage", run="t")
    graph = store.graph(runs=store.runs)
    (node,) = [node for node in graph.nodes if node.run]
    assert [str(each) for each in graph.ancestors(node)] == [
        str(store.lineage("triage").node),
        str(store.lineage("style@v1").node),
    ]
    assert node in graph.descendants("style@v1")
    assert [edge.kind for edge in graph.path_between(node, "style@v1") or ()] == ["produced", "includes"]
    # A name and a digest mean versions, never a run of them; and a run is nobody's user.
    assert graph.of("triage").node == store.lineage("triage").node
    assert [each.name for each in graph.impact("style@v1")] == ["triage"]
    with pytest.raises(NotFound):
        graph.of("t")


def test_pictures_show_runs(store: Store) -> None:
    ran(store, "triage@production", run="one<b>\x1b[2J", model="m<i>")
    ran(store, "style@v1", 1, run="two")
    lineage = store.lineage("style@v1", runs=store.runs)
    style, triage = lineage.node, store.lineage("triage").node
    assert lineage.tree().splitlines()[-2:] == [
        f"  run two  2026-11-03 14:06Z  run of {style}",
        f"  run one<b>\N{REPLACEMENT CHARACTER}[2J [production]  2026-11-03 14:05Z m<i>  run of {triage}",
    ]
    assert "|run of|" in lineage.mermaid()
    assert "<b>" not in lineage.mermaid()
    found: Any = json.loads(json.dumps(lineage.to_dict()))
    assert sorted(node["run"] for node in found["nodes"] if node["run"])[1] == "two"
    assert sum(edge["kind"] == "produced" for edge in found["edges"]) == 2
    page = lineage.html()
    assert '"short":"run"' in page
    assert "<b>" not in page
    assert "\x1b" not in page


def test_an_earlier_time_may_be_given_runs_as_well(store: Store) -> None:
    run = ran(store, "style@v1")
    lineage = store.at(store.version("style@v1")).lineage("style", runs=[run])
    assert [node.run for node in lineage.descendants()] == [run.id]
